"""The fast path of prediction: fitted parameters that are ready to run, without a look at what they are given."""

import numpy as np

from sknn_concepts.jit.forking import Lock, renew_in_children
from sknn_concepts.network.compiled import BLOCK
from sknn_concepts.network.dataset import make_dataset


class Predictor:
    """A method of a fitted network, for rows that need no checks; made by ``estimator.predictor()``.

    Parameters
    ----------
    machine : callable
        ``machine(source, capacity)`` makes the network over a source.
    theta : ndarray of shape (n_parameters,)
        Its parameters.
    n_features : int
        Numbers of a row.
    linked : bool
        Whether the inverse link is wanted.
    finish : callable
        What becomes of the values of the output layer.
    """

    def __init__(self, machine, theta, n_features, linked, finish):
        self._X = np.zeros((BLOCK, n_features), theta.dtype)
        self._source = make_dataset(self._X)
        self._machine = machine(self._source, BLOCK)
        self._theta, self._linked, self._finish = theta.copy(), linked, finish
        self._rows = np.arange(BLOCK)
        self._lock = Lock()
        renew_in_children(self)
        self(self._X[:1])  # compiles what is not compiled yet

    def renew(self):
        """Leave the rows that another thread may have been at when the process was forked."""
        self._machine.read(self._source)

    def __call__(self, X):
        """Prediction for rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_features,)
            Finite numbers, which nobody checks.

        Returns
        -------
        prediction : ndarray of shape (n_samples, ...)

        Raises
        ------
        ValueError
            If they are not as many a row as the network takes.
        """
        X = np.asarray(X)
        if X.ndim == 1:
            X = X[None]
        if X.ndim != 2 or X.shape[1] != self._X.shape[1]:
            raise ValueError(f"The network takes {self._X.shape[1]} features; the samples have shape {X.shape}.")
        with self._lock:
            return self._finish(self._few(X) if len(X) <= BLOCK else self._many(X))

    def _few(self, X):
        self._X[: len(X)] = X
        return self._machine.predict(self._theta, self._rows[: len(X)], linked=self._linked)

    def _many(self, X):
        """More rows than there is room for."""
        self._machine.read(make_dataset(np.ascontiguousarray(X, self._X.dtype)))
        try:
            return self._machine.predict(self._theta, linked=self._linked)
        finally:
            self._machine.read(self._source)


class LinearPredictor:
    """The same for a linear model: the scores are X @ coef.T + intercept.

    Parameters
    ----------
    coef : ndarray of shape (n_outputs, n_features)
        Weights.
    intercept : ndarray of shape (n_outputs,)
        Intercepts.
    finish : callable
        What becomes of the scores, of shape (n_samples,) where there is one output.
    """

    def __init__(self, coef, intercept, finish):
        self._single = len(intercept) == 1
        self._weights = np.array(coef[0] if self._single else coef.T, order="C")
        self._intercept = float(intercept[0]) if self._single else intercept.copy()
        self._finish = finish

    def __call__(self, X):
        """Prediction for rows; see :class:`Predictor`."""
        X = np.asarray(X)
        scores = (X[None] if X.ndim == 1 else X) @ self._weights
        scores += self._intercept
        return self._finish(scores)
