"""snapml, which fits linear models by stochastic coordinate descent."""

import numpy as np
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from snapml import LogisticRegression

from benchmarks.contenders import logistic_only


def make(kind, **parameters):
    """Create an estimator."""
    logistic_only(kind, "snapml")
    return Logistic(**parameters)


class Logistic:
    """Logistic regression with the parameters of scikit-learn, but a weak penalty on the intercept.

    Parameters
    ----------
    C, tol, max_iter, fit_intercept, l1_ratio
        Parameters with the meaning of scikit-learn.
    """

    def __init__(self, C, max_iter, tol=1e-4, fit_intercept=True, l1_ratio=0.0):
        lasso = l1_ratio == 1.0
        self.model = LogisticRegression(
            regularizer=1.0 / C,
            penalty="l1" if lasso else "l2",
            dual=not lasso,
            max_iter=max_iter,
            tol=tol,
            fit_intercept=fit_intercept,
            n_jobs=_openmp_effective_n_threads(),  # its own default is 1
            random_state=0,
        )

    def fit(self, X, y):
        """Fit the model."""
        self.model.fit(X, y)
        self.coef_ = np.atleast_2d(self.model.coef_)
        self.intercept_ = np.atleast_1d(self.model.intercept_) if self.model.fit_intercept else np.zeros(1)
        self.predict = self.model.predict
        return self
