"""Initializers: how the weights of a layer are drawn before training.

An initializer draws with NumPy from a ``RandomState`` for a layer of `fan_in` inputs and `fan_out` units. One of your
own is a class like those below, in your own file::

    import numpy as np

    from sknn_concepts.initializers import Initializer

    class Laplace(Initializer):
        scale: float = 0.1

        def weights(self, random_state, fan_in, fan_out):
            return random_state.laplace(0.0, self.scale / np.sqrt(fan_in), (fan_in, fan_out))

``MLPClassifier(initializer=Laplace(0.5))``; a function of the same three arguments does as well.
"""

import math
from typing import ClassVar

import numpy as np

from sknn_concepts.jit.strategy import Strategy, check_range, resolve

__all__ = [
    "ALIASES",
    "INITIALIZERS",
    "Auto",
    "Constant",
    "Custom",
    "FanInUniform",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Normal",
    "Orthogonal",
    "Uniform",
    "Zeros",
    "get_initializer",
]


class Initializer(Strategy):
    """A distribution of the initial weights of a layer.

    Subclasses define ``weights(self, random_state, fan_in, fan_out)``, and ``intercepts`` if these do not start at 0.
    """

    def for_activation(self, activation):
        """Initializer for a layer with this activation; by default this one."""
        return self

    def weights(self, random_state, fan_in, fan_out):
        """Draw the weights of a layer.

        Parameters
        ----------
        random_state : RandomState
            Generator of random numbers.
        fan_in, fan_out : int
            Numbers of inputs and units of the layer.

        Returns
        -------
        weights : ndarray of shape (fan_in, fan_out)
        """
        raise NotImplementedError

    def intercepts(self, random_state, fan_in, fan_out):
        """Draw the intercepts of a layer.

        Parameters
        ----------
        random_state, fan_in, fan_out
            As in :meth:`weights`.

        Returns
        -------
        intercepts : ndarray of shape (fan_out,)
            Zeros by default.
        """
        return np.zeros(fan_out)


class Auto(Initializer):
    """Weights and intercepts from U(-b, b) with b = sqrt(factor / (fan_in + fan_out)), as in scikit-learn.

    The factor is 2 for logistic units and 6 for all others (Glorot and Bengio, 2010, eq. 16).

    Parameters
    ----------
    factor : float > 0, default=6.0
        Factor of the variance, which the activation of the layer sets.
    """

    factor: float = 6.0

    def check(self):
        check_range(self, "factor", self.factor > 0, "(0, inf)")

    def for_activation(self, activation):
        """Take the factor of the layer's activation."""
        return Auto(activation.glorot_factor)

    def weights(self, random_state, fan_in, fan_out):
        bound = self._bound(fan_in, fan_out)
        return random_state.uniform(-bound, bound, (fan_in, fan_out))

    def intercepts(self, random_state, fan_in, fan_out):
        bound = self._bound(fan_in, fan_out)
        return random_state.uniform(-bound, bound, fan_out)

    def _bound(self, fan_in, fan_out):
        return math.sqrt(self.factor / (fan_in + fan_out))


class Constant(Initializer):
    """w = constant for all weights: the units of a layer stay alike, which shows why symmetry must be broken.

    Parameters
    ----------
    constant : float, default=0.0
        Value of the weights.
    """

    constant: float = 0.0

    def weights(self, random_state, fan_in, fan_out):
        return np.full((fan_in, fan_out), float(self.constant))


class Zeros(Initializer):
    """w = 0 for all weights, which suits linear models, where there is no symmetry to break."""

    def weights(self, random_state, fan_in, fan_out):
        return np.zeros((fan_in, fan_out))


class Normal(Initializer):
    """Weights from N(0, scale^2).

    Parameters
    ----------
    scale : float > 0, default=0.05
        Standard deviation.
    """

    scale: float = 0.05

    def check(self):
        check_range(self, "scale", self.scale > 0, "(0, inf)")

    def weights(self, random_state, fan_in, fan_out):
        return random_state.normal(0.0, self.scale, (fan_in, fan_out))


class Uniform(Initializer):
    """Weights from U(-bound, bound).

    Parameters
    ----------
    bound : float > 0, default=0.05
        Largest absolute weight.
    """

    bound: float = 0.05

    def check(self):
        check_range(self, "bound", self.bound > 0, "(0, inf)")

    def weights(self, random_state, fan_in, fan_out):
        return random_state.uniform(-self.bound, self.bound, (fan_in, fan_out))


class _VarianceScaling(Initializer):
    """Weights of variance gain / fan, so that signals keep their size from layer to layer."""

    gain: ClassVar[float]
    fan: ClassVar[str]
    uniform: ClassVar[bool]

    def weights(self, random_state, fan_in, fan_out):
        fan = {"in": fan_in, "average": 0.5 * (fan_in + fan_out)}[self.fan]
        deviation = math.sqrt(self.gain / fan)
        if self.uniform:
            bound = math.sqrt(3.0) * deviation
            return random_state.uniform(-bound, bound, (fan_in, fan_out))
        return random_state.normal(0.0, deviation, (fan_in, fan_out))


class GlorotUniform(_VarianceScaling):
    """U(-b, b) of variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010, eq. 16), for tanh."""

    gain, fan, uniform = 1.0, "average", True


class GlorotNormal(_VarianceScaling):
    """N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio, 2010, eq. 12)."""

    gain, fan, uniform = 1.0, "average", False


class HeUniform(_VarianceScaling):
    """U(-b, b) of variance 2 / fan_in (He et al., 2015, eq. 10), for relu and its variants."""

    gain, fan, uniform = 2.0, "in", True


class HeNormal(_VarianceScaling):
    """N(0, 2 / fan_in) (He et al., 2015, eq. 10)."""

    gain, fan, uniform = 2.0, "in", False


class LecunUniform(_VarianceScaling):
    """U(-b, b) of variance 1 / fan_in (LeCun et al., 1998, eq. 16)."""

    gain, fan, uniform = 1.0, "in", True


class LecunNormal(_VarianceScaling):
    """N(0, 1 / fan_in) (LeCun et al., 1998, eq. 16), for selu.

    With ``intercept_scale=1`` the network is the one of the neural tangent kernel (Jacot, Gabriel and Hongler, 2018,
    section 2, with beta = 1) before training. Its units then bend at different places of the inputs.

    Parameters
    ----------
    intercept_scale : float >= 0, default=0.0
        Standard deviation of the intercepts.
    """

    intercept_scale: float = 0.0

    gain, fan, uniform = 1.0, "in", False

    def check(self):
        check_range(self, "intercept_scale", self.intercept_scale >= 0, "[0, inf)")

    def intercepts(self, random_state, fan_in, fan_out):
        if self.intercept_scale == 0:
            return np.zeros(fan_out)
        return random_state.normal(0.0, self.intercept_scale, fan_out)


class FanInUniform(_VarianceScaling):
    """Weights and intercepts from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), as PyTorch draws its linear layers."""

    gain, fan, uniform = 1.0 / 3.0, "in", True

    def intercepts(self, random_state, fan_in, fan_out):
        bound = 1.0 / math.sqrt(fan_in)
        return random_state.uniform(-bound, bound, fan_out)


class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, times a gain (Saxe, McClelland and Ganguli, 2014).

    Parameters
    ----------
    gain : float > 0, default=1.0
        Factor of the matrix.
    """

    gain: float = 1.0

    def check(self):
        check_range(self, "gain", self.gain > 0, "(0, inf)")

    def weights(self, random_state, fan_in, fan_out):
        tall = random_state.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out)))
        q, r = np.linalg.qr(tall)
        q *= np.sign(np.diag(r))  # without it the draw is not uniform over orthogonal matrices (Mezzadri, 2007)
        return self.gain * (q if fan_in >= fan_out else q.T)


class Custom(Initializer):
    """Weights from a function of your own.

    Parameters
    ----------
    function : callable
        Function ``function(random_state, fan_in, fan_out)`` that returns an array of shape (fan_in, fan_out).
    """

    function: object = None

    def weights(self, random_state, fan_in, fan_out):
        drawn = np.asarray(self.function(random_state, fan_in, fan_out), dtype=np.float64)
        if drawn.shape != (fan_in, fan_out):
            raise ValueError(f"The initializer gave weights of shape {drawn.shape}; expected {(fan_in, fan_out)}.")
        return drawn


INITIALIZERS = {
    "auto": Auto,
    "zeros": Zeros,
    "constant": Constant,
    "normal": Normal,
    "uniform": Uniform,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
    "fan_in_uniform": FanInUniform,
}

ALIASES = {
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
    "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal",
}


def get_initializer(choice):
    """Return the initializer for a name, an instance or a function that :class:`Custom` takes."""
    if callable(choice) and not isinstance(choice, type):
        return Custom(choice)
    return resolve(choice, INITIALIZERS, ALIASES, Initializer, "initializer")
