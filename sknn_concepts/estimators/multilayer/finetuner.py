"""Further training of a multilayer perceptron, between the steps of pruning."""

import functools

import numpy as np

from sknn_concepts.estimators.history import history_of
from sknn_concepts.estimators.multilayer.choices import make_config
from sknn_concepts.network.architecture import Architecture
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.training.messages import warn_about_result
from sknn_concepts.training.result import INTERRUPTED
from sknn_concepts.training.trainer import train
from sknn_concepts.validation.data import canonical
from sknn_concepts.validation.fitted_network import FittedNetwork, total_weight
from sknn_concepts.validation.threads import allowed_threads


class NetworkFinetuner:
    """Training of a network, and its further training after each step of pruning.

    The sample weights include those of the classes. The attribute ``rows`` contains the rows to train on, all but those
    that early stopping holds out; ``trace`` is the record of the training for a pruner, or None, and ``checkpoint`` the
    file from which training goes on, or None.
    """

    def __init__(self, architecture, X, y, sample_weight, config, random_state):
        self.architecture, self.config, self.random_state = architecture, config, random_state
        self.X, self.sample_weight = X, sample_weight
        self.dataset = make_dataset(X, y, sample_weight)
        self.rows = np.arange(len(y))
        self.trace = self.checkpoint = None

    def make_network(self, estimator):
        """Parameters of an estimator over these samples."""
        dataset = self.dataset
        if (X := canonical(self.X)) is not self.X:
            dataset = make_dataset(X, dataset.y, self.sample_weight)
        return FittedNetwork(
            theta=estimator._parameters(),
            sizes=self.architecture.sizes,
            activations=self.architecture.activations,
            loss=self.architecture.loss,
            dataset=dataset,
            total_weight=total_weight(self.sample_weight, len(dataset.y)),
            loss_scale=self.config.regularization.loss_scale,
            mask=estimator._parameter_mask(),
        )

    def train(self, estimator, incremental, **options):
        """Train the network of an estimator, which is left alone; :func:`~sknn_concepts.training.trainer.train`."""
        return train(
            self.architecture,
            self.dataset,
            self.config,
            estimator._theta,
            rows=self.rows,
            mask=estimator._parameter_mask(),
            random_state=self.random_state,
            incremental=incremental,
            **options,
        )

    def warn(self, estimator, result, incremental):
        """Warn if training did not end as it should."""
        warn_about_result(result, self.config, self.dataset, estimator.learning_rate, incremental)

    def retrain(self, estimator, n_epochs, callback=None):
        """Make further epochs, or iterations of lbfgs, without regard to validation data."""
        if n_epochs == 0:
            return estimator._parameters()
        state, history = vars(estimator).get("_optimizer_state"), history_of(estimator)
        result = self.train(
            estimator, True, n_epochs=n_epochs, optimizer_state=state, history=history, callback=callback
        )
        if result.stop_reason == INTERRUPTED:
            raise KeyboardInterrupt
        self.warn(estimator, result, incremental=True)
        if self.config.optimizer is None:
            result.history.n_iter = history.n_iter
        estimator._set_result(result)
        return result.parameters

    def restart(self, estimator):
        """Reset the optimizer and the learning-rate schedule."""
        state = vars(estimator).get("_optimizer_state")
        if state is not None:
            estimator._optimizer_state = state.restarted()


def make_finetuner(estimator, strategies, sizes, X, y, sample_weight, random_state):
    """Make the finetuner of an initialized or fitted estimator, whose parameters are a flat vector."""
    count_threads = functools.partial(allowed_threads, estimator.n_jobs)
    architecture = Architecture(sizes, strategies.activations, strategies.loss, estimator._theta.dtype, count_threads)
    return NetworkFinetuner(architecture, X, y, sample_weight, make_config(estimator, strategies), random_state)
