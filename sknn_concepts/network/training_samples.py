"""What training asks about the samples of a network, besides gradients."""

import numpy as np


class TrainingSamples:
    """Mixin of networks over a data set."""

    def shuffle(self, order, random_state):
        """Shuffle rows of the data set in place, as sklearn.utils.shuffle does, but without a copy."""
        random_state.shuffle(order)

    def total_weight(self, rows):
        """Sum of the weights of some rows."""
        weights = self.dataset.weights
        return float(weights[rows].sum() if weights.size else rows.size)

    def count_trained(self, order):
        """Number of samples in batches that have weight, which are those that :meth:`train` makes a step for."""
        weights = self.dataset.weights
        if not weights.size:
            return len(order)
        starts = np.arange(0, len(order), self.batch_size)
        sizes = np.diff(starts, append=len(order))
        return sizes[np.add.reduceat(weights[order], starts) > 0].sum()

    def has_finite_loss(self, theta, rows):
        """Whether the raw predictions for some rows, and the sum of their losses, are finite."""
        weights = self.dataset.weights[rows] if self.dataset.weights.size else None
        with np.errstate(over="ignore", invalid="ignore"):
            raw = self.predict(theta, rows, linked=False)
            return bool(np.isfinite(raw).all() and np.isfinite(self.losses(raw, self.dataset.y[rows], weights)))
