"""Shares of the samples: objects that stay on the workers and are called by the client.

A share is an actor of Dask: a call takes a few milliseconds, several times less than a task. Dask does not repeat what
an actor was doing when its worker died, so that is done here.
"""

import time

from distributed import Actor, KilledWorker

from sknn_concepts.dask.blocks import join
from sknn_concepts.dask.client import cancel, find_workers, wait_for_workers

#: Seconds to wait for a call before looking whether its worker is still there.
SECONDS_BETWEEN_LOOKS = 2.0

#: Losses of workers, without a successful call between them, after which a fit gives up.
MAX_LOSSES = 4

#: What Dask says of an actor whose worker died before the client asked for it.
ACTOR_WAS_LOST = "Worker holding Actor was lost"


class Share:
    """Samples of a worker, and what computes with them.

    Parameters
    ----------
    make : callable
        ``make(block)`` makes an object whose methods the client calls.
    *blocks : Block or None
        Samples.
    """

    def __init__(self, make, *blocks):
        self._part = make(join(blocks))

    def call(self, method, *arguments):
        """Call a method of the object."""
        return getattr(self._part, method)(*arguments)


class Shares:
    """Shares of all workers, as the client sees them. They are being made when the constructor returns.

    Parameters
    ----------
    client : distributed.Client
        Connection to the cluster.
    make : callable
        See :class:`Share`.
    blocks : dict of str to list of Delayed
        Addresses of workers, and the blocks that each of them should hold.
    lazy : list of list of Delayed
        The same blocks, none of them persisted, from which shares are made again.
    """

    def __init__(self, client, make, blocks, lazy):
        self._client, self._make, self._lazy = client, make, lazy
        self._futures = [
            self._begin(number, worker, of_worker) for number, (worker, of_worker) in enumerate(blocks.items())
        ]
        self._actors = [None] * len(self._futures)

    def __len__(self):
        return len(self._futures)

    def call(self, method, arguments):
        """Call a method of each share; calls that fail because a worker is lost are repeated on another one.

        Parameters
        ----------
        method : str
            Name of the method.
        arguments : list of tuple or None
            Arguments for each share; None for a share that is not called.

        Returns
        -------
        results : list
            Results, None for shares that were not called.

        Raises
        ------
        RuntimeError
            If workers are lost again and again, or none are left.
        Exception
            Whatever a method raises.
        """
        waiting = [k for k, of_one in enumerate(arguments) if of_one is not None]
        results, losses = [None] * len(self), 0
        while waiting:
            calls = {k: self._start(k, method, arguments[k]) for k in waiting}
            lost = []
            for k, call in calls.items():
                if call is None or not self._finish(k, call, results):
                    lost.append(k)
            losses = losses + 1 if lost else 0
            if losses == MAX_LOSSES:
                raise RuntimeError(
                    f"Workers were lost {MAX_LOSSES} times in a row during {method}. Look into their logs; workers "
                    "that exceed their memory limit are killed."
                )
            for k in lost:
                self._replace(k)
            waiting = lost
        return results

    def release(self):
        """Let the workers forget the samples."""
        cancel(self._client, self._futures, force=True)

    def _begin(self, number, worker, blocks):
        """Start to make a share; its blocks are released when it is done."""
        futures = self._client.compute(blocks)
        where = {"workers": [worker], "allow_other_workers": True}
        return self._client.submit(Share, self._make, *futures, actor=True, pure=False, **where)

    def _actor(self, k):
        """Return a share when it has been made, or None if its worker is lost."""
        if self._actors[k] is None:
            try:
                found = self._futures[k].result()
            except KilledWorker as error:
                raise RuntimeError(
                    f"Workers died while they loaded a share of the samples: {error} Blocks may be too large for the "
                    "memory of a worker; make them smaller, or set persist=False."
                ) from error
            except RuntimeError as error:
                if str(error) != ACTOR_WAS_LOST:
                    raise
                return None
            with self._client.as_current():  # otherwise it would call through the default client
                self._actors[k] = Actor(found._cls, found._address, found.key)
        return self._actors[k]

    def _start(self, k, method, arguments):
        """Start a call; return None if the worker is lost."""
        actor = self._actor(k)
        if actor is None:
            return None
        try:
            return actor.call(method, *arguments)
        except (OSError, RuntimeError):
            return None

    def _finish(self, k, call, results):
        """Wait for a call; return False if its worker is lost."""
        while True:
            try:
                results[k] = call.result(timeout=SECONDS_BETWEEN_LOOKS)
                return True
            except TimeoutError:
                if self._is_lost(k):
                    return False
            except (OSError, RuntimeError):
                if not self._is_lost(k, patience=SECONDS_BETWEEN_LOOKS):
                    raise
                return False

    def _is_lost(self, k, patience=0.0):
        """Return whether the worker of a share is gone, of which the scheduler may hear a little later."""
        end = time.monotonic() + patience
        while True:
            if self._futures[k].status != "finished" or self._actors[k]._address not in find_workers(self._client):
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)

    def _replace(self, k):
        """Make a share anew on a worker that has none, or on that with the fewest."""
        used = [actor._address for number, actor in enumerate(self._actors) if actor is not None and number != k]
        worker = min(wait_for_workers(self._client, used), key=used.count)
        self._actors[k] = None
        self._futures[k] = self._begin(k, worker, self._lazy[k])
