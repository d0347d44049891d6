"""Predictions of a network of ours, of which 90 % of the weights are removed, the smallest ones."""

from benchmarks.contenders import network_only
from sknn_concepts import MLPClassifier
from sknn_concepts.pruning import MagnitudePruning, prune


def make(kind, **parameters):
    """Create a network."""
    network_only(kind, "the pruned contender")
    return Pruned(**parameters)


class Pruned:
    """Network that is pruned after training and stored without the removed weights.

    Parameters
    ----------
    **parameters
        Parameters of the network.
    """

    def __init__(self, **parameters):
        self.model = MLPClassifier(**parameters)

    def fit(self, X, y):
        """Train and prune the network."""
        pruner = MagnitudePruning(sparsity=0.9, schedule="one_shot", retrain_epochs=0)
        small = prune(self.model.fit(X, y), X[:1000], y[:1000], pruner).sparsify()
        self.predict, self.predict_proba, self.classes_ = small.predict, small.predict_proba, small.classes_
        return self
