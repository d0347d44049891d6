"""Held-out samples of a multilayer perceptron, and the stopping rule of its training."""

import numpy as np
from sklearn.base import is_regressor

from sknn_concepts._warnings import warn
from sknn_concepts.estimators.multilayer.scoring import Scorer, digest, name_of, scorings_of
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.training.early_stopping import ValidationSet
from sknn_concepts.training.early_stopping import hold_out as draw_held_out
from sknn_concepts.training.stopping import StoppingRule, resume_rule


def check_validation(strategies, validation_data, needs_samples):
    """Raise ValueError if the user's validation data are given in vain, or missing where early stopping needs them."""
    if strategies.optimizer is None and validation_data is not None and strategies.pruner is None:
        raise ValueError("X_val and y_val need a stochastic solver, not solver='lbfgs'.")
    if needs_samples and validation_data is None:
        raise ValueError(
            "partial_fit does not support early_stopping=True without X_val and y_val: one pass has nothing to split."
        )


def hold_out(estimator, finetuner, X, y, held_out):
    """Make the validation set, from the user's samples or, for early stopping, from a part of the training data.

    `held_out` is a tuple of the user's validated samples (X, y, sample_weight), or None. The rows of the finetuner
    become those that are not held out. Returns None if the user has passed no samples and there is no early stopping.
    """
    if held_out is not None:
        return validate_on(estimator, *held_out, decides=estimator.early_stopping)
    if not estimator.early_stopping:
        return None
    out, weights = draw_rows(estimator, finetuner, y), finetuner.sample_weight
    weights = None if weights is None else weights[out]
    return make_validation_set(estimator, True, finetuner.dataset, X, out, y[out], weights)


def draw_rows(estimator, finetuner, y):
    """Draw the rows to hold out for early stopping, given the encoded targets of all samples.

    The rows of the finetuner become the others.
    """
    weights, labels = finetuner.sample_weight, estimator._label_codes(y)
    finetuner.rows, out = draw_held_out(
        estimator.validation_fraction,
        len(y),
        finetuner.random_state,
        "early_stopping=True",
        labels=labels,
        stratify=len(labels) > 0 and y.shape[1] == 1,  # like scikit-learn, which stratifies two classes only
        counted=None if weights is None else weights > 0,
        both=scorings_of(estimator) not in ([None], ["loss"]),
        least=2,
    )
    if weights is not None and not (weights[finetuner.rows].any() and weights[out].any()):
        raise ValueError("All samples with weight are on one side of the split for early stopping; pass X_val.")
    return out


def validate_on(estimator, X, y, sample_weight, decides=False):
    """Make a validation set of the user's validated samples; `decides` tells whether early stopping depends on it."""
    return make_validation_set(estimator, decides, make_dataset(X, y), X, np.arange(len(y)), y, sample_weight)


def make_stopping_rule(estimator, metric_digest, history, validation):
    """Make the rule that ends training, which continues that of the last call as far as the two are comparable."""
    last, on_score = vars(estimator).get("_stopping"), estimator.early_stopping
    if on_score and (last is None or last.metric_digest != metric_digest):
        warn_about_constant_targets(estimator, validation.y)
    best = history.best_validation_score if on_score else history.best_loss
    rule = StoppingRule(estimator.tol, estimator.n_iter_no_change, on_score, best, metric_digest=metric_digest)
    return resume_rule(last, rule, estimator._theta, estimator._parameter_mask())


def digest_metric(estimator, training_data, validation_data, incremental):
    """Compute a digest of the score or loss that ends training, and of its samples; None if all calls are comparable.

    Both data sets are tuples (X, y, sample_weight); the validation data are those of the user, or None.
    """
    if not estimator.early_stopping:
        return digest(estimator, *training_data) if estimator.warm_start and not incremental else None
    if validation_data is not None:
        return digest(estimator, *validation_data)
    # each split of the same data counts as the same, as in scikit-learn
    return digest(estimator, *training_data, estimator.validation_fraction) if estimator.warm_start else "split"


def make_validation_set(estimator, decides, dataset, X, rows, y, sample_weight):
    """Combine held-out rows of a data set with the scores that the user has chosen.

    `decides` tells whether early stopping depends on them. `X` contains all samples of the data set, as validated; `y`
    and `sample_weight` belong to the rows.
    """

    def own_score(network, raw, parameters):
        score = estimator._score_raw(network, raw, y, sample_weight)
        if decides and np.isnan(score):
            raise ValueError(
                f"The score of the {len(rows)} held-out sample{'s' * (len(rows) != 1)} is not defined; early stopping "
                "needs more of them. Raise validation_fraction, or pass more in X_val and y_val."
            )
        return score

    scoring, *further = scorings_of(estimator)
    if further or scoring not in (None, "loss"):
        X = X if len(rows) == X.shape[0] else X[rows]

    def scorer(scoring, monitored=False):
        return Scorer(estimator, scoring, monitored and decides, X, y, sample_weight)

    score = own_score
    if scoring == "loss":
        score = None
    elif scoring is not None:
        score = scorer(scoring, monitored=True)
    return ValidationSet(dataset, rows, y, sample_weight, score, {name_of(one): scorer(one) for one in further})


def warn_about_constant_targets(estimator, y):
    """Warn if early stopping monitors an R^2 that does not depend on the predictions."""
    by_r2 = is_regressor(estimator) and scorings_of(estimator)[0] in (None, "r2")
    if by_r2 and len(y) > 1 and np.all(y == y[0]):
        warn(
            f"All {len(y)} held-out targets are {y[0].tolist()}: R^2 tells nothing about them, and early stopping "
            "cannot see an improvement. Pass other samples in X_val and y_val, or early_stopping_scoring='loss'."
        )
