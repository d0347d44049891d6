"""Layers of fitted estimators, and networks that no estimator has, as the displays need them."""

from typing import NamedTuple

import numpy as np

from sknn_concepts.losses import get_loss
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.layout import layer_views, make_layout
from sknn_concepts.validation.fitted_network import FittedNetwork, check_estimator


class Layers(NamedTuple):
    """Dense arrays of a fitted estimator, one for each layer after the input."""

    coefs: list  # of shape (fan_in, fan_out), also of a linear model
    intercepts: list
    masks: list  # True for the weights that are left


def layers_of(estimator):
    """Return the layers of a fitted estimator; raise the errors of :func:`check_estimator`."""
    check_estimator(estimator)
    layout = make_layout(estimator._sizes())
    theta, mask = estimator._parameters(), estimator._parameter_mask()
    mask = np.ones(theta.size, bool) if mask is None else mask
    return Layers(*layer_views(theta, layout), layer_views(mask, layout)[0])


def layer_names(n_layers):
    """Names of layers, which readers know: the input, hidden ones by number, the output."""
    hidden = ["hidden layer"] if n_layers == 3 else [f"hidden layer {k}" for k in range(1, n_layers - 1)]
    return ["input", *hidden, "output"]


def make_network(theta, sizes, activations, X):
    """Return a network that no estimator has, over samples, with squared errors from targets of 0."""
    dataset = make_dataset(np.ascontiguousarray(X, theta.dtype), np.zeros((len(X), sizes[-1]), theta.dtype))
    loss = get_loss("squared_error", "regression")
    return FittedNetwork(theta, list(sizes), list(activations), loss, dataset, float(len(X)))
