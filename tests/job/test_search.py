"""Tests of the rounds of the search and of its scores, which are those of scikit-learn."""

import dataclasses
import itertools
import time

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

from sknn_concepts.job import deadlines as deadlines_module
from sknn_concepts.job.budget import BUDGETS, Budget, candidates, count_fits, plan_rounds
from sknn_concepts.job.columns import Column
from sknn_concepts.job.deadlines import Deadlines, affordable
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.models import baselines, ensemble_pipeline, network_pipeline
from sknn_concepts.job.reporting.progress import Progress
from sknn_concepts.job.reporting.results import ENSEMBLE, HYPERPARAMETERS, NETWORK, Results, by_score
from sknn_concepts.job.scores import SCORES
from sknn_concepts.job.search import ModelSearch

TINY = Budget(
    activations=("relu", "tanh"),
    initializers=("auto", "zeros"),
    sizes=("4", "3-2"),
    learning_rates=(0.01,),
    alphas=(0.0001,),
    rounds=((50, 2, 3), (None, 3, 1)),
    n_members=2,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def search_of(task):
    """Return a search on a small data set of scikit-learn."""
    X, y = (load_iris if task == "classification" else load_diabetes)(return_X_y=True)
    columns = [Column(f"x{i}", i, "number") for i in range(X.shape[1])]
    return ModelSearch(X[:120], y[:120], columns, task, SCORES[task][0], jobs=1, seed=3)


@pytest.fixture(scope="module", params=["classification", "regression"])
def finished(request, tmp_path_factory):
    """Return a search, its results after all rounds, and the number of counted fits."""
    search = search_of(request.param)
    results = Results(tmp_path_factory.mktemp("run") / "results.csv", search.score.name)
    with Progress(0) as progress:
        search.run_rounds(TINY, results, progress)
        search.cross_validate_baselines(results, progress)
        search.cross_validate_ensemble(TINY.n_members, results, progress)
        counted, _ = progress.count()
    return search, results, counted


def test_every_network_once_in_random_order():
    networks = candidates(TINY, 0)
    axes = (TINY.activations, TINY.initializers, TINY.sizes, TINY.learning_rates, TINY.alphas)
    assert sorted(tuple(network.values()) for network in networks) == sorted(itertools.product(*axes))
    assert networks == candidates(TINY, 0) != candidates(TINY, 1)


@pytest.mark.parametrize("name", BUDGETS)
@pytest.mark.parametrize("rows", [20, 900, 3_000, 100_000])
def test_rounds_grow_up_to_all_rows(name, rows):
    y = np.arange(rows) % 2
    rounds = plan_rounds(BUDGETS[name], y, "classification")
    assert rounds[-1][0] == rows
    assert all(before[0] < 0.8 * rows and before[0] < after[0] for before, after in itertools.pairwise(rounds))


def test_no_more_folds_than_rows_of_the_rarest_class():
    y = np.repeat([0, 1], [97, 3])
    assert [folds for _, folds, _ in plan_rounds(TINY, y, "classification")] == [3]
    assert [folds for _, folds, _ in plan_rounds(TINY, np.repeat([0, 1], [98, 2]), "classification")] == [2]
    with pytest.raises(BadInput, match="too few to cross-validate"):
        plan_rounds(TINY, np.repeat([0, 1], [99, 1]), "classification")


def test_rare_classes_make_the_first_rounds_larger():
    y = np.repeat([0, 1], [9_900, 100])
    assert plan_rounds(TINY, y, "classification")[0][0] == 2_000
    assert plan_rounds(TINY, y, "regression")[0][0] == 50


def test_the_fits_that_were_announced_are_made(finished):
    search, _, counted = finished
    assert counted == count_fits(TINY, plan_rounds(TINY, search.y, search.task))


def test_the_best_go_on_to_the_next_round(finished):
    _, results, _ = finished
    first, last = results.networks(1), results.networks(2)
    assert len(first) == 8
    assert len(last) == 3
    keys = [tuple(row[key] for key in HYPERPARAMETERS) for row in first[:3]]
    assert sorted(keys) == sorted(tuple(row[key] for key in HYPERPARAMETERS) for row in last)


def test_leaderboard_is_sorted_and_complete(finished):
    _, results, _ = finished
    board = results.leaderboard()
    assert [row["model"] for row in board].count(NETWORK) == 3
    assert [row["model"] for row in board].count(ENSEMBLE) == 1
    assert len(board) == 8
    scores = [row["score"] for row in board]
    assert scores == sorted(scores, reverse=True)


def test_scores_are_those_of_cross_val_score(finished):
    search, results, _ = finished
    kind = StratifiedKFold if search.task == "classification" else KFold
    cv = kind(3, shuffle=True, random_state=3)
    pipeline, prefix = network_pipeline(search.columns, search.task, len(search.y), 3)
    models = baselines(search.columns, search.task, len(search.y), 3)
    models[ENSEMBLE] = ensemble_pipeline(search.columns, search.task, 3, TINY.n_members, jobs=1)
    for row in results.leaderboard():
        model = models.get(row["model"], pipeline)
        if row["model"] == NETWORK:
            model.set_params(**{prefix + key: row[key] for key in HYPERPARAMETERS})
        scores = cross_val_score(model, search.X, search.y, cv=cv, scoring=search.score.name)
        assert row["score"] == pytest.approx(scores.mean(), rel=1e-12)
        assert row["spread"] == pytest.approx(scores.std(), rel=1e-9)


def test_a_network_is_measured_however_short_the_time(tmp_path, monkeypatch):
    monkeypatch.setattr(deadlines_module, "MIN_SECONDS", 1e-3)
    search = search_of("classification")
    results = Results(tmp_path / "results.csv", search.score.name)
    search.deadlines = Deadlines(1e-9)
    with Progress(0) as progress:
        search.run_rounds(TINY, results, progress)
        search.cross_validate_baselines(results, progress)
        search.cross_validate_ensemble(TINY.n_members, results, progress)
    assert len(results.networks()) == 1
    assert [row["model"] for row in results.rows] == [NETWORK]
    omissions = " ".join(search.deadlines.omissions)
    assert "Round 1 tried 1 of 8 networks" in omissions
    assert "There was no time left to cross-validate most frequent class, " in omissions
    assert "There was no time left to cross-validate the tabular ensemble." in omissions


@pytest.mark.filterwarnings("ignore:Training interrupted:UserWarning")
def test_the_clock_ends_each_part(tmp_path):
    digits = load_digits()
    columns = [Column(name, place, "number") for place, name in enumerate(digits.feature_names)]
    score = SCORES["classification"][0]
    search = ModelSearch(digits.data, digits.target, columns, "classification", score, 1, 3)
    search.deadlines = Deadlines(deadlines_module.FINAL_SECONDS + 6.0)
    results, start = Results(tmp_path / "results.csv", score.name), time.monotonic()
    with Progress(0) as progress:
        search.run_rounds(dataclasses.replace(TINY, sizes=("512-512",), alphas=(1.0,)), results, progress)
        search.cross_validate_baselines(results, progress)
        search.cross_validate_ensemble(12, results, progress)
    assert time.monotonic() - start < 20.0  # 6 s where nothing else runs; without a clock it would be minutes
    assert results.networks()


@pytest.mark.parametrize(
    ("seconds", "expected"), [(100.0, (1_000, 5)), (10.0, (1_000, 5)), (5.0, (1_000, 3)), (1.0, (312, 3))]
)
def test_rounds_that_can_be_afforded(seconds, expected):
    assert affordable(5, 1_000, 5, seconds, 0.0008) == expected
    assert affordable(5, 1_000, 2, 0.0, 0.001) == (0, 2)


def test_networks_that_cannot_be_fitted_are_left_behind(tmp_path):
    budget = dataclasses.replace(TINY, alphas=(0.0001, -1.0))
    search, results = search_of("classification"), Results(tmp_path / "results.csv", "neg_log_loss")
    with Progress(0) as progress:
        search.run_rounds(budget, results, progress)
    assert {row["alpha"] for row in results.networks(1)} == {0.0001}
    assert sum(row["alpha"] == -1.0 for row in results.rows) == 8
    assert "alpha" in search.failure()


def test_no_network_can_be_fitted(tmp_path):
    budget = dataclasses.replace(TINY, alphas=(-1.0,))
    with Progress(0) as progress, pytest.raises(BadInput, match="every network failed: .*alpha") as caught:
        search_of("classification").run_rounds(budget, Results(tmp_path / "results.csv", "neg_log_loss"), progress)
    assert "\n" not in str(caught.value)


def test_failed_fits_come_last():
    rows = [{"score": score} for score in (0.5, float("nan"), 0.7, -1.0)]
    assert [row["score"] for row in sorted(rows, key=by_score)][:3] == [0.7, 0.5, -1.0]
