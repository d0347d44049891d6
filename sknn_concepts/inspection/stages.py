"""A fit epoch by epoch, so that it can be watched."""

import copy
import warnings

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import unique_labels

from sknn_concepts.inspection._style import check_count

#: A learning rate that changes no weight, so that an epoch leaves those that were drawn.
NO_STEP = 1e-100


def staged_fit(estimator, X, y, n_epochs=50):
    """Train a copy of an estimator epoch by epoch with ``partial_fit``, and keep it as it is after each epoch.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or Perceptron
        Estimator, which is left alone. Its early stopping and `max_iter` do not end training.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    n_epochs : int, default=50
        Number of epochs.

    Returns
    -------
    stages : list of estimator, of length n_epochs + 1
        Fitted copies: the first has the initial weights, the last those after all epochs.

    Raises
    ------
    ValueError
        If the estimator has no ``partial_fit``, as with ``solver="lbfgs"``, or if X and y do not fit it.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.inspection import staged_fit
    >>> X, y = make_moons(200, noise=0.2, random_state=0)
    >>> network = MLPClassifier((10,), learning_rate_init=0.05, random_state=0)
    >>> stages = staged_fit(network, X, y, n_epochs=30)
    >>> stages[0].score(X, y) < 0.8 < stages[30].score(X, y)
    True
    """
    check_count("n_epochs", n_epochs)
    if not hasattr(estimator, "partial_fit"):
        raise ValueError(
            "The estimator must train epoch by epoch, with partial_fit: an MLPClassifier or MLPRegressor with a "
            f"stochastic solver, or a Perceptron; got {estimator!r}."
        )
    seed = check_random_state(copy.deepcopy(estimator.random_state)).randint(2**31 - 1)
    if isinstance(estimator.random_state, int | np.integer):
        seed = estimator.random_state
    given = {"classes": unique_labels(y)} if is_classifier(estimator) else {}

    def fresh():
        # a generator rather than a seed: with a seed, each call of partial_fit shuffles the samples in the same way
        return clone(estimator).set_params(random_state=np.random.RandomState(seed))

    stages = [_untrained(fresh(), X, y, given)]
    network = fresh()
    for _ in range(n_epochs):
        network.partial_fit(X, y, **given)
        stages.append(copy.deepcopy(network))
    return stages


def _untrained(network, X, y, given):
    """Fit a network for an epoch that leaves its initial weights."""
    if hasattr(network, "learning_rate_init"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # about the learning rate
            return network.set_params(learning_rate_init=NO_STEP).partial_fit(X, y, **given)
    network.partial_fit(X, y, **given)
    network.coef_, network.intercept_ = np.zeros_like(network.coef_), np.zeros_like(network.intercept_)
    return network
