"""Diagonals of the Hessian of a network over samples: exact, and in the approximations that the field uses.

Notation, for one sample: a are the pre-activations of a layer, x = f(a) its values, g = dE/dx, H = d2E/da da'. Layer by
layer, downwards (D = diag f'(a))::

    H_below = D W H W' D + diag(f''(a) g)        d2E/dw_ij^2 = H_jj x_i^2

The residual, diag(f'' g), is diagonal where it arises. So H is a sum of terms J' q J, one for the output (q = its
Hessian) and one for each layer with curved activations (q = its residual), J being Jacobian columns from that layer
down. One layer down, a diagonal q needs no columns: the diagonal of D W diag(q) W' D is f'^2 (W * W) q.
"""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from sknn_concepts.curvature import kernels
from sknn_concepts.curvature.gradients import gradient_moment
from sknn_concepts.curvature.jacobian_columns import propagate, propagate_one_layer
from sknn_concepts.curvature.products import check_second_derivatives, hessian_vector_product, output_hessian
from sknn_concepts.jit.strategy import Strategy, check_range, resolve


class HessianMethod(Strategy):
    """A diagonal of the Hessian, or an approximation of it.

    One of your own is a subclass with one method, passed as an instance wherever a name is accepted; an entry in
    `HESSIAN_METHODS` gives it a name::

        class SquaredGradient(HessianMethod):
            needs_loss_hessian = False

            def diagonal(self, blocks):
                return gradient(blocks) ** 2

    Functions of blocks are those of :mod:`sknn_concepts.curvature.gradients` and
    :mod:`sknn_concepts.curvature.products`.
    """

    needs_loss_hessian = True  #: the loss must have its second derivative
    needs_activation_curvature = False  #: activations must have theirs

    def diagonal(self, blocks):
        """Diagonal for all parameters.

        Parameters
        ----------
        blocks : SampleBlocks
            The network and samples.

        Returns
        -------
        diagonal : ndarray of shape (n_parameters,)
            Numbers in the order of ``blocks.theta``.
        """
        raise NotImplementedError(f"{type(self).__name__} has no diagonal(blocks).")

    def check_network(self, loss, activations):
        """Raise ValueError if the loss or an activation of a network lacks a second derivative that is needed."""
        if self.needs_loss_hessian:
            check_second_derivatives(loss, activations if self.needs_activation_curvature else ())


class _LayerByLayer(HessianMethod):
    """Method that propagates the diagonal of H from the output down, and averages H_jj x_i^2 over the samples.

    The second derivatives of activations count if the method needs them.
    """

    exact_below = True  #: whether Jacobian columns are propagated, not only diagonals
    couples_outputs = True  #: whether the whole Hessian of outputs that the loss couples counts, not only its diagonal

    def diagonal(self, blocks):
        curved = self.needs_activation_curvature and any(blocks.curved)
        propagate_down = _propagate_columns if self.exact_below else _propagate_diagonals

        def add(block, out):
            per_unit = [np.zeros_like(slopes) for slopes in block.slopes]
            errors = blocks.errors(block) if curved else None
            hessian = output_hessian(blocks, block, None if errors is None else errors[-1])
            if blocks.coupled and not self.couples_outputs:
                hessian = np.einsum("icc->ic", hessian).copy()
            propagate_down(blocks, block, hessian, errors, per_unit)
            blocks.add_powers(block, per_unit, 2, out)

        return blocks.sum_over_samples(add) * blocks.dtype.type(blocks.loss_scale)


class Exact(_LayerByLayer):
    """The true diagonal, h_i = d2E / dw_i^2, whatever the activations, the loss and the depth.

    Jacobian columns of the outputs are propagated down through the layers, at about C times the cost of the backward
    pass without its first layer, C being the number of outputs; and where the activations of the third or a higher
    hidden layer are curved, also one column for each of its units.
    """

    needs_activation_curvature = True


class GaussNewton(_LayerByLayer):
    """The exact diagonal of the network linearized, J' H J (Schraudolph, 2002).

    H is the Hessian of the loss and J the Jacobian of the outputs' pre-activations. Exact for piecewise linear
    activations such as relu with an identity as output activation; never negative for convex losses. Costs as much as
    "exact" without the columns of curved layers.
    """


class OptimalBrainDamageDiagonal(_LayerByLayer):
    """From layer to layer only the diagonal is handed down (LeCun, Denker and Solla, 1990, equations 6 to 8).

    Equation 7 is printed with a minus before its last term; it has a plus here, as equation 8 has. Exact for one hidden
    layer at most if the loss does not couple the outputs (softmax does). Costs about one gradient.
    """

    needs_activation_curvature = True
    exact_below, couples_outputs = False, False


class HesScale(_LayerByLayer):
    """As "obd", but the whole Hessian of the outputs is taken to the last hidden layer.

    Elsayed, Farrahi, Dangel and Mahmood (2024). Exact for one hidden layer at most. Costs about one gradient.
    """

    needs_activation_curvature = True
    exact_below = False


class LevenbergMarquardt(_LayerByLayer):
    """As "obd", without the second derivatives of activations (LeCun, Denker and Solla, 1990, section 2.2).

    Never negative for convex losses. Exact where "obd" is and all activations are piecewise linear. Costs about one
    gradient.
    """

    exact_below, couples_outputs = False, False


class EmpiricalFisher(HessianMethod):
    """The mean of the squared gradients of single samples, the diagonal of the empirical Fisher matrix.

    It is not the Hessian (Kunstner, Balles and Hennig, 2019), but needs no second derivative. Costs one gradient.
    """

    needs_loss_hessian = False

    def diagonal(self, blocks):
        return gradient_moment(blocks, 2)


class Hutchinson(HessianMethod):
    """Mean of z * (H z) over random vectors of signs z.

    Bekas, Kokiopoulou and Saad (2007), An estimator for the diagonal of a matrix, Applied Numerical Mathematics 57.
    Unbiased; its standard deviation for weight i is ``sqrt(sum_{j != i} H_ij^2 / n_probes)``, so that it is exact where
    H is diagonal. Costs two gradients a probe.

    Parameters
    ----------
    n_probes : int >= 1, default=100
        Number of random vectors.
    random_state : int, RandomState instance or None, default=0
        Source of the random vectors.
    """

    n_probes: int = 100
    random_state: object = 0

    needs_activation_curvature = True

    def check(self):
        """Raise ValueError where a parameter is out of its range."""
        check_range(self, "n_probes", isinstance(self.n_probes, Integral) and self.n_probes >= 1, "{1, 2, ...}")

    def diagonal(self, blocks):
        random_state, n = check_random_state(self.random_state), blocks.theta.size
        return hutchinson(blocks, (2.0 * random_state.randint(0, 2, n) - 1.0 for _ in range(self.n_probes)))


#: Methods by name. A name of one's own may be added.
HESSIAN_METHODS = {
    "exact": Exact,
    "obd": OptimalBrainDamageDiagonal,
    "hesscale": HesScale,
    "gauss_newton": GaussNewton,
    "levenberg_marquardt": LevenbergMarquardt,
    "fisher": EmpiricalFisher,
    "hutchinson": Hutchinson,
}


def get_hessian_method(choice, **hyper_parameters):
    """Return the method for a name or an instance; parameters are for a method chosen by name that has them."""
    return resolve(choice, HESSIAN_METHODS, {}, HessianMethod, "method", **hyper_parameters)


def diagonal(blocks, method="exact"):
    """Return the diagonal of the Hessian by a method, given by its name or as an instance.

    Raises ValueError if there is no such method, if the loss or an activation lacks a second derivative that it needs,
    or if the result does not have a number for each parameter.
    """
    method = get_hessian_method(method)
    method.check_network(blocks.loss, blocks.activations)
    found = method.diagonal(blocks)
    if np.shape(found) != blocks.theta.shape:
        raise ValueError(
            f"The diagonal of {method!r} must have shape {blocks.theta.shape}, a number for each parameter; it has "
            f"shape {np.shape(found)}."
        )
    return np.asarray(found)


def hutchinson(blocks, probes):
    """Mean over probes z, vectors of signs, of ``z * (H z)``; over all combinations of signs it is the diagonal."""
    total, count = np.zeros(blocks.theta.size), 0
    for count, probe in enumerate(probes, 1):  # noqa: B007
        total += probe * hessian_vector_product(blocks, probe)
    return (total / count).astype(blocks.dtype)


def _propagate_columns(blocks, block, hessian, errors, per_unit):
    """Diagonal of H for each layer, exactly: the term of the output, then that of each residual."""
    _add_output(blocks, block, hessian, per_unit, lowest=1)
    for layer in range(blocks.depth - 1, 0, -1):
        if errors is not None and blocks.curved[layer]:
            residual = block.curvatures[layer] * errors[layer]
            per_unit[layer] += residual
            propagate(blocks, block, layer, residual, 2, per_unit)


def _propagate_diagonals(blocks, block, hessian, errors, per_unit):
    """Diagonal of H for each layer, made of the diagonal of the layer above; of the output, the whole matrix counts."""
    _add_output(blocks, block, hessian, per_unit, lowest=max(1, blocks.depth - 1))
    for layer in range(blocks.depth - 1, 0, -1):
        if errors is not None and blocks.curved[layer]:
            per_unit[layer] += block.curvatures[layer] * errors[layer]
        if layer > 1:
            propagate_one_layer(blocks, block, layer, per_unit[layer], 2, per_unit)


def _add_output(blocks, block, hessian, per_unit, lowest):
    """Add the term of the output to the layers from the output down to `lowest`."""
    if hessian.ndim == 2:
        per_unit[-1] += hessian
        propagate(blocks, block, blocks.depth, hessian, 2, per_unit, lowest=lowest)
        return
    per_unit[-1] += np.einsum("icc->ic", hessian)
    roots, signs, found = np.empty_like(hessian), np.empty_like(per_unit[-1]), np.empty(len(hessian), bool)
    kernels.triangular_roots(hessian, roots, signs, found)
    if not found.all():
        values, vectors = np.linalg.eigh(hessian[~found])
        roots[~found] = (vectors * np.sqrt(np.abs(values))[:, None]).swapaxes(1, 2)
        signs[~found] = np.sign(values)
    propagate(blocks, block, blocks.depth, signs, 2, per_unit, combinations=roots, lowest=lowest)
