"""Solvers of logistic regression without L1: L-BFGS, and Newton's method with a matrix or by conjugate gradients.

When they stop is told in :mod:`sknn_concepts.linear.iterations`.
"""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.optimize import minimize

from sknn_concepts.linear.iterations import (
    SCALED_NORM_PER_TOL,
    Solution,
    backtrack,
    check_start,
    conjugate_gradients,
    dot,
    norm,
)
from sknn_concepts.linear.preconditioner import Preconditioner

#: Iterations of L-BFGS before its first restart with a new preconditioner; each later run is twice as long.
FIRST_RUN_ITERATIONS = 15
#: Steps of conjugate gradients in one Newton step.
MAX_CG_STEPS = 500
#: Parameters, and numbers in the Hessians of all samples, up to which Newton's method with a matrix is fastest.
MAX_MATRIX_PARAMETERS, MAX_HESSIAN_NUMBERS = 128, 1e7


def fastest(objective, theta, tol, max_iter, report=None):
    """Minimize by the method that suits the size of the problem; see :func:`lbfgs` for the parameters."""
    numbers = objective.y.size * theta.size**2
    if theta.size <= MAX_MATRIX_PARAMETERS and numbers <= MAX_HESSIAN_NUMBERS:
        return newton_cholesky(objective, theta, tol, max_iter, report)
    return (lbfgs if objective.has_few_features else newton_cg)(objective, theta, tol, max_iter, report)


def lbfgs(objective, theta, tol, max_iter, report=None):
    """Limited-memory BFGS with a preconditioner (Byrd, Lu, Nocedal and Zhu, 1995; SciPy's L-BFGS-B).

    :mod:`sknn_concepts.training.lbfgs` drives the same code of SciPy for networks. The two have little but its call in
    common: there SciPy decides when to stop, as in scikit-learn; here runs are short and the rule is another.

    It minimizes an objective without lasso from `theta` in up to `max_iter` iterations, until the largest entry of the
    gradient is at most `tol`; :mod:`sknn_concepts.linear.iterations` describes the rule, and has the result, a
    ``Solution``. ``report(n_iter, value, largest_entry, theta)`` is called after each iteration.
    """
    # center the classes: L-BFGS converges slowly along their common direction if the ridge is small
    search = _Search(objective, objective.centered(theta).ravel(), tol, report)
    run = FIRST_RUN_ITERATIONS if objective.has_few_features else max_iter
    stuck = interrupted = False
    try:
        while not (stuck or search.is_over() or search.n_iter == max_iter):
            if search.n_iter > 0:
                search.restart_at(search.theta)
            stop = min(search.n_iter + run, max_iter)
            options = {"maxiter": stop - search.n_iter, "maxfun": 50 * run, "maxls": 50, "gtol": 0.0}
            options["ftol"] = objective.rounding
            start = np.zeros_like(theta)
            minimize(search, start, method="L-BFGS-B", jac=True, callback=search.end_iteration, options=options)
            stuck = search.n_iter < stop and not search.is_over()  # no step makes the objective smaller
            run *= 2
    except KeyboardInterrupt:
        interrupted = True
    return Solution(search.theta, search.n_iter, stuck or search.largest <= tol, search.largest, interrupted)


class _Search:
    """The objective as a function of preconditioned coordinates, and what is known of the last iterate."""

    def __init__(self, objective, theta, tol, report):
        self.objective, self.tol, self.report = objective, tol, report
        self.n_iter = 0
        self.restart_at(theta)

    def restart_at(self, theta):
        """Choose a preconditioner for `theta`, which becomes the origin."""
        self.theta = theta
        self.preconditioner = Preconditioner(self.objective, theta)
        self._unit, self._at = 1.0, None
        origin = np.zeros_like(theta)
        _, gradient = self(origin)
        check_start(self.value, gradient)
        # L-BFGS-B makes its first step one unit long: let that be the length of the Newton step
        self._unit = norm(self._gradient) or 1.0

    def __call__(self, v):
        if self._at is None or not np.array_equal(v, self._at):
            self._at = v.copy()
            self._trial = self.preconditioner.parameters(self._unit * v)
            self.value, gradient = self.objective.value_gradient(self._trial)
            self.largest = np.abs(gradient).max()
            self._gradient = self.preconditioner.gradient(gradient)
        return self.value, self._unit * self._gradient

    def is_over(self):
        return self.largest <= self.tol and norm(self._gradient) <= SCALED_NORM_PER_TOL * self.tol

    def end_iteration(self, v):
        """Note an iterate of L-BFGS-B, which calls this after each iteration."""
        self(v)
        self.theta = self._trial
        self.n_iter += 1
        if self.report is not None:
            self.report(self.n_iter, self.value, self.largest, self.theta)
        if self.is_over():
            raise StopIteration


def newton_cholesky(objective, theta, tol, max_iter, report=None):
    """Newton's method with the whole Hessian; see :func:`lbfgs` for the parameters.

    Where the Hessian is not positive definite, a growing multiple of its diagonal is added (Levenberg, 1944).
    """

    def direction(gradient, probabilities, diagonal):
        hessian = objective.hessian(probabilities)
        on_diagonal = np.diag_indices(len(hessian))
        size = np.maximum(hessian[on_diagonal], 1e-12 * diagonal)
        shift = 1e-14
        while True:
            shifted = hessian.copy()
            shifted[on_diagonal] += shift * size
            try:
                return -cho_solve(cho_factor(shifted, lower=True, overwrite_a=True, check_finite=False), gradient)
            except LinAlgError:
                shift *= 100.0

    return _newton(objective, theta, tol, max_iter, report, direction)


def newton_cg(objective, theta, tol, max_iter, report=None):
    """Newton's method by conjugate gradients; see :func:`lbfgs` for the parameters.

    They are preconditioned by an upper bound of the diagonal of the Hessian, computed once (Nocedal and Wright,
    Numerical Optimization, 2006, algorithm 7.1).
    """

    def is_enough(start, now):  # residuals shrink with the gradient: faster than linear in the end
        return now <= min(0.25, start**0.25) ** 2 * start

    def direction(gradient, probabilities, diagonal):
        step = conjugate_gradients(
            lambda v: objective.hessian_product(v, probabilities),
            -gradient,
            diagonal,
            MAX_CG_STEPS,
            is_enough,
            flatness=1e-15,  # where the classes are separable, there is nearly no curvature
        )
        return step if step.any() else -gradient / diagonal

    return _newton(objective, theta, tol, max_iter, report, direction)


def _newton(objective, theta, tol, max_iter, report, direction):
    diagonal = objective.diagonal_bound()
    probabilities = np.empty((objective.y.size, objective.n_outputs))
    trial = np.empty_like(probabilities)
    value, gradient = objective.value_gradient(theta, probabilities)
    check_start(value, gradient)
    n_iter = 0

    def solution(converged, interrupted=False):
        return Solution(theta, n_iter, converged, np.abs(gradient).max(), interrupted)

    def evaluate(end):
        return objective.value_gradient(end, trial)

    def is_flat(new_value):
        return abs(new_value - value) <= objective.rounding * abs(value)

    def is_accepted(length, new_value, new_gradient):
        if new_value <= value + 1e-4 * length * slope:
            return True
        # where values tell nothing any more, gradients still do
        return is_flat(new_value) and np.abs(new_gradient).sum() < np.abs(gradient).sum()

    try:
        while True:
            near = np.abs(gradient).max() <= tol
            scaled_norm = np.sqrt(dot(gradient / diagonal, gradient))
            if n_iter == max_iter or (near and scaled_norm <= SCALED_NORM_PER_TOL * tol):
                return solution(near)
            step = direction(gradient, probabilities, diagonal)
            slope = dot(gradient, step)
            found = backtrack(evaluate, theta, step, is_accepted, lambda length: length < 1e-12)
            if found is None:
                return solution(True)
            _, new_value, new_gradient = found
            if is_flat(new_value) and np.abs(new_gradient).sum() > 0.5 * np.abs(gradient).sum():
                return solution(True)
            theta, value, gradient = found
            probabilities, trial = trial, probabilities
            n_iter += 1
            if report is not None:
                report(n_iter, value, np.abs(gradient).max(), theta)
    except KeyboardInterrupt:
        return solution(False, interrupted=True)
