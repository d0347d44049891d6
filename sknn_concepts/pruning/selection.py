"""Selection of the weights to remove, given scores and the share to be removed."""

import numpy as np

from sknn_concepts.network.layout import INTERCEPTS, WEIGHTS, layer_views


def lowest_weights(scores, mask, layout, share, scope, intercepts=False):
    """Choose the remaining parameters with the lowest scores, so many that a share of all is removed in the end.

    The scope is "global" or "layer": scores are compared over all layers, or within each. The weight of each layer that
    has the highest score always stays. Equal scores are removed in their order. Intercepts count, and may be removed,
    only if `intercepts`. Returns a mask that is true for the parameters to remove now.
    """
    removed = np.zeros(mask.size, bool)
    layers = list(_candidates(layout, intercepts))
    removable = []
    for weights, others in layers:
        left = weights[mask[weights]]
        # a layer without weights would let no sample through
        highest = left[np.argmax(scores[left])] if left.size else -1
        removable.append(np.concatenate([left[left != highest], others[mask[others]]]))
    groups = [(np.concatenate([np.concatenate(layer) for layer in layers]), np.concatenate(removable))]
    if scope == "layer":
        groups = [(np.concatenate(layer), of_layer) for layer, of_layer in zip(layers, removable, strict=True)]
    for candidates, positions in groups:
        count = round(share * candidates.size) - np.count_nonzero(~mask[candidates])
        lowest = positions[np.argsort(scores[positions], kind="stable")]
        removed[lowest[: max(count, 0)]] = True
    return removed


def _candidates(layout, intercepts):
    """Positions of each layer's weights and of its intercepts, the latter only where they may be removed."""
    for start, stop in zip(layout[:-1], layout[1:], strict=True):
        others = np.arange(start[INTERCEPTS], stop[INTERCEPTS]) if intercepts else np.arange(0)
        yield np.arange(start[WEIGHTS], stop[WEIGHTS]), others


def lowest_units(scores, mask, layout, share, scope):
    """Choose the weights to and from the hidden units with the lowest scores, until a share of all weights is removed.

    `scores` has an array for each hidden layer; the other arguments and the result are those of :func:`lowest_weights`.
    One unit of each layer always stays.
    """
    after = mask.copy()
    coefs, _ = layer_views(after, layout)
    n_weights = sum(w.size for w in coefs)
    units = [
        (score, layer, unit)
        for layer, layer_scores in enumerate(scores)
        for unit, score in enumerate(layer_scores)
        if coefs[layer + 1][unit].any() and coefs[layer][:, unit].any()
    ]
    n_left = [sum(layer == number for _, number, _ in units) for layer in range(len(scores))]
    for _, layer, unit in sorted(units):
        if n_left[layer] > 1 and _removed_share(coefs, layer, n_weights, scope) < share:
            coefs[layer][:, unit] = coefs[layer + 1][unit] = False
            n_left[layer] -= 1
    return mask & ~after


def _removed_share(coefs, layer, n_weights, scope):
    """Share of the weights that are removed, of all or of those that lead to a layer."""
    if scope == "layer":
        return 1.0 - np.count_nonzero(coefs[layer]) / coefs[layer].size
    return 1.0 - sum(np.count_nonzero(w) for w in coefs) / n_weights
