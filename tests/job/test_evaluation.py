"""Tests of the final fits: what is evaluated, and on which rows the saved model was fitted."""

import argparse

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sknn_concepts.job import evaluation as module
from sknn_concepts.job.budget import BUDGETS
from sknn_concepts.job.columns import Column
from sknn_concepts.job.deadlines import Deadlines, TimeUp
from sknn_concepts.job.evaluation import FinalFits, split_rows
from sknn_concepts.job.reporting.results import ENSEMBLE, Results
from sknn_concepts.job.task import Problem

NETWORK_ROW = {
    "round": 1, "rows": 60, "folds": 3, "model": "network", "activation": "tanh", "initializer": "auto",
    "hidden_layer_sizes": "4", "learning_rate_init": 0.01, "alpha": 0.01, "spread": 0.1, "fit_seconds": 0.1,
}  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def fits(tmp_path):
    """Return a function that prepares the final fits, given the log loss of the ensemble; the network's is 0.5."""
    X, y = load_iris(return_X_y=True)
    columns = [Column(f"x{place}", place, "number") for place in range(4)]
    problem = Problem("iris", X, y, "classification", "species", columns, [])

    def prepare(ensemble, deadlines=None):
        results = Results(tmp_path / "results.csv", "neg_log_loss")
        results.add([NETWORK_ROW | {"score": -0.5}])
        if ensemble is not None:
            results.add([{"round": 1, "rows": 60, "folds": 3, "model": ENSEMBLE, "score": -ensemble, "spread": 0.1}])
        options = argparse.Namespace(seed=0, jobs=1, search_budget=BUDGETS["small"])
        options.search_budget = module.dataclasses.replace(options.search_budget, n_members=2)
        parts = split_rows(X, y, "classification", 0.2, 0)
        return FinalFits(problem, options, results, parts, deadlines or Deadlines())

    return prepare


def rows_of(model):
    """Return the number of rows that a pipeline of a network was fitted on."""
    return model[0].named_transformers_["number"][-1].n_samples_seen_


@pytest.mark.parametrize(("ensemble", "first", "second"), [
    (0.4, "tabular ensemble", "best network"),
    (0.6, "best network", "tabular ensemble"),
    (None, "best network", "most frequent class"),
])  # fmt: skip
def test_winner_is_evaluated_first(fits, ensemble, first, second):
    final = fits(ensemble)
    final.evaluate_winner()
    model, sentence = final.refit_winner()
    final.evaluate_others()
    assert list(final.evaluations)[:2] == [first, second]
    assert len(final.evaluations) == 5 + (ensemble is not None)
    assert model is not final.evaluations[first].model
    assert sentence == "The saved model was refitted on all 150 rows; the scores are those before the refit."
    assert rows_of(final.evaluations["best network"].model) == 120
    assert first != "best network" or rows_of(model) == 150


def test_no_time_for_a_refit(fits):
    final = fits(None, Deadlines(3600.0))
    final.evaluate_winner()
    assert rows_of(final.refit_winner()[0]) == 150
    final.evaluations["best network"].fit_seconds = 3_000.0  # of an hour that has other parts, too
    model, sentence = final.refit_winner()
    assert rows_of(model) == 120
    assert sentence.endswith("fitted on 120 rows and not refitted on all 150: there was no time left.")


def test_winner_that_cannot_be_fitted_in_time(fits, monkeypatch):
    fit = module.fit_and_evaluate

    def slow(model, X_train, *others):
        if len(X_train) > 60:
            raise TimeUp
        return fit(model, X_train, *others)

    monkeypatch.setattr(module, "fit_and_evaluate", slow)
    final = fits(None)
    final.evaluate_winner()
    model, sentence = final.refit_winner()
    assert rows_of(model) == 60
    assert sentence.endswith("fitted on 60 rows and not refitted on all 150: there was no time left.")
    final.evaluate_others()
    assert final.deadlines.omissions[0] == "There was no time left to fit the best network on all 120 training rows."
    assert final.deadlines.omissions[1].startswith("There was no time left to fit most frequent class, scikit-learn L")


def test_baseline_that_cannot_be_fitted_is_left_out(fits, monkeypatch):
    class Unfit:
        def fit(self, X, y):
            raise ValueError("details\nthe reason")

    monkeypatch.setattr(module, "baselines", lambda *arguments: {"unfit": Unfit()})
    final = fits(None)
    final.evaluate_winner()
    final.evaluate_others()
    assert list(final.evaluations) == ["best network"]
    assert final.deadlines.omissions == ["unfit could not be fitted on all training rows: the reason"]


def test_ensemble_gets_a_share_of_the_time(fits):
    final = fits(0.4, Deadlines(100.0))
    assert 0.0 < final._candidate(ENSEMBLE, "final fit")[-1].time_limit < 40.0
    assert fits(0.4)._candidate(ENSEMBLE, "final fit")[-1].time_limit is None
    final.evaluate_winner()
    assert np.isfinite(final.evaluations[ENSEMBLE].scores["log loss"])
