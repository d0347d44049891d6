"""The time that a budget in seconds leaves to each part of the work, and what ends a part that takes longer.

The signal that a timer sends is taken like Ctrl-C: a network that is being fitted keeps the weights that it has. Where
there are no such timers (Windows, threads), a part ends between two fits only.
"""

import contextlib
import math
import signal
import threading
import time

#: Seconds for what comes last: figures, report, saving the model.
RESERVE = 2.5

#: Fewest seconds for fits, however long reading and compilation took.
FEWEST_SECONDS = 2.0

#: When each part ends, as a share of the time that is left once everything is read and compiled.
ENDS = {
    "first fit": 0.15,
    "first round": 0.3,
    "middle rounds": 0.45,
    "last round": 0.64,
    "baselines": 0.82,
    "final fit": 0.93,
    "everything": 1.0,
}

#: Compilation may take this share of the time that is left once everything is read.
SHARE_OF_COMPILATION = 0.3

#: Set while the time of the part that is running is over.
TIME_UP = threading.Event()


class TimeUp(KeyboardInterrupt):
    """The time of a part of the work is over. An estimator ends its fit at it, as at Ctrl-C."""


class Clock:
    """The time that is left.

    Parameters
    ----------
    seconds : float, optional
        For everything; without limit by default.
    start : float, optional
        When they began, as :func:`time.monotonic` tells it; now by default.

    Attributes
    ----------
    undone : list of str
        What there was no time for, in sentences.
    rang : bool
        Whether the last part that had a limit was ended by it.
    """

    def __init__(self, seconds=None, start=None):
        self.limited = seconds is not None
        start = time.monotonic() if start is None else start
        self.end = start + seconds - RESERVE if self.limited else math.inf
        self.begin()
        self.undone = []
        self.rang = False

    def begin(self):
        """Share out the time that is left now."""
        self.begun = time.monotonic()
        self.seconds = max(self.end - self.begun, FEWEST_SECONDS)

    def left(self, part):
        """Seconds until a part of :data:`ENDS` is to end; negative afterwards."""
        return self.begun + ENDS[part] * self.seconds - time.monotonic() if self.limited else math.inf

    def left_for_compilation(self):
        """Seconds until no further activation is to be compiled."""
        return self.begun + SHARE_OF_COMPILATION * self.seconds - time.monotonic() if self.limited else math.inf

    @contextlib.contextmanager
    def limit(self, part):
        """Within it, :class:`TimeUp` is raised when the part is to end, and :data:`TIME_UP` set."""
        self.rang = False
        main = threading.current_thread() is threading.main_thread()
        if not (self.limited and main and hasattr(signal, "setitimer")):
            yield
            return
        before = signal.signal(signal.SIGALRM, _ring)
        signal.setitimer(signal.ITIMER_REAL, max(self.left(part), 0.001))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)
            self.rang = TIME_UP.is_set()
            TIME_UP.clear()


def _ring(number, stack):
    TIME_UP.set()
    raise TimeUp


def affordable(networks, rows, folds, seconds, seconds_per_row):
    """Fit a round to the time that is left.

    Parameters
    ----------
    networks, rows, folds : int
        As planned; the best three networks at least are to be cross-validated, or all if they are fewer.
    seconds : float
    seconds_per_row : float
        What a fit takes, divided by the number of its rows.

    Returns
    -------
    rows, folds : int
        As many as can be had.
    """
    for some, fewer in ((3, folds), (3, 3), (2, 3)):
        some, fewer = min(some, networks), min(fewer, folds)
        if some * (fewer - 1) * rows * seconds_per_row <= seconds:
            return rows, fewer
    return int(max(seconds, 0.0) / (some * (fewer - 1) * seconds_per_row)), fewer
