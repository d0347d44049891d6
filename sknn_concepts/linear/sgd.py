"""Learning sample by sample: the perceptron rule and the delta rule over dense and CSR rows.

Step for step what scikit-learn does. A neuron w.x + b is shown one sample after the other. By the perceptron rule (F.
Rosenblatt, "The perceptron", Psychological Review 65, 1958) it moves toward those on whose wrong side it is::

    w += eta * y * x,    b += eta * y

and by the delta rule (B. Widrow and M. E. Hoff, "Adaptive switching circuits", 1960) against the gradient of a loss of
its activation's value.

The weights are kept as ``scale * w``, so that an L2 penalty costs one multiplication a sample, and their average as
``(average_w + shift * w) / shrinkage`` (L. Bottou, "Stochastic Gradient Descent Tricks", 2012, section 5). An L1
penalty is paid, cumulated, by the weights that a sample touches (Y. Tsuruoka, J. Tsujii and S. Ananiadou, "Stochastic
gradient descent training for L1-regularized log-linear models with cumulative penalty", 2009, figure 2).
"""

import math

import numpy as np

from sknn_concepts import activations
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.dispatch import call
from sknn_concepts.jit.memory import LINE, prefetch
from sknn_concepts.jit.views import part

# Numbers of a neuron that change while it learns.
from sknn_concepts.losses import base as loss_base

# Numbers of a neuron that change while it learns.
INTERCEPT = 0
AVERAGE_INTERCEPT = 1
TIME = 2  # number of the sample, counted from 1 over all passes
SCALE = 3
SQUARES = 4  # squared norm of the weights
MAGNITUDES = 5  # L1 norm of the weights
SHIFT = 6
SHRINKAGE = 7
DEBT = 8  # L1 penalty that every weight should have paid by now
STATE_SIZE = 9

# Sockets of the delta rule: what to plug where.
VALUE, SLOPE, LOSS, GRADIENT = range(4)

#: Samples between the one that memory is asked for and the one that is learned.
AHEAD = 8
#: Lines of a row that are asked for, and of each of the two arrays that hold a sparse row; the processor itself
#: foresees the rest of a longer row, and can wait for some lines at a time only.
FORESEEN, FORESEEN_SPARSE = 16, 2

#: Largest slope of a loss that the delta rule follows, as in scikit-learn.
STEEPEST = 1e12


@kernel
def value_of(activation, raw):
    """Value of an activation."""
    return activations.value(activation, raw)


@kernel
def slope_of(activation, raw):
    """Slope of an activation."""
    return activations.slope(activation, raw)


@kernel
def loss_of(loss, y, value):
    """Loss of one sample."""
    return loss_base.loss(loss, y, value)


@kernel
def gradient_of(loss, y, value):
    """Slope of the loss with respect to the value."""
    return loss_base.gradient(loss, y, value)


@kernel
def shuffle(order, seed):
    """Shuffle in place, as scikit-learn shuffles samples.

    The shuffle of R. A. Fisher and F. Yates with a 32-bit xorshift generator (G. Marsaglia, "Xorshift RNGs", Journal of
    Statistical Software 8, 2003).

    Parameters
    ----------
    order : ndarray of int64
        Fewer than 2^31 numbers.
    seed : int
        Below 2^32.
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
def learn(samples, order, rule, neuron, table):
    """Show samples to a neuron, each once.

    Parameters
    ----------
    samples : Samples
        The data set.
    order : ndarray of int64
        Its rows in the order in which they are shown.
    rule : OnlineConfig
        How the neuron learns.
    neuron : Neuron
        Changed in place.
    table : table
        Of the delta rule, made by :func:`plug_loss`.

    Returns
    -------
    loss : float
        Sum of the losses, each before the step of its sample; that of the perceptron rule is max(0, -y (w.x + b)).
    objective : float
        The same with the penalty added to each.
    """
    values, indptr, columns, targets, weights = samples
    w, average_w, paid, state, products, steps = neuron
    number, n_features, dense = w.dtype.type, w.size, indptr.size == 0
    eps = float(np.finfo(w.dtype).eps)
    decay = np.float64(number(max(0.0, 1.0 - (1.0 - rule.l1_ratio) * rule.eta * rule.alpha)))
    loss, penalties = 0.0, 0.0
    for i in range(order.size):
        if i + AHEAD < order.size:
            row = order[i + AHEAD]
            prefetch(targets, row)
            prefetch(weights, row)
            if dense:
                foresee(values, row * n_features, (row + 1) * n_features, FORESEEN)
            else:
                begin, end = np.int64(indptr[row]), np.int64(indptr[row + 1])
                foresee(values, begin, end, FORESEEN_SPARSE)
                foresee(columns, begin, end, FORESEEN_SPARSE)
        row = order[i]
        if dense:
            start, stop, first, last = row * n_features, (row + 1) * n_features, 0, n_features
            total, size = dot(w, values, start)
        else:
            first, last = np.int64(indptr[row]), np.int64(indptr[row + 1])
            start, stop = first, last
            total, size = dot_at(w, values, columns, start, stop)
        raw = np.float64(number(total * state[SCALE])) + state[INTERCEPT]
        if abs(raw) <= (stop - start + 8) * eps * size * state[SCALE]:
            total_in_order = dot_in_order(w, values, columns, start, stop, first, products)
            raw = np.float64(number(total_in_order * state[SCALE])) + state[INTERCEPT]
        step = 0.0
        if rule.delta:
            y, value = np.float64(targets[row]), call(table, VALUE, (raw,))
            slope = call(table, GRADIENT, (y, value)) * call(table, SLOPE, (raw,))
            loss += call(table, LOSS, (y, value))
            step = -rule.eta * min(max(slope, -STEEPEST), STEEPEST) * weights[row]
        elif raw * targets[row] <= 0.0:
            loss -= raw * targets[row]
            step = rule.eta * targets[row] * weights[row]
        if rule.alpha > 0.0:
            norm = np.float64(number(math.sqrt(state[SQUARES])))
            penalties += 0.5 * (1.0 - rule.l1_ratio) * norm * norm + rule.l1_ratio * number(state[MAGNITUDES])
            shrink(w, average_w, state, decay)
        if step != 0.0:
            factor = np.float64(number(step) / number(state[SCALE]))
            if dense:
                move(w, values, start, factor, steps)
            else:
                move_at(w, values, columns, start, stop, factor, steps)
            state[INTERCEPT] += step * rule.intercept_rate
            if rule.alpha > 0.0:
                measure(w, columns, first, last, state)
        if 0 < rule.average <= state[TIME]:
            factor = -state[SHIFT] * number(step) / state[SCALE]
            if factor != 0.0 and dense:
                move(average_w, values, start, factor, steps)
            elif factor != 0.0:
                move_at(average_w, values, columns, start, stop, factor, steps)
            count = state[TIME] - rule.average + 1.0
            lengthen(state, count, np.float64(number(count)))
        if paid.size > 0:
            state[DEBT] += rule.l1_ratio * rule.eta * rule.alpha
            settle(w, paid, columns, first, last, state)
        state[TIME] += 1.0
    return loss, loss + rule.alpha * penalties


@kernel
def foresee(array, start, stop, lines):
    """Have the beginning of a part of an array loaded, so many lines at most."""
    step = LINE // array.itemsize
    for k in range(start, min(stop, start + lines * step), step):
        prefetch(array, k)


@kernel
def dot(w, values, start):
    """Sum of the products with a dense row, and of their magnitudes."""
    x = part(values, start, start + w.size)
    total, size = w.dtype.type(0.0), w.dtype.type(0.0)
    for k in range(w.size):
        product = w[k] * x[k]
        total += product
        size += abs(product)
    return total, size


@kernel
def dot_at(w, values, columns, start, stop):
    """Sum of the products with a sparse row, and of their magnitudes."""
    x, at = part(values, start, stop), part(columns, start, stop)
    total, size = w.dtype.type(0.0), w.dtype.type(0.0)
    for k in range(x.size):
        product = w[at[k]] * x[k]
        total += product
        size += abs(product)
    return total, size


@kernel(in_order=True)
def dot_in_order(w, values, columns, start, stop, first, products):
    """Sum of the rounded products from left to right, in double precision, as scikit-learn takes it.

    A vectorized sum is made of several partial sums, and data such as 5.1 and 0.2 often meet w.x + b = 0: there the
    order decides about the sign, and with it about all that follows.
    """
    for k in range(stop - start):
        products[k] = w[columns[first + k]] * values[start + k]
    total = 0.0
    for k in range(stop - start):  # a loop of its own: in one, multiplication and addition would be fused
        total += products[k]
    return total


@kernel
def move(w, values, start, factor, steps):
    """Add ``factor * x`` to the weights for a dense row, each product rounded as in :func:`dot_in_order`."""
    x = part(values, start, start + w.size)
    for k in range(w.size):
        steps[k] = factor * x[k]
    for k in range(w.size):
        w[k] += steps[k]


@kernel
def move_at(w, values, columns, start, stop, factor, steps):
    """Add ``factor * x`` to the weights for a sparse row; see :func:`move`."""
    x, at = part(values, start, stop), part(columns, start, stop)
    for k in range(x.size):
        steps[k] = factor * x[k]
    for k in range(x.size):
        w[at[k]] += steps[k]


@kernel
def shrink(w, average_w, state, decay):
    """Scale the weights by scaling their scale, unless that is getting too small."""
    state[SCALE] *= decay
    state[SQUARES] *= decay * decay
    state[MAGNITUDES] *= decay
    if state[SCALE] < (1e-9 if w.itemsize == 8 else 1e-6):
        fold(w, average_w, state)


@kernel
def fold(w, average_w, state):
    """Put the scale into the weights, and shift and shrinkage into their average."""
    number = w.dtype.type
    shift, growth, scale = number(state[SHIFT]), number(1.0 / state[SHRINKAGE]), number(state[SCALE])
    for j in range(average_w.size):
        average_w[j] = (average_w[j] + shift * w[j]) * growth
    for j in range(w.size):
        w[j] *= scale
    state[SCALE], state[SHIFT], state[SHRINKAGE] = 1.0, 0.0, 1.0


@kernel
def measure(w, columns, first, last, state):
    """Norms of the weights, as scikit-learn takes them: over the features that a sample has."""
    squares, magnitudes = 0.0, 0.0
    for k in range(first, last):
        weight = np.float64(w[columns[k]])
        squares += weight * weight
        magnitudes += abs(weight)
    state[SQUARES] = squares * state[SCALE] * state[SCALE]
    state[MAGNITUDES] = magnitudes * state[SCALE]


@kernel
def lengthen(state, count, rounded):
    """Let the present weights and intercept enter their averages as the `count`-th."""
    if count > 1.0:
        state[SHRINKAGE] /= 1.0 - 1.0 / rounded
    state[SHIFT] += state[SHRINKAGE] * state[SCALE] / rounded
    state[AVERAGE_INTERCEPT] += (state[INTERCEPT] - state[AVERAGE_INTERCEPT]) / count


@kernel
def settle(w, paid, columns, first, last, state):
    """Let the weights of some columns pay what they owe of the L1 penalty, down to zero at most."""
    scale, debt = state[SCALE], state[DEBT]
    for k in range(first, last):
        j = columns[k]
        before = np.float64(w[j])
        after = before
        if before > 0.0:
            after = max(0.0, before - (debt + paid[j]) / scale)
        elif before < 0.0:
            after = min(0.0, before + (debt - paid[j]) / scale)
        w[j] = after
        paid[j] += scale * (w[j] - before)
