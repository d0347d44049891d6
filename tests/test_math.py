"""The elementary functions against arithmetic of higher precision, over their whole range."""

import functools
import math
import os
import platform
import re
import subprocess
import sys

import mpmath
import numpy as np
import pytest
from numba import njit
from scipy import special

from sknn_concepts import math as elementary
from sknn_concepts.jit.decorator import COMPILED, OPTIONS, REORDER
from sknn_concepts.math import ULP

NAMES = sorted(ULP)
DTYPES = [np.float32, np.float64]

compiled_only = pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT is set")


def exact_softplus(x):
    return mpmath.log1p(mpmath.exp(-abs(x))) + max(x, 0)


EXACT = {  # in 120 bits
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": exact_softplus,
    "erf": mpmath.erf,
}
IN_FLOAT64 = {  # exact enough for float32
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "logistic": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0.0, x),
    "erf": special.erf,
}
LIMITS = {  # beyond them the function is 0, constant, infinite, or x; in float32 and float64
    "exp": [(-104.0, 88.7), (-745.5, 709.7)],
    "expm1": [(-20.0, 88.7), (-40.0, 709.7)],
    "log": [(1e-45, 3.4e38), (5e-324, 1.79e308)],
    "log1p": [(-0.99999994, 3.4e38), (-0.9999999999999999, 1.79e308)],
    "tanh": [(-10.5, 10.5), (-20.5, 20.5)],
    "logistic": [(-104.0, 20.0), (-745.5, 40.0)],
    "softplus": [(-104.0, 104.0), (-745.5, 745.5)],
    "erf": [(-4.2, 4.2), (-6.2, 6.2)],
}
HARD = {  # the worst that a long search has found; in float32 and float64
    "exp": [-59.91054153442383, -379.4856031546103],
    "expm1": [0.39768123626708984, 0.36099045369484517],
    "log": [0.7004721760749817, 0.7056107534174904],
    "log1p": [0.4255587160587311, 0.45700891680378614],
    "tanh": [0.059775061905384064, 0.2209595455619729],
    "logistic": [-4.157293796539307, -2.7100318396203846],
    "softplus": [0.007446139119565487, -0.4665209731618327],
    "erf": [0.001730023417621851, 0.054438023976003],
}


@functools.cache
def compiled_loop(function):
    """Loop over an array with the flags of the package's kernels, which let LLVM reorder what is the caller's."""

    def loop(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    return njit(fastmath=REORDER, **OPTIONS)(loop)


def compiled(name, x):
    y = np.empty_like(x)
    compiled_loop(getattr(elementary, name))(x, y)
    return y


def stand_in(name, x):
    return getattr(elementary, name)(x)


WAYS = [pytest.param(compiled, marks=compiled_only), stand_in]


@functools.cache
def sample(name, dtype):
    """Arguments of all magnitudes within the limits, denser where the function bends, and the hard ones."""
    column = DTYPES.index(dtype)
    low, high = LIMITS[name][column]
    size = (40_000, 700)[column]
    tiniest = math.log2(np.finfo(dtype).smallest_subnormal)
    generator = np.random.default_rng(column)
    parts = [
        generator.uniform(max(low, -800.0), min(high, 800.0), size),
        generator.uniform(max(low, -2.0), 2.0, size),
        2.0 ** generator.uniform(tiniest, math.log2(high), size),
        2.0 ** generator.uniform(-8.0, math.log2(min(high, 4.0)), size),
        np.array([low, high, HARD[name][column], *HARD[name]]),
    ]
    if low < 0.0:
        parts.append(-(2.0 ** generator.uniform(tiniest, math.log2(-low), size)))
        parts.append(-(2.0 ** generator.uniform(-8.0, math.log2(min(-low, 4.0)), size)))
    x = np.concatenate(parts).astype(dtype)
    return x[x != 0.0]


@functools.cache
def exact(name, dtype):
    """Exact values at `sample`, as float64 plus what that leaves over."""
    x = sample(name, dtype)
    if dtype == np.float32:
        with np.errstate(under="ignore"):
            return IN_FLOAT64[name](x.astype(np.float64)), np.zeros(x.size)
    with mpmath.workprec(120):
        values = [EXACT[name](mpmath.mpf(number)) for number in x.tolist()]
        rounded = [float(value) for value in values]
        rests = [float(value - number) for value, number in zip(values, rounded, strict=True)]
        return np.array(rounded), np.array(rests)


def error_in_ulp(name, y):
    rounded, rest = exact(name, y.dtype.type)
    ulp = np.spacing(np.abs(rounded).astype(y.dtype)).astype(np.float64)
    return np.abs((y - rounded) - rest) / ulp


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
@compiled_only
def test_error_stays_within_the_stated_bound(name, dtype):
    error = error_in_ulp(name, compiled(name, sample(name, dtype)))
    assert error.max() <= ULP[name][DTYPES.index(dtype)], sample(name, dtype)[error.argmax()]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_stand_in_is_the_same_function(name, dtype):
    error = error_in_ulp(name, stand_in(name, sample(name, dtype)))
    if name == "logistic":  # SciPy's is 0 where it should be subnormal
        error = error[exact(name, dtype)[0] > np.finfo(dtype).tiny]
    assert error.max() <= 4.0  # as loose as NumPy allows its float32 functions to be


def test_the_measure_notices_cancellation():
    x = sample("expm1", np.float64)
    assert error_in_ulp("expm1", np.exp(x) - 1.0).max() > 1e6
    assert error_in_ulp("expm1", np.nextafter(np.expm1(x), np.inf)).max() > 1.0


@pytest.mark.parametrize("name", NAMES)
def test_docstring_states_the_bound(name):
    single, double = ULP[name]
    assert f"Error at most {single} ulp (float32), {double} ulp (float64)." in getattr(elementary, name).__doc__


INF, NAN = math.inf, math.nan
SPECIAL = {
    "exp": [(-INF, 0.0), (INF, INF), (0.0, 1.0), (-0.0, 1.0), (-1e30, 0.0), (1e30, INF), (800.0, INF)],
    "expm1": [(-INF, -1.0), (INF, INF), (0.0, 0.0), (-1e30, -1.0), (1e30, INF), (-50.0, -1.0)],
    "log": [(-INF, NAN), (INF, INF), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (-1e-40, NAN), (1.0, 0.0)],
    "log1p": [(-INF, NAN), (INF, INF), (0.0, 0.0), (-1.0, -INF), (-1.5, NAN), (-1e30, NAN)],
    "tanh": [(-INF, -1.0), (INF, 1.0), (0.0, 0.0), (-0.0, -0.0), (-30.0, -1.0), (30.0, 1.0), (1e30, 1.0)],
    "logistic": [(-INF, 0.0), (INF, 1.0), (0.0, 0.5), (-1e30, 0.0), (1e30, 1.0), (50.0, 1.0)],
    "softplus": [(-INF, 0.0), (INF, INF), (-1e30, 0.0), (1e30, 1e30), (1e5, 1e5)],
    "erf": [(-INF, -1.0), (INF, 1.0), (0.0, 0.0), (-0.0, -0.0), (-9.0, -1.0), (9.0, 1.0), (1e30, 1.0)],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", WAYS)
def test_special_arguments(way, name, dtype):
    x, expected = np.array([*SPECIAL[name], (NAN, NAN)], dtype).T
    y = way(name, np.ascontiguousarray(x))
    np.testing.assert_array_equal(y, expected)
    if name in ("tanh", "erf"):
        np.testing.assert_array_equal(np.signbit(y[:-1]), np.signbit(x[:-1]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh"])
@pytest.mark.parametrize("way", WAYS)
def test_tiny_arguments_come_back(way, name, dtype):
    tiniest = np.finfo(dtype).smallest_subnormal
    x = np.array([tiniest, -tiniest, 77 * tiniest, np.finfo(dtype).tiny], dtype)
    np.testing.assert_array_equal(way(name, x), x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", WAYS)
def test_monotone_and_within_its_range(way, name, dtype):
    low, high = LIMITS[name][DTYPES.index(dtype)]
    x = np.linspace(max(low, -50.0), min(high, 50.0), 500).astype(dtype)
    y = way(name, x)
    back = 2.0 if name == "tanh" else 0.0  # as its docstring says
    assert (np.diff(y) >= -back * np.spacing(np.abs(y[:-1]))).all()
    if name in ("tanh", "erf"):
        assert (np.abs(y) <= 1.0).all()
        np.testing.assert_array_equal(way(name, -x), -y)
    if name in ("exp", "logistic", "softplus"):
        assert (y > 0.0).all()
    if name == "logistic":
        assert (y <= 1.0).all()


@pytest.mark.parametrize("name", NAMES)
def test_stand_in_takes_numbers_and_keeps_their_dtype(name):
    function = getattr(elementary, name)
    for given, returned in [
        (np.float32(0.5), np.float32),
        (np.float64(0.5), np.float64),
        (0.5, np.float64),
        (1, np.float64),
        (True, np.float64),
        (np.int8(1), np.float64),
        (np.ones(2, np.float32), np.float32),
        (np.ones(2, np.int16), np.float64),
    ]:
        assert function(given).dtype == returned


@compiled_only
@pytest.mark.parametrize("name", NAMES)
def test_compiled_keeps_the_dtype(name):
    function = getattr(elementary, name)

    @njit
    def call(x):
        return function(x)

    assert call(1) == call(np.float64(1)) != call(np.float32(0.5))
    returned = {str(signature.args[0]): str(signature.return_type) for signature in call.nopython_signatures}
    assert returned == {"float32": "float32", "float64": "float64", "int64": "float64"}


LIBRARY = {"exp", "expm1", "log", "log1p", "tanh", "erf", "rint", "floor", "copysign", "fma", "ldexp", "frexp"}


def vectorized(assembly, dtype):
    """Whether multiplications are packed, and no mathematical function, the library's or ours, is called."""
    suffix = {np.float32: "ps", np.float64: "pd"}[dtype]
    called = re.findall(r"(?:movabsq\s+\$|callq?\s+)([\w.]+)", assembly)
    calls = [symbol for symbol in called if symbol.strip("_").removesuffix("f") in LIBRARY or "formula" in symbol]
    return bool(re.search(rf"\bv?f?n?m(ul|add\d*){suffix}\b", assembly)) and not calls


def assembly_of(function, dtype):
    loop = compiled_loop(function)
    loop(np.ones(1, dtype), np.ones(1, dtype))
    return next(code for types, code in loop.inspect_asm().items() if types[0].dtype.name == dtype.__name__)


x86_only = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86-64 assembly")


@x86_only
@compiled_only
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_loops_are_packed_and_call_nothing(name, dtype):
    assert vectorized(assembly_of(getattr(elementary, name), dtype), dtype)


@x86_only
@compiled_only
def test_the_reading_of_assembly_notices_a_call():
    assert not vectorized(assembly_of(math.exp, np.float64), np.float64)


KERNELS = """
import numpy as np
from sknn_concepts.math import erf, softplus
from sknn_concepts.jit.decorator import kernel


@kernel
def total(x):
    result = 0.0
    for i in range(x.size):
        result += erf(softplus(x[i]))
    return result


if __name__ == "__main__":
    print(total(np.linspace(-3.0, 3.0, 50)).hex(), sum(total.stats.cache_hits.values()))
"""


@compiled_only
def test_a_second_process_finds_the_kernel_on_disk(tmp_path):
    script = tmp_path / "kernels.py"
    script.write_text(KERNELS)
    package = os.path.dirname(os.path.dirname(elementary.__file__))
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": package}

    def run():
        arguments = {"env": environment, "capture_output": True, "text": True, "check": True}
        return subprocess.run([sys.executable, script], **arguments).stdout.split()

    (first, first_hits), (second, second_hits) = run(), run()
    assert (first_hits, second_hits) == ("0", "1")
    assert first == second
