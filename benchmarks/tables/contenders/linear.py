"""Logistic regression, or ridge regression with a chosen penalty, of scikit-learn."""

from sklearn.linear_model import LogisticRegression, RidgeCV

from benchmarks.tables.contenders import make_numeric

#: Maximum number of iterations, with which the solver converges.
MAX_ITER = 1000


def make(is_classification, seed):
    """Create an estimator."""
    return make_numeric(LogisticRegression(max_iter=MAX_ITER) if is_classification else RidgeCV())
