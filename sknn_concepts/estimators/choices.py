"""From constructor arguments to strategies: names resolved, combinations checked, before any work is done."""

from typing import NamedTuple

import numpy as np

from sknn_concepts.activations import Identity, get_activation
from sknn_concepts.initializers import Initializer, get_initializer
from sknn_concepts.losses import Loss, get_loss
from sknn_concepts.optimizers import OPTIMIZERS, Optimizer, get_optimizer
from sknn_concepts.pruning.connectivity import check_connectivity
from sknn_concepts.pruning.pruners import Pruner, get_pruner
from sknn_concepts.schedules import Schedule, get_schedule

#: Widest layer: products of two of them fit into 64 bits.
MAX_SIZE = 2**30


class Strategies(NamedTuple):
    """What an estimator's arguments stand for."""

    hidden_layer_sizes: list
    activations: list  # of the hidden layers, then of the output
    loss: Loss
    initializer: Initializer
    optimizer: Optimizer | None  # None for lbfgs
    schedule: Schedule
    pruner: Pruner | None


def choose(estimator, task, hidden_layer_sizes=None):
    """Resolve the strategies that a multilayer perceptron was constructed with.

    Parameters
    ----------
    estimator : multilayer perceptron
        Whose arguments are read.
    task : {"classification", "regression"}
        What the loss has to serve.
    hidden_layer_sizes : list of int, optional
        Those of a network that is fitted already; what the estimator asks for by default.

    Returns
    -------
    strategies : Strategies

    Raises
    ------
    ValueError
        If a name is unknown, a value is out of range, or two choices exclude each other.
    """
    check_connectivity(estimator.connectivity)
    sizes = parse_sizes(estimator.hidden_layer_sizes) if hidden_layer_sizes is None else hidden_layer_sizes
    loss = get_loss(estimator.loss, task)
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
    """Widths of the hidden layers from an int, a sequence, or a string such as "128-64".

    Parameters
    ----------
    hidden_layer_sizes : int, sequence of int or str
        Nothing, ``()`` or ``""``, is a linear model.

    Returns
    -------
    sizes : list of int

    Raises
    ------
    ValueError
        If it is none of these, or a width is not positive.
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
    if np.any(sizes <= 0) or np.any(sizes > MAX_SIZE):
        raise ValueError(f"hidden_layer_sizes must be > 0 and at most {MAX_SIZE}, got {sizes.tolist()}.")
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


def check_trainable(activations):
    """Raise ValueError if a network with these activations has no gradient.

    Parameters
    ----------
    activations : list of Activation
        Of all layers.
    """
    for activation in activations:
        if not hasattr(activation, "slope"):
            raise ValueError(
                f"The activation {activation!r} has no slope, so a network with it cannot be trained by gradients; "
                "choose another one, for example 'logistic' or 'hard_sigmoid'."
            )


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
    given = {name: getattr(estimator, name) for name in names}
    if estimator.solver == "adagrad":
        del given["epsilon"]  # Adagrad's own default suits a sum that only grows
    return get_optimizer(estimator.solver, **given)


def _schedule(estimator):
    choice = estimator.learning_rate
    # scikit-learn applies its schedules to sgd alone; an instance, InverseScaling(), says that it is meant
    if isinstance(choice, str) and estimator.solver == "adam" and choice in ("invscaling", "adaptive"):
        choice = "constant"
    return get_schedule(choice, power_t=estimator.power_t)
