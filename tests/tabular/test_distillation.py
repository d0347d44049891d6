"""One network in place of an ensemble."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sknn_concepts import TabularClassifier, TabularRegressor
from sknn_concepts.tabular.ensemble.distillation import repeat_by_class

FEW = {"n_members": 3, "n_folds": 3, "random_state": 0}


def test_the_weighted_log_loss_of_repeated_rows_is_the_cross_entropy():
    random = np.random.default_rng(0)
    teacher, student = random.dirichlet(np.ones(4), 30), random.dirichlet(np.ones(4), 30)
    chosen = np.arange(5, 25)
    rows, classes, weights = repeat_by_class(chosen, teacher)
    negligible = np.where(teacher >= 1e-3, 0.0, teacher)[chosen]
    cross_entropy = -np.sum((teacher[chosen] - negligible) * np.log(student[chosen]))
    np.testing.assert_allclose(-weights @ np.log(student[rows, classes]), cross_entropy)
    assert set(rows) == set(chosen)


def test_each_row_keeps_its_most_probable_class():
    probabilities = np.full((3, 2_000), 1.0 / 2_000)
    probabilities[:, 7] *= 1.1
    rows, classes, _ = repeat_by_class(np.arange(3), probabilities)
    assert rows.tolist() == [0, 1, 2] and classes.tolist() == [7, 7, 7]


def test_classes():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    model = TabularClassifier(**FEW).fit(X, y)
    probabilities = model.predict_proba(X_test)
    distilled = model.distill(X)
    assert sum(len(member.networks) for member in distilled.members_) == 1
    assert distilled.members_[0].settings.n_layers > 0
    student = distilled.predict_proba(X_test)
    np.testing.assert_allclose(student.sum(axis=1), 1.0)
    assert log_loss(y_test, student) < 0.15
    assert np.abs(student - probabilities).mean() < 0.03
    np.testing.assert_array_equal(model.predict_proba(X_test), probabilities)  # the ensemble is as before
    restored = pickle.loads(pickle.dumps(distilled))
    np.testing.assert_array_equal(restored.predict_proba(X_test), student)
    assert len(pickle.dumps(distilled)) < len(pickle.dumps(model)) / 2


def test_the_same_network_each_time():
    X, y = load_iris(return_X_y=True)
    model = TabularClassifier(**FEW).fit(X, y)
    np.testing.assert_array_equal(model.distill(X).predict_proba(X), model.distill(X).predict_proba(X))


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_numbers(n_outputs):
    X, y = load_diabetes(return_X_y=True)
    targets = y if n_outputs == 1 else np.column_stack([y, -100.0 * y])
    model = TabularRegressor(**FEW).fit(X, targets)
    predicted, distilled = model.predict(X), model.distill(X).predict(X)
    assert distilled.shape == predicted.shape
    assert np.square(distilled - predicted).sum() < 0.2 * np.square(predicted - predicted.mean(axis=0)).sum()


def test_rows_without_labels_in_place_of_those_of_the_fit():
    X, y = load_iris(return_X_y=True)
    model = TabularClassifier(**FEW).fit(X[::2], y[::2])
    assert model.distill(X[1::2]).score(X[::2], y[::2]) > 0.9


def test_a_linear_ensemble_becomes_one_linear_network():
    X, y = load_breast_cancer(return_X_y=True)
    model = TabularClassifier(n_members=1, n_folds=3, random_state=0).fit(X, y)
    distilled = model.distill(X)
    assert distilled.members_[0].settings.n_layers == 0
    assert np.abs(distilled.predict_proba(X) - model.predict_proba(X)).mean() < 0.05


def test_targets_without_any_variation():
    X, y = load_iris(return_X_y=True)
    assert np.all(TabularRegressor(**FEW).fit(X, np.full(len(X), 3.0)).distill(X).predict(X) == 3.0)
    assert set(TabularClassifier(**FEW).fit(X, ["a"] * len(X)).distill(X).predict(X)) == {"a"}


def test_errors():
    X, y = load_iris(return_X_y=True)
    model = TabularClassifier(**FEW)
    with pytest.raises(ValueError, match="not fitted"):
        model.distill(X)
    model.fit(X, y)
    with pytest.raises(ValueError, match="at least 10 rows; got n_rows=9"):
        model.distill(X[:9])
    with pytest.raises(ValueError, match="3 features"):
        model.distill(X[:, :3])
