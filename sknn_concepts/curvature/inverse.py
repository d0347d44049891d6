"""Inverses of matrices of second derivatives."""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve


def invert(matrix, damping, what, parameter):
    """Inverse of a symmetric matrix with a damped diagonal.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        Matrix to invert.
    damping : float
        Number added to the diagonal.
    what, parameter : str
        Name of the matrix, and the user's parameter that chose it, for the message.

    Raises
    ------
    ValueError
        If the damped matrix is not positive definite.
    """
    try:
        return cho_solve(cho_factor(matrix + damping * np.eye(len(matrix)), lower=True), np.eye(len(matrix)))
    except LinAlgError:
        raise ValueError(
            f"{what} is not positive definite with damping={damping:g}. Raise damping, or take "
            f"{parameter}='gauss_newton'."
        ) from None
