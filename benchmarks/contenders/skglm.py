"""skglm: coordinate descent over working sets, for the L1 penalty."""

import numpy as np
from skglm import SparseLogisticRegression

from benchmarks.contenders import logistic_only


def make(kind, **parameters):
    """Estimator of that name."""
    logistic_only(kind, "skglm")
    if parameters.get("l1_ratio") != 1.0:
        raise ImportError("skglm's logistic regression is for the L1 penalty")
    return Lasso(**parameters)


class Lasso:
    """L1-penalized logistic regression by scikit-learn's parameters; its penalty is per sample.

    Parameters
    ----------
    C, tol, max_iter, fit_intercept, l1_ratio
        As in scikit-learn.
    """

    def __init__(self, C, max_iter, tol=1e-4, fit_intercept=True, l1_ratio=1.0):
        self.C = C
        self.others = {"max_iter": max_iter, "tol": tol, "fit_intercept": fit_intercept}

    def fit(self, X, y):
        """Fit."""
        model = SparseLogisticRegression(alpha=1.0 / (self.C * len(y)), **self.others)
        # CSC is what skglm asks for
        model.fit(X if isinstance(X, np.ndarray) else X.tocsc(), y)
        self.coef_, self.intercept_, self.predict = model.coef_, np.atleast_1d(model.intercept_), model.predict
        return self
