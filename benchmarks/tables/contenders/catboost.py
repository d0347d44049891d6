"""Boosted trees of CatBoost, which takes categories as strings, without missing ones."""

from catboost import CatBoostClassifier, CatBoostRegressor

from benchmarks.tables.contenders import is_category


def make(is_classification, seed):
    """Create an estimator."""
    kind = CatBoostClassifier if is_classification else CatBoostRegressor
    return Trees(kind(thread_count=1, random_seed=seed, verbose=False, allow_writing_files=False))


class Trees:
    """CatBoost for frames with categorical columns.

    Parameters
    ----------
    model : CatBoostClassifier or CatBoostRegressor
        Unfitted model.
    """

    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        """Fit the model."""
        self.model.fit(_name_missing(X), y, cat_features=is_category(X))
        return self

    @property
    def classes_(self):
        """Classes."""
        return self.model.classes_

    def predict(self, X):
        """Predict."""
        return self.model.predict(_name_missing(X))

    def predict_proba(self, X):
        """Predict probabilities."""
        return self.model.predict_proba(_name_missing(X))


def _name_missing(X):
    """Return the frame with missing categories as a level."""
    return X.assign(**{name: X[name].astype(object).where(X[name].notna(), "missing") for name in is_category(X)})
