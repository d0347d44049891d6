"""Compilation ahead of time, so that the first fit of a session does not have to wait."""

import time
import warnings
from collections.abc import Sequence

import numpy as np
import scipy.sparse

from sknn_concepts.activations import Activation
from sknn_concepts.estimators.logistic import LogisticRegression
from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.mlp_regressor import MLPRegressor
from sknn_concepts.estimators.multilayer.choices import choose_for_training
from sknn_concepts.estimators.perceptron import Perceptron
from sknn_concepts.optimizers import Optimizer
from sknn_concepts.tabular.classifier import TabularClassifier
from sknn_concepts.tabular.ensemble.settings import FIXED, N_DRAWN_TOGETHER
from sknn_concepts.tabular.regressor import TabularRegressor
from sknn_concepts.validation.data import network_dtype


def warmup(
    dtypes: Sequence[str] = ("float32", "float64"),
    activations: Sequence[str | Activation] = ("relu", "tanh", "logistic"),
    solvers: Sequence[str | Optimizer] = ("adam", "sgd", "lbfgs"),
    sparse: bool = False,
    tables: bool = False,
) -> float:
    """Compile the kernels that most fits use, or load them from the disk cache.

    Call it when an image is built, or before joblib starts several processes that would all compile the same kernels.

    Parameters
    ----------
    dtypes : sequence of str, default=("float32", "float64")
        Types of the networks' numbers.
    activations : sequence of str or Activation, default=("relu", "tanh", "logistic")
        Activations of the hidden layers.
    solvers : sequence of str or Optimizer, default=("adam", "sgd", "lbfgs")
        Solvers of the multilayer perceptrons.
    sparse : bool, default=False
        Whether to compile the kernels for sparse samples, too.
    tables : bool, default=False
        Whether to compile the kernels of `TabularClassifier` and `TabularRegressor`, too.

    Returns
    -------
    seconds : float
        Time that the compilation took.

    Raises
    ------
    TypeError
        If a string is given for a sequence.
    ValueError
        If a dtype, activation or solver is unknown.

    Examples
    --------
    >>> from sknn_concepts import warmup
    >>> seconds = warmup(dtypes=["float64"], activations=["relu"], solvers=["adam"])
    """
    start = time.perf_counter()
    check_options(dtypes, activations, solvers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing converges in so few epochs
        for dtype in dtypes:
            dense = np.random.RandomState(0).uniform(-1, 1, (12, 2)).astype(dtype)
            for X in [dense, scipy.sparse.csr_array(dense)] if sparse else [dense]:
                _fit_all(X, activations, solvers)
        if tables:
            _fit_ensembles()
    return time.perf_counter() - start


def check_options(dtypes=(), activations=(), solvers=(), sparse=False, tables=False):
    """Raise the errors of :func:`warmup` for wrong options, without compiling anything."""
    for name, values in {"dtypes": dtypes, "activations": activations, "solvers": solvers}.items():
        if isinstance(values, str):
            raise TypeError(f"{name} must be a list of names; got the string {values!r}.")
    for dtype in dtypes:
        network_dtype(None, dtype)
    for setting in _settings(activations, solvers):
        network = MLPClassifier((2,), **setting)
        network._validate_params()
        choose_for_training(network)


def _settings(activations, solvers):
    return [{"solver": solver} for solver in solvers] + [{"activation": activation} for activation in activations]


def _fit_all(X, activations, solvers):
    two, three, numbers = np.arange(12) % 2, np.arange(12) % 3, np.arange(12.0)
    for setting in _settings(activations, solvers):
        MLPClassifier((2,), max_iter=1, **setting).fit(X, two).predict_proba(X)
        MLPClassifier((2,), max_iter=1, **setting).fit(X, three).predict_proba(X)
        MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, **setting).fit(X, numbers).predict(X)
    for y in (two, three):
        LogisticRegression(max_iter=2).fit(X, y).predict_proba(X)
        Perceptron(max_iter=2, tol=None).fit(X, y).predict(X)


def _fit_ensembles():
    X = np.random.RandomState(0).uniform(-1, 1, (40, 2))
    X[0, 0] = np.nan
    settings = {"n_members": len(FIXED) + N_DRAWN_TOGETHER, "n_folds": 1, "random_state": 0}  # all activations
    for n_classes in (2, 3):
        TabularClassifier(**settings).fit(X, np.arange(40) % n_classes).predict_proba(X)
    TabularRegressor(**settings).fit(X, X[:, 1]).predict(X)
