"""Pruning of a network, step by step: remove, retrain, judge."""

import copy
from typing import Any, NamedTuple

import numpy as np

from sknn_concepts._warnings import warn
from sknn_concepts.curvature.blocks import SampleBlocks
from sknn_concepts.curvature.diagonals import get_hessian_method
from sknn_concepts.curvature.gradients import loss
from sknn_concepts.network.layout import make_layout, n_weights
from sknn_concepts.pruning.selection import lowest_units, lowest_weights
from sknn_concepts.pruning.statistics import NetworkStatistics
from sknn_concepts.pruning.trace import TrainingTrace
from sknn_concepts.training.lbfgs import one_blas_thread
from sknn_concepts.validation.fitted_network import FittedNetwork, make_fitted_network


def needs_trace(pruner):
    """Whether a pruner needs a record of the network's training."""
    return pruner.watches_training or pruner.rewind not in (None, "learning_rate")


def check_pruner(pruner, loss, activations, recorded):
    """Raise ValueError if a network does not have what a pruner needs.

    The last of the activations is that of the output. `recorded` says whether the epochs of training can be recorded;
    it is None where the network is fitted already, or all at once.
    """
    if pruner.hessian_method is not None:
        get_hessian_method(pruner.hessian_method).check_network(loss, activations)
    name = type(pruner).__name__
    if pruner.removes_units and len(activations) == 1:
        raise ValueError(f"{name} removes hidden units, and there is no hidden layer.")
    if pruner.before_training and pruner.has_limit:
        raise ValueError(f"{name} prunes before training, when there is nothing to lose yet: give it a sparsity only.")
    if (needs_trace(pruner) and not recorded) or (pruner.before_training and recorded is None):
        what = f"rewind={pruner.rewind!r}" if needs_trace(pruner) and not pruner.watches_training else "it"
        raise ValueError(
            f"{name} cannot be used here: {what} needs to see how training begins or proceeds, epoch by epoch. Give it "
            "to the constructor of a multilayer perceptron with a stochastic solver (pruning=)."
        )


def prune_at_start(pruner, network):
    """Prune an initialized network before it is trained.

    Returns a mask that is False for the parameters that are removed, and the history: a record of the network before
    pruning, then one for each step.
    """
    network = _with_mask(network)

    def record(before=None, predicted=0.0):
        loss = _loss(network)
        return {
            **_size(network, pruner),
            "training_loss": loss,
            "loss": loss,
            "score": np.nan,  # nothing has been learned
            "predicted_increase": predicted,
            "actual_increase": 0.0 if before is None else loss - before["loss"],
        }

    history = [record()]
    for share in pruner.steps(history[0]["sparsity"]):
        removed, predicted = _choose(pruner, NetworkStatistics(network), network, share)
        if removed.any():
            network = _remove(network, removed)
            history.append(record(history[-1], predicted))
    return network.mask, history


def prune_steps(estimator, pruner, finetuner, data, held_out=None, trace=None):
    """Return a pruned copy of a fitted estimator, which the finetuner trains further after each step.

    `data` contains the samples of the finetuner as users pass them, for the score if no others are held out; `trace` is
    the record of the training so far, if there is one.
    """
    network = _with_mask(finetuner.make_network(estimator))
    validation_network = None if held_out is None else make_fitted_network(estimator, *held_out)
    samples = data if held_out is None else held_out

    def measure(model, network, predicted=0.0, actual=0.0):
        training_loss = _loss(network)
        validation_loss = training_loss
        if validation_network is not None:
            validation_loss = _loss(validation_network._replace(theta=network.theta))
        return {
            **_size(network, pruner),
            "training_loss": training_loss,
            "loss": validation_loss,
            "score": float(model.score(*samples)),
            "predicted_increase": predicted,
            "actual_increase": actual,
        }

    first = current = _Pruned(estimator, network, trace, measure(estimator, network))
    if pruner.has_limit and not (np.isfinite(first.measures["score"]) and np.isfinite(first.measures["loss"])):
        raise ValueError(
            f"The limit of {type(pruner).__name__} cannot be judged: on the samples to judge by, the score is "
            f"{first.measures['score']:g} and the loss {first.measures['loss']:g}. Pass other samples in X_val and "
            "y_val."
        )
    history, too_far = [first.measures], None
    for share in pruner.steps(first.measures["sparsity"]):
        if too_far is not None:  # what is left of the steps goes half as far
            share = 0.5 * (current.measures["sparsity"] + too_far)
        try:
            smaller = _take_step(pruner, finetuner, current, share, history, measure)
        except KeyboardInterrupt:
            warn("Pruning interrupted by user.")
            break
        if smaller is None:
            continue
        if _exceeds_limit(pruner, smaller.measures, first.measures):
            too_far = share
        else:
            current = smaller
            history.append(smaller.measures)
    return current.estimator if len(history) > 1 else estimator._pruned_copy(network.theta, None, history)


class _Pruned(NamedTuple):
    """An estimator in the course of pruning."""

    estimator: Any
    network: FittedNetwork
    trace: TrainingTrace | None
    measures: dict


def _take_step(pruner, finetuner, before, share, history, measure):
    """Remove up to a share of the weights, and retrain a copy; None if there is nothing to remove."""
    network, statistics = before.network, NetworkStatistics(before.network, before.trace)
    with one_blas_thread:  # many small matrices, for which threads wake up in vain
        removed, predicted = _choose(pruner, statistics, network, share)
        if not removed.any():
            return None
        change = pruner.adjustment(statistics, removed)
    theta = network.theta if change is None else network.theta + change.astype(network.theta.dtype)
    network = _remove(network._replace(theta=theta), removed)
    actual = _loss(network) - before.measures["training_loss"]
    trace = copy.copy(before.trace)
    if trace is not None and trace.rewind_parameters is not None:
        network = _remove(network._replace(theta=trace.rewind_parameters), removed)
    estimator = before.estimator._pruned_copy(network.theta, network.mask, history)
    if pruner.rewind is not None:
        finetuner.restart(estimator)
    network = network._replace(theta=finetuner.retrain(estimator, pruner.retrain_epochs, trace))
    return _Pruned(estimator, network, trace, measure(estimator, network, predicted, actual))


def _with_mask(network):
    mask = np.ones(network.theta.size, bool) if network.mask is None else network.mask
    return network._replace(mask=mask)


def _remove(network, removed):
    mask = network.mask & ~removed
    return network._replace(theta=np.where(mask, network.theta, network.theta.dtype.type(0)), mask=mask)


def _loss(network):
    return float(loss(SampleBlocks(network)))


def _size(network, pruner):
    """Share of the weights that are removed, of all parameters where intercepts may go, and number of those left."""
    mask, of_weights = network.mask, network.mask[: n_weights(make_layout(network.sizes))]
    counted = mask if pruner.prune_intercepts else of_weights
    return {
        "sparsity": 1.0 - np.count_nonzero(counted) / counted.size,
        "n_weights": int(np.count_nonzero(of_weights)),
    }


def _choose(pruner, statistics, network, share):
    """Parameters to remove, and the growth of the loss that the pruner predicts."""
    sizes, mask, layout = network.sizes, network.mask, make_layout(network.sizes)
    if pruner.removes_units:
        scores = [np.asarray(part, np.float64) for part in pruner.scores(statistics)]
        _check_scores(pruner, scores, [(size,) for size in sizes[1:-1]], "a number for each unit of each hidden layer")
        removed = lowest_units(scores, mask, layout, share, pruner.scope)
    else:
        scores = np.asarray(pruner.scores(statistics), np.float64)
        _check_scores(pruner, [scores], [mask.shape], "a number for each parameter", mask)
        removed = lowest_weights(scores, mask, layout, share, pruner.scope, pruner.prune_intercepts)
    return removed, pruner.predicted_increase(statistics, removed, scores)


def _check_scores(pruner, scores, shapes, what, counted=...):
    """Raise ValueError if scores, which may be a user's own formula, have other shapes, or are NaN."""
    given = [part.shape for part in scores]
    if given != shapes:
        raise ValueError(f"scores of {type(pruner).__name__} must be {what}, of shapes {shapes}; got shapes {given}.")
    if any(np.isnan(part[counted]).any() for part in scores):
        raise ValueError(f"scores of {type(pruner).__name__} must be {what}; some are NaN.")


def _exceeds_limit(pruner, now, first):
    """Whether a step went beyond the limit of its pruner."""
    drop, increase = first["score"] - now["score"], now["loss"] - first["loss"]
    too_low = pruner.max_score_drop is not None and not drop <= pruner.max_score_drop
    return too_low or (pruner.max_loss_increase is not None and not increase <= pruner.max_loss_increase)
