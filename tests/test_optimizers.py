"""Every optimizer of the registry: against textbook forms, PyTorch step by step, and its compiled step."""

import numpy as np
import pytest
import reference
from compiled import run, updates
from reference import EPS, optimize, variants

from sknn_concepts.activations import Activation, Identity
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.losses import Loss
from sknn_concepts.network import kernels
from sknn_concepts.network.compiled import CompiledNetwork
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.layout import layer_views, make_layout
from sknn_concepts.network.minibatch import Regularization
from sknn_concepts.optimizers import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    NAdam,
    Optimizer,
    RMSprop,
    get_optimizer,
    ignored_schedules,
)


class PlainSGD(Optimizer):
    """One's own, without memory: w = w - rate g."""

    def update(self, w, g, slots, c):
        return w - c[0] * g, slots


class ThreeSlots(Optimizer):
    """One's own, with more slots and coefficients than any in the registry: two momenta and a sum of squares."""

    decay: float = 0.8

    slots = 3
    n_coefficients = 5

    def columns(self, rates, steps):
        return rates, 0.1 * rates, 1.0 / steps, 1 - self.decay, 0.01

    def update(self, w, g, slots, c):
        fast, slow, squares = slots
        fast = self.decay * fast + c[3] * g
        slow = slow + c[2] * (fast - slow)
        squares = squares + g * g
        return w - (c[0] * fast + c[1] * slow) / (np.sqrt(squares) + c[4]), (fast, slow, squares)


class Cubic(Activation):
    """One's own: f(z) = z + strength z^3."""

    strength: float = 0.1

    def value(self, z):
        return z + self.strength * z * z * z

    def slope(self, z):
        return 1.0 + 3.0 * self.strength * z * z


class LogCosh(Loss):
    """One's own: log(cosh(raw - y))."""

    def loss(self, y, raw):
        return np.log(np.cosh(raw - y))

    def gradient(self, y, raw):
        return np.tanh(raw - y)


ALL = dict(variants(OPTIMIZERS)) | {
    "sgd-plain_momentum": SGD(0.8, False),
    "own": PlainSGD(),
    "own-three_slots": ThreeSlots(),
}

each_optimizer = pytest.mark.parametrize("optimizer", ALL.values(), ids=ALL)
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])

N_STEPS = 12
RATES = 0.1 / np.arange(1, N_STEPS + 1)  # a rate that changes, in which forms of momentum differ
RANDOM = np.random.RandomState(0)
START = RANDOM.normal(size=7)
GRADIENTS = RANDOM.normal(size=(N_STEPS, 7))


def textbook_sgd(optimizer, w, gradients, rates):
    """Velocity v = momentum v - rate g; Nesterov's form evaluates the step once more with the new velocity."""
    v = np.zeros_like(w)
    for g, rate in zip(gradients, rates, strict=True):
        v = optimizer.momentum * v - rate * g
        w = w + (optimizer.momentum * v - rate * g if optimizer.nesterovs_momentum else v)
        yield w


def textbook_adam(optimizer, w, gradients, rates):
    """Corrected moments (algorithm 1), with the epsilon that the efficient form amounts to."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), 1):
        m = optimizer.beta_1 * m + (1 - optimizer.beta_1) * g
        v = optimizer.beta_2 * v + (1 - optimizer.beta_2) * g**2
        m_hat, v_hat = m / (1 - optimizer.beta_1**t), v / (1 - optimizer.beta_2**t)
        epsilon = optimizer.epsilon / np.sqrt(1 - optimizer.beta_2**t)
        w = w - rate * getattr(optimizer, "weight_decay", 0.0) * w
        w = w - rate * m_hat / (np.sqrt(v_hat) + epsilon)
        yield w


def textbook_nadam(optimizer, w, gradients, rates):
    """Dozat (2016), algorithm 1."""
    m, n, product = np.zeros_like(w), np.zeros_like(w), 1.0

    def mu(t):
        return optimizer.beta_1 * (1 - 0.5 * 0.96 ** (t * optimizer.momentum_decay))

    for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), 1):
        m = optimizer.beta_1 * m + (1 - optimizer.beta_1) * g
        n = optimizer.beta_2 * n + (1 - optimizer.beta_2) * g**2
        product *= mu(t)
        m_bar = (1 - mu(t)) * g / (1 - product) + mu(t + 1) * m / (1 - product * mu(t + 1))
        n_hat, epsilon = n / (1 - optimizer.beta_2**t), optimizer.epsilon / np.sqrt(1 - optimizer.beta_2**t)
        w = w - rate * m_bar / (np.sqrt(n_hat) + epsilon)
        yield w


def textbook_rmsprop(optimizer, w, gradients, rates):
    """Running mean of the squared gradient."""
    mean_square = np.zeros_like(w)
    for g, rate in zip(gradients, rates, strict=True):
        mean_square = optimizer.decay * mean_square + (1 - optimizer.decay) * g**2
        w = w - rate * g / (np.sqrt(mean_square) + optimizer.epsilon)
        yield w


def textbook_adagrad(optimizer, w, gradients, rates):
    """Sum of the squared gradients."""
    for t, rate in enumerate(rates, 1):
        w = w - rate * gradients[t - 1] / (np.sqrt((gradients[:t] ** 2).sum(axis=0)) + optimizer.epsilon)
        yield w


TEXTBOOK = {
    SGD: textbook_sgd,
    Adam: textbook_adam,
    AdamW: textbook_adam,
    NAdam: textbook_nadam,
    RMSprop: textbook_rmsprop,
    Adagrad: textbook_adagrad,
}


@pytest.mark.parametrize(
    "optimizer", [optimizer for optimizer in ALL.values() if type(optimizer) in TEXTBOOK], ids=repr
)
def test_against_the_textbook(optimizer):
    expected = list(TEXTBOOK[type(optimizer)](optimizer, START, GRADIENTS, RATES))
    np.testing.assert_allclose(optimize(optimizer, START, GRADIENTS, RATES), expected, rtol=1e-12)


def torch_optimizers(optim):
    """Pairs of an optimizer and how PyTorch makes it."""
    moments = {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}
    same = {"betas": (0.8, 0.95)}
    return [
        (SGD(0.0, False), lambda p: optim.SGD(p)),
        (SGD(0.8, False), lambda p: optim.SGD(p, momentum=0.8)),
        (SGD(0.8, True), lambda p: optim.SGD(p, momentum=0.8, nesterov=True)),
        (Adam(**moments), lambda p: optim.Adam(p, **same)),
        (AdamW(**moments, weight_decay=0.3), lambda p: optim.AdamW(p, **same, weight_decay=0.3)),
        (NAdam(**moments, momentum_decay=0.1), lambda p: optim.NAdam(p, **same, momentum_decay=0.1)),
        (RMSprop(0.9, 1e-3), lambda p: optim.RMSprop(p, alpha=0.9)),
        (Adagrad(1e-3), lambda p: optim.Adagrad(p)),
    ]


def test_momenta_of_nadam_after_many_steps():
    """Far from the start their product is nothing beside 1, and steps need not be counted from there."""
    optimizer = NAdam(0.9, 0.999, 1e-8, 0.004)
    for first in (400, 435, 440, 3000):
        steps = np.arange(first, first + 9)
        t = np.arange(1, steps[-1] + 2)
        mu = 0.9 * (1 - 0.5 * 0.96 ** (0.004 * t))
        product, now = np.cumprod(mu), steps - 1
        root = 0.1 * np.sqrt(1 - 0.999**steps)
        got = optimizer.coefficients(np.full(9, 0.1), steps)
        np.testing.assert_allclose(got[:, 0], root * (1 - mu[now]) / (1 - product[now]), rtol=1e-14)
        np.testing.assert_allclose(got[:, 1], root * mu[now + 1] / (1 - product[now + 1]), rtol=1e-14)


def test_against_torch(monkeypatch):
    """Step by step. PyTorch's momentum is ours divided by minus the rate: the same steps while the rate stays.

    Its Adam adds epsilon after the correction of the root: ours is told it divided by sqrt(1 - beta_2^t).
    """
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch, "get_default_dtype", lambda: torch.float64)  # of the momenta's product in NAdam
    for optimizer, make in torch_optimizers(torch.optim):
        rates = np.full(N_STEPS, 0.1) if isinstance(optimizer, SGD) else RATES
        w = torch.tensor(START, requires_grad=True)
        theirs = make([w])
        for t, ours in enumerate(optimize(optimizer, START, GRADIENTS, rates), 1):
            group = theirs.param_groups[0]
            group["lr"] = rates[t - 1]
            if hasattr(optimizer, "epsilon"):
                corrects = hasattr(optimizer, "beta_2")
                group["eps"] = optimizer.epsilon / (np.sqrt(1 - optimizer.beta_2**t) if corrects else 1.0)
            w.grad = torch.tensor(GRADIENTS[t - 1])
            theirs.step()
            np.testing.assert_allclose(ours, w.detach(), rtol=1e-12, err_msg=f"{optimizer}, step {t}")


def test_momentum_of_a_changing_rate_is_that_of_scikit_learn():
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    for nesterov in (False, True):
        w = [START.copy()]
        theirs = SGDOptimizer(w, 0.1, "constant", 0.8, nesterov)
        for rate, g, ours in zip(RATES, GRADIENTS, optimize(SGD(0.8, nesterov), START, GRADIENTS, RATES), strict=True):
            theirs.learning_rate = rate
            theirs.update_params(w, [g])
            np.testing.assert_allclose(ours, w[0], rtol=1e-14)


@each_optimizer
def test_passes_continue_one_another(optimizer):
    """The coefficients of two passes are those of a single run."""
    steps = np.arange(1, N_STEPS + 1)
    whole = optimizer.coefficients(RATES, steps)
    assert whole.shape == (N_STEPS, optimizer.n_coefficients)
    parts = [optimizer.coefficients(RATES[part], steps[part]) for part in (slice(5), slice(5, None))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert optimizer.shrinkage(RATES).shape == (N_STEPS,)


@each_optimizer
def test_slots_tell_what_is_remembered(optimizer):
    c = optimizer.coefficients(RATES, np.arange(1, N_STEPS + 1))[0]
    before = tuple(3.0 + np.arange(optimizer.slots))
    _, after = optimizer.update(1.0, 7.0, before, c)
    assert len(after) == optimizer.slots and not set(before) & set(after)


@each_optimizer
def test_mirrored_gradients_give_mirrored_steps(optimizer):
    path = optimize(optimizer, START, GRADIENTS, RATES)
    np.testing.assert_array_equal(optimize(optimizer, -START, -GRADIENTS, RATES), -path)


@each_optimizer
def test_without_a_gradient_nothing_moves_but_the_decay(optimizer):
    path = optimize(optimizer, START, np.zeros_like(GRADIENTS), RATES)
    decay = np.cumprod(optimizer.shrinkage(RATES))
    np.testing.assert_allclose(path, decay[:, None] * START, rtol=1e-14)


@each_optimizer
def test_a_parabola_is_descended(optimizer):
    w, slots = 1.0, (0.0,) * optimizer.slots
    rows = optimizer.coefficients(np.full(300, 0.03), np.arange(1, 301))
    for c in rows:
        w, slots = optimizer.update(w, w, slots, c)
    assert abs(w) < 0.5


@each_dtype
@each_optimizer
def test_compiled_update_is_the_plain_one(optimizer, dtype):
    w, g = START.astype(dtype), GRADIENTS[0].astype(dtype)
    c = optimizer.coefficients(RATES, np.arange(1, N_STEPS + 1))[3].astype(dtype)
    out, slots = np.empty(w.size), np.empty((max(1, optimizer.slots), w.size), dtype)
    slots[:] = abs(w) + np.arange(len(slots), dtype=dtype)[:, None]
    of_plain = tuple(slots[: optimizer.slots].copy())
    run(updates, optimizer, w, g, slots, c, out)
    w, g, c = w.astype(float), g.astype(float), c.astype(float)
    plain, of_plain = optimizer.update(w, g, of_plain, c)
    np.testing.assert_allclose(out, plain, rtol=32 * EPS[dtype], atol=32 * EPS[dtype])
    for slot, expected in zip(slots, of_plain, strict=False):  # without slots there is a row that nobody reads
        np.testing.assert_allclose(slot, expected, rtol=32 * EPS[dtype], atol=32 * EPS[dtype])
    if dtype == "float32":
        assert np.array_equal(out, out.astype(np.float32))


@each_dtype
@each_optimizer
@pytest.mark.parametrize("l2, l1", [(0.0, 0.0), (0.3, 0.0), (0.0, 0.2), (0.3, 0.2)])
def test_step_kernel_against_its_twin(optimizer, l2, l1, dtype):
    """Three steps with penalties and shrinkage; the last three parameters are intercepts."""
    coefficients = optimizer.coefficients(RATES, np.arange(1, N_STEPS + 1))
    theta, slots = START.astype(dtype), np.zeros((max(optimizer.slots, 1), 7), dtype)
    twin, twin_slots = START.astype(dtype).astype(float), slots.astype(float)
    theta[1] = twin[1] = 0.0  # where the l1 penalty has its kink
    for t in range(3):
        g = GRADIENTS[t].astype(dtype)
        numbers = (l2, l1, coefficients[t], 0.9 if t == 1 else 1.0)
        penalty = run(kernels.step, optimizer, theta[:4], g[:4], slots, 0, *numbers)
        without_penalty = (0.0, 0.0, coefficients[t], 1.0)
        assert run(kernels.step, optimizer, theta[4:], g[4:], slots, 4, *without_penalty) == 0.0
        expected = reference.step(optimizer, twin, g.astype(float), twin_slots, 4, *numbers)
        assert penalty == pytest.approx(expected, rel=64 * EPS[dtype])
        np.testing.assert_allclose(theta, twin, rtol=64 * EPS[dtype], atol=64 * EPS[dtype])
        np.testing.assert_allclose(slots, twin_slots, rtol=64 * EPS[dtype], atol=64 * EPS[dtype])


def test_a_step_changes_its_run_only():
    for penalties in ((0.5, 0.0), (0.0, 0.5)):
        theta, slots = START.copy(), np.zeros((1, 7))
        run(kernels.step, PlainSGD(), theta[:4], np.zeros(4), slots, 0, *penalties, np.array([0.1]), 0.5)
        assert (abs(theta[:4]) < abs(START[:4])).all()
        np.testing.assert_array_equal(theta[4:], START[4:])


def test_a_users_strategies_train():
    """An activation, a loss and an optimizer of one's own, through the engine and by naive backpropagation."""
    random = np.random.RandomState(1)
    X, sizes, batch = random.normal(size=(30, 3)), (3, 5, 2), 10
    y = np.column_stack([X[:, 0] * X[:, 1], X[:, 2]])
    activations, loss, optimizer = [Cubic(0.2), Identity()], LogCosh(), PlainSGD()
    source = make_dataset(X, y)
    machine = CompiledNetwork(
        sizes, activations, loss, float, source, batch_size=batch, optimizer=optimizer, needs_gradients=True
    )
    theta = 0.5 * random.normal(size=machine.n_parameters)
    coefs, intercepts = layer_views(theta.copy(), make_layout(sizes))
    rules = Regularization(0.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    losses = []
    for epoch in range(40):
        order = random.permutation(30)
        coefficients = optimizer.coefficients(np.full(3, 0.1), np.arange(3 * epoch + 1, 3 * epoch + 4))
        slots = np.zeros((max(optimizer.slots, 1), theta.size))
        ones, seeds = np.ones(3), np.zeros(3, np.uint32)
        total, done = machine.train(machine.make_step(theta, slots, rules), order, 0, 3, coefficients, ones, seeds)
        twin_total = 0.0
        for rows in order.reshape(3, batch):
            mean, dw, db = reference.loss_and_gradients(coefs, intercepts, activations, loss, X[rows], y[rows])
            twin_total += mean * batch
            for array, slope in zip((*coefs, *intercepts), (*dw, *db), strict=True):
                array -= 0.1 * slope
        assert done == 3 and total == pytest.approx(twin_total, rel=1e-10)
        losses.append(total)
    np.testing.assert_allclose(theta, reference.flatten(coefs, intercepts), rtol=1e-9)
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("columns", [(0.1,), 0.1, (0.1, 0.2, 0.3)])
def test_columns_that_do_not_fit_are_refused(columns):
    class Mine(PlainSGD):
        n_coefficients = 2

        def columns(self, rates, steps):
            return columns

    with pytest.raises(ValueError, match="columns of Mine must return a tuple of n_coefficients = 2"):
        Mine().coefficients(RATES, np.arange(1, N_STEPS + 1))


@pytest.mark.parametrize("given", [(), (0.0, 0.0), 0.0, "text"], ids=repr)
def test_slots_that_do_not_fit_are_refused(given):
    """They would be written where other things are."""

    class Mine(PlainSGD):
        slots = 1

        def update(self, w, g, slots, c):
            return w, given

    arguments = START.copy(), GRADIENTS[0], np.zeros((1, 7)), 0, 0.0, 0.0, np.array([0.1]), 1.0
    with pytest.raises((ValueError, TypeError), match="slots = 1|no len" if COMPILED else None):
        run(kernels.step, Mine(), *arguments)


def test_an_optimizer_says_which_arguments_and_schedules_it_takes():
    assert get_optimizer("adagrad", epsilon=0.5) == Adagrad()
    assert get_optimizer("rmsprop", epsilon=0.5) == RMSprop(epsilon=0.5)
    assert [name for name in OPTIMIZERS if ignored_schedules(name)] == ["adam"]
    assert ignored_schedules(Adam()) == ignored_schedules("lbfgs") == ()


def test_hyper_parameters_reach_an_optimizer_chosen_by_name():
    """The estimators' own arguments; an optimizer takes those it has."""
    assert get_optimizer("adam", beta_1=0.5, momentum=0.1) == Adam(0.5)
    assert get_optimizer("sgd", beta_1=0.5, momentum=0.1) == SGD(0.1)
    given = Adam(0.3)
    assert get_optimizer(given, beta_1=0.5) is given


@pytest.mark.parametrize("name", ["beta_1", "beta_2"])
def test_a_beta_of_one_is_refused(name):
    """It would divide by 1 - beta^t = 0."""
    with pytest.raises(ValueError, match=rf"{name} of Adam must be in \[0, 1\); got 1.0"):
        get_optimizer("adam", **{name: 1.0})
