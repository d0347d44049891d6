"""Sums of powers of Jacobian columns, the derivatives of a layer's units with respect to the layers below it.

Columns are computed for a few rows of a block and a few units at a time, so that they fit in about COLUMN_BYTES.
"""

import numpy as np

from sknn_concepts.curvature import kernels

#: Memory for the columns of some rows and units.
COLUMN_BYTES = 16 * 2**20


def propagate(blocks, block, top, factors, power, per_unit, *, combinations=None, lowest=1):
    """Add ``sum_c factor_c |column_c|^power`` to the units of each layer from below `top` down to `lowest`, exactly.

    The columns are those of the units of layer `top`, or of their `combinations`, whose weights have shape (n_rows, n,
    n_units). The factors have shape (n_rows, n), and the power is 1 or 2. `per_unit` are the sums for the units of each
    layer, the input first.
    """
    if combinations is None and top > lowest:
        propagate_one_layer(blocks, block, top, factors, power, per_unit)
    highest = top - 1 if combinations is not None else top - 2
    if highest < lowest:
        return
    for rows, units, memory in _parts(blocks, block, top):
        above = None if combinations is None else np.ascontiguousarray(combinations[rows, units]).reshape(-1)
        for layer in range(top - 1, lowest - 1, -1):
            sums = factors[rows], power, per_unit[layer][rows]
            above = columns(blocks, block, rows, top, layer, above, units, memory, layer > lowest, sums)


def propagate_one_layer(blocks, block, top, factors, power, per_unit):
    """Add such sums to the units of the layer below `top`, for which no columns have to be computed."""
    raised = np.square if power == 2 else np.abs
    below = blocks.multiply_back(top - 1, factors, blocks.transformed_weights(top - 1, raised))
    per_unit[top - 1] += below * raised(block.slopes[top - 1])


def columns(blocks, block, rows, top, layer, above, units, memory, keep=True, sums=None):
    """Return the columns of `units` of layer `top` at `layer`, for some rows of a block.

    They are computed from those of the layer above, `above`, which is None right below `top`. They have shape (n_rows,
    n_columns, n_units), flattened, in memory of shape (2, n) that the next call but one overwrites. With ``sums =
    factors, power, out``, ``sum_c factor_c |column_c|^power`` is added to `out`; without `keep` only that is wanted.
    """
    slopes = block.slopes[layer][rows]
    found = memory[layer % 2, : slopes.size * (units.stop - units.start)]
    if above is None:
        transposed = blocks.transformed_weights(top - 1, np.transpose)[units]
        kernels.first_columns(transposed, slopes, found.reshape(len(slopes), len(transposed), -1))
        return found
    factors, power, out = (slopes[:0], 2, slopes) if sums is None else sums
    blocks.propagate_columns(layer, above, slopes, found, keep, factors, units.start, power, out)
    return found


def _parts(blocks, block, top):
    """Rows of a block and units of layer `top` whose columns fit in memory, and that memory."""
    n_columns, widest = blocks.sizes[top], max(blocks.sizes[1:top], default=1)
    bytes_of_column = 2 * widest * blocks.dtype.itemsize
    n_units = min(n_columns, max(1, COLUMN_BYTES // bytes_of_column))
    n_rows = min(len(block.rows), max(1, COLUMN_BYTES // (n_units * bytes_of_column)))
    memory = np.empty((2, n_rows * n_units * widest), blocks.dtype)
    for row in range(0, len(block.rows), n_rows):
        for unit in range(0, n_columns, n_units):
            yield slice(row, row + n_rows), slice(unit, min(unit + n_units, n_columns)), memory
