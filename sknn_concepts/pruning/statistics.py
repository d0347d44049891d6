"""What a pruner can know of a network: its parameters, and what its samples say of them."""

import numpy as np

from sknn_concepts.curvature.diagonals import Curvature
from sknn_concepts.curvature.inverse import invert
from sknn_concepts.losses import LINEAR_ERRORS
from sknn_concepts.network.layers import layer_views


class NetworkStatistics:
    """A network before a step of pruning. Arrays are flat and in double precision, in the order of the parameters.

    Everything is of the mean loss over the samples, without penalty, and computed when first asked for.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        Weights of all layers, each matrix row by row, then all intercepts.
    sizes : sequence of int
        Units of each layer, the input first.
    activations : list of Activation
        One for each layer after the input.
    loss : Loss
        The loss of a sample.
    source : ArrayStruct
        Samples with targets.
    alive : ndarray of bool of shape (n_parameters,)
        Which parameters are left.
    loss_scale : float, default=1.0
        Factor of the loss.
    way : tuple (start, squares, rate), optional
        Where training started, the sum of the squared changes of its passes, its learning rate.

    Attributes
    ----------
    weights : ndarray of shape (n_parameters,)
        The parameters, intercepts included.
    alive : ndarray of bool of shape (n_parameters,)
        Which of them are left; the others are zero.
    """

    def __init__(self, theta, sizes, activations, loss, source, alive, loss_scale=1.0, way=None):
        self.weights = np.asarray(theta, np.float64)
        self.alive = alive
        self._loss = loss
        self._network = theta, sizes, activations, source
        self._loss_scale = loss_scale
        self._way = way
        self._curvature = Curvature(theta, sizes, activations, loss, source, loss_scale=loss_scale)
        self._known: dict = {}

    def matrices(self, flat):
        """Weight matrices of each layer in a flat array, of shape (fan_in, fan_out), as views."""
        return layer_views(flat, self._curvature.layout)[0]

    def gradient(self, loss=None):
        """Gradient of the mean loss, or of another one."""
        if loss is None:
            return self._once("gradient", lambda: self._curvature.gradient())
        theta, sizes, activations, source = self._network
        other = Curvature(theta, sizes, activations, loss, source, loss_scale=self._loss_scale)
        return other.gradient().astype(np.float64)

    def linear_error(self):
        """Loss |y - prediction|; the network's own one where that is linear, or has a link unknown here."""
        known = self._loss.link in LINEAR_ERRORS and (self._loss.link != "identity" or "regression" in self._loss.tasks)
        return LINEAR_ERRORS[self._loss.link]() if known else self._loss

    def mean_absolute_gradient(self):
        """Mean over the samples of the magnitude of each one's gradient."""
        return self._once("absolute", lambda: self._curvature.mean_absolute_gradient())

    def mean_squared_gradient(self):
        """Mean over the samples of the square of each one's gradient, the diagonal of the empirical Fisher matrix."""
        return self._once("fisher", lambda: self._curvature.diagonal("fisher"))

    def output_sensitivity(self):
        """Mean over the samples of the sum over the outputs of |dy / dw|."""
        return self._once("output", lambda: self._curvature.output_sensitivity())

    def hessian_diagonal(self, method="exact"):
        """Diagonal of the Hessian; the methods are those of :func:`sknn_concepts.curvature.hessian_diagonal`."""
        return self._once(f"diagonal {method}", lambda: self._curvature.diagonal(method))

    def input_norms(self):
        """For each weight the root of the mean square of what it multiplies; 1 for intercepts."""
        return self._once("norms", self._input_norms)

    def _input_norms(self):
        norms = np.ones(self.weights.size)
        for w, norm in zip(self.matrices(norms), self._curvature.input_norms(), strict=True):
            w[:] = norm[:, None]
        return norms

    def way(self):
        """Where training started, the sum of the squared changes of its passes, and its learning rate.

        Raises
        ------
        ValueError
            If nobody watched.
        """
        if self._way is None:
            raise ValueError("Nobody watched this network's training: give the pruner to the constructor (pruning=).")
        return self._way

    def inverse_hessian(self, method, damping):
        """Inverse of the Hessian over the parameters that are left.

        Parameters
        ----------
        method : {"gauss_newton", "exact"}
            Which matrix.
        damping : float
            Added to its diagonal.

        Returns
        -------
        inverse : ndarray of shape (n_alive, n_alive)

        Raises
        ------
        ValueError
            If the matrix is not positive definite, as the exact one away from a minimum.
        """

        def inverse():
            matrix = self._curvature.hessian_matrix(method, np.flatnonzero(self.alive))
            return invert(matrix.astype(np.float64), damping, f"The {method} Hessian", "hessian")

        return self._once(f"inverse {method} {damping}", inverse)

    def unit_inverse_hessians(self, damping):
        """For each unit its incoming parameters that are left, and the inverse second moment of what they multiply.

        Parameters
        ----------
        damping : float
            Added to the diagonals.

        Yields
        ------
        positions : ndarray of int
            Of a unit's weights and its intercept among all parameters.
        inverse : ndarray of shape (n_positions, n_positions)
            Inverse of the mean of x x', x being the inputs of the unit and 1.
        """
        coefs, intercepts = layer_views(np.arange(self.weights.size), self._curvature.layout)
        moments = self._once("moments", lambda: self._curvature.input_moments())
        for layer, (w, b) in enumerate(zip(coefs, intercepts, strict=True)):
            before, inverse = None, None
            for unit in range(b.size):
                everything = np.append(w[:, unit], b[unit])
                left = self.alive[everything]
                if before is None or not np.array_equal(left, before):  # at first all units have the same inputs
                    matrix, what = moments[layer][np.ix_(left, left)], f"The second moment of layer {layer}'s inputs"
                    before, inverse = left, invert(matrix, damping, what, "hessian")
                yield everything[left], inverse

    def _once(self, name, compute):
        if name not in self._known:
            found = compute()
            self._known[name] = np.asarray(found, np.float64) if isinstance(found, np.ndarray) else found
        return self._known[name]
