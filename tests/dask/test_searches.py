"""Searches whose fits are on the workers of a cluster."""

import importlib.metadata
import os
import pickle
import signal
import time
import warnings
from unittest import mock

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_score

from sknn_concepts import MLPClassifier, TabularClassifier
from sknn_concepts.tabular.ensemble import cluster
from sknn_concepts.tabular.ensemble.cluster import Either, Tasks
from sknn_concepts.tabular.ensemble.deadline import Deadline
from sknn_concepts.tabular.ensemble.observer import Observer
from sknn_concepts.validation.threads import allowed_threads

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
GRID = {"activation": ["relu", "tanh"], "learning_rate_init": [0.001, 0.01, 0.1]}
HALVING = {"cv": 2, "factor": 2, "random_state": 0}


def network(**arguments):
    return MLPClassifier((8,), max_iter=15, random_state=0, **arguments)


def fit_in_tasks(client, search):
    with distributed.get_task_stream(client) as stream, joblib.parallel_config("dask"):
        search.fit(X, Y)
    assert stream.data, "no task was given to the workers"
    return search


@pytest.mark.parametrize(
    "make",
    [
        lambda: GridSearchCV(network(), GRID, cv=3),
        lambda: HalvingGridSearchCV(network(), GRID, **HALVING),
        lambda: HalvingGridSearchCV(network(), GRID, resource="max_iter", max_resources=16, **HALVING),
        lambda: GridSearchCV(TabularClassifier(n_jobs=2, random_state=0), {"n_members": [1, 2], "n_folds": [2]}, cv=2),
    ],
    ids=["grid", "halving of samples", "halving of epochs", "ensembles"],
)
def test_searches_of_scikit_learn(client, make):
    found, expected = fit_in_tasks(client, make()), make().fit(X, Y)
    assert found.best_params_ == expected.best_params_
    assert_array_equal(found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])
    assert len(set(expected.cv_results_["mean_test_score"])) > 1
    assert_array_equal(found.predict_proba(X), expected.predict_proba(X))


def test_networks_of_an_ensemble_are_trained_by_the_workers(client, capsys):
    def make(verbose=False):
        return TabularClassifier(n_members=4, n_folds=2, random_state=0, verbose=verbose)

    found, expected = fit_in_tasks(client, make(verbose=True)), make().fit(X, Y)
    assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    assert_array_equal(found.weights_, expected.weights_)
    assert len(capsys.readouterr().out.splitlines()) == 8  # a line for each network


def test_an_ensemble_on_a_cluster_ends_in_time(client):
    ensemble = TabularClassifier(n_members=24, n_folds=5, time_limit=1.0, random_state=0)
    start = time.monotonic()
    fit_in_tasks(client, ensemble)
    assert time.monotonic() - start < 15.0
    assert sum(len(member.networks) for member in ensemble.members_) < 24 * 5


def test_errors_of_networks_come_back(client):
    ensemble = TabularClassifier(n_members=1, n_folds=2, random_state=0)
    with pytest.raises(ValueError, match="NaN"), joblib.parallel_config("dask"):
        ensemble.fit(X, np.where(Y == 0, np.nan, Y))


def ended_by(what):
    """Let an ensemble train on the cluster until `what` is done when the second network is there."""
    trained = []

    def end(observer, member, fold, interrupted=False):
        trained.append(fold)
        return len(trained) == 2 and what()

    with mock.patch.object(Observer, "end", end), joblib.parallel_config("dask"):
        return TabularClassifier(n_members=6, n_folds=2, random_state=0).fit(X, Y), trained


def interrupt():
    raise KeyboardInterrupt


def test_a_stop_or_an_interruption_keeps_what_the_workers_have_trained(client):
    ensemble, trained = ended_by(lambda: True)
    assert trained == [0, 0] and ensemble.leaderboard_["n_networks"].sum() == 2
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        ensemble, trained = ended_by(interrupt)
    assert trained == [0, 0] and ensemble.leaderboard_["n_networks"].sum() == 2
    assert ensemble.score(X, Y) > 0.8


@pytest.mark.parametrize("n_killed", [1, 2])
def test_killed_workers_cost_an_ensemble_time_only(fresh_client, n_killed):
    victims, killed = list(fresh_client.run(os.getpid).values()), []

    def kill(observer, member, fold, interrupted=False):
        while len(killed) < n_killed:
            killed.append(victims.pop())
            os.kill(killed[-1], signal.SIGKILL)

    ensemble = TabularClassifier(n_members=4, n_folds=2, random_state=0)
    with mock.patch.object(Observer, "end", kill):
        found = fit_in_tasks(fresh_client, clone(ensemble))
    assert len(killed) == n_killed
    assert_array_equal(found.predict_proba(X), ensemble.fit(X, Y).predict_proba(X))


def test_workers_that_are_lost_again_and_again(client):
    class Lost(Tasks):
        def next(self):
            future = super().next()
            future.cancel()
            return future

    ensemble = TabularClassifier(n_members=2, n_folds=1, random_state=0)
    with mock.patch.object(cluster, "Tasks", Lost), pytest.raises(RuntimeError, match="all workers were lost 4 times"):
        fit_in_tasks(client, ensemble)


def test_a_worker_that_hangs_does_not_delay_the_end(client):
    victim, stopped = next(iter(client.run(os.getpid).values())), []

    def stop(observer, member, fold, interrupted=False):
        if not stopped:
            stopped.append(victim)
            os.kill(victim, signal.SIGSTOP)

    start = time.monotonic()
    try:
        with mock.patch.object(Observer, "end", stop), mock.patch.object(cluster, "SECONDS_TO_RETURN", 1.0):
            with joblib.parallel_config("dask"), pytest.warns(UserWarning, match="a worker has not returned it"):
                ensemble = TabularClassifier(n_members=60, n_folds=2, time_limit=3.0, random_state=0).fit(X, Y)
        assert time.monotonic() - start < 15.0
    finally:
        os.kill(victim, signal.SIGCONT)
    assert stopped and np.isfinite(ensemble.predict_proba(X)).all()


def test_a_cluster_that_is_gone_leaves_what_was_trained(fresh_client):
    def close(observer, member, fold, interrupted=False):
        if fresh_client.cluster.status.name == "running":
            fresh_client.cluster.close()

    with mock.patch.object(Observer, "end", close), joblib.parallel_config("dask"):
        with pytest.warns(UserWarning, match="networks could not be trained"):
            ensemble = TabularClassifier(n_members=4, n_folds=2, random_state=0).fit(X, Y)
    assert 1 <= ensemble.leaderboard_["n_networks"].sum() < 8


def test_errors_of_callbacks_are_raised(client):
    with mock.patch.object(Observer, "end", side_effect=ZeroDivisionError), pytest.raises(ZeroDivisionError):
        fit_in_tasks(client, TabularClassifier(n_members=2, n_folds=2, random_state=0))


def test_a_task_ends_at_an_event(client):
    event = distributed.Event("stop", client)
    task = Either(Deadline(), event)
    assert not task.is_set()
    event.set()
    assert not task.is_set()  # the next look is later
    task = Either(Deadline(), event)
    assert task.is_set()
    event.clear()
    assert task.is_set() and Either(Deadline(0.0), event).is_set()


def test_a_large_table_is_sent_to_a_worker_once(client):
    rows = np.random.default_rng(0).normal(size=(1_500, 40))
    sizes = []
    submit = distributed.Client.submit

    def measure(self, *args, **kwargs):
        sizes.append(sum(len(pickle.dumps(arg)) for arg in args if not isinstance(arg, distributed.Future)))
        return submit(self, *args, **kwargs)

    with mock.patch.object(distributed.Client, "submit", measure), joblib.parallel_config("dask"):
        TabularClassifier(n_members=2, n_folds=2, random_state=0).fit(rows, rows[:, 0] > 0)
    assert len(sizes) == 4 and max(sizes) < rows.nbytes / 10


def test_fits_of_other_tasks_have_the_threads_of_their_worker(client):
    def count():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return allowed_threads(), allowed_threads(-1)

    assert client.submit(count).result() == (1, 1)


@pytest.mark.filterwarnings("ignore:DaskStorage is experimental")
def test_optuna(client):
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")

    def objective(trial):
        given = {name: trial.suggest_categorical(name, values) for name, values in GRID.items()}
        return cross_val_score(network(**given), X, Y, cv=2).mean()

    def study(storage):
        sampler = optuna.samplers.GridSampler(GRID, seed=0)
        return optuna.create_study(storage=storage, direction="maximize", sampler=sampler)

    shared, own = study(integration.DaskStorage(client=client)), study(None)
    client.gather([client.submit(shared.optimize, objective, n_trials=3, pure=False) for _ in range(2)])
    own.optimize(objective, n_trials=6)
    values = [{tuple(trial.params.values()): trial.value for trial in one.trials} for one in (shared, own)]
    assert values[0] == values[1] and len(values[0]) == 6
    assert shared.best_params == own.best_params


def is_newer(package, version):
    """Whether a package is installed in this version (year and month) or a later one."""
    try:
        return tuple(map(int, importlib.metadata.version(package).split(".")[:2])) >= version
    except importlib.metadata.PackageNotFoundError:
        return False


@pytest.mark.xfail(
    is_newer("dask", (2025, 3)),
    raises=RuntimeError,
    reason="incremental searches of dask-ml do not run with this Dask (issue 1016 of dask-ml)",
)
def test_hyperband_of_dask_ml(client):
    selection = pytest.importorskip("dask_ml.model_selection")
    from_array = pytest.importorskip("dask.array").from_array
    order = np.random.default_rng(0).permutation(len(X))
    rates = {"learning_rate_init": np.geomspace(0.001, 0.1, 50)}
    search = selection.HyperbandSearchCV(network(), rates, max_iter=9, random_state=0)
    search.fit(from_array(X[order], chunks=(50, 4)), from_array(Y[order], chunks=50), classes=[0, 1, 2])
    calls = search.cv_results_["partial_fit_calls"]
    assert len(calls) == search.metadata["n_models"] and max(calls) == 9
    assert search.best_estimator_.n_iter_ == calls[search.best_index_] and search.best_score_ > 0.7
