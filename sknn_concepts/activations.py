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

import math
from typing import ClassVar

from sknn_concepts.jit.strategy import Strategy, check_range, resolve
from sknn_concepts.jit.strategy_type import overloaded_method
from sknn_concepts.math import erf, exp, expm1, logistic, softplus, tanh

__all__ = [
    "ACTIVATIONS",
    "ALIASES",
    "Activation",
    "Elu",
    "Gelu",
    "HardSigmoid",
    "HardTanh",
    "Identity",
    "LeakyRelu",
    "Logistic",
    "Mish",
    "Relu",
    "Selu",
    "Silu",
    "Softplus",
    "Softsign",
    "Step",
    "Tanh",
    "get_activation",
]


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
      network then need not store derivatives for the backward pass.
    """

    #: Whether the second derivative is zero wherever it exists.
    piecewise_linear: ClassVar[bool] = False
    #: Factor of the initializer "auto", which draws from U(-b, b) with b = sqrt(factor / (fan_in + fan_out)).
    glorot_factor: ClassVar[float] = 6.0


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


class Logistic(Activation):
    """f(z) = 1 / (1 + exp(-z)), the sigmoid; f' = f (1 - f)."""

    glorot_factor = 2.0

    def value(self, z):
        return logistic(z)

    def slope(self, z):
        a = logistic(z)
        return a * (1.0 - a)

    def curvature(self, z):
        a = logistic(z)
        return a * (1.0 - a) * (1.0 - 2.0 * a)

    def slope_from_value(self, a):
        return a * (1.0 - a)


class Tanh(Activation):
    """f(z) = tanh(z); f' = 1 - f^2."""

    def value(self, z):
        return tanh(z)

    def slope(self, z):
        a = tanh(z)
        return 1.0 - a * a

    def curvature(self, z):
        a = tanh(z)
        return -2.0 * a * (1.0 - a * a)

    def slope_from_value(self, a):
        return 1.0 - a * a


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


class Elu(Activation):
    """f(z) = z for z > 0, scale (exp(z) - 1) otherwise (Clevert, Unterthiner and Hochreiter, 2016, eq. 15).

    Parameters
    ----------
    scale : float, default=1.0
        The alpha of the paper; the value at minus infinity is -scale.
    """

    scale: float = 1.0

    def check(self):
        check_range(self, "scale", math.isfinite(self.scale), "(-inf, inf)")

    def value(self, z):
        return z if z > 0.0 else self.scale * expm1(z)

    def slope(self, z):
        return 1.0 if z > 0.0 else self.scale * exp(z)

    def curvature(self, z):
        return 0.0 if z > 0.0 else self.scale * exp(z)


class Selu(Activation):
    """f(z) = 1.0507 z for z > 0, 1.0507 * 1.6733 (exp(z) - 1) otherwise (Klambauer et al., 2017, eq. 2).

    The two constants make zero mean and unit variance a fixed point, with the initializer ``lecun_normal``.
    """

    def value(self, z):
        return SELU_SCALE * z if z > 0.0 else SELU_SCALE * SELU_ALPHA * expm1(z)

    def slope(self, z):
        return SELU_SCALE if z > 0.0 else SELU_SCALE * SELU_ALPHA * exp(z)

    def curvature(self, z):
        return 0.0 if z > 0.0 else SELU_SCALE * SELU_ALPHA * exp(z)


class Gelu(Activation):
    """f(z) = z Phi(z) = z (1 + erf(z / sqrt(2))) / 2 (Hendrycks and Gimpel, 2016, section 2)."""

    def value(self, z):
        return 0.5 * z * (1.0 + erf(z * SQRT_HALF))

    def slope(self, z):
        return 0.5 * (1.0 + erf(z * SQRT_HALF)) + z * NORMAL_PEAK * exp(-0.5 * z * z)

    def curvature(self, z):
        z = 40.0 if abs(z) > 40.0 else z  # it is 0 from there on, where the square may overflow
        return (2.0 - z * z) * NORMAL_PEAK * exp(-0.5 * z * z)


class Silu(Activation):
    """f(z) = z / (1 + exp(-z)), the sigmoid linear unit, or swish (Elfwing, Uchibe and Doya, 2018)."""

    def value(self, z):
        return z * logistic(z)

    def slope(self, z):
        s = logistic(z)
        return s * (1.0 + z * (1.0 - s))

    def curvature(self, z):
        s = logistic(z)
        return s * (1.0 - s) * (2.0 + z * (1.0 - 2.0 * s))


class Mish(Activation):
    """f(z) = z tanh(log(1 + exp(z))) (Misra, 2020, eq. 1)."""

    def value(self, z):
        return z * tanh(softplus(z))

    def slope(self, z):
        t = tanh(softplus(z))
        return t + z * (1.0 - t * t) * logistic(z)

    def curvature(self, z):
        t = tanh(softplus(z))
        s = logistic(z)
        return (1.0 - t * t) * s * (2.0 + z * (1.0 - s - 2.0 * t * s))


class Softplus(Activation):
    """f(z) = log(1 + exp(z)), a smooth rectifier (Dugas et al., 2001)."""

    def value(self, z):
        return softplus(z)

    def slope(self, z):
        return logistic(z)

    def curvature(self, z):
        s = logistic(z)
        return s * (1.0 - s)


class Softsign(Activation):
    """f(z) = z / (1 + |z|) (Bergstra et al., 2009). Its second derivative jumps at 0, and is taken as 0 there."""

    def value(self, z):
        return z / (1.0 + abs(z))

    def slope(self, z):
        d = 1.0 + abs(z)
        return 1.0 / (d * d)

    def curvature(self, z):
        d = 1.0 + abs(z)
        c = 2.0 / (d * d * d)
        return -c if z > 0.0 else (c if z < 0.0 else 0.0)


class HardSigmoid(Activation):
    """f(z) = min(max(z / 6 + 1/2, 0), 1), as PyTorch and Keras 3 define it."""

    piecewise_linear = True

    def value(self, z):
        return 0.0 if z <= -3.0 else (1.0 if z >= 3.0 else z * SIXTH + 0.5)

    def slope(self, z):
        return SIXTH if abs(z) < 3.0 else 0.0

    def curvature(self, z):
        return 0.0


class HardTanh(Activation):
    """f(z) = min(max(z, -1), 1) (Collobert, 2004)."""

    piecewise_linear = True

    def value(self, z):
        return -1.0 if z <= -1.0 else (1.0 if z >= 1.0 else z)

    def slope(self, z):
        return 1.0 if abs(z) < 1.0 else 0.0

    def curvature(self, z):
        return 0.0


class Step(Activation):
    """f(z) = 1 for z > 0, 0 otherwise, the unit of Rosenblatt (1958). It has no derivative to train with."""

    piecewise_linear = True

    def value(self, z):
        return 1.0 if z > 0.0 else (0.0 if z <= 0.0 else z)  # NaN stays NaN


SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
SQRT_HALF = math.sqrt(0.5)
NORMAL_PEAK = 1.0 / math.sqrt(2.0 * math.pi)
SIXTH = 1.0 / 6.0

ACTIVATIONS = {
    "identity": Identity,
    "logistic": Logistic,
    "tanh": Tanh,
    "relu": Relu,
    "leaky_relu": LeakyRelu,
    "elu": Elu,
    "selu": Selu,
    "gelu": Gelu,
    "silu": Silu,
    "mish": Mish,
    "softplus": Softplus,
    "softsign": Softsign,
    "hard_sigmoid": HardSigmoid,
    "hard_tanh": HardTanh,
    "step": Step,
}

ALIASES = {"sigmoid": "logistic", "swish": "silu", "linear": "identity", "hardtanh": "hard_tanh", "heaviside": "step"}


def get_activation(choice, parameter="activation"):
    """Return the activation for a name or an instance; see :func:`sknn_concepts.jit.strategy.resolve`."""
    return resolve(choice, ACTIVATIONS, ALIASES, Activation, parameter)
