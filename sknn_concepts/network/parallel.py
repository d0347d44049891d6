"""A network that several threads run.

In mini-batch training all threads work on each batch (:func:`sknn_concepts.network.minibatch.train`). Sums over all
samples are taken over fixed ranges of samples and then added in order. The ranges depend on the samples alone, so the
number of threads changes no bit of a result.
"""

import functools
import threading
import time

import numpy as np

from sknn_concepts.jit.barrier import CAN_MEET, make_team
from sknn_concepts.network import minibatch
from sknn_concepts.network.compiled import NO_REGULARIZATION, CompiledNetwork
from sknn_concepts.network.connections import has_sample_blocks
from sknn_concepts.network.dataset import count_samples
from sknn_concepts.network.layout import SIZE
from sknn_concepts.network.threads import WorkerThreads

#: Most runs of a pass over all samples.
MAX_RUNS = 8

#: Multiply-adds of a batch for each thread that works on it; with fewer, waiting for one another takes too long.
MULTIPLY_ADDS_PER_THREAD = 250_000

#: Multiply-adds that are worth waking a thread.
MIN_MULTIPLY_ADDS_TO_SHARE = 50_000_000

#: Share of the time that may be lost by trying what was slower before, and calls from one trial to the next.
SHARE_OF_TRIALS, MIN_CALLS_TO_TRIAL, MAX_CALLS_TO_TRIAL = 0.01, 4, 200


class ThreadChoice:
    """Choice between several threads and one, whichever has taken less time of late.

    Threads that meet several times a batch take longer than one thread while other programs use the processors. Results
    do not depend on the choice.

    Parameters
    ----------
    n_threads : int
        Number of the several threads.
    """

    def __init__(self, n_threads):
        self.n_threads = n_threads
        self._seconds: dict = {}  # number of threads -> seconds per batch
        self._faster, self._slower = n_threads, 1
        self._calls_to_trial = MIN_CALLS_TO_TRIAL

    def next(self):
        """Number of threads of the next call; now and then it is that of the slower choice."""
        self._calls_to_trial -= 1
        return self._faster if self._calls_to_trial >= 0 else self._slower

    def note(self, n_threads, seconds):
        """Take note of the seconds that a batch took."""
        self._seconds[n_threads] = 0.5 * (self._seconds.get(n_threads, seconds) + seconds)
        if len(self._seconds) == 2:
            self._faster, self._slower = sorted(self._seconds, key=self._seconds.__getitem__)
        if self._calls_to_trial < 0:
            loss = self._seconds[self._slower] / self._seconds[self._faster] - 1.0
            self._calls_to_trial = int(np.clip(loss / SHARE_OF_TRIALS, MIN_CALLS_TO_TRIAL, MAX_CALLS_TO_TRIAL))


class ParallelNetwork(CompiledNetwork):
    """A network that several threads run.

    Parameters
    ----------
    *arguments, **options
        Arguments of :class:`sknn_concepts.network.compiled.CompiledNetwork`.
    n_threads : int
        Largest number of threads.
    """

    #: Each thread has a context of its own, with its own batch memory.
    _namespace: type = threading.local

    def __init__(self, *arguments, n_threads, **options):
        super().__init__(*arguments, **options)
        self._threads = WorkerThreads(n_threads)

    @functools.cached_property
    def _multiply_adds(self):
        """Multiply-adds of a sample in the forward pass."""
        if not self.sparse or self._connections[0] is not None:
            return self.n_weights
        fan_in, fan_out = self.layout[:2, SIZE]
        return self.n_weights - (fan_in - self.dataset.data.size / count_samples(self.dataset)) * fan_out

    @functools.cached_property
    def _training_threads(self):
        """Choice of threads that work on a batch; None for one thread."""
        # where vectors are not known, BLAS computes whole products only; CSR samples are visited one after the other
        if not (CAN_MEET and has_sample_blocks()) or (self.sparse and self._connections[0] is not None):
            return None
        n_threads = min(
            self._threads.n_threads,
            int(self.batch_size * self._multiply_adds / MULTIPLY_ADDS_PER_THREAD),
            self.batch_size // minibatch.ROWS_AT_ONCE,
        )
        return ThreadChoice(n_threads) if n_threads > 1 else None

    def train(self, step, order, first, last, coefficients, shrinkage, seeds):
        """See :meth:`CompiledNetwork.train`; all threads work on each batch, and change no bit of the result."""
        batches, choice = (order, first, last, coefficients.ravel(), shrinkage, seeds), self._training_threads
        if choice is None or (last - first) * self.batch_size * self._multiply_adds < MIN_MULTIPLY_ADDS_TO_SHARE:
            return super().train(step, *batches)
        n_threads, start = choice.next(), time.perf_counter()
        if n_threads == 1:
            result = super().train(step, *batches)
        else:
            context, team = self._context, make_team(n_threads, self._threads.stop_cell)

            def work(me):
                return minibatch.train(context, step, team, me, *batches)

            result = self._threads.share(work, range(n_threads))[0]
        choice.note(n_threads, (time.perf_counter() - start) / (last - first))
        return result

    def loss_gradient(self, theta, gradient, order, total_weight, regularization=NO_REGULARIZATION, seed=0):
        """See :meth:`CompiledNetwork.loss_gradient`; the rows are cut into runs."""
        runs = np.array_split(order, max(1, min(MAX_RUNS, order.size // self.batch_size)))
        smooth = regularization._replace(l2=0.0, l1=0.0)

        seeds = [seed + order.size * number for number in range(len(runs))]

        def fill(rows, seed_of_run, out):
            return self._sum_gradients(theta, out, rows, total_weight, smooth, seed_of_run)

        loss = sum(self._threads.add_up(fill, gradient, runs, seeds))
        penalties = regularization.l2 / float(total_weight), regularization.l1 / float(total_weight)
        weights, of_weights = theta[: self.n_weights], gradient[: self.n_weights]
        return loss + minibatch.add_penalty(weights, of_weights, *penalties)

    def _run(self, theta, rows, stop, linked, out):
        blocks, most = -(-rows.size // self.batch_size), rows.size * self._multiply_adds / MIN_MULTIPLY_ADDS_TO_SHARE
        n_parts = max(1, min(self._threads.n_threads, blocks, int(most)))
        edges = self.batch_size * np.linspace(0, blocks, n_parts + 1).astype(int)

        def predict(first, end):
            for some in self._spans(first, min(end, rows.size)):
                if not self._threads.stopped:
                    minibatch.predict(self._context, theta, rows[some], stop, linked, out[some])

        self._threads.share(predict, edges[:-1], edges[1:])
