"""What is measured in each epoch: `history_` and `best_iteration_`."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from samples import ESTIMATORS, samples
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, make_scorer

import sknn_concepts
from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.pruning import MagnitudePruning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network(kind, **arguments):
    return getattr(sknn_concepts, ESTIMATORS[kind])(**{"max_iter": 8, "random_state": 0, **arguments})


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_every_epoch_is_measured(kind):
    X, y = samples(kind)
    fitted = network(kind, early_stopping=True, learning_rate="cosine").fit(X, y)
    history = fitted.history_
    assert list(history) == ["loss", "learning_rate", "validation_loss", "validation_score", "seconds"]
    assert_array_equal(history["loss"], fitted.loss_curve_)
    assert_array_equal(history["validation_loss"], fitted.validation_loss_curve_)
    assert_array_equal(history["validation_score"], fitted.validation_scores_)
    assert np.all(history["seconds"] > 0) and np.all(np.diff(history["learning_rate"]) < 0)
    assert all(values.dtype == np.float64 and values.shape == (8,) for values in history.values())


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_best_iteration_is_that_of_the_best_value(early_stopping):
    X, y = samples("multiclass")
    fitted = MLPClassifier(
        early_stopping=early_stopping, learning_rate_init=0.3, max_iter=200, n_iter_no_change=5, random_state=0
    ).fit(X, y)
    values = fitted.validation_scores_ if early_stopping else [-loss for loss in fitted.loss_curve_]
    assert 1 < fitted.best_iteration_ == 1 + np.argmax(values) < fitted.n_iter_
    if early_stopping:
        shorter = clone(fitted).set_params(max_iter=fitted.best_iteration_).fit(X, y)
        assert_array_equal(shorter.coefs_[0], fitted.coefs_[0])


@pytest.mark.parametrize("way", ["warm start", "partial_fit", "pickle"])
def test_further_calls_append(way):
    X, y = samples("binary")
    fitted = network("binary", warm_start=way == "warm start").fit(X, y)
    before = fitted.history_
    if way == "pickle":
        fitted = pickle.loads(pickle.dumps(fitted))
        assert_array_equal(fitted.history_["seconds"], before["seconds"])
    if way == "warm start":
        fitted.fit(X, y, X_val=X[:50], y_val=y[:50])
        assert np.isnan(fitted.history_["validation_loss"][:8]).all()
        assert_array_equal(fitted.history_["validation_loss"][8:], fitted.validation_loss_curve_)
    else:
        fitted.partial_fit(X, y)
    assert_array_equal(fitted.history_["loss"], fitted.loss_curve_)
    assert_array_equal(fitted.history_["loss"][:8], before["loss"])
    assert len(before["loss"]) == 8  # earlier results stay as they are
    assert not hasattr(clone(fitted), "history_")


def test_another_fit_starts_again():
    X, y = samples("binary")
    fitted = network("binary", early_stopping=True).fit(X, y)
    fitted.set_params(solver="lbfgs").fit(X, y)
    assert list(fitted.history_) == ["loss", "seconds"] and len(fitted.history_["loss"]) == fitted.n_iter_
    assert fitted.history_["loss"][-1] == fitted.loss_
    assert not hasattr(fitted, "best_iteration_")


def test_retraining_after_pruning_appends():
    X, y = samples("binary")
    fitted = network("binary", pruning=MagnitudePruning(sparsity=0.5, n_steps=2, retrain_epochs=3)).fit(X, y)
    assert_array_equal(fitted.history_["loss"], fitted.loss_curve_)
    assert len(fitted.history_["loss"]) == 14


@pytest.mark.parametrize("damaged", [3, {"loss": [0.1]}, {"loss": np.ones(3), "seconds": np.ones(2)}])
def test_a_damaged_history_is_refused(damaged):
    X, y = samples("binary")
    fitted = network("binary").fit(X, y)
    fitted.history_ = damaged
    with pytest.raises(ValueError, match="history_ must be a dict of arrays of one length"):
        fitted.partial_fit(X, y)


def test_a_model_without_history_goes_on():
    X, y = samples("binary")
    fitted = network("binary").fit(X, y)
    del fitted.history_, fitted.best_iteration_  # as in files of versions before it
    fitted.partial_fit(X, y)
    assert len(fitted.history_["loss"]) == 1


# Several validation sets


def test_the_first_of_several_validation_sets_decides():
    X, y = samples("multiclass")
    sets = {"X_val": (X[:80], csr_array(X[80:150])), "y_val": (y[:80], y[80:150])}
    options = {"early_stopping": True, "max_iter": 40, "n_iter_no_change": 2}
    fitted = network("multiclass", **options).fit(X[150:], y[150:], **sets, sample_weight_val=(None, np.ones(70)))
    alone = network("multiclass", **options).fit(X[150:], y[150:], X_val=X[:80], y_val=y[:80])
    assert fitted.n_iter_ == alone.n_iter_ < 40
    assert_array_equal(fitted.coefs_[0], alone.coefs_[0])
    assert_array_equal(fitted.history_["validation_score"], alone.validation_scores_)
    best = fitted.history_["validation_score_2"][fitted.best_iteration_ - 1]
    assert best == fitted.score(X[80:150], y[80:150])
    assert "validation_loss_3" not in fitted.history_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_a_score_of_a_further_set_may_be_undefined():
    X, y = samples("regression")
    sets = {"X_val": (X[:80], X[80:81]), "y_val": (y[:80], y[80:81])}
    fitted = network("regression", early_stopping=True).fit(X[150:], y[150:], **sets)
    assert np.isnan(fitted.history_["validation_score_2"]).all()
    assert np.isfinite(fitted.history_["validation_loss_2"]).all()


@pytest.mark.parametrize("several", [False, True])
def test_validation_sets_in_partial_fit_and_of_a_pruner(several):
    X, y = samples("regression")
    sets = {"X_val": (X[:40], X[40:80]), "y_val": (y[:40], y[40:80])} if several else {"X_val": X[:40], "y_val": y[:40]}
    fitted = MLPRegressor(early_stopping=True, random_state=0).partial_fit(X[80:], y[80:], **sets)
    assert ("validation_loss_2" in fitted.history_) == several
    pruner = MagnitudePruning(max_loss_increase=0.1, n_steps=2, retrain_epochs=1)
    pruned = MLPRegressor(max_iter=3, pruning=pruner, random_state=0).fit(X[80:], y[80:], **sets)
    expected = MLPRegressor(max_iter=3, pruning=pruner, random_state=0).fit(X[80:], y[80:], X_val=X[:40], y_val=y[:40])
    assert_array_equal(pruned.coefs_[0], expected.coefs_[0])


def test_a_tuple_of_rows_is_one_set():
    X, y = samples("binary")
    fitted = network("binary").fit(X, y, X_val=tuple(map(list, X[:20])), y_val=tuple(y[:20]))
    expected = network("binary").fit(X, y, X_val=X[:20], y_val=y[:20])
    assert fitted.validation_scores_ == expected.validation_scores_


@pytest.mark.parametrize(
    "y_val, weights, message",
    [
        (lambda y: y[:20], None, "y_val must be one of as many; got ndarray"),
        (lambda y: (y[:20],), None, "y_val must be one of as many; got a tuple of 1"),
        (lambda y: (y[:20], y[:20]), np.ones(20), "sample_weight_val must be one of as many; got ndarray"),
    ],
)
def test_validation_sets_that_do_not_match_are_refused(y_val, weights, message):
    X, y = samples("binary")
    with pytest.raises(ValueError, match=message):
        network("binary").fit(X, y, X_val=(X[:20], X[:20]), y_val=y_val(y), sample_weight_val=weights)


def test_other_collections_of_tables_are_refused():
    X, y = samples("binary")
    with pytest.raises(ValueError, match="X_val is a list of 2 tables; pass several validation sets as tuples"):
        network("binary").fit(X, y, X_val=[X[:20], X[:30]], y_val=[y[:20], y[:30]])
    with pytest.raises(ValueError, match="X_val is an empty tuple"):
        network("binary").fit(X, y, X_val=(), y_val=())


# Several scorers


def brier(estimator, X, y):
    return -np.mean(np.square(estimator.predict_proba(X)[:, 1] - y))


def test_the_first_of_several_scorers_decides():
    X, y = samples("binary")
    sets = {"X_val": (X[:80], X[80:150]), "y_val": (y[:80], y[80:150])}
    options = {"early_stopping": True, "max_iter": 40, "n_iter_no_change": 2, "learning_rate_init": 0.02}
    several = network("binary", early_stopping_scoring=["roc_auc", "accuracy", brier], **options)
    several.fit(X[150:], y[150:], **sets)
    alone = network("binary", early_stopping_scoring="roc_auc", **options).fit(X[150:], y[150:], **sets)
    assert several.n_iter_ == alone.n_iter_ < 40
    assert_array_equal(several.coefs_[0], alone.coefs_[0])
    assert_array_equal(several.history_["validation_score"], alone.validation_scores_)
    at_best = {name: values[several.best_iteration_ - 1] for name, values in several.history_.items()}
    assert at_best["validation_accuracy"] == several.score(X[:80], y[:80])
    assert at_best["validation_accuracy_2"] == several.score(X[80:150], y[80:150])
    assert at_best["validation_brier_2"] == brier(several, X[80:150], y[80:150])


@pytest.mark.parametrize("scorings", [[], ["accuracy", None], ("roc_auc", "loss"), ["accuracy", "acuracy"]])
def test_lists_of_scorers_are_checked(scorings):
    with pytest.raises(ValueError, match="'early_stopping_scoring' parameter"):
        network("binary", early_stopping_scoring=scorings).fit(*samples("binary"))


def test_a_further_scorer_that_is_not_finite_only_warns():
    X, y = samples("binary")
    one_class = {"X_val": X[y == 1][:20], "y_val": y[y == 1][:20]}
    fitted = network("binary", early_stopping=True, early_stopping_scoring=["accuracy", lambda *arguments: np.nan])
    with pytest.warns(UserWarning, match="gave nan on the 20 held-out samples"):
        fitted.fit(X, y, **one_class)
    assert np.isnan(fitted.history_["validation_<lambda>"]).all()


# Linear models


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky", "saga", "adam"])
def test_iterations_of_logistic_regression(solver):
    X, y = samples("multiclass")
    options = {"l1_ratio": 1.0} if solver == "saga" else {}
    model = LogisticRegression(solver=solver, warm_start=True, max_iter=50, tol=1e-8, random_state=0, **options).fit(
        X, y
    )
    history, n_iter = model.history_, model.n_iter_[0]
    names = ["loss", "learning_rate" if solver == "adam" else "gradient", "seconds"]
    assert list(history) == names and {len(values) for values in history.values()} == {n_iter}
    assert history["loss"][-1] < history["loss"][0]
    model.set_params(tol=1e-10, C=2.0).fit(X, y)
    assert len(model.history_["loss"]) == n_iter + model.n_iter_[0]
    assert_array_equal(model.history_["loss"][:n_iter], history["loss"])


def test_models_of_several_classes_are_numbered():
    X, y = samples("multiclass")
    model = LogisticRegression(activation="logistic").fit(X, y)
    assert_array_equal(np.bincount(model.history_["model"].astype(int)), model.n_iter_)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize("solver", ["perceptron", "sgd"])
def test_epochs_of_the_perceptron(kind, solver):
    X, y = samples(kind)
    model = Perceptron(early_stopping=True, solver=solver, max_iter=30, eta0=0.1).fit(X, y)
    history = model.history_
    assert_array_equal(history["loss"], model.loss_curve_)
    assert np.all(history["learning_rate"] == 0.1) and np.all(history["seconds"] > 0)
    assert np.all((history["validation_score"] > 0) & (history["validation_score"] <= 1))
    model.set_params(early_stopping=False).partial_fit(X, y)
    assert len(model.history_["loss"]) == len(history["loss"]) + 1
    assert_array_equal(model.history_["loss"], model.loss_curve_)


@pytest.mark.parametrize(
    "further",
    [
        [lambda *args: 0.0, lambda *args: 1.0],
        [make_scorer(accuracy_score), make_scorer(accuracy_score, greater_is_better=False)],
    ],
)
def test_scorers_have_names_of_their_own(further):
    X, y = samples("binary")
    with pytest.raises(ValueError, match="names are not unique, or taken"):
        MLPClassifier(early_stopping=True, early_stopping_scoring=["roc_auc", *further]).fit(X, y)


def test_a_scorer_of_make_scorer_has_the_name_of_its_function():
    X, y = samples("binary")
    scoring = ["roc_auc", make_scorer(accuracy_score), make_scorer(f1_score)]
    network = MLPClassifier(early_stopping=True, early_stopping_scoring=scoring, max_iter=3, random_state=0).fit(X, y)
    assert {"validation_accuracy_score", "validation_f1_score"} <= set(network.history_)
