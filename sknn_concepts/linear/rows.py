"""Samples as the kernels of linear models read them, and products with them.

Samples are *rows*: a tuple ``(X,)`` of a dense C-contiguous array, or ``(data, indices, indptr)`` of a CSR matrix, all
read-only (:func:`as_rows`), so that writeable arrays and memory maps share one compiled kernel. The arrays of a CSC
matrix are the rows of its transpose.

`w` is a matrix of shape (n_features + 1, n_outputs) with the intercepts in its last row; products are computed in its
dtype.
"""

import numpy as np
import scipy.sparse
from numba.extending import overload

from sknn_concepts.gemm.processor import gathers_fast
from sknn_concepts.gemm.products import multiply, multiply_transposed_left
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.views import cast_rows, part

#: Columns and rows of the matrices whose products make a Gram matrix.
STRIP_COLUMNS, STRIP_ROWS = 128, 256


def read_only(array):
    """View of an array that cannot be written to."""
    view = np.asarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view


def as_rows(X):
    """Rows of samples, a C-contiguous array or a CSR matrix, for the kernels."""
    arrays = (X.data, X.indices, X.indptr) if scipy.sparse.issparse(X) else (X,)
    return tuple(read_only(array) for array in arrays)


def take_rows(rows, spacing):
    """Rows 0, `spacing`, 2 `spacing` and so on."""
    if spacing == 1:
        return rows
    if len(rows) == 1:
        return as_rows(np.ascontiguousarray(rows[0][::spacing]))
    width = int(rows[1].max(initial=0)) + 1
    return as_rows(scipy.sparse.csr_matrix(rows, shape=(rows[2].size - 1, width))[::spacing])


@kernel(internal=True)
def count_rows(rows):
    """Return the number of samples."""
    return rows[0].shape[0] if len(rows) == 1 else rows[2].size - 1


@kernel(internal=True)
def block_size(rows, n_bytes):
    """Return the number of rows in a block of so many bytes, a multiple of 8."""
    if len(rows) == 1:
        fitting = n_bytes // max(rows[0].shape[1] * rows[0].itemsize, 1)
        return max(8, min(1024, fitting // 8 * 8))
    return 256


@kernel(internal=True)
def block_memory(rows, step, w):
    """Return memory for a block of dense rows in another dtype than that of `w`, and for its product with residuals."""
    p = w.shape[0] - 1 if len(rows) == 1 else 0
    cast = step if len(rows) == 1 and rows[0].itemsize != w.itemsize else 0
    return np.empty((cast, p), w.dtype), np.empty((p, w.shape[1]), w.dtype)


def sparse_dot(data, indices, start, end, w):
    """Return the sum of data_k w[indices_k], by gather instructions where the processor's are fast."""
    return sparse_dot_by_loads(data, indices, start, end, w)


@overload(sparse_dot)
def _overload_sparse_dot(data, indices, start, end, w):
    if gathers_fast():
        return lambda data, indices, start, end, w: sparse_dot_by_gathers(data, indices, start, end, w)
    return lambda data, indices, start, end, w: sparse_dot_by_loads(data, indices, start, end, w)


@kernel(internal=True)
def sparse_dot_by_gathers(data, indices, start, end, w):
    """See :func:`sparse_dot`."""
    x, at = part(data, start, end), part(indices, start, end)
    total = w.dtype.type(0.0)
    for k in range(x.size):
        total += x[k] * w[np.uintp(at[k])]
    return total


@kernel(in_order=True, internal=True)  # a sum that may be reordered would become gather instructions
def sparse_dot_by_loads(data, indices, start, end, w):
    """See :func:`sparse_dot`."""
    k = start
    z0 = z1 = z2 = z3 = 0.0
    while k + 4 <= end:
        # an unsigned index is known not to count from the end
        z0 += data[k] * w[np.uintp(indices[k])]
        z1 += data[k + 1] * w[np.uintp(indices[k + 1])]
        z2 += data[k + 2] * w[np.uintp(indices[k + 2])]
        z3 += data[k + 3] * w[np.uintp(indices[k + 3])]
        k += 4
    while k < end:
        z0 += data[k] * w[np.uintp(indices[k])]
        k += 1
    return (z0 + z1) + (z2 + z3)


@kernel(internal=True)
def add_sparse_row(data, indices, start, end, w, z):
    """Add x w to `z` for one row of a CSR matrix; `w` has one number a feature and output."""
    for k in range(np.uintp(start), np.uintp(end)):
        number, weights = data[k], w[np.uintp(indices[k])]
        for c in range(z.size):
            z[c] += number * weights[c]


@kernel
def add_sparse_product(data, indices, indptr, start, stop, w, z):
    """Add X w to `z` for some rows of a CSR matrix."""
    if z.shape[1] == 1:
        vector = w.reshape(w.size)
        for i in range(start, stop):
            z[i - start, 0] += sparse_dot(data, indices, indptr[i], indptr[i + 1], vector)
    else:
        for i in range(start, stop):
            add_sparse_row(data, indices, indptr[i], indptr[i + 1], w, z[i - start])


@kernel(in_order=True)
def add_sparse_transposed_product(data, indices, indptr, start, stop, r, out):
    """Add X' r to `out` for some rows of a CSR matrix, passing over those whose numbers in `r` are all zero."""
    if r.shape[1] == 1:
        sums = out.reshape(out.size)
        for i in range(start, stop):
            residual = r[i - start, 0]
            if residual != 0.0:
                for k in range(np.uintp(indptr[i]), np.uintp(indptr[i + 1])):
                    sums[np.uintp(indices[k])] += residual * data[k]
        return
    for i in range(start, stop):
        residuals, some = r[i - start], False
        for c in range(residuals.size):
            some = some or residuals[c] != 0.0
        if some:
            for k in range(np.uintp(indptr[i]), np.uintp(indptr[i + 1])):
                number, sums_of_feature = data[k], out[np.uintp(indices[k])]
                for c in range(residuals.size):
                    sums_of_feature[c] += number * residuals[c]


@kernel(internal=True)
def margins(rows, start, stop, w, z, cast):
    """Set z = x w + intercepts for some rows; `cast` is memory for dense rows in another dtype than that of `w`."""
    p = w.shape[0] - 1
    if len(rows) == 1:
        multiply(cast_rows(rows[0], start, stop, cast), w[:p], z)
    else:
        z[:] = 0
        add_sparse_product(rows[0], rows[1], rows[2], start, stop, w, z)
    if z.shape[1] == 1:
        for i in range(z.size):
            z[i, 0] += w[p, 0]
    else:
        for i in range(z.shape[0]):
            for c in range(z.shape[1]):
                z[i, c] += w[p, c]


@kernel(internal=True)
def add_gradient(rows, start, stop, r, gradient, cast, product):
    """Add the sum of (x_i, 1) r_i' over some rows to `gradient`; see :func:`block_memory` for the last arguments."""
    p = gradient.shape[0] - 1
    if len(rows) == 1:
        multiply_transposed_left(cast_rows(rows[0], start, stop, cast), r, product)
        for j in range(p):
            for c in range(r.shape[1]):
                gradient[j, c] += product[j, c]
    else:
        add_sparse_transposed_product(rows[0], rows[1], rows[2], start, stop, r, gradient)
    if r.shape[1] == 1:
        total = 0.0
        for residual in r.reshape(r.size):
            total += residual
        gradient[p, 0] += total
    else:
        for i in range(r.shape[0]):
            for c in range(r.shape[1]):
                gradient[p, c] += r[i, c]


@kernel
def add_squares(rows, weights, squares):
    """Add the sum of weight_i x_ij^2 to `squares` for each feature j; no weights stand for ones."""
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


@kernel(internal=True)
def add_dense_gram(X, h, gram):
    """Add the sum of h_i (x_i, 1) (x_i, 1)' to the lower triangle of `gram`; no h_i is negative.

    The triangle, of shape (n_features + 1, n_features + 1), is computed in squares, which are products of strips of the
    columns.
    """
    n, p = X.shape
    count = p // STRIP_COLUMNS + 1
    width = p // count + 1
    strips = np.zeros((count, STRIP_ROWS, width))
    square = np.empty((width, width))
    for start in range(0, n, STRIP_ROWS):
        rows = min(STRIP_ROWS, n - start)
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


@kernel(in_order=True, internal=True)
def add_sparse_gram(data, indices, indptr, h, gram):
    """Add the weighted Gram matrix of a CSR matrix with sorted indices, as :func:`add_dense_gram`."""
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
    """Add the weighted Gram matrix of dense or sparse rows to the lower triangle of `gram`."""
    if len(rows) == 1:
        add_dense_gram(rows[0], h, gram)
    else:
        add_sparse_gram(rows[0], rows[1], rows[2], h, gram)
