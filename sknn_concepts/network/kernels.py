"""Kernels that a network calls by address: products, activations, losses and the steps of the optimizer.

Each is compiled once for the class of its first argument, the strategy or the data that it is specialized for. What
they are called with is declared in :mod:`sknn_concepts.network.kernel_table`. They return a float64, 0 where there is
nothing to return.
"""

import numpy as np

from sknn_concepts.activations import slope, slope_from_value, value
from sknn_concepts.gemm.products import (
    multiply,
    multiply_columns_left,
    multiply_transposed_left,
    multiply_transposed_left_add,
    multiply_transposed_right,
)
from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.strategy_type import has
from sknn_concepts.jit.views import flat, matrix
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
from sknn_concepts.optimizers import read_coefficients, read_slots, update, write_slots

FORWARD, OF_WEIGHTS, BACKWARD = range(3)

#: First arguments of :func:`dense_product` as the product, the gradient and the back product of a layer.
DENSE_PRODUCT, DENSE_GRADIENT, DENSE_BACK_PRODUCT = (
    ArrayStruct(which=np.array([which])) for which in (FORWARD, OF_WEIGHTS, BACKWARD)
)


@kernel
def dense_product(product, rows, x, w, z, add, first):
    """One of: z = x @ w; w = x.T @ z, or added to it; x = z @ w.T."""
    n_rows = w.size // z.shape[1]
    weights = matrix(w, 0, n_rows, z.shape[1])
    which = product.which[0]
    if which == FORWARD:
        multiply(x, weights, z)
    elif which == BACKWARD:
        multiply_transposed_right(z, weights, x)
    elif add:
        multiply_transposed_left_add(x, z, weights)
    elif n_rows < x.shape[1]:
        multiply_columns_left(x, z, weights, first)
    else:
        multiply_transposed_left(x, z, weights)
    return 0.0


@kernel
def activate(activation, z, intercepts, slopes):
    """Apply the activation in place: z = value(z + intercepts)."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] = value(activation, z[i, j] + intercepts[j])
    return 0.0


@kernel
def activate_with_slope(activation, z, intercepts, slopes):
    """Apply the activation in place, and store its derivative, slope(z + intercepts), for the backward pass."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            s = z[i, j] + intercepts[j]
            z[i, j] = value(activation, s)
            slopes[i, j] = slope(activation, s)
    return 0.0


@kernel
def scale_from_value(activation, a, slopes, delta, keep):
    """Multiply `delta` by the slopes, computed from the values, which dropout has divided by `keep`."""
    a, delta = flat(a), flat(delta)
    keep = a.dtype.type(keep)
    for i in range(delta.size):
        delta[i] *= slope_from_value(activation, a[i] * keep)
    return 0.0


@kernel
def scale_by_slope(activation, a, slopes, delta, keep):
    """Multiply `delta` by the slopes of the forward pass."""
    slopes, delta = flat(slopes), flat(delta)
    for i in range(delta.size):
        delta[i] *= slopes[i]
    return 0.0


@kernel
def loss_gradient(strategy, y, raw, weights, scale, out, losses):
    """Weighted losses of the samples; their derivatives, times weight and scale, go to `out`."""
    n, n_outputs = raw.shape
    number = raw.dtype.type
    flat_y, flat_raw, flat_out = flat(y), flat(raw), flat(out)
    each = losses if n_outputs == 1 else np.empty(raw.size, raw.dtype)
    for i in range(raw.size):  # in one loop, which is vectorized however few outputs there are
        each[i] = loss(strategy, flat_y[i], flat_raw[i])
        flat_out[i] = gradient(strategy, flat_y[i], flat_raw[i])
    if n_outputs > 1:
        for i in range(n):
            total = number(0.0)
            for j in range(n_outputs):
                total += each[i * n_outputs + j]
            losses[i] = total
    factor = number(scale)
    if weights.size == 0:
        for i in range(raw.size):
            flat_out[i] *= factor
        return 0.0
    for i in range(n):
        losses[i] *= weights[i]
        for j in range(n_outputs):
            out[i, j] *= factor * weights[i]
    return 0.0


@kernel
def loss_gradient_rows(strategy, y, raw, weights, scale, out, losses):
    """Compute losses and their derivatives for a loss that couples the outputs of a sample."""
    for i in range(raw.shape[0]):
        weight = weights[i] if weights.size > 0 else raw.dtype.type(1.0)
        losses[i] = weight * loss_gradient_row(strategy, y[i], raw[i], out[i])
        factor = raw.dtype.type(scale) * weight
        for j in range(raw.shape[1]):
            out[i, j] *= factor
    return 0.0


@kernel
def loss_gradient_blocks(strategy, y, raw, weights, scale, out, losses):
    """Compute losses and their derivatives for a loss that takes LANES samples at a time, side by side."""
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
            losses[start + i] = weight * scratch[0, i]
            factor = number(scale) * weight
            for j in range(k):
                out[start + i, j] = factor * errors[j, i]
    return 0.0


def loss_kernel(loss):
    """Kernel of the losses and their derivatives for a loss."""
    if has(loss, "loss_gradient_columns"):
        return loss_gradient_blocks
    return loss_gradient_rows if has(loss, "loss_gradient_row") else loss_gradient


@kernel
def link(strategy, raw):
    """Apply the inverse link in place: raw = inverse_link(raw)."""
    raw = flat(raw)
    for i in range(raw.size):
        raw[i] = inverse_link(strategy, raw[i])
    return 0.0


@kernel
def link_rows(strategy, raw):
    """Apply the inverse link in place, for a loss that couples the outputs of a sample."""
    for i in range(raw.shape[0]):
        inverse_link_row(strategy, raw[i])
    return 0.0


@kernel
def step(optimizer, theta, gradient, slots, first, l2, l1, coefficients, shrink):
    """One step of a run of parameters, with the penalty's gradient; returns the penalty before the step."""
    number = theta.dtype.type
    c = read_coefficients(optimizer, coefficients, 0)
    penalty, half, ridge, lasso, kept = number(0.0), number(0.5), number(l2), number(l1), number(shrink)
    for k in range(theta.size):
        w, slots_of_w = theta[k], read_slots(optimizer, slots, first + k)
        penalty += half * ridge * w * w + lasso * abs(w)
        g = gradient[k] + ridge * w + lasso * np.sign(w)
        theta[k], slots_of_w = update(optimizer, kept * w, g, slots_of_w, c)
        write_slots(optimizer, slots, first + k, slots_of_w)
    return np.float64(penalty)
