"""The passes forward and backward through the layers of a network."""

from typing import NamedTuple

import numpy as np

from sknn_concepts.jit.decorator import CHECKED, kernel
from sknn_concepts.jit.dispatch import Calls
from sknn_concepts.jit.views import flat, matrix, part
from sknn_concepts.network.kernel_table import (
    call_activate,
    call_back_product,
    call_gradient,
    call_product,
    call_scale,
)
from sknn_concepts.network.layout import INTERCEPTS, SIZE, UNITS, WEIGHTS


class Memory(NamedTuple):
    """Memory for a batch; `values` to `masks` hold all layers after the input, one after the other."""

    inputs: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    deltas: np.ndarray
    masks: np.ndarray
    y: np.ndarray
    weights: np.ndarray


class Context(NamedTuple):
    """Arguments that the forward and the backward pass of a network share.

    Attributes
    ----------
    layout : ndarray of shape (n_layers, 4)
        See :mod:`sknn_concepts.network.layout`.
    table : Calls
        Kernels of the network, declared in :mod:`sknn_concepts.network.kernel_table`.
    memory : Memory
        Memory for a batch.
    batch_size : int
        Rows that the memory holds.
    weighted : bool
        Whether the samples have weights.
    in_place : bool
        Whether the first layer reads the samples where they are, so that none are gathered.
    unit_starts : ndarray of int64 of shape (n_units,)
        For each unit after the input the position at which its incoming weights begin; -1 in layers without a mask,
        whose weights do not lie unit by unit.
    """

    layout: np.ndarray
    table: Calls
    memory: Memory
    batch_size: int
    weighted: bool
    in_place: bool
    unit_starts: np.ndarray


@kernel(internal=True)
def layer_block(memory, layout, layer, first, n_rows, batch_size):
    """Matrix of the units of one layer in an array of the batch memory, for the samples from `first` on."""
    size = layout[layer, SIZE]
    return matrix(memory, batch_size * layout[layer, UNITS] + first * size, n_rows, size)


@kernel(internal=True)
def input_block(context, first, n_rows):
    """Matrix of gathered samples from `first` on; it is empty if they are read where they are."""
    size = context.layout[0, SIZE]
    if context.in_place:
        first = n_rows = 0
    return matrix(context.memory.inputs, first * size, n_rows, size)


@kernel(internal=True)
def forward(context, theta, rows, first, stop, keep, seed):
    """Compute the values of the layers up to `stop` for a part of a batch.

    Parameters
    ----------
    context : Context
    theta : ndarray of shape (n_parameters,)
        Parameters.
    rows : ndarray of int64
        Rows of the data set that make the part, which are gathered.
    first : int
        Place of the part in the batch.
    stop : int
        Last layer, counted from the input.
    keep : float
        Probability that a hidden unit is kept by dropout.
    seed : int64
        Seed of the dropout masks.
    """
    layout, table, memory, batch_size = context.layout, context.table, context.memory, context.batch_size
    m = rows.size
    x = input_block(context, first, m)
    for layer in range(stop):
        above = layer + 1
        weights = part(theta, layout[layer, WEIGHTS], layout[above, WEIGHTS])
        intercepts = part(theta, layout[layer, INTERCEPTS], layout[above, INTERCEPTS])
        z = layer_block(memory.values, layout, above, first, m, batch_size)
        call_product(table, layer, rows, x, weights, z, False, 0)
        slopes = layer_block(memory.slopes, layout, above, first, m, batch_size)
        call_activate(table, layer, z, intercepts, slopes)
        if keep < 1.0 and layer < layout.shape[0] - 2:
            masks = layer_block(memory.masks, layout, above, first, m, batch_size)
            drop(z, masks, keep, seed + layer, first * z.shape[1])
        x = z


@kernel(internal=True)
def backward(context, theta, rows, first, keep):
    """Turn the errors of the output layer into those of each layer before its activation, for a part of a batch."""
    layout, table, memory, batch_size = context.layout, context.table, context.memory, context.batch_size
    m = rows.size
    last = layout.shape[0] - 2
    delta = layer_block(memory.deltas, layout, last + 1, first, m, batch_size)
    for layer in range(last, -1, -1):
        above = layer + 1
        dropped = keep < 1.0 and layer < last
        if dropped:
            scale_by_mask(delta, layer_block(memory.masks, layout, above, first, m, batch_size))
        a = layer_block(memory.values, layout, above, first, m, batch_size)
        slopes = layer_block(memory.slopes, layout, above, first, m, batch_size)
        call_scale(table, layer, a, slopes, delta, keep if dropped else 1.0)
        if layer > 0:
            weights = part(theta, layout[layer, WEIGHTS], layout[above, WEIGHTS])
            below = layer_block(memory.deltas, layout, layer, first, m, batch_size)
            call_back_product(table, layer, rows, below, weights, delta, False, 0)
            delta = below


@kernel(internal=True)
def layer_gradient(context, gradient, rows, layer, unit_range, column_range, add):
    """Compute a part of the gradient of a layer's weights and intercepts from the errors of a whole batch.

    Parameters
    ----------
    context : Context
    gradient : ndarray of shape (n_parameters,)
        Gradient, of which the part is stored, or to which it is added.
    rows : ndarray of int64
        Rows of the data set that make the batch.
    layer : int
        Layer from which the weights lead.
    unit_range : tuple of int
        First of the units from which the weights lead, and the one after the last; not read in a layer with a mask.
    column_range : tuple of int
        First of the units of the next layer whose intercepts are meant, and the one after the last; in a layer with a
        mask their weights, too.
    add : bool
        Whether to add.
    """
    layout, memory, batch_size = context.layout, context.memory, context.batch_size
    above, m = layer + 1, rows.size
    top = np.int64(0)  # not a literal, of which each would have a function of its own
    delta = layer_block(memory.deltas, layout, above, top, m, batch_size)
    x = input_block(context, top, m) if layer == 0 else layer_block(memory.values, layout, layer, top, m, batch_size)
    start, stop, first = layout[layer, WEIGHTS], layout[above, WEIGHTS], unit_range[0]
    starts = part(context.unit_starts, layout[above, UNITS], layout[above, UNITS] + layout[above, SIZE])
    if starts[0] >= 0:
        first, end = column_range
        stop = starts[end] if end < starts.size else stop
        start = starts[first] if first < end else stop
    elif unit_range[1] - first < layout[layer, SIZE]:
        stop = start + unit_range[1] * layout[above, SIZE]
        start += first * layout[above, SIZE]
    if stop > start:
        call_gradient(context.table, layer, rows, x, part(gradient, start, stop), delta, add, first)
    start = layout[layer, INTERCEPTS]
    sum_columns(delta, column_range[0], part(gradient, start + column_range[0], start + column_range[1]), add)


@kernel(internal=True)
def sum_columns(delta, first, out, add):
    """Sums of the columns of a matrix from `first` on, stored or added, four rows at a time."""
    m, n = delta.shape
    if not add:
        for j in range(out.size):
            out[j] = 0
    # the columns are those of a matrix that begins with the first: LLVM vectorizes indices that it knows not to be
    # negative. Of its last row only these columns are read; what follows is not a part of the memory.
    shift = first if CHECKED else 0
    d = matrix(flat(delta), first - shift, m, n)
    done = m - m % 4
    for i in range(0, done, 4):
        for j in range(out.size):
            out[j] += (d[i, shift + j] + d[i + 1, shift + j]) + (d[i + 2, shift + j] + d[i + 3, shift + j])
    for i in range(done, m):
        for j in range(out.size):
            out[j] += d[i, shift + j]


@kernel(internal=True)
def drop(a, mask, keep, seed, start):
    """Inverted dropout (Srivastava et al., 2014): units are zeroed, or divided by the probability of being kept.

    The first unit of the first sample of `a` has the number `start` in the batch.
    """
    a, mask = flat(a), flat(mask)
    threshold = np.uint32(keep * 4294967295.0)
    scale = a.dtype.type(1.0 / keep)
    for i in range(a.size):
        # a hash of the position (two rounds of xor, shift, multiply) is a random number that needs no state
        x = np.uint32(np.uint32(start + i) ^ np.uint32(seed * 747796405 & 0xFFFFFFFF))
        x = np.uint32(np.uint32(x ^ np.uint32(x >> np.uint32(16))) * np.uint32(0x7FEB352D))
        x = np.uint32(np.uint32(x ^ np.uint32(x >> np.uint32(15))) * np.uint32(0x846CA68B))
        x = np.uint32(x ^ np.uint32(x >> np.uint32(16)))
        mask[i] = scale if x <= threshold else a.dtype.type(0.0)
        a[i] *= mask[i]


@kernel(internal=True)
def scale_by_mask(delta, mask):
    """Multiply `delta` by the mask, in place."""
    mask, delta = flat(mask), flat(delta)
    for i in range(delta.size):
        delta[i] *= mask[i]
