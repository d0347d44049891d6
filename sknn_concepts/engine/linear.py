"""Kernels of a linear model with the log loss: loss, gradient and curvature, each in one pass over the samples.

Samples are *rows*: a tuple ``(X,)`` of a dense C-contiguous array, or ``(data, indices, indptr)`` of a CSR matrix, all
read-only (:func:`as_rows`), so that writeable arrays and memory maps share one compiled kernel. A block of rows passes
through all steps, margins, losses and gradient, while it is in cache: X is read from memory once.

Parameters are a matrix `w` of shape (n_features + 1, n_outputs), intercepts in the last row: one output for two classes,
the logistic loss log(1 + exp(z)) - y z of the margin z = x w; otherwise one output a class, the multinomial loss
log(sum_k exp(z_k)) - z_y. Kernels whose name starts with ``class`` are for the latter; the others see `w` as a vector.

`weights` are the samples' weights; an empty array stands for ones. Sums are made in float64 whatever the dtype of X.
"""

import numpy as np
import scipy.sparse

from sknn_concepts.engine.products import multiply, multiply_transposed_left
from sknn_concepts.ground.elementary import exp, log, logistic, softplus
from sknn_concepts.ground.jit import kernel

#: Bytes of a block of dense rows: what the second cache holds beside the rest.
BLOCK_BYTES = 1 << 18
#: Bytes of a block that is multiplied by a matrix; taller blocks make better products.
CLASS_BLOCK_BYTES = 1 << 19
#: Bytes of a block whose Gram matrix is added up.
GRAM_BYTES = 1 << 22


def read_only(array):
    """View of an array that cannot be written to."""
    view = np.asarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view


def as_rows(X):
    """Tuple of read-only arrays, for the kernels here.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Dense arrays have to be C-contiguous.

    Returns
    -------
    rows : tuple of ndarray
        ``(X,)`` or ``(data, indices, indptr)``.
    """
    arrays = (X.data, X.indices, X.indptr) if scipy.sparse.issparse(X) else (X,)
    return tuple(read_only(array) for array in arrays)


def take_rows(rows, every):
    """Tuple of arrays of every so many-th row."""
    if every == 1:
        return rows
    if len(rows) == 1:
        return as_rows(np.ascontiguousarray(rows[0][::every]))
    width = int(rows[1].max(initial=0)) + 1
    return as_rows(scipy.sparse.csr_matrix(rows, shape=(rows[2].size - 1, width))[::every])


@kernel
def count_rows(rows):
    return rows[0].shape[0] if len(rows) == 1 else rows[2].size - 1


@kernel
def block_size(rows, limit):
    """Rows of a block, a multiple of 8."""
    if len(rows) == 1:
        fitting = limit // max(rows[0].shape[1] * rows[0].itemsize, 1)
        return max(8, min(256, fitting // 8 * 8))
    return 256


@kernel
def dense_margins(X, start, stop, w, z):
    p = w.size - 1
    last = stop - 1
    for i in range(start, stop, 8):  # eight sums at a time: each number of w is loaded once for eight rows
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
    p = gradient.size - 1
    done = stop - (stop - start) % 8
    for i in range(start, done, 8):
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
        From :func:`as_rows`.
    y : ndarray of float64 of shape (n_samples,)
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


@kernel
def sparse_class_margins(data, indices, indptr, start, stop, w, z):
    for i in range(start, stop):
        row = z[i - start]
        for k in range(indptr[i], indptr[i + 1]):
            number, from_j = data[k], w[indices[k]]
            for c in range(row.size):
                row[c] += number * from_j[c]


@kernel
def class_margins(rows, start, stop, w, z):
    """z = x w for some rows, in the dtype of `w`; that of X if X is dense."""
    p = w.shape[0] - 1
    if len(rows) == 1:
        multiply(rows[0][start:stop], w[:p], z)
    else:
        z[:] = 0
        sparse_class_margins(rows[0], rows[1], rows[2], start, stop, w, z)
    for i in range(stop - start):
        for c in range(z.shape[1]):
            z[i, c] += w[p, c]


@kernel
def sparse_class_sums(data, indices, indptr, start, stop, r, gradient):
    for i in range(start, stop):
        row = r[i - start]
        for k in range(indptr[i], indptr[i + 1]):
            number, of_j = data[k], gradient[indices[k]]
            for c in range(row.size):
                of_j[c] += number * row[c]


@kernel
def add_class_sums(rows, start, stop, r, product, gradient):
    """Gradient += sum of x_i r_i' over some rows; `product` is memory for the block's share."""
    p = gradient.shape[0] - 1
    if len(rows) == 1:
        multiply_transposed_left(rows[0][start:stop], r, product)
        for j in range(p):
            for c in range(r.shape[1]):
                gradient[j, c] += product[j, c]
    else:
        sparse_class_sums(rows[0], rows[1], rows[2], start, stop, r, gradient)
    for i in range(stop - start):
        for c in range(r.shape[1]):
            gradient[p, c] += r[i, c]


@kernel
def class_losses(y, weights, z, probabilities):
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
def class_loss_gradient(rows, y, weights, w, gradient, probabilities):
    """Sum of the multinomial losses over the samples; their gradient is added to `gradient`.

    Parameters
    ----------
    rows : tuple of ndarray
        From :func:`as_rows`.
    y : ndarray of int64 of shape (n_samples,)
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
    step = block_size(rows, CLASS_BLOCK_BYTES)
    z = np.empty((step, w.shape[1]), w.dtype)
    product = np.empty((w.shape[0] - 1 if len(rows) == 1 else 0, w.shape[1]), w.dtype)
    loss = 0.0
    for start in range(0, n, step):
        stop = min(start + step, n)
        block = z[: stop - start]
        class_margins(rows, start, stop, w, block)
        loss += class_losses(y[start:stop], weights[start:stop], block, probabilities[start:stop])
        add_class_sums(rows, start, stop, block, product, gradient)
    return loss


@kernel
def class_hessian_product(rows, weights, probabilities, v, out):
    """Add sum of weight_i x_i (diag(p_i) - p_i p_i') (x_i' v) to `out`; arguments as above, `v` like `w`."""
    n = count_rows(rows)
    step = block_size(rows, CLASS_BLOCK_BYTES)
    z = np.empty((step, v.shape[1]), v.dtype)
    product = np.empty((v.shape[0] - 1 if len(rows) == 1 else 0, v.shape[1]), v.dtype)
    for start in range(0, n, step):
        stop = min(start + step, n)
        block = z[: stop - start]
        class_margins(rows, start, stop, v, block)
        for i in range(block.shape[0]):
            p = probabilities[start + i]
            mean = 0.0
            for c in range(p.size):
                mean += p[c] * block[i, c]
            weight = weights[start + i] if weights.size > 0 else 1.0
            for c in range(p.size):
                block[i, c] = weight * p[c] * (block[i, c] - mean)
        add_class_sums(rows, start, stop, block, product, out)


@kernel
def add_squares(rows, weights, squares):
    """Add sum of weight_i x_ij^2 for each feature j to `squares`."""
    for i in range(count_rows(rows)):
        weight = weights[i] if weights.size > 0 else 1.0
        if len(rows) == 1:
            X = rows[0]
            for j in range(X.shape[1]):
                number = float(X[i, j])
                squares[j] += weight * number * number
        else:
            data, indices, indptr = rows
            for k in range(np.uintp(indptr[i]), np.uintp(indptr[i + 1])):
                number = float(data[k])
                squares[np.uintp(indices[k])] += weight * number * number


def dense_gram(X, h):
    """Sum of h_i (x_i, 1) (x_i, 1)' of shape (n_features + 1, n_features + 1), no h_i being negative; by BLAS."""
    n, p = X.shape
    gram = np.zeros((p + 1, p + 1))
    step = max(GRAM_BYTES // ((p + 1) * X.itemsize), 64)
    for start in range(0, n, step):
        stop = min(start + step, n)
        root = np.sqrt(h[start:stop]).astype(X.dtype)
        block = np.empty((stop - start, p + 1), X.dtype)
        np.multiply(X[start:stop], root[:, None], out=block[:, :p])
        block[:, p] = root
        gram += block.T @ block
    return gram


@kernel
def add_sparse_gram(data, indices, indptr, h, gram):
    """The same for CSR matrices, added to the lower triangle of `gram`."""
    p = gram.shape[0] - 1
    for i in range(indptr.size - 1):
        for k in range(indptr[i], indptr[i + 1]):
            number = h[i] * data[k]
            gram[p, indices[k]] += number
            for other in range(indptr[i], k + 1):
                upper, lower = min(indices[other], indices[k]), max(indices[other], indices[k])
                gram[lower, upper] += number * data[other]
        gram[p, p] += h[i]
