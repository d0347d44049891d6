"""What the neurons of a perceptron learn from, each its class against the rest."""

import threading
from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight

from sknn_concepts.linear.neuron import OnlineConfig
from sknn_concepts.training.early_stopping import hold_out
from sknn_concepts.training.resumed import class_counts
from sknn_concepts.validation.data import addable, check_class_weight
from sknn_concepts.validation.labels import number_labels

#: Factor of the intercept's steps on sparse samples, whose features are seldom there while the intercept always is.
SPARSE_INTERCEPT_RATE = 0.01

LARGEST_SEED = np.iinfo(np.int32).max

#: No fit shows more samples.
MAX_COUNT = np.iinfo(np.int64).max


class Lesson(NamedTuple):
    """What all neurons learn from.

    Attributes
    ----------
    X : C-contiguous ndarray or CSR matrix of shape (n_samples, n_features)
        Samples.
    labels : ndarray of int of shape (n_samples,)
        Numbers of their classes.
    weights : ndarray of shape (n_samples,)
        Their weights, without those of the classes.
    rows : ndarray of int64
        Samples to show, those held out included.
    held_out : ndarray of int64
        Samples that are not learned.
    of_class : ndarray of shape (n_classes,)
        Weights of the classes.
    low : float
        Target of the samples that are not of a neuron's class, which have 1.
    rule : OnlineConfig
        How the neurons learn.
    seeds : list of int
        Of each neuron's shuffling.
    halt : threading.Event
        Set by an interrupt from the keyboard, after which no neuron goes on.
    """

    X: np.ndarray | scipy.sparse.csr_matrix
    labels: np.ndarray
    weights: np.ndarray
    rows: np.ndarray
    held_out: np.ndarray
    of_class: np.ndarray
    low: float
    rule: OnlineConfig
    seeds: list
    halt: threading.Event

    def task(self, i):
        """Targets of a neuron on all samples, and the factors of its steps: the weights of samples times classes."""
        first = len(self.of_class) - len(self.seeds)  # a single neuron tells the second of two classes
        mine = self.labels == first + i
        factors = np.where(mine, self.of_class[first + i], self.of_class[0] if first else 1.0)
        dtype = self.X.dtype
        return np.where(mine, 1.0, self.low).astype(dtype), factors.astype(dtype) * self.weights


class Outcome(NamedTuple):
    """A neuron after it has learned.

    Attributes
    ----------
    w : ndarray of shape (n_features,)
        Weights.
    intercept : float
        Intercept.
    curve : list of float
        Mean loss of each pass; empty if an interrupt kept the neuron from starting.
    memory : object
        What it needs to go on later, besides weights and intercept.
    diverged : bool
        Whether learning ended because the loss was not finite; the parameters are the last sound ones.
    """

    w: np.ndarray
    intercept: float
    curve: list
    memory: object
    diverged: bool = False


def make_lesson(estimator, choices, X, y, rows, weights, counts=None):
    """Put together what the neurons learn from.

    Parameters
    ----------
    estimator : Perceptron
        Whose settings are followed, and whose count of the classes seen so far grows.
    choices : Choices
        Its strategies.
    X : C-contiguous ndarray or CSR matrix of shape (n_samples, n_features)
        Samples.
    y : ndarray of shape (n_samples,)
        Their classes.
    rows : ndarray of int64
        Samples to show.
    weights : ndarray of shape (n_rows,)
        Their weights.
    counts : ndarray of shape (n_rows,), optional
        How often each of them is there; once by default.

    Returns
    -------
    lesson : Lesson

    Raises
    ------
    ValueError
        If there is nothing to show.
    """
    if not len(rows):
        raise ValueError("Sample weights must contain at least one non-zero number.")
    labels = number_labels(y, np.asarray(estimator.classes_))
    of_class = _weigh_classes(estimator, y, labels[rows], counts)
    of_row = np.zeros(len(labels), X.dtype)
    with np.errstate(over="ignore"):
        of_row[rows] = weights
        addable(of_row * of_class.astype(X.dtype)[labels], "class_weight or sample_weight")
    held_out, seeds = _split_and_seed(estimator, labels[rows], len(of_class))
    return Lesson(
        X=X,
        labels=labels,
        weights=of_row,
        rows=rows,
        held_out=rows[held_out],
        of_class=of_class,
        low=choices.low,
        rule=_make_rule(estimator, choices.delta, scipy.sparse.issparse(X)),
        seeds=seeds,
        halt=threading.Event(),
    )


def _weigh_classes(estimator, y, labels, counts):
    check_class_weight(estimator.class_weight)
    classes, seen = np.asarray(estimator.classes_), class_counts(estimator)
    if estimator.class_weight != "balanced":
        return compute_class_weight(estimator.class_weight, classes=classes, y=y)
    seen += np.bincount(labels, counts, minlength=len(classes))  # in all calls of partial_fit
    return seen.sum() / (len(classes) * np.maximum(seen, 1.0))


def _make_rule(estimator, delta, sparse):
    shares = {None: 0.0, "l2": 0.0, "l1": 1.0, "elasticnet": estimator.l1_ratio}
    intercept_rate = SPARSE_INTERCEPT_RATE if sparse else 1.0
    return OnlineConfig(
        eta=float(estimator.eta0),
        alpha=0.0 if estimator.penalty is None else float(estimator.alpha),
        l1_ratio=float(shares[estimator.penalty]),
        intercept_rate=intercept_rate if estimator.fit_intercept else 0.0,
        average=min(int(estimator.average), MAX_COUNT),
        delta=delta,
    )


def _split_and_seed(estimator, labels, n_classes):
    """Samples to hold out and a seed for each neuron's shuffling, drawn as scikit-learn draws them."""
    random_state = check_random_state(estimator.random_state)
    if n_classes > 2:
        held_out = _split(estimator, labels)
        seeds = random_state.randint(LARGEST_SEED, size=n_classes)
        return held_out, [_second_draw(np.random.RandomState(seed)) for seed in seeds]
    random_state.randint(1, LARGEST_SEED)  # as in _second_draw, but the split draws in between
    held_out = _split(estimator, labels)
    return held_out, [random_state.randint(LARGEST_SEED)]


def _second_draw(random_state):
    random_state.randint(1, LARGEST_SEED)  # which scikit-learn draws and does not use
    return random_state.randint(LARGEST_SEED)


def _split(estimator, labels):
    if not estimator.early_stopping:
        return np.empty(0, np.int64)
    _, held_out = hold_out(
        estimator.validation_fraction,
        len(labels),
        estimator.random_state,
        "early_stopping=True",
        labels=[labels],
        stratify=True,
    )
    return held_out
