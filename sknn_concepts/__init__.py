"""Neural networks for tables as scikit-learn estimators, trained by Numba kernels."""

from sknn_concepts._version import __version__
from sknn_concepts._warmup import warmup
from sknn_concepts.estimators.logistic import LogisticRegression
from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.mlp_regressor import MLPRegressor
from sknn_concepts.estimators.perceptron import Perceptron
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
    "__version__",
    "cache_info",
    "clear_cache",
    "warmup",
]
