"""The passes forward and backward through the layers of a network."""

from typing import NamedTuple

import numpy as np

from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.dispatch import Calls
from sknn_concepts.jit.views import matrix, part
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
    """

    layout: np.ndarray
    table: Calls
    memory: Memory
    batch_size: int
    weighted: bool
    in_place: bool


@kernel
def layer_block(memory, layout, layer, n_rows, batch_size):
    """Matrix of the units of one layer in an array of the batch memory."""
    return matrix(memory, batch_size * layout[layer, UNITS], n_rows, layout[layer, SIZE])


@kernel
def forward(context, theta, rows, stop, keep, seed):
    """Values of the layers up to `stop` for a gathered batch; hidden units are kept with probability `keep`."""
    layout, table, memory, batch_size = context.layout, context.table, context.memory, context.batch_size
    m = rows.size
    x = matrix(memory.inputs, 0, 0 if context.in_place else m, layout[0, SIZE])
    for layer in range(stop):
        above = layer + 1
        weights = part(theta, layout[layer, WEIGHTS], layout[above, WEIGHTS])
        intercepts = part(theta, layout[layer, INTERCEPTS], layout[above, INTERCEPTS])
        z = layer_block(memory.values, layout, above, m, batch_size)
        call_product(table, layer, rows, x, weights, z, False)
        slopes = layer_block(memory.slopes, layout, above, m, batch_size)
        call_activate(table, layer, z, intercepts, slopes)
        if keep < 1.0 and layer < layout.shape[0] - 2:
            drop(z, layer_block(memory.masks, layout, above, m, batch_size), keep, seed + layer)
        x = z


@kernel
def backward(context, theta, gradient, rows, keep, add):
    """Gradient from the errors of the output layer, stored or added; the errors are those after its activation."""
    layout, table, memory, batch_size = context.layout, context.table, context.memory, context.batch_size
    m = rows.size
    last = layout.shape[0] - 2
    a = layer_block(memory.values, layout, last + 1, m, batch_size)
    delta = layer_block(memory.deltas, layout, last + 1, m, batch_size)
    for layer in range(last, -1, -1):
        above = layer + 1
        weights = part(theta, layout[layer, WEIGHTS], layout[above, WEIGHTS])
        of_weights = part(gradient, layout[layer, WEIGHTS], layout[above, WEIGHTS])
        of_intercepts = part(gradient, layout[layer, INTERCEPTS], layout[above, INTERCEPTS])
        dropped = keep < 1.0 and layer < last
        if dropped:
            scale_by_mask(delta, layer_block(memory.masks, layout, above, m, batch_size))
        slopes = layer_block(memory.slopes, layout, above, m, batch_size)
        call_scale(table, layer, a, slopes, delta, keep if dropped else 1.0)
        if layer > 0:
            x = layer_block(memory.values, layout, layer, m, batch_size)
        else:
            x = matrix(memory.inputs, 0, 0 if context.in_place else m, layout[0, SIZE])
        call_gradient(table, layer, rows, x, of_weights, delta, add)
        sum_columns(delta, of_intercepts, add)
        if layer > 0:
            below = layer_block(memory.deltas, layout, layer, m, batch_size)
            call_back_product(table, layer, rows, below, weights, delta, False)
            a, delta = x, below


@kernel
def sum_columns(delta, out, add):
    """Sums of the columns of a matrix, stored or added, four rows at a time."""
    m = delta.shape[0]
    done = m - m % 4
    if not add:
        for j in range(out.size):
            out[j] = 0
    for i in range(0, done, 4):
        for j in range(out.size):
            out[j] += (delta[i, j] + delta[i + 1, j]) + (delta[i + 2, j] + delta[i + 3, j])
    for i in range(done, m):
        for j in range(out.size):
            out[j] += delta[i, j]


@kernel
def drop(a, mask, keep, seed):
    """Inverted dropout (Srivastava et al., 2014): units are zeroed, or divided by the probability of being kept."""
    flat, mask = a.reshape(a.size), mask.reshape(a.size)
    threshold = np.uint32(keep * 4294967295.0)
    scale = a.dtype.type(1.0 / keep)
    for i in range(flat.size):
        # a hash of the position (two rounds of xor, shift, multiply) is a random number that needs no state
        x = np.uint32(np.uint32(i) ^ np.uint32(seed * 747796405 & 0xFFFFFFFF))
        x = np.uint32(np.uint32(x ^ np.uint32(x >> np.uint32(16))) * np.uint32(0x7FEB352D))
        x = np.uint32(np.uint32(x ^ np.uint32(x >> np.uint32(15))) * np.uint32(0x846CA68B))
        x = np.uint32(x ^ np.uint32(x >> np.uint32(16)))
        mask[i] = scale if x <= threshold else a.dtype.type(0.0)
        flat[i] *= mask[i]


@kernel
def scale_by_mask(delta, mask):
    """Multiply `delta` by the mask, in place."""
    mask, delta = mask.reshape(mask.size), delta.reshape(delta.size)
    for i in range(delta.size):
        delta[i] *= mask[i]
