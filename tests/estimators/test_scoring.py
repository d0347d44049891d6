"""Scores that early stopping goes by: names, results that are no numbers, and marks that can be compared."""

import pickle

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from samples import samples
from sklearn.metrics import make_scorer, mean_absolute_error, r2_score, roc_auc_score

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.estimators.multilayer.scoring import digest

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning"),
]


def network(**arguments):
    arguments = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0, "early_stopping": True, **arguments}
    return MLPClassifier(**arguments)


def fails(estimator, X, y):
    raise ZeroDivisionError("division of one by zero.")


#: Results that are no scores, and what is said of them.
NO_SCORES = {
    "NaN": (lambda estimator, X, y: np.nan, "gave nan on the 30 held-out samples"),
    "infinity": (lambda estimator, X, y: np.inf, "gave inf on"),
    "minus infinity": (lambda estimator, X, y: np.float32(-np.inf), "gave -inf on"),
    "None": (lambda estimator, X, y: None, "gave None, which is not a number"),
    "array": (lambda estimator, X, y: np.zeros(2), "gave array.*, which is not a number"),
    "text": (lambda estimator, X, y: "0.5", "gave '0.5', which is not a number"),
    "complex number": (lambda estimator, X, y: 1j, "gave 1j, which is not a number"),
    "error": (fails, "failed with ZeroDivisionError on .*: division of one by zero. Pass"),
}


@pytest.mark.parametrize("case", NO_SCORES)
def test_what_is_no_score_is_told_at_once(case):
    X, y = samples("binary")
    X, y = X[:300], y[:300]
    scoring, said = NO_SCORES[case]
    estimator = network(early_stopping_scoring=scoring)
    message = f"early_stopping_scoring=.*{said}.*X_val.*another early_stopping_scoring"
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, y)
    assert not hasattr(estimator, "coefs_")
    with pytest.raises(ValueError, match="early_stopping_scoring"):
        estimator.partial_fit(X, y, classes=[0, 1], X_val=X, y_val=y)
    estimator.set_params(early_stopping=False)
    if case in ("NaN", "infinity", "minus infinity"):  # it is merely noted
        with pytest.warns(UserWarning, match="early_stopping_scoring=.* gave"):
            assert len(estimator.fit(X, y, X_val=X, y_val=y).validation_scores_) == 3
    else:
        with pytest.raises(ValueError, match="early_stopping_scoring"):
            estimator.fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize("number", [1, np.float32(0.5), np.array(0.5), np.array([0.5]), True])
def test_what_is_a_score(number):
    X, y = samples("binary")
    scores = network(early_stopping_scoring=lambda estimator, X, y: number).fit(X, y).validation_scores_
    assert scores == [float(np.squeeze(number))] * 3


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss"])
def test_validation_data_that_lack_a_class(scoring):
    X, y = samples("binary")
    with pytest.raises(ValueError, match=rf"'{scoring}' .* among which there is none of class 1.*X_val"):
        network(early_stopping_scoring=scoring).fit(X, y, X_val=X[y == 0], y_val=y[y == 0])


def test_a_score_of_too_few_samples():
    X, y = samples("regression")
    with pytest.raises(ValueError, match="score of the 1 held-out sample is not defined.*X_val"):
        MLPRegressor(early_stopping=True).fit(X, y, X_val=X[:1], y_val=y[:1])
    with pytest.warns(UserWarning, match=r"All 9 held-out targets are \[1.0\]: R\^2 tells nothing"):
        MLPRegressor(early_stopping=True, max_iter=2).fit(X, y, X_val=X[:9], y_val=np.ones(9))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_names_are_looked_up_first(early_stopping):
    X, y = samples("binary")
    with pytest.raises(ValueError, match="'early_stopping_scoring' parameter has no 'roc_acu'.*mean 'roc_auc'"):
        network(early_stopping_scoring="roc_acu", early_stopping=early_stopping).fit(X, y)
    with pytest.raises(ValueError, match="'early_stopping_scoring' parameter must be .*metric function"):
        network(early_stopping_scoring=roc_auc_score, early_stopping=early_stopping).fit(X, y)
    with pytest.raises(ValueError, match="'accuracy' failed"):
        MLPRegressor(early_stopping=True, early_stopping_scoring="accuracy").fit(X, X[:, 0])


# Marks of an earlier call


def flipped(**changes):
    """Data of which the second half is for validation, and the same with the classes exchanged."""
    X, y = samples("binary")
    before = {"X": X[:200], "y": y[:200], "X_val": X[200:], "y_val": y[200:]}
    after = {**before, "y": 1 - y[:200], "y_val": 1 - y[200:]}
    return before, after


#: Arguments of the second fit, and whether it holds out a part by itself.
CRITERIA = {
    "other targets": ({}, False),
    "other score": ({"early_stopping_scoring": "loss"}, False),
    "other scorer": ({"early_stopping_scoring": "roc_auc"}, False),
    "a part of the data": ({}, True),
    "no early stopping": ({"early_stopping": False}, True),
}


@pytest.mark.parametrize("change", CRITERIA)
def test_another_criterion_starts_a_new_record(change):
    arguments, alone = CRITERIA[change]
    before, after = flipped()
    estimator = network(warm_start=True, max_iter=80, hidden_layer_sizes=(20,), learning_rate_init=0.02).fit(**before)
    estimator = pickle.loads(pickle.dumps(estimator))
    data = {name: part for name, part in after.items() if not (alone and "val" in name)}
    estimator.set_params(**arguments).fit(**data)
    assert estimator.n_iter_ > 12 and estimator.score(after["X_val"], after["y_val"]) > 0.7


def test_without_early_stopping_the_loss_of_other_data_is_another():
    before, after = flipped()
    arguments = {"early_stopping": False, "warm_start": True, "max_iter": 300, "learning_rate_init": 0.02}
    estimator = network(**arguments).fit(before["X"], before["y"])
    n_passes = estimator.n_iter_
    assert estimator.fit(before["X"], before["y"]).n_iter_ < n_passes  # the same data go on, as in scikit-learn
    estimator.fit(after["X"], after["y"])
    assert estimator.score(after["X"], after["y"]) > 0.7


def test_the_same_criterion_keeps_its_record():
    data, _ = flipped()
    data["X_val"], data["y_val"] = data["X_val"].copy(), data["y_val"].copy()
    estimator = network(warm_start=True, max_iter=80, learning_rate_init=0.02, n_iter_no_change=3).fit(**data)
    best, theta = estimator.best_validation_score_, estimator.coefs_[0].copy()
    assert estimator.fit(**data).n_iter_ == 1
    assert estimator.best_validation_score_ == best
    assert_array_equal(estimator.coefs_[0], theta)


def test_partial_fit_starts_a_new_record():
    before, after = flipped()
    estimator = network(n_iter_no_change=3, learning_rate_init=0.02, hidden_layer_sizes=(20,))
    for _ in range(20):
        estimator.partial_fit(**before, classes=[0, 1])
    assert estimator.best_validation_score_ > 0.7
    for _ in range(40):
        estimator.partial_fit(**after)
    assert estimator.score(after["X_val"], after["y_val"]) > 0.7


def absolute(estimator, X, y):
    return -mean_absolute_error(y, estimator.predict(X))


SCORINGS = [None, "loss", "r2", make_scorer(r2_score), make_scorer(mean_absolute_error), absolute, lambda e, X, y: 0.5]


def test_the_digest_tells_scores_and_data_apart():
    X = np.arange(6.0).reshape(3, 2)
    digests = [digest(network(early_stopping_scoring=scoring), X, X[:, :1], None) for scoring in SCORINGS]
    digests += [digest(network(), X + 1, X[:, :1], None), digest(network(), X, X[:, :1], np.ones(3))]
    assert len(set(digests)) == len(digests)
    again = [digest(network(early_stopping_scoring=scoring), X.copy(), X[:, :1], None) for scoring in SCORINGS]
    assert again == digests[: len(SCORINGS)]
    sparse = scipy.sparse.csr_matrix(X)
    before = digest(network(), sparse, X, None)
    assert sparse.has_canonical_format and digest(network(), sparse, X, None) == before
    assert digest(network(), 2 * sparse, X, None) != before
