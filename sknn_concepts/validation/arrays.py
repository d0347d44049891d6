"""Checks of arrays that somebody may have replaced or changed, such as fitted attributes.

A replacement is accepted if it holds real and finite numbers in the right shape, whatever its data type, memory layout
or kind of array, lists included. Anything else is a ValueError that names the attribute.
"""

import math

import numpy as np
import scipy.sparse

#: Numbers up to which an array is searched in less time than it takes to remember that it was.
MAX_ALWAYS_SEARCHED_SIZE = 8192


def numbers(name, value):
    """Return an array of real numbers of any data type and layout; raise ValueError for anything else."""
    if scipy.sparse.issparse(value):
        raise ValueError(f"{name} must be an array; it is a sparse matrix.")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers; its dtype is {array.dtype}.")
    return array


def compressed(name, value):
    """Return a CSR or CSC matrix of real numbers, made of a sparse matrix whose arrays may have been changed.

    Raises ValueError if they do not form a matrix of its shape, or do not hold real numbers.
    """
    if value.format not in ("csr", "csc"):
        value = value.tocoo()
        for axis, places in enumerate((value.row, value.col)):
            if places.size and (places.min() < 0 or places.max() >= value.shape[axis]):
                raise ValueError(f"{name} has numbers outside of its shape, {value.shape}.")
        value = value.tocsc()
    check_compressed(name, value)
    numbers(f"{name}.data", value.data)
    return value


def numbers_or_compressed(name, value):
    """Array, or CSR or CSC matrix, of real numbers; see :func:`numbers` and :func:`compressed`."""
    return compressed(name, value) if scipy.sparse.issparse(value) else numbers(name, value)


def check_compressed(name, matrix):
    """Raise ValueError, which names the matrix, unless the arrays of a CSR or CSC matrix form one of its shape."""
    n_lines, width = matrix.shape if matrix.format == "csr" else matrix.shape[::-1]
    data, indices, indptr = matrix.data, matrix.indices, matrix.indptr
    wrong = None
    if not all(isinstance(array, np.ndarray) for array in (data, indices, indptr)):
        wrong = "data, indices and indptr must be arrays"
    elif any(array.ndim != 1 for array in (data, indices, indptr)) or indptr.size != n_lines + 1:
        wrong = f"data, indices and indptr have shapes {data.shape}, {indices.shape} and {indptr.shape}"
    elif indices.dtype.kind not in "iu" or indptr.dtype.kind not in "iu":
        wrong = f"indices and indptr are {indices.dtype} and {indptr.dtype}"
    elif indptr[0] != 0 or np.any(indptr[1:] < indptr[:-1]):
        wrong = "indptr does not rise from 0"
    elif indptr[-1] > min(data.size, indices.size):
        wrong = f"indptr ends at {indptr[-1]}, data have {data.size} and indices {indices.size} numbers"
    else:
        used = indices[: indptr[-1]]
        if used.size and (used.min() < 0 or used.max() >= width):
            lines = "columns" if matrix.format == "csr" else "rows"
            wrong = f"indices are from {used.min()} to {used.max()}, and there are {width} {lines}"
    if wrong:
        raise ValueError(f"{name} is no {matrix.format.upper()} matrix of shape {matrix.shape}: {wrong}.")


def common_dtype(arrays):
    """Dtype for arrays together: float32 if none of their floating-point numbers is longer, float64 otherwise."""
    sizes = [array.dtype.itemsize for array in arrays if array.dtype.kind == "f"]
    return np.dtype(np.float32 if sizes and max(sizes) <= 4 else np.float64)


def cast_finite(name, array, dtype):
    """Cast an array or sparse matrix to a dtype, and check that it is finite there."""
    if array.dtype != dtype or not array.dtype.isnative:
        with np.errstate(over="ignore"):
            array = array.astype(dtype)
    check_finite(name, array.data[: array.indptr[-1]] if scipy.sparse.issparse(array) else array)
    return array


def is_finite(array):
    """Whether no number is NaN or infinite."""
    if array.size <= MAX_ALWAYS_SEARCHED_SIZE and array.flags.c_contiguous and array.dtype.kind == "f":
        flat = array.reshape(-1)
        with np.errstate(over="ignore"):  # squares of finite numbers may overflow, too
            if math.isfinite(flat.dot(flat)):  # in half the time
                return True
    return bool(np.isfinite(array).all())


def check_finite(name, array):
    """Raise ValueError, which names the attribute, unless all numbers are finite."""
    if not is_finite(array):
        place = tuple(map(int, np.argwhere(~np.isfinite(array))[0]))
        raise ValueError(f"{name} must be finite; {name}{list(place)} is {array[place]}.")
