"""Products of a neuron's weights with one sample, dense or sparse, and steps of the weights along it."""

import numpy as np

from sknn_concepts.jit.decorator import kernel
from sknn_concepts.jit.memory import LINE, prefetch
from sknn_concepts.jit.views import part

#: Cache lines to prefetch of a dense row, or of each of the two arrays of a sparse row. The processor prefetches the
#: rest of a longer row by itself.
PREFETCHED_LINES = 64


@kernel(internal=True)
def prefetch_part(array, start, stop):
    """Prefetch the first cache lines of a part of an array."""
    step = LINE // array.itemsize
    for k in range(start, min(stop, start + PREFETCHED_LINES * step), step):
        prefetch(array, k)


@kernel(internal=True)
def sum_squares(w):
    """Sum of the squares of the weights."""
    total = 0.0
    for k in range(w.size):
        weight = np.float64(w[k])
        total += weight * weight
    return total


@kernel(internal=True)
def dot(w, values, start):
    """Sum of the weights' products with a dense row."""
    x = part(values, start, start + w.size)
    total = w.dtype.type(0.0)
    for k in range(w.size):
        total += w[k] * x[k]
    return total


@kernel(in_order=True, internal=True)
def dot_in_order(w, values, columns, start, stop, first, products):
    """Sum of the rounded products from left to right in double precision, as scikit-learn computes it.

    A vectorized sum consists of several partial sums, and data such as 5.1 and 0.2 often give w.x + b = 0: there the
    order of summation decides about the sign, and with it about all further steps.
    """
    for k in range(stop - start):
        products[k] = w[columns[first + k]] * values[start + k]
    total = 0.0
    for k in range(stop - start):  # in the loop above, multiplication and addition would be fused
        total += products[k]
    return total


@kernel(internal=True)
def move(w, values, start, factor, steps):
    """Add ``factor * x`` to the weights for a dense row, each product rounded as in :func:`dot_in_order`."""
    x = part(values, start, start + w.size)
    for k in range(w.size):
        steps[k] = factor * x[k]
    for k in range(w.size):
        w[k] += steps[k]


@kernel(internal=True)
def move_at(w, values, columns, start, stop, factor, steps):
    """Add ``factor * x`` to the weights for a sparse row; see :func:`move`."""
    x, at = part(values, start, stop), part(columns, start, stop)
    for k in range(x.size):
        steps[k] = factor * x[k]
    for k in range(x.size):
        w[at[k]] += steps[k]
