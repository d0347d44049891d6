"""Matrix products for kernels: ``a @ b``, ``a.T @ b`` and ``a @ b.T``, stored or added.

All arrays are two-dimensional, C-contiguous and of one data type, float32 or float64; `out` shares no memory with the
operands, which may be read-only. Called from Python, the functions are NumPy's.

In kernels a product is computed in tiles (:mod:`sknn_concepts.gemm.tiles`), or by BLAS where the tiles of the
processor are not known. The same arrays always give the same bits; not-a-number and infinity propagate as in NumPy.
"""

import numpy as np

from sknn_concepts.gemm.tiles import (
    address,
    fill_panel,
    multiply_rows,
    new_panel,
    panel_columns,
    panel_depth,
    product_function,
    rows_at,
)
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.memory import LINE

#: Rows of the left operand that are multiplied by one panel: with its depth, a block that the second-level cache holds.
ROWS_PER_PANEL = 256


@kernel(internal=True)
def dots(matrix, vector, out, add):
    """``out = matrix @ vector``: a dot product for each row, four rows at a time."""
    count, inner = matrix.shape
    last = count - 1
    for i in range(0, count, 4):
        i1, i2, i3 = min(i + 1, last), min(i + 2, last), min(i + 3, last)
        sum0 = sum1 = sum2 = sum3 = out.dtype.type(0)
        for k in range(inner):
            sum0 += matrix[i, k] * vector[0, k]
            sum1 += matrix[i1, k] * vector[0, k]
            sum2 += matrix[i2, k] * vector[0, k]
            sum3 += matrix[i3, k] * vector[0, k]
        if add:  # all is read before anything is written: the last row may be there more than once
            sum0, sum1, sum2, sum3 = out[0, i] + sum0, out[0, i1] + sum1, out[0, i2] + sum2, out[0, i3] + sum3
        out[0, i], out[0, i1], out[0, i2], out[0, i3] = sum0, sum1, sum2, sum3


@kernel(internal=True)
def combine(matrix, vector, out, add):
    """``out = vector @ matrix``: a sum of rows, each times a number, four rows at a time."""
    inner, count = matrix.shape
    if not add:
        out[:] = 0
    done = inner - inner % 4
    for k in range(0, done, 4):
        w0, w1, w2, w3 = vector[0, k], vector[0, k + 1], vector[0, k + 2], vector[0, k + 3]
        for j in range(count):
            out[0, j] += w0 * matrix[k, j] + w1 * matrix[k + 1, j] + w2 * matrix[k + 2, j] + w3 * matrix[k + 3, j]
    for k in range(done, inner):
        w0 = vector[0, k]
        for j in range(count):
            out[0, j] += w0 * matrix[k, j]


@kernel(internal=True)
def blocked_product(a, a_row, a_inner, b, b_row, transpose_b, inner, out, add):
    """Product of matrices at addresses in tiles, panel by panel.

    Parameters
    ----------
    a : int
        Address of the left factor.
    a_row, a_inner : int
        Elements from one row of the left factor to the next, and from one step along the inner dimension to the next.
    b : int
        Address of `b`, the right factor or its transpose.
    b_row : int
        Elements from one stored row of `b` to the next.
    transpose_b : bool
        Whether the right factor is the transpose of `b`.
    inner : int
        Length of the inner dimension, at least 1.
    out : ndarray of shape (m, n)
    add : bool
        Add to `out` instead of overwriting it.
    """
    m, n = out.shape
    size = out.itemsize
    panel, deepest = new_panel(out), panel_depth(out)
    # panels of about the same depth, rather than a shallow one in the end
    panels = (inner + deepest - 1) // deepest
    step = (inner + panels - 1) // panels
    top = 0
    while top < m:
        bottom = top + ROWS_PER_PANEL if m - top > ROWS_PER_PANEL + ROWS_PER_PANEL // 2 else m
        for start in range(0, inner, step):
            depth = min(step, inner - start)
            j = 0
            while j < n:
                columns = panel_columns(n - j, out)
                first = start + j * b_row if transpose_b else start * b_row + j
                right = b + first * size
                if transpose_b or columns != b_row or columns * size % LINE > 0:  # else `b` is as a panel would be
                    fill_panel(panel, right, b_row, transpose_b, depth, columns, out)
                    right = panel
                left = a + (top * a_row + start * a_inner) * size
                adding = add or start > 0
                multiply_rows(left, a_row, a_inner, right, depth, out, top, j, bottom - top, columns, adding)
                j += columns
        top = bottom


@kernel(internal=True)
def tiled_product(a, a_rows, a_columns, a_stride, transpose_a, b, b_rows, b_columns, transpose_b, out, add):
    """Product of matrices at addresses, each of which may be transposed; vectors have kernels of their own.

    From one row of `a` to the next there are `a_stride` elements. A part of a product has the bits that it has in the
    whole, unless one of them is a vector.
    """
    m, n = out.shape
    inner = a_rows if transpose_a else a_columns
    fits = inner == (b_columns if transpose_b else b_rows)
    if not fits or m != (a_columns if transpose_a else a_rows) or n != (b_rows if transpose_b else b_columns):
        raise ValueError("The shapes of the arrays of a matrix product do not fit together.")
    if a_stride == a_columns and (m == 1 or n == 1):
        if m == 1:
            matrix, vector, dot = rows_at(b, b_rows, b_columns, out), rows_at(a, 1, inner, out), transpose_b
        else:
            matrix, vector, dot = rows_at(a, a_rows, a_columns, out), rows_at(b, 1, inner, out), not transpose_a
        flat = rows_at(address(out), 1, m * n, out)
        if dot:
            dots(matrix, vector, flat, add)
        else:
            combine(matrix, vector, flat, add)
    elif inner > 0:
        a_row, a_inner = (1, a_stride) if transpose_a else (a_stride, 1)
        blocked_product(a, a_row, a_inner, b, b_columns, transpose_b, inner, out, add)
    elif not add:
        out[:] = 0


@kernel
def blas_product(a, a_rows, a_columns, a_stride, transpose_a, b, b_rows, b_columns, transpose_b, out, add):
    """Compute the product of :func:`tiled_product` with BLAS."""
    if a_stride != a_columns:
        raise ValueError("BLAS computes whole products only.")
    first = rows_at(a, a_rows, a_columns, out)
    second = rows_at(b, b_rows, b_columns, out)
    target = np.empty_like(out) if add else out
    if transpose_a:
        np.dot(first.T, second, target)
    elif transpose_b:
        np.dot(first, second.T, target)
    else:
        np.dot(first, second, target)
    if add:
        out += target


@product_function(tiled_product, blas_product)
def multiply(a, b, out):
    """Matrix product ``out = a @ b``.

    Parameters
    ----------
    a : ndarray of shape (m, k)
    b : ndarray of shape (k, n)
    out : ndarray of shape (m, n)

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    """
    np.matmul(a, b, out=out)


@product_function(tiled_product, blas_product, transpose_a=True)
def multiply_transposed_left(a, b, out):
    """Matrix product ``out = a.T @ b``.

    Parameters
    ----------
    a : ndarray of shape (m, k)
    b : ndarray of shape (m, n)
    out : ndarray of shape (k, n)

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    """
    np.matmul(a.T, b, out=out)


@product_function(tiled_product, blas_product, transpose_a=True, part=True)
def multiply_columns_left(a, b, out, first):
    """Matrix product ``out = a[:, first : first + k].T @ b``, where `a` has more columns than that.

    It has the bits of these rows of ``a.T @ b`` if `b` has at least two columns. Not for processors where products are
    left to BLAS.

    Parameters
    ----------
    a : ndarray of shape (m, n_columns)
    b : ndarray of shape (m, n)
    out : ndarray of shape (k, n)
    first : int
        First column of `a`; kernels do not check that there are as many as `out` has rows.

    Raises
    ------
    ValueError
        If `a` and `b` do not have as many rows.
    """
    np.matmul(a[:, first : first + len(out)].T, b, out=out)


@product_function(tiled_product, blas_product, transpose_a=True, add=True)
def multiply_transposed_left_add(a, b, out):
    """Add a matrix product, ``out += a.T @ b``; see :func:`multiply_transposed_left`."""
    out += np.matmul(a.T, b)


@product_function(tiled_product, blas_product, transpose_b=True)
def multiply_transposed_right(a, b, out):
    """Matrix product ``out = a @ b.T``.

    Parameters
    ----------
    a : ndarray of shape (m, n)
    b : ndarray of shape (k, n)
    out : ndarray of shape (m, k)

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    """
    np.matmul(a, b.T, out=out)
