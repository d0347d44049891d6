"""What MLPClassifier and MLPRegressor share: fitting, forward passes, fitted state."""

import copy
import functools
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_is_fitted

from sknn_concepts.activations import Activation, get_activation
from sknn_concepts.estimators.choices import check_trainable, choose
from sknn_concepts.estimators.parameters import FlatParameters
from sknn_concepts.estimators.predictor import Predictor
from sknn_concepts.estimators.predictor_cache import FEW, borrow, give_back
from sknn_concepts.initializers import Initializer
from sknn_concepts.jit.dispatch import strategy_digest
from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.jit.strategy import Strategy
from sknn_concepts.losses import Loss
from sknn_concepts.network.compiled import BLOCK, CompiledNetwork
from sknn_concepts.network.dataset import is_sparse, make_dataset
from sknn_concepts.network.layers import layer_views, make_layout, n_parameters, n_weights
from sknn_concepts.network.packed import worth_it
from sknn_concepts.network.parallel import ParallelNetwork
from sknn_concepts.optimizers import Optimizer
from sknn_concepts.pruning.connectivity import check_connectivity, connect
from sknn_concepts.pruning.loop import (
    TrainingTrace,
    ValidationData,
    check_pruner,
    needs_way,
    prune_at_start,
    prune_steps,
    split,
)
from sknn_concepts.schedules import Schedule
from sknn_concepts.training.resumed import check_clock, check_curves, check_marks, forget_what_does_not_fit
from sknn_concepts.training.scoring import check_name
from sknn_concepts.training.trainer import BOOKS, Trainer
from sknn_concepts.validation.constraints import Number
from sknn_concepts.validation.data import check_samples, check_weights, network_dtype
from sknn_concepts.validation.fitted_network import FittedNetwork, weigh
from sknn_concepts.validation.threads import allowed_threads

#: Further attributes that a fit from the start has to forget.
_OF_LAST_FIT = (
    "loss_",
    "validation_loss_curve_",
    "masks_",
    "intercept_masks_",
    "pruning_history_",
    "_training",
    "_best_theta",
    "_yardstick",
)


class BaseMultilayerPerceptron(FlatParameters, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Common base of the multilayer perceptrons; see its subclasses."""

    _task: str

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left"), str],
        "activation": [str, Activation, list, tuple],
        "solver": [str, Optimizer],
        "alpha": [Number(0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [str, Schedule],
        "learning_rate_init": [Number(0, None, closed="neither")],
        "power_t": [Number(0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Number(0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Number(0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Number(0, 1, closed="left")],
        "beta_1": [Number(0, 1, closed="left")],
        "beta_2": [Number(0, 1, closed="left")],
        "epsilon": [Number(0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "loss": [str, Loss],
        "initializer": [str, Initializer, callable],
        "l1_ratio": [Number(0, 1, closed="both")],
        "dropout": [Number(0, 1, closed="left")],
        "max_norm": [Number(0, None, closed="neither"), None],
        "max_grad_norm": [Number(0, None, closed="neither"), None],
        "early_stopping_scoring": [str, callable, None],
        "dtype": "no_validation",
        "n_jobs": [Integral, None],
        "connectivity": "no_validation",
        "pruning": "no_validation",
    }

    # Subclasses say how targets become numbers and back.

    def _check_targets(self, X, y, incremental, reset):
        """Validated X, targets of shape (n_samples, n_outputs), and labels for the class weights."""
        raise NotImplementedError

    def _fit(self, X, y, sample_weight, validation_data):
        """Train and, if asked for, prune."""
        strategies = self._choose_for_training()
        pruner = strategies.pruner
        if pruner is None:
            self._train(strategies, X, y, sample_weight, validation_data)
            return self
        held_out = None if validation_data is None else ValidationData(*validation_data)
        if pruner.has_limit and held_out is None:
            X, y, sample_weight, held_out = split(self, X, y, sample_weight)
        fitting = self._train(strategies, X, y, sample_weight, validation_data)
        if not (pruner.before_training or fitting.interrupted):
            prune_steps(self, pruner, (X, y, fitting.sample_weight), held_out, fitting)
        return self

    def _train(self, strategies, X, y, sample_weight, validation_data, incremental=False):
        if strategies.optimizer is None and validation_data is not None and strategies.pruner is None:
            raise ValueError("X_val and y_val need a stochastic solver, not solver='lbfgs'.")
        if incremental and self.early_stopping and validation_data is None:
            raise ValueError(
                "partial_fit does not support early_stopping=True without X_val and y_val: one pass has nothing to "
                "split."
            )
        fresh = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        if not fresh:
            self._check_resumable()
        X, y, labels = self._check_targets(X, y, incremental, reset=fresh)
        strategies = self._for_classes(strategies)
        sample_weight = self._weigh(labels, check_weights(sample_weight, X))
        if sample_weight is not None and not np.sum(sample_weight) > 0:
            raise ValueError(
                "The sum of sample_weight, times those of the classes, must be positive; it is "
                f"{np.sum(sample_weight):g}."
            )
        strategies.loss.check_target(y)
        held_out = None if validation_data is None else self._check_validation_data(*validation_data)
        if held_out is not None:
            strategies.loss.check_target(held_out[1])
            if held_out[1].shape[1] != y.shape[1]:
                raise ValueError(f"y_val has {held_out[1].shape[1]} outputs, but y has {y.shape[1]}.")
        self.n_outputs_ = y.shape[1]
        random_state = check_random_state(self.random_state)
        sizes = [X.shape[1], *strategies.hidden_layer_sizes, self.n_outputs_]
        if fresh:
            self._initialize(sizes, strategies, network_dtype(X, self.dtype), random_state)
        theta = self._trainable_parameters(sizes)
        fitting = Trainer(self, strategies, X, y, sample_weight, theta, random_state)
        if strategies.optimizer is not None and held_out is not None:
            fitting.hold_out(*held_out)
        elif strategies.optimizer is not None and self.early_stopping:
            fitting.split()
        if strategies.pruner is not None and not incremental:
            self._prepare_pruning(strategies.pruner, fitting, fresh)
        fitting.run(incremental)
        return fitting

    def _check_resumable(self):
        """Raise ValueError unless the network, whose fitted state may have been replaced, can be trained further."""
        theta = self._parameters()
        check_clock(self, 0)
        check_curves(self)
        check_marks(self)
        forget_what_does_not_fit(self, theta)

    def _prepare_pruning(self, pruner, fitting, fresh):
        if pruner.before_training and fresh:
            prune_at_start(self, pruner, fitting)
        if needs_way(pruner):
            fitting.way = TrainingTrace(fitting.theta, pruner.rewind if pruner.rewind != "learning_rate" else None)

    def _refitting(self, X, y, sample_weight):
        """The fitted network and samples to train it further."""
        check_is_fitted(self)
        self._check_resumable()
        strategies = self._choose_for_training(self._sizes()[1:-1])
        X, y, labels = self._check_targets(X, y, incremental=True, reset=False)
        sample_weight = self._weigh(labels, check_weights(sample_weight, X))
        theta = self._trainable_parameters(self._sizes())
        random_state = check_random_state(self.random_state)
        return Trainer(self, self._for_classes(strategies), X, y, sample_weight, theta, random_state)

    def _open(self, X, y, sample_weight):
        """The fitted network and samples, for :func:`sknn_concepts.validation.fitted_network.open_network`."""
        theta, sizes, strategies = self._parameters(), self._sizes(), self._fitted_strategies()
        X, y, _ = self._check_targets(X, y, incremental=True, reset=False)
        if y.shape[1] != sizes[-1]:
            raise ValueError(f"y has {y.shape[1]} outputs, but the network was fitted with {sizes[-1]}.")
        strategies.loss.check_target(y)
        weights, total = weigh(X, sample_weight)
        strength, count = theta.dtype.type(self.alpha / total), n_weights(make_layout(sizes))
        l2, l1 = np.zeros((2, theta.size), theta.dtype)
        l2[:count], l1[:count] = (1.0 - self.l1_ratio) * strength, self.l1_ratio * strength
        return FittedNetwork(
            theta,
            sizes,
            strategies.activations,
            strategies.loss,
            make_dataset(X, y, weights),
            total,
            1.0 / sizes[-1] if strategies.loss.averages_outputs else 1.0,
            l2,
            l1,
            False,
        )

    def _choose_for_training(self, hidden_layer_sizes=None):
        strategies = choose(self, self._task, hidden_layer_sizes)
        check_trainable(strategies.activations)
        check_name(self)
        if self.dtype is not None:
            network_dtype(None, self.dtype)
        if strategies.pruner is not None:
            watched = strategies.optimizer is not None
            check_pruner(strategies.pruner, strategies.loss, strategies.activations, watched)
        return strategies

    def _machine(self, source, strategies, capacity, dtype=None, **options):
        sizes = self._sizes()
        dtype = self._theta.dtype if dtype is None else dtype
        learns, make = options.get("learns", False), CompiledNetwork
        n_threads = self._n_threads() if capacity == BLOCK or learns else 1
        if n_threads > 1 or (learns and self.n_jobs is not None):
            make = functools.partial(ParallelNetwork, n_threads=n_threads)
        machine = make(sizes, strategies.activations, strategies.loss, dtype, source, capacity=capacity, **options)
        if learns:
            machine.mask = self._mask(dtype, options.get("masks"))
        return machine

    def _n_threads(self):
        """Threads of this network, within what joblib, threadpoolctl and the environment allow."""
        return allowed_threads(self.n_jobs)

    def _initialize(self, sizes, strategies, dtype, random_state):
        """Draw the weights, each layer's intercepts after its weights, as scikit-learn does."""
        check_connectivity(self.connectivity, sizes)
        for name in (*BOOKS, *_OF_LAST_FIT):
            vars(self).pop(name, None)
        layout = make_layout(sizes)
        try:
            self._theta = empty_lines(n_parameters(layout), dtype)
        except (MemoryError, ValueError):
            size = n_parameters(layout) * dtype.itemsize / 2**30
            raise MemoryError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} makes a network of {size:.3g} GiB, more than there is."
            ) from None
        self.coefs_, self.intercepts_ = layer_views(self._theta, layout)
        hidden = strategies.activations[:-1] or [get_activation(self._first_activation())]
        for layer, (w, b) in enumerate(zip(self.coefs_, self.intercepts_, strict=True)):
            # the output layer is drawn like the last hidden one
            initializer = strategies.initializer.for_activation(hidden[min(layer, len(hidden) - 1)])
            w[:] = initializer.weights(random_state, *w.shape)
            b[:] = initializer.intercepts(random_state, *w.shape)
        if self.connectivity is not None:
            masks = connect(self.connectivity, sizes, random_state)
            n_intercepts = sum(b.size for b in self.intercepts_)
            self._keep(np.concatenate([*map(np.ravel, masks), np.ones(n_intercepts, bool)]))
        self.n_layers_ = len(sizes)
        self.out_activation_ = self._output_name(strategies)
        self.n_iter_ = self.t_ = 0
        self._no_improvement_count = 0

    def _first_activation(self):
        return self.activation[0] if isinstance(self.activation, list | tuple) and self.activation else self.activation

    def _output_name(self, strategies):
        output = getattr(self, "output_activation", None)
        if output is None:
            return strategies.loss.link
        return output if isinstance(output, str) else type(output).__name__.lower()

    def __sklearn_is_fitted__(self):
        """Whether there are weights; a fit that failed may have left other attributes."""
        return hasattr(self, "coefs_")

    # Forward passes

    def _forward(self, X, layer=None, linked=True):
        check_is_fitted(self)
        X = check_samples(self, X, reset=False)
        theta, masks = self._stored_parameters(again=X.shape[0] <= FEW)
        source = make_dataset(X)
        if masks is not None and masks[0] is not None and is_sparse(source):
            if not worth_it(masks[0].mask, training=False, on_csr=True):
                theta, masks = self._parameters(), None

        def make():
            strategies, capacity = self._fitted_strategies(), min(BLOCK, max(X.shape[0], FEW))
            return self._machine(source, strategies, capacity, dtype=theta.dtype, masks=masks)

        if is_sparse(source) or X.shape[0] > FEW:
            return make().predict(theta, None, layer, linked)
        key = self._kind_of_machine(theta, masks)
        machine = borrow(self, key, source, make)
        values = machine.predict(theta, np.arange(X.shape[0]), layer, linked)
        give_back(self, key, source, machine)
        return values

    def _kind_of_machine(self, theta, masks):
        """What the machine for a prediction depends on, besides the samples."""
        chosen = self.activation, self.loss, getattr(self, "output_activation", None)
        # the numbers of a strategy, and what its formulas use, may change behind our back
        chosen = tuple(c if isinstance(c, str) else (_digests_of(c), repr(c)) for c in chosen)
        kind = getattr(self, "_kind", None)
        # connections count as the same as long as they are the same object
        return (*chosen, kind, theta.dtype, *(np.shape(w) for w in self.coefs_), *(masks or ()))

    def predictor(self, method="predict"):
        """The fitted network as a function for few rows at a time, many times faster than the method itself.

        It is for a service that asks for one row after the other: nothing is checked, no feature names are compared,
        and what fit has left is copied once. Threads may share it, one runs at a time. It cannot be pickled: pickle the
        network.

        Parameters
        ----------
        method : {"predict", "predict_proba", "decision_function"}, default="predict"
            What it does; regressors predict.

        Returns
        -------
        predictor : callable
            Takes finite numbers of shape (n_samples, n_features) or (n_features,), the latter being one sample, and
            returns what the method returns.

        Raises
        ------
        ValueError
            If there is no such method.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sknn_concepts import MLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> ask = MLPClassifier(max_iter=300, random_state=0).fit(X, y).predictor()
        >>> ask([5.1, 3.5, 1.4, 0.2])
        array([0])
        """
        check_is_fitted(self)
        outcome = copy.copy(self)._outcome(method)  # which a later fit does not change
        if outcome is None:
            raise ValueError(f"predictor() got method={method!r}; a {type(self).__name__} has no such prediction.")
        (theta, masks), strategies = self._stored_parameters(), self._fitted_strategies()
        return Predictor(
            lambda source, capacity: self._machine(source, strategies, capacity, dtype=theta.dtype, masks=masks),
            theta,
            self._sizes()[0],
            *outcome,
        )

    def _fitted_strategies(self):
        return self._for_classes(choose(self, self._task, self._sizes()[1:-1]))

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
        hidden = len(self._sizes()) - 2
        if layer is None and not hidden:
            dtype = self._stored_parameters()[0].dtype
            return check_samples(self, X, reset=False).astype(dtype)
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
        return self._sizes()[-2]

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


def _digests_of(choice):
    """Classes of a choice, which may list several; of those that users have written, what their formulas say now."""
    each = choice if isinstance(choice, list | tuple) else [choice]
    return tuple((type(c), strategy_digest(type(c)) if _is_own(c) else None) for c in each)


def _is_own(choice):
    return isinstance(choice, Strategy) and not type(choice).__module__.startswith("sknn_concepts.")
