"""Tests of the scores, which are those of scikit-learn wherever scikit-learn has any."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer, log_loss

from sknn_concepts.job import scores
from sknn_concepts.job.scores import SCORES

X, Y = load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def model():
    """Return a classifier of three classes."""
    return LogisticRegression(C=0.1, max_iter=1_000).fit(X, Y)


@pytest.mark.parametrize("score", SCORES["classification"], ids=lambda score: score.name)
def test_scores_of_classification(model, score):
    value = score.scorer()(model, X, Y)
    assert value == pytest.approx(get_scorer(score.name)(model, X, Y), rel=1e-12)
    assert score.shown(value) > 0.0
    assert score.direction == ("lower is better" if score.name == "neg_log_loss" else "higher is better")


@pytest.mark.parametrize("score", SCORES["regression"], ids=lambda score: score.name)
def test_scores_of_regression(score):
    X, y = load_diabetes(return_X_y=True)
    model = Ridge().fit(X, y)
    value = score.scorer()(model, X, y)
    assert value == get_scorer(score.name)(model, X, y)
    assert score.shown(value) == scores.regression_scores(model, X, y, model.predict(X))[score.label] > 0.0
    assert score.direction == ("higher is better" if score.name == "r2" else "lower is better")


def test_log_loss_of_rows_that_lack_a_class(model):
    rows = Y < 2
    expected = log_loss(Y[rows], model.predict_proba(X[rows]), labels=[0, 1, 2])
    assert scores.neg_log_loss(model, X[rows], Y[rows]) == pytest.approx(-expected, rel=1e-12)


def test_log_loss_of_a_class_that_the_model_does_not_know():
    rows = Y < 2
    model = LogisticRegression().fit(X[rows], Y[rows])
    known = scores.neg_log_loss(model, X[rows], Y[rows])
    assert scores.neg_log_loss(model, X, Y) == pytest.approx((2 * known + np.log(np.finfo(float).eps)) / 3)
    texts = np.array(["b", "c", "a"], dtype=object)[Y]
    model = LogisticRegression().fit(X[rows], texts[rows])  # classes b and c, while a sorts before them
    assert scores.neg_log_loss(model, X[~rows], texts[~rows]) == pytest.approx(np.log(np.finfo(float).eps))


def test_log_loss_of_a_certain_error_is_bounded():
    certain = np.array([[1.0, 0.0]], dtype=np.float32)
    assert scores.log_loss(np.array([1]), certain, np.array([0, 1])) == pytest.approx(-np.log(2.0**-23))
