"""Samples come in many forms and give one model; weights count samples."""

import time
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn.utils.class_weight
from numpy.testing import assert_allclose, assert_array_equal
from samples import ESTIMATORS, N_SAMPLES, samples, weights

import sknn_concepts
from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron, TabularClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def parameters(estimator):
    return np.concatenate([array.ravel() for array in estimator.coefs_ + estimator.intercepts_])


def fit(X, y, estimator=MLPClassifier, sample_weight=None, **arguments):
    arguments = {"hidden_layer_sizes": (6,), "max_iter": 4, "batch_size": 60, "random_state": 0, **arguments}
    return estimator(**arguments).fit(X, y, sample_weight=sample_weight)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def with_wide_indices(X):
    X = scipy.sparse.csr_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def unsorted(X):
    X = scipy.sparse.csr_matrix(X)
    for i in range(X.shape[0]):
        row = slice(X.indptr[i], X.indptr[i + 1])
        X.indices[row], X.data[row] = X.indices[row][::-1].copy(), X.data[row][::-1].copy()
    X.has_sorted_indices = False
    return X


#: Whole numbers between 0 and 7, many of them 0, in every form that an array can have.
DENSE = {
    "fortran": np.asfortranarray,
    "read-only": read_only,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "backwards": lambda X: X[::-1].copy()[::-1],
    "list": lambda X: X.tolist(),
    "frame": lambda X: pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]),
    "mixed frame": lambda X: pd.DataFrame(X).astype({0: "int8", 1: "float32", 2: "Int64"}).rename(columns=str),
    "polars": lambda X: pl.DataFrame(X),
    "object": lambda X: X.astype(object),
    "big-endian": lambda X: X.astype(">f8"),
    **{dtype: lambda X, dtype=dtype: X.astype(dtype) for dtype in ("int8", "uint8", "int32", "uint64", ">i4")},
}
SPARSE = {
    "csr_matrix": scipy.sparse.csr_matrix,
    "csr_array": scipy.sparse.csr_array,
    "csc": scipy.sparse.csc_array,
    "coo": scipy.sparse.coo_array,
    "int64 indices": with_wide_indices,
    "unsorted": unsorted,
    "bytes": lambda X: scipy.sparse.csr_array(X.astype(np.uint8)),
}


@pytest.fixture(scope="module")
def numbers():
    X = np.random.RandomState(0).poisson(1.0, (150, 9)).clip(0, 7).astype(float)
    return X, (X[:, 0] > X[:, 1]).astype(int)


@pytest.mark.filterwarnings("error")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("form", [*DENSE, *SPARSE])
def test_the_form_of_the_samples_does_not_matter(form, numbers):
    X, y = numbers
    formed = {**DENSE, **SPARSE}[form](X)
    expected, fitted = fit(X, y), fit(formed, y)
    # sparse products add up in another order
    assert_allclose(parameters(fitted), parameters(expected), rtol=0, atol=1e-13 if form in SPARSE else 0)
    assert_allclose(fitted.predict_proba(formed), expected.predict_proba(X), rtol=0, atol=1e-13)
    assert_allclose(fitted.transform(formed), expected.transform(X), rtol=0, atol=1e-13)


@pytest.mark.parametrize("make", [LogisticRegression, MLPClassifier, Perceptron, TabularClassifier])
def test_a_lazy_frame_must_be_collected(make, numbers):
    X, y = numbers
    with pytest.raises(TypeError, match=r"X is a LazyFrame.*Pass X\.collect\(\)"):
        make().fit(pl.DataFrame(X).lazy(), y)


@pytest.mark.parametrize("kind", ["bool", "float16"])
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
def test_bits_and_halves(numbers, kind, form):
    X, y = numbers
    if kind == "float16" and form is not np.asarray:
        pytest.skip("SciPy has no sparse matrix of halves")
    X = (X > 0).astype(kind)
    expected = fit(X.astype(np.float32 if kind == "float16" else np.float64), y)
    assert_allclose(parameters(fit(form(X), y)), parameters(expected), rtol=0, atol=1e-13)


def test_frames_have_names(numbers):
    X, y = numbers
    frame = DENSE["frame"](X)
    fitted = fit(frame, y)
    assert_array_equal(fitted.feature_names_in_, frame.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame.rename(columns={"x0": "z"}))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        fitted.predict(X)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
def test_single_precision_from_end_to_end(kind, solver, form):
    X, y = samples(kind)
    X = form(X.astype(np.float32))
    fitted = fit(X, y, getattr(sknn_concepts, ESTIMATORS[kind]), solver=solver, hidden_layer_sizes=(6, 4))
    assert {array.dtype for array in fitted.coefs_ + fitted.intercepts_} == {np.dtype(np.float32)}
    outputs = [fitted.predict_proba(X)] if hasattr(fitted, "predict_proba") else [fitted.predict(X)]
    for output in (fitted.transform(X), *outputs):
        assert output.dtype == np.float32 and np.isfinite(output).all()
    assert np.isfinite(fitted.loss_)
    twice = fit(X.astype(np.float64), y, type(fitted), solver=solver, hidden_layer_sizes=(6, 4))
    assert_allclose(parameters(fitted), parameters(twice), rtol=0, atol=2e-3)


@pytest.mark.parametrize("dtype", ["float32", np.float32, "float64", np.dtype("float64")])
def test_dtype_is_a_choice(numbers, dtype):
    X, y = numbers
    for samples_dtype in ("float32", "float64", "int16"):
        assert fit(X.astype(samples_dtype), y, dtype=dtype).coefs_[0].dtype == dtype


def growth(train):
    """Most memory that a call held at once, in bytes, compiled kernels being there already."""
    train()
    tracemalloc.start()
    train()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_memory_map_is_read_batch_by_batch(tmp_path, dtype, early_stopping):
    shape = (12000, 800)
    X = np.memmap(tmp_path / "samples", dtype, "w+", shape=shape)
    X[:] = np.random.RandomState(0).randint(0, 10, shape)
    y = X[:, 0] > X[:, 1]
    X = np.memmap(tmp_path / "samples", dtype, "r", shape=shape)
    arguments = {"max_iter": 1, "batch_size": 50, "early_stopping": early_stopping}
    fitted = fit(X, y, **arguments)
    a_byte_each = shape[0] * shape[1]
    assert growth(lambda: fit(X, y, **arguments)) < 0.5 * a_byte_each
    assert growth(lambda: fitted.predict(X)) < 0.5 * a_byte_each


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_samples_are_never_densified(solver):
    n, n_features, rng = 1000, 1_000_000, np.random.RandomState(0)
    X = scipy.sparse.csr_array((rng.rand(10 * n), rng.randint(0, n_features, 10 * n), 10 * np.arange(n + 1)))
    X.resize((n, n_features))
    y = rng.randint(0, 2, n)
    start = time.perf_counter()
    fitted = fit(X, y, hidden_layer_sizes=(1,), solver=solver, max_iter=2, batch_size=500, initializer="normal")
    predicted = fitted.predict(X)
    assert time.perf_counter() - start < 30  # dense it would be 8 GB
    assert predicted.shape == (n,)


#: Losses of each task, and the target that they are tried on.
LOSSES = {
    **dict.fromkeys(["log_loss", "focal", "squared_hinge", "squared_error"], "multiclass"),
    **dict.fromkeys(["huber", "quantile", "absolute_error"], "multioutput"),
    "poisson": "counts",
}


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("loss", LOSSES)
def test_weights_count_samples(loss, solver):
    """A weight of 2 is the sample twice, and a weight of 0 none of it: the whole data in one batch."""
    X, y = samples(LOSSES[loss])
    counts = weights().astype(int)
    assert counts.min() == 0
    estimator = MLPClassifier if LOSSES[loss] == "multiclass" else MLPRegressor
    arguments = {"batch_size": "auto" if solver == "lbfgs" else N_SAMPLES, "solver": solver, "activation": "tanh"}
    arguments |= {"alpha": 0.5, "l1_ratio": 0.2, "shuffle": False, "loss": loss, "max_grad_norm": None}
    repeated = X.repeat(counts, axis=0), y.repeat(counts, axis=0)
    weighted = fit(X, y, estimator, sample_weight=counts, **arguments)
    once = fit(*repeated, estimator, **{**arguments, "batch_size": "auto" if solver == "lbfgs" else len(repeated[0])})
    assert_allclose(parameters(weighted), parameters(once), rtol=0, atol=1e-12)
    assert weighted.loss_ == pytest.approx(once.loss_, rel=1e-12)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 0.5, 2: 1.0, 3: 3.0}], ids=str)
def test_class_weights_are_sample_weights(class_weight):
    X, y = samples("multiclass")
    X, y = X[y != 1][:200], y[y != 1][:200]
    class_weight = class_weight if isinstance(class_weight, str) else {0: 2.0, 2: 0.5, 3: 3.0}
    of_samples = sklearn.utils.class_weight.compute_sample_weight(class_weight, y)
    own = np.random.RandomState(0).randint(1, 3, len(y))
    expected = fit(X, y, sample_weight=of_samples)
    assert_array_equal(parameters(fit(X, y, class_weight=class_weight)), parameters(expected))
    if class_weight == "balanced":
        of_samples = sklearn.utils.class_weight.compute_sample_weight("balanced", y.repeat(own))[np.cumsum(own) - 1]
    expected = fit(X, y, sample_weight=of_samples * own)
    assert_allclose(
        parameters(fit(X, y, sample_weight=own, class_weight=class_weight)), parameters(expected), rtol=1e-9
    )


def test_class_weights_of_labels():
    X, y = samples("multilabel")
    by_label = [{0: 1.0, 1: 2.0 + label} for label in range(4)]
    expected = np.prod([np.where(y[:, label], 2.0 + label, 1.0) for label in range(4)], axis=0)
    assert_allclose(parameters(fit(X, y, class_weight=by_label)), parameters(fit(X, y, sample_weight=expected)))


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_samples_without_weight_are_as_if_they_were_not_there(solver):
    """Also where they fill whole batches: such a batch makes no step."""
    X, y = samples("regression")
    present = np.arange(N_SAMPLES) >= 120
    arguments = {"solver": solver, "shuffle": False, "batch_size": 60, "alpha": 0.3}
    weighted = fit(X, y, MLPRegressor, sample_weight=present.astype(float), **arguments)
    without = fit(X[present], y[present], MLPRegressor, **arguments)
    if solver != "adam":  # whose count of steps goes on
        assert_allclose(parameters(weighted), parameters(without), rtol=0, atol=1e-12)
        assert weighted.loss_ == pytest.approx(without.loss_, rel=1e-12)
    assert np.isfinite(parameters(weighted)).all()


@pytest.mark.parametrize("solver", ["perceptron", "adam"])
def test_weights_of_samples_and_classes_that_overflow_are_named(solver):
    loss = {} if solver == "perceptron" else {"loss": "log_loss", "activation": "logistic"}
    X, y = np.random.RandomState(0).normal(size=(30, 3)), np.arange(30) % 3
    for x, w, of_classes in (
        (X, np.full(30, 1e308), None),
        (X, np.full(30, 1e200), {0: 1e200, 1: 1.0, 2: 1.0}),
        (X.astype("f4"), np.full(30, 1e200), None),
    ):
        with pytest.raises(ValueError, match="The sum of the weights overflows.*sample_weight down"):
            Perceptron(solver=solver, class_weight=of_classes, **loss).fit(x, y, sample_weight=w)
