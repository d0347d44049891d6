"""The search: many networks on few rows, the best of them on more, the very best on all, beside the baselines.

Every round is a :class:`~sklearn.model_selection.GridSearchCV` over the networks that are left, run a few at a time, so
that whatever ends the job early, the clock or Ctrl-C, costs a few fits and not the search.
"""

import dataclasses
import math
import statistics
import time
import warnings

import numpy as np
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold

from sknn_concepts.job.budget import candidates, plan
from sknn_concepts.job.clock import Clock, TimeUp, affordable
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.models import EPOCHS, baselines, network_class, network_pipeline
from sknn_concepts.job.preprocessing import preprocessing
from sknn_concepts.job.reporting.progress import Tally, last_step
from sknn_concepts.job.reporting.results import NETWORK, settings

#: The clock may leave the first round so many rows at least.
FEWEST_ROWS = 200

#: A round on fewer than so many times the rows of the one before tells little more.
MORE_ROWS = 1.5

#: Share of the time that is left that a round is planned for; fits on more rows may take more epochs.
CAUTION = 0.6


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
    clock : Clock
        The time that is left.
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
    clock: Clock = dataclasses.field(default_factory=Clock)
    failures: list = dataclasses.field(default_factory=list)

    def compile(self, activations):
        """Compile here, in one process, what all of them will then load from the disk cache.

        Returns
        -------
        activations : tuple of str
            Those for which there was time: one at least.
        """
        preprocessing(self.columns)  # imports what encodes text while nothing interrupts it
        network, compiled = network_class(self.task)(hidden_layer_sizes=(2, 2), max_iter=1), []
        X, y = np.zeros((12, 1)), np.arange(12) % min(3, len(np.unique(self.y)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nothing converges in one epoch
            for activation in activations:
                if compiled and self.clock.left_for_compilation() <= 0:
                    left_out = ", ".join(activations[len(compiled) :])
                    self.clock.undone.append(f"No time was left to compile these activations: {left_out}.")
                    break
                network.set_params(activation=activation).fit(X, y).predict(X)
                compiled.append(activation)
        return tuple(compiled)

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
        if self.clock.limited:
            rounds[0] = (self._first_rows(rounds[0][0], left[0], alone=len(rounds) == 1), *rounds[0][1:])
        for number, (rows, folds, kept) in enumerate(rounds, 1):
            part = self._part(number, len(rounds))
            if self.clock.limited and number > 1:
                before, planned = results.networks()[0]["rows"], rows
                seconds = CAUTION * self.clock.left(part)
                rows, folds = affordable(len(left), rows, folds, seconds, self._per_row(results))
                if rows < min(planned, MORE_ROWS * before):
                    self.clock.undone.append(f"No time was left for round {number}, on more than {before:,} rows.")
                    continue
            done = self._round(number, left, rows, folds, part, results, progress)
            ranking = results.networks(number)
            if not ranking:
                if results.networks():  # of the round before
                    self.clock.undone.append(f"Round {number} was left out: its time was up before its first network.")
                    continue
                raise BadInput(f"every network failed: {self.failure()}")
            progress.say(
                f"Round {number} of {len(rounds)}: {done} of {len(left)} networks on {rows:,} rows, {folds} folds; "
                f"best {ranking[0]['score']:.4f} ({settings(ranking[0])})"
            )
            if done < len(left):
                self.clock.undone.append(f"Round {number} tried {done} of {len(left)} networks in its time.")
            left = [{name: row[name] for name in left[0]} for row in ranking[:kept]]
        rows = results.networks()[0]["rows"]
        if rows < len(self.y):
            self.clock.undone.append(f"The winner was chosen on {rows:,} of {len(self.y):,} training rows.")

    def _round(self, number, left, rows, folds, part, results, progress):
        """Cross-validate networks, the first ones first, while there is time; returns how many."""
        X, y = self._some_rows(rows)
        pipeline, prefix = network_pipeline(self.columns, self.task, len(y), self.seed)
        at_once, done, took = 1 if self.jobs == 1 else math.ceil(4 * self.jobs / folds), 0, 0.0

        def measure(some):
            grid = [{prefix + name: [value] for name, value in network.items()} for network in some]
            heads = [{"round": number, "model": NETWORK, **network} for network in some]
            results.add(self._measure(pipeline, grid, heads, X, y, folds, progress))
            best = "".join(f", best {row['score']:.4f}" for row in results.networks(number)[:1])
            progress.text = f"round {number}{best}"
            return len(some)

        try:
            with self.clock.limit(part):
                while done < len(left) and (done == 0 or self.clock.left(part) > 0.7 * took):
                    start = time.monotonic()
                    done += measure(left[done : done + at_once])
                    took = time.monotonic() - start
        except TimeUp:
            pass
        if done == 0 and not results.networks():
            done += measure(left[:1])  # one at least, however long it takes
        return done

    def _first_rows(self, rows, network, alone):
        """Fit one network to see how many rows the first round may have."""
        X, y = self._some_rows(rows)
        pipeline, prefix = network_pipeline(self.columns, self.task, len(y), self.seed)
        pipeline.set_params(**{prefix + name: value for name, value in network.items()})
        start, epochs = time.monotonic(), EPOCHS
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is fitted once more, where warnings count
            try:
                with self.clock.limit("first fit"):
                    pipeline.fit(X, y)
                    epochs = getattr(last_step(pipeline), "n_iter_", EPOCHS)
            except TimeUp:
                pass
            except ValueError:  # the search will tell
                return rows
        took = time.monotonic() - start
        if self.clock.left("first fit") <= 0:
            took *= min(EPOCHS / max(epochs, 1), 4.0)
        available = max(self.clock.left("last round" if alone else "first round"), 0.5)
        affords = int(available / (2.0 * 3.0 * took / self.jobs) * len(y))  # two networks, three folds
        if affords >= len(y):
            return rows
        few = max(FEWEST_ROWS, affords)
        if few < len(y):
            self.clock.undone.append(f"The first round had {few:,} rows instead of {len(y):,}.")
        return min(few, rows)

    def _part(self, number, rounds):
        if number == rounds:
            return "last round"
        return "first round" if number == 1 and rounds > 2 else "middle rounds"

    def _per_row(self, results):
        """Seconds that a fit takes for each of its rows, by the last round."""
        per_row = [row["fit_seconds"] / (row["rows"] * (row["folds"] - 1) / row["folds"]) for row in results.networks()]
        return statistics.median(per_row) / self.jobs

    def compare(self, results, progress):
        """Cross-validate the baselines on the rows and folds that the winner was chosen on."""
        winner = results.networks()[0]
        number, folds = winner["round"], winner["folds"]
        X, y = self._some_rows(winner["rows"])
        skipped = []
        for name, pipeline in baselines(self.columns, self.task, len(y), self.seed).items():
            progress.text = name
            head = {"round": number, "model": name}
            try:
                with self.clock.limit("baselines"):
                    results.add(self._measure(pipeline, [{}], [head], X, y, folds, progress))
            except TimeUp:
                skipped.append(name)
        if skipped:
            self.clock.undone.append(f"No time was left to cross-validate {', '.join(skipped)}.")

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
