"""Learning-rate schedules: the rate of every step of a pass, computed ahead with NumPy."""

import dataclasses

import numpy as np

from sknn_concepts.jit.strategy import Strategy, check_range, resolve


@dataclasses.dataclass
class Clock:
    """Where training stands at the beginning of a pass over the data.

    Parameters
    ----------
    steps : ndarray of shape (n_steps,)
        Numbers of the steps of this pass, from 0 over the whole training.
    epochs : ndarray of shape (n_steps,)
        Passes done before each step, with fractions.
    samples : int
        Samples seen before this pass.
    n_epochs : int
        Length of the whole training in passes (``max_iter``).
    """

    steps: np.ndarray
    epochs: np.ndarray
    samples: int
    n_epochs: int


class Schedule(Strategy):
    """A learning rate that changes with time.

    Subclasses have ``rates(self, initial, clock)``: the rates of the steps of a pass, an array or a number.
    """

    def check(self):
        """Raise ValueError where a hyper-parameter is out of its range."""

    def rates(self, initial, clock):
        """Learning rates of the steps of a pass.

        Parameters
        ----------
        initial : float
            ``learning_rate_init``.
        clock : Clock
            Where training stands.

        Returns
        -------
        rates : float or ndarray of shape (n_steps,)
        """
        return initial

    def lower(self, rate):
        """Learning rate after a plateau of the loss, or None to end the training there.

        Parameters
        ----------
        rate : float
            Initial rate as lowered so far.

        Returns
        -------
        rate : float or None
        """
        return None


class Constant(Schedule):
    """rate = initial."""


class InverseScaling(Schedule):
    """rate = initial / (t + 1)^power_t, with t the samples seen before the pass, as scikit-learn counts.

    Parameters
    ----------
    power_t : float >= 0, default=0.5
        Exponent.
    """

    power_t: float = 0.5

    def check(self):
        """Raise ValueError unless power_t >= 0."""
        check_range(self, "power_t", self.power_t >= 0, "[0, inf)")

    def rates(self, initial, clock):
        """Learning rates of the steps of a pass."""
        return initial / (clock.samples + 1) ** self.power_t


class Adaptive(Schedule):
    """rate = initial until the loss (or the validation score) stops improving, then divided by `factor` each time.

    Training ends when the rate is at most `minimum`.

    Parameters
    ----------
    factor : float > 1, default=5.0
        Divisor.
    minimum : float, default=1e-6
        Rate that is not divided any more.
    """

    factor: float = 5.0
    minimum: float = 1e-6

    def check(self):
        """Raise ValueError unless factor > 1."""
        check_range(self, "factor", self.factor > 1, "(1, inf)")

    def lower(self, rate):
        """Divide the rate, unless it is at the minimum."""
        return rate / self.factor if rate > self.minimum else None


class Step(Schedule):
    """rate = initial gamma^floor(epoch / step_size).

    Parameters
    ----------
    step_size : int >= 1, default=30
        Passes between drops.
    gamma : float in (0, 1], default=0.1
        Factor of a drop.
    """

    step_size: int = 30
    gamma: float = 0.1

    def check(self):
        """Raise ValueError unless step_size >= 1 and 0 < gamma <= 1."""
        check_range(self, "step_size", self.step_size >= 1, "[1, inf)")
        check_range(self, "gamma", 0 < self.gamma <= 1, "(0, 1]")

    def rates(self, initial, clock):
        """Learning rates of the steps of a pass."""
        return initial * self.gamma ** (clock.epochs // self.step_size)


class Exponential(Schedule):
    """rate = initial gamma^epoch, with whole epochs.

    Parameters
    ----------
    gamma : float in (0, 1], default=0.95
        Factor of a pass.
    """

    gamma: float = 0.95

    def check(self):
        """Raise ValueError unless 0 < gamma <= 1."""
        check_range(self, "gamma", 0 < self.gamma <= 1, "(0, 1]")

    def rates(self, initial, clock):
        """Learning rates of the steps of a pass."""
        return initial * self.gamma ** np.floor(clock.epochs)


class Cosine(Schedule):
    """Half a cosine from initial to minimum * initial over the whole training (Loshchilov and Hutter, 2017, eq. 5).

    Parameters
    ----------
    minimum : float in [0, 1], default=0.0
        Last rate as a share of the first.
    """

    minimum: float = 0.0

    def check(self):
        """Raise ValueError unless 0 <= minimum <= 1."""
        check_range(self, "minimum", 0 <= self.minimum <= 1, "[0, 1]")

    def rates(self, initial, clock):
        """Learning rates of the steps of a pass."""
        done = np.minimum(clock.epochs / clock.n_epochs, 1.0)
        return initial * (self.minimum + (1 - self.minimum) * 0.5 * (1 + np.cos(np.pi * done)))


class OneCycle(Schedule):
    """Up to the initial rate and down again, each along half a cosine (Smith and Topin, 2019).

    Parameters
    ----------
    rise : float in (0, 1), default=0.3
        Share of the training spent on the way up.
    first : float, default=0.04
        First rate as a share of the peak, which is ``learning_rate_init``.
    last : float, default=4e-6
        Last rate as a share of the peak.
    """

    rise: float = 0.3
    first: float = 0.04
    last: float = 4e-6

    def check(self):
        """Raise ValueError unless 0 < rise < 1, and 0 <= first, last < inf."""
        check_range(self, "rise", 0 < self.rise < 1, "(0, 1)")
        check_range(self, "first", 0 <= self.first < np.inf, "[0, inf)")
        check_range(self, "last", 0 <= self.last < np.inf, "[0, inf)")

    def rates(self, initial, clock):
        """Learning rates of the steps of a pass."""
        done = np.minimum(clock.epochs / clock.n_epochs, 1.0)
        up = 0.5 * (1 - np.cos(np.pi * np.minimum(done / self.rise, 1.0)))
        down = 0.5 * (1 + np.cos(np.pi * np.maximum((done - self.rise) / (1 - self.rise), 0.0)))
        rising, falling = self.first + (1 - self.first) * up, self.last + (1 - self.last) * down
        return initial * np.where(done < self.rise, rising, falling)


class WarmUp(Schedule):
    """A linear rise over the first passes, then another schedule (Goyal et al., 2017, section 2.2).

    The other schedule's clock runs from the beginning; its rates are multiplied by min(1, (step + 1) / steps of the
    rise).

    Parameters
    ----------
    epochs : float > 0, default=5
        Length of the rise in passes.
    then : str or Schedule, default="constant"
        What is warmed up.
    """

    epochs: float = 5
    then: object = "constant"

    def check(self):
        """Raise ValueError unless epochs > 0 and `then` is a schedule."""
        check_range(self, "epochs", self.epochs > 0, "(0, inf)")
        get_schedule(self.then, "then")

    def rates(self, initial, clock):
        """Learning rates of the steps of a pass."""
        risen = np.minimum((clock.epochs + 1 / len(clock.steps)) / self.epochs, 1.0)
        return risen * get_schedule(self.then).rates(initial, clock)

    def lower(self, rate):
        """As the schedule that is warmed up does."""
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
    """Schedule for a name or an instance; see :func:`sknn_concepts.jit.strategy.resolve`."""
    return resolve(choice, SCHEDULES, ALIASES, Schedule, parameter, **hyper_parameters)
