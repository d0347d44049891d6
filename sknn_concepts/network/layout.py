"""Positions of weights in the flat vector of parameters, and of layers in batch memory.

The parameters of a network are one contiguous vector: all weight matrices first, then all intercepts. Layers are views
of it. Each row of the *layout* belongs to a layer of units and holds the number of units, the positions at which the
weights and the intercepts that lead to the next layer begin, and the position at which the layer begins in batch memory
(to be multiplied by the batch size). The input layer has memory of its own.
"""

import numpy as np

#: Columns of a layout.
SIZE, WEIGHTS, INTERCEPTS, UNITS = 0, 1, 2, 3


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
