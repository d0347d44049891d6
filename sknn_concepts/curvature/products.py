"""Second derivatives of a network over its samples as a whole: products with the Hessian, and matrices."""

import numpy as np
from numba import types

from sknn_concepts.curvature import jacobian_columns as kernels
from sknn_concepts.curvature.gradients import Derivatives
from sknn_concepts.curvature.jacobian_columns import run
from sknn_concepts.jit.dispatch import has
from sknn_concepts.network import layers as network

#: Memory for the Jacobians of some samples.
JACOBIAN_BYTES = 16 * 2**20


def check_second_derivatives(loss, activations=()):
    """Raise ValueError unless a loss, and activations, tell their second derivatives.

    Parameters
    ----------
    loss : Loss
        The loss of a sample.
    activations : list of Activation
        Those whose second derivative is needed.
    """
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


class Hessian(Derivatives):
    """The Hessian of the loss of a network over samples, and its Gauss-Newton part; the arguments are Curvature's."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        #: whether the loss couples the outputs of a sample, whose second derivatives are then a matrix
        self.coupled = has(self._loss, "loss_gradient_row")

    def _output_hessian(self, block, errors=None):
        """Second derivatives with respect to the output's sums: of shape (m, n_outputs), or matrices if coupled.

        The second derivative of the output's activation is in it where the errors of the raw predictions are given.
        """
        kernel = kernels.output_hessian_rows if self.coupled else kernels.output_hessian
        matrix = self._machine._matrix
        out = types.Array(matrix.dtype, 3 if self.coupled else 2, "C")
        self._plug(self.depth, kernel, self._loss, *[matrix] * 4, out)
        raw, slopes = block.values[-1], block.slopes[-1]
        hessian = np.empty((*raw.shape, raw.shape[1]) if self.coupled else raw.shape, self.dtype)
        of_activation = np.zeros_like(raw) if errors is None else block.bends[-1] * errors
        run(self._sockets, self.depth, (block.y, raw, slopes, of_activation, hessian))
        return hessian

    def product(self, vector):
        """Product of the Hessian with a vector, at the cost of about two gradients.

        The R-operator: one pass forward and one backward of the derivatives in the direction of the vector.

        Parameters
        ----------
        vector : ndarray of shape (n_parameters,)

        Returns
        -------
        product : ndarray of shape (n_parameters,)

        References
        ----------
        Pearlmutter (1994), Fast exact multiplication by the Hessian, Neural Computation 6(1).
        """
        check_second_derivatives(self._loss, self.activations)
        vector = np.array(vector, self.dtype)
        coefs, intercepts = network.layer_views(vector, self.layout)

        def add(block, out):
            # sums[l] and moving[l]: derivatives in the direction of the vector, of the sums and values of layer l
            sums, moving = [None], [None]
            for layer in range(self.depth):
                z = np.empty_like(block.slopes[layer + 1])
                self._forward(block.rows, layer, block.values[layer], coefs[layer], z)
                z += intercepts[layer]
                if layer > 0:
                    below = np.empty_like(z)
                    self._forward(block.rows, layer, moving[layer], self.coefs[layer], below)
                    z += below
                sums.append(z)
                moving.append(z * block.slopes[layer + 1])
            errors, shares = self._errors(block), block.shares[:, None]
            hessian = self._output_hessian(block, errors[-1])
            change = np.einsum("icd,id->ic", hessian, sums[-1]) if self.coupled else hessian * sums[-1]
            for layer in range(self.depth - 1, -1, -1):
                self._add_gradient(block, layer, block.values[layer], change * shares, out)
                if layer > 0:
                    delta = errors[layer + 1] * block.slopes[layer + 1]
                    weights = network.weights_of(out, self.layout, layer)
                    self._call(layer, network.GRADIENT, block.rows, moving[layer], weights, delta * shares, True)
                    change = self._back(layer, change, self.coefs[layer]) + self._back(layer, delta, coefs[layer])
                    change = change * block.slopes[layer] + block.bends[layer] * sums[layer] * errors[layer]

        return self._sum(add) * self.dtype.type(self.loss_scale)

    def hessian_matrix(self, method="exact", left=None):
        """The Hessian, or its Gauss-Newton part, as a matrix.

        Parameters
        ----------
        method : {"exact", "gauss_newton"}, default="exact"
            "exact" is made of n products, at the cost of two gradients each; "gauss_newton" is the network
            linearized and the loss as it is, ``mean_i J_i' H_i J_i``, J_i being the Jacobian of the outputs' sums and
            H_i the second derivative of the loss of sample i with respect to them, at the cost of
            n_samples n_outputs n^2 multiplications.
        left : ndarray of int of shape (n,), optional
            Parameters whose rows and columns are wanted; all by default.

        Returns
        -------
        matrix : ndarray of shape (n, n)

        References
        ----------
        Hassibi and Stork (1993), Second order derivatives for network pruning: optimal brain surgeon, NIPS 5;
        Schraudolph (2002), Fast curvature matrix-vector products for second-order gradient descent, Neural Computation
        14(7).
        """
        if method == "gauss_newton":
            return self._gauss_newton_matrix(left)
        places = np.arange(self.theta.size) if left is None else left
        matrix = np.stack([self._column(place)[places] for place in places])
        return (matrix + matrix.T) / 2

    def _column(self, place):
        unit = np.zeros_like(self.theta)
        unit[place] = 1
        return self.product(unit)

    def _gauss_newton_matrix(self, left):
        check_second_derivatives(self._loss)
        n, n_outputs = self.theta.size if left is None else len(left), self.sizes[-1]
        count = max(1, JACOBIAN_BYTES // (2 * n_outputs * self.theta.size * self.dtype.itemsize))
        out = np.zeros((n, n), self.dtype)
        for block in self._blocks():
            hessian = self._output_hessian(block)
            hessian *= block.shares.reshape(-1, *[1] * (hessian.ndim - 1))
            inputs = [self._dense(block, layer) for layer in range(self.depth)]
            for start in range(0, len(block.rows), count):
                rows = slice(start, min(start + count, len(block.rows)))
                jacobian = self._jacobian(block, rows, inputs)
                jacobian = jacobian if left is None else np.ascontiguousarray(jacobian[:, :, left])
                if self.coupled:
                    scaled = np.empty_like(jacobian)
                    kernels.apply_matrices(hessian[rows], jacobian, scaled)
                else:
                    scaled = jacobian * hessian[rows, :, None]
                flat = jacobian.reshape(-1, n), scaled.reshape(-1, n)
                self._add_transposed_product(*flat, out.reshape(-1))
        return (out + out.T) * self.dtype.type(self.loss_scale / 2)

    def _jacobian(self, block, rows, inputs):
        """Derivatives of the outputs' sums with respect to all parameters, for some rows of a block."""
        m, n_outputs = rows.stop - rows.start, self.sizes[-1]
        jacobian = np.empty((m, n_outputs, self.theta.size), self.dtype)
        memory = np.empty((2, m * n_outputs * max(self.sizes[1:])), self.dtype)
        columns = np.broadcast_to(np.eye(n_outputs, dtype=self.dtype), (m, n_outputs, n_outputs)).copy()
        above = None
        for layer in range(self.depth, 0, -1):
            if layer < self.depth:
                above = self._columns(block, rows, self.depth, layer, above, slice(0, n_outputs), memory)
                columns = above.reshape(m, n_outputs, -1)
            kernels.fill_jacobian(
                inputs[layer - 1][rows], columns, jacobian, int(self.layout[layer - 1, network.WEIGHTS])
            )
            start = int(self.layout[layer - 1, network.INTERCEPTS])
            jacobian[:, :, start : start + self.sizes[layer]] = columns
        return jacobian
