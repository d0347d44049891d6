"""From the arguments of a perceptron to its strategies, which must suit each other."""

from typing import NamedTuple

from sknn_concepts.activations import Activation, Identity, Logistic, Step, get_activation
from sknn_concepts.losses import Loss, PerceptronLoss, get_loss
from sknn_concepts.optimizers import OPTIMIZERS, Optimizer, get_optimizer
from sknn_concepts.pruning.loop import check_pruner
from sknn_concepts.pruning.pruners import Pruner, get_pruner
from sknn_concepts.schedules import Constant, Schedule


class Choices(NamedTuple):
    """What the arguments of a perceptron stand for."""

    loss: Loss
    activation: Activation
    optimizer: Optimizer | None  # None for learning sample by sample
    delta: bool  # by the delta rule
    low: float  # target of the samples that are not of the neuron's class, which have 1
    schedule: Schedule = Constant()
    pruner: Pruner | None = None


def choose(estimator):
    """Resolve the strategies that a perceptron was constructed with.

    Parameters
    ----------
    estimator : Perceptron
        Whose arguments are read.

    Returns
    -------
    choices : Choices

    Raises
    ------
    ValueError
        If a name is unknown, or two choices exclude each other.
    """
    pruner = None if estimator.pruning is None else get_pruner(estimator.pruning)
    loss, activation = get_loss(estimator.loss, "classification"), get_activation(estimator.activation)
    optimizer = None if estimator.solver == "perceptron" else _get_optimizer(estimator.solver)
    if optimizer is not None and estimator.average:
        raise ValueError(
            f"average={estimator.average!r} needs solver='perceptron', which learns sample by sample; it got "
            f"solver={estimator.solver!r}."
        )
    low = _low_target(estimator, loss, activation)
    delta = low is not None or optimizer is not None or not isinstance(loss, PerceptronLoss)
    if low is None:
        activation, low = Identity(), 0.0 if delta else -1.0
    if pruner is not None:
        check_pruner(pruner, loss, [activation], watched=None)
    return Choices(loss, activation, optimizer, delta, low, pruner=pruner)


def _low_target(estimator, loss, activation):
    """Target of the rest for losses that compare the neuron's value with it; None for those of the raw prediction."""
    if isinstance(loss, PerceptronLoss):
        _need(isinstance(activation, Step | Identity), estimator, "'step' or 'identity'")
    elif loss.link != "identity":
        _need(isinstance(activation, Logistic), estimator, "'logistic'")
    elif loss.threshold == 0.0:
        _need(isinstance(activation, Identity), estimator, "'identity'")
    else:
        has_slope = hasattr(activation, "slope")
        _need(has_slope, estimator, "one that has a slope, such as 'identity', 'tanh' or 'logistic'")
        middle = activation.value(0.0)
        _need(middle in (0.0, 0.5), estimator, "one that is 0 or 1/2 at 0, as 'identity', 'tanh' and 'logistic'")
        return -1.0 if middle == 0.0 else 0.0
    return None


def _need(fits, estimator, activation):
    if not fits:
        raise ValueError(
            f"activation={estimator.activation!r} does not fit loss={estimator.loss!r}, which needs {activation}."
        )


def _get_optimizer(solver):
    """Optimizer for a name or an instance; sgd without momentum."""
    if isinstance(solver, str) and solver not in OPTIMIZERS:
        known = sorted([*OPTIMIZERS, "perceptron"])
        raise ValueError(f"The 'solver' parameter has no {solver!r}; it has {known}.")
    return get_optimizer(solver, momentum=0.0, nesterovs_momentum=False)
