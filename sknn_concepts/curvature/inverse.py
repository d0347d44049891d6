"""Inverses of matrices of second derivatives."""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve


def invert(matrix, damping, what, parameter):
    """Invert a symmetric matrix with `damping` added to its diagonal.

    Raises ValueError if the sum is not positive definite; the message names the matrix, `what`, and the user's
    parameter that chose it.
    """
    try:
        return cho_solve(cho_factor(matrix + damping * np.eye(len(matrix)), lower=True), np.eye(len(matrix)))
    except LinAlgError:
        raise ValueError(
            f"{what} is not positive definite with damping={damping:g}. Raise damping, or take "
            f"{parameter}='gauss_newton'."
        ) from None
