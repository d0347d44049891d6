"""Training of the neurons of a perceptron, sample by sample or in mini-batches, in several threads."""

import functools
import itertools
import threading
from typing import NamedTuple

import numpy as np
import scipy.sparse
from joblib import effective_n_jobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import safe_sparse_dot

from sknn_concepts._warnings import warn
from sknn_concepts.estimators.history import measurements_of
from sknn_concepts.estimators.linear_parameters import dense
from sknn_concepts.estimators.one_vs_rest import make_problems
from sknn_concepts.estimators.perceptron_choices import choose
from sknn_concepts.linear import sgd
from sknn_concepts.network.architecture import Architecture
from sknn_concepts.network.compiled import NO_REGULARIZATION
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.threads import WorkerThreads
from sknn_concepts.training.early_stopping import ValidationSet
from sknn_concepts.training.messages import unscaled_message
from sknn_concepts.training.neuron import train_neuron
from sknn_concepts.training.result import (
    DIVERGED,
    EXHAUSTED,
    INTERRUPTED,
    FitResult,
    History,
    OptimizerState,
    TrainingConfig,
    append_measurements,
)
from sknn_concepts.training.stopping import StoppingRule
from sknn_concepts.training.trainer import train
from sknn_concepts.validation.data import canonical, weigh_classes
from sknn_concepts.validation.threads import allowed_threads

#: Factor of the intercept's steps for sparse samples, whose features are mostly 0 while the intercept always counts.
SPARSE_INTERCEPT_RATE = 0.01

#: Largest number of a sample that the averaging may wait for.
MAX_COUNT = np.iinfo(np.int64).max


class AveragedWeights(NamedTuple):
    """Weights and intercept of an averaging neuron, and their averages: the state from which averaging goes on."""

    parameters: np.ndarray
    average: np.ndarray

    def belong_to(self, parameters):
        """Whether one of the two is what the estimator has; users may have replaced its weights."""
        kinds = {(getattr(known, "shape", None), getattr(known, "dtype", None)) for known in self}
        if kinds != {(parameters.shape, parameters.dtype)}:
            return False
        return any(np.array_equal(known, parameters) for known in self)


class OvRTrainer:
    """Training of all neurons of a perceptron on their problems, from the estimator's parameters and states.

    The `task`, or None, tells callbacks of it.
    """

    def __init__(self, estimator, strategies, problems, max_iter, task=None):
        self.estimator, self.strategies, self.problems, self.max_iter = estimator, strategies, problems, max_iter
        self.task, self.measured = task, measurements_of(estimator)
        self.config = make_config(estimator, strategies.delta_rule, scipy.sparse.issparse(problems.X))
        self.stop_event = threading.Event()  # Ctrl-C sets it to end all neurons; only the main thread receives Ctrl-C

    def train(self):
        """Train all neurons; return a row of parameters for each, the intercept last, and a list of their states."""
        est, n_features = self.estimator, self.problems.X.shape[1]
        coef, intercept = est._layer()
        if coef.shape[1] != n_features:
            raise ValueError(f"X has {n_features} features, and coef_ of shape {coef.shape} takes {coef.shape[1]}.")
        parameters = np.column_stack([dense(coef), intercept])
        masks = [None] * len(parameters)
        if est._parameter_mask() is not None:
            (mask,), (intercept_mask,) = est._masks()
            masks = list(np.column_stack([mask, intercept_mask]))
        states = vars(est).get("_solver_states")
        if not isinstance(states, list) or len(states) != len(parameters):
            states = [None] * len(parameters)
        train_one = self._train_in_batches
        if self.strategies.optimizer is None:
            rule = (self.strategies.activation, self.strategies.loss) if self.config.delta_rule else ()
            table, memory = sgd.bind_loss(*rule)  # the memory lives as long as this call
            train_one = functools.partial(self._train_by_sample, table)
        if self.task is not None:
            train_one = self._told(train_one, parameters)
        threads = WorkerThreads(allowed_threads(effective_n_jobs(est.n_jobs)))
        results = threads.share(
            train_one, range(len(parameters)), parameters, masks, states, stop_event=self.stop_event
        )
        return self._combine(results, est.t_)

    def _told(self, train_one, parameters):
        """Return a function that trains a neuron and tells callbacks of it."""
        parts = [self.task.part("neuron", i, self.max_iter) for i in range(len(parameters))]
        latest = parameters.copy()  # of all neurons

        def attributes_with(i, of_neuron):
            latest[i] = of_neuron
            return {**vars(self.estimator), "coef_": latest[:, :-1].copy(), "intercept_": latest[:, -1].copy()}

        def train_and_tell(i, *arguments):
            monitor = parts[i].iterations("epoch", functools.partial(attributes_with, i))
            result = train_one(i, *arguments, monitor)
            parts[i].end()
            return result

        return train_and_tell

    def _combine(self, results, t):
        curves = [result.history.loss_curve for result in results if result.history.loss_curve]
        n_epochs = max(map(len, curves), default=0)
        n_iter = max(1, n_epochs)
        t += n_iter * len(self.problems.rows)
        states = [result.optimizer_state for result in results]
        diverged = any(result.stop_reason == DIVERGED for result in results)
        averaged = 0 < self.config.average < t
        parameters = np.array(
            [state.average for state in states] if averaged else [each.parameters for each in results]
        )
        # a neuron that has stopped contributes its last loss
        curve = [sum(each[min(i, len(each) - 1)] for each in curves) for i in range(n_epochs)]
        reason = INTERRUPTED if self.stop_event.is_set() else DIVERGED if diverged else EXHAUSTED
        measured = _combine_measurements([result.history.history for result in results], n_epochs)
        history = append_measurements(self.measured, measured)
        return FitResult(parameters, states, History(n_iter=n_iter, t=t, loss_curve=curve, history=history), reason)

    def _train_by_sample(self, table, i, parameters, mask, state, monitor=None):
        est, problems, config = self.estimator, self.problems, self.config
        if not (est.average and isinstance(state, AveragedWeights) and state.belong_to(parameters)):
            state = AveragedWeights(parameters, np.zeros_like(parameters))
        if mask is not None and not mask[-1]:
            config = config._replace(intercept_rate=0.0)
        neuron = sgd.make_neuron(*state, config, est.t_, mask)
        y, factors = problems.targets(i)
        score = None
        if est.early_stopping:
            X, accuracy = problems.X[problems.held_out], self._accuracy(y)

            def score(w, intercept):
                return accuracy(safe_sparse_dot(X, w) + intercept)

        history, reason = train_neuron(
            sgd.make_samples(problems.X, y, factors, problems.largest),
            problems.rows,
            config,
            neuron,
            table,
            # scikit-learn's linear models stop one epoch earlier than its multilayer perceptrons
            StoppingRule(-np.inf if est.tol is None else est.tol, est.n_iter_no_change - 1, est.early_stopping),
            seed=problems.seeds[i] if est.shuffle else None,
            max_iter=self.max_iter,
            held_out=problems.held_out,
            score=score,
            verbose=int(est.verbose or 0),
            monitor=monitor,
            stop_event=self.stop_event,
        )
        state = AveragedWeights(*sgd.parameters_of(neuron))
        return FitResult(state.parameters, state if est.average else None, history, reason)

    def _accuracy(self, y):
        """Accuracy on the held-out samples, as a function of their raw predictions."""
        held_out = self.problems.held_out
        positive, weights = y[held_out] > 0, self.problems.sample_weight[held_out]
        return lambda raw: np.average((raw.ravel() > 0) == positive, weights=weights)

    def _train_in_batches(self, i, parameters, mask, state, monitor=None):
        est, problems, strategies = self.estimator, self.problems, self.strategies
        y, factors = problems.targets(i)
        targets, rows, held_out = y[:, None], problems.training, problems.held_out
        dataset = make_dataset(problems.X, targets, factors)
        free = np.ones(parameters.size, bool) if mask is None else mask
        parameters = np.where(free, parameters, 0)
        free = free & np.append(free[:-1], est.fit_intercept)
        config, validation = self._batch_config(factors[rows]), None
        if est.early_stopping:
            accuracy, weights = self._accuracy(y), problems.sample_weight[held_out]
            validation = ValidationSet(
                dataset, held_out, targets[held_out], weights, lambda network, raw, parameters: accuracy(raw)
            )
        result = train(
            Architecture([parameters.size - 1, 1], [strategies.activation], strategies.loss, parameters.dtype),
            dataset,
            config,
            parameters,
            rows=rows,
            mask=None if free.all() else free,
            n_epochs=0 if self.stop_event.is_set() else self.max_iter,
            random_state=np.random.RandomState(problems.seeds[i]),
            optimizer_state=state if isinstance(state, OptimizerState) else None,
            stopping=StoppingRule(config.tol, est.n_iter_no_change, est.early_stopping, best_parameters=parameters),
            validation=validation,
            monitor=monitor,
            stop_event=self.stop_event,
        )
        if result.stop_reason == INTERRUPTED:
            self.stop_event.set()
        return result

    def _batch_config(self, factors):
        est, config = self.estimator, self.config
        batch_size = min(200 if est.batch_size == "auto" else est.batch_size, factors.size)
        strength = config.alpha * batch_size * float(factors.mean())  # a batch divides the penalty by its weight
        penalty = {"l2": strength * (1.0 - config.l1_ratio), "l1": strength * config.l1_ratio}
        return TrainingConfig(
            self.strategies.optimizer,
            self.strategies.schedule,
            NO_REGULARIZATION._replace(**penalty),
            learning_rate_init=config.eta,
            batch_size=batch_size,
            max_iter=self.max_iter,
            shuffle=est.shuffle,
            tol=-np.inf if est.tol is None else est.tol,
            early_stopping=est.early_stopping,
            verbose=est.verbose,
        )


def make_config(estimator, delta_rule=False, sparse=False):
    """Learning rule and penalty of a perceptron's neurons."""
    l1_ratio = {None: 0.0, "l2": 0.0, "l1": 1.0, "elasticnet": estimator.l1_ratio}[estimator.penalty]
    intercept_rate = SPARSE_INTERCEPT_RATE if sparse else 1.0
    return sgd.OnlineConfig(
        eta=float(estimator.eta0),
        alpha=0.0 if estimator.penalty is None else float(estimator.alpha),
        l1_ratio=float(l1_ratio),
        intercept_rate=intercept_rate if estimator.fit_intercept else 0.0,
        average=min(int(estimator.average), MAX_COUNT),
        delta_rule=delta_rule,
    )


def _combine_measurements(histories, n_epochs):
    """Combine the measurements of neurons: losses and times are sums, rates and scores are means.

    A neuron that has stopped contributes its last values, and no time.
    """
    combined = {}
    for name in dict.fromkeys(itertools.chain(*histories)):
        # those of a neuron that was interrupted at once are empty
        curves = [history[name] for history in histories if len(history.get(name, ()))]
        ends = [0.0 if name == "seconds" else curve[-1] for curve in curves]
        padded = [np.append(c, np.full(n_epochs - len(c), end)) for c, end in zip(curves, ends, strict=True)]
        is_sum = name == "seconds" or "loss" in name
        combined[name] = sum(padded, np.zeros(n_epochs)) / (1 if is_sum else max(1, len(padded)))
    return combined


class PerceptronFinetuner:
    """Further training of a fitted perceptron, in place, on checked samples; see :mod:`sknn_concepts.pruning.loop`.

    ``sample_weight`` has the weights of the samples times those of their classes, or is None.
    """

    def __init__(self, perceptron, X, y, sample_weight):
        self._X, self._y, self._weights = X, y, sample_weight
        self.sample_weight = weigh_classes(perceptron.class_weight, np.asarray(perceptron.classes_), y, sample_weight)

    def make_network(self, perceptron):
        """Network of the neurons before pruning, over the samples."""
        return perceptron._network_over(canonical(self._X), self._y, self.sample_weight)

    def retrain(self, perceptron, n_epochs, callback=None):
        """Make up to `n_epochs` epochs; the callback is not called."""
        if n_epochs:
            strategies = choose(perceptron)
            problems = make_problems(perceptron, strategies.negative_target, self._X, self._y, self._weights)
            problems = problems._replace(class_count=perceptron._class_count)  # these samples have been counted before
            if perceptron._train(strategies, problems, n_epochs, incremental=True) == INTERRUPTED:
                raise KeyboardInterrupt  # which the neurons have caught, to end together
        return perceptron._parameters()

    def restart(self, perceptron):
        """Forget the state of the optimizer, or of the averaging."""
        perceptron._solver_states = [None] * len(perceptron.intercept_)


def warn_about_ending(estimator, strategies, problems, stop_reason, max_iter, from_zero):
    """Warn, once for all neurons of a trained perceptron, if training ended badly.

    `max_iter` is None for a part of a longer training, which need not have converged. `from_zero` tells whether the
    initial weights were 0.
    """
    eta0, curve, whole, X = estimator.eta0, estimator.loss_curve_, max_iter is not None, problems.X
    if stop_reason == INTERRUPTED:
        warn("Training interrupted by user.")
    elif _overflows(estimator.coef_, estimator.intercept_, X):
        warn(
            f"Predictions overflow: the weights go up to {np.abs(estimator.coef_).max():.3g}. Scale the features, or "
            f"lower eta0 (now {eta0:g}).",
            ConvergenceWarning,
        )
    elif stop_reason == DIVERGED or (whole and _grew(strategies, curve, len(estimator.intercept_), from_zero)):
        warn(
            f"The loss grew instead of falling; the weights are the last finite ones. Lower eta0 (now {eta0:g}) or "
            "scale the features.",
            ConvergenceWarning,
        )
    elif whole and estimator.tol is not None and estimator.n_iter_ == max_iter:
        warn(
            "Maximum number of iteration reached before convergence. Consider increasing max_iter to improve the fit. "
            f"It is {max_iter} now; raising tol or scaling the features may help, too."
            + ("" if strategies.delta_rule else " Where no hyperplane separates the classes, average=True helps."),
            ConvergenceWarning,
        )
    elif whole and curve and curve[-1] > 0.0 and (message := unscaled_message(X, problems.largest)):
        warn(message, ConvergenceWarning)


def _overflows(coef, intercept, X):
    """Whether weights are so large that scores of the samples are infinite."""
    if not np.abs(coef).max(initial=0.0) > np.sqrt(np.finfo(coef.dtype).max):
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return not np.isfinite(safe_sparse_dot(X, coef.T) + intercept).all()


def _grew(strategies, curve, n_neurons, from_zero):
    """Whether the delta rule ended far above the loss at its start."""
    if not strategies.delta_rule or not curve:
        return False
    start = strategies.loss.loss(1.0, strategies.activation.value(0.0)) * n_neurons  # that of weights of 0
    if not from_zero:
        start = max(start, curve[0])
    return start > 0.0 and not curve[-1] <= 2.0 * start  # nor NaN
