"""Threads that share the parts of some work, and stop together."""

import collections
import concurrent.futures
import functools

import numpy as np

from sknn_concepts.jit.forking import register_after_fork
from sknn_concepts.jit.memory import LINE, empty_lines

_MISSING = object()


class WorkerThreads:
    """The calling thread and others that share work. These start when first needed, and end with this object.

    Parameters
    ----------
    n_threads : int
        Number of threads; with one, the caller works alone.
    """

    def __init__(self, n_threads):
        self.n_threads = n_threads
        #: not zero if parts of long work should end, which compiled code can read
        self.stop_cell = np.zeros(1, np.int64)
        self.after_fork()
        register_after_fork(self)

    def after_fork(self):
        """Forget the threads, which a forked process does not have."""
        self._pool = None
        self.stop_cell[0] = 0

    def share(self, work, *arguments, stop_event=None):
        """List of ``work(*some)`` for the arguments taken together as by ``zip``, in their order.

        If one call fails, or Ctrl-C is pressed, no further one is begun, :attr:`stopped` tells those under way, and the
        exception is raised when they have ended.

        Parameters
        ----------
        work : callable
            Called in several threads at once.
        *arguments : sequence
            Arguments of the calls.
        stop_event : threading.Event, optional
            Set by Ctrl-C. All calls then end by themselves, also those that have not begun, and their results are
            returned. The call that Ctrl-C has interrupted is made again.

        Returns
        -------
        results : list
        """
        parts = list(zip(*arguments, strict=True))
        results, waiting = [_MISSING] * len(parts), collections.deque(range(len(parts)))
        self.stop_cell[0] = 0

        def take_parts():
            try:
                for number in iter(functools.partial(_pop, waiting), None):
                    results[number] = _call(work, parts[number], stop_event)
                    if self.stopped:
                        return
            except BaseException:
                self.stop_cell[0] = 1
                raise

        futures: list = []
        try:
            self._submit(take_parts, min(self.n_threads, len(parts)) - 1, futures)
            take_parts()
            _wait(futures)
        except KeyboardInterrupt:
            self.stop_cell[0] = 1
            if stop_event is None:
                raise
            stop_event.set()
        finally:
            errors = _wait(futures)
        for error in filter(None, errors):
            raise error
        return [work(*part) if result is _MISSING else result for part, result in zip(parts, results, strict=True)]

    def _submit(self, work, n_threads, futures):
        if self._pool is None and n_threads > 0:
            self._pool = concurrent.futures.ThreadPoolExecutor(self.n_threads - 1)
        for _ in range(n_threads):
            futures.append(self._pool.submit(work))

    def add_up(self, fill, total, *arguments):
        """Sum of the arrays that ``fill(*some, out)`` puts into `out`, added up in the order of the arguments.

        Parameters
        ----------
        fill : callable
            Called as by :meth:`share`, with an array like `total`, any numbers in it, as the last argument.
        total : ndarray
            The array that becomes the sum.
        *arguments : sequence
            Arguments of the calls, one at least.

        Returns
        -------
        results : list
            Results of the calls.
        """
        n_parts = len(arguments[0])
        if n_parts == 1:
            return self.share(fill, *arguments, [total])
        n_arrays = n_parts if self.n_threads > 1 else 2  # one thread uses one array again and again
        stride = -(-total.nbytes // LINE) * LINE // total.itemsize  # each array begins with a cache line
        memory = empty_lines((n_arrays - 1, stride), total.dtype)
        arrays = [total, *(row[: total.size].reshape(total.shape) for row in memory)]
        if self.n_threads > 1:
            results = self.share(fill, *arguments, arrays)
            for other in arrays[1:]:
                total += other
            return results
        results = []
        for number, some in enumerate(zip(*arguments, strict=True)):
            results.append(fill(*some, arrays[number > 0]))
            if number:
                total += arrays[1]
        return results

    @property
    def stopped(self):
        """Whether parts of long work should end, because nobody waits for their results any more."""
        return bool(self.stop_cell[0])


def _wait(futures):
    """Return the exceptions, or None, of those that have begun when all of them have ended."""
    return [future.exception() for future in futures if not future.cancel()]


def _pop(waiting):
    """Return the next of the waiting parts, None if there is none."""
    try:
        return waiting.popleft()
    except IndexError:
        return None


def _call(work, part, stop_event):
    """Result of one call; with an event, after Ctrl-C the result of a second call, which ends at once."""
    try:
        return work(*part)
    except KeyboardInterrupt:
        if stop_event is None:
            raise
        stop_event.set()
        return work(*part)
