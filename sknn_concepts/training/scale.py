"""Features whose scale keeps neurons from learning, and what is said about them."""

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts._warnings import warn

#: Magnitude of a feature, such as a time stamp, that drowns all others in a network's first sums.
UNSCALED = 1e6

#: Magnitude of a feature, in widths of the narrowest one, that hides the narrowest from the perceptron rule.
DWARFING = 100.0

_ADVICE = (
    "A feature of magnitude {largest:.3g} outweighs all that the others tell, and training may have ended without "
    "having learned anything. Scale the features, for example with sklearn.preprocessing.StandardScaler."
)


def warn_of_scale(machine):
    """Warn if a network that has converged was trained on features that were not scaled.

    Parameters
    ----------
    machine : CompiledNetwork
        The network over the training data.
    """
    largest = machine.largest_feature()
    if largest >= UNSCALED:
        warn(_ADVICE.format(largest=largest), ConvergenceWarning)


def tell_of_dwarfs(X):
    """What is to be said of samples whose features differ in scale, to neurons that start from nothing; or None.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Samples.

    Returns
    -------
    message : str or None
    """
    highest, lowest = X.max(axis=0), X.min(axis=0)
    if scipy.sparse.issparse(X):
        highest, lowest = highest.toarray().ravel(), lowest.toarray().ravel()
    largest = max(highest.max(initial=0.0), -lowest.min(initial=0.0))
    with np.errstate(over="ignore"):
        width = (highest - lowest)[highest > lowest].min(initial=np.inf)
    return _ADVICE.format(largest=largest) if largest >= max(UNSCALED, DWARFING * width) else None
