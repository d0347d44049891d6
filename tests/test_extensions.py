"""One strategy of each kind from a file outside the package: fitted, saved, copied and searched like any other."""

import ast
import pathlib
import pickle

import extensions
import numpy as np
import pytest
import reference
from extensions import (
    AMSGrad,
    GradientNorm,
    Halving,
    Laplace,
    LogCosh,
    SmallestContribution,
    Snake,
    SquaredGradient,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.curvature import hessian_diagonal
from sknn_concepts.pruning import OptimalBrainDamage, SensitivityPruning

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations")

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(120, 5))
VALUES = X[:, 0] * X[:, 1] + X[:, 2]
CLASSES = np.digitize(VALUES, [-0.7, 0.7])

SETTINGS = {
    "hidden_layer_sizes": (6, 4),
    "learning_rate_init": 0.02,
    "max_iter": 8,
    "random_state": 0,
}
FEW = {"sparsity": 0.5, "n_steps": 2, "retrain_epochs": 1}

#: A kind of strategy: an estimator with one, a parameter of the strategy, and two values of it.
CASES = {
    "activation": (MLPClassifier(activation=Snake()), "activation__frequency", [0.3, 1.0]),
    "loss": (MLPRegressor(loss=LogCosh()), "loss__scale", [0.3, 1.0]),
    "initializer": (MLPClassifier(initializer=Laplace()), "initializer__gain", [0.5, 1.0]),
    "optimizer": (MLPClassifier(solver=AMSGrad()), "solver__beta_1", [0.5, 0.9]),
    "schedule": (MLPClassifier(learning_rate=Halving()), "learning_rate__period", [1.0, 10.0]),
    "pruner": (MLPClassifier(activation="tanh", pruning=SmallestContribution(**FEW)), "pruning__exponent", [0.1, 1.0]),
    "criterion": (
        MLPClassifier(activation="tanh", pruning=SensitivityPruning(criterion=GradientNorm(), **FEW)),
        "pruning__criterion__exponent",
        [0.0, 2.0],
    ),
    "hessian_method": (
        MLPClassifier(activation="tanh", pruning=OptimalBrainDamage(curvature=SquaredGradient(), **FEW)),
        "pruning__curvature__power",
        [0.1, 1.0],
    ),
}
each_kind = pytest.mark.parametrize("kind", CASES)


def fitted(kind, **parameters):
    estimator = clone(CASES[kind][0]).set_params(**SETTINGS, **parameters)
    return estimator.fit(X, target(kind))


def target(kind):
    return VALUES if kind == "loss" else CLASSES


def assert_same(one, other):
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
            assert_array_equal(a, b)
    assert_array_equal(one.predict(X), other.predict(X))


def test_the_file_uses_public_modules_only():
    public = ("activations", "curvature", "initializers", "losses", "math", "optimizers", "pruning", "schedules")
    tree = ast.parse(pathlib.Path(extensions.__file__).read_text())
    modules = [node.module.split(".") for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    used = [module[1] for module in modules if module[0] == "sknn_concepts"]
    assert set(used) == set(public)


@each_kind
def test_fit_and_its_parameter(kind):
    """The strategy takes part: its parameter changes what is learned, and it learns."""
    _, name, values = CASES[kind]
    one, other = (fitted(kind, **{name: value}) for value in values)
    assert any(np.any(a != b) for a, b in zip(one.coefs_, other.coefs_, strict=True))
    for estimator in (one, other):
        assert estimator.loss_curve_[SETTINGS["max_iter"] - 1] < estimator.loss_curve_[0]
        assert estimator.get_params()[name] in values


@each_kind
def test_single_precision(kind):
    estimator = clone(CASES[kind][0]).set_params(**SETTINGS).fit(X.astype(np.float32), target(kind))
    assert estimator.coefs_[0].dtype == np.float32
    assert_allclose(estimator.loss_curve_[:3], fitted(kind).loss_curve_[:3], rtol=1e-3)


@each_kind
def test_clone(kind):
    estimator = fitted(kind)
    twin = clone(estimator)
    assert not hasattr(twin, "coefs_") and repr(twin) == repr(estimator)
    assert_same(twin.fit(X, target(kind)), estimator)


@each_kind
def test_pickle(kind):
    """A copy predicts the same, and learns on from the same state."""
    estimator = fitted(kind)
    copy = pickle.loads(pickle.dumps(estimator))
    assert_same(copy, estimator)
    assert_same(copy.partial_fit(X, target(kind)), estimator.partial_fit(X, target(kind)))


READ = """
import pickle
import sys

import numpy as np

X, estimators = pickle.load(open(sys.argv[1], "rb"))
for kind, (estimator, predictions) in estimators.items():
    assert np.array_equal(estimator.predict(X), predictions), kind
    print(kind)
"""


def test_pickle_in_another_process(tmp_path, run_python):
    estimators = {kind: fitted(kind) for kind in CASES}
    saved = {kind: (estimator, estimator.predict(X)) for kind, estimator in estimators.items()}
    (tmp_path / "saved.pickle").write_bytes(pickle.dumps((X, saved)))
    (tmp_path / "read.py").write_text(READ)
    (tmp_path / "extensions.py").write_text(pathlib.Path(extensions.__file__).read_text())
    assert run_python(tmp_path / "read.py", tmp_path / "saved.pickle") == list(CASES)


@each_kind
def test_grid_search(kind):
    estimator, name, values = CASES[kind]
    estimator = clone(estimator).set_params(**SETTINGS)
    before = repr(estimator)
    search = GridSearchCV(estimator, {name: values}, cv=2, error_score="raise").fit(X, target(kind))
    assert search.best_params_[name] in values and repr(estimator) == before
    scores = search.cv_results_["split0_test_score"]
    assert np.isfinite(scores).all()
    assert search.best_estimator_.get_params()[name] == search.best_params_[name]
    best = clone(estimator).set_params(**search.best_params_)
    assert_same(best.fit(X, target(kind)), search.best_estimator_)


def test_derivatives():
    """Those of the user's formulas are right, so that the tests above speak of sound strategies."""
    z = np.linspace(-3.0, 3.0, 13)
    for frequency in (0.5, 2.0):
        snake = Snake(frequency)
        for upper, lower in ((snake.value, snake.slope), (snake.slope, snake.curvature)):
            slopes = [reference.derivative(upper, at, 2.0**-10) for at in z]
            assert_allclose([lower(at) for at in z], slopes, rtol=1e-7, atol=1e-7)
    loss = LogCosh(0.7)
    for raw in z:
        assert loss.gradient(0.2, raw) == pytest.approx(
            reference.derivative(lambda r: loss.loss(0.2, r), raw, 2.0**-10), rel=1e-6, abs=1e-7
        )


def test_an_optimizer_of_three_slots_step_by_step():
    """Its slots are kept apart: the compiled steps of a training are those of the plain formula."""
    X_own, y_own = X[:, :1], VALUES
    settings = {"hidden_layer_sizes": (), "batch_size": 120, "alpha": 0.0, "random_state": 0, "tol": 0.0}
    network = MLPRegressor(solver=AMSGrad(0.8, 0.9), learning_rate_init=0.1, max_iter=1, **settings)
    network.partial_fit(X_own, y_own)
    start = MLPRegressor(solver=AMSGrad(), learning_rate_init=1e-300, max_iter=1, **settings).partial_fit(X_own, y_own)
    w = np.array([start.coefs_[0][0, 0], start.intercepts_[0][0]])
    slots = (np.zeros(2),) * 3
    optimizer = AMSGrad(0.8, 0.9)
    for step in range(1, 6):
        residuals = X_own[:, 0] * w[0] + w[1] - y_own
        g = np.array([np.mean(residuals * X_own[:, 0]), np.mean(residuals)])
        c = optimizer.coefficients(np.array([0.1]), np.array([step]))[0]
        pairs = [optimizer.update(w[k], g[k], tuple(slot[k] for slot in slots), c) for k in range(2)]
        w = np.array([new for new, _ in pairs])
        slots = tuple(np.array(column) for column in zip(*(slot for _, slot in pairs), strict=True))
        assert_allclose([network.coefs_[0][0, 0], network.intercepts_[0][0]], w, rtol=1e-10)
        network.partial_fit(X_own, y_own)


def test_a_hessian_method_by_itself():
    network = fitted("activation")
    diagonal = hessian_diagonal(network, X, CLASSES, method=SquaredGradient(0.5))
    squared = hessian_diagonal(network, X, CLASSES, method="fisher")
    for a, b in zip(diagonal[0], squared[0], strict=True):
        assert_allclose(a, np.sqrt(b), rtol=1e-12)
