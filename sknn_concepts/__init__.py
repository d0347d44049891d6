"""Neural networks for tables as scikit-learn estimators, trained by Numba kernels."""

from sknn_concepts.estimators.logistic import LogisticRegression
from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.mlp_regressor import MLPRegressor
from sknn_concepts.estimators.perceptron import Perceptron
from sknn_concepts.estimators.warmup import warmup
from sknn_concepts.jit.disk_cache import cache_info, clear_cache
from sknn_concepts.tabular.classifier import TabularClassifier
from sknn_concepts.tabular.regressor import TabularRegressor

__all__ = [
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "Perceptron",
    "TabularClassifier",
    "TabularRegressor",
    "cache_info",
    "clear_cache",
    "warmup",
]

__version__ = "0.1.0"
