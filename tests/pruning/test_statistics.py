"""What pruners are told of a network, against sample-by-sample twins."""

import itertools

import numpy as np
import pytest
from machines import Network, fitted_network
from numpy.testing import assert_allclose, assert_array_equal
from reference import derivative, flatten, forward, inverse_links, jacobian, loss_and_gradients, losses_and_gradients

from sknn_concepts.activations import Relu, Tanh
from sknn_concepts.losses import Hinge, Huber, LogLoss, Poisson, SoftmaxLogLoss, SquaredError
from sknn_concepts.network.layout import layer_views
from sknn_concepts.pruning.statistics import NetworkStatistics
from sknn_concepts.pruning.trace import TrainingTrace

SIZES = (3, 4, 3, 2)
LOSSES = {"softmax": SoftmaxLogLoss(), "squared": SquaredError()}
CASES = pytest.mark.parametrize(("loss", "sparse"), list(itertools.product(LOSSES, [False, True])))
SCALE = 0.7


def statistics_of(net, mask=None, trace=None):
    return NetworkStatistics(fitted_network(net, loss_scale=SCALE, mask=mask), trace)


def network(loss, sparse=False, activation=None, **options):
    activations = [activation or Tanh()] * (len(SIZES) - 2)
    loss = LOSSES[loss] if isinstance(loss, str) else loss
    return Network(SIZES, activations, loss, n_samples=12, sparse=sparse, **options)


def gradients_of_samples(net):
    """Gradient of each sample's loss, one a row."""
    layers = net.layers
    each = (
        loss_and_gradients(*layers, net.activations, net.loss, net.X[i : i + 1], net.y[i : i + 1])[1:]
        for i in range(len(net.X))
    )
    return SCALE * np.array([flatten(*gradients) for gradients in each])


def mean(net, rows):
    return np.average(rows, axis=0, weights=net.weights)


@CASES
def test_gradients(loss, sparse):
    net = network(loss, sparse)
    told, samples = statistics_of(net), gradients_of_samples(net)
    assert_allclose(told.gradient(), mean(net, samples), rtol=1e-9, atol=1e-12)
    assert_allclose(told.mean_absolute_gradient(), mean(net, np.abs(samples)), rtol=1e-9, atol=1e-12)
    assert_allclose(told.mean_squared_gradient(), mean(net, samples**2), rtol=1e-9, atol=1e-12)


@CASES
def test_output_sensitivity(loss, sparse):
    net = network(loss, sparse)

    def outputs(theta):
        return forward(*layer_views(theta, net.machine.layout), net.activations, net.X)[1][-1]

    of_samples = np.abs(jacobian(outputs, net.theta)).sum(axis=1)
    assert_allclose(statistics_of(net).output_sensitivity(), mean(net, of_samples), rtol=1e-8, atol=1e-11)


@CASES
def test_second_derivatives(loss, sparse):
    net = network(loss, sparse)
    units = np.eye(net.theta.size)
    step = 2.0**-13
    hessian = np.array([derivative(lambda t, e=e: net.loss_gradient(net.theta + t * e)[1], 0.0, step) for e in units])
    assert_allclose(statistics_of(net).hessian_diagonal(), SCALE * hessian.diagonal(), rtol=1e-7, atol=1e-9)
    mask = np.random.RandomState(0).rand(net.theta.size) < 0.5
    lowest = np.linalg.eigvalsh(SCALE * hessian)[0]
    damping = 0.1 + max(0.0, -lowest)
    inverse = statistics_of(net, mask).inverse_hessian("exact", damping)
    of_the_rest = SCALE * hessian[np.ix_(mask, mask)] + damping * np.eye(mask.sum())
    assert_allclose(inverse @ of_the_rest, np.eye(mask.sum()), atol=1e-6)


@CASES
def test_inputs(loss, sparse):
    net = network(loss, sparse)
    values = forward(*net.layers, net.activations, net.X)[1][:-1]
    told = statistics_of(net)
    norms = told.input_norms()
    for w, value in zip(told.matrices(norms), values, strict=True):
        assert_allclose(w, np.sqrt(mean(net, value**2))[:, None] * np.ones_like(w), rtol=1e-10)
    assert (norms[sum(w.size for w in told.matrices(norms)) :] == 1).all()


@CASES
def test_units_have_the_second_moments_of_what_is_left_of_their_inputs(loss, sparse):
    net = network(loss, sparse)
    mask = np.random.RandomState(1).rand(net.theta.size) < 0.6
    values = forward(*net.layers, net.activations, net.X)[1]
    coefs, intercepts = layer_views(np.arange(net.theta.size), net.machine.layout)
    told = statistics_of(net, mask).unit_inverse_hessians(0.01)
    for layer, (w, b) in enumerate(zip(coefs, intercepts, strict=True)):
        x = np.column_stack([values[layer], np.ones(len(net.X))])
        for unit, (positions, inverse) in zip(range(b.size), told, strict=False):
            everything = np.append(w[:, unit], b[unit])
            left = mask[everything]
            assert_array_equal(positions, everything[left])
            moment = np.einsum("i,ij,ik->jk", net.weights, x[:, left], x[:, left]) / net.weights.sum()
            assert_allclose(inverse @ (moment + 0.01 * np.eye(left.sum())), np.eye(left.sum()), atol=1e-9)
    assert not list(told)


def test_a_matrix_that_is_not_positive_definite():
    net = network("softmax")
    with pytest.raises(ValueError, match="exact Hessian is not positive definite with damping=1e-06.*gauss_newton"):
        statistics_of(net).inverse_hessian("exact", 1e-6)


@pytest.mark.parametrize("loss", [SquaredError(), Huber(), LogLoss(), Poisson(), SoftmaxLogLoss()], ids=repr)
def test_linear_error_is_that_of_the_predictions(loss):
    net = network(loss)
    told = statistics_of(net)
    error = told.linear_error()
    raw = np.random.RandomState(0).normal(size=net.y.shape)
    found, _ = losses_and_gradients(error, net.y, raw)
    assert_allclose(found, np.abs(net.y - inverse_links(net.loss, raw)).sum(axis=1), rtol=1e-12)

    def total(theta):
        raw = forward(*layer_views(theta, net.machine.layout), net.activations, net.X)[1][-1]
        return SCALE * mean(net, np.abs(net.y - inverse_links(net.loss, raw)).sum(axis=1))

    wanted = jacobian(total, net.theta, 2.0**-14)
    assert_allclose(told.gradient(error), wanted, rtol=1e-6, atol=1e-9)


def test_losses_that_are_linear_already_stay():
    net = network(Hinge())
    assert statistics_of(net).linear_error() is net.loss


def test_everything_is_computed_once_and_in_double_precision():
    net = network("softmax", activation=Relu(), dtype="float32")
    told = statistics_of(net)
    for ask in (
        told.gradient,
        told.mean_absolute_gradient,
        told.mean_squared_gradient,
        told.output_sensitivity,
        told.hessian_diagonal,
        told.input_norms,
        lambda: told.inverse_hessian("gauss_newton", 1e-3),
    ):
        assert ask().dtype == np.float64
        assert ask() is ask()
    assert told.weights.dtype == np.float64
    assert told.gradient(told.linear_error()).dtype == np.float64
    assert all(inverse.dtype == np.float64 for _, inverse in told.unit_inverse_hessians(1e-3))
    assert told.hessian_diagonal("obd") is not told.hessian_diagonal("gauss_newton")
    assert told.inverse_hessian("gauss_newton", 1e-3) is not told.inverse_hessian("gauss_newton", 1e-2)


def test_the_course_of_training_is_known_where_it_was_recorded():
    net = network("squared")
    trace = TrainingTrace(net.theta, None, 0.1)
    assert statistics_of(net, trace=trace).training_trace() is trace
    with pytest.raises(ValueError, match="training was not recorded.*constructor"):
        statistics_of(net).training_trace()
