"""Second derivatives against differences of gradients, PyTorch, naive twins, and one another where theory says so."""

import itertools
import tracemalloc

import numpy as np
import pytest
import scipy.sparse
from machines import Network, fitted_network
from numpy.testing import assert_allclose, assert_array_equal
from reference import derivative, each, has_rows, jacobian, loss_and_gradients, second_derivatives, variants

from sknn_concepts.activations import ACTIVATIONS, Activation, Gelu, Identity, Logistic, Relu, Tanh
from sknn_concepts.curvature import blocks, jacobian_columns, products
from sknn_concepts.curvature.blocks import SampleBlocks
from sknn_concepts.curvature.diagonals import (
    HESSIAN_METHODS,
    Hutchinson,
    diagonal,
    get_hessian_method,
    hutchinson,
)
from sknn_concepts.curvature.gradients import (
    gradient,
    gradient_moment,
    input_moments,
    input_norms,
    output_sensitivity,
)
from sknn_concepts.curvature.gradients import (
    loss as mean_loss,
)
from sknn_concepts.curvature.kernels import triangular_roots
from sknn_concepts.curvature.products import hessian_matrix, hessian_vector_product
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.losses import LOSSES, AbsoluteError, Loss, SoftmaxFocal, SoftmaxLogLoss, SquaredError
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.layout import layer_views
from sknn_concepts.validation.fitted_network import FittedNetwork

#: From none to four hidden layers.
SIZES = [(3, 2), (3, 4, 2), (3, 4, 3, 2), (3, 3, 4, 3, 2), (3, 4, 3, 3, 4, 2)]
#: Steps so short that hardly any sample crosses a kink.
STEP = 2.0**-17

SMOOTH = {name: activation for name, activation in variants(ACTIVATIONS) if hasattr(activation, "slope")}
TWICE = {name: loss for name, loss in variants(LOSSES) if hasattr(loss, "hessian")}
TWICE |= {"softmax": SoftmaxLogLoss(), "softmax-smoothed": SoftmaxLogLoss(0.2), "softmax-focal": SoftmaxFocal(1.3)}
APPROXIMATIONS = [method for method in HESSIAN_METHODS if method not in ("exact", "hutchinson")]


def network(sizes=(3, 4, 2), activation=None, loss=None, **options):
    activation = Tanh() if activation is None else activation
    return Network(sizes, [activation] * (len(sizes) - 2), loss or SoftmaxLogLoss(), n_samples=9, **options)


def blocks_of(net, **options):
    return SampleBlocks(fitted_network(net, **options))


def hessian_by_differences(net):
    """Differences of analytic gradients, one row for each parameter."""
    units = np.eye(net.theta.size)
    rows = [derivative(lambda t, e=e: net.loss_gradient(net.theta + t * e)[1], 0.0, STEP) for e in units]
    return np.array(rows)


def assert_near(net, found, wanted, tolerance):
    """Each layer's weights and intercepts within a part of their norm, beyond the rounding of the differences."""
    layers = [layer_views(np.asarray(flat, float), net.machine.layout) for flat in (found, wanted)]
    for (a, b), (c, d) in zip(*(zip(*views, strict=True) for views in layers), strict=True):
        for mine, theirs in ((a, c), (b, d)):
            assert np.linalg.norm(mine - theirs) <= tolerance * np.linalg.norm(theirs) + 1e-10 * tolerance


def jacobians(net):
    """Derivatives of every sample's outputs with respect to the parameters."""
    return jacobian(lambda theta: net.machine.predict(theta, net.rows, linked=False), net.theta, STEP)


# The exact diagonal


@pytest.mark.parametrize("loss", TWICE)
@pytest.mark.parametrize("activation", SMOOTH)
def test_exact_against_differences(activation, loss):
    for sizes in SIZES:
        net = network(sizes, SMOOTH[activation], TWICE[loss])
        wanted = np.diag(hessian_by_differences(net))
        assert_near(net, diagonal(blocks_of(net)), wanted, 1e-6)


@pytest.mark.parametrize("output", SMOOTH)
def test_exact_behind_an_output_activation(output):
    net = network((3, 4, 3, 2), Tanh(), SquaredError(), output=SMOOTH[output])
    assert_near(net, diagonal(blocks_of(net)), np.diag(hessian_by_differences(net)), 1e-6)
    # of a loss that couples the outputs, too
    net = network((3, 4, 3, 2), Tanh(), SoftmaxLogLoss(), output=SMOOTH[output])
    assert_near(net, diagonal(blocks_of(net)), np.diag(hessian_by_differences(net)), 1e-6)


def test_exact_with_activations_of_both_kinds():
    for kinds in itertools.product([Relu(), Gelu()], repeat=4):
        net = Network(SIZES[4], kinds, SoftmaxLogLoss(), n_samples=9)
        assert_near(net, diagonal(blocks_of(net)), np.diag(hessian_by_differences(net)), 1e-6)


@pytest.mark.parametrize("name", ["Tanh", "Sigmoid", "GELU", "Softplus", "SiLU", "ELU", "ReLU"])
@pytest.mark.parametrize("loss", [SoftmaxLogLoss(), SquaredError()])
def test_exact_against_pytorch(name, loss):
    torch = pytest.importorskip("torch")
    activation = ACTIVATIONS[{"Sigmoid": "logistic"}.get(name, name.lower())]()
    for sizes in SIZES:
        net = network(sizes, activation, loss, weights=np.ones(9))
        y = torch.tensor(net.y)
        starts = net.machine.layout.tolist()

        def mean_loss(theta, net=net, y=y, starts=starts):
            x = torch.tensor(net.X)
            for here, there in itertools.pairwise(starts):
                x = getattr(torch.nn, name)()(x) if here is not starts[0] else x
                x = x @ theta[here[1] : there[1]].reshape(here[0], there[0]) + theta[here[2] : there[2]]
            if isinstance(loss, SquaredError):
                return torch.nn.functional.mse_loss(x, y, reduction="sum") / (2 * len(y))
            return torch.nn.functional.cross_entropy(x, y)

        wanted = torch.autograd.functional.hessian(mean_loss, torch.tensor(net.theta)).numpy()
        found = blocks_of(net)
        assert_near(net, diagonal(found), wanted.diagonal(), 1e-6)
        assert_allclose(hessian_matrix(found), wanted, atol=1e-6 * np.abs(wanted).max())


class Saddle(Loss):
    """The product of neighbouring outputs, less the targets: second derivatives of both signs, zero on the diagonal."""

    def loss_gradient_row(self, y, raw, out):
        total = 0.0
        out[:] = 0.0
        for j in range(raw.size - 1):
            a, b = raw[j] - y[j], raw[j + 1] - y[j + 1]
            total += a * b
            out[j] += b
            out[j + 1] += a
        return total

    def hessian_row(self, y, raw, out):
        out[:] = 0.0
        for j in range(raw.size - 1):
            out[j, j + 1] = out[j + 1, j] = 1.0
        return 0.0


@pytest.mark.parametrize("outputs", [2, 3])
def test_exact_where_second_derivatives_have_no_triangular_roots(outputs):
    for sizes in [(3, outputs), (3, 4, outputs), (3, 4, 3, outputs)]:
        net = network(sizes, Tanh(), Saddle())
        assert_near(net, diagonal(blocks_of(net)), np.diag(hessian_by_differences(net)), 1e-6)


def test_roots():
    rng = np.random.RandomState(0)
    a = rng.normal(size=(50, 5, 5))
    low = a[:, :, :3] @ a[:, :, :3].swapaxes(1, 2)
    for matrices in (a @ a.swapaxes(1, 2), low, -low, np.eye(5) * rng.choice([-1.0, 1.0], size=(50, 1, 5)), 0 * a):
        roots, signs, found = np.empty_like(a), np.empty((50, 5)), np.zeros(50, bool)
        triangular_roots(np.ascontiguousarray(matrices), roots, signs, found)
        assert found.all() if COMPILED else found.mean() > 0.95  # fused multiply-add rounds less at rank 3
        assert_array_equal(roots[found], np.triu(roots[found]))
        again = (roots.swapaxes(1, 2) @ (signs[:, :, None] * roots))[found]
        assert_allclose(again, matrices[found], atol=1e-13 * max(1.0, np.abs(matrices).max()))
    # a pivot that is small beside what it stands for would lose digits; what is not finite stays so
    matrices = np.array([[[pivot, 1.0], [1.0, 1.0]] for pivot in (0.0, 1e-9, -1e-9, 0.8, np.nan)])
    roots, found = np.empty_like(matrices), np.empty(5, bool)
    triangular_roots(matrices, roots, np.empty((5, 2)), found)
    assert_array_equal(found, [False, False, False, True, True])
    assert np.isnan(roots[4]).all()


def test_many_outputs_and_units_are_taken_in_parts(monkeypatch):
    """Columns of a few rows, and of a few units at a time, give what all at once give."""
    net = Network((3, 7, 6, 5, 11), [Tanh()] * 3, SoftmaxLogLoss(), n_samples=9)
    whole = diagonal(blocks_of(net))
    for bytes_of in (1, 500, 2000):
        monkeypatch.setattr(jacobian_columns, "COLUMN_BYTES", bytes_of)
        assert_allclose(diagonal(blocks_of(net)), whole, rtol=1e-10, atol=1e-14)


# The other methods, where they are exact


def exact_and(method, *arguments, **options):
    found = blocks_of(network(*arguments, **options))
    return diagonal(found, "exact"), diagonal(found, method)


def differ(a, b):
    return np.linalg.norm(a - b) > 1e-3 * np.linalg.norm(a)


@pytest.mark.parametrize("loss", [name for name in TWICE if not has_rows(TWICE[name])])
def test_obd_is_exact_for_one_hidden_layer_and_uncoupled_outputs(loss):
    for sizes in SIZES[:2]:
        assert_allclose(*exact_and("obd", sizes, Tanh(), TWICE[loss]), rtol=1e-10, atol=1e-15)


def test_obd_is_not_exact_beyond():
    assert differ(*exact_and("obd", (3, 4, 2), Tanh(), SoftmaxLogLoss()))
    assert differ(*exact_and("obd", (3, 4, 3, 2), Tanh(), SquaredError()))


@pytest.mark.parametrize("loss", TWICE)
def test_hesscale_is_exact_for_one_hidden_layer(loss):
    for sizes in SIZES[:2]:
        assert_allclose(*exact_and("hesscale", sizes, Tanh(), TWICE[loss]), rtol=1e-10, atol=1e-15)
    assert differ(*exact_and("hesscale", (3, 4, 3, 2), Tanh(), SoftmaxLogLoss()))


@pytest.mark.parametrize("activation", [name for name in SMOOTH if SMOOTH[name].piecewise_linear])
def test_gauss_newton_is_exact_for_straight_pieces(activation):
    for sizes in SIZES:
        assert_array_equal(*exact_and("gauss_newton", sizes, SMOOTH[activation]))
    assert differ(*exact_and("gauss_newton", (3, 4, 2), Tanh()))


def test_gauss_newton_is_the_diagonal_of_its_matrix():
    for loss, sizes in itertools.product((SoftmaxLogLoss(), SquaredError()), SIZES):
        found = blocks_of(network(sizes, Tanh(), loss, output=Tanh()))
        matrix = hessian_matrix(found, "gauss_newton")
        assert_allclose(diagonal(found, "gauss_newton"), matrix.diagonal(), rtol=1e-10, atol=1e-15)


def test_levenberg_marquardt_is_obd_without_curved_activations():
    found = blocks_of(network((3, 4, 3, 2), Relu(), SquaredError()))
    assert_array_equal(diagonal(found, "levenberg_marquardt"), diagonal(found, "obd"))
    assert_allclose(*exact_and("levenberg_marquardt", (3, 4, 2), Relu(), SquaredError()), rtol=1e-10)
    curved = blocks_of(network((3, 4, 3, 2), Tanh(), SquaredError()))
    assert diagonal(curved, "levenberg_marquardt").min() >= 0.0 > diagonal(curved, "obd").min()


def recursion(net, sign):
    """Equations 6 to 8 of LeCun, Denker and Solla for the squared error, sample by sample; sign of equation 7's end."""
    coefs, intercepts = net.layers
    activations, total = net.activations, 0.0
    for x, y, weight in zip(net.X, net.y, net.weights, strict=True):
        sums, values = [], [x]
        for w, b, activation in zip(coefs, intercepts, activations, strict=True):
            sums.append(values[-1] @ w + b)
            values.append(each(activation.value, sums[-1]))
        errors = values[-1] - y
        h = each(activations[-1].slope, sums[-1]) ** 2 + each(activations[-1].curvature, sums[-1]) * errors
        parts = []
        for layer in reversed(range(len(coefs))):
            parts.append((np.outer(values[layer] ** 2, h), h))
            if layer:
                errors = coefs[layer] @ (errors * each(activations[layer].slope, sums[layer]))
                slopes = each(activations[layer - 1].slope, sums[layer - 1])
                bends = each(activations[layer - 1].curvature, sums[layer - 1])
                h = slopes**2 * (coefs[layer] ** 2 @ h) + sign * bends * errors
        w, b = zip(*reversed(parts), strict=True)
        total = total + weight * np.concatenate([np.ravel(part) for part in (*w, *b)])
    return total / net.weights.sum()


def test_obd_has_a_plus_where_a_minus_is_printed():
    net = network((3, 4, 3, 2), Tanh(), SquaredError(), output=Logistic())
    assert_allclose(diagonal(blocks_of(net), "obd"), recursion(net, +1.0), rtol=1e-10)
    net = network((3, 4, 2), Tanh(), SquaredError(), output=Logistic())
    wanted = np.diag(hessian_by_differences(net))
    assert_near(net, recursion(net, +1.0), wanted, 1e-6)
    assert differ(recursion(net, -1.0), wanted)


def per_sample_gradients(net):
    rows = [loss_and_gradients(*net.layers, net.activations, net.loss, net.X[[i]], net.y[[i]]) for i in range(9)]
    return np.array([np.concatenate([np.ravel(part) for part in (*w, *b)]) for _, w, b in rows])


@pytest.mark.parametrize("sparse", [False, True])
def test_fisher_is_the_mean_of_squared_gradients(sparse):
    net = network((3, 4, 3, 2), sparse=sparse)
    gradients, found = per_sample_gradients(net), blocks_of(net, loss_scale=0.5)
    assert_allclose(
        diagonal(found, "fisher"), np.average((gradients / 2) ** 2, axis=0, weights=net.weights), rtol=1e-10
    )
    magnitudes = np.average(np.abs(gradients / 2), axis=0, weights=net.weights)
    assert_allclose(gradient_moment(found, 1), magnitudes, rtol=1e-10)


def test_hutchinson_over_all_signs_is_exact():
    net = network((1, 1, 2), Tanh(), SoftmaxLogLoss())
    found = blocks_of(net)
    signs = itertools.product([-1.0, 1.0], repeat=net.theta.size)
    assert_allclose(hutchinson(found, map(np.array, signs)), diagonal(found), rtol=1e-9, atol=1e-15)


def test_hutchinson_errs_as_much_as_is_said():
    found = blocks_of(network())
    matrix, n_probes = hessian_matrix(found), 400
    deviation = np.sqrt((matrix**2).sum(axis=1) - matrix.diagonal() ** 2) / np.sqrt(n_probes)
    errors = diagonal(found, Hutchinson(n_probes, random_state=0)) - matrix.diagonal()
    assert 0.5 < np.sqrt(np.mean((errors / deviation) ** 2)) < 2.0
    again = diagonal(found, Hutchinson(3, random_state=np.random.RandomState(7)))
    assert_array_equal(again, diagonal(found, Hutchinson(3, random_state=7)))


# The classic example


COEFS = [np.array([[0.15, 0.25], [0.2, 0.3]]), np.array([[0.4, 0.5], [0.45, 0.55]])]
#: Of w1 w3 w2 w4, then w5 w7 w6 w8, from decimal arithmetic with 40 digits.
DIGITS = {
    "exact": [
        *(-3.0215465520177607e-06, -3.5806920283863827e-06, -1.2086186208071043e-05, -1.4322768113545531e-05),
        *(-0.012222954189188392, 0.018161602742361695, -0.012372339971362119, 0.018383569149925914),
    ],
    "levenberg_marquardt": [
        *(1.9338256396983917e-06, 2.3715753352547522e-06, 7.735302558793567e-06, 9.486301341019009e-06),
        *(0.012283752309138599, 0.010841983898059595, 0.01243388115019669, 0.010974491818800981),
    ],
}


def test_digits_of_the_backprop_example():
    dataset = make_dataset(np.array([[0.05, 0.1]]), np.array([[0.01, 0.99]]))
    theta = np.concatenate([*map(np.ravel, COEFS), [0.35, 0.35], [0.6, 0.6]])
    found = SampleBlocks(FittedNetwork(theta, (2, 2, 2), [Logistic(), Logistic()], SquaredError(), dataset, 1.0))
    for method, digits in DIGITS.items():
        assert_allclose(diagonal(found, method)[:8], digits, rtol=1e-12)
    for method in ("obd", "hesscale"):
        assert_allclose(diagonal(found, method)[:8], DIGITS["exact"], rtol=1e-12)


# Gradients, matrices, products


@pytest.mark.parametrize("loss", TWICE)
def test_products_and_matrices_against_differences(loss):
    for sizes in SIZES:
        net = network(sizes, Tanh(), TWICE[loss], output=Tanh() if "squared_error" in loss else Identity())
        matrix, found = hessian_by_differences(net), blocks_of(net)
        vector = np.random.RandomState(0).normal(size=net.theta.size)
        assert_near(net, hessian_vector_product(found, vector), matrix @ vector, 1e-6)
        assert_allclose(hessian_matrix(found), matrix, atol=1e-6 * np.abs(matrix).max())


@pytest.mark.parametrize("sparse", [False, True])
def test_gauss_newton_matrix_against_naive_jacobians(sparse):
    for loss, sizes in itertools.product((SoftmaxLogLoss(), SquaredError()), SIZES):
        net = network(sizes, Tanh(), loss, sparse=sparse)
        J = jacobians(net)
        H = second_derivatives(loss, net.y, net.machine.predict(net.theta, net.rows, linked=False))
        wanted = np.einsum("i,icp,icd,idq->pq", net.weights / net.weights.sum(), J, H, J)
        found = hessian_matrix(blocks_of(net), "gauss_newton")
        assert_allclose(found, wanted, atol=1e-8 * np.abs(wanted).max())
        assert_array_equal(found, found.T)


def test_gauss_newton_matrix_in_parts(monkeypatch):
    found = blocks_of(network((3, 4, 3, 2)))
    whole = hessian_matrix(found, "gauss_newton")
    monkeypatch.setattr(products, "JACOBIAN_BYTES", 1)
    assert_allclose(hessian_matrix(found, "gauss_newton"), whole, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("sparse", [False, True])
def test_loss_and_gradient(sparse):
    for sizes in SIZES:
        net = network(sizes, sparse=sparse)
        loss, wanted = net.loss_gradient()
        found = blocks_of(net, loss_scale=3.0)
        assert mean_loss(found) == pytest.approx(3.0 * loss, rel=1e-12)
        assert_allclose(gradient(found), 3.0 * wanted, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("output", [Identity(), Tanh()])
def test_output_sensitivity_against_naive_jacobians(output, sparse):
    for sizes in SIZES:
        net = network(sizes, Tanh(), SquaredError(), output=output, sparse=sparse)
        wanted = np.average(np.abs(jacobians(net)).sum(axis=1), axis=0, weights=net.weights)
        assert_allclose(output_sensitivity(blocks_of(net)), wanted, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("sparse", [False, True])
def test_moments_of_inputs(sparse):
    net = network((3, 4, 3, 2), sparse=sparse)
    found = blocks_of(net)
    for layer, (norms, moments) in enumerate(zip(input_norms(found), input_moments(found), strict=True)):
        x = net.machine.predict(net.theta, net.rows, layer) if layer else net.X
        assert_allclose(norms, np.sqrt(np.average(x**2, axis=0, weights=net.weights)), rtol=1e-12)
        x = np.column_stack([x, np.ones(len(x))])
        assert_allclose(moments, x.T @ (x * net.weights[:, None]) / net.weights.sum(), rtol=1e-12, atol=1e-15)


# Samples


def both(net, other):
    """What two networks give that ought to be the same, named."""
    first, second = blocks_of(net), blocks_of(other)
    yield from ((function(first), function(second)) for function in (diagonal, gradient, output_sensitivity))
    yield gradient_moment(first, 1), gradient_moment(second, 1)
    yield from ((diagonal(first, method), diagonal(second, method)) for method in APPROXIMATIONS)
    yield hessian_vector_product(first, net.theta), hessian_vector_product(second, other.theta)


@pytest.mark.parametrize("sizes", SIZES)
def test_sparse_samples(sizes):
    for a, b in both(network(sizes), network(sizes, sparse=True)):
        assert_allclose(a, b, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("sparse", [False, True])
def test_single_precision(sizes, sparse):
    for a, b in both(network(sizes, dtype="float32", sparse=sparse), network(sizes)):
        assert a.dtype == np.float32
        assert_allclose(a, b, rtol=1e-3, atol=2e-6 * np.abs(b).max())


def test_weights_are_repetitions():
    counts = np.arange(9) % 4
    net = network((3, 4, 3, 2), weights=counts.astype(float))
    many = {"X": net.X.repeat(counts, axis=0), "y": net.y.repeat(counts, axis=0), "weights": np.ones(counts.sum())}
    other = network((3, 4, 3, 2), **many)
    other.theta = net.theta
    for a, b in both(net, other):
        assert_allclose(a, b, rtol=1e-10, atol=1e-14)


def many_samples(n_samples=700):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(n_samples, 3)), np.eye(2)[rng.randint(0, 2, n_samples)]
    return X, y, rng.rand(n_samples)


@pytest.mark.parametrize("sparse", [False, True])
def test_blocks_and_threads(monkeypatch, sparse):
    """The parts' sums are the sum of the whole; the number of threads changes no bit."""
    X, y, weights = many_samples()
    theta, total = network((3, 4, 3, 2)).theta, weights.sum()
    arguments = theta, (3, 4, 3, 2), [Tanh(), Tanh(), Identity()], SoftmaxLogLoss()

    def results(start, stop, n_threads=1):
        part = scipy.sparse.csr_array(X[start:stop]) if sparse else X[start:stop]
        dataset = make_dataset(part, y[start:stop], weights[start:stop])
        found = SampleBlocks(FittedNetwork(*arguments, dataset, total), n_threads)
        return [diagonal(found), diagonal(found, "obd"), gradient(found), hessian_vector_product(found, theta)]

    whole = results(0, 700)
    parts = [results(start, start + 70) for start in range(0, 700, 70)]
    for a, b in zip(whole, map(sum, zip(*parts, strict=True)), strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-14)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1)  # blocks of one row
    for a, b in zip(whole, results(0, 700), strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-14)
    monkeypatch.setattr(blocks, "MIN_WORK_OF_SPLITS", (0, 0))
    single, double = results(0, 700), results(0, 700, n_threads=2)
    for a, b, c in zip(whole, single, double, strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-14)
        assert_array_equal(b, c)


def test_memory_does_not_grow_with_the_samples():
    def peak(n_samples):
        X, y, weights = many_samples(n_samples)
        known = network((3, 40, 30, 20, 2)).theta, (3, 40, 30, 20, 2), [Tanh()] * 4, SquaredError()
        found = SampleBlocks(FittedNetwork(*known, make_dataset(X, y, weights), weights.sum()))
        diagonal(found)
        tracemalloc.start()
        diagonal(found)
        hessian_vector_product(found, found.theta)
        hessian_matrix(found, "gauss_newton")
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(6000) < 1.1 * peak(600)


# Errors


class Bare(Activation):
    """z^2, whose second derivative is not told."""

    def value(self, z):
        return z * z

    def slope(self, z):
        return 2.0 * z


class Ramp(Activation):
    """2 z, and it is told that the second derivative is zero."""

    piecewise_linear = True

    def value(self, z):
        return 2.0 * z

    def slope(self, z):
        return 2.0


def test_activations_without_a_second_derivative():
    found = blocks_of(network((3, 4, 2), Bare()))
    for method in ("exact", "obd", "hesscale", "hutchinson"):
        with pytest.raises(ValueError, match=r"Bare.* does not tell its second derivative"):
            diagonal(found, method)
    with pytest.raises(ValueError, match="piecewise_linear = True"):
        hessian_vector_product(found, found.theta)
    net = network((3, 4, 2), Ramp())
    assert_near(net, diagonal(blocks_of(net)), np.diag(hessian_by_differences(net)), 1e-6)
    for method in ("gauss_newton", "levenberg_marquardt", "fisher"):
        assert np.isfinite(diagonal(found, method)).all()


def test_losses_without_a_second_derivative():
    net = network((3, 4, 2), Tanh(), AbsoluteError())
    found = blocks_of(net)
    for method in set(HESSIAN_METHODS) - {"fisher"}:
        with pytest.raises(ValueError, match="AbsoluteError.* has no second derivative.*'fisher'"):
            diagonal(found, method)
    with pytest.raises(ValueError, match="no second derivative"):
        hessian_matrix(found, "gauss_newton")
    assert_allclose(diagonal(found, "fisher"), np.average(per_sample_gradients(net) ** 2, axis=0, weights=net.weights))


def test_other_errors():
    with pytest.raises(ValueError, match="no 'hesscal'; it has .*Did you mean 'hesscale'"):
        get_hessian_method("hesscal")
    net = network()
    with pytest.raises(ValueError, match="Step.* has no slope"):
        SampleBlocks(fitted_network(net)._replace(activations=[ACTIVATIONS["step"](), Identity()]))
    with pytest.raises(ValueError, match="total weight of the samples must be positive; it is 0"):
        blocks_of(network(weights=np.zeros(9)))


SCRIPT = """
import numpy as np
from machines import Network, fitted_network
from sknn_concepts.curvature.blocks import SampleBlocks
from sknn_concepts.curvature.diagonals import HESSIAN_METHODS, Hutchinson, diagonal
from sknn_concepts.curvature.gradients import output_sensitivity
from sknn_concepts.curvature.products import hessian_matrix, hessian_vector_product
from sknn_concepts.activations import Tanh
from sknn_concepts.losses import SoftmaxLogLoss

for sparse in (False, True):
    net = Network((2, 3, 2, 2, 3), [Tanh()] * 3, SoftmaxLogLoss(), n_samples=3, weights=np.ones(3), sparse=sparse)
    found = SampleBlocks(fitted_network(net))
    results = [diagonal(found, Hutchinson(2) if method == "hutchinson" else method) for method in HESSIAN_METHODS]
    results += [output_sensitivity(found), hessian_vector_product(found, net.theta)]
    results.append(hessian_matrix(found, "gauss_newton").ravel())
    for result in results:
        print(*result)
"""


def test_without_the_compiler(tmp_path, run_python):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    plain, compiled = (run_python(script, NUMBA_DISABLE_JIT=switch) for switch in "10")
    assert len(plain) == 20
    for a, b in zip(plain, compiled, strict=True):
        assert_allclose(np.array(a.split(), float), np.array(b.split(), float), rtol=1e-9, atol=1e-14)
