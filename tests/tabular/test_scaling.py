"""Scaling: the formulas by hand, twins of scikit-learn, NaN, constants, outliers, dtypes."""

import pickle

import numpy as np
import pytest
from scipy.special import ndtri
from sklearn import clone
from sklearn.preprocessing import QuantileTransformer, RobustScaler

from sknn_concepts.tabular import NormalScoreScaler, RobustClipScaler


@pytest.fixture
def X(rng):
    X = np.exp(rng.normal(size=(200, 4)))
    X[rng.random(X.shape) < 0.1] = np.nan
    return X


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_robust_clip_by_hand():
    scaler = RobustClipScaler().fit([[0.0], [1.0], [2.0], [3.0], [4.0]])
    assert (scaler.center_, scaler.scale_) == (2.0, 2.0)
    # z = (8 - 2) / 2 = 3, which is the bound: 3 / sqrt(1 + 1)
    np.testing.assert_allclose(scaler.transform([[8.0], [2.0], [-4.0]]).ravel(), [3 / 2**0.5, 0.0, -3 / 2**0.5])
    np.testing.assert_allclose(scaler.set_params(clip=4.0).transform([[8.0]]), 3 / (1 + 9 / 16) ** 0.5)


def test_without_clip_it_is_scikit_learns(X):
    expected = RobustScaler().fit_transform(X)
    np.testing.assert_allclose(RobustClipScaler(clip=None).fit_transform(X), expected, rtol=1e-12)


def test_half_the_range_replaces_equal_quartiles():
    X = np.array([[0.0]] * 9 + [[8.0]])
    np.testing.assert_array_equal(RobustClipScaler(clip=None).fit_transform(X), X / 4.0)


@pytest.mark.parametrize("scaler", [RobustClipScaler(), NormalScoreScaler()])
def test_constant_columns_become_zero_and_missing_ones_remain_missing(scaler):
    X = np.column_stack([np.full(6, 0.1), np.full(6, np.nan), [0.1, np.nan, 0.1, np.nan, 0.1, 0.1]])
    scaled = scaler.fit_transform(X)
    np.testing.assert_allclose(scaled[:, 0], 0.0, atol=1e-15)
    assert np.isnan(scaled[:, 1]).all()
    np.testing.assert_array_equal(np.isnan(scaled[:, 2]), np.isnan(X[:, 2]))


@pytest.mark.parametrize("dtype, outlier", [(np.float32, 1e30), (np.float64, 1e200)])
def test_an_outlier_is_clipped_whose_square_overflows(dtype, outlier):
    scaler = RobustClipScaler().fit(np.arange(5, dtype=dtype)[:, None])
    np.testing.assert_allclose(scaler.transform(np.array([[outlier], [-outlier]], dtype=dtype)).ravel(), [3.0, -3.0])


@pytest.mark.parametrize("scaler", [RobustClipScaler(), NormalScoreScaler()])
def test_scaling_keeps_the_order_and_the_dtype(scaler, X):
    scaled = scaler.fit_transform(X.astype(np.float32))
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, scaler.fit_transform(X), atol=1e-4)
    for before, after in zip(X.T, scaled.T, strict=True):
        assert (np.diff(after[np.argsort(before)][: np.isfinite(before).sum()]) >= 0.0).all()


def test_normal_scores_are_scikit_learns(X):
    expected = QuantileTransformer(n_quantiles=10, output_distribution="normal").fit_transform(X)
    np.testing.assert_allclose(NormalScoreScaler().fit_transform(X), expected, atol=1e-9)


def test_normal_scores_by_hand():
    scaler = NormalScoreScaler().fit(np.arange(5.0)[:, None])
    np.testing.assert_allclose(scaler.transform([[1.0], [1.5], [9.0]]).ravel(), ndtri([0.25, 0.375, 1 - 1e-7]))


def test_equal_values_get_the_middle_of_their_ranks():
    X = np.array([[0.0]] * 6 + [[1.0]] * 2 + [[2.0]] * 2)
    # the quantiles are the values themselves: the first six at 0 to 5 / 9, and so on
    expected = ndtri([2.5 / 9] * 6 + [6.5 / 9] * 2 + [8.5 / 9] * 2)
    np.testing.assert_allclose(NormalScoreScaler().fit_transform(X).ravel(), expected)
    between = QuantileTransformer(n_quantiles=10, output_distribution="normal").fit(X).transform([[1.5]])
    np.testing.assert_allclose(NormalScoreScaler().fit(X).transform([[1.5]]), between)


@pytest.mark.parametrize("X", [[[7.0]], [[7.0], [7.0], [7.0]]])
def test_a_constant_scores_zero(X):
    np.testing.assert_allclose(NormalScoreScaler().fit_transform(X), 0.0, atol=1e-15)


@pytest.mark.parametrize("scaler", [RobustClipScaler(clip=2.0), NormalScoreScaler()])
def test_copies_scale_alike(scaler, X):
    expected = scaler.fit_transform(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(scaler)).transform(X), expected)
    np.testing.assert_array_equal(clone(scaler).fit(X).transform(X), expected)


@pytest.mark.parametrize("clip", [0.0, -1.0, np.inf, "3"])
def test_invalid_clip(clip):
    with pytest.raises(ValueError, match="'clip' parameter"):
        RobustClipScaler(clip=clip).fit([[0.0], [1.0]])
