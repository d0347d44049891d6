"""The kernels that learn sample by sample, against a plain twin and against scikit-learn's own shuffle."""

import pathlib
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.utils._seq_dataset import ArrayDataset64

from sknn_concepts.activations import Identity, Tanh
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.linear import sgd
from sknn_concepts.losses import LogLoss, SquaredError

PLAIN = sgd.OnlineConfig(eta=1.0, alpha=0.0, l1_ratio=0.0, intercept_rate=1.0, average=0, delta_rule=False)
NO_LOSS = sgd.bind_loss()[0]


def problem(seed=0, n_samples=40, n_features=7, dtype=np.float64):
    rng = np.random.RandomState(seed)
    X = rng.randn(n_samples, n_features) * (rng.rand(n_samples, n_features) < 0.6)
    y = np.where(X @ rng.randn(n_features) + rng.randn(n_samples) > 0, 1.0, -1.0)
    return X.astype(dtype), y.astype(dtype), rng.uniform(0.5, 2.0, n_samples).astype(dtype)


def plain_twin(X, y, factors, order, rule, activation=None, loss=None):
    """The rule by the book: the weights themselves after each sample, and their plain mean."""
    w, b, received, cumulative = np.zeros(X.shape[1]), 0.0, np.zeros(X.shape[1]), 0.0
    path, total = [], 0.0
    for row in order:
        raw = X[row] @ w + b
        if activation is None:
            total += max(0.0, -y[row] * raw)
            step = rule.eta * y[row] if y[row] * raw <= 0.0 else 0.0
        else:
            value = activation.value(raw)
            total += loss.loss(y[row], value)
            step = -rule.eta * loss.gradient(y[row], value) * activation.slope(raw)
        w = w * (1.0 - rule.eta * rule.alpha * (1.0 - rule.l1_ratio)) + step * factors[row] * X[row]
        b += step * factors[row] * rule.intercept_rate
        cumulative += rule.eta * rule.alpha * rule.l1_ratio
        path.append((w.copy(), b))
        for j in np.flatnonzero(X[row]) if rule.intercept_rate < 1.0 else range(w.size):
            before = w[j]
            if before > 0.0:
                w[j] = max(0.0, before - (cumulative + received[j]))
            elif before < 0.0:
                w[j] = min(0.0, before + (cumulative - received[j]))
            received[j] += w[j] - before
    averaged = path[rule.average - 1 :]
    mean_w, mean_b = np.mean([w for w, _ in averaged], axis=0), np.mean([b for _, b in averaged])
    return SimpleNamespace(w=w, b=b, mean_w=mean_w, mean_b=mean_b, loss=total)


def show(X, y, factors, order, rule, table=NO_LOSS, start=0.0, mask=None):
    samples = sgd.make_samples(X, y, factors, abs(X).max())
    parameters = np.append(np.full(X.shape[1], start, y.dtype), y.dtype.type(0.0))
    neuron = sgd.make_neuron(parameters, np.zeros_like(parameters), rule, mask=mask)
    loss, objective = sgd.train_epoch(samples, order, rule, neuron, table)
    parameters, average = sgd.parameters_of(neuron)
    return SimpleNamespace(
        w=parameters[:-1],
        b=parameters[-1],
        mean_w=average[:-1],
        mean_b=average[-1],
        loss=loss,
        objective=objective,
    )


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("alpha", "l1_ratio"), [(0.0, 0.0), (0.05, 0.0), (0.02, 1.0), (0.05, 0.4), (0.97, 0.0)])
def test_rule_is_that_of_the_book(sparse, alpha, l1_ratio):
    X, y, factors = problem()
    order = np.random.RandomState(1).randint(0, len(y), 5 * len(y))
    rule = PLAIN._replace(eta=0.7, alpha=alpha, l1_ratio=l1_ratio, intercept_rate=0.01 if sparse else 1.0)
    learned = show(sp.csr_array(X) if sparse else X, y, factors, order, rule)
    expected = plain_twin(X, y, factors, order, rule)
    assert np.abs(expected.w).max() > 0.1
    np.testing.assert_allclose(learned.w, expected.w, rtol=1e-9, atol=1e-12)
    assert learned.b == pytest.approx(expected.b, rel=1e-9)
    assert learned.loss == pytest.approx(expected.loss, rel=1e-9)
    assert (learned.objective > learned.loss) == (alpha > 0.0)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("average", [1, 30])
@pytest.mark.parametrize("alpha", [0.0, 0.02])
def test_average_is_the_mean_of_the_path(sparse, average, alpha):
    X, y, factors = problem(1)
    order = np.random.RandomState(1).permutation(len(y))
    rule = PLAIN._replace(alpha=alpha, average=average, intercept_rate=0.01 if sparse else 1.0)
    learned = show(sp.csr_array(X) if sparse else X, y, factors, order, rule)
    expected = plain_twin(X, y, factors, order, rule)
    np.testing.assert_allclose(learned.mean_w, expected.mean_w, rtol=1e-9)
    assert learned.mean_b == pytest.approx(expected.mean_b, rel=1e-9)


@pytest.mark.parametrize(
    ("activation", "loss"), [(Identity(), SquaredError()), (Tanh(), SquaredError()), (Identity(), LogLoss())]
)
def test_delta_rule_follows_the_gradient(activation, loss):
    X, y, factors = problem(2)
    rule = PLAIN._replace(eta=0.05, alpha=0.01, delta_rule=True)
    table, kept_alive = sgd.bind_loss(activation, loss)
    order = np.arange(len(y))
    y = y if isinstance(loss, SquaredError) else (y + 1.0) / 2.0
    learned = show(X, y, factors, order, rule, table)
    del kept_alive
    expected = plain_twin(X, y, factors, order, rule, activation, loss)
    np.testing.assert_allclose(learned.w, expected.w, rtol=1e-9)
    assert learned.loss == pytest.approx(expected.loss, rel=1e-9)


def test_weights_touch_zero_but_do_not_cross_it():
    X, y, factors = problem(3)
    order = np.tile(np.arange(len(y)), 10)
    learned = show(X, y, factors, order, PLAIN._replace(eta=0.1, alpha=0.1, l1_ratio=1.0))
    assert 0 < np.count_nonzero(learned.w == 0.0) < learned.w.size


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"average": 1}, {"average": 9, "alpha": 0.05, "l1_ratio": 0.4}, {"alpha": 0.97}], ids=str
)
def test_masked_weights_stay_zero_as_if_their_features_were_missing(sparse, options):
    X, y, factors = problem(4)
    order = np.random.RandomState(1).randint(0, len(y), 5 * len(y))
    rule = PLAIN._replace(**options)
    mask = np.array([True, False, True, True, False, True, False, True])
    make = sp.csr_array if sparse else np.ascontiguousarray
    masked = show(make(X), y, factors, order, rule, start=1.0, mask=mask)
    mask = mask[:-1]
    fewer = show(make(X[:, mask]), y, factors, order, rule, start=1.0)
    assert not masked.w[~mask].any() and masked.w[mask].any()
    np.testing.assert_allclose(masked.w[mask], fewer.w, rtol=1e-9)
    if rule.average:
        assert not masked.mean_w[~mask].any()
        np.testing.assert_allclose(masked.mean_w[mask], fewer.mean_w, rtol=1e-9)
    assert masked.b == pytest.approx(fewer.b, rel=1e-9) and masked.loss == pytest.approx(fewer.loss, rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"alpha": 0.97}, {"alpha": 0.02, "l1_ratio": 1.0}, {"delta_rule": True}], ids=str
)
def test_sum_of_squares_stays_below_its_bound(dtype, sparse, options):
    X, y, factors = problem(5, dtype=dtype)
    rule = PLAIN._replace(eta=0.05 if "delta_rule" in options else 1.0, **options)
    table, kept_alive = sgd.bind_loss(Identity(), SquaredError()) if rule.delta_rule else sgd.bind_loss()
    samples = sgd.make_samples(sp.csr_array(X) if sparse else X, y, factors, np.abs(X).max())
    for start in (0.0, 3.0):  # growing weights, and shrinking ones
        parameters = np.full(X.shape[1] + 1, start, dtype)
        for n in range(1, len(y) + 1):
            neuron = sgd.make_neuron(parameters, parameters, rule)
            sgd.train_epoch(samples, np.arange(n), rule, neuron, table)
            squares = np.sum(np.float64(neuron.w) ** 2)
            bound = neuron.state[sgd.SQUARES]
            assert squares <= bound * (1.0 + np.finfo(dtype).eps)
    del kept_alive


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sparse", [False, True])
def test_ties_fall_as_a_sum_from_left_to_right_lets_them(dtype, sparse):
    # tenths: the exact sum is often 0, and rounding decides
    rng = np.random.RandomState(0)
    n_ties = 0
    for _ in range(300):
        w, x = ((rng.randint(-9, 10, 12) / 10.0).astype(dtype) for _ in range(2))
        total = 0.0
        for product in w * x:
            total += float(product)
        total = float(dtype(total))
        n_ties += 0.0 < abs(total) < 1e-6
        X = sp.csr_array(x[None, :]) if sparse else x[None, :]
        samples = sgd.make_samples(X, np.ones(1, dtype), np.ones(1, dtype), 0.9)
        parameters = np.append(w, dtype(0.0))
        neuron = sgd.make_neuron(parameters, parameters, PLAIN)
        sgd.train_epoch(samples, np.zeros(1, np.int64), PLAIN, neuron, NO_LOSS)
        assert np.array_equal(neuron.w, w) == (total > 0.0 or not x.any())
    assert n_ties > 0


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**31 - 2, 2**32 - 1])
def test_shuffle_is_scikit_learns(seed):
    n = 101
    theirs = ArrayDataset64(np.zeros((n, 1)), np.zeros(n), np.ones(n))
    ours, permutation = np.arange(n), np.arange(n)
    sgd.shuffle(permutation, seed)
    for _ in range(3):
        theirs._shuffle_py(seed)
        ours = ours[permutation]
        assert [theirs._next_py()[3] for _ in range(n)] == ours.tolist()


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
def test_new_numbers_compile_nothing():
    X, y, factors = problem()
    order = np.arange(len(y))
    show(X, y, factors, order, PLAIN)
    known = len(sgd.train_epoch.signatures)
    read_only = X.copy()
    read_only.flags.writeable = False
    show(read_only, y, factors, order, PLAIN._replace(eta=0.1, alpha=0.2, l1_ratio=0.3, average=4, delta_rule=False))
    show(sp.csr_array(X), y, factors, order, PLAIN)
    show(X[:, :3].copy(), y, factors, order[:7], PLAIN._replace(average=1))
    assert len(sgd.train_epoch.signatures) == known


def trace():
    """Numbers that the kernels give for small data, by rule, dtype and layout; how close others should come to them."""
    for rule in (PLAIN._replace(alpha=0.1, l1_ratio=0.5, average=3), PLAIN._replace(eta=0.01, delta_rule=True)):
        table, kept_alive = sgd.bind_loss(Tanh(), SquaredError()) if rule.delta_rule else sgd.bind_loss()
        for dtype in (np.float32, np.float64):
            X, y, factors = problem(dtype=dtype)
            for data in (X, sp.csr_array(X)):
                learned = show(data, y, factors, np.arange(len(y)), rule, table)
                numbers = np.array([*learned.w, learned.b, *learned.mean_w, learned.loss, learned.objective], float)
                yield numbers, 1e-5 if dtype == np.float32 else 1e-12
        del kept_alive
    order = np.arange(50)
    sgd.shuffle(order, 7)
    yield order.astype(float), 0.0


SCRIPT = """
import sys

sys.path.insert(0, sys.argv[1])
import test_sgd

for numbers, _ in test_sgd.trace():
    print(*numbers)
"""


@pytest.mark.skipif(not COMPILED, reason="compares with compiled kernels")
def test_kernels_are_ordinary_python_too(tmp_path, run_python):
    script = tmp_path / "plain.py"
    script.write_text(SCRIPT)
    plain = run_python(script, pathlib.Path(__file__).parent, NUMBA_DISABLE_JIT="1")
    for line, (numbers, close) in zip(plain, trace(), strict=True):
        np.testing.assert_allclose(np.array(line.split(), float), numbers, rtol=close, atol=0.1 * close)
