"""Pruning of a fitted estimator, step by step: remove, retrain, judge."""

import copy
from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing, check_consistent_length, indexable
from sklearn.utils.validation import _num_samples

from sknn_concepts._warnings import warn
from sknn_concepts.curvature.diagonals import Curvature, check_method
from sknn_concepts.network.layers import make_layout
from sknn_concepts.pruning.selection import lowest_units, lowest_weights
from sknn_concepts.pruning.statistics import NetworkStatistics
from sknn_concepts.training.early_stopping import hold_out
from sknn_concepts.training.lbfgs import one_blas_thread
from sknn_concepts.validation.data import check_weights
from sknn_concepts.validation.fitted_network import open_network


class ValidationData(NamedTuple):
    """Samples on which a pruned network is judged, as users pass them."""

    X: object
    y: object
    sample_weight: object = None


class TrainingTrace:
    """What a pruner wants to know of the way that training took.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        Parameters before the first pass.
    n_passes : int or None
        Passes after which they are noted, to rewind to.
    """

    def __init__(self, theta, n_passes):
        self.start = theta.copy()
        self.squares = np.zeros(theta.size)
        self.n_passes = n_passes
        self.noted = theta.copy() if n_passes == 0 else None
        self._done = 0

    def note(self, before, after):
        """Take note of a pass."""
        self.squares += np.square(after.astype(np.float64) - before)
        self._done += 1
        if self.noted is None and self._done == self.n_passes:
            self.noted = after.copy()

    def end(self, theta):
        """Take note of the end of training."""
        if self.n_passes is not None and self.noted is None:
            warn(f"Training ended after {self._done} passes; rewind={self.n_passes} goes back to its end.")
            self.noted = theta.copy()


def needs_way(pruner):
    """Whether a pruner has to know the way that training took."""
    return pruner.watches_training or pruner.rewind not in (None, "learning_rate")


def check_pruner(pruner, loss, activations, watched):
    """Raise ValueError if a network does not have what a pruner needs.

    Parameters
    ----------
    pruner : Pruner
        What was asked for.
    loss : Loss
        Of the network.
    activations : list of Activation
        Of its layers, the output last.
    watched : bool or None
        Whether the pruner sees the passes of training; None where there is no beginning to be seen either.

    Raises
    ------
    ValueError
        If derivatives, hidden units or passes are missing.
    """
    if pruner.hessian_method is not None:
        check_method(pruner.hessian_method, loss, activations)
    name = type(pruner).__name__
    if pruner.removes_units and len(activations) == 1:
        raise ValueError(f"{name} removes hidden units, and there is no hidden layer.")
    if pruner.before_training and pruner.has_limit:
        raise ValueError(f"{name} prunes before training, when there is nothing to lose yet: give it a sparsity only.")
    if (needs_way(pruner) and not watched) or (pruner.before_training and watched is None):
        what = f"rewind={pruner.rewind!r}" if needs_way(pruner) and not pruner.watches_training else "it"
        raise ValueError(
            f"{name} cannot be used here: {what} wants to see how training begins or goes on, pass by pass. Give it to "
            "the constructor of a multilayer perceptron with a stochastic solver (pruning=)."
        )


def split(estimator, X, y, sample_weight):
    """Samples to train on, their weights, and samples to judge by.

    A tenth, or ``validation_fraction``, of the samples is held out; classes keep their shares.
    """
    if y is None or np.ndim(X) == 0:
        return X, y, sample_weight, None  # about which fit will complain
    weights = None if sample_weight is None else check_weights(sample_weight, X)
    check_consistent_length(X, y)
    labels = _label_codes(y) if is_classifier(estimator) else []
    rows, out = hold_out(
        getattr(estimator, "validation_fraction", 0.1),
        _num_samples(X),
        estimator.random_state,
        f"the limit of {type(estimator.pruning).__name__}",
        labels=labels,
        stratify=len(labels) == 1,
        counted=None if weights is None else weights > 0,
        least=1 if labels else 2,  # below two there is no R^2
    )
    (X, X_val), (y, y_val), (weights, weights_val) = (
        (None, None) if part is None else (_safe_indexing(part, rows), _safe_indexing(part, out))
        for part in (*indexable(X, y), weights)
    )
    return X, y, weights, ValidationData(X_val, y_val, weights_val)


def _label_codes(y):
    """Numbers of the classes among targets as users pass them, an array for each target; none of what are no labels."""
    columns = [y] if np.ndim(y) == 1 else list(np.transpose(y.toarray() if scipy.sparse.issparse(y) else y))
    try:
        return [np.unique(np.asarray(column), return_inverse=True)[1] for column in columns]
    except TypeError:  # labels that cannot be sorted, about which fit will complain
        return []


def prune_at_start(estimator, pruner, fitting):
    """Prune a network that has not learned anything yet.

    Parameters
    ----------
    estimator : multilayer perceptron
        Initialized.
    pruner : Pruner
        How.
    fitting : Trainer
        The data.
    """
    network = estimator._sizes(), fitting.strategies.activations, fitting.strategies.loss, fitting.source
    scale = fitting.rules.loss_scale

    def record(before=None, predicted=0.0):
        loss = float(Curvature(fitting.theta, *network, loss_scale=scale).loss())
        return {
            "sparsity": _gone(estimator, _alive(estimator), pruner),
            "n_weights": estimator.n_weights_,
            "training_loss": loss,
            "loss": loss,
            "score": np.nan,  # it has learned nothing
            "predicted_increase": predicted,
            "actual_increase": 0.0 if before is None else loss - before["loss"],
        }

    history = [record()]
    for share in pruner.steps(history[0]["sparsity"]):
        alive = _alive(estimator)
        removed, predicted = _lowest(estimator, pruner, NetworkStatistics(fitting.theta, *network, alive, scale), share)
        if removed.any():
            estimator._keep(alive & ~removed)
            history.append(record(history[-1], predicted))
    _tell(estimator, history)


def prune_steps(estimator, pruner, data, held_out, training):
    """Prune a fitted estimator in place.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    pruner : Pruner
        How.
    data : tuple (X, y, sample_weight)
        Samples that scores and retraining see, as users pass them.
    held_out : ValidationData or None
        Samples to judge by; those of `data` if there are none.
    training : object
        ``retrain(n_epochs)``, ``restart()`` and ``way``, a :class:`TrainingTrace` or None.
    """
    opened = open_network(estimator, *data)
    judged = open_network(estimator, *held_out) if held_out is not None else opened
    held_out = ValidationData(*data) if held_out is None else held_out

    def record(**more):
        theta = estimator._parameters()
        loss = _loss(opened, theta)
        return {
            "sparsity": _gone(estimator, _alive(estimator), pruner),
            "n_weights": estimator.n_weights_,
            "training_loss": loss,
            "loss": loss if judged is opened else _loss(judged, theta),
            "score": float(estimator.score(held_out.X, held_out.y, held_out.sample_weight)),
            "predicted_increase": 0.0,
            "actual_increase": 0.0,
            **more,
        }

    first = record()
    if pruner.has_limit and not (np.isfinite(first["score"]) and np.isfinite(first["loss"])):
        raise ValueError(
            f"The limit of {type(pruner).__name__} cannot be judged: on the samples to judge by, the score is "
            f"{first['score']:g} and the loss {first['loss']:g}. Pass other samples in X_val and y_val."
        )
    history, too_far = [first], None
    for share in pruner.steps(first["sparsity"]):
        if too_far is not None:  # what is left of the steps goes half as far
            share = 0.5 * (history[-1]["sparsity"] + too_far)
        state = copy.deepcopy(
            {name: vars(estimator)[name] for name in estimator._pruned_state if name in vars(estimator)}
        )
        squares = None if training.way is None else training.way.squares.copy()
        alive, theta = _alive(estimator), estimator._parameters().copy()
        try:
            evidence = NetworkStatistics(theta, *opened.network, alive, opened.loss_scale, _way(estimator, training))
            with one_blas_thread:  # many small matrices, for which threads wake up in vain
                removed, predicted = _lowest(estimator, pruner, evidence, share)
                if not removed.any():
                    continue
                change = pruner.adjustment(evidence, removed)
            if change is not None:
                theta += change.astype(theta.dtype)
            estimator._assign(theta)
            estimator._keep(alive & ~removed)
            actual = _loss(opened, estimator._parameters()) - history[-1]["training_loss"]
            _rewind(estimator, pruner, training)
            training.retrain(pruner.retrain_epochs)
            now = record(predicted_increase=predicted, actual_increase=actual)
        except KeyboardInterrupt:
            _restore(estimator, state)
            warn("Pruning interrupted by user.")
            break
        if _hurts(pruner, now, first):
            _restore(estimator, state)
            if squares is not None:
                training.way.squares = squares
            too_far = share
        else:
            history.append(now)
    _tell(estimator, history)


def _tell(estimator, history):
    """Fitted state of a pruned estimator, also of one that could not spare anything."""
    estimator.pruning_history_ = history
    if not hasattr(estimator, "masks_"):
        estimator._show(np.ones(estimator._parameters().size, bool))


def _loss(opened, theta):
    return float(Curvature(theta, *opened.network, loss_scale=opened.loss_scale).loss())


def _alive(estimator):
    alive = estimator._alive()
    alive = np.ones(estimator._parameters().size, bool) if alive is None else alive
    if not getattr(estimator, "fit_intercept", True):
        alive[estimator._n_weights() :] = False  # nor shall they come
    return alive


def _gone(estimator, alive, pruner):
    """Share of the weights that are removed, of all parameters where intercepts may go."""
    counted = alive if pruner.prune_intercepts else alive[: estimator._n_weights()]
    return 1.0 - np.count_nonzero(counted) / counted.size


def _lowest(estimator, pruner, evidence, share):
    """What goes, and the growth of the loss that the pruner foresees."""
    sizes, alive = estimator._sizes(), evidence.alive
    layout = make_layout(sizes)
    if pruner.removes_units:
        scores = [np.asarray(part, np.float64) for part in pruner.scores(evidence)]
        _check_scores(pruner, scores, [(size,) for size in sizes[1:-1]], "a number for each unit of each hidden layer")
        removed = lowest_units(scores, alive, layout, share, pruner.scope)
    else:
        scores = np.asarray(pruner.scores(evidence), np.float64)
        _check_scores(pruner, [scores], [alive.shape], "a number for each parameter", alive)
        removed = lowest_weights(scores, alive, layout, share, pruner.scope, pruner.prune_intercepts)
    return removed, pruner.predicted_increase(evidence, removed, scores)


def _check_scores(pruner, scores, shapes, what, counted=...):
    """Raise ValueError if scores, which may be a user's own formula, do not have the shapes, or are no numbers."""
    given = [part.shape for part in scores]
    if given != shapes:
        raise ValueError(f"scores of {type(pruner).__name__} must be {what}, of shapes {shapes}; got shapes {given}.")
    if any(np.isnan(part[counted]).any() for part in scores):
        raise ValueError(f"scores of {type(pruner).__name__} must be {what}; some are NaN.")


def _way(estimator, training):
    way = training.way
    return None if way is None else (way.start, way.squares, estimator.learning_rate_init)


def _rewind(estimator, pruner, training):
    if pruner.rewind is None:
        return
    training.restart()
    if pruner.rewind != "learning_rate":
        estimator._assign(np.where(_alive(estimator), training.way.noted, 0))


def _hurts(pruner, now, first):
    drop, increase = first["score"] - now["score"], now["loss"] - first["loss"]
    too_low = pruner.max_score_drop is not None and not drop <= pruner.max_score_drop
    return too_low or (pruner.max_loss_increase is not None and not increase <= pruner.max_loss_increase)


def _restore(estimator, state):
    theta = state.pop("_theta", None)
    for name in estimator._pruned_state:
        if name in state:
            setattr(estimator, name, state[name])
        elif name != "_theta":
            vars(estimator).pop(name, None)
    if theta is not None:  # in place: it has views
        estimator._assign(theta)
