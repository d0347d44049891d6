"""Penalty of logistic regression, and kind of model, as derived from the arguments."""

from typing import NamedTuple

import numpy as np
from joblib import effective_n_jobs

from sknn_concepts._warnings import warn
from sknn_concepts.validation import compat

#: Solvers that support an L1 penalty, and those that support an elastic net.
WITH_L1 = {"auto", "saga", "liblinear"}
WITH_ELASTIC_NET = {"auto", "saga"}


class Penalty(NamedTuple):
    """Penalty of a model."""

    kind: str | None  # "l1", "l2", "elasticnet" or None
    C: float  # np.inf without a penalty
    l1_ratio: float


def penalty_of(model):
    """Resolve the arguments `penalty`, `C` and `l1_ratio` of a model to a :class:`Penalty`."""
    kind, share = model.penalty, model.l1_ratio or 0.0
    if kind == "deprecated":
        kind = None if np.isinf(float(model.C)) else {0: "l2", 1: "l1"}.get(share, "elasticnet")
    elif kind != "elasticnet":
        share = 1.0 if kind == "l1" else 0.0
    return Penalty(kind, np.inf if kind is None else float(model.C), float(share))


def intercept_factor(model):
    """Factor of the intercept in the penalty: for liblinear it is the weight of a feature of constant value."""
    return 1.0 / model.intercept_scaling if model.solver == "liblinear" else 0.0


def check_penalty(model, stochastic):
    """Raise the errors and give the warnings of the installed scikit-learn, in the same order.

    A `stochastic` solver supports every penalty.
    """
    given, share, kind = model.penalty, model.l1_ratio, penalty_of(model).kind
    if compat.PENALTY_IS_DEPRECATED:
        _warn_about_deprecated(given, share)
    _check_solver(model, kind, stochastic)
    if given == "elasticnet" and share is None:
        raise ValueError("l1_ratio must be specified when penalty is elasticnet.")
    ignored = kind != "elasticnet" and share is not None
    if ignored and (0 < share < 1 or not compat.PENALTY_IS_DEPRECATED):
        warn(f"l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={kind})")
    if compat.PENALTY_IS_DEPRECATED and ((given == "l2" and share != 0) or (given == "l1" and share != 1)):
        warn(
            f"Inconsistent values: penalty={given} with l1_ratio={share}. penalty is deprecated. Please use l1_ratio "
            "only."
        )
    if given is None and model.C != 1.0:
        warn("Setting penalty=None will ignore the C and l1_ratio parameters")
    _check_n_jobs(model)


def _check_solver(model, kind, stochastic):
    """Raise scikit-learn's errors for what the solver does not support, followed by the arguments that are meant."""
    solver = model.solver
    without_l1 = not stochastic and solver not in WITH_L1
    if without_l1 and kind in ("l1", "elasticnet"):
        others = "'saga' or 'liblinear'" if kind == "l1" else "'saga'"
        raise ValueError(
            f"Solver {solver} supports only 'l2' or None penalties, got {kind} penalty. {_asked(model)} needs "
            f"solver={others}."
        )
    if model.dual and solver != "liblinear":
        raise ValueError(f"Solver {solver} supports only dual=False, got dual={model.dual}")
    if not stochastic and kind == "elasticnet" and solver not in WITH_ELASTIC_NET:
        raise ValueError(
            f"Only 'saga' solver supports elasticnet penalty, got solver={solver}. It is {_asked(model)} that asks for "
            "one."
        )
    if kind is None and solver == "liblinear":
        raise ValueError("C=np.inf as well as penalty=None is not supported for the liblinear solver")
    if kind == "l1" and model.dual:
        raise ValueError(
            "Unsupported set of arguments: The combination of penalty='l1' and loss='logistic_regression' are not "
            "supported when dual=True, Parameters: penalty='l1', loss='logistic_regression', dual=True. "
            f"{_asked(model)} needs dual=False."
        )


def _asked(model):
    """The argument that defines the penalty, as it was given."""
    name = "l1_ratio" if model.penalty == "deprecated" else "penalty"
    return f"{name}={getattr(model, name)!r}"


def _warn_about_deprecated(given, share):
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
    """Whether each of more than two classes has a model of its own, rather than all a multinomial one."""
    if model.activation == "logistic" or getattr(model, "multi_class", None) == "ovr":
        return True
    return compat.LIBLINEAR_TAKES_MANY_CLASSES and model.solver == "liblinear"


def check_number_of_classes(model):
    """Raise the errors and give the warnings of the installed scikit-learn about the number of a model's classes."""
    classes = model.classes_
    if len(classes) < 2:
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the data contains only one class: "
            f"{classes[0]!r}"
        )
    if model.solver == "liblinear" and len(classes) > 2 and not is_one_against_rest(model):
        # scikit-learn refuses this from 1.8 on
        raise ValueError(
            "Only binary classification is supported. The type of the target is multiclass. The 'liblinear' solver "
            "does not support multiclass classification (n_classes >= 3). Either use another solver or wrap the "
            "estimator in a OneVsRestClassifier to keep applying a one-versus-rest scheme. With "
            "activation='logistic' that is what this estimator does."
        )
    given = getattr(model, "multi_class", "deprecated")
    if given != "deprecated":
        instead = "From then on, it will always use 'multinomial'."
        if given == "ovr":
            instead = "Use OneVsRestClassifier(LogisticRegression(..)) instead."
        elif given == "multinomial" and len(classes) == 2:
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
    if compat.LIBLINEAR_WARNS_OF_MANY_CLASSES and len(classes) > 2 and not chosen:
        warn(
            "Using the 'liblinear' solver for multiclass classification is deprecated. An error will be raised in 1.8. "
            "Either use another solver which supports the multinomial loss or wrap the estimator in a "
            "OneVsRestClassifier to keep applying a one-versus-rest scheme.",
            FutureWarning,
        )
