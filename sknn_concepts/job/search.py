"""Search by successive halving: many networks on few rows, the best on more, the very best on all; and other models.

Each round runs :class:`~sklearn.model_selection.GridSearchCV` on a few of the remaining networks at a time, so that a
deadline or Ctrl-C loses a few fits and not the search.
"""

import dataclasses
import math
import statistics
import time
import warnings

import numpy as np
import threadpoolctl
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold

from sknn_concepts.job.budget import candidates, plan_rounds
from sknn_concepts.job.columns import Column
from sknn_concepts.job.deadlines import Deadlines, TimeUp, affordable
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.models import EPOCHS, baselines, ensemble_pipeline, network_class, network_pipeline
from sknn_concepts.job.preprocessing import preprocessing
from sknn_concepts.job.reporting.progress import CountingScorer, final_estimator
from sknn_concepts.job.reporting.results import ENSEMBLE, NETWORK, settings
from sknn_concepts.job.scores import Score

#: Minimum number of rows of the first round under a time limit.
MIN_ROWS = 200

#: Minimum ratio of the rows of a round to those of the previous round for it to be worthwhile.
MIN_ROW_GROWTH = 1.5

#: Share of the remaining time that a round is planned for, because fits on more rows may take more epochs.
SAFETY_FACTOR = 0.6

#: Minimum number of seconds for a fit of the ensemble, which is enough for its first members on small tables.
MIN_ENSEMBLE_SECONDS = 0.5


@dataclasses.dataclass
class ModelSearch:
    """Search for the best network, and cross-validation of the ensemble and the baselines on the same folds."""

    X: object  #: data frame or array of the training rows
    y: np.ndarray
    columns: list[Column]  #: treatment of each column
    task: str  #: "classification" or "regression"
    score: Score  #: score that selects the winner
    jobs: int  #: number of processes
    seed: int  #: seed of everything random
    deadlines: Deadlines = dataclasses.field(default_factory=Deadlines)
    failures: list = dataclasses.field(default_factory=list)  #: messages of scikit-learn about fits that failed

    def compile(self, activations):
        """Compile the kernels in this process, so that the others can load them from the disk cache.

        Return the activations that could be compiled in time, at least one.
        """
        preprocessing(self.columns)  # imports skrub where nothing can interrupt the import
        network, compiled = network_class(self.task)(hidden_layer_sizes=(2, 2), max_iter=1), []
        X, y = np.zeros((12, 1)), np.arange(12) % min(3, len(np.unique(self.y)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one epoch is too few to converge
            for activation in activations:
                if compiled and self.deadlines.seconds_left("compilation") <= 0:
                    left_out = ", ".join(activations[len(compiled) :])
                    self.deadlines.omissions.append(f"There was no time left to compile these activations: {left_out}.")
                    break
                network.set_params(activation=activation).fit(X, y).predict(X)
                compiled.append(activation)
        return tuple(compiled)

    def compile_ensemble(self, n_members):
        """Compile the kernels of the ensemble with a fit of a few rows, and return whether there was time for it."""
        if self.deadlines.seconds_left("compilation") <= 0:
            self.deadlines.omissions.append(f"There was no time left to compile the kernels of the {ENSEMBLE}.")
            return False
        model = ensemble_pipeline([], self.task, self.seed, n_members, self.jobs).set_params(ensemble__n_folds=1)
        X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % min(3, len(np.unique(self.y)))
        with warnings.catch_warnings(), threadpoolctl.threadpool_limits(self.jobs, "openmp"):
            warnings.simplefilter("ignore")
            model.fit(X, y).predict(X)
        return True

    def run_rounds(self, budget, results, progress):
        """Run the rounds of a budget, and add a row to the results as soon as a network is scored in a round.

        BadInput is raised if no network can be fitted.
        """
        omit = self.deadlines.omissions.append
        rounds, remaining = plan_rounds(budget, self.y, self.task), candidates(budget, self.seed)
        if self.deadlines.limited:
            rounds[0] = (self._first_rows(rounds[0][0], remaining[0], alone=len(rounds) == 1), *rounds[0][1:])
        for number, (rows, folds, kept) in enumerate(rounds, 1):
            part = self._part_name(number, len(rounds))
            if self.deadlines.limited and number > 1:
                before, planned = results.networks()[0]["rows"], rows
                seconds = SAFETY_FACTOR * self.deadlines.seconds_left(part)
                rows, folds = affordable(len(remaining), rows, folds, seconds, self._seconds_per_row(results))
                if rows < min(planned, MIN_ROW_GROWTH * before):
                    omit(f"There was no time left for round {number}, on more than {before:,} rows.")
                    continue
            done = self._round(number, remaining, rows, folds, part, results, progress)
            ranking = results.networks(number)
            if not ranking:
                if results.networks():  # from the previous round
                    omit(f"Round {number} was left out: its time was up before its first network was scored.")
                    continue
                raise BadInput(f"every network failed: {self.failure()}")
            progress.say(
                f"Round {number} of {len(rounds)}: {done} of {len(remaining)} networks on {rows:,} rows, {folds} folds;"
                f" best {self.score.label} {self.score.text(ranking[0]['score'])} ({settings(ranking[0])})"
            )
            if done < len(remaining):
                omit(f"Round {number} tried {done} of {len(remaining)} networks in its time.")
            remaining = [{name: row[name] for name in remaining[0]} for row in ranking[:kept]]
        rows = results.networks()[0]["rows"]
        if rows < len(self.y):
            omit(f"The winner was chosen on {rows:,} of {len(self.y):,} training rows.")

    def _round(self, number, remaining, rows, folds, part, results, progress):
        """Cross-validate networks in order while there is time, and return their number."""
        X, y = self._some_rows(rows)
        pipeline, prefix = network_pipeline(self.columns, self.task, len(y), self.seed)
        batch_size, done, took = 1 if self.jobs == 1 else math.ceil(4 * self.jobs / folds), 0, 0.0

        def cross_validate(networks):
            grid = [{prefix + name: [value] for name, value in network.items()} for network in networks]
            heads = [{"round": number, "model": NETWORK, **network} for network in networks]
            results.add(self._cross_validate(pipeline, grid, heads, X, y, folds, progress))
            best = "".join(f", best {self.score.text(row['score'])}" for row in results.networks(number)[:1])
            progress.text = f"round {number}{best}"
            return len(networks)

        try:
            with self.deadlines.limit(part):
                while done < len(remaining) and (done == 0 or self.deadlines.seconds_left(part) > 0.7 * took):
                    start = time.monotonic()
                    done += cross_validate(remaining[done : done + batch_size])
                    took = time.monotonic() - start
        except TimeUp:
            pass
        if done == 0 and not results.networks():
            done += cross_validate(remaining[:1])  # at least one, however long it takes
        return done

    def _first_rows(self, rows, network, alone):
        """Fit one network to find out how many rows the first round can have."""
        X, y = self._some_rows(rows)
        pipeline, prefix = network_pipeline(self.columns, self.task, len(y), self.seed)
        pipeline.set_params(**{prefix + name: value for name, value in network.items()})
        start, epochs = time.monotonic(), EPOCHS
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the search fits it again and reports its warnings
            try:
                with self.deadlines.limit("first fit"):
                    pipeline.fit(X, y)
                    epochs = getattr(final_estimator(pipeline), "n_iter_", EPOCHS)
            except TimeUp:
                pass
            except ValueError:  # the search reports it
                return rows
        took = time.monotonic() - start
        if self.deadlines.seconds_left("first fit") <= 0:
            took *= min(EPOCHS / max(epochs, 1), 4.0)
        available = max(self.deadlines.seconds_left("last round" if alone else "first round"), 0.5)
        affords = int(available / (2.0 * 3.0 * took / self.jobs) * len(y))  # two networks, three folds
        if affords >= len(y):
            return rows
        few = max(MIN_ROWS, affords)
        if few < len(y):
            self.deadlines.omissions.append(f"The first round used {few:,} rows instead of {len(y):,}.")
        return min(few, rows)

    def _part_name(self, number, rounds):
        if number == rounds:
            return "last round"
        return "first round" if number == 1 and rounds > 2 else "middle rounds"

    def _seconds_per_row(self, results):
        """Return the duration of a fit divided by its number of rows, from the last round."""
        per_row = [row["fit_seconds"] / (row["rows"] * (row["folds"] - 1) / row["folds"]) for row in results.networks()]
        return statistics.median(per_row) / self.jobs

    def cross_validate_baselines(self, results, progress):
        """Cross-validate the baselines on the rows and folds on which the best network was chosen."""
        best = results.networks()[0]
        number, folds = best["round"], best["folds"]
        X, y = self._some_rows(best["rows"])
        skipped = []
        for name, pipeline in baselines(self.columns, self.task, len(y), self.seed).items():
            progress.text = name
            head = {"round": number, "model": name}
            try:
                with self.deadlines.limit("baselines"):
                    results.add(self._cross_validate(pipeline, [{}], [head], X, y, folds, progress))
            except TimeUp:
                skipped.append(name)
        if skipped:
            self.deadlines.omissions.append(f"There was no time left to cross-validate {', '.join(skipped)}.")

    def cross_validate_ensemble(self, n_members, results, progress):
        """Cross-validate the ensemble on the rows and folds on which the best network was chosen.

        It uses all cores for one fold after the other.
        """
        best, seconds = results.networks()[0], None
        if self.deadlines.limited:
            seconds = SAFETY_FACTOR * self.deadlines.seconds_left("ensemble") / best["folds"]
            if seconds < MIN_ENSEMBLE_SECONDS:
                self.deadlines.omissions.append(f"There was no time left to cross-validate the {ENSEMBLE}.")
                return
        X, y = self._some_rows(best["rows"])
        pipeline = ensemble_pipeline(self.columns, self.task, self.seed, n_members, self.jobs, seconds)
        progress.text = ENSEMBLE
        head = {"round": best["round"], "model": ENSEMBLE}
        try:
            with self.deadlines.limit("ensemble"), threadpoolctl.threadpool_limits(self.jobs, "openmp"):
                results.add(self._cross_validate(pipeline, [{}], [head], X, y, best["folds"], progress, jobs=1))
        except TimeUp:
            self.deadlines.omissions.append(f"There was no time left to cross-validate the {ENSEMBLE}.")

    def failure(self):
        """Return the last line of scikit-learn's message about the first failed fit, or an empty string."""
        return self.failures[0].strip().splitlines()[-1] if self.failures else ""

    def _cross_validate(self, pipeline, grid, heads, X, y, folds, progress, jobs=None):
        cv, scoring = self._folds(y, folds), CountingScorer(self.score.scorer(), progress.path)
        search = GridSearchCV(pipeline, grid, scoring=scoring, n_jobs=jobs or self.jobs, refit=False, cv=cv)
        columns = {"score": "mean_test_score", "spread": "std_test_score", "fit_seconds": "mean_fit_time"}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", FitFailedWarning)
            warnings.filterwarnings("ignore", "One or more of the test scores are non-finite")
            try:
                measured = search.fit(X, y).cv_results_
            except ValueError as error:  # all fits failed
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
