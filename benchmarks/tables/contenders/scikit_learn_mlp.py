"""Multilayer perceptron of scikit-learn, with a standardized target."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks.tables.contenders import make_numeric


def make(is_classification, seed):
    """Create an estimator."""
    if is_classification:
        return make_numeric(MLPClassifier(random_state=seed))
    return TransformedTargetRegressor(make_numeric(MLPRegressor(random_state=seed)), transformer=StandardScaler())
