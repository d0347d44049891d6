"""Neurons that learn on the features that pruning has left them."""

import copy

import numpy as np
import scipy.sparse

from sknn_concepts.estimators.neuron_samples import Path
from sknn_concepts.estimators.perceptron_choices import choose
from sknn_concepts.training.resumed import class_counts
from sknn_concepts.validation.data import check_weights, weigh_classes


class OnSurvivingFeatures:
    """A way of learning in which each neuron sees its own features only, those whose weights are left.

    Parameters
    ----------
    way : SampleBySample or InBatches
        How the neurons learn.
    masks : ndarray of bool of shape (n_neurons, n_features)
        What is left of the weights.
    intercept_masks : ndarray of bool of shape (n_neurons,)
        What is left of the intercepts.
    """

    def __init__(self, way, masks, intercept_masks):
        self._way, self._masks, self._intercept_masks = way, masks, intercept_masks

    def learn(self, i, w, intercept, memory):
        """Let a neuron learn; see the way itself."""
        left = np.flatnonzero(self._masks[i])
        mine = copy.copy(self._way)
        lesson = mine.lesson
        X = lesson.X[:, left]
        rule = lesson.rule if self._intercept_masks[i] else lesson.rule._replace(intercept_rate=0.0)
        mine.lesson = lesson._replace(X=X if scipy.sparse.issparse(X) else np.ascontiguousarray(X), rule=rule)
        everything = np.append(left, w.size)  # of an optimizer's memory, where the intercept is last

        def take(part):
            return part[..., everything[: left.size + part.shape[-1] - w.size]]

        def spread(part):
            extra = part.shape[-1] - left.size
            full = np.zeros((*part.shape[:-1], w.size + extra), part.dtype)
            full[..., everything[: left.size + extra]] = part
            return full

        outcome = mine.learn(i, w[left], intercept, _each(memory, take))
        return outcome._replace(w=spread(outcome.w), memory=_each(outcome.memory, spread))


def _each(memory, change):
    """What a neuron remembers, its arrays changed: a Path, or an optimizer's dict, or nothing."""
    if isinstance(memory, Path):
        return memory._replace(w=change(memory.w), average_w=change(memory.average_w))
    return memory if memory is None else {**memory, "slots": change(memory["slots"])}


class Relearning:
    """A fitted perceptron and samples to train it further.

    Parameters
    ----------
    perceptron : Perceptron
        Fitted.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Checked samples.
    y : ndarray of shape (n_samples,)
        Their classes.
    sample_weight : array-like of shape (n_samples,) or None
        Weights.

    Attributes
    ----------
    sample_weight : ndarray of shape (n_samples,) or None
        Weights, those of the classes included.
    """

    way = None

    def __init__(self, perceptron, X, y, sample_weight):
        self._perceptron, self._X, self._y = perceptron, X, y
        weights = check_weights(sample_weight, X)
        self._weights = np.ones(len(y)) if weights is None else weights
        self.sample_weight = weigh_classes(perceptron.class_weight, np.asarray(perceptron.classes_), y, weights)

    def retrain(self, n_epochs):
        """Make up to so many passes."""
        if n_epochs:
            rows = np.flatnonzero(self._weights)
            est = self._perceptron
            learn = choose(est), self._X, self._y, rows, self._weights[rows], None, n_epochs
            seen = class_counts(est).copy()
            interrupted = est._learn(*learn, incremental=True)
            est._class_count = seen  # these samples were counted when they came first
            if interrupted:
                raise KeyboardInterrupt  # which the neurons have caught, to end together

    def restart(self):
        """Forget what the neurons remember besides their weights."""
        self._perceptron._forget()
