"""The base class of activations, and their methods as kernels call them."""

from typing import ClassVar

from sknn_concepts.jit.strategy import Strategy
from sknn_concepts.jit.strategy_type import overloaded_method


@overloaded_method
def value(activation, z):
    """Value of an activation at z."""
    return activation.value(z)


@overloaded_method
def slope(activation, z):
    """First derivative of an activation at z."""
    return activation.slope(z)


@overloaded_method
def curvature(activation, z):
    """Second derivative of an activation at z."""
    return activation.curvature(z)


@overloaded_method
def slope_from_value(activation, a):
    """First derivative at the point where the activation has the value `a`."""
    return activation.slope_from_value(a)


class Activation(Strategy):
    """A function of one number, applied to each unit of a layer.

    Subclasses define

    - ``value(self, z)``;
    - ``slope(self, z)``, the first derivative, without which a network cannot be trained;
    - ``curvature(self, z)``, the second derivative, if second-order methods shall be available;
    - ``slope_from_value(self, a)``, if the first derivative is a simple function of the value ``a = value(z)``: the
      network then need not store derivatives for the backward pass;
    - ``onnx(self, z)``, the value as a function of a :class:`sknn_concepts.export.Tensor`, if networks are to be
      converted to ONNX.
    """

    #: Whether the second derivative is zero wherever it exists.
    piecewise_linear: ClassVar[bool] = False
    #: Factor of the initializer "auto", which draws from U(-b, b) with b = sqrt(factor / (fan_in + fan_out)).
    glorot_factor: ClassVar[float] = 6.0
