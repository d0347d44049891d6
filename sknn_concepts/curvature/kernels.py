"""Kernels of the second derivatives: activations with their derivatives, Jacobian columns, and what is summed of them.

*Columns* are the derivatives of some units of a layer with respect to the pre-activations of a layer below: an array of
shape (n_rows, n_columns, n_units), so that one matrix product takes all columns of all samples one layer down.
"""

import math

import numpy as np
from numba import types

from sknn_concepts.activations import curvature, slope, value
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.dispatch import Array, Entries
from sknn_concepts.jit.views import matrix
from sknn_concepts.losses.base import hessian, hessian_row
from sknn_concepts.network.kernel_table import MATRIX, OUT_MATRIX, OUT_VECTOR, ROWS, VECTOR, call_back_product
from sknn_concepts.network.kernels import dense_product

#: Numbers of columns computed at once: half a megabyte in single precision, for the second-level cache.
NUMBERS_AT_ONCE = 2**17


@kernel
def activate_curved(activation, z, intercepts, slopes, curvatures):
    """Apply the activation in place to z + intercepts; store its first and second derivatives."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            s = z[i, j] + intercepts[j]
            z[i, j] = value(activation, s)
            slopes[i, j] = slope(activation, s)
            curvatures[i, j] = curvature(activation, s)
    return 0.0


@kernel
def activate_piecewise_linear(activation, z, intercepts, slopes, curvatures):
    """Apply the activation in place to z + intercepts; store its first derivatives, the second being zero."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            s = z[i, j] + intercepts[j]
            z[i, j] = value(activation, s)
            slopes[i, j] = slope(activation, s)
    return 0.0


@kernel
def output_hessian(strategy, y, raw, slopes, of_activation, out):
    """Second derivatives of the loss with respect to each output's pre-activation; `of_activation` is added to them."""
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            out[i, j] = hessian(strategy, y[i, j], raw[i, j]) * slopes[i, j] * slopes[i, j] + of_activation[i, j]
    return 0.0


@kernel
def output_hessian_rows(strategy, y, raw, slopes, of_activation, out):
    """Hessian matrices of a loss that couples the outputs, one for each sample; see :func:`output_hessian`."""
    for i in range(raw.shape[0]):
        hessian_row(strategy, y[i], raw[i], out[i])
        for c in range(raw.shape[1]):
            for d in range(raw.shape[1]):
                out[i, c, d] *= slopes[i, c] * slopes[i, d]
            out[i, c, c] += of_activation[i, c]
    return 0.0


@kernel(internal=True)
def triangular_root(matrix, root, signs):
    """Find an upper triangular root of a symmetric matrix: ``matrix = root.T @ diag(signs) @ root``.

    Elimination without pivoting is stable as long as the root does not grow beyond the matrix, and that of a
    semidefinite matrix never does. Returns whether it stayed stable.
    """
    n = len(matrix)
    largest = total = root.dtype.type(0)
    for c in range(n):
        for d in range(n):
            root[c, d] = matrix[c, d] if d >= c else 0
            largest = max(largest, abs(matrix[c, d]))
            total += abs(matrix[c, d])
    if not math.isfinite(total):
        root[:], signs[:] = total, 1
        return True
    for k in range(n):
        pivot = root[k, k]
        signs[k] = sign = np.sign(pivot)
        if sign == 0:
            for d in range(k + 1, n):
                if root[k, d] != 0:
                    return False
            continue
        scale = 1 / math.sqrt(abs(pivot))
        for d in range(k, n):
            root[k, d] *= scale
            if not root[k, d] * root[k, d] <= 2 * largest:
                return False
        for c in range(k + 1, n):
            factor = sign * root[k, c]
            for d in range(c, n):
                root[c, d] -= factor * root[k, d]
    return True


@kernel
def triangular_roots(matrices, roots, signs, found):
    """Find the triangular roots of the matrices of all samples; `found` says of which."""
    for i in range(len(matrices)):
        found[i] = triangular_root(matrices[i], roots[i], signs[i])


@kernel
def first_columns(transposed, slopes, columns):
    """Compute columns one layer below their units: the units' transposed weights times the slopes of each sample."""
    for i in range(columns.shape[0]):
        for c in range(columns.shape[1]):
            for j in range(columns.shape[2]):
                columns[i, c, j] = transposed[c, j] * slopes[i, j]


@kernel
def propagate_columns(table, layer, no_rows, weights, above, slopes, columns, keep, factors, first, power, out):
    """Take columns one layer down, some rows at a time, and add the weighted sum of their powers to `out`.

    `weights` lead from this layer, counted from the input, to the one above, whose columns are `above`; both are flat.
    `no_rows` is empty: the product reads no rows of the data set. `slopes` has shape (n_rows, n_units). If `keep`, the
    columns themselves are wanted, and `columns` is flat memory for all of them; otherwise for NUMBERS_AT_ONCE numbers,
    and one row at least. `factors` has a factor for each row and column, of which `first` is the first here; it is
    empty if nothing is to be added. The power of the absolute values is 1 or 2.
    """
    n_rows, n_units = slopes.shape
    n_above = weights.size // n_units
    n_columns = above.size // (n_rows * n_above)
    n_rows_at_once = max(1, NUMBERS_AT_ONCE // (n_columns * n_units))
    for top in range(0, n_rows, n_rows_at_once):
        m = min(n_rows_at_once, n_rows - top)
        from_above = matrix(above, top * n_columns * n_above, m * n_columns, n_above)
        values = matrix(columns, top * n_columns * n_units if keep else 0, m * n_columns, n_units)
        call_back_product(table, layer, no_rows, values, weights, from_above, False, 0)
        for row in range(m * n_columns):
            i, column = top + row // n_columns, first + row % n_columns
            for j in range(n_units):
                values[row, j] *= slopes[i, j]
            if factors.size == 0:
                continue
            factor = factors[i, column]
            if power == 2:
                for j in range(n_units):
                    out[i, j] += factor * values[row, j] * values[row, j]
            else:
                for j in range(n_units):
                    out[i, j] += factor * abs(values[row, j])


@kernel
def add_csr_power(dataset, rows, out, delta, power):
    """Add (|X[rows]|^power).T @ delta, the power being 1 or 2, element by element."""
    gradient = out.reshape(out.size // delta.shape[1], delta.shape[1])
    data, indices, indptr = dataset.data, dataset.indices, dataset.indptr
    for i in range(rows.size):
        for k in range(indptr[rows[i]], indptr[rows[i] + 1]):
            number, column = abs(delta.dtype.type(data[k])), indices[k]
            if power == 2:
                number *= number
            for j in range(delta.shape[1]):
                gradient[column, j] += number * delta[i, j]
    return 0.0


@kernel
def fill_jacobian(x, columns, jacobian, start):
    """Fill in derivatives with respect to one layer's weights, from `start` on: its columns times its inputs."""
    n_rows, n_columns, n_units = columns.shape
    for i in range(n_rows):
        for c in range(n_columns):
            for k in range(x.shape[1]):
                for j in range(n_units):
                    jacobian[i, c, start + k * n_units + j] = x[i, k] * columns[i, c, j]


@kernel
def multiply_matrices(matrices, a, out):
    """Multiply each sample's matrix by `a`, into `out`."""
    for i in range(a.shape[0]):
        for c in range(a.shape[1]):
            out[i, c, :] = 0
            for d in range(a.shape[1]):
                factor = matrices[i, c, d]
                for j in range(a.shape[2]):
                    out[i, c, j] += factor * a[i, d, j]


#: Entries of the dispatch table of blocks of samples.
ENTRIES = Entries()


@ENTRIES.declare(OUT_MATRIX, VECTOR, OUT_MATRIX, OUT_MATRIX, kernels=[activate_curved, activate_piecewise_linear])
def call_activation(table, layer, z, intercepts, slopes, curvatures):
    """z = value(z + intercepts), with the first and the second derivatives."""


@ENTRIES.declare(MATRIX, MATRIX, MATRIX, MATRIX, OUT_MATRIX, kernels=[output_hessian])
def call_output_hessian(table, y, raw, slopes, of_activation, out):
    """Second derivatives of the loss with respect to each output's pre-activation."""


@ENTRIES.declare(MATRIX, MATRIX, MATRIX, MATRIX, Array(3, written=True), kernels=[output_hessian_rows])
def call_output_hessian_rows(table, y, raw, slopes, of_activation, out):
    """Hessian matrices of a loss that couples the outputs, one for each sample."""


@ENTRIES.declare(ROWS, OUT_VECTOR, MATRIX, types.int64, kernels=[add_csr_power])
def call_csr_power(table, rows, out, delta, power):
    """out += (|X[rows]|^power).T @ delta, the power being 1 or 2, element by element."""


@ENTRIES.declare(ROWS, MATRIX, OUT_VECTOR, MATRIX, types.boolean, types.int64, kernels=[dense_product])
def call_transposed_product(table, rows, a, out, b, add, first):
    """out += a.T @ b."""
