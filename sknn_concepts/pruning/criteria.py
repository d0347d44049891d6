"""Criteria of `SensitivityPruning`: measures of how sensitive the loss, or the output, is to a weight.

g_n is the gradient of the loss of sample n with respect to the weight w. A criterion of your own is a class like those
below, in your own file::

    class Gradient(Criterion):
        def scores(self, network):
            return abs(network.gradient())

``SensitivityPruning(criterion=Gradient())``. The attributes and methods of `network` are those of
:class:`sknn_concepts.pruning.statistics.NetworkStatistics`.
"""

import numpy as np

from sknn_concepts.jit.strategy import Strategy, resolve


class Criterion(Strategy):
    """A measure of the sensitivity to each parameter.

    Subclasses define ``scores(self, network)``, as pruners do.
    """

    before_training = False  #: whether the network is pruned before it is trained
    watches_training = False  #: whether the scores need a record of the training

    def scores(self, network):
        """Score of each parameter; see :meth:`sknn_concepts.pruning.Pruner.scores`."""
        raise NotImplementedError(f"{type(self).__name__} has no scores(network).")


class Taylor(Criterion):
    """mean_n (g_n w)^2 (Molchanov et al., 2019, equation 8, for single weights)."""

    def scores(self, network):
        return network.weights**2 * network.mean_squared_gradient()


class AbsoluteGradient(Criterion):
    """mean_n |g_n w|, which does not vanish at a minimum, unlike the mean gradient."""

    def scores(self, network):
        return np.abs(network.weights) * network.mean_absolute_gradient()


class Output(Criterion):
    """mean_n sum_k |dy_k / dw| with the outputs y_k, whatever the size of the weight (Engelbrecht, 2001)."""

    def scores(self, network):
        return network.output_sensitivity()


class Snip(Criterion):
    """|g w| with the mean gradient g before training, when the network is pruned (Lee, Ajanthan and Torr, 2019)."""

    before_training = True

    def scores(self, network):
        return np.abs(network.weights * network.gradient())


class Karnin(Criterion):
    """|S|, S = sum_n dw(n)^2 w / (eta (w - w_0)), over the epochs of the training (Karnin, 1990, equation 9).

    dw(n) is the change of the weight in epoch n, w_0 its initial value, and eta the learning rate.
    """

    watches_training = True

    def scores(self, network):
        w, trace = network.weights, network.training_trace()
        moved = w - trace.start
        numerator, denominator = trace.squared_changes * w, trace.learning_rate * moved
        # 0 for a weight that is where it began
        return np.abs(np.divide(numerator, denominator, out=np.zeros_like(w), where=moved != 0.0))


CRITERIA = {
    "taylor": Taylor,
    "gradient": AbsoluteGradient,
    "output": Output,
    "snip": Snip,
    "karnin": Karnin,
}


def get_criterion(choice):
    """Return the criterion for a name or an instance; see :func:`sknn_concepts.jit.strategy.resolve`."""
    return resolve(choice, CRITERIA, {}, Criterion, "criterion")
