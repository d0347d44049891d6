"""Calibration of the probabilities of an ensemble."""

import numpy as np
from scipy.optimize import minimize_scalar

#: Bounds of the inverse temperature.
BOUNDS = 1 / 3, 3.0

#: Number of standard errors by which the losses must fall for a temperature other than 1.
N_STANDARD_ERRORS = 2.0


def sharpen(probabilities, power):
    """Raise probabilities to a power, the inverse temperature, and normalize them (Guo et al., 2017, section 4.2)."""
    if power == 1.0:
        return probabilities
    with np.errstate(divide="ignore"):
        raw = power * np.log(probabilities)
    raw -= raw.max(axis=1, keepdims=True)
    powers = np.exp(raw)
    return powers / powers.sum(axis=1, keepdims=True)


def sharpen_tensor(probabilities, power):
    """Add :func:`sharpen` to the graph of a :class:`sknn_concepts.export.Tensor`."""
    return probabilities if power == 1.0 else (power * probabilities.apply("Log")).apply("Softmax", axis=1)


def mix_with_uniform(probabilities, share):
    """Move probabilities towards equal ones, so that none is 0."""
    return (1.0 - share) * probabilities + share / probabilities.shape[1]


def find_power(probabilities, codes, row_weights):
    """Find the inverse temperature with the smallest log loss.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
        Positive probabilities that the ensemble predicts for rows that it was not trained on.
    codes : ndarray of int of shape (n_rows,)
        Positions of the classes.
    row_weights : ndarray of shape (n_rows,)
        Weights of the rows.

    Returns
    -------
    power : float
        Inverse temperature. It is 1 unless the losses of the rows fall by more than chance may explain.
    """
    rows, total = np.arange(len(codes)), row_weights.sum()

    def losses(power):
        return -np.log(np.maximum(sharpen(probabilities, power)[rows, codes], np.finfo(float).tiny))

    best = minimize_scalar(
        lambda log_power: losses(np.exp(log_power)) @ row_weights / total,
        bounds=tuple(np.log(BOUNDS)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    power = float(np.exp(best.x))
    gains = losses(1.0) - losses(power)
    gain = gains @ row_weights / total
    error = np.sqrt(row_weights**2 @ (gains - gain) ** 2) / total
    return power if gain > N_STANDARD_ERRORS * error else 1.0
