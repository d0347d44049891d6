"""Compiled kernels called from Python as the engine calls them, and kernels that tell all that a strategy computes."""

import numpy as np
from numba import typeof

from sknn_concepts.activations import curvature, slope, slope_from_value, value
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.dispatch import bind, call, dispatch_table
from sknn_concepts.losses.base import gradient, hessian, hessian_row, loss
from sknn_concepts.optimizers import update


@kernel
def call_first(table, arguments):
    return call(table, 0, arguments)


def run(kernel, subject, *arguments):
    """Plug a kernel with its subject, a strategy or a record, into a table and call it; the first argument is an array.

    A strategy's numbers take that array's dtype.
    """
    table = dispatch_table(1)
    memory = bind(table, 0, kernel, subject, arguments[0].dtype, tuple(typeof(argument) for argument in arguments))
    with np.errstate(all="ignore"):  # machine code does not warn; without the JIT it is NumPy that computes
        result = call_first(table, arguments)
    del memory  # held until here: the table has its address
    return result


@kernel
def values(activation, z, out):
    for i in range(z.size):
        out[0, i] = value(activation, z[i])
    return 0.0


@kernel
def values_and_derivatives(activation, z, out):
    for i in range(z.size):
        out[0, i] = value(activation, z[i])
        out[1, i] = slope(activation, z[i])
        out[2, i] = curvature(activation, z[i])
    return 0.0


@kernel
def slopes_from_value(activation, a, out):
    for i in range(a.size):
        out[0, i] = slope_from_value(activation, a[i])
    return 0.0


@kernel
def losses_and_slopes(strategy, y, raw, out):
    for i in range(raw.size):
        out[0, i] = loss(strategy, y[i], raw[i])
        out[1, i] = gradient(strategy, y[i], raw[i])
    return 0.0


@kernel
def hessians(strategy, y, raw, out):
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            out[i, j] = hessian(strategy, y[i, j], raw[i, j])
    return 0.0


@kernel
def hessian_rows(strategy, y, raw, out):
    for i in range(raw.shape[0]):
        hessian_row(strategy, y[i], raw[i], out[i])
    return 0.0


@kernel
def updates(optimizer, w, g, c, out):
    for i in range(w.size):
        rates = (c[0], c[1], c[2], c[3])
        out[0, i], out[1, i], out[2, i] = update(optimizer, w[i], g[i], abs(w[i]), g[i] * g[i], rates)
    return 0.0


def rows_of(kernel, strategy, x):
    """What a kernel over numbers gives, ndarray of shape (n_rows, x.size).

    The rows are doubles whatever the dtype of `x`: what was computed in single precision shows it.
    """
    n_rows = 3 if kernel is values_and_derivatives else 1
    out = np.empty((n_rows, x.size))
    run(kernel, strategy, x, out)
    return out
