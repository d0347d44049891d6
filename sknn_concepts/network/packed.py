"""What pruning leaves: flat parameters without the weights that are gone, and networks without the units."""

from typing import NamedTuple

import numpy as np

from sknn_concepts.network.layers import layer_views, make_layout, n_parameters, n_weights

# Measured with random masks, batches of 128 and 256 in float32 and float64, on an AVX-512 processor: the time of a
# layer's product, and of all three products, dense and in strips, from 10 x 3 to 1000 x 1000. Both break even at the
# sparsity below; narrow layers need more, for turning the samples costs as much as a few weights of each unit.

#: Share of removed weights from which a wide layer predicts, and learns, faster through its surviving weights only.
PAYS_PREDICTING, PAYS_TRAINING = 0.5, 0.6

#: Weights of a unit whose multiplication takes as long as turning its values.
TURNING = 5.0

#: The same share for a first layer over CSR samples, whose products are no strips: 0.97 to 0.98 from 784 x 300 at 5 %
#: and 20 % of the features, 2000 x 32 at 5 %, and 5000 x 100 at 1 %.
PAYS_ON_CSR = 0.98


def worth_it(mask, training, *, on_csr=False):
    """Whether a layer is faster through its surviving weights only.

    Parameters
    ----------
    mask : ndarray of bool of shape (fan_in, fan_out)
        Which weights are left.
    training : bool
        Whether the layer learns, or only predicts.
    on_csr : bool, default=False
        Whether it is the first layer over a CSR matrix.

    Returns
    -------
    worth : bool
    """
    sparsity = 1.0 - np.count_nonzero(mask) / mask.size
    if on_csr:
        return sparsity >= PAYS_ON_CSR
    turning = TURNING * sum(1.0 / size for size in mask.shape)
    return sparsity >= (PAYS_TRAINING if training else PAYS_PREDICTING) + turning


def pack(theta, sizes, masks):
    """Parameters without the weights that are gone.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        All parameters, or numbers that go with them, such as a row of an optimizer's memory.
    sizes : sequence of int
        Units of each layer, the input first.
    masks : list of ndarray of bool or None
        For each matrix of weights, of shape (fan_in, fan_out), which are left; None leaves it as it is.

    Returns
    -------
    short : ndarray
        A copy. A matrix with a mask has become runs of weights, one for each unit of the next layer: ``w.T[mask.T]``.
        All intercepts are there.
    """
    layout = make_layout(sizes)
    coefs = layer_views(theta, layout)[0]
    weights = [w.ravel() if mask is None else w.T[mask.T] for w, mask in zip(coefs, masks, strict=True)]
    return np.concatenate([*weights, theta[n_weights(layout) :]])


def unpack(short, sizes, masks):
    """All parameters, those that are gone being zero: the inverse of :func:`pack`.

    Parameters
    ----------
    short : ndarray
        What :func:`pack` gives.
    sizes : sequence of int
        Units of each layer, the input first.
    masks : list of ndarray of bool or None
        For each matrix of weights which are left.

    Returns
    -------
    theta : ndarray of shape (n_parameters,)
    """
    layout = make_layout(sizes)
    theta = np.zeros(n_parameters(layout), short.dtype)
    start = 0
    for w, mask in zip(layer_views(theta, layout)[0], masks, strict=True):
        stop = start + (w.size if mask is None else np.count_nonzero(mask))
        if mask is None:
            w.ravel()[:] = short[start:stop]
        else:
            w.T[mask.T] = short[start:stop]
        start = stop
    theta[n_weights(layout) :] = short[start:]
    return theta


class Compact(NamedTuple):
    """A network without its dead units: parameters, sizes, masks, and which units of each layer are left."""

    theta: np.ndarray
    sizes: list
    masks: list
    units: list


def compact(theta, sizes, masks, value):
    """Remove hidden units that nothing leads from, or nothing leads to, until there are none.

    A unit without incoming weights has a constant value, which goes into the intercepts of the next layer. The weights
    of a unit go with it, so that other units may follow. One unit of each layer stays.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        All parameters; left alone. Weights where a mask is false count as zero.
    sizes : sequence of int
        Units of each layer, the input first.
    masks : list of ndarray of bool or None
        For each matrix of weights, of shape (fan_in, fan_out), which are left; None means all.
    value : callable
        ``value(layer, z)`` gives the values of the activation of a layer, counted from the input, for an ndarray.

    Returns
    -------
    compact : Compact
        Gives the same predictions, to rounding. A mask is None where all weights are left.
    """
    coefs, intercepts = layer_views(theta, make_layout(sizes))
    intercepts = [b.copy() for b in intercepts]
    alive = [np.ones(w.shape, bool) if mask is None else mask.copy() for w, mask in zip(coefs, masks, strict=True)]
    coefs = [np.where(mask, w, 0) for w, mask in zip(coefs, alive, strict=True)]
    units = [np.arange(size) for size in sizes]
    before = None
    while before != (before := [(mask.shape, np.count_nonzero(mask)) for mask in alive]):
        for layer in range(1, len(alive)):
            constant = ~alive[layer - 1].any(axis=0)
            values = value(layer, intercepts[layer - 1][constant]).astype(theta.dtype)
            intercepts[layer] += values @ coefs[layer][constant]
            alive[layer][constant] = coefs[layer][constant] = 0
            dead = ~alive[layer].any(axis=1)
            alive[layer - 1][:, dead] = coefs[layer - 1][:, dead] = 0
            dead[0] &= not dead.all()
            for arrays in (coefs, alive):
                arrays[layer - 1], arrays[layer] = arrays[layer - 1][:, ~dead], arrays[layer][~dead]
            intercepts[layer - 1], units[layer] = intercepts[layer - 1][~dead], units[layer][~dead]
    left = [None if mask.all() else mask for mask in alive]
    return Compact(np.concatenate([*map(np.ravel, coefs), *intercepts]), list(map(len, units)), left, units)
