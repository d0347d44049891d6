"""Protocols of the estimators that can be pruned, and of their further training."""

from typing import Any, Protocol

import numpy as np

from sknn_concepts.validation.fitted_network import FittedNetwork


class Finetuner(Protocol):
    """Further training of a fitted estimator on the samples with which it is pruned.

    It is made once, when pruning begins, and holds what does not change between the steps. ``sample_weight`` has the
    weights of the samples, those of the classes included, or is None.
    """

    sample_weight: np.ndarray | None

    def make_network(self, estimator: Any) -> FittedNetwork:
        """Return the network with the parameters of the unpruned estimator and with the samples that are trained on."""

    def retrain(self, estimator: Any, n_epochs: int, callback: Any = None) -> np.ndarray:
        """Train a pruned copy further, in place, and return its flat parameters; removed weights stay zero.

        A full-batch solver makes `n_epochs` iterations. ``callback(parameters_before, parameters)`` is called
        after each epoch by estimators whose training can be recorded. Ctrl-C raises KeyboardInterrupt.
        """

    def restart(self, estimator: Any) -> None:
        """Reset the optimizer and the learning-rate schedule of a pruned copy to their beginning."""


class PrunableEstimator(Protocol):
    """Fitted estimator that can be pruned, and whose curvature can be computed."""

    def _make_fitted_network(self, X: Any, y: Any, sample_weight: Any) -> FittedNetwork:
        """Check samples, and put them beside the parameters; class weights are not applied."""

    def _make_finetuner(self, X: Any, y: Any, sample_weight: Any) -> Finetuner:
        """Check samples, and prepare further training on them."""

    def _pruned_copy(self, parameters: np.ndarray, mask: np.ndarray | None, history: list) -> Any:
        """Copy with other parameters, whose further training leaves this estimator alone.

        The mask is false for the parameters that are removed; None removes no more than before. The history becomes
        ``pruning_history_``, and may grow.
        """

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score of the predictions for samples, as users pass them."""
