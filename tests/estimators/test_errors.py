"""Every bad input is named, with its value and what would be valid, before anything is computed."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from samples import ESTIMATORS, samples

import sknn_concepts
from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.activations import Activation, LeakyRelu, Relu
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.losses import Huber
from sknn_concepts.network import compiled as machine
from sknn_concepts.optimizers import Adam
from sknn_concepts.pruning import MagnitudePruning
from sknn_concepts.schedules import Cosine


@pytest.fixture
def engine_off(monkeypatch):
    """Forbid all work."""

    def forbidden(*arguments, **keywords):
        raise AssertionError("work was done before the arguments were checked")

    monkeypatch.setattr(machine.CompiledNetwork, "__init__", forbidden)


idle = pytest.mark.usefixtures("engine_off")
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

#: Arguments, and parts of the message: the parameter, the value, what would be valid.
ARGUMENTS = [
    ({"hidden_layer_sizes": (5, 0)}, ["hidden_layer_sizes", "> 0", r"\[5, 0\]"]),
    ({"hidden_layer_sizes": (5, -2)}, ["hidden_layer_sizes", "> 0"]),
    ({"hidden_layer_sizes": (5.5,)}, ["hidden_layer_sizes", "whole numbers", "5.5"]),
    ({"hidden_layer_sizes": "12-x"}, ["hidden_layer_sizes", "12-x", "'128-64'"]),
    ({"hidden_layer_sizes": "-12"}, ["hidden_layer_sizes", "-12", "'128-64'"]),
    ({"hidden_layer_sizes": 0}, ["hidden_layer_sizes", "0", "int in the range"]),
    ({"hidden_layer_sizes": [[3, 4]]}, ["hidden_layer_sizes", r"\[\[3, 4\]\]"]),
    ({"activation": "rleu"}, ["activation", "rleu", "relu", "Did you mean 'relu'"]),
    ({"activation": ["relu", "tanh"]}, ["activation", "2 activations", "1 hidden layers"]),
    ({"activation": ["soft"]}, ["activation", "soft", "softplus"]),
    ({"activation": Relu}, ["activation", "instance of .*Activation", r"class .*Relu"]),
    ({"activation": [Relu]}, ["activation", "class Relu", r"Relu\(\)"]),
    ({"activation": [3]}, ["activation", "3", "instance of Activation"]),
    ({"activation": "step"}, ["activation", "Step", "no slope", "'logistic'"]),
    ({"solver": "adm"}, ["solver", "adm", "adam", "lbfgs"]),
    ({"solver": Adam}, ["solver", "Adam"]),
    ({"solver": Adam(beta_1=1.5)}, ["beta_1", "Adam", r"\[0, 1\)", "1.5"]),
    ({"solver": "lbfgs", "dropout": 0.5}, ["dropout", "0.5", "lbfgs", "stochastic"]),
    ({"solver": "lbfgs", "max_norm": 1.0}, ["max_norm", "lbfgs"]),
    ({"solver": "lbfgs", "max_grad_norm": 1.0}, ["max_grad_norm", "lbfgs"]),
    ({"learning_rate": "cosin"}, ["learning_rate", "cosin", "cosine"]),
    ({"learning_rate": Cosine(minimum=2.0)}, ["minimum", "Cosine", "2.0", r"\[0, 1\]"]),
    ({"loss": "hubber"}, ["loss", "hubber"]),
    ({"initializer": "he"}, ["initializer", "'he'", "he_normal"]),
    ({"dtype": "float16"}, ["dtype", "float32, float64 or None", "float16"]),
    ({"dtype": "decimal"}, ["dtype", "float32, float64 or None", "decimal"]),
    ({"pruning": "magnitud"}, ["pruning", "magnitud", "magnitude"]),
    ({"connectivity": 0.0}, ["connectivity", "0.0", "share in"]),
    ({"alpha": -1.0}, ["alpha", "-1.0", "inf"]),
    ({"l1_ratio": 1.5}, ["l1_ratio", "1.5", r"\[0.0, 1.0\]"]),
    ({"dropout": 1.0}, ["dropout", "1.0", r"\[0.0, 1.0\)"]),
    ({"max_norm": 0}, ["max_norm", "None"]),
    ({"max_grad_norm": -1}, ["max_grad_norm", "None"]),
    ({"batch_size": 0}, ["batch_size", "auto"]),
    ({"learning_rate_init": 0.0}, ["learning_rate_init", "0.0"]),
    ({"max_iter": 0}, ["max_iter", "0"]),
    ({"tol": -1e-3}, ["tol", "-0.001"]),
    ({"momentum": 2}, ["momentum", "2"]),
    ({"validation_fraction": 1.0}, ["validation_fraction", "1.0"]),
    ({"n_iter_no_change": 0}, ["n_iter_no_change", "0"]),
    ({"early_stopping": "yes"}, ["early_stopping", "yes"]),
    ({"early_stopping_scoring": 3}, ["early_stopping_scoring", "3"]),
    ({"random_state": "seed"}, ["random_state", "seed"]),
]


@idle
@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize(("arguments", "parts"), ARGUMENTS, ids=lambda value: str(value)[:40])
def test_arguments(arguments, parts, name):
    X, y = samples("binary")
    estimator = getattr(sknn_concepts, name)(**{"hidden_layer_sizes": (4,), **arguments})
    methods = [estimator.fit] if arguments.get("solver") == "lbfgs" else [estimator.fit, estimator.partial_fit]
    for method in methods:
        for part in parts:
            with pytest.raises(ValueError, match=part):
                method(X, y)
    assert not hasattr(estimator, "coefs_")


@idle
def test_losses_fit_their_task():
    X, y = samples("binary")
    with pytest.raises(ValueError, match="'huber', which is not for classification; for classification.*'hinge'"):
        MLPClassifier(loss="huber").fit(X, y)
    with pytest.raises(ValueError, match="'log_loss', which is not for regression; for regression.*'poisson'"):
        MLPRegressor(loss="log_loss").fit(X, y)
    with pytest.raises(ValueError, match="delta of Huber must be in .*got -1"):
        MLPRegressor(loss=Huber(delta=-1)).fit(X, y)
    with pytest.raises(ValueError, match="poisson loss needs y >= 0; the smallest target is -3"):
        MLPRegressor(loss="poisson").fit(X, y - 3.0)
    with pytest.raises(ValueError, match="output_activation='tanh' cannot be combined with loss='poisson'"):
        MLPRegressor(loss="poisson", output_activation="tanh").fit(X, y)
    with pytest.raises(ValueError, match="output_activation.*'softpluss'.*'softplus'"):
        MLPRegressor(output_activation="softpluss").fit(X, y)
    with pytest.raises(ValueError, match="Step.*no slope"):
        MLPRegressor(output_activation="step").fit(X, y)


@idle
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X_val": [[1] * 8]}, "y_val is missing: X_val was given"),
        ({"y_val": [1]}, "X_val is missing: y_val was given"),
        ({"sample_weight_val": [1]}, "sample_weight_val was given without X_val and y_val"),
        ({"X_val": np.ones((2, 8)), "y_val": [0, 1, 1]}, "inconsistent numbers of samples"),
        ({"X_val": np.ones((2, 7)), "y_val": [0, 1]}, "X has 7 features, but MLPClassifier is expecting 8"),
        ({"X_val": np.ones((2, 8)), "y_val": [0, 7]}, "classes not in"),
        ({"X_val": np.full((2, 8), np.nan), "y_val": [0, 1]}, "contains NaN"),
        ({"X_val": np.ones((2, 8)), "y_val": [0, 1], "sample_weight_val": [1.0]}, "sample_weight.shape"),
    ],
    ids=str,
)
def test_validation_data(given, message):
    X, y = samples("binary")
    with pytest.raises(ValueError, match=message):
        MLPClassifier().fit(X, y, **given)
    with pytest.raises(ValueError, match=message):
        MLPClassifier().partial_fit(X, y, classes=[0, 1], **given)


@idle
@pytest.mark.parametrize(
    ("kind", "y_val", "message"),
    [
        ("multioutput", np.zeros(4), "y_val has 1 outputs, but y has 3"),
        ("multioutput", np.zeros((4, 2)), "y_val has 2 outputs, but y has 3"),
        ("regression", np.zeros((4, 2)), "y_val has 2 outputs, but y has 1"),
        (
            "multilabel",
            [0, 1, 0, 1],
            "The targets are one label a sample, of shape .4,., but the network",
        ),
        ("multilabel", np.eye(4, dtype=int)[:, :3], "mismatch with the labels"),
        (
            "binary",
            np.eye(4, dtype=int)[:, :2],
            "The targets are indicators of several labels a sample, of shape",
        ),
        ("multiclass", np.eye(4, dtype=int)[:, :3], "but the network was told of one label a sample"),
    ],
)
@pytest.mark.parametrize("scoring", [None, "loss"])
def test_validation_targets_are_like_those_of_training(kind, y_val, message, scoring):
    X, y = samples(kind)
    estimator = getattr(sknn_concepts, ESTIMATORS[kind])(early_stopping=True, early_stopping_scoring=scoring)
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, y, X_val=X[:4], y_val=y_val)


@idle
def test_validation_targets_suit_the_loss():
    X, y = samples("regression")
    with pytest.raises(ValueError, match="poisson loss needs y >= 0; the smallest target is -1"):
        MLPRegressor(loss="poisson").fit(X, np.abs(y), X_val=X[:4], y_val=[0.0, 1.0, -1.0, 2.0])


@idle
def test_targets_of_regression_are_dense_and_finite():
    X, y = samples("multioutput")
    with pytest.raises(ValueError, match=r"needs dense targets, and y is sparse: pass y.toarray\(\)"):
        MLPRegressor().fit(X, scipy.sparse.csr_array(y))
    with pytest.raises(ValueError, match="y contains NaN"):
        MLPRegressor().fit(X, np.full(len(X), None))


@idle
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_and_targets_are_finite(form, value):
    X, y = samples("regression")
    broken = X.copy()
    broken[3, 2] = value
    with pytest.raises(ValueError, match="Input X contains"):
        MLPRegressor().fit(form(broken), y)
    broken = y.copy()
    broken[3] = value
    with pytest.raises(ValueError, match="Input y contains"):
        MLPRegressor().fit(form(X), broken)


@idle
def test_weights():
    X, y = samples("binary")
    with pytest.raises(ValueError, match="at least one non-zero"):
        MLPClassifier().fit(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(ValueError, match="sample_weight.shape"):
        MLPClassifier().fit(X, y, sample_weight=np.ones(3))
    with pytest.raises(ValueError, match="Input sample_weight contains NaN"):
        MLPClassifier().fit(X, y, sample_weight=np.full(len(y), np.nan))
    with pytest.raises(ValueError, match="class_weight"):
        MLPClassifier(class_weight={5: 1.0}).fit(X, y)
    with pytest.raises(ValueError, match="class_weight.*balanced.*'even'"):
        MLPClassifier(class_weight="even").fit(X, y)


@idle
def test_weight_on_both_sides_of_a_split():
    X, y = samples("binary")
    weight = np.zeros(len(y))
    weight[:2] = 1.0
    with pytest.raises(ValueError, match="on one side of the split for early stopping"):
        MLPClassifier(early_stopping=True, random_state=0).fit(X, y, sample_weight=weight)


@idle
def test_classes_are_told_first():
    X, y = samples("binary")
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        MLPClassifier().partial_fit(X, y)
    with pytest.raises(ValueError, match="Unknown label type"):
        MLPClassifier().fit(X, X[:, 0])


@quiet
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_what_is_fitted_cannot_change_its_shape(kind):
    X, y = samples(kind)
    estimator = getattr(sknn_concepts, ESTIMATORS[kind])(hidden_layer_sizes=(4,), max_iter=2, warm_start=True)
    estimator.fit(X, y)
    for method in (estimator.fit, estimator.partial_fit):
        with pytest.raises(ValueError, match="X has 7 features, but MLP.* is expecting 8 features as input"):
            method(X[:, :7], y)
        with pytest.raises(ValueError, match=r"weights of shapes .*\(8, 4\).* ask for .*\(8, 5\).*architecture"):
            estimator.set_params(hidden_layer_sizes=(5,))
            method(X, y)
        estimator.set_params(hidden_layer_sizes=(4,))
    with pytest.raises(ValueError, match="X has 9 features"):
        estimator.predict(np.ones((2, 9)))
    with pytest.raises(ValueError, match="Reshape your data"):
        estimator.predict(X[0])


@quiet
def test_a_warm_start_keeps_its_classes():
    X, y = samples("multiclass")
    estimator = MLPClassifier(hidden_layer_sizes=(4,), max_iter=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same classes"):
        estimator.fit(X, y % 2)


@quiet
def test_what_lbfgs_lacks():
    estimator = MLPClassifier(solver="lbfgs")
    with pytest.raises(ValueError, match="X_val and y_val need a stochastic solver"):
        estimator.fit(*samples("binary"), X_val=samples("binary")[0], y_val=samples("binary")[1])
    assert not hasattr(estimator, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        estimator.partial_fit(*samples("binary"))
    X, y = samples("binary")
    fitted = MLPClassifier(loss="hinge", max_iter=2).fit(X, y)
    with pytest.raises(AttributeError, match="predict_proba"):
        fitted.predict_proba(X)


@quiet
def test_small_samples():
    X, y = samples("binary")
    with pytest.warns(UserWarning, match="batch_size"):
        MLPClassifier(batch_size=1000, max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="validation set is too small"):
        MLPRegressor(early_stopping=True).fit(X[:8], y[:8])
    assert MLPClassifier(max_iter=2).fit(X[:1], y[:1]).predict(X[:1]) == y[:1]


@quiet
def test_constructor_arguments_stay_untouched():
    X, y = samples("regression")
    arguments = {"activation": ["relu", LeakyRelu(0.1)], "hidden_layer_sizes": "4-3", "solver": Adam(), "dtype": "f4"}
    estimator = MLPRegressor(max_iter=2, **arguments).fit(X, y)
    for name, value in arguments.items():
        assert getattr(estimator, name) is value


FAILURES = {
    "weights of another length": {"sample_weight": np.ones(3)},
    "weights that are nothing": {"sample_weight": np.zeros(60)},
    "unknown class weights": {"class_weight": {"zz": 1}},
    "other features": {"features": 4, "sample_weight": np.ones(3)},
    "an unknown option": {"dtype": "int8"},
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor", "LogisticRegression", "Perceptron"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_that_fails_leaves_the_model_as_it_was(kind, failure):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(60, 6)), np.arange(60) % 3
    parameters, arguments = {}, dict(FAILURES[failure])
    other = X[:, : arguments.pop("features", 6)]
    for name in ("class_weight", "dtype"):
        if name in arguments:
            parameters[name] = arguments.pop(name)
    if kind == "MLPRegressor" and "class_weight" in parameters:
        parameters = {"connectivity": [np.ones((1, 1), bool)]}
    settings = {"max_iter": 5} | ({} if kind == "LogisticRegression" else {"random_state": 0})
    model = getattr(sknn_concepts, kind)(**settings).fit(X, y)
    before, known = model.predict(X), vars(model).copy()
    labels = y[::-1] * 2.0 if kind == "MLPRegressor" else np.array(["a", "b"])[y % 2]
    settings = {name: getattr(model, name) for name in parameters}
    with pytest.raises((ValueError, TypeError)):
        model.set_params(**parameters).fit(other, labels, **arguments)
    model.set_params(**settings)
    assert vars(model).keys() == known.keys()
    np.testing.assert_array_equal(model.predict(X), before)
    fresh = getattr(sknn_concepts, kind)(**parameters)
    with pytest.raises((ValueError, TypeError)):
        fresh.fit(other, labels, **arguments)
    assert not any(name.endswith("_") for name in vars(fresh))


@pytest.mark.parametrize("kind", ["MLPClassifier", "Perceptron"])
def test_a_first_partial_fit_that_fails_settles_nothing(kind):
    X, y = samples("multiclass")
    model = getattr(sknn_concepts, kind)()
    with pytest.raises(ValueError, match="class"):
        model.partial_fit(X, y, classes=[0, 1])
    assert not hasattr(model, "classes_")
    model.partial_fit(X, y, classes=np.unique(y))


def test_weights_need_a_positive_sum():
    X, y = samples("binary")
    for model in (MLPClassifier(), MLPClassifier(class_weight={0: -1, 1: -1})):
        weights = None if model.class_weight else -np.ones(len(y))
        with pytest.raises(
            ValueError, match="sum of sample_weight, times those of the classes, must be positive; it is -"
        ):
            model.fit(X, y, sample_weight=weights)
    with pytest.raises(ValueError, match="class_weight must not be negative; got {0: -1}"):
        sknn_concepts.LogisticRegression(class_weight={0: -1}).fit(X, y)


@pytest.mark.parametrize("kind", ["MLPClassifier", "LogisticRegression", "Perceptron"])
def test_what_a_limit_is_judged_by_is_checked_like_all_data(kind):
    X, y = samples("binary")
    make = getattr(sknn_concepts, kind)
    model = make(pruning=MagnitudePruning(max_score_drop=0.1))
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        model.fit(X, None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X, y[:-1])
    with pytest.raises(
        ValueError, match="No samples could be held out for the limit of MagnitudePruning, a share of 0.1 of 1:"
    ):
        model.fit(X[:1], y[:1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, np.append(np.zeros(len(X) - 1, int), 1))  # a class of one is trained on
        assert len(model.classes_) == 2
        model.fit(X, y, sample_weight=2.0)


class Typo(Activation):
    def value(self, z):
        return ep(z)  # noqa: F821

    def slope(self, z):
        return 1.0


class NoValue(Activation):
    def slope(self, z):
        return 1.0


class TwoArguments(Activation):
    def value(self, z, q):
        return z

    def slope(self, z):
        return 1.0


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
@pytest.mark.parametrize(
    ("activation", "reason"),
    [
        (Typo(), "name 'ep' is not defined .in value."),
        (NoValue(), "it has no method value"),
        (TwoArguments(), "missing a required argument: 'q'"),
    ],
)
def test_formulas_that_cannot_be_compiled(activation, reason):
    X, y = samples("binary")
    network = MLPClassifier(activation=activation)
    with pytest.raises(ValueError, match=f"^{type(activation).__name__} cannot be compiled: .*{reason}.* Its"):
        network.fit(X, y)
    assert not hasattr(network, "coefs_")


def test_what_fails_in_the_middle_of_partial_fit_leaves_its_books():
    X, y = samples("binary")

    def fails(estimator, X, y):
        raise RuntimeError("no score today")

    network = MLPClassifier(early_stopping=True, early_stopping_scoring="accuracy", random_state=0)
    network.partial_fit(X, y, classes=[0, 1], X_val=X, y_val=y)
    network.set_params(early_stopping_scoring=fails)
    with pytest.raises(ValueError, match="early_stopping_scoring=.*RuntimeError on the 337 .*: no score today.*X_val"):
        network.partial_fit(X, y, X_val=X, y_val=y)
    assert len(network.loss_curve_) == len(network.validation_scores_) == 1
    assert network._optimizer_state.epochs == 1
