"""Blocks of samples on a worker: validation, and what the client needs to know of them."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils.multiclass import check_classification_targets

from sknn_concepts.validation.data import canonical, check_weights, largest_magnitude
from sknn_concepts.validation.labels import find_classes, number_labels


class Block(NamedTuple):
    """Validated samples, targets as the user gave them, weights or None, and names of the features or None."""

    number: int
    X: Any
    y: np.ndarray
    weights: np.ndarray | None
    names: np.ndarray | None


class Facts(NamedTuple):
    """What the client needs to know of a block that has samples."""

    n_samples: int
    n_features: int
    names: np.ndarray | None  # of the features, if they have any
    dtype: np.dtype
    sparse: bool
    y_shape: tuple  # without the number of samples
    largest: float  # magnitude of the features
    labels: np.ndarray | None  # distinct ones, for a classifier
    label_weights: np.ndarray | None  # their total weights, for one label a sample
    least_weight: float
    total_weight: float


def read_block(read, number, X, y, weights):
    """Validate a block by ``read(estimator, X, y)``; return None if it is empty.

    `read` is a pair of that function and an estimator, which it changes.
    """
    function, estimator = read
    try:
        lengths = [len(part) for part in (X, y, weights) if part is not None and not scipy.sparse.issparse(part)]
        lengths += [X.shape[0]]
        if len(set(lengths)) > 1:
            raise ValueError(f"X, y and sample_weight have different numbers of rows: {lengths[:-1]}.")
        if lengths[-1] == 0:
            return None
        X, y = function(estimator, X, y)
        if weights is not None:
            weights = np.asarray(weights)  # all zeros are refused only if all blocks have them
            weights = check_weights(weights, X) if np.any(weights) else np.zeros(X.shape[0])
        return Block(number, canonical(X), y, weights, getattr(estimator, "feature_names_in_", None))
    except (TypeError, ValueError) as error:
        raise _about(number, error) from error


def describe(number, block, classifies):
    """Return the facts of a block; None if it is empty."""
    if block is None:
        return None
    _, X, y, weights, names = block
    labels = label_weights = None
    if classifies:
        try:
            labels, label_weights = _count_labels(y, weights)
        except ValueError as error:
            raise _about(number, error) from error
    return Facts(
        X.shape[0],
        X.shape[1],
        names,
        X.dtype,
        scipy.sparse.issparse(X),
        y.shape[1:],
        largest_magnitude(X),
        labels,
        label_weights,
        1.0 if weights is None else float(weights.min()),
        float(X.shape[0] if weights is None else weights.sum()),
    )


def _about(number, error):
    return type(error)(f"Block {number}: {error}")


def _count_labels(y, weights):
    """Return the distinct labels and their weights; of several labels a sample, their numbers and None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a small block may have as many classes as samples
        check_classification_targets(y)
    if y.ndim == 2:
        return np.arange(y.shape[1]), None
    labels = find_classes(y)
    return labels, np.bincount(number_labels(y, labels), weights, len(labels))


def join(blocks):
    """Return one block of the samples of several, of which some are not empty."""
    blocks = [block for block in blocks if block is not None]
    if len(blocks) == 1:
        return blocks[0]
    parts = [block.X for block in blocks]
    X = scipy.sparse.vstack(parts, format="csr") if scipy.sparse.issparse(parts[0]) else np.concatenate(parts)
    weights = None if blocks[0].weights is None else np.concatenate([block.weights for block in blocks])
    return blocks[0]._replace(X=X, y=np.concatenate([block.y for block in blocks]), weights=weights)
