"""The perceptron: a neuron for each class, with the perceptron rule or the delta rule."""

from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.linear_model._base import LinearClassifierMixin, SparseCoefMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import _check_partial_fit_first_call

from sknn_concepts._typing import Data
from sknn_concepts.activations import Activation
from sknn_concepts.callbacks.tasks import begin_fit
from sknn_concepts.estimators.arguments import ActivationLike, InitializerLike, LossLike, OptimizerLike, PrunerLike
from sknn_concepts.estimators.history import check_sample_count, curve_of
from sknn_concepts.estimators.linear_parameters import LinearParameters
from sknn_concepts.estimators.one_vs_rest import make_problems
from sknn_concepts.estimators.perceptron_choices import as_shape, choose
from sknn_concepts.estimators.perceptron_training import OvRTrainer, PerceptronFinetuner, make_config, warn_about_ending
from sknn_concepts.initializers import Initializer, get_initializer
from sknn_concepts.losses import Loss, PerceptronLoss
from sknn_concepts.optimizers import Optimizer
from sknn_concepts.pruning.loop import prune_steps
from sknn_concepts.pruning.validation_data import ValidationData, split
from sknn_concepts.training.result import INTERRUPTED
from sknn_concepts.validation import compat
from sknn_concepts.validation.constraints import Number, checked_again
from sknn_concepts.validation.data import canonical
from sknn_concepts.validation.fitted_network import check_labels, check_loss_weights
from sknn_concepts.validation.fitted_state import check_order
from sknn_concepts.validation.labels import find_classes


class Perceptron(LinearParameters, LinearClassifierMixin, SparseCoefMixin, BaseEstimator):
    """Perceptron classifier: one neuron for two classes, or one neuron for each class against the rest.

    With the parameters that scikit-learn's Perceptron has too, and the same `random_state`, the result is that of
    scikit-learn, step for step; the notes name the one exception.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"} or None, default=None
        Penalty on the weights.
    alpha : float, default=0.0001
        Strength of the penalty: alpha * (l1_ratio * sum |w| + (1 - l1_ratio) / 2 * sum w^2) per sample.
    l1_ratio : float, default=0.15
        Share of the L1 penalty for penalty="elasticnet".
    fit_intercept : bool, default=True
        Whether to learn the intercept; otherwise it stays 0, or what `intercept_init` makes it.
    max_iter : int, default=1000
        Maximum number of epochs. `partial_fit` makes one.
    tol : float or None, default=1e-3
        Smallest improvement of the mean loss, or of the score with early stopping, that counts; None makes all epochs.
    shuffle : bool, default=True
        Whether to shuffle the samples before each epoch.
    verbose : int, default=0
        Number k: every k-th epoch is printed. 0 prints nothing.
    eta0 : float, default=1.0
        Learning rate. The delta rule mostly needs a small one, such as 0.01.
    n_jobs : int or None, default=None
        Number of threads that share the neurons of the classes.
    random_state : int, RandomState instance or None, default=0
        Source of randomness for the shuffling and the validation split.
    early_stopping : bool, default=False
        Whether to stop when the score on held-out samples, a share `validation_fraction`, stops improving.
    validation_fraction : float, default=0.1
        Share of the samples to hold out.
    n_iter_no_change : int, default=5
        Number of consecutive epochs without improvement after which training stops.
    class_weight : dict, "balanced" or None, default=None
        Factors of the steps on the samples of each class; with more than two classes, for each class's own neuron.
    warm_start : bool, default=False
        Whether to start from the weights of the previous fit.
    average : bool or int, default=False
        Whether to average the weights (Freund and Schapire, 1999); an integer is the number of the sample to start at.
    loss : str or Loss, default="perceptron"
        Loss to minimize: a name in `sknn_concepts.losses.LOSSES` that serves classification, or an instance.
        "perceptron" is the perceptron rule, all others make it the delta rule: "squared_error" with
        activation="identity" is ADALINE, "log_loss" with activation="logistic" is logistic regression.
    activation : str or Activation, default="step"
        Activation of the neurons. "squared_error" compares its value with the targets -1 and 1, or with 0 and 1 for
        activations that are 1/2 at 0, such as "logistic". "log_loss" and "focal" require "logistic"; the margin losses
        "hinge" and "squared_hinge" require "identity".
    solver : {"perceptron", "sgd", "adam"} or Optimizer, default="perceptron"
        "perceptron" learns sample by sample. The others, names in `sknn_concepts.optimizers.OPTIMIZERS` or instances,
        learn in mini-batches; there `sample_weight` weighs the samples of a batch against each other.
    initializer : str, Initializer or callable, default="zeros"
        Initializer of the weights.
    batch_size : int or "auto", default="auto"
        Number of samples in a mini-batch; "auto" is min(200, n_samples).
    dtype : {"float32", "float64"} or None, default=None
        Data type of the weights; None is float32 for float32 samples and float64 for all others.
    pruning : str, Pruner or None, default=None
        Pruner to apply after training: a name in `sknn_concepts.pruning.PRUNERS`, or an instance such as
        ``MagnitudePruning(sparsity=0.5)``. A pruner with a limit is judged on `validation_fraction` of the samples,
        which are held out. `partial_fit` does not prune, and keeps removed weights at 0.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights; one row for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    classes_ : ndarray of shape (n_classes,)
        Classes; the neuron of two classes has the second as its positive class.
    n_iter_ : int
        Number of epochs, the largest over all neurons.
    t_ : float
        1 + n_iter_ * number of samples, and more after each `partial_fit`.
    loss_curve_ : list of float
        Mean loss of each epoch, summed over the neurons; a neuron that has stopped contributes its last loss.
    history_ : dict of str to ndarray of shape (n_epochs,)
        Measurements of each epoch: "loss" as in `loss_curve_`, "learning_rate" and "seconds", and with early stopping
        "validation_score", the mean over the neurons.
    masks_ : list of ndarray of bool
        One array shaped like ``coef_``, true for the weights that remain; only after pruning.
    intercept_masks_ : list of ndarray of bool
        One array shaped like ``intercept_``; only after pruning.
    n_weights_ : int
        Number of weights that remain.
    sparsity_ : float
        Share of the weights that are removed.
    pruning_history_ : list of dict
        Measurements before and after each step of pruning; see :func:`sknn_concepts.pruning.pruning_path`.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if they have names.

    See Also
    --------
    LogisticRegression : Linear classifier with probabilities.
    MLPClassifier : Network with hidden layers.

    Notes
    -----
    A sample of weight 0 is absent, and a whole-number weight counts how often a sample occurs: repeated samples give
    the same model. This requires an order of presentation that does not depend on how the samples are written down.
    Therefore, unless `shuffle` is False, counted samples, and samples whose repetitions are all adjacent, start from an
    order of their own, each distinct sample once with its count as the factor of its steps; scikit-learn gives
    another, equally valid, model there. All other samples are presented as scikit-learn presents them, and
    `partial_fit` always takes the samples as they come.

    References
    ----------
    F. Rosenblatt (1958), The perceptron, Psychological Review 65.

    B. Widrow and M. E. Hoff (1960), Adaptive switching circuits, IRE WESCON Convention Record 4.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_concepts import Perceptron
    >>> X, y = load_digits(return_X_y=True)
    >>> Perceptron().fit(X, y).score(X, y) > 0.93
    True
    """

    _parameter_constraints: dict = {
        "penalty": [StrOptions({"l2", "l1", "elasticnet"}), None],
        "alpha": [Number(0, None, closed="left")],
        "l1_ratio": [Number(0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Number(0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "eta0": [Number(0, None, closed=compat.ETA0_CLOSED)],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Number(0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "warm_start": ["boolean"],
        "average": [Interval(Integral, 0, None, closed="neither"), "boolean"],
        "loss": [str, Loss],
        "activation": [str, Activation],
        "solver": [str, Optimizer],
        "initializer": [str, Initializer, callable],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "dtype": "no_validation",
        "pruning": "no_validation",
    }

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
        average: Any = False,
        loss: LossLike = "perceptron",
        activation: ActivationLike = "step",
        solver: OptimizerLike = "perceptron",
        initializer: InitializerLike = "zeros",
        batch_size: int | str = "auto",
        dtype: Any = None,
        pruning: PrunerLike = None,
    ) -> None:
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.eta0 = eta0
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.average = average
        self.loss = loss
        self.activation = activation
        self.solver = solver
        self.initializer = initializer
        self.batch_size = batch_size
        self.dtype = dtype
        self.pruning = pruning

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: Data, y: Data, coef_init: Data = None, intercept_init: Data = None, sample_weight: Data = None
    ) -> Self:
        """Fit the neurons.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Classes.
        coef_init : array-like of shape (1, n_features) or (n_classes, n_features), default=None
            Initial weights.
        intercept_init : array-like of shape (1,) or (n_classes,), default=None
            Initial intercepts.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, multiplied by those of the classes.

        Returns
        -------
        self : object
            Fitted classifier.

        Raises
        ------
        ValueError
            If there is only one class, if initial parameters do not fit the data, or if weights overflow.
        """
        strategies = choose(self)
        task = begin_fit(self, X, y, sample_weight, sequential=False)
        fitted = self._copy()
        if self.warm_start and hasattr(self, "coef_"):
            coef, intercept = self._layer()
            coef_init = coef if coef_init is None else coef_init
            intercept_init = intercept if intercept_init is None else intercept_init
        pruner = strategies.pruner
        samples, y, sample_weight, held_out = split(self, pruner, X, y, sample_weight)
        X, y = fitted._check_data(samples, y, reset=True)
        fitted._initialize(X, find_classes(y), coef_init, intercept_init)
        problems = make_problems(
            fitted, strategies.negative_target, X, y, sample_weight, merge_repetitions=self.shuffle
        )
        reason = fitted._train(strategies, problems, self.max_iter, task=task)
        if pruner is not None and reason != INTERRUPTED:
            finetuner = PerceptronFinetuner(fitted, X, y, check_loss_weights(X, sample_weight))
            data = ValidationData(samples, y, finetuner.sample_weight)
            fitted = prune_steps(fitted, pruner, finetuner, data, held_out)
        if task is not None:
            task.end(vars(fitted))
        self._assign_attributes_of(fitted)
        return self

    @checked_again
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Data, y: Data, classes: Data = None, sample_weight: Data = None) -> Self:
        """Make one epoch over the samples, going on from where the last call ended.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Classes.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever occur; required in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, multiplied by those of the classes.

        Returns
        -------
        self : object
            Fitted classifier.

        Raises
        ------
        ValueError
            If parameters exclude it, if `classes` is missing in the first call or changes, or if weights overflow.
        """
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")
        strategies, fitted = choose(self), self._copy()
        X, y = fitted._check_data(X, y, reset=not hasattr(self, "classes_"))
        if _check_partial_fit_first_call(fitted, classes):
            fitted._initialize(X, fitted.classes_)
        check_order(fitted)
        unknown = np.setdiff1d(y, fitted.classes_)
        if unknown.size:
            raise ValueError(f"classes should include all valid labels that can be in y; it lacks {unknown.tolist()}.")
        problems = make_problems(fitted, strategies.negative_target, X, y, sample_weight)
        fitted._train(strategies, problems, max_iter=1, incremental=True)
        self._assign_attributes_of(fitted)
        return self

    def _check_data(self, X, y, reset):
        X, y = super()._check_data(X, y, reset)
        summed = canonical(X)
        # entries that are merely unsorted are added up in their order, as in scikit-learn
        return (summed if summed.size < X.size else X), y

    def _initialize(self, X, classes, coef=None, intercept=None):
        """Set the classes, and the parameters and counts with which training starts."""
        if len(classes) < 2:
            raise ValueError(f"The number of classes has to be greater than one; got {len(classes)} class")
        shape = (1 if len(classes) == 2 else len(classes), X.shape[1])
        if coef is None:
            coef = get_initializer(self.initializer).weights(check_random_state(self.random_state), *shape[::-1]).T
        intercept = np.zeros(shape[0]) if intercept is None else intercept
        self.classes_ = classes
        self.coef_ = as_shape("coef_init", coef, shape, X.dtype)
        self.intercept_ = as_shape("intercept_init", intercept, shape[:1], X.dtype)
        self.t_, self.loss_curve_, self.history_, self._class_count = 1.0, [], None, np.zeros(len(classes))
        self._solver_states = [None] * shape[0]
        if not self.warm_start:
            self._forget_pruning()

    def _train(self, strategies, problems, max_iter, incremental=False, task=None):
        """Train the neurons from their present weights; return why the training stopped."""
        check_sample_count(self, 1)
        curve, from_zero = curve_of(self, "loss_curve_") or [], abs(self._layer()[0]).max() == 0
        result = OvRTrainer(self, strategies, problems, max_iter, task).train()
        history, self._solver_states = result.history, result.optimizer_state
        self.coef_ = np.ascontiguousarray(result.parameters[:, :-1])
        self.intercept_ = result.parameters[:, -1].copy()
        self.n_iter_, self.t_, self.loss_curve_ = history.n_iter, history.t, curve + history.loss_curve
        self.history_, self._class_count = history.history, problems.class_count
        warn_about_ending(self, strategies, problems, result.stop_reason, None if incremental else max_iter, from_zero)
        return result.stop_reason

    def _problem(self, total_weight):
        """See :meth:`LinearParameters._network_over`."""
        strategies, config = choose(self), make_config(self)
        negative_target = 0.0 if isinstance(strategies.loss, PerceptronLoss) else strategies.negative_target
        l2, l1 = config.alpha * (1.0 - config.l1_ratio), config.alpha * config.l1_ratio
        return strategies.activation, strategies.loss, negative_target, (l2, 0.0), (l1, 0.0)  # none of intercepts

    def _make_finetuner(self, X, y, sample_weight):
        """See :class:`sknn_concepts.pruning.protocol.PrunableEstimator`."""
        X, y = self._check_data(X, y, reset=False)
        check_labels(self, y)
        return PerceptronFinetuner(self, X, y, check_loss_weights(X, sample_weight))

    def _pruned_copy(self, parameters, mask, history):
        copied = super()._pruned_copy(parameters, mask, history)
        if mask is not None:
            copied._solver_states = [None] * len(self.intercept_)  # those of other weights
        return copied

    def __sklearn_tags__(self):
        """Sparse samples are supported."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
