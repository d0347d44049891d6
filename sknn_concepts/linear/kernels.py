"""Kernels of linear models: margins, sums over the samples, and the logistic loss with its derivatives.

A block of rows (:mod:`sknn_concepts.linear.rows`) passes through all steps, margins, losses and gradient, while it is
in cache: X is read from memory once. `w` is a matrix of shape (n_features + 1, n_outputs), intercepts in the last row;
products are computed in its dtype. `weights` are the samples' weights; an empty array stands for ones.

The logistic loss has one output: log(1 + exp(z)) - y z of the margin z = x w. That of several classes is in
:mod:`sknn_concepts.linear.multinomial`.
"""

import numpy as np

from sknn_concepts.gemm.products import multiply, multiply_transposed_left
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.views import cast_rows
from sknn_concepts.linear.rows import block_size, count_rows
from sknn_concepts.math import logistic, softplus

#: Bytes of a block of dense rows.
BLOCK_BYTES = 1 << 18


@kernel(in_order=True)  # reordered sums would become gather instructions, which are several times slower
def sparse_dot(data, indices, start, end, w):
    """Sum of data_k w[indices_k]."""
    k = start
    z0 = z1 = z2 = z3 = 0.0
    while k + 4 <= end:
        # an unsigned index is known not to count from the end
        z0 += data[k] * w[np.uintp(indices[k])]
        z1 += data[k + 1] * w[np.uintp(indices[k + 1])]
        z2 += data[k + 2] * w[np.uintp(indices[k + 2])]
        z3 += data[k + 3] * w[np.uintp(indices[k + 3])]
        k += 4
    while k < end:
        z0 += data[k] * w[np.uintp(indices[k])]
        k += 1
    return (z0 + z1) + (z2 + z3)


@kernel
def sparse_margins(data, indices, indptr, start, stop, w, z):
    """z = x w for some rows of a CSR matrix."""
    if z.shape[1] == 1:
        w = w.reshape(w.size)
        for i in range(start, stop):
            z[i - start, 0] = sparse_dot(data, indices, indptr[i], indptr[i + 1], w)
        return
    z[:] = 0
    for i in range(start, stop):
        row = z[i - start]
        for k in range(indptr[i], indptr[i + 1]):
            number, from_j = data[k], w[indices[k]]
            for c in range(row.size):
                row[c] += number * from_j[c]


@kernel
def margins(rows, start, stop, w, z, cast):
    """z = x w for some rows; `cast` is memory for them if X is dense and has not the dtype of `w`."""
    p = w.shape[0] - 1
    if len(rows) == 1:
        multiply(cast_rows(rows[0], start, stop, cast), w[:p], z)
    else:
        sparse_margins(rows[0], rows[1], rows[2], start, stop, w, z)
    if z.shape[1] == 1:
        for i in range(z.size):
            z[i, 0] += w[p, 0]
    else:
        for i in range(z.shape[0]):
            for c in range(z.shape[1]):
                z[i, c] += w[p, c]


@kernel(in_order=True)
def sparse_sums(data, indices, indptr, start, stop, r, gradient):
    """Gradient += sum of x_i r_i' over some rows of a CSR matrix, but for the intercepts."""
    if r.shape[1] == 1:
        sums = gradient.reshape(gradient.size)
        for i in range(start, stop):
            residual = r[i - start, 0]
            for k in range(np.uintp(indptr[i]), np.uintp(indptr[i + 1])):
                sums[np.uintp(indices[k])] += residual * data[k]
        return
    for i in range(start, stop):
        row = r[i - start]
        for k in range(indptr[i], indptr[i + 1]):
            number, of_j = data[k], gradient[indices[k]]
            for c in range(row.size):
                of_j[c] += number * row[c]


@kernel
def add_sums(rows, start, stop, r, gradient, cast, product):
    """Gradient += sum of x_i r_i' over some rows; `cast` is memory for dense rows, `product` for their share."""
    p = gradient.shape[0] - 1
    if len(rows) == 1:
        multiply_transposed_left(cast_rows(rows[0], start, stop, cast), r, product)
        for j in range(p):
            for c in range(r.shape[1]):
                gradient[j, c] += product[j, c]
    else:
        sparse_sums(rows[0], rows[1], rows[2], start, stop, r, gradient)
    if r.shape[1] == 1:
        total = 0.0
        for residual in r.reshape(r.size):
            total += residual
        gradient[p, 0] += total
    else:
        for i in range(r.shape[0]):
            for c in range(r.shape[1]):
                gradient[p, c] += r[i, c]


@kernel
def memory_for(rows, step, w):
    """Memory for blocks of dense rows in another dtype than that of `w`, and for the share of a block in a sum."""
    p = w.shape[0] - 1 if len(rows) == 1 else 0
    cast = step if len(rows) == 1 and rows[0].itemsize != w.itemsize else 0
    return np.empty((cast, p), w.dtype), np.empty((p, w.shape[1]), w.dtype)


@kernel
def losses(y, weights, z, probabilities):
    """Sum of the losses of a block; margins `z` become weighted residuals."""
    loss = 0.0
    zero = z.dtype.type(0.0)
    for i in range(y.size):
        margin, target = z[i], z.dtype.type(y[i])
        positive = margin if margin > zero else zero
        # max(z, 0) - y z vanishes exactly for a sure and right prediction
        loss_i = softplus(-abs(margin)) + (positive - target * margin)
        p = logistic(margin)
        weight = weights[i] if weights.size > 0 else 1.0
        loss += weight * loss_i
        z[i] = weight * (p - target)
        if probabilities.size > 0:
            probabilities[i] = p
    return loss


@kernel
def loss_gradient(rows, y, weights, w, gradient, probabilities):
    """Sum of the losses over the samples; their gradient is added to `gradient`.

    Parameters
    ----------
    rows : tuple of ndarray
        From :func:`~sknn_concepts.linear.rows.as_rows`.
    y : ndarray of int32 of shape (n_samples,)
        0 or 1.
    weights : ndarray of float64 of shape (n_samples,) or (0,)
    w : ndarray of float64 of shape (n_features + 1, 1)
    gradient : ndarray of float64 of shape (n_features + 1, 1)
    probabilities : ndarray of float64 of shape (n_samples,) or (0,)
        Where the probabilities of class 1 go, if they are wanted.

    Returns
    -------
    loss : float
    """
    n = count_rows(rows)
    step = block_size(rows, BLOCK_BYTES)
    z = np.empty((step, 1), w.dtype)
    cast, product = memory_for(rows, step, w)
    loss = 0.0
    for start in range(0, n, step):
        stop = min(start + step, n)
        block = z[: stop - start]
        margins(rows, start, stop, w, block, cast)
        flat = block.reshape(block.size)
        loss += losses(y[start:stop], weights[start:stop], flat, probabilities[start:stop])
        add_sums(rows, start, stop, block, gradient, cast, product)
    return loss


@kernel
def hessian_product(rows, weights, probabilities, v, out):
    """Add sum of weight_i p_i (1 - p_i) x_i x_i' v to `out`; arguments as above, `v` like `w`."""
    n = count_rows(rows)
    step = block_size(rows, BLOCK_BYTES)
    z = np.empty((step, 1), v.dtype)
    cast, product = memory_for(rows, step, v)
    for start in range(0, n, step):
        stop = min(start + step, n)
        block = z[: stop - start]
        margins(rows, start, stop, v, block, cast)
        flat = block.reshape(block.size)
        for i in range(flat.size):
            p = probabilities[start + i]
            flat[i] *= p * (1.0 - p)
        if weights.size > 0:
            for i in range(flat.size):
                flat[i] *= weights[start + i]
        add_sums(rows, start, stop, block, out, cast, product)
