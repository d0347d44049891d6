"""Layers of few weights: the passes forward and backward through those that pruning has left.

A pruned layer keeps its surviving weights only, unit by unit of the next layer, in the flat vector of parameters; so
its gradient and the optimizer's memory are as short. Its products are plugged in like those of any layer, and read and
write batch memory as all layers do; but a first layer reads samples where they are, if their numbers are those of the
network, for there is so little to compute that gathering them would take a third of the time. Inside, samples are
turned into strips (:mod:`sknn_concepts.ground.strips`), or visited one by one on processors whose vectors are not
known.
"""

import functools
import itertools

import numpy as np

from sknn_concepts.engine.network import SIZE, WEIGHTS
from sknn_concepts.engine.source import is_sparse
from sknn_concepts.ground.arrays import Record
from sknn_concepts.ground.jit import COMPILED, kernel
from sknn_concepts.ground.processor import target_shape
from sknn_concepts.ground.strips import STRIP_DEPTH, dot_strips, strip_size, sum_strips, turn
from sknn_concepts.ground.tiles import address, new_panel, rows_at

#: Sums are aligned to the largest vectors.
ALIGNMENT = 64


class Connections:
    """Where the surviving weights of a layer lead from and to.

    Parameters
    ----------
    mask : ndarray of bool of shape (fan_in, fan_out)
        Which weights are left.
    """

    def __init__(self, mask):
        self.mask = np.array(mask, bool)
        self.n_weights = int(np.count_nonzero(self.mask))

    @functools.cached_property
    def _incoming(self):
        return _runs(self.mask.T)

    @functools.cached_property
    def _outgoing(self):
        places = np.empty(self.mask.shape, np.int64)
        places.T[self.mask.T] = np.arange(self.n_weights)
        return *_runs(self.mask), places[self.mask]

    def _forward(self, X):
        """Record of where weights lead from, where each unit's weights begin, block of them by block, and samples."""
        sources, starts = self._incoming
        return Record(sources=sources, starts=starts, X=X)

    def _backward(self, **samples):
        """Record of where weights lead to, seen from the layer before, and of their places among the layer's."""
        targets, starts, places = self._outgoing
        return Record(targets=targets, starts=starts, places=places, **samples)

    def unit_starts(self):
        """Where the weights of each unit of the next layer begin in the layer's, and where the last ones end."""
        starts = self._incoming[1]
        return np.append(starts[0], starts[-1, -1])

    def products(self, samples, goes_back, dtype):
        """Kernels of the layer's product, gradient and back product, each with its subject.

        Parameters
        ----------
        samples : Record or None
            What a first layer multiplies instead of gathered samples: CSR ones, or those that :func:`stay` in place.
        goes_back : bool
            Whether errors go back to the layer before.
        dtype : dtype
            Of the network.

        Returns
        -------
        product, gradient, back : tuple (kernel, Record)
            The last is None unless errors go back.
        """
        if samples is not None and is_sparse(samples):
            csr = {name: getattr(samples, name) for name in ("data", "indices", "indptr")}
            layer = self._backward(**csr)
            return (product_of_csr, layer), (gradient_of_csr, layer), None
        if in_strips():
            product, gradient, back = product_in_strips, gradient_in_strips, back_in_strips
        else:
            product, gradient, back = product_one_by_one, gradient_one_by_one, back_one_by_one
        layer = self._forward(np.empty((0, 0), dtype) if samples is None else samples.X)
        return (product, layer), (gradient, layer), (back, self._backward()) if goes_back else None


def in_strips():
    """Whether samples are turned into strips on this processor."""
    return COMPILED and target_shape() is not None


def stay(source, dtype):
    """Whether a layer of few weights reads samples where they are: as strips take them, rows of the network's dtype."""
    if is_sparse(source) or not in_strips():
        return False
    return source.X.dtype == dtype and source.X.flags.c_contiguous and source.X.flags.aligned


def connect(sizes, masks):
    """Connections of each matrix of weights, None for those that are dense, after a check of the shapes."""
    if masks is None:
        return [None] * (len(sizes) - 1)
    shapes = list(itertools.pairwise(sizes))
    if len(masks) != len(shapes):
        raise ValueError(f"masks must have one entry for each of {len(shapes)} matrices of weights; got {len(masks)}.")
    checked = [mask if mask is None or isinstance(mask, Connections) else Connections(mask) for mask in masks]
    for layer, (connections, shape) in enumerate(zip(checked, shapes, strict=True)):
        if connections is not None and connections.mask.shape != shape:
            raise ValueError(f"masks[{layer}] must have the shape {shape}; got {connections.mask.shape}.")
    return checked


def count_weights(sizes, connections):
    """Weights that lead to each layer."""
    shapes = itertools.pairwise(sizes)
    return [a * b if layer is None else layer.n_weights for (a, b), layer in zip(shapes, connections, strict=True)]


def unit_runs(layout, connections):
    """For each unit after the input, where its incoming weights begin and end, and how far they are apart.

    Parameters
    ----------
    layout : ndarray of shape (n_layers, 4)
        Of the network.
    connections : list of Connections or None
        One for each matrix of weights.

    Returns
    -------
    runs : ndarray of int64 of shape (n_units, 3)
    """
    runs = []
    for layer, known in enumerate(connections):
        first, end = layout[layer : layer + 2, WEIGHTS]
        size = layout[layer + 1, SIZE]
        if known is None:
            runs += [(first + unit, end, size) for unit in range(size)]
        else:
            runs += [(start, stop, 1) for start, stop in itertools.pairwise(first + known.unit_starts())]
    return np.array(runs, np.int64)


def _runs(mask):
    """For each row of a mask: where it is true, and where each block of columns begins among all those places."""
    n_rows, n_columns = mask.shape
    n_blocks = -(-n_columns // STRIP_DEPTH)
    # as the kernel divides them; the last blocks of very wide layers may be empty
    edges = np.minimum(np.arange(n_blocks + 1) * -(-n_columns // n_blocks), n_columns)
    rows, columns = np.nonzero(mask)
    starts = np.searchsorted(rows * n_columns + columns, np.arange(n_rows) * n_columns + edges[:, None])
    return columns.astype(np.int32), starts


@kernel
def aligned(n_numbers, like):
    """Array of one dimension, of numbers like those of another, that begins where a vector does."""
    room = ALIGNMENT // like.itemsize
    memory = np.empty(n_numbers + room, like.dtype)
    start = -(address(memory) // like.itemsize) % room
    return memory[start : start + n_numbers]


@kernel
def count(n):
    """Numbers from 0 to n - 1."""
    numbers = np.empty(n, np.int64)
    for i in range(n):
        numbers[i] = i
    return numbers


@kernel
def multiply_strips(sources, starts, w, x, n_sources, rows, z):
    """Z = x[rows] @ w for runs of weights, one run for each column of z, whose sources are columns of x.

    Parameters
    ----------
    sources : ndarray of int32 of shape (n_weights,)
        Column of `x` that each weight multiplies.
    starts : ndarray of int64 of shape (n_blocks + 1, n_columns)
        Where the run of each column of `z` enters each block of columns of `x`, and where it ends.
    w : ndarray of shape (n_weights,)
    x : int
        Address of a matrix of `n_sources` columns.
    rows : ndarray of int64 of shape (n_rows,)
        Rows of the matrix.
    z : ndarray of shape (n_rows, n_columns)
    """
    n_rows, n_columns = z.shape
    size = z.itemsize
    width = strip_size(z)
    n_blocks = starts.shape[0] - 1
    step = (n_sources + n_blocks - 1) // n_blocks
    panel = new_panel(z)
    sums = aligned(n_columns * width, z)
    units = count(n_columns)
    for top in range(0, n_rows, width):
        some = min(width, n_rows - top)
        for b in range(n_blocks):
            first = b * step
            columns = min(step, n_sources - first)
            turn(x + first * size, n_sources, rows, top, some, columns, panel, width, z)
            for j in range(n_columns):
                sum_strips(w, sources, starts[b, j], starts[b + 1, j], panel - first * width * size, sums, j, b > 0)
        turn(address(sums), width, units, 0, n_columns, some, address(z) + top * n_columns * size, n_columns, z)


@kernel
def product_in_strips(layer, rows, x, w, z, add):
    """Z = x @ w, or X[rows] @ w for samples that stay in place."""
    stays = layer.X.size > 0
    samples, fan_in = (address(layer.X), layer.X.shape[1]) if stays else (address(x), x.shape[1])
    visited = rows if stays else count(len(z))
    multiply_strips(layer.sources, layer.starts, w, samples, fan_in, visited, z)
    return 0.0


@kernel
def back_in_strips(layer, rows, below, w, delta, add):
    """Below = delta @ w.T."""
    places = layer.places
    outgoing = np.empty(w.size, w.dtype)
    for k in range(w.size):
        outgoing[k] = w[places[k]]
    multiply_strips(layer.targets, layer.starts, outgoing, address(delta), delta.shape[1], count(len(delta)), below)
    return 0.0


@kernel
def gradient_in_strips(layer, rows, x, gradient, delta, add):
    """Gradient = x.T @ delta at the places of the weights, or added to it; or X[rows].T @ delta."""
    n_rows, fan_out = delta.shape
    sources, starts = layer.sources, layer.starts
    size = x.itemsize
    width = strip_size(x)
    in_order = count(n_rows)
    stays = layer.X.size > 0
    samples, fan_in = (address(layer.X), layer.X.shape[1]) if stays else (address(x), x.shape[1])
    visited = rows if stays else in_order
    n_blocks = starts.shape[0] - 1
    step = (fan_in + n_blocks - 1) // n_blocks
    panel = new_panel(x)
    errors = aligned(fan_out * width, x)
    for top in range(0, n_rows, width):
        some = min(width, n_rows - top)
        if some < width:  # samples that do not exist count for nothing
            rows_at(panel, step, width, x)[:] = 0
            errors[:] = 0
        turn(address(delta), fan_out, in_order, top, some, fan_out, address(errors), width, x)
        for b in range(n_blocks):
            first = b * step
            columns = min(step, fan_in - first)
            turn(samples + first * size, fan_in, visited, top, some, columns, panel, width, x)
            entry = panel - first * width * size
            for j in range(fan_out):
                dot_strips(gradient, sources, starts[b, j], starts[b + 1, j], entry, errors, j, add or top > 0)
    return 0.0


# The same sample by sample: what processors run whose vectors are not known, and ordinary Python.


@kernel
def product_one_by_one(layer, rows, x, w, z, add):
    """Z = x @ w."""
    sources, starts = layer.sources, layer.starts
    for i in range(x.shape[0]):
        for j in range(z.shape[1]):
            total = z.dtype.type(0)
            for k in range(starts[0, j], starts[-1, j]):
                total += w[k] * x[i, sources[k]]
            z[i, j] = total
    return 0.0


@kernel
def back_one_by_one(layer, rows, below, w, delta, add):
    """Below = delta @ w.T."""
    targets, starts, places = layer.targets, layer.starts, layer.places
    for i in range(delta.shape[0]):
        for j in range(below.shape[1]):
            total = below.dtype.type(0)
            for k in range(starts[0, j], starts[-1, j]):
                total += w[places[k]] * delta[i, targets[k]]
            below[i, j] = total
    return 0.0


@kernel
def gradient_one_by_one(layer, rows, x, gradient, delta, add):
    """Gradient = x.T @ delta at the places of the weights, or added to it."""
    sources, starts = layer.sources, layer.starts
    if not add:
        gradient[:] = 0
    for i in range(x.shape[0]):
        for j in range(delta.shape[1]):
            for k in range(starts[0, j], starts[-1, j]):
                gradient[k] += x[i, sources[k]] * delta[i, j]
    return 0.0


# A first layer over CSR samples.


@kernel
def product_of_csr(layer, rows, _, w, z, add):
    """Z = X[rows] @ w."""
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
def gradient_of_csr(layer, rows, _, gradient, delta, add):
    """Gradient = X[rows].T @ delta at the places of the weights, or added to it."""
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
