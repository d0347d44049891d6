"""Products of layers with masks, which multiply only the weights that are left, and of layers over CSR samples.

A first layer with a mask reads samples where they are if they have the dtype of the network: there is so little to
compute that gathering them would take a quarter of the time. Samples are multiplied block by block
(:mod:`sknn_concepts.gemm.sample_blocks`), or one by one on processors whose vectors are not known. Where the weights
lead from and to is told by :mod:`sknn_concepts.network.connections`.
"""

import numpy as np

from sknn_concepts.gemm.sample_blocks import dot_blocks, samples_per_block, sum_blocks, transpose
from sknn_concepts.gemm.tiles import address, new_panel, rows_at
from sknn_concepts.jit.decorator import CHECKED, kernel
from sknn_concepts.jit.memory import LINE
from sknn_concepts.jit.views import matrix, part


@kernel(internal=True)
def aligned(n_numbers, like):
    """Flat array of the dtype of another that begins at a cache line."""
    room = LINE // like.itemsize
    memory = np.empty(n_numbers + room, like.dtype)
    start = -(address(memory) // like.itemsize) % room
    return memory[start : start + n_numbers]


@kernel(internal=True)
def count(n):
    """Numbers from 0 to n - 1."""
    numbers = np.empty(n, np.int64)
    for i in range(n):
        numbers[i] = i
    return numbers


@kernel
def check_runs(sources, starts, w, n_sources, n_columns):
    """Raise IndexError if weights lead from units that do not exist: the products of blocks do not check bounds.

    Does nothing without ``NUMBA_BOUNDSCHECK=1``; the arguments are those of :func:`multiply_masked`.
    """
    if CHECKED:
        n_blocks = starts.shape[0] - 1
        step = (n_sources + n_blocks - 1) // n_blocks
        for j in range(n_columns):
            for b in range(n_blocks):
                first, stop = starts[b, j], starts[b + 1, j]
                if first < 0 or stop < first or stop > w.size or stop > sources.size:
                    raise IndexError("a run of weights is out of bounds")
                for k in range(first, stop):
                    if sources[k] < b * step or sources[k] >= min((b + 1) * step, n_sources):
                        raise IndexError("a weight leads from a unit that is not there")


@kernel(internal=True)
def multiply_masked(sources, starts, w, x, n_sources, rows, z):
    """Compute z = x[rows] @ w for runs of weights, one run for each column of z, whose sources are columns of x.

    Parameters
    ----------
    sources : ndarray of int32 of shape (n_weights,)
        Column of `x` that each weight multiplies.
    starts : ndarray of int64 of shape (n_blocks + 1, n_columns)
        Positions at which the run of each column of `z` enters each block of columns of `x`, and at which it ends.
    w : ndarray of shape (n_weights,)
    x : int
        Address of a matrix.
    n_sources : int
        Columns of the matrix.
    rows : ndarray of int64 of shape (n_rows,)
        Rows of the matrix.
    z : ndarray of shape (n_rows, n_columns)
    """
    n_rows, n_columns = z.shape
    size = z.itemsize
    width = samples_per_block(z)
    n_blocks = starts.shape[0] - 1
    step = (n_sources + n_blocks - 1) // n_blocks
    check_runs(sources, starts, w, n_sources, n_columns)
    panel = new_panel(z)
    sums = aligned(n_columns * width, z)
    units = count(n_columns)
    for top in range(0, n_rows, width):
        some = min(width, n_rows - top)
        for b in range(n_blocks):
            first = b * step
            columns = min(step, n_sources - first)
            transpose(x + first * size, n_sources, rows, top, some, columns, panel, width, z)
            for j in range(n_columns):
                sum_blocks(w, sources, starts[b, j], starts[b + 1, j], panel - first * width * size, sums, j, b > 0)
        transpose(address(sums), width, units, 0, n_columns, some, address(z) + top * n_columns * size, n_columns, z)


@kernel
def masked_product(layer, rows, x, w, z, add, first):
    """Compute z = x @ w, or X[rows] @ w for samples that are read in place."""
    in_place = layer.X.size > 0
    samples, fan_in = (address(layer.X), layer.X.shape[1]) if in_place else (address(x), x.shape[1])
    visited = rows if in_place else count(len(z))
    multiply_masked(layer.sources, layer.starts, w, samples, fan_in, visited, z)
    return 0.0


@kernel
def masked_back_product(layer, rows, below, w, delta, add, first):
    """Compute below = delta @ w.T."""
    places = layer.places
    outgoing = np.empty(w.size, w.dtype)
    for k in range(w.size):
        outgoing[k] = w[places[k]]
    multiply_masked(layer.targets, layer.starts, outgoing, address(delta), delta.shape[1], count(len(delta)), below)
    return 0.0


@kernel
def masked_gradient(layer, rows, x, gradient, delta, add, first):
    """Store or add x.T @ delta, or X[rows].T @ delta, at the places of the weights, for the columns from `first` on.

    So many columns as the gradient has room for.
    """
    n_rows, fan_out = delta.shape
    starts, offset = layer.starts, layer.starts[0, first]
    last = first
    while last < fan_out and starts[-1, last] - offset <= gradient.size:
        last += 1
    n_columns = last - first
    sources = part(layer.sources, offset, offset + gradient.size)
    size = x.itemsize
    width = samples_per_block(x)
    in_order = count(n_rows)
    in_place = layer.X.size > 0
    samples, fan_in = (address(layer.X), layer.X.shape[1]) if in_place else (address(x), x.shape[1])
    visited = rows if in_place else in_order
    n_blocks = starts.shape[0] - 1
    step = (fan_in + n_blocks - 1) // n_blocks
    check_runs(layer.sources, starts, layer.sources, fan_in, fan_out)
    panel = new_panel(x)
    errors = aligned(n_columns * width, x)
    for top in range(0, n_rows, width):
        some = min(width, n_rows - top)
        if some < width:  # samples that do not exist count for nothing
            rows_at(panel, step, width, x)[:] = 0
            errors[:] = 0
        transpose(address(delta) + first * size, fan_out, in_order, top, some, n_columns, address(errors), width, x)
        for b in range(n_blocks):
            source = b * step
            columns = min(step, fan_in - source)
            transpose(samples + source * size, fan_in, visited, top, some, columns, panel, width, x)
            entry = panel - source * width * size
            for j in range(n_columns):
                start, stop = starts[b, first + j] - offset, starts[b + 1, first + j] - offset
                dot_blocks(gradient, sources, start, stop, entry, errors, j, add or top > 0)
    return 0.0


# Products with a mask, sample by sample: for processors whose vectors are not known, and for ordinary Python.


@kernel
def masked_product_by_sample(layer, rows, x, w, z, add, first):
    """Compute z = x @ w."""
    sources, starts = layer.sources, layer.starts
    for i in range(x.shape[0]):
        for j in range(z.shape[1]):
            total = z.dtype.type(0)
            for k in range(starts[0, j], starts[-1, j]):
                total += w[k] * x[i, sources[k]]
            z[i, j] = total
    return 0.0


@kernel
def masked_back_product_by_sample(layer, rows, below, w, delta, add, first):
    """Compute below = delta @ w.T."""
    targets, starts, places = layer.targets, layer.starts, layer.places
    for i in range(delta.shape[0]):
        for j in range(below.shape[1]):
            total = below.dtype.type(0)
            for k in range(starts[0, j], starts[-1, j]):
                total += w[places[k]] * delta[i, targets[k]]
            below[i, j] = total
    return 0.0


@kernel
def masked_gradient_by_sample(layer, rows, x, gradient, delta, add, first):
    """Store or add x.T @ delta at the places of the weights."""
    sources, starts = layer.sources, layer.starts
    if not add:
        gradient[:] = 0
    for i in range(x.shape[0]):
        for j in range(delta.shape[1]):
            for k in range(starts[0, j], starts[-1, j]):
                gradient[k] += x[i, sources[k]] * delta[i, j]
    return 0.0


# A first layer over CSR samples, with all weights and with some. The loops differ in what the innermost one visits.


@kernel
def csr_product(dataset, rows, _, weights, out, add, first):
    """Compute X[rows] @ w for the matrix w of all weights."""
    w = matrix(weights, 0, weights.size // out.shape[1], out.shape[1])
    data, indices, indptr = dataset.data, dataset.indices, dataset.indptr
    out[:] = 0
    for i in range(rows.size):
        for k in range(indptr[rows[i]], indptr[rows[i] + 1]):
            number, column = w.dtype.type(data[k]), indices[k]
            for j in range(w.shape[1]):
                out[i, j] += number * w[column, j]
    return 0.0


@kernel
def csr_gradient(dataset, rows, _, out, delta, add, first):
    """Store or add X[rows].T @ delta, for the features from `first` on."""
    n_features = out.size // delta.shape[1]
    gradient = matrix(out, 0, n_features, delta.shape[1])
    data, indices, indptr = dataset.data, dataset.indices, dataset.indptr
    if not add:
        gradient[:] = 0
    for i in range(rows.size):
        for k in range(indptr[rows[i]], indptr[rows[i] + 1]):
            number, column = delta.dtype.type(data[k]), indices[k] - first
            if 0 <= column < n_features:
                for j in range(delta.shape[1]):
                    gradient[column, j] += number * delta[i, j]
    return 0.0


@kernel
def masked_csr_product(layer, rows, _, w, z, add, first):
    """Compute z = X[rows] @ w."""
    data, indices, indptr = layer.data, layer.indices, layer.indptr
    targets, starts, places = layer.targets, layer.starts, layer.places
    z[:] = 0
    for i in range(rows.size):
        for k in range(indptr[rows[i]], indptr[rows[i] + 1]):
            number, column = w.dtype.type(data[k]), indices[k]
            for place in range(starts[0, column], starts[-1, column]):
                z[i, targets[place]] += number * w[places[place]]
    return 0.0


@kernel
def masked_csr_gradient(layer, rows, _, gradient, delta, add, first):
    """Store or add X[rows].T @ delta at the places of the weights."""
    data, indices, indptr = layer.data, layer.indices, layer.indptr
    targets, starts, places = layer.targets, layer.starts, layer.places
    if not add:
        gradient[:] = 0
    for i in range(rows.size):
        for k in range(indptr[rows[i]], indptr[rows[i] + 1]):
            number, column = delta.dtype.type(data[k]), indices[k]
            for place in range(starts[0, column], starts[-1, column]):
                gradient[places[place]] += number * delta[i, targets[place]]
    return 0.0
