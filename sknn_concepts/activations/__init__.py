"""Activation functions with their first and second derivatives.

An activation of your own is a class like those below, in your own file, and trains at the same speed::

    from sknn_concepts.activations import Activation
    from sknn_concepts.math import tanh

    class ScaledTanh(Activation):
        scale: float = 1.7159

        def value(self, z):
            return self.scale * tanh(z)

        def slope(self, z):
            return self.scale * (1.0 - tanh(z) * tanh(z))

``MLPClassifier(activation=ScaledTanh())``. Write constants as floats (``1.0``, not ``1``): they take the dtype of the
network, so that a float32 network computes in single precision.
"""

from sknn_concepts.activations import piecewise_linear, smooth
from sknn_concepts.activations.base import Activation, curvature, slope, slope_from_value, value  # noqa: F401
from sknn_concepts.activations.piecewise_linear import *  # noqa: F403
from sknn_concepts.activations.smooth import *  # noqa: F403
from sknn_concepts.jit.strategy import resolve

__all__ = ["ACTIVATIONS", "ALIASES", "Activation", "get_activation"]
__all__ += [*piecewise_linear.__all__, *smooth.__all__]

#: Activations by the names that users type.
ACTIVATIONS = {**piecewise_linear.ACTIVATIONS, **smooth.ACTIVATIONS}

#: Other names that are accepted.
ALIASES = {**piecewise_linear.ALIASES, **smooth.ALIASES}


def get_activation(choice, parameter="activation"):
    """Return the activation for a name or an instance; see :func:`sknn_concepts.jit.strategy.resolve`."""
    return resolve(choice, ACTIVATIONS, ALIASES, Activation, parameter)
