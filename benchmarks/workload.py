"""The kinds of work, each ready to be done by any contender: what is timed, and how the result is judged.

A workload runs in the process of one contender, in this order: `load`, `prepare`, `run` (the first, compilation
included), `tune`, `run` again and again, `judge`. Only `run` is timed. `make` is the contender's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from benchmarks.contenders import CONTENDERS, OURS

#: Samples on which losses and scores are computed.
JUDGED = 10_000


class Entry(NamedTuple):
    """One line of a workload's table.

    Attributes
    ----------
    contender : str
        File of the contender.
    changes : dict
        Parameters that differ from the workload's.
    slow_start : bool
        Left out of a quick run.
    """

    contender: str
    changes: dict = {}
    slow_start: bool = False

    @property
    def ours(self):
        """Whether this library does it."""
        return self.contender in OURS


def against(*files):
    """Entries for our own estimator, which comes first, and for each contender named by its file."""
    slow = ("torch_compiled",)
    return {CONTENDERS[file]: Entry(file, slow_start=file in slow) for file in (next(iter(CONTENDERS)), *files)}


#: Those who train a dense network.
NETWORKS = ("scikit_learn", "torch", "torch_compiled", "skorch", "jax", "limit")


def network_parameters(hidden_layer_sizes, *, epochs, batch_size, **others):
    """Parameters of a network that makes so many epochs, whatever its loss does, from the same weights everywhere."""
    run_on = {"max_iter": epochs, "tol": 0.0, "n_iter_no_change": epochs + 1, "random_state": 0}
    return {"hidden_layer_sizes": hidden_layer_sizes, "batch_size": batch_size, "activation": "relu"} | run_on | others


@dataclass(kw_only=True)
class Fit:
    """Fitting an estimator.

    Attributes
    ----------
    name, title : str
        For the command line and for tables.
    data : callable
        ``data(quick)`` gives X and y.
    kind : str
        Name of the estimator.
    parameters : dict
        Its parameters.
    entries : dict of str to Entry
        Who does it; ratios are to the first.
    rounds : int
        Times that each contender does it, in turns.
    in_quick : bool
        Whether it belongs to the quick run.
    """

    name: str
    title: str
    data: Callable
    kind: str
    parameters: dict
    entries: dict = field(default_factory=lambda: against("scikit_learn"))
    rounds: int = 5
    in_quick: bool = False

    X: Any = field(default=None, init=False, repr=False)
    y: Any = field(default=None, init=False, repr=False)

    def load(self, quick):
        """Make the data, smaller ones for a quick run."""
        self.X, self.y = self.data(quick)

    def prepare(self, make):
        """Do what comes before the work."""

    def run(self, make):
        """Do the work and return what came of it."""
        return make(self.kind, **self.parameters).fit(self.X, self.y)

    def tune(self, make):
        """Find parameters that depend on the contender."""

    def judge(self, model):
        """Loss and score of the result, as a dict of numbers."""
        return judge_classifier(model, self.X[:JUDGED], self.y[:JUDGED])


@dataclass(kw_only=True)
class FitPerceptron(Fit):
    """Fitting a binary perceptron."""

    def judge(self, model):
        """Mean perceptron loss, max(0, -margin), and accuracy."""
        X, y = self.X[:JUDGED], self.y[:JUDGED]
        margins = np.where(y == 1, 1.0, -1.0) * model.decision_function(X)
        return {"loss": float(np.mean(np.maximum(0.0, -margins))), "score": float(np.mean(margins > 0.0))}


@dataclass(kw_only=True)
class Search(Fit):
    """A grid search with cross-validation, in two processes.

    Attributes
    ----------
    grid : dict
        Values of each parameter searched.
    folds : int
    """

    grid: dict
    folds: int = 5

    def load(self, quick):
        """Make the data, and search a corner of the grid in a quick run."""
        super().load(quick)
        if quick:
            self.grid = {name: values[:2] for name, values in self.grid.items()}

    def run(self, make):
        """Search, and refit the best."""
        from sklearn.model_selection import GridSearchCV

        search = GridSearchCV(make(self.kind, **self.parameters), self.grid, cv=self.folds, n_jobs=2)
        return search.fit(self.X, self.y)

    def judge(self, search):
        """Log loss of the refitted winner, and its cross-validated accuracy."""
        judged = judge_classifier(search.best_estimator_, self.X[:JUDGED], self.y[:JUDGED])
        return judged | {"score": float(search.best_score_)}


@dataclass(kw_only=True)
class Predict(Fit):
    """Predicting the classes of some rows.

    Attributes
    ----------
    rows : int
        How many.
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
        """Log loss of the estimator, and accuracy of what it predicted in the run."""
        judged = judge_classifier(self.model, self.X[:JUDGED], self.y[:JUDGED])
        return judged | {"score": float(np.mean(np.asarray(predicted) == self.y[: self.rows]))}


@dataclass(kw_only=True)
class Compute(Fit):
    """Computing something of a fitted model from the samples: one number, by the method ``compute``.

    Attributes
    ----------
    rows : int or None
        Samples that it is computed from, all for None.
    """

    rows: int | None = None

    def prepare(self, make):
        """Fit the model."""
        self.model = super().run(make)

    def run(self, make):
        """Compute."""
        return self.model.compute(self.X[: self.rows], self.y[: self.rows])

    def judge(self, number):
        """Return the number in place of a loss; there is no score."""
        return {"loss": number, "score": None}


def judge_classifier(model, X, y):
    """Log loss and accuracy, computed alike for all contenders.

    Parameters
    ----------
    model : object
        With ``classes_`` and ``predict_proba``.
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)

    Returns
    -------
    judged : dict
        With "loss" and "score".
    """
    probabilities = np.asarray(model.predict_proba(X), dtype=float)
    found = probabilities[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    loss = -np.mean(np.log(np.maximum(found, np.finfo(float).tiny)))
    return {"loss": float(loss), "score": float(np.mean(model.classes_[probabilities.argmax(axis=1)] == y))}
