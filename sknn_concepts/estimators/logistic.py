"""Logistic regression."""

from numbers import Integral
from typing import Any, Self

import numpy as np
import sklearn.linear_model
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import BaseEstimator, _fit_context
from sklearn.linear_model._base import LinearClassifierMixin, SparseCoefMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Hidden, Interval, StrOptions

from sknn_concepts._typing import Array, Data
from sknn_concepts.activations import Identity
from sknn_concepts.callbacks.tasks import begin_fit
from sknn_concepts.estimators.arguments import ActivationLike, InitializerLike, LossLike, OptimizerLike, PrunerLike
from sknn_concepts.estimators.history import measurements_of
from sknn_concepts.estimators.linear_parameters import LinearParameters, dense
from sknn_concepts.estimators.logistic_solvers import (
    SOLVERS,
    LogisticFinetuner,
    check_choices,
    is_stochastic,
    make_objectives,
    minimize,
    minimize_in_batches,
)
from sknn_concepts.estimators.penalty import check_number_of_classes, intercept_factor, is_one_against_rest, penalty_of
from sknn_concepts.initializers import Initializer, get_initializer
from sknn_concepts.losses import Loss, get_loss
from sknn_concepts.optimizers import OPTIMIZERS, Optimizer
from sknn_concepts.pruning.loop import prune_steps
from sknn_concepts.pruning.validation_data import ValidationData, split
from sknn_concepts.validation import compat
from sknn_concepts.validation.constraints import Number
from sknn_concepts.validation.data import canonical, check_weights, weigh_classes
from sknn_concepts.validation.fitted_network import check_linear_samples
from sknn_concepts.validation.labels import find_classes, number_labels


class LogisticRegression(LinearParameters, LinearClassifierMixin, SparseCoefMixin, BaseEstimator):
    """Logistic regression: the network without a hidden layer, fitted to the minimum of its loss.

    It minimizes ``C * sum_i s_i loss(y_i, X_i w + b) + (1 - l1_ratio) / 2 ||w||_2^2 + l1_ratio ||w||_1``, which is
    scikit-learn's objective; s are the sample weights. All arguments of the installed scikit-learn are accepted, with
    their defaults, meaning and warnings. So are the names of its solvers; the algorithms behind them are listed below.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet"} or None
        Penalty with scikit-learn 1.6 and 1.7, "l2" by default; `l1_ratio` is for "elasticnet" only. From 1.8 on it is
        deprecated: leave it at its default, and choose the penalty by `l1_ratio` and `C`.
    C : float, default=1.0
        Inverse of the strength of the penalty; ``np.inf`` means no penalty.
    l1_ratio : float in [0, 1] or None
        Share of the L1 penalty: 0 is L2, 1 is L1, and anything between is the elastic net. The default is 0.0, and
        None with scikit-learn 1.6 and 1.7.
    dual : bool, default=False
        Whether the dual problem is solved; only with solver="liblinear" and L2. The minimum is the same.
    tol : float, default=1e-4
        Largest entry of the gradient of the objective per sample (with L1, of its subgradient nearest to zero) at which
        a solver may stop. In addition, the objective has to be near its minimum by an estimate that does not depend on
        the scale of the features. For stochastic solvers, the smallest improvement of the loss that counts.
    fit_intercept : bool, default=True
        Whether to fit an intercept; it is not penalized, except by solver="liblinear".
    intercept_scaling : float, default=1
        Number by which solver="liblinear" divides the intercept in the penalty.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, multiplied with `sample_weight`.
    random_state : int, RandomState instance or None, default=None
        Generator of random numbers for the initializer, and for the shuffling of stochastic solvers.
    solver : str or Optimizer, default="lbfgs"
        - "lbfgs": L-BFGS with a preconditioner, so that the scale and the correlation of features hardly matter while
          they are few;
        - "newton-cholesky": Newton's method with the whole Hessian, for few features;
        - "newton-cg": Newton's method by conjugate gradients, for many features;
        - "auto", "sag", "saga" and "liblinear": without L1, the fastest of these three for the size of the data; with
          L1, proximal Newton steps by coordinate descent over a working set of features;
        - "sgd", "adam" and every other name of `sknn_concepts.optimizers.OPTIMIZERS`, or an instance: training of the
          network without a hidden layer in mini-batches.

        As in scikit-learn, L1 needs "saga" or "liblinear", and the elastic net needs "saga"; "auto" and stochastic
        solvers support both. "liblinear" supports two classes only, unless activation="logistic"; with scikit-learn 1.6
        and 1.7 it fits each of more classes against the rest.
    max_iter : int, default=100
        Maximum number of iterations, or of epochs of a stochastic solver.
    verbose : int, default=0
        Number k: the objective per sample is printed after every k-th iteration. 0 prints nothing.
    warm_start : bool, default=False
        Whether to start from the last solution.
    n_jobs : int or None, default=None
        No effect: the solvers use as many threads as OpenMP may. Deprecated from scikit-learn 1.8 on.
    multi_class : {"auto", "ovr", "multinomial"}
        Kind of model for more than two classes; only with scikit-learn 1.6 and 1.7, and deprecated there. "ovr" is the
        same as activation="logistic". For two classes there is always one binary model.
    activation : {"softmax", "logistic"}, default="softmax"
        Kind of model for more than two classes: one multinomial model, or one model for each class against the rest.
        For two classes both are the same.
    initializer : str, Initializer or callable, default="zeros"
        Initial parameters. They do not affect the minimum, unless it is not unique.
    loss : str or Loss, default="log_loss"
        Loss for classification; one other than "log_loss" needs a stochastic solver.
    learning_rate_init : float, default=0.01
        Learning rate of stochastic solvers.
    batch_size : int or "auto", default="auto"
        Samples in a mini-batch of a stochastic solver; "auto" is min(200, n_samples).
    dtype : {"float32", "float64"} or None, default=None
        Type of the coefficients, and of X during fit; None keeps float32 and converts anything else to float64.
    pruning : str, Pruner or None, default=None
        Pruner that removes weights after training: a name of `sknn_concepts.pruning.PRUNERS`, or an instance such as
        ``MagnitudePruning(sparsity=0.5)``. A pruner with a limit is judged on a tenth of the samples, which is held
        out. Retraining uses L-BFGS, and `retrain_epochs` is the number of its iterations.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Classes.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients; one row for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    n_iter_ : ndarray of int32 of shape (1,) or (n_classes,)
        Number of iterations of each model.
    history_ : dict of str to ndarray of shape (n_iterations,)
        Measurements of each iteration: "loss", the objective per sample, "gradient", its largest entry, and "seconds";
        "model" numbers the models if there is one for each class. For stochastic solvers "loss" is the mean over the
        batches of an epoch, and "learning_rate" takes the place of "gradient". A warm start appends.
    masks_ : list of ndarray of bool
        One array shaped like ``coef_``, true for the weights that are left. This attribute and those up to
        `pruning_history_` exist only with a pruner.
    intercept_masks_ : list of ndarray of bool
        One array shaped like ``intercept_``, true for the intercepts that are left.
    n_weights_ : int
        Number of weights that are left.
    sparsity_ : float
        Share of the weights that were removed.
    pruning_history_ : list of dict
        Measurements of each step of pruning, after those of the unpruned model; see
        :func:`sknn_concepts.pruning.pruning_path`.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X has any.

    Notes
    -----
    Dense X is read row by row; column-major arrays are converted once. Sparse X is read as CSR and is never made dense.
    The magnitude of features must not exceed 1e150, or 1e25 in float32.

    References
    ----------
    Cox (1958), The regression analysis of binary sequences. Solvers: :mod:`sknn_concepts.linear.smooth_solvers` and
    :mod:`sknn_concepts.linear.proximal_newton`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> LogisticRegression().fit(X, y).score(X, y) > 0.95
    True
    """

    _parameter_constraints: dict = {
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None, Hidden(StrOptions({compat.PENALTY}))],
        "C": [Number(0, None, closed="right")],
        "l1_ratio": [Number(0, 1, closed="both"), None],
        "dual": ["boolean"],
        "tol": [Number(0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Number(0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "solver": [StrOptions({*SOLVERS, *OPTIMIZERS}), Optimizer],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "n_jobs": [Integral, None],
        "multi_class": [StrOptions({"auto", "ovr", "multinomial"}), Hidden(StrOptions({"deprecated"}))],
        "activation": [StrOptions({"softmax", "logistic"})],
        "initializer": [str, Initializer, callable],
        "loss": [str, Loss],
        "learning_rate_init": [Number(0, None, closed="neither")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "dtype": "no_validation",
        "pruning": "no_validation",
    }

    @compat.as_installed(sklearn.linear_model.LogisticRegression.__init__, also=("multi_class",))
    def __init__(
        self,
        penalty: str | None = compat.PENALTY,
        *,
        C: float = 1.0,
        l1_ratio: float = compat.L1_RATIO,
        dual: bool = False,
        tol: float | None = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: OptimizerLike = "lbfgs",
        max_iter: int = 100,
        verbose: int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
        activation: ActivationLike = "softmax",
        initializer: InitializerLike = "zeros",
        loss: LossLike = "log_loss",
        learning_rate_init: float = 0.01,
        batch_size: int | str = "auto",
        dtype: Any = None,
        pruning: PrunerLike = None,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.activation = activation
        self.initializer = initializer
        self.loss = loss
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.dtype = dtype
        self.pruning = pruning

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Data, y: Data, sample_weight: Data = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; weight 2 counts as the sample twice.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            If arguments exclude each other, if there is one class only, or if a weight is negative.
        """
        loss, pruner = check_choices(self)
        X, y, sample_weight, held_out = split(self, pruner, X, y, sample_weight)
        # full-batch solvers begin one iteration more than they make, and there may be a model for each class
        n_iterations = None if is_one_against_rest(self) else self.max_iter + 2
        task = begin_fit(self, X, y, sample_weight, n_iterations)
        model = self._copy()
        data = model._fit(loss, X, y, sample_weight, task)
        if pruner is not None:
            samples = ValidationData(X, *data[1:])
            model = prune_steps(model, pruner, LogisticFinetuner(model, *data), samples, held_out)
        if task is not None:
            task.end(vars(model))
        self._assign_attributes_of(model)
        return self

    def _fit(self, loss, X, y, sample_weight, task):
        """Fit this copy; returns the checked samples and their weights, those of the classes included."""
        before = self._layer() if self.warm_start and hasattr(self, "coef_") else None
        X, y = self._check_data(X, y)
        X = canonical(X)
        sample_weight = check_weights(sample_weight, X)
        if sample_weight is not None and (np.min(sample_weight) < 0 or not np.any(sample_weight)):
            what = "Negative values" if np.any(sample_weight) else "Nothing but zeros"
            raise ValueError(f"{what} in data passed to `sample_weight`")
        self.classes_ = find_classes(y)
        check_number_of_classes(self)
        sample_weight = weigh_classes(self.class_weight, self.classes_, y, sample_weight)
        if sample_weight is not None and np.min(sample_weight) < 0:
            raise ValueError(f"class_weight must not be negative; got {self.class_weight!r}.")
        start = self._start(X, before)
        history = measurements_of(self) if self.warm_start else None
        monitor = None if task is None else task.iterations("iteration", self._attributes_with)
        if self.warm_start and self._parameter_mask() is not None:
            finetuner = LogisticFinetuner(self, X, y, sample_weight)
            theta, n_iter, self.history_ = finetuner.train(self, max(self.max_iter, 1), history)
            self._set_parameters(theta)
        else:
            codes = number_labels(y, self.classes_)
            multinomial = self._is_multinomial()
            problem = X, codes, sample_weight, start, multinomial
            if is_stochastic(self.solver):
                theta, n_iter, self.history_ = minimize_in_batches(self, *problem, loss, history, monitor)
            else:
                theta, n_iter, self.history_ = minimize(self, make_objectives(self, *problem), start, history, monitor)
            self._forget_pruning()
            vars(self).update(self._attributes_with(theta, X.dtype))
        self.n_iter_ = np.asarray(n_iter, dtype=np.int32)
        return X, y, sample_weight

    def _attributes_with(self, theta, dtype=None):
        """Return all attributes, with those of a model with some parameters, of float64 unless told otherwise."""
        theta = theta.reshape(-1, 1 if len(self.classes_) == 2 else len(self.classes_))
        dtype = theta.dtype if dtype is None else dtype
        coef = np.array(theta[:-1].T, dtype=dtype, order="C")
        return {**vars(self), "coef_": coef, "intercept_": theta[-1].astype(dtype)}

    def _problem(self, total_weight):
        """See :meth:`LinearParameters._network_over`."""
        loss = get_loss(self.loss, "classification")
        loss = loss.multiclass() if self._is_multinomial() else loss
        penalty, scale = penalty_of(self), intercept_factor(self)
        strength = penalty.C * total_weight
        l2, l1 = (1.0 - penalty.l1_ratio) / strength, penalty.l1_ratio / strength
        return Identity(), loss, 0.0, (l2, l2 * scale**2), (l1, l1 * scale)

    def _make_finetuner(self, X, y, sample_weight):
        """See :class:`sknn_concepts.pruning.protocol.PrunableEstimator`."""
        X, y, weights = check_linear_samples(self, X, y, sample_weight)
        return LogisticFinetuner(self, X, y, weigh_classes(self.class_weight, np.asarray(self.classes_), y, weights))

    def _is_multinomial(self):
        return len(self.classes_) > 2 and not is_one_against_rest(self)

    def _start(self, X, before):
        """Parameters to start from, of shape (n_features + 1, n_outputs): those before, or initial ones."""
        shape = X.shape[1], 1 if len(self.classes_) == 2 else len(self.classes_)
        if before is not None:
            coef, intercept = before
            coef = dense(coef)
            if coef.shape != shape[::-1]:
                raise ValueError(
                    f"warm_start=True starts from coef_ of shape {coef.shape}, but the data ask for {shape[::-1]}. Set "
                    "warm_start=False, or fit a clone."
                )
            return np.vstack([coef.T, intercept]).astype(np.float64)
        random_state = check_random_state(self.random_state)
        initializer = get_initializer(self.initializer)
        weights = initializer.weights(random_state, *shape)
        intercepts = initializer.intercepts(random_state, *shape) if self.fit_intercept else np.zeros(shape[1])
        return np.vstack([weights, intercepts]).astype(np.float64)

    def predict_proba(self, X: Data) -> Array:
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Probabilities in the order of ``classes_``. Those of one model for each class are scaled to a sum of one.
        """
        return self._as_probabilities(self.decision_function(X))

    def _as_probabilities(self, scores):
        if self._is_multinomial():
            return softmax(scores, axis=1)
        probabilities = expit(scores)
        if scores.ndim == 1:
            return np.column_stack([1.0 - probabilities, probabilities])
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    def predict_log_proba(self, X: Data) -> Array:
        """Predict logarithms of probabilities, which are finite even where a probability is rounded to zero.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
        """
        scores = self.decision_function(X)
        if self._is_multinomial():
            return log_softmax(scores, axis=1)
        if scores.ndim == 1:
            return np.column_stack([log_expit(-scores), log_expit(scores)])
        scores = log_expit(scores)
        return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)

    def __sklearn_tags__(self):
        """Tags of scikit-learn: sparse samples are supported; liblinear supports two classes only."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_class = self.solver != "liblinear" or is_one_against_rest(self)
        return tags
