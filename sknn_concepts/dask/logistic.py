"""Logistic regression whose samples are on the workers of a Dask cluster."""

import functools

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from sknn_concepts.dask.estimator import CLUSTER_CONSTRAINTS, ClusterClassifier, adds_parameters, fill_docstring
from sknn_concepts.dask.objective import RemoteObjective
from sknn_concepts.dask.parts import LogisticPart
from sknn_concepts.estimators.history import measurements_of
from sknn_concepts.estimators.logistic import LogisticRegression
from sknn_concepts.estimators.logistic_solvers import check_choices, minimize, penalties
from sknn_concepts.estimators.penalty import check_number_of_classes, is_one_against_rest
from sknn_concepts.validation.data import check_class_weight, network_dtype


@adds_parameters(client=None, persist=True)
@fill_docstring
class DaskLogisticRegression(ClusterClassifier, LogisticRegression):
    """Logistic regression whose samples are on the workers of a Dask cluster.

    L-BFGS runs on the client, and each worker computes loss and gradient of its samples, so that the result is that of
    :class:`~sknn_concepts.LogisticRegression` up to rounding. The parameters are those of
    :class:`~sknn_concepts.LogisticRegression`, of which only ``solver="lbfgs"`` is supported, without an L1 penalty and
    with one model for all classes; and the following.

    Parameters
    ----------
    {client}
    persist : bool, default=True
        Whether the samples stay in the memory of the workers, where each iteration needs them. Otherwise each iteration
        loads the blocks again, a few at a time.

    Attributes
    ----------
    {client_}

    Examples
    --------
    >>> import dask.array
    >>> from distributed import Client
    >>> from sknn_concepts.dask import DaskLogisticRegression
    >>> client = Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=":0")
    >>> X = dask.array.random.default_rng(0).normal(size=(1000, 4), chunks=(500, 4))
    >>> y = X[:, 0] > X[:, 1]
    >>> model = DaskLogisticRegression().fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    >>> model.to_local().predict([[1.0, 0.0, 0.0, 0.0]])
    array([ True])
    >>> client.close()
    """

    _local_class = LogisticRegression
    _parameter_constraints: dict = {
        **LogisticRegression._parameter_constraints,
        "client": CLUSTER_CONSTRAINTS["client"],
        "persist": CLUSTER_CONSTRAINTS["persist"],
    }

    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : Dask array or frame of shape (n_samples, n_features)
            Samples, in blocks of rows whose lengths need not be known.
        y : Dask array or series of shape (n_samples,)
            Class labels, in the same blocks.
        sample_weight : Dask array or series of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        TypeError
            If the samples are no Dask collections, or `client` is no client.
        ValueError
            If there is no client, or it is not connected. If arguments exclude each other or are not supported. If
            blocks do not fit together, or are all empty; if there is one class only, or a weight is negative.
        RuntimeError
            If workers are lost again and again.
        """
        with self._samples(X, y, sample_weight) as samples:
            return super().fit(samples, samples)

    def _check_choices(self):
        if self.solver != "lbfgs":
            raise ValueError(f"solver={self.solver!r} is not supported on a cluster; only 'lbfgs' is.")
        check_choices(self)
        if is_one_against_rest(self):
            raise ValueError(
                "A model for each class is not supported on a cluster; set activation='softmax', or wrap the estimator "
                "in a OneVsRestClassifier of dask-ml."
            )

    def _read(self):
        return LogisticRegression._check_data, self._local_class(dtype=self.dtype)

    def _validate_row(self, row, reset):
        self._check_data(row, np.zeros(1, int), reset=reset)

    def _fit(self, loss, X, y, sample_weight, task):
        before = self._layer() if self.warm_start and hasattr(self, "coef_") else None
        summary = X.summary
        self._check_features(X, reset=True)
        if summary.least_weight < 0:
            raise ValueError("Negative values in data passed to `sample_weight`")
        self.classes_ = summary.classes
        check_number_of_classes(self)
        start = self._start(X, before)
        history = measurements_of(self) if self.warm_start else None
        monitor = None if task is None else task.iterations("iteration", self._attributes_with)
        class_weights, total = self._numbers_of_classes(summary), self._total_weight(summary)
        if not total > 0:
            raise ValueError(f"The sum of the weights must be positive; it is {total:g}.")
        dtype = network_dtype(X, self.dtype)
        make = functools.partial(LogisticPart, self.classes_, class_weights, dtype)
        X.distribute(functools.partial(make, self.fit_intercept))
        ridge, _ = penalties(self, X.shape[1], total)
        weighted = X.weighted or self.class_weight is not None
        options = {"weighted": weighted, "ridge": ridge, "fit_intercept": self.fit_intercept}
        objective = RemoteObjective(X, len(self.classes_), total, **options)
        theta, n_iter, self.history_ = minimize(self, [(objective, slice(None))], start, history, monitor)
        self._forget_pruning()
        vars(self).update(self._attributes_with(theta, dtype))
        self.n_iter_ = np.asarray(n_iter, dtype=np.int32)

    def _numbers_of_classes(self, summary):
        """Return the weights of the classes, or None."""
        if self.class_weight is None:
            return None
        check_class_weight(self.class_weight)
        weights = compute_class_weight(self._weights_of_classes(summary), classes=self.classes_, y=self.classes_)
        if weights.min() < 0:
            raise ValueError(f"class_weight must not be negative; got {self.class_weight!r}.")
        return weights
