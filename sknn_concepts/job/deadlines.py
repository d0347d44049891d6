"""Deadlines of the parts of the job under a time limit, and their enforcement.

A timer sends a signal that is handled like Ctrl-C: a network that is being fitted stops and keeps its current weights.
Where no such timer is available (on Windows, and outside the main thread), a part ends only between two fits.
"""

import contextlib
import math
import signal
import threading
import time

#: Seconds reserved for the end of the job: figures, report, saving the model.
FINAL_SECONDS = 2.5

#: Minimum number of seconds for fits, regardless of how long reading and compilation took.
MIN_SECONDS = 2.0

#: Deadline of each part as a share of the time that remains after reading and compilation; of compilation itself, as a
#: share of the time that remains after reading.
DEADLINES = {
    "compilation": 0.3,
    "first fit": 0.1,
    "first round": 0.2,
    "middle rounds": 0.3,
    "last round": 0.44,
    "baselines": 0.56,
    "ensemble": 0.74,
    "final fit": 0.83,
    "refit": 0.92,
    "everything": 1.0,
}

#: Share of the time that is left to the streamed fit of a table of which the other parts see a sample.
STREAMED_SHARE = 0.4

#: Event that is set from the deadline of the running part until the part has ended.
TIME_UP = threading.Event()


class TimeUp(KeyboardInterrupt):
    """Exception raised at the deadline of a part. Like a KeyboardInterrupt, it makes an estimator stop its fit."""


class Deadlines:
    """Deadlines of the parts of the job.

    Parameters
    ----------
    seconds : float, optional
        Time limit for the whole job. Defaults to no limit.
    start : float, optional
        Start of the job as given by :func:`time.monotonic`. Defaults to now.
    """

    streamed = False  #: whether the parts leave time to the part "streamed fit"

    def __init__(self, seconds=None, start=None):
        self.limited = seconds is not None  #: whether there is a time limit
        start = time.monotonic() if start is None else start
        self.end = start + seconds - FINAL_SECONDS if self.limited else math.inf
        self.distribute_time()
        self.omissions = []  #: sentences about the work that was left out for lack of time
        self.timed_out = False  #: whether the last part was ended by its deadline

    def distribute_time(self):
        """Distribute the remaining time among the parts."""
        self.started = time.monotonic()
        self.seconds = max(self.end - self.started, MIN_SECONDS)

    def seconds_left(self, part):
        """Return the seconds until the deadline of a part of :data:`DEADLINES`, negative once it has passed."""
        share = 1.0 if part == "streamed fit" else DEADLINES[part] * (1.0 - STREAMED_SHARE * self.streamed)
        return self.started + share * self.seconds - time.monotonic() if self.limited else math.inf

    @contextlib.contextmanager
    def limit(self, part):
        """Raise :class:`TimeUp` and set :data:`TIME_UP` if the body has not ended by the deadline of the part."""
        self.timed_out = False
        main = threading.current_thread() is threading.main_thread()
        if not (self.limited and main and hasattr(signal, "setitimer")):
            yield
            return
        previous = signal.signal(signal.SIGALRM, _on_alarm)
        signal.setitimer(signal.ITIMER_REAL, max(self.seconds_left(part), 0.001))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, previous)
            self.timed_out = TIME_UP.is_set()
            TIME_UP.clear()


def _on_alarm(number, stack):
    TIME_UP.set()
    raise TimeUp


def affordable(networks, rows, folds, seconds, seconds_per_row):
    """Reduce the folds, and then the rows, of a round to what fits into the remaining seconds, and return both.

    The time has to suffice for the best three networks at least, or for all if there are fewer.
    """
    for min_networks, n_folds in ((3, folds), (3, 3), (2, 3)):
        min_networks, n_folds = min(min_networks, networks), min(n_folds, folds)
        if min_networks * (n_folds - 1) * rows * seconds_per_row <= seconds:
            return rows, n_folds
    return int(max(seconds, 0.0) / (min_networks * (n_folds - 1) * seconds_per_row)), n_folds
