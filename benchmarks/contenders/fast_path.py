"""Fast predictions by the function that the method ``predictor`` of our estimators returns."""

from benchmarks.contenders import sknn_concepts


def make(kind, **parameters):
    """Create an estimator that predicts with its predictor."""
    return FastPath(sknn_concepts.make(kind, **parameters))


class FastPath:
    """Estimator with its predictor as method ``predict``.

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
