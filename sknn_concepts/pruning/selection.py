"""Which weights go, given their scores and how many shall."""

import numpy as np

from sknn_concepts.network.layers import INTERCEPTS, WEIGHTS, layer_views


def lowest_weights(scores, alive, layout, share, scope, intercepts=False):
    """Surviving parameters with the lowest scores, so many that a share of all is gone.

    One weight of each layer always stays, the one with the highest score. Equal scores go in their order.

    Parameters
    ----------
    scores : ndarray of shape (n_parameters,)
        The lowest go first.
    alive : ndarray of bool of shape (n_parameters,)
        What is left.
    layout : ndarray of shape (n_layers, 4)
        Of the network.
    share : float
        Share of all weights (and intercepts, where these may go) that shall be gone, earlier ones included.
    scope : {"global", "layer"}
        Compare scores over all layers or in each.
    intercepts : bool, default=False
        Whether intercepts may go.

    Returns
    -------
    removed : ndarray of bool of shape (n_parameters,)
        What goes now.
    """
    removed = np.zeros(alive.size, bool)
    layers = list(_candidates(layout, intercepts))
    free = []
    for weights, others in layers:
        left = weights[alive[weights]]
        # nobody wants a network that no sample gets through
        kept = left[np.argmax(scores[left])] if left.size else -1
        free.append(np.concatenate([left[left != kept], others[alive[others]]]))
    groups = [(np.concatenate([np.concatenate(layer) for layer in layers]), np.concatenate(free))]
    if scope == "layer":
        groups = [(np.concatenate(layer), mine) for layer, mine in zip(layers, free, strict=True)]
    for everything, mine in groups:
        count = round(share * everything.size) - np.count_nonzero(~alive[everything])
        lowest = mine[np.argsort(scores[mine], kind="stable")]
        removed[lowest[: max(count, 0)]] = True
    return removed


def _candidates(layout, intercepts):
    """Positions of each layer's weights and of its intercepts, these only where they may go."""
    for start, stop in zip(layout[:-1], layout[1:], strict=True):
        others = np.arange(start[INTERCEPTS], stop[INTERCEPTS]) if intercepts else np.arange(0)
        yield np.arange(start[WEIGHTS], stop[WEIGHTS]), others


def lowest_units(scores, alive, layout, share, scope):
    """Weights to and from the hidden units with the lowest scores, so many units that a share of all weights is gone.

    One unit of each layer always stays.

    Parameters
    ----------
    scores : list of ndarray of shape (n_units,)
        Of the units of each hidden layer.
    alive, layout, share, scope
        As in :func:`lowest_weights`.

    Returns
    -------
    removed : ndarray of bool of shape (n_parameters,)
        What goes now.
    """
    after = alive.copy()
    coefs, _ = layer_views(after, layout)
    n_weights = sum(w.size for w in coefs)
    units = [
        (score, layer, unit)
        for layer, layer_scores in enumerate(scores)
        for unit, score in enumerate(layer_scores)
        if coefs[layer + 1][unit].any() and coefs[layer][:, unit].any()
    ]
    left = [sum(layer == mine for _, mine, _ in units) for layer in range(len(scores))]
    for _, layer, unit in sorted(units):
        gone = _share_gone(coefs, layer, n_weights, scope)
        if left[layer] > 1 and gone < share:
            coefs[layer][:, unit] = coefs[layer + 1][unit] = False
            left[layer] -= 1
    return alive & ~after


def _share_gone(coefs, layer, n_weights, scope):
    """Share of the weights that are gone, of all or of those that lead to a layer."""
    if scope == "layer":
        return 1.0 - np.count_nonzero(coefs[layer]) / coefs[layer].size
    return 1.0 - sum(np.count_nonzero(w) for w in coefs) / n_weights
