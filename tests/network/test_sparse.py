"""Layers of few weights: their products, training as that of the dense network with a mask, and smaller networks."""

import itertools
import os
import pathlib
import re
import sys

import numba
import numpy as np
import pytest
import scipy.sparse
from buffers import HASWELL, among_nans, before_forbidden_memory, needs_jit, needs_posix, needs_x86
from llvmlite import binding as llvm
from machines import PLAIN, Network
from numba import types
from numpy.testing import assert_allclose, assert_array_equal

from sknn_concepts.activations import Identity, Logistic, Relu, Tanh
from sknn_concepts.gemm import processor, tiles
from sknn_concepts.gemm.sample_blocks import UNITS_PER_PANEL, VECTORS_PER_BLOCK
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.jit.dispatch import DispatchTable
from sknn_concepts.losses import LogLoss, SquaredError
from sknn_concepts.network import connections, sparse
from sknn_concepts.network.compiled import CompiledNetwork
from sknn_concepts.network.connections import Connections
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.kernel_table import ENTRIES, call_back_product, call_gradient, call_product
from sknn_concepts.network.layout import layer_views, make_layout, n_parameters
from sknn_concepts.network.packed import compact, is_faster_packed, pack, unpack
from sknn_concepts.optimizers import OPTIMIZERS

DTYPES = [np.float32, np.float64]


def random_mask(random, fan_in, fan_out, share=0.4):
    """Mask with a unit that nothing leads to and an input that leads nowhere, where there are several."""
    mask = random.random((fan_in, fan_out)) < share
    mask[:, : fan_out // 3] = False
    mask[fan_in // 2 : fan_in // 2 + fan_in // 4] = False
    return mask


# Products


def apply_product(table, rows, x, w, z):
    call_product(table.calls, 0, rows, x, w, z, False, 0)


def apply_gradient(table, rows, x, delta, gradient, add):
    call_gradient(table.calls, 0, rows, x, gradient, delta, add, 0)


def apply_back(table, delta, w, below):
    call_back_product(table.calls, 0, np.empty(0, np.int64), below, w, delta, False, 0)


def bound(mask, dtype, samples=None):
    """Table with the products of a layer."""
    table = DispatchTable(ENTRIES, dtype)
    products = Connections(mask).products(samples, samples is None, dtype)
    for entry, product in zip((call_product, call_gradient, call_back_product), products, strict=True):
        if product is not None:
            table.bind(entry, *product)
    return table


def check_products(dtype, shapes, place=among_nans):
    """Sums of products of small whole numbers are exact; nothing but the arrays is used, or written."""
    random = np.random.default_rng(0)
    for m, fan_in, fan_out in shapes:
        mask = random_mask(random, fan_in, fan_out)
        w = random.integers(-8, 9, mask.shape) * mask
        x, delta = random.integers(-8, 9, (m, fan_in)), random.integers(-8, 9, (m, fan_out))
        before = random.integers(-8, 9, mask.sum())
        table = bound(mask, dtype)
        short = place(w.T[mask.T].astype(dtype))
        rows, left, right = np.arange(m), place(x.astype(dtype)), place(delta.astype(dtype))
        z, below = place(np.full((m, fan_out), np.nan, dtype)), place(np.full((m, fan_in), np.nan, dtype))
        apply_product(table, rows, left, short, z)
        assert_array_equal(z, x @ w)
        apply_back(table, right, short, below)
        assert_array_equal(below, delta @ w.T)
        expected = (x.T @ delta).T[mask.T]
        stored, added = place(np.full(before.size, np.nan, dtype)), place(before.astype(dtype))
        apply_gradient(table, rows, left, right, stored, False)
        apply_gradient(table, rows, left, right, added, True)
        assert_array_equal(stored, expected)
        assert_array_equal(added, expected + before)
        for out in (z, below, stored, added):
            assert np.isnan(out.base).sum() == out.base.size - out.size
        if COMPILED and processor.target_shape() is not None:
            check_products_in_place(mask, w, short, right, place)


def check_products_in_place(mask, w, short, delta, place):
    """The same over rows of samples that nobody has gathered."""
    dtype, m, random = delta.dtype, len(delta), np.random.default_rng(1)
    X = place(random.integers(-8, 9, (m + 3, len(mask))).astype(dtype))
    dataset, rows, nothing = make_dataset(X), random.integers(0, m + 3, m), np.empty((0, len(mask)), dtype)
    table = bound(mask, dtype, dataset)
    z, gradient = place(np.full(delta.shape, np.nan, dtype)), place(np.full(short.size, np.nan, dtype))
    apply_product(table, rows, nothing, short, z)
    assert_array_equal(z, X[rows] @ w)
    apply_gradient(table, rows, nothing, delta, gradient, False)
    assert_array_equal(gradient, (X[rows].T @ delta).T[mask.T])
    for out in (z, gradient):
        assert np.isnan(out.base).sum() == out.base.size - out.size


def edges(lanes):
    """Sizes (m, fan_in, fan_out) around those of vectors, sample blocks and panels."""
    block = VECTORS_PER_BLOCK * lanes
    rows = [1, 2, lanes - 1, lanes, lanes + 1, block - 1, block, block + 1, 3 * block + 5]
    small = itertools.product(rows, [1, 2, 7, 31], [1, 3, 17])
    wide = [
        (m, fan_in, 5)
        for m in (1, block + 9)
        for fan_in in (UNITS_PER_PANEL, UNITS_PER_PANEL + 1, 2 * UNITS_PER_PANEL + 3)
    ]
    return [*small, *wide, (block + 9, 6, UNITS_PER_PANEL + 30)]


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_are_those_of_the_whole_matrix(dtype):
    check_products(dtype, edges(64 // np.dtype(dtype).itemsize))


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_left_or_everything(dtype, share):
    mask = np.full((9, 4), share, bool)
    table = bound(mask, dtype)
    x, w, z = np.ones((5, 9), dtype), np.full(mask.sum(), 2, dtype), np.full((5, 4), np.nan, dtype)
    apply_product(table, np.arange(5), x, w, z)
    assert (z == 18 * share).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [1, 70])
def test_products_over_csr_samples(m, dtype):
    random = np.random.default_rng(1)
    mask = random_mask(random, 40, 11)
    w, delta = random.integers(-8, 9, mask.shape) * mask, random.integers(-8, 9, (m, 11))
    X = random.integers(-8, 9, (m + 5, 40)) * (random.random((m + 5, 40)) < 0.3)
    dataset = make_dataset(scipy.sparse.csr_array(X.astype(np.int16)))
    table = bound(mask, dtype, dataset)
    rows, nothing = random.permutation(m + 5)[:m], np.empty((0, 40), dtype)
    z, gradient = np.full((m, 11), np.nan, dtype), np.full(mask.sum(), np.nan, dtype)
    apply_product(table, rows, nothing, w.T[mask.T].astype(dtype), z)
    assert_array_equal(z, X[rows] @ w)
    expected = (X[rows].T @ delta).T[mask.T]
    for times, add in ((1, False), (2, True)):
        apply_gradient(table, rows, nothing, delta.astype(dtype), gradient, add)
        assert_array_equal(gradient, times * expected)


@pytest.mark.skipif(not connections.has_sample_blocks(), reason="the vectors of this processor are not known")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("add", [False, True])
def test_parts_of_a_gradient_have_the_bits_of_the_whole(dtype, add):
    """Unit by unit of the next layer, of which the first, the last and one between them have no weights."""
    rng = np.random.default_rng(0)
    mask = rng.uniform(size=(300, 40)) < 0.1
    mask[:, [0, 7, 8, 39]] = False
    starts = Connections(mask).unit_starts()
    table = bound(mask, dtype)
    x, delta = (rng.normal(size=(150, n)).astype(dtype) for n in mask.shape)
    whole = np.ones(np.count_nonzero(mask), dtype)
    apply_gradient(table, np.arange(150), x, delta, whole, add)
    for edges in ([0, 1, 7, 8, 39, 40], [0, 16, 32, 40], [0, 8, 9, 10, 40]):
        parts = np.ones_like(whole)
        for first, last in itertools.pairwise(edges):
            gradient = parts[starts[first] : starts[last]]
            if gradient.size:
                call_gradient(table.calls, 0, np.arange(150), x, gradient, delta, add, first)
        assert_array_equal(parts, whole)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_none_stay_with_their_sample_and_unit(number):
    mask = np.zeros((6, 3), bool)
    mask[2, 1] = mask[3, 1] = mask[4, 2] = True
    table = bound(mask, np.float32)
    x, z = np.ones((70, 6), np.float32), np.empty((70, 3), np.float32)
    x[68, 2] = number
    apply_product(table, np.arange(70), x, np.ones(3, np.float32), z)
    assert_array_equal(z[:, 0], 0)
    assert_array_equal(z[:, 2], 1)
    assert_array_equal(np.flatnonzero(z[:, 1] != 2), [68])


def test_a_panel_holds_what_the_layers_ask_for():
    assert tiles.PANEL >= VECTORS_PER_BLOCK * UNITS_PER_PANEL
    for fan_in in (1, UNITS_PER_PANEL, UNITS_PER_PANEL + 1, 10 * UNITS_PER_PANEL, 200 * UNITS_PER_PANEL + 1):
        mask = np.arange(2 * fan_in).reshape(fan_in, 2) % 3 == 0
        sources, starts = Connections(mask)._incoming
        n_blocks = len(starts) - 1
        step = -(-fan_in // n_blocks)
        assert step <= UNITS_PER_PANEL
        for unit, block in itertools.product(range(2), range(n_blocks)):
            found = sources[starts[block, unit] : starts[block + 1, unit]]
            inside = np.flatnonzero(mask[block * step : (block + 1) * step, unit]) + block * step
            assert_array_equal(found, inside)


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_of_processors_whose_vectors_are_not_known(dtype, monkeypatch):
    """Compiled for this one, on which only tests reach them."""
    monkeypatch.setattr(connections, "has_sample_blocks", lambda: False)
    monkeypatch.setitem(globals(), "check_products_in_place", lambda *arguments: None)  # samples are gathered there
    check_products(dtype, [(1, 1, 1), (5, 7, 3), (9, 31, 17)])


@needs_jit
def test_another_mask_compiles_nothing():
    kernels = [sparse.masked_product, sparse.masked_gradient, sparse.masked_back_product]
    kernels += [sparse.masked_product_by_sample, sparse.masked_gradient_by_sample, sparse.masked_back_product_by_sample]
    bound(np.ones((9, 4), bool), np.float32)
    before = [len(k.signatures) for k in kernels]
    assert sum(before) > 0
    bound(np.eye(300, dtype=bool), np.float32)
    assert [len(k.signatures) for k in kernels] == before


def check_assembly():
    """Sums of each data type are fused multiply-adds of whole registers with memory."""
    shape = processor.target_shape()
    register = {processor.AVX512: "zmm", processor.AVX2: "ymm"}[shape]
    for number, suffix in ((types.float32, "ps"), (types.float64, "pd")):
        product = numba.njit(sparse.multiply_masked.py_func)  # compiled here: the cache keeps no assembly
        places, matrix = types.Array(types.int64, 2, "C", readonly=True), types.Array(number, 2, "C")
        sources, rows = types.Array(types.int32, 1, "C", readonly=True), types.Array(types.int64, 1, "C")
        product.compile((sources, places, types.Array(number, 1, "C"), types.int64, types.int64, rows, matrix))
        (assembly,) = product.inspect_asm().values()
        fused = re.findall(rf"vfmadd\d+{suffix}\s+\d*\(.*%{register}", assembly)
        assert len(fused) >= VECTORS_PER_BLOCK


@needs_jit
@needs_x86
@pytest.mark.skipif(COMPILED and processor.target_shape() is None, reason="the vectors of this processor are not known")
def test_sums_are_fused_multiply_adds_on_whole_registers():
    check_assembly()


def check_in_this_process(kind):
    """What the subprocesses below run: the products of a processor, next to memory that must not be touched."""
    assert not sparse.masked_product.signatures  # importing compiles nothing
    if kind == "neon":
        processor.shape_for = lambda triple, features: processor.NEON
    shape = processor.target_shape()
    for dtype in DTYPES:
        lanes = (shape or processor.NEON).vector_bytes // np.dtype(dtype).itemsize
        check_products(dtype, edges(lanes)[::3], before_forbidden_memory)
    if kind == "this":
        return
    assert shape == {"avx2": processor.AVX2, "neon": processor.NEON, "unknown": None}[kind]
    assert len(sparse.masked_product.signatures) == (len(DTYPES) if shape else 0)
    assert len(sparse.masked_product_by_sample.signatures) == (0 if shape else len(DTYPES))
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
    """Told to Numba: one with AVX2 at best, one without vectors, and blocks as on NEON, on vectors of the same size."""
    if kind == "avx2" and not all(llvm.get_host_cpu_features().get(word) for word in ("avx2", "fma", "bmi2")):
        pytest.skip("this processor cannot run AVX2 code")
    run_python(__file__, kind, NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES=features, NUMBA_CACHE_DIR=str(tmp_path))


# Networks


SIZES = [6, 5, 4, 3]


class Pair:
    """A dense network, some of whose weights a mask holds at zero, and the same squeezed."""

    def __init__(self, masks=None, sizes=SIZES, **options):
        random = np.random.default_rng(3)
        shapes = itertools.pairwise(sizes)
        self.masks = [random_mask(random, *shape, 0.6) for shape in shapes] if masks is None else masks
        self.sizes = sizes
        hidden = [Tanh()] * (len(sizes) - 2)
        self.dense = Network(sizes, hidden, LogLoss(), **options)
        self.short = Network(sizes, hidden, LogLoss(), **options)
        self.short.machine = CompiledNetwork(
            sizes,
            self.short.activations,
            self.short.loss,
            options.get("dtype", "float64"),
            self.dense.machine.dataset,
            batch_size=options["batch_size"],
            optimizer=self.short.optimizer,
            needs_gradients=True,
            masks=self.masks,
        )
        self.short.theta = self.pack(self.dense.theta)
        self.dense.theta = unpack(self.short.theta, sizes, self.masks)
        held = unpack(np.ones_like(self.short.theta), sizes, self.masks)
        self.dense.machine.mask = held

    def pack(self, theta):
        return pack(theta, self.sizes, self.masks)


def some(dense_layer):
    """Masks of the layers of SIZES, one of which is dense."""
    random = np.random.default_rng(4)
    masks = [random_mask(random, *shape, 0.6) for shape in itertools.pairwise(SIZES)]
    masks[dense_layer] = None
    return masks


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("on_csr", [False, True], ids=["dense", "csr"])
@pytest.mark.parametrize("masks", [None, some(0), some(1), some(2)], ids=["all", "not first", "not 2nd", "not last"])
def test_squeezed_network_predicts_and_has_the_gradient_of_the_dense_one(masks, on_csr, dtype):
    pair = Pair(masks, sparse=on_csr, dtype=dtype, batch_size=9)
    short, dense = pair.short, pair.dense
    assert short.machine.n_parameters == short.theta.size < dense.theta.size
    rtol = {"float32": 2e-5, "float64": 1e-12}[dtype]
    for stop in (1, 2, 3):
        found = short.machine.predict(short.theta, short.rows[::-1].copy(), stop)
        expected = dense.machine.predict(dense.theta, dense.rows[::-1].copy(), stop)
        assert_allclose(found, expected, rtol=rtol, atol=rtol)
    rules = PLAIN._replace(l2=2.0, l1=0.5)
    loss, gradient = short.loss_gradient(rules=rules)
    expected, of_dense = dense.loss_gradient(rules=rules)
    assert loss == pytest.approx(expected, rel=rtol)
    assert_allclose(gradient, pair.pack(of_dense), rtol=rtol, atol=rtol)


def laid_out(kind, n_samples):
    """Samples some of which a first layer of few weights reads where they are."""
    X = np.random.default_rng(5).normal(size=(n_samples, SIZES[0]))
    X = X.astype(np.float32) if kind == "float32" else X
    X = np.asfortranarray(X) if kind == "by columns" else X
    return np.repeat(X, 2, axis=1)[:, ::2] if kind == "with gaps" else X


@pytest.mark.parametrize("kind", ["float64", "float32", "by columns", "with gaps"])
@pytest.mark.parametrize("batch_size", [63, 64, 100])
def test_samples_of_the_dtype_and_by_rows_are_not_gathered(kind, batch_size):
    rows = np.random.default_rng(8).permutation(200)
    kinds = {"X": laid_out(kind, 200), "n_samples": 200, "weights": None, "y": np.arange(600.0).reshape(200, 3) % 2}
    pair = Pair(batch_size=batch_size, **kinds)
    in_place = COMPILED and processor.target_shape() is not None and kind == "float64" and batch_size >= 64
    assert (pair.short.machine._context.memory.inputs.size == 0) == in_place
    for _ in range(2):
        found = pair.short.machine.predict(pair.short.theta, rows)
        assert_allclose(found, pair.dense.machine.predict(pair.dense.theta, rows), rtol=1e-12, atol=1e-12)
        (loss, gradient), (expected, of_dense) = pair.short.loss_gradient(), pair.dense.loss_gradient()
        assert loss == pytest.approx(expected, rel=1e-12)
        assert_allclose(gradient, pair.pack(of_dense), rtol=1e-11, atol=1e-11)
        for net in (pair.short, pair.dense):
            net.machine.set_dataset(make_dataset(laid_out(kind, 200) * 2, kinds["y"]))  # other samples


RULES = {
    "plain": {},
    "penalties": {"l2": 3.0, "l1": 2.0, "max_grad_norm": 0.5},
    "max_norm": {"max_norm": 0.6},
    "dropout": {"keep": 0.6},
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("on_csr", [False, True], ids=["dense", "csr"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_squeezed_training_is_dense_training_with_a_mask(optimizer, on_csr, rule):
    pair = Pair(some(1), sparse=on_csr, batch_size=7, optimizer=OPTIMIZERS[optimizer]())
    rules, rates = PLAIN._replace(**RULES[rule]), np.linspace(0.05, 0.01, 5)
    order, seeds = np.random.RandomState(5).permutation(30), np.arange(5, dtype=np.uint32)
    results = []
    for net in (pair.dense, pair.short):
        theta, slots = net.theta.copy(), np.zeros((max(1, net.optimizer.slots), net.theta.size))
        totals = [net.train(theta, rates, rules, order, slots, seeds, 1 + 5 * p)[0] for p in range(3)]
        results.append((theta, slots, totals))
    (theta, slots, totals), (short, short_slots, short_totals) = results
    assert not np.allclose(short, pair.short.theta)
    assert short_totals == pytest.approx(totals, rel=1e-10)
    assert_allclose(short, pair.pack(theta), rtol=1e-8, atol=1e-10)
    for slot, short_slot in zip(slots, short_slots, strict=True):
        assert_allclose(short_slot, pair.pack(slot), rtol=1e-8, atol=1e-10)


def test_norms_of_squeezed_units_are_held():
    pair = Pair(batch_size=7)
    theta = pair.short.theta.copy()
    pair.short.train(theta, [0.1] * 5, PLAIN._replace(max_norm=0.2))
    coefs = layer_views(unpack(theta, SIZES, pair.masks), make_layout(SIZES))[0]
    norms = np.concatenate([np.linalg.norm(w, axis=0) for w in coefs])
    assert norms.max() == pytest.approx(0.2, rel=1e-12)
    assert (norms == 0).any()


def test_without_compilation_squeezed_networks_are_the_same(run_python, tmp_path):
    if not COMPILED:
        pytest.skip("this is that process")
    here = pathlib.Path(__file__)
    chosen = "squeezed_network or (squeezed_training and adam and max_norm) or csr_samples or products_are"
    options = ["-q", "-p", "no:cacheprovider", "-k", chosen, f"--rootdir={here.parents[2]}", str(here)]
    options += ["-c", str(here.parents[2] / "pyproject.toml")]
    script = tmp_path / "run.py"
    script.write_text(f"import sys, pytest\nsys.exit(pytest.main({options!r}))\n")
    lines = run_python(script, NUMBA_DISABLE_JIT="1")
    assert " passed" in lines[-1] and int(lines[-1].split()[0]) > 15


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ([np.ones((4, 5), bool), None], r"masks\[0\] must have the shape \(5, 4\); got \(4, 5\)"),
        ([None], "one entry for each of 2 matrices of weights; got 1"),
    ],
)
def test_masks_of_other_shapes_are_refused(masks, message):
    with pytest.raises(ValueError, match=message):
        CompiledNetwork(
            [5, 4, 2], [Relu(), Identity()], SquaredError(), "float64", make_dataset(np.ones((3, 5))), masks=masks
        )


def test_connections_may_be_shared_by_machines():
    connections, dataset = Connections(np.eye(3, dtype=bool)), make_dataset(np.diag([1.0, 2.0, 3.0]))
    theta = np.array([4.0, 5.0, 6.0, 1.0, 1.0, 1.0])
    for _ in range(2):
        machine = CompiledNetwork([3, 3], [Identity()], SquaredError(), "float64", dataset, masks=[connections])
        assert_array_equal(machine.predict(theta, np.arange(3)), np.diag([4.0, 10.0, 18.0]) + 1)


# What is left


def test_squeezing_keeps_runs_unit_by_unit_and_all_intercepts():
    sizes, masks = [2, 3, 2], [np.array([[1, 0, 1], [1, 0, 0]], bool), None]
    theta = np.arange(1.0, 18.0)
    short = pack(theta, sizes, masks)
    assert_array_equal(short, [1, 4, 3, *range(7, 18)])
    assert_array_equal(unpack(short, sizes, masks), [1, 0, 3, 4, 0, 0, *range(7, 18)])
    assert_array_equal(pack(theta, sizes, [None, None]), theta)


@pytest.mark.parametrize(
    ("shape", "sparsity", "predicts", "learns"),
    [
        ((784, 300), 0.4, False, False),
        ((784, 300), 0.56, True, False),
        ((784, 300), 0.9, True, True),
        ((100, 100), 0.9, True, True),
        ((10, 3), 1.0, False, False),
        ((1000, 1), 0.99, False, False),
    ],
)
def test_a_layer_is_sparse_where_that_pays(shape, sparsity, predicts, learns):
    mask = np.arange(np.prod(shape)).reshape(shape) >= sparsity * np.prod(shape)
    assert is_faster_packed(mask, training=False) == predicts
    assert is_faster_packed(mask, training=True) == learns


def test_over_csr_samples_hardly_any_weight_may_be_left():
    mask = np.arange(10000).reshape(100, 100) < 500
    assert not is_faster_packed(mask, training=False, on_csr=True)
    assert is_faster_packed(mask & (np.arange(100) < 10), training=False, on_csr=True)


ACTIVATIONS = [Tanh(), Logistic(), Relu(), Identity()]


def value(layer, z):
    return np.array([ACTIVATIONS[layer - 1].value(number) for number in z])


def outputs(X, theta, sizes):
    """Outputs of the network whose last activation is the last one."""
    for layer, (w, b) in enumerate(zip(*layer_views(theta, make_layout(sizes)), strict=True)):
        X = X @ w + b
        X = X if layer == len(sizes) - 2 else np.apply_along_axis(lambda z, i=layer + 1: value(i, z), 0, X)
    return X


def compacted(sizes, masks, theta=None):
    """What becomes of a random network; its outputs are the same."""
    random = np.random.default_rng(6)
    theta = random.normal(size=n_parameters(make_layout(sizes))) if theta is None else theta
    theta = unpack(pack(theta, sizes, masks), sizes, masks)
    before = theta.copy()
    small = compact(theta, sizes, masks, value)
    assert_array_equal(theta, before)
    X = random.normal(size=(20, sizes[0]))
    assert_allclose(outputs(X, small.theta, small.sizes), outputs(X, theta, sizes), rtol=1e-12, atol=1e-12)
    assert [len(units) for units in small.units] == small.sizes
    for mask, shape in zip(small.masks, itertools.pairwise(small.sizes), strict=True):
        assert mask is None or mask.shape == shape
    return small


def ones(sizes):
    return [np.ones(shape, bool) for shape in itertools.pairwise(sizes)]


def test_units_without_outgoing_weights_vanish():
    masks = ones([3, 4, 2])
    masks[1][[0, 2]] = False
    small = compacted([3, 4, 2], masks)
    assert small.sizes == [3, 2, 2]
    assert_array_equal(small.units[1], [1, 3])


def test_units_without_incoming_weights_become_intercepts():
    masks = ones([3, 4, 3, 2])
    masks[0][:, 1] = masks[1][:, 2] = False
    assert compacted([3, 4, 3, 2], masks).sizes == [3, 3, 2, 2]


def test_units_that_die_with_others_are_found():
    masks = ones([3, 4, 4, 4, 2])
    masks[1][1:] = False  # unit 0 alone leads on to layer 2 ...
    masks[0][:, 0] = False  # ... and is constant: so is all that follows
    small = compacted([3, 4, 4, 4, 2], masks)
    assert small.sizes == [3, 1, 1, 1, 2]
    assert not any(mask.any() for mask in small.masks)
    masks = ones([3, 4, 4, 4, 2])
    masks[2][:, :3] = masks[3][3] = False  # what layer 3 hears does not go on, and what goes on is constant
    assert compacted([3, 4, 4, 4, 2], masks).sizes == [3, 1, 1, 1, 2]


def test_inputs_and_outputs_stay():
    masks = ones([3, 2, 3])
    masks[0][0] = masks[1][:, 1] = False
    small = compacted([3, 2, 3], masks)
    assert small.sizes == [3, 2, 3]
    assert [mask.sum() for mask in small.masks] == [4, 4]


def test_masks_and_weights_agree():
    masks = ones([3, 4, 2])
    masks[1][1:] = masks[0][1] = False
    small = compacted([3, 4, 2], masks)
    assert small.masks[1] is None
    assert_array_equal(layer_views(small.theta, make_layout(small.sizes))[0][0] != 0, small.masks[0])


def test_one_unit_stays_of_a_layer_that_is_dead():
    assert compacted([3, 4, 2], [None, np.zeros((4, 2), bool)]).sizes == [3, 1, 2]
    assert compacted([3, 4, 2], [np.zeros((3, 4), bool), None]).sizes == [3, 1, 2]


def test_random_masks_become_networks_without_dead_units():
    random = np.random.default_rng(7)
    for _ in range(30):
        sizes = [4, 6, 5, 6, 3]
        masks = [random.random(shape) < 0.25 for shape in itertools.pairwise(sizes)]
        small = compacted(sizes, masks)
        coefs = layer_views(small.theta, make_layout(small.sizes))[0]
        for before, after in itertools.pairwise(w != 0 for w in coefs):
            dead = ~before.any(axis=0) | ~after.any(axis=1)
            assert not dead.any() or dead.size == 1


def test_a_network_without_dead_units_is_left_as_it_is():
    random = np.random.default_rng(8)
    theta = random.normal(size=n_parameters(make_layout([3, 4, 2]))).astype(np.float32)
    small = compact(theta, [3, 4, 2], [None, None], value)
    assert_array_equal(small.theta, theta)
    assert small.theta.dtype == theta.dtype and small.sizes == [3, 4, 2] and small.masks == [None, None]


if __name__ == "__main__":
    assert os.name == "posix"
    check_in_this_process(sys.argv[1])
