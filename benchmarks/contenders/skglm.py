"""skglm, which fits L1-penalized models by coordinate descent on working sets."""

import numpy as np
from skglm import SparseLogisticRegression

from benchmarks.contenders import logistic_only


def make(kind, **parameters):
    """Create an estimator."""
    logistic_only(kind, "skglm")
    if parameters.get("l1_ratio") != 1.0:
        raise ImportError("skglm supports logistic regression with an L1 penalty only")
    return Lasso(**parameters)


class Lasso:
    """L1-penalized logistic regression with the parameters of scikit-learn.

    Parameters
    ----------
    C, tol, max_iter, fit_intercept, l1_ratio
        Parameters with the meaning of scikit-learn.
    """

    def __init__(self, C, max_iter, tol=1e-4, fit_intercept=True, l1_ratio=1.0):
        self.C = C
        self.others = {"max_iter": max_iter, "tol": tol, "fit_intercept": fit_intercept}

    def fit(self, X, y):
        """Fit the model; its penalty is per sample."""
        model = SparseLogisticRegression(alpha=1.0 / (self.C * len(y)), **self.others)
        # skglm requires CSC
        model.fit(X if isinstance(X, np.ndarray) else X.tocsc(), y)
        self.coef_, self.intercept_, self.predict = model.coef_, np.atleast_1d(model.intercept_), model.predict
        return self
