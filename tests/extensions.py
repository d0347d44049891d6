"""A user's file: one strategy of each kind, from nothing but the public modules."""

import math

import numpy as np

from sknn_concepts.activations import Activation
from sknn_concepts.curvature import HessianMethod
from sknn_concepts.curvature.gradients import gradient_moment
from sknn_concepts.initializers import Initializer
from sknn_concepts.losses import Loss
from sknn_concepts.math import softplus, tanh
from sknn_concepts.optimizers import Optimizer
from sknn_concepts.pruning import Criterion, Pruner
from sknn_concepts.schedules import Schedule


class Snake(Activation):
    """z + sin^2(frequency z) / frequency (Ziyin, Hartwig and Ueda, 2020, eq. 3)."""

    frequency: float = 1.0

    def value(self, z):
        return z + math.sin(self.frequency * z) ** 2 / self.frequency

    def slope(self, z):
        return 1.0 + math.sin(2.0 * self.frequency * z)

    def curvature(self, z):
        return 2.0 * self.frequency * math.cos(2.0 * self.frequency * z)


class LogCosh(Loss):
    """scale^2 log(cosh((raw - y) / scale))."""

    scale: float = 1.0

    tasks = ("regression",)

    def loss(self, y, raw):
        r = (raw - y) / self.scale
        return self.scale * self.scale * (softplus(2.0 * r) - r - 0.6931471805599453)

    def gradient(self, y, raw):
        return self.scale * tanh((raw - y) / self.scale)

    def hessian(self, y, raw):
        t = tanh((raw - y) / self.scale)
        return 1.0 - t * t


class Laplace(Initializer):
    """Laplace's distribution of variance gain / fan_in."""

    gain: float = 1.0

    def weights(self, random_state, fan_in, fan_out):
        return random_state.laplace(0.0, np.sqrt(0.5 * self.gain / fan_in), (fan_in, fan_out))


class AMSGrad(Optimizer):
    """Adam with the maximum of all second moments (Reddi, Kale and Kumar, 2018, algorithm 2), moments corrected."""

    beta_1: float = 0.9
    beta_2: float = 0.999

    slots = 3
    n_coefficients = 5

    def columns(self, rates, steps):
        return rates, 1 - self.beta_1, 1 - self.beta_2, 1 / (1 - self.beta_1**steps), 1 / (1 - self.beta_2**steps)

    def update(self, w, g, slots, c):
        m, v, largest = slots
        m = self.beta_1 * m + c[1] * g
        v = self.beta_2 * v + c[2] * (g * g)
        largest = max(largest, v)
        return w - c[0] * c[3] * m / (np.sqrt(c[4] * largest) + 1e-8), (m, v, largest)


class Halving(Schedule):
    """initial / 2^(epoch / period)."""

    period: float = 10.0

    def rates(self, initial, clock):
        return initial * 0.5 ** (clock.epochs / self.period)


class SmallestContribution(Pruner):
    """|w|^exponent mean_n |g_n|."""

    exponent: float = 1.0

    def scores(self, network):
        return abs(network.weights) ** self.exponent * network.mean_absolute_gradient()


class GradientNorm(Criterion):
    """sqrt(mean_n g_n^2) |w|^exponent."""

    exponent: float = 0.0

    def scores(self, network):
        return np.sqrt(network.mean_squared_gradient()) * abs(network.weights) ** self.exponent


class SquaredGradient(HessianMethod):
    """(mean_n g_n^2)^power."""

    power: float = 1.0

    needs_loss_hessian = False

    def diagonal(self, blocks):
        return gradient_moment(blocks, 2) ** self.power
