"""Classes and their numbers, the same by a table as by sorting."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_concepts.validation.labels import MAX_TABLE_LENGTH, find_classes, number_labels

LABELS = {
    "few": np.array([2, 0, 2, 7, 0]),
    "negative": np.array([-3, 4, -3, -1]),
    "one": np.array([5, 5, 5]),
    "just close": np.array([1 - MAX_TABLE_LENGTH, 0, -7, 0]),
    "far apart": np.array([0, MAX_TABLE_LENGTH, 3]),
    "extreme": np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max, 0]),
    "all of a byte": np.array([127, -128, 0, 127], np.int8),
    "short": np.array([300, -300, 0], np.int16),
    "unsigned": np.array([255, 0, 3], np.uint8),
    "huge": np.array([2**64 - 1, 2**64 - 2], np.uint64),
    "flags": np.array([True, False, True]),
    "fractions": np.array([0.5, -1.0, 0.5]),
    "words": np.array(["b", "a", "b"]),
    "objects": np.array(["b", "a", "b"], object),
    "none": np.array([], np.int64),
}


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_classes_are_those_of_sorting(y):
    classes = find_classes(y)
    assert classes.dtype == y.dtype
    assert_array_equal(classes, np.unique(y))


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_numbers_are_places_among_the_classes(y):
    classes, numbers = np.unique(y, return_inverse=True)
    assert_array_equal(number_labels(y, classes), numbers)
    assert_array_equal(number_labels(y[::2], classes), numbers[::2])


def test_labels_of_another_type_than_the_classes():
    classes = np.array([-1, 3, 9])
    assert_array_equal(number_labels(np.array([9.0, -1.0]), classes), [2, 0])
    assert_array_equal(number_labels(np.array([9, -1], np.int8), classes), [2, 0])
    assert_array_equal(number_labels(np.array([9, 3], np.uint8), classes), [2, 1])
