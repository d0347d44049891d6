"""Searches whose fits are on the workers of a cluster."""

import importlib.metadata
import warnings

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_score

from sknn_concepts import MLPClassifier, TabularClassifier
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
