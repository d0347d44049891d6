"""Bounds of predictions, which show without a forward pass that they do not overflow."""

import numpy as np

from sknn_concepts.activations import ACTIVATIONS
from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.network.dataset import is_sparse
from sknn_concepts.network.layout import layer_views, make_layout

#: Samples times parameters from which on a bound takes much less time than a forward pass.
MIN_MULTIPLY_ADDS = 100_000_000

#: Bound beyond which sums of products might lose their finite values.
MAX_BOUND = 1e15


def bound_predictions(architecture, dataset, parameters):
    """Bound the magnitude of the raw predictions for the samples of a data set.

    The net inputs of a layer are at most the largest value of the layer below, times the largest sum of the magnitudes
    of a unit's weights, plus the largest intercept. An activation of the package is largest at an end of a symmetric
    interval, but for less than 1.

    Returns infinity if the bound is too large, or if an activation is not of the package.
    """
    features = dataset.data if is_sparse(dataset) else dataset.X
    bound = float(max(features.max(initial=0.0), -features.min(initial=0.0)))
    layers = zip(*layer_views(parameters, make_layout(architecture.sizes)), architecture.activations, strict=True)
    for w, b, activation in layers:
        bound = bound * float(np.abs(w).sum(axis=0).max(initial=0.0)) + float(np.abs(b).max(initial=0.0))
        if type(activation) not in ACTIVATIONS.values() or not bound <= MAX_BOUND:  # not even if it is NaN
            return np.inf
        bound = max(abs(float(activation.value(bound))), abs(float(activation.value(-bound)))) + 1.0
    return bound if bound <= MAX_BOUND else np.inf


def cannot_overflow(architecture, network, parameters):
    """Return whether a bound shows that the predictions of a large network, and their losses, are finite.

    False does not mean that they are not.
    """
    dataset = network.dataset
    if not isinstance(dataset, ArrayStruct):  # the samples are elsewhere
        return False
    if len(dataset.y) * parameters.size < MIN_MULTIPLY_ADDS:
        return False
    bound = bound_predictions(architecture, dataset, parameters)
    if bound == np.inf:
        return False
    signs = np.ones(dataset.y.shape, architecture.dtype)
    signs[:, ::2] = -1.0
    weights = dataset.weights if dataset.weights.size else None
    corners = (architecture.dtype.type(bound) * some for some in (signs, -signs, np.abs(signs), -np.abs(signs)))
    with np.errstate(over="ignore", invalid="ignore"):
        return all(np.isfinite(network.losses(raw, dataset.y, weights)) for raw in corners)
