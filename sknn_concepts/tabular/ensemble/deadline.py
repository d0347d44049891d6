"""When the training of an ensemble ends."""

import time

#: Seconds that the first network gets whatever the time limit is, so that there is a trained one.
MIN_SECONDS = 1.0


class Deadline:
    """The end of the time, or an interruption, with the interface of an event for the training of networks.

    Parameters
    ----------
    seconds : float or None
        Seconds from now. None for no limit.
    """

    def __init__(self, seconds=None):
        self.end = float("inf") if seconds is None else time.monotonic() + seconds
        self.interrupted = False
        self.stopped = False  # by a callback: no further network is begun

    def is_set(self):
        """Return whether the time is up or there was an interruption."""
        return self.interrupted or time.monotonic() >= self.end


class Grace:
    """A deadline with a later end."""

    def __init__(self, deadline, seconds):
        self._deadline, self._end = deadline, max(deadline.end, time.monotonic() + seconds)

    def is_set(self):
        """Return whether the time is up or there was an interruption."""
        return self._deadline.interrupted or time.monotonic() >= self._end
