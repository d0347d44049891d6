"""Classes and their numbers, with a lookup table where labels are signed integers close to each other."""

import numpy as np
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import check_classification_targets, unique_labels

#: Length of the longest table.
MAX_TABLE_LENGTH = 1 << 12


def find_classes(y):
    """Find the distinct labels, sorted, like ``np.unique``, but with a table instead of a sort if possible."""
    low, high = _bounds(y)
    if high - low >= MAX_TABLE_LENGTH:
        return np.unique(y)
    return (low + np.flatnonzero(np.bincount(_above(y, low)))).astype(y.dtype)


def learn_classes(y):
    """Find the classes of validated labels, or of indicators of several labels, and fit a ``LabelBinarizer``."""
    if y.ndim == 2:
        check_classification_targets(y)
        binarizer = LabelBinarizer().fit(y)
        return binarizer.classes_, binarizer
    # whole numbers are classes, and scikit-learn's checks would take time
    classes = find_classes(y) if y.dtype.kind in "biu" else None
    if classes is None or 2 * len(classes) > len(y):  # it warns that so many classes look like regression
        check_classification_targets(y)
        classes = unique_labels(y)
    return classes, make_binarizer(classes)


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
