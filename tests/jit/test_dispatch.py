"""Dispatch tables: kernels are called by address, and neither a wrong kernel nor a wrong call gets through."""

import gc
import inspect

import numpy as np
import pytest
from numba import types
from numba.core.errors import TypingError
from numpy.testing import assert_array_equal

from sknn_concepts.activations import Relu, Step, Tanh, value
from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import COMPILED, kernel
from sknn_concepts.jit.dispatch import Array, DispatchTable, Entries
from sknn_concepts.network.kernel_table import ENTRIES, call_activate, call_product
from sknn_concepts.network.kernels import DENSE_PRODUCT, activate_with_slope, dense_product

compiled_only = pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")


@kernel
def apply(activation, z, out):
    for i in range(z.size):
        out[i] = value(activation, z[i])
    return float(z.size)


@kernel
def add_first(numbers, z, out):
    for i in range(z.size):
        out[i] = z[i] + numbers.first[0]
    return 0.0


@kernel
def refuse_negative(activation, z, out):
    if z[0] < 0.0:
        raise ValueError("negative")
    return 0.0


@kernel
def too_few(activation, z):
    return 0.0


@kernel
def single(activation, z, out):
    return z[0]


@kernel
def not_declared(activation, z, out):
    return 0.0


@kernel
def scale(activation, z, factor, times):
    for i in range(z.size):
        z[i] *= factor
    return float(times)


OURS = Entries()


@OURS.declare(Array(1), Array(1, written=True), kernels=[apply, add_first, refuse_negative, too_few, single])
def call_apply(table, layer, z, out):
    """out = something of z."""


@OURS.declare(Array(1, written=True), types.float64, types.int64, kernels=[scale])
def call_scale(table, z, factor, times):
    """z *= factor."""


Z = np.array([-1.0, 2.0])


def bound(kernel=apply, specialization=None, dtype="float64", n_layers=1, layer=0):
    table = DispatchTable(OURS, dtype, n_layers)
    table.bind(call_apply, kernel, Relu() if specialization is None else specialization, layer)
    return table


def test_each_layer_calls_its_own_kernel():
    table, out = DispatchTable(OURS, "float64", 3), np.empty(2)
    specializations = Relu(), ArrayStruct(first=np.array([10.0])), Tanh()
    for layer, (function, specialization) in enumerate(zip((apply, add_first, apply), specializations, strict=True)):
        table.bind(call_apply, function, specialization, layer)
    del specializations
    gc.collect()  # the table keeps what its addresses point to
    for layer, expected in enumerate(([0.0, 2.0], [9.0, 12.0], np.tanh(Z))):
        call_apply(table.calls, layer, Z, out)
        np.testing.assert_allclose(out, expected, rtol=1e-15)


def test_an_entry_returns_what_its_kernel_returns():
    assert call_apply(bound().calls, 0, Z, np.empty(2)) == 2.0


def test_an_error_in_a_kernel_comes_out():
    table = bound(refuse_negative)
    assert call_apply(table.calls, 0, abs(Z), np.empty(2)) == 0.0
    with pytest.raises(ValueError, match="negative"):
        call_apply(table.calls, 0, Z, np.empty(2))


# Wrong kernels


def test_only_declared_kernels_can_be_bound():
    with pytest.raises(TypeError, match="not_declared cannot be bound to call_apply, which calls one of: apply, "):
        bound(not_declared)


def test_a_kernel_with_other_arguments_is_refused():
    with pytest.raises(
        TypeError, match=r"too_few takes \(activation, z\), but call_apply passes \(specialization, z, out\)"
    ):
        bound(too_few)


@compiled_only
def test_a_kernel_that_does_not_return_a_double_is_refused():
    """The caller reads a double: what else comes back would be read wrongly, and silently."""
    with pytest.raises(TypeError, match="single returns float32; it has to return a float64"):
        bound(single, dtype="float32")


def test_the_kernels_of_a_network_fit_their_declaration():
    for entry in ENTRIES:
        for function in entry.kernels:
            assert len(inspect.signature(function).parameters) == 1 + len(entry.arguments)
            assert function.__name__ != "<lambda>"
            entry.check(function)
        with pytest.raises(TypeError, match="cannot be bound"):
            entry.check(apply)


# Wrong calls


WRONG = {
    "dtype": ((Z.astype("float32"), np.empty(2)), r"z of call_apply is declared as array\(float64, 1d, C\)"),
    "dimensions": ((Z.reshape(1, 2), np.empty(2)), "z of call_apply is declared as"),
    "layout": ((np.empty(4)[::2], np.empty(2)), "z of call_apply is declared as"),
    "no array": ((1.0, np.empty(2)), "z of call_apply is declared as"),
    "too few": ((Z,), "not enough arguments|takes 4 arguments"),
}


@compiled_only
@pytest.mark.parametrize("case", WRONG)
def test_a_call_with_other_types_does_not_compile(case):
    arguments, message = WRONG[case]
    with pytest.raises((TypingError, TypeError), match=message):
        call_apply(bound().calls, 0, *arguments)


@compiled_only
def test_a_table_of_another_dtype_is_refused():
    """The machine code reads floats where the caller has doubles."""
    single, double = bound(dtype="float32").calls, bound().calls
    out = np.empty(2, "float32")
    call_apply(single, 0, Z.astype("float32"), out)
    assert_array_equal(out, [0, 2])
    with pytest.raises(TypingError, match="z of call_apply is declared as"):
        call_apply(double, 0, Z.astype("float32"), out)
    with pytest.raises(TypingError, match="call_apply takes a table"):
        call_apply(double.addresses, 0, Z, np.empty(2))


@compiled_only
def test_read_only_arrays_are_read_but_not_written():
    z = Z.copy()
    z.flags.writeable = False
    out = np.empty(2)
    call_apply(bound().calls, 0, z, out)
    assert_array_equal(out, [0, 2])
    with pytest.raises(TypingError, match="out of call_apply is declared as"):
        call_apply(bound().calls, 0, Z, z)


@compiled_only
def test_numbers_have_exactly_the_declared_types():
    table = DispatchTable(OURS, "float64")
    table.bind(call_scale, scale, Relu())
    z = Z.copy()
    assert call_scale(table.calls, z, 2.0, np.int64(3)) == 3.0
    assert_array_equal(z, 2 * Z)
    for numbers, name in (((2, 3), "factor"), ((2.0, 3.0), "times"), ((2.0, True), "times")):
        with pytest.raises(TypingError, match=f"{name} of call_scale is declared as"):
            call_scale(table.calls, z, *numbers)


@kernel
def wrong_caller(table, x, w, z):
    call_product(table, 0, x, x, w, z, False, 0)  # no rows


@compiled_only
def test_a_kernel_that_calls_with_other_types_does_not_compile():
    table = DispatchTable(ENTRIES, "float64")
    table.bind(call_product, dense_product, DENSE_PRODUCT)
    with pytest.raises(TypingError, match=r"rows of call_product is declared as array\(int64, 1d, C\)"):
        wrong_caller(table.calls, np.ones((2, 3)), np.ones(12), np.empty((2, 4)))


@compiled_only
def test_an_entry_without_a_kernel_raises():
    table = bound(n_layers=2)
    with pytest.raises(RuntimeError, match="no kernel is bound to call_apply"):
        call_apply(table.calls, 1, Z, np.empty(2))
    table.unbind(call_apply)
    with pytest.raises(RuntimeError, match="no kernel is bound to call_apply"):
        call_apply(table.calls, 0, Z, np.empty(2))


@compiled_only
def test_a_class_without_a_formula_is_named():
    with pytest.raises(ValueError, match="Step cannot be compiled: it has no method slope"):
        DispatchTable(ENTRIES, "float64").bind(call_activate, activate_with_slope, Step())
