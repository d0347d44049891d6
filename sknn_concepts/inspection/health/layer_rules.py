"""Rules about the layers of a network: gradients, dead and saturated units, equal units."""

import numpy as np

from sknn_concepts.inspection.health.case import Finding, layer_names
from sknn_concepts.training.record import similarity

#: Gradient of the first layer's weights, in units of the last layer's, below which it vanishes.
VANISHED = 1e-3
#: Gradient of weights, in units of their norm, below which nothing is learned, and above which steps go astray.
NOTHING, TOO_LARGE = 1e-6, 50.0
#: Share of dead or saturated units of a layer that is too large.
TOO_MANY = 0.5
#: Similarity from which units are equal.
EQUAL = 1.0 - 1e-6


def vanishing_gradients(case):
    """Gradients that are smaller by orders of magnitude in the first layer than in the last."""
    gradients, weights = (case.measured(name, "first") for name in ("gradient_norm", "weight_norm"))
    if len(gradients) < 3 or not np.isfinite(gradients).all():
        return None
    first, last = gradients[0], gradients[-1]
    # a gradient of exactly 0 is that of dead units
    if not 0.0 < first or not (first < VANISHED * last or first < NOTHING * weights[0]):
        return None
    share = "" if not last else f", {first / last:.1g} times that of the output layer ({last:.2g})"
    return Finding(
        "vanishing gradients",
        f"In the first epochs the gradient of the first layer's weights has the norm {first:.2g}{share}.",
        "Use activation='relu' or 'leaky_relu' with initializer='he_normal', or 'tanh' with 'glorot_normal'; use fewer "
        "hidden layers.",
    )


def exploding_gradients(case):
    """Gradients that are many times as large as the weights."""
    if len(case.coefs) < 3:
        return None
    gradients, weights = (case.measured(name, "first") for name in ("gradient_norm", "weight_norm"))
    ratios = gradients / np.where(weights > 0, weights, np.inf)
    if not np.nanmax(ratios, initial=0.0) > TOO_LARGE:
        return None
    layer = int(np.nanargmax(ratios))
    return Finding(
        "exploding gradients",
        f"In the first epochs the gradient of a layer's weights (number {layer + 1}) is {ratios[layer]:.2g} times as "
        f"large as these weights: its norm is {gradients[layer]:.2g}.",
        "Start from smaller weights: initializer='he_normal' for relu, 'glorot_normal' for tanh. Limit the gradient "
        "with max_grad_norm=1.0.",
    )


def dead_units(case):
    """Units of the relu family that are constant, so that they learn nothing."""
    shares = case.measured("dead")[:-1]
    layers = np.flatnonzero(shares > TOO_MANY)
    if not layers.size:
        return None
    return Finding(
        "dead units",
        f"In {layer_names(case, layers)}, {_percent(shares[layers])} of the units have the slope 0 for all samples of "
        "a mini-batch: they learn nothing any more.",
        "Lower learning_rate_init, use activation='leaky_relu', and scale the inputs; initial intercepts must not be "
        "far below 0.",
    )


def saturated_units(case):
    """Units of logistic or tanh whose outputs are close to their limits."""
    shares = case.measured("saturated")[:-1]
    layers = np.flatnonzero(shares > TOO_MANY)
    if not layers.size:
        return None
    return Finding(
        "saturated units",
        f"In {layer_names(case, layers)}, the mean slope of {_percent(shares[layers])} of the units is below 5 % of "
        "the largest: their outputs are at the limits of the activation, and hardly any gradient passes through.",
        "Scale the inputs with StandardScaler, start from smaller weights (initializer='glorot_normal'), or lower "
        "learning_rate_init.",
    )


def equal_units(case):
    """Hidden units that all have the same weights, which gradients never change."""
    hidden = [w for w in case.coefs[:-1] if w.shape[1] > 1]
    layers = [layer for layer, w in enumerate(case.coefs[:-1]) if w.shape[1] > 1 and similarity(w) >= EQUAL]
    if not hidden or not layers:
        return None
    return Finding(
        "equal units",
        f"In {layer_names(case, layers)}, all units have the same weights, so that they get the same gradient and stay "
        "equal: the layer computes what one unit does.",
        "Draw different initial weights: initializer='auto' rather than zeros or a constant.",
    )


def _percent(shares):
    low, high = 100 * shares.min(), 100 * shares.max()
    return f"{high:.0f} %" if round(low) == round(high) else f"{low:.0f} to {high:.0f} %"
