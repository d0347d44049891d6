"""Data sets: dense arrays of any number type and layout, and CSR matrices, read batch by batch.

Batches are cast to the network's dtype as they are gathered, so that a memory map larger than memory, or one of bytes,
trains without a copy of the whole. Sparse data are never densified: the first layer multiplies them as they are.
"""

import numpy as np
import scipy.sparse

from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.memory import LINE, prefetch

#: Rows come in random order: the first cache lines of each are prefetched some rows ahead; the processor itself
#: foresees the others.
ROWS_AHEAD, LINES_PER_ROW = 8, 4


def make_dataset(X, y=None, sample_weight=None):
    """Arrays of a data set as one struct.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Samples.
    y : ndarray of shape (n_samples, n_outputs), optional
        Targets; numbers or booleans.
    sample_weight : ndarray of shape (n_samples,), optional
        Weights of the samples; all ones by default.

    Returns
    -------
    dataset : ArrayStruct
        Fields ``X``, or ``data``, ``indices`` and ``indptr``; and ``y`` and ``weights``, which may be empty.
    """
    targets = np.empty((0, 0)) if y is None else y
    targets = targets.view(np.uint8) if targets.dtype == bool else targets
    weights = np.empty(0) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if scipy.sparse.issparse(X):
        dataset = ArrayStruct(data=X.data, indices=X.indices, indptr=X.indptr, y=targets, weights=weights)
    else:
        dataset = ArrayStruct(X=X.view(np.uint8) if X.dtype == bool else X, y=targets, weights=weights)
    dataset.n_features = X.shape[1]
    return dataset


def is_sparse(dataset):
    """Whether a data set holds a sparse matrix."""
    return hasattr(dataset, "indptr")


def count_samples(dataset):
    """Number of samples of a data set."""
    return dataset.indptr.size - 1 if is_sparse(dataset) else len(dataset.X)


@kernel
def gather_dense(dataset, rows, x, y, weights):
    """Copy samples, targets and weights of some rows into batch memory."""
    X = dataset.X
    last = rows.size - 1
    line = max(1, LINE // X.itemsize)
    for i in range(rows.size):
        row, following = rows[i], rows[min(i + ROWS_AHEAD, last)]
        for j in range(0, min(x.shape[1], LINES_PER_ROW * line), line):
            prefetch(X, following, j)
        for j in range(x.shape[1]):
            x[i, j] = X[row, j]
    return gather_targets(dataset, rows, x, y, weights)


@kernel
def gather_targets(dataset, rows, x, y, weights):
    """Copy targets and weights of some rows into batch memory; the samples are read in place."""
    if dataset.y.size > 0:
        for i in range(rows.size):
            for j in range(y.shape[1]):
                y[i, j] = dataset.y[rows[i], j]
    if dataset.weights.size > 0:
        for i in range(rows.size):
            weights[i] = dataset.weights[rows[i]]
    return 0.0


@kernel
def weigh(dataset, rows):
    """Sum of the weights of some rows."""
    if dataset.weights.size == 0:
        return float(rows.size)
    total = 0.0
    for i in range(rows.size):
        total += dataset.weights[rows[i]]
    return total
