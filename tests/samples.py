"""Small data sets, one of each kind of target, with the name of the estimator that serves it."""

import functools

import numpy as np
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression

#: Not a multiple of the batch sizes, so that the last batch is a short one.
N_SAMPLES = 337


@functools.cache
def _samples(kind):
    shape = {"n_samples": N_SAMPLES, "n_features": 8, "random_state": 0}
    if kind == "binary":
        return make_classification(n_informative=5, **shape)
    if kind == "multiclass":
        return make_classification(n_informative=6, n_classes=4, **shape)
    if kind == "multilabel":
        X, y = make_multilabel_classification(n_classes=4, **shape)
        return X / 5, y
    X, y = make_regression(n_targets=3 if kind == "multioutput" else 1, **shape)
    return X, np.exp(y / 200) if kind == "counts" else y / 100


#: Kinds of targets, and which estimator learns them.
ESTIMATORS = {
    "binary": "MLPClassifier",
    "multiclass": "MLPClassifier",
    "multilabel": "MLPClassifier",
    "regression": "MLPRegressor",
    "multioutput": "MLPRegressor",
}


def samples(kind):
    """Features and targets; "counts" are positive numbers."""
    X, y = _samples(kind)
    return X.copy(), y.copy()


def weights(high=4, seed=0):
    """Whole numbers as sample weights, zeros among them."""
    return np.random.RandomState(seed).randint(0, high, N_SAMPLES).astype(float)
