"""Neurons that learn in batches: networks without hidden layer, trained as the other networks are."""

from dataclasses import dataclass, field

import numpy as np

from sknn_concepts.estimators.lesson import Outcome
from sknn_concepts.network.compiled import BLOCK, PLAIN, CompiledNetwork
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.training.early_stopping import Validation
from sknn_concepts.training.resumed import memory_that_fits
from sknn_concepts.training.stochastic import DIVERGED, INTERRUPTED, MinibatchTrainer


@dataclass
class Progress:
    """Settings and progress of a neuron, as :class:`MinibatchTrainer` and :class:`Validation` expect them."""

    shuffle: bool
    max_iter: int
    tol: float
    n_iter_no_change: int
    learning_rate_init: float
    verbose: int
    early_stopping: bool
    _training: dict
    _best_theta: np.ndarray
    early_stopping_scoring: None = None
    n_iter_: int = 0
    t_: int = 0
    loss_curve_: list = field(default_factory=list)
    best_loss_: float = np.inf
    validation_scores_: list = field(default_factory=list)
    validation_loss_curve_: list = field(default_factory=list)
    best_validation_score_: float = -np.inf
    _no_improvement_count: int = 0

    @staticmethod
    def _score_raw(machine, raw, y, weights):
        return np.average(((raw > 0) == (y > 0)).ravel(), weights=weights)


class InBatches:
    """The way of learning that takes a step after each batch of samples.

    Parameters
    ----------
    estimator : Perceptron
        Whose settings are followed.
    choices : Choices
        Activation, loss and optimizer.
    lesson : Lesson
        What is learned from.
    max_iter : int
        Largest number of passes.
    """

    def __init__(self, estimator, choices, lesson, max_iter):
        self.estimator = estimator
        self.choices = choices
        self.lesson = lesson
        self.max_iter = max_iter
        self.rows = lesson.rows[~np.isin(lesson.rows, lesson.held_out)]
        self.batch_size = min(200 if estimator.batch_size == "auto" else estimator.batch_size, self.rows.size)

    def learn(self, i, w, intercept, memory):
        """Let a neuron learn.

        Parameters
        ----------
        i : int
            Number of the neuron.
        w : ndarray of shape (n_features,)
            Weights to start from; left alone.
        intercept : float
            Intercept to start from.
        memory : dict or None
            What the optimizer remembers of earlier calls; changed in place.

        Returns
        -------
        outcome : Outcome
        """
        lesson, choices = self.lesson, self.choices
        y, factors = lesson.task(i)
        targets = y[:, None]
        source = make_dataset(lesson.X, targets, factors)
        machine = self._machine(source, w, self.batch_size, optimizer=choices.optimizer)
        theta = np.append(w, w.dtype.type(intercept))
        memory = self._remember(memory, theta)
        if lesson.rule.intercept_rate == 0.0:
            machine.mask = np.ones_like(theta)
            machine.mask[-1] = 0
            memory["slots"][:, -1] = 0  # of a call that learned the intercept, whose momentum would go on
        progress = self._progress(memory, theta)
        validation = None
        if progress.early_stopping:
            beside, out = self._machine(source, w, BLOCK), lesson.held_out
            validation = Validation(progress, beside, out, targets[out], lesson.weights[out], 1.0, None)
        rules, random_state = self._rules(factors), np.random.RandomState(lesson.seeds[i])
        passes = MinibatchTrainer(progress, choices, machine, theta, self.rows, rules, random_state, validation)
        passes.halt = lesson.halt
        ending = passes.run_quietly(0 if lesson.halt.is_set() else self.max_iter)
        if ending == INTERRUPTED:
            lesson.halt.set()
        return Outcome(theta[:-1], theta[-1], progress.loss_curve_, memory, ending == DIVERGED)

    def _machine(self, source, w, capacity, **options):
        sizes, activations = [w.size, 1], [self.choices.activation]
        return CompiledNetwork(
            sizes, activations, self.choices.loss, w.dtype, source, capacity=capacity, learns=True, **options
        )

    def _remember(self, memory, theta):
        """The optimizer's memory of earlier calls if it fits, else a fresh one."""
        slots = (max(1, self.choices.optimizer.slots), theta.size)
        memory = memory_that_fits(memory if isinstance(memory, dict) else None, None, slots, theta.dtype)
        return memory or {"slots": np.zeros(slots, theta.dtype), "steps": 0, "passes": 0, "rate_scale": 1.0}

    def _progress(self, memory, theta):
        est = self.estimator
        return Progress(
            shuffle=est.shuffle,
            max_iter=self.max_iter,
            tol=-np.inf if est.tol is None else est.tol,
            n_iter_no_change=est.n_iter_no_change,
            learning_rate_init=self.lesson.rule.eta,
            verbose=est.verbose,
            early_stopping=est.early_stopping,
            _training=memory,
            _best_theta=theta.copy(),
        )

    def _rules(self, factors):
        rule = self.lesson.rule
        # a batch divides the penalty by its weight
        strength = rule.alpha * self.batch_size * float(factors[self.rows].mean())
        return PLAIN._replace(l2=strength * (1.0 - rule.l1_ratio), l1=strength * rule.l1_ratio)
