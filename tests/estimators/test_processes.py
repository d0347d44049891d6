"""Estimators in forked processes, within joblib's workers, and after Ctrl-C: nothing hangs, and nothing works on."""

import os
import signal
import threading
import time
import warnings

import joblib
import numpy as np
import pytest
from network.test_threads import forks, in_child

from sknn_concepts import LogisticRegression, MLPClassifier, Perceptron
from sknn_concepts.curvature import hessian_diagonal
from sknn_concepts.network.threads import WorkerThreads
from sknn_concepts.training import lbfgs as full_batch
from sknn_concepts.validation.threads import allowed_threads

X = np.random.RandomState(0).normal(size=(3000, 6))
Y = np.arange(3000) % 3


@pytest.fixture(autouse=True)
def _no_convergence():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, message=".*(converge|iteration)")
        yield


@pytest.fixture
def ctrl_c():
    """Ctrl-C raises KeyboardInterrupt, even where a shell has had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def network(**options):
    return MLPClassifier((8,), max_iter=2, n_jobs=2, random_state=0, batch_size=1024, **options).fit(X, Y)


# Forks


@forks
def test_a_forked_process_predicts_and_trains_as_its_parent():
    net, lbfgs = network(), lambda: network(solver="lbfgs")
    ask, expected = net.predictor(), net.predict(X)
    ask(X)  # which starts threads
    lbfgs()
    model, perceptron = LogisticRegression(), Perceptron(n_jobs=2, max_iter=3)
    model.fit(X, Y), perceptron.fit(X, Y)

    def child():
        assert (net.predict(X) == expected).all() and (ask(X) == expected).all() and (ask(X[:3]) == expected[:3]).all()
        assert (network().predict(X) == expected).all()
        lbfgs(), net.partial_fit(X, Y), model.fit(X, Y), perceptron.fit(X, Y)
        hessian_diagonal(net, X, Y)

    assert in_child(child) == 0


@forks
def test_a_predictor_that_was_at_other_rows_when_the_process_forked(monkeypatch):
    ask = network().predictor()
    expected = ask(X[:4])
    inside, go_on = threading.Event(), threading.Event()
    really_predict = ask._network.predict

    def predict(*arguments, **options):
        inside.set()
        go_on.wait(10)
        return really_predict(*arguments, **options)

    monkeypatch.setattr(ask._network, "predict", predict)
    other = threading.Thread(target=ask, args=(X,))
    other.start()
    inside.wait()

    def child():
        go_on.set()
        assert (ask(X[:4]) == expected).all()

    status = in_child(child)
    go_on.set()
    other.join()
    assert status == 0


@forks
def test_a_forked_process_has_its_blas_threads_back():
    with full_batch.one_blas_thread:

        def child():
            assert full_batch.one_blas_thread._inside == 0
            with full_batch.one_blas_thread:
                pass

        assert in_child(child) == 0


# The budget


def peak_of_threads(call):
    """Largest number of threads that a call starts, besides those that are there already."""
    peak, stop, before = [0], threading.Event(), set(threading.enumerate())

    def watch():
        while not stop.wait(0.001):
            others = set(threading.enumerate()) - before
            peak[0] = max(peak[0], sum(thread.name.startswith("ThreadPoolExecutor") for thread in others))

    watcher = threading.Thread(target=watch)
    watcher.start()
    call()
    stop.set()
    watcher.join()
    return peak[0]


def test_threads_of_joblib_start_no_further_ones():
    def allowed():
        return allowed_threads(2), allowed_threads(-1), allowed_threads(None)

    budgets = joblib.Parallel(n_jobs=2, backend="threading")(joblib.delayed(allowed)() for _ in range(4))
    assert set(budgets) == {(1, 1, 1)}
    fits = [joblib.delayed(make)() for make in (network, lambda: Perceptron(n_jobs=2, max_iter=3).fit(X, Y))]
    assert peak_of_threads(lambda: joblib.Parallel(n_jobs=2, backend="threading")(fits)) == 0
    if joblib.cpu_count() > 1:
        assert allowed_threads(2) == 2
        assert peak_of_threads(lambda: Perceptron(n_jobs=2, max_iter=200, tol=None).fit(X, Y)) == 1  # beside this one


def test_processes_of_joblib_share_the_cores():
    limits = joblib.Parallel(n_jobs=2)(joblib.delayed(allowed_threads)(-1) for _ in range(2))
    assert set(limits) == {max(1, joblib.cpu_count() // 2)}
    assert joblib.Parallel(n_jobs=1)([joblib.delayed(allowed_threads)(2)]) == [allowed_threads(2)]


# Ctrl-C

LONG = {
    "perceptron": lambda n: Perceptron(max_iter=10**6, tol=None, n_jobs=n),
    "delta rule": lambda n: Perceptron(
        max_iter=10**6, tol=None, n_jobs=n, loss="log_loss", activation="logistic", solver="adam", eta0=1e-3
    ),
    "network": lambda n: MLPClassifier((8,), max_iter=10**6, n_iter_no_change=10**6, n_jobs=n, batch_size=1024),
}


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("make", LONG.values(), ids=LONG)
def test_ctrl_c_ends_a_fit_with_the_weights_so_far_and_one_warning(make, n_jobs, ctrl_c):
    make(n_jobs).set_params(max_iter=1).fit(X, Y)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.warns(UserWarning) as caught:
        estimator = make(n_jobs).fit(X, Y)
    timer.join()
    assert [str(warning.message) for warning in caught] == ["Training interrupted by user."]
    for weights in estimator.coefs_ if hasattr(estimator, "coefs_") else estimator.coef_[:1]:
        assert weights.any()
    assert estimator.n_iter_ >= 1 and estimator.predict(X).shape == Y.shape
    before = time.process_time()
    time.sleep(0.2)
    assert time.process_time() - before < 0.1  # no thread works on


@pytest.mark.parametrize("n_threads", [1, 2])
def test_ctrl_c_ends_logistic_regression_alike(n_threads, monkeypatch):
    """However many threads there are, it comes while samples are shared; the fit ends with the weights so far."""
    add_up, added = WorkerThreads.add_up, []

    def interrupted(self, *arguments):
        added.append(arguments)
        if len(added) > 3:
            raise KeyboardInterrupt
        return add_up(self, *arguments)

    monkeypatch.setattr("sknn_concepts.estimators.logistic_solvers.allowed_threads", lambda: n_threads)
    monkeypatch.setattr(WorkerThreads, "add_up", interrupted)
    with pytest.warns(UserWarning, match="interrupted by user") as caught:
        model = LogisticRegression(tol=1e-12).fit(X, Y)
    assert len(caught) == 1 and np.isfinite(model.coef_).all()


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_ctrl_c_ends_a_prediction(n_jobs, ctrl_c, monkeypatch):
    """Between two runs of samples, also of threads."""
    net = network().set_params(n_jobs=n_jobs)
    monkeypatch.setattr("sknn_concepts.network.compiled.MULTIPLY_ADDS_PER_CALL", 1.0)
    many = np.repeat(X, 200, axis=0)
    net.predict(many[:1000])
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        while True:
            net.predict(many)
    timer.join()
    assert net.predict(X).shape == Y.shape
