"""The perceptron: a neuron for each class, with the perceptron rule or the delta rule."""

import threading
import warnings
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model._base import LinearClassifierMixin, SparseCoefMixin
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import validate_data

from sknn_concepts.engine.neuron import Rule, make_neuron, make_samples, plug_loss, train
from sknn_concepts.engine.online import AVERAGE_INTERCEPT, INTERCEPT, fold
from sknn_concepts.estimators.data import check_weights, network_dtype
from sknn_concepts.estimators.neuron_batches import train_in_batches
from sknn_concepts.estimators.presentation import present
from sknn_concepts.strategies.activations import Activation, Identity, Logistic, Step, get_activation
from sknn_concepts.strategies.initializers import Initializer, get_initializer
from sknn_concepts.strategies.losses import Loss, PerceptronLoss, get_loss
from sknn_concepts.strategies.optimizers import OPTIMIZERS, Optimizer, get_optimizer

#: Factor of the intercept's steps on sparse samples, whose features are seldom there while the intercept always is.
SPARSE_INTERCEPT_RATE = 0.01

LARGEST_SEED = np.iinfo(np.int32).max


class Choices(NamedTuple):
    """What the arguments of a perceptron stand for."""

    loss: Loss
    activation: Activation
    optimizer: Optimizer | None  # None for learning sample by sample
    delta: bool  # by the delta rule
    low: float  # target of the samples that are not of the neuron's class, which have 1


class Lesson(NamedTuple):
    """What all neurons learn from."""

    X: np.ndarray | scipy.sparse.csr_matrix
    weights: np.ndarray  # of all samples
    rows: np.ndarray
    held_out: np.ndarray
    rule: Rule
    seeds: list
    max_iter: int
    halt: threading.Event


class Perceptron(LinearClassifierMixin, SparseCoefMixin, BaseEstimator):
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
        Learn the intercept; otherwise it stays 0.
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
        What the neuron makes small; a name of `sknn_concepts.strategies.losses.LOSSES` that serves classification, or
        an instance. "perceptron" is the perceptron rule, all others make it the delta rule: "squared_error" with
        activation="identity" is ADALINE, "log_loss" with activation="logistic" is logistic regression.
    activation : str or Activation, default="step"
        Of the neuron. "squared_error" compares its value with the targets -1 and 1, or with 0 and 1 where its value at
        0 is 1/2, as that of "logistic". Losses with an activation of their own ("log_loss", "focal") need that one,
        "logistic"; losses of the margin ("hinge", "squared_hinge") need "identity".
    solver : {"perceptron", "sgd", "adam"} or Optimizer, default="perceptron"
        "perceptron" learns sample by sample. The others, names of `sknn_concepts.strategies.optimizers.OPTIMIZERS` or
        instances, learn in batches; there `sample_weight` weighs the samples of a batch against each other.
    initializer : str, Initializer or callable, default="zeros"
        Of the weights.
    batch_size : int or "auto", default="auto"
        Samples of a step of the solvers that learn in batches; "auto" is min(200, n_samples).
    dtype : {"float32", "float64"} or None, default=None
        Of the weights; None is float32 for float32 samples and float64 for all others.
    pruning : None, default=None
        Reserved.

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
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "eta0": [Interval(Real, 0, None, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
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
        choices = self._choose()
        X, y = self._check_data(X, y, reset=True)
        classes = np.unique(y)
        if len(classes) < 2:
            raise ValueError(f"The number of classes has to be greater than one; got {len(classes)} class")
        if self.warm_start and hasattr(self, "coef_"):
            coef_init = self.coef_ if coef_init is None else coef_init
            intercept_init = self.intercept_ if intercept_init is None else intercept_init
        self.classes_ = classes
        self._start(X, coef_init, intercept_init)
        rows, weights, counts = present(X, y, check_weights(sample_weight, X), self.shuffle)
        self._learn(choices, X, y, rows, weights, counts, self.max_iter)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
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
        choices = self._choose()
        X, y = self._check_data(X, y, reset=not hasattr(self, "classes_"))
        if _check_partial_fit_first_call(self, classes):
            self._start(X, None, None)
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise ValueError(f"classes should include all valid labels that can be in y; it lacks {unknown.tolist()}.")
        sample_weight = check_weights(sample_weight, X)
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        rows = np.flatnonzero(weights)
        self._learn(choices, X, y, rows, weights[rows], None, 1, incremental=True)
        return self

    def _choose(self):
        """Resolve and check the strategies."""
        if self.pruning is not None:
            raise ValueError(f"pruning={self.pruning!r}: pruning is not available in this version; leave it None.")
        loss, activation = get_loss(self.loss, "classification"), get_activation(self.activation)
        optimizer = None if self.solver == "perceptron" else _get_optimizer(self.solver)
        if optimizer is not None and (self.average or not self.fit_intercept):
            name = "average" if self.average else "fit_intercept"
            raise ValueError(
                f"{name}={getattr(self, name)!r} needs solver='perceptron', which learns sample by sample."
            )
        if isinstance(loss, PerceptronLoss):
            _need(isinstance(activation, Step | Identity), self, "'step' or 'identity'")
        elif loss.link != "identity":
            _need(isinstance(activation, Logistic), self, "'logistic'")
        elif loss.threshold == 0.0:
            _need(isinstance(activation, Identity), self, "'identity'")
        else:
            _need(hasattr(activation, "slope"), self, "one that has a slope, such as 'identity', 'tanh' or 'logistic'")
            middle = activation.value(0.0)
            _need(middle in (0.0, 0.5), self, "one that is 0 or 1/2 at 0, as 'identity', 'tanh' and 'logistic'")
            return Choices(loss, activation, optimizer, True, low=-1.0 if middle == 0.0 else 0.0)
        delta = optimizer is not None or not isinstance(loss, PerceptronLoss)
        return Choices(loss, Identity(), optimizer, delta, low=0.0 if delta else -1.0)

    def _check_data(self, X, y, reset):
        dtype = [np.float64, np.float32] if self.dtype is None else network_dtype(X, self.dtype)
        if not reset:
            dtype = self.coef_.dtype
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=dtype, order="C", reset=reset)
        check_classification_targets(y)
        return X, y

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
        for name in ("_path", "_memory"):
            vars(self).pop(name, None)

    def _learn(self, choices, X, y, rows, weights, counts, max_iter, incremental=False):
        """Let all neurons learn from some rows, in up to `max_iter` passes."""
        if not len(rows):
            raise ValueError("Sample weights must contain at least one non-zero number.")
        labels = np.searchsorted(self.classes_, y)
        of_class = self._class_weights(y, labels, rows, counts)
        of_row = np.zeros(len(y), X.dtype)
        of_row[rows] = weights
        held_out, seeds = self._split_and_seed(labels[rows])
        first = len(self.classes_) - len(seeds)  # a single neuron tells the second of two classes

        def task(i):
            """Targets of a neuron, and the factors of its steps."""
            mine = labels == first + i
            factors = np.where(mine, of_class[first + i], of_class[0] if first else 1.0)
            return np.where(mine, 1.0, choices.low).astype(X.dtype), factors.astype(X.dtype) * of_row

        lesson = Lesson(X, of_row, rows, rows[held_out], self._rule(X, choices), seeds, max_iter, threading.Event())
        if choices.optimizer is None:
            curves, diverged = self._learn_singly(choices, lesson, task), False
        else:
            curves, diverged = self._learn_in_batches(choices, lesson, task)
        curves = [curve for curve in curves if curve]  # all but those that an interrupt kept from starting
        n_passes = max(map(len, curves), default=0)
        self.loss_curve_ += [sum(curve[min(i, len(curve) - 1)] for curve in curves) for i in range(n_passes)]
        self.n_iter_ = max(1, n_passes)
        self.t_ += self.n_iter_ * len(rows)
        if self.average and self.average < self.t_:
            self.coef_, self.intercept_ = self._path[2:]
        if lesson.halt.is_set():
            warnings.warn("Training interrupted by user.", stacklevel=4)
        elif diverged or (not incremental and self._is_worse_than_nothing(choices)):
            self._warn(
                "The loss grew instead of falling; the weights are the last finite ones. Lower eta0 (now "
                f"{self.eta0:g}) or scale the features."
            )
        elif not incremental and self.tol is not None and self.n_iter_ == max_iter:
            self._warn(
                "Maximum number of iteration reached before convergence. Consider increasing max_iter (now "
                f"{max_iter}) to improve the fit, raising tol, or scaling the features."
                + ("" if choices.delta else " Where no hyperplane separates the classes, average=True helps.")
            )

    def _is_worse_than_nothing(self, choices):
        """Whether the delta rule ended far above the loss of neurons without weights."""
        if not choices.delta or not self.loss_curve_:
            return False
        without_weights = choices.loss.loss(1.0, choices.activation.value(0.0)) * len(self.intercept_)
        return self.loss_curve_[-1] > 2.0 * without_weights > 0.0

    def _warn(self, message):
        warnings.warn(message, ConvergenceWarning, stacklevel=5)

    def _learn_singly(self, choices, lesson, task):
        """Learn sample by sample; returns the loss curve of each neuron."""
        rule, held_out = lesson.rule, lesson.held_out
        coef = self.coef_.toarray() if scipy.sparse.issparse(self.coef_) else self.coef_
        path = self.__dict__.get("_path") if self.average else None
        if path is None:
            path = coef, self.intercept_, np.zeros_like(coef), np.zeros_like(self.intercept_)
        neurons = [make_neuron(w, b, rule, self.t_, *average) for w, b, *average in zip(*path, strict=True)]
        sockets, kept_alive = plug_loss(choices.activation, choices.loss) if rule.delta else plug_loss()

        def learn(i):
            y, factors = task(i)
            score = None
            if self.early_stopping:
                score = _accuracy(lesson.X[held_out], y[held_out] > choices.low, lesson.weights[held_out])
            return train(
                make_samples(lesson.X, y, factors),
                lesson.rows,
                rule,
                neurons[i],
                sockets,
                seed=lesson.seeds[i] if self.shuffle else None,
                max_iter=lesson.max_iter,
                tol=self.tol,
                n_iter_no_change=self.n_iter_no_change,
                held_out=held_out,
                score=score,
                verbose=bool(self.verbose),
                halt=lesson.halt,
            )

        curves = self._for_each_neuron(learn, len(neurons))
        del kept_alive
        for neuron in neurons:
            fold(neuron.w, neuron.average_w, neuron.state)
        states = np.array([neuron.state for neuron in neurons], coef.dtype)
        self.coef_, self.intercept_ = np.array([neuron.w for neuron in neurons]), states[:, INTERCEPT].copy()
        if self.average:
            average_coef = np.array([neuron.average_w for neuron in neurons])
            self._path = (self.coef_, self.intercept_, average_coef, states[:, AVERAGE_INTERCEPT].copy())
        return curves

    def _learn_in_batches(self, choices, lesson, task):
        """Learn in batches; returns the loss curve of each neuron, and whether one of them diverged."""
        coef = self.coef_.toarray() if scipy.sparse.issparse(self.coef_) else self.coef_
        memories = self.__dict__.get("_memory", [None] * len(coef))

        def learn(i):
            return train_in_batches(self, choices, lesson, *task(i), coef[i], self.intercept_[i], memories[i], i)

        outcomes = self._for_each_neuron(learn, len(coef))
        self.coef_ = np.array([outcome.w for outcome in outcomes])
        self.intercept_ = np.array([outcome.intercept for outcome in outcomes])
        self._memory = [outcome.memory for outcome in outcomes]
        return [outcome.curve for outcome in outcomes], any(outcome.diverged for outcome in outcomes)

    def _for_each_neuron(self, learn, n_neurons):
        parallel = Parallel(n_jobs=self.n_jobs, verbose=self.verbose, require="sharedmem")
        return parallel(delayed(learn)(i) for i in range(n_neurons))

    def _class_weights(self, y, labels, rows, counts):
        if self.class_weight != "balanced":
            return compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        # of all samples seen so far, so that it serves partial_fit
        self._class_count += np.bincount(labels[rows], counts, minlength=len(self.classes_))
        return self._class_count.sum() / (len(self.classes_) * np.maximum(self._class_count, 1.0))

    def _rule(self, X, choices):
        shares = {None: 0.0, "l2": 0.0, "l1": 1.0, "elasticnet": self.l1_ratio}
        rate = SPARSE_INTERCEPT_RATE if scipy.sparse.issparse(X) else 1.0
        return Rule(
            eta=float(self.eta0),
            alpha=0.0 if self.penalty is None else float(self.alpha),
            l1_ratio=float(shares[self.penalty]),
            intercept_rate=rate if self.fit_intercept else 0.0,
            average=int(self.average),
            delta=choices.delta,
        )

    def _split_and_seed(self, labels):
        """Samples to hold out and a seed for each neuron's shuffling, drawn as scikit-learn draws them."""
        if len(self.classes_) > 2:
            held_out = self._split(labels)
            seeds = check_random_state(self.random_state).randint(LARGEST_SEED, size=len(self.classes_))
            return held_out, [_second_draw(np.random.RandomState(seed)) for seed in seeds]
        random_state = check_random_state(self.random_state)
        random_state.randint(1, LARGEST_SEED)  # which scikit-learn draws and does not use
        held_out = self._split(labels)
        return held_out, [random_state.randint(LARGEST_SEED)]

    def _split(self, labels):
        if not self.early_stopping:
            return np.empty(0, np.int64)
        splitter = StratifiedShuffleSplit(test_size=self.validation_fraction, random_state=self.random_state)
        return next(splitter.split(np.zeros((len(labels), 1)), labels))[1]

    def __sklearn_tags__(self):
        """Sparse samples are taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _reshape(name, array, shape, dtype):
    array = np.array(array.toarray() if scipy.sparse.issparse(array) else array, dtype)
    if array.size != np.prod(shape) or (shape[0] > 1 and array.shape != shape):
        raise ValueError(f"Provided {name} does not match dataset: its shape is {array.shape}, not {shape}.")
    return array.reshape(shape)


def _second_draw(random_state):
    random_state.randint(1, LARGEST_SEED)  # which scikit-learn draws and does not use
    return random_state.randint(LARGEST_SEED)


def _accuracy(X, positive, weights):
    """Function of weights and intercept that gives the share of samples on the right side."""
    return lambda w, intercept: np.average((safe_sparse_dot(X, w) + intercept > 0) == positive, weights=weights)


def _get_optimizer(solver):
    """Optimizer for a name or an instance; sgd without momentum."""
    if isinstance(solver, str) and solver not in OPTIMIZERS:
        known = sorted([*OPTIMIZERS, "perceptron"])
        raise ValueError(f"The 'solver' parameter has no {solver!r}; it has {known}.")
    return get_optimizer(solver, momentum=0.0, nesterovs_momentum=False)


def _need(fits, estimator, activation):
    if not fits:
        raise ValueError(
            f"activation={estimator.activation!r} does not fit loss={estimator.loss!r}, which needs {activation}."
        )
