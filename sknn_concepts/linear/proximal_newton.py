"""Logistic regression with a lasso: proximal Newton steps by coordinate descent over a working set of features.

Each step minimizes the second-order model of the loss plus the penalty over the features that matter now (newGLMNET:
Yuan, Ho and Lin, JMLR 13, 2012; working sets as in Massias, Gramfort and Salmon, ICML 2018), then searches along the
line to that minimum. The Hessian of the model is a matrix where that is cheap, as for a few dense features of many
samples; otherwise coordinate descent reads the columns of the samples.
"""

import numpy as np
import scipy.sparse
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from sknn_concepts.linear.coordinate_descent import (
    add_column_curvatures,
    descend_classes,
    descend_columns,
    descend_matrix,
    take_columns,
)
from sknn_concepts.linear.iterations import (
    SCALED_NORM_PER_TOL,
    Solution,
    backtrack,
    check_start,
    conjugate_gradients,
    dot,
    norm,
)
from sknn_concepts.linear.rows import add_sparse_product, add_sparse_transposed_product, read_only

#: Largest working set, in parameters, whose Hessian is computed as a matrix.
MAX_MATRIX_PARAMETERS = 2048
#: Ratio of the entries of the Hessian to those of sparse samples up to which it is computed as a matrix.
MAX_MATRIX_SWEEP_COST = 8
#: Smallest working set, in features.
MIN_WORKING_SET_FEATURES = 256
#: Times that coordinate descent and linear systems take turns in one Newton step.
MAX_ALTERNATIONS = 20


def proximal_newton(objective, theta, tol, max_iter, report=None):
    """Minimize an objective with a lasso by up to `max_iter` Newton steps; return a :class:`Solution`.

    The largest violation of the optimality conditions is at most `tol` at the end, and the norm of all violations, in
    units in which the Hessian has a unit diagonal, at most a tenth of `tol`. ``report(n_iter, value,
    largest_violation, theta)`` is called after each step.
    """
    lasso = np.broadcast_to(objective.lasso, objective.shape).ravel()
    scales = np.sqrt(objective.diagonal_bound())
    probabilities = np.empty((objective.y.size, objective.n_outputs))
    trial = np.empty_like(probabilities)
    value, gradient = objective.value_gradient(theta, probabilities)
    value += dot(lasso, np.abs(theta))
    check_start(value, gradient)
    n_iter, largest, scaled_norm = 0, np.inf, np.inf
    spacing = objective.gram_spacing(objective.shape[0])

    def evaluate(end):
        smooth, its_gradient = objective.value_gradient(end, trial)
        return smooth + dot(lasso, np.abs(end)), its_gradient

    def is_accepted(length, new_value, _):
        return new_value <= value + 1e-3 * length * expected

    def is_too_short(length):
        return not -length * expected > objective.rounding * abs(value)

    try:
        while True:
            violations = _violations(theta, gradient, lasso)
            largest, scaled = violations.max(), violations / scales
            before, scaled_norm = scaled_norm, norm(scaled)
            over = largest <= tol and scaled_norm <= SCALED_NORM_PER_TOL * tol
            if over or n_iter == max_iter:
                return Solution(theta, n_iter, over, largest)
            if scaled_norm > 0.5 * before:  # too slow: more samples for the next model
                spacing = max(spacing // 4, 1)
            features = _working_set(theta.reshape(objective.shape), scaled.reshape(objective.shape))
            free = objective.parameter_indices(features)
            model = _make_model(objective, features, probabilities, spacing)
            step = np.zeros_like(theta)
            step[free] = model.minimize(theta[free], gradient[free], lasso[free], model.precision * scaled.max())
            expected = dot(gradient, step) + dot(lasso, np.abs(theta + step) - np.abs(theta))
            found = backtrack(evaluate, theta, step, is_accepted, is_too_short)
            if found is None:
                return Solution(theta, n_iter, True, largest)
            theta, value, gradient = found
            probabilities, trial = trial, probabilities
            n_iter += 1
            if report is not None:
                report(n_iter, value, largest, theta)
    except KeyboardInterrupt:
        return Solution(theta, n_iter, False, largest, True)


def _violations(theta, gradient, lasso):
    """Magnitude of the subgradient that is nearest to zero, for each parameter."""
    at_zero = np.maximum(np.abs(gradient) - lasso, 0.0)
    return np.where(theta != 0.0, np.abs(gradient + lasso * np.sign(theta)), at_zero)


def _working_set(w, violations):
    """Features that are in use, or whose violations are the largest; at most three times as many as are in use."""
    used = w[:-1].any(axis=1)
    largest = violations[:-1].max(axis=1)
    largest[used] = 0.0
    candidates = np.flatnonzero(largest)
    room = max(MIN_WORKING_SET_FEATURES, 2 * np.count_nonzero(used))
    if len(candidates) > room:
        candidates = candidates[np.argpartition(-largest[candidates], room)[:room]]
    chosen = np.sort(np.concatenate([np.flatnonzero(used), candidates]))
    return chosen if len(chosen) < 0.9 * len(used) else np.arange(len(used))  # all of them need not be copied


def _make_model(objective, features, probabilities, spacing):
    """Second-order model over some features and the intercept, of the kind that suits their number.

    A matrix over dense features is estimated from samples of some spacing.
    """
    small = (len(features) + 1) * objective.n_outputs <= MAX_MATRIX_PARAMETERS
    if small and len(objective.rows) == 1:
        sample = objective.subsample(spacing)
        X = sample.rows[0]
        X = X if len(features) == X.shape[1] else np.ascontiguousarray(X[:, features])
        return _MatrixModel(sample.restricted_to(features, X), np.ascontiguousarray(probabilities[:: sample.spacing]))
    if small:
        X = objective.columns[:, features]
        if _is_cheap(X, objective.n_outputs):
            return _MatrixModel(objective.restricted_to(features, X.tocsr()), probabilities)
    return _ColumnModel(objective, features, probabilities)


def _is_cheap(X, n_outputs):
    """Whether the Hessian over columns of a CSC matrix, and what is done with it, take little work.

    Its computation must not take more than some sweeps of coordinate descent over the columns, and it must not have
    many more entries than the columns, because each sweep reads it.
    """
    if (X.shape[1] * n_outputs) ** 2 > MAX_MATRIX_SWEEP_COST * X.nnz * n_outputs:
        return False
    in_row = np.bincount(X.indices, minlength=X.shape[0]).astype(float)
    return np.sum(in_row**2) * (n_outputs + 1) / 4 <= 20 * X.nnz


class _Model:
    """Second-order model of a smooth objective with a lasso, around some parameters.

    It is minimized in turns: coordinate descent finds which parameters are zero and what signs the others have; on that
    face the minimum solves a linear system. A step that would change signs is shortened (Bertsekas, SIAM Journal on
    Control and Optimization 20, 1982).

    Attributes
    ----------
    max_sweeps, max_faces : int
        Sweeps of coordinate descent, and faces, in one turn.
    precision : float
        Largest move of a parameter in the last sweep, as a share of the largest violation before the step: the less a
        sweep costs, the closer to the minimum of the model it pays to go.
    """

    max_sweeps: int
    max_faces: int
    precision: float

    def minimize(self, w, gradient, lasso, tol):
        """Step from parameters `w`, where the gradient is known, to the minimum: ndarray of shape (size,)."""
        step = np.zeros_like(w)
        for _ in range(MAX_ALTERNATIONS):
            if self.descend(w, gradient, lasso, step, tol):
                break
            for _ in range(self.max_faces):
                step, arrived = self._to_minimum_of_face(w, gradient, lasso, step)
                if arrived:
                    break
        return step

    def _to_minimum_of_face(self, w, gradient, lasso, step):
        """Go towards the minimum for the present signs, and say whether it was reached."""
        here = w + step
        gradient_here = gradient + self.product(step)
        penalized = lasso > 0.0
        move = self.solve((here != 0.0) | ~penalized, -(gradient_here + lasso * np.sign(here)))
        flips = penalized & (here * (here + move) < 0.0)
        if not flips.any():
            return step + move, True
        there = np.where(flips, 0.0, here + move)
        if self._value(w, gradient, lasso, there - w) < self._value(w, gradient, lasso, step):
            return there - w, False
        first = np.min(here[flips] / -move[flips])  # the model decreases until the first parameter becomes zero
        there = here + first * move
        there[flips & (here / -np.where(flips, move, 1.0) <= first)] = 0.0
        return there - w, False

    def _value(self, w, gradient, lasso, step):
        return dot(gradient + 0.5 * self.product(step), step) + dot(lasso, np.abs(w + step))


class _MatrixModel(_Model):
    """The model with its Hessian as a matrix: a sweep costs little, a face the factors of a matrix."""

    max_sweeps, max_faces, precision = 100, 5, 0.1

    def __init__(self, objective, probabilities):
        self.hessian = objective.hessian(probabilities)

    def product(self, step):
        return self.hessian @ step

    def descend(self, w, gradient, lasso, step, tol):
        at_step = gradient + self.product(step)
        return descend_matrix(self.hessian, at_step, w, step, lasso, 0.1 * tol, self.max_sweeps)

    def solve(self, free, target):
        """Solve for the free parameters by the factors of a matrix."""
        indices = np.flatnonzero(free)
        matrix = self.hessian[np.ix_(indices, indices)]
        matrix[np.diag_indices(len(indices))] *= 1.0 + 1e-12
        move = np.zeros_like(target)
        try:
            factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
            move[indices] = cho_solve(factor, target[indices], check_finite=False)
        except LinAlgError:  # dependent features: coordinate descent goes on alone
            pass
        return move


class _ColumnModel(_Model):
    """The model with its Hessian read from the columns of some features.

    If there is one output, the curvature of a sample is a number: its root is a factor of the columns.
    """

    max_sweeps, max_faces, max_cg_steps, precision = 20, 1, 50, 0.3

    def __init__(self, objective, features, probabilities):
        self.objective, self.probabilities = objective, probabilities
        n_outputs = objective.n_outputs
        X = objective.rows[0] if len(objective.rows) == 1 else objective.columns
        if n_outputs == 1:
            self.columns = _as_columns(
                X, features, np.sqrt(objective.curvatures(probabilities) / objective.total_weight)
            )
            self.samples = np.empty(0), np.empty(0)
        else:
            self.columns = _as_columns(X, features, np.ones(X.shape[0]))
            weights = objective.weights if objective.weights.size else np.ones(X.shape[0])
            self.samples = weights / objective.total_weight, probabilities
        self.ridge = np.repeat(objective.ridge[np.append(features, objective.shape[0] - 1)], n_outputs, axis=1)
        self.diagonal = np.zeros(self.ridge.shape)
        add_column_curvatures(self.columns, *self.samples, self.diagonal)
        self.diagonal += self.ridge
        if not objective.fit_intercept:
            self.diagonal[-1] = 0.0  # it stays where it is

    def product(self, step):
        change, product = self._residual_changes(step), self.ridge * step.reshape(self.ridge.shape)
        change = change.reshape(len(change), -1)
        if len(self.columns) == 1:
            X = self.columns[0]
            product += X @ change.astype(X.dtype, copy=False)
        else:
            add_sparse_product(*self.columns, 0, len(product), change, product)
        if not self.objective.fit_intercept:
            product[-1] = 0.0
        return product.ravel()

    def _residual_changes(self, step):
        v = step.reshape(self.ridge.shape)
        if len(self.columns) == 1:
            margins = self.columns[0].T @ v.astype(self.columns[0].dtype, copy=False)
        else:
            margins = np.zeros((self.objective.y.size, v.shape[1]))
            add_sparse_transposed_product(*self.columns, 0, len(v), v, margins)
        if self.objective.n_outputs == 1:
            return margins[:, 0]
        return self.objective.residual_changes(margins, self.probabilities)

    def descend(self, w, gradient, lasso, step, tol):
        change = self._residual_changes(step)
        arrays = gradient, w, step, self.diagonal, self.ridge, lasso
        if change.ndim == 1:
            arrays = (array.reshape(-1) for array in arrays)
            return descend_columns(self.columns, change, *arrays, tol, self.max_sweeps)
        arrays = (array.reshape(self.diagonal.shape) for array in arrays)
        return descend_classes(self.columns, *self.samples, change, *arrays, tol, self.max_sweeps)

    def solve(self, free, target):
        """Solve for the free parameters by conjugate gradients, roughly."""
        diagonal = self.diagonal.ravel()
        free = free & (diagonal > 0.0)
        return conjugate_gradients(
            lambda v: np.where(free, self.product(v), 0.0),
            np.where(free, target, 0.0),
            np.where(free, diagonal, 1.0),
            self.max_cg_steps,
            lambda start, now: now <= 1e-2 * start,
        )


def _as_columns(X, features, factors):
    """Read-only columns of some features of X, dense or CSC, and of ones for the intercept.

    Each sample is multiplied by its factor.
    """
    n, factors = X.shape[0], factors.astype(X.dtype, copy=False)
    if not scipy.sparse.issparse(X):
        columns = np.empty((len(features) + 1, n), X.dtype)
        columns[:-1], columns[-1] = X.T if len(features) == X.shape[1] else X.T[features], 1.0
        columns *= factors
        return (read_only(columns),)
    indptr = np.concatenate([[0], np.cumsum(np.append(np.diff(X.indptr)[features], n))]).astype(X.indptr.dtype)
    data, indices = np.empty(indptr[-1], X.dtype), np.empty(indptr[-1], X.indices.dtype)
    take_columns(X.data, X.indices, X.indptr, features, factors, data, indices, indptr)
    data[-n:], indices[-n:] = factors, np.arange(n)
    return tuple(read_only(array) for array in (data, indices, indptr))
