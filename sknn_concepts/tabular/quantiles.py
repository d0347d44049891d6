"""Quantiles of the columns of an array, from one sort of each."""

import numpy as np


class SortedColumns:
    """Sorted columns of an array; NaN is left out.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)

    Attributes
    ----------
    counts : ndarray of shape (n_columns,)
        Number of values of each column.
    """

    def __init__(self, X):
        self._sorted = np.sort(X.T, axis=1)  # NaN at the end
        self.counts = X.shape[0] - np.isnan(self._sorted).sum(axis=1)

    def quantiles(self, shares):
        """Return quantiles, with linear interpolation between two values, as an array of (n_shares, n_columns).

        They are NaN where a column has no values.
        """
        place = np.asarray(shares, dtype=float)[:, None] * np.maximum(self.counts - 1, 0)
        whole = np.rint(place)
        place = np.where(np.abs(place - whole) <= 4.0 * np.finfo(float).eps * whole, whole, place)  # values themselves
        lower = np.floor(place).astype(np.intp)
        upper = np.minimum(lower + 1, np.maximum(self.counts - 1, 0))
        columns = np.arange(len(self.counts))
        low, high = (self._sorted[columns, rows].astype(float) for rows in (lower, upper))
        return np.where(low == high, low, low + (place - lower) * (high - low))

    def have_more_than_two_values(self):
        """Boolean array that tells which columns have more than two different values."""
        steps = np.diff(self._sorted, axis=1) > 0  # False beside NaN
        return steps.sum(axis=1) > 1
