"""Constraints of constructor arguments that scikit-learn's own do not cover."""

import functools
import operator
import weakref
from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.utils._param_validation import Interval


class Number(Interval):
    """A range of real numbers that arithmetic in double precision takes as they are.

    :class:`sklearn.utils._param_validation.Interval` also lets integers through that no double can hold, and numbers
    such as fractions, at which NumPy's functions fail with a message that names no parameter.

    Parameters
    ----------
    left, right : float or None
        Ends of the range, None for none.
    closed : {"left", "right", "both", "neither"}
        Which of the ends belong to it.
    """

    def __init__(self, left, right, *, closed):
        super().__init__(Real, left, right, closed=closed)

    def is_satisfied_by(self, val):
        """Whether `val` is such a number."""
        if not isinstance(val, Integral | float | np.floating):
            return False
        try:
            return float(val) in self
        except OverflowError:
            return False


def check_parameters(estimator):
    """Raise InvalidParameterError, a ValueError, if an argument that was changed after fit is not valid.

    scikit-learn looks at the arguments of an unfitted estimator only; so that calls for a few samples stay quick, they
    are looked at again only where one is another object than last time.
    """
    values = [vars(estimator).get(name) for name in estimator._parameter_constraints]
    known = _valid.get(estimator)
    if (known is None or not all(map(operator.is_, values, known))) and not get_config()["skip_parameter_validation"]:
        estimator._validate_params()
        _valid[estimator] = values


def checked_again(method):
    """Decorate ``partial_fit``, before which arguments are checked in every call."""

    @functools.wraps(method)
    def partial_fit(self, *arguments, **keywords):
        check_parameters(self)
        return method(self, *arguments, **keywords)

    return partial_fit


_valid: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # estimator -> arguments that were found valid
