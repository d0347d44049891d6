"""Cholesky factors and triangular systems without BLAS, whose threads, once awake, would spin beside the kernels."""

import numpy as np

from sknn_concepts.jit.decorator import kernel


@kernel
def factorize(matrix):
    """Replace the lower triangle of a positive definite matrix by that of its Cholesky factor L, matrix = L L'.

    Returns False if the matrix is not positive definite; its triangle is then spoilt.
    """
    for i in range(matrix.shape[0]):
        row = matrix[i]
        for j in range(i):
            other = matrix[j]
            total = 0.0
            for k in range(j):
                total += row[k] * other[k]
            row[j] = (row[j] - total) / other[j]
        total = 0.0
        for k in range(i):
            total += row[k] * row[k]
        rest = row[i] - total
        if not rest > 0.0:
            return False
        row[i] = np.sqrt(rest)
    return True


@kernel
def solve_lower(factor, vectors):
    """Solve L x = v in place for each row v of `vectors`."""
    for i in range(factor.shape[0]):
        row = factor[i]
        for c in range(vectors.shape[0]):
            v = vectors[c]
            total = 0.0
            for k in range(i):
                total += row[k] * v[k]
            v[i] = (v[i] - total) / row[i]


@kernel
def solve_upper(factor, vectors):
    """Solve L' x = v in place for each row v of `vectors`."""
    for i in range(factor.shape[0] - 1, -1, -1):
        row = factor[i]
        for c in range(vectors.shape[0]):
            v = vectors[c]
            v[i] /= row[i]
            for k in range(i):
                v[k] -= v[i] * row[k]
