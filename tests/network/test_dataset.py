"""Samples of every type and layout, gathered batch by batch and multiplied as they are."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sknn_concepts.jit.dispatch import DispatchTable
from sknn_concepts.network.dataset import gather_dense, gather_targets, is_sparse, make_dataset, weigh
from sknn_concepts.network.kernel_table import ENTRIES, call_gather, call_gradient, call_product, call_weigh
from sknn_concepts.network.sparse import csr_gradient, csr_product

ROWS = np.array([7, 0, 3, 3, 29])
DTYPES = ["f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"]


def product(table, rows, w, out):
    call_product(table.calls, 0, rows, out, w.ravel(), out, False, 0)


def gradient(table, rows, delta, out, add):
    call_gradient(table.calls, 0, rows, delta, out.reshape(out.size), delta, add, 0)


def bound(dataset, dtype):
    """Table of a network of a dtype whose kernels read a data set."""
    table = DispatchTable(ENTRIES, dtype)
    table.bind(call_gather, gather_targets if is_sparse(dataset) else gather_dense, dataset)
    table.bind(call_weigh, weigh, dataset)
    if is_sparse(dataset):
        table.bind(call_product, csr_product, dataset)
        table.bind(call_gradient, csr_gradient, dataset)
    return table


def numbers(dtype, n_columns=5):
    return np.random.RandomState(0).randint(0, 2 if dtype == "?" else 100, (30, n_columns)).astype(dtype)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "backwards": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": read_only,
}


def gathered(dataset, dtype, n_columns, n_outputs):
    table = bound(dataset, dtype)
    x, y = np.full((5, n_columns), np.nan, dtype), np.full((5, n_outputs), np.nan, dtype)
    weights = np.full(9, np.nan, dtype)
    call_gather(table.calls, ROWS, x, y, weights)
    return call_weigh(table.calls, ROWS), x, y, weights


# not all of all: each case is a compilation
CASES = [*(("C", kind, "float64") for kind in DTYPES), *((layout, "f4", "float32") for layout in LAYOUTS)]


@pytest.mark.parametrize(("layout", "kind", "dtype"), [*CASES, ("F", "u1", "float64"), ("C", "i8", "float32")])
def test_rows_are_gathered_and_cast(layout, kind, dtype):
    X, Y, weights = numbers(kind), numbers("f8", 2), np.arange(30.0) / 8
    total, x, y, w = gathered(make_dataset(LAYOUTS[layout](X), Y, weights), dtype, 5, 2)
    assert total == weights[ROWS].sum()
    for found, expected in ((x, X[ROWS]), (y, Y[ROWS]), (w[:5], weights[ROWS])):
        assert found.dtype == dtype
        assert_array_equal(found, expected.astype(dtype))
    assert np.isnan(w[5:]).all()


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
def test_targets_and_weights_may_be_missing(form):
    X = form(numbers("f8"))
    dataset = make_dataset(X)
    assert is_sparse(dataset) == (form is not np.asarray)
    total, _, y, weights = gathered(dataset, "float64", 0 if is_sparse(dataset) else 5, 2)
    assert total == 5.0 and np.isnan(y).all() and np.isnan(weights).all()
    total, _, y, _ = gathered(make_dataset(X, numbers("?", 2)), "float64", 0 if is_sparse(dataset) else 5, 2)
    assert total == 5.0
    assert_array_equal(y, numbers("?", 2)[ROWS])


def sparse(kind, index):
    X = scipy.sparse.csr_array(numbers(kind) * (numbers("f8") % 3 == 0).astype(kind))
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    assert X.nnz > 0 and min(np.diff(X.indptr)) == 0  # an empty row too
    return X


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kind", "index"), [("f8", "i4"), ("f8", "i8"), ("f4", "i4"), ("u1", "i4"), ("?", "i8")])
def test_sparse_products(kind, index, dtype):
    X, rng = sparse(kind, index), np.random.RandomState(1)
    dense = X.toarray().astype(dtype)[ROWS]
    table = bound(make_dataset(X), dtype)
    w, out = rng.normal(size=(5, 3)).astype(dtype), np.full((5, 3), np.nan, dtype)
    product(table, ROWS, w, out)
    rounding = {"rtol": 1e-5 if dtype == "float32" else 1e-13, "atol": 1e-3 if dtype == "float32" else 1e-12}
    assert_allclose(out, dense @ w, **rounding)
    delta, out = rng.normal(size=(5, 3)).astype(dtype), np.full((5, 3), np.nan, dtype)
    gradient(table, ROWS, delta, out, False)
    assert_allclose(out, dense.T @ delta, **rounding)
    gradient(table, ROWS, delta, out, True)
    assert_allclose(out, 2 * dense.T @ delta, **rounding)


def test_entries_that_are_stored_twice_add_up():
    X = scipy.sparse.csr_array((np.array([1.0, 2.0, 4.0]), np.array([1, 1, 0]), np.array([0, 3])), shape=(1, 3))
    table = bound(make_dataset(X), "float64")
    out = np.empty((1, 2))
    product(table, np.array([0]), np.arange(6.0).reshape(3, 2), out)
    assert_array_equal(out, X.toarray() @ np.arange(6.0).reshape(3, 2))
