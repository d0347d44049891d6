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

    def bin_edges(self, n_bins):
        """Return the edges of at most `n_bins` bins of each column, with about as many values in each bin.

        They are quantiles. Where a value is more frequent than that, as 0 often is, it becomes an edge, and the other
        edges are quantiles of the remaining values, which would otherwise share a few wide bins.
        """
        edges = list(self.quantiles(np.linspace(0.0, 1.0, n_bins + 1)).T)
        for column, found in enumerate(edges):
            if np.any(found[1:] == found[:-1]):
                edges[column] = _edges_with_frequent_values(self._sorted[column, : self.counts[column]], n_bins)
        return edges

    def have_more_than_two_values(self):
        """Boolean array that tells which columns have more than two different values."""
        steps = np.diff(self._sorted, axis=1) > 0  # False beside NaN
        return steps.sum(axis=1) > 1


def _edges_with_frequent_values(values, n_bins):
    """Return sorted edges; values are frequent if there are more of them than of the remaining values in a bin."""
    values, counts = np.unique(values.astype(float), return_counts=True)
    is_frequent, n_left, n_remaining = np.zeros(len(values), dtype=bool), n_bins, counts.sum()
    for place in np.argsort(-counts, kind="stable")[: n_bins - 1]:
        if counts[place] * n_left <= n_remaining:
            break
        is_frequent[place] = True
        n_left, n_remaining = n_left - 1, n_remaining - counts[place]
    remaining = np.repeat(values[~is_frequent], counts[~is_frequent])
    quantiles = np.quantile(remaining, np.linspace(0.0, 1.0, n_left + 1)) if len(remaining) else []
    return np.union1d(values[is_frequent], quantiles)
