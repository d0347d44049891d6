"""Quantiles of columns, against NumPy's."""

import numpy as np
import pytest

from sknn_concepts.tabular.quantiles import SortedColumns

SHARES = [0.0, 0.1, 0.25, 0.5, 0.77, 1.0]


@pytest.mark.parametrize("rows", [1, 2, 3, 50])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_quantiles_without_missing_values_are_numpys(rows, dtype):
    X = np.random.default_rng(rows).normal(size=(rows, 6)).astype(dtype)
    X[:, 3] = np.round(X[:, 3])
    X[rows // 2 :, 4] = np.nan
    X[0, 4] = 7.0
    columns = SortedColumns(X)
    np.testing.assert_allclose(columns.quantiles(SHARES), np.nanquantile(X.astype(float), SHARES, axis=0), rtol=1e-12)
    np.testing.assert_array_equal(columns.counts, np.isfinite(X).sum(axis=0))


@pytest.mark.parametrize("rows", range(2, 60))
def test_as_many_quantiles_as_values_are_the_values(rows):
    X = np.random.default_rng(rows).normal(size=(rows, 1))
    np.testing.assert_array_equal(SortedColumns(X).quantiles(np.linspace(0.0, 1.0, rows)), np.sort(X, axis=0))


def test_a_column_without_values_has_no_quantiles():
    X = np.column_stack([[np.nan, np.nan], [1.0, 3.0]])
    np.testing.assert_array_equal(SortedColumns(X).quantiles([0.0, 0.5]), [[np.nan, 1.0], [np.nan, 2.0]])


def test_more_than_two_values():
    X = np.array(
        [[1, 1, 1, np.nan, np.nan], [1, 2, 2, 2, np.nan], [1, 1, 3, 1, np.nan], [1, 1, 1, 2, np.nan]], dtype=float
    )
    np.testing.assert_array_equal(SortedColumns(X).have_more_than_two_values(), [False, False, True, False, False])
