"""Passes forward and backward against a plain twin and finite differences; dropout."""

import itertools

import numpy as np
import pytest
import scipy.sparse
from machines import Network, targets
from numpy.testing import assert_allclose, assert_array_equal
from reference import derivative, flatten, forward, inverse_links, loss_and_gradients

from sknn_concepts.activations import ACTIVATIONS, Identity
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.losses import LOSSES, LogLoss, SquaredError
from sknn_concepts.network import layers as network
from sknn_concepts.network.layout import UNITS, layer_views, make_layout, n_parameters, n_weights
from sknn_concepts.network.minibatch import Regularization

TRAINABLE = [name for name in ACTIVATIONS if name != "step"]
#: Losses as they are, and over exclusive classes where that is another formula.
FORMULAS = {name: make() for name, make in LOSSES.items()}
FORMULAS |= {f"{n}, classes": loss.multiclass() for n, loss in FORMULAS.items() if loss.multiclass() is not loss}


def test_a_layout_tells_where_everything_is():
    layout = make_layout([3, 5, 2])
    assert n_weights(layout) == 3 * 5 + 5 * 2 and n_parameters(layout) == 25 + 7
    theta = np.arange(32.0)
    coefs, intercepts = layer_views(theta, layout)
    assert [w.shape for w in coefs] == [(3, 5), (5, 2)] and [b.shape for b in intercepts] == [(5,), (2,)]
    assert_array_equal(flatten(coefs, intercepts), theta)
    coefs[1][:] = -1
    intercepts[0][:] = -2
    assert (theta[15:25] == -1).all() and (theta[25:30] == -2).all()
    assert_array_equal(layout[1:, UNITS], [0, 5])


@pytest.mark.parametrize("loss", FORMULAS)
@pytest.mark.parametrize("activation", TRAINABLE)
def test_gradients(activation, loss):
    """Value and gradient equal the twin's, and the gradient is the slope of the value; weighted, dense and sparse."""
    formula = FORMULAS[loss]
    net = Network([4, 3, 3, 3], [ACTIVATIONS[activation]()] * 2, formula, n_samples=11)
    value, gradient = net.loss_gradient()
    expected, *gradients = loss_and_gradients(
        *net.layers, net.activations, formula, net.X, net.y.astype(float), net.weights
    )
    assert value == pytest.approx(expected, rel=1e-11)
    assert_allclose(gradient, flatten(*gradients), rtol=1e-9, atol=1e-12)
    rng = np.random.RandomState(0)
    for direction in (rng.normal(size=net.theta.size), *np.eye(net.theta.size)[rng.randint(0, net.theta.size, 3)]):
        slope = derivative(lambda t, d=direction: net.loss_gradient(net.theta + t * d)[0], 0.0, h=1e-5)
        assert slope == pytest.approx(gradient @ direction, rel=1e-6, abs=1e-9)
    on_sparse = Network([4, 3, 3, 3], [ACTIVATIONS[activation]()] * 2, formula, n_samples=11, sparse=True)
    assert on_sparse.loss_gradient()[0] == pytest.approx(value, rel=1e-13)
    assert_allclose(on_sparse.loss_gradient()[1], gradient, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("sizes", [[3, 2], [3, 1, 1], [2, 3, 4, 5, 6, 2], [1, 300, 1], [40, 17, 9]])
@pytest.mark.parametrize("sparse", [False, True])
def test_depths_and_widths(sizes, sparse):
    activations = [ACTIVATIONS[name]() for name in itertools.islice(itertools.cycle(TRAINABLE), len(sizes) - 2)]
    net = Network(sizes, activations, LogLoss(), sparse=sparse, n_samples=20)
    value, gradient = net.loss_gradient()
    expected, *gradients = loss_and_gradients(*net.layers, net.activations, LogLoss(), net.X, net.y, net.weights)
    assert value == pytest.approx(expected, rel=1e-11)
    assert_allclose(gradient, flatten(*gradients), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("loss", FORMULAS)
def test_every_layer_can_be_read(loss):
    net = Network([4, 5, 3, 3], [ACTIVATIONS["tanh"](), ACTIVATIONS["gelu"]()], FORMULAS[loss], n_samples=11)
    sums, values = forward(*net.layers, net.activations, net.X)
    rows = np.arange(11)
    for stop in (1, 2):
        assert_allclose(net.machine.predict(net.theta, rows, stop), values[stop], rtol=1e-12, atol=1e-14)
    assert_allclose(net.machine.predict(net.theta, rows, linked=False), sums[-1], rtol=1e-12, atol=1e-14)
    linked = inverse_links(FORMULAS[loss], sums[-1])
    assert_allclose(net.machine.predict(net.theta, rows), linked, rtol=1e-12, atol=1e-14)
    assert_allclose(net.machine.link(sums[-1]), linked, rtol=1e-12, atol=1e-14)
    some = np.array([3, 3, 0])
    assert_array_equal(net.machine.predict(net.theta, some), net.machine.predict(net.theta, rows)[some])


@pytest.mark.parametrize("activation", TRAINABLE)
def test_single_precision_stays_and_is_close(activation):
    double, single = (
        Network([4, 5, 3], [ACTIVATIONS[activation]()], SquaredError(), dtype=dtype, n_samples=50)
        for dtype in ("float64", "float32")
    )
    value, gradient = single.loss_gradient()
    assert gradient.dtype == single.machine.predict(single.theta, np.arange(3)).dtype == np.float32
    assert value == pytest.approx(double.loss_gradient()[0], rel=1e-5)
    assert_allclose(gradient, double.loss_gradient()[1], rtol=0, atol=1e-5 * np.abs(gradient).max())


@kernel
def drop_units(ones, mask, keep, seed):
    network.drop(ones, mask, keep, seed, 0)


def drop(shape, keep, seed):
    """Ones after dropout, and the mask."""
    ones, mask = np.ones(shape), np.empty(shape)
    with np.errstate(over="ignore"):  # of products that wrap around, NumPy tells where nothing is compiled
        drop_units(ones, mask, keep, seed)
    return ones, mask


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_masks_keep_units_with_their_probability(keep):
    ones, mask = drop((200, 300), keep, 12345)
    kept = mask > 0
    assert_array_equal(ones, mask)
    assert_array_equal(np.unique(mask), [0.0, 1 / keep])
    deviation = np.sqrt(keep * (1 - keep))
    assert kept.mean() == pytest.approx(keep, abs=4 * deviation / np.sqrt(kept.size))
    assert np.abs(kept.mean(axis=0) - keep).max() < 5 * deviation / np.sqrt(200)
    assert np.abs(kept.mean(axis=1) - keep).max() < 5 * deviation / np.sqrt(300)
    for shift in (1, 300, 301):  # neighbors in both directions know nothing of each other
        together = np.mean(kept.ravel()[:-shift] & kept.ravel()[shift:])
        assert together == pytest.approx(keep**2, abs=5 * deviation / np.sqrt(kept.size))


def test_masks_of_other_seeds_are_others():
    masks = [drop((50, 40), 0.5, seed)[1] for seed in (0, 1, 2**31, 2**32 - 1)]
    for one, other in itertools.combinations(masks, 2):
        assert np.mean(one == other) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "relu"])
def test_gradients_with_dropout(activation):
    """A step of plain descent with masks goes down the slope of the loss with the same masks."""
    net = Network([4, 6, 5, 2], [ACTIVATIONS[activation]()] * 2, SquaredError(), n_samples=9, batch_size=9)
    rules = Regularization(0.0, 0.0, 1.0, 0.6, 0.0, 0.0)

    def masked(theta, rate):
        theta = theta.copy()
        with np.errstate(over="ignore"):
            loss, _ = net.train(theta, np.array([rate]), rules, seeds=np.array([77], np.uint32))
        return loss / 9, theta

    _, moved = masked(net.theta, 1.0)
    gradient = net.theta - moved
    assert (gradient == 0).any()  # units that were left out
    for direction in np.random.RandomState(0).normal(size=(4, net.theta.size)):
        slope = derivative(lambda t, d=direction: masked(net.theta + t * d, 0.0)[0], 0.0, h=1e-5)
        assert slope == pytest.approx(gradient @ direction, rel=1e-6)


def test_extreme_logits_have_finite_losses_and_gradients():
    for name, formula in FORMULAS.items():
        X = scipy.sparse.csr_array(np.eye(3))
        net = Network([3, 3], [], formula, X=X, y=targets(formula, 3, 3))
        for scale in (1e4, -1e4):
            theta = np.concatenate([scale * np.array([1, 0, -1, 0.5, 1, 0, -1, 0, 1.0]), np.zeros(3)])
            if formula.link == "exp":  # exp(1e4) is no double
                theta = -abs(theta)
            value, gradient = net.loss_gradient(theta)
            assert np.isfinite(value) and np.isfinite(gradient).all(), name
            assert np.isfinite(net.machine.predict(theta, np.arange(3))).all(), name


def test_the_output_has_an_activation_too():
    net = Network([4, 3, 2], [Identity()], SquaredError(), output=ACTIVATIONS["logistic"](), n_samples=11)
    _, values = forward(*net.layers, net.activations, net.X)
    assert_allclose(net.machine.predict(net.theta, np.arange(11)), values[-1], rtol=1e-12)
    _, *gradients = loss_and_gradients(*net.layers, net.activations, SquaredError(), net.X, net.y, net.weights)
    assert_allclose(net.loss_gradient()[1], flatten(*gradients), rtol=1e-10, atol=1e-14)
