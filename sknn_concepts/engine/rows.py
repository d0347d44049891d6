"""Samples as kernels of linear models read them, and sums of their squares and products.

Samples are *rows*: a tuple ``(X,)`` of a dense C-contiguous array, or ``(data, indices, indptr)`` of a CSR matrix, all
read-only (:func:`as_rows`), so that writeable arrays and memory maps share one compiled kernel.
"""

import numpy as np
import scipy.sparse

from sknn_concepts.ground.jit import kernel

#: Bytes of a block whose Gram matrix is added up.
GRAM_BYTES = 1 << 22


def read_only(array):
    """View of an array that cannot be written to."""
    view = np.asarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view


def as_rows(X):
    """Tuple of read-only arrays, for the kernels.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Dense arrays have to be C-contiguous.

    Returns
    -------
    rows : tuple of ndarray
        ``(X,)`` or ``(data, indices, indptr)``.
    """
    arrays = (X.data, X.indices, X.indptr) if scipy.sparse.issparse(X) else (X,)
    return tuple(read_only(array) for array in arrays)


def take_rows(rows, every):
    """Tuple of arrays of every so many-th row."""
    if every == 1:
        return rows
    if len(rows) == 1:
        return as_rows(np.ascontiguousarray(rows[0][::every]))
    width = int(rows[1].max(initial=0)) + 1
    return as_rows(scipy.sparse.csr_matrix(rows, shape=(rows[2].size - 1, width))[::every])


@kernel
def count_rows(rows):
    """Number of samples."""
    return rows[0].shape[0] if len(rows) == 1 else rows[2].size - 1


@kernel
def block_size(rows, limit):
    """Rows of a block of so many bytes, a multiple of 8."""
    if len(rows) == 1:
        fitting = limit // max(rows[0].shape[1] * rows[0].itemsize, 1)
        return max(8, min(256, fitting // 8 * 8))
    return 256


@kernel
def add_squares(rows, weights, squares):
    """Add sum of weight_i x_ij^2 for each feature j to `squares`."""
    for i in range(count_rows(rows)):
        weight = weights[i] if weights.size > 0 else 1.0
        if len(rows) == 1:
            X = rows[0]
            for j in range(X.shape[1]):
                number = float(X[i, j])
                squares[j] += weight * number * number
        else:
            data, indices, indptr = rows
            for k in range(np.uintp(indptr[i]), np.uintp(indptr[i + 1])):
                number = float(data[k])
                squares[np.uintp(indices[k])] += weight * number * number


def dense_gram(X, h):
    """Sum of h_i (x_i, 1) (x_i, 1)' of shape (n_features + 1, n_features + 1), no h_i being negative; by BLAS."""
    n, p = X.shape
    gram = np.zeros((p + 1, p + 1))
    step = max(GRAM_BYTES // ((p + 1) * X.itemsize), 64)
    for start in range(0, n, step):
        stop = min(start + step, n)
        root = np.sqrt(h[start:stop]).astype(X.dtype)
        block = np.empty((stop - start, p + 1), X.dtype)
        np.multiply(X[start:stop], root[:, None], out=block[:, :p])
        block[:, p] = root
        gram += block.T @ block
    return gram


@kernel
def add_sparse_gram(data, indices, indptr, h, gram):
    """The same for CSR matrices, added to the lower triangle of `gram`."""
    p = gram.shape[0] - 1
    for i in range(indptr.size - 1):
        for k in range(indptr[i], indptr[i + 1]):
            number = h[i] * data[k]
            gram[p, indices[k]] += number
            for other in range(indptr[i], k + 1):
                upper, lower = min(indices[other], indices[k]), max(indices[other], indices[k])
                gram[lower, upper] += number * data[other]
        gram[p, p] += h[i]
