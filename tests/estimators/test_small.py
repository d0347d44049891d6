"""Small networks: sparse weights, fewer units, and what both save."""

import copy
import functools
import gc
import pickle
import weakref

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn.linear_model
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.pruning import MagnitudePruning, Pruner, UnitPruning, prune, size_report

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(300, 40, n_informative=12, n_classes=3, random_state=0)
Y = X[:, :2] * X[:, 2:4]

PRUNERS = {
    "weights": MagnitudePruning(sparsity=0.9, scope="layer", schedule="one_shot", retrain_epochs=1),
    "units": UnitPruning(sparsity=0.5, n_steps=2, retrain_epochs=1),
    "few": MagnitudePruning(sparsity=0.3, scope="layer", schedule="one_shot", retrain_epochs=1),
    "nothing": None,
}

each_kind = pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
each_training = pytest.mark.parametrize("train", ["partial_fit", "fit"])


class Chosen(Pruner):
    """0 where the flat parameters are to go, 1 elsewhere."""

    gone: tuple = ()

    def scores(self, network):
        scores = np.ones(network.weights.size)
        scores[list(self.gone)] = 0.0
        return scores


def targets(make):
    return y if make is MLPClassifier else Y


@functools.cache
def _fitted(make, dtype, pruner):
    net = make(
        hidden_layer_sizes=(30, 40, 20), max_iter=3, learning_rate_init=0.01, pruning=PRUNERS[pruner], random_state=0
    )
    return net.fit(X.astype(dtype), targets(make))


def fitted(make=MLPClassifier, dtype=np.float64, pruner="weights"):
    """A network of one's own."""
    return copy.deepcopy(_fitted(make, dtype, pruner))


def outputs(net, samples):
    """All that a network tells of samples."""
    told = [net.predict(samples), net.transform(samples)]
    return [*told, net.predict_proba(samples)] if hasattr(net, "predict_proba") else told


def assert_same_outputs(net, other, dtype=np.float64, units=...):
    """To rounding, over dense and sparse samples; `units` of the last hidden layer are left."""
    samples = X.astype(dtype)
    rounding = {"rtol": 1e-10, "atol": 1e-12} if dtype == np.float64 else {"rtol": 1e-4, "atol": 1e-5}
    for form in (samples, samples[:3], scipy.sparse.csr_array(samples)):
        found, told = outputs(net, form), outputs(other, form)
        told[1] = told[1][:, units]
        for a, b in zip(found, told, strict=True):
            assert a.dtype == b.dtype
            assert_allclose(a, b, **rounding)


def assert_gone(net):
    """Masks and arrays are in step, and what is removed is exactly zero."""
    sizes = [40, *net.hidden_layer_sizes, net.n_outputs_]
    for layer, shape in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        assert net.coefs_[layer].shape == net.masks_[layer].shape == shape
        assert net.intercepts_[layer].shape == net.intercept_masks_[layer].shape == shape[1:]
        assert not net.coefs_[layer][~net.masks_[layer]].any()
        assert not net.intercepts_[layer][~net.intercept_masks_[layer]].any()


def learn(net, how, make=MLPClassifier, dtype=np.float64):
    if how == "fit":
        net.set_params(warm_start=True, pruning=None)
    return getattr(net, how)(X.astype(dtype), targets(make))


def root(array):
    while array.base is not None:
        array = array.base
    return array


# Sparse weights


@each_kind
@each_dtype
def test_sparsify_keeps_the_predictions(make, dtype):
    net, dense = fitted(make, dtype), fitted(make, dtype)
    assert net.sparsify() is net
    assert [scipy.sparse.issparse(w) for w in net.coefs_] == [True, True, True, False]  # the last one is tiny
    for w, before, mask in zip(net.coefs_[:3], dense.coefs_, net.masks_, strict=False):
        assert isinstance(w, scipy.sparse.csc_array) and w.dtype == dtype and w.nnz == np.count_nonzero(mask)
        assert_array_equal(w.toarray(), before)
    assert_same_outputs(net, dense, dtype)
    assert net.n_weights_ == dense.n_weights_ and net.sparsity_ == dense.sparsity_
    assert_same_outputs(net.sparsify(), dense, dtype)  # once more


def test_layers_of_which_less_than_half_is_removed_stay_dense():
    net = fitted(pruner="few").sparsify()
    assert all(isinstance(w, np.ndarray) for w in net.coefs_)
    assert_same_outputs(net, fitted(pruner="few"))


def test_sparsify_frees_the_dense_vector():
    net = fitted()
    learn(net, "partial_fit")  # the vector is there
    before = root(net.coefs_[0])
    assert before is root(net.intercepts_[-1])
    net.predict(X[:3])
    net.sparsify()
    for array in (net.coefs_[-1], *net.intercepts_):
        assert not np.shares_memory(array, before)
    alive = weakref.ref(before)
    del before
    gc.collect()
    assert alive() is None


@each_kind
@each_dtype
def test_copies_of_a_sparse_network(make, dtype):
    net = fitted(make, dtype).sparsify()
    for twin in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        assert list(map(type, twin.coefs_)) == list(map(type, net.coefs_))
        for a, b in zip(outputs(twin, X.astype(dtype)), outputs(net, X.astype(dtype)), strict=True):
            assert_array_equal(a, b)


@each_kind
@each_dtype
@each_training
def test_training_a_sparse_network_turns_it_dense(make, dtype, train):
    net, dense = fitted(make, dtype).sparsify(), fitted(make, dtype)
    for each in (net, dense):
        learn(each, train, make, dtype)
    assert all(isinstance(w, np.ndarray) and w.dtype == dtype for w in net.coefs_)
    assert_gone(net)
    assert_array_equal(net.coefs_[0], dense.coefs_[0])
    assert (net.coefs_[0] != fitted(make, dtype).coefs_[0]).any()
    assert_same_outputs(net, dense, dtype)


@each_kind
def test_densify(make):
    net = fitted(make).sparsify()
    assert net.densify() is net
    for w, before in zip(net.coefs_, fitted(make).coefs_, strict=True):
        assert isinstance(w, np.ndarray)
        assert_array_equal(w, before)
    assert_same_outputs(net, fitted(make))


def test_zeros_of_a_network_that_was_not_pruned():
    net = fitted(pruner="nothing")
    for w, mask in zip(net.coefs_, fitted().masks_, strict=True):
        w[~mask] = 0.0
    dense = copy.deepcopy(net)
    net.sparsify()
    assert [scipy.sparse.issparse(w) for w in net.coefs_] == [True, True, True, False]
    assert not hasattr(net, "masks_")
    assert_same_outputs(net, dense)
    learn(net, "partial_fit")
    assert np.count_nonzero(net.coefs_[0]) == net.coefs_[0].size  # nobody said that they should stay away


@each_kind
@pytest.mark.parametrize("method", ["sparsify", "densify", "compact"])
def test_an_unfitted_network_has_nothing_to_make_small(make, method):
    assert not hasattr(make(), method)
    assert hasattr(fitted(make), method)


# Fewer units


@each_kind
@each_dtype
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_compact_predicts_the_same(make, dtype, sparse):
    net = fitted(make, dtype, "units")
    net = net.sparsify() if sparse else net
    before = pickle.dumps(net)
    small = net.compact()
    assert pickle.dumps(net) == before
    in_and_out = zip(net.masks_[:-1], net.masks_[1:], strict=True)
    left = [np.flatnonzero(into.any(axis=0) & out.any(axis=1)) for into, out in in_and_out]
    assert list(small.hidden_layer_sizes) == list(map(len, left)) and sum(small.hidden_layer_sizes) < 80
    units = left[-1]
    assert all(w.dtype == dtype for w in (*small.coefs_, *small.intercepts_))
    assert_gone(small)
    assert_same_outputs(small, net, dtype, units)
    assert not any(np.shares_memory(a, b) for a, b in zip(small.intercepts_, net.intercepts_, strict=True))


@each_kind
@each_training
def test_a_compact_network_goes_on_learning(make, train):
    small = fitted(make).compact()
    before, left = [w.copy() for w in small.coefs_], [mask.copy() for mask in small.masks_]
    learn(small, train, make)
    assert_gone(small)
    for mask, was in zip(small.masks_, left, strict=True):
        assert_array_equal(mask, was)
    assert all((w != was).any() for w, was in zip(small.coefs_, before, strict=True))
    assert small.loss_ < np.inf and np.isfinite(small.predict(X)).all()


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
@each_dtype
def test_dead_units_without_masks(activation, dtype):
    net = MLPClassifier((6, 5), activation=activation, max_iter=2, random_state=0).fit(X.astype(dtype), y)
    net.coefs_[0][:, 2] = 0.0  # constant
    net.intercepts_[0][2] = 0.7
    net.coefs_[1][3] = 0.0  # without a trace
    net.coefs_[2][1] = 0.0
    small = net.compact()
    assert small.hidden_layer_sizes == (4, 4) and not hasattr(small, "masks_")
    assert_array_equal(small.coefs_[0], net.coefs_[0][:, [0, 1, 4, 5]])
    assert (small.intercepts_[1] != net.intercepts_[1][[0, 2, 3, 4]]).all()
    assert_same_outputs(small, net, dtype, [0, 2, 3, 4])


def test_units_that_die_of_another():
    """A unit whose only input is constant is constant, and one that leads only to a dead unit is dead."""
    net = MLPRegressor(hidden_layer_sizes=(4, 4, 4), activation="tanh", max_iter=2, random_state=0).fit(X, Y)
    net.coefs_[0][:, 0] = 0.0
    net.coefs_[1][1:, 0] = 0.0
    net.coefs_[2][1] = 0.0
    net.coefs_[1][3, [0, 2, 3]] = 0.0
    small = net.compact()
    assert small.hidden_layer_sizes == (2, 2, 4)
    assert_same_outputs(small, net)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
@each_training
def test_a_constant_that_went_into_a_removed_intercept_stays(activation, train):
    net = MLPClassifier((6, 5), activation=activation, max_iter=3, random_state=0).fit(X, y)
    net.intercepts_[0][2] = 0.7
    n_weights = 40 * 6 + 6 * 5 + 5 * 3
    gone = (*range(2, 40 * 6, 6), n_weights + 0, n_weights + 6 + 1)  # all that leads to unit 2, and two intercepts
    n_parameters = n_weights + 6 + 5 + 3
    options = {"sparsity": len(gone) / n_parameters, "schedule": "one_shot", "retrain_epochs": 0}
    net = prune(net, X, y, Chosen(prune_intercepts=True, gone=gone, **options))
    assert not net.masks_[0][:, 2].any() and not net.intercept_masks_[0][0] and not net.intercept_masks_[1][1]
    small = net.compact()
    assert small.hidden_layer_sizes == (5, 5)
    assert_gone(small)
    assert_same_outputs(small, net)
    folded = small.intercepts_[1][1]
    assert folded != 0.0
    probabilities = net.predict_proba(X)
    small.set_params(learning_rate_init=1e-7, max_iter=2)
    learn(small, train)
    assert_gone(small)
    assert small.intercepts_[0][0] == 0.0  # nothing went into it
    assert_allclose(small.intercepts_[1][1], folded, rtol=1e-3)
    assert_allclose(small.predict_proba(X), probabilities, atol=1e-4)


def test_compact_after_connectivity_by_masks():
    masks = [np.ones((40, 6)), np.ones((6, 5)), np.ones((5, 3))]
    masks[0][:, 2] = masks[1][3] = 0
    net = MLPClassifier((6, 5), connectivity=masks, max_iter=3, random_state=0).fit(X, y)
    small = net.compact()
    assert small.hidden_layer_sizes == (4, 5)
    assert_same_outputs(small, net)
    assert clone(small).fit(X, y).coefs_[0].shape == (40, 4)
    assert net.connectivity is masks
    assert_array_equal(clone(net).fit(X, y).coefs_[0], net.coefs_[0])


def test_a_unit_of_each_layer_stays():
    net = MLPClassifier((4,), max_iter=2, random_state=0).fit(X, y)
    net.coefs_[1][:] = 0.0
    small = net.compact()
    assert small.hidden_layer_sizes == (1,)
    assert_allclose(small.predict_proba(X), net.predict_proba(X), rtol=1e-12)


# What it saves

NUMBERS = {"n_weights", "bytes_in_memory", "bytes_on_disk", "multiply_adds", "batch_latency", "row_latency"}


def test_size_of_a_network():
    net = fitted()
    before = pickle.dumps(net)
    report = size_report(net, X, n_rounds=1)
    assert pickle.dumps(net) == before
    assert list(report) == ["dense", "sparse", "compact"]
    for numbers in report.values():
        assert set(numbers) == NUMBERS and all(number > 0 for number in numbers.values())
    dense, sparse, compact = report.values()
    assert dense["multiply_adds"] == 40 * 30 + 30 * 40 + 40 * 20 + 20 * 3
    left = [np.count_nonzero(mask) for mask in net.masks_]
    assert sparse["multiply_adds"] == sum(left[:3]) + 20 * 3  # the last layer is tiny
    assert dense["n_weights"] == sparse["n_weights"] == sum(left) >= compact["n_weights"]
    assert dense["bytes_in_memory"] == 8 * (dense["multiply_adds"] + 30 + 40 + 20 + 3)
    assert sparse["bytes_in_memory"] < dense["bytes_in_memory"] / 2
    assert sparse["bytes_on_disk"] < dense["bytes_on_disk"] / 2
    smaller = net.compact().sparsify()  # in which other layers may pay
    stored = [w.nnz if scipy.sparse.issparse(w) else w.size for w in smaller.coefs_]
    assert compact["multiply_adds"] == sum(stored) < dense["multiply_adds"]
    again = size_report(net.sparsify(), n_rounds=1)
    for name, numbers in report.items():  # of the form that it is asked of, nothing depends
        assert again[name]["multiply_adds"] == numbers["multiply_adds"]


@pytest.mark.parametrize("make", [LogisticRegression, Perceptron])
def test_size_of_a_linear_model(make):
    model = make(pruning=MagnitudePruning(sparsity=0.75)).fit(X, y)
    report = size_report(model, X, n_rounds=1)
    assert list(report) == ["dense", "sparse"]
    assert all(set(numbers) == NUMBERS for numbers in report.values())
    assert report["dense"]["multiply_adds"] == 120
    assert report["sparse"]["multiply_adds"] == 30
    assert report["dense"]["n_weights"] == report["sparse"]["n_weights"] == 30
    assert isinstance(model.coef_, np.ndarray)


@pytest.mark.parametrize("rows", [None, "array", "frame"])
@pytest.mark.parametrize("make", [fitted, LogisticRegression])
def test_size_of_an_estimator_that_knows_names(make, rows):
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(40)])
    model = clone(make()).fit(frame, y)
    report = size_report(model, {None: None, "array": X, "frame": frame}[rows], n_rounds=1)
    assert report["dense"]["row_latency"] > 0
    assert_array_equal(model.feature_names_in_, frame.columns)


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor, LogisticRegression, Perceptron])
def test_size_of_what_is_not_fitted(make):
    with pytest.raises(NotFittedError, match=make.__name__):
        size_report(make())


def test_size_of_what_is_not_ours():
    for foreign in (sklearn.linear_model.LogisticRegression().fit(X, y), "network", None):
        with pytest.raises(ValueError, match="sknn_concepts") as raised:
            size_report(foreign)
        assert type(foreign).__name__ in str(raised.value)


def test_a_refit_of_another_depth_after_sparsify():
    net = MLPClassifier((64, 64), connectivity=0.1, max_iter=2, random_state=0).fit(X, y)
    net.sparsify().predict(X)
    net.set_params(hidden_layer_sizes=(64,)).fit(X, y)
    dense = net.predict_proba(X)
    assert_allclose(net.sparsify().predict_proba(X), dense, atol=1e-6)
