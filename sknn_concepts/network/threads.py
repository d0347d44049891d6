"""Threads that share the parts of a pass, and stop together."""

import concurrent.futures

from sknn_concepts.jit.forking import renew_in_children


class WorkerThreads:
    """Threads that share work. They are started when first needed, and end when nobody holds the crew any more.

    Parameters
    ----------
    n_threads : int
        How many; one means that the caller works alone.
    """

    def __init__(self, n_threads):
        self.n_threads = n_threads
        self.renew()
        renew_in_children(self)

    def renew(self):
        """Forget the threads, which a forked process does not have."""
        self._pool, self._stopped = None, False

    def share(self, work, *arguments, halt=None):
        """List of ``work(*some)`` for the arguments taken together as by ``zip``, in their order.

        If one fails, or Ctrl-C is pressed, no further part is begun, :attr:`stopped` tells those under way, and the
        exception is raised when they have ended.

        Parameters
        ----------
        work : callable
            Called in several threads at once.
        *arguments : sequence
            Of the calls.
        halt : threading.Event, optional
            Set by Ctrl-C; all parts then end by themselves, those that have not begun included, and their results are
            returned.

        Returns
        -------
        results : list
        """
        parts = list(zip(*arguments, strict=True))
        if self.n_threads == 1 or len(parts) < 2:
            return [_work_alone(work, part, halt) for part in parts]
        if self._pool is None:
            self._pool = concurrent.futures.ThreadPoolExecutor(self.n_threads)
        self._stopped = False
        futures: list = []
        try:
            for part in parts:
                futures.append(self._pool.submit(work, *part))
            return [future.result() for future in futures]
        except KeyboardInterrupt:
            if halt is None:
                self._stop(futures)
                raise
            halt.set()
            return [*(future.result() for future in futures), *(work(*part) for part in parts[len(futures) :])]
        except BaseException:
            self._stop(futures)
            raise

    @property
    def stopped(self):
        """Whether parts of long work should end, because nobody waits for their results any more."""
        return self._stopped

    def _stop(self, futures):
        self._stopped = True
        for future in futures:
            future.cancel()
        concurrent.futures.wait(futures)


def _work_alone(work, part, halt):
    """What one part gives; with an event, after Ctrl-C that which it gives when it ends at once."""
    try:
        return work(*part)
    except KeyboardInterrupt:
        if halt is None:
            raise
        halt.set()
        return work(*part)
