"""Samples as kernels of linear models read them, and sums of their squares and products.

Samples are *rows*: a tuple ``(X,)`` of a dense C-contiguous array, or ``(data, indices, indptr)`` of a CSR matrix, all
read-only (:func:`as_rows`), so that writeable arrays and memory maps share one compiled kernel.
"""

import numpy as np
import scipy.sparse

from sknn_concepts.gemm.products import multiply_transposed_left
from sknn_concepts.jit.decorator import kernel

#: Columns and rows of the matrices whose products make a Gram matrix.
STRIP, GRAM_ROWS = 128, 256


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
        return max(8, min(1024, fitting // 8 * 8))
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


@kernel
def add_dense_gram(X, h, gram):
    """Add sum of h_i (x_i, 1) (x_i, 1)' to the lower triangle of `gram`, of shape (n_features + 1, n_features + 1).

    No h_i is negative. The triangle is computed in squares; products of strips of the columns.
    """
    n, p = X.shape
    count = p // STRIP + 1
    width = p // count + 1
    strips = np.zeros((count, GRAM_ROWS, width))
    square = np.empty((width, width))
    for start in range(0, n, GRAM_ROWS):
        rows = min(GRAM_ROWS, n - start)
        for r in range(rows):
            i = start + r
            root = np.sqrt(h[i])
            for s in range(count):
                strip, first = strips[s, r], s * width
                for c in range(min(width, p - first)):
                    strip[c] = root * X[i, first + c]
            strips[p // width, r, p % width] = root
        for s in range(count):
            for t in range(s + 1):
                multiply_transposed_left(strips[s, :rows], strips[t, :rows], square)
                for i in range(s * width, min((s + 1) * width, p + 1)):
                    row, products = gram[i, t * width :], square[i - s * width]
                    for j in range(min(width, i + 1 - t * width)):
                        row[j] += products[j]


@kernel(in_order=True)
def add_sparse_gram(data, indices, indptr, h, gram):
    """The same for CSR matrices with sorted indices."""
    intercepts = gram[gram.shape[0] - 1]
    for i in range(indptr.size - 1):
        start = np.uintp(indptr[i])
        for k in range(start, np.uintp(indptr[i + 1])):
            number, column = h[i] * data[k], np.uintp(indices[k])
            row = gram[column]
            for other in range(start, k + np.uintp(1)):
                row[np.uintp(indices[other])] += number * data[other]
            intercepts[column] += number
        intercepts[intercepts.size - 1] += h[i]


@kernel
def add_gram(rows, h, gram):
    """The same for either."""
    if len(rows) == 1:
        add_dense_gram(rows[0], h, gram)
    else:
        add_sparse_gram(rows[0], rows[1], rows[2], h, gram)
