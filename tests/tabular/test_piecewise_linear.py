"""Piecewise-linear encoding: the formula, identities, merged edges, NaN."""

import pickle

import numpy as np
import pytest
from sklearn import clone
from sklearn.pipeline import make_pipeline

from sknn_concepts import MLPClassifier
from sknn_concepts.tabular import PiecewiseLinearEncoder


def naive(x, edges):
    """Equation 1 of Gorishniy et al. (2022), number by number."""
    last = len(edges) - 1
    encoded = []
    for t in range(1, last + 1):
        if x < edges[t - 1] and t > 1:
            encoded.append(0.0)
        elif x >= edges[t] and t < last:
            encoded.append(1.0)
        else:
            encoded.append((x - edges[t - 1]) / (edges[t] - edges[t - 1]))
    return encoded


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(100, 3)) ** 3


def test_by_hand():
    encoder = PiecewiseLinearEncoder(n_bins=2).fit([[0.0], [1.0], [5.0]])
    np.testing.assert_array_equal(encoder.bin_edges_[0], [0.0, 1.0, 5.0])
    encoded = encoder.transform([[-1.0], [0.25], [1.0], [3.0], [7.0]])
    np.testing.assert_allclose(encoded, [[0, 0], [0.25, 0], [1, 0], [1, 0.5], [1, 1]])
    encoded = encoder.set_params(extrapolate=True).transform([[-1.0], [7.0]])
    np.testing.assert_allclose(encoded, [[-1, 0], [1, 1.5]])


def test_the_equation(X):
    encoder = PiecewiseLinearEncoder(n_bins=7, extrapolate=True).fit(X)
    Z = np.vstack([X, 2.0 * X])
    expected = [[one for x, edges in zip(row, encoder.bin_edges_, strict=True) for one in naive(x, edges)] for row in Z]
    np.testing.assert_allclose(encoder.transform(Z), expected, atol=1e-12)
    np.testing.assert_allclose(encoder.set_params(extrapolate=False).transform(Z), np.clip(expected, 0, 1), atol=1e-12)


def test_the_outputs_add_up_to_the_number(X):
    encoder = PiecewiseLinearEncoder(n_bins=5).fit(X)
    widths = np.concatenate([np.diff(edges) for edges in encoder.bin_edges_])
    sums = (encoder.transform(X) * widths).reshape(len(X), 3, 5).sum(axis=2)
    np.testing.assert_allclose(sums + X.min(axis=0), X, atol=1e-12)


def test_frequent_values_leave_the_other_bins_to_the_rest_and_constants_become_zero():
    X = np.column_stack([[0.0] * 6 + [1.0, 2.0, 5.0, 9.0], np.full(10, 3.0), np.full(10, np.nan)])
    encoder = PiecewiseLinearEncoder(n_bins=4).fit(X)
    assert encoder.bin_edges_[0].tolist() == [0.0, 1.0, 2.0, 5.0, 9.0]
    encoded = encoder.transform(X)
    np.testing.assert_array_equal(encoded[:, -2], 0.0)
    assert np.isnan(encoded[:, -1]).all()
    assert encoder.get_feature_names_out()[-2:].tolist() == ["x1_bin0", "x2_bin0"]


def test_edges_too_close_for_a_slope_are_merged():
    X = np.array([[0.0], [1e-310], [1.0]])
    np.testing.assert_array_equal(PiecewiseLinearEncoder(n_bins=2).fit_transform(X), X)


def test_missing_values_remain_missing_in_all_outputs(X):
    X[::3, 1] = np.nan
    encoder = PiecewiseLinearEncoder(n_bins=4).fit(X)
    encoded = encoder.transform(X).reshape(len(X), 3, 4)
    assert np.isnan(encoded[::3, 1]).all()
    assert np.isnan(encoded).sum() == 4 * np.isnan(X).sum()
    without = PiecewiseLinearEncoder(n_bins=4).fit(X[~np.isnan(X[:, 1])])
    np.testing.assert_array_equal(encoder.bin_edges_[1], without.bin_edges_[1])


def test_float32_remains_float32(X):
    encoded = PiecewiseLinearEncoder().fit_transform(X.astype(np.float32))
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded, PiecewiseLinearEncoder().fit_transform(X), atol=1e-4)


def test_copies_and_names(X):
    encoder = PiecewiseLinearEncoder(n_bins=2).fit(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(encoder)).transform(X), encoder.transform(X))
    np.testing.assert_array_equal(clone(encoder).fit_transform(X), encoder.transform(X))
    assert encoder.get_feature_names_out(["a", "b", "c"]).tolist()[:3] == ["a_bin0", "a_bin1", "b_bin0"]


def test_it_lets_a_linear_model_bend():
    x = np.linspace(-2.0, 2.0, 400)[:, None]
    y = np.abs(x.ravel()) > 1.0
    linear = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", max_iter=300)
    assert linear.fit(x, y).score(x, y) < 0.8
    assert make_pipeline(PiecewiseLinearEncoder(8), linear).fit(x, y).score(x, y) > 0.97


@pytest.mark.parametrize("n_bins", [0, 2.0])
def test_invalid_number_of_bins(n_bins):
    with pytest.raises(ValueError, match="'n_bins' parameter"):
        PiecewiseLinearEncoder(n_bins=n_bins).fit([[0.0], [1.0]])
