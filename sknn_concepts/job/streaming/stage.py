"""The last stage of the job for a large table: a fit of the best network on all rows, and the choice of a model."""

import copy
import time
import warnings

import numpy as np
from sklearn.base import clone

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.evaluation import evaluate
from sknn_concepts.job.models import EPOCHS
from sknn_concepts.job.reporting.progress import INTERRUPTED, final_estimator
from sknn_concepts.job.reporting.report import heldout_table, markdown_table
from sknn_concepts.job.reporting.results import BEST
from sknn_concepts.job.streaming.fitting import fit_streamed
from sknn_concepts.job.streaming.sample import LargeBlocks

#: Name of the network that was fitted on all rows.
STREAMED = "network of all rows"

#: Epochs without a better validation loss after which the fit ends.
PATIENCE = 3

#: Most rows that the fit sees, those of each epoch counted again; there are at least MIN_EPOCHS and at most EPOCHS.
MAX_SEEN_ROWS = 200_000_000
MIN_EPOCHS = 5


class StreamedStage:
    """A fit of the best network on all rows of a large table but those held out.

    Parameters
    ----------
    problem : Problem
        The problem of a sample of the table.
    options : argparse.Namespace
        Options of the command line.
    fits : FinalFits
        Models that were fitted on the training rows of the sample. The new one is added to its evaluations.
    deadlines : Deadlines
        Deadline of the fit.
    """

    def __init__(self, problem, options, fits, deadlines):
        self.problem, self.options, self.fits, self.deadlines = problem, options, fits, deadlines
        self.sentences = []  #: about the saved model
        self.facts = []  #: pairs of a name and a value for the report

    def run(self):
        """Fit and evaluate the network, and return the better of it and the winner of the search."""
        winner, evaluations = self.fits.winner, self.fits.evaluations
        start = time.perf_counter()
        try:
            result, model = self._fit() if BEST in evaluations and not INTERRUPTED.is_set() else (None, None)
            if result is None:
                why = "the job was interrupted" if INTERRUPTED.is_set() else "there was no time left for it"
        except KeyboardInterrupt:
            result, why = None, "the job was interrupted"
        except (ValueError, BadInput) as error:  # also of a file that was changed since
            result, why = None, str(error).strip().splitlines()[-1]
        if result is None:
            self.sentences.append(
                f"No network was fitted on all rows of the table: {why}. The saved model, the {winner}, was fitted on "
                "the training rows of the sample."
            )
            return evaluations[winner].model
        seconds = time.perf_counter() - start
        _, X_test, _, y_test = self.fits.parts
        evaluations[STREAMED] = evaluate(model, X_test, y_test, self.problem.task, seconds)
        return self._choose(result, model, seconds)

    def _fit(self):
        problem, base = self.problem, self.fits.evaluations[BEST].model
        scale = getattr(base[-1], "transformer_", None)

        def scale_target(y):
            return y if scale is None else scale.transform(y[:, np.newaxis]).ravel()

        large, test_index = problem.large, self.fits.parts[1].index
        excluded = np.union1d(large.validation_rows, large.rows[test_index])
        blocks = LargeBlocks(problem, excluded, base[:-1].transform, scale_target)
        n_rows = large.table.n_rows - len(excluded)
        network = clone(final_estimator(base))
        # a prior on the weights counts once for all rows, but each batch adds the whole penalty to its mean loss
        network.set_params(alpha=network.alpha * len(self.fits.parts[2]) / n_rows)
        print(f"Fitting the {BEST} on {n_rows:,} rows in {len(blocks):,} row groups.", flush=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of the fit on the sample are reported
            result = fit_streamed(
                network,
                blocks,
                blocks.prepare(large.validation),
                classes=getattr(base, "classes_", None),
                max_epochs=int(np.clip(MAX_SEEN_ROWS // n_rows, MIN_EPOCHS, EPOCHS)),
                patience=PATIENCE,
                random_state=self.options.seed,
                stop=lambda: INTERRUPTED.is_set() or self.deadlines.seconds_left("streamed fit") <= 0,
                verbose=True,
            )
        return result, with_network(base, result.estimator)

    def _choose(self, result, model, seconds):
        winner, score = self.fits.winner, self.options.score
        candidates = {winner: self.fits.evaluations[winner].model, STREAMED: model}
        y, known = self.problem.target_reader.read(self.problem.large.validation[self.problem.target])
        X = self.problem.reader.transform(self.problem.large.validation[known])
        scores = {name: score.scorer()(candidate, X, y) for name, candidate in candidates.items()}
        saved = winner if scores[winner] > scores[STREAMED] else STREAMED
        texts = {name: score.text(value) for name, value in scores.items()}
        compared = (
            f"validation {score.label} {texts[STREAMED]} against {texts[winner]} of the {winner} of the sample, "
            f"{score.direction}"
        )
        if winner != BEST:
            self.sentences.append(
                f"The {winner} cannot be trained in parts, so the {BEST} was fitted on all rows in its place."
            )
        if saved == STREAMED:
            self.sentences.append(
                f"The saved model is the {STREAMED}, which is at least as good on rows set aside ({compared})."
            )
        else:
            self.sentences.append(
                f"The {STREAMED} is worse on rows set aside ({compared}). The saved model is the {winner}, fitted on "
                "the training rows of the sample."
            )
        if result.stopped:
            why = "was interrupted" if INTERRUPTED.is_set() else "ran out of time"
            self.sentences.append(f"The fit on all rows {why} in epoch {len(result.scores)}.")
        peak = peak_memory()
        self.facts = [
            ("rows in the table", f"{self.problem.large.table.n_rows:,}"),
            ("rows of an epoch", f"{result.n_samples:,}"),
            ("rows set aside to validate", f"{len(y):,}"),
            ("epochs", f"{len(result.scores)}, of which number {result.best_epoch} was the best"),
            ("seconds", f"{seconds:.1f}"),
            ("peak memory of the process", "unknown" if peak is None else f"{peak / 2**20:,.0f} MiB"),
            *((f"validation {score.label}, {name}", text) for name, text in texts.items()),
        ]
        return candidates[saved]

    def section(self):
        """Return the lines of a section of the report, none if there was no fit."""
        if not self.facts:
            return []
        pair = {name: self.fits.evaluations[name] for name in (self.fits.winner, STREAMED)}
        return [
            "## Fit on all rows",
            "",
            f"The {BEST}, with the preprocessing of the sample, was trained with `partial_fit` on all rows but the "
            f"held-out ones and those set aside. Its penalty `alpha`, which was chosen for {len(self.fits.parts[2]):,} "
            "rows, is lower by the factor by which there are more rows. The rows set aside decide when training ends, "
            "and which model is saved. The peak of the memory is that of the whole job without its worker processes.",
            "",
            *markdown_table(("", ""), self.facts),
            "",
            "Scores on the same held-out rows:",
            "",
            *markdown_table(*heldout_table(pair)),
            "",
        ]


def with_network(pipeline, network):
    """Return a copy of a fitted pipeline with another fitted network at its end."""
    model = copy.copy(pipeline)
    name, step = pipeline.steps[-1]
    if hasattr(step, "regressor_"):
        step = copy.copy(step)
        step.regressor_ = network
    else:
        step = network
    model.steps = [*pipeline.steps[:-1], (name, step)]
    return model


def peak_memory():
    """Return the largest number of bytes that this process has had in memory, None where that is not known."""
    try:
        import resource
        import sys
    except ImportError:  # on Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
