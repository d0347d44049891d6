"""Fitted state that somebody has replaced: as good as what fit has left, or a ValueError that names it."""

import copy
import functools
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.exceptions import NotFittedError

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.curvature import gradient
from sknn_concepts.estimators.perceptron_training import AveragedWeights
from sknn_concepts.pruning import MagnitudePruning, prune, size_report

X = np.random.RandomState(0).normal(size=(60, 6))
Y = np.arange(60) % 3

#: Estimators by name. Square layers, so that swapped ones have the shapes of others.
MAKE = {
    "classifier": lambda: MLPClassifier((6, 6), max_iter=2, random_state=0),
    "regressor": lambda: MLPRegressor(hidden_layer_sizes=(6, 4), max_iter=2, random_state=0),
    "logistic": lambda: LogisticRegression(),
    "perceptron": lambda: Perceptron(max_iter=3),
    "averaging": lambda: Perceptron(max_iter=3, average=True, penalty="l1"),
    "adam": lambda: Perceptron(max_iter=3, loss="log_loss", activation="logistic", solver="adam"),
}
NETWORKS, LINEAR = list(MAKE)[:2], list(MAKE)[2:]


@functools.cache
def _fitted(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MAKE[name]().fit(X, Y)


def fitted(name):
    return copy.deepcopy(_fitted(name))


def sparse_network():
    pruner = MagnitudePruning(sparsity=0.9, schedule="one_shot", scope="layer", retrain_epochs=0)
    network = MLPClassifier((30, 30), max_iter=1, random_state=0, pruning=pruner)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return network.fit(X, Y).sparsify()


def learn(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.partial_fit(X, Y) if hasattr(estimator, "partial_fit") else warm(estimator)


def warm(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.set_params(warm_start=True).fit(X, Y)


#: What reaches kernels, or hands fitted state on.
USES = {
    "predict": lambda estimator: estimator.predict(X),
    "predict a row": lambda estimator: estimator.predict(X[:1]),
    "predictor": lambda estimator: estimator.predictor()(X),
    "learn": learn,
    "warm start": warm,
    "sparsify": lambda estimator: estimator.sparsify(),
    "densify": lambda estimator: estimator.densify(),
    "gradient": lambda estimator: gradient(estimator, X, Y),
    "prune": lambda estimator: prune(estimator, X, Y, MagnitudePruning(sparsity=0.5, retrain_epochs=1)),
    "size report": lambda estimator: size_report(estimator, X, n_rounds=1),
}
OF_NETWORKS = {
    "transform": lambda network: network.transform(X),
    "compact": lambda network: network.compact(),
}


def uses_of(estimator):
    return {**USES, **(OF_NETWORKS if hasattr(estimator, "coefs_") else {})}


def assert_refused(make, attack, match):
    """All that reaches kernels raises a ValueError that names what is wrong."""
    for name, use in uses_of(make()).items():
        estimator = make()
        attack(estimator)
        with pytest.raises(ValueError, match=match):
            use(estimator)
            pytest.fail(f"{name} took it")


def put(estimator, attribute, place, value):
    getattr(estimator, attribute)[place] = value


WRONG_NETWORKS = {
    "turned": (lambda net: put(net, "coefs_", -1, net.coefs_[-1].reshape(1, -1)), r"coefs_\[2\] .*\(1, \d+\)"),
    "swapped": (lambda net: net.coefs_.reverse(), r"coefs_\[0\]|intercepts_\[0\]|n_outputs_"),
    "wide": (lambda net: put(net, "coefs_", 0, np.ones((6, 9))), r"intercepts_\[0\] has shape \(6,\).*\(9,\)"),
    "complex": (lambda net: put(net, "coefs_", 1, net.coefs_[1] + 0j), r"coefs_\[1\] .*complex128"),
    "text": (lambda net: put(net, "coefs_", 0, net.coefs_[0].astype(str)), r"coefs_\[0\] .*real numbers"),
    "objects": (lambda net: put(net, "coefs_", 0, net.coefs_[0].astype(object)), r"coefs_\[0\] .*object"),
    "ragged": (lambda net: put(net, "coefs_", 0, [[1.0], [2.0, 3.0]]), r"coefs_\[0\]"),
    "nothing": (lambda net: put(net, "coefs_", 0, None), r"coefs_\[0\]"),
    "not a number": (lambda net: put(net, "coefs_", 1, np.full(net.coefs_[1].shape, np.nan)), r"coefs_\[1\].*finite"),
    "not a number in place": (lambda net: net.coefs_[1].fill(np.nan), r"coefs_\[1\].*finite"),
    "infinite": (lambda net: net.intercepts_[1].fill(np.inf), r"intercepts_\[1\].*finite"),
    "too large": (lambda net: put(net, "coefs_", 0, np.full((6, 6), np.longdouble("1e4000"))), r"coefs_\[0\].*finite"),
    "cut": (lambda net: put(net, "intercepts_", -1, net.intercepts_[-1][:-1]), r"intercepts_\[2\] has shape"),
    "deleted": (lambda net: net.coefs_.pop(), "coefs_ has 2 matrices and intercepts_ has 3"),
    "a layer less": (lambda net: (net.coefs_.pop(), net.intercepts_.pop()), "n_outputs_"),
    "empty": (lambda net: (net.coefs_.clear(), net.intercepts_.clear()), "coefs_ has 0 matrices"),
    "no list": (lambda net: setattr(net, "coefs_", 3.0), "coefs_ must be a list"),
    "features": (lambda net: setattr(net, "n_features_in_", 9), r"9"),
    "outputs": (lambda net: setattr(net, "n_outputs_", 7), "n_outputs_ is 7"),
    "no outputs": (lambda net: delattr(net, "n_outputs_"), "n_outputs_ is missing"),
    "no intercepts": (lambda net: delattr(net, "intercepts_"), "intercepts_ is missing"),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("attack", "match"), WRONG_NETWORKS.values(), ids=WRONG_NETWORKS)
def test_what_is_no_network_is_refused(name, attack, match):
    assert_refused(lambda: fitted(name), attack, match)


WRONG_LINEAR = {
    "narrow": (lambda model: setattr(model, "coef_", np.zeros((3, 2))), r"coef_ has shape \(3, 2\).*6"),
    "wide": (lambda model: setattr(model, "coef_", np.zeros((3, 70))), r"coef_ has shape \(3, 70\).*6"),
    "empty": (lambda model: setattr(model, "coef_", np.zeros((3, 0))), r"coef_ has shape \(3, 0\)"),
    "flat": (lambda model: setattr(model, "coef_", np.zeros(18)), r"coef_ has shape \(18,\)"),
    "rows": (lambda model: setattr(model, "coef_", np.zeros((5, 6))), r"intercept_ has shape \(3,\).*\(5,\)"),
    "one": (lambda m: vars(m).update(coef_=np.zeros((1, 6)), intercept_=np.zeros(1)), r"classes_ has shape \(3,\)"),
    "two": (lambda m: vars(m).update(coef_=np.zeros((2, 6)), intercept_=np.zeros(2)), r"classes_ has shape \(3,\)"),
    "complex": (lambda model: setattr(model, "coef_", model.coef_ + 0j), "coef_ .*complex128"),
    "objects": (lambda model: setattr(model, "coef_", model.coef_.astype(object)), "coef_ .*object"),
    "text": (lambda model: setattr(model, "coef_", "abc"), "coef_"),
    "not a number": (lambda model: model.coef_.fill(np.nan), "coef_.*finite"),
    "infinite": (lambda model: model.intercept_.fill(-np.inf), "intercept_.*finite"),
    "scalar": (lambda model: setattr(model, "intercept_", 0.0), r"intercept_ has shape \(\)"),
    "cut": (lambda model: setattr(model, "intercept_", model.intercept_[:2]), r"intercept_ has shape \(2,\)"),
    "no intercept": (lambda model: delattr(model, "intercept_"), "intercept_ is missing"),
}


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize(("attack", "match"), WRONG_LINEAR.values(), ids=WRONG_LINEAR)
def test_what_is_no_linear_model_is_refused(name, attack, match):
    assert_refused(lambda: fitted(name), attack, match)


@pytest.mark.parametrize("name", LINEAR)
def test_weights_are_held_against_samples_where_nothing_tells_the_features(name):
    model = fitted(name)
    del model.n_features_in_
    model.coef_ = np.zeros((3, 2))
    for use in (USES["predict"], USES["learn"], USES["gradient"]):
        with pytest.raises(ValueError):
            use(copy.deepcopy(model))


@pytest.mark.parametrize("name", ["classifier", *LINEAR])
@pytest.mark.parametrize("classes", [[0, 1], [0], [[0, 1, 2]], None], ids=str)
def test_classes_that_do_not_go_with_the_outputs_are_refused(name, classes):
    assert_refused(
        lambda: fitted(name), lambda estimator: setattr(estimator, "classes_", np.array(classes)), "classes_"
    )


@pytest.mark.parametrize("name", ["classifier", *LINEAR])
def test_classes_may_have_other_names(name):
    expected = fitted(name).predict(X)
    for classes in (np.array(["a", "b", "c"]), ["a", "b", "c"]):
        renamed = fitted(name)
        renamed.classes_ = classes
        assert_array_equal(renamed.predict(X), np.array(["a", "b", "c"])[expected])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if hasattr(renamed, "partial_fit"):
                renamed.partial_fit(X, np.array(["a", "b", "c"])[Y])


@pytest.mark.parametrize("name", ["classifier", *LINEAR])
def test_labels_are_looked_up_among_sorted_classes_only(name):
    estimator = fitted(name)
    estimator.classes_ = np.array([2, 1, 0])
    for use in (learn, lambda estimator: gradient(estimator, X, Y)) if name != "logistic" else (USES["gradient"],):
        with pytest.raises(ValueError, match="classes_ must be sorted"):
            use(estimator)


#: The same numbers in other forms.
FORMS = {
    "float32": lambda array: array.astype(np.float32),
    "float16": lambda array: array.astype(np.float16),
    "long double": lambda array: array.astype(np.longdouble),
    "other byte order": lambda array: array.astype(array.dtype.newbyteorder()),
    "whole numbers": lambda array: np.round(3 * array).astype(int),
    "booleans": lambda array: array > 0,
    "columns first": np.asfortranarray,
    "strided": lambda array: np.repeat(array, 2, axis=-1)[..., ::2],
    "read-only": lambda array: np.broadcast_to(array, array.shape),
    "lists": lambda array: array.tolist(),
}


@pytest.mark.parametrize("name", ["regressor", "logistic", "perceptron", "averaging", "adam"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_other_forms_of_numbers_are_as_good(name, form):
    """As the plain arrays in double or single precision that hold the same; and nothing is changed by a prediction."""
    one, other = fitted(name), fitted(name)
    for attribute in ("coefs_", "intercepts_") if name == "regressor" else ("coef_", "intercept_"):
        arrays = getattr(one, attribute)
        formed = list(map(form, arrays)) if name == "regressor" else form(arrays)
        setattr(one, attribute, formed)
        dtype = np.float32 if form in (FORMS["float32"], FORMS["float16"]) else np.float64
        plain = [np.array(array, dtype) for array in formed] if name == "regressor" else np.array(formed, dtype)
        setattr(other, attribute, plain)
    before = dict(vars(one))
    assert_allclose(one.predict(X), other.predict(X), rtol=1e-6)
    assert all(vars(one)[name] is value for name, value in before.items()) and len(vars(one)) == len(before)
    for of_one, of_other in zip(gradient(one, X, Y), gradient(other, X, Y), strict=True):
        for a, b in zip(of_one, of_other, strict=True):
            assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    learn(one), learn(other)
    assert_allclose(one.predict(X), other.predict(X), rtol=1e-5)


def test_an_array_that_changes_its_shape_later_is_noticed():
    network, weights = fitted("regressor"), np.ones((6, 6))
    network.coefs_[0] = weights
    network.predict(X)
    weights.resize((2, 3), refcheck=False)
    with pytest.raises(ValueError, match=r"coefs_\[0\] of shape \(2, 3\)"):
        network.predict(X[:1])


def test_a_large_network_is_looked_through_again_when_its_weights_are_others():
    wide = np.random.RandomState(0).normal(size=(40, 300))
    network = MLPRegressor(hidden_layer_sizes=(60,), max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(wide, wide[:, 0])
    network.predict(wide[:1])
    network.coefs_[0][5, 7] = np.nan
    with pytest.raises(ValueError, match=r"coefs_\[0\]\[5, 7\] is nan"):
        network.predict(wide)
    network.coefs_ = [w.copy() for w in network.coefs_]
    for _ in range(2):
        with pytest.raises(ValueError, match=r"coefs_\[0\]\[5, 7\] is nan"):
            network.predict(wide[:1])


def test_the_average_goes_on_from_replaced_weights():
    perceptron, fresh = fitted("averaging"), fitted("averaging")
    perceptron.coef_ = 0.0 * perceptron.coef_
    fresh._solver_states = [None] * 3
    fresh.coef_ = 0.0 * fresh.coef_
    assert_array_equal(learn(perceptron).coef_, learn(fresh).coef_)


# Sparse weights

WRONG_SPARSE = {
    "huge index": lambda w: put(w, "indices", 0, 10**6),
    "negative index": lambda w: put(w, "indices", 0, -5),
    "huge end": lambda w: put(w, "indptr", -1, 10**6),
    "falling": lambda w: put(w, "indptr", 1, 10**6),
    "short": lambda w: setattr(w, "data", w.data[:2]),
    "lists": lambda w: setattr(w, "indices", w.indices.tolist()),
    "nothing": lambda w: setattr(w, "indptr", None),
    "wide end": lambda w: setattr(w, "indptr", w.indptr.astype(np.int64) + 2**32 * (np.arange(w.indptr.size) > 1)),
    "wide index": lambda w: setattr(w, "indices", w.indices.astype(np.int64) + 2**32),
    "wrapped index": lambda w: setattr(w, "indices", w.indices.astype(np.uint64) + np.uint64(2**63)),
    "complex": lambda w: setattr(w, "data", w.data + 0j),
    "not a number": lambda w: put(w, "data", 0, np.nan),
}


@pytest.mark.parametrize("attack", WRONG_SPARSE.values(), ids=WRONG_SPARSE)
@pytest.mark.parametrize("kind", ["network", "linear"])
def test_sparse_weights_that_are_no_matrix_are_refused(attack, kind):
    estimator = sparse_network() if kind == "network" else fitted("logistic").sparsify()
    estimator.predict(X)  # what is known of the structure must not be believed
    attack(estimator.coefs_[1] if kind == "network" else estimator.coef_)
    for name in ("predict", "predict a row", "predictor", "densify", "sparsify", "gradient"):
        with pytest.raises(ValueError, match=r"coef"):
            USES[name](estimator)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "lil", "dok"])
def test_sparse_weights_of_any_format(form):
    network, other = sparse_network(), sparse_network()
    other.coefs_ = [w.asformat(form) if scipy.sparse.issparse(w) else w for w in other.coefs_]
    assert_allclose(other.predict_proba(X), network.predict_proba(X), rtol=1e-12)
    model = fitted("logistic")
    expected = model.predict_proba(X)
    model.coef_ = scipy.sparse.csr_array(model.coef_).asformat(form)
    assert_allclose(model.predict_proba(X), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["classifier", *LINEAR])
def test_sparse_samples_that_are_no_matrix_are_refused(name):
    broken = scipy.sparse.csr_array(X)
    broken.indices[3] = 10**6
    for use in (fitted(name).predict, lambda X: MAKE[name]().fit(X, Y)):
        with pytest.raises(ValueError, match="X is no CSR matrix.*1000000"):
            use(broken)


# Masks


def masked(shapes, intercepts):
    return {
        "masks_": [np.ones(shape, bool) for shape in shapes],
        "intercept_masks_": [np.ones(n, bool) for n in intercepts],
    }


WRONG_MASKS = {
    "shapes": masked([(2, 2)] * 3, [2] * 3),
    "too few": masked([(6, 6)], [6]),
    "shares": {
        "masks_": [np.full((6, 6), 0.5)] * 2 + [np.ones((6, 3))],
        "intercept_masks_": [np.ones(6)] * 2 + [np.ones(3)],
    },
    "half of them": {"masks_": [np.ones((6, 6), bool)] * 2 + [np.ones((6, 3), bool)]},
}


@pytest.mark.parametrize("masks", WRONG_MASKS.values(), ids=WRONG_MASKS)
def test_masks_of_other_weights_are_refused(masks):
    for name in ("learn", "warm start", "sparsify", "prune", "size report"):
        network = fitted("classifier")
        vars(network).update(masks)
        with pytest.raises(ValueError, match="masks_"):
            USES[name](network)
    for name in ("perceptron", "logistic"):
        model = fitted(name)
        vars(model).update(masks)
        with pytest.raises(ValueError, match="masks_"):
            warm(model)


def test_masks_of_zeros_and_ones_are_as_good():
    network, other = fitted("classifier"), fitted("classifier")
    masks = masked([w.shape for w in network.coefs_], [b.size for b in network.intercepts_])
    masks["masks_"][0][:3] = False
    vars(network).update(masks)
    vars(other).update({name: [mask.astype(float) for mask in part] for name, part in masks.items()})
    for each in (network, other):
        learn(each)
    assert not network.coefs_[0][:3].any()
    assert_array_equal(network.coefs_[0], other.coefs_[0])


def test_a_removed_weight_that_is_not_zero_is_told_before_it_is_lost():
    network = sparse_network().densify()
    row, column = np.argwhere(~network.masks_[1])[0]
    network.coefs_[1][row, column] = 0.5
    for name in ("sparsify", "size report"):
        with pytest.raises(ValueError, match=rf"coefs_\[1\]\[{row}, {column}\] is 0.5, but masks_\[1\]"):
            USES[name](network)


# What training goes on from

WRONG_MEMORIES = {
    "no number of samples": ({"t_": np.nan}, "t_ must be a finite number"),
    "text": ({"t_": "a"}, "t_ must be a finite number"),
    "no curve": ({"loss_curve_": 3.0}, "loss_curve_ must be a list"),
    "a word for a number": ({"best_loss_": "a"}, "best_loss_ must be a number"),
    "garbage": ({"_optimizer_state": {"slots": 1}}, "optimizer's memory"),
}


@pytest.mark.parametrize(("state", "match"), WRONG_MEMORIES.values(), ids=WRONG_MEMORIES)
def test_what_training_cannot_go_on_from_is_refused(state, match):
    network = fitted("classifier")
    vars(network).update(state)
    network.predict(X)
    for use in (learn, USES["prune"]):
        with pytest.raises(ValueError, match=match):
            use(network)


def test_a_damaged_optimizer_memory_is_refused():
    network = fitted("classifier")
    network._optimizer_state.slots[:] = np.nan
    with pytest.raises(ValueError, match="optimizer's memory must hold finite numbers"):
        learn(network)


def test_curves_may_be_arrays_by_now():
    network = fitted("classifier")
    network.loss_curve_ = np.array(network.loss_curve_)
    assert len(learn(network).loss_curve_) == 3 and isinstance(network.loss_curve_, list)


@pytest.mark.parametrize("name", ["classifier", "adam"])
def test_the_optimizer_follows_weights_of_another_precision(name):
    """Its memory is that of double precision; kernels of single precision must not read it as it is."""
    single, double = fitted(name), fitted(name)
    for attribute in {"coefs_", "intercepts_", "coef_", "intercept_"} & set(vars(single)):
        arrays = getattr(single, attribute)
        cast = [a.astype("f4") for a in arrays] if isinstance(arrays, list) else arrays.astype("f4")
        setattr(single, attribute, cast)
    assert_allclose(*(learn(each).decision_function(X) for each in (single, double)), rtol=1e-3, atol=1e-4)


def test_arguments_that_changed_after_fit():
    network = fitted("classifier")
    with pytest.raises(ValueError, match="activation lists 7 activations for 2 hidden layers"):
        network.set_params(activation=["relu"] * 7).predict(X)
    network = fitted("classifier").set_params(hidden_layer_sizes=(9, 9, 9))
    with pytest.raises(ValueError, match="cannot change the architecture"):
        learn(network)
    pruned = prune(network, X, Y, MagnitudePruning(sparsity=0.5, retrain_epochs=1))
    assert [w.shape for w in pruned.coefs_] == [w.shape for w in network.coefs_]


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("classifier", "alpha", None),
        ("classifier", "batch_size", -1),
        ("regressor", "n_iter_no_change", "a"),
        ("logistic", "C", [1.0]),
        ("perceptron", "penalty", -1),
        ("averaging", "average", None),
        ("adam", "n_jobs", "a"),
        ("adam", "eta0", np.nan),
    ],
)
def test_arguments_that_no_fit_would_take_are_refused_after_it_too(name, argument, value):
    for use in ("learn", "warm start", "gradient", "prune", "size report"):
        with pytest.raises(ValueError, match=f"'{argument}' parameter"):
            USES[use](fitted(name).set_params(**{argument: value}))


def test_arguments_are_not_looked_at_again_where_scikit_learn_is_told_so():
    perceptron = fitted("perceptron").set_params(verbose=None)  # which nothing needs
    with config_context(skip_parameter_validation=True):
        learn(perceptron)
    with pytest.raises(ValueError, match="'verbose' parameter"):
        perceptron.partial_fit(X, Y)


# What pickles of other hands may hold

DAMAGED = {
    "a flat vector of text": {"_theta": "a"},
    "a flat vector of rows": {"_theta": np.zeros((3, 9))},
    "features": {"n_features_in_": 5.5},
    "features as text": {"n_features_in_": "6"},
    "no memories": {"_solver_states": None},
    "memories of other features": {"_solver_states": [AveragedWeights(np.zeros(7), np.zeros(3))] * 3},
    "memories of no arrays": {"_solver_states": [AveragedWeights(None, None)] * 3},
}


@pytest.mark.parametrize("state", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("name", MAKE)
def test_damaged_state_is_found_out_or_does_no_harm(name, state):
    for use in (USES["predict"], learn, USES["gradient"]):
        estimator = fitted(name)
        estimator.__setstate__({**estimator.__getstate__(), **state})
        if "n_features_in_" in state:
            with pytest.raises(ValueError, match="n_features_in_|is expecting (5.5|6) features|a layer of 5.5 units"):
                use(estimator)
        else:
            use(estimator)
            assert_array_equal(np.isfinite(estimator.decision_function(X)) if hasattr(estimator, "classes_") else 1, 1)


@pytest.mark.parametrize("name", ["perceptron", "adam"])
def test_missing_private_state_is_named(name):
    estimator = fitted(name)
    del estimator._class_count, estimator._solver_states
    with pytest.raises(ValueError, match="_class_count is missing"):
        learn(estimator)


@pytest.mark.parametrize("name", MAKE)
def test_a_copy_and_a_pickle_go_on_as_the_original(name):
    copies = [fitted(name), copy.deepcopy(fitted(name)), pickle.loads(pickle.dumps(fitted(name)))]
    expected, *others = [learn(each).predict(X) for each in copies]
    for other in others:
        assert_array_equal(other, expected)


@pytest.mark.parametrize("name", MAKE)
def test_without_weights_nothing_is_fitted(name):
    estimator = fitted(name)
    delattr(estimator, "coefs_" if name in NETWORKS else "coef_")
    with pytest.raises((NotFittedError, ValueError), match="fit"):
        estimator.predict(X)
