"""Kernels of the logistic loss of a linear model: value, gradient and curvature, each in one pass over the samples.

A block of rows (:mod:`sknn_concepts.engine.rows`) passes through all steps, margins, losses and gradient, while it is
in cache: X is read from memory once. The loss is log(1 + exp(z)) - y z of the margin z = x w; the last number of `w` is
the intercept. `weights` are the samples' weights; an empty array stands for ones. Sums are made in float64 whatever the
dtype of X.
"""

import numpy as np

from sknn_concepts.engine.rows import block_size, count_rows
from sknn_concepts.ground.elementary import logistic, softplus
from sknn_concepts.ground.jit import kernel
from sknn_concepts.ground.memory import LINE, prefetch

#: Bytes of a block of dense rows: with the half of the next that is fetched, what the second cache holds.
BLOCK_BYTES = 1 << 17


@kernel
def fetch_rows(X, first, count):
    """Let rows be on their way to the cache, where there are any."""
    n, p = X.shape
    numbers = X.reshape(X.size)
    for k in range(min(first, n) * p, min(first + count, n) * p, LINE // X.itemsize):
        prefetch(numbers, k)


@kernel
def dense_margins(X, start, stop, w, z):
    """z = x w for some rows of an array; meanwhile half of the next block is fetched."""
    p = w.size - 1
    last = stop - 1
    for i in range(start, stop, 8):  # eight sums at a time: each number of w is loaded once for eight rows
        fetch_rows(X, stop + (i - start) // 2, 4)
        i1, i2, i3, i4 = min(i + 1, last), min(i + 2, last), min(i + 3, last), min(i + 4, last)
        i5, i6, i7 = min(i + 5, last), min(i + 6, last), min(i + 7, last)
        z0 = z1 = z2 = z3 = z4 = z5 = z6 = z7 = w[p]
        for j in range(p):
            z0 += X[i, j] * w[j]
            z1 += X[i1, j] * w[j]
            z2 += X[i2, j] * w[j]
            z3 += X[i3, j] * w[j]
            z4 += X[i4, j] * w[j]
            z5 += X[i5, j] * w[j]
            z6 += X[i6, j] * w[j]
            z7 += X[i7, j] * w[j]
        z[i - start], z[i1 - start], z[i2 - start], z[i3 - start] = z0, z1, z2, z3
        z[i4 - start], z[i5 - start], z[i6 - start], z[i7 - start] = z4, z5, z6, z7


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
    for i in range(start, stop):
        z[i - start] = sparse_dot(data, indices, indptr[i], indptr[i + 1], w) + w[w.size - 1]


@kernel
def margins(rows, start, stop, w, z):
    """z = x w for some rows."""
    if len(rows) == 1:
        dense_margins(rows[0], start, stop, w, z)
    else:
        sparse_margins(rows[0], rows[1], rows[2], start, stop, w, z)


@kernel
def dense_sums(X, start, stop, r, gradient):
    """Gradient += sum of r_i x_i over some rows of an array, but for the intercept; the next half block is fetched."""
    p = gradient.size - 1
    done = stop - (stop - start) % 8
    for i in range(start, done, 8):
        fetch_rows(X, stop + (stop - start + i - start) // 2, 4)
        k = i - start
        r0, r1, r2, r3, r4, r5, r6, r7 = r[k], r[k + 1], r[k + 2], r[k + 3], r[k + 4], r[k + 5], r[k + 6], r[k + 7]
        for j in range(p):
            upper = (r0 * X[i, j] + r1 * X[i + 1, j]) + (r2 * X[i + 2, j] + r3 * X[i + 3, j])
            lower = (r4 * X[i + 4, j] + r5 * X[i + 5, j]) + (r6 * X[i + 6, j] + r7 * X[i + 7, j])
            gradient[j] += upper + lower
    for i in range(done, stop):
        r0 = r[i - start]
        for j in range(p):
            gradient[j] += r0 * X[i, j]


@kernel(in_order=True)
def sparse_sums(data, indices, indptr, start, stop, r, gradient):
    """Gradient += sum of r_i x_i over some rows of a CSR matrix, but for the intercept."""
    for i in range(start, stop):
        residual = r[i - start]
        for k in range(np.uintp(indptr[i]), np.uintp(indptr[i + 1])):
            gradient[np.uintp(indices[k])] += residual * data[k]


@kernel
def add_sums(rows, start, stop, r, gradient):
    """Gradient += sum of r_i x_i over some rows."""
    if len(rows) == 1:
        dense_sums(rows[0], start, stop, r, gradient)
    else:
        sparse_sums(rows[0], rows[1], rows[2], start, stop, r, gradient)
    total = 0.0
    for i in range(stop - start):
        total += r[i]
    gradient[gradient.size - 1] += total


@kernel
def losses(y, weights, z, probabilities):
    """Sum of the losses of a block; margins `z` become weighted residuals."""
    loss = 0.0
    for i in range(y.size):
        margin = z[i]
        positive = margin if margin > 0.0 else 0.0
        # max(z, 0) - y z vanishes exactly for a sure and right prediction
        loss_i = softplus(-abs(margin)) + (positive - y[i] * margin)
        p = logistic(margin)
        weight = weights[i] if weights.size > 0 else 1.0
        loss += weight * loss_i
        z[i] = weight * (p - y[i])
        if probabilities.size > 0:
            probabilities[i] = p
    return loss


@kernel
def loss_gradient(rows, y, weights, w, gradient, probabilities):
    """Sum of the losses over the samples; their gradient is added to `gradient`.

    Parameters
    ----------
    rows : tuple of ndarray
        From :func:`~sknn_concepts.engine.rows.as_rows`.
    y : ndarray of int32 of shape (n_samples,)
        0 or 1.
    weights : ndarray of float64 of shape (n_samples,) or (0,)
    w, gradient : ndarray of float64 of shape (n_features + 1,)
    probabilities : ndarray of float64 of shape (n_samples,) or (0,)
        Where the probabilities of class 1 go, if they are wanted.

    Returns
    -------
    loss : float
    """
    n = count_rows(rows)
    step = block_size(rows, BLOCK_BYTES)
    z = np.empty(step)
    loss = 0.0
    for start in range(0, n, step):
        stop = min(start + step, n)
        block = z[: stop - start]
        margins(rows, start, stop, w, block)
        loss += losses(y[start:stop], weights[start:stop], block, probabilities[start:stop])
        add_sums(rows, start, stop, block, gradient)
    return loss


@kernel
def hessian_product(rows, weights, probabilities, v, out):
    """Add sum of weight_i p_i (1 - p_i) x_i x_i' v to `out`; arguments as above, `v` like `w`."""
    n = count_rows(rows)
    step = block_size(rows, BLOCK_BYTES)
    z = np.empty(step)
    for start in range(0, n, step):
        stop = min(start + step, n)
        block = z[: stop - start]
        margins(rows, start, stop, v, block)
        for i in range(block.size):
            p = probabilities[start + i]
            block[i] *= p * (1.0 - p)
        if weights.size > 0:
            for i in range(block.size):
                block[i] *= weights[start + i]
        add_sums(rows, start, stop, block, out)
