"""Kernels of the second derivatives: what a block of samples keeps, and Jacobian columns and what they add up to.

*Columns* are the derivatives of some units of a layer with respect to the sums (values before the activation) of a
layer below: an array of shape (n_rows, n_columns, n_units), so that one matrix product takes all columns of all samples
one layer down.
"""

import math

import numpy as np

from sknn_concepts.activations import curvature, slope, value
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.dispatch import call
from sknn_concepts.jit.views import matrix
from sknn_concepts.losses.base import hessian, hessian_row

#: Numbers that columns are made of at once: half a megabyte, or one, for the second cache.
CHUNK = 2**17


@kernel
def run(table, index, arguments):
    """Call a plug from Python."""
    return call(table, index, arguments)


@kernel
def bend(activation, z, intercepts, slopes, bends):
    """Z = value(z + intercepts), in place, with the first and the second derivatives."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            s = z[i, j] + intercepts[j]
            z[i, j] = value(activation, s)
            slopes[i, j] = slope(activation, s)
            bends[i, j] = curvature(activation, s)
    return 0.0


@kernel
def rise(activation, z, intercepts, slopes, bends):
    """The same for straight pieces: the second derivatives stay as they are, zero."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            s = z[i, j] + intercepts[j]
            z[i, j] = value(activation, s)
            slopes[i, j] = slope(activation, s)
    return 0.0


@kernel
def output_hessian(strategy, y, raw, slopes, of_activation, out):
    """Second derivatives of each output's loss with respect to its sum; what its activation adds is given."""
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            out[i, j] = hessian(strategy, y[i, j], raw[i, j]) * slopes[i, j] * slopes[i, j] + of_activation[i, j]
    return 0.0


@kernel
def output_hessian_rows(strategy, y, raw, slopes, of_activation, out):
    """The same for losses that couple the outputs: matrices, one for each sample."""
    for i in range(raw.shape[0]):
        hessian_row(strategy, y[i], raw[i], out[i])
        for c in range(raw.shape[1]):
            for d in range(raw.shape[1]):
                out[i, c, d] *= slopes[i, c] * slopes[i, d]
            out[i, c, c] += of_activation[i, c]
    return 0.0


@kernel
def take_root(matrix, root, signs):
    """Root of a symmetric matrix, upper triangular: ``matrix = root.T @ diag(signs) @ root``.

    Elimination without a choice of pivots, which is stable as long as the root does not grow beyond the matrix, as
    those of semidefinite matrices never do. Returns whether it was like that.
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
def take_roots(matrices, roots, signs, found):
    """The same for the matrices of all samples."""
    for i in range(len(matrices)):
        found[i] = take_root(matrices[i], roots[i], signs[i])


@kernel
def first_columns(turned, slopes, columns):
    """Columns one layer below their units: the transposed weights of these units, times the slopes of each sample."""
    for i in range(columns.shape[0]):
        for c in range(columns.shape[1]):
            for j in range(columns.shape[2]):
                columns[i, c, j] = turned[c, j] * slopes[i, j]


@kernel
def lower_columns(table, back, no_rows, weights, above, slopes, columns, kept, factors, first, power, out):
    """Columns one layer below others, for some rows at a time; what their powers add up to is added to `out`.

    Parameters
    ----------
    table : ndarray
        Plugs of a machine.
    back : int
        Which of them is the product that leads down.
    no_rows : ndarray of int64 of shape (0,)
    weights : ndarray of one dimension
        That lead from the layer to the one above.
    above : ndarray of one dimension
        Columns of the layer above.
    slopes : ndarray of shape (n_rows, n_units)
    columns : ndarray of one dimension
        Memory for columns, all that are kept or those of CHUNK numbers and of one row at least.
    kept : bool
        Whether the columns are wanted.
    factors : ndarray of shape (n_rows, n)
        Of the columns, the first of which has the factor with index `first`; or none, if nothing is to be added.
    first : int
    power : {1, 2}
        Of the absolute values.
    out : ndarray of shape (n_rows, n_units)
    """
    n_rows, n_units = slopes.shape
    n_above = weights.size // n_units
    n_columns = above.size // (n_rows * n_above)
    some = max(1, CHUNK // (n_columns * n_units))
    for top in range(0, n_rows, some):
        m = min(some, n_rows - top)
        from_above = matrix(above, top * n_columns * n_above, m * n_columns, n_above)
        values = matrix(columns, top * n_columns * n_units if kept else 0, m * n_columns, n_units)
        call(table, back, (no_rows, values, weights, from_above, False))
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
def gradient_sparse_squares(source, rows, _, out, delta, add):
    """Out += (X[rows]^2).T @ delta, squares element by element."""
    gradient = out.reshape(out.size // delta.shape[1], delta.shape[1])
    data, indices, indptr = source.data, source.indices, source.indptr
    for i in range(rows.size):
        for k in range(indptr[rows[i]], indptr[rows[i] + 1]):
            number, column = delta.dtype.type(data[k]), indices[k]
            for j in range(delta.shape[1]):
                gradient[column, j] += number * number * delta[i, j]
    return 0.0


@kernel
def gradient_sparse_magnitudes(source, rows, _, out, delta, add):
    """Out += |X[rows]|.T @ delta."""
    gradient = out.reshape(out.size // delta.shape[1], delta.shape[1])
    data, indices, indptr = source.data, source.indices, source.indptr
    for i in range(rows.size):
        for k in range(indptr[rows[i]], indptr[rows[i] + 1]):
            number, column = delta.dtype.type(abs(data[k])), indices[k]
            for j in range(delta.shape[1]):
                gradient[column, j] += number * delta[i, j]
    return 0.0


@kernel
def fill_jacobian(x, columns, jacobian, start):
    """Derivatives with respect to one layer's weights, from column `start` on: those of its sums times its inputs."""
    n_rows, n_columns, n_units = columns.shape
    for i in range(n_rows):
        for c in range(n_columns):
            for k in range(x.shape[1]):
                for j in range(n_units):
                    jacobian[i, c, start + k * n_units + j] = x[i, k] * columns[i, c, j]


@kernel
def apply_matrices(matrices, a, out):
    """Out = matrix @ a, for each sample."""
    for i in range(a.shape[0]):
        for c in range(a.shape[1]):
            out[i, c, :] = 0
            for d in range(a.shape[1]):
                factor = matrices[i, c, d]
                for j in range(a.shape[2]):
                    out[i, c, j] += factor * a[i, d, j]
