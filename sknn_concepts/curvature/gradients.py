"""First derivatives of a network over its samples: gradients, their moments, sensitivities; and moments of inputs.

The argument `blocks` is always a :class:`~sknn_concepts.curvature.blocks.SampleBlocks`.
"""

import numpy as np

from sknn_concepts.curvature.jacobian_columns import propagate


def loss(blocks):
    """Return the loss of a network, without penalties."""
    return sum((blocks.output_loss(block, block.weights)[0] for block in blocks.blocks()), 0.0) * blocks.loss_scale


def gradient(blocks):
    """Return the gradient of the loss, of shape (n_parameters,) (Rumelhart, Hinton and Williams, 1986)."""

    def add(block, out):
        errors = blocks.errors(block)
        for layer in range(blocks.depth):
            delta = errors[layer + 1] * block.slopes[layer + 1] * block.weights[:, None]
            blocks.add_gradient(block, layer, block.values[layer], delta, out)

    return blocks.sum_over_samples(add) * blocks.dtype.type(blocks.loss_scale)


def gradient_moment(blocks, power):
    """Return the weighted mean over the samples of |g|^power, where g is the gradient of a sample's loss.

    The power is 1 or 2.
    """
    raised = np.square if power == 2 else np.abs

    def add(block, out):
        deltas = [g * slopes for g, slopes in zip(blocks.errors(block)[1:], block.slopes[1:], strict=True)]
        blocks.add_powers(block, [None, *map(raised, deltas)], power, out)

    return blocks.sum_over_samples(add) * blocks.dtype.type(blocks.loss_scale**power)


def output_sensitivity(blocks):
    """Return the weighted mean over the samples of ``sum_k |d raw_k / d theta_j|``.

    The raw predictions are those before the link. Engelbrecht (2001), A new pruning heuristic based on variance
    analysis of sensitivity information, IEEE Transactions on Neural Networks 12(6).
    """

    def add(block, out):
        per_unit = [np.zeros_like(slopes) for slopes in block.slopes]
        per_unit[-1] += np.abs(block.slopes[-1])
        propagate(blocks, block, blocks.depth, per_unit[-1], 1, per_unit)
        blocks.add_powers(block, per_unit, 1, out)

    return blocks.sum_over_samples(add)


def input_norms(blocks):
    """Return, for each matrix of weights, the root of the weighted mean square of each of its inputs."""
    squares = [np.zeros(size, blocks.dtype) for size in blocks.sizes[:-1]]
    for block in blocks.blocks():
        for layer, out in enumerate(squares):
            blocks.add_power(block, layer, 2, block.weights[:, None], out)
    return [np.sqrt(out) for out in squares]


def input_moments(blocks):
    """Return, for each matrix of weights, the weighted mean of ``x x'``, where x are its inputs and a 1 at the end."""
    moments = [np.zeros((size + 1, size + 1), blocks.dtype) for size in blocks.sizes[:-1]]
    for block in blocks.blocks():
        for layer, out in enumerate(moments):
            x = np.append(blocks.dense_values(block, layer), np.ones((len(block.rows), 1), blocks.dtype), axis=1)
            blocks.add_transposed_product(x, x * block.weights[:, None], out.reshape(-1))
    return moments
