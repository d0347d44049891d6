"""Parts of the iterative solvers: their result, a line search, and conjugate gradients.

All of them stop where the largest entry of the gradient is at most `tol`, which is scikit-learn's rule, and the norm of
the gradient, in units in which the curvature is about one, is at most a tenth of it: half the square of that norm
estimates how far the objective is from its minimum, whatever the scale of the features.
"""

from typing import NamedTuple

import numpy as np

#: Largest norm of the scaled gradient at the end, as a share of `tol`.
SCALED_NORM_PER_TOL = 0.1


class Solution(NamedTuple):
    """Result of a solver.

    It has converged if the minimum was reached, as far as `tol` and rounding can tell. After the last iteration that is
    allowed the largest entry of the gradient decides alone.
    """

    theta: np.ndarray
    n_iter: int
    converged: bool
    gradient: float  # largest entry of the last gradient
    interrupted: bool = False  # whether Ctrl-C ended the iterations


def dot(a, b):
    """Dot product without BLAS, which would wake its threads for it."""
    return float(np.sum(a * b))


def norm(a):
    """Euclidean norm, also without BLAS."""
    return np.sqrt(dot(a, a))


def check_start(value, gradient):
    """Raise ValueError if an objective or its gradient is not finite where a solver starts."""
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        raise ValueError(
            f"The objective is {value:g} at the parameters that training starts from, or its gradient is not finite: "
            "scale the features (sklearn.preprocessing.StandardScaler), or start from smaller parameters."
        )


def backtrack(evaluate, theta, step, is_accepted, is_too_short):
    """Halve a step until ``is_accepted(length, value, gradient)`` (Armijo, 1966), or ``is_too_short(length)``.

    Returns the parameters, the value and the gradient at the end of the accepted step, or None if there was none.
    """
    length = 1.0
    while True:
        end = theta + length * step
        value, gradient = evaluate(end)
        if is_accepted(length, value, gradient):
            return end, value, gradient
        length *= 0.5
        if is_too_short(length):
            return None


def conjugate_gradients(product, target, diagonal, max_steps, is_enough, flatness=0.0):
    """Solve a linear system approximately (Nocedal and Wright, Numerical Optimization, 2006, algorithm 5.3).

    ``product(v)`` multiplies a vector with the matrix, which is positive semidefinite; the positive numbers in
    `diagonal` precondition the system. ``is_enough(start, now)`` ends the steps; its arguments are the squared norm of
    the preconditioned residual at the start and now. The steps also end if the curvature along a direction, relative to
    the diagonal, is at most `flatness`, which counts as zero.
    """
    solution, residual = np.zeros_like(target), target.copy()
    direction = residual / diagonal
    start = now = dot(residual, direction)
    for _ in range(max_steps):
        image = product(direction)
        curvature = dot(direction, image)
        if not curvature > flatness * np.sum(diagonal * direction * direction):
            break
        length = now / curvature
        solution += length * direction
        residual -= length * image
        scaled = residual / diagonal
        before, now = now, dot(residual, scaled)
        if is_enough(start, now):
            break
        direction = scaled + now / before * direction
    return solution
