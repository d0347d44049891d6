"""Diagonals of the Hessian of a network over samples: exact, and in the approximations that the field uses.

Notation, for one sample: a are the sums of a layer, x = f(a) its values, g = dE/dx, H = d2E/da da'. Layer by layer,
downwards (D = diag f'(a))::

    H_below = D W H W' D + diag(f''(a) g)        d2E/dw_ij^2 = H_jj x_i^2

The residual, diag(f'' g), is diagonal where it arises. So H is a sum of terms J' q J, one for the output (q = its
Hessian) and one for each layer with curved activations (q = its residual), J being Jacobian columns from that layer
down. One layer down, a diagonal q needs no columns: the diagonal of D W diag(q) W' D is f'^2 (W * W) q.
"""

import difflib

import numpy as np

from sknn_concepts.curvature import jacobian_columns as kernels
from sknn_concepts.curvature.products import Hessian, check_second_derivatives

#: Methods of the diagonal, and whether they look at the second derivatives of activations.
METHODS = {
    "exact": True,
    "obd": True,
    "hesscale": True,
    "gauss_newton": False,
    "levenberg_marquardt": False,
    "fisher": False,
    "hutchinson": True,
}


def check_method(method, loss, activations):
    """Raise ValueError if there is no such diagonal, or if a network does not tell the derivatives that it needs.

    Parameters
    ----------
    method : str
        One of METHODS.
    loss : Loss
        The network's loss.
    activations : list of Activation
        The network's activations.
    """
    if method not in METHODS:
        near = difflib.get_close_matches(str(method), METHODS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"The 'method' parameter has no {method!r}; it has {list(METHODS)}.{hint}")
    if method != "fisher":
        check_second_derivatives(loss, activations if METHODS[method] else ())


class Curvature(Hessian):
    """Curvature, gradients and sensitivities of a network at fixed parameters over fixed samples.

    Everything is of the loss ``loss_scale / total_weight * sum_i weight_i loss_i``, without penalties. Results are
    flat, in the order of the parameters: the weights of all layers, each matrix row by row, then all intercepts. Memory
    does not grow with the number of samples.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        Parameters, float32 or float64; copied.
    sizes : sequence of int
        Units of each layer, the input first.
    activations : list of Activation
        One for each layer after the input.
    loss : Loss
        The loss of a sample.
    source : ArrayStruct
        Samples with targets, made by :func:`sknn_concepts.network.dataset.make_dataset`.
    total_weight : float, optional
        What the sum over the samples is divided by; their total weight by default.
    loss_scale : float, default=1.0
        Factor of the loss.
    n_threads : int, default=1
        Threads that share the passes over many samples; their number changes no bit of the result.

    Raises
    ------
    ValueError
        If an activation has no slope, or if the samples have no weight.
    """

    def diagonal(self, method="exact", *, n_probes=100, random_state=0):
        """Diagonal of the Hessian.

        Parameters
        ----------
        method : str, default="exact"
            One of METHODS; see :func:`sknn_concepts.curvature.hessian_diagonal`.
        n_probes : int, default=100
            Random vectors of method="hutchinson".
        random_state : int or RandomState, default=0
            What they are drawn from.

        Returns
        -------
        diagonal : ndarray of shape (n_parameters,)

        Raises
        ------
        ValueError
            If there is no such method; if the loss or an activation lacks the second derivative that it needs.
        """
        check_method(method, self._loss, self.activations)
        if method == "fisher":
            return self._gradient_moment(2)
        if method == "hutchinson":
            random = random_state if hasattr(random_state, "randint") else np.random.RandomState(random_state)
            return self.hutchinson(2.0 * random.randint(0, 2, self.theta.size) - 1.0 for _ in range(n_probes))
        bends = METHODS[method]
        descend = self._descend_fully if method in ("exact", "gauss_newton") else self._descend_diagonally

        def add(block, out):
            of_sums = [np.zeros_like(slopes) for slopes in block.slopes]
            errors = self._errors(block) if bends and any(self.curved) else None
            hessian = self._output_hessian(block, None if errors is None else errors[-1])
            if self.coupled and method in ("obd", "levenberg_marquardt"):
                hessian = np.einsum("icc->ic", hessian).copy()
            descend(block, hessian, errors, of_sums)
            self._sum_powers(block, of_sums, 2, out)

        return self._sum(add) * self.dtype.type(self.loss_scale)

    def _descend_fully(self, block, hessian, errors, of_sums):
        """Diagonal of H for each layer, exactly: the output's term, then that of each residual."""
        self._add_output(block, hessian, of_sums, down_to=1)
        for layer in range(self.depth - 1, 0, -1):
            if errors is not None and self.curved[layer]:
                residual = block.bends[layer] * errors[layer]
                of_sums[layer] += residual
                self._descend(block, layer, residual, 2, of_sums)

    def _descend_diagonally(self, block, hessian, errors, of_sums):
        """Layer by layer, of each layer's H no more than the diagonal; of the output's all that there is."""
        self._add_output(block, hessian, of_sums, down_to=max(1, self.depth - 1))
        for layer in range(self.depth - 1, 0, -1):
            if errors is not None and self.curved[layer]:
                of_sums[layer] += block.bends[layer] * errors[layer]
            if layer > 1:
                self._hop(block, layer, of_sums[layer], 2, of_sums)

    def _add_output(self, block, hessian, of_sums, down_to):
        """Add the output's term to the layers from the output down to `down_to`."""
        if hessian.ndim == 2:
            of_sums[-1] += hessian
            self._descend(block, self.depth, hessian, 2, of_sums, down_to=down_to)
            return
        of_sums[-1] += np.einsum("icc->ic", hessian)
        roots, signs, found = np.empty_like(hessian), np.empty_like(of_sums[-1]), np.empty(len(hessian), bool)
        kernels.take_roots(hessian, roots, signs, found)
        if not found.all():
            values, vectors = np.linalg.eigh(hessian[~found])
            roots[~found] = (vectors * np.sqrt(np.abs(values))[:, None]).swapaxes(1, 2)
            signs[~found] = np.sign(values)
        self._descend(block, self.depth, signs, 2, of_sums, roots, down_to)

    def hutchinson(self, probes):
        """Estimate of the diagonal: the mean over probes z, vectors of signs, of ``z * (H z)``.

        Its expectation over random signs is the diagonal; so is its mean over all combinations of signs.

        Parameters
        ----------
        probes : iterable of ndarray of shape (n_parameters,)
            Vectors of -1 and 1.

        Returns
        -------
        diagonal : ndarray of shape (n_parameters,)

        References
        ----------
        Bekas, Kokiopoulou and Saad (2007), An estimator for the diagonal of a matrix, Applied Numerical Mathematics
        57(11-12).
        """
        total, count = np.zeros(self.theta.size), 0
        for count, probe in enumerate(probes, 1):  # noqa: B007
            total += probe * self.product(probe)
        return (total / count).astype(self.dtype)
