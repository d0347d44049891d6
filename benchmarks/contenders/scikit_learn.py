"""The installed scikit-learn."""

from sklearn import linear_model, neural_network


def make(kind, **parameters):
    """Create an estimator."""
    module = neural_network if kind.startswith("MLP") else linear_model
    return getattr(module, kind)(**parameters)
