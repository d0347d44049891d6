"""Losses in link space: what a network is trained to make small.

A loss is a function of the target y and of the *raw* prediction, the output layer before any squashing, and owns the
inverse link that turns the raw prediction into what ``predict`` or ``predict_proba`` give: y_pred =
inverse_link(raw). Its gradient and second derivative are with respect to the raw prediction.

A loss of one's own is a class like :class:`SquaredError`, in one's own file::

    class LogCosh(Loss):
        tasks = ("regression",)

        def loss(self, y, raw):
            return softplus(2.0 * (raw - y)) - (raw - y) - LOG_2

        def gradient(self, y, raw):
            return tanh(raw - y)

Losses that couple the outputs of a sample (softmax) work on rows instead: see
:mod:`sknn_concepts.losses.coupled`.
"""

from functools import partial

import numpy as np

from sknn_concepts.jit.strategy import check_range, resolve
from sknn_concepts.losses.base import Loss
from sknn_concepts.losses.coupled import SoftmaxError, SoftmaxFocal, SoftmaxLogLoss
from sknn_concepts.math import exp, log, logistic, softplus


class LogLoss(Loss):
    """Logistic loss, log(1 + exp(raw)) - y raw: the negative log-likelihood of a Bernoulli variable.

    For more than two classes it becomes the multinomial one, :class:`SoftmaxLogLoss`.

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
        """Raise ValueError unless 0 <= label_smoothing < 1."""
        check_range(self, "label_smoothing", 0.0 <= self.label_smoothing < 1.0, "[0, 1)")

    def multiclass(self):
        """Multinomial loss with the same smoothing."""
        return SoftmaxLogLoss(self.label_smoothing)

    def loss(self, y, raw):
        target = y + self.label_smoothing * (0.5 - y)
        positive = raw if raw > 0.0 else 0.0
        # max(raw, 0) - target raw vanishes exactly for a sure and right prediction
        return softplus(-abs(raw)) + (positive - target * raw)

    def gradient(self, y, raw):
        return logistic(raw) - (y + self.label_smoothing * (0.5 - y))

    def hessian(self, y, raw):
        p = logistic(raw)
        return p * (1.0 - p)

    def inverse_link(self, raw):
        return logistic(raw)


class SquaredError(Loss):
    """Half the squared error, (raw - y)^2 / 2, the half as in scikit-learn."""

    threshold = 0.5
    averages_outputs = True

    def loss(self, y, raw):
        return 0.5 * (raw - y) * (raw - y)

    def gradient(self, y, raw):
        return raw - y

    def hessian(self, y, raw):
        return 1.0


class AbsoluteError(Loss):
    """Absolute error |raw - y|, which fits the median. Its slope at 0 is taken as 0; it has no second derivative."""

    tasks = ("regression",)
    averages_outputs = True

    def loss(self, y, raw):
        return abs(raw - y)

    def gradient(self, y, raw):
        return 1.0 if raw > y else (-1.0 if raw < y else 0.0)


class Huber(Loss):
    """Half the squared residual up to `delta`, linear beyond (Huber, 1964).

    Parameters
    ----------
    delta : float > 0, default=1.0
        Residual at which the loss becomes linear, in units of the target.
    """

    delta: float = 1.0

    tasks = ("regression",)
    averages_outputs = True

    def check(self):
        """Raise ValueError unless delta > 0."""
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
    """Pinball loss: q r if r = y - raw > 0, (q - 1) r otherwise; its minimum is a quantile (Koenker and Bassett, 1978).

    Parameters
    ----------
    quantile : float in (0, 1), default=0.5
        The q that is fitted.
    """

    quantile: float = 0.5

    tasks = ("regression",)
    averages_outputs = True

    def check(self):
        """Raise ValueError unless 0 < quantile < 1."""
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


class Hinge(Loss):
    """max(0, 1 - m) of the margin m = (2 y - 1) raw, the loss of support vector machines (Cortes and Vapnik, 1995)."""

    tasks = ("classification",)

    def loss(self, y, raw):
        shortfall = 1.0 - (2.0 * y - 1.0) * raw
        return 0.0 if shortfall <= 0.0 else shortfall

    def gradient(self, y, raw):
        t = 2.0 * y - 1.0
        return -t if t * raw < 1.0 else 0.0


class SquaredHinge(Loss):
    """max(0, 1 - m)^2 of the margin m = (2 y - 1) raw."""

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
    """max(0, -m) of the margin m = (2 y - 1) raw; its gradient is the perceptron rule (Rosenblatt, 1958)."""

    tasks = ("classification",)

    def loss(self, y, raw):
        m = (2.0 * y - 1.0) * raw
        return 0.0 if m > 0.0 else -m

    def gradient(self, y, raw):
        t = 2.0 * y - 1.0
        return -t if t * raw <= 0.0 else 0.0


class Focal(Loss):
    """-(1 - p)^gamma log p of the true class's probability p: easy samples weigh less (Lin et al., 2017, eq. 4).

    Parameters
    ----------
    gamma : float >= 0, default=2.0
        Focus; 0 is the log loss.
    """

    gamma: float = 2.0

    tasks = ("classification",)
    link = "logistic"
    probabilities = True

    def check(self):
        """Raise ValueError unless gamma >= 0."""
        check_range(self, "gamma", self.gamma >= 0.0, "[0, inf)")

    def multiclass(self):
        """The same over a softmax."""
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
        deep = self.gamma * self.gamma * p * softplus(-s) - self.gamma * q * softplus(-s)
        return exp(-self.gamma * softplus(s)) * p * (deep + (2.0 * self.gamma + 1.0) * q)

    def inverse_link(self, raw):
        return logistic(raw)


class LogisticError(Loss):
    """|y - p|, p = logistic(raw): the linear error by which skeletonization judges units."""

    link = "logistic"

    def loss(self, y, raw):
        return abs(y - logistic(raw))

    def gradient(self, y, raw):
        p = logistic(raw)
        return (1.0 if p > y else (-1.0 if p < y else 0.0)) * p * (1.0 - p)


class ExponentialError(Loss):
    """|y - exp(raw)|, the linear error under a log link."""

    link = "exp"

    def loss(self, y, raw):
        return abs(y - exp(raw))

    def gradient(self, y, raw):
        p = exp(raw)
        return p if p > y else (-p if p < y else 0.0)


#: Linear error of the predictions for each inverse link; with none, |y - raw|.
LINEAR_ERRORS = {
    "identity": AbsoluteError,
    "logistic": LogisticError,
    "exp": ExponentialError,
    "softmax": SoftmaxError,
}

LOSSES = {
    "log_loss": LogLoss,
    "smoothed_log_loss": partial(LogLoss, label_smoothing=0.1),
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "perceptron": PerceptronLoss,
    "focal": Focal,
}

ALIASES = {
    "cross_entropy": "log_loss",
    "mse": "squared_error",
    "mae": "absolute_error",
    "logistic_loss": "log_loss",
    "pinball": "quantile",
}


def get_loss(choice, task, parameter="loss"):
    """Loss for a name or an instance, checked to fit the task.

    Parameters
    ----------
    choice : str or Loss
        What the user passed.
    task : {"classification", "regression"}
        What the estimator does.
    parameter : str, default="loss"
        Name of the constructor argument, for the message.

    Returns
    -------
    loss : Loss

    Raises
    ------
    ValueError
        If there is no such loss, or if it does not serve the task.
    """
    chosen = resolve(choice, LOSSES, ALIASES, Loss, parameter)
    if task not in chosen.tasks:
        fitting = [name for name, make in LOSSES.items() if task in make().tasks]
        raise ValueError(f"The {parameter!r} parameter got {choice!r}, which is not for {task}; for {task}: {fitting}.")
    return chosen
