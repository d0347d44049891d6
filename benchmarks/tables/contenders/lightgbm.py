"""Boosted trees of LightGBM."""

from lightgbm import LGBMClassifier, LGBMRegressor


def make(is_classification, seed):
    """Create an estimator."""
    return (LGBMClassifier if is_classification else LGBMRegressor)(n_jobs=1, random_state=seed, verbose=-1)
