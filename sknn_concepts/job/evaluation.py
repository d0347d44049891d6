"""Evaluation of the winner and the baselines on held-out rows, which play no part in the search."""

import dataclasses
import time
import warnings

import numpy as np
from sklearn import metrics
from sklearn.model_selection import train_test_split

from sknn_concepts.job.errors import BadInput


@dataclasses.dataclass
class Evaluation:
    """A model fitted on the training rows and its scores on the held-out rows."""

    model: object
    scores: dict[str, float]  #: scores on the held-out rows by name
    predicted: np.ndarray  #: predictions for the held-out rows
    fit_seconds: float
    warnings: list[str]  #: distinct messages of the warnings raised during the fit


def split_rows(X, y, task, test_size, seed):
    """Split into training and held-out rows, stratified by class.

    BadInput is raised if a class would have no row on one side.
    """
    classes = y if task == "classification" else None
    try:
        return train_test_split(X, y, test_size=test_size, random_state=seed, stratify=classes)
    except ValueError as error:
        raise BadInput(f"cannot hold out a share of {test_size:g}: {error}") from None


def fit_and_evaluate(model, X_train, X_test, y_train, y_test, task):
    """Fit a model on the training rows and evaluate it on the held-out rows."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        model.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        predicted = model.predict(X_test)
        score = classification_scores if task == "classification" else regression_scores
        scores = score(model, X_test, y_test, predicted)
    sentences = dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught)
    return Evaluation(model, scores, predicted, seconds, list(sentences))


def classification_scores(model, X, y, predicted):
    """Return accuracy, balanced accuracy, log loss and, for two classes, the area under the ROC curve by name."""
    probabilities = model.predict_proba(X)
    scores = {
        "accuracy": metrics.accuracy_score(y, predicted),
        "balanced accuracy": metrics.balanced_accuracy_score(y, predicted),
        "log loss": metrics.log_loss(y, probabilities, labels=model.classes_),
    }
    if len(model.classes_) == 2:
        scores["ROC AUC"] = metrics.roc_auc_score(y == model.classes_[1], probabilities[:, 1])
    return {name: float(value) for name, value in scores.items()}


def regression_scores(model, X, y, predicted):
    """Return R2, mean absolute error and root mean squared error by name, the errors in the unit of the target."""
    return {
        "R2": float(metrics.r2_score(y, predicted)),
        "MAE": float(metrics.mean_absolute_error(y, predicted)),
        "RMSE": float(metrics.mean_squared_error(y, predicted) ** 0.5),
    }
