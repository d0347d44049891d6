"""Optimizers: one step of one parameter.

An optimizer's formula speaks of a single weight ``w``, its gradient ``g``, up to two numbers ``a`` and ``b`` that it
remembers about it, and a few coefficients ``c`` that change from step to step and are computed ahead, for a whole
pass, with NumPy.
"""

from typing import ClassVar

import numpy as np

from sknn_concepts.jit.dispatch import constant, overloaded_method
from sknn_concepts.jit.strategy import Strategy, check_range, resolve

#: Width of the rows of :meth:`Optimizer.coefficients`.
N_COEFFICIENTS = 4


@overloaded_method
def update(optimizer, w, g, a, b, c):
    """New weight and memory after one step."""
    return optimizer.update(w, g, a, b, c)


#: How many numbers an optimizer remembers for each parameter.
slots_of = constant("slots")


class Optimizer(Strategy):
    """A rule that turns gradients into steps.

    Subclasses have ``update(self, w, g, a, b, c)``, which returns the new ``(w, a, b)``; with ``slots = 1`` the rule
    leaves `b` alone, with ``slots = 0`` `a` too. ``coefficients(self, rates, steps)`` gives the rows of `c`, by
    default the learning rate alone.
    """

    #: How many numbers are remembered for each parameter.
    slots: ClassVar[int] = 0

    def check(self):
        """Raise ValueError where a hyper-parameter is out of its range."""
        if hasattr(self, "momentum"):
            check_range(self, "momentum", 0.0 <= self.momentum <= 1.0, "[0, 1]")
        for name in ("beta_1", "beta_2", "decay"):
            if hasattr(self, name):
                check_range(self, name, 0.0 <= getattr(self, name) < 1.0, "[0, 1)")
        if hasattr(self, "momentum_decay"):
            check_range(self, "momentum_decay", 0.0 <= self.momentum_decay < np.inf, "[0, inf)")
        if hasattr(self, "epsilon"):
            check_range(self, "epsilon", self.epsilon > 0.0, "(0, inf)")

    def coefficients(self, rates, steps):
        """Coefficients of a run of steps.

        Parameters
        ----------
        rates : ndarray of shape (n_steps,)
            Learning rates.
        steps : ndarray of shape (n_steps,)
            Numbers of the steps, from 1.

        Returns
        -------
        coefficients : ndarray of shape (n_steps, 4)
        """
        return columns(rates)

    def shrinkage(self, rates):
        """Factors by which weights, not intercepts, shrink before each step: ndarray of shape (n_steps,), here ones."""
        return np.ones_like(rates)


def columns(*values):
    """Rows of coefficients from up to four columns, ndarrays of shape (n_steps,) or numbers; the rest is zero."""
    rows = np.zeros((len(values[0]), N_COEFFICIENTS))
    for j, value in enumerate(values):
        rows[:, j] = value
    return rows


class SGD(Optimizer):
    """Stochastic gradient descent with momentum: a = momentum a - rate g; w = w + a.

    With Nesterov's momentum w = w + momentum a - rate g instead (Sutskever et al., 2013, in the form of scikit-learn).

    Parameters
    ----------
    momentum : float in [0, 1], default=0.9
        Share of the last step that is kept.
    nesterovs_momentum : bool, default=True
        Look ahead.
    """

    momentum: float = 0.9
    nesterovs_momentum: bool = True

    slots = 1

    def update(self, w, g, a, b, c):
        a = self.momentum * a - c[0] * g
        ahead = self.momentum * a - c[0] * g
        return w + (ahead if self.nesterovs_momentum > 0.0 else a), a, b


class Adam(Optimizer):
    """Adaptive moments (Kingma and Ba, 2015, the efficient form at the end of section 2, as in scikit-learn).

    a = beta_1 a + (1 - beta_1) g; b = beta_2 b + (1 - beta_2) g^2; w = w - rate_t a / (sqrt(b) + epsilon) with
    rate_t = rate sqrt(1 - beta_2^t) / (1 - beta_1^t). Algorithm 1 of the paper and PyTorch add epsilon to the
    corrected root instead; their epsilon is this one divided by sqrt(1 - beta_2^t).

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
        Decay of the first and second moments.
    epsilon : float > 0, default=1e-8
        Added to the root.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    slots = 2

    def coefficients(self, rates, steps):
        """Corrected learning rate and the complements of the decays, each step's in a row."""
        corrected = rates * np.sqrt(1 - self.beta_2**steps) / (1 - self.beta_1**steps)
        return columns(corrected, 1 - self.beta_1, 1 - self.beta_2)

    def update(self, w, g, a, b, c):
        a = self.beta_1 * a + c[1] * g
        b = self.beta_2 * b + c[2] * (g * g)
        return w - c[0] * a / (np.sqrt(b) + self.epsilon), a, b


class AdamW(Adam):
    """Adam with decoupled weight decay: weights, not intercepts, also shrink by rate * weight_decay a step.

    Loshchilov and Hutter (2019, algorithm 2).

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
        Decay of the first and second moments.
    epsilon : float > 0, default=1e-8
        Added to the root.
    weight_decay : float >= 0, default=0.01
        Decay per unit of learning rate.
    """

    weight_decay: float = 0.01

    def check(self):
        """Raise ValueError where a hyper-parameter is out of its range."""
        super().check()
        check_range(self, "weight_decay", self.weight_decay >= 0.0, "[0, inf)")

    def shrinkage(self, rates):
        """1 - rate * weight_decay."""
        return 1 - rates * self.weight_decay


class NAdam(Optimizer):
    """Adam with Nesterov's momentum, with the momentum schedule of Dozat (2016, algorithm 1 and section 3.2).

    mu_t = beta_1 (1 - 0.96^(momentum_decay t) / 2) is the momentum of step t; epsilon is added to the root as in
    `Adam`.

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
        Decay of the first and second moments.
    epsilon : float > 0, default=1e-8
        Added to the root.
    momentum_decay : float, default=0.004
        How fast the momentum grows towards beta_1.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004

    slots = 2

    def coefficients(self, rates, steps):
        """Corrected rates of the gradient and of its moment, and the complements of the decays."""
        settled = self.beta_1 ** float(steps[0]) < 1e-20  # the product of all momenta is nothing beside 1
        start = int(steps[0]) if settled else 1
        t = np.arange(start, int(steps[-1]) + 2)
        mu = self.beta_1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))
        product = np.zeros_like(mu) if settled else np.cumprod(mu)
        now = np.asarray(steps, int) - start
        root = rates * np.sqrt(1 - self.beta_2**steps)
        of_gradient = root * (1 - mu[now]) / (1 - product[now])
        of_moment = root * mu[now + 1] / (1 - product[now + 1])
        return columns(of_gradient, of_moment, 1 - self.beta_1, 1 - self.beta_2)

    def update(self, w, g, a, b, c):
        a = self.beta_1 * a + c[2] * g
        b = self.beta_2 * b + c[3] * (g * g)
        return w - (c[0] * g + c[1] * a) / (np.sqrt(b) + self.epsilon), a, b


class RMSprop(Optimizer):
    """a = decay a + (1 - decay) g^2; w = w - rate g / (sqrt(a) + epsilon) (Tieleman and Hinton, 2012, lecture 6.5).

    Parameters
    ----------
    decay : float in [0, 1), default=0.99
        Decay of the mean square.
    epsilon : float > 0, default=1e-8
        Added to the root.
    """

    decay: float = 0.99
    epsilon: float = 1e-8

    slots = 1

    def coefficients(self, rates, steps):
        """Learning rate and the complement of the decay."""
        return columns(rates, 1 - self.decay)

    def update(self, w, g, a, b, c):
        a = self.decay * a + c[1] * (g * g)
        return w - c[0] * g / (np.sqrt(a) + self.epsilon), a, b


class Adagrad(Optimizer):
    """a = a + g^2; w = w - rate g / (sqrt(a) + epsilon) (Duchi, Hazan and Singer, 2011, with a diagonal matrix).

    Parameters
    ----------
    epsilon : float > 0, default=1e-10
        Added to the root.
    """

    epsilon: float = 1e-10

    slots = 1

    def update(self, w, g, a, b, c):
        a = a + g * g
        return w - c[0] * g / (np.sqrt(a) + self.epsilon), a, b


OPTIMIZERS = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": NAdam,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
}


def get_optimizer(choice, parameter="solver", **hyper_parameters):
    """Optimizer for a name or an instance; see :func:`sknn_concepts.jit.strategy.resolve`."""
    return resolve(choice, OPTIMIZERS, {}, Optimizer, parameter, **hyper_parameters)
