"""The kinds of workloads: what is timed, and how the result is judged.

A workload runs in the process of a contender, in this order: `load`, `prepare`, `run` (the first time, including
compilation), `tune`, `run` repeatedly, `judge`. Only `run` is timed. `make` is the function of the contender that
creates an estimator.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np

from benchmarks.contenders import CONTENDERS, ONE_OF_OURS, OURS
from benchmarks.threads import ALL, ONE

#: Maximum number of samples on which losses and scores are computed.
JUDGED = 10_000


class Entry(NamedTuple):
    """Entry of a contender in a workload.

    Attributes
    ----------
    contender : str
        File of the contender.
    changes : dict
        Parameters that differ from those of the workload.
    slow_start : bool
        Whether the entry starts so slowly that quick runs leave it out.
    all_threads_only : bool
        Whether races with one thread leave it out, so that a whole run takes half an hour.
    """

    contender: str
    changes: dict = {}
    slow_start: bool = False
    all_threads_only: bool = False

    @property
    def ours(self):
        """Whether the contender is this library."""
        return self.contender in OURS


#: Files of the contenders that start slowly, and of those that races with one thread leave out.
SLOW, ALL_THREADS_ONLY = ("torch_compiled",), ("torch_compiled", "skorch")


def against(*files, all_threads_only=ALL_THREADS_ONLY):
    """Return entries for our estimator, which comes first, and for the contenders of the given files."""
    first = next(iter(CONTENDERS))
    return {CONTENDERS[file]: Entry(file, {}, file in SLOW, file in all_threads_only) for file in (first, *files)}


#: Entry of our estimator with one thread among all contenders with all threads.
WITH_ONE_THREAD = {ONE_OF_OURS: Entry(next(iter(CONTENDERS)), {"n_jobs": 1}, all_threads_only=True)}


def network_parameters(hidden_layer_sizes, *, epochs, batch_size, **others):
    """Return parameters of a network that trains for a fixed number of epochs from fixed initial weights."""
    run_on = {"max_iter": epochs, "tol": 0.0, "n_iter_no_change": epochs + 1, "random_state": 0}
    return {"hidden_layer_sizes": hidden_layer_sizes, "batch_size": batch_size, "activation": "relu"} | run_on | others


@dataclass(kw_only=True)
class Fit:
    """Fit of an estimator.

    Attributes
    ----------
    name, title : str
        Name for the command line and title for tables.
    data : callable
        Function ``data(quick)`` that returns X and y.
    kind : str
        Name of the estimator.
    parameters : dict
        Parameters of the estimator.
    entries : dict of str to Entry
        Entries by label. Ratios refer to the first.
    rounds : int
        Number of rounds.
    in_quick : bool
        Whether quick runs include the workload.
    threads : tuple of str
        Numbers of threads with which races take place, of `benchmarks.threads.ALL` and `ONE`.
    """

    name: str
    title: str
    data: Callable
    kind: str
    parameters: dict
    entries: dict = field(default_factory=lambda: against("scikit_learn"))
    rounds: int = 5
    in_quick: bool = False
    threads: tuple = (ALL, ONE)

    #: Whether all work is done in the process of the contender.
    in_process: ClassVar[bool] = True

    X: Any = field(default=None, init=False, repr=False)
    y: Any = field(default=None, init=False, repr=False)

    def load(self, quick):
        """Load the data, fewer for a quick run."""
        self.X, self.y = self.data(quick)

    def prepare(self, make):
        """Prepare the work without timing."""

    def run(self, make):
        """Do the work and return the result."""
        return make(self.kind, **self.parameters).fit(self.X, self.y)

    def tune(self, make, label):
        """Determine parameters that depend on the entry with this label."""

    def judge(self, model):
        """Return the loss and the score of the result."""
        return judge_classifier(model, self.X[:JUDGED], self.y[:JUDGED])


@dataclass(kw_only=True)
class FitPerceptron(Fit):
    """Fit of a binary perceptron."""

    def judge(self, model):
        """Return the mean perceptron loss max(0, -margin) and the accuracy."""
        X, y = self.X[:JUDGED], self.y[:JUDGED]
        margins = np.where(y == 1, 1.0, -1.0) * model.decision_function(X)
        return {"loss": float(np.mean(np.maximum(0.0, -margins))), "score": float(np.mean(margins > 0.0))}


@dataclass(kw_only=True)
class Search(Fit):
    """Cross-validated grid search in two processes.

    Attributes
    ----------
    grid : dict
        Values of each parameter.
    folds : int
        Number of folds.
    """

    grid: dict
    folds: int = 5
    threads: tuple = (ALL,)

    in_process: ClassVar[bool] = False

    def load(self, quick):
        """Load the data, and reduce the grid for a quick run."""
        super().load(quick)
        if quick:
            self.grid = {name: values[:2] for name, values in self.grid.items()}

    def run(self, make):
        """Search, and refit the best estimator."""
        from sklearn.model_selection import GridSearchCV

        search = GridSearchCV(make(self.kind, **self.parameters), self.grid, cv=self.folds, n_jobs=2)
        return search.fit(self.X, self.y)

    def judge(self, search):
        """Return the log loss of the refitted estimator and its cross-validated accuracy."""
        judged = judge_classifier(search.best_estimator_, self.X[:JUDGED], self.y[:JUDGED])
        return judged | {"score": float(search.best_score_)}


@dataclass(kw_only=True)
class Predict(Fit):
    """Prediction of classes.

    Attributes
    ----------
    rows : int
        Number of rows.
    """

    rows: int

    def prepare(self, make):
        """Fit the estimator."""
        self.model = super().run(make)
        self.chosen = self.X[: self.rows]

    def run(self, make):
        """Predict."""
        return self.model.predict(self.chosen)

    def judge(self, predicted):
        """Return the log loss of the estimator and the accuracy of the timed predictions."""
        judged = judge_classifier(self.model, self.X[:JUDGED], self.y[:JUDGED])
        return judged | {"score": float(np.mean(np.asarray(predicted) == self.y[: self.rows]))}


@dataclass(kw_only=True)
class Compute(Fit):
    """Computation of one number from a fitted model and samples, by the method ``compute``.

    Attributes
    ----------
    rows : int or None
        Number of samples, all if None.
    """

    rows: int | None = None

    def prepare(self, make):
        """Fit the model."""
        self.model = super().run(make)

    def run(self, make):
        """Compute the number."""
        return self.model.compute(self.X[: self.rows], self.y[: self.rows])

    def judge(self, number):
        """Return the number as loss, without a score."""
        return {"loss": number, "score": None}


def judge_classifier(model, X, y):
    """Compute log loss and accuracy from predicted probabilities.

    Parameters
    ----------
    model : object
        Fitted model with ``classes_`` and ``predict_proba``.
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)

    Returns
    -------
    judged : dict
        Values under "loss" and "score".
    """
    probabilities = np.asarray(model.predict_proba(X), dtype=float)
    found = probabilities[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    loss = -np.mean(np.log(np.maximum(found, np.finfo(float).tiny)))
    return {"loss": float(loss), "score": float(np.mean(model.classes_[probabilities.argmax(axis=1)] == y))}
