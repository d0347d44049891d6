"""Forward passes of fitted networks, and functions that predict without any checks.

There are two fast paths for few rows. The methods of an estimator keep the compiled network, but check the parameters
at each call, because the user may have replaced them. A predictor has a copy of the parameters and checks nothing, so
it is many times faster.
"""

import functools
import weakref

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn_concepts.jit.forking import Lock, register_after_fork
from sknn_concepts.jit.strategy import Strategy
from sknn_concepts.jit.strategy_type import strategy_digest
from sknn_concepts.network.architecture import Architecture
from sknn_concepts.network.compiled import ROWS_PER_BLOCK
from sknn_concepts.network.dataset import is_sparse, make_dataset
from sknn_concepts.network.packed import is_faster_packed
from sknn_concepts.validation.data import check_samples
from sknn_concepts.validation.threads import allowed_threads

#: Rows up to which the compiled network is kept; more are worth a new one, whose memory is given back.
MAX_CACHED_ROWS = 16

_networks: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # estimator -> (key, network)


def forward(estimator, X, layer=None, linked=True):
    """Compute the values of a layer of a fitted network, counted from the input; the output by default.

    If `linked`, the inverse link of the loss is applied to the output.
    """
    check_is_fitted(estimator)
    X = check_samples(estimator, X, reset=False)
    n_rows = X.shape[0]
    theta, masks = estimator._stored_parameters(again=n_rows <= MAX_CACHED_ROWS)
    dataset = make_dataset(X)
    if masks is not None and masks[0] is not None and is_sparse(dataset):
        if not is_faster_packed(masks[0].mask, training=False, on_csr=True):
            theta, masks = estimator._parameters(), None
    if is_sparse(dataset) or n_rows > MAX_CACHED_ROWS:
        batch_size = min(ROWS_PER_BLOCK, max(n_rows, MAX_CACHED_ROWS))
        return compile_fitted(estimator, dataset, batch_size, theta, masks).predict(theta, None, layer, linked)
    key = _key_of(estimator, theta, masks), dataset.type
    # a network in use is not in the cache, so that other threads compile their own
    known, network = _networks.pop(estimator, (None, None))
    if known == key:
        network.set_dataset(dataset)
    else:
        network = compile_fitted(estimator, dataset, MAX_CACHED_ROWS, theta, masks)
    values = network.predict(theta, np.arange(n_rows), layer, linked)
    network.release_dataset()  # the samples may be part of a large array
    _networks[estimator] = key, network
    return values


def predict_each(estimators, X, method):
    """Predict the same samples with several fitted networks, one after the other.

    The samples are checked once, and networks of the same architecture share a compiled one.
    """
    X = check_samples(estimators[0], X, reset=False)
    dataset, batch_size = make_dataset(X), min(ROWS_PER_BLOCK, max(len(X), MAX_CACHED_ROWS))
    compiled = {}
    for estimator in estimators:
        linked, finish = estimator._outcome(method)
        theta, masks = estimator._stored_parameters()
        key = _key_of(estimator, theta, masks)
        if key not in compiled:
            compiled[key] = compile_fitted(estimator, dataset, batch_size, theta, masks)
        yield finish(compiled[key].predict(theta, linked=linked))


def compile_fitted(estimator, dataset, batch_size, theta, masks):
    """Compile a fitted network for predictions; threads share batches of ROWS_PER_BLOCK rows.

    `theta` contains the parameters as they are stored, and `masks` the connections of layers with sparse weights.
    """
    strategies = estimator._fitted_strategies()
    count_threads = functools.partial(allowed_threads, estimator.n_jobs) if batch_size == ROWS_PER_BLOCK else None
    architecture = Architecture(estimator._sizes(), strategies.activations, strategies.loss, theta.dtype, count_threads)
    return architecture.compile(dataset, batch_size, masks=masks)


def _key_of(estimator, theta, masks):
    """Return all that a compiled network depends on, besides the samples."""
    choices = estimator.activation, estimator.loss, getattr(estimator, "output_activation", None)
    # the parameters of a strategy, and what its formulas use, may have changed
    chosen = tuple(choice if isinstance(choice, str) else (_digests_of(choice), repr(choice)) for choice in choices)
    kind = getattr(estimator, "_kind", None)
    # connections are compared by identity
    return (*chosen, kind, theta.dtype, *(np.shape(w) for w in estimator.coefs_), *(masks or ()))


def _digests_of(choice):
    """Return the classes of a choice, which may be a list, and digests of their formulas."""
    each = choice if isinstance(choice, list | tuple) else [choice]
    return tuple((type(one), strategy_digest(type(one)) if isinstance(one, Strategy) else None) for one in each)


class Predictor:
    """Function that predicts rows without checks, made by ``estimator.predictor()``.

    ``make_network(dataset, batch_size)`` compiles the network, and `finish` turns the values of the output layer, after
    the inverse link if `linked`, into a prediction.
    """

    def __init__(self, make_network, theta, n_features, linked, finish):
        self._X = np.zeros((ROWS_PER_BLOCK, n_features), theta.dtype)
        self._dataset = make_dataset(self._X)
        self._network = make_network(self._dataset, ROWS_PER_BLOCK)
        self._theta, self._linked, self._finish = theta.copy(), linked, finish
        self._rows = np.arange(ROWS_PER_BLOCK)
        self._lock = Lock()
        register_after_fork(self)
        self(self._X[:1])  # compiles what is not compiled yet

    def after_fork(self):
        """Return to the own rows, which another thread may have replaced when the process was forked."""
        self._network.set_dataset(self._dataset)

    def __call__(self, X):
        """Predict rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_features,)
            Samples; whether they are finite is not checked.

        Returns
        -------
        prediction : ndarray of shape (n_samples, ...)

        Raises
        ------
        ValueError
            If the number of features is not that of the network.
        """
        X = np.asarray(X)
        if X.ndim == 1:
            X = X[None]
        if X.ndim != 2 or X.shape[1] != self._X.shape[1]:
            raise ValueError(f"The network takes {self._X.shape[1]} features; the samples have shape {X.shape}.")
        with self._lock:
            return self._finish(self._few_rows(X) if len(X) <= ROWS_PER_BLOCK else self._many_rows(X))

    def _few_rows(self, X):
        self._X[: len(X)] = X
        return self._network.predict(self._theta, self._rows[: len(X)], linked=self._linked)

    def _many_rows(self, X):
        self._network.set_dataset(make_dataset(np.ascontiguousarray(X, self._X.dtype)))
        try:
            return self._network.predict(self._theta, linked=self._linked)
        finally:
            self._network.set_dataset(self._dataset)


class LinearPredictor:
    """Function that predicts rows without checks, for a linear model: the scores are X @ coef.T + intercept.

    `finish` turns them into a prediction; scores of a single output have shape (n_samples,).
    """

    def __init__(self, coef, intercept, finish):
        self._single = len(intercept) == 1
        self._weights = np.array(coef[0] if self._single else coef.T, order="C")
        self._intercept = float(intercept[0]) if self._single else intercept.copy()
        self._finish = finish

    def __call__(self, X):
        """Predict rows; see :class:`Predictor`."""
        X = np.asarray(X)
        scores = (X[None] if X.ndim == 1 else X) @ self._weights
        scores += self._intercept
        return self._finish(scores)
