"""Classes and their numbers, looked up in a table where labels are signed whole numbers close to each other."""

import numpy as np

#: Longest table.
SPAN = 1 << 12


def find_classes(y):
    """Distinct labels, sorted; ``np.unique``, but without sorting or hashing all of them where a table does.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        In the dtype of `y`.
    """
    low, high = _bounds(y)
    if high - low >= SPAN:
        return np.unique(y)
    return (low + np.flatnonzero(np.bincount(_above(y, low)))).astype(y.dtype)


def number_labels(y, classes):
    """Number of each label's class; ``np.searchsorted``, but by a table where that does.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels, each of which is one of `classes`.
    classes : ndarray of shape (n_classes,)
        Sorted.

    Returns
    -------
    numbers : ndarray of int64 of shape (n_samples,)
    """
    low, high = _bounds(classes)
    if high - low >= SPAN or not _is_signed(y):
        return np.searchsorted(classes, y)
    table = np.zeros(high - low + 1, np.int64)
    table[_above(classes, low)] = np.arange(len(classes))
    return table[_above(y, low)]


def _is_signed(y):
    return np.issubdtype(y.dtype, np.signedinteger)


def _bounds(y):
    """Least and greatest label; farther apart than any table is long if a table is out of the question."""
    return (int(y.min()), int(y.max())) if _is_signed(y) and y.size else (0, SPAN)


def _above(y, low):
    return y.astype(np.int64, copy=False) - low
