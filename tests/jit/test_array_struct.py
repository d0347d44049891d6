"""Records of arrays: any dtype, layout and memory, read inside kernels as the arrays they are."""

import pickle

import numba
import numpy as np
import pytest
from compiled import run
from numba.core.errors import TypingError

from sknn_concepts.jit.array_struct import ArrayStruct, ArrayStructType
from sknn_concepts.jit.decorator import COMPILED, kernel

compiled_only = pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")


@kernel
def copy_matrix(record, out):
    X = record.X
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            out[i, j] = X[i, j]
    return float(X.shape[0] * 1000 + X.shape[1])


@kernel
def add_up(record, out):
    out[0] = record.first.sum()
    out[1] = record.second.sum()
    out[2] = record.third.sum()
    return 0.0


@kernel
def write(record, out):
    record.X[0, 0] = 1.0
    return 0.0


BASE = np.arange(24).reshape(4, 6)
LAYOUTS = {
    "rows": lambda a: np.ascontiguousarray(a),
    "columns": lambda a: np.asfortranarray(a),
    "every other column": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "backwards": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "transposed view": lambda a: np.ascontiguousarray(a.T).T,
    "no rows": lambda a: a[:0],
    "no columns": lambda a: np.ascontiguousarray(a[:, :0]),
}


def copied(record, shape):
    out = np.full(shape, -1.0)
    assert run(copy_matrix, record, out) == 1000 * shape[0] + shape[1]
    return out


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout):
    X = LAYOUTS[layout](BASE.astype(float))
    np.testing.assert_array_equal(copied(ArrayStruct(X=X), X.shape), X)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "float32", "float64"])
def test_dtypes(dtype):
    X = (BASE - 5).astype(dtype)
    np.testing.assert_array_equal(copied(ArrayStruct(X=X), X.shape), X)


def test_memory_maps(tmp_path):
    np.save(tmp_path / "X.npy", BASE.astype(np.float32))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(copied(ArrayStruct(X=X), X.shape), BASE)


def test_fields_of_different_kinds():
    record = ArrayStruct(
        first=np.arange(5.0), second=np.arange(6, dtype=np.int32)[::2], third=np.ones((2, 3), np.uint8)
    )
    out = np.empty(3)
    run(add_up, record, out)
    np.testing.assert_array_equal(out, [10, 6, 6])


def test_the_original_stays_writeable_and_is_no_copy():
    X = BASE.astype(float)
    record = ArrayStruct(X=X)
    assert X.flags.writeable and not record.X.flags.writeable
    X[1, 2] = 77.0
    assert copied(record, X.shape)[1, 2] == 77.0


@compiled_only
def test_read_only_and_writeable_arrays_share_a_kernel():
    X = BASE.astype(float)
    frozen = X.copy()
    frozen.flags.writeable = False
    copied(ArrayStruct(X=X), X.shape)
    before = len(copy_matrix.signatures)
    copied(ArrayStruct(X=frozen), X.shape)
    copied(ArrayStruct(X=np.ones((9, 2))), (9, 2))
    assert len(copy_matrix.signatures) == before
    assert ArrayStruct(X=X).type == ArrayStruct(X=frozen).type != ArrayStruct(X=X.T).type


@compiled_only
def test_kernels_cannot_write():
    with pytest.raises(TypingError, match="Cannot modify readonly array"):
        run(write, ArrayStruct(X=np.ones((1, 1))), np.empty(1))


@compiled_only
def test_an_unknown_field_is_named():
    with pytest.raises(TypingError, match="first"):
        run(add_up, ArrayStruct(X=np.ones(2)), np.empty(3))


def test_description():
    """Address, shape and strides of each array, in the order of the fields."""
    a, b = np.ones((3, 4)), np.ones(5, np.int32)
    record = ArrayStruct(a=a, b=b)
    expected = [a.ctypes.data, 3, 4, 32, 8, b.ctypes.data, 5, 4]
    assert record.description.tolist() == expected
    starts = record.type.starts
    assert [record.description[starts[name]] for name in "ab"] == [a.ctypes.data, b.ctypes.data]


def test_types_survive_pickling():
    """They are part of the signatures in the disk cache."""
    type_ = ArrayStruct(X=np.ones((2, 2)), y=np.ones(2, np.int8)).type
    twin = pickle.loads(pickle.dumps(type_))
    assert twin == type_ and twin.fields == type_.fields and twin.starts == type_.starts
    assert type_ != ArrayStructType((("X", numba.typeof(np.ones((2, 2)))),))
