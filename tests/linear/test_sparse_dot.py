"""Products of sparse rows with weights, by gather instructions and without them."""

import numpy as np
import pytest

from sknn_concepts.jit.decorator import COMPILED, kernel
from sknn_concepts.linear.rows import sparse_dot, sparse_dot_by_gathers, sparse_dot_by_loads


@kernel
def each_dot(data, indices, start, end, w):
    """The products by all ways."""
    arguments = (data, indices, start, end, w)
    return sparse_dot(*arguments), sparse_dot_by_gathers(*arguments), sparse_dot_by_loads(*arguments)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 7, 8, 33, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
def test_all_ways_give_the_same_sum(size, dtype, index_dtype):
    rng = np.random.RandomState(size)
    data, w = rng.standard_normal(size + 5).astype(dtype), rng.standard_normal(300).astype(dtype)
    indices = rng.randint(0, w.size, data.size).astype(index_dtype)
    expected = np.sum(data[2 : size + 2].astype(float) * w[indices[2 : size + 2]])
    rounding = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(each_dot(data, indices, 2, size + 2, w), expected, rtol=rounding, atol=size * rounding)


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
@pytest.mark.parametrize(("name", "gathers"), [("znver4", True), ("x86-64-v3", False), ("skylake-avx512", False)])
def test_only_some_processors_gather(name, gathers, run_python, tmp_path):
    script = tmp_path / "gathers.py"
    script.write_text("from sknn_concepts.gemm.processor import gathers_fast\nprint(gathers_fast())")
    assert run_python(script, NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES="") == [str(gathers)]
