"""Threads that share the passes of a network: the same numbers as one, and the same bits however many."""

import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse
import threadpoolctl
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.network.compiled import CompiledNetwork
from sknn_concepts.network.parallel import ParallelNetwork

X, Y = make_classification(700, 12, n_informative=6, n_classes=3, random_state=0)
WEIGHTS = np.random.RandomState(1).uniform(0.5, 2.0, len(Y))
WEIGHTS[:90] = 0.0  # a part of a batch, or all of it, may have no weight

OPTIONS = {
    "plain": {},
    "dropout": {"dropout": 0.3},
    "constrained": {"max_norm": 1.0, "max_grad_norm": 0.5, "l1_ratio": 0.5, "alpha": 0.1},
    "small batches": {"batch_size": 20},
    "one batch": {"batch_size": 700, "activation": "gelu"},
    "lbfgs": {"solver": "lbfgs"},
    "lbfgs with l1": {"solver": "lbfgs", "l1_ratio": 0.5, "alpha": 0.1},
    "pruned": {"connectivity": 0.2},
}


def fitted(n_jobs, samples=X, **options):
    network = MLPClassifier((30, 20), max_iter=6, random_state=0, n_jobs=n_jobs, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return network.fit(samples, Y, WEIGHTS)


def parameters(network):
    return np.concatenate([np.ravel(array) for array in (*network.coefs_, *network.intercepts_)])


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
def test_the_number_of_threads_changes_no_bit(options, form):
    samples = form(np.where(np.abs(X) > 0.5, X, 0.0))
    one = fitted(1, samples, **options)
    for n_jobs in (2, 3):
        many = fitted(n_jobs, samples, **options)
        assert_array_equal(parameters(many), parameters(one))
        assert many.loss_curve_ == one.loss_curve_ if "solver" not in options else many.loss_ == one.loss_
    if "dropout" not in options:  # whose masks belong to a part of a batch
        assert_allclose(parameters(one), parameters(fitted(None, samples, **options)), rtol=1e-6, atol=1e-9)


def test_predictions_are_those_of_one_thread():
    network = fitted(None)
    many = np.tile(X, (5, 1))
    alone = network.predict_proba(many)
    assert_array_equal(network.set_params(n_jobs=2).predict_proba(many), alone)
    network.set_params(n_jobs=None)
    with joblib.parallel_config(n_jobs=2):
        assert_array_equal(network.predict_proba(many), alone)


def test_threads_stay_within_the_budget():
    network = MLPRegressor(n_jobs=2)
    assert network._n_threads() == min(2, joblib.cpu_count())
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        assert network._n_threads() == 1
    assert MLPRegressor()._n_threads() == 1


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


def test_a_machine_is_shared_by_threads_only_if_asked(monkeypatch):
    made = []
    for kind in (CompiledNetwork, ParallelNetwork):
        monkeypatch.setattr(kind, "_make_memory", _noting(made, kind._make_memory))
    fitted(None).predict(np.tile(X, (3, 1)))
    assert ParallelNetwork not in made
    fitted(2)
    assert ParallelNetwork in made


def _noting(made, method):
    def noted(self, *arguments):
        made.append(type(self))
        return method(self, *arguments)

    return noted
