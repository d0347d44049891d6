"""Learning-rate schedules: the rate of each step of an epoch, computed ahead with NumPy.

A schedule of your own is a class like those below, in your own file::

    from sknn_concepts.schedules import Schedule

    class Halving(Schedule):
        period: float = 10.0

        def rates(self, initial, clock):
            return initial * 0.5 ** (clock.epochs / self.period)

``MLPClassifier(learning_rate=Halving(period=20))``.
"""

import dataclasses

import numpy as np

from sknn_concepts.jit.strategy import Strategy, check_range, resolve

__all__ = [
    "ALIASES",
    "SCHEDULES",
    "Adaptive",
    "Clock",
    "Constant",
    "Cosine",
    "Exponential",
    "InverseScaling",
    "OneCycle",
    "Schedule",
    "Step",
    "WarmUp",
    "get_schedule",
]


@dataclasses.dataclass
class Clock:
    """Progress of the training at the beginning of an epoch.

    Parameters
    ----------
    steps : ndarray of int of shape (n_steps,)
        Numbers of the steps of this epoch; the first step of the training is 0.
    epochs : ndarray of shape (n_steps,)
        Epochs completed before each step, with fractions.
    samples : int
        Samples seen before this epoch.
    n_epochs : int
        Epochs of the whole training (``max_iter``).
    """

    steps: np.ndarray
    epochs: np.ndarray
    samples: int
    n_epochs: int


class Schedule(Strategy):
    """A learning rate that changes during training.

    Subclasses define ``rates(self, initial, clock)``.
    """

    def rates(self, initial, clock):
        """Learning rates of the steps of an epoch.

        Parameters
        ----------
        initial : float
            ``learning_rate_init``.
        clock : Clock
            Progress of the training.

        Returns
        -------
        rates : float or ndarray of shape (n_steps,)
            By default the initial rate.
        """
        return initial

    def ends(self):
        """Whether the rate comes down to its end in ``max_iter`` epochs.

        When these are over, no warning then says that training has not converged.

        Returns
        -------
        ends : bool
            False by default.
        """
        return False

    def lower(self, rate):
        """Initial learning rate after a plateau of the loss.

        Parameters
        ----------
        rate : float
            Initial rate before.

        Returns
        -------
        rate : float or None
            None, the default, ends the training.
        """
        return None


class Constant(Schedule):
    """rate = initial, throughout the training."""


class InverseScaling(Schedule):
    """rate = initial / (t + 1)^power_t with the number t of samples seen before the epoch, as in scikit-learn.

    Parameters
    ----------
    power_t : float >= 0, default=0.5
        Exponent.
    """

    power_t: float = 0.5

    def check(self):
        check_range(self, "power_t", self.power_t >= 0, "[0, inf)")

    def rates(self, initial, clock):
        return initial / (clock.samples + 1) ** self.power_t


class Adaptive(Schedule):
    """rate = rate / factor whenever the loss or the validation score stops improving, as in scikit-learn.

    Training ends when the rate is at most `minimum`.

    Parameters
    ----------
    factor : float > 1, default=5.0
        Divisor of the rate.
    minimum : float, default=1e-6
        Rate below which training ends.
    """

    factor: float = 5.0
    minimum: float = 1e-6

    def check(self):
        check_range(self, "factor", self.factor > 1, "(1, inf)")

    def lower(self, rate):
        """Divide the rate, unless it is at most the minimum."""
        return rate / self.factor if rate > self.minimum else None


class Step(Schedule):
    """rate = initial gamma^floor(epoch / step_size).

    Parameters
    ----------
    step_size : int >= 1, default=30
        Epochs after which the rate drops.
    gamma : float in (0, 1], default=0.1
        Factor of the rate at each drop.
    """

    step_size: int = 30
    gamma: float = 0.1

    def check(self):
        check_range(self, "step_size", self.step_size >= 1, "[1, inf)")
        check_range(self, "gamma", 0 < self.gamma <= 1, "(0, 1]")

    def rates(self, initial, clock):
        return initial * self.gamma ** (clock.epochs // self.step_size)


class Exponential(Schedule):
    """rate = initial gamma^floor(epoch).

    Parameters
    ----------
    gamma : float in (0, 1], default=0.95
        Factor of the rate per epoch.
    """

    gamma: float = 0.95

    def check(self):
        check_range(self, "gamma", 0 < self.gamma <= 1, "(0, 1]")

    def rates(self, initial, clock):
        return initial * self.gamma ** np.floor(clock.epochs)


class Cosine(Schedule):
    """rate = initial (minimum + (1 - minimum) (1 + cos(pi t)) / 2) (Loshchilov and Hutter, 2017, eq. 5).

    t is 0 up to the share `flat` of the training, ``max_iter`` epochs, and then rises to 1.

    Parameters
    ----------
    minimum : float in [0, 1], default=0.0
        Last rate, as a share of the first.
    flat : float in [0, 1), default=0.0
        Share of the training during which the rate stays at the first.
    """

    minimum: float = 0.0
    flat: float = 0.0

    def check(self):
        check_range(self, "minimum", 0 <= self.minimum <= 1, "[0, 1]")
        check_range(self, "flat", 0 <= self.flat < 1, "[0, 1)")

    def rates(self, initial, clock):
        done = np.minimum(clock.epochs / clock.n_epochs, 1.0)
        done = np.maximum((done - self.flat) / (1.0 - self.flat), 0.0)
        return initial * (self.minimum + (1 - self.minimum) * 0.5 * (1 + np.cos(np.pi * done)))

    def ends(self):
        return True


class OneCycle(Schedule):
    """A rise to the initial rate and a fall, each along half a cosine (Smith and Topin, 2019).

    Parameters
    ----------
    rise : float in (0, 1), default=0.3
        Share of the training during which the rate rises.
    first : float >= 0, default=0.04
        First rate, as a share of the peak, which is ``learning_rate_init``.
    last : float >= 0, default=4e-6
        Last rate, as a share of the peak.
    """

    rise: float = 0.3
    first: float = 0.04
    last: float = 4e-6

    def check(self):
        check_range(self, "rise", 0 < self.rise < 1, "(0, 1)")
        check_range(self, "first", 0 <= self.first < np.inf, "[0, inf)")
        check_range(self, "last", 0 <= self.last < np.inf, "[0, inf)")

    def rates(self, initial, clock):
        done = np.minimum(clock.epochs / clock.n_epochs, 1.0)
        up = 0.5 * (1 - np.cos(np.pi * np.minimum(done / self.rise, 1.0)))
        down = 0.5 * (1 + np.cos(np.pi * np.maximum((done - self.rise) / (1 - self.rise), 0.0)))
        rising, falling = self.first + (1 - self.first) * up, self.last + (1 - self.last) * down
        return initial * np.where(done < self.rise, rising, falling)

    def ends(self):
        return True


class WarmUp(Schedule):
    """A linear warm-up: rate = min(1, (step + 1) / n) then(step) (Goyal et al., 2017, section 2.2).

    n is the number of steps in `epochs` epochs; the schedule `then` starts at the beginning of the training too.

    Parameters
    ----------
    epochs : float > 0, default=5
        Epochs during which the rate rises.
    then : str or Schedule, default="constant"
        Schedule whose rates are multiplied.
    """

    epochs: float = 5
    then: object = "constant"

    def check(self):
        check_range(self, "epochs", self.epochs > 0, "(0, inf)")
        get_schedule(self.then, "then")

    def rates(self, initial, clock):
        risen = np.minimum((clock.epochs + 1 / len(clock.steps)) / self.epochs, 1.0)
        return risen * get_schedule(self.then).rates(initial, clock)

    def ends(self):
        """Whether the schedule `then` ends."""
        return get_schedule(self.then).ends()

    def lower(self, rate):
        """Initial learning rate after a plateau, as the schedule `then` lowers it."""
        return get_schedule(self.then).lower(rate)


SCHEDULES = {
    "constant": Constant,
    "invscaling": InverseScaling,
    "adaptive": Adaptive,
    "step": Step,
    "exponential": Exponential,
    "cosine": Cosine,
    "one_cycle": OneCycle,
    "warm_up": WarmUp,
}

ALIASES = {"warmup": "warm_up", "inverse_scaling": "invscaling", "onecycle": "one_cycle"}


def get_schedule(choice, parameter="learning_rate", **hyper_parameters):
    """Return the schedule of a name, with those of the hyper-parameters that it has, or an instance as it is."""
    return resolve(choice, SCHEDULES, ALIASES, Schedule, parameter, **hyper_parameters)
