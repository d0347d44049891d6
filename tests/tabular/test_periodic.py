"""Periodic encoding: the formula, identities, reproducible frequencies, NaN."""

import pickle

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_concepts import MLPRegressor
from sknn_concepts.tabular import PeriodicEncoder


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(50, 2))


def test_by_hand():
    encoder = PeriodicEncoder(n_frequencies=2, include_input=True).fit([[0.0]])
    encoder.frequencies_ = np.array([[0.25, 0.5]])
    # angles are pi / 2 and pi
    np.testing.assert_allclose(encoder.transform([[1.0]]), [[1.0, 1.0, 0.0, 0.0, -1.0]], atol=1e-15)


def test_squares_of_sine_and_cosine_add_up_to_one(X):
    encoded = PeriodicEncoder(n_frequencies=3, random_state=0).fit_transform(X).reshape(len(X), 2, 2, 3)
    np.testing.assert_allclose((encoded**2).sum(axis=2), 1.0)


def test_a_period_changes_nothing(X):
    encoder = PeriodicEncoder(n_frequencies=1, random_state=0).fit(X)
    shifted = X + 1.0 / encoder.frequencies_.T
    np.testing.assert_allclose(encoder.transform(shifted), encoder.transform(X), atol=1e-9)


def test_frequencies_have_the_given_scale_and_seed(X):
    encoder = PeriodicEncoder(n_frequencies=2000, scale=0.3, random_state=1).fit(X)
    assert encoder.frequencies_.shape == (2, 2000)
    np.testing.assert_allclose(encoder.frequencies_.std(), 0.3, rtol=0.05)
    np.testing.assert_array_equal(PeriodicEncoder(2000, 0.3, random_state=1).fit(X).frequencies_, encoder.frequencies_)
    assert not np.array_equal(PeriodicEncoder(2000, 0.3, random_state=2).fit(X).frequencies_, encoder.frequencies_)


def test_missing_values_and_dtype(X):
    X[::5, 1] = np.nan
    encoded = PeriodicEncoder(n_frequencies=2, random_state=0).fit_transform(X.astype(np.float32))
    assert encoded.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(encoded), np.repeat(np.isnan(X), 4, axis=1))


def test_names_and_pickle(X):
    encoder = PeriodicEncoder(n_frequencies=2, include_input=True, random_state=0).fit(X)
    names = ["a", "a_sin0", "a_sin1", "a_cos0", "a_cos1", "b", "b_sin0", "b_sin1", "b_cos0", "b_cos1"]
    assert encoder.get_feature_names_out(["a", "b"]).tolist() == names
    np.testing.assert_array_equal(encoder.transform(X)[:, [0, 5]], X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(encoder)).transform(X), encoder.transform(X))


def test_it_lets_a_linear_model_oscillate():
    x = np.linspace(-2.0, 2.0, 300)[:, None]
    y = np.sin(2.0 * np.pi * x.ravel())
    linear = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=1000, alpha=0.0)
    periodic = make_pipeline(StandardScaler(), PeriodicEncoder(16, 1.0, random_state=0), linear)
    assert linear.fit(x, y).score(x, y) < 0.3
    assert periodic.fit(x, y).score(x, y) > 0.9


@pytest.mark.parametrize("parameter, value", [("n_frequencies", 0), ("scale", 0.0), ("include_input", "yes")])
def test_invalid_parameters(parameter, value):
    with pytest.raises(ValueError, match=f"'{parameter}' parameter"):
        PeriodicEncoder(**{parameter: value}).fit([[0.0]])
