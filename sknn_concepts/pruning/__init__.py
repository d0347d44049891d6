"""Pruning: fewer weights, as good a network.

A pruner is given to an estimator's constructor (``MLPClassifier(pruning="obd")``), or to :func:`prune` with a fitted
estimator; :func:`pruning_path` shows what each step costs.
"""

import copy
import dataclasses
import pickle
import time

import numpy as np
import scipy.sparse

from sknn_concepts.pruning.loop import ValidationData, check_pruner, prune_steps
from sknn_concepts.pruning.pruners import (
    PRUNERS,
    ActivationNormPruning,
    MagnitudePruning,
    OptimalBrainDamage,
    OptimalBrainSurgeon,
    Pruner,
    RandomPruning,
    SensitivityPruning,
    UnitPruning,
    get_pruner,
)
from sknn_concepts.validation.fitted_network import check_ours, open_network

__all__ = [
    "PRUNERS",
    "ActivationNormPruning",
    "MagnitudePruning",
    "OptimalBrainDamage",
    "OptimalBrainSurgeon",
    "Pruner",
    "RandomPruning",
    "SensitivityPruning",
    "UnitPruning",
    "prune",
    "pruning_path",
    "size_report",
]


def prune(estimator, X, y, pruner="magnitude", *, sample_weight=None, X_val=None, y_val=None):
    """Pruned copy of a fitted estimator.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted; left alone.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples that the pruner looks at, and that the copy is retrained on.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their targets.
    pruner : str or Pruner, default="magnitude"
        A name of `PRUNERS`, or an instance, one of your own included.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    X_val : {array-like, sparse matrix} of shape (n_held_out, n_features), default=None
        Samples on which ``max_score_drop`` and ``max_loss_increase`` are judged, and of which ``pruning_history_``
        tells the loss and the score; without a limit, the training samples by default.
    y_val : array-like, default=None
        Their targets.

    Returns
    -------
    pruned : estimator
        With ``masks_``, ``sparsity_``, ``n_weights_`` and ``pruning_history_``, and the pruner as ``pruning``, so that
        a refit of a clone prunes too. Removed weights are exactly 0 and stay so, whatever it learns later.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    ValueError
        If there is no such pruner, or one of its parameters is out of range; if it asks for a second derivative that
        the loss does not have, or for the way of a training that nobody watched; if it has a limit and there are no
        samples to judge by; if data do not fit the estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.pruning import OptimalBrainDamage, prune
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier((20,), max_iter=300, random_state=0).fit(X, y)
    >>> small = prune(network, X, y, OptimalBrainDamage(sparsity=0.7))
    >>> small.n_weights_
    42
    """
    pruner = get_pruner(pruner, "pruner")
    if pruner.has_limit and (X_val is None or y_val is None):
        raise ValueError(f"{pruner!r} has a limit that is judged on validation data: pass X_val and y_val.")
    return _prune(estimator, X, y, pruner, sample_weight, X_val, y_val)


def pruning_path(estimator, X, y, pruner="magnitude", X_val=None, y_val=None, *, sample_weight=None):
    """What each step of pruning costs, as in the figures of LeCun, Denker and Solla (1990).

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted; left alone.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples that the pruner looks at, and that networks are retrained on.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their targets.
    pruner : str or Pruner, default="magnitude"
        Its limits are not obeyed: all steps are made, to `sparsity` or, without one, as far as it goes.
    X_val : {array-like, sparse matrix} of shape (n_held_out, n_features), default=None
        Samples for "loss" and "score"; the training samples by default.
    y_val : array-like, default=None
        Their targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

    Returns
    -------
    path : dict of ndarray of shape (n_steps + 1,)
        The unpruned network first; shorter by the steps that have nothing to remove:

        - "sparsity": share of the weights that are removed;
        - "n_weights": how many are left;
        - "training_loss": mean loss on `X`, after retraining;
        - "loss", "score": the same on the validation samples, and the estimator's score there;
        - "predicted_increase": growth of the training loss that the pruner foresees for the weights of this step; NaN
          if its scores are no losses;
        - "actual_increase": the growth it had, before retraining.

    Raises
    ------
    sklearn.exceptions.NotFittedError, ValueError
        As :func:`prune`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.pruning import pruning_path
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier((20,), max_iter=300, random_state=0).fit(X, y)
    >>> path = pruning_path(network, X, y, "obd")
    >>> bool(path["score"][-1] < path["score"][0])
    True
    """
    pruner = get_pruner(pruner, "pruner")
    sparsity = 0.99 if pruner.sparsity is None else pruner.sparsity
    pruner = dataclasses.replace(pruner, sparsity=sparsity, max_score_drop=None, max_loss_increase=None)
    history = _prune(estimator, X, y, pruner, sample_weight, X_val, y_val).pruning_history_
    return {name: np.array([step[name] for step in history]) for name in history[0]}


def _prune(estimator, X, y, pruner, sample_weight, X_val, y_val):
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val go together; one of them is missing.")
    opened = open_network(estimator, X, y, sample_weight)
    # only multilayer perceptrons have a way of pruning first and training then, for a refit of the copy
    check_pruner(pruner, opened.loss, opened.activations, watched=None if opened.linear else False)
    pruned = copy.deepcopy(estimator).set_params(pruning=pruner)
    held_out = None if X_val is None else ValidationData(X_val, y_val)
    training = pruned._refitting(X, y, sample_weight)
    # the weights of the classes count as they do in fit
    data = X, y, training.sample_weight
    prune_steps(pruned, pruner, data, held_out, training)
    return pruned


def size_report(estimator, X=None, *, n_rounds=20):
    """What pruning has saved: the network dense, with sparse weights, and without dead units.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted, pruned or not; left alone.
    X : array-like of shape (n_samples, n_features), default=None
        Samples to predict for the latencies; 1,000 rows of random numbers by default.
    n_rounds : int, default=20
        Predictions of which the fastest is told.

    Returns
    -------
    report : dict of dict
        For "dense", "sparse" (as ``sparsify()`` makes it) and, of multilayer perceptrons, "compact" (``compact()``,
        sparsified too where that pays):

        - "n_weights": weights that are not removed, without intercepts;
        - "bytes_in_memory", "bytes_on_disk": of weights and intercepts, as arrays and pickled;
        - "multiply_adds": of one sample;
        - "batch_latency", "row_latency": seconds for `X`, and for its first row, by ``predict``.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.pruning import MagnitudePruning, size_report
    >>> X, y = load_digits(return_X_y=True)
    >>> network = MLPClassifier(max_iter=20, pruning=MagnitudePruning(sparsity=0.9), random_state=0).fit(X, y)
    >>> report = size_report(network)
    >>> report["dense"]["multiply_adds"], report["sparse"]["multiply_adds"] < 2000
    (7400, True)
    """
    check_ours(estimator)
    n_features = estimator._sizes()[0]
    X = X.to_numpy() if hasattr(X, "to_numpy") else X
    X = np.random.RandomState(0).normal(size=(1000, n_features)) if X is None else X
    forms = {"dense": _own_copy(estimator).densify(), "sparse": _own_copy(estimator).densify().sparsify()}
    if hasattr(estimator, "compact"):
        forms["compact"] = _own_copy(estimator).densify().compact().sparsify()
    return {name: _measure(form, X, n_rounds) for name, form in forms.items()}


def _own_copy(estimator):
    """Copy without the names of features, which the rows that are timed may lack."""
    own = copy.deepcopy(estimator)
    vars(own).pop("feature_names_in_", None)
    return own


def _measure(estimator, X, n_rounds):
    linear = hasattr(estimator, "coef_")
    weights = [estimator.coef_] if linear else estimator.coefs_
    arrays = [*weights, *([estimator.intercept_] if linear else estimator.intercepts_)]
    stored = [w.nnz if scipy.sparse.issparse(w) else w.size for w in weights]
    return {
        "n_weights": estimator.n_weights_,
        "bytes_in_memory": sum(map(_bytes_of, arrays)),
        "bytes_on_disk": len(pickle.dumps(arrays, protocol=pickle.HIGHEST_PROTOCOL)),
        "multiply_adds": int(sum(stored)),
        "batch_latency": _fastest(lambda: estimator.predict(X), n_rounds),
        "row_latency": _fastest(lambda: estimator.predict(X[:1]), n_rounds),
    }


def _bytes_of(array):
    if scipy.sparse.issparse(array):
        return array.data.nbytes + array.indices.nbytes + array.indptr.nbytes
    return array.nbytes


def _fastest(call, n_rounds):
    call()  # compiles what is not compiled yet
    times = []
    for _ in range(n_rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
