"""One-vs-rest problems of a perceptron: each neuron learns to separate one class from the others."""

from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight

from sknn_concepts.estimators.history import class_counts
from sknn_concepts.training.early_stopping import hold_out
from sknn_concepts.validation.data import (
    addable,
    check_class_weight,
    check_some_weight,
    check_weights,
    largest_magnitude,
)
from sknn_concepts.validation.labels import number_labels

LARGEST_SEED = np.iinfo(np.int32).max


class OvRProblems(NamedTuple):
    """Training data of all neurons; see :func:`make_problems`."""

    X: np.ndarray | scipy.sparse.csr_matrix  # all samples
    largest: float  # largest magnitude in X
    labels: np.ndarray  # numbers of their classes
    sample_weight: np.ndarray  # without the weights of the classes
    rows: np.ndarray  # samples in their initial order, held-out ones included
    training: np.ndarray  # those of them to train on
    held_out: np.ndarray  # the others, for early stopping
    class_weight: np.ndarray
    class_count: np.ndarray  # samples of each class, those of earlier calls included, for class_weight="balanced"
    negative_target: float  # target of the rest; that of a neuron's own class is 1
    seeds: list  # seeds of the neurons' shuffling

    def targets(self, neuron):
        """Targets of all samples, and the factors of their steps: sample weight times class weight."""
        first = len(self.class_weight) - len(self.seeds)  # a single neuron learns the second of two classes
        own = self.labels == first + neuron
        factors = np.where(own, self.class_weight[first + neuron], self.class_weight[0] if first else 1.0)
        dtype = self.X.dtype
        return np.where(own, 1.0, self.negative_target).astype(dtype), factors.astype(dtype) * self.sample_weight


def make_problems(estimator, negative_target, X, y, sample_weight, merge_repetitions=False):
    """Prepare the data from which the neurons of a perceptron learn.

    Samples of weight 0 are left out. With `merge_repetitions`, samples that are counted, by whole-number weights or by
    repetitions that are all adjacent, are presented once each, in an order that depends on their content alone. Raises
    ValueError if no sample has weight, or if weights are invalid or too large.
    """
    weights = np.ones(len(y)) if sample_weight is None else check_weights(sample_weight, X)
    rows, counts = np.flatnonzero(weights), None
    weights = weights[rows]
    check_some_weight(weights, "Sample weights")
    if merge_repetitions:
        rows, weights, counts = _merge_repetitions(X, y, rows, weights)
    labels = number_labels(y, np.asarray(estimator.classes_))
    class_weight, class_count = _weigh_classes(estimator, y, labels[rows], counts)
    of_row = np.zeros(len(labels), X.dtype)
    with np.errstate(over="ignore"):
        of_row[rows] = weights
        addable(of_row * class_weight.astype(X.dtype)[labels], "class_weight or sample_weight")
    held_out, seeds = _split_and_seed(estimator, labels[rows], len(class_weight))
    training = np.delete(rows, held_out)
    return OvRProblems(
        X=X,
        largest=largest_magnitude(X),
        labels=labels,
        sample_weight=of_row,
        rows=rows,
        training=training,
        held_out=rows[held_out],
        class_weight=class_weight,
        class_count=class_count,
        negative_target=negative_target,
        seeds=seeds,
    )


def _weigh_classes(estimator, y, labels, counts):
    """Weights of the classes, and the counts of the samples of each class so far."""
    check_class_weight(estimator.class_weight)
    classes, seen = np.asarray(estimator.classes_), class_counts(estimator)
    if estimator.class_weight is None:
        return np.ones(len(classes)), seen
    if estimator.class_weight != "balanced":
        return compute_class_weight(estimator.class_weight, classes=classes, y=y), seen
    seen = seen + np.bincount(labels, counts, minlength=len(classes))
    return seen.sum() / (len(classes) * np.maximum(seen, 1.0)), seen


def _split_and_seed(estimator, labels, n_classes):
    """Samples to hold out and a seed for each neuron's shuffling, drawn as scikit-learn draws them."""
    random_state = check_random_state(estimator.random_state)
    if n_classes > 2:
        held_out = _split(estimator, labels)
        seeds = random_state.randint(LARGEST_SEED, size=n_classes)
        return held_out, [_second_draw(np.random.RandomState(seed)) for seed in seeds]
    random_state.randint(1, LARGEST_SEED)  # as in _second_draw, but the split draws in between
    held_out = _split(estimator, labels)
    return held_out, [random_state.randint(LARGEST_SEED)]


def _second_draw(random_state):
    random_state.randint(1, LARGEST_SEED)  # which scikit-learn draws and does not use
    return random_state.randint(LARGEST_SEED)


def _split(estimator, labels):
    if not estimator.early_stopping:
        return np.empty(0, np.int64)
    share, seed = estimator.validation_fraction, estimator.random_state
    return hold_out(share, len(labels), seed, "early_stopping=True", labels=[labels], stratify=True)[1]


def _merge_repetitions(X, y, rows, weights):
    """Rows to present, their weights, and the weights as counts where samples are counted, else None.

    Counts remain floating-point numbers, for NumPy has no integers from 2^63 on.
    """
    if np.any(weights != np.floor(weights)) or np.any(weights < 0):
        return rows, weights, None
    X, y = (X, y) if rows.size == len(y) else (X[rows], y[rows])
    n_repeated = _count_neighbours(X, y)
    if np.all(weights == 1) and not n_repeated:
        return rows, weights, None
    first, counts = _count_samples(X, y, weights)
    if np.all(weights == 1) and first.size != len(y) - n_repeated:  # repetitions are scattered
        return rows, weights, None
    return rows[first], counts, counts


def _count_neighbours(X, y):
    """Number of samples that equal the one before."""
    same = np.flatnonzero(y[1:] == y[:-1])
    if scipy.sparse.issparse(X):
        begin, size = X.indptr[:-1], np.diff(X.indptr)
        same = same[size[same] == size[same + 1]]
        n_equal = entry = 0
        while same.size:  # most rows differ in their first entries
            n_equal += np.count_nonzero(size[same] == entry)
            same = same[size[same] > entry]
            here, there = begin[same] + entry, begin[same + 1] + entry
            same = same[(X.indices[here] == X.indices[there]) & (X.data[here] == X.data[there])]
            entry += 1
        return n_equal
    for j in range(X.shape[1]):
        if same.size == 0:
            break
        same = same[X[same, j] == X[same + 1, j]]
    return same.size


def _count_samples(X, y, weights):
    """Number of a row of each distinct sample, ordered by content, and the sum of the weights of all equal rows."""
    labels = np.unique(y, return_inverse=True)[1]
    if scipy.sparse.issparse(X):
        keys = np.array([labels[i].tobytes() + _row_bytes(X, i) for i in range(len(y))], object)
    else:
        table = np.column_stack([labels, X]) + 0.0  # turns -0.0 into 0.0
        keys = np.ascontiguousarray(table).view(np.dtype((np.void, table.itemsize * table.shape[1]))).ravel()
    _, rows, which = np.unique(keys, return_index=True, return_inverse=True)
    return rows, np.bincount(which, weights)


def _row_bytes(X, i):
    row = slice(X.indptr[i], X.indptr[i + 1])
    return X.indices[row].astype(np.int64).tobytes() + (X.data[row] + 0.0).tobytes()
