"""scikit-learn, as installed."""

from sklearn import linear_model, neural_network


def make(kind, **parameters):
    """Estimator of that name."""
    module = neural_network if kind.startswith("MLP") else linear_model
    return getattr(module, kind)(**parameters)
