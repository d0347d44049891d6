"""Boosted trees of scikit-learn."""

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor


def make(is_classification, seed):
    """Create an estimator."""
    kind = HistGradientBoostingClassifier if is_classification else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=seed)
