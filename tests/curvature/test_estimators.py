"""Curvature of fitted estimators: shapes, scales, penalties, checks; the numbers as such are the engine's tests'."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from reference import derivative
from scipy.special import expit
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression as OtherRegression

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron, curvature
from sknn_concepts.curvature import (
    HESSIAN_METHODS,
    HessianMethod,
    gradient,
    hessian_diagonal,
    hessian_vector_product,
    inverse_hessian,
)
from sknn_concepts.curvature.blocks import SampleBlocks
from sknn_concepts.curvature.gradients import gradient as gradient_of
from sknn_concepts.curvature.products import hessian_matrix
from sknn_concepts.validation.fitted_network import make_fitted_network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 3))
LABELS = np.array(["c", "a", "b"])[np.clip(np.round(X[:, 0] + 0.3 * rng.normal(size=60)) + 1, 0, 2).astype(int)]
BINARY = LABELS == "a"
NUMBERS = np.column_stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]])
MULTILABEL = np.column_stack([X[:, 0] > 0, X[:, 1] > X[:, 2], X[:, 2] > 0.5]).astype(int)
WEIGHTS = rng.randint(0, 4, 60).astype(float)

SMALL = {"hidden_layer_sizes": (4, 3), "activation": "tanh", "max_iter": 3, "random_state": 0}
FITTED = {
    "classifier": (MLPClassifier(**SMALL), LABELS),
    "binary": (MLPClassifier(**SMALL, l1_ratio=0.3, alpha=0.2), BINARY),
    "multilabel": (MLPClassifier(**SMALL, loss="focal"), MULTILABEL),
    "squared-classes": (MLPClassifier(**SMALL, loss="squared_error"), LABELS),
    "regressor": (MLPRegressor(**SMALL, output_activation="tanh"), NUMBERS),
    "single-output": (MLPRegressor(**SMALL, alpha=0.5), NUMBERS[:, 0]),
    "no-hidden-layer": (MLPClassifier(hidden_layer_sizes=(), max_iter=3), LABELS),
    "logistic": (LogisticRegression(), LABELS),
    "one-vs-rest": (LogisticRegression(activation="logistic", C=0.3), LABELS),
    "logistic-binary": (LogisticRegression(solver="liblinear", intercept_scaling=2.0, C=0.2), BINARY),
    "elastic-net": (LogisticRegression(solver="saga", l1_ratio=0.5, C=0.2), BINARY),
    "squared-logistic": (LogisticRegression(solver="adam", loss="squared_hinge"), LABELS),
    "delta-rule": (Perceptron(loss="squared_error", activation="tanh", eta0=0.01, penalty="elasticnet"), LABELS),
    "delta-rule-binary": (Perceptron(loss="log_loss", activation="logistic", eta0=0.01, penalty="l2"), BINARY),
}
CASES = pytest.mark.parametrize("case", FITTED)


def fitted(case):
    estimator, y = FITTED[case]
    return estimator.fit(X, y), y


def parameters(estimator):
    """Lists of the arrays that a pair of results is shaped like."""
    if hasattr(estimator, "coefs_"):
        return estimator.coefs_, estimator.intercepts_
    return [estimator.coef_], [estimator.intercept_]


def arrays(estimator, pair):
    """All arrays of a pair of results, weights first."""
    assert len(pair) == 2
    return [*pair[0], *pair[1]] if hasattr(estimator, "coefs_") else list(pair)


def mean_loss(estimator, y):
    """The loss that the estimator's documentation tells, with its penalty, of the parameters as they are now."""
    raw = estimator.decision_function(X) if hasattr(estimator, "decision_function") else None
    w, b = parameters(estimator)
    squares, magnitudes = sum(np.sum(v**2) for v in w), sum(np.abs(v).sum() for v in w)
    total = WEIGHTS.sum()

    def average(losses):
        return np.average(losses, weights=WEIGHTS)

    if isinstance(estimator, MLPRegressor):
        errors = (estimator.predict(X) - y).reshape(60, -1)
        # as scikit-learn reports it: half the mean over samples and outputs
        return average(np.mean(errors**2, axis=1) / 2) + estimator.alpha * squares / (2 * total)
    of_class = y if y.ndim == 2 else y[:, None] == estimator.classes_
    of_class = of_class[:, 1:] if of_class.shape[1] == 2 else of_class
    raw = raw.reshape(of_class.shape)
    signed = np.where(of_class, raw, -raw)
    name = estimator.loss
    if name == "squared_error" and isinstance(estimator, Perceptron):
        losses = ((np.tanh(raw) - np.where(of_class, 1, -1)) ** 2).sum(axis=1) / 2
    elif name == "squared_error":  # scores are raw predictions less the half between the classes
        losses = ((raw + 0.5 - of_class) ** 2).mean(axis=1) / 2
    elif name == "focal":
        losses = (-((1 - expit(signed)) ** 2) * np.log(expit(signed))).sum(axis=1)
    elif name == "squared_hinge":
        losses = (np.maximum(0, 1 - signed) ** 2).sum(axis=1)
    elif raw.shape[1] == 1 or getattr(estimator, "activation", None) == "logistic":
        losses = np.log1p(np.exp(-signed)).sum(axis=1)
    else:
        losses = np.log(np.exp(raw).sum(axis=1)) - raw[of_class]
    if isinstance(estimator, LogisticRegression):
        if estimator.solver == "liblinear":
            squares += np.sum((b[0] / estimator.intercept_scaling) ** 2)
        penalty = (1 - estimator.l1_ratio) * squares / 2 + estimator.l1_ratio * magnitudes
        return average(losses) + penalty / (estimator.C * total)
    if isinstance(estimator, Perceptron):
        share = {"l2": 0.0, "elasticnet": estimator.l1_ratio}[estimator.penalty]
        return average(losses) + estimator.alpha * ((1 - share) * squares / 2 + share * magnitudes)
    penalty = (1 - estimator.l1_ratio) * squares / 2 + estimator.l1_ratio * magnitudes
    return average(losses) + estimator.alpha * penalty / total


@CASES
def test_gradient_and_diagonal_are_those_of_the_loss(case):
    """Differences of the loss, and of gradients, entry by entry of the estimator's own arrays."""
    estimator, y = fitted(case)
    options = {"sample_weight": WEIGHTS, "include_penalty": True}
    slopes = arrays(estimator, gradient(estimator, X, y, **options))
    diagonal = arrays(estimator, hessian_diagonal(estimator, X, y, **options))

    def moved(array, index, quantity):
        """A function of how far a parameter is moved, and what becomes of a quantity."""
        start = array[index]

        def function(t):
            array[index] = start + t
            result = quantity()
            array[index] = start
            return result

        return function

    for which, array in enumerate([*parameters(estimator)[0], *parameters(estimator)[1]]):
        assert slopes[which].shape == diagonal[which].shape == array.shape
        for index in np.ndindex(array.shape):
            loss = moved(array, index, lambda: mean_loss(estimator, y))
            assert slopes[which][index] == pytest.approx(derivative(loss, 0.0, 2.0**-13), rel=1e-6, abs=1e-9)
            gradients = moved(array, index, lambda: arrays(estimator, gradient(estimator, X, y, **options)))
            slope = derivative(lambda t, g=gradients: g(t)[which][index], 0.0, 2.0**-13)  # noqa: B023
            assert diagonal[which][index] == pytest.approx(slope, rel=1e-6, abs=1e-8)


@CASES
@pytest.mark.parametrize("method", HESSIAN_METHODS)
def test_every_method_takes_sparse_samples(case, method):
    estimator, y = fitted(case)
    options = {"method": method, "sample_weight": WEIGHTS, "n_probes": 2, "random_state": 0}
    dense = hessian_diagonal(estimator, X, y, **options)
    parts = scipy.sparse.csr_matrix(X * (X > 0)), scipy.sparse.csr_matrix(X * (X <= 0))
    halves = scipy.sparse.csr_matrix(
        (
            np.concatenate([X.ravel() / 4, X.ravel() * 0.75]).reshape(2, 60, 3).transpose(1, 0, 2).ravel(),
            np.tile([0, 1, 2], 120),
            6 * np.arange(61),
        )
    )
    assert not halves.has_canonical_format
    for sparse in (sum(parts), halves, scipy.sparse.coo_array(X)):
        found = hessian_diagonal(estimator, sparse, y, **options)
        for a, b in zip(arrays(estimator, dense), arrays(estimator, found), strict=True):
            assert_allclose(a, b, rtol=1e-9, atol=1e-13)


@CASES
def test_sparse_coefficients_and_single_precision(case):
    estimator, y = fitted(case)
    double = arrays(estimator, hessian_diagonal(estimator, X, y))
    if hasattr(estimator, "coef_"):
        estimator.sparsify()
        for a, b in zip(double, hessian_diagonal(estimator, X, y), strict=True):
            assert_array_equal(a, b)
        estimator.densify()
        estimator.coef_, estimator.intercept_ = estimator.coef_.astype("f4"), estimator.intercept_.astype("f4")
    else:
        estimator.coefs_ = [w.astype("f4") for w in estimator.coefs_]
        estimator.intercepts_ = [b.astype("f4") for b in estimator.intercepts_]
    for a, b in zip(double, arrays(estimator, hessian_diagonal(estimator, X, y, include_penalty=True)), strict=True):
        assert b.dtype == np.float32
        assert a.shape == b.shape
    for a, b in zip(double, arrays(estimator, hessian_diagonal(estimator, X, y)), strict=True):
        assert_allclose(a, b, rtol=1e-3, atol=1e-5 * np.abs(a).max())


def test_logistic_regression_has_the_hessian_of_the_books():
    model = LogisticRegression(C=np.inf).fit(X, BINARY)
    p = model.predict_proba(X)[:, 1]
    coef, intercept = hessian_diagonal(model, X, BINARY, include_penalty=True)
    assert_allclose(coef, [(p * (1 - p)) @ X**2 / 60], rtol=1e-12)
    assert_allclose(intercept, [np.mean(p * (1 - p))], rtol=1e-12)


def test_the_gradient_vanishes_at_a_minimum():
    model = LogisticRegression(C=0.5, tol=1e-9).fit(X, LABELS, WEIGHTS)
    for part in gradient(model, X, LABELS, sample_weight=WEIGHTS, include_penalty=True):
        assert np.abs(part).max() < 1e-8
    assert np.abs(gradient(model, X, LABELS, sample_weight=WEIGHTS)[0]).max() > 1e-3


def test_class_weights_are_not_applied():
    heavy = MLPClassifier(**SMALL, class_weight={"a": 5.0, "b": 1.0, "c": 1.0}).fit(X, LABELS)
    plain = MLPClassifier(**SMALL).fit(X, LABELS)
    plain.coefs_, plain.intercepts_ = heavy.coefs_, heavy.intercepts_
    for a, b in zip(*(arrays(e, hessian_diagonal(e, X, LABELS)) for e in (heavy, plain)), strict=True):
        assert_array_equal(a, b)


@CASES
def test_vectors_and_inverses(case):
    """Products with all unit vectors are the matrix; shaped vectors are flat ones; inverses invert."""
    estimator, y = fitted(case)
    options = {"sample_weight": WEIGHTS, "include_penalty": True}
    network = make_fitted_network(estimator, X, y)
    units = np.eye(network.theta.size)
    matrix = np.array([hessian_vector_product(estimator, X, y, unit, **options) for unit in units])
    assert_allclose(matrix, matrix.T, rtol=1e-8, atol=1e-12)
    vector = rng.normal(size=len(units))
    product = hessian_vector_product(estimator, X, y, network.shaped(vector), **options)
    assert_allclose(network.flat(*product), matrix @ vector, rtol=1e-8, atol=1e-10)
    assert_allclose(
        network.flat(*hessian_diagonal(estimator, X, y, **options)), matrix.diagonal(), rtol=1e-8, atol=1e-12
    )
    damping = 0.01 - np.linalg.eigvalsh(matrix)[0]
    inverse = inverse_hessian(estimator, X, y, method="exact", damping=max(damping, 0.0), **options)
    assert_allclose(inverse @ (matrix + max(damping, 0.0) * units), units, atol=1e-8)
    curved = hessian_matrix(SampleBlocks(network), "gauss_newton")
    inverse = inverse_hessian(estimator, X, y, damping=10.0)
    assert_allclose(inverse @ (curved + 10.0 * units), units, atol=1e-10)


def test_flat_order():
    estimator, y = fitted("logistic")
    network = make_fitted_network(estimator, X, y)
    assert_array_equal(network.theta, np.concatenate([estimator.coef_.T.ravel(), estimator.intercept_]))
    estimator, y = fitted("classifier")
    everything = [*estimator.coefs_, *estimator.intercepts_]
    assert_array_equal(
        make_fitted_network(estimator, X, y).theta, np.concatenate([np.ravel(array) for array in everything])
    )


def test_hutchinson_follows_its_random_state():
    estimator, y = fitted("logistic")
    a, b, c = (hessian_diagonal(estimator, X, y, method="hutchinson", n_probes=1, random_state=s)[0] for s in (0, 0, 1))
    assert_array_equal(a, b)
    assert np.any(a != c)


class SquaredGradient(HessianMethod):
    """A method of one's own: the square of the mean gradient, times a factor."""

    factor: float = 1.0

    needs_loss_hessian = False

    def diagonal(self, blocks):
        return self.factor * gradient_of(blocks) ** 2


class TooShort(HessianMethod):
    def diagonal(self, blocks):
        return np.zeros(3)


def test_a_method_of_ones_own(monkeypatch):
    estimator, y = fitted("classifier")
    wanted = np.concatenate([np.ravel(part) ** 2 for part in arrays(estimator, gradient(estimator, X, y))])
    found = hessian_diagonal(estimator, X, y, method=SquaredGradient(2.0))
    assert_array_equal(np.concatenate([np.ravel(part) for part in arrays(estimator, found)]), 2.0 * wanted)
    with pytest.raises(ValueError, match="no 'squared_gradient'"):
        hessian_diagonal(estimator, X, y, method="squared_gradient")
    monkeypatch.setitem(HESSIAN_METHODS, "squared_gradient", SquaredGradient)
    found = hessian_diagonal(estimator, X, y, method="squared_gradient")
    assert_array_equal(np.concatenate([np.ravel(part) for part in arrays(estimator, found)]), wanted)
    with pytest.raises(ValueError, match=r"TooShort\(\) must have shape \(43,\).* it has shape \(3,\)"):
        hessian_diagonal(estimator, X, y, method=TooShort())


# What cannot be


def test_unfit_arguments():
    estimator, y = fitted("classifier")
    with pytest.raises(NotFittedError):
        hessian_diagonal(MLPClassifier(), X, y)
    with pytest.raises(ValueError, match="must be an MLPClassifier.*got sklearn.linear_model"):
        hessian_diagonal(OtherRegression().fit(X, y), X, y)
    with pytest.raises(ValueError, match=r"The 'method' parameter has no 'fischer'.*Did you mean 'fisher'"):
        hessian_diagonal(estimator, X, y, method="fischer")
    with pytest.raises(ValueError, match="n_probes of Hutchinson must be in .1, 2, .*; got 0"):
        hessian_diagonal(estimator, X, y, method="hutchinson", n_probes=0)
    with pytest.raises(ValueError, match="X has 2 features"):
        hessian_diagonal(estimator, X[:, :2], y)
    with pytest.raises(ValueError, match="the smallest is -1"):
        gradient(estimator, X, y, sample_weight=np.full(60, -1.0))
    with pytest.raises(ValueError, match="at least one non-zero number"):
        gradient(estimator, X, y, sample_weight=np.zeros(60))
    regressor, _ = fitted("regressor")
    with pytest.raises(ValueError, match="y has 1 outputs, but the network was fitted with 2"):
        gradient(regressor, X, NUMBERS[:, 0])


@pytest.mark.parametrize("case", ["classifier", "logistic", "logistic-binary", "delta-rule"])
def test_unknown_labels(case):
    estimator, y = fitted(case)
    strange = np.where(np.arange(60) == 7, "z", y.astype("<U5"))
    with pytest.raises(ValueError, match="z"):
        hessian_diagonal(estimator, X, strange)


@pytest.mark.parametrize("estimator", [Perceptron(), MLPClassifier(**SMALL, loss="hinge")])
def test_losses_without_second_derivative(estimator):
    estimator.fit(X, LABELS)
    for method in HESSIAN_METHODS:
        if method != "fisher":
            with pytest.raises(ValueError, match="has no second derivative"):
                hessian_diagonal(estimator, X, LABELS, method=method)
    with pytest.raises(ValueError, match="has no second derivative"):
        inverse_hessian(estimator, X, LABELS)
    assert all((part >= 0).all() for part in arrays(estimator, hessian_diagonal(estimator, X, LABELS, method="fisher")))


def test_perceptron_rule_has_a_gradient():
    """Minus the class's samples on the wrong side, per sample."""
    model = Perceptron(max_iter=2).fit(X, BINARY)
    wrong = model.predict(X) != BINARY
    signs = np.where(BINARY, -1.0, 1.0)[wrong]
    coef, intercept = gradient(model, X, BINARY)
    assert wrong.any()
    assert_allclose(coef, [signs @ X[wrong] / 60], atol=1e-15)
    assert_allclose(intercept, [signs.sum() / 60], atol=1e-15)


def test_vectors_that_do_not_fit():
    estimator, y = fitted("classifier")
    with pytest.raises(ValueError, match=r"has 43 parameters; the vector has shape \(5,\)"):
        hessian_vector_product(estimator, X, y, np.ones(5))
    with pytest.raises(ValueError, match="have shapes.*the vector has"):
        hessian_vector_product(estimator, X, y, (estimator.coefs_[:1], estimator.intercepts_))
    with pytest.raises(ValueError, match="a tuple of 3"):
        hessian_vector_product(estimator, X, y, (1, 2, 3))


def test_inverses_that_cannot_be(monkeypatch):
    estimator, y = fitted("classifier")
    with pytest.raises(ValueError, match="must be 'gauss_newton' or 'exact'; got 'obd'"):
        inverse_hessian(estimator, X, y, method="obd")
    with pytest.raises(ValueError, match=r"damping must be in \[0, inf\); got -1"):
        inverse_hessian(estimator, X, y, damping=-1)
    with pytest.raises(ValueError, match="not positive definite with damping=0"):
        inverse_hessian(estimator, X, y, method="exact", damping=0)
    monkeypatch.setattr(curvature, "MAX_PARAMETERS", 42)
    with pytest.raises(ValueError, match="43 parameters; an inverse Hessian is made for 42 at most"):
        inverse_hessian(estimator, X, y)
