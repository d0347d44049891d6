"""Differences between versions of scikit-learn: an estimator takes the arguments that the installed version takes.

Facts are read from scikit-learn's own signatures and constraints where possible.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sklearn
import sklearn.linear_model
from sklearn.utils.fixes import parse_version

VERSION = parse_version(sklearn.__version__)

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Base class of estimators that have callbacks where scikit-learn has them."""


_LOGISTIC = inspect.signature(sklearn.linear_model.LogisticRegression).parameters

#: Defaults of arguments of LogisticRegression that changed: "l2" and None up to 1.7, then "deprecated" and 0.0.
PENALTY = _LOGISTIC["penalty"].default if "penalty" in _LOGISTIC else "deprecated"
L1_RATIO = _LOGISTIC["l1_ratio"].default
#: Whether `l1_ratio` and `C` alone define the penalty, and `penalty` and `n_jobs` are deprecated.
PENALTY_IS_DEPRECATED = PENALTY == "deprecated"
#: Whether solver="liblinear" fits one model for each of more than two classes, with a warning in 1.7; later an error.
LIBLINEAR_TAKES_MANY_CLASSES = VERSION < parse_version("1.8.dev0")
LIBLINEAR_WARNS_OF_MANY_CLASSES = VERSION >= parse_version("1.7.dev0")
#: Version that removes `multi_class`, as its warning says.
END_OF_MULTI_CLASS = "1.8" if LIBLINEAR_WARNS_OF_MANY_CLASSES else "1.7"
#: Whether the warning that L-BFGS did not converge tells the number of iterations.
LBFGS_TELLS_ITERATIONS = VERSION >= parse_version("1.7.dev0")
#: Closed ends of the range of Perceptron's `eta0`, which may be 0 up to 1.7.
ETA0_CLOSED = sklearn.linear_model.Perceptron._parameter_constraints["eta0"][0].closed

#: Whether DecisionBoundaryDisplay takes the colors of three or more classes as `multiclass_colors`, not as a color map.
TAKES_COLORS_OF_CLASSES = VERSION >= parse_version("1.7.dev0")


def lbfgs_failed(n_iter, max_iter, status=1, reason="STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT"):
    """Message that L-BFGS did not converge, in the words of the installed scikit-learn, so that filters for them match.

    SciPy's `status` is 1 if a limit was reached, and 2 if a line search failed; `reason` is SciPy's description.
    """
    if not LBFGS_TELLS_ITERATIONS:
        return (
            f"lbfgs failed to converge (status={status}):\n{reason}.\n\n"
            "Increase the number of iterations (max_iter) or scale the data."
        )
    message = f"lbfgs failed to converge after {n_iter} iteration(s) (status={status}):\n{reason}\n\n"
    if n_iter == max_iter:
        message += f"Increase the number of iterations to improve the convergence (max_iter={max_iter}).\n"
    return message + "You might also want to scale the data."


def as_installed(theirs: Any, also: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Decorate a constructor or method so that it is called like that of the installed scikit-learn, `theirs`.

    Its positional arguments become those of scikit-learn, in the same order; all others are keywords. `also` names
    arguments that scikit-learn has in some versions only; where the installed one has them, they become attributes. A
    function that needs no change is returned as it is.
    """
    known = inspect.signature(theirs).parameters
    extra = [known[name] for name in also if name in known]

    def decorate(ours: Any) -> Any:
        signature = inspect.signature(ours)
        own = [name for name, parameter in signature.parameters.items() if _is_positional(parameter)]
        order = [name for name, parameter in known.items() if _is_positional(parameter)]
        if own[: len(order)] == order and not extra:
            return ours

        @functools.wraps(ours)
        def adapted(*args, **kwargs):
            if len(args) > len(order):
                raise TypeError(
                    f"{ours.__qualname__}() takes {len(order)} positional arguments but {len(args)} were given"
                )
            values = {parameter.name: kwargs.pop(parameter.name, parameter.default) for parameter in extra}
            result = ours(args[0], **dict(zip(order[1:], args[1:], strict=False)), **kwargs)
            if values:
                vars(args[0]).update(values)
            return result

        rest = [parameter for name, parameter in signature.parameters.items() if name not in order]
        rest = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in [*rest, *extra]]
        adapted.__signature__ = signature.replace(parameters=[*(signature.parameters[name] for name in order), *rest])  # type: ignore[attr-defined]
        return adapted

    return decorate


def _is_positional(parameter):
    return parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
