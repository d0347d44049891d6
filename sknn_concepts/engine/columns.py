"""Kernels of the second derivatives: what a block of samples keeps, and Jacobian columns and what they add up to.

*Columns* are the derivatives of some units of a layer with respect to the sums (values before the activation) of a
layer below: an array of shape (n_rows, n_columns, n_units), so that one matrix product takes all columns of all samples
one layer down.
"""

from sknn_concepts.ground.jit import kernel
from sknn_concepts.ground.strategy import call
from sknn_concepts.strategies.activations import curvature, slope, value
from sknn_concepts.strategies.loss_base import hessian, hessian_row


@kernel
def run(sockets, index, arguments):
    """Call a plug from Python."""
    return call(sockets, index, arguments)


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
def output_hessian(strategy, y, raw, out):
    """Second derivatives of each output's loss."""
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            out[i, j] = hessian(strategy, y[i, j], raw[i, j])
    return 0.0


@kernel
def output_hessian_rows(strategy, y, raw, out):
    """Second derivatives of each sample's loss, matrices over the outputs."""
    for i in range(raw.shape[0]):
        hessian_row(strategy, y[i], raw[i], out[i])
    return 0.0


@kernel
def first_columns(turned, slopes, columns):
    """Columns one layer below their units: the transposed weights of these units, times the slopes of each sample."""
    for i in range(columns.shape[0]):
        for c in range(columns.shape[1]):
            for j in range(columns.shape[2]):
                columns[i, c, j] = turned[c, j] * slopes[i, j]


@kernel
def scale_columns(columns, slopes):
    """Columns with respect to sums, from those with respect to values."""
    for i in range(columns.shape[0]):
        for c in range(columns.shape[1]):
            for j in range(columns.shape[2]):
                columns[i, c, j] *= slopes[i, j]


@kernel
def add_forms(columns, matrices, out):
    """Out += sum_cd columns_c matrix_cd columns_d, for each unit; the matrices are symmetric, of any signature."""
    n_rows, n_columns, n_units = columns.shape
    for i in range(n_rows):
        for c in range(n_columns):
            inner = out.dtype.type(2)  # each pair is taken once
            factor = matrices[i, c, c]
            for j in range(n_units):
                out[i, j] += factor * columns[i, c, j] * columns[i, c, j]
            d = c + 1
            while d + 3 < n_columns:  # four at a time, so that less of the time goes to loading and storing `out`
                f0, f1 = inner * matrices[i, c, d], inner * matrices[i, c, d + 1]
                f2, f3 = inner * matrices[i, c, d + 2], inner * matrices[i, c, d + 3]
                for j in range(n_units):
                    near = f0 * columns[i, d, j] + f1 * columns[i, d + 1, j]
                    far = f2 * columns[i, d + 2, j] + f3 * columns[i, d + 3, j]
                    out[i, j] += columns[i, c, j] * (near + far)
                d += 4
            for rest in range(d, n_columns):
                factor = inner * matrices[i, c, rest]
                for j in range(n_units):
                    out[i, j] += factor * columns[i, c, j] * columns[i, rest, j]


@kernel
def add_squares(columns, factors, first, out):
    """Out += sum_c factor_c columns_c^2, for each unit; the first column has the factor with index `first`."""
    for i in range(columns.shape[0]):
        for c in range(columns.shape[1]):
            factor = factors[i, first + c]
            for j in range(columns.shape[2]):
                out[i, j] += factor * columns[i, c, j] * columns[i, c, j]


@kernel
def add_magnitudes(columns, factors, first, out):
    """Out += sum_c factor_c |columns_c|, for each unit; the first column has the factor with index `first`."""
    for i in range(columns.shape[0]):
        for c in range(columns.shape[1]):
            factor = factors[i, first + c]
            for j in range(columns.shape[2]):
                out[i, j] += factor * abs(columns[i, c, j])


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
