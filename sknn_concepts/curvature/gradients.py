"""First derivatives of a network over its samples: gradients, their moments, sensitivities; and moments of inputs."""

import numpy as np

from sknn_concepts.curvature.blocks import Sweep
from sknn_concepts.curvature.jacobian_columns import run
from sknn_concepts.network import layers as network


class Derivatives(Sweep):
    """First derivatives of the loss of a network over samples; the arguments are those of Curvature."""

    def gradient(self):
        """Gradient of the loss (Rumelhart, Hinton and Williams, 1986).

        Returns
        -------
        gradient : ndarray of shape (n_parameters,)
        """

        def add(block, out):
            errors = self._errors(block)
            for layer in range(self.depth):
                delta = errors[layer + 1] * block.slopes[layer + 1] * block.shares[:, None]
                self._add_gradient(block, layer, block.values[layer], delta, out)

        return self._sum(add) * self.dtype.type(self.loss_scale)

    def loss(self):
        """The loss.

        Returns
        -------
        loss : float
        """
        total = 0.0
        for block in self._blocks():
            out, raw = np.empty_like(block.y), block.values[-1]
            total += run(self._machine.table, network.LOSS, (block.y, raw, block.shares, 1.0, out))
        return total * self.loss_scale

    def mean_absolute_gradient(self):
        """Weighted mean over the samples of |g|, g being the gradient of one sample's loss.

        Returns
        -------
        magnitudes : ndarray of shape (n_parameters,)
        """
        return self._gradient_moment(1)

    def _gradient_moment(self, power):
        def add(block, out):
            errors = self._errors(block)
            deltas = [g * s for g, s in zip(errors[1:], block.slopes[1:], strict=True)]
            self._sum_powers(block, [None, *map(np.square if power == 2 else np.abs, deltas)], power, out)

        return self._sum(add) * self.dtype.type(self.loss_scale**power)

    def output_sensitivity(self):
        """Weighted mean over the samples of ``sum_k |d raw_k / d theta_j|``, the raw predictions being before the link.

        Returns
        -------
        sensitivity : ndarray of shape (n_parameters,)

        References
        ----------
        Engelbrecht (2001), A new pruning heuristic based on variance analysis of sensitivity information, IEEE
        Transactions on Neural Networks 12(6).
        """

        def add(block, out):
            of_sums = [np.zeros_like(slopes) for slopes in block.slopes]
            of_sums[-1] += np.abs(block.slopes[-1])
            self._descend(block, self.depth, of_sums[-1], 1, of_sums)
            self._sum_powers(block, of_sums, 1, out)

        return self._sum(add)

    def input_norms(self):
        """Root of the weighted mean square of each unit that weights lead from.

        Returns
        -------
        norms : list of ndarray of shape (fan_in,)
            For each matrix of weights.
        """
        squares = [np.zeros(size, self.dtype) for size in self.sizes[:-1]]
        for block in self._blocks():
            for layer, out in enumerate(squares):
                self._add_power(block, layer, 2, block.shares[:, None], out)
        return [np.sqrt(out) for out in squares]

    def input_moments(self):
        """Weighted mean of ``x x'``, x being all units that a matrix of weights leads from, and a 1 for the intercepts.

        Returns
        -------
        moments : list of ndarray of shape (fan_in + 1, fan_in + 1)
            For each matrix of weights.
        """
        moments = [np.zeros((size + 1, size + 1), self.dtype) for size in self.sizes[:-1]]
        for block in self._blocks():
            for layer, out in enumerate(moments):
                x = np.append(self._dense(block, layer), np.ones((len(block.rows), 1), self.dtype), axis=1)
                self._add_transposed_product(x, x * block.shares[:, None], out.reshape(-1))
        return moments
