"""Blocks of samples on a worker: validation, and what the client needs to know of them."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils.multiclass import check_classification_targets

from sknn_concepts.validation.data import canonical, check_weights, largest_magnitude
from sknn_concepts.validation.labels import find_classes, number_labels


class Block(NamedTuple):
    """Validated samples, targets as the user gave them, and weights or None."""

    X: Any
    y: np.ndarray
    weights: np.ndarray | None


class Facts(NamedTuple):
    """What the client needs to know of a block; all but the number is None if it has no samples."""

    number: int
    n_samples: int
    n_features: int | None = None
    names: np.ndarray | None = None  # of the features, if they have any
    dtype: np.dtype | None = None
    sparse: bool | None = None
    y_shape: tuple | None = None  # without the number of samples
    y_dtype: np.dtype | None = None
    largest: float | None = None  # magnitude of the features
    labels: np.ndarray | None = None  # distinct ones, for a classifier
    label_weights: np.ndarray | None = None  # their total weights
    least_weight: float = 1.0


def read_block(estimator, number, X, y, weights):
    """Validate a block as the estimator does; return None if it is empty."""
    try:
        n_samples = X.shape[0]
        if len(y) != n_samples or (weights is not None and len(weights) != n_samples):
            lengths = [n_samples, len(y)] + ([] if weights is None else [len(weights)])
            raise ValueError(f"X, y and sample_weight have different numbers of rows: {lengths}.")
        if n_samples == 0:
            return None
        X, y = estimator._read(X, y)
        weights = None if weights is None else check_weights(np.asarray(weights), X)
        return Block(canonical(X), y, weights)
    except (TypeError, ValueError) as error:
        raise type(error)(f"Block {number}: {error}") from error


def describe(number, block, names, classifies):
    """Return the facts of a block, which is None if it is empty; `names` are those of the features, or None."""
    if block is None:
        return Facts(number, 0)
    X, y, weights = block
    labels = label_weights = None
    if classifies:
        labels, label_weights = _count_labels(number, y, weights)
    return Facts(
        number,
        X.shape[0],
        X.shape[1],
        names,
        X.dtype,
        scipy.sparse.issparse(X),
        y.shape[1:],
        y.dtype,
        largest_magnitude(X),
        labels,
        label_weights,
        1.0 if weights is None else float(weights.min()),
    )


def _count_labels(number, y, weights):
    """Return the distinct labels and their weights; of several labels a sample, their numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a small block may have as many classes as samples
        try:
            check_classification_targets(y)
        except ValueError as error:
            raise ValueError(f"Block {number}: {error}") from error
    if y.ndim == 2:
        return np.arange(y.shape[1]), None
    labels = find_classes(y)
    return labels, np.bincount(number_labels(y, labels), weights, len(labels))


def join(blocks):
    """Return one block of the samples of several."""
    blocks = [block for block in blocks if block is not None]
    if len(blocks) == 1:
        return blocks[0]
    parts = [block.X for block in blocks]
    X = scipy.sparse.vstack(parts, format="csr") if scipy.sparse.issparse(parts[0]) else np.concatenate(parts)
    weights = None if blocks[0].weights is None else np.concatenate([block.weights for block in blocks])
    return Block(X, np.concatenate([block.y for block in blocks]), weights)


def take(block, rows):
    """Return a block of some rows of another one."""
    return Block(block.X[rows], block.y[rows], None if block.weights is None else block.weights[rows])
