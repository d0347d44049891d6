"""Held-out samples of a multilayer perceptron, and the stopping rule of its training."""

import numpy as np
from sklearn.base import is_regressor

from sknn_concepts._warnings import warn
from sknn_concepts.estimators.multilayer.scoring import Scorer, digest
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.training.early_stopping import ValidationSet
from sknn_concepts.training.early_stopping import hold_out as draw_held_out
from sknn_concepts.training.stopping import StoppingRule, resume_rule


def check_validation(strategies, validation_data, needs_samples):
    """Raise ValueError if validation data are given in vain, or missing.

    Parameters
    ----------
    strategies : Strategies
        Choices of the user.
    validation_data : tuple or None
        Validation data as the user passed them.
    needs_samples : bool
        Whether early stopping has no other samples to watch.
    """
    if strategies.optimizer is None and validation_data is not None and strategies.pruner is None:
        raise ValueError("X_val and y_val need a stochastic solver, not solver='lbfgs'.")
    if needs_samples and validation_data is None:
        raise ValueError(
            "partial_fit does not support early_stopping=True without X_val and y_val: one pass has nothing to split."
        )


def check_held_out(held_out, loss, y):
    """Raise ValueError if validation samples do not go with the training targets.

    Parameters
    ----------
    held_out : tuple (X, y, sample_weight)
        Validated samples.
    loss : Loss
        Loss of the network.
    y : ndarray of shape (n_samples, n_outputs)
        Training targets.
    """
    _, y_val, weights = held_out
    loss.check_target(y_val)
    if y_val.shape[1] != y.shape[1]:
        raise ValueError(f"y_val has {y_val.shape[1]} outputs, but y has {y.shape[1]}.")
    if weights is not None and not np.any(weights):
        raise ValueError("sample_weight_val must contain at least one non-zero number.")
    if weights is not None and not np.sum(weights) > 0:
        raise ValueError(f"The sum of sample_weight_val must be positive; it is {np.sum(weights):g}.")


def hold_out(estimator, finetuner, X, y, held_out):
    """Make the validation set, from the user's samples or, for early stopping, from a part of the training data.

    Parameters
    ----------
    estimator : multilayer perceptron
        Estimator in training, whose arguments are read.
    finetuner : NetworkFinetuner
        Training data, whose rows become those that are not held out.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Training samples.
    y : ndarray of shape (n_samples, n_outputs)
        Encoded targets of the training samples.
    held_out : tuple (X, y, sample_weight) or None
        Validation samples of the user.

    Returns
    -------
    validation : ValidationSet or None
        None if there are no samples of the user and no early stopping.
    """
    if held_out is not None:
        X, y, weights = held_out
        return make_validation_set(estimator, make_dataset(X, y), X, np.arange(len(y)), y, weights)
    if not estimator.early_stopping:
        return None
    weights = finetuner.sample_weight
    finetuner.rows, out = draw_held_out(
        estimator.validation_fraction,
        len(y),
        finetuner.random_state,
        "early_stopping=True",
        labels=estimator._label_codes(y),
        stratify=estimator._is_stratified(y),
        counted=None if weights is None else weights > 0,
        both=estimator.early_stopping_scoring not in (None, "loss"),
        least=2,
    )
    if weights is not None and not (weights[finetuner.rows].any() and weights[out].any()):
        raise ValueError("All samples with weight are on one side of the split for early stopping; pass X_val.")
    return make_validation_set(estimator, finetuner.dataset, X, out, y[out], None if weights is None else weights[out])


def make_stopping_rule(estimator, goal, history, validation):
    """Make the rule that ends training, which continues that of the last call as far as the two are comparable.

    Parameters
    ----------
    estimator : multilayer perceptron
        Estimator in training.
    goal : str or None
        Digest made by :func:`criterion`.
    history : History
        Measurements of earlier calls.
    validation : ValidationSet or None
        Held-out samples.

    Returns
    -------
    rule : StoppingRule
    """
    last, on_score = vars(estimator).get("_stopping"), estimator.early_stopping
    if on_score and (last is None or last.criterion != goal):
        warn_of_constant_targets(estimator, validation.y)
    best = history.best_validation_score if on_score else history.best_loss
    rule = StoppingRule(estimator.tol, estimator.n_iter_no_change, on_score, best, criterion=goal)
    return resume_rule(last, rule, estimator._theta, estimator._parameter_mask())


def criterion(estimator, training_data, validation_data, incremental):
    """Compute a digest of the score or loss that ends training, and of its samples; None if all calls are comparable.

    Parameters
    ----------
    estimator : multilayer perceptron
        Estimator whose ``early_stopping``, ``warm_start`` and further arguments are read.
    training_data : tuple (X, y, sample_weight)
        Training samples.
    validation_data : tuple (X, y, sample_weight) or None
        Validation samples of the user.
    incremental : bool
        Whether this is a call of partial_fit.

    Returns
    -------
    criterion : str or None
    """
    if not estimator.early_stopping:
        return digest(estimator, *training_data) if estimator.warm_start and not incremental else None
    if validation_data is not None:
        return digest(estimator, *validation_data)
    # each split of the same data counts as the same, as in scikit-learn
    return digest(estimator, *training_data, estimator.validation_fraction) if estimator.warm_start else "split"


def make_validation_set(estimator, dataset, X, rows, y, sample_weight):
    """Combine held-out samples with the score that the user has chosen.

    Parameters
    ----------
    estimator : multilayer perceptron
        Estimator in training, whose ``early_stopping_scoring`` is followed.
    dataset : ArrayStruct
        Data set that holds the samples.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Samples of the data set, as validated.
    rows : ndarray of int64
        Rows that are held out.
    y : ndarray of shape (n_rows, n_outputs)
        Encoded targets of these rows.
    sample_weight : ndarray of shape (n_rows,) or None
        Weights of these rows.

    Returns
    -------
    validation : ValidationSet
    """

    def own_score(network, raw, parameters):
        score = estimator._score_raw(network, raw, y, sample_weight)
        if estimator.early_stopping and np.isnan(score):
            raise ValueError(
                f"The score of the {len(rows)} held-out sample{'s' * (len(rows) != 1)} is not defined; early stopping "
                "needs more of them. Raise validation_fraction, or pass more in X_val and y_val."
            )
        return score

    score, scoring = own_score, estimator.early_stopping_scoring
    if scoring == "loss":
        score = None
    elif scoring is not None:
        score = Scorer(estimator, X if len(rows) == X.shape[0] else X[rows], y, sample_weight)
    return ValidationSet(dataset, rows, y, sample_weight, score)


def warn_of_constant_targets(estimator, y):
    """Warn if early stopping watches an R^2 that does not depend on the predictions.

    Parameters
    ----------
    estimator : multilayer perceptron
        Estimator whose ``early_stopping_scoring`` is read.
    y : ndarray of shape (n_samples, n_outputs)
        Encoded held-out targets.
    """
    by_r2 = is_regressor(estimator) and estimator.early_stopping_scoring in (None, "r2")
    if by_r2 and len(y) > 1 and np.all(y == y[0]):
        warn(
            f"All {len(y)} held-out targets are {y[0].tolist()}: R^2 tells nothing about them, and early stopping "
            "cannot see an improvement. Pass other samples in X_val and y_val, or early_stopping_scoring='loss'."
        )
