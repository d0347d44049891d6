"""Neurons that learn sample by sample, by the perceptron rule or the delta rule."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.extmath import safe_sparse_dot

from sknn_concepts.estimators.lesson import Outcome
from sknn_concepts.linear.neuron import make_neuron, make_samples, plug_loss, train
from sknn_concepts.linear.sgd import AVERAGE_INTERCEPT, INTERCEPT, fold


class Path(NamedTuple):
    """Where an averaging neuron is, and the average of where it has been."""

    w: np.ndarray
    intercept: float
    average_w: np.ndarray
    average_intercept: float


class SampleBySample:
    """The way of learning that takes a step after each sample.

    Parameters
    ----------
    estimator : Perceptron
        Whose settings are followed.
    choices : Choices
        Activation and loss of the delta rule.
    lesson : Lesson
        What is learned from.
    max_iter : int
        Largest number of passes.
    """

    def __init__(self, estimator, choices, lesson, max_iter):
        self.estimator = estimator
        self.lesson = lesson
        self.max_iter = max_iter
        delta = (choices.activation, choices.loss) if lesson.rule.delta else ()
        self._sockets, self._kept_alive = plug_loss(*delta)

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
        memory : Path or None
            Where averaging goes on instead.

        Returns
        -------
        outcome : Outcome
            With a Path as memory if the neuron averages.
        """
        est, lesson = self.estimator, self.lesson
        path = memory if est.average and _leads_to(memory, w, intercept) else Path(w, intercept, np.zeros_like(w), 0.0)
        neuron = make_neuron(path.w, path.intercept, lesson.rule, est.t_, path.average_w, path.average_intercept)
        y, factors = lesson.task(i)
        curve = train(
            make_samples(lesson.X, y, factors),
            lesson.rows,
            lesson.rule,
            neuron,
            self._sockets,
            seed=lesson.seeds[i] if est.shuffle else None,
            max_iter=self.max_iter,
            tol=est.tol,
            n_iter_no_change=est.n_iter_no_change,
            held_out=lesson.held_out,
            score=self._score(y) if est.early_stopping else None,
            verbose=bool(est.verbose),
            halt=lesson.halt,
        )
        fold(neuron.w, neuron.average_w, neuron.state)
        intercept, average_intercept = neuron.state[[INTERCEPT, AVERAGE_INTERCEPT]].astype(w.dtype)
        path = Path(neuron.w, intercept, neuron.average_w, average_intercept)
        return Outcome(neuron.w, intercept, curve, memory=path if est.average else None)

    def _score(self, y):
        """Function of weights and intercept that gives the share of held-out samples on the right side."""
        held_out = self.lesson.held_out
        X, positive, weights = self.lesson.X[held_out], y[held_out] > 0, self.lesson.weights[held_out]
        return lambda w, intercept: np.average((safe_sparse_dot(X, w) + intercept > 0) == positive, weights=weights)


def _leads_to(memory, w, intercept):
    """Whether a neuron has averaged on its way to some weights, which somebody may have replaced since."""
    if not isinstance(memory, Path) or not all(_is_like(w, known) for known in (memory.w, memory.average_w)):
        return False
    ends = (memory.average_w, memory.average_intercept), (memory.w, memory.intercept)
    return any(np.array_equal(end, w) and at == intercept for end, at in ends)


def _is_like(w, known):
    return isinstance(known, np.ndarray) and (known.shape, known.dtype) == (w.shape, w.dtype)
