"""Losses: what training minimizes.

A loss is a function of the target `y` and of the *raw* prediction, the output of the network before the inverse link,
which turns it into what ``predict`` or ``predict_proba`` return: y_pred = inverse_link(raw). The gradient and the
second derivative of a loss are those with respect to the raw prediction.

A loss of your own is a class like :class:`SquaredError`, in your own file, and trains at the same speed::

    from sknn_concepts.losses import Loss
    from sknn_concepts.math import softplus, tanh

    class LogCosh(Loss):
        tasks = ("regression",)

        def loss(self, y, raw):
            return softplus(2.0 * (raw - y)) - (raw - y) - 0.6931471805599453

        def gradient(self, y, raw):
            return tanh(raw - y)

``MLPRegressor(loss=LogCosh())``. A loss that couples the outputs of a sample, as the softmax does, defines
``loss_gradient_row`` instead; see :class:`SoftmaxLogLoss`.
"""

from sknn_concepts.jit.strategy import resolve
from sknn_concepts.losses import classification, regression
from sknn_concepts.losses.base import Loss
from sknn_concepts.losses.classification import *  # noqa: F403
from sknn_concepts.losses.regression import *  # noqa: F403
from sknn_concepts.losses.softmax import SoftmaxFocal, SoftmaxLogLoss

__all__ = ["ALIASES", "LOSSES", "Loss", "SoftmaxFocal", "SoftmaxLogLoss", "get_loss"]
__all__ += [*classification.__all__, *regression.__all__]

#: Losses by the names that users type.
LOSSES = {**classification.LOSSES, **regression.LOSSES}

#: Other names that are accepted.
ALIASES = {**classification.ALIASES, **regression.ALIASES}


def get_loss(choice, task):
    """Return the loss for a name or an instance; raise ValueError unless it suits the task."""
    chosen = resolve(choice, LOSSES, ALIASES, Loss, "loss")
    if task not in chosen.tasks:
        fitting = [name for name, make in LOSSES.items() if task in make().tasks]
        raise ValueError(f"The 'loss' parameter got {choice!r}, which is not for {task}; for {task}: {fitting}.")
    return chosen
