"""Bounds of predictions against the predictions themselves."""

import numpy as np
import pytest
import scipy.sparse
from samples import samples

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.activations import ACTIVATIONS, Activation
from sknn_concepts.network.architecture import Architecture
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.training_samples import TrainingSamples
from sknn_concepts.training import bounds


class Cube(Activation):
    def value(self, z):
        return z**3

    def slope(self, z):
        return 3.0 * z**2


def problem(network, X):
    """Architecture, data set and parameters of a fitted network."""
    strategies = network._fitted_strategies()
    theta = network._parameters()
    architecture = Architecture(network._sizes(), strategies.activations, strategies.loss, theta.dtype)
    return architecture, make_dataset(X, np.zeros((X.shape[0], network.n_outputs_))), theta


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("activation", [name for name, one in ACTIVATIONS.items() if hasattr(one, "slope")])
def test_predictions_are_within_the_bound(activation, form):
    X, y = samples("regression")
    X = form(X)
    network = MLPRegressor(hidden_layer_sizes=(7, 5), activation=activation, max_iter=2, random_state=0).fit(X, y)
    bound = bounds.bound_predictions(*problem(network, X))
    largest = abs(network.predict(X)).max()
    assert largest <= bound < 1e6 * max(largest, 1.0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_bound_for_activations_of_your_own_and_for_huge_numbers():
    X, y = samples("regression")
    network = MLPRegressor(hidden_layer_sizes=(4,), activation=Cube(), max_iter=1, random_state=0).fit(X, y)
    assert bounds.bound_predictions(*problem(network, X)) == np.inf
    network.set_params(activation="relu").fit(X, y)
    assert bounds.bound_predictions(*problem(network, X)) < np.inf
    network.coefs_[0][0, 0] = 1e20
    assert bounds.bound_predictions(*problem(network, X)) == np.inf


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loss, passes", [("squared_error", 0), ("poisson", 1)])
def test_a_fit_ends_without_a_forward_pass_if_the_bound_suffices(loss, passes, monkeypatch):
    """The exponential of the bound overflows, that of the predictions does not."""
    X, y = samples("regression")
    calls = []
    original = TrainingSamples.has_finite_loss
    monkeypatch.setattr(bounds, "MIN_MULTIPLY_ADDS", 0)
    monkeypatch.setattr(TrainingSamples, "has_finite_loss", lambda *a: calls.append(0) or original(*a))
    MLPRegressor(loss=loss, hidden_layer_sizes=(50, 50), max_iter=1, random_state=0).fit(100.0 * X, abs(y))
    assert len(calls) == passes


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_classes(kind, monkeypatch):
    X, y = samples(kind)
    monkeypatch.setattr(bounds, "MIN_MULTIPLY_ADDS", 0)
    monkeypatch.setattr(TrainingSamples, "has_finite_loss", lambda *_: 1 / 0)
    MLPClassifier((9,), max_iter=1, random_state=0).fit(X, y)
