"""Scores for early stopping: looked up before training, computed after each epoch."""

import copy
import difflib
from numbers import Real

import joblib
import numpy as np
import scipy.sparse
from sklearn.metrics import check_scoring, get_scorer_names

from sknn_concepts._warnings import warn
from sknn_concepts.network.layout import layer_views


def scorings_of(estimator):
    """Return ``early_stopping_scoring`` as a list: the score that is monitored, and those that are only measured."""
    scoring = estimator.early_stopping_scoring
    return list(scoring) if isinstance(scoring, list | tuple) else [scoring]


def name_of(scoring):
    """Return the name of a scorer of the user's; that of ``make_scorer`` has the name of its function."""
    function = getattr(scoring, "_score_func", scoring)
    return scoring if isinstance(scoring, str) else getattr(function, "__name__", type(scoring).__name__)


def check_scorings(estimator):
    """Raise ValueError unless ``early_stopping_scoring`` is a scorer, the name of one, or a list of these."""
    scorings = scorings_of(estimator)
    if not scorings or any(scoring in (None, "loss") for scoring in scorings[1:]):
        raise ValueError(
            "The 'early_stopping_scoring' parameter must not be empty, and only its first item may be None or 'loss', "
            f"because the loss is measured anyway; got {estimator.early_stopping_scoring!r}."
        )
    names = [name_of(scoring) for scoring in scorings[1:]]
    for name in names:
        if names.count(name) > 1 or name in ("loss", "score"):
            raise ValueError(
                f"The 'early_stopping_scoring' parameter has scorers whose names are not unique, or taken: {names}. "
                "history_ has arrays by these names; give your functions other names, by __name__ or def."
            )
    for scoring in scorings:
        _check_scoring(estimator, scoring)


def _check_scoring(estimator, scoring):
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
    """Score of the user's choice on held-out samples with encoded targets.

    `decides` tells whether early stopping depends on it.
    """

    def __init__(self, estimator, scoring, decides, X, y, sample_weight):
        self._estimator, self._X, self._labels = estimator, X, estimator._decode(y)
        self._weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._scoring, self._decides = scoring, decides
        self._score = check_scoring(estimator, scoring=scoring)
        self._view = copy.copy(estimator)  # the samples have lost the names of their features
        vars(self._view).pop("feature_names_in_", None)
        self._told = False

    def __call__(self, network, raw, parameters):
        """Score a network with some parameters, which the scorer sees as those of a fitted estimator.

        Raises ValueError if the scorer fails, if its result is no number, or if early stopping depends on it and it is
        not finite.
        """
        self._view.coefs_, self._view.intercepts_ = layer_views(parameters, network.layout)
        try:
            score = self._score(self._view, self._X, self._labels, **self._weights)
        except Exception as error:
            raise ValueError(
                self._complain(f"failed with {type(error).__name__}", f": {str(error).rstrip('.')}")
            ) from error
        if np.size(score) == 1 and hasattr(score, "item"):
            score = score.item()
        if not isinstance(score, Real):
            raise ValueError(self._complain(f"gave {score!r}, which is not a number,"))
        if not np.isfinite(score):
            if self._decides:
                raise ValueError(self._complain(f"gave {score}"))
            if not self._told:
                self._told = True
                warn(self._complain(f"gave {score}"))
        return score

    def _complain(self, what, error=""):
        scoring, classes = self._scoring, getattr(self._estimator, "classes_", [])
        n_samples, lacks = len(self._labels), ""
        if np.ndim(self._labels) == 1 and len(classes):
            missing = np.setdiff1d(classes, self._labels).tolist()
            lacks = f", among which there is none of class {', '.join(map(repr, missing))}" if missing else ""
        return (
            f"early_stopping_scoring={scoring!r} {what} on the {n_samples} held-out sample{'s' * (n_samples != 1)}"
            f"{lacks}{error}. Pass X_val and y_val for which it is defined, raise validation_fraction, or choose "
            "another early_stopping_scoring, such as None (the estimator's own score) or 'loss'."
        )


def digest(estimator, *data):
    """Compute a digest of an estimator's score or loss, and of data: values with equal digests are comparable.

    The digest is the same in other processes.
    """
    scoring = scorings_of(estimator)[0]
    what = repr(estimator.loss) if scoring == "loss" or not estimator.early_stopping else describe(scoring)
    return joblib.hash((what, *map(arrays_of, data)), "sha1")


def arrays_of(data):
    """Return the arrays of data, without the flags of a sparse matrix and the file of a memory map."""
    if scipy.sparse.issparse(data):
        return data.shape, data.data, data.indices, data.indptr
    return np.asarray(data) if isinstance(data, np.memmap) else data


def describe(thing):
    """Describe a scorer or strategy by more than a name, without an address: alike in other processes."""
    code = getattr(thing, "__code__", None)
    formula = None if code is None else (code.co_code, code.co_names, [c for c in code.co_consts if np.isscalar(c)])
    try:
        return joblib.hash((thing, formula))
    except Exception:  # no pickle has a lambda
        return repr((getattr(thing, "__qualname__", type(thing).__qualname__), formula))
