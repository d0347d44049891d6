"""The multilayer perceptron for regression."""

from typing import Any, Self

import numpy as np
import scipy.sparse
import sklearn.neural_network
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils import assert_all_finite
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from sknn_concepts._typing import Array, Data
from sknn_concepts.activations import Activation
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
from sknn_concepts.losses import LOSSES
from sknn_concepts.training.early_stopping import pair_up
from sknn_concepts.validation import compat
from sknn_concepts.validation.constraints import checked_again
from sknn_concepts.validation.data import check_samples


@fill_docstring
class MLPRegressor(RegressorMixin, BaseMultilayerPerceptron):
    """Multilayer perceptron regressor, trained by compiled kernels.

    Parameters that scikit-learn's regressor of the same name also has give the same model, if `random_state`
    is the same. All other parameters are additional choices.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        A loss for regression: a name of `sknn_concepts.losses.LOSSES`, or an instance. "squared_error" is half the
        squared error; "poisson" predicts exp(raw) and needs y >= 0.
    {architecture}
    {initializer}
    output_activation : str, Activation or None, default=None
        Activation of the output, for bounded ("logistic", "tanh") or positive ("softplus") targets; None means that
        the loss determines it.
    {regularization}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MLPClassifier : Multilayer perceptron classifier.

    Notes
    -----
    The reported loss is the mean over the outputs. The stochastic solvers follow the gradient of the sum over the
    outputs, as those of scikit-learn do. lbfgs follows the gradient of the mean, which is the loss that it reports;
    scikit-learn's lbfgs mixes the two and stops at other weights.

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
        loss: LossLike = "squared_error",
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
        initializer: InitializerLike = "auto",
        output_activation: str | Activation | None = None,
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

    @available_if(lambda self: self._can_partial_fit())
    @compat.as_installed(sklearn.neural_network.MLPRegressor.partial_fit)
    @checked_again
    @_fit_context(prefer_skip_nested_validation=True)
    @fill_docstring
    def partial_fit(
        self,
        X: Data,
        y: Data,
        sample_weight: Data = None,
        *,
        X_val: Data = None,
        y_val: Data = None,
        sample_weight_val: Data = None,
    ) -> Self:
        """Train for one epoch on the samples, continuing from the last call.

        Parameters
        ----------
        {samples}
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
            stopping. If the loss does not take a target. If the architecture would change.
        """
        validation_data = pair_up(X_val, y_val, sample_weight_val)
        network = self._copy()
        network._train(choose_for_training(self), X, y, sample_weight, validation_data, incremental=True)
        self._assign_attributes_of(network)
        return self

    def _check_targets(self, X, y, incremental, reset):
        X, y = check_samples(self, X, y, reset=reset, multi_output=True, y_numeric=True)
        return X, self._encode(y), y

    def _encode(self, y):
        if scipy.sparse.issparse(y):
            raise ValueError("MLPRegressor needs dense targets, and y is sparse: pass y.toarray().")
        assert_all_finite(y, input_name="y")  # scikit-learn checks before objects, such as None, become numbers
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        y = y if y.dtype in (np.float32, np.float64) else y.astype(np.float64)
        return y.reshape(len(y), -1)

    def _decode(self, y):
        return y.ravel() if self.n_outputs_ == 1 else y

    def _weigh(self, labels, sample_weight):
        return sample_weight

    def _label_codes(self, y):
        return []

    def _score_raw(self, network, raw, y, sample_weight):
        """Return the R^2 of raw predictions."""
        return r2_score(y, network.link(raw), sample_weight=sample_weight)

    def __sklearn_tags__(self):
        """Declare support for several targets per sample, and that poisson needs positive ones."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        loss = LOSSES.get(self.loss) if isinstance(self.loss, str) else self.loss
        tags.target_tags.positive_only = getattr(loss, "positive_only", False)
        return tags

    def predict(self, X: Data) -> Array:
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._decode(forward(self, X))

    def _outcome(self, method):
        """Return whether a method uses the inverse link, and its function of the output layer."""
        return {"predict": (True, self._decode)}.get(method)
