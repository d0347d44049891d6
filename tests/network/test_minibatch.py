"""Passes that learn, against a plain twin: steps, penalties, constraints, and when to stop."""

import numpy as np
import pytest
from machines import PLAIN, Network
from numpy.testing import assert_allclose, assert_array_equal
from reference import EPS, flatten, loss_and_gradients, step

from sknn_concepts.activations import Tanh
from sknn_concepts.losses import LogLoss, SquaredError
from sknn_concepts.network.layout import layer_views
from sknn_concepts.optimizers import OPTIMIZERS, SGD

#: Ways to regularize, alone and all together.
RULES = {
    "plain": {},
    "ridge": {"l2": 3.0},
    "lasso": {"l1": 2.0},
    "scaled": {"loss_scale": 0.5},
    "clipped": {"max_grad_norm": 0.05, "l2": 1.0},
    "constrained": {"max_norm": 0.6},
    "all": {"l2": 3.0, "l1": 2.0, "max_grad_norm": 0.5, "max_norm": 0.9},
}


def twin(net, rates, rules, order, slots):
    """One pass in plain NumPy: total of batch losses times sizes, and the parameters."""
    theta, total, batch_size = net.theta.copy(), 0.0, net.machine.batch_size
    coefs, intercepts = layer_views(theta, net.machine.layout)
    n_weights = net.machine.n_weights
    steps = np.arange(1, len(rates) + 1)
    plan = zip(net.optimizer.coefficients(rates, steps), net.optimizer.shrinkage(rates), strict=True)
    for batch, (c, shrink) in enumerate(plan):
        rows = order[batch * batch_size : (batch + 1) * batch_size]
        weight = net.weights[rows].sum()
        if weight == 0:
            continue
        loss, *gradients = loss_and_gradients(
            coefs, intercepts, net.activations, net.loss, net.X[rows], net.y[rows], net.weights[rows]
        )
        gradient, l2, l1 = flatten(*gradients), rules.l2 / weight, rules.l1 / weight
        penalty = np.sum(l2 / 2 * theta[:n_weights] ** 2 + l1 * abs(theta[:n_weights]))
        if rules.max_grad_norm > 0:
            gradient[:n_weights] += l2 * theta[:n_weights] + l1 * np.sign(theta[:n_weights])
            gradient *= min(1.0, rules.max_grad_norm / np.linalg.norm(gradient))
            l2 = l1 = 0.0
        step(net.optimizer, theta, gradient, slots, n_weights, l2, l1, c, shrink)
        for w in coefs if rules.max_norm > 0 else []:
            w *= np.minimum(1.0, rules.max_norm / np.linalg.norm(w, axis=0))
        total += (loss * rules.loss_scale + penalty) * len(rows)
    return total, theta


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_pass_is_that_of_the_twin(optimizer, rule):
    rules = PLAIN._replace(**RULES[rule])
    net = Network([4, 5, 3], [Tanh()], LogLoss(), optimizer=OPTIMIZERS[optimizer]())
    order = np.random.RandomState(5).permutation(30)
    rates = np.linspace(0.05, 0.01, 5)
    slots = np.zeros((max(1, net.optimizer.slots), net.theta.size))
    of_twin = slots.copy()
    expected, parameters = twin(net, rates, rules, order, of_twin)
    theta = net.theta.copy()
    total, done = net.train(theta, rates, rules, order, slots)
    assert done == 5 and not np.allclose(theta, net.theta)
    assert total == pytest.approx(expected, rel=1e-12)
    assert_allclose(theta, parameters, rtol=0, atol=1e-11)
    assert_allclose(slots, of_twin, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_pass_may_be_made_in_parts(optimizer):
    net = Network([4, 5, 3], [Tanh()], LogLoss(), optimizer=OPTIMIZERS[optimizer]())
    whole, parts = net.theta.copy(), net.theta.copy()
    rates = np.full(5, 0.02)
    net.train(whole, rates)
    slots, plan = np.zeros((2, whole.size)), net.optimizer.coefficients(rates, np.arange(1, 6))
    for first, last in ((0, 2), (2, 3), (3, 5)):
        rest = (net.rows, first, last, plan, net.optimizer.shrinkage(rates), np.zeros(1, np.uint32))
        assert net.machine.train(net.machine.make_step(parts, slots, PLAIN), *rest)[1] == last
    assert_array_equal(parts, whole)


def test_only_weights_are_penalized():
    net = Network([4, 3, 2], [Tanh()], SquaredError())
    _, gradient = net.loss_gradient()
    value, penalized = net.loss_gradient(rules=PLAIN._replace(l2=5.0, l1=2.0))
    n_weights, total = net.machine.n_weights, net.weights.sum()
    w = net.theta[:n_weights]
    assert_allclose((penalized - gradient)[:n_weights], (5.0 * w + 2.0 * np.sign(w)) / total, rtol=1e-9)
    assert_array_equal(penalized[n_weights:], gradient[n_weights:])
    penalty = (2.5 * np.sum(w**2) + 2.0 * np.sum(np.abs(w))) / total
    assert value == pytest.approx(net.loss_gradient()[0] + penalty, rel=1e-13)


@pytest.mark.parametrize(
    "loss", [LogLoss(), LogLoss().multiclass(), SquaredError()], ids=lambda loss: type(loss).__name__
)
@pytest.mark.parametrize("batch_size", [1, 8, 29, 30, 64])
def test_blocks_add_up(loss, batch_size):
    one, blocks = (Network([4, 5, 3], [Tanh()], loss, batch_size=size) for size in (30, batch_size))
    assert blocks.loss_gradient()[0] == pytest.approx(one.loss_gradient()[0], rel=30 * EPS["float64"])
    assert_allclose(blocks.loss_gradient()[1], one.loss_gradient()[1], rtol=1e-12, atol=1e-14)
    assert_allclose(blocks.machine.predict(one.theta, one.rows), one.machine.predict(one.theta, one.rows), rtol=1e-13)


def test_weights_count_samples():
    net = Network([4, 5, 3], [Tanh()], LogLoss())
    counts = net.weights.astype(int)
    assert counts.min() == 0
    options = {"X": net.X.repeat(counts, axis=0), "y": net.y.repeat(counts, axis=0)}
    repeated = Network([4, 5, 3], [Tanh()], LogLoss(), weights=None, **options)
    assert net.loss_gradient()[0] == pytest.approx(repeated.loss_gradient(net.theta)[0], rel=1e-13)
    assert_allclose(net.loss_gradient()[1], repeated.loss_gradient(net.theta)[1], rtol=1e-11, atol=1e-15)


def test_a_batch_without_weight_makes_no_step():
    weights = np.repeat([1.0, 0.0, 2.0], 7)
    rates = np.full(3, 0.1)
    some = Network([4, 3], [], SquaredError(), n_samples=21, weights=weights, optimizer=SGD())
    theta, slots = some.theta.copy(), np.zeros((1, 15))
    _, done = some.train(theta, rates[:2], order=some.rows[:14], slots=slots)
    assert done == 2
    alone = some.theta.copy()
    some.train(alone, rates[:1], order=some.rows[:7])
    assert_array_equal(theta, alone)


def test_a_pass_ends_at_the_first_loss_that_is_not_finite():
    y = np.zeros((21, 3))
    y[9] = 1e200  # whose square overflows
    net = Network([4, 3], [], SquaredError(), y=y, n_samples=21, weights=np.ones(21))
    theta, before = net.theta.copy(), net.theta.copy()
    with np.errstate(over="ignore"):  # of which NumPy tells where nothing is compiled
        total, done = net.train(theta, np.full(3, 0.1))
    net.train(before, [0.1], order=net.rows[:7])
    assert done == 1 and np.isfinite(total)
    assert_array_equal(theta, before)


def test_losses_of_raw_predictions():
    net = Network([4, 3], [], LogLoss())
    raw = net.machine.predict(net.theta, net.rows, linked=False)
    for weights in (None, net.weights):
        net.weights = weights
        total = 30 if weights is None else weights.sum()
        weighted = Network([4, 3], [], LogLoss(), weights=weights)
        expected = weighted.loss_gradient(net.theta)[0] * total
        assert net.machine.losses(raw, net.y, weights) == pytest.approx(expected, rel=1e-13)
