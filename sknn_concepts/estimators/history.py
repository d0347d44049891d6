"""Checks of the fitted attributes with which training continues, because the user may have replaced them."""

import math
from numbers import Real

import numpy as np

from sknn_concepts.training.result import History
from sknn_concepts.validation.fitted_state import attribute


def history_of(estimator):
    """Return the measurements of a network's training so far; raise ValueError if they are damaged."""
    check_sample_count(estimator, 0)
    state = vars(estimator)
    for name in ("best_loss_", "best_validation_score_"):
        if not isinstance(state.get(name), Real | None):
            raise ValueError(f"{name} must be a number; it is {state[name]!r}.")
    history = History(**{name: state[f"{name}_"] for name in vars(History()) if f"{name}_" in state})
    history.history = measurements_of(estimator)
    for name in ("loss_curve", "validation_scores", "validation_loss_curve"):
        setattr(history, name, curve_of(estimator, f"{name}_"))
    return history


def measurements_of(estimator):
    """Return ``history_``, or None if there is none; raise ValueError if it does not hold arrays of one length."""
    history = vars(estimator).get("history_")
    if history is None:
        return None
    values = list(history.values()) if isinstance(history, dict) else [None]
    if not all(isinstance(value, np.ndarray) and value.ndim == 1 and len(value) == len(values[0]) for value in values):
        raise ValueError(f"history_ must be a dict of arrays of one length; it is {history!r}.")
    return history


def curve_of(estimator, name):
    """Return an attribute that is a list, a tuple or an array as a list; None if there is none."""
    curve = vars(estimator).get(name)
    if curve is None:
        return None
    if not isinstance(curve, list | tuple | np.ndarray) or np.ndim(curve) != 1:
        raise ValueError(f"{name} must be a list of numbers; it is {curve!r}.")
    return list(curve)


def check_sample_count(estimator, least):
    """Raise ValueError unless ``t_``, which learning rates and averages depend on, is a number of samples."""
    t = attribute(estimator, "t_")
    if not isinstance(t, Real) or not math.isfinite(t) or t < least:
        raise ValueError(f"t_ must be a finite number of at least {least}; it is {t!r}.")


def class_counts(estimator):
    """Return an array of how often each class was seen; raise ValueError if it is damaged."""
    counts, n_classes = attribute(estimator, "_class_count"), len(estimator.classes_)
    if not isinstance(counts, np.ndarray) or counts.shape != (n_classes,) or counts.dtype.kind != "f":
        raise ValueError(f"_class_count must hold a number for each of {n_classes} classes; it is {counts!r}.")
    return counts
