"""Validation data, early stopping on anything, and training call by call."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from samples import ESTIMATORS, samples, weights
from sklearn.metrics import log_loss, make_scorer, r2_score, roc_auc_score

import sknn_concepts
from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.schedules import SCHEDULES, WarmUp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

STOCHASTIC = ["sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad"]


def network(kind, **arguments):
    arguments = {"hidden_layer_sizes": (10,), "max_iter": 8, "batch_size": 50, "random_state": 0, **arguments}
    return getattr(sknn_concepts, ESTIMATORS[kind])(**arguments)


def parameters(estimator):
    return np.concatenate([array.ravel() for array in estimator.coefs_ + estimator.intercepts_])


def halves(kind):
    X, y = samples(kind)
    return X[:200], y[:200], X[200:], y[200:]


def labels_of(kind):
    if ESTIMATORS[kind] == "MLPRegressor":
        return {}
    return {"classes": np.arange(4) if kind != "binary" else [0, 1]}


def loss_of(estimator, X, y, sample_weight=None):
    """The loss without the penalty, from the predictions."""
    if isinstance(estimator, MLPRegressor):
        per_sample = ((estimator.predict(X) - y) ** 2).reshape(len(y), -1).mean(axis=1) / 2
        return np.average(per_sample, weights=sample_weight)
    p = estimator.predict_proba(X)
    if y.ndim == 2:
        return np.average(-(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1), weights=sample_weight)
    return log_loss(y, p, sample_weight=sample_weight)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_validation_data_are_watched_and_change_nothing(kind):
    X, y, X_val, y_val = halves(kind)
    weight = weights()[200:]
    alone = network(kind).fit(X, y)
    watched = network(kind).fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    assert_array_equal(parameters(watched), parameters(alone))
    assert alone.validation_scores_ is None and not hasattr(alone, "validation_loss_curve_")
    assert len(watched.validation_loss_curve_) == len(watched.validation_scores_) == watched.n_iter_
    assert watched.validation_loss_curve_[-1] == pytest.approx(loss_of(watched, X_val, y_val, weight), rel=1e-9)
    assert watched.validation_scores_[-1] == pytest.approx(watched.score(X_val, y_val, weight), rel=1e-9)
    assert watched.best_loss_ == min(watched.loss_curve_) and watched.best_validation_score_ is None


def count_right(estimator, X, y):
    return np.sum(estimator.predict(X) == y)


#: What can be watched, and the same computed from outside.
SCORINGS = {
    "score": (None, lambda e, X, y: e.score(X, y)),
    "loss": ("loss", lambda e, X, y: -loss_of(e, X, y)),
    "name": ("roc_auc", lambda e, X, y: roc_auc_score(y, e.predict_proba(X)[:, 1])),
    "function": (count_right, count_right),
}


@pytest.mark.parametrize("scoring", SCORINGS)
def test_best_weights_are_restored(scoring):
    X, y, X_val, y_val = halves("binary")
    choice, score = SCORINGS[scoring]
    fitted = network("binary", early_stopping=True, early_stopping_scoring=choice, learning_rate_init=0.1, max_iter=200)
    fitted.fit(X, y, X_val=X_val, y_val=y_val)
    scores = fitted.validation_scores_
    assert fitted.n_iter_ == len(scores) == len(fitted.loss_curve_) == len(fitted.validation_loss_curve_) < 200
    assert scores[-1] < max(scores) == fitted.best_validation_score_
    assert score(fitted, X_val, y_val) == pytest.approx(max(scores), rel=1e-12)
    assert loss_of(fitted, X_val, y_val) == pytest.approx(fitted.validation_loss_curve_[np.argmax(scores)], rel=1e-12)
    stopped_at = 1 + max(i for i in range(len(scores)) if scores[i] >= max([-np.inf, *scores[:i]]) + fitted.tol)
    assert len(scores) == stopped_at + fitted.n_iter_no_change + 1


@pytest.mark.parametrize("scoring", [None, "loss", "accuracy"])
def test_held_out_part_of_a_frame_is_scored_with_its_weights(scoring):
    X, y = samples("binary")
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    arguments = {"early_stopping": True, "early_stopping_scoring": scoring, "max_iter": 4}
    fitted = network("binary", **arguments).fit(frame, y, sample_weight=weights() + 1)
    if scoring == "accuracy":
        default = network("binary", **{**arguments, "early_stopping_scoring": None}).fit(X, y, weights() + 1)
        assert_allclose(fitted.validation_scores_, default.validation_scores_, rtol=1e-12)
    assert len(fitted.validation_scores_) == 4


def test_regression_stops_on_any_score():
    X, y, X_val, y_val = halves("multioutput")
    fitted = network("multioutput", early_stopping=True, early_stopping_scoring=make_scorer(r2_score))
    fitted.fit(X, y, X_val=X_val, y_val=y_val)
    assert max(fitted.validation_scores_) == pytest.approx(r2_score(y_val, fitted.predict(X_val)), rel=1e-12)


def schedules():
    return {**SCHEDULES, "warm_up": lambda: WarmUp(epochs=3, then="exponential")}


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_calls_of_partial_fit_are_passes_of_fit(kind, solver):
    """Steps, memory of the optimizer and schedule go on from call to call."""
    X, y = samples(kind)
    for schedule in schedules().values():
        arguments = {"solver": solver, "learning_rate": schedule(), "shuffle": False, "learning_rate_init": 0.01}
        whole = network(kind, **arguments).fit(X, y)
        parts = network(kind, **arguments)
        for call in range(8):
            parts.partial_fit(X, y, **(labels_of(kind) if call == 0 else {}))
        assert_array_equal(parameters(parts), parameters(whole))
        assert_array_equal(parts.loss_curve_, whole.loss_curve_)
        assert parts.t_ == whole.t_ == 8 * len(X)


@pytest.mark.parametrize("schedule", ["step", "exponential", "cosine"])
def test_a_pass_is_a_call_however_many_samples_it_brings(schedule):
    """Of two calls with other numbers of batches the second takes the rate of the second pass."""
    X, y = samples("regression")
    choice = SCHEDULES[schedule]() if schedule != "step" else SCHEDULES["step"](step_size=1, gamma=0.5)
    arguments = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1, "max_iter": 4, "batch_size": 10}
    clocks = []

    class Spy(type(choice)):
        def rates(self, initial, clock):
            clocks.append(clock)
            return super().rates(initial, clock)

    fitted = network("regression", learning_rate=Spy(**choice.get_params()), **arguments)
    for n in (100, 20, 50):
        fitted.partial_fit(X[:n], y[:n])
    assert [clock.epochs[0] for clock in clocks] == [0, 1, 2]
    assert [len(clock.steps) for clock in clocks] == [10, 2, 5]
    assert_array_equal(np.concatenate([clock.steps for clock in clocks]), np.arange(17))


COPIES = {
    "deepcopy": lambda estimator, path: copy.deepcopy(estimator),
    "pickle": lambda estimator, path: pickle.loads(pickle.dumps(estimator)),
    "memory map": lambda estimator, path: joblib.load(joblib.dump(estimator, path / "model")[0], mmap_mode="r"),
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_copies_go_on_from_where_the_original_is(way, early_stopping, tmp_path):
    X, y, X_val, y_val = halves("multiclass")
    validation = {"X_val": X_val, "y_val": y_val} if early_stopping else {}
    original = network("multiclass", early_stopping=early_stopping)
    original.partial_fit(X, y, classes=np.arange(4), **validation)
    before = parameters(original).copy()
    twin = COPIES[way](original, tmp_path)
    assert_array_equal(twin.predict(X), original.predict(X))
    for _ in range(3):
        twin.partial_fit(X, y, **validation)
    assert_array_equal(parameters(original), before)
    for _ in range(3):
        original.partial_fit(X, y, **validation)
    assert_array_equal(parameters(twin), parameters(original))
    assert twin.loss_curve_ == original.loss_curve_


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_patience_runs_over_the_calls_of_partial_fit(kind):
    X, y, X_val, y_val = halves(kind)
    arguments = {"early_stopping": True, "early_stopping_scoring": "loss", "n_iter_no_change": 4, "max_iter": 300}
    arguments |= {"shuffle": False, "learning_rate_init": 0.05, "hidden_layer_sizes": (30,)}
    whole = network(kind, **arguments).fit(X, y, X_val=X_val, y_val=y_val)
    n_passes = whole.n_iter_
    assert 5 < n_passes < 300
    parts = network(kind, **arguments)
    for call in range(n_passes):
        assert call == 0 or loss_of(parts, X_val, y_val) == pytest.approx(parts.validation_loss_curve_[-1], rel=1e-9)
        parts.partial_fit(X, y, X_val=X_val, y_val=y_val, **(labels_of(kind) if call == 0 else {}))
    assert parts.validation_loss_curve_ == whole.validation_loss_curve_
    assert_array_equal(parameters(parts), parameters(whole))  # the best ones
    for _ in range(5):  # with patience anew, from the best weights
        parts.partial_fit(X, y, X_val=X_val, y_val=y_val)
    assert parts.best_validation_score_ >= whole.best_validation_score_


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}], ids=str)
def test_chunks_may_lack_classes(class_weight):
    X, y = samples("multiclass")
    fitted = network("multiclass", class_weight=class_weight, learning_rate_init=0.01)
    first = True
    for _ in range(30):
        for lacking in range(4):
            chunk = (y != lacking) & (y != (lacking + 1) % 4)
            fitted.partial_fit(X[chunk], y[chunk], **({"classes": np.arange(4)} if first else {}))
            first = False
    fitted.partial_fit(X[y == 2], y[y == 2])
    assert fitted.score(X, y) > 0.5
    with pytest.raises(ValueError, match="classes not in"):
        fitted.partial_fit(X, y + 1)


def test_early_stopping_call_by_call_needs_validation_data():
    X, y = samples("binary")
    with pytest.raises(ValueError, match="does not support early_stopping=True without X_val and y_val"):
        MLPClassifier(early_stopping=True).partial_fit(X, y, classes=[0, 1])


def test_another_optimizer_starts_with_an_empty_memory():
    X, y = samples("regression")
    fitted = network("regression", solver="sgd").partial_fit(X, y)
    fitted.set_params(solver="rmsprop").partial_fit(X, y)  # a velocity is no mean square
    assert np.isfinite(parameters(fitted)).all() and fitted.loss_curve_[-1] < fitted.loss_curve_[0]
