"""Threads that share the parts of some work, and stop together."""

import concurrent.futures

from sknn_concepts.jit.forking import register_after_fork
from sknn_concepts.jit.memory import LINE, empty_lines


class WorkerThreads:
    """Threads that share work. They are started when first needed, and end with this object.

    Parameters
    ----------
    n_threads : int
        Number of threads; with one, the caller works alone.
    """

    def __init__(self, n_threads):
        self.n_threads = n_threads
        self.after_fork()
        register_after_fork(self)

    def after_fork(self):
        """Forget the threads, which a forked process does not have."""
        self._pool, self._stopped = None, False

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
            returned.

        Returns
        -------
        results : list
        """
        parts = list(zip(*arguments, strict=True))
        if self.n_threads == 1 or len(parts) < 2:
            return [_work_alone(work, part, stop_event) for part in parts]
        if self._pool is None:
            self._pool = concurrent.futures.ThreadPoolExecutor(self.n_threads)
        self._stopped = False
        futures: list = []
        try:
            for part in parts:
                futures.append(self._pool.submit(work, *part))
            return [future.result() for future in futures]
        except KeyboardInterrupt:
            if stop_event is None:
                self._stop(futures)
                raise
            stop_event.set()
            return [*(future.result() for future in futures), *(work(*part) for part in parts[len(futures) :])]
        except BaseException:
            self._stop(futures)
            raise

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
        n_arrays = min(2, n_parts) if self.n_threads == 1 else n_parts  # one thread uses one array again and again
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
        return self._stopped

    def _stop(self, futures):
        self._stopped = True
        for future in futures:
            future.cancel()
        concurrent.futures.wait(futures)


def _work_alone(work, part, stop_event):
    """Result of one call; with an event, after Ctrl-C the result of a second call, which ends at once."""
    try:
        return work(*part)
    except KeyboardInterrupt:
        if stop_event is None:
            raise
        stop_event.set()
        return work(*part)
