"""LogisticRegression: the same minimum as scikit-learn's, for every solver, penalty and kind of array."""

import copy
import functools
import pickle
import re
import threading
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import sklearn.linear_model
import threadpoolctl
from numpy.testing import assert_allclose
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils import get_tags

from sknn_concepts.estimators.logistic import LogisticRegression
from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.perceptron import Perceptron
from sknn_concepts.linear.objective import LogisticObjective
from sknn_concepts.losses import LogLoss
from sknn_concepts.optimizers import Adam
from sknn_concepts.pruning import MagnitudePruning

L2 = ["lbfgs", "newton-cg", "newton-cholesky", "sag", "saga", "auto"]
TIGHT = {"tol": 1e-10, "max_iter": 5000}


@functools.cache
def data(n_classes=2, n=200, p=10):
    """Samples whose features differ in scale and are correlated, labels, and weights, some of them zero."""
    X, codes = make_classification(
        n, p, n_informative=p // 2, n_redundant=2, n_classes=n_classes, flip_y=0.1, random_state=n_classes
    )
    rng = np.random.RandomState(0)
    X = X * rng.choice([0.1, 1.0, 10.0], p) + rng.standard_normal(p)
    labels = np.array(["red", "green", "blue", "white"])[codes]
    return X, labels, rng.randint(0, 4, n).astype(float)


def objective(model, X, y, *, C, l1_ratio=0.0, sample_weight=None, intercept_scaling=np.inf):
    """What scikit-learn documents; liblinear penalizes the intercept divided by `intercept_scaling`."""
    X = X.toarray() if sp.issparse(X) else X
    w, b = np.atleast_2d(model.coef_).astype(float), np.atleast_1d(model.intercept_).astype(float)
    raw = X @ w.T + b
    raw = np.column_stack([np.zeros(len(X)), raw]) if len(model.classes_) == 2 else raw
    losses = logsumexp(raw, axis=1) - raw[np.arange(len(X)), np.searchsorted(model.classes_, y)]
    total = losses.sum() if sample_weight is None else sample_weight @ losses
    if np.isinf(C):
        return total
    w = np.append(w, b / intercept_scaling)
    return C * total + (1 - l1_ratio) / 2 * np.sum(w**2) + l1_ratio * np.sum(np.abs(w))


@functools.cache
def best_of_scikit_learn(n_classes, C, l1_ratio, weighted, fit_intercept, liblinear=False):
    """The lowest objective that scikit-learn's solvers reach at a tight tolerance."""
    X, y, weights = data(n_classes)
    weights = weights if weighted else None
    scale = 2.0 if liblinear and fit_intercept else np.inf
    options = {"C": C, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept, "max_iter": 20_000}
    if liblinear:
        solvers = {"liblinear": {"tol": 1e-12, "intercept_scaling": 2.0}}
    elif l1_ratio == 0.0:
        solvers = {"newton-cholesky": {"tol": 1e-12}, "lbfgs": {"tol": 1e-10}}
    else:
        solvers = {"saga": {"tol": 1e-10, "random_state": 0}}
    values = []
    for solver, more in solvers.items():
        model = sklearn.linear_model.LogisticRegression(solver=solver, **options, **more)
        # threads of BLAS wait for each other wherever something else needs the cores
        with warnings.catch_warnings(), threadpoolctl.threadpool_limits(1):
            warnings.simplefilter("ignore")
            model.fit(X, y, weights)
        values.append(objective(model, X, y, C=C, l1_ratio=l1_ratio, sample_weight=weights, intercept_scaling=scale))
    return min(values)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    ("solver", "C", "l1_ratio"),
    [(solver, C, 0.0) for solver in L2 for C in (0.3, np.inf)]
    + [(solver, 0.1, l1_ratio) for solver in ("saga", "auto") for l1_ratio in (0.5, 1.0)],
)
def test_the_objective_is_no_higher_than_that_of_scikit_learn(
    solver, C, l1_ratio, sparse, n_classes, weighted, fit_intercept
):
    X, y, weights = data(n_classes)
    weights = weights if weighted else None
    model = LogisticRegression(solver=solver, C=C, l1_ratio=l1_ratio, fit_intercept=fit_intercept, **TIGHT)
    model.fit(sp.csr_matrix(X) if sparse else X, y, weights)
    reached = objective(model, X, y, C=C, l1_ratio=l1_ratio, sample_weight=weights)
    best = best_of_scikit_learn(n_classes, C, l1_ratio, weighted, fit_intercept)
    assert reached <= best * (1 + 1e-10)
    assert fit_intercept or not model.intercept_.any()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("l1_ratio", "dual"), [(0.0, False), (0.0, True), (1.0, False)])
def test_liblinear_penalizes_the_intercept(l1_ratio, dual, sparse, fit_intercept):
    X, y, weights = data(2)
    model = LogisticRegression(
        solver="liblinear",
        C=0.3,
        l1_ratio=l1_ratio,
        dual=dual,
        intercept_scaling=2.0,
        fit_intercept=fit_intercept,
        **TIGHT,
    )
    model.fit(sp.csr_matrix(X) if sparse else X, y, weights)
    scale = 2.0 if fit_intercept else np.inf
    reached = objective(model, X, y, C=0.3, l1_ratio=l1_ratio, sample_weight=weights, intercept_scaling=scale)
    assert reached <= best_of_scikit_learn(2, 0.3, l1_ratio, True, fit_intercept, liblinear=True) * (1 + 1e-10)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("solver", L2)
def test_default_tolerance_is_enough(solver, n_classes):
    X, y, _ = data(n_classes)
    ours = LogisticRegression(solver=solver).fit(X, y)
    best = LogisticRegression(solver=solver, **TIGHT).fit(X, y)
    assert objective(ours, X, y, C=1.0) <= objective(best, X, y, C=1.0) * (1 + 1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), best.predict_proba(X), atol=2e-3)


@pytest.mark.parametrize("solver", ["lbfgs", "saga", "liblinear"])
def test_logistic_activation_is_one_against_the_rest(solver):
    X, y, weights = data(3)
    l1_ratio = float(solver == "liblinear")
    options = {"solver": solver, "C": 0.5, "l1_ratio": l1_ratio}
    ours = LogisticRegression(activation="logistic", **options, **TIGHT).fit(X, y, weights)
    assert ours.n_iter_.shape == (3,)
    single = LogisticRegression(**options, **TIGHT)
    for k, label in enumerate(ours.classes_):
        single.fit(X, y == label, weights)
        np.testing.assert_allclose(ours.coef_[k : k + 1], single.coef_, atol=1e-6)
        np.testing.assert_allclose(ours.intercept_[k], single.intercept_[0], atol=1e-6)
    theirs = OneVsRestClassifier(single).fit(X, y)
    ours.fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(np.exp(ours.predict_log_proba(X)), ours.predict_proba(X), rtol=1e-10)
    assert np.array_equal(ours.predict(X), theirs.predict(X))


def test_two_classes_know_one_activation():
    X, y, _ = data(2)
    softmax, logistic = (LogisticRegression(activation=name).fit(X, y) for name in ("softmax", "logistic"))
    np.testing.assert_array_equal(softmax.coef_, logistic.coef_)


def kinds_of_arrays(X, folder):
    yield "C", X
    yield "F", np.asfortranarray(X)
    yield "strided", np.repeat(X, 2, axis=1)[:, ::2]
    read_only = X.copy()
    read_only.flags.writeable = False
    yield "read-only", read_only
    np.save(folder / "X.npy", X)
    yield "memmap", np.load(folder / "X.npy", mmap_mode="r")
    yield "pandas", pd.DataFrame(X)
    yield "polars", pl.DataFrame(X)
    for name in ("csr_matrix", "csc_matrix", "coo_matrix", "csr_array", "csc_array"):
        yield name, getattr(sp, name)(X)
    long = sp.csr_matrix(X)
    long.indices, long.indptr = long.indices.astype(np.int64), long.indptr.astype(np.int64)
    yield "csr with 64 bits", long
    frozen = sp.csr_array(X)
    for array in (frozen.data, frozen.indices, frozen.indptr):
        array.flags.writeable = False
    yield "read-only csr", frozen
    half = sp.csr_matrix(X)
    half.data /= 2
    doubled = sp.csr_matrix((np.repeat(half.data, 2), np.repeat(half.indices, 2), half.indptr * 2), X.shape)
    yield "csr with duplicates", doubled


@pytest.mark.parametrize(("solver", "l1_ratio"), [("lbfgs", 0.0), ("newton-cholesky", 0.0), ("saga", 1.0)])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_every_kind_of_array_gives_the_same_model(tmp_path, solver, l1_ratio, n_classes):
    X, y, weights = data(n_classes)
    X = X * (np.abs(X) > 0.3)
    model = LogisticRegression(solver=solver, l1_ratio=l1_ratio, C=0.5, **TIGHT)
    expected = clone(model).fit(X, y, weights)
    for name, array in kinds_of_arrays(X, tmp_path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # frames have names, arrays do not
            fitted = clone(model).fit(array, y, weights)
            np.testing.assert_allclose(fitted.coef_, expected.coef_, atol=1e-6, err_msg=name)
            np.testing.assert_allclose(fitted.predict_proba(array), expected.predict_proba(X), atol=1e-6, err_msg=name)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(("solver", "l1_ratio"), [("lbfgs", 0.0), ("auto", 0.0), ("newton-cg", 0.0), ("saga", 0.7)])
def test_float32_stays_float32(solver, l1_ratio, n_classes, sparse):
    X, y, _ = data(n_classes)
    single = X.astype(np.float32)
    options = {"solver": solver, "l1_ratio": l1_ratio, "C": 0.3}
    model = LogisticRegression(**options).fit(sp.csr_matrix(single) if sparse else single, y)
    double = LogisticRegression(**options, **TIGHT).fit(single.astype(float), y)
    assert model.coef_.dtype == model.intercept_.dtype == model.predict_proba(single).dtype == np.float32
    values = [objective(m, single.astype(float), y, C=0.3, l1_ratio=l1_ratio) for m in (model, double)]
    assert values[0] <= values[1] * (1 + 1e-6)


def test_dtype_can_be_chosen():
    X, y, _ = data(2)
    assert LogisticRegression(dtype="float32").fit(X, y).coef_.dtype == np.float32
    assert LogisticRegression(dtype=np.float64).fit(X.astype(np.float32), y).coef_.dtype == np.float64
    assert LogisticRegression().fit(np.round(X).astype(int), y).coef_.dtype == np.float64
    with pytest.raises(ValueError, match="'dtype' parameter must be float32"):
        LogisticRegression(dtype="int8").fit(X, y)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(("solver", "l1_ratio"), [("lbfgs", 0.0), ("auto", 0.0), ("newton-cg", 0.0), ("saga", 1.0)])
def test_integer_weights_are_repeated_rows(solver, l1_ratio, n_classes):
    X, y, weights = data(n_classes)
    rows = np.repeat(np.arange(len(y)), weights.astype(int))
    model = LogisticRegression(solver=solver, l1_ratio=l1_ratio, tol=1e-8)
    weighted, repeated = clone(model).fit(X, y, weights), clone(model).fit(X[rows], y[rows])
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-6)


@pytest.mark.parametrize("solver", [*L2, "liblinear"])
def test_class_weights_multiply_sample_weights(solver):
    X, y, weights = data(2)
    theirs = sklearn.linear_model.LogisticRegression(
        solver="liblinear" if solver == "liblinear" else "newton-cholesky",
        class_weight="balanced",
        tol=1e-12,
        max_iter=10_000,
    ).fit(X, y, weights)
    ours = LogisticRegression(solver=solver, class_weight="balanced", **TIGHT).fit(X, y, weights)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-4, atol=1e-6)
    by_class = {"red": 2.0, "green": 0.5}
    named = LogisticRegression(solver=solver, class_weight=by_class, **TIGHT).fit(X, y, weights)
    multiplied = weights * [by_class[label] for label in y]
    plain = LogisticRegression(solver=solver, **TIGHT).fit(X, y, multiplied)
    np.testing.assert_allclose(named.coef_, plain.coef_, rtol=1e-10)


@pytest.mark.parametrize(("solver", "l1_ratio"), [("lbfgs", 0.0), ("newton-cg", 0.0), ("saga", 1.0)])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_warm_start_has_less_to_do(solver, l1_ratio, n_classes):
    X, y, _ = data(n_classes)
    model = LogisticRegression(solver=solver, l1_ratio=l1_ratio, warm_start=True).fit(X, y)
    cold = model.n_iter_[0]
    assert cold > 1
    model.set_params(C=0.9).fit(X, y)
    assert model.n_iter_[0] < cold
    model.sparsify().fit(X, y)
    assert model.n_iter_[0] == 0
    with pytest.raises(ValueError, match="warm_start=True starts from coef_ of shape"):
        model.fit(X[:, :4], y)


def test_another_initializer_ends_at_the_same_minimum():
    X, y, _ = data(3)
    zeros = LogisticRegression(**TIGHT).fit(X, y)
    drawn = LogisticRegression(initializer="glorot_uniform", random_state=3, **TIGHT).fit(X, y)
    np.testing.assert_allclose(drawn.coef_, zeros.coef_, atol=1e-5)
    np.testing.assert_allclose(drawn.intercept_, zeros.intercept_, atol=1e-5)
    np.testing.assert_allclose(drawn.intercept_.sum(), 0.0, atol=1e-9)


def test_initializers_say_where_to_start():
    X, y, _ = data(2)
    model = LogisticRegression(initializer=lambda state, n, k: np.full((n, k), 0.5), max_iter=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    assert (model.coef_ == 0.5).all()
    assert model.n_iter_.tolist() == [0]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "lbfgs", "l1_ratio": 1}, "Solver lbfgs supports only 'l2' or None penalties, got l1 penalty"),
        ({"solver": "sag", "l1_ratio": 0.5}, "Solver sag supports only 'l2' or None penalties, got elasticnet"),
        ({"solver": "liblinear", "l1_ratio": 0.5}, "Only 'saga' solver supports elasticnet penalty"),
        ({"solver": "liblinear", "C": np.inf}, "C=np.inf .*is not supported for the liblinear solver"),
        ({"solver": "saga", "dual": True}, "Solver saga supports only dual=False, got dual=True"),
        (
            {"solver": "liblinear", "dual": True, "l1_ratio": 1},
            "Unsupported set of arguments: .*supported when dual=True",
        ),
        ({"solver": "newton"}, "The 'solver' parameter of LogisticRegression must be"),
        ({"C": 0.0}, "The 'C' parameter of LogisticRegression must be a float in the range"),
        ({"l1_ratio": 1.5}, "The 'l1_ratio' parameter of LogisticRegression must be"),
        ({"activation": "relu"}, "The 'activation' parameter of LogisticRegression must be"),
        ({"pruning": "magnitud"}, "The 'pruning' parameter has no 'magnitud'.*Did you mean 'magnitude'"),
        ({"pruning": "units"}, "there is no hidden layer"),
        ({"initializer": "glorot"}, "The 'initializer' parameter has no 'glorot'"),
        ({"loss": "huber"}, "which is not for classification"),
        ({"loss": "focal"}, "loss='focal' needs a stochastic solver"),
        ({"loss": LogLoss(label_smoothing=0.1)}, "needs a stochastic solver"),
    ],
)
def test_wrong_arguments_are_refused_before_any_work(parameters, message):
    X, y, _ = data(2)
    with pytest.raises(ValueError, match=message):
        LogisticRegression(**parameters).fit(X, y)


def test_the_restrictions_are_those_of_scikit_learn():
    X, y, _ = data(2)
    for parameters in (
        {"solver": "lbfgs", "l1_ratio": 1},
        {"solver": "liblinear", "l1_ratio": 0.5},
        {"solver": "saga", "dual": True},
        {"solver": "newton-cg", "dual": True},
        {"C": -1.0},
    ):
        with pytest.raises(ValueError) as theirs:
            sklearn.linear_model.LogisticRegression(**parameters).fit(X, y)
        with pytest.raises(ValueError, match=re.escape(str(theirs.value))):
            LogisticRegression(**parameters).fit(X, y)


def test_wrong_data_are_refused():
    X, y, weights = data(3)
    with pytest.raises(ValueError, match="at least 2 classes in the data, but the data contains only one class: .*red"):
        LogisticRegression().fit(X, np.full(len(y), "red"))
    with pytest.raises(ValueError, match="The 'liblinear' solver does not support multiclass"):
        LogisticRegression(solver="liblinear").fit(X, y)
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        LogisticRegression().fit(X, y, weights - 1)
    with pytest.raises(ValueError, match="zero"):
        LogisticRegression().fit(X, y, np.zeros(len(y)))
    with pytest.raises(ValueError, match="Unknown label type"):
        LogisticRegression().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="too large to be squared"):
        LogisticRegression().fit(X * 1e200, y)
    with pytest.raises(ValueError, match=r"sample weights, of which the largest is 1e\+308; scale .* or the weights"):
        LogisticRegression().fit(X * 10.0, y, np.where(np.arange(len(y)), 1.0, 1e308))


def test_one_warning_says_what_to_do():
    X, y, _ = data(3)
    for parameters in ({}, {"activation": "logistic"}, {"solver": "newton-cg"}, {"solver": "saga", "l1_ratio": 1}):
        with pytest.warns(ConvergenceWarning) as caught:
            LogisticRegression(max_iter=1, tol=1e-8, **parameters).fit(X, y)
        assert len(caught) == 1
        assert re.search("max_iter=1 .* Raise max_iter, scale the features", str(caught[0].message))
        assert caught[0].filename == __file__


@pytest.mark.parametrize("solver", L2)
def test_separable_samples_without_penalty_end(solver):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((60, 4))
    y = (X[:, 0] > 0).astype(int)
    model = LogisticRegression(solver=solver, C=np.inf, max_iter=1000).fit(X, y)
    assert model.score(X, y) == 1.0
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize("solver", [*L2, "liblinear"])
def test_features_may_be_huge(solver):
    X, y, _ = data(2)
    model = LogisticRegression(solver=solver, max_iter=1000).fit(X * 1e150, y)
    assert np.isfinite(model.coef_).all()
    assert model.score(X * 1e150, y) > 0.7


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_probabilities_are_finite(n_classes):
    X, y, _ = data(n_classes)
    model = LogisticRegression().fit(X, y)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X), rtol=1e-10)
    model.coef_ *= 1e4
    assert np.isfinite(model.predict_log_proba(X)).all()


def test_sparsify_keeps_the_predictions():
    X, y, _ = data(3)
    model = LogisticRegression(solver="saga", l1_ratio=1, C=0.02).fit(X, y)
    before = model.predict_proba(X)
    assert 0 < np.mean(model.coef_ == 0.0) < 1
    model.sparsify()
    assert sp.issparse(model.coef_)
    np.testing.assert_allclose(model.predict_proba(X), before)
    assert isinstance(model.densify().coef_, np.ndarray)


def test_copies_predict_the_same():
    X, y, _ = data(3)
    model = LogisticRegression().fit(X, y)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert not hasattr(clone(model), "coef_")
    assert set(vars(model)) - set(model.get_params()) == {
        "classes_",
        "coef_",
        "intercept_",
        "n_iter_",
        "history_",
        "n_features_in_",
    }


def test_constructor_arguments_are_those_of_scikit_learn():
    theirs = sklearn.linear_model.LogisticRegression().get_params()
    ours = LogisticRegression().get_params()
    assert {name: ours[name] for name in theirs if name not in ("penalty", "n_jobs")} == {
        name: value for name, value in theirs.items() if name not in ("penalty", "n_jobs")
    }


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_search_uses_both_cores(backend):
    X, y, _ = data(3)
    grid = {"C": [0.1, 1.0], "solver": ["lbfgs", "newton-cholesky"]}
    serial = GridSearchCV(LogisticRegression(), grid, cv=2).fit(X, y)
    with joblib.parallel_config(backend, n_jobs=2):
        parallel = GridSearchCV(LogisticRegression(), grid, cv=2).fit(X, y)
    np.testing.assert_array_equal(serial.cv_results_["mean_test_score"], parallel.cv_results_["mean_test_score"])


def test_two_threads_fit_at_the_same_time():
    X, y, _ = data(3)
    expected = LogisticRegression().fit(X, y).coef_
    models = [LogisticRegression() for _ in range(4)]
    threads = [threading.Thread(target=model.fit, args=(X, y)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for model in models:
        np.testing.assert_array_equal(model.coef_, expected)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "saga"])
def test_ctrl_c_keeps_the_coefficients(monkeypatch, solver):
    X, y, _ = data(2)
    calls = []
    evaluate = LogisticObjective.value_gradient

    def interrupted(self, *arguments):
        calls.append(None)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return evaluate(self, *arguments)

    monkeypatch.setattr(LogisticObjective, "value_gradient", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user") as caught:
        model = LogisticRegression(solver=solver, l1_ratio=float(solver == "saga"), tol=1e-12).fit(X, y)
    assert len(caught) == 1
    assert model.score(X, y) > 0.5


def test_progress_is_printed(capsys):
    X, y, _ = data(2)
    model = LogisticRegression(verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_[0]
    assert re.match(r"Iteration 1, objective = 0\.\d+, largest gradient = ", lines[0])


def test_tags_tell_the_truth():
    tags = get_tags(LogisticRegression())
    assert tags.input_tags.sparse
    assert tags.classifier_tags.multi_class
    assert not get_tags(LogisticRegression(solver="liblinear")).classifier_tags.multi_class
    assert get_tags(LogisticRegression(solver="liblinear", activation="logistic")).classifier_tags.multi_class


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("activation", ["softmax", "logistic"])
@pytest.mark.parametrize("solver", ["sgd", "adam", Adam(beta_1=0.8)], ids=["sgd", "adam", "instance"])
def test_stochastic_solvers_come_near_the_minimum(solver, activation, n_classes):
    X, y, weights = data(n_classes)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    options = {"C": 0.05, "activation": activation}
    best = LogisticRegression(**options, **TIGHT).fit(X, y, weights)
    near = LogisticRegression(
        solver=solver, learning_rate_init=0.02, tol=1e-7, max_iter=2000, random_state=0, **options
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        near.fit(X, y, weights)
    assert near.coef_.shape == best.coef_.shape
    np.testing.assert_allclose(near.predict_proba(X), best.predict_proba(X), atol=0.02)


def test_stochastic_solvers_are_the_network_without_hidden_layer():
    X, y, _ = data(3)
    options = {"solver": "adam", "loss": "focal", "learning_rate_init": 0.01, "max_iter": 5, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=2.0, batch_size=50, **options).fit(X, y)
        network = MLPClassifier((), alpha=0.5 * 50 / len(y), batch_size=50, initializer="zeros", **options).fit(X, y)
    np.testing.assert_allclose(model.coef_, network.coefs_[0].T)
    np.testing.assert_allclose(model.intercept_, network.intercepts_[0])
    assert model.n_iter_.tolist() == [5]


def test_names_of_features_are_kept_and_checked():
    X, y, _ = data(2)
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    model = LogisticRegression().fit(frame, y)
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    with pytest.raises(ValueError, match="The feature names should match"):
        model.predict(frame[frame.columns[::-1]])


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_stochastic_solvers_without_intercept(solver, n_classes):
    """Near the minimum that the full-batch solver finds, with an intercept that is exactly zero."""
    X, y = make_classification(300, 6, n_informative=5, n_redundant=0, n_classes=n_classes, random_state=0)
    options = {"fit_intercept": False, "C": 0.01}
    best = LogisticRegression(**options, tol=1e-8).fit(X, y)
    model = LogisticRegression(**options, solver=solver, max_iter=400, tol=1e-9, learning_rate_init=0.003)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    assert np.array_equal(model.intercept_, np.zeros(len(best.intercept_)))
    assert_allclose(model.coef_, best.coef_, atol=0.02)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "newton-cg", "saga", "auto"])
def test_a_start_that_is_not_finite_is_refused(solver):
    X, y, _ = data()
    model = LogisticRegression(solver=solver, warm_start=True, l1_ratio=float(solver == "saga")).fit(X, y)
    model.set_params(warm_start=False, initializer=lambda random_state, *shape: np.full(shape, np.nan))
    with pytest.raises(ValueError, match="the parameters that training starts from"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="C=1 times the sum of the sample weights, 1.99998e-318, is too small"):
        clone(model).fit(X, y, sample_weight=np.full(len(y), 1e-320))


@pytest.mark.parametrize("penalty", [{"l1_ratio": 0.0}, {"l1_ratio": 1.0}], ids=["l2", "l1"])
@pytest.mark.parametrize("kind", [np.array, sp.csr_matrix])
def test_liblinear_is_retrained_towards_its_own_objective(penalty, kind):
    """Whose intercept is penalized: after pruning as in a fit without what is gone."""
    X, y, _ = data(p=6)
    kept = (y == y[0]) | (np.arange(len(y)) % 8 == 0)  # few of one class: the intercept has something to do
    X, y = X[kept], y[kept]
    X[:, 0] = 0.0  # a feature whose weight goes first
    settings = {"solver": "liblinear", "C": 0.1, "intercept_scaling": 2.0, "tol": 1e-8, "max_iter": 1000, **penalty}
    pruner = MagnitudePruning(sparsity=1 / 6, n_steps=1, retrain_epochs=500)
    pruned = LogisticRegression(**settings, pruning=pruner).fit(kind(X), y)
    again = LogisticRegression(**settings).fit(kind(X[:, 1:]), y)
    assert not pruned.masks_[0][0, 0]
    assert_allclose(pruned.coef_[:, 1:], again.coef_, atol=1e-5)
    assert_allclose(pruned.intercept_, again.intercept_, atol=1e-5)
    assert abs(again.intercept_[0]) > 1e-3
    pruned.set_params(warm_start=True, pruning=None, max_iter=2, tol=1e-12).fit(kind(-X), y)
    assert pruned.n_iter_.tolist() == [2]


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(max_iter=1),
        LogisticRegression(solver="adam", max_iter=1),
        MLPClassifier(max_iter=1),
        MLPClassifier(solver="lbfgs", max_iter=1),
        Perceptron(max_iter=1),
        GridSearchCV(MLPClassifier(max_iter=1), {"alpha": [1e-3]}, cv=2),
    ],
    ids=["smooth", "adam", "network", "lbfgs", "perceptron", "search"],
)
def test_warnings_point_at_the_line_of_the_user(model):
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(*data(p=20)[:2])
    assert {warning.filename for warning in caught} == {__file__}
