"""Logistic regression with a lasso: proximal Newton steps by coordinate descent over a working set of features.

Each step minimizes the second-order model of the loss plus the penalty over the features that matter now (newGLMNET: Yuan,
Ho and Lin, JMLR 13, 2012; working sets as in Massias, Gramfort and Salmon, ICML 2018), then searches along the line to that
minimum. The model is held as a matrix where that is cheap, as in a few dense features over many samples; otherwise
coordinate descent reads the columns of the samples.
"""

import numpy as np
import scipy.sparse
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from sknn_concepts.engine import linear
from sknn_concepts.engine.smooth import NORM, Solution, dot
from sknn_concepts.ground.jit import kernel

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
    theta : ndarray of shape (n_parameters,)
        Where to start.
    tol : float
        What the largest violation of the optimality conditions may be, and the norm of all violations in units in which
        the Hessian has a unit diagonal.
    max_iter : int
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
    samples = _Samples(objective)
    value, gradient = objective.value_gradient(theta, probabilities)
    value += dot(lasso, np.abs(theta))
    n_iter, largest = 0, np.inf
    try:
        while True:
            violations = _violations(theta, gradient, lasso)
            largest, scaled = violations.max(), violations / scales
            over = largest <= tol and np.sqrt(dot(scaled, scaled)) <= NORM * tol
            if over or n_iter == max_iter:
                return Solution(theta, n_iter, over, largest)
            features = _working_set(theta.reshape(objective.shape), scaled.reshape(objective.shape))
            places = objective.places(features)
            model = samples.model(features, probabilities)
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
                if -length * promise <= objective.rounding * abs(value):  # rounding hides any further decrease
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
    return np.sort(np.concatenate([np.flatnonzero(used), candidates]))


class _Samples:
    """The samples, ready for some of their columns to be taken."""

    def __init__(self, objective):
        self.objective = objective
        self._columns = None

    def model(self, features, probabilities):
        """Second-order model over some features and the intercept, held as suits their number."""
        rows, columns = self._take(features)
        part = self.objective.over(rows, features)
        if (len(features) + part.intercept) * part.n_outputs <= MATRIX_LIMIT and _is_cheap(rows, part.n_outputs):
            return _MatrixModel(part, probabilities)
        return _ColumnModel(part, columns, probabilities)

    def _take(self, features):
        """Samples with some of the features, to be read by rows and by columns."""
        objective = self.objective
        if len(objective.rows) == 1:
            X = objective.rows[0]
            some = X if len(features) == X.shape[1] else np.ascontiguousarray(X[:, features])
            return some, some
        if self._columns is None:
            shape = objective.y.size, objective.shape[0] - 1
            self._columns = scipy.sparse.csr_matrix(objective.rows, shape=shape).tocsc()
        columns = self._columns[:, features]
        return columns.tocsr(), columns


def _is_cheap(rows, n_outputs):
    """Whether the Hessian over all features takes no more work than some sweeps of coordinate descent."""
    if not scipy.sparse.issparse(rows):
        return True
    pairs = np.sum(np.diff(rows.indptr).astype(float) ** 2) * (n_outputs + 1) / 4
    return pairs <= 20 * rows.nnz


class _Model:
    """Second-order model of a smooth objective with a lasso, around some parameters.

    It is minimized by turns: coordinate descent finds which parameters are zero, and what signs the others have; on that
    face the minimum solves a linear system. (A step that changes signs is cut back: Bertsekas, SIAM J. Control Optim. 20, 1982.)
    """

    def __init__(self, part, probabilities):
        self.part, self.probabilities = part, probabilities
        self.size = (part.shape[0] if part.intercept else part.shape[0] - 1) * part.n_outputs

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
        super().__init__(part, probabilities)
        self.hessian = np.ascontiguousarray(part.hessian(probabilities)[: self.size, : self.size])

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
    """The model with its Hessian read from the samples: by columns for one parameter, by rows for all of them."""

    sweeps, faces, cg_steps = 10, 2, 50

    def __init__(self, part, columns, probabilities):
        super().__init__(part, probabilities)
        weights = part.weights if part.weights.size else np.ones(part.y.size)
        self.weights = weights / part.total_weight
        if part.n_outputs == 1:  # the curvature of a sample is a number
            self.weights, probabilities = part.curvatures(probabilities) / part.total_weight, NOTHING
        self.columns = _as_columns(columns, part.intercept)
        self.shape = self.size // part.n_outputs, part.n_outputs
        self.per_sample = probabilities
        self.ridge = np.repeat(part.ridge[: self.shape[0], 0], part.n_outputs)
        self.diagonal = np.zeros(self.shape)
        add_column_curvatures(self.columns, self.weights, self.per_sample, self.diagonal)
        self.diagonal += part.ridge[: self.shape[0]]

    def _whole(self, step):
        return np.append(step, np.zeros(self.part.n_outputs)) if step.size < self.part.shape[0] * self.part.n_outputs else step

    def product(self, step):
        return self.part.hessian_product(self._whole(step), self.probabilities)[: self.size]

    def descend(self, w, slopes, lasso, step, tol):
        change = self.part.residual_changes(self._whole(step), self.probabilities)
        return descend_columns(
            self.columns, self.weights, self.per_sample, change, *(array.reshape(self.shape) for array in
            (slopes, w, step, self.diagonal, self.ridge, lasso)), tol, self.sweeps,
        )  # fmt: skip

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


def _as_columns(X, intercept):
    """Read-only arrays of the columns of a dense or CSC matrix, with one of ones behind them for the intercept."""
    n = X.shape[0]
    if not scipy.sparse.issparse(X):
        columns = [X.T, np.ones((1, n), X.dtype)] if intercept else [X.T]
        return (linear.read_only(np.concatenate(columns)),)
    data, indices, indptr = X.data, X.indices, X.indptr
    if intercept:
        data = np.concatenate([data, np.ones(n, data.dtype)])
        indices = np.concatenate([indices, np.arange(n, dtype=indices.dtype)])
        indptr = np.append(indptr, indptr[-1] + n).astype(indptr.dtype)
    return tuple(linear.read_only(array) for array in (data, indices, indptr))


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

    After each sweep over all parameters come sweeps over those that are not zero. True if no parameter moved by more than
    `tol`, in units of its curvature, in a sweep over all.
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
            out[0] += linear.sparse_dot(data, indices, start, end, change)
        else:
            for k in range(start, end):
                i, number = np.uintp(indices[k]), data[k]
                for c in range(out.size):
                    out[c] += number * change[i, c]


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
                change[i] += weights[i] * x[i] * move
            else:
                move_sample(x[i], weights[i], probabilities[i], c, move, change[i], slopes)
    else:
        data, indices, indptr = columns
        for k in range(np.uintp(indptr[t]), np.uintp(indptr[t + 1])):
            i = np.uintp(indices[k])
            if change.ndim == 1:
                change[i] += weights[i] * data[k] * move
            else:
                move_sample(data[k], weights[i], probabilities[i], c, move, change[i], slopes)


@kernel
def add_column_curvatures(columns, weights, probabilities, diagonal):
    """Diagonal += sum over the samples of their curvatures times x_it^2, for each column t and output."""
    for t in range(diagonal.shape[0]):
        if len(columns) == 1:
            x = columns[0][t]
            for i in range(x.size):
                add_curvature(x[i], weights[i], probabilities, i, diagonal[t])
        else:
            data, indices, indptr = columns
            for k in range(np.uintp(indptr[t]), np.uintp(indptr[t + 1])):
                i = np.uintp(indices[k])
                add_curvature(data[k], weights[i], probabilities, i, diagonal[t])


@kernel
def add_curvature(number, weight, probabilities, i, out):
    square = weight * number * number
    if probabilities.ndim == 1:
        out[0] += square
    else:
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
        Weights of the samples, or their curvatures if there is one output.
    probabilities : ndarray of shape (n_samples, n_outputs)
        One-dimensional and empty if there is one output.
    change : ndarray of shape (n_samples, n_outputs) or (n_samples,)
        How `step` changes the samples' weighted residuals.
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
