"""Training that goes wrong: losses that are not finite, rates that have faded, features that nobody has scaled."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from samples import samples
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.pruning import MagnitudePruning
from sknn_concepts.schedules import Cosine, Exponential, OneCycle, Schedule


def said_of(act):
    """Texts of the warnings of convergence."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    return [str(one.message) for one in caught if one.category is ConvergenceWarning]


def regressor(**arguments):
    return MLPRegressor(**{"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0, **arguments})


@pytest.mark.parametrize("rate", [1e4, 1e16, 1e100, 1e300])
@pytest.mark.parametrize("arguments", [{}, {"early_stopping": True}, {"dtype": "float32"}, {"max_iter": 1}], ids=str)
def test_a_loss_that_is_not_finite_is_a_divergence(rate, arguments):
    X, y = samples("regression")
    X, y = X[:150], y[:150]  # one step a pass, whose loss only the next one would see
    network = regressor(solver="sgd", learning_rate_init=rate, **arguments)
    said = said_of(lambda: network.fit(X, y))
    assert len(said) == 1
    assert np.isfinite(np.square(network.predict(X))).all() and all(np.isfinite(w).all() for w in network.coefs_)
    if rate > 1e50:
        assert "no longer finite" in said[0] and "learning_rate_init" in said[0]
    network.set_params(early_stopping=False)
    for _ in range(3):
        said_of(lambda: network.partial_fit(X, y))
    assert np.isfinite(network.predict(X)).all()


def test_a_loss_of_validation_data_that_is_not_finite():
    X, y = samples("regression")
    network = regressor(early_stopping=True)
    assert "no longer finite" in said_of(lambda: network.fit(X, y, X_val=1e200 * X, y_val=y))[0]


def test_a_perceptron_whose_scores_overflow():
    X, y = samples("binary")
    assert any("Scale the features" in said for said in said_of(lambda: Perceptron().fit(1e200 * X, y)))


class Rates(Schedule):
    """What a user may give by mistake."""

    given: object = None

    def rates(self, initial, clock):
        return self.given


@pytest.mark.parametrize("given", [None, np.nan, -1.0, np.ones(7), "fast"], ids=str)
def test_rates_that_are_none(given):
    X, y = samples("regression")
    with pytest.raises(ValueError, match="rates of Rates must be a finite number of at least 0, or one for each of 2"):
        regressor(learning_rate=Rates(given)).fit(X[:250], y[:250])


#: Schedules that end, and one that does not.
SCHEDULES = {"cosine": True, "one_cycle": True, "constant": False}
SCHEDULES = {**{name: (name, ends) for name, ends in SCHEDULES.items()}, "faded": (Exponential(0.5), True)}
SCHEDULES |= {"own": (Rates(0.0), True), "not to zero": (Cosine(0.1), False), "from zero": (OneCycle(first=0.0), True)}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_schedule_that_is_over_says_so_once(name, dtype):
    X, y = samples("regression")
    schedule, ends = SCHEDULES[name]
    network = regressor(learning_rate=schedule, max_iter=10, dtype=dtype)
    said = said_of(lambda: [network.partial_fit(X[:150], y[:150]) for _ in range(30)])
    assert len(said) == ends
    if ends:
        assert "learning_rate=" in said[0] and "Raise max_iter" in said[0]
    network = regressor(learning_rate=schedule, max_iter=10, dtype=dtype)
    if name != "own":  # that one is over from the beginning
        assert not any("come down" in text for text in said_of(lambda: network.fit(X[:150], y[:150])))


def test_retraining_after_pruning_with_a_schedule_that_is_over():
    X, y = samples("regression")
    pruner = MagnitudePruning(sparsity=0.5, retrain_epochs=2)
    said = said_of(lambda: regressor(learning_rate="cosine", pruning=pruner).fit(X, y))
    assert any("come down" in text for text in said)
    pruner = MagnitudePruning(sparsity=0.5, retrain_epochs=2, rewind="learning_rate")
    said = said_of(lambda: regressor(learning_rate="cosine", pruning=pruner).fit(X, y))
    assert not any("come down" in text for text in said)


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_matrix])
def test_a_time_stamp_that_was_not_scaled(form):
    X, y = samples("binary")
    stamped = form(np.c_[X, 1.6e9 + 1e7 * np.random.default_rng(0).random(len(X))])
    for model in (MLPClassifier((8,), random_state=0), MLPClassifier((8,), solver="lbfgs"), Perceptron()):
        assert any("cale the features" in text for text in said_of(lambda model=model: model.fit(stamped, y)))
    assert not said_of(lambda: Perceptron(tol=0.1).fit(1e9 * X, y))  # a perceptron does not mind


def test_logistic_regression_does_not_mind_a_time_stamp():
    X, y = samples("binary")
    stamped = np.c_[X, 1.6e9 + 1e7 * np.random.default_rng(0).random(len(X))]
    assert LogisticRegression().fit(stamped, y).score(stamped, y) > LogisticRegression().fit(X, y).score(X, y) - 0.02
