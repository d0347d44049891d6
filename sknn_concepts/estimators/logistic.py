"""Logistic regression."""

from numbers import Integral

import numpy as np
import scipy.sparse
import sklearn.linear_model
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import BaseEstimator, _fit_context
from sklearn.linear_model._base import LinearClassifierMixin, SparseCoefMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_concepts.activations import Identity
from sknn_concepts.estimators.linear_parameters import LinearParameters
from sknn_concepts.estimators.logistic_solvers import (
    SMOOTH,
    Retraining,
    check_choices,
    is_stochastic,
    minimize,
    train_in_batches,
)
from sknn_concepts.estimators.penalty import check_multi_class, is_one_against_rest, penalty_of
from sknn_concepts.estimators.undo import all_or_nothing
from sknn_concepts.initializers import Initializer, get_initializer
from sknn_concepts.losses import Loss, get_loss
from sknn_concepts.optimizers import OPTIMIZERS, Optimizer
from sknn_concepts.pruning.loop import prune_steps, split
from sknn_concepts.validation import compat
from sknn_concepts.validation.constraints import Number
from sknn_concepts.validation.data import (
    canonical,
    check_form,
    check_weights,
    contiguous,
    network_dtype,
    weigh_classes,
)
from sknn_concepts.validation.fitted_network import open_linear
from sknn_concepts.validation.labels import find_classes, number_labels


class LogisticRegression(LinearParameters, LinearClassifierMixin, SparseCoefMixin, BaseEstimator):
    """Logistic regression: the network without a hidden layer, fitted to the minimum of its loss.

    Minimizes ``C * sum_i s_i loss(y_i, X_i w + b) + (1 - l1_ratio) / 2 ||w||_2^2 + l1_ratio ||w||_1``, scikit-learn's
    objective, s being the sample weights. Its solver names are all taken; what runs behind them is listed below.

    Its arguments are also those of the installed scikit-learn, with their defaults, their meaning and their warnings.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet"} or None
        With scikit-learn 1.6 and 1.7 the penalty, "l2" by default; `l1_ratio` is for "elasticnet" only. From 1.8 on
        deprecated: leave it alone, and `l1_ratio` and `C` say what the penalty is.
    C : float, default=1.0
        Inverse of the strength of the penalty; ``np.inf`` is no penalty.
    l1_ratio : float in [0, 1] or None
        Share of the L1 penalty: 0 is L2, 1 is L1, what lies between the elastic net. The default is 0.0, and None with
        scikit-learn 1.6 and 1.7.
    dual : bool, default=False
        Taken with solver="liblinear" and L2; the minimum is the same.
    tol : float, default=1e-4
        Largest entry of the gradient of the objective per sample (with L1, of its subgradient nearest to zero) at which
        a solver may stop. Besides, the objective has to be near its minimum by an estimate that does not depend on the
        scale of the features. For stochastic solvers, the improvement of the loss that counts as one.
    fit_intercept : bool, default=True
        Whether to have an intercept; it is not penalized, except by solver="liblinear".
    intercept_scaling : float, default=1
        For solver="liblinear": the penalty takes the intercept divided by this.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, multiplied with `sample_weight`.
    random_state : int, RandomState instance or None, default=None
        Of the initializer, and of the shuffling of stochastic solvers.
    solver : str or Optimizer, default="lbfgs"
        - "lbfgs": L-BFGS in coordinates in which the loss is about round, so that the scale and the correlation of
          features hardly matter while they are few;
        - "newton-cholesky": Newton's method with the whole Hessian, for few features;
        - "newton-cg": Newton's method by conjugate gradients, for many features;
        - "auto", "sag", "saga" and "liblinear": without L1 the one of these three that is fastest for the size of the
          data; with L1 proximal Newton steps by coordinate descent over a working set of features;
        - "sgd", "adam" and every other name of `sknn_concepts.optimizers.OPTIMIZERS`, or an instance: the
          network without a hidden layer, trained in batches.

        As in scikit-learn, L1 needs "saga" or "liblinear", the elastic net "saga"; "auto" and stochastic solvers take
        both. "liblinear" takes two classes only, unless activation="logistic"; with scikit-learn 1.6 and 1.7 it then
        fits each class against the rest.
    max_iter : int, default=100
        Iterations, or passes of a stochastic solver.
    verbose : int, default=0
        Print the objective per sample after each iteration.
    warm_start : bool, default=False
        Start from the last solution.
    n_jobs : int or None, default=None
        Without effect: the solvers use the threads that OpenMP may use. Deprecated from scikit-learn 1.8 on.
    multi_class : {"auto", "ovr", "multinomial"}
        Only with scikit-learn 1.6 and 1.7, and deprecated there: "ovr" is activation="logistic". Two classes are always
        told apart by one binary model.
    activation : {"softmax", "logistic"}, default="softmax"
        For more than two classes, one multinomial model or one model a class against the rest. For two classes both
        are the same.
    initializer : str, Initializer or callable, default="zeros"
        Where to start. The minimum is the same from everywhere, unless it is not unique.
    loss : str or Loss, default="log_loss"
        A loss for classification; other than "log_loss" with stochastic solvers only.
    learning_rate_init : float, default=0.01
        Learning rate of stochastic solvers.
    batch_size : int or "auto", default="auto"
        Samples of one of their steps; "auto" is min(200, n_samples).
    dtype : {"float32", "float64"} or None, default=None
        Of the coefficients, and of X while it is read; None keeps float32 and makes anything else float64.
    pruning : str, Pruner or None, default=None
        What is removed after training: a name of `sknn_concepts.pruning.PRUNERS`, or an instance such as
        ``MagnitudePruning(sparsity=0.5)``. A pruner with a limit holds out a tenth of the samples to judge by.
        Retraining is by L-BFGS, and `retrain_epochs` are its iterations.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Classes.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients; one row for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    n_iter_ : ndarray of int32 of shape (1,) or (n_classes,)
        Iterations, of each model.
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

    Notes
    -----
    Dense X is read row by row; column-major arrays are converted once. Sparse X is read as CSR and never made dense.
    Features are not to exceed 1e150 in magnitude, or 1e25 in float32.

    References
    ----------
    Cox (1958), The regression analysis of binary sequences. Solvers: :mod:`sknn_concepts.linear.newton_lbfgs` and
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
        "solver": [StrOptions({*SMOOTH, *OPTIMIZERS}), Optimizer],
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
        penalty=compat.PENALTY,
        *,
        C=1.0,
        l1_ratio=compat.L1_RATIO,
        dual=False,
        tol=1e-4,
        fit_intercept=True,
        intercept_scaling=1,
        class_weight=None,
        random_state=None,
        solver="lbfgs",
        max_iter=100,
        verbose=0,
        warm_start=False,
        n_jobs=None,
        activation="softmax",
        initializer="zeros",
        loss="log_loss",
        learning_rate_init=0.01,
        batch_size="auto",
        dtype=None,
        pruning=None,
    ):
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
    @all_or_nothing
    def fit(self, X, y, sample_weight=None):
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
        before = self._layer() if self.warm_start and hasattr(self, "coef_") else None
        held_out = None
        if pruner is not None and pruner.has_limit:
            X, y, sample_weight, held_out = split(self, X, y, sample_weight)
        samples = X
        X, y = self._check_data(X, y)
        sample_weight = check_weights(sample_weight, X)
        if sample_weight is not None and (np.min(sample_weight) < 0 or not np.any(sample_weight)):
            what = "Negative values" if np.any(sample_weight) else "Nothing but zeros"
            raise ValueError(f"{what} in data passed to `sample_weight`")
        self.classes_ = find_classes(y)
        codes = number_labels(y, self.classes_)
        self._check_classes()
        check_multi_class(self)
        sample_weight = weigh_classes(self.class_weight, self.classes_, y, sample_weight)
        if sample_weight is not None and np.min(sample_weight) < 0:
            raise ValueError(f"class_weight must not be negative; got {self.class_weight!r}.")
        start = self._start(X, before)
        if self.warm_start and self._alive() is not None:
            n_iter = Retraining(self, samples, y, sample_weight).retrain(max(self.max_iter, 1))
        else:
            for name in ("masks_", "intercept_masks_", "pruning_history_"):
                vars(self).pop(name, None)
            if is_stochastic(self.solver):
                theta, n_iter = train_in_batches(self, X, codes, sample_weight, loss, start)
            else:
                theta, n_iter = minimize(self, X, codes, sample_weight, start)
            self.coef_ = np.ascontiguousarray(theta[:-1].T, dtype=X.dtype)
            self.intercept_ = theta[-1].astype(X.dtype)
        self.n_iter_ = np.asarray(n_iter, dtype=np.int32)
        if pruner is not None:
            data = samples, y, sample_weight
            prune_steps(self, pruner, data, held_out, Retraining(self, *data))
        return self

    def _open(self, X, y, sample_weight):
        """The fitted model and samples, for :func:`sknn_concepts.validation.fitted_network.open_network`."""
        loss = get_loss(self.loss, "classification")
        loss = loss.multiclass() if self._is_multinomial() else loss
        # as liblinear sees it, the intercept is the weight of a feature of constant value intercept_scaling
        scale = 1.0 / self.intercept_scaling if self.solver == "liblinear" else 0.0
        penalty = penalty_of(self)

        def l2(total):
            return (1.0 - penalty.l1_ratio) / (penalty.C * total) * np.array([1.0, scale**2])

        def l1(total):
            return penalty.l1_ratio / (penalty.C * total) * np.array([1.0, scale])

        return open_linear(self, X, y, sample_weight, Identity(), loss, 0.0, l2, l1)

    def _refitting(self, X, y, sample_weight):
        """The fitted model and samples to train it further."""
        check_is_fitted(self)
        weights = weigh_classes(
            self.class_weight, np.asarray(self.classes_), np.asarray(y), check_weights(sample_weight, X)
        )
        return Retraining(self, X, y, weights)

    def _check_data(self, X, y):
        dtype = [np.float64, np.float32] if self.dtype is None else network_dtype(None, self.dtype)
        check_form(X)
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=dtype, order="C")
        check_classification_targets(y)
        return canonical(contiguous(X)), y

    def _check_classes(self):
        if len(self.classes_) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one class: "
                f"{self.classes_[0]!r}"
            )
        if self.solver == "liblinear" and self._is_multinomial():  # as scikit-learn from 1.8 on
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass. The 'liblinear' solver "
                "does not support multiclass classification (n_classes >= 3). Either use another solver or wrap the "
                "estimator in a OneVsRestClassifier to keep applying a one-versus-rest scheme. With "
                "activation='logistic' that is what this estimator does."
            )

    def _is_multinomial(self):
        return len(self.classes_) > 2 and not is_one_against_rest(self)

    def _start(self, X, before):
        """Parameters to start from, of shape (n_features + 1, n_outputs): those before, or initial ones."""
        shape = X.shape[1], 1 if len(self.classes_) == 2 else len(self.classes_)
        if before is not None:
            coef, intercept = before
            coef = coef.toarray() if scipy.sparse.issparse(coef) else coef
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

    def predict_proba(self, X):
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``. Of models of one class against the rest, scaled to a sum of one.
        """
        return self._as_probabilities(self.decision_function(X))

    def _as_probabilities(self, scores):
        if self._is_multinomial():
            return softmax(scores, axis=1)
        probabilities = expit(scores)
        if scores.ndim == 1:
            return np.column_stack([1.0 - probabilities, probabilities])
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    def predict_log_proba(self, X):
        """Predict logarithms of probabilities, finite where the probabilities are too small for numbers.

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
        """Sparse samples are taken; liblinear knows two classes only."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_class = self.solver != "liblinear" or is_one_against_rest(self)
        return tags
