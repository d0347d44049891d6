"""What computes with the samples of a worker: a network, or the objective of logistic regression."""

import numpy as np
from distributed import get_worker

from sknn_concepts.linear.objective import LogisticObjective
from sknn_concepts.network.compiled import ROWS_PER_BLOCK
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.minibatch import Regularization
from sknn_concepts.validation.labels import number_labels

#: Distance of the seeds of two blocks.
SEED_STEP = 2654435761


def worker_threads():
    """Return the number of threads that Dask gives to the tasks of this worker."""
    return get_worker().state.nthreads


class NetworkPart:
    """A network over the samples of a worker.

    Parameters
    ----------
    architecture : Architecture
        Network.
    estimator : estimator
        Estimator without Dask that encodes the targets and weighs the classes.
    mask : ndarray
        Factors of the parameters, 0 for those that stay zero; may be empty.
    local : tuple or None
        Optimizer and batch size for local steps.
    block : Block
        Samples.
    """

    def __init__(self, architecture, estimator, mask, local, block):
        labels = block.y
        self._y = estimator._encode(labels)
        architecture.loss.check_target(self._y)
        self._weights = estimator._weigh(labels, block.weights)
        self._X = block.X
        architecture = architecture._replace(count_threads=worker_threads)
        dataset = make_dataset(block.X, self._y, self._weights)
        self._all = np.arange(len(self._y))
        #: what is added to seeds, so that the dropout masks of workers differ
        self._seed = block.number * SEED_STEP
        self._network = architecture.compile(dataset, ROWS_PER_BLOCK, needs_gradients=True)
        self._network.mask = mask
        self._trainer = None
        if local is not None:
            optimizer, batch_size = local
            options = {"optimizer": optimizer, "needs_gradients": True}
            self._trainer = architecture.compile(dataset, min(batch_size, len(self._y)), **options)
            self._trainer.mask = mask

    def _rows(self, rows):
        """Return rows as the kernels take them; all for None."""
        return self._all if rows is None else rows.astype(np.int64)

    def samples(self, rows):
        """Return some samples."""
        return self._X[rows]

    def targets(self, rows):
        """Return the encoded targets of some samples."""
        return self._y if rows is None else self._y[rows]

    def weights(self, rows):
        """Return the weights of some samples."""
        return self._weights if rows is None else self._weights[rows]

    def total_weight(self, rows):
        """Return the total weight of some samples."""
        return self._network.total_weight(self._rows(rows))

    def has_finite_loss(self, rows, theta):
        """Return whether the predictions for some samples, and their losses, are finite."""
        return self._network.has_finite_loss(theta, self._rows(rows))

    def sum_gradients(self, rows, theta, loss_scale, keep, seed):
        """Return the total weight of some samples, and the sums of their losses and of their gradients."""
        rows, gradient = self._rows(rows), np.empty_like(theta)
        scaled = Regularization(0.0, 0.0, loss_scale, keep, 0.0, 0.0)
        loss = self._network.loss_gradient(theta, gradient, rows, 1.0, scaled, seed + self._seed)
        return self._network.total_weight(rows), loss, gradient

    def make_steps(self, rows, theta, slots, n_rows, coefficients, shrinkage, seeds, regularization):
        """Make a step for each of as many parts of the rows as there are coefficients.

        The penalty has the share that these rows have of the `n_rows` of all workers. Returns whether all losses are
        finite, the sum of loss times size, and the parameters and the state of the optimizer after the steps.
        """
        theta, slots, share = theta.copy(), slots.copy(), len(self._rows(rows)) / n_rows
        regularization = regularization._replace(l2=share * regularization.l2, l1=share * regularization.l1)
        step = self._trainer.make_step(theta, slots, regularization)
        total, seeds = 0.0, seeds + np.uint32(self._seed % 2**32)
        for k, some in enumerate(np.array_split(self._rows(rows), len(shrinkage))):
            if not len(some):
                continue
            of_step = slice(k, k + 1)
            options = coefficients[of_step], shrinkage[of_step], seeds[of_step]
            loss, n_done = self._trainer.train(step, some, 0, 1, *options)
            total += loss
            if n_done < 1:
                return False, total, theta, slots
        return bool(np.isfinite(total)), total, theta, slots


class LogisticPart:
    """The losses of a logistic regression over the samples of a worker.

    Parameters
    ----------
    classes : ndarray
        All classes.
    class_weights : ndarray or None
        Weights of the classes.
    dtype : dtype
        Type of the samples, float32 or float64.
    fit_intercept : bool
        Whether there are intercepts.
    block : Block
        Samples.
    """

    def __init__(self, classes, class_weights, dtype, fit_intercept, block):
        self._X = block.X.astype(dtype, copy=False)
        self._codes, self._weights = number_labels(block.y, classes), block.weights
        if class_weights is not None:
            of_class = class_weights[self._codes]
            self._weights = of_class if self._weights is None else of_class * self._weights
        nothing = np.zeros(self._X.shape[1] + 1)
        self._objective = LogisticObjective(
            self._X,
            self._codes,
            len(classes),
            self._weights,
            ridge=nothing,
            lasso=nothing,
            fit_intercept=fit_intercept,
            n_threads=worker_threads(),
        )

    def samples(self, rows):
        """Return some samples."""
        return self._X[rows]

    def codes(self, rows):
        """Return the numbers of the classes of some samples."""
        return self._codes[rows]

    def weights(self, rows):
        """Return the weights of some samples."""
        return self._weights[rows]

    def sum_losses(self, rows, coefficients):
        """Return the sums of the losses and of the gradients of all samples."""
        return self._objective.sum_losses(coefficients)

    def sum_squares(self, rows):
        """Return the weighted sum of the squares of each feature, for all samples."""
        return self._objective.sum_squares()
