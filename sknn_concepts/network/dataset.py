"""Where samples come from: dense arrays of any number type and layout, and CSR matrices, read batch by batch.

Batches are cast to the network's dtype as they are gathered, so that a memory map larger than memory, or one of bytes,
trains without a copy of the whole. Sparse data are never densified: the first layer multiplies them as they are.
"""

import numpy as np
import scipy.sparse

from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.memory import LINE, prefetch

#: Rows come in random order: one is asked for so many rows ahead, up to so many cache lines; the processor foresees the
#: others.
AHEAD, LINES = 8, 4


def make_dataset(X, y=None, sample_weight=None):
    """Arrays of a data set as one struct.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Samples.
    y : ndarray of shape (n_samples, n_outputs), optional
        Targets; numbers or booleans.
    sample_weight : ndarray of shape (n_samples,), optional
        Weights; none means ones.

    Returns
    -------
    source : ArrayStruct
        With fields ``X`` or ``data``, ``indices``, ``indptr``; and ``y`` and ``weights``, empty where there are none.
    """
    targets = np.empty((0, 0)) if y is None else y
    targets = targets.view(np.uint8) if targets.dtype == bool else targets
    weights = np.empty(0) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if scipy.sparse.issparse(X):
        source = ArrayStruct(data=X.data, indices=X.indices, indptr=X.indptr, y=targets, weights=weights)
    else:
        source = ArrayStruct(X=X.view(np.uint8) if X.dtype == bool else X, y=targets, weights=weights)
    source.n_features = X.shape[1]
    return source


def is_sparse(source):
    """Whether a source holds a sparse matrix."""
    return hasattr(source, "indptr")


def count_samples(source):
    """Number of samples of a source."""
    return source.indptr.size - 1 if is_sparse(source) else len(source.X)


@kernel
def gather_dense(source, rows, x, y, weights):
    """Copy samples, targets and weights of some rows into batch memory; returns the sum of the weights."""
    X = source.X
    last = rows.size - 1
    line = max(1, LINE // X.itemsize)
    for i in range(rows.size):
        row, following = rows[i], rows[min(i + AHEAD, last)]
        for j in range(0, min(x.shape[1], LINES * line), line):
            prefetch(X, following, j)
        for j in range(x.shape[1]):
            x[i, j] = X[row, j]
    return gather_targets(source, rows, y, weights)


@kernel
def gather_sparse(source, rows, x, y, weights):
    """Copy targets and weights of some rows into batch memory; returns the sum of the weights."""
    return gather_targets(source, rows, y, weights)


@kernel
def gather_targets(source, rows, y, weights):
    """Copy targets and weights of some rows into batch memory; returns the sum of the weights."""
    if source.y.size > 0:
        for i in range(rows.size):
            for j in range(y.shape[1]):
                y[i, j] = source.y[rows[i], j]
    if source.weights.size == 0:
        return float(rows.size)
    total = 0.0
    for i in range(rows.size):
        weights[i] = source.weights[rows[i]]
        total += source.weights[rows[i]]
    return total


@kernel
def product_sparse(source, rows, _, weights, out, add):
    """Out = X[rows] @ w, for the matrix w of all weights."""
    w = weights.reshape(weights.size // out.shape[1], out.shape[1])
    data, indices, indptr = source.data, source.indices, source.indptr
    out[:] = 0
    for i in range(rows.size):
        for k in range(indptr[rows[i]], indptr[rows[i] + 1]):
            number, column = w.dtype.type(data[k]), indices[k]
            for j in range(w.shape[1]):
                out[i, j] += number * w[column, j]
    return 0.0


@kernel
def gradient_sparse(source, rows, _, out, delta, add):
    """Out = X[rows].T @ delta, or added to it."""
    gradient = out.reshape(out.size // delta.shape[1], delta.shape[1])
    data, indices, indptr = source.data, source.indices, source.indptr
    if not add:
        gradient[:] = 0
    for i in range(rows.size):
        for k in range(indptr[rows[i]], indptr[rows[i] + 1]):
            number, column = delta.dtype.type(data[k]), indices[k]
            for j in range(delta.shape[1]):
                gradient[column, j] += number * delta[i, j]
    return 0.0
