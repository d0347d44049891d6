"""The objective of logistic regression over samples on the workers of a cluster."""

import functools

import numpy as np

from sknn_concepts.linear.objective import LogisticObjective


class RemoteObjective(LogisticObjective):
    """Objective whose sums are computed where the samples are.

    Only L-BFGS can minimize it, which needs values, gradients and, for its preconditioner, a part of the samples.

    Parameters
    ----------
    samples : RemoteSamples
        Samples, whose parts are :class:`sknn_concepts.dask.parts.LogisticPart`.
    n_classes : int
        Number of classes.
    total_weight : float
        Sum of the weights of the samples.
    weighted : bool
        Whether the samples have weights, be it those of their classes.
    ridge, fit_intercept
        See :class:`sknn_concepts.linear.objective.LogisticObjective`.
    """

    def __init__(self, samples, n_classes, total_weight, *, weighted, ridge, fit_intercept):
        nothing = np.empty((0, samples.shape[1]), samples.dtype)
        lasso = np.zeros_like(ridge)
        super().__init__(
            nothing, np.empty(0, np.int32), n_classes, ridge=ridge, lasso=lasso, fit_intercept=fit_intercept
        )
        self._samples, self._weighted, self.total_weight = samples, weighted, total_weight
        if samples.summary.sparse:
            self._dtype = np.dtype(np.float64)

    def _parts(self, method, *arguments):
        return [result for results in self._samples.call(method, None, *arguments) for _, result in results]

    def sum_losses(self, coefficients, probabilities=None):
        """See :meth:`sknn_concepts.linear.objective.LogisticObjective.sum_losses`."""
        losses, gradients = zip(*self._parts("sum_losses", coefficients), strict=True)
        return sum(losses), sum(gradients)

    def sum_squares(self):
        """See :meth:`sknn_concepts.linear.objective.LogisticObjective.sum_squares`."""
        return sum(self._parts("sum_squares"))

    @property
    def n_samples(self):
        """Number of all samples."""
        return self._samples.shape[0]

    @functools.cached_property
    def gram_sample(self):
        """The objective over evenly spaced samples, which are brought to the client."""
        rows = np.arange(0, self.n_samples, self.sample_spacing)
        weights = self._samples.collect("weights", rows) if self._weighted else None
        if weights is not None and not weights.any():
            weights = None
        X, codes = self._samples.take(rows), self._samples.collect("codes", rows)
        return LogisticObjective(
            X.astype(self._samples.dtype, copy=False),
            codes,
            max(2, self.n_outputs),
            weights,
            ridge=self.ridge[:, 0],
            lasso=self.lasso[:, 0],
            fit_intercept=self.fit_intercept,
        )
