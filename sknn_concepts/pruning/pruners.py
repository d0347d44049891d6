"""Pruners: which weights of a trained network can be removed.

A pruner gives each parameter a score, and the parameters with the lowest scores are removed. One of your own is a class
like those below, in your own file::

    from sknn_concepts.pruning import Pruner

    class SmallestContribution(Pruner):
        def scores(self, network):
            return abs(network.weights) * network.mean_absolute_gradient()

``MLPClassifier(pruning=SmallestContribution(sparsity=0.9))``. The attributes and methods of `network` are those of
:class:`sknn_concepts.pruning.statistics.NetworkStatistics`; arrays have one number for each weight and intercept.
"""

import numpy as np

from sknn_concepts.curvature.diagonals import HessianMethod
from sknn_concepts.jit.strategy import check_range, resolve
from sknn_concepts.pruning.criteria import Criterion, get_criterion
from sknn_concepts.pruning.pruner import Pruner, check_option, is_count

__all__ = [
    "PRUNERS",
    "ActivationNormPruning",
    "MagnitudePruning",
    "OptimalBrainDamage",
    "OptimalBrainSurgeon",
    "RandomPruning",
    "SensitivityPruning",
    "UnitPruning",
    "get_pruner",
]


class MagnitudePruning(Pruner):
    """|w|: the smallest weights are removed (Han, Pool, Tran and Dally, 2015).

    All parameters of `Pruner` are accepted.
    """

    def scores(self, network):
        return np.abs(network.weights)


class RandomPruning(Pruner):
    """Random numbers from U(0, 1), the baseline for every other pruner.

    All parameters of `Pruner` are accepted.

    Parameters
    ----------
    random_state : int, default=0
        Seed of the random numbers.
    """

    random_state: int = 0

    def scores(self, network):
        return np.random.RandomState(self.random_state).uniform(size=network.weights.size)


class SensitivityPruning(Pruner):
    """|g w| and similar measures of how sensitive the loss, or the output, is to a weight.

    All parameters of `Pruner` are accepted.

    Parameters
    ----------
    criterion : {"taylor", "gradient", "output", "snip", "karnin"} or Criterion, default="taylor"
        Measure of the sensitivity. With the gradient g_n of the loss of sample n:

        - "taylor": mean_n (g_n w)^2 (Molchanov et al., 2019, equation 8, for single weights);
        - "gradient": mean_n |g_n w|, which does not vanish at a minimum, unlike the mean gradient;
        - "output": mean_n sum_k |dy_k / dw|, whatever the size of the weight (Engelbrecht, 2001);
        - "snip": |g w| with the mean gradient before training, when the network is pruned (Lee, Ajanthan and Torr,
          2019);
        - "karnin": |S|, S = sum_n dw(n)^2 w / (eta (w - w_0)), over the epochs of a training with learning rate eta
          from w_0, dw(n) being the change in epoch n (Karnin, 1990, equation 9).
    """

    criterion: str | Criterion = "taylor"

    def check(self):
        super().check()
        get_criterion(self.criterion)

    @property
    def before_training(self):
        """Whether the criterion needs the network before it is trained."""
        return get_criterion(self.criterion).before_training

    @property
    def watches_training(self):
        """Whether the criterion needs a record of the training."""
        return get_criterion(self.criterion).watches_training

    def scores(self, network):
        return get_criterion(self.criterion).scores(network)


class ActivationNormPruning(Pruner):
    """|w_ij| ||x_i||, the weight times the norm of its input (Sun, Liu, Bair and Kolter, 2023, equation 1).

    All parameters of `Pruner` are accepted.
    """

    def scores(self, network):
        return np.abs(network.weights) * network.input_norms()


class OptimalBrainDamage(Pruner):
    """h w^2 / 2, the increase of the loss if the Hessian were its diagonal h (LeCun, Denker and Solla, 1990).

    All parameters of `Pruner` are accepted.

    Parameters
    ----------
    curvature : str or HessianMethod, default="exact"
        Method of :func:`sknn_concepts.curvature.hessian_diagonal`; "obd" is the recursion of the paper.
    negative : {"clip", "signed", "levenberg_marquardt"}, default="clip"
        Treatment of negative second derivatives, which occur away from a minimum: "clip" takes them as almost 0, so
        that these weights are removed first, the smallest ones before the others; "signed" takes them as they are; and
        "levenberg_marquardt" replaces the diagonal by an approximation that has none (`curvature` is not used then).
    """

    curvature: str | HessianMethod = "exact"
    negative: str = "clip"

    def check(self):
        super().check()
        check_option(self, "negative", ("clip", "signed", "levenberg_marquardt"))

    @property
    def hessian_method(self):
        """Method of the diagonal."""
        return "levenberg_marquardt" if self.negative == "levenberg_marquardt" else self.curvature

    def scores(self, network):
        h = network.hessian_diagonal(self.hessian_method)
        if self.negative == "clip":
            h = np.maximum(h, np.finfo(h.dtype).tiny)  # then the size of the weight decides
        return 0.5 * h * network.weights**2

    def predicted_increase(self, network, removed, scores):
        """Sum of the saliencies."""
        return float(scores[removed].sum())


class OptimalBrainSurgeon(Pruner):
    """w^2 / (2 [H^-1]_ww), with an adjustment of the other weights (Hassibi and Stork, 1993, equation 5).

    The weights Q that a step removes are made up for by the best change of all others, -H^-1[:, Q] (H^-1[Q, Q])^-1 w_Q.
    Beyond `max_weights` parameters each layer is pruned so that its pre-activations change the least, H being the
    second moment of its inputs (Dong, Chen and Pan, 2017).

    All parameters of `Pruner` are accepted.

    Parameters
    ----------
    hessian : {"gauss_newton", "exact"}, default="gauss_newton"
        Matrix H: the outer-product approximation of the paper, or the exact Hessian.
    damping : float > 0, default=1e-4
        Number added to the diagonal of H, the alpha of the paper, which has 1e-8 to 1e-4 and removes one weight at a
        time; steps that remove many need more.
    max_weights : int >= 0, default=1000
        Largest number of parameters for which one Hessian covers the whole network. Its memory grows with their
        square, and its time with their cube.
    """

    hessian: str = "gauss_newton"
    damping: float = 1e-4
    max_weights: int = 1000

    @property
    def hessian_method(self):
        """Method of the Hessian."""
        return self.hessian

    def check(self):
        super().check()
        check_range(self, "damping", self.damping > 0.0, "(0, inf)")
        check_range(self, "max_weights", is_count(self.max_weights), "{0, 1, 2, ...}")
        check_option(self, "hessian", ("gauss_newton", "exact"))

    def scores(self, network):
        scores = np.full(network.weights.size, np.inf)
        for group, inverse in self._groups(network):
            scores[group] = 0.5 * network.weights[group] ** 2 / inverse.diagonal()
        return scores

    def adjustment(self, network, removed):
        """Best change of the remaining weights."""
        change = np.zeros(network.weights.size)
        for group, inverse in self._groups(network):
            of_group = removed[group]
            change[group] -= inverse[:, of_group] @ _solve(inverse, of_group, network.weights[group])
        change[removed] = 0.0
        return change

    def predicted_increase(self, network, removed, scores):
        """w_Q' (H^-1[Q, Q])^-1 w_Q / 2; NaN if each layer is pruned alone."""
        if self._layer_by_layer(network):
            return np.nan
        ((group, inverse),) = self._groups(network)
        w, of_group = network.weights[group], removed[group]
        return float(0.5 * w[of_group] @ _solve(inverse, of_group, w))

    def _layer_by_layer(self, network):
        return np.count_nonzero(network.mask) > self.max_weights

    def _groups(self, network):
        """Yield groups of parameters, and the inverse of the Hessian of each."""
        if self._layer_by_layer(network):
            yield from network.unit_inverse_hessians(self.damping)
        else:
            yield np.flatnonzero(network.mask), network.inverse_hessian(self.hessian, self.damping)


def _solve(inverse, of_group, w):
    """(H^-1[Q, Q])^-1 w_Q."""
    return np.linalg.solve(inverse[np.ix_(of_group, of_group)], w[of_group]) if of_group.any() else np.zeros(0)


class UnitPruning(Pruner):
    """-sum_j w_ij dE/dw_ij, an estimate of the error without hidden unit i (Mozer and Smolensky, 1989, equation 5).

    It is -dE/da at a = 1, where a multiplies the unit's value and E is the linear error sum |y - prediction|: near a
    good solution the derivative of the squared error vanishes, and is misleading (skeletonization).

    All parameters of `Pruner` are accepted.
    """

    removes_units = True

    def scores(self, network):
        contributions = -network.weights * network.gradient(network.linear_error())
        return [w.sum(axis=1) for w in network.matrices(contributions)[1:]]


PRUNERS = {
    "magnitude": MagnitudePruning,
    "random": RandomPruning,
    "sensitivity": SensitivityPruning,
    "activation_norm": ActivationNormPruning,
    "obd": OptimalBrainDamage,
    "obs": OptimalBrainSurgeon,
    "units": UnitPruning,
}

ALIASES = {
    "optimal_brain_damage": "obd",
    "optimal_brain_surgeon": "obs",
    "wanda": "activation_norm",
    "skeletonization": "units",
}


def get_pruner(choice: str | Pruner, parameter: str = "pruning") -> Pruner:
    """Return the pruner for a name or an instance; see :func:`sknn_concepts.jit.strategy.resolve`."""
    return resolve(choice, PRUNERS, ALIASES, Pruner, parameter)
