"""The perceptron: a neuron for each class, with the perceptron rule or the delta rule."""

from numbers import Integral

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model._base import LinearClassifierMixin, SparseCoefMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_concepts._warnings import warn
from sknn_concepts.activations import Activation
from sknn_concepts.estimators.lesson import make_lesson
from sknn_concepts.estimators.linear_parameters import LinearParameters
from sknn_concepts.estimators.neuron_batches import InBatches
from sknn_concepts.estimators.neuron_pruned import OnSurvivingFeatures, Relearning
from sknn_concepts.estimators.neuron_samples import SampleBySample
from sknn_concepts.estimators.perceptron_choices import choose
from sknn_concepts.estimators.sample_order import present
from sknn_concepts.estimators.undo import all_or_nothing
from sknn_concepts.initializers import Initializer, get_initializer
from sknn_concepts.losses import Loss, PerceptronLoss
from sknn_concepts.network.threads import WorkerThreads
from sknn_concepts.optimizers import Optimizer
from sknn_concepts.pruning.loop import prune_steps, split
from sknn_concepts.training.resumed import check_clock, check_curves
from sknn_concepts.training.scale import tell_of_dwarfs
from sknn_concepts.validation import compat
from sknn_concepts.validation.constraints import Number, checked_again
from sknn_concepts.validation.data import canonical, check_form, check_weights, contiguous, network_dtype
from sknn_concepts.validation.fitted import check_order, numbers
from sknn_concepts.validation.fitted_network import open_linear
from sknn_concepts.validation.labels import find_classes
from sknn_concepts.validation.threads import allowed_threads


class Perceptron(LinearParameters, LinearClassifierMixin, SparseCoefMixin, BaseEstimator):
    """Perceptron classifier: one neuron, or one for each class against the rest.

    With the parameters that scikit-learn's Perceptron has too, and the same `random_state`, the result is that of
    scikit-learn, step for step; see the notes for the one exception.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"} or None, default=None
        Penalty on the weights.
    alpha : float, default=0.0001
        Strength of the penalty: alpha * (l1_ratio * sum |w| + (1 - l1_ratio) / 2 * sum w^2) a sample.
    l1_ratio : float, default=0.15
        Share of the L1 penalty for penalty="elasticnet".
    fit_intercept : bool, default=True
        Learn the intercept; otherwise it stays 0, or what `intercept_init` makes it.
    max_iter : int, default=1000
        Largest number of passes over the samples. `partial_fit` makes one.
    tol : float or None, default=1e-3
        Training ends when the mean loss, or with early stopping the score, improves by less than `tol` in
        `n_iter_no_change` consecutive passes; None makes all passes.
    shuffle : bool, default=True
        Shuffle the samples before each pass.
    verbose : int, default=0
        Print the progress of each pass.
    eta0 : float, default=1.0
        Length of a step. The delta rule mostly needs a small one, such as 0.01.
    n_jobs : int or None, default=None
        Threads over which the neurons of the classes are spread.
    random_state : int, RandomState instance or None, default=0
        Of the shuffling and the validation split.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the samples and stop when the score on them improves no more.
    validation_fraction : float, default=0.1
        Share of the samples to hold out.
    n_iter_no_change : int, default=5
        Passes without improvement after which training ends.
    class_weight : dict, "balanced" or None, default=None
        Factor of the steps on the samples of each class; for more than two classes, of each class's own neuron.
    warm_start : bool, default=False
        Start from the weights of the last fit.
    average : bool or int, default=False
        Give the average of the weights after every sample (Freund and Schapire, 1999); a number is that of the sample
        from which on to average.
    loss : str or Loss, default="perceptron"
        What the neuron makes small; a name of `sknn_concepts.losses.LOSSES` that serves classification, or
        an instance. "perceptron" is the perceptron rule, all others make it the delta rule: "squared_error" with
        activation="identity" is ADALINE, "log_loss" with activation="logistic" is logistic regression.
    activation : str or Activation, default="step"
        Of the neuron. "squared_error" compares its value with the targets -1 and 1, or with 0 and 1 where its value at
        0 is 1/2, as that of "logistic". Losses with an activation of their own ("log_loss", "focal") need that one,
        "logistic"; losses of the margin ("hinge", "squared_hinge") need "identity".
    solver : {"perceptron", "sgd", "adam"} or Optimizer, default="perceptron"
        "perceptron" learns sample by sample. The others, names of `sknn_concepts.optimizers.OPTIMIZERS` or
        instances, learn in batches; there `sample_weight` weighs the samples of a batch against each other.
    initializer : str, Initializer or callable, default="zeros"
        Of the weights.
    batch_size : int or "auto", default="auto"
        Samples of a step of the solvers that learn in batches; "auto" is min(200, n_samples).
    dtype : {"float32", "float64"} or None, default=None
        Of the weights; None is float32 for float32 samples and float64 for all others.
    pruning : str, Pruner or None, default=None
        What is removed after training: a name of `sknn_concepts.pruning.PRUNERS`, or an instance such as
        ``MagnitudePruning(sparsity=0.5)``. A pruner with a limit holds out `validation_fraction` of the samples to
        judge by. `partial_fit` does not prune, and leaves alone what is removed.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights; one row for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    classes_ : ndarray of shape (n_classes,)
        Classes; the neuron of two classes tells the second from the first.
    n_iter_ : int
        Passes made, the largest number over all neurons.
    t_ : float
        1 + n_iter_ * number of samples, and more after each `partial_fit`.
    loss_curve_ : list of float
        Mean loss of each pass, summed over the neurons; one that has stopped keeps its last.
    masks_ : list of ndarray of bool
        One array shaped like ``coef_``: the weights that are left; only with a pruner, as all up to `pruning_history_`.
    intercept_masks_ : list of ndarray of bool
        One array shaped like ``intercept_``.
    n_weights_ : int
        Weights that are left.
    sparsity_ : float
        Share of the weights that are removed.
    pruning_history_ : list of dict
        What the steps of pruning did, the model before them first; see :func:`sknn_concepts.pruning.pruning_path`.
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where they have some.

    See Also
    --------
    LogisticRegression : Linear classifier with probabilities.
    MLPClassifier : Network with hidden layers.

    Notes
    -----
    A sample of weight 0 is not there, and a weight that is a whole number counts how often a sample is there: the same
    model comes out of repeated samples. That takes an order of presentation that does not depend on how the samples are
    written down. So, unless `shuffle` is False, counted samples, and samples whose repetitions all stand next to each
    other, start from an order of their own, each distinct sample once with its count as factor of its steps;
    scikit-learn gives another, equally valid, model there. All other samples are presented as scikit-learn presents
    them, weights that are no whole numbers included. `partial_fit` always takes the samples as they come.

    References
    ----------
    F. Rosenblatt (1958), The perceptron, Psychological Review 65.

    B. Widrow and M. E. Hoff (1960), Adaptive switching circuits, IRE WESCON Convention ArrayStruct 4.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_concepts import Perceptron
    >>> X, y = load_digits(return_X_y=True)
    >>> Perceptron().fit(X, y).score(X, y) > 0.93
    True
    """

    _pruned_state = (
        *LinearParameters._pruned_state,
        *("_memories", "_class_count", "loss_curve_", "n_iter_", "t_"),
    )

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
        penalty=None,
        alpha=0.0001,
        l1_ratio=0.15,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        shuffle=True,
        verbose=0,
        eta0=1.0,
        n_jobs=None,
        random_state=0,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        class_weight=None,
        warm_start=False,
        average=False,
        loss="perceptron",
        activation="step",
        solver="perceptron",
        initializer="zeros",
        batch_size="auto",
        dtype=None,
        pruning=None,
    ):
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
    @all_or_nothing
    def fit(self, X, y, coef_init=None, intercept_init=None, sample_weight=None):
        """Fit the neurons.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Classes.
        coef_init : array-like of shape (1, n_features) or (n_classes, n_features), default=None
            Weights to start from.
        intercept_init : array-like of shape (1,) or (n_classes,), default=None
            Intercepts to start from.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, multiplied with those of their classes.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If there is only one class, if what to start from does not fit the data, or if weights overflow.
        """
        choices = choose(self)
        before = self._layer() if self.warm_start and hasattr(self, "coef_") else (None, None)
        pruner, held_out = choices.pruner, None
        if pruner is not None and pruner.has_limit:
            X, y, sample_weight, held_out = split(self, X, y, sample_weight)
        samples = X
        X, y = self._check_data(X, y, reset=True)
        classes = find_classes(y)
        _check_classes(classes)
        coef_init = before[0] if coef_init is None else coef_init
        intercept_init = before[1] if intercept_init is None else intercept_init
        self.classes_ = classes
        self._start(X, coef_init, intercept_init)
        rows, weights, counts = present(X, y, check_weights(sample_weight, X), self.shuffle)
        interrupted = self._learn(choices, X, y, rows, weights, counts, self.max_iter)
        if pruner is not None and not interrupted:
            training = Relearning(self, X, y, sample_weight)
            prune_steps(self, pruner, (samples, y, training.sample_weight), held_out, training)
        return self

    def _open(self, X, y, sample_weight):
        """The fitted neurons and samples, for :func:`sknn_concepts.validation.fitted_network.open_network`."""
        choices = choose(self)
        low = 0.0 if isinstance(choices.loss, PerceptronLoss) else choices.low
        l1_ratio = {None: 0.0, "l2": 0.0, "l1": 1.0, "elasticnet": self.l1_ratio}[self.penalty]
        alpha = 0.0 if self.penalty is None else self.alpha
        return open_linear(
            self,
            X,
            y,
            sample_weight,
            choices.activation,
            choices.loss,
            low,
            l2=lambda total: np.array([(1.0 - l1_ratio) * alpha, 0.0]),
            l1=lambda total: np.array([l1_ratio * alpha, 0.0]),
        )

    def _refitting(self, X, y, sample_weight):
        """The fitted neurons and samples to train them further."""
        check_is_fitted(self)
        return Relearning(self, *self._check_data(X, y, reset=False), sample_weight)

    @checked_again
    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Make one pass over the samples, going on from where the last call ended.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Classes.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever be seen; needed in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, multiplied with those of their classes.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If parameters exclude it, if `classes` is missing in the first call or changes, or if weights overflow.
        """
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")
        choices = choose(self)
        X, y = self._check_data(X, y, reset=not hasattr(self, "classes_"))
        if _check_partial_fit_first_call(self, classes):
            _check_classes(self.classes_)
            self._start(X, None, None)
        check_order(self)
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise ValueError(f"classes should include all valid labels that can be in y; it lacks {unknown.tolist()}.")
        sample_weight = check_weights(sample_weight, X)
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        rows = np.flatnonzero(weights)
        self._learn(choices, X, y, rows, weights[rows], None, 1, incremental=True)
        return self

    def _check_data(self, X, y, reset):
        dtype = [np.float64, np.float32] if self.dtype is None else network_dtype(X, self.dtype)
        if not reset:
            dtype = self._layer()[0].dtype
        check_form(X)
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=dtype, order="C", reset=reset)
        check_classification_targets(y)
        X = contiguous(X)
        summed = canonical(X)
        # numbers that are merely not in order are added up as they come, as scikit-learn does
        return (summed if summed.size < X.size else X), y

    def _start(self, X, coef_init, intercept_init):
        """Set the parameters from which learning starts."""
        n_neurons = 1 if len(self.classes_) == 2 else len(self.classes_)
        shape = (n_neurons, X.shape[1])
        if coef_init is None:
            random_state = check_random_state(self.random_state)
            coef_init = get_initializer(self.initializer).weights(random_state, *shape[::-1]).T
        if intercept_init is None:
            intercept_init = np.zeros(n_neurons)
        self.coef_ = _reshape("coef_init", coef_init, shape, X.dtype)
        self.intercept_ = _reshape("intercept_init", intercept_init, (n_neurons,), X.dtype)
        self.t_ = 1.0
        self.loss_curve_ = []
        self._class_count = np.zeros(len(self.classes_))
        if not self.warm_start:
            for name in ("masks_", "intercept_masks_", "pruning_history_"):
                vars(self).pop(name, None)
        self._forget()

    def _forget(self):
        self._memories = [None] * len(self.intercept_)

    def _keep(self, alive):
        super()._keep(alive)
        self._forget()  # it may have moved by itself where it was

    def _learn(self, choices, X, y, rows, weights, counts, max_iter, incremental=False):
        """Let all neurons learn from some rows, in up to `max_iter` passes; say whether Ctrl-C ended that."""
        coef, intercept = self._layer()
        if X.shape[1] != coef.shape[1]:
            raise ValueError(f"X has {X.shape[1]} features, and coef_ of shape {coef.shape} takes {coef.shape[1]}.")
        check_clock(self, 1)
        check_curves(self)
        lesson = make_lesson(self, choices, X, y, rows, weights, counts)
        way = (SampleBySample if choices.optimizer is None else InBatches)(self, choices, lesson, max_iter)
        if self._alive() is not None:
            (mask,), (intercept_mask,) = self._masks()
            way = OnSurvivingFeatures(way, mask, intercept_mask)
        coef = np.ascontiguousarray(coef.toarray() if scipy.sparse.issparse(coef) else coef)
        memories = vars(self).get("_memories")
        if not isinstance(memories, list) or len(memories) != len(coef):
            self._forget()
        crew = WorkerThreads(allowed_threads(self.n_jobs))
        outcomes = crew.share(way.learn, range(len(coef)), coef, intercept, self._memories, halt=lesson.halt)
        self._memories = [outcome.memory for outcome in outcomes]
        curves = [outcome.curve for outcome in outcomes if outcome.curve]
        n_passes = max(map(len, curves), default=0)
        self.loss_curve_ += [sum(curve[min(i, len(curve) - 1)] for curve in curves) for i in range(n_passes)]
        self.n_iter_ = max(1, n_passes)
        self.t_ += self.n_iter_ * len(rows)
        found = [(outcome.w, outcome.intercept) for outcome in outcomes]
        if self.average and self.average < self.t_:
            found = [(path.average_w, path.average_intercept) for path in self._memories]
        self.coef_, self.intercept_ = (np.array(part, coef.dtype) for part in zip(*found, strict=True))
        diverged = any(outcome.diverged for outcome in outcomes)
        message, category = self._complaint(choices, lesson, diverged, max_iter, incremental)
        if message:
            warn(message, category)
        return lesson.halt.is_set()

    def _complaint(self, choices, lesson, diverged, max_iter, incremental):
        """What is to be said about the end of learning, once for all neurons."""
        if lesson.halt.is_set():
            return "Training interrupted by user.", UserWarning
        if self._overflows(lesson.X):
            return (
                f"Predictions overflow: the weights go up to {np.abs(self.coef_).max():.3g}. Scale the features, or "
                f"lower eta0 (now {self.eta0:g})."
            ), ConvergenceWarning
        if diverged or (not incremental and self._is_worse_than_nothing(choices)):
            return (
                "The loss grew instead of falling; the weights are the last finite ones. Lower eta0 (now "
                f"{self.eta0:g}) or scale the features."
            ), ConvergenceWarning
        if not incremental and self.tol is not None and self.n_iter_ == max_iter:
            return (
                "Maximum number of iteration reached before convergence. Consider increasing max_iter to improve the "
                f"fit. It is {max_iter} now; raising tol or scaling the features may do, too."
                + ("" if choices.delta else " Where no hyperplane separates the classes, average=True helps.")
            ), ConvergenceWarning
        if not incremental and self.loss_curve_ and self.loss_curve_[-1] > 0.0:
            return tell_of_dwarfs(lesson.X), ConvergenceWarning
        return None, None

    def _overflows(self, X):
        """Whether weights are so large that they make infinite scores of the samples."""
        if not np.abs(self.coef_).max(initial=0.0) > np.sqrt(np.finfo(self.coef_.dtype).max):
            return False
        with np.errstate(over="ignore", invalid="ignore"):
            return not np.isfinite(safe_sparse_dot(X, self.coef_.T) + self.intercept_).all()

    def _is_worse_than_nothing(self, choices):
        """Whether the delta rule ended far above the loss of neurons without weights."""
        if not choices.delta or not self.loss_curve_:
            return False
        without_weights = choices.loss.loss(1.0, choices.activation.value(0.0)) * len(self.intercept_)
        return without_weights > 0.0 and not self.loss_curve_[-1] <= 2.0 * without_weights  # nor NaN

    def __sklearn_tags__(self):
        """Sparse samples are taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _reshape(name, array, shape, dtype):
    array = np.array(numbers(name, array.toarray() if scipy.sparse.issparse(array) else array), dtype)
    if array.size != np.prod(shape) or (shape[0] > 1 and array.shape != shape):
        raise ValueError(f"Provided {name} does not match dataset: its shape is {array.shape}, not {shape}.")
    return array.reshape(shape)


def _check_classes(classes):
    if len(classes) < 2:
        raise ValueError(f"The number of classes has to be greater than one; got {len(classes)} class")
