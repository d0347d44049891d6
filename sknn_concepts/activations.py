"""Activation functions: value, slope and curvature of one number, side by side.

An activation of one's own is a class like those below, in one's own file, and trains at the same speed::

    from sknn_concepts.activations import Activation
    from sknn_concepts.math import tanh

    class ScaledTanh(Activation):
        scale: float = 1.7159

        def value(self, z):
            return self.scale * tanh(z)

        def slope(self, z):
            return self.scale * (1.0 - tanh(z) * tanh(z))

``MLPClassifier(activation=ScaledTanh())``. Constants are written as floats (``1.0``, not ``1``): they take the dtype
of the network, and a float32 network stays one.
"""

import math
from typing import ClassVar

from sknn_concepts.jit.dispatch import overloaded_method
from sknn_concepts.jit.strategy import Strategy, check_range, resolve
from sknn_concepts.math import erf, exp, expm1, logistic, softplus, tanh


@overloaded_method
def value(activation, z):
    """Value of an activation at z."""
    return activation.value(z)


@overloaded_method
def slope(activation, z):
    """First derivative at z."""
    return activation.slope(z)


@overloaded_method
def curvature(activation, z):
    """Second derivative at z."""
    return activation.curvature(z)


@overloaded_method
def slope_from_value(activation, a):
    """First derivative, from the value that the activation has there."""
    return activation.slope_from_value(a)


class Activation(Strategy):
    """A function of one number, applied to each unit of a layer.

    Subclasses have ``value(self, z)``; ``slope(self, z)``, the first derivative, without which nothing can be
    trained; and ``curvature(self, z)``, the second, for Hessian diagonals. Where the slope is a simple function of
    the value, a method ``slope_from_value(self, a)`` spares the network from keeping the slopes of the forward pass.
    """

    #: Straight pieces: the curvature is zero wherever it exists.
    piecewise_linear: ClassVar[bool] = False
    #: scikit-learn's draw of initial weights: U(-b, b), b = sqrt(factor / (fan_in + fan_out)).
    glorot_factor: ClassVar[float] = 6.0

    def check(self):
        """Raise ValueError where a hyper-parameter is out of its range."""


class Identity(Activation):
    """f(z) = z: linear layers."""

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
    """f(z) = max(0, z), the rectified linear unit (Nair and Hinton, 2010). Its slope at 0 is taken as 0."""

    piecewise_linear = True

    def value(self, z):
        return 0.0 if z <= 0.0 else z  # in this order, NaN stays NaN and divergence is seen

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
        """Raise ValueError unless negative_slope is finite."""
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
        The alpha of the paper: minus the value at minus infinity.
    """

    scale: float = 1.0

    def check(self):
        """Raise ValueError unless scale is finite."""
        check_range(self, "scale", math.isfinite(self.scale), "(-inf, inf)")

    def value(self, z):
        return z if z > 0.0 else self.scale * expm1(z)

    def slope(self, z):
        return 1.0 if z > 0.0 else self.scale * exp(z)

    def curvature(self, z):
        return 0.0 if z > 0.0 else self.scale * exp(z)


class Selu(Activation):
    """f(z) = 1.0507 z for z > 0, 1.0507 * 1.6733 (exp(z) - 1) otherwise (Klambauer et al., 2017, eq. 2).

    The two constants make zero mean and unit variance a fixed point; it wants the ``lecun_normal`` initializer.
    """

    def value(self, z):
        return SELU_SCALE * z if z > 0.0 else SELU_SCALE * SELU_ALPHA * expm1(z)

    def slope(self, z):
        return SELU_SCALE if z > 0.0 else SELU_SCALE * SELU_ALPHA * exp(z)

    def curvature(self, z):
        return 0.0 if z > 0.0 else SELU_SCALE * SELU_ALPHA * exp(z)


class Gelu(Activation):
    """f(z) = z Phi(z), with Phi the normal distribution function (Hendrycks and Gimpel, 2016), by erf, not by tanh."""

    def value(self, z):
        return 0.5 * z * (1.0 + erf(z * SQRT_HALF))

    def slope(self, z):
        return 0.5 * (1.0 + erf(z * SQRT_HALF)) + z * NORMAL_PEAK * exp(-0.5 * z * z)

    def curvature(self, z):
        z = 40.0 if abs(z) > 40.0 else z  # where it is 0 already; far out the square is infinite, and times 0 NaN
        return (2.0 - z * z) * NORMAL_PEAK * exp(-0.5 * z * z)


class Silu(Activation):
    """f(z) = z / (1 + exp(-z)), the sigmoid linear unit or swish (Elfwing, Uchibe and Doya, 2018)."""

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
    """f(z) = log(1 + exp(z)), a smooth relu (Dugas et al., 2001)."""

    def value(self, z):
        return softplus(z)

    def slope(self, z):
        return logistic(z)

    def curvature(self, z):
        s = logistic(z)
        return s * (1.0 - s)


class Softsign(Activation):
    """f(z) = z / (1 + |z|) (Bergstra et al., 2009). Its curvature at 0, where it jumps, is taken as 0."""

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
    """f(z) = z / 6 + 1/2, kept between 0 and 1 (the definition of PyTorch and Keras 3)."""

    piecewise_linear = True

    def value(self, z):
        return 0.0 if z <= -3.0 else (1.0 if z >= 3.0 else z * SIXTH + 0.5)

    def slope(self, z):
        return SIXTH if abs(z) < 3.0 else 0.0

    def curvature(self, z):
        return 0.0


class HardTanh(Activation):
    """f(z) = z, kept between -1 and 1 (Collobert, 2004)."""

    piecewise_linear = True

    def value(self, z):
        return -1.0 if z <= -1.0 else (1.0 if z >= 1.0 else z)

    def slope(self, z):
        return 1.0 if abs(z) < 1.0 else 0.0

    def curvature(self, z):
        return 0.0


class Step(Activation):
    """f(z) = 1 for z > 0, 0 otherwise: the unit of Rosenblatt (1958). It predicts; it has no gradient to train with."""

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
    """Activation for a name or an instance; see :func:`sknn_concepts.jit.strategy.resolve`."""
    return resolve(choice, ACTIVATIONS, ALIASES, Activation, parameter)
