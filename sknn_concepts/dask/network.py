"""A network whose samples are on the workers: it adds up gradients there, and makes the steps on the client."""

import numpy as np

from sknn_concepts.dask.samples import RemoteSamples
from sknn_concepts.network.compiled import NO_REGULARIZATION
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.minibatch import add_penalty


class RemoteArchitecture:
    """An architecture that compiles networks for samples on workers, as for others.

    Parameters
    ----------
    architecture : Architecture
        Network.
    local_steps : int
        Steps that each worker makes before parameters are averaged.
    """

    def __init__(self, architecture, local_steps):
        self._architecture, self._local_steps = architecture, local_steps
        self.sizes, self.dtype = architecture.sizes, architecture.dtype

    def compile(self, dataset, *arguments, **options):
        """See :meth:`sknn_concepts.network.architecture.Architecture.compile`."""
        if isinstance(dataset, RemoteSamples):
            return RemoteNetwork(self._architecture, dataset, self._local_steps, *arguments, **options)
        return self._architecture.compile(dataset, *arguments, **options)

    def masks_to_pack(self, mask, dataset):
        """Return None: workers know the whole parameters only."""


class RemoteNetwork:
    """A network as trainers call it (:class:`sknn_concepts.network.compiled.CompiledNetwork`), over remote samples.

    Parameters
    ----------
    architecture : Architecture
        Network.
    samples : RemoteSamples
        Samples, which have been given to the workers.
    local_steps : int
        Steps that each worker makes before parameters are averaged.
    batch_size : int
        Samples of a batch.
    optimizer : Optimizer or None
        Optimizer of the steps.
    **options
        Options of the network on the client.
    """

    def __init__(self, architecture, samples, local_steps, batch_size, optimizer=None, **options):
        self.dataset, self.batch_size, self._local_steps = samples, batch_size, local_steps
        nothing = make_dataset(
            np.empty((0, architecture.sizes[0]), architecture.dtype), np.empty((0, architecture.sizes[-1]))
        )
        self._on_client = architecture.compile(nothing, 1, optimizer=optimizer)
        self.layout = self._on_client.layout
        self.n_weights, self.n_parameters = self._on_client.n_weights, self._on_client.n_parameters
        self._n_trained = 0

    @property
    def mask(self):
        """Factors of the parameters."""
        return self._on_client.mask

    @mask.setter
    def mask(self, mask):
        self._on_client.mask = mask

    def shuffle(self, order, random_state):
        """Shuffle rows in place; of samples that are not persisted, windows and the rows within them."""
        random_state.shuffle(order)
        if not self.dataset.persist:
            self.dataset.shuffle_windows(random_state)
            order[:] = order[np.argsort(self.dataset.window_of(order), kind="stable")]

    def total_weight(self, rows):
        """Compute the sum of the weights of some rows."""
        return float(sum(part for results in self._call("total_weight", rows) for _, part in results))

    def count_trained(self, order):
        """Return the number of samples in those batches of the last epoch that have weight."""
        return self._n_trained

    def has_finite_loss(self, theta, rows):
        """Return whether predictions and their losses are finite."""
        return all(finite for results in self._call("has_finite_loss", rows, theta) for _, finite in results)

    def _call(self, method, rows, *arguments):
        return self.dataset.call(method, None if len(rows) == self.dataset.shape[0] else rows, *arguments)

    def make_step(self, theta, slots, regularization):
        """See :meth:`sknn_concepts.network.compiled.CompiledNetwork.make_step`."""
        return self._on_client.make_step(theta, slots, regularization)

    def train(self, step, order, first, last, coefficients, shrinkage, seeds):
        """See :meth:`sknn_concepts.network.compiled.CompiledNetwork.train`."""
        if first == 0:
            self._n_trained = 0
        total, batch = 0.0, first
        while batch < last:
            stop = batch + self._count_local_steps(order, batch, last)
            make_steps = self._step_together if stop == batch + 1 else self._step_apart
            rows = order[batch * self.batch_size : stop * self.batch_size]
            seeds_of_steps = seeds[batch:stop] if len(seeds) == len(shrinkage) else np.zeros(stop - batch, np.uint32)
            loss, n_done = make_steps(step, rows, coefficients[batch:stop], shrinkage[batch:stop], seeds_of_steps)
            total += loss
            batch += n_done
            if not n_done or not np.isfinite(loss):
                break
        return total, batch

    def _count_local_steps(self, order, batch, last):
        """Return how many batches may be trained on apart: those that lie in the window of the first one."""
        n_batches = min(self._local_steps, last - batch)
        if n_batches == 1:
            return 1
        starts = self.batch_size * np.arange(batch, batch + n_batches)
        ends = np.minimum(starts + self.batch_size, len(order)) - 1
        first, of_ends = self.dataset.window_of(order[starts[:1]]), self.dataset.window_of(order[ends])
        return max(1, int(np.argmin(np.append(of_ends == first, False))))

    def _step_together(self, step, rows, coefficients, shrinkage, seeds):
        """Make one step along the sum of the gradients of all workers; return loss times size, and 1 if it is made."""
        scale, keep = step.regularization.loss_scale, step.regularization.keep
        weight, loss = self._add_up(step.gradient, rows, step.theta, 1.0, keep, int(seeds[0]))
        loss *= scale  # which the gradient does without, as in the kernel of mini-batches
        if not weight > 0.0:
            return 0.0, 1
        if not np.isfinite(loss):
            return 0.0, 0
        np.divide(step.gradient, weight, out=step.gradient, casting="same_kind")
        penalty = self._on_client.step_along_gradient(step, weight, coefficients[0], shrinkage[0])
        self._n_trained += len(rows)
        return (loss / weight + penalty) * len(rows), 1

    def _add_up(self, gradient, rows, theta, *options):
        """Return total weight and loss of some rows; the sum of their gradients goes to `gradient`."""
        gradient[:] = 0
        weight = loss = 0.0
        for results in self._call("sum_gradients", rows, theta, *options):
            for _, (weight_of_part, loss_of_part, of_part) in results:
                weight += weight_of_part
                loss += loss_of_part
                gradient += of_part
        return weight, loss

    def _step_apart(self, step, rows, coefficients, shrinkage, seeds):
        """Let each worker make steps with its rows, and average the results; return loss times size, and their number.

        Each worker counts as much as it has rows (McMahan et al., 2017, algorithm 1).
        """
        total, n_steps = 0.0, len(shrinkage)
        arguments = step.theta, step.slots, len(rows), coefficients, shrinkage, seeds, step.regularization
        for results in self.dataset.call("make_steps", rows, *arguments):
            counts = np.array([len(positions) for positions, _ in results])
            if not all(is_finite for _, (is_finite, *_) in results):
                return 0.0, 0
            total += sum(loss for _, (_, loss, *_) in results)
            shares = (counts / counts.sum()).astype(step.theta.dtype)
            step.theta[:] = sum(share * theta for share, (_, (*_, theta, _)) in zip(shares, results, strict=True))
            step.slots[:] = sum(share * slots for share, (_, (*_, slots)) in zip(shares, results, strict=True))
        self._n_trained += len(rows)
        return total, n_steps

    def loss_gradient(self, theta, gradient, order, total_weight, regularization=NO_REGULARIZATION, seed=0):
        """See :meth:`sknn_concepts.network.compiled.CompiledNetwork.loss_gradient`."""
        _, loss = self._add_up(gradient, order, theta, regularization.loss_scale, regularization.keep, seed)
        np.divide(gradient, total_weight, out=gradient, casting="same_kind")
        if self.mask.size:
            gradient *= self.mask
        n_weights, penalties = self.n_weights, (regularization.l2 / total_weight, regularization.l1 / total_weight)
        return loss / total_weight + add_penalty(theta[:n_weights], gradient[:n_weights], *penalties)
