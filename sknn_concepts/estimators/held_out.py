"""Held-out samples and what is measured on them after each pass."""

import numpy as np


class Validation:
    """Loss and score on held-out samples, from one forward pass.

    Parameters
    ----------
    estimator : multilayer perceptron
        Whose ``validation_loss_curve_`` and ``validation_scores_`` grow.
    machine : Machine
        The network over the source that holds the samples.
    rows : ndarray of int64
        Rows of the source that are held out.
    y : ndarray of shape (n_rows, n_outputs)
        Their targets, as the network is trained to give them.
    sample_weight : ndarray of shape (n_rows,) or None
        Their weights.
    loss_scale : float
        Factor of the reported loss.
    scorer : callable or None
        ``scorer()``, instead of the estimator's own score.
    """

    def __init__(self, estimator, machine, rows, y, sample_weight, loss_scale, scorer):
        self.estimator = estimator
        self.machine = machine
        self.rows = rows
        self.y = y
        self.sample_weight = sample_weight
        self.total = len(rows) if sample_weight is None else float(np.sum(sample_weight))
        self.loss_scale = loss_scale
        self.scorer = scorer

    def measure(self, theta):
        """Append the loss and the score of some parameters."""
        est = self.estimator
        raw = self.machine.predict(theta, self.rows, linked=False)
        loss = self.machine.losses(raw, self.y, self.sample_weight) * self.loss_scale / self.total
        if est.early_stopping_scoring == "loss":
            score = -loss
        elif not np.isfinite(raw).all():
            score = np.nan
        elif self.scorer is not None:
            score = self.scorer()
        else:
            score = est._score_raw(self.machine, raw, self.y, self.sample_weight)
        est.validation_loss_curve_.append(loss)
        est.validation_scores_.append(score)
        if est.verbose:
            print(f"Validation score: {score:f}")


def pair_up(X_val, y_val, sample_weight_val):
    """Validation data as a tuple, or None; both halves or neither.

    Raises
    ------
    ValueError
        If one of X_val and y_val is missing.
    """
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val was given without X_val and y_val.")
        return None
    if X_val is None or y_val is None:
        missing, given = ("X_val", "y_val") if X_val is None else ("y_val", "X_val")
        raise ValueError(f"{missing} is missing: {given} was given, and validation needs both.")
    return X_val, y_val, sample_weight_val
