"""What a record keeps of each layer and epoch of training."""

import math

import numpy as np

from sknn_concepts.activations import Gelu, Logistic, Mish, Relu, Silu, Tanh
from sknn_concepts.network.layout import SIZE, UNITS, weights_of

#: Measurements of each layer, in the order of :meth:`LayerRecord.add`.
NAMES = ("gradient_norm", "weight_norm", "update_ratio", "dead", "saturated", "similarity")

#: Fewest samples of a mini-batch by which units are judged; with fewer, samples pass through the network once more.
MIN_SAMPLES = 32
#: Samples that pass through it, and by which saturation is judged.
N_SAMPLES = 64

#: A unit is saturated if its mean slope is below this share of the largest slope of its activation.
SATURATED_SLOPE = 0.05
#: A unit is dead if its slope is not larger anywhere; that of a relu is 0.
DEAD_SLOPE = 1e-3

_NAN = math.nan


class LayerRecord:
    """Measurements of the layers of a network after each epoch.

    Parameters
    ----------
    activations : list of Activation
        One for each layer after the input.
    keep : float
        Probability that dropout keeps a unit.
    before : dict, optional
        Arrays of earlier epochs, to which further ones are appended.
    """

    def __init__(self, activations, keep=1.0, before=None):
        # a record goes into checkpoints, so it holds names rather than activations
        self._kinds = [_kind(activation, keep) for activation in activations]
        self._before = before or {}
        self._rows = []

    def add(self, network, before, parameters, gradient, rows=None):
        """Measure an epoch, or an iteration, that took the parameters from `before` to `parameters`.

        The network has passed its last mini-batch, whose gradient is `gradient`, through its batch memory; or else some
        `rows` of its data set are given, which are passed through.
        """
        layout, of_layers = network.layout, []
        change = parameters - before
        for layer, kind in enumerate(self._kinds):
            w, g, step = (weights_of(flat, layout, layer) for flat in (parameters, gradient, change))
            squares = float(w.dot(w))
            old = weights_of(before, layout, layer)
            old_norm = math.sqrt(old.dot(old))
            ratio = math.sqrt(step.dot(step)) / old_norm if old_norm else _NAN
            dead = saturated = _NAN
            if kind:
                values = _values(network, layer + 1, kind, parameters, rows)
                dead, saturated = (_NAN, _NAN) if values is None else _judge(values, kind)
            fan_in, fan_out = layout[layer, SIZE], layout[layer + 1, SIZE]
            similar = _NAN
            if layer < len(self._kinds) - 1 and fan_out > 1 and w.size == fan_in * fan_out:
                similar = similarity(w.reshape(fan_in, fan_out), squares)
            of_layers.append((math.sqrt(g.dot(g)), math.sqrt(squares), ratio, dead, saturated, similar))
        self._append(of_layers)

    def add_divergence(self):
        """Take note that an epoch was begun in which numbers overflowed."""
        self._append([(math.inf, math.inf, math.inf, _NAN, _NAN, _NAN)] * len(self._kinds))

    def _append(self, of_layers):
        self._rows.append(of_layers)

    def arrays(self):
        """Return arrays of shape (n_epochs, n_layers) by name."""
        further = np.array(self._rows, float).reshape(-1, len(self._kinds), len(NAMES))
        arrays = {name: np.ascontiguousarray(further[:, :, k]) for k, name in enumerate(NAMES)}
        if not self._before:
            return arrays
        return {name: np.concatenate([self._before[name], array]) for name, array in arrays.items()}


def similarity(w, squares=None):
    """Return the share of the squared norm of incoming weights that all units of a layer have in common.

    It is 1 if the units are all equal, about 1 / n_units if the weights are independent.
    """
    squares = float(np.vdot(w, w)) if squares is None else squares
    common = w.sum(axis=1)
    return float(common.dot(common)) / (w.shape[1] * squares) if squares > 0.0 else 1.0


def _kind(activation, keep):
    """Return by what the units of a layer are judged; an empty text if they are not."""
    if type(activation) in (Gelu, Mish, Silu):
        return "slopes"
    if type(activation) is Relu:
        return "relu"
    if keep < 1.0:  # dropout scales the values, so that they do not tell the slope
        return ""
    return {Logistic: "logistic", Tanh: "tanh"}.get(type(activation), "")


def _values(network, layer, kind, parameters, rows):
    """Return the values, or the slopes, of a layer for the last mini-batch; None if they are not known."""
    if rows is not None or network.batch_size < MIN_SAMPLES:
        if kind == "slopes":
            return None
        rows = np.arange(len(network.dataset.y)) if rows is None else rows
        some = np.ascontiguousarray(rows[:: max(1, len(rows) // N_SAMPLES)][:N_SAMPLES])  # spread over all
        return network.predict(parameters, some, layer, linked=False)
    memory = network._context.memory  # still has the arrays of the last mini-batch, so that nothing is computed twice
    array = memory.slopes if kind == "slopes" else memory.values
    start, size = network.batch_size * int(network.layout[layer, UNITS]), int(network.layout[layer, SIZE])
    return array[start : start + network.batch_size * size].reshape(network.batch_size, size)


def _judge(values, kind):
    """Return the shares of dead and of saturated units."""
    if kind == "relu":
        return 1.0 - np.count_nonzero(values.max(axis=0) > 0.0) / values.shape[1], _NAN
    if kind == "slopes":
        return np.count_nonzero(np.abs(values).max(axis=0) <= DEAD_SLOPE) / values.shape[1], _NAN
    values = values[:: max(1, len(values) // N_SAMPLES)]  # means need fewer samples than extremes
    mean_square = np.einsum("ij,ij->j", values, values) / len(values)
    slope = 1.0 - mean_square if kind == "tanh" else 4.0 * (values.sum(axis=0) / len(values) - mean_square)
    return _NAN, np.count_nonzero(slope < SATURATED_SLOPE) / values.shape[1]
