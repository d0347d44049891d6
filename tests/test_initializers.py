"""Every initializer of the registry: shape, randomness, and the distribution that its formula states."""

import math

import numpy as np
import pytest
from reference import variants
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sknn_concepts.activations import ACTIVATIONS
from sknn_concepts.initializers import ALIASES, INITIALIZERS, Auto, Custom, get_initializer

ALL = dict(variants(INITIALIZERS))
FAN_IN, FAN_OUT = 300, 200
N = FAN_IN * FAN_OUT

#: Variance of the weights by the stated formula; whether they are uniform.
STATED = {
    "auto": (6 / (FAN_IN + FAN_OUT) / 3, True),
    "normal": (0.05**2, False),
    "uniform": (0.05**2 / 3, True),
    "glorot_uniform": (2 / (FAN_IN + FAN_OUT), True),
    "glorot_normal": (2 / (FAN_IN + FAN_OUT), False),
    "he_uniform": (2 / FAN_IN, True),
    "he_normal": (2 / FAN_IN, False),
    "lecun_uniform": (1 / FAN_IN, True),
    "lecun_normal": (1 / FAN_IN, False),
    "fan_in_uniform": (1 / FAN_IN / 3, True),
}

each_initializer = pytest.mark.parametrize("initializer", ALL.values(), ids=ALL)


def draw(initializer, seed=0, fan_in=FAN_IN, fan_out=FAN_OUT):
    random_state = np.random.RandomState(seed)
    weights = initializer.weights(random_state, fan_in, fan_out)
    return weights, initializer.intercepts(random_state, fan_in, fan_out)


@each_initializer
@pytest.mark.parametrize("fan_in, fan_out", [(5, 3), (3, 5), (1, 4), (4, 1)])
def test_shapes(initializer, fan_in, fan_out):
    weights, intercepts = draw(initializer, fan_in=fan_in, fan_out=fan_out)
    assert weights.shape == (fan_in, fan_out) and intercepts.shape == (fan_out,)
    assert weights.dtype == intercepts.dtype == np.float64
    assert np.isfinite(weights).all()


@each_initializer
def test_the_random_state_is_all_the_randomness(initializer):
    before = np.random.get_state()[1].copy()
    for one, other in zip(draw(initializer, 3), draw(initializer, 3), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@each_initializer
def test_weights_vary_unless_they_are_constant(initializer):
    weights, _ = draw(initializer)
    assert np.unique(weights).size in (1, N)
    if np.unique(weights).size == N:
        assert not np.array_equal(weights, draw(initializer, 1)[0])


@pytest.mark.parametrize("name", STATED)
def test_variance_and_bounds(name):
    """Within five standard deviations of what a sample of this size gives."""
    variance, uniform = STATED[name]
    weights, _ = draw(INITIALIZERS[name]())
    assert abs(weights.mean()) < 5 * math.sqrt(variance / N)
    kurtosis = 1.8 if uniform else 3.0
    assert abs(weights.var() - variance) < 5 * variance * math.sqrt((kurtosis - 1) / N)
    largest = abs(weights).max()
    if uniform:
        bound = math.sqrt(3 * variance)
        assert bound * (1 - 20 / N) < largest <= bound
    else:
        assert 3 < largest / math.sqrt(variance) < 6


def test_fans_are_not_swapped():
    """The variance of `he` and `lecun` is that of the inputs alone: a wide layer's outputs do not count."""
    for name in ("he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "fan_in_uniform"):
        narrow, wide = (draw(INITIALIZERS[name](), fan_in=50, fan_out=n)[0].var() for n in (1000, 4000))
        assert wide == pytest.approx(narrow, rel=0.05)


def test_hyper_parameters_scale():
    assert draw(INITIALIZERS["normal"](2.0))[0] == pytest.approx(40 * draw(INITIALIZERS["normal"]())[0])
    assert draw(INITIALIZERS["uniform"](2.0))[0] == pytest.approx(40 * draw(INITIALIZERS["uniform"]())[0])
    assert (draw(INITIALIZERS["constant"](0.7))[0] == 0.7).all()
    assert not draw(INITIALIZERS["zeros"]())[0].any()


@pytest.mark.parametrize("fan_in, fan_out", [(40, 15), (15, 40), (20, 20)])
@pytest.mark.parametrize("gain", [1.0, 1.7])
def test_orthogonal(fan_in, fan_out, gain):
    weights, _ = draw(INITIALIZERS["orthogonal"](gain), fan_in=fan_in, fan_out=fan_out)
    gram = weights.T @ weights if fan_in >= fan_out else weights @ weights.T
    np.testing.assert_allclose(gram, gain**2 * np.eye(min(fan_in, fan_out)), atol=1e-13)


def test_orthogonal_matrices_are_drawn_uniformly():
    """Every entry of the matrix is as often positive as negative; without the signs of R the diagonal is not."""
    random_state = np.random.RandomState(0)
    draws = np.array([INITIALIZERS["orthogonal"]().weights(random_state, 3, 3) for _ in range(4000)])
    assert (abs((draws > 0).mean(axis=0) - 0.5) < 5 * 0.5 / math.sqrt(4000)).all()
    np.testing.assert_allclose((draws**2).mean(axis=0), 1 / 3, atol=5 * math.sqrt(4 / 45 / 4000))


@each_initializer
def test_intercepts_are_zero_unless_said(initializer):
    _, intercepts = draw(initializer)
    bounds = {"Auto": None, "FanInUniform": 1 / math.sqrt(FAN_IN)}
    if type(initializer).__name__ not in bounds and not getattr(initializer, "intercept_scale", 0.0):
        assert not intercepts.any()
    elif bounds.get(type(initializer).__name__) is not None:
        assert 0.9 < abs(intercepts).max() / bounds[type(initializer).__name__] <= 1
        assert intercepts.min() < 0 < intercepts.max()


def test_normal_intercepts():
    _, intercepts = draw(INITIALIZERS["lecun_normal"](0.5), fan_out=4000)
    assert abs(intercepts.mean()) < 5 * 0.5 / math.sqrt(4000)
    np.testing.assert_allclose(intercepts.std(), 0.5, rtol=5 / math.sqrt(2 * 4000))


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_auto_draws_what_scikit_learn_draws(make, activation):
    random = np.random.RandomState(0)
    X, y = random.normal(size=(20, 4)), np.arange(20) % 3
    # a learning rate at which no bit of a weight changes
    theirs = make(
        hidden_layer_sizes=(6, 5), activation=activation, solver="sgd", learning_rate_init=1e-300, random_state=7
    )
    theirs.partial_fit(X, y, **({"classes": [0, 1, 2]} if make is MLPClassifier else {}))
    random_state = np.random.RandomState(7)
    initializer = get_initializer("auto").for_activation(ACTIVATIONS[activation]())
    sizes = (4, 6, 5, 3 if make is MLPClassifier else 1)
    for layer, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        np.testing.assert_array_equal(initializer.weights(random_state, fan_in, fan_out), theirs.coefs_[layer])
        np.testing.assert_array_equal(initializer.intercepts(random_state, fan_in, fan_out), theirs.intercepts_[layer])


@each_initializer
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_only_auto_asks_for_the_activation(initializer, activation):
    chosen = initializer.for_activation(ACTIVATIONS[activation]())
    if isinstance(initializer, Auto):
        assert chosen == Auto(ACTIVATIONS[activation].glorot_factor)
    else:
        assert chosen is initializer


def test_a_function_of_ones_own():
    def first_row(random_state, fan_in, fan_out):
        weights = np.zeros((fan_in, fan_out), np.float32)
        weights[0] = random_state.normal(size=fan_out)
        return weights

    initializer = get_initializer(first_row)
    assert isinstance(initializer, Custom)
    weights, intercepts = draw(initializer, fan_in=3, fan_out=2)
    assert weights.dtype == np.float64 and weights[0].all() and not weights[1:].any()
    assert not intercepts.any()


def test_a_function_of_the_wrong_shape():
    initializer = get_initializer(lambda random_state, fan_in, fan_out: np.zeros((fan_out, fan_in)))
    with pytest.raises(ValueError, match=r"weights of shape \(2, 3\); expected \(3, 2\)"):
        draw(initializer, fan_in=3, fan_out=2)


def test_aliases_lead_to_names():
    for alias, name in ALIASES.items():
        assert type(get_initializer(alias)) is INITIALIZERS[name]
