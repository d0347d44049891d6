"""Which samples a learner that takes one after the other is shown, and in which order."""

import numpy as np
import scipy.sparse


def present(X, y, sample_weight, shuffled):
    """Which samples to show, in which initial order, and how much each weighs.

    Samples of weight zero are left out. Counted samples, those with whole numbers as weights and those whose
    repetitions all stand together, are shown once each, in an order that only depends on what they are.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Samples.
    y : ndarray of shape (n_samples,)
        Classes.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights.
    shuffled : bool
        Whether the order is free.

    Returns
    -------
    rows : ndarray of int64
        Samples to show.
    weights : ndarray
        Their weights.
    counts : ndarray or None
        The same, if they are counts that are not all 1. They stay floating-point numbers, for those from 2^63 on are no
        integers of NumPy.
    """
    weights = np.ones(len(y)) if sample_weight is None else sample_weight
    rows = np.flatnonzero(weights)
    weights = weights[rows]
    if not shuffled or np.any(weights != np.floor(weights)) or np.any(weights < 0):
        return rows, weights, None
    X, y = (X, y) if rows.size == len(y) else (X[rows], y[rows])
    repeated = _repetitions(X, y)
    if np.all(weights == 1) and not repeated:
        return rows, weights, None
    first, counts = _count(X, y, weights)
    if np.all(weights == 1) and first.size != len(y) - repeated:  # repetitions are scattered
        return rows, weights, None
    return rows[first], counts, counts


def _repetitions(X, y):
    """How many samples are the same as the one before."""
    same = np.flatnonzero(y[1:] == y[:-1])
    if scipy.sparse.issparse(X):
        begin, size = X.indptr[:-1], np.diff(X.indptr)
        same = same[size[same] == size[same + 1]]
        repeated = entry = 0
        while same.size:  # most rows differ in their first entries
            repeated += np.count_nonzero(size[same] == entry)
            same = same[size[same] > entry]
            here, there = begin[same] + entry, begin[same + 1] + entry
            same = same[(X.indices[here] == X.indices[there]) & (X.data[here] == X.data[there])]
            entry += 1
        return repeated
    for j in range(X.shape[1]):
        if same.size == 0:
            break
        same = same[X[same, j] == X[same + 1, j]]
    return same.size


def _row_bytes(X, i):
    row = slice(X.indptr[i], X.indptr[i + 1])
    return X.indices[row].astype(np.int64).tobytes() + (X.data[row] + 0.0).tobytes()


def _count(X, y, weights):
    """A row of each distinct sample, ordered by content, and the sum of the weights of all rows that are the same."""
    labels = np.unique(y, return_inverse=True)[1]
    if scipy.sparse.issparse(X):
        keys = np.array([labels[i].tobytes() + _row_bytes(X, i) for i in range(len(y))], object)
    else:
        table = np.column_stack([labels, X]) + 0.0  # turns -0.0 to 0.0, which is the same number
        keys = np.ascontiguousarray(table).view(np.dtype((np.void, table.itemsize * table.shape[1]))).ravel()
    _, rows, which = np.unique(keys, return_index=True, return_inverse=True)
    return rows, np.bincount(which, weights)
