"""What all blocks of a data set have in common, or may differ in."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.multiclass import unique_labels


class Summary(NamedTuple):
    """What the client knows of samples that are on the workers."""

    lengths: np.ndarray  # number of samples of each block
    n_features: int
    names: np.ndarray | None  # of the features
    dtype: np.dtype
    sparse: bool
    y_shape: tuple  # without the number of samples
    largest: float  # magnitude of the features
    classes: np.ndarray | None
    class_weights: np.ndarray | None  # total weights of the samples of each class
    least_weight: float
    total_weight: float


def summarize(facts):
    """Combine the facts of all blocks, of which empty ones have None.

    Raises ValueError if all blocks are empty, or if they have different features, targets or kinds of labels.
    """
    numbers = [number for number, one in enumerate(facts) if one is not None]
    if not numbers:
        raise ValueError("X has no samples: all of its blocks are empty.")
    some = [facts[number] for number in numbers]
    first = some[0]
    _check_equal(numbers, "features", [one.n_features for one in some])
    _check_equal(numbers, "features named", [None if one.names is None else list(one.names) for one in some])
    _check_equal(numbers, "a sparse matrix:", [one.sparse for one in some])
    _check_equal(numbers, "targets a sample of shape", [one.y_shape for one in some])
    classes = class_weights = None
    if first.labels is not None:
        classes, class_weights = _combine_labels(some)
    return Summary(
        np.array([0 if one is None else one.n_samples for one in facts]),
        first.n_features,
        first.names,
        np.result_type(*(one.dtype for one in some)),
        first.sparse,
        first.y_shape,
        max(one.largest for one in some),
        classes,
        class_weights,
        min(one.least_weight for one in some),
        sum(one.total_weight for one in some),
    )


def _check_equal(numbers, what, values):
    for number, value in zip(numbers, values, strict=True):
        if value != values[0]:
            raise ValueError(
                f"All blocks must be alike: block {numbers[0]} has {what} {values[0]}, block {number} {value}."
            )


def _combine_labels(facts):
    """Return the classes of all blocks, and the total weights of their samples."""
    try:
        unique_labels(*(one.labels for one in facts))
        classes = np.unique(np.concatenate([one.labels for one in facts]))
    except ValueError as error:
        raise ValueError(f"The blocks of y have labels of different kinds: {error}") from error
    if facts[0].label_weights is None:  # several labels a sample
        return classes, None
    weights = np.zeros(len(classes))
    for one in facts:
        weights[np.searchsorted(classes, one.labels)] += one.label_weights
    return classes, weights
