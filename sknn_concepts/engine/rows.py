"""Samples as kernels of linear models read them, and sums of their squares and products.

Samples are *rows*: a tuple ``(X,)`` of a dense C-contiguous array, or ``(data, indices, indptr)`` of a CSR matrix, all
read-only (:func:`as_rows`), so that writeable arrays and memory maps share one compiled kernel.
"""

import numpy as np
import scipy.sparse

from sknn_concepts.ground.jit import kernel


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


def take_columns(rows, features, n_features):
    """Samples with some of their features only.

    Parameters
    ----------
    rows : tuple of ndarray
        From :func:`as_rows`.
    features : ndarray of int of shape (n_taken,)
        Which to take, sorted.
    n_features : int
        How many there are.

    Returns
    -------
    X : ndarray or CSR matrix of shape (n_samples, n_taken)
        Dense samples that lose nothing are not copied.
    """
    if len(rows) == 1:
        return rows[0] if len(features) == n_features else np.ascontiguousarray(rows[0][:, features])
    data, indices, indptr = rows
    places = np.full(n_features, -1, indices.dtype)
    places[features] = np.arange(len(features))
    starts = np.zeros_like(indptr)
    count_taken(indices, indptr, places, starts[1:])
    np.cumsum(starts, out=starts)
    numbers, columns = np.empty(starts[-1] + 1, data.dtype), np.empty(starts[-1] + 1, indices.dtype)
    copy_taken(data, indices, indptr, places, numbers, columns)
    return scipy.sparse.csr_matrix((numbers[:-1], columns[:-1], starts), (len(starts) - 1, len(features)))


@kernel(in_order=True)
def count_taken(indices, indptr, places, counts):
    """Count the numbers of each row whose feature has a place."""
    for i in range(counts.size):
        count = 0
        for k in range(np.uintp(indptr[i]), np.uintp(indptr[i + 1])):
            count += 1 if places[np.uintp(indices[k])] >= 0 else 0
        counts[i] = count


@kernel(in_order=True)
def copy_taken(data, indices, indptr, places, numbers, columns):
    """Copy the numbers whose feature has a place, and the places; one more than there are is written over."""
    end = np.uintp(0)
    for k in range(np.uintp(indptr[0]), np.uintp(indptr[indptr.size - 1])):
        place = places[np.uintp(indices[k])]
        numbers[end], columns[end] = data[k], place  # without a branch that nobody could predict
        end += np.uintp(place >= 0)


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


@kernel
def add_dense_gram(X, h, gram):
    """Add sum of h_i (x_i, 1) (x_i, 1)' to the lower triangle of `gram`, of shape (n_features + 1, n_features + 1)."""
    n, p = X.shape
    x, weighted = np.empty((8, p + 1)), np.empty((8, p + 1))
    for start in range(0, n, 8):
        for r in range(8):
            i = min(start + r, n - 1)
            weight = h[i] if start + r < n else 0.0
            for j in range(p):
                x[r, j] = X[i, j]
                weighted[r, j] = weight * X[i, j]
            x[r, p] = 1.0
            weighted[r, p] = weight
        for i in range(p + 1):  # eight samples at a time: each number of the matrix is loaded and stored once for them
            w0, w1, w2, w3 = weighted[0, i], weighted[1, i], weighted[2, i], weighted[3, i]
            w4, w5, w6, w7 = weighted[4, i], weighted[5, i], weighted[6, i], weighted[7, i]
            row = gram[i]
            for j in range(i + 1):
                upper = (w0 * x[0, j] + w1 * x[1, j]) + (w2 * x[2, j] + w3 * x[3, j])
                lower = (w4 * x[4, j] + w5 * x[5, j]) + (w6 * x[6, j] + w7 * x[7, j])
                row[j] += upper + lower


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
