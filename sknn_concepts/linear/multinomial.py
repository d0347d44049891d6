"""Kernels of the multinomial loss of a linear model: value, gradient and curvature, each in one pass over the samples.

As in :mod:`sknn_concepts.linear.kernels`, but with one output a class: the loss is log(sum_k exp(z_k)) - z_y.
Dense X is multiplied in its own dtype, so that float32 is twice as fast; sums over the blocks are float64.
"""

import numpy as np

from sknn_concepts.jit.decorator import kernel
from sknn_concepts.linear.kernels import add_sums, margins, memory_for
from sknn_concepts.linear.rows import block_size, count_rows
from sknn_concepts.math import exp, log

#: Bytes of a block of dense rows; taller blocks make better products.
BLOCK_BYTES = 1 << 19


@kernel
def losses(y, weights, z, probabilities):
    """Sum of the losses of a block; margins `z` become weighted residuals."""
    m, n_classes = z.shape
    loss = 0.0
    own = np.empty(m)
    for i in range(m):
        largest = z[i, 0]
        for c in range(1, n_classes):
            largest = z[i, c] if z[i, c] > largest else largest
        for c in range(n_classes):
            z[i, c] -= largest
        own[i] = z[i, y[i]]
    flat = z.reshape(z.size)
    for k in range(flat.size):
        flat[k] = exp(flat[k])
    for i in range(m):
        total = 0.0
        for c in range(n_classes):
            total += z[i, c]
        weight = weights[i] if weights.size > 0 else 1.0
        loss += weight * (log(total) - own[i])
        scale = 1.0 / total
        for c in range(n_classes):
            p = z[i, c] * scale
            if probabilities.size > 0:
                probabilities[i, c] = p
            z[i, c] = weight * p
        z[i, y[i]] -= weight
    return loss


@kernel
def loss_gradient(rows, y, weights, w, gradient, probabilities):
    """Sum of the losses over the samples; their gradient is added to `gradient`.

    Parameters
    ----------
    rows : tuple of ndarray
        From :func:`~sknn_concepts.linear.rows.as_rows`.
    y : ndarray of int32 of shape (n_samples,)
        Numbers of the classes.
    weights : ndarray of float64 of shape (n_samples,) or (0,)
    w : ndarray of shape (n_features + 1, n_classes)
        In the dtype of X if that is dense, else float64.
    gradient : ndarray of float64 of shape (n_features + 1, n_classes)
    probabilities : ndarray of float64 of shape (n_samples, n_classes) or (0, 0)
        Where the probabilities go, if they are wanted.

    Returns
    -------
    loss : float
    """
    n = count_rows(rows)
    step = block_size(rows, BLOCK_BYTES)
    z = np.empty((step, w.shape[1]), w.dtype)
    cast, product = memory_for(rows, step, w)
    loss = 0.0
    for start in range(0, n, step):
        stop = min(start + step, n)
        block = z[: stop - start]
        margins(rows, start, stop, w, block, cast)
        loss += losses(y[start:stop], weights[start:stop], block, probabilities[start:stop])
        add_sums(rows, start, stop, block, gradient, cast, product)
    return loss


@kernel
def hessian_product(rows, weights, probabilities, v, out):
    """Add sum of weight_i x_i (diag(p_i) - p_i p_i') (x_i' v) to `out`; arguments as above, `v` like `w`."""
    n = count_rows(rows)
    step = block_size(rows, BLOCK_BYTES)
    z = np.empty((step, v.shape[1]), v.dtype)
    cast, product = memory_for(rows, step, v)
    for start in range(0, n, step):
        stop = min(start + step, n)
        block = z[: stop - start]
        margins(rows, start, stop, v, block, cast)
        for i in range(block.shape[0]):
            p = probabilities[start + i]
            mean = 0.0
            for c in range(p.size):
                mean += p[c] * block[i, c]
            weight = weights[start + i] if weights.size > 0 else 1.0
            for c in range(p.size):
                block[i, c] = weight * p[c] * (block[i, c] - mean)
        add_sums(rows, start, stop, block, out, cast, product)
