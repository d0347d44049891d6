"""A network whose passes over the samples are shared by threads.

Sums are taken over fixed ranges of samples and then added in order. The ranges depend on the samples alone, so the
number of threads changes no bit of a result.
"""

import math
import threading

import numpy as np

from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.network import minibatch
from sknn_concepts.network.compiled import NO_REGULARIZATION, CompiledNetwork
from sknn_concepts.network.threads import WorkerThreads

#: Most runs of a pass over all samples.
MAX_RUNS = 8

#: Rows of a batch from which on it is cut into 2, 4, 8 runs.
ROWS_PER_CUT = (64, 256, 1024)


class ParallelNetwork(CompiledNetwork):
    """A network that several threads run.

    Parameters
    ----------
    *arguments, **options
        Arguments of :class:`sknn_concepts.network.compiled.CompiledNetwork`.
    n_threads : int
        Number of threads; each has batch memory of its own.
    """

    #: Each thread has a context of its own, with its own batch memory.
    _namespace: type = threading.local

    def __init__(self, *arguments, n_threads, **options):
        super().__init__(*arguments, **options)
        self._threads = WorkerThreads(n_threads)

    def _sum_runs(self, theta, gradient, runs, total_weight, regularization, seed=0):
        """Sum of the mean losses of runs of samples; that of their gradients goes to `gradient`."""

        def fill(number, rows, out):
            seed_of_run = (seed + number * len(self.layout)) % 2**32
            return self._sum_gradients(theta, out, rows, total_weight, regularization, seed_of_run)

        return sum(self._threads.add_up(fill, gradient, range(len(runs)), runs))

    def train(self, theta, slots, order, first, last, coefficients, shrinkage, regularization, seeds):
        """See :meth:`CompiledNetwork.train`; each batch is cut into runs of samples."""
        step, total = self._step(theta, empty_lines(theta.shape, theta.dtype), slots, regularization), 0.0
        plain = NO_REGULARIZATION._replace(keep=regularization.keep)
        for batch in range(first, last):
            rows = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            weight = float(self.dataset.weights[rows].sum() if self._weighted else rows.size)
            if not weight > 0.0:
                continue
            runs = np.array_split(rows, 2 ** sum(rows.size >= cut for cut in ROWS_PER_CUT))
            seed = int(seeds[batch]) if regularization.keep < 1.0 else 0
            loss = self._sum_runs(theta, step.gradient, runs, weight, plain, seed) * regularization.loss_scale
            if not math.isfinite(loss):
                return total, batch
            of_batch = coefficients[batch], shrinkage[batch]
            penalty = minibatch.finish_step(self.table.calls, step, self.n_weights, weight, *of_batch)
            total += (loss + penalty) * rows.size
        return total, last

    def loss_gradient(self, theta, gradient, order, total_weight, regularization=NO_REGULARIZATION):
        """See :meth:`CompiledNetwork.loss_gradient`; the rows are cut into runs."""
        runs = np.array_split(order, max(1, min(MAX_RUNS, order.size // self.batch_size)))
        smooth = regularization._replace(l2=0.0, l1=0.0)
        loss = self._sum_runs(theta, gradient, runs, total_weight, smooth)
        penalties = regularization.l2 / float(total_weight), regularization.l1 / float(total_weight)
        return loss + minibatch.penalize(theta, gradient, self.n_weights, *penalties)

    def _run(self, theta, rows, stop, linked, out):
        blocks = -(-rows.size // self.batch_size)
        edges = self.batch_size * np.linspace(0, blocks, min(self._threads.n_threads, blocks) + 1).astype(int)

        def predict(first, end):
            for some in self._spans(first, min(end, rows.size)):
                if not self._threads.stopped:
                    minibatch.predict(self._context, theta, rows[some], stop, linked, out[some])

        self._threads.share(predict, edges[:-1], edges[1:])
