"""Penalties, constraints, dropout; and what happens when training runs away or is interrupted."""

import os
import signal
import threading
import time
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from samples import ESTIMATORS, samples, weights
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import sknn_concepts
from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.network import minibatch as training

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network(kind, **arguments):
    arguments = {"hidden_layer_sizes": (10,), "max_iter": 20, "random_state": 0, **arguments}
    return getattr(sknn_concepts, ESTIMATORS[kind])(**arguments)


def parameters(estimator):
    return np.concatenate([array.ravel() for array in estimator.coefs_ + estimator.intercepts_])


def penalty(estimator, total_weight):
    weights = np.concatenate([w.ravel() for w in estimator.coefs_])
    squares, magnitudes = np.sum(weights**2), np.sum(np.abs(weights))
    share = estimator.l1_ratio
    return estimator.alpha * ((1 - share) / 2 * squares + share * magnitudes) / total_weight


@quiet
@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_reported_loss_has_the_documented_penalty(kind, l1_ratio):
    X, y = samples(kind)
    for weight in (None, weights()):
        total = len(X) if weight is None else weight.sum()
        for solver in ("lbfgs", "sgd"):
            still = {"max_iter": 1, "learning_rate_init": 1e-300, "batch_size": len(X) if solver == "sgd" else "auto"}
            fitted = network(kind, solver=solver, alpha=50.0, l1_ratio=l1_ratio, **still).fit(X, y, weight)
            bare = network(kind, solver="sgd", alpha=0.0, **{**still, "batch_size": len(X)}, warm_start=True)
            bare.fit(X, y, weight)
            bare.coefs_, bare.intercepts_ = fitted.coefs_, fitted.intercepts_
            bare.fit(X, y, weight)
            assert fitted.loss_ == pytest.approx(bare.loss_ + penalty(fitted, total), rel=1e-10)


@quiet
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_lasso_gives_exact_zeros(kind):
    X, y = samples(kind)
    fitted = network(kind, solver="lbfgs", alpha=10.0, l1_ratio=1.0, max_iter=500, activation="tanh").fit(X, y)
    zeros = np.mean(np.concatenate([w.ravel() for w in fitted.coefs_]) == 0.0)
    assert 0.3 < zeros < 1.0
    ridge = network(kind, solver="lbfgs", alpha=10.0, max_iter=500, activation="tanh").fit(X, y)
    assert all((w != 0.0).all() for w in ridge.coefs_)
    # at the optimum no step of a weight alone gets the objective lower
    strong = network(kind, solver="lbfgs", alpha=1e5, l1_ratio=0.5, activation="tanh").fit(X, y)
    assert all((w == 0.0).all() for w in strong.coefs_)


@quiet
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_max_norm_holds_for_every_unit(solver):
    X, y = samples("multiclass")
    free, held = (network("multiclass", solver=solver, max_norm=limit).fit(X, y) for limit in (None, 0.5))
    assert max(np.linalg.norm(w, axis=0).max() for w in free.coefs_) > 1.0
    for w in held.coefs_:
        assert np.linalg.norm(w, axis=0).max() <= 0.5 * (1 + 1e-12)


@quiet
@pytest.mark.parametrize("alpha", [0.0, 100.0])
def test_gradients_are_clipped_to_a_norm(alpha):
    """The length of the first step of plain descent is the rate times the norm."""
    X, y = samples("regression")
    arguments = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.5, "max_iter": 1, "batch_size": len(X)}
    start = network("regression", alpha=alpha, **{**arguments, "learning_rate_init": 1e-300}).fit(X, y)
    for limit, length in ((0.02, 0.01), (1e9, None)):
        fitted = network("regression", alpha=alpha, max_grad_norm=limit, **arguments).fit(X, y)
        free = network("regression", alpha=alpha, **arguments).fit(X, y)
        step = np.linalg.norm(parameters(fitted) - parameters(start))
        assert step == pytest.approx(length or np.linalg.norm(parameters(free) - parameters(start)), rel=1e-9)
        assert fitted.loss_ == pytest.approx(free.loss_, rel=1e-12)


@quiet
def test_dropout_is_drawn_anew_and_from_the_seed():
    X, y = samples("regression")
    fits = [network("regression", dropout=0.4, shuffle=False, random_state=seed).fit(X, y) for seed in (0, 0, 1)]
    assert_array_equal(parameters(fits[0]), parameters(fits[1]))
    assert not np.allclose(parameters(fits[0]), parameters(fits[2]))
    start = {"max_iter": 1, "shuffle": False, "learning_rate_init": 1e-300, "batch_size": len(X)}
    still = network("regression", dropout=0.4, **start)
    for _ in range(5):
        still.partial_fit(X, y)  # begins with the same seed each time
    assert len(set(still.loss_curve_)) == 5


@quiet
def test_dropout_leaves_the_expected_value_alone():
    """The mean over many masks of a linear network's loss gradient is the one without masks.

    With a linear hidden layer E[loss with masks] = loss + variance; the mean raw output is unchanged, so with the
    absolute loss far from its kink the loss itself is.
    """
    X, y = samples("regression")
    arguments = {"activation": "identity", "loss": "absolute_error", "solver": "sgd", "learning_rate_init": 1e-300}
    arguments |= {"max_iter": 400, "tol": 0.0, "n_iter_no_change": 1000, "alpha": 0.0, "hidden_layer_sizes": (50,)}
    kept, dropped = (network("regression", dropout=rate, **arguments).fit(X, y + 1e3) for rate in (0.0, 0.5))
    noise = np.std(dropped.loss_curve_) / np.sqrt(400)
    assert noise > 0
    assert np.mean(dropped.loss_curve_) == pytest.approx(kept.loss_, abs=5 * noise)
    assert_array_equal(dropped.predict(X), kept.predict(X))  # prediction keeps all units


@quiet
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_network_learns_with_dropout(kind):
    X, y = samples(kind)
    arguments = {"hidden_layer_sizes": (50, 50), "max_iter": 100, "learning_rate_init": 0.01}
    fitted = network(kind, dropout=0.2, **arguments).fit(X, y)
    assert fitted.score(X, y) > {"multilabel": 0.4, "multiclass": 0.7}.get(kind, 0.85)


RUNAWAYS = {
    "rate": ({"solver": "sgd", "learning_rate_init": 1e6}, 1.0),
    "scale": ({"solver": "sgd"}, 1e150),
    "momentum": ({"solver": "sgd", "momentum": 1.0, "learning_rate_init": 10.0, "max_iter": 300}, 1.0),
    "adam": ({"learning_rate_init": 1e200}, 1.0),
    "single precision": ({"dtype": "float32"}, 1e60),
}


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("kind", ["regression", "multioutput"])
@pytest.mark.parametrize("way", RUNAWAYS)
def test_divergence_is_told_once_and_keeps_finite_weights(way, kind, early_stopping):
    X, y = samples(kind)
    arguments, scale = RUNAWAYS[way]
    fitted = network(kind, early_stopping=early_stopping, **arguments)
    with pytest.warns(ConvergenceWarning) as caught:
        fitted.fit(scale * X, y)
    assert len(caught) == 1
    message = str(caught[0].message)
    assert "no longer finite" in message
    for remedy in ("learning_rate_init", "scale the features", "max_grad_norm"):
        assert remedy in message
    assert f"{np.abs(scale * X).max():.3g}" in message
    assert np.isfinite(parameters(fitted)).all() and fitted.n_iter_ >= 1
    assert np.isfinite(fitted.predict(X)).all()


@quiet
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_huge_features_are_no_error(kind, solver):
    X, y = samples(kind)
    fitted = network(kind, solver=solver).fit(1e150 * X, y)
    assert np.isfinite(parameters(fitted)).all()
    assert np.isfinite(fitted.predict_proba(1e150 * X)).all()
    assert not np.isnan(fitted.loss_)


def test_weights_that_are_finite_but_hopeless_are_not_kept():
    """With one batch a pass the loss is found infinite one pass after the step that made it so."""
    X, y = samples("regression")
    fitted = network("regression", solver="sgd", learning_rate_init=1e100, batch_size=len(X))
    with pytest.warns(ConvergenceWarning, match="iteration 2"):
        fitted.fit(X, y)
    assert abs(fitted.predict(X)).max() < 1e3


def test_partial_fit_recovers_from_divergence():
    X, y = samples("regression")
    fitted = network("regression", solver="sgd", learning_rate_init=1e200)
    with pytest.warns(ConvergenceWarning, match="no longer finite"):
        fitted.partial_fit(X, y)
    fitted.set_params(learning_rate_init=1e-3).partial_fit(X, y).partial_fit(X, y)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[-2]


@pytest.mark.parametrize("arguments", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_one_warning_when_iterations_run_out_and_none_when_they_do_not(kind, arguments):
    X, y = samples(kind)
    with pytest.warns(ConvergenceWarning, match="max_iter") as caught:
        network(kind, max_iter=2, **arguments).fit(X, y)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network(kind, max_iter=5000, tol=1e-2, **{"alpha": 1.0, **arguments}).fit(X, y)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_interrupt_ends_fit_with_the_weights_so_far(early_stopping):
    """A real signal, while the kernels run."""
    X = np.random.RandomState(0).normal(size=(5000, 50))
    y = X[:, 0] + X[:, 1]
    endless = {"max_iter": 100_000, "tol": 0.0, "n_iter_no_change": 100_000}
    fitted = MLPRegressor(hidden_layer_sizes=(100, 100), early_stopping=early_stopping, **endless)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clone(fitted).set_params(max_iter=1).fit(X, y)  # compiles, so that the signal comes during the fit
    interrupt = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    start = time.perf_counter()
    interrupt.start()
    with pytest.warns(UserWarning, match="interrupted by user"):
        fitted.fit(X, y)
    assert time.perf_counter() - start < 30
    assert fitted.n_iter_ == len(fitted.loss_curve_) < 100_000
    assert np.isfinite(fitted.predict(X)).all()


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_interrupt_before_anything_was_learned(solver, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", interrupted)
    monkeypatch.setattr(training, "sum_gradients", interrupted)
    X, y = samples("binary")
    with pytest.warns(UserWarning, match="interrupted by user"):
        fitted = MLPClassifier(solver=solver, random_state=0).fit(X, y)
    assert not np.isfinite(fitted.loss_)
    assert_allclose(fitted.predict_proba(X).sum(axis=1), 1.0)
