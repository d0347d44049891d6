"""What MLPClassifier and MLPRegressor share: fitting, forward passes, fitted state."""

import copy
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_is_fitted

from sknn_concepts.engine.machine import BLOCK, Machine
from sknn_concepts.engine.network import layer_views, make_layout, n_parameters
from sknn_concepts.engine.source import make_source
from sknn_concepts.engine.training import Rules
from sknn_concepts.estimators.choices import check_trainable, choose
from sknn_concepts.estimators.data import check_samples, check_weights, network_dtype
from sknn_concepts.estimators.full_batch import minimize
from sknn_concepts.estimators.held_out import Validation
from sknn_concepts.estimators.stochastic import Passes
from sknn_concepts.strategies.activations import Activation, get_activation
from sknn_concepts.strategies.initializers import Initializer
from sknn_concepts.strategies.losses import Loss
from sknn_concepts.strategies.optimizers import Optimizer
from sknn_concepts.strategies.schedules import Schedule

#: Progress of the stochastic solvers, None where it is not followed.
_BOOKS = ("loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_")


class BaseMultilayerPerceptron(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Common base of the multilayer perceptrons; see its subclasses."""

    _task: str

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left"), str],
        "activation": [str, Activation, list, tuple],
        "solver": [str, Optimizer],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [str, Schedule],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "loss": [str, Loss],
        "initializer": [str, Initializer, callable],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "max_norm": [Interval(Real, 0, None, closed="neither"), None],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "early_stopping_scoring": [str, callable, None],
        "dtype": "no_validation",
        "pruning": "no_validation",
    }

    # Subclasses say how targets become numbers and back.

    def _check_targets(self, X, y, incremental, reset):
        """Validated X, targets of shape (n_samples, n_outputs), and labels for the class weights."""
        raise NotImplementedError

    def _fit(self, X, y, sample_weight, validation_data, incremental=False):
        strategies = self._choose_for_training()
        if strategies.optimizer is None and validation_data is not None:
            raise ValueError("X_val and y_val need a stochastic solver, not solver='lbfgs'.")
        if incremental and self.early_stopping and validation_data is None:
            raise ValueError(
                "partial_fit with early_stopping=True needs X_val and y_val: one pass has nothing to split."
            )
        fresh = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y, labels = self._check_targets(X, y, incremental, reset=fresh)
        strategies = self._for_classes(strategies)
        sample_weight = self._weigh(labels, check_weights(sample_weight, X))
        strategies.loss.check_target(y)
        self.n_outputs_ = y.shape[1]
        random_state = check_random_state(self.random_state)
        sizes = [X.shape[1], *strategies.hidden_layer_sizes, self.n_outputs_]
        if fresh:
            self._initialize(sizes, strategies, network_dtype(X, self.dtype), random_state)
        theta = self._trainable_parameters(sizes)
        source = make_source(X, y, sample_weight)
        rules = self._rules(strategies.loss)
        if strategies.optimizer is None:
            machine = self._machine(source, strategies, BLOCK, learns=True)
            total = float(len(y) if sample_weight is None else sample_weight.sum())
            self.loss_, self.n_iter_ = minimize(self, machine, theta, np.arange(len(y)), total, rules)
        else:
            self._fit_stochastic(
                strategies, source, X, y, sample_weight, theta, rules, validation_data, random_state, incremental
            )
        return self

    def _choose_for_training(self):
        strategies = choose(self, self._task)
        check_trainable(strategies.activations)
        return strategies

    def _fit_stochastic(
        self, strategies, source, X, y, sample_weight, theta, rules, validation_data, random_state, incremental
    ):
        rows = np.arange(len(y))
        held_out = None
        if validation_data is not None:
            X_val, y_val, weight_val = self._check_validation_data(*validation_data)
            held_out = make_source(X_val, y_val), X_val, np.arange(len(y_val)), y_val, weight_val
        elif self.early_stopping:
            rows, out = self._split(y, random_state)
            if sample_weight is not None and not (sample_weight[rows].any() and sample_weight[out].any()):
                raise ValueError("All samples with weight are on one side of the split for early stopping; pass X_val.")
            held_out = source, X, out, y[out], None if sample_weight is None else sample_weight[out]
        capacity = self._batch_size(len(rows))
        machine = self._machine(source, strategies, capacity, optimizer=strategies.optimizer, learns=True)
        slots = (max(1, strategies.optimizer.slots), theta.size)
        optimizer = type(strategies.optimizer).__name__
        state = getattr(self, "_training", None)
        if not incremental or state is None or (state["optimizer"], state["slots"].shape) != (optimizer, slots):
            memory = np.zeros(slots, theta.dtype)
            self._training = {"optimizer": optimizer, "slots": memory, "steps": 0, "passes": 0, "rate_scale": 1.0}
        elif not state["slots"].flags.writeable:  # loaded as a read-only memory map
            state["slots"] = np.array(state["slots"])
        self._open_books(validated=held_out is not None)
        validation = None if held_out is None else self._validation(machine, strategies, rules, *held_out)
        passes = Passes(self, strategies, machine, theta, rows, rules, random_state, validation)
        passes.run(1 if incremental else self.max_iter, incremental)

    def _machine(self, source, strategies, capacity, dtype=None, **options):
        sizes = [np.shape(self.coefs_[0])[0], *(np.shape(w)[1] for w in self.coefs_)]
        dtype = self._theta.dtype if dtype is None else dtype
        return Machine(sizes, strategies.activations, strategies.loss, dtype, source, capacity=capacity, **options)

    def _initialize(self, sizes, strategies, dtype, random_state):
        """Draw the weights, each layer's intercepts after its weights, as scikit-learn does."""
        layout = make_layout(sizes)
        self._theta = np.empty(n_parameters(layout), dtype)
        self.coefs_, self.intercepts_ = layer_views(self._theta, layout)
        hidden = strategies.activations[:-1] or [get_activation(self._first_activation())]
        for layer, (w, b) in enumerate(zip(self.coefs_, self.intercepts_, strict=True)):
            # the output layer is drawn like the last hidden one
            initializer = strategies.initializer.for_activation(hidden[min(layer, len(hidden) - 1)])
            w[:] = initializer.weights(random_state, *w.shape)
            b[:] = initializer.intercepts(random_state, *w.shape)
        self.n_layers_ = len(sizes)
        self.out_activation_ = self._output_name(strategies)
        self.n_iter_ = self.t_ = 0
        self._no_improvement_count = 0
        for name in (*_BOOKS, "loss_", "validation_loss_curve_", "_training", "_best_theta"):
            vars(self).pop(name, None)

    def _open_books(self, validated):
        """Attributes that passes write to; a warm start goes on in them, and may watch something else than before."""
        for name in _BOOKS:
            vars(self).setdefault(name, None)
        self.loss_curve_ = self.loss_curve_ or []
        if self.early_stopping:
            self.best_loss_ = None
            if self.best_validation_score_ is None:
                self.best_validation_score_, self._best_theta = -np.inf, self._theta.copy()
        elif self.best_loss_ is None:
            self.best_loss_ = np.inf
        if validated:
            self.validation_scores_ = self.validation_scores_ or []
            self.validation_loss_curve_ = getattr(self, "validation_loss_curve_", [])

    def _first_activation(self):
        return self.activation[0] if isinstance(self.activation, list | tuple) and self.activation else self.activation

    def _output_name(self, strategies):
        output = getattr(self, "output_activation", None)
        if output is None:
            return strategies.loss.link
        return output if isinstance(output, str) else type(output).__name__.lower()

    def _batch_size(self, n_samples):
        if self.batch_size == "auto":
            return min(200, n_samples)
        if self.batch_size > n_samples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=5
            )
        return min(self.batch_size, n_samples)

    def _rules(self, loss):
        return Rules(
            l2=float(self.alpha * (1.0 - self.l1_ratio)),
            l1=float(self.alpha * self.l1_ratio),
            # scikit-learn reports the mean of the outputs' squared errors
            loss_scale=1.0 / self.n_outputs_ if loss.averages_outputs else 1.0,
            keep=float(1.0 - self.dropout),
            max_norm=float(self.max_norm or 0.0),
            max_grad_norm=float(self.max_grad_norm or 0.0),
        )

    def _split(self, y, random_state):
        train, held_out = train_test_split(
            np.arange(len(y)), random_state=random_state, test_size=self.validation_fraction, stratify=self._strata(y)
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return train, held_out

    def _validation(self, machine, strategies, rules, source, X, rows, y, sample_weight):
        if source is not machine.source:
            machine = self._machine(source, strategies, BLOCK, learns=True)
        scorer = None
        if self.early_stopping_scoring not in (None, "loss"):
            scorer = self._make_scorer(X, rows, y, sample_weight)
        return Validation(self, machine, rows, y, sample_weight, rules.loss_scale, scorer)

    def _make_scorer(self, X, rows, y, sample_weight):
        score = check_scoring(self, scoring=self.early_stopping_scoring)
        X = X if len(rows) == X.shape[0] else X[rows]
        labels = self._decode(y)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        nameless = copy.copy(self)  # shares the weights; the samples have lost the names of their features
        vars(nameless).pop("feature_names_in_", None)
        return lambda: score(nameless, X, labels, **weights)

    # Fitted parameters: one flat vector of which coefs_ and intercepts_ are views, unless somebody replaced them.

    def _parameters(self):
        """Flat vector of the parameters as ``coefs_`` and ``intercepts_`` say."""
        theta = self.__dict__.get("_theta")
        arrays = [np.asarray(array) for array in (*self.coefs_, *self.intercepts_)]
        if theta is not None:
            address, itemsize = theta.ctypes.data, theta.itemsize
            for array in arrays:
                if array.ctypes.data != address or array.dtype != theta.dtype or not array.flags.c_contiguous:
                    break
                address += array.size * itemsize
            else:
                return theta
        self._check_shapes()
        dtype = np.float32 if all(array.dtype == np.float32 for array in arrays) else np.float64
        return np.concatenate([np.ravel(array) for array in arrays], dtype=dtype)

    def _check_shapes(self):
        """Raise ValueError unless weights and intercepts, which may have been replaced, follow on each other."""
        shapes = [(np.shape(w), np.shape(b)) for w, b in zip(self.coefs_, self.intercepts_, strict=True)]
        fan_in = self.n_features_in_
        for layer, (of_weights, of_intercepts) in enumerate(shapes):
            if len(of_weights) != 2 or of_weights[0] != fan_in or of_intercepts != of_weights[1:]:
                raise ValueError(
                    f"coefs_[{layer}] of shape {of_weights} and intercepts_[{layer}] of shape {of_intercepts} do not "
                    f"follow on a layer of {fan_in} units."
                )
            fan_in = of_weights[1]

    def _trainable_parameters(self, sizes):
        """Flat parameters that may be changed in place, checked to fit the data."""
        shapes, asked = [w.shape for w in self.coefs_], list(zip(sizes[:-1], sizes[1:], strict=True))
        if shapes != asked:
            raise ValueError(
                f"The fitted network has weights of shapes {shapes}, but hidden_layer_sizes and the data ask for "
                f"{asked}. A warm start or partial_fit cannot change the architecture."
            )
        theta = self._parameters()
        if theta is not self.__dict__.get("_theta") or not theta.flags.writeable:
            self._theta = theta = np.array(theta)
            self.coefs_, self.intercepts_ = layer_views(theta, make_layout(sizes))
        return theta

    def __getstate__(self):
        """Fitted state without the flat vector, which only repeats ``coefs_`` and ``intercepts_``."""
        state = dict(super().__getstate__())
        state.pop("_theta", None)
        return state

    def __sklearn_is_fitted__(self):
        """Whether there are weights; a fit that failed may have left other attributes."""
        return hasattr(self, "coefs_")

    # Forward passes

    def _forward(self, X, layer=None, linked=True):
        check_is_fitted(self)
        X = check_samples(self, X, reset=False)
        theta = self._parameters()
        hidden_layer_sizes = [np.shape(w)[1] for w in self.coefs_[:-1]]
        strategies = self._for_classes(choose(self, self._task, hidden_layer_sizes))
        machine = self._machine(make_source(X), strategies, min(BLOCK, X.shape[0]), dtype=theta.dtype)
        return machine.predict(theta, np.arange(X.shape[0]), layer, linked)

    def _for_classes(self, strategies):
        """Strategies for the kind of target that was found."""
        return strategies

    def transform(self, X, layer=None):
        """Values of a hidden layer: the features that the network has learned.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        layer : int, optional
            Which hidden layer, from 0 for the first; negative ones count from the last. The last by default.

        Returns
        -------
        values : ndarray of shape (n_samples, n_units)
            The samples themselves from a network without hidden layers.

        Raises
        ------
        ValueError
            If there is no such hidden layer.
        """
        check_is_fitted(self)
        hidden = len(self.coefs_) - 1
        if layer is None and not hidden:
            return check_samples(self, X, reset=False).astype(self.coefs_[0].dtype)
        index = -1 if layer is None else layer
        if not isinstance(index, Integral) or not -hidden <= index < hidden:
            raise ValueError(f"There is no hidden layer {layer!r}: the network has {hidden}.")
        if index % hidden != hidden - 1 and _get_output_config("transform", self)["dense"] != "default":
            raise ValueError(
                f"layer={layer!r} cannot be put in a frame: set_output names the units of the last hidden layer. Call "
                'set_output(transform="default") for the others.'
            )
        return self._forward(X, 1 + index % hidden)

    @property
    def _n_features_out(self):
        return np.shape(self.coefs_[-1])[0]

    def _can_partial_fit(self):
        if isinstance(self.solver, str) and self.solver == "lbfgs":
            raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
        return True

    def __sklearn_tags__(self):
        """Sparse samples are taken; float32 is kept unless another dtype is asked for."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"] if self.dtype is None else []
        return tags
