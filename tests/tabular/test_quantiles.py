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


def test_edges_of_bins_are_quantiles_without_frequent_values():
    X = np.random.default_rng(0).normal(size=(200, 3))
    found = SortedColumns(X).bin_edges(8)
    np.testing.assert_array_equal(np.column_stack(found), SortedColumns(X).quantiles(np.linspace(0, 1, 9)))


@pytest.mark.parametrize("n_bins", [1, 2, 4, 16])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.99, 1.0])
def test_frequent_values_are_edges_and_the_others_fill_the_bins(n_bins, share):
    rng = np.random.default_rng(0)
    column = np.where(rng.random(1000) < share, 0.0, rng.lognormal(size=1000))
    column[:50] = 2.0
    (edges,) = SortedColumns(column[:, None]).bin_edges(n_bins)
    assert len(edges) <= n_bins + 1 and np.all(np.diff(edges) > 0)
    assert edges[0] == column.min() and edges[-1] == column.max()
    if n_bins >= 4:
        assert 0.0 in edges
    others = column[(column != 0.0) & (column != 2.0)]
    if n_bins == 16 and len(others) > 50:
        inside = np.histogram(others, edges)[0]
        assert inside.max() <= 2 * len(others) / (n_bins - 2)
