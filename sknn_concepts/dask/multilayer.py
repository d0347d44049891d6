"""Multilayer perceptrons whose samples are on the workers of a Dask cluster."""

import functools

import numpy as np
from sklearn.base import is_regressor
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import column_or_1d

from sknn_concepts.dask.collections import is_collection
from sknn_concepts.dask.estimator import (
    CLUSTER_CONSTRAINTS,
    ClusterClassifier,
    ClusterEstimator,
    adds_parameters,
    fill_docstring,
)
from sknn_concepts.dask.network import RemoteArchitecture
from sknn_concepts.dask.parts import NetworkPart
from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.mlp_regressor import MLPRegressor
from sknn_concepts.estimators.multilayer.choices import choose_for_training, make_config
from sknn_concepts.estimators.multilayer.finetuner import NetworkFinetuner
from sknn_concepts.estimators.multilayer.held_out import draw_rows, hold_out, make_validation_set
from sknn_concepts.network.architecture import Architecture
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.validation.data import check_samples, check_total_weight
from sknn_concepts.validation.labels import learn_classes, make_binarizer


class RemoteTrainer(NetworkFinetuner):
    """Training of a network whose samples are on workers."""

    def __init__(self, architecture, samples, config, random_state):
        self.architecture, self.config, self.random_state = architecture, config, random_state
        self.X = self.dataset = samples
        self.sample_weight = self.trace = self.checkpoint = None
        n_samples = samples.shape[0]
        self.rows = np.arange(n_samples, dtype=np.int32 if n_samples < 2**31 else np.int64)


class ClusterPerceptron(ClusterEstimator):
    """Mixin of multilayer perceptrons; see :class:`sknn_concepts.dask.estimator.ClusterEstimator`."""

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the network.

        Parameters
        ----------
        X : Dask array or frame of shape (n_samples, n_features)
            Samples, in blocks of rows whose lengths need not be known.
        y : Dask array, series or frame of shape (n_samples,) or (n_samples, n_outputs)
            Targets, in the same blocks.
        sample_weight : Dask array or series of shape (n_samples,), default=None
            Weights of the samples.
        X_val, y_val, sample_weight_val : array-like or Dask collection, default=None
            Samples on which loss and score are measured after each epoch, and early stopping decides. They must fit
            into the memory of the client, which measures them.

        Returns
        -------
        self : object
            The fitted network.

        Raises
        ------
        TypeError
            If the samples are no Dask collections, or `client` is no client.
        ValueError
            If there is no client, or it is not connected. If a parameter is out of its range, or two exclude each
            other. If blocks do not fit together, or are all empty. If there is a pruner, a checkpoint or a record.
        RuntimeError
            If workers are lost again and again.
        """
        with self._samples(X, y, sample_weight) as samples:
            validation = self._bring(X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)
            return super().fit(samples, samples, **validation)

    def partial_fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None, **options):
        """Train for one epoch on the samples, continuing from the last call.

        Parameters
        ----------
        X, y, sample_weight, X_val, y_val, sample_weight_val
            See :meth:`fit`.
        **options
            For a classifier, `classes`, which the first call requires: all classes of all calls.

        Returns
        -------
        self : object
            The fitted network.
        """
        with self._samples(X, y, sample_weight) as samples:
            validation = self._bring(X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)
            return super().partial_fit(samples, samples, **validation, **options)

    def _bring(self, **data):
        """Bring validation data that are Dask collections to the client."""
        return {name: self.client_.compute(one).result() if is_collection(one) else one for name, one in data.items()}

    def _check_choices(self):
        choose_for_training(self)

    def _read(self):
        reader = self._local_class(loss=self.loss)
        return _read_network_block, reader

    def _validate_row(self, row, reset):
        check_samples(self, row, reset=reset)

    def _check_training_data(self, strategies, X, y, sample_weight, incremental, fresh):
        self._check_features(X, reset=fresh)
        n_outputs = self._learn_targets(X.summary, incremental)
        check_total_weight(np.array([self._total_weight(X.summary)]), "sample_weight, times those of the classes,")
        return X, np.empty((0, n_outputs)), None, self._for_classes(strategies)

    def _make_trainer(self, strategies, sizes, X, y, sample_weight, random_state):
        config = make_config(self, strategies)
        architecture = Architecture(sizes, strategies.activations, strategies.loss, self._theta.dtype)
        mask = self._parameter_mask()
        factors = np.empty(0) if mask is None or mask.all() else mask
        batch_size = 200 if config.batch_size == "auto" else config.batch_size
        local = None if self.local_steps == 1 or config.optimizer is None else (config.optimizer, batch_size)
        encoder = self._encoder(X.summary)
        X.distribute(functools.partial(NetworkPart, architecture, encoder, factors.astype(self._theta.dtype), local))
        return RemoteTrainer(RemoteArchitecture(architecture, self.local_steps), X, config, random_state)

    def _encoder(self, summary):
        """Return an estimator without Dask that encodes targets."""
        local = self.to_local()
        for name in ("_theta", "coefs_", "intercepts_", "_optimizer_state", "_stopping"):
            vars(local).pop(name, None)  # which are large
        return local

    def _hold_out(self, finetuner, X, y, held_out):
        if held_out is not None or not self.early_stopping:
            return hold_out(self, finetuner, X, y, held_out)
        dtype, y = finetuner.rows.dtype, X.collect("targets", None)
        finetuner.sample_weight = X.collect("weights", None) if X.weighted or self._weighs_classes() else None
        out, weights = draw_rows(self, finetuner, y), finetuner.sample_weight
        samples, weights = X.take(out), None if weights is None else weights[out]
        finetuner.rows = finetuner.rows.astype(dtype)
        if not X.persist:
            finetuner.rows.sort()  # otherwise each batch would need all windows if there is no shuffling
        rows = np.arange(len(out))
        return make_validation_set(self, True, make_dataset(samples, y[out]), samples, rows, y[out], weights)

    def _weighs_classes(self):
        return getattr(self, "class_weight", None) is not None


def _read_network_block(estimator, X, y):
    options = {"y_numeric": True} if is_regressor(estimator) else {}
    X, y = check_samples(estimator, X, y, reset=True, multi_output=True, **options)
    return X, column_or_1d(y) if y.ndim == 2 and y.shape[1] == 1 else y


@adds_parameters(client=None, persist=True, local_steps=1)
@fill_docstring
class DaskMLPClassifier(ClusterPerceptron, ClusterClassifier, MLPClassifier):
    """Multilayer perceptron for classification, whose samples are on the workers of a Dask cluster.

    Each worker computes the gradient of its samples with the kernels of :class:`~sknn_concepts.MLPClassifier`; the
    client adds them up and makes the step. With the same batches in the same order, the result is that of
    :class:`~sknn_concepts.MLPClassifier` up to rounding. `batch_size` counts the samples of all workers.

    The parameters are those of :class:`~sknn_concepts.MLPClassifier`, and the following.

    Parameters
    ----------
    {client}
    persist : bool, default=True
        Whether the samples stay in the memory of the workers, where they are needed in each epoch. Otherwise each epoch
        loads the blocks again, a few at a time; the order of the samples is random only within those.
    local_steps : int, default=1
        Steps that each worker makes by itself, with its part of each batch, before parameters and the state of the
        optimizer are averaged [1]_. More than one saves round trips, and is another method than mini-batch training.

    Attributes
    ----------
    {client_}

    Notes
    -----
    Pruning, checkpoints and records of the training are not supported on a cluster.

    The dropout masks depend on how the samples are divided among the workers.

    References
    ----------
    .. [1] McMahan, Moore, Ramage, Hampson and Aguera y Arcas (2017). Communication-efficient learning of deep networks
           from decentralized data. Algorithm 1.

    Examples
    --------
    >>> import dask.array
    >>> from distributed import Client
    >>> from sknn_concepts.dask import DaskMLPClassifier
    >>> client = Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=":0")
    >>> X = dask.array.random.default_rng(0).normal(size=(1000, 4), chunks=(500, 4))
    >>> y = X[:, 0] > X[:, 1]
    >>> network = DaskMLPClassifier((10,), learning_rate_init=0.02, max_iter=30, tol=0, random_state=0).fit(X, y)
    >>> network.predict(X)
    dask.array<concatenate, shape=(1000,), dtype=bool, chunksize=(500,), chunktype=numpy.ndarray>
    >>> network.score(X, y) > 0.95
    True
    >>> network.to_local().predict([[1.0, 0.0, 0.0, 0.0]])
    array([ True])
    >>> client.close()
    """

    _local_class = MLPClassifier
    _parameter_constraints: dict = {**MLPClassifier._parameter_constraints, **CLUSTER_CONSTRAINTS}

    def _learn_targets(self, summary, incremental):
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            if summary.y_shape:
                self.classes_, self._label_binarizer = learn_classes(_indicators(summary))
            else:
                self.classes_ = unique_labels(summary.classes)  # which makes texts of objects
                self._label_binarizer = make_binarizer(self.classes_)
        else:
            self._check_known(summary.classes, all_of_them=self.warm_start and not incremental)
        return self._encode(_indicators(summary) if summary.y_shape else summary.classes[:1]).shape[1]

    def _make_binarizer(self, samples):
        several = bool(samples.summary.y_shape)
        return LabelBinarizer().fit(_indicators(samples.summary)) if several else make_binarizer(self.classes_)

    def _encoder(self, summary):
        encoder = super()._encoder(summary)
        encoder.class_weight = self._weights_of_classes(summary)
        return encoder


def _indicators(summary):
    """Return indicators of all labels, from which the kind of targets is learned."""
    return np.vstack([np.zeros(summary.y_shape, int), np.ones(summary.y_shape, int)])


@adds_parameters(client=None, persist=True, local_steps=1)
@fill_docstring
class DaskMLPRegressor(ClusterPerceptron, MLPRegressor):
    """Multilayer perceptron for regression, whose samples are on the workers of a Dask cluster.

    See :class:`DaskMLPClassifier` for how it works. The parameters are those of :class:`~sknn_concepts.MLPRegressor`,
    and the following.

    Parameters
    ----------
    {client}
    persist : bool, default=True
        Whether the samples stay in the memory of the workers, where they are needed in each epoch. Otherwise each epoch
        loads the blocks again, a few at a time; the order of the samples is random only within those.
    local_steps : int, default=1
        Steps that each worker makes by itself, with its part of each batch, before parameters and the state of the
        optimizer are averaged.

    Attributes
    ----------
    {client_}

    Examples
    --------
    >>> import dask.array
    >>> from distributed import Client
    >>> from sknn_concepts.dask import DaskMLPRegressor
    >>> client = Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=":0")
    >>> X = dask.array.random.default_rng(0).normal(size=(1000, 4), chunks=(500, 4))
    >>> y = X[:, 0] - X[:, 1]
    >>> network = DaskMLPRegressor(learning_rate_init=0.02, max_iter=30, tol=0, random_state=0).fit(X, y)
    >>> network.score(X, y) > 0.95
    True
    >>> client.close()
    """

    _local_class = MLPRegressor
    _parameter_constraints: dict = {**MLPRegressor._parameter_constraints, **CLUSTER_CONSTRAINTS}

    def _learn_targets(self, summary, incremental):
        return int(np.prod(summary.y_shape, dtype=int))
