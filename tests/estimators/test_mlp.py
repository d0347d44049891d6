"""What the multilayer perceptrons take, set and give."""

import inspect
import re

import numpy as np
import pytest
import scipy.sparse
import sklearn.neural_network
from numpy.testing import assert_allclose, assert_array_equal
from samples import ESTIMATORS, samples
from scipy.special import ndtr
from sklearn.dummy import DummyClassifier

import sknn_concepts
from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.activations import Activation
from sknn_concepts.initializers import Initializer
from sknn_concepts.losses import Loss
from sknn_concepts.math import softplus, tanh
from sknn_concepts.optimizers import Optimizer
from sknn_concepts.schedules import Schedule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SOLVERS = ["sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "lbfgs"]


def network(kind, **arguments):
    return getattr(sknn_concepts, ESTIMATORS[kind])(**{"max_iter": 5, "random_state": 0, **arguments})


def weights_of(estimator):
    return np.concatenate([array.ravel() for array in estimator.coefs_ + estimator.intercepts_])


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_takes_every_argument_of_scikit_learn(name):
    theirs = inspect.signature(getattr(sklearn.neural_network, name)).parameters
    ours = inspect.signature(getattr(sknn_concepts, name)).parameters
    assert theirs.keys() <= ours.keys()
    for argument, parameter in theirs.items():
        assert ours[argument].default == parameter.default
    positional = [[p.name for p in one.values() if p.kind is p.POSITIONAL_OR_KEYWORD] for one in (theirs, ours)]
    assert positional[0] == positional[1]


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("arguments", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
def test_sets_every_attribute_of_scikit_learn(kind, arguments):
    theirs = getattr(sklearn.neural_network, ESTIMATORS[kind])(max_iter=5, **arguments).fit(*samples(kind))
    ours = network(kind, **arguments).fit(*samples(kind))
    for name, value in vars(theirs).items():
        if name.endswith("_"):
            assert (getattr(ours, name) is None) == (value is None), name


@pytest.mark.parametrize(
    ("sizes", "widths"),
    [(7, [7]), ((7, 5), [7, 5]), ("7-5", [7, 5]), ("7, 5", [7, 5]), (np.array([3, 4]), [3, 4]), ((), []), ("", [])],
    ids=str,
)
def test_hidden_layer_sizes(sizes, widths):
    fitted = network("multiclass", hidden_layer_sizes=sizes).fit(*samples("multiclass"))
    assert [w.shape for w in fitted.coefs_] == list(zip([8, *widths], [*widths, 4], strict=True))
    assert fitted.n_layers_ == len(widths) + 2


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_every_solver_learns(kind, solver):
    X, y = samples(kind)
    rate = {"sgd": 0.02, "adagrad": 0.1}.get(solver, 0.01)
    fitted = network(kind, solver=solver, hidden_layer_sizes=(20,), learning_rate_init=rate, max_iter=100).fit(X, y)
    assert fitted.score(X, y) > {"multilabel": 0.45, "multiclass": 0.75}.get(kind, 0.85)


def test_each_layer_has_its_activation():
    X, y = samples("regression")
    fitted = network("regression", hidden_layer_sizes=(6, 4), activation=["tanh", "gelu"], alpha=0.0).fit(X, y)
    first = np.tanh(X @ fitted.coefs_[0] + fitted.intercepts_[0])
    assert_allclose(fitted.transform(X, layer=0), first, rtol=1e-12)
    z = first @ fitted.coefs_[1] + fitted.intercepts_[1]
    assert_allclose(fitted.transform(X), z * ndtr(z), rtol=1e-10, atol=1e-14)
    assert_allclose(fitted.predict(X), (z * ndtr(z) @ fitted.coefs_[2] + fitted.intercepts_[2]).ravel(), rtol=1e-10)


def test_transform_counts_layers_from_both_ends_and_names_units():
    X, y = samples("binary")
    fitted = network("binary", hidden_layer_sizes=(6, 4)).fit(X, y)
    assert_array_equal(fitted.transform(X, layer=-2), fitted.transform(X, layer=0))
    assert_array_equal(fitted.transform(X, layer=1), fitted.transform(X))
    assert_array_equal(fitted.get_feature_names_out(), [f"mlpclassifier{i}" for i in range(4)])
    for layer in (2, -3, 0.5):
        with pytest.raises(ValueError, match=f"no hidden layer {layer}: the network has 2"):
            fitted.transform(X, layer=layer)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(container):
    X, y = samples("binary")
    fitted = network("binary", hidden_layer_sizes=(6, 4)).set_output(transform=container).fit(X, y)
    frame = fitted.transform(X)
    assert list(frame.columns) == [f"mlpclassifier{i}" for i in range(4)]
    assert_array_equal(frame.to_numpy(), fitted.set_output(transform="default").transform(X))
    with pytest.raises(ValueError, match="names the units of the last hidden layer"):
        fitted.set_output(transform=container).transform(X, layer=0)


def test_a_network_without_hidden_layer_transforms_to_the_samples():
    X, y = samples("binary")
    fitted = network("binary", hidden_layer_sizes=()).fit(X, y)
    assert_array_equal(fitted.transform(X), X)
    assert len(fitted.get_feature_names_out()) == X.shape[1]


def test_output_activation_bounds_predictions():
    X, y = samples("multioutput")
    y = 1 / (1 + np.exp(-y))
    fitted = network("regression", output_activation="logistic", max_iter=200, learning_rate_init=0.02).fit(X, y)
    predicted = fitted.predict(100 * X)
    assert predicted.min() >= 0 and predicted.max() <= 1
    assert fitted.out_activation_ == "logistic"
    assert fitted.score(X, y) > 0.8


@pytest.mark.parametrize("loss", ["log_loss", "focal", "smoothed_log_loss"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_probabilities(kind, loss):
    X, y = samples(kind)
    fitted = network(kind, loss=loss).fit(X, y)
    scores, probabilities = fitted.decision_function(X), fitted.predict_proba(X)
    assert_allclose(fitted.predict_log_proba(X), np.log(probabilities), rtol=1e-12)
    if kind == "multiclass":
        exponentials = np.exp(scores)
        assert_allclose(probabilities, exponentials / exponentials.sum(axis=1, keepdims=True), rtol=1e-11)
        assert_array_equal(fitted.predict(X), probabilities.argmax(axis=1))
    else:
        of_label = probabilities[:, 1] if kind == "binary" else probabilities
        assert_allclose(of_label, 1 / (1 + np.exp(-scores)), rtol=1e-11)
        assert_array_equal(fitted.predict(X), of_label > 0.5)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "perceptron", "squared_error"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_losses_without_probabilities(kind, loss):
    X, y = samples(kind)
    fitted = network(kind, loss=loss, max_iter=50, learning_rate_init=0.01).fit(X, y)
    assert not hasattr(fitted, "predict_proba") and not hasattr(fitted, "predict_log_proba")
    scores = fitted.decision_function(X)
    assert_array_equal(fitted.predict(X), scores.argmax(axis=1) if kind == "multiclass" else scores > 0)
    assert fitted.score(X, y) > DummyClassifier().fit(X, y).score(X, y) + 0.2


class Bent(Activation):
    """A hidden unit of one's own, without a slope from the value."""

    bend: float = 0.5

    def value(self, z):
        return z + self.bend * tanh(z)

    def slope(self, z):
        return 1.0 + self.bend * (1.0 - tanh(z) * tanh(z))


class LogCosh(Loss):
    """A loss of one's own."""

    tasks = ("regression",)

    def loss(self, y, raw):
        return softplus(2.0 * (raw - y)) - (raw - y) - 0.6931471805599453

    def gradient(self, y, raw):
        return tanh(raw - y)


class Sign(Optimizer):
    """An optimizer of one's own: steps of one length (Riedmiller and Braun, 1993, without adaptation)."""

    def update(self, w, g, slots, c):
        return w - (c[0] if g > 0.0 else -c[0]), slots


class Halving(Schedule):
    """A schedule of one's own."""

    every: float = 10.0

    def rates(self, initial, clock):
        return initial * 0.5 ** (clock.epochs / self.every)


class Few(Initializer):
    """An initializer of one's own."""

    n_inputs: int = 3

    def weights(self, random_state, fan_in, fan_out):
        weights = random_state.normal(0, 0.3, (fan_in, fan_out))
        weights[self.n_inputs :] = 0
        return weights


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_strategies_of_ones_own(dtype):
    X, y = samples("regression")
    choices = {"activation": Bent(0.8), "loss": LogCosh(), "solver": Sign(), "learning_rate": Halving()}
    rate = {"learning_rate_init": 0.01, "max_iter": 100}
    fitted = network("regression", initializer=Few(5), dtype=dtype, **rate, **choices).fit(X, y)
    assert fitted.score(X, y) > 0.95
    hidden = X @ fitted.coefs_[0] + fitted.intercepts_[0]
    rounding = 2e-6 if dtype == "float32" else 1e-14
    assert_allclose(fitted.transform(X), hidden + 0.8 * np.tanh(hidden), rtol=rounding, atol=rounding)
    residuals = fitted.predict(X) - y
    at_start = network("regression", initializer=Few(5), solver="sgd", learning_rate_init=1e-300, max_iter=1, alpha=0.0)
    at_start.set_params(loss=LogCosh(), activation=Bent(0.8)).fit(X, y)
    assert at_start.loss_ == pytest.approx(np.log(np.cosh(at_start.predict(X) - y)).mean(), rel=1e-6)
    assert np.log(np.cosh(residuals)).mean() < 0.1 * at_start.loss_


def test_an_initializer_may_be_a_function():
    X, y = samples("binary")
    fitted = network("binary", initializer=lambda rng, n_in, n_out: np.ones((n_in, n_out)), solver="sgd")
    fitted.set_params(learning_rate_init=1e-300).fit(X, y)
    assert all((w == 1).all() for w in fitted.coefs_)


def test_step_predicts_but_does_not_learn():
    X, y = samples("binary")
    fitted = network("binary", hidden_layer_sizes=(5,)).fit(X, y)
    sums = X @ fitted.coefs_[0] + fitted.intercepts_[0]
    fitted.set_params(activation="step")
    assert_array_equal(fitted.transform(X), sums > 0)
    for method in (fitted.fit, fitted.partial_fit):
        with pytest.raises(ValueError, match="Step.*no slope.*'logistic'"):
            method(X, y)


def test_prediction_follows_replaced_weights():
    X, y = samples("regression")
    fitted = network("regression", hidden_layer_sizes=(5,), activation="identity").fit(X, y)
    before = fitted.predict(X)
    fitted.coefs_[1][:] *= 2.0
    assert not np.allclose(fitted.predict(X), before)
    fitted.coefs_ = [np.asfortranarray(np.ones((8, 2), np.float32)), [[1], [1]]]
    fitted.intercepts_ = [np.zeros(2, int), np.array([3.0])]
    fitted.hidden_layer_sizes = "7-7-7"
    assert_allclose(fitted.predict(X), 2 * X.sum(axis=1) + 3, rtol=1e-12)
    fitted.coefs_[0] = np.ones((7, 2))
    with pytest.raises(ValueError, match=r"coefs_\[0\] of shape \(7, 2\).*layer of 8 units"):
        fitted.predict(X)


@pytest.mark.parametrize("first", ["lbfgs", "adam", "early stopping"])
@pytest.mark.parametrize("then", ["lbfgs", "adam", "early stopping"])
def test_a_warm_start_may_change_the_way(first, then):
    X, y = samples("binary")
    ways = {"lbfgs": {"solver": "lbfgs", "early_stopping": False}, "adam": {"solver": "adam", "early_stopping": False}}
    ways["early stopping"] = {"solver": "adam", "early_stopping": True}
    fitted = network("binary", warm_start=True, max_iter=20, **ways[first]).fit(X, y)
    loss = fitted.loss_
    fitted.set_params(**ways[then]).fit(X, y)
    assert fitted.loss_ < loss


def test_verbose(capsys):
    X, y = samples("binary")
    network("binary", verbose=True, early_stopping=True, max_iter=2).fit(X, y)
    network("binary", verbose=2, solver="lbfgs", max_iter=5).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    form = r"Iteration \d, loss = 0\.\d{8}, validation loss = .*, validation score = .*, learning rate = 0\.001, .* s"
    assert all(re.fullmatch(form, line) for line in lines[:2])
    assert [line.split(" = ")[0] for line in lines[2:]] == ["Iteration 2, loss", "Iteration 4, loss"]


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_the_same_seed_gives_the_same_bits(solver):
    X, y = samples("multiclass")
    fits = [network("multiclass", solver=solver, dropout=0.3 * (solver == "sgd")).fit(X, y) for _ in range(2)]
    assert_array_equal(weights_of(fits[0]), weights_of(fits[1]))
    other = network("multiclass", solver=solver, random_state=1).fit(X, y)
    assert not np.array_equal(weights_of(fits[0]), weights_of(other))


def test_classes_keep_their_type():
    X, y = samples("multiclass")
    for labels in (np.array(["d", "a", "c", "b"]), np.array([3, -1, 7, 0]), np.array(["d", "a", "c", "b"], object)):
        fitted = MLPClassifier(max_iter=3).fit(X, labels[y])
        assert_array_equal(fitted.classes_, np.unique(labels))
        assert fitted.predict(X).dtype == fitted.classes_.dtype
    assert MLPRegressor(max_iter=3).fit(X, y).predict(X).dtype == np.float64


LABELS = {
    "bool": lambda y: y > 0,
    "int8": lambda y: y.astype(np.int8) - 1,
    "str": lambda y: np.array(list("abc"))[y],
    "object": lambda y: np.array(list("abc"), object)[y],
    "float": lambda y: 2.0 * y - 1.0,
    "one class": lambda y: 0 * y,
    "column": lambda y: y[:, None],
    "several": lambda y: np.eye(3, dtype=int)[y],
    "several, sparse": lambda y: scipy.sparse.csr_array(np.eye(3, dtype=int)[y]),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.filterwarnings("ignore")
def test_labels_come_back_as_from_scikit_learn(kind):
    rng = np.random.RandomState(0)
    X, y = rng.rand(60, 3), LABELS[kind](rng.permutation(60) % 3)
    options = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
    ours, theirs = MLPClassifier(**options).fit(X, y), sklearn.neural_network.MLPClassifier(**options).fit(X, y)
    for a, b in ((ours.classes_, theirs.classes_), (ours.predict(X), theirs.predict(X))):
        assert type(a) is type(b) and a.dtype == b.dtype
        assert_array_equal(*(c.toarray() if scipy.sparse.issparse(c) else c for c in (a, b)))


def test_as_many_classes_as_samples_look_like_a_regression():
    with pytest.warns(UserWarning, match="number of unique classes is greater than 50%"):
        MLPClassifier(max_iter=1).fit(np.eye(30), np.arange(30))


class Annotated(MLPClassifier):
    """A user's subclass with a fitted attribute of its own, set before the network is trained."""

    def fit(self, X, y):
        self.note_ = "kept"
        return super().fit(X, y)


def test_a_fit_leaves_attributes_of_subclasses_alone():
    X, y = np.eye(6), [0, 1] * 3
    net = Annotated((2,), max_iter=1, tol=1.0, early_stopping=False).fit(X, y)
    assert net.fit(X, y).note_ == "kept"
    net.set_params(solver="lbfgs").fit(X, y)
    assert net.note_ == "kept" and not hasattr(net, "loss_curve_")
