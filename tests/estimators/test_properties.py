"""What holds for any input: drawn by hypothesis, from all that scikit-learn lets through and from what it refuses.

``HYPOTHESIS_PROFILE=thorough`` draws other examples in each run, and many more of them.
"""

import copy
import os
import pickle
import re
import warnings

import hypothesis
import numpy as np
import pandas as pd
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
    "thorough", max_examples=2_000, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
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


@st.composite
def matrices(draw, forms=FORMS):
    """Samples as numbers in memory, and in some form."""
    rng = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    n, d = draw(st.integers(8, 40)), draw(st.integers(1, 5))
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    X = np.round(rng.normal(size=(n, d)) * 3.0, 1) * (rng.uniform(size=(n, d)) < draw(st.sampled_from([0.2, 1.0])))
    if dtype.kind in "iu?":
        X = X.round()
        X = np.abs(X) if dtype.kind != "i" else X
    return X.astype(dtype), draw(st.sampled_from(forms))


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
    assert np.isfinite(scores).all()


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


@hypothesis.given(matrices(), st.sampled_from(CLASSIFIERS), st.sampled_from(LABELS), st.sampled_from(WEIGHTS))
def test_classification_in_any_form(matrix, make, labels, weigh):
    X, form = matrix
    rng = np.random.RandomState(0)
    codes = np.resize([0, 1, 2][: 2 + (len(X) % 2)], len(X))
    given, y, weight = form(X), labels(codes), weigh(rng, len(X))
    before = contents(given), contents(y), contents(weight)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Got `batch_size` less than 1")
        model = make().fit(given, y, sample_weight=weight)
        check_predictions(model, given)
    assert (contents(given), contents(y), contents(weight)) == before
    plain = X.astype(np.float32 if X.dtype in (np.float32, np.float16) else np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = scipy.sparse.csr_matrix(plain) if scipy.sparse.issparse(given) else plain
        expected = make().fit(plain, y, sample_weight=weight)
        np.testing.assert_array_equal(model.predict(given), expected.predict(plain))
