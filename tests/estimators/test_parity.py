"""The same seed gives the model that scikit-learn gives."""

import inspect

import numpy as np
import pytest
import sklearn.neural_network
from numpy.testing import assert_allclose, assert_array_equal
from samples import ESTIMATORS, samples, weights

import sknn_concepts

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

#: Whether scikit-learn's networks take sample weights.
THEY_WEIGH = "sample_weight" in inspect.signature(sklearn.neural_network.MLPClassifier.fit).parameters
needs_weights = pytest.mark.skipif(not THEY_WEIGH, reason="scikit-learn's networks take no sample weights before 1.7")

ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]

#: Ways of training, as constructor arguments; those named in `train` also differ in what is called.
WAYS = {
    "plain": {"momentum": 0.0},
    "momentum": {"nesterovs_momentum": False},
    "nesterov": {"momentum": 0.8},
    "adaptive": {"learning_rate": "adaptive", "learning_rate_init": 0.02, "tol": 1e-2, "n_iter_no_change": 2},
    "invscaling": {"learning_rate": "invscaling", "learning_rate_init": 0.02, "power_t": 0.3},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 3},
    "early stopping, weighted": {"early_stopping": True, "validation_fraction": 0.2},
    "no shuffle": {"shuffle": False},
    "warm start": {"warm_start": True},
    "partial_fit": {},
    "sample_weight": {"alpha": 0.1},
}

ATTRIBUTES = ["n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"]
FIGURES = ["loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"]


def pair(kind, **arguments):
    """Scikit-learn's estimator and ours."""
    return [getattr(module, ESTIMATORS[kind])(**arguments) for module in (sklearn.neural_network, sknn_concepts)]


def train(estimator, kind, way):
    X, y = samples(kind)
    if way == "partial_fit":
        labels = {"multilabel": np.arange(4)}.get(kind, np.unique(y))
        classes = {"classes": labels} if ESTIMATORS[kind] == "MLPClassifier" else {}
        for start in (0, 150, 0):
            estimator.partial_fit(X[start : start + 190], y[start : start + 190], **classes)
            classes = {}
        return
    weighted = {"sample_weight": weights()} if "weight" in way else {}
    for _ in range(2 if way == "warm start" else 1):
        estimator.fit(X, y, **weighted)


def assert_same(theirs, ours, kind, rtol):
    for a, b in zip(theirs.coefs_ + theirs.intercepts_, ours.coefs_ + ours.intercepts_, strict=True):
        assert_allclose(b, a, rtol=0, atol=rtol * np.abs(a).max())
    for name in ATTRIBUTES:
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in FIGURES:
        figure = getattr(theirs, name, None)
        if figure is None:
            assert getattr(ours, name, None) is None, name
        else:
            assert_allclose(getattr(ours, name), figure, rtol=rtol, atol=1e-12, err_msg=name)
    X, _ = samples(kind)
    if hasattr(theirs, "predict_proba"):
        assert_array_equal(ours.predict(X), theirs.predict(X))
        assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=rtol, atol=rtol)
    else:
        assert_allclose(ours.predict(X), theirs.predict(X), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("way", [pytest.param(way, marks=needs_weights if "weight" in way else ()) for way in WAYS])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_stochastic_solvers(kind, solver, activation, way):
    arguments = {"activation": activation, "solver": solver, **WAYS[way]}
    theirs, ours = pair(kind, hidden_layer_sizes=(7, 5), max_iter=10, batch_size=50, random_state=3, **arguments)
    for estimator in (theirs, ours):
        train(estimator, kind, way)
    assert_same(theirs, ours, kind, rtol=1e-11)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_until_it_stops(kind, solver):
    """Training ends in the same pass, and the best weights are the same."""
    for early_stopping in (False, True):
        arguments = {"early_stopping": early_stopping, "learning_rate_init": 0.01, "n_iter_no_change": 4, "tol": 1e-2}
        theirs, ours = pair(kind, hidden_layer_sizes=10, solver=solver, random_state=1, **arguments)
        for estimator in (theirs, ours):
            estimator.fit(*samples(kind))
        assert 5 < theirs.n_iter_ < 200
        assert_same(theirs, ours, kind, rtol=1e-9)


@needs_weights  # as old as the loss itself
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_poisson(solver):
    X, y = samples("counts")
    arguments = {"loss": "poisson", "hidden_layer_sizes": (6,), "solver": solver, "random_state": 0, "max_iter": 10}
    theirs, ours = pair("regression", **arguments)
    for estimator in (theirs, ours):
        estimator.fit(X, y, sample_weight=weights())
    assert_same(theirs, ours, "counts", rtol=1e-11)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_linear_model_and_string_labels(kind):
    X, y = samples(kind)
    y = np.array([f"label {label}" for label in y]) if y.ndim == 1 and ESTIMATORS[kind] == "MLPClassifier" else y
    theirs, ours = pair(kind, hidden_layer_sizes=(), activation="logistic", random_state=5, max_iter=5)
    for estimator in (theirs, ours):
        estimator.fit(X, y)
    assert_same(theirs, ours, kind, rtol=1e-11)


@pytest.mark.parametrize("weighted", [False, pytest.param(True, marks=needs_weights)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", [kind for kind in ESTIMATORS if kind != "multioutput"])
def test_lbfgs_reaches_the_same_objective(kind, activation, weighted):
    X, y = samples(kind)
    # kinks turn differences of rounding into other paths after some dozen iterations
    arguments = {"activation": activation, "alpha": 10.0, "tol": 1e-7, "max_iter": 30 if activation == "relu" else 400}
    theirs, ours = pair(kind, hidden_layer_sizes=(4,), solver="lbfgs", random_state=0, **arguments)
    for estimator in (theirs, ours):
        estimator.fit(X, y, **({"sample_weight": weights()} if weighted else {}))
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)


# not "binary", where the line search meets losses that scikit-learn clips, nor "multioutput", see below
@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "regression"])
def test_lbfgs_takes_the_same_first_steps(kind):
    theirs, ours = pair(kind, hidden_layer_sizes=(4, 3), solver="lbfgs", max_iter=5, warm_start=True, random_state=0)
    for estimator in (theirs, ours):
        estimator.fit(*samples(kind))
        estimator.fit(*samples(kind))
    assert_same(theirs, ours, kind, rtol=1e-8)


def mean_objective(network, X, y, alpha):
    """Half the mean squared error over samples and outputs, and the penalty: the loss that scikit-learn reports."""
    penalty = alpha / 2 * sum(np.sum(w**2) for w in network.coefs_) / len(X)
    return np.mean((network.predict(X) - y) ** 2) / 2 + penalty


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_lbfgs_with_several_outputs_minimizes_the_loss_that_it_reports(activation):
    X, y = samples("multioutput")
    arguments = {"activation": activation, "alpha": 1.0, "tol": 1e-7, "max_iter": 300}
    theirs, ours = pair("multioutput", hidden_layer_sizes=(4,), solver="lbfgs", random_state=0, **arguments)
    for estimator in (theirs, ours):
        estimator.fit(X, y)
    assert ours.loss_ == pytest.approx(mean_objective(ours, X, y, 1.0), rel=1e-12)
    assert ours.loss_ <= mean_objective(theirs, X, y, 1.0) * (1 + 1e-9)


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_single_precision_is_close(kind, solver):
    """In float32 the sums are rounded in another order; a few steps keep the models together."""
    X, y = samples(kind)
    theirs, ours = pair(kind, hidden_layer_sizes=(6,), solver=solver, activation="tanh", max_iter=3, random_state=0)
    for estimator in (theirs, ours):
        estimator.fit(X.astype(np.float32), y)
    for a, b in zip(theirs.coefs_ + theirs.intercepts_, ours.coefs_ + ours.intercepts_, strict=True):
        assert b.dtype == np.float32
        if kind != "multioutput" or solver != "lbfgs":
            assert_allclose(b, a, rtol=0, atol=2e-5 * np.abs(a).max())
