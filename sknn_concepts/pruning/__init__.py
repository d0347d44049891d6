"""Pruning: networks with fewer weights that predict as well.

A pruner is given to an estimator's constructor (``MLPClassifier(pruning="obd")``), or to :func:`prune` with a fitted
estimator; :func:`pruning_path` shows what each step costs.
"""

import copy
import dataclasses
import pickle
import time
from typing import Any, TypeVar

import numpy as np
import scipy.sparse

from sknn_concepts._typing import Array, Data
from sknn_concepts.pruning import pruners
from sknn_concepts.pruning.criteria import CRITERIA, Criterion
from sknn_concepts.pruning.loop import check_pruner, prune_steps
from sknn_concepts.pruning.pruner import Pruner
from sknn_concepts.pruning.pruners import *  # noqa: F403
from sknn_concepts.pruning.pruners import get_pruner
from sknn_concepts.pruning.validation_data import ValidationData
from sknn_concepts.validation.fitted_network import check_estimator

__all__ = ["CRITERIA", "Criterion", "Pruner", "prune", "pruning_path", "size_report"]
__all__ += pruners.__all__

Estimator = TypeVar("Estimator")


def prune(
    estimator: Estimator,
    X: Data,
    y: Data,
    pruner: str | Pruner = "magnitude",
    *,
    sample_weight: Data = None,
    X_val: Data = None,
    y_val: Data = None,
) -> Estimator:
    """Pruned copy of a fitted estimator.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted estimator, which is left alone.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples from which scores are computed, and on which the copy is retrained.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    pruner : str or Pruner, default="magnitude"
        Name in `PRUNERS`, or an instance, which may be of a class of your own.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    X_val : {array-like, sparse matrix} of shape (n_held_out, n_features), default=None
        Samples for the limits ``max_score_drop`` and ``max_loss_increase``, and for the loss and score in
        ``pruning_history_``; required with a limit, and otherwise `X` by default.
    y_val : array-like, default=None
        Targets of `X_val`.

    Returns
    -------
    pruned : estimator
        Copy with ``masks_``, ``sparsity_``, ``n_weights_`` and ``pruning_history_``. Removed weights are exactly 0, and
        stay 0 in further training. The pruner is its ``pruning``, so that fitting a clone prunes, too.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    ValueError
        If there is no such pruner, or one of its parameters is out of range; if it needs a second derivative that the
        loss does not have, or the course of a training that was not recorded; if it has a limit and there are no
        validation samples; if data do not fit the estimator.

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
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val go together; one of them is missing.")
    check_estimator(estimator)
    pruned: Any = copy.deepcopy(estimator)
    finetuner = pruned.set_params(pruning=pruner)._make_finetuner(X, y, sample_weight)
    network = finetuner.make_network(pruned)
    # a refit of a clone of a multilayer perceptron can record its training, or prune before it
    check_pruner(pruner, network.loss, network.activations, recorded=None if network.linear else False)
    held_out = None if X_val is None else ValidationData(X_val, y_val)
    return prune_steps(pruned, pruner, finetuner, ValidationData(X, y, finetuner.sample_weight), held_out)


def pruning_path(
    estimator: Any,
    X: Data,
    y: Data,
    pruner: str | Pruner = "magnitude",
    X_val: Data = None,
    y_val: Data = None,
    *,
    sample_weight: Data = None,
) -> dict[str, Array]:
    """Loss and score after each step of pruning, as in the figures of LeCun, Denker and Solla (1990).

    Parameters
    ----------
    estimator, X, y, sample_weight
        Fitted estimator and samples, as for :func:`prune`.
    pruner : str or Pruner, default="magnitude"
        Pruner, as for :func:`prune`. Its limits are ignored: all steps are made, up to `sparsity`, or 0.99 without one.
    X_val, y_val
        Samples for "loss" and "score", as for :func:`prune`; `X` and `y` by default.

    Returns
    -------
    path : dict of ndarray of shape (n_steps + 1,)
        Arrays with an entry for the unpruned network and one for each step that removes something:

        - "sparsity": share of the weights that are removed;
        - "n_weights": number of weights that are left;
        - "training_loss": mean loss on `X`, after retraining;
        - "loss", "score": mean loss and score on the validation samples, after retraining;
        - "predicted_increase": increase of the training loss that the pruner predicts for this step; NaN if its scores
          are no losses;
        - "actual_increase": increase of the training loss before retraining.

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
    pruned = prune(estimator, X, y, pruner, sample_weight=sample_weight, X_val=X_val, y_val=y_val)
    history = pruned.pruning_history_
    return {name: np.array([step[name] for step in history]) for name in history[0]}


def size_report(estimator: Any, X: Data = None, *, n_rounds: int = 20) -> dict[str, dict[str, Any]]:
    """Size and speed of a network: dense, with sparse weights, and without units that pruning has cut off.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted estimator, pruned or not, which is left alone.
    X : array-like of shape (n_samples, n_features), default=None
        Samples to predict; 1,000 rows of random numbers by default.
    n_rounds : int, default=20
        Number of predictions, of which the fastest is reported.

    Returns
    -------
    report : dict of dict
        Entries for "dense", "sparse" (after ``sparsify()``) and, for multilayer perceptrons, "compact" (after
        ``compact()`` and ``sparsify()``), each with

        - "n_weights": number of weights that are not removed, without intercepts;
        - "bytes_in_memory", "bytes_on_disk": size of weights and intercepts, as arrays and pickled;
        - "multiply_adds": number of them for one sample;
        - "batch_latency", "row_latency": seconds that ``predict`` takes for `X`, and for its first row.

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
    check_estimator(estimator)
    n_features = estimator._sizes()[0]
    X = X.to_numpy() if hasattr(X, "to_numpy") else X
    X = np.random.RandomState(0).normal(size=(1000, n_features)) if X is None else X
    forms = {"dense": _own_copy(estimator).densify(), "sparse": _own_copy(estimator).densify().sparsify()}
    if hasattr(estimator, "compact"):
        forms["compact"] = _own_copy(estimator).densify().compact().sparsify()
    return {name: _measure(form, X, n_rounds) for name, form in forms.items()}


def _own_copy(estimator):
    """Copy without feature names, which the samples to predict may lack."""
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
