"""Matrix products against NumPy: all functions, every kind of edge, on this processor and on lesser ones."""

import itertools
import re
import sys

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
from buffers import HASWELL, among_nans, before_forbidden_memory, needs_jit, needs_posix, needs_x86
from llvmlite import ir
from numba import types

from sknn_concepts.gemm import processor, products, tiles
from sknn_concepts.gemm.products import (
    multiply,
    multiply_columns_left,
    multiply_transposed_left,
    multiply_transposed_left_add,
    multiply_transposed_right,
)
from sknn_concepts.jit.decorator import COMPILED, kernel

FUNCTIONS = [
    "multiply",
    "multiply_transposed_left",
    "multiply_transposed_left_add",
    "multiply_transposed_right",
]
DTYPES = [np.float32, np.float64]


@kernel
def apply(function, a, b, out):
    """Call a function by its place in ``FUNCTIONS``."""
    if function == 0:
        multiply(a, b, out)
    elif function == 1:
        multiply_transposed_left(a, b, out)
    elif function == 2:
        multiply_transposed_left_add(a, b, out)
    else:
        multiply_transposed_right(a, b, out)


@kernel
def multiply_rows(a, b, out, start, stop):
    multiply(a[start:stop], b, out[start:stop])


@kernel
def multiply_some_columns(a, b, out, first):
    multiply_columns_left(a, b, out, first)


@pytest.mark.skipif(processor.target_shape() is None, reason="BLAS computes whole products only")
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_part_of_a_product_has_the_bits_of_the_whole(dtype):
    """For every width of a tile, and inner dimensions that one panel holds, and several."""
    random = np.random.default_rng(0)
    for inner, n in itertools.product((1, 7, 200, 700), (2, 16, 37, 130)):
        a, b = random.normal(size=(inner, 61)).astype(dtype), random.normal(size=(inner, n)).astype(dtype)
        whole = np.empty((61, n), dtype)
        multiply_all(a, b, whole)
        for first, stop in ((0, 1), (0, 30), (30, 61), (17, 18), (3, 45)):
            some = np.full((stop - first, n), np.nan, dtype)
            multiply_some_columns(a, b, some, first)
            assert np.array_equal(some, whole[first:stop]), (inner, n, first, stop)


@kernel
def multiply_all(a, b, out):
    multiply_transposed_left(a, b, out)


def as_stored(function, left, right):
    """Factors of a product as the function takes them."""
    name = FUNCTIONS[function]
    return (
        np.ascontiguousarray(left.T if "left" in name else left),
        np.ascontiguousarray(right.T if "right" in name else right),
    )


def check_whole_numbers(function, dtype, shapes, place=among_nans):
    """Products of small whole numbers are exact, in any order; nothing but the arrays is used, or written."""
    random = np.random.default_rng(0)
    add = FUNCTIONS[function].endswith("add")
    for m, inner, n in shapes:
        left, right = random.integers(-8, 9, (m, inner)), random.integers(-8, 9, (inner, n))
        before = random.integers(-8, 9, (m, n)) if add else np.full((m, n), np.nan)
        a, b = as_stored(function, left.astype(dtype), right.astype(dtype))
        a, b, out = (place(array) for array in (a, b, before.astype(dtype)))
        apply(function, a, b, out)
        expected = left.astype(float) @ right + (before if add else 0)
        assert np.array_equal(out, expected), (FUNCTIONS[function], dtype, m, inner, n)
        assert np.isnan(out.base).sum() == out.base.size - out.size, (FUNCTIONS[function], dtype, m, inner, n)


def edges(lanes):
    """Sizes (m, inner, n) around those of tiles, vectors and blocks."""
    rows = [0, 1, 2, 4, 5, 7, 8, 9, 16, 17, 33, 100]
    inners = [0, 1, 2, 3, 7, 16, 17, 31]
    columns = sorted({0, 1, 2, 3, lanes - 1, lanes, lanes + 1, 2 * lanes + 1, 3 * lanes - 1, 3 * lanes, 5 * lanes + 2})
    blocks = [
        (3, 192, 5),
        (5, 193, 50),
        (9, 400, 17),
        (256, 3, 4),
        (385, 5, 33),
        (641, 200, 20),
        (1, 500, 7),
        (7, 500, 1),
    ]
    return [*itertools.product(rows, inners, columns), *blocks]


def lanes(dtype):
    return 64 // np.dtype(dtype).itemsize


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", range(len(FUNCTIONS)), ids=FUNCTIONS)
def test_whole_numbers_are_exact_at_every_edge(function, dtype):
    check_whole_numbers(function, dtype, edges(lanes(dtype)))


@needs_jit
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", range(len(FUNCTIONS)), ids=FUNCTIONS)
def test_products_of_processors_whose_tiles_are_not_known(function, dtype):
    """Compiled for this one, on which only tests reach them."""
    random, name = np.random.default_rng(0), FUNCTIONS[function]
    left, right, before = (random.integers(-8, 9, shape).astype(dtype) for shape in ((5, 7), (7, 4), (5, 4)))
    a, b = as_stored(function, left, right)
    out, add = before.copy(), name.endswith("add")
    factors = (*(a.ctypes.data, *a.shape, a.shape[1], "left" in name), *(b.ctypes.data, *b.shape, "right" in name))
    products.blas_product(*factors, out, add)
    assert np.array_equal(out, left @ right + (before if add else 0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(37, 300, 41), (1, 1000, 90), (50, 1000, 1), (20, 1000, 10)])
@pytest.mark.parametrize("function", range(len(FUNCTIONS)), ids=FUNCTIONS)
def test_rounding_stays_within_the_bound_of_a_sum(function, shape, dtype):
    m, inner, n = shape
    random = np.random.default_rng(1)
    left, right, out = (random.normal(size=size).astype(dtype) for size in ((m, inner), (inner, n), (m, n)))
    wide = np.longdouble
    expected = left.astype(wide) @ right.astype(wide)
    magnitude = np.abs(left).astype(wide) @ np.abs(right).astype(wide)
    if FUNCTIONS[function].endswith("add"):
        expected, magnitude = expected + out, magnitude + np.abs(out)
    apply(function, *as_stored(function, left, right), out)
    assert (np.abs(out - expected) <= (inner + 1) * np.finfo(dtype).eps * magnitude).all()


@pytest.mark.parametrize("function", range(len(FUNCTIONS)), ids=FUNCTIONS)
def test_operands_may_be_read_only(function):
    a, b = as_stored(function, np.arange(12.0).reshape(3, 4), np.arange(20.0).reshape(4, 5))
    writable, read_only = np.zeros((3, 5)), np.zeros((3, 5))
    apply(function, a, b, writable)
    a.flags.writeable = b.flags.writeable = False
    apply(function, a, b, read_only)
    assert np.array_equal(read_only, writable)


def test_operands_may_be_rows_of_a_larger_array():
    random = np.random.default_rng(2)
    a, b, out = random.normal(size=(9, 5)), random.normal(size=(5, 30)), np.zeros((9, 30))
    multiply_rows(a, b, out, 2, 7)
    np.testing.assert_allclose(out[2:7], a[2:7] @ b, rtol=1e-13)
    assert not out[:2].any() and not out[7:].any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(9, 20, 19), (20, 5, 50), (1, 6, 40), (40, 6, 1), (3, 1, 3)])
@pytest.mark.parametrize("function", range(len(FUNCTIONS)), ids=FUNCTIONS)
def test_not_a_number_and_infinity_spread_where_they_should(function, shape, dtype):
    m, inner, n = shape
    random = np.random.default_rng(3)
    for number in (np.nan, np.inf, -np.inf):
        left, right = random.integers(-2, 3, (m, inner)).astype(dtype), random.integers(-2, 3, (inner, n)).astype(dtype)
        left[m // 2, inner // 2] = number
        right[inner // 3, n - 1] = number
        out = np.zeros((m, n), dtype)
        with np.errstate(invalid="ignore"):  # infinity times zero
            expected = (left[:, :, None] * right).sum(axis=1)
            apply(function, *as_stored(function, left, right), out)
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", range(len(FUNCTIONS)), ids=FUNCTIONS)
def test_same_numbers_give_the_same_bits(function, dtype):
    random = np.random.default_rng(4)
    for m, inner, n in [(33, 401, 71), (1, 401, 71), (33, 401, 1), (5, 7, 3)]:
        left, right = random.normal(size=(m, inner)).astype(dtype), random.normal(size=(inner, n)).astype(dtype)
        results = []
        for offset in (0, 1, 5):
            a, b = (among_nans(array, offset) for array in as_stored(function, left, right))
            out = among_nans(np.zeros((m, n), dtype), offset)
            apply(function, a, b, out)
            results.append(out.copy())
            apply(0, b.T.copy(), b, np.empty((b.shape[1], b.shape[1]), dtype))  # something else in between
        assert COMPILED is False or all(np.array_equal(results[0], result) for result in results)


@pytest.mark.parametrize("function", range(len(FUNCTIONS)), ids=FUNCTIONS)
def test_shapes_that_do_not_fit_are_refused(function):
    a, b = as_stored(function, np.ones((3, 4)), np.ones((4, 5)))
    for shape in [(3, 6), (4, 5), (5, 3)]:
        with pytest.raises(ValueError):
            apply(function, a, b, np.ones(shape))
    with pytest.raises(ValueError):
        apply(function, a, np.ones((7, 7)), np.ones((3, 5)))


@needs_jit
@pytest.mark.parametrize(
    ("a", "out", "message"),
    [
        (np.ones((4, 4), order="F")[:3], np.ones((3, 4)), "C-contiguous"),
        (np.ones((3, 4), np.float32), np.ones((3, 4)), "one data type"),
        (np.ones((3, 4)), np.broadcast_to(1.0, (3, 4)), "C-contiguous"),
        (np.ones((3, 4)), np.frombuffer(bytes(96)).reshape(3, 4), "read-only"),
    ],
)
def test_arrays_that_no_product_takes_are_refused_when_compiling(a, out, message):
    with pytest.raises(numba.TypingError, match=message):
        apply(0, a, np.ones((4, 4)), out)


@pytest.mark.parametrize(
    ("triple", "features", "shape"),
    [
        ("x86_64-unknown-linux-gnu", "+avx512f,+avx2,+fma", processor.AVX512),
        ("x86_64-apple-darwin", "-avx512f,+fma,+sse2,+avx2", processor.AVX2),
        ("x86_64-pc-windows-msvc", "+avx2,-fma", None),
        ("x86_64-unknown-linux-gnu", "", None),
        ("aarch64-unknown-linux-gnu", "+neon", processor.NEON),
        ("arm64-apple-darwin24.1.0", "", processor.NEON),
        ("powerpc64le-unknown-linux-gnu", "+vsx", None),
    ],
)
def test_tile_shape_follows_the_target(triple, features, shape):
    assert processor.shape_for(triple, features) == shape


def check_assembly():
    """The tile of each data type has a fused multiply-add on whole vector registers for each of its sums."""
    shape = processor.target_shape()
    for data_type, number, suffix, arrangement in (
        (types.float32, "float", "ps", "4s"),
        (types.float64, "double", "pd", "2d"),
    ):
        fused = {
            processor.AVX512: rf"vfmadd\d+{suffix}\s.*%zmm",
            processor.AVX2: rf"vfmadd\d+{suffix}\s.*%ymm",
            processor.NEON: rf"fmla(\.{arrangement}|\s+v\d+\.{arrangement})",
        }[shape]
        product = numba.njit(products.blocked_product.py_func)  # compiled here: the cache keeps no assembly
        out = types.Array(data_type, 2, "C")
        product.compile((*[types.intp] * 5, types.boolean, types.intp, out, types.boolean))
        (assembly,) = product.inspect_asm().values()
        for width in range(1, shape.widest + 1):
            for rows in shape.heights(width):
                name = f"sknn_concepts__multiply_{number}_{width}_{rows}"
                tile = re.search(rf"^_?{name}:(.*?)^\.?Lfunc_end", assembly, re.MULTILINE | re.DOTALL)[1]
                assert len(re.findall(fused, tile)) >= rows * width


@pytest.mark.parametrize("shape", [processor.AVX512, processor.AVX2, processor.NEON])
def test_a_panel_is_filled_by_whole_squares(shape):
    for dtype in (np.float32, np.float64):
        assert tiles.PANEL // shape.widest % (shape.vector_bytes // np.dtype(dtype).itemsize) == 0


@needs_jit
@pytest.mark.skipif(COMPILED and processor.target_shape() is None, reason="products are left to BLAS on this processor")
def test_tiles_are_fused_multiply_adds_on_whole_registers():
    check_assembly()


@needs_jit
@pytest.mark.skipif(not hasattr(llvm, "create_pass_builder"), reason="llvmlite before 0.44 optimizes by other means")
@pytest.mark.parametrize("width", range(1, processor.NEON.widest + 1))
@pytest.mark.parametrize(("number", "arrangement"), [(ir.FloatType(), "4s"), (ir.DoubleType(), "2d")], ids=str)
def test_tiles_are_fused_multiply_adds_on_arm(number, arrangement, width, monkeypatch):
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple("aarch64-unknown-linux-gnu")
    except RuntimeError:
        pytest.skip("this build of LLVM does not know the architecture")
    monkeypatch.setattr(processor, "shape_for", lambda triple, features: processor.NEON)
    word, pointer, rows = ir.IntType(64), number.as_pointer(), processor.NEON.heights(width)[0]
    module = ir.Module()
    arguments = [pointer, word, word, pointer, word, pointer, word, word, word, ir.IntType(1)]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), "call")
    builder = ir.IRBuilder(function.append_basic_block())
    tiles._call(builder, number, tiles._multiply, function.args, width, rows)
    builder.ret_void()
    machine = target.create_target_machine(opt=3, cpu="neoverse-n1")
    compiled = llvm.parse_assembly(str(module))
    compiled.triple, compiled.data_layout = machine.triple, str(machine.target_data)
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(compiled, passes)
    assembly = machine.emit_assembly(compiled)
    assert len(re.findall(rf"fmla\s+v\d+\.{arrangement}", assembly)) == rows * width
    loop = assembly[assembly.index("fmla") : assembly.rindex("fmla")]
    assert not re.search(r"(st|ld)[rp]\s+q\d+,.*\[sp", loop)  # no sum leaves its register


def check_in_this_process(kind):
    """What the subprocesses below run: the products of a processor, next to memory that must not be touched."""
    assert not products.tiled_product.signatures and not products.blas_product.signatures  # importing compiles nothing
    if kind == "neon":
        processor.shape_for = lambda triple, features: processor.NEON
    shape = processor.target_shape()
    for dtype in DTYPES:
        lanes = (shape or processor.NEON).vector_bytes // np.dtype(dtype).itemsize
        shapes = [sizes for sizes in edges(lanes)[::5] if min(sizes) > 0]
        for function in range(len(FUNCTIONS)):
            check_whole_numbers(function, dtype, shapes, before_forbidden_memory)
    if kind == "this":
        return
    assert shape == {"avx2": processor.AVX2, "neon": processor.NEON, "unknown": None}[kind]
    # with an empty cache: all functions share one compiled product for each data type
    assert len(products.tiled_product.signatures) == (len(DTYPES) if shape else 0)
    assert len(products.blas_product.signatures) == (0 if shape else len(DTYPES))
    if kind == "avx2":
        check_assembly()


@needs_jit
@needs_posix
def test_nothing_is_read_beyond_the_operands(run_python):
    run_python(__file__, "this")


@needs_jit
@needs_x86
@needs_posix
@pytest.mark.parametrize(
    ("kind", "name", "features"),
    [("avx2", "haswell", HASWELL), ("unknown", "x86-64", "+sse2"), ("neon", "x86-64-v2", "+sse4.2")],
    ids=lambda word: word.split(",")[0],
)
def test_lesser_processors(kind, name, features, run_python, tmp_path):
    """Told to Numba: one with AVX2 at best, one without tiles, and the tiles of NEON on vectors of the same size."""
    if kind == "avx2" and not all(llvm.get_host_cpu_features().get(word) for word in ("avx2", "fma", "bmi2")):
        pytest.skip("this processor cannot run AVX2 code")
    run_python(__file__, kind, NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES=features, NUMBA_CACHE_DIR=str(tmp_path))


if __name__ == "__main__":
    check_in_this_process(sys.argv[1])
