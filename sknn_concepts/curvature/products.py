"""Second derivatives of a network over its samples as a whole: products with the Hessian, and matrices."""

import numpy as np

from sknn_concepts.curvature import kernels
from sknn_concepts.curvature.jacobian_columns import columns
from sknn_concepts.jit.strategy_type import has
from sknn_concepts.network.layout import INTERCEPTS, WEIGHTS, layer_views

#: Memory for the Jacobians of some samples.
JACOBIAN_BYTES = 16 * 2**20


def check_second_derivatives(loss, activations=()):
    """Raise ValueError unless a loss, and activations, have their second derivatives."""
    if not has(loss, "hessian_row" if has(loss, "loss_gradient_row") else "hessian"):
        raise ValueError(
            f"The loss {loss!r} has no second derivative, so there is no Hessian; method='fisher' needs gradients only."
        )
    for activation in activations:
        if not (activation.piecewise_linear or has(activation, "curvature")):
            raise ValueError(
                f"The activation {activation!r} does not tell its second derivative: give it a method curvature(self, "
                "z), or piecewise_linear = True where it is zero; method='gauss_newton' does without."
            )


def output_hessian(blocks, block, errors=None):
    """Second derivatives of each sample's loss with respect to the pre-activations of the output.

    They have shape (n_rows, n_outputs), or (n_rows, n_outputs, n_outputs) if the loss couples the outputs. Without the
    errors, its derivatives with respect to the raw predictions, the curvature of the output's activation is left out.
    """
    if blocks.coupled:
        entry, kernel = kernels.call_output_hessian_rows, kernels.output_hessian_rows
    else:
        entry, kernel = kernels.call_output_hessian, kernels.output_hessian
    raw, slopes = block.values[-1], block.slopes[-1]
    hessian = np.empty((*raw.shape, raw.shape[1]) if blocks.coupled else raw.shape, blocks.dtype)
    of_activation = np.zeros_like(raw) if errors is None else block.curvatures[-1] * errors
    blocks.run(entry, kernel, blocks.loss, block.y, raw, slopes, of_activation, hessian)
    return hessian


def hessian_vector_product(blocks, vector):
    """Product of the Hessian with a vector, at the cost of about two gradients.

    The R-operator makes one forward and one backward pass of the derivatives in the direction of the vector:
    Pearlmutter (1994), Fast exact multiplication by the Hessian, Neural Computation 6(1).
    """
    check_second_derivatives(blocks.loss, blocks.activations)
    vector = np.array(vector, blocks.dtype)
    coefs, intercepts = layer_views(vector, blocks.layout)

    def add(block, out):
        # derivatives of each layer's pre-activations and values in the direction of the vector
        moving_sums, moving_values = [None], [None]
        for layer in range(blocks.depth):
            z = np.empty_like(block.slopes[layer + 1])
            blocks.multiply(block.rows, layer, block.values[layer], coefs[layer], z)
            z += intercepts[layer]
            if layer > 0:
                below = np.empty_like(z)
                blocks.multiply(block.rows, layer, moving_values[layer], blocks.coefs[layer], below)
                z += below
            moving_sums.append(z)
            moving_values.append(z * block.slopes[layer + 1])
        errors, weights = blocks.errors(block), block.weights[:, None]
        hessian = output_hessian(blocks, block, errors[-1])
        coupled = blocks.coupled
        change = np.einsum("icd,id->ic", hessian, moving_sums[-1]) if coupled else hessian * moving_sums[-1]
        for layer in range(blocks.depth - 1, -1, -1):
            blocks.add_gradient(block, layer, block.values[layer], change * weights, out)
            if layer > 0:
                delta = errors[layer + 1] * block.slopes[layer + 1]
                blocks.add_to_weights(block, layer, moving_values[layer], delta * weights, out)
                change = blocks.multiply_back(layer, change, blocks.coefs[layer]) + blocks.multiply_back(
                    layer, delta, coefs[layer]
                )
                change = change * block.slopes[layer] + block.curvatures[layer] * moving_sums[layer] * errors[layer]

    return blocks.sum_over_samples(add) * blocks.dtype.type(blocks.loss_scale)


def hessian_matrix(blocks, method="exact", positions=None):
    """Return the Hessian, or its Gauss-Newton part, as a matrix, or only its rows and columns at some positions.

    The method "exact" computes a product for each row, at the cost of two gradients each (Hassibi and Stork, 1993,
    Second order derivatives for network pruning: optimal brain surgeon, NIPS 5). "gauss_newton" linearizes the network
    but not the loss: ``mean_i J_i' H_i J_i``, where J_i is the Jacobian of the outputs' pre-activations and H_i the
    second derivative of the loss of sample i with respect to them. It takes n_samples n_outputs n^2 multiplications
    (Schraudolph, 2002, Fast curvature matrix-vector products for second-order gradient descent, Neural Computation
    14(7)).
    """
    if method == "gauss_newton":
        return _gauss_newton_matrix(blocks, positions)
    positions = np.arange(blocks.theta.size) if positions is None else positions
    units = (np.arange(blocks.theta.size) == position for position in positions)
    matrix = np.stack([hessian_vector_product(blocks, unit)[positions] for unit in units])
    return (matrix + matrix.T) / 2


def _gauss_newton_matrix(blocks, positions):
    check_second_derivatives(blocks.loss)
    n, n_outputs = blocks.theta.size if positions is None else len(positions), blocks.sizes[-1]
    n_rows = max(1, JACOBIAN_BYTES // (2 * n_outputs * blocks.theta.size * blocks.dtype.itemsize))
    out = np.zeros((n, n), blocks.dtype)
    for block in blocks.blocks():
        hessian = output_hessian(blocks, block)
        hessian *= block.weights.reshape(-1, *[1] * (hessian.ndim - 1))
        inputs = [blocks.dense_values(block, layer) for layer in range(blocks.depth)]
        for start in range(0, len(block.rows), n_rows):
            rows = slice(start, min(start + n_rows, len(block.rows)))
            jacobian = _jacobian(blocks, block, rows, inputs)
            if positions is not None:
                jacobian = np.ascontiguousarray(jacobian[:, :, positions])
            if blocks.coupled:
                scaled = np.empty_like(jacobian)
                kernels.multiply_matrices(hessian[rows], jacobian, scaled)
            else:
                scaled = jacobian * hessian[rows, :, None]
            blocks.add_transposed_product(jacobian.reshape(-1, n), scaled.reshape(-1, n), out.reshape(-1))
    return (out + out.T) * blocks.dtype.type(blocks.loss_scale / 2)


def _jacobian(blocks, block, rows, inputs):
    """Derivatives of the outputs' pre-activations with respect to all parameters, for some rows of a block."""
    m, n_outputs, layout = rows.stop - rows.start, blocks.sizes[-1], blocks.layout
    jacobian = np.empty((m, n_outputs, blocks.theta.size), blocks.dtype)
    memory = np.empty((2, m * n_outputs * max(blocks.sizes[1:])), blocks.dtype)
    of_layer = np.broadcast_to(np.eye(n_outputs, dtype=blocks.dtype), (m, n_outputs, n_outputs)).copy()
    above = None
    for layer in range(blocks.depth, 0, -1):
        if layer < blocks.depth:
            above = columns(blocks, block, rows, blocks.depth, layer, above, slice(0, n_outputs), memory)
            of_layer = above.reshape(m, n_outputs, -1)
        kernels.fill_jacobian(inputs[layer - 1][rows], of_layer, jacobian, int(layout[layer - 1, WEIGHTS]))
        start = int(layout[layer - 1, INTERCEPTS])
        jacobian[:, :, start : start + blocks.sizes[layer]] = of_layer
    return jacobian
