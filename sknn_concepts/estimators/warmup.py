"""Compile ahead, so that the first fit of a session does not wait."""

import time
import warnings

import numpy as np
import scipy.sparse

from sknn_concepts.estimators.logistic import LogisticRegression
from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.mlp_regressor import MLPRegressor
from sknn_concepts.estimators.perceptron import Perceptron


def warmup(
    dtypes=("float32", "float64"),
    activations=("relu", "tanh", "logistic"),
    solvers=("adam", "sgd", "lbfgs"),
    sparse=False,
):
    """Compile the kernels that most fits use, or load them from the disk cache.

    Worth a line in an image's build, or before joblib starts several processes that would each compile the same.

    Parameters
    ----------
    dtypes : sequence of str, default=("float32", "float64")
        Of the networks.
    activations : sequence of str or Activation, default=("relu", "tanh", "logistic")
        Of the hidden layers.
    solvers : sequence of str or Optimizer, default=("adam", "sgd", "lbfgs")
        Of the multilayer perceptrons.
    sparse : bool, default=False
        Also the kernels of sparse samples.

    Returns
    -------
    seconds : float
        Time it took.

    Examples
    --------
    >>> from sknn_concepts import warmup
    >>> seconds = warmup(dtypes=["float64"], activations=["relu"], solvers=["adam"])
    """
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing converges in two passes, and nothing should
        for dtype in dtypes:
            dense = np.random.RandomState(0).uniform(-1, 1, (12, 2)).astype(dtype)
            for X in [dense, scipy.sparse.csr_array(dense)] if sparse else [dense]:
                _fit_all(X, activations, solvers)
    return time.perf_counter() - start


def _fit_all(X, activations, solvers):
    two, three, numbers = np.arange(12) % 2, np.arange(12) % 3, np.arange(12.0)
    settings = [{"solver": solver} for solver in solvers] + [{"activation": activation} for activation in activations]
    for setting in settings:
        MLPClassifier((2,), max_iter=1, **setting).fit(X, two).predict_proba(X)
        MLPClassifier((2,), max_iter=1, **setting).fit(X, three).predict_proba(X)
        MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, **setting).fit(X, numbers).predict(X)
    for y in (two, three):
        LogisticRegression(max_iter=2).fit(X, y).predict_proba(X)
        Perceptron(max_iter=2, tol=None).fit(X, y).predict(X)
