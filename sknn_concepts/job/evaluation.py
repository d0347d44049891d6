"""Evaluation on held-out rows, which play no part in the search, and the refit of the winner on all rows."""

import contextlib
import dataclasses
import time
import warnings

import numpy as np
import threadpoolctl
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from sknn_concepts.job.deadlines import TimeUp
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.models import baselines, ensemble_pipeline, network_pipeline
from sknn_concepts.job.reporting.progress import INTERRUPTED, final_estimator
from sknn_concepts.job.reporting.results import BEST, ENSEMBLE, HYPERPARAMETERS, name_of
from sknn_concepts.job.scores import classification_scores, regression_scores

#: Share of the time until a deadline after which the ensemble trains no further. The rest is for predictions and, where
#: the ensemble is the winner, for the refit.
TRAINING_SHARES = {"final fit": 0.4, "everything": 0.7}

#: Duration of the refit as a multiple of that of the fit of the training rows, for as many rows; with some reserve.
REFIT_FACTOR = 1.3


@dataclasses.dataclass
class Evaluation:
    """A model fitted on the training rows and its scores on the held-out rows."""

    model: object
    scores: dict[str, float]  #: scores on the held-out rows by name
    predicted: np.ndarray  #: predictions for the held-out rows
    fit_seconds: float
    warnings: list[str]  #: distinct messages of the warnings raised during the fit


def split_rows(X, y, task, test_size, seed):
    """Split into training and held-out rows, stratified by class.

    BadInput is raised if a class would have no row on one side.
    """
    classes = y if task == "classification" else None
    try:
        return train_test_split(X, y, test_size=test_size, random_state=seed, stratify=classes)
    except ValueError as error:
        raise BadInput(f"cannot hold out a share of {test_size:g}: {error}") from None


def fit_and_evaluate(model, X_train, X_test, y_train, y_test, task):
    """Fit a model on the training rows and evaluate it on the held-out rows."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        model.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        evaluation = evaluate(model, X_test, y_test, task, seconds)
    evaluation.warnings += dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught)
    return evaluation


def evaluate(model, X_test, y_test, task, fit_seconds):
    """Evaluate a fitted model on the held-out rows."""
    predicted = model.predict(X_test)
    score = classification_scores if task == "classification" else regression_scores
    return Evaluation(model, score(model, X_test, y_test, predicted), predicted, fit_seconds, [])


class FinalFits:
    """Fits of the winner and the other models on all training rows, and the refit of the winner on all rows.

    Parameters
    ----------
    problem : Problem
        The table.
    options : argparse.Namespace
        Options of the command line.
    results : Results
        Results of the cross-validation.
    parts : tuple
        Training and held-out rows, from :func:`split_rows`.
    deadlines : Deadlines
        Deadlines, which also collect sentences about what was left out.
    """

    def __init__(self, problem, options, results, parts, deadlines):
        self.problem, self.options, self.parts, self.deadlines = problem, options, parts, deadlines
        self.results, self.winner = results, name_of(results.winner())
        self.evaluations = {}  #: evaluations by name of the model, the winner's first
        self._fitted_rows = len(parts[2])  # of the winner
        self._omit = deadlines.omissions.append

    def evaluate_winner(self):
        """Fit the winner on the training rows, or on those of the cross-validation if time runs out; evaluate it."""
        model = self._candidate(self.winner, "final fit")
        if not self._evaluate(self.winner, model, "final fit"):
            self._omit(f"There was no time left to fit the {self.winner} on all {self._fitted_rows:,} training rows.")
            self._fitted_rows = self.results.winner()["rows"]
            self.evaluations[self.winner] = self._evaluate_on_fewer_rows(model)
        return self.evaluations[self.winner]

    def evaluate_others(self):
        """Fit the other models on the training rows while there is time, and evaluate them."""
        columns, task, rows = self.problem.columns, self.problem.task, len(self.parts[2])
        others = baselines(columns, task, rows, self.options.seed)
        names = [BEST, *others]
        if any(row["model"] == ENSEMBLE for row in self.results.rows):  # there was time for it
            names.insert(1, ENSEMBLE)
        skipped = []
        with contextlib.suppress(KeyboardInterrupt):
            for name in names:
                if name == self.winner or INTERRUPTED.is_set():
                    continue
                model = others[name] if name in others else self._candidate(name, "everything")
                if not self._evaluate(name, model, "everything"):
                    skipped.append(name)
        if skipped:
            self._omit(f"There was no time left to fit {', '.join(skipped)} on all {rows:,} training rows.")

    def refit_winner(self):
        """Fit the winner on all rows, and return it with a sentence on the rows that the saved model was fitted on.

        If there is no time, return the model that was evaluated.
        """
        rows, model = len(self.problem.y), self._refit()
        if model is not None:
            return model, f"The saved model was refitted on all {rows:,} rows; the scores are those before the refit."
        why = "the job was interrupted" if INTERRUPTED.is_set() else "there was no time left"
        sentence = f"The saved model was fitted on {self._fitted_rows:,} rows and not refitted on all {rows:,}: {why}."
        return self.evaluations[self.winner].model, sentence

    def _refit(self):
        """Fit the winner on all rows, and return it, or None if there was no time."""
        evaluation, rows = self.evaluations[self.winner], len(self.problem.y)
        seconds = REFIT_FACTOR * evaluation.fit_seconds * rows / self._fitted_rows
        timely = self._fitted_rows == len(self.parts[2]) and seconds <= self.deadlines.seconds_left("refit")
        if INTERRUPTED.is_set() or not timely:
            return None
        model = clone(evaluation.model)
        try:
            with self.deadlines.limit("refit"), self._threads(self.winner), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # those of the fit on the training rows are reported
                model.fit(self.problem.features(), self.problem.y)
        except KeyboardInterrupt:
            return None
        return None if self.deadlines.timed_out or INTERRUPTED.is_set() else model

    def _evaluate(self, name, model, part):
        """Fit and evaluate a model, and return whether there was time for it."""
        try:
            with self.deadlines.limit(part), self._threads(name):
                self.evaluations[name] = fit_and_evaluate(model, *self.parts, self.problem.task)
        except TimeUp:
            return False
        except ValueError as error:
            if not self.evaluations:
                raise
            self._omit(f"{name} could not be fitted on all training rows: {str(error).strip().splitlines()[-1]}")
            return True
        evaluation = self.evaluations[name]
        if self.deadlines.timed_out:
            epochs = getattr(final_estimator(model), "n_iter_", None)
            after = "" if epochs is None else f" after {epochs} epochs"
            evaluation.warnings = [text for text in evaluation.warnings if "interrupted" not in text]
            self._omit(f"The final fit of the {name} ran out of time and stopped{after}.")
        return True

    def _evaluate_on_fewer_rows(self, model):
        self.deadlines.timed_out = False
        X_train, X_test, y_train, y_test = self.parts
        first = slice(self._fitted_rows)  # the training rows are already shuffled
        X_train = X_train.iloc[first] if hasattr(X_train, "iloc") else X_train[first]
        with self._threads(self.winner):
            return fit_and_evaluate(model, X_train, X_test, y_train[first], y_test, self.problem.task)

    def _candidate(self, name, part):
        """Return the best network or the ensemble, before its fit in a part of the time."""
        columns, task, seed, rows = self.problem.columns, self.problem.task, self.options.seed, len(self.parts[2])
        if name == BEST:
            pipeline, prefix = network_pipeline(columns, task, rows, seed)
            best = self.results.networks()[0]
            return pipeline.set_params(**{prefix + key: best[key] for key in HYPERPARAMETERS})
        seconds = TRAINING_SHARES[part] * self.deadlines.seconds_left(part)
        time_limit = max(seconds, 0.1) if self.deadlines.limited else None
        return ensemble_pipeline(
            columns, task, seed, self.options.search_budget.n_members, self.options.jobs, time_limit
        )

    def _threads(self, name):
        """Return a context in which the ensemble uses as many threads as processes are allowed, and others one."""
        return threadpoolctl.threadpool_limits(self.options.jobs if name == ENSEMBLE else 1, "openmp")
