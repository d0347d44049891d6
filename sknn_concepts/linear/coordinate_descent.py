"""Coordinate descent for a second-order model with a lasso: g' s + s' H s / 2 + sum of lasso_t abs(w_t + s_t).

Here g is the gradient at the parameters w, and s a step from them. The Hessian H is a matrix, or is read from *columns*
of samples: a tuple ``(X',)`` of a dense C-contiguous array, or ``(data, indices, indptr)`` of a CSC matrix.
"""

import numpy as np

from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.views import part
from sknn_concepts.linear.rows import add_sparse_row, sparse_dot


@kernel(internal=True)
def soft_threshold(w, gradient, curvature, lasso):
    """Return the u that minimizes gradient (u - w) + curvature (u - w)^2 / 2 + lasso abs(u)."""
    u = w - gradient / curvature
    shrinkage = lasso / curvature
    if u > shrinkage:
        return u - shrinkage
    return u + shrinkage if u < -shrinkage else 0.0


@kernel
def descend_matrix(hessian, gradient, w, step, lasso, tol, max_sweeps):
    """Minimize the model by coordinate descent; `gradient` is that of its smooth part at `step`, and follows it.

    After each sweep over all parameters come sweeps over those that are not zero. Returns True if no parameter moved by
    more than `tol`, in units of its curvature, in a sweep over all.
    """
    over_all = True
    for _ in range(max_sweeps):
        largest = 0.0
        for t in range(w.size):
            before = w[t] + step[t]
            curvature = hessian[t, t]
            if not curvature > 0.0 or not (over_all or before != 0.0):
                continue
            move = soft_threshold(before, gradient[t], curvature, lasso[t]) - before
            if move != 0.0:
                step[t] += move
                row = hessian[t]
                for other in range(row.size):
                    gradient[other] += move * row[other]
                largest = max(largest, abs(move) * np.sqrt(curvature))
        if largest <= tol and over_all:
            return True
        over_all = largest <= tol
    return False


@kernel
def take_columns(data, indices, indptr, features, factors, out_data, out_indices, out_indptr):
    """Copy the columns of some features of a CSC matrix, each sample multiplied by its factor.

    `out_indptr` tells where each of them begins in the other outputs.
    """
    for t in range(features.size):
        start, end, first = indptr[features[t]], indptr[features[t] + 1], np.uintp(out_indptr[t])
        x, at = part(data, start, end), part(indices, start, end)
        for k in range(x.size):
            out_indices[first + np.uintp(k)] = at[k]
            out_data[first + np.uintp(k)] = x[k] * factors[np.uintp(at[k])]


@kernel(internal=True)
def column_dot(columns, t, change):
    """Return the sum of x_i change_i over column t."""
    if len(columns) == 1:
        x, total = columns[0][t], 0.0
        for i in range(x.size):
            total += x[i] * change[i]
        return total
    data, indices, indptr = columns
    return sparse_dot(data, indices, indptr[t], indptr[t + 1], change)


@kernel(internal=True)
def add_column(columns, t, move, change):
    """Add `move` times column t to `change`."""
    if len(columns) == 1:
        x = columns[0][t]
        for i in range(x.size):
            change[i] += x[i] * move
    else:
        data, indices, indptr = columns
        x, at = part(data, indptr[t], indptr[t + 1]), part(indices, indptr[t], indptr[t + 1])
        for k in range(x.size):
            change[np.uintp(at[k])] += x[k] * move


@kernel(internal=True)
def add_column_gradient(columns, t, change, out):
    """Add the sum of x_i change_i over column t to `out`; `change` has one number a sample and class."""
    if len(columns) == 1:
        x = columns[0][t]
        for i in range(x.size):
            for c in range(out.size):
                out[c] += x[i] * change[i, c]
    else:
        data, indices, indptr = columns
        add_sparse_row(data, indices, indptr[t], indptr[t + 1], change, out)


@kernel(internal=True)
def move_sample(number, weight, p, c, move, change, gradient):
    """Let the margin of class c of one sample move by number * move."""
    amount = weight * number * move
    for other in range(p.size):
        this = amount * p[other] * ((1.0 if other == c else 0.0) - p[c])
        change[other] += this
        gradient[other] += number * this


@kernel(internal=True)
def move_samples(columns, t, weights, probabilities, c, move, change, gradient):
    """Let the parameter of column t and class c move; `change`, and `gradient` for all classes, follow."""
    if len(columns) == 1:
        x = columns[0][t]
        for i in range(x.size):
            move_sample(x[i], weights[i], probabilities[i], c, move, change[i], gradient)
    else:
        data, indices, indptr = columns
        for k in range(np.uintp(indptr[t]), np.uintp(indptr[t + 1])):
            i = np.uintp(indices[k])
            move_sample(data[k], weights[i], probabilities[i], c, move, change[i], gradient)


@kernel
def add_column_curvatures(columns, weights, probabilities, diagonal):
    """Add the sum over the samples of their curvatures times x_it^2 to `diagonal`, for each column t and output."""
    for t in range(diagonal.shape[0]):
        if len(columns) == 1:
            x = columns[0][t]
            for i in range(x.size):
                add_curvature(x[i], weights, probabilities, i, diagonal[t])
        else:
            data, indices, indptr = columns
            for k in range(np.uintp(indptr[t]), np.uintp(indptr[t + 1])):
                i = np.uintp(indices[k])
                add_curvature(data[k], weights, probabilities, i, diagonal[t])


@kernel(internal=True)
def add_curvature(number, weights, probabilities, i, out):
    """Add the curvatures of sample i times the square of one of its numbers to `out`."""
    if probabilities.ndim == 1:
        out[0] += number * number
    else:
        square = weights[i] * number * number
        for c in range(out.size):
            p = probabilities[i, c]
            out[c] += square * p * (1.0 - p)


@kernel
def descend_columns(columns, change, gradient, w, step, diagonal, ridge, lasso, tol, max_sweeps):
    """Minimize the model of one output as :func:`descend_matrix` does, reading the Hessian from columns of samples.

    The columns hold the roots of the samples' curvatures as factors, and `change` is that of the weighted residuals by
    the step, divided by them. `gradient` is that without the step, and `diagonal` that of the Hessian.
    """
    over_all = True
    for _ in range(max_sweeps):
        largest = 0.0
        for t in range(w.size):
            before, curvature = w[t] + step[t], diagonal[t]
            if not curvature > 0.0 or not (over_all or before != 0.0):
                continue
            gradient_t = gradient[t] + ridge[t] * step[t] + column_dot(columns, t, change)
            move = soft_threshold(before, gradient_t, curvature, lasso[t]) - before
            if move != 0.0:
                step[t] += move
                add_column(columns, t, move, change)
                largest = max(largest, abs(move) * np.sqrt(curvature))
        if largest <= tol and over_all:
            return True
        over_all = largest <= tol
    return False


@kernel
def descend_classes(
    columns, weights, probabilities, change, gradient, w, step, diagonal, ridge, lasso, tol, max_sweeps
):  # fmt: skip
    """Minimize the model of several classes as :func:`descend_columns` does that of one output.

    The columns have no factors: `weights` are those of the samples. The arrays `gradient`, `w`, `step`, `diagonal` and
    the penalties have shape (n_columns, n_classes). `probabilities` and `change`, that of the samples' weighted
    residuals by the step, have shape (n_samples, n_classes).
    """
    gradient_t = np.empty(w.shape[1])
    over_all = True
    for _ in range(max_sweeps):
        largest = 0.0
        for t in range(w.shape[0]):
            visited = over_all
            for c in range(gradient_t.size):
                visited = visited or w[t, c] + step[t, c] != 0.0
                gradient_t[c] = gradient[t, c] + ridge[t, c] * step[t, c]
            if not visited:
                continue
            add_column_gradient(columns, t, change, gradient_t)
            for c in range(gradient_t.size):
                curvature = diagonal[t, c]
                before = w[t, c] + step[t, c]
                if not curvature > 0.0:
                    continue
                move = soft_threshold(before, gradient_t[c], curvature, lasso[t, c]) - before
                if move != 0.0:
                    step[t, c] += move
                    gradient_t[c] += ridge[t, c] * move
                    move_samples(columns, t, weights, probabilities, c, move, change, gradient_t)
                    largest = max(largest, abs(move) * np.sqrt(curvature))
        if largest <= tol and over_all:
            return True
        over_all = largest <= tol
    return False
