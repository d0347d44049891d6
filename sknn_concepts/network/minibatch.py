"""Batches: one pass over the data that learns, or that adds up the gradient of the whole."""

import math
from typing import NamedTuple

import numpy as np

from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.dispatch import call
from sknn_concepts.jit.views import matrix, part
from sknn_concepts.network.layers import (
    GATHER,
    LINK,
    LOSS,
    OPTIMIZER,
    SIZE,
    WEIGHTS,
    backward,
    block,
    forward,
    input_block,
)
from sknn_concepts.optimizers import slots_of, update

#: Rows whose losses are added up in the network's dtype.
EVALUATED = 4096


class Regularization(NamedTuple):
    """Numbers that training obeys.

    Penalties are those of the sum over the samples, as scikit-learn's alpha: each batch divides them by its weight.
    """

    l2: float
    l1: float
    #: factor of the reported loss, and of the gradient in `sum_gradients`
    loss_scale: float
    #: probability that a hidden unit is kept
    keep: float
    max_norm: float
    max_grad_norm: float


@kernel
def train(
    theta,
    gradient,
    slots,
    layout,
    table,
    memory,
    order,
    batch_size,
    first,
    last,
    coefficients,
    shrinkage,
    seeds,
    rules,
    mask,
    units,
    weighted,
    sparse,
):
    """Batches `first` to `last` of a pass: gradients and steps, of those parameters that a mask of 0 and 1 leaves free.

    Returns the sum over batches of loss (penalty included) times batch size, and the number of batches done: fewer
    than asked when a loss was not finite, the parameters being left as they were before that batch.
    """
    total = 0.0
    last_layer = layout.shape[0] - 1
    n_outputs = layout[last_layer, SIZE]
    n_weights = layout[last_layer, WEIGHTS]
    for batch in range(first, last):
        rows = part(order, batch * batch_size, min((batch + 1) * batch_size, order.size))
        m = rows.size
        y = matrix(memory.y, 0, m, n_outputs)
        x = input_block(memory, layout, m, sparse)
        weight_sum = call(table, GATHER, (rows, x, y, memory.weights))
        if not weight_sum > 0.0:
            continue  # a batch of samples without weight teaches nothing
        seed = np.int64(seeds[batch]) if rules.keep < 1.0 else np.int64(0)
        forward(theta, layout, table, memory, rows, batch_size, sparse, last_layer, rules.keep, seed)
        raw = block(memory.values, layout, last_layer, m, batch_size)
        delta = block(memory.deltas, layout, last_layer, m, batch_size)
        weights = part(memory.weights, 0, m if weighted else 0)
        loss = call(table, LOSS, (y, raw, weights, 1.0 / weight_sum, delta)) * rules.loss_scale
        if not math.isfinite(loss):
            return total, batch
        backward(theta, gradient, layout, table, memory, rows, batch_size, sparse, rules.keep, False)
        penalty = finish_step(
            theta,
            gradient,
            slots,
            table,
            n_weights,
            weight_sum,
            rules,
            mask,
            units,
            part(coefficients, 4 * batch, 4 * batch + 4),
            shrinkage[batch],
        )
        total += (loss / weight_sum + penalty) * m
    return total, last


@kernel
def finish_step(theta, gradient, slots, table, n_weights, weight, rules, mask, units, coefficients, shrink):
    """Step of all parameters, given the gradient of a batch's mean loss; returns the penalty before it."""
    mask_gradient(gradient, mask)
    l2, l1 = rules.l2 / weight, rules.l1 / weight
    penalty = 0.0
    if rules.max_grad_norm > 0.0:
        penalty = penalize(theta, gradient, n_weights, l2, l1)
        clip(gradient, rules.max_grad_norm)
        l2, l1 = 0.0, 0.0
    penalty += call(table, OPTIMIZER, (theta, gradient, slots, n_weights, l2, l1, coefficients, shrink))
    if rules.max_norm > 0.0:
        constrain(theta, units, rules.max_norm)
    return penalty


@kernel
def sum_gradients(
    theta, gradient, layout, table, memory, order, capacity, total_weight, rules, seed, mask, weighted, sparse
):
    """Mean loss over all samples, with the penalty; its gradient, zero where the mask is, goes to `gradient`."""
    gradient[:] = 0
    loss = 0.0
    last_layer = layout.shape[0] - 1
    n_outputs = layout[last_layer, SIZE]
    scale = rules.loss_scale / total_weight
    for start in range(0, order.size, capacity):
        rows = part(order, start, min(start + capacity, order.size))
        m = rows.size
        y = matrix(memory.y, 0, m, n_outputs)
        x = input_block(memory, layout, m, sparse)
        call(table, GATHER, (rows, x, y, memory.weights))
        forward(theta, layout, table, memory, rows, capacity, sparse, last_layer, rules.keep, seed)
        raw = block(memory.values, layout, last_layer, m, capacity)
        delta = block(memory.deltas, layout, last_layer, m, capacity)
        weights = part(memory.weights, 0, m if weighted else 0)
        loss += call(table, LOSS, (y, raw, weights, scale, delta))
        backward(theta, gradient, layout, table, memory, rows, capacity, sparse, rules.keep, True)
    mask_gradient(gradient, mask)
    penalty = penalize(theta, gradient, layout[last_layer, WEIGHTS], rules.l2 / total_weight, rules.l1 / total_weight)
    return loss * scale + penalty


@kernel
def mask_gradient(gradient, mask):
    """Gradient = gradient * mask, unless the mask is empty: a parameter that is 0 and has no gradient stays 0."""
    for k in range(mask.size):
        gradient[k] *= mask[k]


@kernel
def penalize(theta, gradient, n_weights, l2, l1):
    """Elastic-net penalty of the weights; its gradient is added."""
    squares, magnitudes = theta.dtype.type(0.0), theta.dtype.type(0.0)
    half, ridge, lasso = theta.dtype.type(0.5), theta.dtype.type(l2), theta.dtype.type(l1)
    for k in range(n_weights):
        w = theta[k]
        squares += w * w
        magnitudes += abs(w)
        gradient[k] += ridge * w + lasso * np.sign(w)
    return float(half * ridge * squares + lasso * magnitudes)


@kernel
def clip(gradient, largest):
    """Scale a gradient down to a norm (Pascanu, Mikolov and Bengio, 2013, algorithm 1)."""
    squares = gradient.dtype.type(0.0)
    for k in range(gradient.size):
        squares += gradient[k] * gradient[k]
    norm = math.sqrt(squares)
    if norm > largest:
        factor = gradient.dtype.type(largest / norm)
        for k in range(gradient.size):
            gradient[k] *= factor


@kernel
def constrain(theta, units, largest):
    """Scale down the incoming weights of each unit to a norm (Srivastava et al., 2014, section 5.1).

    A row of `units` tells where a unit's weights begin and end in the flat vector, and how far they are apart.
    """
    for unit in range(units.shape[0]):
        start, stop, step = units[unit, 0], units[unit, 1], units[unit, 2]
        squares = theta.dtype.type(0.0)
        for k in range(start, stop, step):
            squares += theta[k] * theta[k]
        norm = math.sqrt(squares)
        if norm > largest:
            factor = theta.dtype.type(largest / norm)
            for k in range(start, stop, step):
                theta[k] *= factor


@kernel
def step(optimizer, theta, gradient, slots, n_weights, l2, l1, coefficients, shrink):
    """One step of all parameters, penalties only on the weights; returns the penalty before the step."""
    number = theta.dtype.type
    c = (number(coefficients[0]), number(coefficients[1]), number(coefficients[2]), number(coefficients[3]))
    squares = segment(optimizer, theta, gradient, slots, 0, n_weights, number(l2), number(l1), number(shrink), c)
    segment(optimizer, theta, gradient, slots, n_weights, theta.size, number(0.0), number(0.0), number(1.0), c)
    return np.float64(squares)


@kernel
def segment(optimizer, theta, gradient, slots, start, stop, l2, l1, shrink, c):
    """One step of a run of parameters, with the penalty's gradient; returns the penalty."""
    penalty = theta.dtype.type(0.0)
    half = theta.dtype.type(0.5)
    first, second = slots[0], slots[1 if slots_of(optimizer) == 2 else 0]
    for k in range(start, stop):
        w, a, b = theta[k], first[k], second[k]
        penalty += half * l2 * w * w + l1 * abs(w)
        w, a, b = update(optimizer, shrink * w, gradient[k] + l2 * w + l1 * np.sign(w), a, b, c)
        theta[k] = w
        if slots_of(optimizer) > 0:
            first[k] = a
        if slots_of(optimizer) > 1:
            second[k] = b
    return penalty


@kernel
def predict(theta, layout, table, memory, order, capacity, sparse, stop, linked, out):
    """Values of layer `stop` for all rows, block by block, through the inverse link if `linked`."""
    for start in range(0, order.size, capacity):
        rows = part(order, start, min(start + capacity, order.size))
        m = rows.size
        x = input_block(memory, layout, m, sparse)
        call(table, GATHER, (rows, x, matrix(memory.y, 0, m, layout[layout.shape[0] - 1, SIZE]), memory.weights))
        forward(theta, layout, table, memory, rows, capacity, sparse, stop, 1.0, np.int64(0))
        values = block(memory.values, layout, stop, m, capacity)
        if linked:
            call(table, LINK, (values,))
        copy(values, out, start)


@kernel
def copy(values, out, start):
    """Rows of `out` from `start` on = values, without the machinery that an assignment brings for its messages."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            out[start + i, j] = values[i, j]


@kernel
def evaluate(table, raw, y, weights):
    """Weighted sum of the losses of raw predictions, those of some rows at a time in their dtype, then in float64."""
    total, errors = 0.0, np.empty_like(raw[:EVALUATED])
    for start in range(0, raw.shape[0], EVALUATED):
        stop = min(start + EVALUATED, raw.shape[0])
        some = weights[start:stop] if weights.size > 0 else weights
        total += call(table, LOSS, (y[start:stop], raw[start:stop], some, 1.0, errors[: stop - start]))
    return total


@kernel
def apply_link(table, raw):
    """Raw = inverse_link(raw), in place."""
    call(table, LINK, (raw,))
