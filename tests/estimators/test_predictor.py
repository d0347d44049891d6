"""Prediction of few rows: the fast path, and machines that wait between predictions."""

import functools
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from samples import ESTIMATORS, samples
from sklearn.exceptions import NotFittedError

import sknn_concepts
from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.activations import LeakyRelu
from sknn_concepts.estimators.predictor import predict_each
from sknn_concepts.pruning import MagnitudePruning, prune

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

#: An unfitted estimator of each sort, and the kind of target that it learns.
MODELS = {
    f"network, {kind}": (getattr(sknn_concepts, name)(hidden_layer_sizes=(6, 4), max_iter=3), kind)
    for kind, name in ESTIMATORS.items()
}
MODELS |= {
    "logistic, binary": (LogisticRegression(), "binary"),
    "logistic, multinomial": (LogisticRegression(), "multiclass"),
    "logistic, one-vs-rest": (LogisticRegression(activation="logistic"), "multiclass"),
    "perceptron, binary": (Perceptron(), "binary"),
    "perceptron, multiclass": (Perceptron(), "multiclass"),
}
METHODS = ("predict", "predict_proba", "decision_function")

each_model = pytest.mark.parametrize("name", MODELS)


@functools.cache
def fitted(name):
    model, kind = MODELS[name]
    return model.set_params(random_state=0).fit(*samples(kind))


def rows_of(name):
    return samples(MODELS[name][1])[0]


def methods_of(model):
    return [method for method in METHODS if hasattr(model, method)]


def assert_close(found, expected):
    assert found.dtype == expected.dtype and found.shape == expected.shape
    if expected.dtype.kind == "f":
        assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    else:
        assert_array_equal(found, expected)


# predictor()


@pytest.mark.parametrize(
    "name, methods",
    [
        *((f"network, {kind}", METHODS[:2]) for kind in ("binary", "multiclass", "multilabel")),
        *((f"network, {kind}", METHODS[:1]) for kind in ("regression", "multioutput")),
        *((f"logistic, {kind}", METHODS) for kind in ("binary", "multinomial", "one-vs-rest")),
        *((f"perceptron, {kind}", METHODS[::2]) for kind in ("binary", "multiclass")),
    ],
)
def test_each_sort_has_its_methods(name, methods):
    assert set(methods) <= set(methods_of(fitted(name)))


@each_model
def test_a_predictor_does_what_the_method_does(name):
    model, X = fitted(name), rows_of(name)
    for method in methods_of(model):
        ask, expected = model.predictor(method), getattr(model, method)(X)
        assert_close(ask(X[7]), expected[7:8])
        assert_close(ask(X[7].tolist()), expected[7:8])
        for n_rows in (1, 5, 256, 257, len(X)):
            assert_close(ask(X[:n_rows]), expected[:n_rows])
        assert_close(ask(X[3:6]), expected[3:6])  # after more rows
        for form in (np.asfortranarray(X), X[:, ::-1].copy()[:, ::-1], np.repeat(X, 2, axis=0)[::2]):
            assert_close(ask(form), expected)
            assert_close(ask(form[:9]), expected[:9])
        for dtype in (np.float32, np.int64):
            other = (10 * X).astype(dtype)
            assert_close(ask(other), ask(other.astype(np.float64)))
            assert_close(ask(other[:3]), ask(other.astype(np.float64))[:3])


def test_predict_is_the_default():
    model, X = fitted("network, multiclass"), rows_of("network, multiclass")
    assert_array_equal(model.predictor()(X), model.predict(X))


@each_model
def test_answers_are_the_callers(name):
    model, X = fitted(name), rows_of(name)
    for method in methods_of(model):
        ask = model.predictor(method)
        answer = ask(X[:3])
        before = answer.copy()
        ask(X[3:6])
        assert_array_equal(answer, before)


@pytest.mark.parametrize("kind", ["multiclass", "multioutput"])
def test_a_predictor_of_a_sparse_network(kind):
    X, y = samples(kind)
    pruner = MagnitudePruning(sparsity=0.9, scope="layer", schedule="one_shot", retrain_epochs=1)
    make = getattr(sknn_concepts, ESTIMATORS[kind])
    net = make(hidden_layer_sizes=(30, 40, 20), max_iter=2, pruning=pruner, random_state=0).fit(X, y)
    expected = net.predict(X)
    net.sparsify()
    assert not isinstance(net.coefs_[1], np.ndarray)
    ask = net.predictor()
    assert_close(ask(X), expected)
    assert_close(ask(X[:4]), expected[:4])
    assert_close(ask(X[4]), expected[4:5])


def test_a_predictor_of_a_float32_network():
    X, y = samples("regression")
    net = MLPRegressor(hidden_layer_sizes=(6,), max_iter=3, random_state=0).fit(X.astype(np.float32), y)
    ask, expected = net.predictor(), net.predict(X.astype(np.float32))
    for rows in (X, X.astype(np.float32)):
        assert ask(rows).dtype == np.float32
        assert_allclose(ask(rows), expected, rtol=1e-5, atol=1e-6)
        assert_allclose(ask(rows[:3]), expected[:3], rtol=1e-5, atol=1e-6)


WRONG_SHAPES = [(7,), (9,), (1,), (0,), (3, 7), (3, 9), (3, 1), (300, 7), (300, 9), (300, 1)]


@each_model
@pytest.mark.parametrize("shape", WRONG_SHAPES, ids=str)
def test_a_wrong_number_of_features(name, shape):
    for method in methods_of(fitted(name)):
        ask = fitted(name).predictor(method)
        with pytest.raises(ValueError):
            ask(np.zeros(shape))
        X = rows_of(name)
        assert_close(ask(X[:2]), getattr(fitted(name), method)(X[:2]))  # it still works


@each_model
def test_methods_that_are_not_there(name):
    model = fitted(name)
    missing = [method for method in METHODS if method not in methods_of(model)]
    for method in ("nonsense", "fit", "", *missing):
        with pytest.raises(ValueError, match=rf"method='{method}'.*{type(model).__name__}"):
            model.predictor(method)


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor, LogisticRegression, Perceptron])
def test_an_unfitted_estimator_has_no_predictor(make):
    with pytest.raises(NotFittedError):
        make().predictor()


@pytest.mark.parametrize("make", [MLPClassifier, LogisticRegression, Perceptron])
@pytest.mark.parametrize("again", ["other names", "fewer classes", "more features"])
def test_a_predictor_keeps_its_answers(make, again):
    X, y = samples("multiclass")
    options = {"hidden_layer_sizes": (6,), "max_iter": 3} if make is MLPClassifier else {}
    model = make(random_state=0, **options).fit(X, y)
    asks = [(model.predictor(method), getattr(model, method)(X)) for method in methods_of(model)]
    if again == "other names":
        model.fit(X, np.array(["d", "c", "b", "a"])[y])
    elif again == "fewer classes":
        model.fit(X, 5 + (y > 1))
    else:
        model.fit(np.hstack([X, X]), y)
    for ask, expected in asks:
        assert_close(ask(X), expected)
        assert_close(ask(X[:2]), expected[:2])


@pytest.mark.parametrize("kind", ["regression", "multilabel"])
def test_a_predictor_keeps_its_answers_after_more_training(kind):
    X, y = samples(kind)
    net = getattr(sknn_concepts, ESTIMATORS[kind])(hidden_layer_sizes=(6,), max_iter=3, random_state=0).fit(X, y)
    ask, expected = net.predictor(), net.predict(X)
    for _ in range(20):
        net.partial_fit(X, y[::-1])
    assert (net.predict(X) != expected).any()
    assert_close(ask(X[:20]), expected[:20])


def in_threads(n_threads, task):
    """Results of ``task(number)`` of threads that begin together."""
    barrier = threading.Barrier(n_threads)

    def begin(number):
        barrier.wait()
        return task(number)

    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(begin, range(n_threads)))


@pytest.mark.parametrize("name", ["network, multiclass", "logistic, multinomial"])
def test_threads_share_a_predictor(name):
    model, X = fitted(name), rows_of(name)
    ask, expected = model.predictor("predict_proba"), model.predict_proba(X)

    def task(number):
        starts = np.random.RandomState(number).randint(0, 60, 100)
        lengths = np.random.RandomState(number).choice([1, 2, 30, 270], 100)
        return [(i, n, ask(X[i : i + n])) for i, n in zip(starts, lengths, strict=True)]

    for answers in in_threads(4, task):
        for start, length, answer in answers:
            assert_close(answer, expected[start : start + length])


# Machines that wait


def told(model, rows):
    return model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)


def assert_rows_agree(model, X):
    """Few rows, for which a machine waits, are predicted as many are."""
    many = told(model, X[:40])
    assert_close(np.concatenate([told(model, X[i : i + 1]) for i in range(5)]), many[:5])
    assert_close(told(model, X[5:21]), many[5:21])
    assert_close(told(model, X[5:8]), many[5:8])
    return many


@pytest.mark.parametrize("n_features", [[5, 8], [8, 5], [8, 1, 8]], ids=str)
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_a_refit_with_another_number_of_features(kind, n_features):
    X, y = samples(kind)
    net = getattr(sknn_concepts, ESTIMATORS[kind])(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
    for width in n_features:
        rows = np.ascontiguousarray(X[:, :width])
        assert_rows_agree(net.fit(rows, y), rows)


def test_a_refit_with_another_kind_of_target():
    X, y = samples("multiclass")
    labels = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X[:, 2] > 0]).astype(int)
    net = MLPClassifier((6,), max_iter=3, random_state=0)
    for target in (labels, y % 3, labels, y, y % 2, labels[:, :1].ravel()):
        many = assert_rows_agree(net.fit(X, target), X)
        assert np.allclose(many.sum(axis=1), 1.0) == (target.ndim == 1)


@pytest.mark.parametrize("change", ["other instance", "its number"])
def test_another_number_of_the_activation(change):
    X, y = samples("multiclass")
    net = MLPClassifier((6, 4), activation=LeakyRelu(0.01), max_iter=3, random_state=0).fit(X, y)
    before = assert_rows_agree(net, X)
    if change == "other instance":
        net.set_params(activation=LeakyRelu(0.9))
    else:
        net.activation.negative_slope = 0.9
    assert np.abs(assert_rows_agree(net, X) - before).max() > 1e-3


def test_other_activations_and_numbers_in_a_list():
    X, y = samples("regression")
    net = MLPRegressor(hidden_layer_sizes=(6, 4), activation=["relu", LeakyRelu(0.01)], max_iter=3, random_state=0).fit(
        X, y
    )
    told_before = []
    for activation in (["relu", LeakyRelu(0.01)], ["relu", LeakyRelu(0.5)], [LeakyRelu(0.5), "relu"], ["tanh", "relu"]):
        many = assert_rows_agree(net.set_params(activation=activation), X)
        assert all((many != before).any() for before in told_before)
        told_before.append(many)


def test_coefs_that_were_replaced():
    X, y = samples("multiclass")
    net = MLPClassifier((6, 5), max_iter=3, random_state=0).fit(X, y)
    before = assert_rows_agree(net, X)
    net.coefs_ = [2.0 * w for w in net.coefs_]
    twice = assert_rows_agree(net, X)
    assert (twice != before).any()
    net.coefs_[0][:] *= -1.0
    assert (assert_rows_agree(net, X) != twice).any()
    order = np.random.RandomState(0).permutation(5)[:3]  # two units less
    net.coefs_ = [net.coefs_[0], net.coefs_[1][:, order], net.coefs_[2][order]]
    net.intercepts_ = [net.intercepts_[0], net.intercepts_[1][order], net.intercepts_[2]]
    assert_rows_agree(net, X)


def test_sparse_coefs_that_were_replaced():
    X, y = samples("multiclass")
    pruner = MagnitudePruning(sparsity=0.9, scope="layer", schedule="one_shot", retrain_epochs=1)
    net = MLPClassifier((30, 40, 20), max_iter=2, pruning=pruner, random_state=0).fit(X, y).sparsify()
    before = assert_rows_agree(net, X)
    net.coefs_[1] = net.coefs_[1][::-1].copy()  # as many weights, elsewhere
    turned = assert_rows_agree(net, X)
    assert (turned != before).any()
    net.coefs_[1].data *= 3.0
    assert (assert_rows_agree(net, X) != turned).any()
    w = net.coefs_[1]
    w.indices[:] = 29 - w.indices  # the arrays are the same ones
    w.has_sorted_indices = False
    dense = MLPClassifier((30, 40, 20), max_iter=2, pruning=pruner, random_state=0).fit(X, y)
    dense.coefs_ = [part if isinstance(part, np.ndarray) else part.toarray() for part in net.coefs_]
    dense.intercepts_ = net.intercepts_
    assert_allclose(assert_rows_agree(net, X), assert_rows_agree(dense, X), rtol=1e-10, atol=1e-12)


def test_dtypes_and_orders_of_the_rows():
    X, y = samples("regression")
    net = MLPRegressor(hidden_layer_sizes=(6,), max_iter=3, random_state=0).fit(X, y)
    assert_rows_agree(net, X)
    assert_rows_agree(net, np.asfortranarray(X))
    assert_rows_agree(net, (10 * X).astype(np.int64))
    assert_rows_agree(net, X > 0)
    assert_rows_agree(net, X)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_threads_predict_with_the_same_estimator(sparse):
    X, y = samples("multiclass")
    pruner = MagnitudePruning(sparsity=0.9, scope="layer", schedule="one_shot", retrain_epochs=1)
    net = MLPClassifier((30, 40, 20), max_iter=2, pruning=pruner, random_state=0).fit(X, y)
    net = net.sparsify() if sparse else net
    expected = net.predict_proba(X)
    parts = in_threads(2, lambda number: [net.predict_proba(X[i : i + 1])[0] for i in range(number, 300, 2)])
    for number, part in enumerate(parts):
        assert_close(np.array(part), expected[number:300:2])


@pytest.mark.parametrize("use", ["method", "predictor"])
@pytest.mark.parametrize("n_rows", [3, 300])
def test_the_callers_array_is_let_go(use, n_rows):
    X, y = samples("multiclass")
    net = MLPClassifier((6,), max_iter=3, random_state=0).fit(X, y)
    ask = net.predict if use == "method" else net.predictor()
    for _ in range(2):  # a new machine, and the one that waits
        mine = X.copy()
        alive = weakref.ref(mine)
        ask(mine[:n_rows])
        del mine
        gc.collect()
        assert alive() is None


def test_a_machine_goes_with_its_estimator():
    X, y = samples("multiclass")
    net = MLPClassifier((6,), max_iter=3, random_state=0).fit(X, y)
    net.predict(X[:1])
    alive = weakref.ref(net)
    del net
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("n_rows", [3, 300])
def test_networks_of_any_sort_predict_the_same_samples(n_rows):
    X, y = samples("multiclass")
    nets = [MLPClassifier((6,), max_iter=3, random_state=seed).fit(X, y) for seed in range(3)]
    nets.append(MLPClassifier((5, 4), activation="tanh", max_iter=3, random_state=0).fit(X, y))
    nets.append(prune(nets[0], X, y, MagnitudePruning(sparsity=0.5)).sparsify())
    nets.append(prune(nets[1], X, y, MagnitudePruning(sparsity=0.7)).compact())
    nets[1].activation = LeakyRelu(0.3)  # after training
    for method in ("predict", "predict_proba"):
        found = list(predict_each(nets, X[:n_rows], method))
        for net, predicted in zip(nets, found, strict=True):
            assert_array_equal(predicted, getattr(net, method)(X[:n_rows]))
