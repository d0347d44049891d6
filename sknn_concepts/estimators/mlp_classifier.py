"""The multilayer perceptron for classification."""

import numpy as np
import sklearn.neural_network
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import column_or_1d

from sknn_concepts.estimators.multilayer import BaseMultilayerPerceptron
from sknn_concepts.estimators.undo import all_or_nothing
from sknn_concepts.losses import get_loss
from sknn_concepts.training.early_stopping import pair_up
from sknn_concepts.validation import compat
from sknn_concepts.validation.constraints import checked_again
from sknn_concepts.validation.data import check_samples, check_weights, weigh_classes
from sknn_concepts.validation.fitted import attribute, check_classes, check_order
from sknn_concepts.validation.labels import find_classes, number_labels


class MLPClassifier(ClassifierMixin, BaseMultilayerPerceptron):
    """Multilayer perceptron classifier, trained by compiled kernels.

    With the parameters that scikit-learn's classifier of this name has too, and the same `random_state`, the result is
    scikit-learn's; the other parameters are choices that it never gave.

    Parameters
    ----------
    hidden_layer_sizes : int, sequence of int or str, default=(100,)
        Units of each hidden layer; a string such as ``"128-64"`` lets a tuner vary the architecture. ``()`` or ``""``
        is the linear model.
    activation : str, Activation or list of these, default="relu"
        Of the hidden layers, a list gives each its own. A name of `sknn_concepts.activations.ACTIVATIONS`,
        or an instance, one of your own included.
    solver : str or Optimizer, default="adam"
        "lbfgs", a name of `sknn_concepts.optimizers.OPTIMIZERS`, or an instance.
    alpha : float, default=0.0001
        Strength of the penalty, which is divided by the samples' weight: each batch's loss has
        alpha / weight * ((1 - l1_ratio) / 2 ||W||_2^2 + l1_ratio ||W||_1) added. Intercepts are free.
    batch_size : int or "auto", default="auto"
        Samples of a step of the stochastic solvers; "auto" is min(200, n_samples).
    learning_rate : str or Schedule, default="constant"
        A name of `sknn_concepts.schedules.SCHEDULES`, or an instance. As in scikit-learn, solver="adam"
        ignores the names "invscaling" and "adaptive"; pass an instance to have them.
    learning_rate_init : float, default=0.001
        Initial, or largest, learning rate.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Passes over the data; iterations of lbfgs.
    shuffle : bool, default=True
        Shuffle the samples before each pass.
    random_state : int, RandomState instance or None, default=None
        Of initial weights, splits, shuffling and dropout. The same seed gives the model that scikit-learn gives.
    tol : float, default=1e-4
        Training ends when the loss, or the validation score, improves by less than `tol` in more than
        `n_iter_no_change` consecutive passes. For lbfgs, the largest gradient entry at which it ends.
    verbose : bool, default=False
        Print the loss of each pass.
    warm_start : bool, default=False
        Start from the weights of the last fit.
    momentum : float, default=0.9
        Of solver="sgd".
    nesterovs_momentum : bool, default=True
        Of solver="sgd".
    early_stopping : bool, default=False
        Stop on held-out samples and restore the best weights: those of `X_val`, or `validation_fraction` of the
        training data. In `partial_fit` it needs `X_val` and counts calls; when patience runs out, the best weights
        are restored, and further calls go on from them. lbfgs ignores it.
    validation_fraction : float, default=0.1
        Share of the training data to hold out.
    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay of the moments of adam and its kin.
    epsilon : float, default=1e-8
        Added to the root by adam and its kin.
    n_iter_no_change : int, default=10
        Passes without improvement that are tolerated.
    max_fun : int, default=15000
        Loss evaluations of lbfgs.
    loss : str or Loss, default="log_loss"
        A name of `sknn_concepts.losses.LOSSES` that serves classification, or an instance. More than two
        classes that exclude each other share a softmax with "log_loss" and "focal", and are trained each against the
        rest otherwise.
    initializer : str, Initializer or callable, default="auto"
        A name of `sknn_concepts.initializers.INITIALIZERS`, an instance, or a function
        ``(random_state, fan_in, fan_out) -> weights``. "auto" draws what scikit-learn draws.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, multiplied with `sample_weight`; a list of dicts for several labels. "balanced" gives
        the classes of each call of fit, or of partial_fit, the same weight.
    l1_ratio : float, default=0.0
        Share of the L1 penalty in `alpha`. Only lbfgs makes weights exactly zero with it.
    dropout : float, default=0.0
        Probability with which a hidden unit is left out of a step.
    max_norm : float or None, default=None
        Largest norm of the incoming weights of a unit.
    max_grad_norm : float or None, default=None
        Norm to which larger gradients are scaled down.
    early_stopping_scoring : str, callable or None, default=None
        What early stopping watches: None for `score`, "loss" for the validation loss, or anything that scikit-learn
        takes as `scoring`.
    dtype : {"float32", "float64"} or None, default=None
        Of the network; None is float32 for float32 samples and float64 for all others.
    n_jobs : int or None, default=None
        Threads. Predictions of many rows are shared by so many (None is 1 unless in a `joblib.parallel_config`
        context, -1 is all processors). If it is given, training is shared too: the batches of large networks, and the
        gradient of lbfgs, are cut into fixed runs of samples, so that the result does not depend on the number of
        threads; it differs from that of None by rounding.
    connectivity : None, float or list of array-like, default=None
        Connections of a network that is sparse from the start: all of them, a share in (0, 1] of each layer's drawn at
        random (each unit has one at least), or a mask of shape (fan_in, fan_out) for each layer. The others are
        removed: 0, now and for good.
    pruning : str, Pruner or None, default=None
        What is removed after training: a name of `sknn_concepts.pruning.PRUNERS`, or an instance such as
        ``OptimalBrainDamage(sparsity=0.9)``. A pruner with a limit holds out `validation_fraction` of the samples to
        judge by, unless there is `X_val`. `partial_fit` does not prune, and leaves alone what is removed.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Classes.
    coefs_ : list of ndarray of shape (fan_in, fan_out)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (fan_out,)
        Intercepts of each layer.
    loss_ : float
        Loss of the last pass, with the penalty.
    best_loss_ : float or None
        Smallest loss; None with early stopping. Stochastic solvers only, as all up to `best_validation_score_`.
    loss_curve_ : list of float
        Loss of each pass.
    validation_scores_ : list of float or None
        Score on the held-out samples after each pass.
    validation_loss_curve_ : list of float
        Loss, without penalty, on the held-out samples after each pass; only where samples are held out.
    best_validation_score_ : float or None
        Largest validation score.
    n_iter_ : int
        Passes made, or iterations of lbfgs.
    t_ : int
        Samples seen.
    masks_ : list of ndarray of bool of shape (fan_in, fan_out)
        Weights that are left; only with `connectivity` or a pruner, as all up to `pruning_history_`.
    intercept_masks_ : list of ndarray of bool of shape (fan_out,)
        Intercepts that are left.
    n_weights_ : int
        Weights that are left.
    sparsity_ : float
        Share of the weights that are removed.
    pruning_history_ : list of dict
        What the steps of pruning did, the network before them first; see :func:`sknn_concepts.pruning.pruning_path`.
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where they have some.
    n_layers_ : int
        Layers, input and output included.
    n_outputs_ : int
        Output units.
    out_activation_ : str
        Name of the output's activation.

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
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        loss="log_loss",
        initializer="auto",
        class_weight=None,
        l1_ratio=0.0,
        dropout=0.0,
        max_norm=None,
        max_grad_norm=None,
        early_stopping_scoring=None,
        dtype=None,
        n_jobs=None,
        connectivity=None,
        pruning=None,
    ):
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

    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples; sparse ones are never made dense, memory maps are read batch by batch.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or indicators of several labels a sample.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; weight 2 counts as the sample twice.
        X_val : {array-like, sparse matrix} of shape (n_held_out, n_features), default=None
            Validation samples, for `validation_loss_curve_` and early stopping; not with lbfgs.
        y_val : array-like, default=None
            Their targets.
        sample_weight_val : array-like of shape (n_held_out,), default=None
            Their weights.

        Returns
        -------
        self : object
            The fitted network.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or two exclude each other. If X, y, weights and validation data do not
            fit together, or all weights are 0. If only one of `X_val` and `y_val` is given, or both are with lbfgs and
            no pruner. If a split, for early stopping or a pruner, leaves too few samples on one side, or none with
            weight. If there is a pruner and a weight is negative. If `y_val` has classes that `y` has not. If a warm
            start would change the architecture or the classes.
        """
        return self._fit(X, y, sample_weight, pair_up(X_val, y_val, sample_weight_val))

    @available_if(lambda self: self._can_partial_fit())
    @compat.as_installed(sklearn.neural_network.MLPClassifier.partial_fit)
    @checked_again
    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def partial_fit(self, X, y, sample_weight=None, classes=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Make one pass over the samples, going on from where the last call ended.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples; sparse ones are never made dense, memory maps are read batch by batch.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or indicators of several labels a sample.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; weight 2 counts as the sample twice.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever be seen; needed in the first call.
        X_val : {array-like, sparse matrix} of shape (n_held_out, n_features), default=None
            Validation samples, for `validation_loss_curve_` and early stopping; not with lbfgs.
        y_val : array-like, default=None
            Their targets.
        sample_weight_val : array-like of shape (n_held_out,), default=None
            Their weights.

        Returns
        -------
        self : object
            The fitted network.

        Raises
        ------
        AttributeError
            If solver="lbfgs", which makes no passes.
        ValueError
            If a parameter is out of its range, or two exclude each other. If X, y, weights and validation data do not
            fit together, or all weights are 0. If only one of `X_val` and `y_val` is given, or none of them for early
            stopping. If `classes` is missing in the first call or changes, or lacks one of `y` or `y_val`. If the
            architecture would change.
        """
        if not hasattr(self, "classes_"):
            self._choose_for_training()  # bad arguments are told before missing classes
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer().fit(y) if type_of_target(y).startswith("multilabel") else None
        validation_data = pair_up(X_val, y_val, sample_weight_val)
        self._train(self._choose_for_training(), X, y, sample_weight, validation_data, incremental=True)
        return self

    def _check_targets(self, X, y, incremental, reset):
        X, y = check_samples(self, X, y, reset=reset, multi_output=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._learn_classes(y)
        else:
            self._check_known(y, all_of_them=self.warm_start and not incremental)
        labels = y.toarray() if hasattr(y, "toarray") else y
        return X, self._encode(y), labels

    def _learn_classes(self, y):
        if y.ndim == 2:
            check_classification_targets(y)
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
            return
        self._label_binarizer = None
        # whole numbers are classes; to look what they are would cost passes over them
        whole = y.dtype.kind in "biu"
        if whole:
            self.classes_ = find_classes(y)
        if not whole or 2 * len(self.classes_) > len(y):  # with so many, it warns that this looks like a regression
            check_classification_targets(y)
            self.classes_ = unique_labels(y)

    @property
    def _kind(self):
        """What is told apart: "binary", "multiclass", or "multilabel"; it decides about loss and outputs."""
        if self._label_binarizer is not None:
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
        return np.asarray(self.classes_)[np.minimum(y.ravel(), len(self.classes_) - 1)]  # there may be one class

    def _check_validation_data(self, X_val, y_val, sample_weight_val):
        X_val, y_val = check_samples(self, X_val, y_val, reset=False, multi_output=True)
        if y_val.ndim == 2 and y_val.shape[1] == 1:
            y_val = column_or_1d(y_val, warn=True)
        self._check_known(y_val, all_of_them=False)
        return X_val, self._encode(y_val), check_weights(sample_weight_val, X_val, "sample_weight_val")

    def _weigh(self, labels, sample_weight):
        return weigh_classes(self.class_weight, np.asarray(self.classes_), labels, sample_weight)

    def _for_classes(self, strategies):
        multiclass = self._kind == "multiclass"
        return strategies._replace(loss=strategies.loss.multiclass()) if multiclass else strategies

    def _is_stratified(self, y):
        return y.shape[1] == 1  # as scikit-learn: only two classes are stratified

    def _label_codes(self, y):
        """Numbers of the classes in encoded targets, an array for each label."""
        return [y.argmax(axis=1)] if self._kind == "multiclass" else list(y.T.astype(int))

    def _score_raw(self, machine, raw, y, sample_weight):
        """Accuracy of raw predictions, of whole label sets where there are several labels."""
        if self._kind == "multiclass":
            right = raw.argmax(axis=1) == y.argmax(axis=1)
        else:
            right = ((raw > self._threshold()) == y).all(axis=1)
        return float(np.average(right, weights=sample_weight))

    def _threshold(self):
        return get_loss(self.loss, "classification").threshold

    def decision_function(self, X):
        """Raw scores: the output layer before the softmax or the logistic function.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
            A positive score of two classes is for ``classes_[1]``.
        """
        return self._as_scores(self._forward(X, linked=False))

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        return self._as_labels(self._forward(X, linked=False))

    def _has_probabilities(self):
        if not get_loss(self.loss, "classification").probabilities:
            raise AttributeError(f"predict_proba is not available with loss={self.loss!r}, which has no probabilities.")
        return True

    @available_if(lambda self: self._has_probabilities())
    def predict_proba(self, X):
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._as_probabilities(self._forward(X))

    @available_if(lambda self: self._has_probabilities())
    def predict_log_proba(self, X):
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):  # the logarithm of 0 is -inf
            return np.log(probabilities, out=probabilities)

    # What the methods make of the output layer.

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
        """Whether a method wants the inverse link, and what it makes of the output layer."""
        if method == "predict_proba" and self._has_probabilities():
            return True, self._as_probabilities
        return {"predict": (False, self._as_labels), "decision_function": (False, self._as_scores)}.get(method)

    def __sklearn_tags__(self):
        """Several labels a sample are taken."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
