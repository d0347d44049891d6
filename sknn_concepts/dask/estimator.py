"""What the estimators over a Dask cluster share, whatever they fit."""

import contextlib
import copy
import functools
import inspect
from numbers import Integral

import numpy as np
from sklearn.base import _clone_parametrized, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils._param_validation import Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sknn_concepts._docstrings import docstring_filler
from sknn_concepts.callbacks.checkpoint import refuse_checkpoint
from sknn_concepts.callbacks.training_record import begin_record
from sknn_concepts.dask.client import find_client, says_if_disconnected
from sknn_concepts.dask.collections import is_collection, to_blocks
from sknn_concepts.dask.lazy import one_row, predict_lazily
from sknn_concepts.dask.samples import RemoteSamples
from sknn_concepts.validation.data import balanced_weights, check_class_weight

#: Parameters that the estimators have besides those of the estimator without Dask, and their constraints.
CLUSTER_CONSTRAINTS = {
    "client": "no_validation",
    "persist": ["boolean"],
    "local_steps": [Interval(Integral, 1, None, closed="left")],
}

fill_docstring = docstring_filler(
    client="""\
client : distributed.Client, default=None
    Client of the cluster; the default client of Dask if None. It is not part of a pickle, and a clone shares it.""",
    client_="""\
client_ : distributed.Client
    The client that is used.""",
)


def adds_parameters(**defaults):
    """Return a decorator of classes that gives ``__init__`` further parameters, after those of the base class."""

    def decorate(cls):
        original = cls.__init__

        @functools.wraps(original)
        def __init__(self, *arguments, **options):
            unknown = [name for name in options if name not in signature.parameters and name not in defaults]
            if unknown:
                raise TypeError(f"{type(self).__name__} has no parameter {unknown[0]!r}.")
            own = {name: options.pop(name, default) for name, default in defaults.items()}
            original(self, *arguments, **options)
            vars(self).update(own)

        signature = inspect.signature(original)
        kind = inspect.Parameter.KEYWORD_ONLY
        further = [inspect.Parameter(name, kind, default=default) for name, default in defaults.items()]
        __init__.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *further])
        cls.__init__ = __init__
        return cls

    return decorate


class ClusterEstimator:
    """Mixin of estimators that are fitted to Dask collections; it comes before the estimator without Dask.

    A subclass sets ``_local_class``, the latter, and defines ``_check_choices()`` and ``_read()``.
    """

    @property
    def client_(self):
        """The client that fits use: `client`, or the default client of Dask."""
        return find_client(self.client)

    def to_local(self):
        """Return the estimator without Dask, with the same parameters and fitted attributes.

        Returns
        -------
        estimator : estimator
        """
        local = self._local_class()
        vars(local).update({name: value for name, value in vars(self).items() if name not in CLUSTER_CONSTRAINTS})
        return local

    def score(self, X, y, sample_weight=None):
        """Compute the accuracy of a classifier, or the R^2 of a regressor.

        Parameters
        ----------
        X : Dask array or frame, or array-like, of shape (n_samples, n_features)
            Samples.
        y : Dask array, series or frame, or array-like
            Targets.
        sample_weight : Dask array or series, or array-like, of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
        """
        if not is_collection(X):
            return super().score(X, y, sample_weight)
        lazy = [self.predict(X), y, sample_weight]
        predicted, y, sample_weight = self.client_.gather(self.client_.compute(lazy))
        metric = accuracy_score if is_classifier(self) else r2_score
        return float(metric(np.asarray(y), predicted, sample_weight=sample_weight))

    @contextlib.contextmanager
    def _samples(self, X, y, sample_weight):
        """Read the samples on the workers, which release them in the end."""
        self._validate_params()
        self._check_choices()
        if self.pruning is not None:
            raise ValueError(
                "pruning must be None where samples are on a cluster. Prune the estimator that to_local() returns, by "
                "sknn_concepts.pruning.prune() and samples that fit into memory."
            )
        refuse_checkpoint(self, "its samples are on a cluster")
        if begin_record(self, []) is not None:
            raise ValueError("TrainingRecord cannot record a fit on a cluster; record that of a sample.")
        client = find_client(self.client)
        blocks = to_blocks(X, y, sample_weight)
        with says_if_disconnected(client):
            samples = RemoteSamples(client, self._read(), blocks, self.persist, is_classifier(self))
            try:
                yield samples
            finally:
                samples.release()

    def _check_features(self, samples, reset):
        """Set the number and names of the features, or check them."""
        row = one_row(samples.summary.n_features, samples.summary.names)
        self._validate_row(row, reset)

    def _total_weight(self, summary):
        """Return the sum of the weights of all samples."""
        return summary.total_weight

    def _lazily(self, method, X):
        """Predict the samples of a Dask collection when the result is needed."""
        check_is_fitted(self)
        if X.ndim != 2:
            raise ValueError(f"X must have 2 dimensions; got {X.ndim}.")
        if not np.isnan(X.shape[1]):
            self._validate_row(one_row(X.shape[1], getattr(X, "columns", None)), reset=False)
        return predict_lazily(self.to_local(), method, X)

    def __copy__(self):
        """Return a copy that has the same client."""
        copied = type(self).__new__(type(self))
        vars(copied).update(vars(self))
        return copied

    def __deepcopy__(self, memo):
        """Return a copy that has the same client, of which there cannot be a copy."""
        memo[id(self.client)] = self.client
        copied = copy.copy(self)
        vars(copied).update(copy.deepcopy(vars(self), memo))
        return copied

    def __getstate__(self):
        """Return the attributes without the client, which cannot leave its process."""
        return {**super().__getstate__(), "client": None}

    def __sklearn_clone__(self):
        """Return a clone that has the same client, of which there cannot be a copy."""
        without = copy.copy(self)
        without.client = None
        cloned = _clone_parametrized(without)
        cloned.client = self.client
        return cloned

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : Dask array or frame, or {array-like, sparse matrix}, of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : Dask array or ndarray of shape (n_samples,) or (n_samples, n_outputs)
            A Dask array for Dask collections.
        """
        return self._lazily("predict", X) if is_collection(X) else super().predict(X)


class ClusterClassifier(ClusterEstimator):
    """Mixin of classifiers; see :class:`ClusterEstimator`."""

    def _has_probabilities(self):
        of_local = getattr(super(), "_has_probabilities", None)
        return of_local is None or of_local()

    def decision_function(self, X):
        """Compute raw scores.

        Parameters
        ----------
        X : Dask array or frame, or {array-like, sparse matrix}, of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : Dask array or ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
            A Dask array for Dask collections.
        """
        return self._lazily("decision_function", X) if is_collection(X) else super().decision_function(X)

    @available_if(lambda self: self._has_probabilities())
    def predict_proba(self, X):
        """Predict probabilities.

        Parameters
        ----------
        X : Dask array or frame, or {array-like, sparse matrix}, of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : Dask array or ndarray of shape (n_samples, n_classes)
            A Dask array for Dask collections.
        """
        return self._lazily("predict_proba", X) if is_collection(X) else super().predict_proba(X)

    @available_if(lambda self: self._has_probabilities())
    def predict_log_proba(self, X):
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : Dask array or frame, or {array-like, sparse matrix}, of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_probabilities : Dask array or ndarray of shape (n_samples, n_classes)
            A Dask array for Dask collections.
        """
        return self._lazily("predict_log_proba", X) if is_collection(X) else super().predict_log_proba(X)

    def _weights_of_classes(self, summary):
        """Return `class_weight` with "balanced" replaced by the weights that all samples give."""
        if self.class_weight != "balanced":
            return self.class_weight
        totals = summary.class_weights
        if totals is None:
            raise ValueError(
                "class_weight='balanced' is not supported on a cluster for several labels a sample; pass a list of "
                "dicts."
            )
        return dict(zip(summary.classes.tolist(), balanced_weights(totals).tolist(), strict=True))

    def _total_weight(self, summary):
        """Return the sum of the weights of all samples, those of the classes included."""
        if self.class_weight is None or summary.class_weights is None:
            return summary.total_weight
        check_class_weight(self.class_weight)
        weights = self._weights_of_classes(summary)
        of_classes = zip(summary.classes.tolist(), summary.class_weights, strict=True)
        return sum(weights.get(label, 1.0) * of_class for label, of_class in of_classes)
