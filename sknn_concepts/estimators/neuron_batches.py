"""A single neuron that learns in batches: a network without hidden layer, trained as the other networks are."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from sknn_concepts.engine.machine import BLOCK, Machine
from sknn_concepts.engine.source import make_source
from sknn_concepts.engine.training import Rules
from sknn_concepts.estimators.held_out import Validation
from sknn_concepts.estimators.stochastic import Passes
from sknn_concepts.strategies.schedules import Constant


class Outcome(NamedTuple):
    """A neuron after training.

    Attributes
    ----------
    w : ndarray of shape (n_features,)
        Weights.
    intercept : float
        Intercept.
    memory : dict
        What the optimizer remembers.
    curve : list of float
        Mean loss of each pass, with the penalty.
    diverged : bool
        Whether training ended because the loss was not finite; the parameters are the last finite ones.
    """

    w: np.ndarray
    intercept: float
    memory: dict
    curve: list
    diverged: bool


def train_in_batches(estimator, choices, lesson, y, factors, w, intercept, memory, index):
    """Train a neuron by the gradient of its batches.

    Parameters
    ----------
    estimator : Perceptron
        Whose settings are followed.
    choices : Choices
        Activation, loss and optimizer.
    lesson : Lesson
        What is learned from.
    y, factors : ndarray of shape (n_samples,)
        Targets of the neuron, and the weights of the samples times those of their classes.
    w : ndarray of shape (n_features,)
        Weights to start from.
    intercept : float
        Intercept to start from.
    memory : dict or None
        What the optimizer remembers of earlier calls.
    index : int
        Number of the neuron.

    Returns
    -------
    outcome : Outcome
    """
    rule, held_out = lesson.rule, lesson.held_out
    rows = lesson.rows[~np.isin(lesson.rows, held_out)]
    targets = y[:, None]
    source = make_source(lesson.X, targets, factors)
    batch_size = min(200 if estimator.batch_size == "auto" else estimator.batch_size, rows.size)
    machine = _machine(source, choices, w, batch_size, optimizer=choices.optimizer)
    theta = np.append(w, w.dtype.type(intercept))
    slots = (max(1, choices.optimizer.slots), theta.size)
    if memory is None or memory["slots"].shape != slots:
        memory = {"slots": np.zeros(slots, theta.dtype), "steps": 0, "passes": 0, "rate_scale": 1.0}
    progress = SimpleNamespace(
        shuffle=estimator.shuffle,
        max_iter=lesson.max_iter,
        tol=-np.inf if estimator.tol is None else estimator.tol,
        n_iter_no_change=estimator.n_iter_no_change,
        learning_rate_init=rule.eta,
        verbose=estimator.verbose,
        early_stopping=estimator.early_stopping,
        early_stopping_scoring=None,
        n_iter_=0,
        t_=memory["steps"] * batch_size,
        loss_curve_=[],
        best_loss_=np.inf,
        validation_scores_=[],
        validation_loss_curve_=[],
        best_validation_score_=-np.inf,
        _best_theta=theta.copy(),
        _no_improvement_count=0,
        _training=memory,
        _score_raw=lambda machine, raw, y, weights: np.average(
            ((raw > 0) == (y > choices.low)).ravel(), weights=weights
        ),
    )
    validation = None
    if estimator.early_stopping:
        beside = _machine(source, choices, w, BLOCK)
        validation = Validation(progress, beside, held_out, targets[held_out], lesson.weights[held_out], 1.0, None)
    # a batch divides the penalty by its weight
    strength = rule.alpha * batch_size * float(factors[rows].mean())
    rules = Rules(
        l2=strength * (1.0 - rule.l1_ratio),
        l1=strength * rule.l1_ratio,
        loss_scale=1.0,
        keep=1.0,
        max_norm=0.0,
        max_grad_norm=0.0,
    )
    plan = SimpleNamespace(optimizer=choices.optimizer, schedule=Constant())
    passes = _Passes(
        progress, plan, machine, theta, rows, rules, np.random.RandomState(lesson.seeds[index]), validation
    )
    passes.run_until(lesson.max_iter, lesson.halt)
    if estimator.early_stopping and progress.validation_scores_:
        theta[:] = progress._best_theta
    return Outcome(theta[:-1], theta[-1], memory, progress.loss_curve_, passes.diverged)


def _machine(source, choices, w, capacity, optimizer=None):
    sizes, activations = [w.size, 1], [choices.activation]
    return Machine(
        sizes, activations, choices.loss, w.dtype, source, capacity=capacity, optimizer=optimizer, learns=True
    )


class _Passes(Passes):
    """Passes without warnings: the perceptron speaks once for all its neurons."""

    diverged = False

    def run_until(self, n_passes, halt):
        try:
            for _ in range(n_passes):
                if halt.is_set() or not self._one_pass() or self._stops():
                    return
        except KeyboardInterrupt:
            halt.set()

    def _diverged(self, before):
        self.diverged = True
        self.estimator._training["slots"][:] = 0
        if not np.isfinite(self.theta).all():
            self.theta[:] = before
