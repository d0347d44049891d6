"""Threads that share the passes of a network: the same numbers as one, and the same bits however many."""

import concurrent.futures
import os
import signal
import threading
import time
import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse
import threadpoolctl
from network.test_threads import forks, in_child
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.estimators import predictor
from sknn_concepts.estimators.multilayer import finetuner
from sknn_concepts.jit.barrier import CAN_MEET
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.network import architecture, minibatch, parallel
from sknn_concepts.network.compiled import CompiledNetwork
from sknn_concepts.network.connections import has_sample_blocks
from sknn_concepts.network.parallel import ParallelNetwork
from sknn_concepts.validation.threads import allowed_threads

X, Y = make_classification(700, 12, n_informative=6, n_classes=3, random_state=0)
WEIGHTS = np.random.RandomState(1).uniform(0.5, 2.0, len(Y))
WEIGHTS[:90] = 0.0  # a part of a batch, or all of it, may have no weight

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIONS = {
    "plain": {},
    "dropout": {"dropout": 0.3},
    "constrained": {"max_norm": 1.0, "max_grad_norm": 0.5, "l1_ratio": 0.5, "alpha": 0.1},
    "clipped": {"max_grad_norm": 0.01, "solver": "sgd", "alpha": 0.1},
    "small batches": {"batch_size": 20},
    "a last batch of one": {"batch_size": 233, "activation": "tanh"},
    "one batch": {"batch_size": 700, "activation": "gelu"},
    "one output": {"solver": "nadam", "classes": 2},
    "several labels": {"solver": "rmsprop", "classes": "labels"},
    "a unit alone": {"hidden_layer_sizes": (1, 9), "activation": ["tanh", "selu"]},
    "narrow": {"hidden_layer_sizes": (3,), "solver": "adamw"},
    "early stopping": {"early_stopping": True, "dtype": "float32"},
    "float32": {"dtype": "float32", "activation": "logistic", "solver": "adagrad"},
    "lbfgs": {"solver": "lbfgs"},
    "lbfgs with l1": {"solver": "lbfgs", "l1_ratio": 0.5, "alpha": 0.1},
    "pruned": {"connectivity": 0.2},
    "pruned a little": {"connectivity": 0.9},
}


@pytest.fixture
def always_shared(monkeypatch):
    """Threads share the work on networks of any size, however many processors there are."""
    monkeypatch.setattr(architecture, "MIN_SHARED_MULTIPLY_ADDS", 0)
    monkeypatch.setattr(parallel, "MULTIPLY_ADDS_PER_THREAD", 1)
    monkeypatch.setattr(parallel, "MIN_MULTIPLY_ADDS_TO_SHARE", 1)
    monkeypatch.setattr(parallel.ThreadChoice, "next", lambda self: self.n_threads)
    for module in (finetuner, predictor):
        monkeypatch.setattr(module, "allowed_threads", lambda n_jobs: n_jobs)


def fitted(n_jobs, samples=X, classes=3, **options):
    y = Y if classes == 3 else Y % 2 if classes == 2 else np.column_stack([Y == 0, Y > 0, X[:, 0] > 0]).astype(int)
    options = {"hidden_layer_sizes": (37, 20), "max_iter": 6, **options}
    return MLPClassifier(random_state=0, n_jobs=n_jobs, **options).fit(samples, y, WEIGHTS)


def parameters(network):
    return np.concatenate([np.ravel(array) for array in (*network.coefs_, *network.intercepts_)])


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
def test_the_number_of_threads_changes_no_bit(options, form, always_shared):
    samples = form(np.where(np.abs(X) > 0.5, X, 0.0))
    one = fitted(1, samples, **options)
    for n_jobs in (2, 3, 4):
        many = fitted(n_jobs, samples, **options)
        assert_array_equal(parameters(many), parameters(one))
        assert many.loss_ == one.loss_ and getattr(many, "loss_curve_", 0) == getattr(one, "loss_curve_", 0)
        assert_array_equal(many.predict_proba(samples), one.predict_proba(samples))


@pytest.mark.skipif(not (CAN_MEET and has_sample_blocks()), reason="threads do not share layers with masks here")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", [(60, 50), (130,)])
def test_threads_share_layers_with_masks(hidden, dtype, always_shared, monkeypatch):
    """Unit by unit of the next layer; the first layer reads small batches in batch memory, and others in place."""
    many = np.random.RandomState(0).normal(size=(len(Y), 70)).astype(dtype)
    options = {"hidden_layer_sizes": hidden, "connectivity": 0.04, "dtype": dtype, "max_norm": 0.5, "dropout": 0.1}
    teams, really_train = [], minibatch.train

    def train(context, step, team, *arguments):
        teams.append((team.n_threads, bool((context.unit_starts >= 0).any())))
        return really_train(context, step, team, *arguments)

    monkeypatch.setattr(minibatch, "train", train)
    for batch_size in (50, 200):
        one, *others = (fitted(n_jobs, many, batch_size=batch_size, **options) for n_jobs in (1, 2, 3, 7))
        for other in others:
            assert_array_equal(parameters(other), parameters(one))
            assert other.loss_curve_ == one.loss_curve_
    assert {n_threads for n_threads, packed in teams if packed} >= {1, 2, 3}


@pytest.mark.parametrize("options", [{}, {"solver": "lbfgs"}], ids=["adam", "lbfgs"])
def test_networks_that_threads_share_are_those_of_one_thread(options, always_shared, monkeypatch):
    shared = fitted(2, **options)
    monkeypatch.setattr(architecture, "MIN_SHARED_MULTIPLY_ADDS", np.inf)
    assert_allclose(parameters(shared), parameters(fitted(1, **options)), rtol=1e-6, atol=1e-9)


def test_partial_fit_in_threads(always_shared):
    networks = [MLPClassifier((37, 20), random_state=0, n_jobs=n_jobs) for n_jobs in (1, 3)]
    for network in networks:
        for start in range(0, 700, 100):
            network.partial_fit(X[start : start + 100], Y[start : start + 100], classes=[0, 1, 2])
    assert_array_equal(parameters(networks[0]), parameters(networks[1]))


def test_two_fits_at_once(always_shared):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = [pool.submit(fitted, 2, dropout=0.1) for _ in range(2)]
        assert_array_equal(parameters(both[0].result()), parameters(both[1].result()))


def test_predictions_are_those_of_one_thread():
    network = fitted(None)
    many = np.tile(X, (5, 1))
    alone = network.predict_proba(many)
    assert_array_equal(network.set_params(n_jobs=2).predict_proba(many), alone)
    network.set_params(n_jobs=None)
    with joblib.parallel_config(n_jobs=2):
        assert_array_equal(network.predict_proba(many), alone)


def test_threads_stay_within_the_budget():
    assert allowed_threads(2) == allowed_threads(None) == min(2, joblib.cpu_count())
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        assert allowed_threads(2) == allowed_threads(None) == 1
    with joblib.parallel_config(n_jobs=1):
        assert allowed_threads(None) == 1


def test_divergence_keeps_the_last_finite_weights():
    wild = {"solver": "sgd", "learning_rate_init": 1e6, "max_iter": 5}
    network = MLPRegressor(hidden_layer_sizes=(30,), n_jobs=2, random_state=0, **wild)
    with pytest.warns(ConvergenceWarning, match="no longer finite"):
        network.fit(X, Y)
    assert np.isfinite(parameters(network)).all()


@pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_nested_in_other_parallel_work(backend):
    network = MLPClassifier((10,), max_iter=3, n_iter_no_change=3, random_state=0, n_jobs=2)
    bag = BaggingClassifier(network, n_estimators=3, random_state=0, n_jobs=2)
    with warnings.catch_warnings(), joblib.parallel_config(backend):
        warnings.simplefilter("ignore")
        several = bag.fit(X, Y).predict_proba(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_allclose(several, bag.set_params(n_jobs=1).fit(X, Y).predict_proba(X), rtol=1e-12)


def test_only_large_networks_are_shared_by_threads(monkeypatch):
    made = []
    for kind in (CompiledNetwork, ParallelNetwork):
        monkeypatch.setattr(kind, "_make_memory", _noting(made, kind._make_memory))
    fitted(2).predict(X)
    assert ParallelNetwork not in made
    fitted(2, hidden_layer_sizes=(1000, 20), max_iter=1)
    assert ParallelNetwork in made


def _noting(made, method):
    def noted(self, *arguments):
        made.append(type(self))
        return method(self, *arguments)

    return noted


@pytest.mark.skipif(not CAN_MEET, reason="threads cannot meet here")
def test_an_error_in_one_thread_ends_the_others(always_shared, monkeypatch):
    whole = minibatch.train

    def fails(context, step, team, me, *batches):
        if me == 1:
            raise MemoryError("of one thread")
        return whole(context, step, team, me, *batches)

    monkeypatch.setattr(minibatch, "train", fails)
    start = time.monotonic()
    with pytest.raises(MemoryError, match="of one thread"):
        fitted(3)
    assert time.monotonic() - start < 20


@pytest.mark.skipif(not CAN_MEET, reason="threads cannot meet here")
def test_ctrl_c_ends_a_shared_fit(always_shared):
    network = MLPClassifier((37, 20), max_iter=10**6, n_iter_no_change=10**6, tol=0.0, random_state=0, n_jobs=3)
    fitted(3, max_iter=1)  # compiles, so that the signal comes during the fit
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # even where a shell has had it ignored
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            network.fit(X, Y)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert network.n_iter_ > 1 and np.isfinite(parameters(network)).all()


@forks
def test_a_forked_process_trains_in_threads_of_its_own(always_shared):
    fitted(2)

    def child():
        assert_array_equal(parameters(fitted(2, max_iter=2)), parameters(fitted(1, max_iter=2)))

    assert in_child(child) == 0


def seconds_of(choice, seconds, n_calls):
    """Seconds of calls, of which each takes so long by the number of its threads."""
    total = 0.0
    for _ in range(n_calls):
        n_threads = choice.next()
        choice.note(n_threads, seconds[n_threads])
        total += seconds[n_threads]
    return total


@pytest.mark.parametrize("seconds", [{4: 1.0, 1: 3.0}, {4: 2.0, 1: 1.0}, {4: 1.0, 1: 1.01}])
def test_the_faster_number_of_threads_is_found(seconds):
    choice, least = parallel.ThreadChoice(4), min(seconds.values())
    seconds_of(choice, seconds, 10)
    assert seconds_of(choice, seconds, 1000) < 1.02 * 1000 * least
    # other programs come and go
    changed = {4: seconds[1], 1: seconds[4]}
    seconds_of(choice, changed, 500)
    assert seconds_of(choice, changed, 1000) < 1.02 * 1000 * min(changed.values())
