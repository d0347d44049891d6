"""Strategies and settings of a multilayer perceptron, selected by its arguments and checked before any work is done."""

from typing import NamedTuple

import numpy as np

from sknn_concepts.activations import Identity, get_activation
from sknn_concepts.estimators.multilayer.scoring import check_scorings
from sknn_concepts.initializers import Initializer, get_initializer
from sknn_concepts.losses import Loss, get_loss
from sknn_concepts.network.minibatch import Regularization
from sknn_concepts.optimizers import OPTIMIZERS, Optimizer, get_optimizer, ignored_schedules
from sknn_concepts.pruning.connectivity import check_connectivity
from sknn_concepts.pruning.loop import check_pruner
from sknn_concepts.pruning.pruners import Pruner, get_pruner
from sknn_concepts.schedules import Schedule, get_schedule
from sknn_concepts.training.result import TrainingConfig
from sknn_concepts.validation.data import network_dtype

#: Largest number of units of a layer: the product of two fits into 64 bits.
MAX_UNITS = 2**30


class Strategies(NamedTuple):
    """Strategies that an estimator's arguments stand for."""

    hidden_layer_sizes: list
    activations: list  # of the hidden layers, then of the output
    loss: Loss
    initializer: Initializer
    optimizer: Optimizer | None  # None for lbfgs
    schedule: Schedule
    pruner: Pruner | None


def choose(estimator, hidden_layer_sizes=None):
    """Resolve the strategies that the arguments of a multilayer perceptron select.

    For a fitted network, `hidden_layer_sizes` replaces the argument of that name. Raises ValueError if a name is
    unknown, a value is out of range, or two choices exclude each other.
    """
    check_connectivity(estimator.connectivity)
    sizes = parse_sizes(estimator.hidden_layer_sizes) if hidden_layer_sizes is None else hidden_layer_sizes
    loss = get_loss(estimator.loss, estimator._task)
    return Strategies(
        hidden_layer_sizes=sizes,
        activations=[*_hidden_activations(estimator.activation, sizes), _output_activation(estimator, loss)],
        loss=loss,
        initializer=get_initializer(estimator.initializer),
        optimizer=_optimizer(estimator),
        schedule=_schedule(estimator),
        pruner=None if estimator.pruning is None else get_pruner(estimator.pruning),
    )


def parse_sizes(hidden_layer_sizes):
    """Read the sizes of the hidden layers from an int, a sequence, or a string such as "128-64".

    ``()`` and ``""`` stand for a linear model. Raises ValueError if they are of another type, or if a size is not
    positive.
    """
    sizes = hidden_layer_sizes
    if isinstance(sizes, str):
        parts = sizes.replace(",", "-").split("-") if sizes.strip() else []
        # int() takes no more digits than a few thousand
        if not all(part.strip().isdecimal() and len(part) < 20 for part in parts):
            raise ValueError(f"hidden_layer_sizes={sizes!r} is no list of widths; write it as '128-64'.")
        sizes = [int(part) for part in parts]
    sizes = np.atleast_1d(np.asarray(sizes))
    if sizes.size and (sizes.ndim != 1 or sizes.dtype.kind not in "iu"):
        raise ValueError(f"hidden_layer_sizes must be whole numbers, got {hidden_layer_sizes!r}.")
    if np.any(sizes <= 0) or np.any(sizes > MAX_UNITS):
        raise ValueError(f"hidden_layer_sizes must be > 0 and at most {MAX_UNITS}, got {sizes.tolist()}.")
    return [int(size) for size in sizes]


def _hidden_activations(choice, sizes):
    if not isinstance(choice, list | tuple):
        choice = [choice] * len(sizes)
    if len(choice) != len(sizes):
        raise ValueError(f"activation lists {len(choice)} activations for {len(sizes)} hidden layers {tuple(sizes)}.")
    return [get_activation(one) for one in choice]


def _output_activation(estimator, loss):
    choice = getattr(estimator, "output_activation", None)
    if choice is None:
        return Identity()
    if loss.link != "identity":
        raise ValueError(
            f"output_activation={choice!r} cannot be combined with loss={estimator.loss!r}, which has its own output "
            f"({loss.link}); leave it None."
        )
    return get_activation(choice, "output_activation")


def choose_for_training(estimator, hidden_layer_sizes=None):
    """Resolve strategies like :func:`choose`, and check that a network with them can be trained and pruned.

    In addition, raises ValueError if an activation has no derivative, if the score of early stopping or the dtype is
    unknown, or if a pruner does not suit the network.
    """
    strategies = choose(estimator, hidden_layer_sizes)
    for activation in strategies.activations:
        if not hasattr(activation, "slope"):
            raise ValueError(
                f"The activation {activation!r} has no slope, so a network with it cannot be trained by gradients; "
                "choose another one, for example 'logistic' or 'hard_sigmoid'."
            )
    check_scorings(estimator)
    if estimator.dtype is not None:
        network_dtype(None, estimator.dtype)
    if strategies.pruner is not None:
        recorded = strategies.optimizer is not None
        check_pruner(strategies.pruner, strategies.loss, strategies.activations, recorded)
    return strategies


def _optimizer(estimator):
    if isinstance(estimator.solver, str) and estimator.solver == "lbfgs":
        excluded = {"dropout": 0.0, "max_norm": None, "max_grad_norm": None}
        for name, off in excluded.items():
            if getattr(estimator, name) != off:
                raise ValueError(f"{name}={getattr(estimator, name)!r} needs a stochastic solver, not solver='lbfgs'.")
        return None
    if isinstance(estimator.solver, str) and estimator.solver not in OPTIMIZERS:
        known = sorted([*OPTIMIZERS, "lbfgs"])
        raise ValueError(f"The 'solver' parameter has no {estimator.solver!r}; it has {known}.")
    names = ("momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon")
    return get_optimizer(estimator.solver, **{name: getattr(estimator, name) for name in names})


def _schedule(estimator):
    choice = estimator.learning_rate
    # an instance such as InverseScaling() is always used
    if isinstance(choice, str) and choice in ignored_schedules(estimator.solver):
        choice = "constant"
    return get_schedule(choice, power_t=estimator.power_t)


def make_config(estimator, strategies):
    """Collect the settings of training from the arguments of a multilayer perceptron whose outputs are known."""
    est = estimator
    regularization = Regularization(
        l2=float(est.alpha * (1.0 - est.l1_ratio)),
        l1=float(est.alpha * est.l1_ratio),
        # scikit-learn reports the mean of the outputs' squared errors
        loss_scale=1.0 / est.n_outputs_ if strategies.loss.averages_outputs else 1.0,
        keep=float(1.0 - est.dropout),
        max_norm=float(est.max_norm or 0.0),
        max_grad_norm=float(est.max_grad_norm or 0.0),
    )
    names = "learning_rate_init", "batch_size", "max_iter", "max_fun", "shuffle", "tol", "early_stopping", "verbose"
    arguments = {name: getattr(est, name) for name in names}
    return TrainingConfig(strategies.optimizer, strategies.schedule, regularization, **arguments)
