"""Activations that are linear but for kinks and jumps."""

import math

from sknn_concepts.activations.base import Activation
from sknn_concepts.jit.strategy import check_range

__all__ = ["HardSigmoid", "HardTanh", "Identity", "LeakyRelu", "Relu", "Step"]

SIXTH = 1.0 / 6.0


class Identity(Activation):
    """f(z) = z, for linear layers."""

    piecewise_linear = True

    def value(self, z):
        return z

    def slope(self, z):
        return 1.0

    def curvature(self, z):
        return 0.0

    def slope_from_value(self, a):
        return 1.0

    def onnx(self, z):
        return z


class Relu(Activation):
    """f(z) = max(0, z), the rectified linear unit (Nair and Hinton, 2010). Its derivative at 0 is taken as 0."""

    piecewise_linear = True

    def value(self, z):
        return 0.0 if z <= 0.0 else z  # in this order NaN stays NaN, and divergence is noticed

    def slope(self, z):
        return 1.0 if z > 0.0 else 0.0

    def curvature(self, z):
        return 0.0

    def slope_from_value(self, a):
        return 1.0 if a > 0.0 else 0.0

    def onnx(self, z):
        return z.apply("Relu")


class LeakyRelu(Activation):
    """f(z) = z for z > 0, negative_slope z otherwise (Maas, Hannun and Ng, 2013).

    Parameters
    ----------
    negative_slope : float, default=0.01
        Slope for z <= 0.
    """

    negative_slope: float = 0.01

    piecewise_linear = True

    def check(self):
        check_range(self, "negative_slope", math.isfinite(self.negative_slope), "(-inf, inf)")

    def value(self, z):
        return z if z > 0.0 else self.negative_slope * z

    def slope(self, z):
        return 1.0 if z > 0.0 else self.negative_slope

    def curvature(self, z):
        return 0.0

    def onnx(self, z):
        return z.apply("Relu") + self.negative_slope * z.apply("Min", 0.0)


class HardSigmoid(Activation):
    """f(z) = min(max(z / 6 + 1/2, 0), 1), as PyTorch and Keras 3 define it."""

    piecewise_linear = True

    def value(self, z):
        return 0.0 if z <= -3.0 else (1.0 if z >= 3.0 else z * SIXTH + 0.5)

    def slope(self, z):
        return SIXTH if abs(z) < 3.0 else 0.0

    def curvature(self, z):
        return 0.0

    def onnx(self, z):
        return (z * SIXTH + 0.5).apply("Clip", 0.0, 1.0)


class HardTanh(Activation):
    """f(z) = min(max(z, -1), 1) (Collobert, 2004)."""

    piecewise_linear = True

    def value(self, z):
        return -1.0 if z <= -1.0 else (1.0 if z >= 1.0 else z)

    def slope(self, z):
        return 1.0 if abs(z) < 1.0 else 0.0

    def curvature(self, z):
        return 0.0

    def onnx(self, z):
        return z.apply("Clip", -1.0, 1.0)


class Step(Activation):
    """f(z) = 1 for z > 0, 0 otherwise, the unit of Rosenblatt (1958). It has no derivative to train with."""

    piecewise_linear = True

    def value(self, z):
        return 1.0 if z > 0.0 else (0.0 if z <= 0.0 else z)  # NaN stays NaN

    def onnx(self, z):
        return (z > 0.0).astype(z.dtype)


ACTIVATIONS = {
    "identity": Identity,
    "relu": Relu,
    "leaky_relu": LeakyRelu,
    "hard_sigmoid": HardSigmoid,
    "hard_tanh": HardTanh,
    "step": Step,
}

ALIASES = {"linear": "identity", "hardtanh": "hard_tanh", "heaviside": "step"}
