"""Constraints of constructor arguments that scikit-learn's own do not cover."""

import functools
import operator
import weakref
from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.utils._param_validation import Interval


class Number(Interval):
    """Range of real numbers that double precision can represent; None is an open end.

    :class:`sklearn.utils._param_validation.Interval` also accepts integers beyond its range, and types such as
    fractions, for which NumPy's functions fail with a message that names no parameter.
    """

    def __init__(self, left, right, *, closed):
        super().__init__(Real, left, right, closed=closed)

    def is_satisfied_by(self, val):
        """Return whether `val` is such a number."""
        if not isinstance(val, Integral | float | np.floating):
            return False
        try:
            return float(val) in self
        except OverflowError:
            return False


def check_parameters(estimator):
    """Raise InvalidParameterError, a ValueError, if an argument that was changed after fit is not valid.

    scikit-learn validates arguments in fit only. To keep calls for few samples fast, they are validated again only if
    one of them is another object than last time.
    """
    values = [vars(estimator).get(name) for name in estimator._parameter_constraints]
    known = _valid.get(estimator)
    if (known is None or not all(map(operator.is_, values, known))) and not get_config()["skip_parameter_validation"]:
        estimator._validate_params()
        _valid[estimator] = values


def checked_again(method):
    """Decorate ``partial_fit`` so that every call checks the arguments first."""

    @functools.wraps(method)
    def partial_fit(self, *arguments, **keywords):
        check_parameters(self)
        return method(self, *arguments, **keywords)

    return partial_fit


_valid: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # estimator -> arguments found valid
