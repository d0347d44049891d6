"""Logistic regression with a lasso: proximal Newton steps by coordinate descent over a working set of features.

Each step minimizes the second-order model of the loss plus the penalty over the features that matter now (newGLMNET:
Yuan, Ho and Lin, JMLR 13, 2012; working sets as in Massias, Gramfort and Salmon, ICML 2018), then searches along the
line to that minimum. The model is held as a matrix where that is cheap, as for a few dense features of many samples;
otherwise coordinate descent reads the columns of the samples.
"""

import numpy as np
import scipy.sparse
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from sknn_concepts.linear.coordinate_descent import (
    add_column_curvatures,
    column_margins,
    column_sums,
    descend,
    descend_columns,
)
from sknn_concepts.linear.newton_lbfgs import NORM, Solution, check_start, dot
from sknn_concepts.linear.rows import read_only

#: Largest working set, in parameters, whose Hessian is held as a matrix.
MATRIX_LIMIT = 2048
#: Smallest working set, in features.
WORKING_SET = 256
#: Turns of coordinate descent and linear systems in one Newton step.
TURNS = 20
NOTHING = np.empty(0)


def proximal_newton(objective, theta, tol, max_iter, report=None):
    """Minimize an objective with a lasso.

    Parameters
    ----------
    objective : LogisticObjective
        What to minimize.
    theta : ndarray of shape (n_parameters,)
        Where to start.
    tol : float
        What the largest violation of the optimality conditions may be; the norm of all violations, in units in which
        the Hessian has a unit diagonal, may be a tenth of it.
    max_iter : int
        Newton steps at most.
    report : callable, optional
        Called after each iteration with its number, the value and the largest violation.

    Returns
    -------
    solution : Solution
    """
    lasso = np.broadcast_to(objective.lasso, objective.shape).ravel()
    scales = np.sqrt(objective.diagonal())
    probabilities = np.empty((objective.y.size, objective.n_outputs))
    trial = np.empty_like(probabilities)
    value, gradient = objective.value_gradient(theta, probabilities)
    value += dot(lasso, np.abs(theta))
    check_start(value, gradient)
    n_iter, largest, norm = 0, np.inf, np.inf
    every = objective.spacing(objective.shape[0])
    try:
        while True:
            violations = _violations(theta, gradient, lasso)
            largest, scaled = violations.max(), violations / scales
            before, norm = norm, np.sqrt(dot(scaled, scaled))
            over = largest <= tol and norm <= NORM * tol
            if over or n_iter == max_iter:
                return Solution(theta, n_iter, over, largest)
            if norm > 0.5 * before:  # too slow: more samples for the next model
                every = max(every // 4, 1)
            features = _working_set(theta.reshape(objective.shape), scaled.reshape(objective.shape))
            places = objective.places(features)
            model = _model(objective, features, probabilities, every)
            step = np.zeros_like(theta)
            step[places] = model.minimize(theta[places], gradient[places], lasso[places], 0.1 * scaled.max())
            promise = dot(gradient, step) + dot(lasso, np.abs(theta + step) - np.abs(theta))
            length = 1.0
            while True:
                new = theta + length * step
                new_value, new_gradient = objective.value_gradient(new, trial)
                new_value += dot(lasso, np.abs(new))
                if new_value <= value + 1e-3 * length * promise:
                    break
                length *= 0.5
                if not -length * promise > objective.rounding * abs(value):  # rounding hides any further decrease
                    return Solution(theta, n_iter, True, largest)
            theta, value, gradient = new, new_value, new_gradient
            probabilities, trial = trial, probabilities
            n_iter += 1
            if report is not None:
                report(n_iter, value, largest)
    except KeyboardInterrupt:
        return Solution(theta, n_iter, False, largest, True)


def _violations(theta, gradient, lasso):
    """Magnitude of the subgradient that is nearest to zero, for each parameter."""
    at_zero = np.maximum(np.abs(gradient) - lasso, 0.0)
    return np.where(theta != 0.0, np.abs(gradient + lasso * np.sign(theta)), at_zero)


def _working_set(w, violations):
    """Features that are in use, or whose violations are the largest; at most three times as many as are in use."""
    used = w[:-1].any(axis=1)
    worst = violations[:-1].max(axis=1)
    worst[used] = 0.0
    candidates = np.flatnonzero(worst)
    room = max(WORKING_SET, 2 * np.count_nonzero(used))
    if len(candidates) > room:
        candidates = candidates[np.argpartition(-worst[candidates], room)[:room]]
    chosen = np.sort(np.concatenate([np.flatnonzero(used), candidates]))
    return chosen if len(chosen) < 0.9 * len(used) else np.arange(len(used))  # all of them need not be copied


def _model(objective, features, probabilities, every):
    """Second-order model over some features and the intercept, held as suits their number.

    A matrix over dense features is estimated from every so many-th sample.
    """
    small = (len(features) + 1) * objective.n_outputs <= MATRIX_LIMIT
    if len(objective.rows) == 1:
        part = objective.thinned(every) if small else objective
        X = part.rows[0]
        if len(features) < X.shape[1]:
            X = np.ascontiguousarray(X[:, features])
        if small:
            return _MatrixModel(part.over(X, features), np.ascontiguousarray(probabilities[:: part.every]))
    else:
        X = objective.columns[:, features]
        if small and _is_cheap(X, objective.n_outputs):
            return _MatrixModel(objective.over(X.tocsr(), features), probabilities)
    return _ColumnModel(objective, features, X, probabilities)


def _is_cheap(X, n_outputs):
    """Whether the Hessian over columns of a CSC matrix takes no more work than some sweeps of coordinate descent."""
    in_row = np.bincount(X.indices, minlength=X.shape[0]).astype(float)
    return np.sum(in_row**2) * (n_outputs + 1) / 4 <= 20 * X.nnz


class _Model:
    """Second-order model of a smooth objective with a lasso, around some parameters.

    It is minimized by turns: coordinate descent finds which parameters are zero and what signs the others have; on that
    face the minimum solves a linear system. A step that would change signs is cut back (Bertsekas, SIAM Journal on
    Control and Optimization 20, 1982).
    """

    def minimize(self, w, slopes, lasso, tol):
        """Step from parameters `w`, where the gradient is `slopes`, to the minimum: ndarray of shape (size,)."""
        step = np.zeros_like(w)
        for _ in range(TURNS):
            if self.descend(w, slopes, lasso, step, tol):
                break
            for _ in range(self.faces):
                step, whole = self._to_minimum_of_face(w, slopes, lasso, step)
                if whole:
                    break
        return step

    def _to_minimum_of_face(self, w, slopes, lasso, step):
        """Go towards the minimum for the present signs, and say whether it was reached."""
        here = w + step
        at_step = slopes + self.product(step)
        penalized = lasso > 0.0
        move = self.solve((here != 0.0) | ~penalized, -(at_step + lasso * np.sign(here)))
        flips = penalized & (here * (here + move) < 0.0)
        if not flips.any():
            return step + move, True
        there = np.where(flips, 0.0, here + move)
        if self._value(w, slopes, lasso, there - w) < self._value(w, slopes, lasso, step):
            return there - w, False
        first = np.min(here[flips] / -move[flips])  # the way to the first parameter that gets zero goes downhill
        there = here + first * move
        there[flips & (here / -np.where(flips, move, 1.0) <= first)] = 0.0
        return there - w, False

    def _value(self, w, slopes, lasso, step):
        return dot(slopes + 0.5 * self.product(step), step) + dot(lasso, np.abs(w + step))


class _MatrixModel(_Model):
    """The model with its Hessian as a matrix: a sweep costs little, a face the factors of a matrix."""

    sweeps, faces = 100, 5

    def __init__(self, part, probabilities):
        self.hessian = part.hessian(probabilities)

    def product(self, step):
        return self.hessian @ step

    def descend(self, w, slopes, lasso, step, tol):
        return descend(self.hessian, slopes + self.product(step), w, step, lasso, 0.1 * tol, self.sweeps)

    def solve(self, free, target):
        kept = np.flatnonzero(free)
        matrix = self.hessian[np.ix_(kept, kept)]
        matrix[np.diag_indices(len(kept))] *= 1.0 + 1e-12
        move = np.zeros_like(target)
        try:
            factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
            move[kept] = cho_solve(factor, target[kept], check_finite=False)
        except LinAlgError:  # dependent features: coordinate descent goes on alone
            pass
        return move


class _ColumnModel(_Model):
    """The model with its Hessian read from the columns of some features.

    The curvature of a sample is a number if there is one output: its root is in the columns.
    """

    sweeps, faces, cg_steps = 20, 1, 50

    def __init__(self, objective, features, X, probabilities):
        self.objective, self.probabilities = objective, probabilities
        n_outputs = objective.n_outputs
        if n_outputs == 1:
            self.columns = _as_columns(X, np.sqrt(objective.curvatures(probabilities) / objective.total_weight))
            self.samples = NOTHING, NOTHING
        else:
            self.columns = _as_columns(X, np.ones(X.shape[0]))
            weights = objective.weights if objective.weights.size else np.ones(X.shape[0])
            self.samples = weights / objective.total_weight, probabilities
        self.ridge = np.repeat(objective.ridge[np.append(features, objective.shape[0] - 1)], n_outputs, axis=1)
        self.diagonal = np.zeros(self.ridge.shape)
        add_column_curvatures(self.columns, *self.samples, self.diagonal)
        self.diagonal += self.ridge
        if not objective.intercept:
            self.diagonal[-1] = 0.0  # it stays where it is

    def product(self, step):
        change, product = self._residual_changes(step), self.ridge * step.reshape(self.ridge.shape)
        if len(self.columns) == 1:
            X = self.columns[0]
            product += X @ change.reshape(len(change), -1).astype(X.dtype, copy=False)
        else:
            column_sums(self.columns, change, product)
        if not self.objective.intercept:
            product[-1] = 0.0
        return product.ravel()

    def _residual_changes(self, step):
        v = step.reshape(self.ridge.shape)
        if len(self.columns) == 1:
            margins = self.columns[0].T @ v.astype(self.columns[0].dtype, copy=False)
        else:
            margins = np.zeros((self.objective.y.size, v.shape[1]))
            column_margins(self.columns, v, margins)
        if self.objective.n_outputs == 1:
            return margins[:, 0]
        return self.objective.residual_changes(margins, self.probabilities)

    def descend(self, w, slopes, lasso, step, tol):
        change = self._residual_changes(step)
        slopes, w, step, lasso = (array.reshape(self.diagonal.shape) for array in (slopes, w, step, lasso))
        return descend_columns(
            self.columns, *self.samples, change, slopes, w, step, self.diagonal, self.ridge, lasso, tol, self.sweeps
        )

    def solve(self, free, target):
        """Conjugate gradients, scaled by the diagonal."""
        diagonal = np.where(free & (self.diagonal.ravel() > 0.0), self.diagonal.ravel(), np.inf)
        move, residual = np.zeros_like(target), np.where(free, target, 0.0)
        along = residual / diagonal
        rho = start = dot(residual, along)
        for _ in range(self.cg_steps):
            product = np.where(free, self.product(along), 0.0)
            curvature = dot(along, product)
            if not curvature > 0.0:
                break
            move += rho / curvature * along
            residual -= rho / curvature * product
            scaled = residual / diagonal
            before, rho = rho, dot(residual, scaled)
            if rho <= 1e-3 * start:
                break
            along = scaled + rho / before * along
        return move


def _as_columns(X, factors):
    """Read-only arrays of the columns of X, dense or CSC, and of the intercept's ones, the samples times factors."""
    n, factors = X.shape[0], factors.astype(X.dtype, copy=False)
    if not scipy.sparse.issparse(X):
        columns = np.empty((X.shape[1] + 1, n), X.dtype)
        columns[:-1], columns[-1] = X.T, 1.0
        columns *= factors
        return (read_only(columns),)
    data = np.concatenate([X.data * factors[X.indices], factors])
    indices = np.concatenate([X.indices, np.arange(n, dtype=X.indices.dtype)])
    indptr = np.append(X.indptr, X.indptr[-1] + n).astype(X.indptr.dtype)
    return tuple(read_only(array) for array in (data, indices, indptr))
