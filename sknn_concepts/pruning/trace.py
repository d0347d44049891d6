"""The course of a training, recorded for pruners."""

import numpy as np

from sknn_concepts._warnings import warn


class TrainingTrace:
    """Record of a training: initial parameters, how far each parameter moved, and the parameters to rewind to.

    ``start`` contains the parameters before the first epoch, ``squared_changes`` the sum over the epochs of the squared
    change of each parameter, and ``learning_rate`` is the initial learning rate. ``rewind_parameters`` contains the
    parameters after `rewind_epoch` epochs, and is None until then.
    """

    def __init__(self, theta, rewind_epoch, learning_rate):
        self.start, self.learning_rate = theta.copy(), learning_rate
        self.squared_changes = np.zeros(theta.size)
        self.rewind_parameters = theta.copy() if rewind_epoch == 0 else None
        self._rewind_epoch, self._n_epochs = rewind_epoch, 0

    def __call__(self, before, parameters):
        """Record an epoch by the parameters before and after it."""
        # a new array, so that copies of this record stay as they are
        self.squared_changes = self.squared_changes + np.square(parameters.astype(np.float64) - before)
        self._n_epochs += 1
        if self.rewind_parameters is None and self._n_epochs == self._rewind_epoch:
            self.rewind_parameters = parameters.copy()

    def end(self, theta):
        """Record the end of training."""
        if self._rewind_epoch is not None and self.rewind_parameters is None:
            warn(f"Training ended after {self._n_epochs} passes; rewind={self._rewind_epoch} goes back to its end.")
            self.rewind_parameters = theta.copy()
