"""Statistics of a network for pruners: its parameters, and derivatives and moments over its samples."""

import functools

import numpy as np

from sknn_concepts.curvature import diagonals, gradients, products
from sknn_concepts.curvature.blocks import SampleBlocks
from sknn_concepts.curvature.inverse import invert
from sknn_concepts.losses.linear_errors import LINEAR_ERRORS
from sknn_concepts.network.layout import layer_views


def _computed_once(method):
    """Keep the result of a method of NetworkStatistics for each argument, in float64 if it is an array."""

    @functools.wraps(method)
    def computed(self, *arguments):
        key = method.__name__, repr(arguments)
        if key not in self._computed:
            found = method(self, *arguments)
            self._computed[key] = np.asarray(found, np.float64) if isinstance(found, np.ndarray) else found
        return self._computed[key]

    return computed


class NetworkStatistics:
    """A network before a step of pruning. Arrays are flat and in double precision, in the order of the parameters.

    Derivatives are those of the mean loss over the samples, without penalty; each is computed when first asked for.

    Parameters
    ----------
    network : FittedNetwork
        Parameters, architecture, loss and samples; its mask is false for the parameters that have been removed.
    trace : TrainingTrace, optional
        Record of the network's training.

    Attributes
    ----------
    weights : ndarray of shape (n_parameters,)
        The parameters, intercepts included.
    mask : ndarray of bool of shape (n_parameters,)
        False for the parameters that have been removed.
    """

    def __init__(self, network, trace=None):
        self.weights = np.asarray(network.theta, np.float64)
        self.mask = np.ones(self.weights.size, bool) if network.mask is None else network.mask
        self._network, self._trace = network, trace
        self._blocks = SampleBlocks(network)
        self._computed: dict = {}

    def matrices(self, flat):
        """Weight matrices of each layer in a flat array, of shape (fan_in, fan_out), as views."""
        return layer_views(flat, self._blocks.layout)[0]

    @_computed_once
    def gradient(self, loss=None):
        """Gradient of the mean loss, or of another loss."""
        blocks = self._blocks if loss is None else SampleBlocks(self._network._replace(loss=loss))
        return gradients.gradient(blocks)

    def linear_error(self):
        """Loss |y - prediction|; the network's own loss if that is linear, or has a link without a linear error."""
        loss = self._network.loss
        known = loss.link in LINEAR_ERRORS and (loss.link != "identity" or "regression" in loss.tasks)
        return LINEAR_ERRORS[loss.link]() if known else loss

    @_computed_once
    def mean_absolute_gradient(self):
        """Mean over the samples of the magnitude of each one's gradient."""
        return gradients.gradient_moment(self._blocks, 1)

    @_computed_once
    def mean_squared_gradient(self):
        """Mean over the samples of the square of each one's gradient, the diagonal of the empirical Fisher matrix."""
        return gradients.gradient_moment(self._blocks, 2)

    @_computed_once
    def output_sensitivity(self):
        """Mean over the samples of the sum over the outputs of |dy / dw|."""
        return gradients.output_sensitivity(self._blocks)

    @_computed_once
    def hessian_diagonal(self, method="exact"):
        """Diagonal of the Hessian; the methods are those of :func:`sknn_concepts.curvature.hessian_diagonal`."""
        return diagonals.diagonal(self._blocks, method)

    @_computed_once
    def input_norms(self):
        """For each weight the root mean square of its input; 1 for intercepts."""
        norms = np.ones(self.weights.size)
        for w, norm in zip(self.matrices(norms), gradients.input_norms(self._blocks), strict=True):
            w[:] = norm[:, None]
        return norms

    def training_trace(self):
        """Record of the network's training, a :class:`sknn_concepts.pruning.trace.TrainingTrace`.

        Raises
        ------
        ValueError
            If there is none.
        """
        if self._trace is None:
            raise ValueError("This network's training was not recorded: give the pruner to the constructor (pruning=).")
        return self._trace

    @_computed_once
    def inverse_hessian(self, method, damping):
        """Inverse of the Hessian over the parameters that are left.

        Parameters
        ----------
        method : {"gauss_newton", "exact"}
            Matrix to invert.
        damping : float
            Number added to its diagonal. ValueError says if the matrix is not positive definite even then.
        """
        matrix = products.hessian_matrix(self._blocks, method, np.flatnonzero(self.mask))
        return invert(matrix.astype(np.float64), damping, f"The {method} Hessian", "hessian")

    def unit_inverse_hessians(self, damping):
        """For each unit its incoming parameters that are left, and the inverse second moment of its inputs.

        Parameters
        ----------
        damping : float
            Number added to the diagonals.

        Yields
        ------
        positions : ndarray of int
            Positions of a unit's weights and its intercept among all parameters.
        inverse : ndarray of shape (n_positions, n_positions)
            Inverse of the mean of x x', x being the inputs of the unit and 1.
        """
        coefs, intercepts = layer_views(np.arange(self.weights.size), self._blocks.layout)
        moments = self._input_moments()
        for layer, (w, b) in enumerate(zip(coefs, intercepts, strict=True)):
            before, inverse = None, None
            for unit in range(b.size):
                incoming = np.append(w[:, unit], b[unit])
                left = self.mask[incoming]
                if before is None or not np.array_equal(left, before):  # at first all units have the same inputs
                    matrix, what = moments[layer][np.ix_(left, left)], f"The second moment of layer {layer}'s inputs"
                    before, inverse = left, invert(matrix, damping, what, "hessian")
                yield incoming[left], inverse

    @_computed_once
    def _input_moments(self):
        return gradients.input_moments(self._blocks)
