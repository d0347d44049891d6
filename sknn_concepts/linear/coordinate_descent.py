"""Coordinate descent for a second-order model with a lasso: slopes' s + s' H s / 2 + sum of lasso_t abs(w_t + s_t).

The Hessian H is a matrix, or is read from *columns* of samples: a tuple ``(X',)`` of a dense C-contiguous array, or
``(data, indices, indptr)`` of a CSC matrix.
"""

import numpy as np

from sknn_concepts.jit.decorator import kernel
from sknn_concepts.linear.kernels import sparse_dot


@kernel
def threshold(w, slope, curvature, lasso):
    """Minimum over u of slope (u - w) + curvature (u - w)^2 / 2 + lasso abs(u)."""
    u = w - slope / curvature
    shrink = lasso / curvature
    if u > shrink:
        return u - shrink
    return u + shrink if u < -shrink else 0.0


@kernel
def descend(hessian, slopes, w, step, lasso, tol, max_sweeps):
    """Coordinate descent for the model; `slopes` are those at `step` and follow it.

    After each sweep over all parameters come sweeps over those that are not zero. Returns True if no parameter moved by
    more than `tol`, in units of its curvature, in a sweep over all.
    """
    all_of_them = True
    for _ in range(max_sweeps):
        worst = 0.0
        for t in range(w.size):
            before = w[t] + step[t]
            curvature = hessian[t, t]
            if not curvature > 0.0 or not (all_of_them or before != 0.0):
                continue
            move = threshold(before, slopes[t], curvature, lasso[t]) - before
            if move != 0.0:
                step[t] += move
                row = hessian[t]
                for other in range(row.size):
                    slopes[other] += move * row[other]
                worst = max(worst, abs(move) * np.sqrt(curvature))
        if worst <= tol and all_of_them:
            return True
        all_of_them = worst <= tol
    return False


@kernel
def add_slopes(columns, t, change, out):
    """Out += sum of x_i change_i over a column; `change` has one number a sample, or one a sample and class."""
    if len(columns) == 1:
        x = columns[0][t]
        if change.ndim == 1:
            for i in range(x.size):
                out[0] += x[i] * change[i]
        else:
            for i in range(x.size):
                for c in range(out.size):
                    out[c] += x[i] * change[i, c]
    else:
        data, indices, indptr = columns
        start, end = indptr[t], indptr[t + 1]
        if change.ndim == 1:
            out[0] += sparse_dot(data, indices, start, end, change)
        else:
            for k in range(start, end):
                i, number = np.uintp(indices[k]), data[k]
                for c in range(out.size):
                    out[c] += number * change[i, c]


@kernel
def column_margins(columns, v, z):
    """z += x v for the columns of a CSC matrix; z has one number a sample and output."""
    data, indices, indptr = columns
    for t in range(v.shape[0]):
        for c in range(v.shape[1]):
            if v[t, c] != 0.0:
                for k in range(np.uintp(indptr[t]), np.uintp(indptr[t + 1])):
                    z[np.uintp(indices[k]), c] += data[k] * v[t, c]


@kernel
def column_sums(columns, change, out):
    """Out += sum of x_i change_i for each column of a CSC matrix; `change` as for :func:`add_slopes`."""
    for t in range(out.shape[0]):
        add_slopes(columns, t, change, out[t])


@kernel
def move_sample(number, weight, p, c, move, change, slopes):
    """Let the margin of class c of one sample move by number * move."""
    amount = weight * number * move
    for other in range(p.size):
        this = amount * p[other] * ((1.0 if other == c else 0.0) - p[c])
        change[other] += this
        slopes[other] += number * this


@kernel
def move_samples(columns, t, weights, probabilities, c, move, change, slopes):
    """Let a parameter of column t move; `change` follows, and `slopes` of the other classes."""
    if len(columns) == 1:
        x = columns[0][t]
        for i in range(x.size):
            if change.ndim == 1:
                change[i] += x[i] * move
            else:
                move_sample(x[i], weights[i], probabilities[i], c, move, change[i], slopes)
    else:
        data, indices, indptr = columns
        for k in range(np.uintp(indptr[t]), np.uintp(indptr[t + 1])):
            i = np.uintp(indices[k])
            if change.ndim == 1:
                change[i] += data[k] * move
            else:
                move_sample(data[k], weights[i], probabilities[i], c, move, change[i], slopes)


@kernel
def add_column_curvatures(columns, weights, probabilities, diagonal):
    """Diagonal += sum over the samples of their curvatures times x_it^2, for each column t and output."""
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


@kernel
def add_curvature(number, weights, probabilities, i, out):
    """The same for one number of sample i."""
    if probabilities.ndim == 1:
        out[0] += number * number
    else:
        square = weights[i] * number * number
        for c in range(out.size):
            p = probabilities[i, c]
            out[c] += square * p * (1.0 - p)


@kernel
def descend_columns(
    columns, weights, probabilities, change, slopes, w, step, diagonal, ridge, lasso, tol, max_sweeps
):  # fmt: skip
    """The same, the Hessian being read from columns of samples.

    Parameters
    ----------
    columns : tuple of ndarray
        ``(X',)`` of a dense array, or ``(data, indices, indptr)`` of a CSC matrix.
    weights : ndarray of shape (n_samples,)
        Weights of the samples; empty if there is one output, the columns then being times the roots of the curvatures.
    probabilities : ndarray of shape (n_samples, n_outputs)
        One-dimensional and empty if there is one output.
    change : ndarray of shape (n_samples, n_outputs) or (n_samples,)
        How `step` changes the samples' weighted residuals; divided by those roots if there is one output.
    slopes, w, step, diagonal, ridge, lasso : ndarray of shape (n_columns, n_outputs)
        Gradient without the step; parameters; step; diagonal of the Hessian; penalties.
    tol : float
    max_sweeps : int
    """
    at = np.empty(w.shape[1])
    all_of_them = True
    for _ in range(max_sweeps):
        worst = 0.0
        for t in range(w.shape[0]):
            wanted = all_of_them
            for c in range(at.size):
                wanted = wanted or w[t, c] + step[t, c] != 0.0
                at[c] = slopes[t, c] + ridge[t, c] * step[t, c]
            if not wanted:
                continue
            add_slopes(columns, t, change, at)
            for c in range(at.size):
                curvature = diagonal[t, c]
                before = w[t, c] + step[t, c]
                if not curvature > 0.0:
                    continue
                move = threshold(before, at[c], curvature, lasso[t, c]) - before
                if move != 0.0:
                    step[t, c] += move
                    at[c] += ridge[t, c] * move
                    move_samples(columns, t, weights, probabilities, c, move, change, at)
                    worst = max(worst, abs(move) * np.sqrt(curvature))
        if worst <= tol and all_of_them:
            return True
        all_of_them = worst <= tol
    return False
