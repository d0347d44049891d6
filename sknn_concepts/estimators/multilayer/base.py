"""The base class of MLPClassifier and MLPRegressor: fitting, forward passes, fitted attributes."""

from dataclasses import replace
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_is_fitted

from sknn_concepts._typing import Data
from sknn_concepts.activations import Activation, get_activation
from sknn_concepts.callbacks.tasks import begin_fit
from sknn_concepts.callbacks.training_record import begin_record
from sknn_concepts.estimators.history import history_of
from sknn_concepts.estimators.multilayer.checkpoints import open_checkpoint
from sknn_concepts.estimators.multilayer.choices import choose, choose_for_training
from sknn_concepts.estimators.multilayer.docstrings import fill_docstring
from sknn_concepts.estimators.multilayer.finetuner import make_finetuner
from sknn_concepts.estimators.multilayer.held_out import (
    check_validation,
    digest_metric,
    hold_out,
    make_stopping_rule,
    validate_on,
)
from sknn_concepts.estimators.multilayer.initialization import draw_parameters
from sknn_concepts.estimators.multilayer.parameters import FlatParameters
from sknn_concepts.estimators.predictor import Predictor, compile_fitted, forward
from sknn_concepts.initializers import Initializer
from sknn_concepts.losses import Loss
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.layout import layer_views, make_layout, n_weights
from sknn_concepts.optimizers import Optimizer
from sknn_concepts.pruning.loop import needs_trace, prune_at_start, prune_steps
from sknn_concepts.pruning.trace import TrainingTrace
from sknn_concepts.pruning.validation_data import ValidationData, split
from sknn_concepts.schedules import Schedule
from sknn_concepts.training.early_stopping import pair_up
from sknn_concepts.training.result import INTERRUPTED, History, check_optimizer_state
from sknn_concepts.validation.constraints import Number
from sknn_concepts.validation.data import (
    canonical,
    check_samples,
    check_some_weight,
    check_total_weight,
    check_weights,
    network_dtype,
)
from sknn_concepts.validation.fitted_network import FittedNetwork, check_loss_weights, total_weight


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
        "early_stopping_scoring": [str, callable, list, tuple, None],
        "dtype": "no_validation",
        "n_jobs": [Integral, None],
        "connectivity": "no_validation",
        "pruning": "no_validation",
    }

    # Subclasses define how targets become numbers and back.

    def _check_targets(self, X, y, incremental, reset):
        """Validate X, and return it with targets of shape (n_samples, n_outputs), and labels for the class weights."""
        raise NotImplementedError

    @_fit_context(prefer_skip_nested_validation=True)
    @fill_docstring
    def fit(
        self,
        X: Data,
        y: Data,
        sample_weight: Data = None,
        *,
        X_val: Data = None,
        y_val: Data = None,
        sample_weight_val: Data = None,
    ) -> Self:
        """Fit the network.

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
        ValueError
            If a parameter is out of its range, or two exclude each other. If X, y, weights and validation data do not
            fit together, or all weights are 0. If only one of `X_val` and `y_val` is given, or both are with lbfgs and
            no pruner. If a split, for early stopping or a pruner, leaves too few samples on one side, or none with
            weight. If there is a pruner and a weight is negative. If the loss does not take a target, or `y_val` has
            classes that `y` lacks. If a warm start would change the architecture or the classes.
        """
        validation_data = pair_up(X_val, y_val, sample_weight_val)
        strategies = choose_for_training(self)
        pruner = strategies.pruner
        held_out = None if validation_data is None else ValidationData(*validation_data[0])
        if held_out is None:
            X, y, sample_weight, held_out = split(self, pruner, X, y, sample_weight)
        # L-BFGS begins one iteration more than it makes
        n_iterations = self.max_iter + (strategies.optimizer is None)
        task = begin_fit(self, X, y, sample_weight, n_iterations, resumable=True)
        fitted = self._copy()
        finetuner, reason = fitted._train(strategies, X, y, sample_weight, validation_data, task=task)
        if pruner is not None and not pruner.before_training and reason != INTERRUPTED:
            check_loss_weights(finetuner.X, finetuner.sample_weight)
            data = ValidationData(X, y, finetuner.sample_weight)
            fitted = prune_steps(fitted, pruner, finetuner, data, held_out, finetuner.trace)
        if finetuner.checkpoint is not None and reason != INTERRUPTED:
            finetuner.checkpoint.remove()
        if task is not None:
            task.end(vars(fitted))
        self._assign_attributes_of(fitted)
        return self

    def _train(self, strategies, X, y, sample_weight, validation_data, incremental=False, task=None):
        """Train this network, a copy of the user's that an error may leave in any state."""
        check_validation(strategies, validation_data, incremental and self.early_stopping)
        fresh = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        if not fresh:
            self._parameters()
        elif not incremental:
            self._forget()
        history = History() if fresh else replace(history_of(self), n_iter=0)
        X, y, sample_weight, strategies = self._check_training_data(strategies, X, y, sample_weight, incremental, fresh)
        held_out = [self._check_validation_data(strategies.loss, y, *data) for data in validation_data or ()]
        self.n_outputs_ = y.shape[1]
        random_state = check_random_state(self.random_state)
        sizes = [X.shape[1], *strategies.hidden_layer_sizes, self.n_outputs_]
        if fresh:
            self._initialize(sizes, strategies, network_dtype(X, self.dtype), random_state)
        self._flatten_parameters(sizes)
        finetuner = self._make_trainer(strategies, sizes, X, y, sample_weight, random_state)
        validation, stopping, first = None, None, held_out[0] if held_out else None
        if strategies.optimizer is not None:
            validation = self._hold_out(finetuner, X, y, first)
        if strategies.pruner is not None and not incremental:
            self._prepare_pruning(strategies.pruner, finetuner, fresh)
        if strategies.optimizer is not None:
            metric_digest = digest_metric(self, (X, y, sample_weight), first, incremental)
            stopping = make_stopping_rule(self, metric_digest, history, validation)
        if not incremental:
            finetuner.checkpoint = open_checkpoint(self, finetuner, X, y, sample_weight, held_out)
        name = "iteration" if strategies.optimizer is None else "epoch"
        monitor = None if task is None else task.iterations(name, self._attributes_with)
        record = begin_record(self, strategies.activations)
        result = finetuner.train(
            self,
            incremental,
            n_epochs=1 if incremental else None,
            optimizer_state=vars(self).get("_optimizer_state") if incremental else None,
            history=history,
            stopping=stopping,
            validation=validation,
            further_validation=[validate_on(self, *data) for data in held_out[1:]],
            callback=finetuner.trace,
            monitor=monitor,
            checkpoint=finetuner.checkpoint,
            record=record,
        )
        finetuner.warn(self, result, incremental)
        self._set_result(result)
        if record is not None:
            self.record_ = record.arrays()
        if finetuner.trace is not None:
            finetuner.trace.end(result.parameters)
        return finetuner, result.stop_reason

    _make_trainer, _hold_out = make_finetuner, hold_out  # others where the samples are elsewhere

    def _forget(self):
        """Delete the fitted attributes that the last fit may have set and this one may not."""
        self._forget_pruning()
        for name in vars(History()):
            vars(self).pop(f"{name}_", None)
        vars(self).pop("record_", None)
        self._forget_training()

    def _check_training_data(self, strategies, X, y, sample_weight, incremental, fresh):
        """Return validated samples, encoded targets and weights, and the strategies for this kind of targets."""
        X, y, labels = self._check_targets(X, y, incremental, reset=fresh)
        strategies = self._for_classes(strategies)
        sample_weight = self._weigh(labels, check_weights(sample_weight, X))
        check_total_weight(sample_weight, "sample_weight, times those of the classes,")
        strategies.loss.check_target(y)
        return X, y, sample_weight, strategies

    def _check_validation_data(self, loss, y, X_val, y_val, sample_weight_val):
        """Return validated held-out samples, encoded targets and weights, which suit the training targets."""
        X_val, y_val, _ = self._check_targets(X_val, y_val, incremental=True, reset=False)
        weights = check_weights(sample_weight_val, X_val, "sample_weight_val")
        loss.check_target(y_val)
        if y_val.shape[1] != y.shape[1]:
            raise ValueError(f"y_val has {y_val.shape[1]} outputs, but y has {y.shape[1]}.")
        check_some_weight(weights, "sample_weight_val")
        check_total_weight(weights, "sample_weight_val")
        return X_val, y_val, weights

    def _prepare_pruning(self, pruner, finetuner, fresh):
        if pruner.before_training and fresh:
            mask, self.pruning_history_ = prune_at_start(pruner, finetuner.make_network(self))
            self._apply_mask(mask)
        if needs_trace(pruner):
            epoch = pruner.rewind if pruner.rewind != "learning_rate" else None
            finetuner.trace = TrainingTrace(self._theta, epoch, self.learning_rate_init)

    def _make_finetuner(self, X, y, sample_weight):
        """See :class:`sknn_concepts.pruning.protocol.PrunableEstimator`."""
        history_of(self)
        check_optimizer_state(vars(self).get("_optimizer_state"))
        strategies, sizes = choose_for_training(self, self._sizes()[1:-1]), self._sizes()
        X, y, labels = self._check_further_samples(X, y, strategies)
        sample_weight = self._weigh(labels, check_loss_weights(X, sample_weight))
        self._flatten_parameters(sizes)
        random_state = check_random_state(self.random_state)
        return make_finetuner(self, self._for_classes(strategies), sizes, X, y, sample_weight, random_state)

    def _check_further_samples(self, X, y, strategies):
        """Return validated samples, encoded targets and labels for a network that is fitted already."""
        X, y, labels = self._check_targets(X, y, incremental=True, reset=False)
        n_outputs = self._sizes()[-1]
        if y.shape[1] != n_outputs:
            raise ValueError(f"y has {y.shape[1]} outputs, but the network was fitted with {n_outputs}.")
        self._for_classes(strategies).loss.check_target(y)
        return canonical(X), y, labels

    def _set_result(self, result):
        """Set the fitted attributes to the result of training."""
        self._set_parameters(result.parameters)
        self._optimizer_state = result.optimizer_state
        self._stopping = result.stopping or vars(self).get("_stopping")
        for name, value in result.history.attributes().items():
            setattr(self, name, value)

    def _attributes_with(self, parameters):
        """Return all attributes, with those of a network with some parameters."""
        coefs, intercepts = layer_views(parameters.copy(), make_layout(self._sizes()))
        return {**vars(self), "coefs_": coefs, "intercepts_": intercepts}

    def _make_fitted_network(self, X, y, sample_weight):
        """See :class:`sknn_concepts.pruning.protocol.PrunableEstimator`."""
        theta, sizes, strategies = self._parameters(), self._sizes(), self._fitted_strategies()
        X, y, _ = self._check_further_samples(X, y, strategies)
        weights = check_loss_weights(X, sample_weight)
        total = total_weight(weights, X.shape[0])
        strength, count = theta.dtype.type(self.alpha / total), n_weights(make_layout(sizes))
        l2, l1 = np.zeros((2, theta.size), theta.dtype)
        l2[:count], l1[:count] = (1.0 - self.l1_ratio) * strength, self.l1_ratio * strength
        return FittedNetwork(
            theta=theta,
            sizes=sizes,
            activations=strategies.activations,
            loss=strategies.loss,
            dataset=make_dataset(X, y, weights),
            total_weight=total,
            loss_scale=1.0 / sizes[-1] if strategies.loss.averages_outputs else 1.0,
            l2=l2,
            l1=l1,
        )

    def _initialize(self, sizes, strategies, dtype, random_state):
        """Set the fitted attributes of a network that has not been trained."""
        choice = self.activation
        first = choice[0] if isinstance(choice, list | tuple) and choice else choice
        hidden = strategies.activations[:-1] or [get_activation(first)]
        theta, mask = draw_parameters(sizes, hidden, strategies.initializer, self.connectivity, dtype, random_state)
        self._theta = theta
        self.coefs_, self.intercepts_ = layer_views(theta, make_layout(sizes))
        if mask is not None:
            self._apply_mask(mask)
        self.n_layers_ = len(sizes)
        self.out_activation_ = self._output_name(strategies)
        self.t_ = 0

    def _output_name(self, strategies):
        output = getattr(self, "output_activation", None)
        if output is None:
            return strategies.loss.link
        return output if isinstance(output, str) else type(output).__name__.lower()

    def __sklearn_is_fitted__(self):
        """Return whether there are weights."""
        return hasattr(self, "coefs_")

    def _forget_training(self):
        """Drop the memory of the optimizer and the best parameters, which only more training would need."""
        self._optimizer_state = self._stopping = None

    def _make_predictor(self, method):
        outcome = self._outcome(method)
        if outcome is None:
            return None
        theta, masks = self._stored_parameters()
        return Predictor(
            lambda dataset, batch_size: compile_fitted(self, dataset, batch_size, theta, masks),
            theta,
            self._sizes()[0],
            *outcome,
        )

    def _fitted_strategies(self):
        return self._for_classes(choose(self, self._sizes()[1:-1]))

    def _for_classes(self, strategies):
        """Return the strategies for the kind of target that was found."""
        return strategies

    def transform(self, X, layer=None):
        """Compute the values of a hidden layer, which are the features that the network has learned.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        layer : int, optional
            Number of the hidden layer; negative numbers count from the last layer, which is the default.

        Returns
        -------
        values : ndarray of shape (n_samples, n_units)
            Values of the units; a network without hidden layers returns the samples themselves.

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
        return forward(self, X, 1 + index % hidden)

    @property
    def _n_features_out(self):
        return self._sizes()[-2]

    def _can_partial_fit(self):
        if isinstance(self.solver, str) and self.solver == "lbfgs":
            raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
        return True

    def __sklearn_tags__(self):
        """Declare support for sparse samples, and for float32 unless the user chooses another dtype."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"] if self.dtype is None else []
        return tags
