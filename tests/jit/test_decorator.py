"""The one decorator: what it tells Numba."""

import math
import os
import pathlib
import re

import numba
import numpy as np
import pytest

from sknn_concepts.gemm.processor import AVX512, target_shape
from sknn_concepts.jit import decorator as jit
from sknn_concepts.jit.decorator import CHECKED, COMPILED, kernel
from sknn_concepts.math import logistic
from sknn_concepts.network import kernels

pytestmark = pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")


@kernel
def doubled(x):
    return x + x


@kernel
def reciprocal(x):
    return 1.0 / x


@kernel
def is_finite(x):
    return math.isfinite(x) and x == x


def rounding(a, b):
    """The rounding error of a + b (Knuth, The Art of Computer Programming 2, section 4.2.2)."""
    s = a + b
    v = s - a
    return (a - (s - v)) + (b - v)


def dot(x, y):
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    return total


def test_nothing_is_compiled_before_the_first_call():
    assert kernel(doubled.py_func).signatures == []


def test_division_by_zero_is_infinite():
    assert reciprocal(0.0) == np.inf and reciprocal(-0.0) == -np.inf


def test_nan_and_infinity_are_seen():
    assert is_finite(1.0) and not is_finite(np.inf) and not is_finite(np.nan)


def test_sums_may_be_reordered_unless_told_otherwise(tmp_path, monkeypatch):
    """Which vectorizes them. The flags of NaN and infinity are never given."""
    for in_order in (False, True):
        monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / str(in_order)))  # of one function two kernels
        dispatcher = kernel(in_order=in_order)(dot)
        assert dispatcher(np.ones(3), np.ones(3)) == 3.0
        code = dispatcher.inspect_llvm(dispatcher.signatures[0])
        assert ("reassoc" in code) == (not in_order)
        assert "contract" in code and "nnan" not in code and "ninf" not in code and " fast " not in code
    assert kernel(in_order=True)(rounding)(1.0, 1e-20) == 1e-20


def test_kernels_release_the_gil():
    assert doubled.targetoptions["nogil"] is True


def test_the_tests_have_a_cache_of_their_own(package, digest_of_sources):
    folder = os.environ["NUMBA_CACHE_DIR"]
    name = digest_of_sources(package) + ("-checked" if CHECKED else "")
    assert numba.config.CACHE_DIR == folder and pathlib.Path(folder).name == name


def test_the_digest_of_the_sources_sees_every_file(tmp_path, digest_of_sources):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.py").write_text("x = 1\n")
    digests = {digest_of_sources(tmp_path)}
    for name, text in (("inner/a.py", "x = 2\n"), ("b.py", ""), ("inner/b.py", "")):
        (tmp_path / name).write_text(text)
        digests.add(digest_of_sources(tmp_path))
    assert len(digests) == 4


@kernel(internal=True)
def squared(x):
    return x * x


@kernel
def sum_of_squares(x, y):
    return squared(x) + squared(y)


def test_an_internal_kernel_is_called_by_kernels_only():
    """Before and after it was compiled as a part of another: there is no machine code to call."""
    for _ in range(2):
        with pytest.raises(TypeError, match="squared is called by kernels only"):
            squared(3.0)
        assert sum_of_squares(3.0, 4.0) == 25.0
    with pytest.raises(TypeError, match="dense_product is called by kernels only"):
        kernels.dense_product(kernels.DENSE_PRODUCT, *[None] * 6)


SAME_BITS = """
import hashlib

from sklearn.datasets import make_classification

from sknn_concepts import MLPClassifier

X, y = make_classification(1000, 30, n_informative=10, random_state=0)
network = MLPClassifier((33, 17), max_iter=3, random_state=0)
for dtype in ("float32", "float64"):
    network.set_params(dtype=dtype, max_iter=3).fit(X, y)
    print(hashlib.sha256(network._theta.tobytes() + repr(network.loss_curve_).encode()).hexdigest())
"""


def test_a_process_that_compiles_computes_the_bits_of_those_that_load(tmp_path, run_python):
    """Without copies of their own, kernels call what was compiled separately, if it was compiled in the process."""
    (tmp_path / "fit.py").write_text(SAME_BITS)
    first, second = (
        run_python("-W", "ignore", tmp_path / "fit.py", NUMBA_CACHE_DIR=str(tmp_path / "cache")) for _ in range(2)
    )
    assert first == second


def test_without_the_jit_a_kernel_is_the_function_itself(monkeypatch):
    monkeypatch.setattr(jit, "COMPILED", False)
    assert jit.kernel(rounding) is rounding and jit.kernel(in_order=True)(rounding) is rounding


def squash(z, a):
    for i in range(z.size):
        a[i] = logistic(z[i])


@pytest.mark.skipif(target_shape() != AVX512 or CHECKED, reason="no registers of 512 bits, or a check of each index")
def test_loops_that_llvm_vectorizes_use_whole_registers():
    squash_whole = kernel(squash)
    squash_whole._cache.disable()  # a cached kernel has no assembly
    vector = numba.float32[::1]
    squash_whole.compile((vector, vector))
    (assembly,) = squash_whole.inspect_asm().values()
    assert len(re.findall(r"vfn?m(add|sub)\d+ps\s.*%zmm", assembly)) >= 5  # the polynomial of exp
