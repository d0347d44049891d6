"""Losses of the softmax, which couples the outputs of a sample: for classes that exclude each other.

The formulas take the row of a sample's outputs; they may also take several samples side by side.
"""

import numpy as np

from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.strategy import check_range
from sknn_concepts.losses.base import LANES, Loss
from sknn_concepts.math import exp, log, log1p


@kernel(in_order=True)
def log_probability(raw, largest, log_total):
    """Logarithm of the softmax of a class; largest + log_total would lose the logarithm beside a large logit."""
    return (raw - largest) - log_total


@kernel
def softmax(raw):
    """Replace a vector by its softmax, exp(raw_j) / sum_k exp(raw_k), without overflow."""
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
            # targets of 0 are left out: 0 times an infinite logit would be NaN
            loss -= target * log_probability(raw[j], largest, log_total) if target > 0.0 else 0.0
            out[j] = out[j] * inverse - target
        return loss

    def loss_gradient_columns(self, y, raw, out, scratch):
        # the same with loops over samples: the outputs of one sample are too few to vectorize
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

    def onnx(self, raw):
        return raw.apply("Softmax", axis=1)


@kernel
def true_class(y, raw, out):
    """Index of the true class, its softmax p, 1 - p and log(p); the softmax of all classes is written to `out`."""
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
    """Focal loss, -(1 - p)^gamma log p, with the softmax p of the true class (Lin et al., 2017, eq. 4).

    Parameters
    ----------
    gamma : float >= 0, default=2.0
        Strength of the focus on difficult samples; 0 is the log loss.
    """

    gamma: float = 2.0

    tasks = ("classification",)
    link = "softmax"
    probabilities = True

    def check(self):
        check_range(self, "gamma", self.gamma >= 0.0, "[0, inf)")

    def loss_gradient_row(self, y, raw, out):
        true, p, others, log_p = true_class(y, raw, out)
        easy = others**self.gamma
        # (1 - p)^(gamma - 1) may diverge, but is only multiplied by log p, which tends to 0 faster
        steep = easy / others if others > 0.0 else 0.0
        first = self.gamma * p * steep * log_p - easy
        for j in range(raw.size):
            out[j] = -first * out[j]
        out[true] += first
        return -easy * log_p

    def hessian_row(self, y, raw, out):
        p = np.empty_like(raw)
        true, q, others, log_p = true_class(y, raw, p)
        g = self.gamma
        easy = others**g
        steep = easy / others if others > 0.0 else 0.0
        steeper = steep / others if others > 0.0 else 0.0
        first = g * q * steep * log_p - easy
        second = g * (q * steep * log_p - q * q * (g - 1.0) * steeper * log_p + 2.0 * q * steep)
        for j in range(raw.size):
            to_j = (1.0 if j == true else 0.0) - p[j]
            for k in range(raw.size):
                to_k = (1.0 if k == true else 0.0) - p[k]
                out[j, k] = second * to_j * to_k + first * p[j] * p[k]
            out[j, j] -= first * p[j]
        return 0.0

    def inverse_link_row(self, raw):
        softmax(raw)
        return 0.0

    def onnx(self, raw):
        return raw.apply("Softmax", axis=1)
