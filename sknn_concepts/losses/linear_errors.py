"""Linear errors |y - prediction|, by which skeletonization judges units (Mozer and Smolensky, 1989)."""

from sknn_concepts.losses.base import Loss
from sknn_concepts.losses.regression import AbsoluteError
from sknn_concepts.losses.softmax import softmax
from sknn_concepts.math import exp, logistic

__all__ = ["ExponentialError", "LINEAR_ERRORS", "LogisticError", "SoftmaxError"]


class LogisticError(Loss):
    """|y - p| with p = logistic(raw)."""

    link = "logistic"

    def loss(self, y, raw):
        return abs(y - logistic(raw))

    def gradient(self, y, raw):
        p = logistic(raw)
        return (1.0 if p > y else (-1.0 if p < y else 0.0)) * p * (1.0 - p)


class ExponentialError(Loss):
    """|y - p| with p = exp(raw)."""

    link = "exp"

    def loss(self, y, raw):
        return abs(y - exp(raw))

    def gradient(self, y, raw):
        p = exp(raw)
        return p if p > y else (-p if p < y else 0.0)


class SoftmaxError(Loss):
    """sum_j |y_j - p_j| with p = softmax(raw), for classes that exclude each other."""

    link = "softmax"

    def loss_gradient_row(self, y, raw, out):
        p = raw.copy()
        softmax(p)
        loss, mean_sign = 0.0, 0.0
        for j in range(raw.size):
            sign = 1.0 if p[j] > y[j] else (-1.0 if p[j] < y[j] else 0.0)
            loss += abs(y[j] - p[j])
            mean_sign += sign * p[j]
            out[j] = sign
        for j in range(raw.size):
            out[j] = p[j] * (out[j] - mean_sign)
        return loss


#: Linear errors by the name of the inverse link.
LINEAR_ERRORS = {
    "identity": AbsoluteError,
    "logistic": LogisticError,
    "exp": ExponentialError,
    "softmax": SoftmaxError,
}
