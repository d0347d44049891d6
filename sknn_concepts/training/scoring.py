"""Scores of the user's choice for early stopping: looked up before training, looked at after each pass."""

import copy
import difflib
from numbers import Real

import joblib
import numpy as np
import scipy.sparse
from sklearn.base import is_regressor
from sklearn.metrics import check_scoring, get_scorer_names

from sknn_concepts._warnings import warn


def check_name(estimator):
    """Raise ValueError unless ``early_stopping_scoring`` is a scorer, or the name of one.

    Parameters
    ----------
    estimator : multilayer perceptron
        Whose argument is read.
    """
    scoring = estimator.early_stopping_scoring
    if isinstance(scoring, str):
        names = ["loss", *get_scorer_names()]
        if scoring not in names:
            near = difflib.get_close_matches(scoring, names, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"The 'early_stopping_scoring' parameter has no {scoring!r}; it has {names}.{hint}")
    elif scoring is not None:
        try:
            check_scoring(estimator, scoring=scoring)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"The 'early_stopping_scoring' parameter must be None, 'loss', the name of a scorer of scikit-learn or "
                f"a function of (estimator, X, y): {error}"
            ) from error


class Scorer:
    """A score of the user's choice on held-out samples.

    Parameters
    ----------
    estimator : multilayer perceptron
        In training; ``early_stopping_scoring`` says what is scored.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Held-out samples.
    y : ndarray of shape (n_samples, n_outputs)
        Their targets, as the network is trained to give them.
    sample_weight : ndarray of shape (n_samples,) or None
        Their weights.
    """

    def __init__(self, estimator, X, y, sample_weight):
        self._estimator, self._X, self._labels = estimator, X, estimator._decode(y)
        self._weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._score = check_scoring(estimator, scoring=estimator.early_stopping_scoring)
        self._nameless = copy.copy(estimator)  # shares the weights; the samples have lost the names of their features
        vars(self._nameless).pop("feature_names_in_", None)
        self._told = False

    def __call__(self):
        """The score of the weights as they are.

        Raises
        ------
        ValueError
            If the scorer fails; if its result is no number; if that is not finite and early stopping goes by it.
        """
        try:
            score = self._score(self._nameless, self._X, self._labels, **self._weights)
        except Exception as error:
            raise ValueError(
                self._complain(f"failed with {type(error).__name__}", f": {str(error).rstrip('.')}")
            ) from error
        if np.size(score) == 1 and hasattr(score, "item"):
            score = score.item()
        if not isinstance(score, Real):
            raise ValueError(self._complain(f"gave {score!r}, which is not a number,"))
        if not np.isfinite(score):
            if self._estimator.early_stopping:
                raise ValueError(self._complain(f"gave {score}"))
            if not self._told:
                self._told = True
                warn(self._complain(f"gave {score}"))
        return score

    def _complain(self, what, error=""):
        scoring, classes = self._estimator.early_stopping_scoring, getattr(self._estimator, "classes_", [])
        n_samples, lacks = len(self._labels), ""
        if np.ndim(self._labels) == 1 and len(classes):
            missing = np.setdiff1d(classes, self._labels).tolist()
            lacks = f", among which there is none of class {', '.join(map(repr, missing))}" if missing else ""
        return (
            f"early_stopping_scoring={scoring!r} {what} on the {n_samples} held-out sample{'s' * (n_samples != 1)}"
            f"{lacks}{error}. Pass X_val and y_val for which it is defined, raise validation_fraction, or choose "
            "another early_stopping_scoring, such as None (the estimator's own score) or 'loss'."
        )


def warn_of_constant_targets(estimator, y):
    """Warn if early stopping goes by an R^2 that is the same whatever is predicted.

    Parameters
    ----------
    estimator : multilayer perceptron
        ``early_stopping_scoring`` is read.
    y : ndarray of shape (n_samples, n_outputs)
        Held-out targets.
    """
    by_r2 = is_regressor(estimator) and estimator.early_stopping_scoring in (None, "r2")
    if by_r2 and len(y) > 1 and np.all(y == y[0]):
        warn(
            f"All {len(y)} held-out targets are {y[0].tolist()}: R^2 tells nothing about them, and early stopping "
            "cannot see an improvement. Pass other samples in X_val and y_val, or early_stopping_scoring='loss'."
        )


def digest(estimator, *data):
    """Digest of what is watched, and on what: marks with the same digest can be compared.

    Parameters
    ----------
    estimator : multilayer perceptron
        ``early_stopping_scoring`` and ``loss`` are read.
    *data : ndarray, CSR matrix, number or None
        What is watched on.

    Returns
    -------
    digest : str
        The same in other processes.
    """
    scoring = estimator.early_stopping_scoring
    what = repr(estimator.loss) if scoring == "loss" or not estimator.early_stopping else _describe(scoring)
    return joblib.hash((what, *map(_arrays_of, data)), "sha1")


def _arrays_of(data):
    """The same for the same numbers: a sparse matrix also keeps what it knows of itself, a memory map its file."""
    if scipy.sparse.issparse(data):
        return data.shape, data.data, data.indices, data.indptr
    return np.asarray(data) if isinstance(data, np.memmap) else data


def _describe(scoring):
    """What tells scorers apart, in this and other processes: not an address, not a name alone."""
    code = getattr(scoring, "__code__", None)
    formula = None if code is None else (code.co_code, code.co_names, [c for c in code.co_consts if np.isscalar(c)])
    try:
        return joblib.hash((scoring, formula))
    except Exception:  # no pickle has a lambda
        return repr((getattr(scoring, "__qualname__", type(scoring).__qualname__), formula))
