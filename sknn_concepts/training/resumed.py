"""What training goes on from, besides the weights: checked before it does."""

import math
from numbers import Real

import numpy as np

from sknn_concepts.validation.fitted import attribute, is_finite

#: Lists that grow with each pass; None where they are not kept.
CURVES = "loss_curve_", "validation_scores_", "validation_loss_curve_"

#: Numbers that passes compare with; None where nothing was compared yet.
MARKS = "best_loss_", "best_validation_score_"


def check_curves(estimator):
    """Make lists of curves that are something else by now, as arrays or tuples.

    Raises
    ------
    ValueError
        If one is no sequence.
    """
    for name in CURVES:
        curve = vars(estimator).get(name)
        if curve is None or isinstance(curve, list):
            continue
        if not isinstance(curve, tuple | np.ndarray) or np.ndim(curve) != 1:
            raise ValueError(f"{name} must be a list of numbers; it is {curve!r}.")
        setattr(estimator, name, list(curve))


def check_clock(estimator, least):
    """Raise ValueError unless ``t_``, which learning rates and averages depend on, is a number of samples."""
    t = attribute(estimator, "t_")
    if not isinstance(t, Real) or not math.isfinite(t) or t < least:
        raise ValueError(f"t_ must be a finite number of at least {least}; it is {t!r}.")


def class_counts(estimator):
    """Array of how often each class was seen, which may be added to.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    counts, n_classes = attribute(estimator, "_class_count"), len(estimator.classes_)
    if not isinstance(counts, np.ndarray) or counts.shape != (n_classes,) or counts.dtype.kind != "f":
        raise ValueError(f"_class_count must hold a number for each of {n_classes} classes; it is {counts!r}.")
    return counts


def check_marks(estimator):
    """Raise ValueError unless the best loss and score so far are numbers, where there are some."""
    for name in MARKS:
        mark = vars(estimator).get(name)
        if mark is not None and not isinstance(mark, Real):
            raise ValueError(f"{name} must be a number; it is {mark!r}.")


def forget_what_does_not_fit(network, theta):
    """Forget the optimizer's memory, and the best weights of early stopping, if they are those of another network.

    Parameters
    ----------
    network : multilayer perceptron
        About to be trained further.
    theta : ndarray of shape (n_parameters,)
        Its parameters.

    Raises
    ------
    ValueError
        If the optimizer's memory is damaged.
    """
    state = vars(network).get("_training")
    n_slots = np.shape(state["slots"])[:1] if isinstance(state, dict) and "slots" in state else (1,)
    if state is not None and memory_that_fits(state, None, (*n_slots, theta.size), theta.dtype) is None:
        del network._training
    best = vars(network).get("_best_theta", theta)
    kind = getattr(best, "shape", None), getattr(best, "dtype", None)
    if kind != (theta.shape, theta.dtype) or not is_finite(best):
        del network._best_theta


def memory_that_fits(state, name, shape, dtype):
    """Memory of an optimizer, or None where it is another optimizer's, or of another network.

    Parameters
    ----------
    state : dict or None
        What was left by the last call.
    name : str or None
        Of the optimizer's class; None if it is not told.
    shape : tuple (n_slots, n_parameters)
        Of its memory.
    dtype : dtype
        Of the parameters.

    Returns
    -------
    state : dict or None

    Raises
    ------
    ValueError
        If it is damaged.
    """
    if state is None:
        return None
    keys = {"slots", "steps", "passes", "rate_scale", *(["optimizer"] if name else [])}
    if not isinstance(state, dict) or keys - set(state) or not isinstance(state["slots"], np.ndarray):
        raise ValueError(f"The optimizer's memory must be a dict of {sorted(keys)}; it is damaged. Fit again.")
    if state["slots"].shape != shape or (name and state["optimizer"] != name):
        return None
    counted = [state[key] for key in ("steps", "passes", "rate_scale")]
    if not all(isinstance(number, Real) and math.isfinite(number) and number >= 0 for number in counted):
        raise ValueError(f"The optimizer's memory counts {counted} steps, passes and rates; it is damaged. Fit again.")
    slots = state["slots"]
    if slots.dtype.kind != "f" or not is_finite(slots):
        raise ValueError("The optimizer's memory must hold finite numbers; it is damaged. Fit again.")
    if slots.dtype != dtype or not slots.flags.c_contiguous or not slots.flags.writeable:
        state["slots"] = np.array(slots, dtype, order="C")  # of weights that were replaced, or of a read-only map
    return state
