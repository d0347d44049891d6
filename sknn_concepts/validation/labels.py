"""Classes and their numbers, with a lookup table where labels are signed integers close to each other."""

import numpy as np
from sklearn.preprocessing import LabelBinarizer

#: Length of the longest table.
MAX_TABLE_LENGTH = 1 << 12


def find_classes(y):
    """Find the distinct labels, sorted, like ``np.unique``, but with a table instead of a sort if possible."""
    low, high = _bounds(y)
    if high - low >= MAX_TABLE_LENGTH:
        return np.unique(y)
    return (low + np.flatnonzero(np.bincount(_above(y, low)))).astype(y.dtype)


def number_labels(y, classes):
    """Find the number of each label among the sorted `classes`, like ``np.searchsorted``, but with a table if possible.

    Every label must be one of the classes.
    """
    low, high = _bounds(classes)
    if high - low >= MAX_TABLE_LENGTH or not _is_signed(y):
        return np.searchsorted(classes, y)
    table = np.zeros(high - low + 1, np.int64)
    table[_above(classes, low)] = np.arange(len(classes))
    return table[_above(y, low)]


def make_binarizer(classes):
    """Make the ``LabelBinarizer`` that is fitted to labels with these classes, without looking at the labels again."""
    binarizer = LabelBinarizer()
    binarizer.classes_, binarizer.sparse_input_ = classes, False
    binarizer.y_type_ = "binary" if len(classes) <= 2 else "multiclass"
    return binarizer


def _is_signed(y):
    return np.issubdtype(y.dtype, np.signedinteger)


def _bounds(y):
    """Least and greatest label; if no table is possible, two numbers farther apart than the longest one."""
    return (int(y.min()), int(y.max())) if _is_signed(y) and y.size else (0, MAX_TABLE_LENGTH)


def _above(y, low):
    return y.astype(np.int64, copy=False) - low
