"""Neural networks for tables as scikit-learn estimators, trained by Numba kernels."""

from sknn_concepts.estimators.mlp import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]

__version__ = "0.1.0"
