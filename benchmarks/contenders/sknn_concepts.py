"""Our own estimators."""

import numpy as np
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

import sknn_concepts


def make(kind, **parameters):
    """Create an estimator, or the object for another kind of work."""
    others = {"HessianDiagonal": HessianDiagonal, "LogisticPass": LogisticPass}
    if kind in others:
        return others[kind](**parameters)
    estimator = getattr(sknn_concepts, kind, None)
    if estimator is None:
        raise ImportError(f"sknn_concepts {sknn_concepts.__version__} has no {kind}")
    return estimator(**parameters)


class HessianDiagonal:
    """Diagonal of the Hessian of the loss of a fitted network.

    Parameters
    ----------
    **parameters
        Parameters of the network.
    """

    def __init__(self, **parameters):
        from sknn_concepts.curvature import hessian_diagonal

        self._diagonal = hessian_diagonal
        self.model = sknn_concepts.MLPClassifier(**parameters)

    def fit(self, X, y):
        """Train the network."""
        self.model.fit(X, y)
        return self

    def compute(self, X, y):
        """Return the trace of the Hessian of the mean loss, computed from its diagonal."""
        return total(self._diagonal(self.model, X, y, method="exact"))


class LogisticPass:
    """Loss and gradient of a logistic regression in one pass over X.

    Parameters
    ----------
    C : float
        Inverse strength of the penalty.
    """

    def __init__(self, C):
        self.C = C

    def fit(self, X, y):
        """Create the objective."""
        from sknn_concepts.linear.objective import LogisticObjective

        ridge = np.append(np.full(X.shape[1], 1.0 / (self.C * len(y))), 0.0)
        n_threads = _openmp_effective_n_threads()  # the same number as in LogisticRegression
        self.objective = LogisticObjective(X, y, 2, ridge=ridge, lasso=0.0 * ridge, n_threads=n_threads)
        self.theta = np.full(X.shape[1] + 1, 0.01)
        return self

    def compute(self, X, y):
        """Return the loss."""
        return float(self.objective.value_gradient(self.theta)[0])


def total(parts):
    """Sum all numbers in an array or in nested sequences of arrays."""
    return float(np.sum(parts)) if isinstance(parts, np.ndarray) else sum(map(total, parts))
