"""The winner and the baselines on rows that no choice has seen."""

import dataclasses
import time
import warnings

import numpy as np
from sklearn import metrics
from sklearn.model_selection import train_test_split

from sknn_concepts.job.errors import BadInput


@dataclasses.dataclass
class HeldOut:
    """A model fitted on all training rows, and how it does on the others.

    Attributes
    ----------
    model : estimator
        Fitted.
    measures : dict of str to float
        By name.
    predicted : ndarray of shape (n_rows,)
        For the held-out rows.
    fit_seconds : float
        Time of the fit.
    warnings : list of str
        What the fit warned about, one sentence each.
    """

    model: object
    measures: dict
    predicted: np.ndarray
    fit_seconds: float
    warnings: list


def split(X, y, task, test_size, seed):
    """Training and held-out rows, with the classes in proportion.

    Returns
    -------
    X_train, X_test, y_train, y_test : array-like

    Raises
    ------
    BadInput
        If the share leaves no row of some class on one side.
    """
    try:
        return train_test_split(
            X, y, test_size=test_size, random_state=seed, stratify=y if task == "classification" else None
        )
    except ValueError as error:
        raise BadInput(f"cannot hold out a share of {test_size:g}: {error}") from None


def fit_and_measure(model, X_train, X_test, y_train, y_test, task):
    """Fit a model on the training rows and measure it on the held-out ones.

    Parameters
    ----------
    model : estimator
    X_train, X_test, y_train, y_test : array-like
    task : {"classification", "regression"}

    Returns
    -------
    held_out : HeldOut
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        model.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        predicted = model.predict(X_test)
        measure = measure_classes if task == "classification" else measure_numbers
        measures = measure(model, X_test, y_test, predicted)
    sentences = dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught)
    return HeldOut(model, measures, predicted, seconds, list(sentences))


def measure_classes(model, X, y, predicted):
    """Accuracy, balanced accuracy, log loss and, for two classes, the area under the ROC curve, by name."""
    probabilities = model.predict_proba(X)
    measures = {
        "accuracy": metrics.accuracy_score(y, predicted),
        "balanced accuracy": metrics.balanced_accuracy_score(y, predicted),
        "log loss": metrics.log_loss(y, probabilities, labels=model.classes_),
    }
    if len(model.classes_) == 2:
        measures["ROC AUC"] = metrics.roc_auc_score(y == model.classes_[1], probabilities[:, 1])
    return {name: float(value) for name, value in measures.items()}


def measure_numbers(model, X, y, predicted):
    """R2, mean absolute error and root mean squared error, by name; the errors in the target's unit."""
    return {
        "R2": float(metrics.r2_score(y, predicted)),
        "MAE": float(metrics.mean_absolute_error(y, predicted)),
        "RMSE": float(metrics.mean_squared_error(y, predicted) ** 0.5),
    }
