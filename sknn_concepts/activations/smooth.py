"""Activations with a curvature."""

import math

from sknn_concepts.activations.base import Activation
from sknn_concepts.jit.strategy import check_range
from sknn_concepts.math import erf, exp, expm1, logistic, softplus, tanh

__all__ = ["Elu", "Gelu", "Logistic", "Mish", "Selu", "Silu", "Softplus", "Softsign", "Tanh"]

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
SQRT_HALF = math.sqrt(0.5)
NORMAL_PEAK = 1.0 / math.sqrt(2.0 * math.pi)


def negative_expm1(z):
    """Tensor of exp(z) - 1 where z <= 0, and of 0 elsewhere: 2 t / (1 - t) with t = tanh(z / 2) does not cancel."""
    t = (0.5 * z.apply("Min", 0.0)).apply("Tanh")
    return 2.0 * t / (1.0 - t)


def rectified(z):
    """Tensor of log(1 + exp(z)), without overflow."""
    return z.apply("Relu") + (1.0 + (-abs(z)).apply("Exp")).apply("Log")


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

    def onnx(self, z):
        return z.apply("Sigmoid")


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

    def onnx(self, z):
        return z.apply("Tanh")


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

    def onnx(self, z):
        return z.apply("Relu") + self.scale * negative_expm1(z)


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

    def onnx(self, z):
        return SELU_SCALE * z.apply("Relu") + (SELU_SCALE * SELU_ALPHA) * negative_expm1(z)


class Gelu(Activation):
    """f(z) = z Phi(z) = z (1 + erf(z / sqrt(2))) / 2 (Hendrycks and Gimpel, 2016, section 2)."""

    def value(self, z):
        return 0.5 * z * (1.0 + erf(z * SQRT_HALF))

    def slope(self, z):
        return 0.5 * (1.0 + erf(z * SQRT_HALF)) + z * NORMAL_PEAK * exp(-0.5 * z * z)

    def curvature(self, z):
        z = 40.0 if abs(z) > 40.0 else z  # it is 0 from there on, where the square may overflow
        return (2.0 - z * z) * NORMAL_PEAK * exp(-0.5 * z * z)

    def onnx(self, z):
        # onnxruntime has no Erf in double precision
        return 0.5 * z * (1.0 + (z * SQRT_HALF).astype("float32").apply("Erf").astype(z.dtype))


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

    def onnx(self, z):
        # of z and its Sigmoid, onnxruntime 1.18 makes an operator that lacks double precision
        return z * z.apply("Min", 0.0).apply("Exp") / (1.0 + (-abs(z)).apply("Exp"))


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

    def onnx(self, z):
        return z * rectified(z).apply("Tanh")


class Softplus(Activation):
    """f(z) = log(1 + exp(z)), a smooth rectifier (Dugas et al., 2001)."""

    def value(self, z):
        return softplus(z)

    def slope(self, z):
        return logistic(z)

    def curvature(self, z):
        s = logistic(z)
        return s * (1.0 - s)

    def onnx(self, z):
        return rectified(z)


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

    def onnx(self, z):
        return z / (1.0 + abs(z))


ACTIVATIONS = {
    "logistic": Logistic,
    "tanh": Tanh,
    "elu": Elu,
    "selu": Selu,
    "gelu": Gelu,
    "silu": Silu,
    "mish": Mish,
    "softplus": Softplus,
    "softsign": Softsign,
}

ALIASES = {"sigmoid": "logistic", "swish": "silu"}
