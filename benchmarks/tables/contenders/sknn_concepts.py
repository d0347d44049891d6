"""Ensembles of networks of this library."""

from sknn_concepts import TabularClassifier, TabularRegressor

COMPILES = True


def make(is_classification, seed):
    """Create an estimator."""
    return (TabularClassifier if is_classification else TabularRegressor)(random_state=seed)
