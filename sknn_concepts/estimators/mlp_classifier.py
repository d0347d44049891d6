"""The multilayer perceptron for classification."""

from typing import Any, Self

import numpy as np
import sklearn.neural_network
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from sknn_concepts._typing import Array, Data
from sknn_concepts.estimators.arguments import (
    ActivationLike,
    InitializerLike,
    LossLike,
    OptimizerLike,
    PrunerLike,
    ScheduleLike,
)
from sknn_concepts.estimators.multilayer.base import BaseMultilayerPerceptron
from sknn_concepts.estimators.multilayer.choices import choose_for_training
from sknn_concepts.estimators.multilayer.docstrings import fill_docstring
from sknn_concepts.estimators.predictor import forward
from sknn_concepts.losses import get_loss
from sknn_concepts.training.early_stopping import pair_up
from sknn_concepts.validation import compat
from sknn_concepts.validation.constraints import checked_again
from sknn_concepts.validation.data import check_samples, weigh_classes
from sknn_concepts.validation.fitted_state import attribute, check_classes, check_order
from sknn_concepts.validation.labels import learn_classes, make_binarizer, number_labels


@fill_docstring
class MLPClassifier(ClassifierMixin, BaseMultilayerPerceptron):
    """Multilayer perceptron classifier, trained by compiled kernels.

    Parameters that scikit-learn's classifier of the same name also has give the same model, if `random_state`
    is the same. All other parameters are additional choices.

    Parameters
    ----------
    {architecture}
    loss : str or Loss, default="log_loss"
        A loss for classification: a name of `sknn_concepts.losses.LOSSES`, or an instance. With "log_loss" and "focal",
        more than two mutually exclusive classes share a softmax; with other losses, each is trained against the rest.
    {initializer}
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, by which `sample_weight` is multiplied; a list of dicts for several labels. "balanced"
        gives all classes in a call of fit or partial_fit the same total weight.
    {regularization}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Classes.
    {attributes}

    See Also
    --------
    MLPRegressor : Multilayer perceptron regressor.
    LogisticRegression : The network without hidden layer.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sknn_concepts import MLPClassifier
    >>> X, y = make_classification(n_samples=100, random_state=1)
    >>> network = MLPClassifier(hidden_layer_sizes="20-10", activation="gelu", random_state=1, max_iter=300).fit(X, y)
    >>> network.score(X, y) > 0.9
    True
    """

    _task = "classification"

    _parameter_constraints: dict = {
        **BaseMultilayerPerceptron._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    @compat.as_installed(sklearn.neural_network.MLPClassifier.__init__)
    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: ActivationLike = "relu",
        *,
        solver: OptimizerLike = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: ScheduleLike = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float | None = 1e-4,
        verbose: int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        loss: LossLike = "log_loss",
        initializer: InitializerLike = "auto",
        class_weight: Any = None,
        l1_ratio: float = 0.0,
        dropout: Any = 0.0,
        max_norm: float | None = None,
        max_grad_norm: float | None = None,
        early_stopping_scoring: Any = None,
        dtype: Any = None,
        n_jobs: int | None = None,
        connectivity: Any = None,
        pruning: PrunerLike = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.initializer = initializer
        self.class_weight = class_weight
        self.l1_ratio = l1_ratio
        self.dropout = dropout
        self.max_norm = max_norm
        self.max_grad_norm = max_grad_norm
        self.early_stopping_scoring = early_stopping_scoring
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.connectivity = connectivity
        self.pruning = pruning

    @available_if(lambda self: self._can_partial_fit())
    @compat.as_installed(sklearn.neural_network.MLPClassifier.partial_fit)
    @checked_again
    @_fit_context(prefer_skip_nested_validation=True)
    @fill_docstring
    def partial_fit(
        self,
        X: Data,
        y: Data,
        sample_weight: Data = None,
        classes: Data = None,
        *,
        X_val: Data = None,
        y_val: Data = None,
        sample_weight_val: Data = None,
    ) -> Self:
        """Train for one epoch on the samples, continuing from the last call.

        Parameters
        ----------
        {samples}
        classes : array-like of shape (n_classes,), default=None
            All classes of all calls; required in the first call.
        {validation_samples}

        Returns
        -------
        self : object
            The fitted network.

        Raises
        ------
        AttributeError
            If solver="lbfgs", which does not train epoch by epoch.
        ValueError
            If a parameter is out of its range, or two exclude each other. If X, y, weights and validation data do not
            fit together, or all weights are 0. If only one of `X_val` and `y_val` is given, or none of them for early
            stopping. If `classes` is missing in the first call or changes, or lacks one of `y` or `y_val`. If the
            architecture would change.
        """
        if not hasattr(self, "classes_"):
            choose_for_training(self)  # errors in arguments come before missing classes
        validation_data = pair_up(X_val, y_val, sample_weight_val)
        network = self._copy()
        if _check_partial_fit_first_call(network, classes):
            network._label_binarizer = network._make_binarizer(y)
        network._train(choose_for_training(self), X, y, sample_weight, validation_data, incremental=True)
        self._assign_attributes_of(network)
        return self

    def _make_binarizer(self, y):
        """Return the ``LabelBinarizer`` for the known classes and the kind of the given targets."""
        several = type_of_target(y).startswith("multilabel")
        return LabelBinarizer().fit(y) if several else make_binarizer(self.classes_)

    def _check_targets(self, X, y, incremental, reset):
        X, y = check_samples(self, X, y, reset=reset, multi_output=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self.classes_, self._label_binarizer = learn_classes(y)
        else:
            self._check_known(y, all_of_them=self.warm_start and not incremental)
        labels = y.toarray() if hasattr(y, "toarray") else y
        return X, self._encode(y), labels

    @property
    def _kind(self):
        """Kind of targets, "binary", "multiclass" or "multilabel", on which loss and outputs depend."""
        if self._label_binarizer.y_type_.startswith("multilabel"):
            return "multilabel"
        return "binary" if np.size(attribute(self, "classes_")) <= 2 else "multiclass"

    def _check_outputs(self, n_outputs):
        if self._kind == "multilabel" or n_outputs > 2:
            wanted = {n_outputs}
        else:
            wanted = {1, 2} if n_outputs == 1 else set()
        check_classes(self, n_outputs, wanted)

    def _check_known(self, y, all_of_them):
        check_order(self)
        classes = unique_labels(y)
        if all_of_them and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {classes}"
            )
        if np.setdiff1d(classes, self.classes_).size:
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _encode(self, y):
        if (y.ndim == 2) != (self._kind == "multilabel"):
            forms = "one label a sample", "indicators of several labels a sample"
            raise ValueError(
                f"The targets are {forms[y.ndim == 2]}, of shape {y.shape}, but the network was told of "
                f"{forms[y.ndim == 1]}."
            )
        if self._kind == "multilabel":
            encoded = self._label_binarizer.transform(y)
            encoded = encoded.toarray() if hasattr(encoded, "toarray") else encoded
            return np.ascontiguousarray(encoded, dtype=bool)
        classes = np.asarray(self.classes_)
        codes = number_labels(y, classes)
        return codes[:, None] == ([1] if self._kind == "binary" else np.arange(len(classes)))

    def _decode(self, y):
        if self._kind == "multilabel":
            return self._label_binarizer.inverse_transform(y.astype(int))
        if self._kind == "multiclass":
            return np.asarray(self.classes_)[y.argmax(axis=1)]
        numbers = np.minimum(y.ravel(), len(self.classes_) - 1)  # there may be only one class
        return np.asarray(self.classes_)[numbers]

    def _weigh(self, labels, sample_weight):
        return weigh_classes(self.class_weight, np.asarray(self.classes_), labels, sample_weight)

    def _for_classes(self, strategies):
        multiclass = self._kind == "multiclass"
        return strategies._replace(loss=strategies.loss.multiclass()) if multiclass else strategies

    def _label_codes(self, y):
        """Return the class numbers of encoded targets, an array for each label."""
        return [y.argmax(axis=1)] if self._kind == "multiclass" else list(y.T.astype(int))

    def _score_raw(self, network, raw, y, sample_weight):
        """Return the accuracy of raw predictions, which must be right in all labels of a sample."""
        if self._kind == "multiclass":
            right = raw.argmax(axis=1) == y.argmax(axis=1)
        else:
            right = ((raw > self._threshold()) == y).all(axis=1)
        return float(np.average(right, weights=sample_weight))

    def _threshold(self):
        return get_loss(self.loss, "classification").threshold

    def decision_function(self, X: Data) -> Array:
        """Compute raw scores, which are the outputs before the softmax or the logistic function.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
            Raw scores; with two classes, a positive score stands for ``classes_[1]``.
        """
        return self._as_scores(forward(self, X, linked=False))

    def predict(self, X: Data) -> Array:
        """Predict classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        return self._as_labels(forward(self, X, linked=False))

    def _has_probabilities(self):
        if not get_loss(self.loss, "classification").probabilities:
            raise AttributeError(f"predict_proba is not available with loss={self.loss!r}, which has no probabilities.")
        return True

    @available_if(lambda self: self._has_probabilities())
    def predict_proba(self, X: Data) -> Array:
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        return self._as_probabilities(forward(self, X))

    @available_if(lambda self: self._has_probabilities())
    def predict_log_proba(self, X: Data) -> Array:
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):  # the logarithm of 0 is -inf
            return np.log(probabilities, out=probabilities)

    # From the output layer to predictions

    def _as_scores(self, raw):
        raw -= raw.dtype.type(self._threshold())
        return raw.ravel() if self.n_outputs_ == 1 else raw

    def _as_labels(self, raw):
        return self._decode(raw if self._kind == "multiclass" else raw > self._threshold())

    def _as_probabilities(self, probabilities):
        if self.n_outputs_ == 1:
            return np.hstack([1 - probabilities, probabilities])
        return probabilities

    def _outcome(self, method):
        """Return whether a method uses the inverse link, and its function of the output layer."""
        if method == "predict_proba" and self._has_probabilities():
            return True, self._as_probabilities
        return {"predict": (False, self._as_labels), "decision_function": (False, self._as_scores)}.get(method)

    def __sklearn_tags__(self):
        """Declare support for several labels per sample."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
