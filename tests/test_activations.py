"""Every activation of the registry: its derivatives, its far ends, its compiled formula, and PyTorch's opinion."""

import math

import numpy as np
import pytest
from compiled import rows_of, run, slopes_from_value, values, values_and_derivatives
from reference import EPS, derivative, each, variants

from sknn_concepts.activations import (
    ACTIVATIONS,
    ALIASES,
    Activation,
    HardTanh,
    LeakyRelu,
    Relu,
    Step,
    get_activation,
)
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.jit.strategy_type import has
from sknn_concepts.network import kernels as network

ALL = dict(variants(ACTIVATIONS))
TRAINABLE = {name: activation for name, activation in ALL.items() if has(activation, "slope")}
FROM_VALUE = {name: activation for name, activation in TRAINABLE.items() if has(activation, "slope_from_value")}

#: Both sides of zero and of every kink, which are at round numbers, and 0.11 or more away from them.
Z = np.arange(-9.0, 9.0, 0.25) + 0.11

#: Numbers from which on every activation is a straight line, to the precision asked for below.
FAR = [1e4, 1e8, 1e30]

each_activation = pytest.mark.parametrize("activation", ALL.values(), ids=ALL)
each_trainable = pytest.mark.parametrize("activation", TRAINABLE.values(), ids=TRAINABLE)
compiled_only = pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def compiled_rows(activation, z):
    """Value, slope and curvature (the value alone of what has no slope) by the compiled formulas."""
    return rows_of(values_and_derivatives if has(activation, "slope") else values, activation, z)


def plain_rows(activation, z):
    """The same by the plain methods."""
    names = ["value", "slope", "curvature"] if has(activation, "slope") else ["value"]
    return np.array([each(getattr(activation, name), z) for name in names])


@each_trainable
def test_slope_is_the_derivative_of_the_value(activation):
    numeric = derivative(lambda z: each(activation.value, z), Z)
    np.testing.assert_allclose(each(activation.slope, Z), numeric, rtol=1e-10, atol=1e-11)


@each_trainable
def test_curvature_is_the_derivative_of_the_slope(activation):
    numeric = derivative(lambda z: each(activation.slope, z), Z)
    np.testing.assert_allclose(each(activation.curvature, Z), numeric, rtol=1e-10, atol=1e-11)


def test_finite_differences_see_a_wrong_slope():
    class Wrong(Activation):
        def value(self, z):
            return z * z

        def slope(self, z):
            return 2.0001 * z

    with pytest.raises(AssertionError):
        test_slope_is_the_derivative_of_the_value(Wrong())


@pytest.mark.parametrize("activation", FROM_VALUE.values(), ids=FROM_VALUE)
def test_slope_from_value_is_the_slope(activation):
    from_value = each(activation.slope_from_value, each(activation.value, Z))
    np.testing.assert_allclose(from_value, each(activation.slope, Z), rtol=0, atol=8 * EPS["float64"])


@each_trainable
def test_piecewise_linear_tells_whether_the_curvature_vanishes(activation):
    assert activation.piecewise_linear == (not each(activation.curvature, Z).any())


@each_dtype
@each_activation
def test_compiled_formulas_are_the_plain_ones(activation, dtype):
    z = Z.astype(dtype)
    compiled, plain = compiled_rows(activation, z), plain_rows(activation, z.astype(float))
    # an elementary function is right to 9 units of the last place; a formula has up to four, and a product by z
    np.testing.assert_allclose(compiled, plain, rtol=64 * EPS[dtype], atol=16 * EPS[dtype])


@compiled_only
@each_activation
def test_single_precision_stays_single(activation):
    rows = compiled_rows(activation, Z.astype(np.float32))
    assert np.array_equal(rows, rows.astype(np.float32))


@each_dtype
@each_activation
def test_nan_stays_nan(activation, dtype):
    """A value of NaN is how divergence is seen."""
    nan = np.full(3, np.nan, dtype)
    assert np.isnan(rows_of(values, activation, nan)).all()
    assert np.isnan(each(activation.value, nan)).all()


@each_dtype
@each_trainable
def test_far_out_every_activation_is_a_straight_line(activation, dtype):
    z = np.array([sign * far for far in FAR for sign in (1, -1)], dtype)
    value, slope, curvature = compiled_rows(activation, z)
    assert np.isfinite(value).all()
    secant = (compiled_rows(activation, 2 * z)[0] - value) / z
    np.testing.assert_allclose(slope, secant, rtol=4 * EPS[dtype], atol=1e-7)
    np.testing.assert_allclose(curvature, 0.0, atol=1e-11)
    np.testing.assert_allclose(plain_rows(activation, z), [value, slope, curvature], rtol=4 * EPS[dtype], atol=1e-11)


@each_dtype
@each_activation
def test_infinities_give_the_limit_or_nan(activation, dtype):
    """Never a wrong number. The product of infinity and zero in gelu, silu and mish is NaN, as it is in PyTorch."""
    far = rows_of(values, activation, np.array([-1e30, 1e30], dtype))[0]
    limit = np.where(abs(far) > 1e20, np.copysign(np.inf, far), far)
    value = rows_of(values, activation, np.array([-np.inf, np.inf], dtype))[0]
    assert (np.isclose(value, limit, rtol=4 * EPS[dtype], atol=1e-20) | np.isnan(value)).all()


@pytest.mark.parametrize("name", ["logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus", "hard_tanh"])
def test_infinities_give_the_limit_where_the_formula_allows(name):
    assert not np.isnan(compiled_rows(ACTIVATIONS[name](), np.array([-np.inf, np.inf]))[:2]).any()


@each_dtype
@each_activation
def test_kernels_of_the_engine(activation, dtype):
    """`activate` is value(z + b); the backward kernels multiply by the slope there, dropout undone."""
    z = np.resize(Z, (6, 4)).astype(dtype)
    b, kept = np.array([0.5, -1.0, 0.0, 2.0], dtype), np.empty_like(z)
    tolerance = {"rtol": 64 * EPS[dtype], "atol": 32 * EPS[dtype]}
    a = z.copy()
    run(network.activate, activation, a, b, kept)
    np.testing.assert_allclose(a, each(activation.value, (z + b).astype(float)), **tolerance)
    if not has(activation, "slope"):
        return
    expected = each(activation.slope, (z + b).astype(float))
    errors = np.arange(1.0, z.size + 1).reshape(z.shape).astype(dtype)
    delta = errors.copy()
    if has(activation, "slope_from_value"):
        a /= np.dtype(dtype).type(0.75)
        run(network.scale_from_value, activation, a, kept, delta, 0.75)
    else:
        a = z.copy()
        run(network.activate_with_slope, activation, a, b, kept)
        np.testing.assert_allclose(a, each(activation.value, (z + b).astype(float)), **tolerance)
        run(network.scale_by_slope, activation, a, kept, delta, 1.0)
    np.testing.assert_allclose(delta / errors, expected, **tolerance)


@pytest.mark.parametrize("name", FROM_VALUE)
def test_compiled_slope_from_value(name):
    a = each(FROM_VALUE[name].value, Z)
    compiled = rows_of(slopes_from_value, FROM_VALUE[name], a)[0]
    np.testing.assert_allclose(compiled, each(FROM_VALUE[name].slope, Z), rtol=0, atol=32 * EPS["float64"])


TORCH = {
    "gelu": "gelu",
    "silu": "silu",
    "mish": "mish",
    "elu": "elu",
    "selu": "selu",
    "softplus": "softplus",
    "softsign": "softsign",
    "hard_sigmoid": "hardsigmoid",
    "hard_tanh": "hardtanh",
    "leaky_relu": "leaky_relu",
    "relu": "relu",
    "tanh": "tanh",
    "logistic": "sigmoid",
}


@pytest.mark.parametrize("name", TORCH)
def test_against_torch(name):
    torch = pytest.importorskip("torch")
    activation = ACTIVATIONS[name]()
    z = torch.tensor(Z, requires_grad=True)
    value = getattr(torch.nn.functional, TORCH[name])(z)
    (slope,) = torch.autograd.grad(value.sum(), z, create_graph=True)
    np.testing.assert_allclose(each(activation.value, Z), value.detach(), rtol=1e-13, atol=1e-14)
    if not activation.piecewise_linear:
        np.testing.assert_allclose(each(activation.slope, Z), slope.detach(), rtol=1e-13, atol=1e-14)
        (curvature,) = torch.autograd.grad(slope.sum(), z)
        np.testing.assert_allclose(each(activation.curvature, Z), curvature, rtol=1e-12, atol=1e-14)


def test_torch_hyper_parameters():
    functional = pytest.importorskip("torch.nn.functional")
    torch = pytest.importorskip("torch")
    z = torch.tensor(Z)
    np.testing.assert_allclose(each(LeakyRelu(0.3).value, Z), functional.leaky_relu(z, 0.3), rtol=1e-15)
    np.testing.assert_allclose(each(ACTIVATIONS["elu"](1.7).value, Z), functional.elu(z, 1.7), rtol=1e-14)


def test_selu_keeps_the_standard_normal_distribution():
    """What its two constants are for (Klambauer et al., 2017): mean 0 and variance 1 are a fixed point."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    a = each(ACTIVATIONS["selu"]().value, nodes)
    mean = a @ weights / math.sqrt(2 * math.pi)
    variance = a * a @ weights / math.sqrt(2 * math.pi) - mean**2
    assert abs(mean) < 1e-3 and abs(variance - 1) < 1e-3  # Gauss quadrature stumbles a little over the kink


def test_slopes_at_kinks():
    assert Relu().slope(0.0) == 0.0
    assert HardTanh().slope(1.0) == HardTanh().slope(-1.0) == 0.0
    assert LeakyRelu().slope(0.0) == 0.01
    assert ACTIVATIONS["elu"]().slope(0.0) == 1.0
    assert ACTIVATIONS["hard_sigmoid"]().slope(3.0) == 0.0
    assert ACTIVATIONS["softsign"]().curvature(0.0) == 0.0


def test_step_predicts_and_has_no_slope():
    assert each(Step().value, np.array([-2.0, 0.0, 1e-300, 3.0])).tolist() == [0.0, 0.0, 1.0, 1.0]
    assert not any(has(Step(), verb) for verb in ("slope", "curvature", "slope_from_value"))


@compiled_only
def test_a_kernel_that_asks_step_for_its_slope_does_not_compile():
    with pytest.raises(ValueError, match="Step cannot be compiled: it has no method slope"):
        rows_of(values_and_derivatives, Step(), Z)


def test_aliases_lead_to_names():
    for alias, name in ALIASES.items():
        assert type(get_activation(alias)) is ACTIVATIONS[name]
