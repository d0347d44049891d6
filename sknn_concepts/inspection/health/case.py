"""What rules look at: an estimator, its record and history, and samples."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from sklearn.base import is_classifier

from sknn_concepts.estimators.history import measurements_of
from sknn_concepts.estimators.multilayer.base import BaseMultilayerPerceptron
from sknn_concepts.training.record import NAMES
from sknn_concepts.validation.fitted_network import check_estimator

#: Epochs at the beginning and at the end of training over which the medians of a record are taken.
N_FIRST, N_LAST = 5, 5


class Finding(NamedTuple):
    """Something that is wrong.

    Attributes
    ----------
    name : str
        What is wrong, one of `sknn_concepts.inspection.FINDINGS`.
    evidence : str
        How it shows, in numbers.
    advice : str
        What to change.
    """

    name: str
    evidence: str
    advice: str

    def __str__(self):
        return f"{self.name}\n  How it shows: {self.evidence}\n  What to change: {self.advice}"


class Case:
    """A fitted estimator, what its training measured, and samples, which may be missing."""

    def __init__(self, estimator, X, y, X_val, y_val):
        check_estimator(estimator)
        for name, one, other in (("X and y", X, y), ("X_val and y_val", X_val, y_val)):
            if (one is None) != (other is None):
                raise ValueError(f"{name} must be given together; one of them is None.")
        self.estimator = estimator
        self.y, self.y_val = (None if one is None else np.asarray(one) for one in (y, y_val))
        self.X, self.X_val = X, X_val
        self.is_network = isinstance(estimator, BaseMultilayerPerceptron)
        self.is_classifier = is_classifier(estimator)
        self.record = checked_record(estimator) if hasattr(estimator, "record_") else None
        self.history = measurements_of(estimator) or {}
        self.losses = self.history.get("loss", np.empty(0))
        if self.is_network:
            strategies = estimator._fitted_strategies()
            self.activations, self.loss = strategies.activations, strategies.loss
            coefs, _ = estimator._layers()
            self.coefs = coefs
        self.is_stochastic = self.is_network and estimator.solver != "lbfgs"

    def measured(self, name, when="last"):
        """Medians of a measurement over the first or the last epochs with finite numbers, for each layer."""
        rows = self.record[name][np.isfinite(self.record["weight_norm"]).all(axis=1)]
        rows = rows[:N_FIRST] if when == "first" else rows[-N_LAST:]
        return np.median(rows, axis=0) if len(rows) else np.full(self.record[name].shape[1], np.nan)

    def has_diverged(self):
        """Whether training ended because numbers overflowed."""
        if self.record is not None and np.isinf(self.record["weight_norm"]).any():
            return True
        return self.is_stochastic and (len(self.losses) == 0 or not np.isfinite(self.losses).all())

    def dense_samples(self):
        """Samples as an array of numbers; None if they are not given, or sparse."""
        if self.X is None or scipy.sparse.issparse(self.X):
            return None
        return np.asarray(self.X, float)


def checked_record(estimator):
    """Return the attribute ``record_``; raise ValueError if it is damaged."""
    record: Any = estimator.record_
    shapes = {np.shape(record.get(name)) for name in NAMES} if isinstance(record, dict) else set()
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise ValueError(f"record_ must be a dict of arrays of one shape (n_epochs, n_layers), with names {NAMES}.")
    return record


def layer_names(case, layers):
    """Names of several layers, as a list in plain English."""
    numbers = [str(layer + 1) for layer in layers]
    if len(numbers) == 1:
        return f"hidden layer {numbers[0]}"
    return f"hidden layers {', '.join(numbers[:-1])} and {numbers[-1]}"
