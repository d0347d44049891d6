"""Solvers of logistic regression without L1: L-BFGS, and Newton's method with a matrix or by conjugate gradients.

All of them stop where the largest entry of the gradient is at most `tol`, which is scikit-learn's rule, and the norm of
the gradient, in units in which the curvature is about one, is at most a tenth of it: half the square of that norm
estimates how far the objective is from its minimum, whatever the scale of the features.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.optimize import minimize

from sknn_concepts.linear.preconditioner import Coordinates

#: Share of `tol` that the norm of the scaled gradient may have.
NORM = 0.1
#: Iterations of L-BFGS before the coordinates are chosen anew; each leg is twice as long as the one before.
FIRST_LEG = 15
#: Steps of conjugate gradients in one Newton step.
CG_STEPS = 500
#: Parameters, and numbers in the Hessians of all samples, up to which Newton's method with a matrix is fastest.
FEW_PARAMETERS, LITTLE_WORK = 128, 1e7


class Solution(NamedTuple):
    """What a solver found.

    Attributes
    ----------
    theta : ndarray of shape (n_parameters,)
        Parameters.
    n_iter : int
        Iterations made.
    converged : bool
        Whether the minimum was reached, as far as `tol` and rounding let one see. After the last iteration that is
        allowed the largest entry of the gradient decides alone.
    gradient : float
        Largest entry of the last gradient.
    interrupted : bool
        Whether somebody pressed Ctrl-C.
    """

    theta: np.ndarray
    n_iter: int
    converged: bool
    gradient: float
    interrupted: bool = False


def dot(a, b):
    """Dot product without BLAS, which would wake its threads for it."""
    return float(np.sum(a * b))


def check_start(value, gradient):
    """Raise ValueError if an objective is not finite where a solver starts, from where none finds a way."""
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        raise ValueError(
            f"The objective is {value:g} at the parameters that training starts from, or its gradient is not finite: "
            "scale the features (sklearn.preprocessing.StandardScaler), or start from smaller parameters."
        )


def fastest(objective, theta, tol, max_iter, report=None):
    """Minimize by the method that suits the size of the problem; see :func:`lbfgs` for the parameters."""
    work = objective.y.size * theta.size**2
    if theta.size <= FEW_PARAMETERS and work <= LITTLE_WORK:
        return newton_cholesky(objective, theta, tol, max_iter, report)
    return (lbfgs if objective.is_narrow else newton_cg)(objective, theta, tol, max_iter, report)


def lbfgs(objective, theta, tol, max_iter, report=None):
    """Limited-memory BFGS in coordinates that suit the place (Byrd, Lu, Nocedal and Zhu, 1995; SciPy's L-BFGS-B).

    Parameters
    ----------
    objective : LogisticObjective
        What to minimize; no lasso.
    theta : ndarray of shape (n_parameters,)
        Where to start.
    tol : float
        See the top of this module.
    max_iter : int
        Iterations at most.
    report : callable, optional
        Called after each iteration with its number, the value and the largest entry of the gradient.

    Returns
    -------
    solution : Solution
    """
    # what all classes have in common would be found as slowly as the ridge is small
    search = _Search(objective, objective.centered(theta).ravel(), tol, report)
    leg = FIRST_LEG if objective.is_narrow else max_iter
    flat = interrupted = False
    try:
        while not (flat or search.is_over() or search.n_iter == max_iter):
            if search.n_iter > 0:
                search.begin_at(search.theta)
            stop = min(search.n_iter + leg, max_iter)
            options = {"maxiter": stop - search.n_iter, "maxfun": 50 * leg, "maxls": 50, "gtol": 0.0}
            options["ftol"] = objective.rounding
            start = np.zeros_like(theta)
            minimize(search, start, method="L-BFGS-B", jac=True, callback=search.after, options=options)
            flat = search.n_iter < stop and not search.is_over()  # no step makes the objective smaller
            leg *= 2
    except KeyboardInterrupt:
        interrupted = True
    return Solution(search.theta, search.n_iter, flat or search.largest <= tol, search.largest, interrupted)


class _Search:
    """The objective as a function of coordinates v, and what is known of the last iterate."""

    def __init__(self, objective, theta, tol, report):
        self.objective, self.tol, self.report = objective, tol, report
        self.n_iter = 0
        self.begin_at(theta)

    def begin_at(self, theta):
        """Choose coordinates with their origin at `theta`."""
        self.theta = theta
        self.coordinates = Coordinates(self.objective, theta)
        self._unit, self._at = 1.0, None
        origin = np.zeros_like(theta)
        _, gradient = self(origin)
        check_start(self.value, gradient)
        # L-BFGS-B makes its first step one unit long: let that be the length of the Newton step
        self._unit = np.sqrt(dot(self._gradient, self._gradient)) or 1.0

    def __call__(self, v):
        if self._at is None or not np.array_equal(v, self._at):
            self._at = v.copy()
            self._here = self.coordinates.theta(self._unit * v)
            self.value, gradient = self.objective.value_gradient(self._here)
            self.largest = np.abs(gradient).max()
            self._gradient = self.coordinates.gradient(gradient)
        return self.value, self._unit * self._gradient

    def is_over(self):
        return self.largest <= self.tol and np.sqrt(dot(self._gradient, self._gradient)) <= NORM * self.tol

    def after(self, v):
        """What L-BFGS-B calls after each iteration."""
        self(v)
        self.theta = self._here
        self.n_iter += 1
        if self.report is not None:
            self.report(self.n_iter, self.value, self.largest)
        if self.is_over():
            raise StopIteration


def newton_cholesky(objective, theta, tol, max_iter, report=None):
    """Newton's method with the whole Hessian; see :func:`lbfgs` for the parameters.

    Where the Hessian is not positive definite, a growing multiple of its diagonal is added (Levenberg, 1944).
    """

    def direction(gradient, probabilities, squares):
        hessian = objective.hessian(probabilities)
        diagonal = np.diag_indices(len(hessian))
        size = np.maximum(hessian[diagonal], 1e-12 * squares)
        shift = 1e-14
        while True:
            shifted = hessian.copy()
            shifted[diagonal] += shift * size
            try:
                return -cho_solve(cho_factor(shifted, lower=True, overwrite_a=True, check_finite=False), gradient)
            except LinAlgError:
                shift *= 100.0

    return _newton(objective, theta, tol, max_iter, report, direction)


def newton_cg(objective, theta, tol, max_iter, report=None):
    """Newton's method by conjugate gradients; see :func:`lbfgs` for the parameters.

    They are scaled by the diagonal of the Hessian (Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.1).
    """

    def direction(gradient, probabilities, squares):
        step, residual = np.zeros_like(gradient), gradient.copy()
        along = -residual / squares
        rho = -dot(residual, along)
        enough = min(0.25, rho**0.25) ** 2 * rho  # residuals shrink with the gradient: faster than linear in the end
        for _ in range(CG_STEPS):
            product = objective.hessian_product(along, probabilities)
            curvature = dot(along, product)
            if not curvature > 1e-15 * np.sum(squares * along * along):
                break  # as good as flat: where samples are separable
            length = rho / curvature
            step += length * along
            residual += length * product
            scaled = residual / squares
            before, rho = rho, dot(residual, scaled)
            if rho <= enough:
                break
            along = rho / before * along - scaled
        return step if step.any() else -gradient / squares

    return _newton(objective, theta, tol, max_iter, report, direction)


def _newton(objective, theta, tol, max_iter, report, direction):
    squares = objective.diagonal()
    probabilities = np.empty((objective.y.size, objective.n_outputs))
    trial = np.empty_like(probabilities)
    value, gradient = objective.value_gradient(theta, probabilities)
    check_start(value, gradient)
    n_iter = 0

    def solution(converged, interrupted=False):
        return Solution(theta, n_iter, converged, np.abs(gradient).max(), interrupted)

    def is_flat(new_value):
        return abs(new_value - value) <= objective.rounding * abs(value)

    try:
        while True:
            near = np.abs(gradient).max() <= tol
            if n_iter == max_iter or (near and np.sqrt(dot(gradient / squares, gradient)) <= NORM * tol):
                return solution(near)
            step = direction(gradient, probabilities, squares)
            slope = dot(gradient, step)
            length = 1.0
            while True:
                new = theta + length * step
                new_value, new_gradient = objective.value_gradient(new, trial)
                if new_value <= value + 1e-4 * length * slope:
                    break
                if is_flat(new_value) and np.abs(new_gradient).sum() < np.abs(gradient).sum():
                    break  # values tell nothing any more, gradients still do
                length *= 0.5
                if length < 1e-12:  # rounding hides any further decrease
                    return solution(True)
            if is_flat(new_value) and np.abs(new_gradient).sum() > 0.5 * np.abs(gradient).sum():
                return solution(True)
            theta, value, gradient = new, new_value, new_gradient
            probabilities, trial = trial, probabilities
            n_iter += 1
            if report is not None:
                report(n_iter, value, np.abs(gradient).max())
    except KeyboardInterrupt:
        return solution(False, interrupted=True)
