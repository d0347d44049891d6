"""Losses for classes, coded 0 and 1 with one output per class, or a single output for two classes."""

from functools import partial

from sknn_concepts.jit.strategy import check_range
from sknn_concepts.losses.base import Loss
from sknn_concepts.losses.softmax import SoftmaxFocal, SoftmaxLogLoss
from sknn_concepts.math import exp, logistic, softplus

__all__ = ["Focal", "Hinge", "LogLoss", "PerceptronLoss", "SquaredHinge"]


class LogLoss(Loss):
    """Log loss, log(1 + exp(raw)) - y raw: the negative log-likelihood of a Bernoulli variable.

    For more than two classes it becomes the multinomial log loss, :class:`SoftmaxLogLoss`.

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        Share of each target that is spread evenly over the classes (Szegedy et al., 2016, section 7).
    """

    label_smoothing: float = 0.0

    tasks = ("classification",)
    link = "logistic"
    probabilities = True

    def check(self):
        check_range(self, "label_smoothing", 0.0 <= self.label_smoothing < 1.0, "[0, 1)")

    def multiclass(self):
        """Multinomial log loss with the same smoothing."""
        return SoftmaxLogLoss(self.label_smoothing)

    def loss(self, y, raw):
        target = y + self.label_smoothing * (0.5 - y)
        positive = raw if raw > 0.0 else 0.0
        # max(raw, 0) - target raw vanishes exactly for a certain and correct prediction
        return softplus(-abs(raw)) + (positive - target * raw)

    def gradient(self, y, raw):
        return logistic(raw) - (y + self.label_smoothing * (0.5 - y))

    def hessian(self, y, raw):
        p = logistic(raw)
        return p * (1.0 - p)

    def inverse_link(self, raw):
        return logistic(raw)

    def onnx(self, raw):
        return raw.apply("Sigmoid")


class Hinge(Loss):
    """max(0, 1 - m) with the margin m = (2 y - 1) raw, as in support vector machines (Cortes and Vapnik, 1995)."""

    tasks = ("classification",)

    def loss(self, y, raw):
        shortfall = 1.0 - (2.0 * y - 1.0) * raw
        return 0.0 if shortfall <= 0.0 else shortfall

    def gradient(self, y, raw):
        t = 2.0 * y - 1.0
        return -t if t * raw < 1.0 else 0.0


class SquaredHinge(Loss):
    """max(0, 1 - m)^2 with the margin m = (2 y - 1) raw."""

    tasks = ("classification",)

    def loss(self, y, raw):
        shortfall = 1.0 - (2.0 * y - 1.0) * raw
        return 0.0 if shortfall <= 0.0 else shortfall * shortfall

    def gradient(self, y, raw):
        t = 2.0 * y - 1.0
        shortfall = 1.0 - t * raw
        return 0.0 if shortfall <= 0.0 else -2.0 * t * shortfall

    def hessian(self, y, raw):
        return 2.0 if (2.0 * y - 1.0) * raw < 1.0 else 0.0


class PerceptronLoss(Loss):
    """max(0, -m) with the margin m = (2 y - 1) raw; its gradient is the perceptron rule (Rosenblatt, 1958)."""

    tasks = ("classification",)

    def loss(self, y, raw):
        m = (2.0 * y - 1.0) * raw
        return 0.0 if m > 0.0 else -m

    def gradient(self, y, raw):
        t = 2.0 * y - 1.0
        return -t if t * raw <= 0.0 else 0.0


class Focal(Loss):
    """-(1 - p)^gamma log p with the probability p of the true class (Lin et al., 2017, eq. 4).

    Samples that are classified well already weigh less.

    Parameters
    ----------
    gamma : float >= 0, default=2.0
        Strength of the focus on difficult samples; 0 is the log loss.
    """

    gamma: float = 2.0

    tasks = ("classification",)
    link = "logistic"
    probabilities = True

    def check(self):
        check_range(self, "gamma", self.gamma >= 0.0, "[0, inf)")

    def multiclass(self):
        """Focal loss of the softmax with the same gamma."""
        return SoftmaxFocal(self.gamma)

    def loss(self, y, raw):
        s = (2.0 * y - 1.0) * raw
        return exp(-self.gamma * softplus(s)) * softplus(-s)

    def gradient(self, y, raw):
        t = 2.0 * y - 1.0
        s = t * raw
        p = logistic(s)
        return -t * exp(-self.gamma * softplus(s)) * (self.gamma * p * softplus(-s) + logistic(-s))

    def hessian(self, y, raw):
        s = (2.0 * y - 1.0) * raw
        p = logistic(s)
        q = logistic(-s)
        of_log = self.gamma * self.gamma * p * softplus(-s) - self.gamma * q * softplus(-s)
        return exp(-self.gamma * softplus(s)) * p * (of_log + (2.0 * self.gamma + 1.0) * q)

    def inverse_link(self, raw):
        return logistic(raw)

    def onnx(self, raw):
        return raw.apply("Sigmoid")


LOSSES = {
    "log_loss": LogLoss,
    "smoothed_log_loss": partial(LogLoss, label_smoothing=0.1),
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "perceptron": PerceptronLoss,
    "focal": Focal,
}

ALIASES = {"cross_entropy": "log_loss", "logistic_loss": "log_loss"}
