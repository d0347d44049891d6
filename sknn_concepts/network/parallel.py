"""A machine whose passes over samples are shared by threads.

What is added up is added up over runs of samples whose number and order depend on the samples alone: the number of
threads changes no bit of a result.
"""

import math
import queue

import numpy as np

from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.network import minibatch as training
from sknn_concepts.network.compiled import NO_UNITS, PLAIN, CompiledNetwork
from sknn_concepts.network.threads import WorkerThreads

#: Runs of samples of a pass over all, and the samples of a batch from which on it is cut into 2, 4, 8 runs.
RUNS, CUTS = 8, (64, 256, 1024)


class ParallelNetwork(CompiledNetwork):
    """A machine that several threads run.

    Parameters
    ----------
    *arguments
        Of :class:`sknn_concepts.network.compiled.CompiledNetwork`.
    n_threads : int
        How many.
    learns : bool, default=False
        Whether gradients will be asked for; each thread then has memory for them.
    **options
        Of :class:`sknn_concepts.network.compiled.CompiledNetwork`.
    """

    def __init__(self, *arguments, n_threads, learns=False, **options):
        super().__init__(*arguments, learns=learns, **options)
        self._crew = WorkerThreads(n_threads)
        self._memories = [self._memory, *(self._make_memory(learns) for _ in range(n_threads - 1))]

    def _share(self, work, parts):
        """Results of ``work(memory, number, part)`` for all parts, in their order."""
        memories: queue.SimpleQueue = queue.SimpleQueue()
        for memory in self._memories:
            memories.put(memory)

        def one(number, part):
            memory = memories.get()
            try:
                return work(memory, number, part)
            finally:
                memories.put(memory)

        return self._crew.share(one, range(len(parts)), parts)

    def _sum_gradients(self, theta, gradient, parts, total_weight, rules, seed=0):
        """Sum of the mean losses of parts of the samples; that of their gradients goes to `gradient`."""
        gradients = [gradient, *(empty_lines(theta.shape, theta.dtype) for _ in parts[1:])]

        def work(memory, number, rows):
            return training.sum_gradients(
                theta,
                gradients[number],
                self.layout,
                self.table,
                memory,
                rows,
                self.capacity,
                float(total_weight),
                rules,
                np.int64((seed + number * len(self.layout)) % 2**32),
                self.mask,
                self._weighted,
                self._in_place,
            )

        loss = sum(self._share(work, parts))
        for other in gradients[1:]:
            gradient += other
        return loss

    def train(self, theta, slots, order, first, last, coefficients, shrinkage, rules, seeds):
        """See :meth:`CompiledNetwork.train`; each batch is cut into runs of samples."""
        gradient, total = empty_lines(theta.shape, theta.dtype), 0.0
        plain = PLAIN._replace(keep=rules.keep)
        for batch in range(first, last):
            rows = order[batch * self.capacity : (batch + 1) * self.capacity]
            weight = float(self.source.weights[rows].sum() if self._weighted else rows.size)
            if not weight > 0.0:
                continue
            parts = np.array_split(rows, 2 ** sum(rows.size >= cut for cut in CUTS))
            seed = int(seeds[batch]) if rules.keep < 1.0 else 0
            loss = self._sum_gradients(theta, gradient, parts, weight, plain, seed) * rules.loss_scale
            if not math.isfinite(loss):
                return total, batch
            penalty = training.finish_step(
                theta,
                gradient,
                slots,
                self.table,
                self.n_weights,
                weight,
                rules,
                self.mask,
                self._units if rules.max_norm > 0.0 else NO_UNITS,
                coefficients[batch],
                shrinkage[batch],
            )
            total += (loss + penalty) * rows.size
        return total, last

    def loss_gradient(self, theta, gradient, order, total_weight, rules=PLAIN):
        """See :meth:`CompiledNetwork.loss_gradient`; the rows are cut into runs."""
        parts = np.array_split(order, max(1, min(RUNS, order.size // self.capacity)))
        smooth = rules._replace(l2=0.0, l1=0.0)
        loss = self._sum_gradients(theta, gradient, parts, total_weight, smooth)
        penalties = rules.l2 / float(total_weight), rules.l1 / float(total_weight)
        return loss + training.penalize(theta, gradient, self.n_weights, *penalties)

    def _run(self, theta, rows, stop, linked, out):
        blocks = -(-rows.size // self.capacity)
        edges = self.capacity * np.linspace(0, blocks, min(self._crew.n_threads, blocks) + 1).astype(int)
        parts = [slice(start, min(end, rows.size)) for start, end in zip(edges[:-1], edges[1:], strict=True)]

        def predict(memory, _, part):
            for some in self._spells(part.start, part.stop):
                if not self._crew.stopped:
                    self._predict(memory, theta, rows[some], stop, linked, out[some])

        self._share(predict, parts)
