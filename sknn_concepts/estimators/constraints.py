"""Constraints of constructor arguments that scikit-learn's own do not cover."""

from numbers import Integral, Real

import numpy as np
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
