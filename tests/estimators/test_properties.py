"""What holds for any input: drawn by hypothesis, from all that scikit-learn lets through and from what it refuses.

``HYPOTHESIS_PROFILE=thorough`` draws other examples in each run, and many more of them.
"""

import contextlib
import copy
import decimal
import fractions
import inspect
import os
import pickle
import re
import warnings

import hypothesis
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron

hypothesis.settings.register_profile(
    "tests",
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.register_profile(
    "thorough",
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", 2_000)),
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tests"))

#: Estimators with arguments that reach different kernels; quick ones, and few, for each compiles its own.
CLASSIFIERS = [
    lambda: MLPClassifier((3,), max_iter=2, random_state=0),
    lambda: MLPClassifier((3,), max_iter=3, random_state=0, early_stopping=True, validation_fraction=0.3),
    lambda: MLPClassifier((3,), max_iter=3, random_state=0, solver="lbfgs"),
    lambda: MLPClassifier((3, 2), max_iter=2, random_state=0, solver="sgd", n_jobs=2, batch_size=7),
    lambda: LogisticRegression(max_iter=5),
    lambda: LogisticRegression(max_iter=5, solver="saga", l1_ratio=0.5, C=10.0),
    lambda: LogisticRegression(max_iter=5, activation="logistic", class_weight="balanced"),
    lambda: Perceptron(max_iter=4),
    lambda: Perceptron(max_iter=4, penalty="elasticnet", average=True, n_jobs=2),
    lambda: Perceptron(max_iter=3, loss="squared_error", activation="identity", solver="sgd"),
]
REGRESSORS = [
    lambda: MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0),
    lambda: MLPRegressor(
        hidden_layer_sizes=(3,), max_iter=3, random_state=0, early_stopping=True, validation_fraction=0.3
    ),
    lambda: MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0, solver="lbfgs"),
    lambda: MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0, solver="sgd", loss="huber", batch_size=7),
]


def strided(X):
    wide = np.zeros((2 * X.shape[0], 3 * X.shape[1]), X.dtype)
    wide[::2, ::3] = X
    return wide[::2, ::3]


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def change(X, **parts):
    X = scipy.sparse.csr_matrix(X)
    for name, form in parts.items():
        setattr(X, name, form(getattr(X, name)))
    return X


def spread(values):
    return np.repeat(values, 2)[::2]


def duplicated(X):
    X = scipy.sparse.csr_matrix(X).tocoo()
    twice = (np.repeat(X.data, 2) / 2, (np.repeat(X.row, 2), np.repeat(X.col, 2)))
    order = np.argsort(twice[1][0], kind="stable")
    data, indices = twice[0][order], twice[1][1][order]
    return scipy.sparse.csr_matrix(
        (data, indices, np.append(0, np.cumsum(2 * np.bincount(X.row, minlength=X.shape[0])))), X.shape
    )


DENSE = {
    "as it is": lambda X: X,
    "Fortran order": np.asfortranarray,
    "strided": strided,
    "backwards": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": read_only,
    "list": lambda X: X.tolist(),
    "frame": lambda X: pd.DataFrame(X).rename(columns=str),
    "nullable frame": lambda X: pd.DataFrame(X).rename(columns=str).convert_dtypes(),
    "objects": lambda X: X.astype(object),
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "subclass": lambda X: np.ma.masked_array(X),
}
SPARSE = {
    "csr_matrix": scipy.sparse.csr_matrix,
    "csr_array": scipy.sparse.csr_array,
    "csc": scipy.sparse.csc_matrix,
    "coo": scipy.sparse.coo_array,
    "lil": scipy.sparse.lil_matrix,
    "dok": scipy.sparse.dok_matrix,
    "bsr": scipy.sparse.bsr_matrix,
    "dia": scipy.sparse.dia_matrix,
    "wide indices": lambda X: change(X, indices=np.int64, indptr=np.int64),
    "strided data": lambda X: change(X, data=spread),
    "strided indices": lambda X: change(X, indices=spread, indptr=spread),
    "read-only": lambda X: change(X, data=read_only, indices=read_only, indptr=read_only),
    "big-endian": lambda X: change(X, data=lambda data: data.astype(data.dtype.newbyteorder(">"))),
    "big-endian indices": lambda X: change(
        X, indices=lambda array: array.astype(">i4"), indptr=lambda array: array.astype(">i4")
    ),
    "duplicates": duplicated,
}
FORMS = [*DENSE.values(), *SPARSE.values()]
TYPES = ["f8", "f4", "f2", "g", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"]

#: Labels of two or three classes.
LABELS = [
    lambda k: k,
    lambda k: k - 1,
    lambda k: k.astype("f4"),
    lambda k: k * 2**62 - 2**62,
    lambda k: k.astype(np.uint64) * np.uint64(2**63) if k.max() < 2 else k.astype(np.uint64),
    lambda k: k.astype(np.int8),
    lambda k: k > 0,
    lambda k: np.array(["b", "a", "ccc"])[k],
    lambda k: np.array(["b", "", "\u00e9\u4e2d"], object)[k],
    lambda k: np.array(["1", "01", "1.0"])[k],
    lambda k: k.tolist(),
    lambda k: pd.Series(k).astype("category"),
    lambda k: pd.Series(np.array(list("xyz"))[k], dtype="string"),
    lambda k: pd.Series(k, dtype="Int64"),
]
WEIGHTS = [
    lambda rng, n: None,
    lambda rng, n: rng.uniform(0.5, 2.0, n),
    lambda rng, n: rng.randint(0, 3, n) + (np.arange(n) < 4),
    lambda rng, n: np.full(n, 2.0**64),
    lambda rng, n: np.full(n, 1e-6, "f4"),
    lambda rng, n: rng.uniform(0.5, 2.0, n).tolist(),
    lambda rng, n: 3,
]
#: Targets of regression.
TARGETS = [
    lambda rng, n: rng.normal(size=n),
    lambda rng, n: rng.normal(size=n).astype("f4"),
    lambda rng, n: rng.normal(size=(n, 1))[:, 0].astype("g"),
    lambda rng, n: rng.randint(-5, 5, n),
    lambda rng, n: rng.randint(0, 5, n).astype("u1"),
    lambda rng, n: rng.normal(size=n) > 0,
    lambda rng, n: np.full(n, 7),
    lambda rng, n: rng.normal(size=(n, 3)),
    lambda rng, n: np.asfortranarray(rng.normal(size=(n, 2))),
    lambda rng, n: rng.normal(size=n).tolist(),
    lambda rng, n: pd.Series(rng.normal(size=n), dtype="Float64"),
    lambda rng, n: pd.DataFrame(rng.normal(size=(n, 2))),
    lambda rng, n: rng.normal(size=n).astype(object),
    lambda rng, n: rng.normal(size=2 * n)[::2],
]

#: Samples, targets and weights that are refused, and what the message is about.
INVALID = {
    "one dimension": (lambda X, y: (X[:, 0], y), "1D array"),
    "three dimensions": (lambda X, y: (X[:, :, None], y), "dim 3"),
    "no samples": (lambda X, y: (X[:0], y[:0]), "0 sample"),
    "no features": (lambda X, y: (X[:, :0], y), "0 feature"),
    "NaN": (lambda X, y: (np.where(X > 1, np.nan, X), y), "X contains NaN"),
    "infinity": (lambda X, y: (np.where(X > 1, np.inf, X), y), "X contains infinity"),
    "sparse NaN": (lambda X, y: (scipy.sparse.csr_matrix(np.where(X > 1, np.nan, X)), y), "X contains NaN"),
    "beyond double precision": (lambda X, y: (X.astype("g") * np.longdouble("1e4000"), y), "X contains infinity"),
    "text": (lambda X, y: (X.astype(str).astype(object) + "x", y), "could not convert string to float"),
    "bytes": (lambda X, y: (np.full(X.shape, b"x"), y), "dtype='numeric'|convert"),
    "complex": (lambda X, y: (X * 1j, y), "Complex data not supported"),
    "None": (lambda X, y: (None, y), "2D array|None"),
    "a dict": (lambda X, y: ({"a": 1}, y), "dict|array"),
    "ragged": (lambda X, y: ([[1.0], [1.0, 2.0]] * 15, y), "inhomogeneous|sequence"),
    "fewer targets": (lambda X, y: (X, y[:-1]), "inconsistent numbers of samples"),
    "no targets": (lambda X, y: (X, None), "target y is None"),
    "NaN in targets": (lambda X, y: (X, np.where(y > 0, np.nan, 0.0)), "y contains NaN"),
    "targets of three dimensions": (lambda X, y: (X, np.zeros((30, 2, 2))), "y|dim"),
    "fewer weights": (lambda X, y: (X, y, np.ones(29)), "sample_weight.shape|inconsistent"),
    "weights of two dimensions": (lambda X, y: (X, y, np.ones((30, 1))), "[Ss]ample.weight"),
    "NaN in weights": (lambda X, y: (X, y, np.full(30, np.nan)), "sample_weight contains NaN"),
    "infinite weights": (lambda X, y: (X, y, np.full(30, np.inf)), "sample_weight contains infinity"),
    "no weight": (lambda X, y: (X, y, np.zeros(30)), "weight|zero"),
    "weights that cannot be added": (lambda X, y: (X, y, np.full(30, 1e308)), "The sum of the weights overflows"),
    "text as weights": (lambda X, y: (X, y, ["a"] * 30), "could not convert string|weight"),
    "time stamps": (lambda X, y: (np.full(X.shape, np.datetime64("2020-01-01")), y), "real numbers|float|DType"),
}

#: Values that no argument, or only some, can take.
ABSURD = [
    *(None, True, False, -1, 0, 1, 2, 2**31, 2**63, 2**64, 2**70, -(2**70), 10**400, 0.5, 1.5, -0.5, 1e300, -1e300),
    *(1e-300, 5e-324, float("nan"), float("inf"), -float("inf"), "", "x", "none", "auto", "balanced", b"x", 1j),
    *([], [1], [None], ["relu"], (), (1,), (2**70,), (1e300,), {}, {0: 1}, {0: 2**70}, {0: float("nan")}, {0: -1}),
    *({"a": "b"}, set(), range(3), object(), object, "1" * 5000, np.array([1, 2]), np.array(3), np.array([]), np.nan),
    *(fractions.Fraction(1, 3), decimal.Decimal("0.5"), np.float32(0.1), np.float16(0.1), np.longdouble(0.1)),
    *(np.int64(3), np.uint8(2), np.bool_(True), np.datetime64("2020"), np.random.RandomState(0)),
]


@st.composite
def matrices(draw, forms=FORMS):
    """Samples as numbers in memory, and in some form."""
    rng = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    n, d = draw(st.integers(8, 40)), draw(st.integers(1, 5))
    form, dtype = draw(st.sampled_from(forms)), np.dtype(draw(st.sampled_from(TYPES)))
    if form in SPARSE.values() and dtype == np.float16:  # which SciPy has not
        dtype = np.dtype(np.float32)
    X = np.round(rng.normal(size=(n, d)) * 3.0, 1) * (rng.uniform(size=(n, d)) < draw(st.sampled_from([0.2, 1.0])))
    if dtype.kind in "iu?":
        X = X.round()
        X = np.abs(X) if dtype.kind != "i" else X
    return X.astype(dtype), form


def contents(thing):
    """All that can be seen of an argument."""
    if scipy.sparse.issparse(thing) and thing.format in ("csr", "csc", "coo", "bsr", "dia"):
        return pickle.dumps(
            {name: np.array(value) for name, value in vars(thing).items() if isinstance(value, np.ndarray)}
        )
    return pickle.dumps(copy.deepcopy(thing))


def check_predictions(model, X):
    """Predictions are finite, of the right shape, the same each time, and leave the model alone."""
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    predicted = model.predict(X)
    assert len(predicted) == n
    if isinstance(model, MLPRegressor):
        assert np.isfinite(predicted).all()
    else:
        assert set(predicted.tolist()) <= set(model.classes_.tolist())
    np.testing.assert_array_equal(predicted, model.predict(X))
    if hasattr(model, "predict_proba"):
        probabilities = model.predict_proba(X)
        assert probabilities.shape == (n, len(model.classes_))
        assert np.isfinite(probabilities).all() and (probabilities >= 0).all()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
    scores = model.decision_function(X) if hasattr(model, "decision_function") else 0.0
    assert not np.isnan(scores).any()  # of numbers near the largest, scores may be infinite


#: What a message about numbers that are too large or too small may blame, by what is scaled.
BLAMED = {
    "X": "X|[Ff]eature|[Ss]cal",
    "y": r"\by\b|target|[Ss]cal",
    "sample_weight": "weight",
    "all": "X|[Ff]eature|[Ss]cal|target|weight",
}


@hypothesis.given(
    matrices([DENSE["as it is"], SPARSE["csr_array"]]),
    st.sampled_from(CLASSIFIERS + REGRESSORS),
    st.sampled_from(list(BLAMED)),
    st.integers(-300, 300),
)
def test_any_scale(matrix, make, scaled, exponent):
    X, form = matrix
    X = X.astype(np.float64)
    y, weight = np.resize([0, 1], len(X)), np.ones(len(X))
    with np.errstate(over="ignore"):
        X = X * 10.0**exponent if scaled in ("X", "all") else X
        weight = weight * 10.0**exponent if scaled in ("sample_weight", "all") else weight
        if make in REGRESSORS and scaled in ("y", "all"):
            y = y * 10.0**exponent
    given = form(X)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = make()
            model.fit(given, y, **({} if scaled not in ("sample_weight", "all") else {"sample_weight": weight}))
            check_predictions(model, given)
        except ValueError as error:
            assert re.search(BLAMED[scaled], str(error)), str(error)
    for warning in caught:
        assert not issubclass(warning.category, RuntimeWarning), warning


@contextlib.contextmanager
def leaves_alone(*arguments):
    """Raise an AssertionError if an argument is changed within it, and for every warning but those of convergence."""
    before = [contents(argument) for argument in arguments]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Got `batch_size` less than 1")
        yield
    assert [contents(argument) for argument in arguments] == before


def check_like_plain(model, make, X, given, y, weight):
    """The same model comes of the same numbers in an ordinary array, or an ordinary CSR matrix."""
    half = np.float32 if hasattr(model, "coefs_") else np.float64  # linear models follow scikit-learn's
    plain = X.astype({np.dtype(np.float32): np.float32, np.dtype(np.float16): half}.get(X.dtype, np.float64))
    plain = scipy.sparse.csr_matrix(plain) if scipy.sparse.issparse(given) else plain
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = make().fit(plain, y, sample_weight=weight)
        if isinstance(model, MLPRegressor):
            np.testing.assert_allclose(model.predict(given), expected.predict(plain), rtol=1e-4, atol=1e-5)
        else:
            np.testing.assert_array_equal(model.predict(given), expected.predict(plain))


@hypothesis.given(matrices(), st.sampled_from(CLASSIFIERS), st.sampled_from(LABELS), st.sampled_from(WEIGHTS))
def test_classification_in_any_form(matrix, make, labels, weigh):
    X, form = matrix
    codes = np.resize([0, 1, 2][: 2 + (len(X) % 2)], len(X))
    given, y, weight = form(X), labels(codes), weigh(np.random.RandomState(0), len(X))
    with leaves_alone(given, y, weight):
        model = make().fit(given, y, sample_weight=weight)
        check_predictions(model, given)
    check_like_plain(model, make, X, given, y, weight)


@hypothesis.given(matrices(), st.sampled_from(REGRESSORS), st.sampled_from(TARGETS), st.sampled_from(WEIGHTS))
def test_regression_in_any_form(matrix, make, target, weigh):
    X, form = matrix
    rng = np.random.RandomState(0)
    given, y, weight = form(X), target(rng, len(X)), weigh(rng, len(X))
    with leaves_alone(given, y, weight):
        model = make().fit(given, y, sample_weight=weight)
        check_predictions(model, given)
    check_like_plain(model, make, X, given, y, weight)


@hypothesis.given(st.sampled_from(CLASSIFIERS + REGRESSORS), st.sampled_from(list(INVALID)), st.booleans())
def test_invalid_input_is_named(make, kind, fitted):
    X, y = np.random.RandomState(0).normal(size=(30, 4)), np.arange(30) % 2
    arguments, named = INVALID[kind]
    bad = arguments(X, y)
    model = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if fitted:
            model.fit(X, y)
        known = dict(vars(model))
        with pytest.raises((ValueError, TypeError), match=named):
            model.fit(*bad[:2], **dict(zip(["sample_weight"], bad[2:], strict=False)))
        assert vars(model).keys() == known.keys()
        if fitted and len(bad) == 2 and bad[1] is y and kind != "no samples":
            with pytest.raises((ValueError, TypeError), match=named):
                model.predict(bad[0])


@hypothesis.given(st.data())
def test_absurd_arguments_are_named(data):
    make = data.draw(st.sampled_from([MLPClassifier, MLPRegressor, LogisticRegression, Perceptron]))
    name = data.draw(st.sampled_from(sorted(inspect.signature(make).parameters)))
    value = data.draw(st.sampled_from(ABSURD))
    settings = {"max_iter": 3, **({"hidden_layer_sizes": (3,)} if "MLP" in make.__name__ else {}), name: value}
    X, y = np.random.RandomState(0).normal(size=(30, 4)), np.arange(30) % 2
    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        try:
            model = make(**settings).fit(X, y)
            check_predictions(model, X)
        except (ValueError, TypeError) as error:
            assert name in str(error), str(error)
