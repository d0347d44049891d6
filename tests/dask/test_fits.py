"""Fits on a cluster of two processes equal those on one machine."""

import copy
import operator
import os
import pickle
import signal
import threading
import time
from unittest import mock

import dask.array
import distributed
import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor
from sknn_concepts.dask import DaskLogisticRegression, DaskMLPClassifier, DaskMLPRegressor
from sknn_concepts.dask.blocks import Block
from sknn_concepts.dask.shares import Shares

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_SAMPLES = 1000


def draw(kind="classes"):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_SAMPLES, 6))
    if kind == "classes":
        return X, (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(int) + (X[:, 3] > 1)
    if kind == "two":
        return X, np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
    if kind == "labels":
        return X, (X[:, :3] > 0).astype(int)
    return X, X[:, :2] * X[:, 2:4] if kind == "outputs" else X[:, 0]


def blocks(data, size=170):
    return dask.array.from_array(data, chunks=(size, *data.shape[1:]))


def pair(cluster_class, client, **options):
    """Return the estimator on a cluster and the one without it."""
    return cluster_class(client=client, **options), cluster_class._local_class(**options)


def assert_equal_networks(a, b, atol=1e-12):
    for first, second in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        np.testing.assert_allclose(first, second, rtol=0, atol=atol)
    assert a.loss_ == pytest.approx(b.loss_, abs=atol)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("classes", {"batch_size": 130}),
        ("two", {"solver": "sgd", "early_stopping": True, "class_weight": "balanced"}),
        ("labels", {"activation": "tanh", "shuffle": False}),
        ("classes", {"solver": "lbfgs", "alpha": 0.1, "class_weight": {0: 2.0, 1: 1.0, 2: 0.5}}),
        ("classes", {"connectivity": 0.3, "l1_ratio": 0.5, "alpha": 0.1, "max_grad_norm": 0.5}),
    ],
)
def test_a_classifier_equals_that_of_one_machine(client, kind, options):
    X, y = draw(kind)
    network, local = pair(DaskMLPClassifier, client, hidden_layer_sizes=(8, 5), max_iter=4, random_state=0, **options)
    network.fit(blocks(X), blocks(y))
    assert_equal_networks(network, local.fit(X, y))
    np.testing.assert_array_equal(network.predict(blocks(X)).compute(), local.predict(X))
    assert network.score(blocks(X), blocks(y)) == pytest.approx(local.score(X, y))


@pytest.mark.parametrize("kind", ["numbers", "outputs"])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_regressor_equals_that_of_one_machine(client, kind, sparse):
    X, y = draw(kind)
    weights = np.random.default_rng(1).uniform(0.0, 2.0, N_SAMPLES)
    network, local = pair(DaskMLPRegressor, client, hidden_layer_sizes=(8,), max_iter=4, random_state=0)
    samples = blocks(X).map_blocks(scipy.sparse.csr_matrix) if sparse else blocks(X)
    network.fit(samples, blocks(y), blocks(weights))
    assert_equal_networks(network, local.fit(X, y, weights))


@pytest.mark.parametrize("kind", ["two", "classes"])
@pytest.mark.parametrize("options", [{}, {"C": 100.0, "class_weight": "balanced"}, {"fit_intercept": False}])
def test_logistic_regression_reaches_the_optimum_of_one_machine(client, kind, options):
    X, y = draw(kind)
    model, local = pair(DaskLogisticRegression, client, tol=1e-9, **options)
    model.fit(blocks(X), blocks(y))
    np.testing.assert_allclose(model.coef_, local.fit(X, y).coef_, rtol=0, atol=1e-7)
    np.testing.assert_array_equal(model.predict_proba(blocks(X)).compute(), model.predict_proba(X))


@pytest.mark.parametrize("options", [{"solver": "lbfgs"}, {"shuffle": False}])
def test_samples_that_are_not_persisted(client, options):
    X, y = draw()
    network, local = pair(DaskMLPClassifier, client, hidden_layer_sizes=(8,), max_iter=3, random_state=0, **options)
    network.set_params(persist=False).fit(blocks(X), blocks(y))
    assert_equal_networks(network, local.fit(X, y))


def test_each_row_is_trained_on_once_an_epoch_where_samples_are_not_persisted(client):
    X, y = draw("numbers")
    network = DaskMLPRegressor(
        hidden_layer_sizes=(),
        solver="sgd",
        learning_rate_init=0.0 + 1e-300,
        alpha=0.0,
        max_iter=1,
        persist=False,
        random_state=0,
        client=client,
    )
    network.fit(blocks(X, 70), blocks(y, 70))
    raw = network.predict(X)
    assert network.loss_ == pytest.approx(0.5 * np.mean((raw - y) ** 2))
    assert network.t_ == N_SAMPLES


@pytest.mark.parametrize("persist", [True, False])
def test_local_steps_are_as_many_as_batches(client, persist):
    """A gradient that is always 1 counts the steps of the intercept."""
    X, y = draw("numbers")
    options = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1e-6, "alpha": 0.0, "max_iter": 1}
    network = DaskMLPRegressor(
        "absolute_error", (), batch_size=100, local_steps=5, persist=persist, random_state=0, client=client, **options
    )
    network.fit(blocks(X, 50), blocks(0.0 * y - 1000.0, 50))
    start = MLPRegressor("absolute_error", (), random_state=0, **options | {"learning_rate_init": 1e-300})
    start.fit(X, 0.0 * y - 1000.0)
    steps = (start.intercepts_[0] - network.intercepts_[0]) / 1e-6
    np.testing.assert_allclose(steps, 10.0, rtol=1e-6)


def test_memory_is_bounded_where_samples_are_not_persisted(client):
    """Each worker would have to hold 256 MB of samples at once; it needs a few blocks of 8 MB."""
    resource = pytest.importorskip("resource")

    def peaks():
        return client.run(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

    X = dask.array.random.default_rng(0).normal(size=(64 * 20_000, 50), chunks=(20_000, 50))
    network = DaskMLPRegressor(
        hidden_layer_sizes=(), batch_size=10_000, max_iter=1, persist=False, random_state=0, client=client
    )
    network.partial_fit(X[:40_000], X[:40_000, 0])  # compile
    before = peaks()
    network.fit(X, X[:, 0])
    growth = {worker: after - before[worker] for worker, after in peaks().items()}
    assert max(growth.values()) < 160, growth


def test_one_local_step_of_one_worker_is_a_step(client):
    """With all samples in one block, local steps are those of one machine."""
    X, y = draw()
    options = {"hidden_layer_sizes": (8,), "max_iter": 3, "batch_size": 100, "random_state": 0}
    network, local = pair(DaskMLPClassifier, client, **options)
    with pytest.warns(UserWarning, match="1 block with samples for 2 workers"):
        network.set_params(local_steps=4).fit(blocks(X, N_SAMPLES), blocks(y, N_SAMPLES))
    assert_equal_networks(network, local.fit(X, y))


def test_local_steps_learn(client):
    X, y = draw("two")
    network = DaskMLPClassifier(
        (8,), learning_rate_init=0.02, max_iter=10, local_steps=3, random_state=0, client=client
    )
    assert network.fit(blocks(X), blocks(y)).score(blocks(X), blocks(y)) > 0.97


def test_partial_fit_goes_on(client):
    X, y = draw()
    network, local = pair(DaskMLPClassifier, client, hidden_layer_sizes=(8,), random_state=0)
    for _ in range(2):
        network.partial_fit(blocks(X), blocks(y), classes=[0, 1, 2])
        local.partial_fit(X, y, classes=[0, 1, 2])
    assert_equal_networks(network, local)


@pytest.mark.parametrize(("persist", "n_epochs"), [(True, 150), (False, 30)])
def test_a_killed_worker_costs_a_retry(fresh_client, persist, n_epochs):
    X, y = draw()
    network, local = pair(
        DaskMLPClassifier,
        fresh_client,
        hidden_layer_sizes=(8,),
        max_iter=n_epochs,
        tol=0,
        n_iter_no_change=n_epochs,
        shuffle=False,
        random_state=0,
    )
    victim = next(iter(fresh_client.run(os.getpid).values()))
    killer = threading.Timer(0.7, os.kill, (victim, signal.SIGKILL))
    killer.start()
    network.set_params(persist=persist).fit(blocks(X), blocks(y))
    assert killer.finished.is_set()
    assert_equal_networks(network, local.fit(X, y))


def test_shares_that_are_lost_before_their_first_call_are_made_again(fresh_client):
    workers = fresh_client.run(os.getpid)
    blocks = [[dask.delayed(Block)(k, np.full(3, k), np.zeros(3), None, None)] for k in range(2)]
    shares = Shares(fresh_client, operator.attrgetter("X"), dict(zip(workers, blocks, strict=True)), blocks)
    future = shares._futures[0]
    distributed.wait([future])
    os.kill(workers[fresh_client.who_has([future])[future.key][0]], signal.SIGKILL)
    while future.status == "finished":
        time.sleep(0.05)
    assert future.status == "error"
    assert shares.call("sum", [(), ()]) == [0, 3]


@pytest.mark.parametrize(("persist", "warm"), [(True, True), (False, True), (True, False)])
def test_a_cluster_that_is_closed_during_a_fit(fresh_client, persist, warm):
    X, y = draw()
    network = DaskMLPClassifier((8,), batch_size=10, max_iter=10_000, tol=0, n_iter_no_change=10_000, persist=persist)
    if warm:
        clone(network).set_params(max_iter=1).fit(blocks(X), blocks(y))
    threading.Timer(0.7, fresh_client.cluster.close).start()
    with pytest.raises(ValueError, match=r"client is not connected to a cluster \(its status is 'clos(ed|ing)'\)"):
        network.fit(blocks(X), blocks(y))


def test_workers_forget_the_samples(client):
    def held():
        return {key for keys in client.has_what().values() for key in keys}

    X, y = draw()
    before = held()
    DaskMLPClassifier((4,), max_iter=1, client=client).fit(blocks(X), blocks(y))
    for _ in range(50):
        if not held() - before:
            return
        threading.Event().wait(0.1)
    raise AssertionError(held() - before)


def test_client_stays_in_its_process(client):
    X, y = draw()
    network = DaskMLPClassifier((4,), max_iter=1, random_state=0, client=client).fit(blocks(X), blocks(y))
    assert network.client_ is client
    assert clone(network).client is client
    unpickled = pickle.loads(pickle.dumps(network))
    assert unpickled.client is None
    np.testing.assert_array_equal(unpickled.predict(X), network.predict(X))
    local = network.to_local()
    assert type(local) is MLPClassifier
    assert "client" not in local.get_params()
    np.testing.assert_array_equal(local.predict_proba(X), network.predict_proba(blocks(X)).compute())
    assert type(DaskMLPRegressor().to_local()) is MLPRegressor
    assert type(DaskLogisticRegression().to_local()) is LogisticRegression


def test_copies_have_the_client(client):
    network = DaskMLPClassifier(client=client)
    assert copy.copy(network).client is client
    assert copy.deepcopy(network).client is client


def test_validation_data_are_computed_by_the_client_of_the_fit(client):
    X, y = draw("two")
    network, local = pair(DaskMLPClassifier, client, hidden_layer_sizes=(4,), early_stopping=True, random_state=0)
    with mock.patch.object(dask.base, "compute", side_effect=AssertionError):
        network.fit(blocks(X), blocks(y), X_val=blocks(X[:300]), y_val=blocks(y[:300]))
    assert_equal_networks(network, local.fit(X, y, X_val=X[:300], y_val=y[:300]))


def test_frames_keep_the_names_of_features(client):
    pandas = pytest.importorskip("pandas")
    frames = pytest.importorskip("dask.dataframe")
    X, y = draw("two")
    table = pandas.DataFrame(X, columns=list("abcdef"))
    X_lazy, y_lazy = frames.from_pandas(table, npartitions=4), frames.from_pandas(pandas.Series(y), npartitions=4)
    network, local = pair(DaskMLPClassifier, client, hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    network.fit(X_lazy, y_lazy)
    assert_equal_networks(network, local.fit(table, y))
    assert list(network.feature_names_in_) == list("abcdef")
    predicted = network.predict(X_lazy)
    assert np.isnan(predicted.shape[0])
    np.testing.assert_array_equal(predicted.compute(), local.predict(table))
    with pytest.raises(ValueError, match="feature names should match"):
        network.predict(X_lazy.rename(columns={"a": "z"})).compute()


def test_training_that_does_not_converge_is_told(client):
    X, y = draw()
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        DaskMLPClassifier((4,), max_iter=1, client=client).fit(blocks(X), blocks(y))
