"""The multilayer perceptron for regression."""

import numpy as np
import scipy.sparse
import sklearn.neural_network
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils import assert_all_finite
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from sknn_concepts.activations import Activation
from sknn_concepts.estimators.multilayer import BaseMultilayerPerceptron
from sknn_concepts.estimators.undo import all_or_nothing
from sknn_concepts.losses import Poisson
from sknn_concepts.training.early_stopping import pair_up
from sknn_concepts.validation import compat
from sknn_concepts.validation.constraints import checked_again
from sknn_concepts.validation.data import check_samples, check_weights


class MLPRegressor(RegressorMixin, BaseMultilayerPerceptron):
    """Multilayer perceptron regressor, trained by compiled kernels.

    With the parameters that scikit-learn's regressor of this name has too, and the same `random_state`, the result is
    scikit-learn's; the other parameters are choices that it never gave.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        A name of `sknn_concepts.losses.LOSSES` that serves regression, or an instance. "squared_error" is
        half the squared error; "poisson" predicts exp(raw) and needs y >= 0.
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
    initializer : str, Initializer or callable, default="auto"
        A name of `sknn_concepts.initializers.INITIALIZERS`, an instance, or a function
        ``(random_state, fan_in, fan_out) -> weights``. "auto" draws what scikit-learn draws.
    output_activation : str, Activation or None, default=None
        Squashes the output, for bounded ("logistic", "tanh") or positive ("softplus") targets; None leaves it to the
        loss.
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
    MLPClassifier : Multilayer perceptron classifier.

    Notes
    -----
    For several outputs the loss that is reported is the mean over the outputs. The stochastic solvers follow the
    gradient of their sum, as scikit-learn's do. lbfgs follows the gradient of the mean, that is, of the very loss
    that it reports; scikit-learn's lbfgs mixes the two and stops elsewhere.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.preprocessing import scale
    >>> from sknn_concepts import MLPRegressor
    >>> X, y = make_regression(n_samples=200, n_features=5, random_state=1)
    >>> network = MLPRegressor(loss="huber", solver="lbfgs", random_state=1).fit(X, scale(y))
    >>> network.score(X, scale(y)) > 0.9
    True
    """

    _task = "regression"

    _parameter_constraints: dict = {
        **BaseMultilayerPerceptron._parameter_constraints,
        "output_activation": [str, Activation, None],
    }

    @compat.as_installed(sklearn.neural_network.MLPRegressor.__init__)
    def __init__(
        self,
        loss="squared_error",
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
        initializer="auto",
        output_activation=None,
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
        self.loss = loss
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
        self.initializer = initializer
        self.output_activation = output_activation
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
            Numbers.
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
            weight. If there is a pruner and a weight is negative. If the loss does not take a target. If a warm start
            would change the architecture.
        """
        return self._fit(X, y, sample_weight, pair_up(X_val, y_val, sample_weight_val))

    @available_if(lambda self: self._can_partial_fit())
    @compat.as_installed(sklearn.neural_network.MLPRegressor.partial_fit)
    @checked_again
    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def partial_fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Make one pass over the samples, going on from where the last call ended.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples; sparse ones are never made dense, memory maps are read batch by batch.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers.
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
        AttributeError
            If solver="lbfgs", which makes no passes.
        ValueError
            If a parameter is out of its range, or two exclude each other. If X, y, weights and validation data do not
            fit together, or all weights are 0. If only one of `X_val` and `y_val` is given, or none of them for early
            stopping. If the loss does not take a target. If the architecture would change.
        """
        validation_data = pair_up(X_val, y_val, sample_weight_val)
        self._train(self._choose_for_training(), X, y, sample_weight, validation_data, incremental=True)
        return self

    def _check_targets(self, X, y, incremental, reset):
        X, y = check_samples(self, X, y, reset=reset, multi_output=True, y_numeric=True)
        return X, self._encode(y), y

    def _encode(self, y):
        if scipy.sparse.issparse(y):
            raise ValueError("MLPRegressor needs dense targets, and y is sparse: pass y.toarray().")
        assert_all_finite(y, input_name="y")  # objects, such as None, become numbers after scikit-learn has looked
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        y = y if y.dtype in (np.float32, np.float64) else y.astype(np.float64)
        return y.reshape(len(y), -1)

    def _decode(self, y):
        return y.ravel() if self.n_outputs_ == 1 else y

    def _check_validation_data(self, X_val, y_val, sample_weight_val):
        X_val, y_val = check_samples(self, X_val, y_val, reset=False, multi_output=True, y_numeric=True)
        return X_val, self._encode(y_val), check_weights(sample_weight_val, X_val, "sample_weight_val")

    def _weigh(self, labels, sample_weight):
        return sample_weight

    def _is_stratified(self, y):
        return False

    def _label_codes(self, y):
        return []

    def _score_raw(self, machine, raw, y, sample_weight):
        """R^2 of raw predictions."""
        return r2_score(y, machine.link(raw), sample_weight=sample_weight)

    def __sklearn_tags__(self):
        """Several targets a sample are taken; poisson needs positive ones."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss == "poisson" or isinstance(self.loss, Poisson)
        return tags

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._as_targets(self._forward(X))

    def _as_targets(self, y):
        return y.ravel() if self.n_outputs_ == 1 else y

    def _outcome(self, method):
        """Whether a method wants the inverse link, and what it makes of the output layer."""
        return {"predict": (True, self._as_targets)}.get(method)
