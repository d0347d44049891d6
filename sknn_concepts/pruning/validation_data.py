"""Samples on which pruned networks are judged."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing, check_consistent_length, indexable
from sklearn.utils.validation import _num_samples

from sknn_concepts.training.early_stopping import hold_out
from sknn_concepts.validation.data import check_weights


class ValidationData(NamedTuple):
    """Samples as users pass them."""

    X: Any
    y: Any
    sample_weight: Any = None


def split(estimator, pruner, X, y, sample_weight):
    """Hold out samples for a pruner with a limit: a tenth, or ``validation_fraction``; classes keep their shares.

    Returns X, y and the weights of the samples to train on, and the ValidationData to judge by. The latter are None if
    the pruner, which may be None, has no limit, or if there is nothing to split, about which fit will complain.
    """
    if pruner is None or not pruner.has_limit or y is None or np.ndim(X) == 0:
        return X, y, sample_weight, None
    weights = None if sample_weight is None else check_weights(sample_weight, X)
    check_consistent_length(X, y)
    labels = _label_codes(y) if is_classifier(estimator) else []
    rows, out = hold_out(
        getattr(estimator, "validation_fraction", 0.1),
        _num_samples(X),
        estimator.random_state,
        f"the limit of {type(pruner).__name__}",
        labels=labels,
        stratify=len(labels) == 1,
        counted=None if weights is None else weights > 0,
        least=1 if labels else 2,  # R^2 needs two samples
    )
    (X, X_val), (y, y_val), (weights, weights_val) = (
        (None, None) if part is None else (_safe_indexing(part, rows), _safe_indexing(part, out))
        for part in (*indexable(X, y), weights)
    )
    return X, y, weights, ValidationData(X_val, y_val, weights_val)


def _label_codes(y):
    """Numbers of the classes among targets as users pass them, an array for each target; none if they are no labels."""
    columns = [y] if np.ndim(y) == 1 else list(np.transpose(y.toarray() if scipy.sparse.issparse(y) else y))
    try:
        return [np.unique(np.asarray(column), return_inverse=True)[1] for column in columns]
    except TypeError:  # labels that cannot be sorted, about which fit will complain
        return []
