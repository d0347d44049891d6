"""Optimizers: how a step changes one parameter.

The formula of an optimizer speaks of a single weight `w`, its gradient `g`, the numbers `slots` that are remembered
about the weight, and the coefficients `c` of the step, which are computed ahead, for a whole epoch, with NumPy. An
optimizer of your own is a class like those below, in your own file, and trains at the same speed::

    import numpy as np

    from sknn_concepts.optimizers import Optimizer

    class Lion(Optimizer):
        # Steps of one length along the sign of a momentum (Chen et al., 2023, algorithm 2).

        beta_1: float = 0.9
        beta_2: float = 0.99

        slots = 1

        def update(self, w, g, slots, c):
            (momentum,) = slots
            direction = self.beta_1 * momentum + (1.0 - self.beta_1) * g
            momentum = self.beta_2 * momentum + (1.0 - self.beta_2) * g
            return w - c[0] * np.sign(direction), (momentum,)

``MLPClassifier(solver=Lion())``.
"""

from typing import ClassVar

import numpy as np

from sknn_concepts.jit.strategy import Strategy, check_range, resolve
from sknn_concepts.jit.strategy_type import overloaded_method
from sknn_concepts.jit.tuples import tuple_reader, tuple_writer

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "NAdam",
    "Optimizer",
    "RMSprop",
    "get_optimizer",
]


@overloaded_method
def update(optimizer, w, g, slots, c):
    """Weight and slots after one step."""
    return optimizer.update(w, g, slots, c)


read_slots, write_slots = tuple_reader("slots"), tuple_writer("slots")
read_coefficients = tuple_reader("n_coefficients")


class Optimizer(Strategy):
    """A rule that turns gradients into steps.

    Subclasses define ``update(self, w, g, slots, c)``, which returns the new weight and the tuple of its new slots.
    The class constants ``slots`` and ``n_coefficients`` tell how many numbers the tuples `slots` and `c` have. A
    subclass with other coefficients than the learning rate defines ``columns(self, rates, steps)``.
    """

    #: Numbers that are remembered about each parameter; they are 0 before the first step.
    slots: ClassVar[int] = 0
    #: Numbers that :meth:`columns` returns.
    n_coefficients: ClassVar[int] = 1
    #: Schedules that do not apply if this optimizer and the schedule are both chosen by name.
    ignored_schedules: ClassVar[tuple[str, ...]] = ()

    def columns(self, rates, steps):
        """Coefficients of a run of steps.

        Parameters
        ----------
        rates : ndarray of shape (n_steps,)
            Learning rates.
        steps : ndarray of int of shape (n_steps,)
            Numbers of the steps; the first step of a training is 1.

        Returns
        -------
        columns : tuple of float or ndarray of shape (n_steps,)
            The coefficients, `n_coefficients` of them; by default the learning rate alone.
        """
        return (rates,)

    def coefficients(self, rates, steps):
        """Coefficients of a run of steps as the training kernels read them.

        Parameters
        ----------
        rates, steps : ndarray of shape (n_steps,)
            As in :meth:`columns`.

        Returns
        -------
        coefficients : ndarray of shape (n_steps, n_coefficients)

        Raises
        ------
        ValueError
            If :meth:`columns` does not return `n_coefficients` numbers or arrays of shape (n_steps,).
        """
        columns = self.columns(rates, steps)
        if not isinstance(columns, tuple) or len(columns) != self.n_coefficients:
            raise ValueError(
                f"columns of {type(self).__name__} must return a tuple of n_coefficients = {self.n_coefficients} "
                f"numbers or arrays; got {columns!r}."
            )
        rows = np.empty((len(rates), len(columns)))
        for j, column in enumerate(columns):
            rows[:, j] = column
        return rows

    def shrinkage(self, rates):
        """Factors of the weights, but not of the intercepts, before each step.

        Parameters
        ----------
        rates : ndarray of shape (n_steps,)
            Learning rates.

        Returns
        -------
        factors : ndarray of shape (n_steps,)
            Ones by default.
        """
        return np.ones_like(rates)


def _check_decays(optimizer, *names):
    for name in names:
        check_range(optimizer, name, 0.0 <= getattr(optimizer, name) < 1.0, "[0, 1)")


def _check_epsilon(optimizer):
    check_range(optimizer, "epsilon", optimizer.epsilon > 0.0, "(0, inf)")


class SGD(Optimizer):
    """Stochastic gradient descent with momentum: v = momentum v - rate g; w = w + v.

    With Nesterov's momentum, w = w + momentum v - rate g instead (Sutskever et al., 2013, section 2, in the form of
    scikit-learn).

    Parameters
    ----------
    momentum : float in [0, 1], default=0.9
        Share of the last step that is kept.
    nesterovs_momentum : bool, default=True
        Whether the step looks ahead.
    """

    momentum: float = 0.9
    nesterovs_momentum: bool = True

    slots = 1

    def check(self):
        check_range(self, "momentum", 0.0 <= self.momentum <= 1.0, "[0, 1]")

    def update(self, w, g, slots, c):
        (v,) = slots
        v = self.momentum * v - c[0] * g
        ahead = self.momentum * v - c[0] * g
        return w + (ahead if self.nesterovs_momentum > 0.0 else v), (v,)


class Adam(Optimizer):
    """Adaptive moments (Kingma and Ba, 2015, the efficient form at the end of section 2, as in scikit-learn).

    m = beta_1 m + (1 - beta_1) g; v = beta_2 v + (1 - beta_2) g^2; w = w - rate_t m / (sqrt(v) + epsilon) with
    rate_t = rate sqrt(1 - beta_2^t) / (1 - beta_1^t). Algorithm 1 of the paper and PyTorch add epsilon to the
    corrected root instead; their epsilon is this one divided by sqrt(1 - beta_2^t).

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
        Decay rates of the first and second moments.
    epsilon : float > 0, default=1e-8
        Number added to the root.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    slots = 2
    n_coefficients = 3
    ignored_schedules: ClassVar[tuple[str, ...]] = ("invscaling", "adaptive")  # which scikit-learn applies to sgd alone

    def check(self):
        _check_decays(self, "beta_1", "beta_2")
        _check_epsilon(self)

    def columns(self, rates, steps):
        """Corrected learning rate, and the complements of the decay rates."""
        corrected = rates * np.sqrt(1 - self.beta_2**steps) / (1 - self.beta_1**steps)
        return corrected, 1 - self.beta_1, 1 - self.beta_2

    def update(self, w, g, slots, c):
        m, v = slots
        m = self.beta_1 * m + c[1] * g
        v = self.beta_2 * v + c[2] * (g * g)
        return w - c[0] * m / (np.sqrt(v) + self.epsilon), (m, v)


class AdamW(Adam):
    """Adam with decoupled weight decay: w = (1 - rate weight_decay) w before each step, for weights only.

    Loshchilov and Hutter (2019, algorithm 2). Intercepts do not decay.

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
        Decay rates of the first and second moments.
    epsilon : float > 0, default=1e-8
        Number added to the root.
    weight_decay : float >= 0, default=0.01
        Decay per unit of learning rate.
    """

    weight_decay: float = 0.01

    ignored_schedules = ()

    def check(self):
        super().check()
        check_range(self, "weight_decay", self.weight_decay >= 0.0, "[0, inf)")

    def shrinkage(self, rates):
        """1 - rate * weight_decay."""
        return 1 - rates * self.weight_decay


class NAdam(Optimizer):
    """Adam with Nesterov's momentum and the momentum schedule of Dozat (2016, algorithm 1 and section 3.2).

    mu_t = beta_1 (1 - 0.96^(momentum_decay t) / 2) is the momentum of step t; epsilon is added to the root as in
    `Adam`.

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
        Decay rates of the first and second moments.
    epsilon : float > 0, default=1e-8
        Number added to the root.
    momentum_decay : float >= 0, default=0.004
        Speed at which the momentum grows towards `beta_1`.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004

    slots = 2
    n_coefficients = 4

    def check(self):
        _check_decays(self, "beta_1", "beta_2")
        check_range(self, "momentum_decay", 0.0 <= self.momentum_decay < np.inf, "[0, inf)")
        _check_epsilon(self)

    def columns(self, rates, steps):
        """Corrected rates of the gradient and of its moment, and the complements of the decay rates."""
        negligible = self.beta_1 ** float(steps[0]) < 1e-20  # the product of all momenta, beside 1
        start = int(steps[0]) if negligible else 1
        t = np.arange(start, int(steps[-1]) + 2)
        mu = self.beta_1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))
        product = np.zeros_like(mu) if negligible else np.cumprod(mu)
        now = np.asarray(steps, int) - start
        root = rates * np.sqrt(1 - self.beta_2**steps)
        rate_of_gradient = root * (1 - mu[now]) / (1 - product[now])
        rate_of_moment = root * mu[now + 1] / (1 - product[now + 1])
        return rate_of_gradient, rate_of_moment, 1 - self.beta_1, 1 - self.beta_2

    def update(self, w, g, slots, c):
        m, v = slots
        m = self.beta_1 * m + c[2] * g
        v = self.beta_2 * v + c[3] * (g * g)
        return w - (c[0] * g + c[1] * m) / (np.sqrt(v) + self.epsilon), (m, v)


class RMSprop(Optimizer):
    """v = decay v + (1 - decay) g^2; w = w - rate g / (sqrt(v) + epsilon) (Tieleman and Hinton, 2012, lecture 6.5).

    Parameters
    ----------
    decay : float in [0, 1), default=0.99
        Decay rate of the mean square.
    epsilon : float > 0, default=1e-8
        Number added to the root.
    """

    decay: float = 0.99
    epsilon: float = 1e-8

    slots = 1
    n_coefficients = 2

    def check(self):
        _check_decays(self, "decay")
        _check_epsilon(self)

    def columns(self, rates, steps):
        """Learning rate, and the complement of the decay rate."""
        return rates, 1 - self.decay

    def update(self, w, g, slots, c):
        (v,) = slots
        v = self.decay * v + c[1] * (g * g)
        return w - c[0] * g / (np.sqrt(v) + self.epsilon), (v,)


class Adagrad(Optimizer):
    """v = v + g^2; w = w - rate g / (sqrt(v) + epsilon) (Duchi, Hazan and Singer, 2011, with a diagonal matrix).

    Parameters
    ----------
    epsilon : float > 0, default=1e-10
        Number added to the root.
    """

    epsilon: float = 1e-10

    slots = 1

    @classmethod
    def from_arguments(cls, epsilon=None, **arguments):
        """Optimizer for an estimator's arguments; its own epsilon suits a sum that only grows."""
        return super().from_arguments(**arguments)

    def check(self):
        _check_epsilon(self)

    def update(self, w, g, slots, c):
        (v,) = slots
        v = v + g * g
        return w - c[0] * g / (np.sqrt(v) + self.epsilon), (v,)


OPTIMIZERS = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": NAdam,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
}


def get_optimizer(choice, **hyper_parameters):
    """Return the optimizer of a name, with those of the hyper-parameters that it has, or an instance as it is."""
    return resolve(choice, OPTIMIZERS, {}, Optimizer, "solver", **hyper_parameters)


def ignored_schedules(choice):
    """Names of the schedules that do not apply to an optimizer if it is chosen by name."""
    return OPTIMIZERS[choice].ignored_schedules if isinstance(choice, str) and choice in OPTIMIZERS else ()
