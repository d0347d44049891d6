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

Losses that couple the outputs of a sample (softmax) work on rows instead: see :class:`SoftmaxLogLoss`.
"""

from functools import partial
from typing import ClassVar

import numpy as np

from sknn_concepts.ground.elementary import exp, log, log1p, logistic, softplus
from sknn_concepts.ground.jit import kernel
from sknn_concepts.ground.strategy import verb
from sknn_concepts.strategies.base import Strategy, check_range, resolve


@verb
def loss(strategy, y, raw):
    """Loss of one output."""
    return strategy.loss(y, raw)


@verb
def gradient(strategy, y, raw):
    """First derivative with respect to the raw prediction."""
    return strategy.gradient(y, raw)


@verb
def hessian(strategy, y, raw):
    """Second derivative with respect to the raw prediction."""
    return strategy.hessian(y, raw)


@verb
def inverse_link(strategy, raw):
    """Prediction for a raw prediction."""
    return strategy.inverse_link(raw)


@verb
def loss_gradient_row(strategy, y, raw, out):
    """Loss of one sample; its gradient goes to `out`."""
    return strategy.loss_gradient_row(y, raw, out)


@verb
def loss_gradient_block(strategy, y, raw, weights, scale, out):
    """Weighted sum of the losses of samples; their gradients, times weight and scale, go to `out`."""
    return strategy.loss_gradient_block(y, raw, weights, scale, out)


#: Samples that :meth:`SoftmaxLogLoss.loss_gradient_columns` takes at once: some vectors of them; and the rows of
#: numbers that it may use for each.
LANES, SCRATCH = 32, 4


@verb
def loss_gradient_columns(strategy, y, raw, out, scratch):
    """Losses of samples side by side, of shape (n_outputs, LANES), into the first row of `scratch`.

    Their gradients go to `out`.
    """
    return strategy.loss_gradient_columns(y, raw, out, scratch)


@verb
def hessian_row(strategy, y, raw, out):
    """Second derivatives of one sample's loss, a matrix over its outputs, into `out`."""
    return strategy.hessian_row(y, raw, out)


@verb
def inverse_link_row(strategy, raw):
    """Prediction for one sample's raw predictions, in place."""
    return strategy.inverse_link_row(raw)


class Loss(Strategy):
    """A loss of each output on its own; the loss of a sample is the sum over its outputs.

    Subclasses have ``loss(self, y, raw)`` and ``gradient(self, y, raw)``; ``hessian(self, y, raw)`` for curvature; and
    ``inverse_link(self, raw)`` unless it is the identity. Classes are coded 0 and 1, one output a class (a single one
    for two classes).
    """

    #: What it can be used for: "classification", "regression".
    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    #: Name of the inverse link, shown as ``out_activation_``.
    link: ClassVar[str] = "identity"
    #: Whether the inverse link gives probabilities.
    probabilities: ClassVar[bool] = False
    #: Raw prediction between the two classes.
    threshold: ClassVar[float] = 0.0
    #: Whether the value reported for several outputs is their mean, as scikit-learn reports squared errors.
    averages_outputs: ClassVar[bool] = False

    def check(self):
        """Raise ValueError where a hyper-parameter is out of its range."""

    def check_target(self, y):
        """Raise ValueError where a target is outside the loss's domain."""

    def multiclass(self):
        """Loss to use for more than two classes that exclude each other: this one, each class against the rest."""
        return self

    def inverse_link(self, raw):
        """Prediction for a raw prediction: itself."""
        return raw


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


@kernel(in_order=True)
def log_probability(raw, largest, log_total):
    """Log softmax of a class, in this order: largest + log_total would lose the logarithm beside a large logit."""
    return (raw - largest) - log_total


@kernel
def softmax(raw):
    """Softmax of a vector, in place, safe from overflow."""
    largest = raw[0]
    for j in range(1, raw.size):
        largest = raw[j] if raw[j] > largest else largest
    total = raw[0] - raw[0]
    for j in range(raw.size):
        raw[j] = exp(raw[j] - largest)
        total += raw[j]
    for j in range(raw.size):
        raw[j] /= total


class SoftmaxLogLoss(Loss):
    """Multinomial log loss, log(sum_j exp(raw_j)) - sum_j y_j raw_j, with the softmax as inverse link.

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        Share of each target that is spread evenly over the classes.
    """

    label_smoothing: float = 0.0

    tasks = ("classification",)
    link = "softmax"
    probabilities = True

    def check(self):
        """Raise ValueError unless 0 <= label_smoothing < 1."""
        check_range(self, "label_smoothing", 0.0 <= self.label_smoothing < 1.0, "[0, 1)")

    def loss_gradient_row(self, y, raw, out):
        largest = raw[0]
        for j in range(1, raw.size):
            largest = raw[j] if raw[j] > largest else largest
        total = 0.0
        for j in range(raw.size):
            out[j] = exp(raw[j] - largest)
            total += out[j]
        inverse = 1.0 / total
        even = self.label_smoothing / raw.dtype.type(raw.size)
        loss = 0.0
        log_total = log(total)
        for j in range(raw.size):
            target = y[j] - self.label_smoothing * y[j] + even
            # zero targets are left out: 0 times an infinite logit would be NaN
            loss -= target * log_probability(raw[j], largest, log_total) if target > 0.0 else 0.0
            out[j] = out[j] * inverse - target
        return loss

    def loss_gradient_columns(self, y, raw, out, scratch):
        # the same for samples side by side, each step a loop over them: the outputs of one are too few to vectorize
        k = raw.shape[0]
        even = self.label_smoothing / raw.dtype.type(k)
        losses, largest, total, log_total = 0, 1, 2, 3
        for i in range(LANES):
            scratch[losses, i], scratch[largest, i], scratch[total, i] = 0.0, raw[0, i], 0.0
        for j in range(1, k):
            for i in range(LANES):
                scratch[largest, i] = raw[j, i] if raw[j, i] > scratch[largest, i] else scratch[largest, i]
        for j in range(k):
            for i in range(LANES):
                out[j, i] = exp(raw[j, i] - scratch[largest, i])
                scratch[total, i] += out[j, i]
        for i in range(LANES):
            scratch[log_total, i] = log(scratch[total, i])
            scratch[total, i] = 1.0 / scratch[total, i]
        for j in range(k):
            for i in range(LANES):
                target = y[j, i] - self.label_smoothing * y[j, i] + even
                log_p = log_probability(raw[j, i], scratch[largest, i], scratch[log_total, i])
                scratch[losses, i] -= target * log_p if target > 0.0 else 0.0
                out[j, i] = out[j, i] * scratch[total, i] - target
        return 0.0

    def hessian_row(self, y, raw, out):
        p = raw.copy()
        softmax(p)
        for j in range(raw.size):
            for k in range(raw.size):
                out[j, k] = -p[j] * p[k]
            out[j, j] += p[j]
        return 0.0

    def inverse_link_row(self, raw):
        softmax(raw)
        return 0.0


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


@kernel
def true_class(y, raw, out):
    """Index of the true class, its softmax probability p, 1 - p and log(p); all probabilities go to `out`."""
    true, largest = 0, raw[0]
    for j in range(1, raw.size):
        true = j if y[j] > y[true] else true
        largest = raw[j] if raw[j] > largest else largest
    total = raw[0] - raw[0]
    for j in range(raw.size):
        out[j] = exp(raw[j] - largest)
        total += out[j]
    others = total - total  # without cancellation, where p is almost 1
    for j in range(raw.size):
        out[j] /= total
        if j != true:
            others += out[j]
    far = log_probability(raw[true], largest, log(total))
    return true, out[true], others, log1p(-others) if others < 0.5 else far


class SoftmaxFocal(Loss):
    """Focal loss of the true class's softmax probability (Lin et al., 2017).

    Parameters
    ----------
    gamma : float >= 0, default=2.0
        Focus; 0 is the log loss.
    """

    gamma: float = 2.0

    tasks = ("classification",)
    link = "softmax"
    probabilities = True

    def check(self):
        """Raise ValueError unless gamma >= 0."""
        check_range(self, "gamma", self.gamma >= 0.0, "[0, inf)")

    def loss_gradient_row(self, y, raw, out):
        true, p, others, log_p = true_class(y, raw, out)
        easy = others**self.gamma
        # (1 - p)^(gamma - 1) only ever meets log p, which vanishes faster than it grows
        steep = easy / others if others > 0.0 else 0.0
        slope = self.gamma * p * steep * log_p - easy
        for j in range(raw.size):
            out[j] = -slope * out[j]
        out[true] += slope
        return -easy * log_p

    def hessian_row(self, y, raw, out):
        p = np.empty_like(raw)
        true, q, others, log_p = true_class(y, raw, p)
        g = self.gamma
        easy = others**g
        steep = easy / others if others > 0.0 else 0.0
        steeper = steep / others if others > 0.0 else 0.0
        slope = g * q * steep * log_p - easy
        bend = g * (q * steep * log_p - q * q * (g - 1.0) * steeper * log_p + 2.0 * q * steep)
        for j in range(raw.size):
            to_j = (1.0 if j == true else 0.0) - p[j]
            for k in range(raw.size):
                to_k = (1.0 if k == true else 0.0) - p[k]
                out[j, k] = bend * to_j * to_k + slope * p[j] * p[k]
            out[j, j] -= slope * p[j]
        return 0.0

    def inverse_link_row(self, raw):
        softmax(raw)
        return 0.0


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


class SoftmaxError(Loss):
    """sum_j |y_j - p_j|, p = softmax(raw): the linear error of classes that exclude each other."""

    link = "softmax"

    def loss_gradient_row(self, y, raw, out):
        p = raw.copy()
        softmax(p)
        loss, tilt = 0.0, 0.0
        for j in range(raw.size):
            sign = 1.0 if p[j] > y[j] else (-1.0 if p[j] < y[j] else 0.0)
            loss += abs(y[j] - p[j])
            tilt += sign * p[j]
            out[j] = sign
        for j in range(raw.size):
            out[j] = p[j] * (out[j] - tilt)
        return loss


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
