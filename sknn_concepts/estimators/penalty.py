"""What the arguments of logistic regression say about its penalty and the number of its models."""

from typing import NamedTuple

import numpy as np
from joblib import effective_n_jobs

from sknn_concepts.estimators import compat
from sknn_concepts.ground.warning import warn


class Penalty(NamedTuple):
    """Penalty of a model."""

    kind: str | None  # "l1", "l2", "elasticnet" or None
    C: float  # np.inf without a penalty
    l1_ratio: float


def penalty_of(model):
    """Penalty that a model's `penalty`, `C` and `l1_ratio` stand for.

    Parameters
    ----------
    model : LogisticRegression
        Whose arguments are read.

    Returns
    -------
    penalty : Penalty
    """
    kind, share = model.penalty, model.l1_ratio or 0.0
    if kind == "deprecated":
        kind = None if np.isinf(model.C) else {0: "l2", 1: "l1"}.get(share, "elasticnet")
    elif kind != "elasticnet":
        share = 1.0 if kind == "l1" else 0.0
    return Penalty(kind, np.inf if kind is None else float(model.C), float(share))


def check_penalty(model):
    """Warn of arguments about the penalty that the installed scikit-learn warns of.

    Parameters
    ----------
    model : LogisticRegression
        Whose arguments are read.

    Returns
    -------
    penalty : Penalty

    Raises
    ------
    ValueError
        If penalty="elasticnet" lacks its `l1_ratio`.
    """
    found, given = penalty_of(model), model.penalty
    share = model.l1_ratio
    if given == "elasticnet" and share is None:
        raise ValueError("l1_ratio must be specified when penalty is elasticnet.")
    if compat.PENALTY_IS_DEPRECATED:
        _warn_of_deprecated(given, share)
    ignored = given not in ("elasticnet", "deprecated") and share is not None
    if ignored and (0 < share < 1 or not compat.PENALTY_IS_DEPRECATED):
        warn(f"l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={given})")
    if given is None and model.C != 1.0:
        warn("Setting penalty=None will ignore the C and l1_ratio parameters")
    _check_n_jobs(model)
    return found


def _warn_of_deprecated(given, share):
    if given != "deprecated":
        warn(
            "'penalty' was deprecated in version 1.8 and will be removed in 1.10. To avoid this warning, leave "
            "'penalty' set to its default value and use 'l1_ratio' or 'C' instead. Use l1_ratio=0 instead of "
            "penalty='l2', l1_ratio=1 instead of penalty='l1', l1_ratio set to a float between 0 and 1 instead of "
            "penalty='elasticnet', and C=np.inf instead of penalty=None.",
            FutureWarning,
        )
    elif share is None:
        warn(
            "'l1_ratio=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use 0<=l1_ratio<=1 "
            "instead.",
            FutureWarning,
        )
    if (given == "l2" and share != 0) or (given == "l1" and share != 1):
        warn(
            f"Inconsistent values: penalty={given} with l1_ratio={share}. penalty is deprecated. Please use l1_ratio "
            "only."
        )


def _check_n_jobs(model):
    if model.n_jobs is None:
        return
    if compat.PENALTY_IS_DEPRECATED:
        warn(
            "'n_jobs' has no effect since 1.8 and will be removed in 1.10. "
            f"You provided 'n_jobs={model.n_jobs}', please leave it unspecified.",
            FutureWarning,
        )
    elif model.solver == "liblinear" and effective_n_jobs(model.n_jobs) != 1:
        warn(
            "'n_jobs' > 1 does not have any effect when 'solver' is set to 'liblinear'. "
            f"Got 'n_jobs' = {effective_n_jobs(model.n_jobs)}."
        )


def is_one_against_rest(model):
    """Whether more than two classes get one model each, rather than a multinomial one.

    Parameters
    ----------
    model : LogisticRegression
        Whose arguments are read.

    Returns
    -------
    is_one_against_rest : bool
    """
    if model.activation == "logistic" or getattr(model, "multi_class", None) == "ovr":
        return True
    return compat.LIBLINEAR_TAKES_MANY_CLASSES and model.solver == "liblinear"


def check_multi_class(model):
    """Warn of `multi_class`, and of more than two classes, where the installed scikit-learn does.

    Parameters
    ----------
    model : LogisticRegression
        Whose ``classes_`` are known.

    Raises
    ------
    ValueError
        If the solver has no multinomial model.
    """
    given = getattr(model, "multi_class", "deprecated")
    if given != "deprecated":
        instead = "From then on, it will always use 'multinomial'."
        if given == "ovr":
            instead = "Use OneVsRestClassifier(LogisticRegression(..)) instead."
        elif given == "multinomial" and len(model.classes_) == 2:
            instead = "From then on, binary problems will be fit as proper binary models; here they are already."
        warn(
            f"'multi_class' was deprecated in version 1.5 and will be removed in {compat.END_OF_MULTI_CLASS}. "
            f"{instead} Leave it to its default value to avoid this warning.",
            FutureWarning,
        )
    if model.solver != "liblinear":
        return
    if given == "multinomial":
        raise ValueError("Solver liblinear does not support a multinomial backend.")
    chosen = model.activation == "logistic"
    if compat.LIBLINEAR_WARNS_OF_MANY_CLASSES and len(model.classes_) > 2 and not chosen:
        warn(
            "Using the 'liblinear' solver for multiclass classification is deprecated. An error will be raised in 1.8. "
            "Either use another solver which supports the multinomial loss or wrap the estimator in a "
            "OneVsRestClassifier to keep applying a one-versus-rest scheme.",
            FutureWarning,
        )
