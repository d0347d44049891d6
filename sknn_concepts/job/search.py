"""The search: many networks on few rows, the best of them on more, the very best on all, beside the baselines.

Every round is a :class:`~sklearn.model_selection.GridSearchCV` over the networks that are left, run a few at a time, so
that whatever ends the job early, the clock or Ctrl-C, costs a few fits and not the search.
"""

import dataclasses
import math
import time
import warnings

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.job.budget import SHARE_OF_FIRST_ROUNDS, candidates, plan
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.preprocessing import preprocessing
from sknn_concepts.job.progress import Tally
from sknn_concepts.job.results import NETWORK, settings

#: From so many training rows on, a fit stops early on a tenth of them.
EARLY_STOPPING_ROWS = 2_000

EPOCHS = 400


def network_pipeline(columns, task, rows, seed):
    """Preprocessing and network as one estimator, and the prefix of the network's parameters.

    Parameters
    ----------
    columns : list of Column
    task : {"classification", "regression"}
    rows : int
        Number of training rows, which decides on early stopping.
    seed : int

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
    prefix : str
    """
    # a rare class moves the loss long before it moves the accuracy
    network = _network(task)(**_training(rows, seed), early_stopping_scoring="loss")
    pipeline = _pipeline(columns, task, network)
    return pipeline, "network__" if task == "classification" else "network__regressor__"


def baselines(columns, task, rows, seed):
    """Return the baselines by name, pipelines with the same preprocessing; scikit-learn's MLP stops as ours do."""
    if task == "classification":
        models = {
            "scikit-learn LogisticRegression": LogisticRegression(max_iter=1_000),
            "scikit-learn MLPClassifier": SklearnMLPClassifier(**_training(rows, seed)),
            "most frequent class": DummyClassifier(),
        }
    else:
        models = {
            "scikit-learn Ridge": Ridge(),
            "scikit-learn MLPRegressor": SklearnMLPRegressor(**_training(rows, seed)),
            "mean of the target": DummyRegressor(),
        }
    return {name: _pipeline(columns, task, model) for name, model in models.items()}


def _network(task):
    return MLPClassifier if task == "classification" else MLPRegressor


def _training(rows, seed):
    return {"max_iter": EPOCHS, "early_stopping": rows >= EARLY_STOPPING_ROWS, "random_state": seed}


def _pipeline(columns, task, model):
    if task == "regression":
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return Pipeline([("columns", preprocessing(columns)), ("network", model)])


@dataclasses.dataclass
class Contest:
    """Where models meet: the training rows, and how they are scored.

    Attributes
    ----------
    X, y : array-like
        Training rows.
    columns : list of Column
        What is done with each column.
    task : {"classification", "regression"}
        The kind of task.
    scorer : callable
        ``scorer(estimator, X, y)``, greater is better.
    jobs, seed : int
        Processes, and the seed of everything random.
    failures : list of str
        What scikit-learn said of fits that failed.
    """

    X: object
    y: np.ndarray
    columns: list
    task: str
    scorer: object
    jobs: int
    seed: int
    failures: list = dataclasses.field(default_factory=list)

    def compile(self, activations):
        """Compile here, in one process, what all of them will then load from the disk cache."""
        network = _network(self.task)(hidden_layer_sizes=(2, 2), max_iter=1)
        X, y = np.zeros((12, 1)), np.arange(12) % min(3, len(np.unique(self.y)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nothing converges in one epoch
            for activation in activations:
                network.set_params(activation=activation).fit(X, y).predict(X)

    def search(self, budget, results, progress):
        """Run the rounds of a budget.

        Parameters
        ----------
        budget : Budget
        results : Results
            Gets a row for each network and round as soon as it is known.
        progress : Progress

        Raises
        ------
        BadInput
            If no network can be fitted.
        """
        rounds, left = plan(budget, self.y, self.task), candidates(budget, self.seed)
        start = time.monotonic()
        for number, (rows, folds, kept) in enumerate(rounds, 1):
            share = 1.0 if number == len(rounds) else SHARE_OF_FIRST_ROUNDS
            end = start + share * (budget.seconds or math.inf)
            X, y = self._some_rows(rows)
            pipeline, prefix = network_pipeline(self.columns, self.task, len(y), self.seed)
            at_once, done = max(1, math.ceil(4 * self.jobs / folds)), 0
            while done < len(left) and (done == 0 or time.monotonic() < end):
                some = left[done : done + at_once]
                grid = [{prefix + name: [value] for name, value in network.items()} for network in some]
                heads = [{"round": number, "model": NETWORK, **network} for network in some]
                results.add(self._measure(pipeline, grid, heads, X, y, folds, progress))
                done += len(some)
                best = "".join(f", best {row['score']:.4f}" for row in results.networks(number)[:1])
                progress.text = f"round {number} of {len(rounds)}{best}"
            ranking = results.networks(number)
            if not ranking:
                raise BadInput(f"every network failed: {self.failure()}")
            progress.say(
                f"Round {number} of {len(rounds)}: {done} of {len(left)} networks on {rows:,} rows, {folds} folds; "
                f"best {ranking[0]['score']:.4f} ({settings(ranking[0])})"
            )
            left = [{name: row[name] for name in left[0]} for row in ranking[:kept]]

    def compare(self, folds, results, progress):
        """Cross-validate the baselines on all rows, on the folds that the last round of the search had."""
        number = results.networks()[0]["round"]
        for name, pipeline in baselines(self.columns, self.task, len(self.y), self.seed).items():
            progress.text = name
            head = {"round": number, "model": name}
            results.add(self._measure(pipeline, [{}], [head], self.X, self.y, folds, progress))

    def failure(self):
        """Last line of what scikit-learn said of the first fit that failed; empty where none did."""
        return self.failures[0].strip().splitlines()[-1] if self.failures else ""

    def _measure(self, pipeline, grid, heads, X, y, folds, progress):
        cv, scoring = self._folds(y, folds), Tally(self.scorer, progress.path)
        search = GridSearchCV(pipeline, grid, scoring=scoring, n_jobs=self.jobs, refit=False, cv=cv)
        columns = {"score": "mean_test_score", "spread": "std_test_score", "fit_seconds": "mean_fit_time"}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", FitFailedWarning)
            warnings.filterwarnings("ignore", "One or more of the test scores are non-finite")
            try:
                measured = search.fit(X, y).cv_results_
            except ValueError as error:  # all of them failed
                measured = dict.fromkeys(columns.values(), np.full(len(grid), np.nan))
                self.failures.append(str(error))
        self.failures += [str(warning.message) for warning in caught if warning.category is FitFailedWarning]
        return [
            {**head, "rows": len(y), "folds": folds} | {key: float(measured[name][i]) for key, name in columns.items()}
            for i, head in enumerate(heads)
        ]

    def _folds(self, y, count):
        kind = StratifiedKFold if self.task == "classification" else KFold
        return list(kind(count, shuffle=True, random_state=self.seed).split(np.zeros(len(y)), y))

    def _some_rows(self, rows):
        if rows >= len(self.y):
            return self.X, self.y
        chosen = np.random.default_rng(self.seed).permutation(len(self.y))[:rows]
        X = self.X.iloc[chosen] if hasattr(self.X, "iloc") else self.X[chosen]
        return X, self.y[chosen]
