"""Compiled kernels called from Python as networks call them, and kernels that tell all that a strategy computes."""

import numpy as np
from numba import typeof

from sknn_concepts.activations import curvature, slope, slope_from_value, value
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.dispatch import DispatchTable, Entries
from sknn_concepts.losses.base import gradient, hessian, hessian_row, loss
from sknn_concepts.optimizers import read_coefficients, read_slots, update, write_slots

_entries: dict = {}  # types of arguments -> entry of a table


def entry_of(argument_types):
    """Entry of a table that takes arguments of these types."""
    if argument_types not in _entries:
        parameters = ", ".join(f"argument_{i}" for i in range(len(argument_types)))
        call = eval(f"lambda table, {parameters}: None")
        call.__name__ = "call"
        _entries[argument_types] = Entries().declare(*argument_types, kernels=[])(call)
    return _entries[argument_types]


def run(kernel, specialization, *arguments):
    """Bind a kernel with its specialization, a strategy or an ArrayStruct, and call it; the first argument is an array.

    The numbers of a strategy take the dtype of that array.
    """
    entry = entry_of(tuple(typeof(argument) for argument in arguments))
    if kernel not in entry.kernels:
        entry.kernels.append(kernel)
    table = DispatchTable([entry], arguments[0].dtype)
    table.bind(entry, kernel, specialization)
    with np.errstate(all="ignore"):  # machine code does not warn; without the JIT it is NumPy that computes
        return entry(table.calls, *arguments)


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
def updates(optimizer, w, g, slots, coefficients, out):
    c = read_coefficients(optimizer, coefficients, 0)
    for i in range(w.size):
        out[i], of_i = update(optimizer, w[i], g[i], read_slots(optimizer, slots, i), c)
        write_slots(optimizer, slots, i, of_i)
    return 0.0


def rows_of(kernel, strategy, x):
    """What a kernel over numbers gives, ndarray of shape (n_rows, x.size).

    The rows are doubles whatever the dtype of `x`: what was computed in single precision shows it.
    """
    n_rows = 3 if kernel is values_and_derivatives else 1
    out = np.empty((n_rows, x.size))
    run(kernel, strategy, x, out)
    return out
