"""Epochs over the mini-batches of a data set, and sums over all of its samples."""

import math
from typing import NamedTuple

import numpy as np

from sknn_concepts.jit.barrier import meet
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.views import flat, matrix, part
from sknn_concepts.network.kernel_table import call_gather, call_link, call_loss, call_optimizer, call_weigh
from sknn_concepts.network.layers import backward, forward, input_block, layer_block, layer_gradient
from sknn_concepts.network.layout import SIZE, WEIGHTS

#: Rows whose losses are computed at once if only these are wanted.
ROWS_PER_SUM = 4096

#: Weights whose penalties are added up in the dtype of the network before they are added in float64.
PARAMETERS_PER_RUN = 4096

#: Samples of a batch, or units of a layer, that are not divided among threads: a cache line and a few rows of a tile.
ROWS_AT_ONCE = np.int64(16)  # not a literal, of which each would have a function of its own


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
    """Arrays that steps of the optimizer read and change, and their regularization.

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
    losses : ndarray of shape (batch_size,)
        Memory for the losses of the samples of a batch.
    penalties : ndarray of float64 of shape (n_runs,)
        Memory for the penalty of each run of PARAMETERS_PER_RUN weights. The runs do not depend on the number of
        threads, and neither do the bits of what is added up over them.
    squares : ndarray of float64 of shape (n_runs + 1,)
        Memory for the sum of the squares of the gradient of each run, and that of the intercepts.
    regularization : Regularization
    """

    theta: np.ndarray
    gradient: np.ndarray
    slots: np.ndarray
    mask: np.ndarray
    units: np.ndarray
    losses: np.ndarray
    penalties: np.ndarray
    squares: np.ndarray
    regularization: Regularization


@kernel(internal=True)
def share(n, at_once, me, n_threads):
    """First of the things that thread `me` of so many does, and the one after the last; several of them at once."""
    if n_threads == 1:
        return 0, n
    rounds = n // at_once
    start, stop = at_once * (rounds * me // n_threads), at_once * (rounds * (me + 1) // n_threads)
    return start, stop if me < n_threads - 1 else n


@kernel(internal=True)
def total_of(numbers):
    """Sum in float64."""
    total = 0.0
    for k in range(numbers.size):
        total += numbers[k]
    return total


@kernel
def train(context, step, team, me, order, first, last, coefficients, shrinkage, seeds):
    """Make a step for each of the batches `first` to `last` - 1 of an epoch, as one of the threads of a team.

    A thread computes the values and errors of its share of the samples, then the gradient of its share of the weights
    from all samples, and then makes the step of its share of the parameters. So nothing is added up over threads, and
    the bits of a result do not depend on their number. All threads return the same.

    Parameters
    ----------
    context : Context
    step : Step
    team : Team
        Threads that share the work; each of them calls this function.
    me : int
        Number of the calling thread.
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
        `last`, or the first batch whose loss is not finite; the parameters are those before that batch. If the team is
        stopped, the batch of that moment.
    """
    total, keep = 0.0, step.regularization.keep
    batch_size = context.batch_size
    n_coefficients = coefficients.size // shrinkage.size
    for batch in range(first, last):
        rows = part(order, batch * batch_size, min((batch + 1) * batch_size, order.size))
        weight = call_weigh(context.table, rows)
        if not weight > 0.0:
            continue  # nothing is learned from a batch without weight
        seed = np.int64(seeds[batch]) if keep < 1.0 else np.int64(0)
        start, stop = share(rows.size, ROWS_AT_ONCE, me, team.n_threads)
        if stop > start:
            losses = part(step.losses, start, stop)
            find_errors(context, step.theta, part(rows, start, stop), start, 1.0 / weight, keep, seed, losses)
        if not meet(team, me):
            return total, batch
        loss = total_of(part(step.losses, 0, rows.size)) * step.regularization.loss_scale
        if not math.isfinite(loss):
            return total, batch
        for layer in range(context.layout.shape[0] - 1):
            units, columns = context.layout[layer, SIZE], context.layout[layer + 1, SIZE]
            # a product that is a vector is computed as a whole: other kernels do that, for which its shape matters
            unit_range = share(units, 1 if min(units, columns) > 1 else units, me, team.n_threads)
            column_range = share(columns, ROWS_AT_ONCE, me, team.n_threads)
            layer_gradient(context, step.gradient, rows, layer, unit_range, column_range, False)
        if not meet(team, me):
            return total, batch
        of_batch = part(coefficients, n_coefficients * batch, n_coefficients * (batch + 1))
        if not finish_step(context, step, team, me, weight, of_batch, shrinkage[batch]):
            return total, batch
        total += (loss / weight + total_of(step.penalties)) * rows.size
    return total, last


@kernel(internal=True)
def find_errors(context, theta, rows, first, scale, keep, seed, losses):
    """Gather a part of a batch, which begins at `first`; find its losses, and the errors of all layers."""
    layout, table, memory, batch_size = context.layout, context.table, context.memory, context.batch_size
    last_layer, m = layout.shape[0] - 1, rows.size
    n_outputs = layout[last_layer, SIZE]
    y = matrix(memory.y, first * n_outputs, m, n_outputs)
    weights = part(memory.weights, first, first + m)
    call_gather(table, rows, input_block(context, first, m), y, weights)
    forward(context, theta, rows, first, last_layer, keep, seed)
    raw = layer_block(memory.values, layout, last_layer, first, m, batch_size)
    delta = layer_block(memory.deltas, layout, last_layer, first, m, batch_size)
    call_loss(table, y, raw, weights if context.weighted else part(weights, 0, 0), scale, delta, losses)
    backward(context, theta, rows, first, keep)


@kernel(internal=True)
def finish_step(context, step, team, me, weight, coefficients, shrink):
    """Make the steps of a thread's share of the parameters along a batch's mean gradient, and meet the others.

    The penalties before the step go to `step.penalties`. Returns False if the team is stopped.
    """
    theta, gradient, regularization = step.theta, step.gradient, step.regularization
    n_weights, n_runs = context.layout[context.layout.shape[0] - 1, WEIGHTS], step.penalties.size
    first, last = share(n_runs, 1, me, team.n_threads)
    start, stop = first * PARAMETERS_PER_RUN, min(last * PARAMETERS_PER_RUN, n_weights)
    # the last thread takes the intercepts, too
    end = theta.size if me == team.n_threads - 1 else stop
    mine = part(gradient, start, end)
    mask_gradient(mine, part(step.mask, start, end) if step.mask.size > 0 else step.mask)
    l2, l1 = regularization.l2 / weight, regularization.l1 / weight
    clipped = regularization.max_grad_norm > 0.0
    if clipped:
        for run in range(first, last):
            left, right = run * PARAMETERS_PER_RUN, min((run + 1) * PARAMETERS_PER_RUN, n_weights)
            of_run = part(gradient, left, right)
            step.penalties[run] = penalize(part(theta, left, right), of_run, l2, l1)
            step.squares[run] = sum_squares(of_run)
        if end > stop:
            step.squares[n_runs] = sum_squares(part(gradient, n_weights, end))
        if not meet(team, me):
            return False
        clip(mine, math.sqrt(total_of(step.squares)), regularization.max_grad_norm)
        l2, l1 = 0.0, 0.0
    for run in range(first, last):
        left, right = run * PARAMETERS_PER_RUN, min((run + 1) * PARAMETERS_PER_RUN, n_weights)
        run_theta, run_gradient = part(theta, left, right), part(gradient, left, right)
        penalty = call_optimizer(context.table, run_theta, run_gradient, step.slots, left, l2, l1, coefficients, shrink)
        if not clipped:
            step.penalties[run] = penalty
    if end > stop:
        intercepts, of_intercepts = part(theta, n_weights, end), part(gradient, n_weights, end)
        call_optimizer(context.table, intercepts, of_intercepts, step.slots, n_weights, 0.0, 0.0, coefficients, 1.0)
    if regularization.max_norm > 0.0:
        if not meet(team, me):
            return False
        constrain(theta, step.units, *share(len(step.units), 1, me, team.n_threads), regularization.max_norm)
    return meet(team, me)


@kernel
def step_along_gradient(context, step, team, weight, coefficients, shrink):
    """Make a step along the gradient that is in `step`, the mean over samples with a total weight.

    Returns the penalty before the step.
    """
    finish_step(context, step, team, 0, weight, coefficients, shrink)
    return total_of(step.penalties)


@kernel
def sum_gradients(context, theta, gradient, order, total_weight, regularization, mask, seed):
    """Mean loss over some rows, with the penalty; its gradient, zero where the mask is, goes to `gradient`.

    The seed is that of the dropout masks; each block of rows has masks of its own.
    """
    gradient[:] = 0
    loss = 0.0
    layout, batch_size = context.layout, context.batch_size
    n_weights = layout[layout.shape[0] - 1, WEIGHTS]
    scale = regularization.loss_scale / total_weight
    losses, top = np.empty(min(batch_size, order.size), theta.dtype), np.int64(0)
    for start in range(0, order.size, batch_size):
        rows = part(order, start, min(start + batch_size, order.size))
        of_batch = part(losses, 0, rows.size)
        find_errors(context, theta, rows, top, scale, regularization.keep, np.int64(seed + start), of_batch)
        loss += total_of(of_batch)
        for layer in range(layout.shape[0] - 1):
            units, columns = (0, layout[layer, SIZE]), (0, layout[layer + 1, SIZE])
            layer_gradient(context, gradient, rows, layer, units, columns, True)
    mask_gradient(gradient, mask)
    l2, l1 = regularization.l2 / total_weight, regularization.l1 / total_weight
    return loss * scale + penalize(part(theta, 0, n_weights), part(gradient, 0, n_weights), l2, l1)


@kernel(internal=True)
def mask_gradient(gradient, mask):
    """Multiply the gradient by the mask, unless it is empty: a parameter that is 0 and has no gradient stays 0."""
    for k in range(mask.size):
        gradient[k] *= mask[k]


@kernel
def add_penalty(weights, gradient, l2, l1):
    """As :func:`penalize`, which only kernels call."""
    return penalize(weights, gradient, l2, l1)


@kernel(internal=True)
def penalize(weights, gradient, l2, l1):
    """Elastic-net penalty of weights; its gradient is added."""
    squares, magnitudes = weights.dtype.type(0.0), weights.dtype.type(0.0)
    half, ridge, lasso = weights.dtype.type(0.5), weights.dtype.type(l2), weights.dtype.type(l1)
    for k in range(weights.size):
        w = weights[k]
        squares += w * w
        magnitudes += abs(w)
        gradient[k] += ridge * w + lasso * np.sign(w)
    return float(half * ridge * squares + lasso * magnitudes)


@kernel(internal=True)
def sum_squares(numbers):
    """Sum of squares."""
    squares = numbers.dtype.type(0.0)
    for k in range(numbers.size):
        squares += numbers[k] * numbers[k]
    return float(squares)


@kernel(internal=True)
def clip(gradient, norm, largest):
    """Scale a part of a gradient down, given the norm of the whole (Pascanu, Mikolov and Bengio, 2013, algorithm 1)."""
    if norm > largest:
        factor = gradient.dtype.type(largest / norm)
        for k in range(gradient.size):
            gradient[k] *= factor


@kernel(internal=True)
def constrain(theta, units, first, last, largest):
    """Scale down the incoming weights of some units to a norm (Srivastava et al., 2014, section 5.1).

    A row of `units` tells where a unit's weights begin and end in the flat vector, and how far they are apart.
    """
    for unit in range(first, last):
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
    top = np.int64(0)
    for start in range(0, order.size, batch_size):
        rows = part(order, start, min(start + batch_size, order.size))
        m = rows.size
        y = matrix(memory.y, 0, m, layout[layout.shape[0] - 1, SIZE])
        call_gather(table, rows, input_block(context, top, m), y, memory.weights)
        forward(context, theta, rows, top, stop, 1.0, top)
        values = layer_block(memory.values, layout, stop, top, m, batch_size)
        if linked:
            call_link(table, values)
        copy(values, out, start)


@kernel(internal=True)
def copy(values, out, start):
    """Copy values to the rows of `out` from `start` on; a slice assignment would compile code for error messages."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            out[start + i, j] = values[i, j]


@kernel
def evaluate(table, raw, y, weights):
    """Weighted sum of the losses of raw predictions."""
    total, (n_rows, k) = 0.0, raw.shape
    n = min(ROWS_PER_SUM, n_rows)
    memory = np.empty(n * (k + 1), raw.dtype)
    for start in range(0, n_rows, ROWS_PER_SUM):
        # views do not hold on to memory: named in each round, it lives as long as the loop
        m = min(n, n_rows - start)
        errors, losses = matrix(memory, 0, m, k), part(memory, n * k, n * k + m)
        some = part(weights, start, start + m) if weights.size > 0 else weights
        some_y, some_raw = matrix(flat(y), start * k, m, k), matrix(flat(raw), start * k, m, k)
        call_loss(table, some_y, some_raw, some, 1.0, errors, losses)
        total += total_of(losses)
    return total
