"""Boosted trees of XGBoost."""

from xgboost import XGBClassifier, XGBRegressor


def make(is_classification, seed):
    """Create an estimator."""
    return (XGBClassifier if is_classification else XGBRegressor)(n_jobs=1, random_state=seed, enable_categorical=True)
