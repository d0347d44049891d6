"""Packed parameters, without the weights that pruning has removed, and networks without the removed units."""

from typing import NamedTuple

import numpy as np

from sknn_concepts.network.layout import layer_views, make_layout, n_parameters, n_weights

# Measured with random masks, batches of 128 and 256 in float32 and float64, on an AVX-512 processor: the time of a
# layer's product, and of all three products, dense and with a mask, from 10 x 3 to 1000 x 1000. Both break even at the
# sparsity below; narrow layers need more, for transposing the samples costs as much as a few weights of each unit.

#: Share of removed weights from which on a wide layer predicts, and trains, faster with its other weights only.
MIN_SPARSITY_PREDICTING, MIN_SPARSITY_TRAINING = 0.5, 0.6

#: Weights of a unit whose multiplication takes as long as transposing its values.
WEIGHTS_PER_TRANSPOSITION = 5.0

#: The same share for a first layer over CSR samples, whose products visit one sample after the other: 0.97 to 0.98
#: from 784 x 300 at 5 % and 20 % of the features, 2000 x 32 at 5 %, and 5000 x 100 at 1 %.
MIN_SPARSITY_ON_CSR = 0.98


def is_faster_packed(mask, training, *, on_csr=False):
    """Return whether a layer is faster if only the weights that are left are multiplied.

    Parameters
    ----------
    mask : ndarray of bool of shape (fan_in, fan_out)
        Which weights are left.
    training : bool
        Whether the layer is trained, or only predicts.
    on_csr : bool, default=False
        Whether it is the first layer over a CSR matrix.

    Returns
    -------
    faster : bool
    """
    sparsity = 1.0 - np.count_nonzero(mask) / mask.size
    if on_csr:
        return sparsity >= MIN_SPARSITY_ON_CSR
    transposing = WEIGHTS_PER_TRANSPOSITION * sum(1.0 / size for size in mask.shape)
    return sparsity >= (MIN_SPARSITY_TRAINING if training else MIN_SPARSITY_PREDICTING) + transposing


def pack(theta, sizes, masks):
    """Pack parameters: leave out the weights that are removed.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        All parameters, or numbers that belong to them, such as a row of an optimizer's slots.
    sizes : sequence of int
        Units of each layer, the input first.
    masks : list of ndarray of bool or None
        For each matrix of weights, of shape (fan_in, fan_out), which are left; None leaves it as it is.

    Returns
    -------
    packed : ndarray
        A copy. A matrix with a mask has become runs of weights, one for each unit of the next layer: ``w.T[mask.T]``.
        All intercepts are there.
    """
    layout = make_layout(sizes)
    coefs = layer_views(theta, layout)[0]
    weights = [w.ravel() if mask is None else w.T[mask.T] for w, mask in zip(coefs, masks, strict=True)]
    return np.concatenate([*weights, theta[n_weights(layout) :]])


def unpack(packed, sizes, masks):
    """Unpack parameters; removed weights are zero. This is the inverse of :func:`pack`.

    Parameters
    ----------
    packed : ndarray
        Packed parameters.
    sizes : sequence of int
        Units of each layer, the input first.
    masks : list of ndarray of bool or None
        For each matrix of weights which are left.

    Returns
    -------
    theta : ndarray of shape (n_parameters,)
    """
    layout = make_layout(sizes)
    theta = np.zeros(n_parameters(layout), packed.dtype)
    start = 0
    for w, mask in zip(layer_views(theta, layout)[0], masks, strict=True):
        stop = start + (w.size if mask is None else np.count_nonzero(mask))
        if mask is None:
            w.ravel()[:] = packed[start:stop]
        else:
            w.T[mask.T] = packed[start:stop]
        start = stop
    theta[n_weights(layout) :] = packed[start:]
    return theta


class Compact(NamedTuple):
    """A network without the units that do nothing."""

    theta: np.ndarray
    sizes: list
    masks: list
    units: list  # for each layer the numbers of the units that are left


def compact(theta, sizes, masks, value):
    """Remove hidden units that nothing leads from, or nothing leads to, until there are none.

    A unit without incoming weights has a constant value, which goes into the intercepts of the next layer. The weights
    of a unit go with it, so that other units may follow. One unit of each layer stays.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        All parameters, which are not changed. Weights where a mask is false count as zero.
    sizes : sequence of int
        Units of each layer, the input first.
    masks : list of ndarray of bool or None
        For each matrix of weights, of shape (fan_in, fan_out), where weights are left; None means everywhere.
    value : callable
        ``value(layer, z)`` gives the values of the activation of a layer, counted from the input, for an ndarray.

    Returns
    -------
    compact : Compact
        A network with the same predictions, up to rounding. A mask is None where all weights are left.
    """
    coefs, intercepts = layer_views(theta, make_layout(sizes))
    intercepts = [b.copy() for b in intercepts]
    masks = [np.ones(w.shape, bool) if mask is None else mask.copy() for w, mask in zip(coefs, masks, strict=True)]
    coefs = [np.where(mask, w, 0) for w, mask in zip(coefs, masks, strict=True)]
    units = [np.arange(size) for size in sizes]
    before = None
    while before != (before := [(mask.shape, np.count_nonzero(mask)) for mask in masks]):
        for layer in range(1, len(masks)):
            constant = ~masks[layer - 1].any(axis=0)
            values = value(layer, intercepts[layer - 1][constant]).astype(theta.dtype)
            intercepts[layer] += values @ coefs[layer][constant]
            masks[layer][constant] = coefs[layer][constant] = 0
            kept = masks[layer].any(axis=1)
            masks[layer - 1][:, ~kept] = coefs[layer - 1][:, ~kept] = 0
            kept[0] |= not kept.any()
            for arrays in (coefs, masks):
                arrays[layer - 1], arrays[layer] = arrays[layer - 1][:, kept], arrays[layer][kept]
            intercepts[layer - 1], units[layer] = intercepts[layer - 1][kept], units[layer][kept]
    masks = [None if mask.all() else mask for mask in masks]
    return Compact(np.concatenate([*map(np.ravel, coefs), *intercepts]), list(map(len, units)), masks, units)
