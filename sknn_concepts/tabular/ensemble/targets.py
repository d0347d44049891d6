"""Targets of an ensemble of networks: classes, or standardized numbers."""

import numpy as np

from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.mlp_regressor import MLPRegressor
from sknn_concepts.estimators.predictor import predict_each

#: Probability below which the log loss does not grow any more.
MIN_PROBABILITY = 1e-7

#: Ratio of standard deviation to mean at which numbers are constant but for rounding.
RELATIVE_ROUNDING = 1e-12


def predict_probabilities(networks, encoded, n_classes):
    """Yield probabilities of shape (n_rows, n_classes) of each network, 0 for classes that it has not seen."""
    for network, predicted in zip(networks, predict_each(networks, encoded, "predict_proba"), strict=True):
        probabilities = np.zeros((len(encoded), n_classes))
        probabilities[:, network.classes_] = predicted if len(network.classes_) > 1 else 1.0
        yield probabilities / probabilities.sum(axis=1, keepdims=True)  # the sums of float32 are inexact


def predict_numbers(networks, encoded):
    """Yield standardized numbers of shape (n_rows, n_outputs) of each network."""
    for predicted in predict_each(networks, encoded, "predict"):
        yield predicted.reshape(len(encoded), -1).astype(float)


class ClassTargets:
    """Classes, which members predict as probabilities.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Position of the class of each row.
    n_classes : int
        Number of classes.
    """

    network_class = MLPClassifier

    def __init__(self, codes, n_classes):
        self.codes, self.n_classes = codes, n_classes
        self.strata = codes

    def for_training(self, rows):
        """Return the targets of some rows as a network takes them."""
        return self.codes[rows]

    def measurable(self, train, held_out):
        """Return the held-out rows whose classes are among those of the training rows."""
        return held_out[np.isin(self.codes[held_out], self.codes[train])]

    def predict(self, network, encoded):
        """Predict probabilities of shape (n_rows, n_classes)."""
        return next(predict_probabilities([network], encoded, self.n_classes))

    def summarize(self, predictions, rows):
        """Reduce predictions for some rows to what the loss needs, the probabilities of their classes.

        Those of an average of predictions are the average of the summaries.
        """
        return predictions[np.arange(len(rows)), self.codes[rows]]

    @staticmethod
    def losses(summaries):
        """Compute the log losses of summarized predictions."""
        return -np.log(np.maximum(summaries, MIN_PROBABILITY))


class NumberTargets:
    """Numbers, which members predict standardized.

    Parameters
    ----------
    y : ndarray of float64 of shape (n_rows,) or (n_rows, n_outputs)
        Numbers.
    sample_weight : ndarray of shape (n_rows,) or None
        Weights of the rows.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_outputs,)
        Mean and standard deviation of each output.
    """

    network_class = MLPRegressor
    strata = None

    def __init__(self, y, sample_weight=None):
        y = y.reshape(len(y), -1)
        self.mean = np.average(y, axis=0, weights=sample_weight)
        deviations = y - self.mean
        largest = np.abs(deviations).max(axis=0)
        largest[largest == 0] = 1.0  # squares of scaled deviations neither overflow nor vanish
        self.scale = largest * np.sqrt(np.average((deviations / largest) ** 2, axis=0, weights=sample_weight))
        self.scale[self.scale <= RELATIVE_ROUNDING * np.abs(self.mean)] = 0.0
        self.standardized = (deviations / np.where(self.scale == 0.0, 1.0, self.scale)).astype(np.float32)

    def for_training(self, rows):
        """Return the targets of some rows as a network takes them."""
        return self.standardized[rows, 0] if self.standardized.shape[1] == 1 else self.standardized[rows]

    def measurable(self, train, held_out):
        """Return the held-out rows, all of which a network can be measured on."""
        return held_out

    def predict(self, network, encoded):
        """Predict standardized numbers of shape (n_rows, n_outputs)."""
        return next(predict_numbers([network], encoded))

    def summarize(self, predictions, rows):
        """Reduce predictions for some rows to what the loss needs, their errors.

        Those of an average of predictions are the average of the summaries.
        """
        return predictions - self.standardized[rows]

    @staticmethod
    def losses(summaries):
        """Compute the squared errors of summarized predictions, in units of the variance, averaged over the outputs."""
        return np.square(summaries).mean(axis=-1)
