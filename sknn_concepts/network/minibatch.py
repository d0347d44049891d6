"""Epochs over the mini-batches of a data set, and sums over all of its samples."""

import math
from typing import NamedTuple

import numpy as np

from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.views import matrix, part
from sknn_concepts.network.kernel_table import call_gather, call_link, call_loss, call_optimizer
from sknn_concepts.network.layers import backward, forward, layer_block
from sknn_concepts.network.layout import SIZE, WEIGHTS

#: Rows whose losses are added up in the dtype of the network before they are added in float64.
ROWS_PER_SUM = 4096


class Regularization(NamedTuple):
    """Penalties, constraints and dropout of a training.

    Attributes
    ----------
    l2, l1 : float
        Strengths of the penalties on the sum of the losses, as scikit-learn's `alpha`; each batch divides them by its
        total weight.
    loss_scale : float
        Factor of the loss.
    keep : float
        Probability that a hidden unit is kept by dropout; 1 is no dropout.
    max_norm : float
        Largest norm of the incoming weights of a unit; 0 is no limit.
    max_grad_norm : float
        Largest norm of the gradient; 0 is no limit.
    """

    l2: float
    l1: float
    loss_scale: float
    keep: float
    max_norm: float
    max_grad_norm: float


class Step(NamedTuple):
    """Arrays that a step of the optimizer reads and changes, and its regularization.

    Attributes
    ----------
    theta, gradient : ndarray of shape (n_parameters,)
        Parameters, and memory for their gradient.
    slots : ndarray of shape (n_slots, n_parameters)
        State of the optimizer for each parameter, such as momentum.
    mask : ndarray of shape (n_parameters,) or (0,)
        0 for the parameters that stay as they are and 1 for the others, or empty if all are free.
    units : ndarray of int64 of shape (n_units, 3)
        Where the incoming weights of each unit begin and end in `theta`, and how far they are apart, for `max_norm`.
    regularization : Regularization
    """

    theta: np.ndarray
    gradient: np.ndarray
    slots: np.ndarray
    mask: np.ndarray
    units: np.ndarray
    regularization: Regularization


@kernel
def train(context, step, order, first, last, coefficients, shrinkage, seeds):
    """Make a step for each of the batches `first` to `last` - 1 of an epoch.

    Parameters
    ----------
    context : Context
    step : Step
    order : ndarray of int64 of shape (n_rows,)
        Rows of the data set in the order of the epoch.
    first, last : int
        Numbers of batches.
    coefficients : ndarray of float64 of shape (n_batches * n_coefficients,)
        Coefficients of the optimizer for each batch of the epoch.
    shrinkage : ndarray of float64 of shape (n_batches,)
        Factor of the weights before each step.
    seeds : ndarray of uint32 of shape (n_batches,)
        Seeds of the dropout masks; not read without dropout.

    Returns
    -------
    total : float
        Sum over the batches of the loss, with the penalty, times the number of samples.
    reached : int
        `last`, or the first batch whose loss is not finite; the parameters are those before that batch.
    """
    total, theta, regularization = 0.0, step.theta, step.regularization
    layout, table, memory, batch_size = context.layout, context.table, context.memory, context.batch_size
    last_layer = layout.shape[0] - 1
    n_outputs, n_weights = layout[last_layer, SIZE], layout[last_layer, WEIGHTS]
    n_coefficients = coefficients.size // shrinkage.size
    for batch in range(first, last):
        rows = part(order, batch * batch_size, min((batch + 1) * batch_size, order.size))
        m = rows.size
        x = matrix(memory.inputs, 0, 0 if context.in_place else m, layout[0, SIZE])
        y = matrix(memory.y, 0, m, n_outputs)
        weight_sum = call_gather(table, rows, x, y, memory.weights)
        if not weight_sum > 0.0:
            continue  # nothing is learned from a batch without weight
        seed = np.int64(seeds[batch]) if regularization.keep < 1.0 else np.int64(0)
        forward(context, theta, rows, last_layer, regularization.keep, seed)
        raw = layer_block(memory.values, layout, last_layer, m, batch_size)
        delta = layer_block(memory.deltas, layout, last_layer, m, batch_size)
        weights = part(memory.weights, 0, m if context.weighted else 0)
        loss = call_loss(table, y, raw, weights, 1.0 / weight_sum, delta) * regularization.loss_scale
        if not math.isfinite(loss):
            return total, batch
        backward(context, theta, step.gradient, rows, regularization.keep, False)
        of_batch = part(coefficients, n_coefficients * batch, n_coefficients * (batch + 1))
        penalty = finish_step(table, step, n_weights, weight_sum, of_batch, shrinkage[batch])
        total += (loss / weight_sum + penalty) * m
    return total, last


@kernel
def finish_step(table, step, n_weights, weight, coefficients, shrink):
    """Make a step of all parameters along a batch's mean gradient; return the penalty before the step."""
    theta, gradient, regularization = step.theta, step.gradient, step.regularization
    mask_gradient(gradient, step.mask)
    l2, l1 = regularization.l2 / weight, regularization.l1 / weight
    penalty = 0.0
    if regularization.max_grad_norm > 0.0:
        penalty = penalize(theta, gradient, n_weights, l2, l1)
        clip(gradient, regularization.max_grad_norm)
        l2, l1 = 0.0, 0.0
    penalty += call_optimizer(table, theta, gradient, step.slots, n_weights, l2, l1, coefficients, shrink)
    if regularization.max_norm > 0.0:
        constrain(theta, step.units, regularization.max_norm)
    return penalty


@kernel
def sum_gradients(context, theta, gradient, order, total_weight, regularization, mask, seed):
    """Mean loss over some rows, with the penalty; its gradient, zero where the mask is, goes to `gradient`."""
    gradient[:] = 0
    loss = 0.0
    layout, table, memory, batch_size = context.layout, context.table, context.memory, context.batch_size
    last_layer = layout.shape[0] - 1
    n_outputs, n_weights = layout[last_layer, SIZE], layout[last_layer, WEIGHTS]
    scale = regularization.loss_scale / total_weight
    for start in range(0, order.size, batch_size):
        rows = part(order, start, min(start + batch_size, order.size))
        m = rows.size
        x = matrix(memory.inputs, 0, 0 if context.in_place else m, layout[0, SIZE])
        y = matrix(memory.y, 0, m, n_outputs)
        call_gather(table, rows, x, y, memory.weights)
        forward(context, theta, rows, last_layer, regularization.keep, seed)
        raw = layer_block(memory.values, layout, last_layer, m, batch_size)
        delta = layer_block(memory.deltas, layout, last_layer, m, batch_size)
        weights = part(memory.weights, 0, m if context.weighted else 0)
        loss += call_loss(table, y, raw, weights, scale, delta)
        backward(context, theta, gradient, rows, regularization.keep, True)
    mask_gradient(gradient, mask)
    l2, l1 = regularization.l2 / total_weight, regularization.l1 / total_weight
    return loss * scale + penalize(theta, gradient, n_weights, l2, l1)


@kernel
def mask_gradient(gradient, mask):
    """Multiply the gradient by the mask, unless it is empty: a parameter that is 0 and has no gradient stays 0."""
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
def predict(context, theta, order, stop, linked, out):
    """Values of layer `stop` for all rows, block by block, through the inverse link if `linked`."""
    layout, table, memory, batch_size = context.layout, context.table, context.memory, context.batch_size
    for start in range(0, order.size, batch_size):
        rows = part(order, start, min(start + batch_size, order.size))
        m = rows.size
        x = matrix(memory.inputs, 0, 0 if context.in_place else m, layout[0, SIZE])
        y = matrix(memory.y, 0, m, layout[layout.shape[0] - 1, SIZE])
        call_gather(table, rows, x, y, memory.weights)
        forward(context, theta, rows, stop, 1.0, np.int64(0))
        values = layer_block(memory.values, layout, stop, m, batch_size)
        if linked:
            call_link(table, values)
        copy(values, out, start)


@kernel
def copy(values, out, start):
    """Copy values to the rows of `out` from `start` on; a slice assignment would compile code for error messages."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            out[start + i, j] = values[i, j]


@kernel
def evaluate(table, raw, y, weights):
    """Weighted sum of the losses of raw predictions."""
    total, errors = 0.0, np.empty_like(raw[:ROWS_PER_SUM])
    for start in range(0, raw.shape[0], ROWS_PER_SUM):
        stop = min(start + ROWS_PER_SUM, raw.shape[0])
        some = weights[start:stop] if weights.size > 0 else weights
        total += call_loss(table, y[start:stop], raw[start:stop], some, 1.0, errors[: stop - start])
    return total
