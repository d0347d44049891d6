import pathlib

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_concepts.jit.decorator import COMPILED, kernel
from sknn_concepts.jit.views import cast_rows, flat, matrix, part


@kernel
def fill_part(vector, start, stop):
    """Number the elements of a view; returns how many there are."""
    view = part(vector, start, stop)
    for i in range(view.size):
        view[i] = i + 1
    return view.size


@kernel
def fill_matrix(vector, start, n_rows, n_columns):
    """Tell each element of a view its place; returns the shape."""
    view = matrix(vector, start, n_rows, n_columns)
    for i in range(view.shape[0]):
        for j in range(view.shape[1]):
            view[i, j] = 10 * i + j + 1
    return view.shape


@kernel
def total(vector, start, n_rows, n_columns):
    """Sum of a view, which may be read-only, handed to a function as any array is."""
    return np.sum(matrix(vector, start, n_rows, n_columns)) + np.sum(part(vector, 0, start))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_views_are_where_slices_are(dtype):
    vector = np.zeros(20, dtype)
    assert fill_part(vector, 3, 7) == 4
    assert_array_equal(vector, [0, 0, 0, 1, 2, 3, 4] + 13 * [0])
    vector[:] = 0
    assert fill_matrix(vector, 5, 2, 3) == (2, 3)
    assert_array_equal(vector, 5 * [0] + [1, 2, 3, 11, 12, 13] + 9 * [0])


@kernel
def fill_flat(array):
    """Number the elements of a matrix; returns how many there are."""
    view = flat(array)
    for i in range(view.size):
        view[i] = i
    return view.size


@pytest.mark.parametrize("shape", [(3, 4), (1, 5), (0, 4), (4, 0)])
def test_a_matrix_is_seen_as_a_vector(shape):
    array = np.full(shape, -1.0)
    assert fill_flat(array) == array.size
    assert_array_equal(array.ravel(), np.arange(array.size))


def test_empty_views():
    vector = np.zeros(3)
    assert fill_part(vector, 3, 3) == 0
    assert fill_matrix(vector, 0, 0, 4) == (0, 4)
    assert fill_matrix(vector, 1, 2, 0) == (2, 0)
    assert not vector.any()


def test_views_of_read_only_vectors():
    vector = np.arange(12.0)
    vector.flags.writeable = False
    assert total(vector, 2, 3, 2) == np.sum(vector[:8])


@kernel
def take_cast(array, start, stop, memory):
    """Copy of the rows."""
    return cast_rows(array, start, stop, memory).copy()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("read_only", [False, True])
def test_rows_are_cast_only_where_they_have_another_dtype(dtype, read_only):
    array = np.arange(21, dtype=dtype).reshape(7, 3)
    array.flags.writeable = not read_only
    memory = np.zeros((4, 3))
    rows = take_cast(array, 2, 5, memory)
    assert rows.dtype == np.float64
    assert_array_equal(rows, array[2:5])
    assert_array_equal(memory[:3], array[2:5] if dtype == "float32" else 0.0)
    assert_array_equal(memory[3], 0.0)


BEYOND = """
import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from test_views import fill_matrix, fill_part

from sknn_concepts.network.sparse import check_runs

vector = np.zeros(5)
print(fill_part(vector, 1, 5), fill_matrix(vector, 1, 2, 2))
wrong = [lambda: fill_part(vector, 0, 6), lambda: fill_part(vector, -1, 3), lambda: fill_part(vector, 3, 2)]
wrong += [lambda: fill_matrix(vector, 2, 2, 2), lambda: fill_matrix(vector, 0, -1, 2)]
runs = np.array([[0], [2]])
check_runs(np.array([0, 1], np.int32), runs, np.ones(2), 2, 1)
wrong += [lambda: check_runs(np.array([0, 2], np.int32), runs, np.ones(2), 2, 1)]
wrong += [lambda: check_runs(np.array([0, 1], np.int32), runs, np.ones(1), 2, 1)]
for call in wrong:
    try:
        call()
        print("took it")
    except IndexError as error:
        print(error)
"""


@pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")
def test_views_are_checked_where_indices_are(tmp_path, run_python):
    script = tmp_path / "script.py"
    script.write_text(BEYOND)
    first, *others = run_python(script, pathlib.Path(__file__).parent, NUMBA_BOUNDSCHECK="1")
    assert first == "4 (2, 2)"
    assert [line.split()[-2:] for line in others[:-2]] == 5 * [["of", "bounds"]]
    assert others[-2:] == ["a weight leads from a unit that is not there", "a run of weights is out of bounds"]
