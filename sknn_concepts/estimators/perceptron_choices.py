"""Strategies of a perceptron, as selected by its arguments, and checks that they can be combined."""

from typing import NamedTuple

import numpy as np
import scipy.sparse

from sknn_concepts.activations import Activation, Identity, Logistic, Step, get_activation
from sknn_concepts.losses import Loss, PerceptronLoss, get_loss
from sknn_concepts.optimizers import OPTIMIZERS, Optimizer, get_optimizer
from sknn_concepts.pruning.loop import check_pruner
from sknn_concepts.pruning.pruners import Pruner, get_pruner
from sknn_concepts.schedules import Constant, Schedule
from sknn_concepts.validation.arrays import numbers


class PerceptronStrategies(NamedTuple):
    """Strategies of a perceptron."""

    loss: Loss
    activation: Activation
    optimizer: Optimizer | None  # None to learn sample by sample
    delta_rule: bool  # whether to follow the delta rule
    negative_target: float  # target of the samples that do not belong to a neuron's class; that of its class is 1
    schedule: Schedule = Constant()
    pruner: Pruner | None = None


def choose(estimator):
    """Resolve the arguments of a perceptron; raise ValueError for an unknown name or choices that do not suit."""
    pruner = None if estimator.pruning is None else get_pruner(estimator.pruning)
    loss, activation = get_loss(estimator.loss, "classification"), get_activation(estimator.activation)
    optimizer = None if estimator.solver == "perceptron" else _get_optimizer(estimator.solver)
    if optimizer is not None and estimator.average:
        raise ValueError(
            f"average={estimator.average!r} needs solver='perceptron', which learns sample by sample; it got "
            f"solver={estimator.solver!r}."
        )
    negative_target = _negative_target(estimator, loss, activation)
    delta_rule = negative_target is not None or optimizer is not None or not isinstance(loss, PerceptronLoss)
    if negative_target is None:
        activation, negative_target = Identity(), 0.0 if delta_rule else -1.0
    if pruner is not None:
        check_pruner(pruner, loss, [activation], recorded=None)
    return PerceptronStrategies(loss, activation, optimizer, delta_rule, negative_target, pruner=pruner)


def _negative_target(estimator, loss, activation):
    """Target of the other classes for losses of the activation's value; None for losses of the raw prediction."""
    if isinstance(loss, PerceptronLoss):
        _require(isinstance(activation, Step | Identity), estimator, "'step' or 'identity'")
    elif loss.link != "identity":
        _require(isinstance(activation, Logistic), estimator, "'logistic'")
    elif loss.threshold == 0.0:
        _require(isinstance(activation, Identity), estimator, "'identity'")
    else:
        has_slope = hasattr(activation, "slope")
        _require(has_slope, estimator, "one that has a slope, such as 'identity', 'tanh' or 'logistic'")
        middle = activation.value(0.0)
        _require(middle in (0.0, 0.5), estimator, "one that is 0 or 1/2 at 0, as 'identity', 'tanh' and 'logistic'")
        return -1.0 if middle == 0.0 else 0.0
    return None


def _require(fits, estimator, activation):
    if not fits:
        raise ValueError(
            f"activation={estimator.activation!r} does not fit loss={estimator.loss!r}, which needs {activation}."
        )


def _get_optimizer(solver):
    """Optimizer for a name or an instance; "sgd" has no momentum."""
    if isinstance(solver, str) and solver not in OPTIMIZERS:
        known = sorted([*OPTIMIZERS, "perceptron"])
        raise ValueError(f"The 'solver' parameter has no {solver!r}; it has {known}.")
    return get_optimizer(solver, momentum=0.0, nesterovs_momentum=False)


def as_shape(name, array, shape, dtype):
    """Return the user's initial weights or intercepts in the shape that is needed."""
    array = np.array(numbers(name, array.toarray() if scipy.sparse.issparse(array) else array), dtype)
    if array.size != np.prod(shape) or (shape[0] > 1 and array.shape != shape):
        raise ValueError(f"Provided {name} does not match dataset: its shape is {array.shape}, not {shape}.")
    return array.reshape(shape)
