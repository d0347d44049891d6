"""Kernels of the logistic loss of a linear model: value, gradient and Hessian products, each in one pass over X.

A block of rows (:mod:`sknn_concepts.linear.rows`) goes through all steps, margins, losses and gradient, while it is in
cache: X is read from memory once. Of two classes there is one output z = x w and the loss log(1 + exp(z)) - y z; of
more there is one output a class and the loss log(sum_k exp(z_k)) - z_y. Which of the two is meant, the number of
dimensions of `probabilities` says when a kernel is compiled.

`weights` are those of the samples; an empty array stands for ones. Sums over the blocks are float64.
"""

import numpy as np

from sknn_concepts.jit.decorator import kernel
from sknn_concepts.linear.rows import add_gradient, block_memory, block_size, count_rows, margins
from sknn_concepts.math import exp, log, logistic, softplus

#: Bytes of a block of dense rows; taller blocks make better products with several outputs.
BINARY_BLOCK_BYTES, MULTINOMIAL_BLOCK_BYTES = 1 << 18, 1 << 19


@kernel(internal=True)
def binary_losses(y, weights, z, probabilities):
    """Return the sum of the losses of a block for two classes; margins `z` become weighted residuals."""
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


@kernel(internal=True)
def multinomial_losses(y, weights, z, probabilities):
    """Return the sum of the losses of a block for several classes; margins `z` become weighted residuals."""
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


@kernel(internal=True)
def binary_curvatures(weights, z, probabilities):
    """Multiply the margins `z` of a block by weight p (1 - p)."""
    for i in range(z.size):
        p = probabilities[i]
        z[i] *= p * (1.0 - p)
    if weights.size > 0:
        for i in range(z.size):
            z[i] *= weights[i]


@kernel(internal=True)
def multinomial_curvatures(weights, z, probabilities):
    """Multiply the margins `z` of each sample of a block by the matrix weight (diag(p) - p p')."""
    for i in range(z.shape[0]):
        p = probabilities[i]
        mean = 0.0
        for c in range(p.size):
            mean += p[c] * z[i, c]
        weight = weights[i] if weights.size > 0 else 1.0
        for c in range(p.size):
            z[i, c] = weight * p[c] * (z[i, c] - mean)


@kernel
def loss_gradient(rows, y, weights, w, gradient, probabilities):
    """Return the sum of the losses over the samples, and add their gradient to `gradient`.

    `rows` are from :func:`~sknn_concepts.linear.rows.as_rows`, and `y` contains the numbers of the classes in int32.
    The parameters `w` and the float64 gradient have shape (n_features + 1, n_outputs). The dtype of `w`, in which dense
    X is multiplied, is that of X for several classes, where float32 is twice as fast, and float64 otherwise. The
    float64 `probabilities` of class 1, of shape (n_samples,), or of all of several classes, of shape (n_samples,
    n_classes), are filled in; an array of shape (0,) or (0, 0) means that they are not wanted.
    """
    n = count_rows(rows)
    step = block_size(rows, BINARY_BLOCK_BYTES if probabilities.ndim == 1 else MULTINOMIAL_BLOCK_BYTES)
    z = np.empty((step, w.shape[1]), w.dtype)
    cast, product = block_memory(rows, step, w)
    loss = 0.0
    for start in range(0, n, step):
        stop = min(start + step, n)
        block = z[: stop - start]
        margins(rows, start, stop, w, block, cast)
        if probabilities.ndim == 1:
            flat = block.reshape(block.size)
            loss += binary_losses(y[start:stop], weights[start:stop], flat, probabilities[start:stop])
        else:
            loss += multinomial_losses(y[start:stop], weights[start:stop], block, probabilities[start:stop])
        add_gradient(rows, start, stop, block, gradient, cast, product)
    return loss


@kernel
def hessian_product(rows, weights, probabilities, v, out):
    """Add the product of the Hessian of the sum of the losses with `v`, shaped like `w`, to `out`.

    The other arguments are those of :func:`loss_gradient`; the probabilities are those that it has found.
    """
    n = count_rows(rows)
    step = block_size(rows, BINARY_BLOCK_BYTES if probabilities.ndim == 1 else MULTINOMIAL_BLOCK_BYTES)
    z = np.empty((step, v.shape[1]), v.dtype)
    cast, product = block_memory(rows, step, v)
    for start in range(0, n, step):
        stop = min(start + step, n)
        block = z[: stop - start]
        margins(rows, start, stop, v, block, cast)
        if probabilities.ndim == 1:
            binary_curvatures(weights[start:stop], block.reshape(block.size), probabilities[start:stop])
        else:
            multinomial_curvatures(weights[start:stop], block, probabilities[start:stop])
        add_gradient(rows, start, stop, block, out, cast, product)
