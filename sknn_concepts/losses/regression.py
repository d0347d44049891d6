"""Losses for targets that are numbers."""

import numpy as np

from sknn_concepts.jit.strategy import check_range
from sknn_concepts.losses.base import Loss
from sknn_concepts.math import exp, log

__all__ = ["AbsoluteError", "Huber", "Poisson", "Quantile", "SquaredError"]


class SquaredError(Loss):
    """Half the squared error, (raw - y)^2 / 2, as in scikit-learn. It also fits classes, coded 0 and 1."""

    threshold = 0.5
    averages_outputs = True

    def loss(self, y, raw):
        return 0.5 * (raw - y) * (raw - y)

    def gradient(self, y, raw):
        return raw - y

    def hessian(self, y, raw):
        return 1.0


class AbsoluteError(Loss):
    """Absolute error |raw - y|, which fits the median. Its derivative at 0 is taken as 0."""

    tasks = ("regression",)
    averages_outputs = True

    def loss(self, y, raw):
        return abs(raw - y)

    def gradient(self, y, raw):
        return 1.0 if raw > y else (-1.0 if raw < y else 0.0)


class Huber(Loss):
    """Half the squared residual up to `delta`, linear beyond (Huber, 1964).

    r^2 / 2 for r = |raw - y| <= delta, delta (r - delta / 2) otherwise.

    Parameters
    ----------
    delta : float > 0, default=1.0
        Residual at which the loss becomes linear, in units of the target.
    """

    delta: float = 1.0

    tasks = ("regression",)
    averages_outputs = True

    def check(self):
        check_range(self, "delta", self.delta > 0.0, "(0, inf)")

    def loss(self, y, raw):
        r = abs(raw - y)
        return 0.5 * r * r if r <= self.delta else self.delta * (r - 0.5 * self.delta)

    def gradient(self, y, raw):
        r = raw - y
        return r if abs(r) <= self.delta else (self.delta if r > 0.0 else -self.delta)

    def hessian(self, y, raw):
        return 1.0 if abs(raw - y) <= self.delta else 0.0


class Quantile(Loss):
    """Pinball loss: q r for r = y - raw > 0, (q - 1) r otherwise (Koenker and Bassett, 1978).

    It is minimal at the quantile q of the targets.

    Parameters
    ----------
    quantile : float in (0, 1), default=0.5
        The quantile q that is fitted.
    """

    quantile: float = 0.5

    tasks = ("regression",)
    averages_outputs = True

    def check(self):
        check_range(self, "quantile", 0.0 < self.quantile < 1.0, "(0, 1)")

    def loss(self, y, raw):
        r = y - raw
        return self.quantile * r if r > 0.0 else (self.quantile - 1.0) * r

    def gradient(self, y, raw):
        return -self.quantile if y > raw else (1.0 - self.quantile if y < raw else 0.0)


class Poisson(Loss):
    """Half the Poisson deviance with a log link, exp(raw) - y raw + y log(y) - y, for counts y >= 0."""

    tasks = ("regression",)
    link = "exp"
    positive_only = True

    def check_target(self, y):
        """Raise ValueError if a target is negative."""
        if np.min(y) < 0:
            raise ValueError(f"The poisson loss needs y >= 0; the smallest target is {np.min(y)}.")

    def loss(self, y, raw):
        logarithm = log(y if y > 0.0 else 1.0)
        return (exp(raw) - y) + y * (logarithm - raw)

    def gradient(self, y, raw):
        return exp(raw) - y

    def hessian(self, y, raw):
        return exp(raw)

    def inverse_link(self, raw):
        return exp(raw)

    def onnx(self, raw):
        return raw.apply("Exp")


LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
}

ALIASES = {"mse": "squared_error", "mae": "absolute_error", "pinball": "quantile"}
