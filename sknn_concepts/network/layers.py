"""Layers: where a weight sits in the flat vector of parameters, and the passes forward and backward.

The parameters of a network are one contiguous vector, all weight matrices first, then all intercepts; layers are
views of it. A row of the *layout* belongs to a layer of units, and tells their number, where the weights and the
intercepts that lead to the next layer begin, and where the layer begins in batch memory (times the capacity of a
batch); the input has memory of its own.
"""

from typing import NamedTuple

import numpy as np

from sknn_concepts.activations import slope, slope_from_value, value
from sknn_concepts.gemm.products import (
    multiply,
    multiply_transposed_left,
    multiply_transposed_left_add,
    multiply_transposed_right,
)
from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.dispatch import call, has
from sknn_concepts.jit.views import matrix, part
from sknn_concepts.losses.base import (
    LANES,
    SCRATCH,
    gradient,
    inverse_link,
    inverse_link_row,
    loss,
    loss_gradient_columns,
    loss_gradient_row,
)

#: Columns of a layout.
SIZE, WEIGHTS, INTERCEPTS, UNITS = 0, 1, 2, 3

#: Sockets of a network; each matrix of weights, with the activation behind it, has PLUGS from LAYERS on.
GATHER, LOSS, LINK, OPTIMIZER, LAYERS = 0, 1, 2, 3, 4
PRODUCT, ACTIVATE, SCALE, GRADIENT, BACK, PLUGS = 0, 1, 2, 3, 4, 5


class Memory(NamedTuple):
    """Batch memory: samples; for each layer after them values, kept slopes, errors, dropout masks; targets, weights."""

    inputs: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    deltas: np.ndarray
    masks: np.ndarray
    y: np.ndarray
    weights: np.ndarray


def make_layout(sizes, counts=None):
    """Layout of a network with layers of these sizes, the input first.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer.
    counts : sequence of int, optional
        Weights that lead to each next layer, where they are not all.

    Returns
    -------
    layout : ndarray of shape (n_layers, 4)
    """
    sizes = np.asarray(sizes, np.int64)
    layout = np.zeros((len(sizes), 4), np.int64)
    layout[:, SIZE] = sizes
    weights = np.concatenate([[0], np.cumsum(sizes[:-1] * sizes[1:] if counts is None else counts)])
    layout[:, WEIGHTS] = weights
    layout[:, INTERCEPTS] = weights[-1] + np.concatenate([[0], np.cumsum(sizes[1:])])
    layout[2:, UNITS] = np.cumsum(sizes[1:-1])
    return layout


def n_weights(layout):
    """Number of weights, without intercepts: where the intercepts begin."""
    return int(layout[-1, WEIGHTS])


def n_parameters(layout):
    """Number of weights and intercepts."""
    return int(layout[-1, INTERCEPTS])


def layer_views(theta, layout):
    """Weight matrices and intercepts of each layer, as views of the flat vector.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        Parameters.
    layout : ndarray of shape (n_layers, 4)
        Made by :func:`make_layout`.

    Returns
    -------
    coefs : list of ndarray of shape (fan_in, fan_out)
    intercepts : list of ndarray of shape (fan_out,)
    """
    coefs, intercepts = [], []
    for layer, following in zip(layout[:-1], layout[1:], strict=True):
        coefs.append(theta[layer[WEIGHTS] : following[WEIGHTS]].reshape(layer[SIZE], following[SIZE]))
        intercepts.append(theta[layer[INTERCEPTS] : following[INTERCEPTS]])
    return coefs, intercepts


def weights_of(theta, layout, layer):
    """Weights that lead from a layer to the next; all of them are a matrix, row by row."""
    return theta[layout[layer, WEIGHTS] : layout[layer + 1, WEIGHTS]]


def intercepts_of(theta, layout, layer):
    """Intercepts of the layer after `layer`."""
    return theta[layout[layer, INTERCEPTS] : layout[layer + 1, INTERCEPTS]]


@kernel
def block(memory, layout, layer, n_rows, capacity):
    """Matrix of one layer's units in batch memory."""
    return matrix(memory, capacity * layout[layer, UNITS], n_rows, layout[layer, SIZE])


@kernel
def input_block(memory, layout, n_rows, sparse):
    """Samples of a batch; those of a sparse source take no memory."""
    return matrix(memory.inputs, 0, 0 if sparse else n_rows, layout[0, SIZE])


@kernel
def forward(theta, layout, table, memory, rows, capacity, sparse, stop, keep, seed):
    """Values of the layers up to `stop` for a gathered batch; hidden units are kept with probability `keep`."""
    m = rows.size
    x = input_block(memory, layout, m, sparse)
    for layer in range(stop):
        plugs, above = LAYERS + PLUGS * layer, layer + 1
        weights = part(theta, layout[layer, WEIGHTS], layout[above, WEIGHTS])
        intercepts = part(theta, layout[layer, INTERCEPTS], layout[above, INTERCEPTS])
        z = block(memory.values, layout, above, m, capacity)
        kept = block(memory.slopes, layout, above, m, capacity)
        call(table, plugs + PRODUCT, (rows, x, weights, z, False))
        call(table, plugs + ACTIVATE, (z, intercepts, kept))
        if keep < 1.0 and layer < layout.shape[0] - 2:
            drop(z, block(memory.masks, layout, above, m, capacity), keep, seed + layer)
        x = z


@kernel
def backward(theta, gradient, layout, table, memory, rows, capacity, sparse, keep, add):
    """Gradient from the errors of the output layer, stored or added; the errors are those after its activation."""
    m = rows.size
    last = layout.shape[0] - 2
    a = block(memory.values, layout, last + 1, m, capacity)
    delta = block(memory.deltas, layout, last + 1, m, capacity)
    for layer in range(last, -1, -1):
        plugs, above = LAYERS + PLUGS * layer, layer + 1
        weights = part(theta, layout[layer, WEIGHTS], layout[above, WEIGHTS])
        of_weights = part(gradient, layout[layer, WEIGHTS], layout[above, WEIGHTS])
        of_intercepts = part(gradient, layout[layer, INTERCEPTS], layout[above, INTERCEPTS])
        kept = block(memory.slopes, layout, above, m, capacity)
        dropped = keep < 1.0 and layer < last
        if dropped:
            scale_by_mask(delta, block(memory.masks, layout, above, m, capacity))
        call(table, plugs + SCALE, (a, kept, delta, keep if dropped else 1.0))
        x = block(memory.values, layout, layer, m, capacity) if layer else input_block(memory, layout, m, sparse)
        call(table, plugs + GRADIENT, (rows, x, of_weights, delta, add))
        sum_columns(delta, of_intercepts, add)
        if layer > 0:
            below = block(memory.deltas, layout, layer, m, capacity)
            call(table, plugs + BACK, (rows, below, weights, delta, False))
            a, delta = x, below


# The products of a layer are plugged in rather than called: the tiles are compiled once, not with every kernel that
# multiplies, and a layer of sparse samples, or of few weights, has its own. All have the same arguments: rows of the
# source, values x before the weights w, values or errors z behind them, and whether to add the gradient.

FORWARD, OF_WEIGHTS, BACKWARD = range(3)

#: Which product a plug of a dense layer is; one of these is its subject.
Z_FROM_X_W, W_FROM_X_Z, X_FROM_Z_W = (ArrayStruct(which=np.array([which])) for which in (FORWARD, OF_WEIGHTS, BACKWARD))


@kernel
def dense_product(product, rows, x, w, z, add):
    """One of: z = x @ w; w = x.T @ z, or added to it; x = z @ w.T."""
    weights = matrix(w, 0, x.shape[1], z.shape[1])
    which = product.which[0]
    if which == FORWARD:
        multiply(x, weights, z)
    elif which == BACKWARD:
        multiply_transposed_right(z, weights, x)
    elif add:
        multiply_transposed_left_add(x, z, weights)
    else:
        multiply_transposed_left(x, z, weights)
    return 0.0


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
    flat, kept = a.reshape(a.size), mask.reshape(a.size)
    threshold = np.uint32(keep * 4294967295.0)
    scale = a.dtype.type(1.0 / keep)
    for i in range(flat.size):
        # a hash of the position (two rounds of xor, shift, multiply) is a random number that needs no state
        x = np.uint32(np.uint32(i) ^ np.uint32(seed * 747796405 & 0xFFFFFFFF))
        x = np.uint32(np.uint32(x ^ np.uint32(x >> np.uint32(16))) * np.uint32(0x7FEB352D))
        x = np.uint32(np.uint32(x ^ np.uint32(x >> np.uint32(15))) * np.uint32(0x846CA68B))
        x = np.uint32(x ^ np.uint32(x >> np.uint32(16)))
        kept[i] = scale if x <= threshold else a.dtype.type(0.0)
        flat[i] *= kept[i]


@kernel
def scale_by_mask(delta, mask):
    """Delta = delta * mask."""
    mask, delta = mask.reshape(mask.size), delta.reshape(delta.size)
    for i in range(delta.size):
        delta[i] *= mask[i]


@kernel
def activate(activation, z, intercepts, kept):
    """Z = value(z + intercepts), in place."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] = value(activation, z[i, j] + intercepts[j])
    return 0.0


@kernel
def activate_and_keep(activation, z, intercepts, kept):
    """Z = value(z + intercepts), in place; the slopes are kept for the backward pass."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            s = z[i, j] + intercepts[j]
            z[i, j] = value(activation, s)
            kept[i, j] = slope(activation, s)
    return 0.0


@kernel
def scale_from_value(activation, a, kept, delta, keep):
    """Delta = delta * slope, from the values, of which dropout has divided the kept ones by `keep`."""
    a, delta = a.reshape(a.size), delta.reshape(delta.size)
    undo = a.dtype.type(keep)
    for i in range(delta.size):
        delta[i] *= slope_from_value(activation, a[i] * undo)
    return 0.0


@kernel
def scale_by_kept(activation, a, kept, delta, keep):
    """Delta = delta * slope, from the slopes of the forward pass."""
    kept, delta = kept.reshape(kept.size), delta.reshape(delta.size)
    for i in range(delta.size):
        delta[i] *= kept[i]
    return 0.0


@kernel
def loss_gradient(strategy, y, raw, weights, scale, out):
    """Weighted sum of the losses; the errors, times weight and scale, go to `out`."""
    total = 0.0
    n, n_outputs = raw.shape
    factor = raw.dtype.type(scale)
    if weights.size == 0 or n_outputs == 1:
        weighted = weights.size > 0
        y, raw, out = y.reshape(y.size), raw.reshape(raw.size), out.reshape(out.size)
        part = raw.dtype.type(0.0)
        for i in range(raw.size):
            weight = weights[i] if weighted else raw.dtype.type(1.0)
            part += weight * loss(strategy, y[i], raw[i])
            out[i] = factor * weight * gradient(strategy, y[i], raw[i])
        return float(part)
    for i in range(n):
        part = raw.dtype.type(0.0)
        for j in range(n_outputs):
            part += loss(strategy, y[i, j], raw[i, j])
            out[i, j] = factor * weights[i] * gradient(strategy, y[i, j], raw[i, j])
        total += part * weights[i]
    return total


@kernel
def loss_gradient_rows(strategy, y, raw, weights, scale, out):
    """The same for a loss that couples the outputs of a sample."""
    total = 0.0
    for i in range(raw.shape[0]):
        weight = weights[i] if weights.size > 0 else raw.dtype.type(1.0)
        total += weight * loss_gradient_row(strategy, y[i], raw[i], out[i])
        factor = raw.dtype.type(scale) * weight
        for j in range(raw.shape[1]):
            out[i, j] *= factor
    return total


@kernel
def loss_gradient_blocks(strategy, y, raw, weights, scale, out):
    """The same for a loss that takes samples side by side, some at a time."""
    total = 0.0
    n, k = raw.shape
    number = raw.dtype.type
    block = k * LANES
    memory = np.empty(3 * block + SCRATCH * LANES, raw.dtype)
    for i in range(memory.size):
        memory[i] = number(0.0)  # where there are no samples
    for start in range(0, n, LANES):
        m = min(LANES, n - start)
        # views do not hold on to memory: named in each round, it lives as long as the loop
        targets, logits = matrix(memory, 0, k, LANES), matrix(memory, block, k, LANES)
        errors, scratch = matrix(memory, 2 * block, k, LANES), matrix(memory, 3 * block, SCRATCH, LANES)
        for j in range(k):
            for i in range(m):
                targets[j, i] = y[start + i, j]
                logits[j, i] = raw[start + i, j]
        loss_gradient_columns(strategy, targets, logits, errors, scratch)
        for i in range(m):
            weight = weights[start + i] if weights.size > 0 else number(1.0)
            total += weight * scratch[0, i]
            factor = number(scale) * weight
            for j in range(k):
                out[start + i, j] = factor * errors[j, i]
    return total


def loss_kernel(loss):
    """Kernel for losses and gradients of a kind of loss."""
    if has(loss, "loss_gradient_columns"):
        return loss_gradient_blocks
    return loss_gradient_rows if has(loss, "loss_gradient_row") else loss_gradient


@kernel
def link(strategy, raw):
    """Raw = inverse_link(raw), in place."""
    raw = raw.reshape(raw.size)
    for i in range(raw.size):
        raw[i] = inverse_link(strategy, raw[i])
    return 0.0


@kernel
def link_rows(strategy, raw):
    """The same for a loss that couples the outputs of a sample."""
    for i in range(raw.shape[0]):
        inverse_link_row(strategy, raw[i])
    return 0.0
