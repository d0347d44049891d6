"""Our own library's fast path to predictions: the method ``predictor`` of an estimator gives a callable."""

from benchmarks.contenders import sknn_concepts


def make(kind, **parameters):
    """Estimator of that name that predicts by its fast path."""
    return FastPath(sknn_concepts.make(kind, **parameters))


class FastPath:
    """An estimator whose ``predict`` is the callable.

    Parameters
    ----------
    model : estimator
    """

    def __init__(self, model):
        if not hasattr(model, "predictor"):
            raise ImportError(f"sknn_concepts.{type(model).__name__} has no predictor()")
        self.model = model

    def fit(self, X, y):
        """Fit."""
        self.model.fit(X, y)
        self.predict = self.model.predictor()
        self.classes_, self.predict_proba = self.model.classes_, self.model.predict_proba
        return self
