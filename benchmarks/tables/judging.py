"""Judgement of predictions by the true targets of the test rows."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

#: Bound of the probabilities of which the logarithm is taken.
SMALLEST_PROBABILITY = 1e-7

#: Bounds of the logarithm of the temperature.
LOG_TEMPERATURES = -2.0, 2.0


def judge_classes(probabilities, classes, truth):
    """Judge probabilities of classes.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_known)
        Predictions.
    classes : ndarray of int of shape (n_known,)
        Classes of the columns. A class without a column has probability 0.
    truth : ndarray of int of shape (n_rows,)
        True classes.

    Returns
    -------
    judged : dict
        1 - accuracy, log loss, and log loss after temperature scaling (Guo et al., 2017, section 4.2): each half of the
        rows gets the temperature that is best on the other half.
    """
    columns = np.full(max(classes.max(), truth.max()) + 1, -1)
    columns[classes] = np.arange(len(classes))
    places = columns[truth]
    error = np.mean(classes[probabilities.argmax(axis=1)] != truth)
    half = np.random.default_rng(0).permutation(len(truth)) < len(truth) // 2
    scaled = np.empty(len(truth))
    for part in (half, ~half):
        scaled[part] = losses(
            scale(probabilities[part], best_temperature(probabilities[~part], places[~part])), places[part]
        )
    return {
        "error": float(error),
        "log_loss": float(losses(probabilities, places).mean()),
        "scaled_log_loss": float(scaled.mean()),
    }


def judge_numbers(predicted, truth):
    """Return the RMSE divided by the standard deviation of the test targets."""
    error = float(np.sqrt(np.mean((predicted - truth) ** 2)) / np.std(truth))
    return {"error": error, "log_loss": None, "scaled_log_loss": None}


def losses(probabilities, places):
    """Return the log losses of rows; a negative place stands for probability 0."""
    found = np.where(places >= 0, probabilities[np.arange(len(places)), places], 0.0)
    return -np.log(np.clip(found, SMALLEST_PROBABILITY, 1.0))


def scale(probabilities, temperature):
    """Divide the logarithms of probabilities by a temperature, and normalize."""
    return softmax(np.log(np.clip(probabilities, SMALLEST_PROBABILITY, 1.0)) / temperature, axis=1)


def best_temperature(probabilities, places):
    """Find the temperature with the smallest mean log loss."""
    found = minimize_scalar(
        lambda logarithm: losses(scale(probabilities, np.exp(logarithm)), places).mean(),
        bounds=LOG_TEMPERATURES,
        method="bounded",
    )
    return float(np.exp(found.x))
