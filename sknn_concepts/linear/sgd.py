"""Stochastic gradient descent for one neuron, sample by sample: the perceptron rule and the delta rule.

The steps are those of scikit-learn. By the perceptron rule (F. Rosenblatt, "The perceptron", Psychological Review 65,
1958), a neuron w.x + b moves towards each sample that it puts on the wrong side::

    w += eta * y * x,    b += eta * y

By the delta rule (B. Widrow and M. E. Hoff, "Adaptive switching circuits", 1960), it moves against the gradient of a
loss of its activation's value.

The weights are stored as ``scale * w``, so that an L2 penalty costs one multiplication a sample, and their average as
``(average_w + shift * w) / shrinkage`` (L. Bottou, "Stochastic Gradient Descent Tricks", 2012, section 5). The L1
penalty is cumulative: the weights of the features that a sample has catch up with the penalty of all samples so far
(Y. Tsuruoka, J. Tsujii and S. Ananiadou, "Stochastic gradient descent training for L1-regularized log-linear models
with cumulative penalty", 2009, figure 2).
"""

import math
from typing import NamedTuple

import numpy as np
import scipy.sparse
from numba import types

from sknn_concepts import activations
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.dispatch import DispatchTable, Entries
from sknn_concepts.jit.memory import prefetch
from sknn_concepts.linear.rows import read_only, sparse_dot
from sknn_concepts.linear.sample import dot, dot_in_order, move, move_at, prefetch_part, sum_squares
from sknn_concepts.losses import base as loss_base

# Indices into a neuron's state. TIME is the next sample's number over all epochs, CUMULATIVE_L1 the penalty due by now,
# SQUARES a bound of the sum of the squares of w.
INTERCEPT, AVERAGE_INTERCEPT, TIME, SCALE, SQUARED_NORM, L1_NORM, SHIFT, SHRINKAGE, CUMULATIVE_L1, SQUARES = range(10)
STATE_SIZE = 10

#: Samples between the one that is prefetched and the one that is learned.
PREFETCH_DISTANCE = 16

#: Largest magnitude of a gradient that the delta rule follows, as in scikit-learn.
MAX_GRADIENT = 1e12


class Samples(NamedTuple):
    """Training data in the form that the kernels read; all arrays are read-only."""

    values: np.ndarray  # dense rows one after the other, or the non-zeros of a CSR matrix
    indptr: np.ndarray  # starts of the CSR rows; empty for dense rows
    columns: np.ndarray  # columns of the non-zeros; those of every row for dense rows
    y: np.ndarray  # targets; -1 and 1 for the perceptron rule
    weights: np.ndarray  # factors of the steps
    largest: float  # largest magnitude of the values


class OnlineConfig(NamedTuple):
    """Learning rule; the penalty is alpha * (l1_ratio * sum |w| + (1 - l1_ratio) / 2 * sum w^2)."""

    eta: float  # learning rate
    alpha: float  # 0 for no penalty
    l1_ratio: float
    intercept_rate: float  # factor of the intercept's steps; 0 keeps it fixed
    average: int  # number of the sample from which on the weights are averaged; 0 for never
    delta_rule: bool  # whether to follow the delta rule, not the perceptron rule


class Neuron(NamedTuple):
    """Parameters and working memory of a neuron."""

    w: np.ndarray  # weights, divided by the scale
    average_w: np.ndarray  # empty without averaging
    received_l1: np.ndarray  # L1 penalty that each weight has received, with its sign; empty without one
    mask: np.ndarray  # False for the weights that stay 0; empty if all are free
    state: np.ndarray
    products: np.ndarray
    steps: np.ndarray


def make_samples(X, y, weights, largest):
    """Samples for the kernels: views of a dense C-contiguous array or CSR matrix, targets and factors of one dtype.

    No number in X has a magnitude above `largest`.
    """
    if scipy.sparse.issparse(X):
        # with unsigned indices no kernel checks for negative columns
        arrays = X.data, X.indptr, X.indices.view(f"u{X.indices.itemsize}")
    else:
        arrays = X.reshape(-1), np.empty(0, np.int32), np.arange(X.shape[1], dtype=np.uint32)
    # read-only views let writeable and read-only data share one compiled kernel
    return Samples(*(read_only(array) for array in (*arrays, y, weights)), float(largest))


def make_neuron(parameters, average, config, time=1.0, mask=None):
    """Neuron that starts from copies of its weights and intercept and of their averages, set to 0 outside the mask."""
    if mask is not None:
        parameters, average = np.where(mask, parameters, 0), np.where(mask, average, 0)
    w, empty, state = parameters[:-1].copy(), np.empty(0, parameters.dtype), np.zeros(STATE_SIZE)
    state[[INTERCEPT, AVERAGE_INTERCEPT, TIME, SCALE, SHRINKAGE]] = parameters[-1], average[-1], time, 1.0, 1.0
    state[[SQUARED_NORM, L1_NORM]] = (w * w).sum(), np.abs(w).sum()
    return Neuron(
        w=w,
        average_w=average[:-1].copy() if config.average > 0 else empty,
        received_l1=np.zeros_like(w) if config.alpha * config.l1_ratio > 0.0 else empty,
        mask=np.empty(0, bool) if mask is None else mask[:-1].copy(),
        state=state,
        products=np.empty_like(w),
        steps=np.empty(w.size),
    )


def parameters_of(neuron):
    """Weights and intercept of a neuron as one array, and their averages as another."""
    fold(neuron.w, neuron.average_w, neuron.state)
    if neuron.mask.size and neuron.average_w.size:
        neuron.average_w[~neuron.mask] = 0  # the kernel masks the weights only
    parts = (neuron.w, INTERCEPT), (neuron.average_w, AVERAGE_INTERCEPT)
    return tuple(np.append(weights, weights.dtype.type(neuron.state[index])) for weights, index in parts)


def bind_loss(activation=None, loss=None):
    """Calls of the delta rule, and the table that must outlive them; empty for the perceptron rule."""
    table, strategies = DispatchTable(ENTRIES, np.float64), (activation, activation, loss, loss)
    for entry, strategy in zip(ENTRIES, () if loss is None else strategies, strict=False):
        table.bind(entry, *entry.kernels, strategy)
    return table.calls, table


@kernel
def value_of(activation, raw):
    """Value of an activation."""
    return activations.value(activation, raw)


@kernel
def slope_of(activation, raw):
    """Derivative of an activation."""
    return activations.slope(activation, raw)


@kernel
def loss_of(loss, y, value):
    """Loss of one sample."""
    return loss_base.loss(loss, y, value)


@kernel
def gradient_of(loss, y, value):
    """Derivative of the loss with respect to the value."""
    return loss_base.gradient(loss, y, value)


#: Entries of the dispatch table of the delta rule.
ENTRIES = Entries()


@ENTRIES.declare(types.float64, kernels=[value_of])
def call_value(table, raw):
    """Return the value of the activation."""


@ENTRIES.declare(types.float64, kernels=[slope_of])
def call_slope(table, raw):
    """Return the derivative of the activation."""


@ENTRIES.declare(types.float64, types.float64, kernels=[loss_of])
def call_loss(table, y, value):
    """Return the loss of a sample."""


@ENTRIES.declare(types.float64, types.float64, kernels=[gradient_of])
def call_gradient(table, y, value):
    """Return the derivative of the loss with respect to the value."""


@kernel
def shuffle(order, seed):
    """Shuffle in place, as scikit-learn shuffles samples.

    The shuffle of R. A. Fisher and F. Yates with a 32-bit xorshift generator (G. Marsaglia, "Xorshift RNGs", Journal of
    Statistical Software 8, 2003), for fewer than 2^31 numbers and a seed below 2^32.
    """
    word = 0xFFFFFFFF
    number = seed if seed > 0 else 1
    for i in range(order.size - 1):
        number ^= (number << 13) & word
        number ^= number >> 17
        number ^= (number << 5) & word
        j = i + (number & 0x7FFFFFFF) % (order.size - i)
        order[i], order[j] = order[j], order[i]


@kernel
def train_epoch(samples, order, config, neuron, table):
    """Train a neuron in place on the samples of some rows, in their order; :func:`bind_loss` makes the table.

    Returns the sum of the losses, each before the step of its sample (that of the perceptron rule is
    max(0, -y (w.x + b))), and the same with the penalty added to each.
    """
    values, indptr, columns, targets, weights, largest = samples
    w, average_w, received_l1, mask, state, products, steps = neuron
    number, n_features, dense = w.dtype.type, w.size, indptr.size == 0
    eps = float(np.finfo(w.dtype).eps)
    decay = np.float64(number(max(0.0, 1.0 - (1.0 - config.l1_ratio) * config.eta * config.alpha)))
    loss, penalties = 0.0, 0.0
    state[SQUARES] = sum_squares(w)
    for i in range(order.size):
        if i + PREFETCH_DISTANCE < order.size:
            row = order[i + PREFETCH_DISTANCE]
            prefetch(targets, row)
            prefetch(weights, row)
            if dense:
                prefetch_part(values, row * n_features, (row + 1) * n_features)
            else:
                begin, end = np.int64(indptr[row]), np.int64(indptr[row + 1])
                prefetch_part(values, begin, end)
                prefetch_part(columns, begin, end)
        row = order[i]
        if dense:
            start, stop, first, last = row * n_features, (row + 1) * n_features, 0, n_features
            total = dot(w, values, start)
        else:
            first, last = np.int64(indptr[row]), np.int64(indptr[row + 1])
            start, stop = first, last
            total = sparse_dot(values, columns, start, stop, w)
        raw = np.float64(number(total * state[SCALE])) + state[INTERCEPT]
        # by the inequality of Cauchy and Schwarz, the root of w.w x.x is at least the sum of the products' magnitudes
        squares = (stop - start) * largest * largest
        rounding = (stop - start + 8) * eps * state[SCALE]
        if not raw * raw > rounding * rounding * squares * state[SQUARES]:  # NaN where a bound overflows
            total_in_order = dot_in_order(w, values, columns, start, stop, first, products)
            raw = np.float64(number(total_in_order * state[SCALE])) + state[INTERCEPT]
        step = 0.0
        if config.delta_rule:
            y, value = np.float64(targets[row]), call_value(table, raw)
            slope = call_gradient(table, y, value) * call_slope(table, raw)
            loss += call_loss(table, y, value)
            step = -config.eta * min(max(slope, -MAX_GRADIENT), MAX_GRADIENT) * weights[row]
        elif raw * targets[row] <= 0.0:
            loss -= raw * targets[row]
            step = config.eta * targets[row] * weights[row]
        if config.alpha > 0.0:
            norm = np.float64(number(math.sqrt(state[SQUARED_NORM])))
            penalties += 0.5 * (1.0 - config.l1_ratio) * norm * norm + config.l1_ratio * number(state[L1_NORM])
            shrink(w, average_w, state, decay)
        if step != 0.0:
            factor = np.float64(number(step) / number(state[SCALE]))
            if dense:
                move(w, values, start, factor, steps)
            else:
                move_at(w, values, columns, start, stop, factor, steps)
            if mask.size > 0:
                apply_mask(w, mask, columns, first, last)
            state[INTERCEPT] += step * config.intercept_rate
            state[SQUARES] += max(0.0, 2.0 * factor * total) + factor * factor * squares
            if config.alpha > 0.0:
                measure(w, columns, first, last, state)
        if 0 < config.average <= state[TIME]:
            factor = -state[SHIFT] * number(step) / state[SCALE]
            if factor != 0.0 and dense:
                move(average_w, values, start, factor, steps)
            elif factor != 0.0:
                move_at(average_w, values, columns, start, stop, factor, steps)
            count = state[TIME] - config.average + 1.0
            average_in(state, count, np.float64(number(count)))
        if received_l1.size > 0:
            state[CUMULATIVE_L1] += config.l1_ratio * config.eta * config.alpha
            apply_cumulative_l1(w, received_l1, columns, first, last, state)
        state[TIME] += 1.0
    return loss, loss + config.alpha * penalties


@kernel(internal=True)
def apply_mask(w, mask, columns, first, last):
    """Set the weights of some columns to 0 where a mask is False."""
    for k in range(first, last):
        if not mask[columns[k]]:
            w[columns[k]] = 0.0


@kernel(internal=True)
def shrink(w, average_w, state, decay):
    """Shrink the weights by the L2 penalty: only their scale changes, unless it gets too small."""
    state[SCALE] *= decay
    state[SQUARED_NORM] *= decay * decay
    state[L1_NORM] *= decay
    if state[SCALE] < (1e-9 if w.itemsize == 8 else 1e-6):
        fold(w, average_w, state)


@kernel
def fold(w, average_w, state):
    """Multiply the scale into the weights, and shift and shrinkage into their average."""
    number = w.dtype.type
    shift, growth, scale = number(state[SHIFT]), number(1.0 / state[SHRINKAGE]), number(state[SCALE])
    for j in range(average_w.size):
        average_w[j] = (average_w[j] + shift * w[j]) * growth
    for j in range(w.size):
        w[j] *= scale
    state[SQUARES] *= state[SCALE] * state[SCALE]
    state[SCALE], state[SHIFT], state[SHRINKAGE] = 1.0, 0.0, 1.0


@kernel(internal=True)
def measure(w, columns, first, last, state):
    """Compute the norms of the weights as scikit-learn does: over the features that a sample has."""
    squares, magnitudes = 0.0, 0.0
    for k in range(first, last):
        weight = np.float64(w[columns[k]])
        squares += weight * weight
        magnitudes += abs(weight)
    state[SQUARED_NORM] = squares * state[SCALE] * state[SCALE]
    state[L1_NORM] = magnitudes * state[SCALE]


@kernel(internal=True)
def average_in(state, count, rounded):
    """Add the present weights and intercept to their averages as number `count`."""
    if count > 1.0:
        state[SHRINKAGE] /= 1.0 - 1.0 / rounded
    state[SHIFT] += state[SHRINKAGE] * state[SCALE] / rounded
    state[AVERAGE_INTERCEPT] += (state[INTERCEPT] - state[AVERAGE_INTERCEPT]) / count


@kernel(internal=True)
def apply_cumulative_l1(w, received_l1, columns, first, last, state):
    """Move the weights of some columns towards 0, at most to it, by the L1 penalty that they have not received yet."""
    scale, cumulative_l1 = state[SCALE], state[CUMULATIVE_L1]
    for k in range(first, last):
        j = columns[k]
        before = np.float64(w[j])
        after = before
        if before > 0.0:
            after = max(0.0, before - (cumulative_l1 + received_l1[j]) / scale)
        elif before < 0.0:
            after = min(0.0, before + (cumulative_l1 - received_l1[j]) / scale)
        w[j] = after
        received_l1[j] += scale * (w[j] - before)
