"""Samples on the workers of a cluster, as one data set whose rows are numbered."""

import dask
import numpy as np
import scipy.sparse
from distributed import futures_of

from sknn_concepts._warnings import warn
from sknn_concepts.dask.blocks import describe, read_block
from sknn_concepts.dask.client import cancel, wait_for_workers
from sknn_concepts.dask.shares import Shares
from sknn_concepts.dask.summary import summarize

#: Blocks of each worker in a window of samples that are not persisted.
BLOCKS_PER_WORKER = 2


class RemoteSamples:
    """Samples on workers.

    The blocks of the samples are divided into windows, whose blocks are in memory at the same time. Samples that are
    persisted have one window. Otherwise the window in use is in memory and the next one is being loaded.

    Parameters
    ----------
    client : distributed.Client
        Connection to the cluster.
    read : tuple
        Function that validates the samples of a block, and its first argument; see
        :func:`sknn_concepts.dask.blocks.read_block`.
    blocks : list of tuple of Delayed
        Parts of X, y and weights, the last of which may be None.
    persist : bool
        Whether the samples stay in the memory of the workers.
    classifies : bool
        Whether the targets are labels.
    """

    def __init__(self, client, read, blocks, persist, classifies):
        self.persist, self.weighted = persist, blocks[0][2] is not None
        self._client, self._given = client, blocks
        self._lazy = [dask.delayed(read_block, pure=False)(read, k, *block) for k, block in enumerate(blocks)]
        self._held = client.persist(self._lazy) if persist else self._lazy
        self._loaded = {}
        look = dask.delayed(describe, pure=False)
        facts = client.compute([look(k, block, classifies) for k, block in enumerate(self._held)])
        try:
            self.summary = summarize(client.gather(facts))
        except BaseException:
            # the client would keep the error, whose traceback keeps the samples
            cancel(client, [*facts, *futures_of(self._held)])
            raise
        self._starts = np.append(0, np.cumsum(self.summary.lengths))
        #: the features as far as messages about their size need them
        self.X = np.array([self.summary.largest])

    @property
    def shape(self):
        """Numbers of samples and features."""
        return int(self._starts[-1]), self.summary.n_features

    @property
    def dtype(self):
        """Type that holds the features of all blocks."""
        return self.summary.dtype

    def __getstate__(self):
        # for digests, which tell whether two fits have had the same samples
        return {"token": dask.base.tokenize(self._given)}

    def release(self):
        """Let the workers forget the samples."""
        self._keep(())
        self._held = self._lazy = []

    def _keep(self, numbers):
        """Release the windows that have been loaded, but for some."""
        for number in set(self._loaded) - set(numbers):
            self._loaded.pop(number).shares.release()

    def distribute(self, make):
        """Give each worker its share of the samples, of which ``make(block)`` makes the object that :meth:`call` calls.

        Samples that are not persisted are given when their window is needed.
        """
        self._make = make
        used = np.flatnonzero(self.summary.lengths)
        n_workers = len(wait_for_workers(self._client))
        if len(used) < n_workers:
            warn(
                f"X has {len(used)} block{'s' * (len(used) != 1)} with samples for {n_workers} workers, of which some "
                "have nothing to do; rechunk arrays, or repartition frames."
            )
        if self.persist:
            self._set_windows([used])
            self._window(0)
            self._held = self._lazy  # the shares keep the samples
        else:
            self.shuffle_windows(None)

    def shuffle_windows(self, random_state):
        """Divide samples that are not persisted into other windows, in random order if there is a generator."""
        used = np.flatnonzero(self.summary.lengths)
        if random_state is not None:
            random_state.shuffle(used)
        size = BLOCKS_PER_WORKER * len(wait_for_workers(self._client))
        self._set_windows([used[first : first + size] for first in range(0, len(used), size)])

    def _set_windows(self, windows):
        self._keep(())
        self._windows = windows
        self._window_of = np.zeros(len(self._lazy), np.int64)
        for number, blocks in enumerate(windows):
            self._window_of[blocks] = number

    def window_of(self, rows):
        """Find the numbers of the windows of some rows."""
        return self._window_of[self._block_of(rows)]

    def _block_of(self, rows):
        return np.searchsorted(self._starts, rows, side="right") - 1

    def call(self, method, rows, *arguments):
        """Call a method of each share that has some of the rows, window by window.

        Parameters
        ----------
        method : str
            Name of the method. Its first argument becomes an array with the rows of the share that are asked for, or
            None for all of them.
        rows : ndarray of int or None
            Rows of the data set; None for all.
        *arguments
            Further arguments of the method.

        Yields
        ------
        results : list of tuple
            For each share of a window, the positions of its rows in `rows`, and what the method has returned.
        """
        blocks = None if rows is None else self._block_of(rows)
        numbers = range(len(self._windows)) if rows is None else np.unique(self._window_of[blocks])
        for number in numbers:
            window = self._window(number)
            parts = window.all_rows() if rows is None else window.split(rows, blocks)
            calls = [(local, *arguments) if len(positions) else None for positions, local in parts]
            results = zip(parts, window.shares.call(method, calls), strict=True)
            yield [(positions, result) for (positions, _), result in results if len(positions)]

    def collect(self, method, rows, *arguments):
        """Call a method that returns an array with an entry for each row; return the array for all of the rows."""
        collected = None
        for results in self.call(method, rows, *arguments):
            for positions, values in results:
                if collected is None:
                    n_rows = self.shape[0] if rows is None else len(rows)
                    collected = np.empty((n_rows, *values.shape[1:]), values.dtype)
                collected[positions] = values
        return collected

    def take(self, rows):
        """Bring samples to the client, as an array or a CSR matrix."""
        if not self.summary.sparse:
            return self.collect("samples", rows)
        parts = [result for results in self.call("samples", rows) for result in results]
        order = np.argsort(np.concatenate([positions for positions, _ in parts]))
        return scipy.sparse.vstack([samples for _, samples in parts], format="csr")[order]

    def _window(self, number):
        """Return a window whose shares are being made, and begin to load the next one; others are dropped."""
        wanted = [n for n in (number, number + 1) if n < len(self._windows)]
        self._keep(wanted)
        for n in wanted:
            if n not in self._loaded:
                given = self._held, self._lazy, self._windows[n], self._starts
                self._loaded[n] = Window(self._client, self._make, *given)
        return self._loaded[number]


class Window:
    """Blocks of samples that are in memory at the same time, divided among the workers.

    Parameters
    ----------
    client, make
        See :class:`sknn_concepts.dask.shares.Shares`.
    held, lazy : list of Delayed
        All blocks, as they are held in memory, if they are, and as they can be loaded again.
    blocks : ndarray of int
        Numbers of the blocks of this window.
    starts : ndarray of int
        First row of each block, and the number of all rows.
    """

    def __init__(self, client, make, held, lazy, blocks, starts):
        lengths = np.diff(starts)
        assigned = assign(client, held, blocks, lengths)
        again = [[lazy[k] for k in of_one] for of_one in assigned.values()]
        now = {worker: [held[k] for k in of_one] for worker, of_one in assigned.items()}
        self.shares = Shares(client, make, now, again)
        self._share_of = np.full(len(held), -1, np.int16)
        self._shift = np.zeros(len(held), np.int64)  # from rows of the data set to rows of a share
        self._rows = []
        for share, of_one in enumerate(assigned.values()):
            self._share_of[of_one] = share
            self._shift[of_one] = np.append(0, np.cumsum(lengths[of_one]))[:-1] - starts[of_one]
            self._rows.append(np.concatenate([np.arange(starts[k], starts[k + 1]) for k in of_one]))

    def all_rows(self):
        """Return the rows of each share, and None."""
        return [(rows, None) for rows in self._rows]

    def split(self, rows, blocks):
        """Return, for each share, the positions of its rows among some rows, and these as rows of the share."""
        shares, local = self._share_of[blocks], (rows + self._shift[blocks]).astype(np.int32)
        # short integers are sorted by counting; blocks of other windows have share -1
        ends = np.cumsum(np.bincount(shares + 1, minlength=len(self._rows) + 1))
        positions = np.split(np.argsort(shares, kind="stable"), ends)[1:-1]
        return [(of_share, local[of_share]) for of_share in positions]


def assign(client, held, blocks, lengths):
    """Divide blocks among the workers so that each has about the same number of samples; most stay where they are.

    Returns a dict of the numbers of the blocks, in order, for the address of each worker.
    """
    workers = wait_for_workers(client)
    futures = futures_of([held[k] for k in blocks])  # there are none if blocks are not persisted
    where = client.who_has(futures) if futures else {}
    assigned, load = {worker: [] for worker in workers}, dict.fromkeys(workers, 0)
    share = lengths[blocks].sum() / len(workers)
    for k in sorted(blocks, key=lambda k: -lengths[k]):
        holders = [worker for worker in where.get(held[k].key, ()) if load[worker] + lengths[k] / 2 <= share]
        worker = min(holders or workers, key=load.__getitem__)
        assigned[worker].append(k)
        load[worker] += lengths[k]
    return {worker: np.sort(of_one) for worker, of_one in assigned.items() if of_one}
