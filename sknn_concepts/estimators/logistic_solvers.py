"""The solvers of logistic regression: the algorithms behind their names, and how each of them is called."""

import time

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from sknn_concepts._logging import log
from sknn_concepts._warnings import warn
from sknn_concepts.activations import Identity
from sknn_concepts.estimators.penalty import check_penalty, intercept_factor, penalty_of
from sknn_concepts.initializers import get_initializer
from sknn_concepts.linear.objective import LogisticObjective
from sknn_concepts.linear.proximal_newton import proximal_newton
from sknn_concepts.linear.smooth_solvers import fastest, lbfgs, newton_cg, newton_cholesky
from sknn_concepts.losses import LogLoss, get_loss
from sknn_concepts.network.architecture import Architecture
from sknn_concepts.network.compiled import NO_REGULARIZATION
from sknn_concepts.network.dataset import is_sparse, make_dataset
from sknn_concepts.optimizers import get_optimizer
from sknn_concepts.pruning.loop import check_pruner
from sknn_concepts.pruning.pruners import get_pruner
from sknn_concepts.training.lbfgs import one_blas_thread
from sknn_concepts.training.messages import warn_about_result
from sknn_concepts.training.result import INTERRUPTED, History, TrainingConfig, append_measurements
from sknn_concepts.training.stopping import StoppingRule
from sknn_concepts.training.trainer import train
from sknn_concepts.validation import compat
from sknn_concepts.validation.threads import allowed_threads

#: Algorithm behind each name of a full-batch solver, if there is no L1 penalty.
SOLVERS = {
    "auto": fastest,
    "lbfgs": lbfgs,
    "newton-cg": newton_cg,
    "newton-cholesky": newton_cholesky,
    "sag": fastest,
    "saga": fastest,
    "liblinear": fastest,
}

#: Scikit-learn's messages that a solver other than "lbfgs" did not converge, so that filters for them match.
_NOT_CONVERGED = {
    "newton-cg": "newton-cg failed to converge at loss = {loss:.6g}. Increase the number of iterations.",
    "newton-cholesky": "Newton solver did not converge after {n_iter} iterations.",
    "sag": "The max_iter was reached which means the coef_ did not converge.",
    "saga": "The max_iter was reached which means the coef_ did not converge.",
    "liblinear": "Liblinear failed to converge, increase the number of iterations.",
    "auto": "solver='auto' failed to converge after {n_iter} iteration(s).",
}
_ADVICE = (
    " The gradient is {gradient:.2g} after max_iter={max_iter} iterations, above tol={tol:g}. Raise max_iter, scale "
    "the features (sklearn.preprocessing.StandardScaler), or strengthen the penalty (lower C)."
)

#: Epochs without improvement after which a stochastic solver stops.
_PATIENCE = 10


def is_stochastic(solver):
    """Whether a solver trains in mini-batches."""
    return not isinstance(solver, str) or solver not in SOLVERS


def check_choices(model):
    """Return a model's loss, and its pruner or None; raise ValueError if arguments exclude each other."""
    solver = model.solver
    get_initializer(model.initializer)
    loss = get_loss(model.loss, "classification")
    pruner = None if model.pruning is None else get_pruner(model.pruning)
    if pruner is not None:
        check_pruner(pruner, loss, [Identity()], recorded=None)
    stochastic = is_stochastic(solver)
    if loss != LogLoss() and not stochastic:
        raise ValueError(f"loss={model.loss!r} needs a stochastic solver such as 'adam', not solver={solver!r}.")
    check_penalty(model, stochastic)
    return loss, pruner


def make_objectives(model, X, codes, sample_weight, start, multinomial):
    """Yield the objectives of a full-batch solver, each with the columns of the parameters that it determines.

    `start` are parameters of shape (n_features + 1, n_outputs). `codes` are the numbers of the classes, and the sample
    weights include those of the classes. If `multinomial`, more than two classes share one model; otherwise each of
    them has one of its own.
    """
    n_outputs = start.shape[1]
    total = X.shape[0] if sample_weight is None else float(np.sum(sample_weight))
    ridge, lasso = penalties(model, X.shape[1], total)
    if n_outputs == 1 or multinomial:
        tasks = [(codes, max(n_outputs, 2), slice(None))]
    else:
        tasks = [(codes == k, 2, slice(k, k + 1)) for k in range(n_outputs)]
    for y, n_classes, columns in tasks:
        objective = LogisticObjective(
            X,
            y,
            n_classes,
            sample_weight,
            ridge=ridge,
            lasso=lasso,
            fit_intercept=model.fit_intercept,
            n_threads=allowed_threads(),
        )
        yield objective, columns


def minimize(model, objectives, start, history, monitor):
    """Minimize log losses with a full-batch solver, from parameters of shape (n_features + 1, n_outputs).

    The intercepts are in the last row. `objectives` are those of :func:`make_objectives`. The `monitor`, or None, is
    told of each iteration; see :func:`sknn_concepts.training.trainer.train`. Returns the parameters, a list with the
    number of iterations of each model, and the history with the measurements of the iterations appended.
    """
    theta, solutions, unfinished = start.copy(), [], []
    progress = _Progress(theta, model.verbose, monitor)
    for number, (objective, columns) in enumerate(objectives):
        solve = proximal_newton if objective.lasso.any() else SOLVERS[model.solver]
        progress.begin(objective, columns, number if objective.n_outputs < start.shape[1] else None)
        with one_blas_thread:  # SciPy's steps are short; BLAS threads, once awake, would spin beside the kernels
            solution = solve(objective, start[:, columns].ravel(), model.tol, model.max_iter, progress.report)
        solutions.append(solution)
        theta[:, columns] = objective.centered(solution.theta)
        if not solution.converged:
            unfinished.append((solution, objective))
        if solution.interrupted:
            if not progress.stopped:
                warn("Training interrupted by user.")
            break
    else:
        _warn_about_unfinished(model, unfinished)
    return theta, [solution.n_iter for solution in solutions], append_measurements(history, progress.measured)


def _strength(C, total):
    """Strength of the penalty relative to the mean loss of a sample, 1 / (C total)."""
    with np.errstate(all="ignore"):
        strength = np.divide(1.0, C * total)
    if not np.isfinite(strength):
        raise ValueError(f"C={C:g} times the sum of the sample weights, {total:g}, is too small: raise one of them.")
    return strength


def penalties(model, n_features, total):
    """Factors of the penalties of each feature and of the intercept, for the objective per sample.

    `total` is the sum of the weights of the samples.
    """
    penalty, scale = penalty_of(model), intercept_factor(model)
    strength = np.full(n_features + 1, _strength(penalty.C, total))
    ridge, lasso = (1.0 - penalty.l1_ratio) * strength, penalty.l1_ratio * strength
    ridge[-1] *= scale**2
    lasso[-1] *= scale
    return ridge, lasso


class _Progress:
    """Measurements of the iterations of full-batch solvers, which are printed, and told to a monitor or None.

    ``theta`` holds the parameters of all models, of which one after the other is fitted.
    """

    def __init__(self, theta, verbose, monitor):
        self.measured, self.stopped = {}, False
        self._theta, self._verbose, self._monitor = theta.copy(), verbose, monitor
        self._time = time.perf_counter()
        self._tell_begin()

    def begin(self, objective, columns, number):
        """Begin the model with some columns of the parameters; its number is None if it is the only one."""
        self._objective, self._columns, self._number = objective, columns, number

    def report(self, iteration, value, gradient, theta):
        """Take an iteration into account; raise KeyboardInterrupt, as Ctrl-C does, if the monitor asks for a stop."""
        before, self._time = self._time, time.perf_counter()
        seconds = self._time - before
        measured = {"loss": value, "gradient": gradient, "seconds": seconds}
        for name, number in (measured if self._number is None else {**measured, "model": self._number}).items():
            self.measured.setdefault(name, []).append(number)
        if self._verbose and iteration % self._verbose == 0:
            log(f"Iteration {iteration}, objective = {value:.10f}, largest gradient = {gradient:.2e}, {seconds:.3g} s")
        if self._monitor is not None:
            self._theta[:, self._columns] = self._objective.centered(theta)
            self.stopped = self._monitor.end(self._theta)
            if self.stopped:
                raise KeyboardInterrupt
            self._tell_begin()

    def _tell_begin(self):
        if self._monitor is not None:
            self._monitor.begin(self._theta)


def _warn_about_unfinished(model, unfinished):
    """Warn that a model did not converge; of several, the one that is farthest from its minimum is described."""
    if unfinished:
        solution, objective = max(unfinished, key=lambda pair: pair[0].gradient)
        if model.solver == "lbfgs":
            message = compat.lbfgs_failed(solution.n_iter, model.max_iter)
        else:
            loss = objective.value_gradient(solution.theta)[0]
            message = _NOT_CONVERGED[model.solver].format(n_iter=solution.n_iter, loss=loss)
        advice = _ADVICE.format(gradient=solution.gradient, max_iter=model.max_iter, tol=model.tol)
        warn(message + advice, ConvergenceWarning)


def minimize_in_batches(model, X, codes, sample_weight, start, multinomial, loss, history, monitor):
    """Minimize a loss with a stochastic solver, as a network without a hidden layer.

    See :func:`make_objectives` and :func:`minimize`.
    """
    n_samples, n_outputs = len(codes), start.shape[1]
    penalty = penalty_of(model)
    batch_size = min(200 if model.batch_size == "auto" else model.batch_size, n_samples)
    sizes = np.diff(np.append(np.arange(0, n_samples, batch_size), n_samples))
    # the network divides its penalty by the size of each batch; their mean should be ours, 1 / (C n_samples)
    strength = _strength(penalty.C, n_samples * np.mean(1.0 / sizes))
    config = TrainingConfig(
        get_optimizer(model.solver),
        regularization=_regularization(strength, penalty.l1_ratio),
        learning_rate_init=model.learning_rate_init,
        batch_size=model.batch_size,
        max_iter=max(model.max_iter, 1),
        verbose=model.verbose,
    )
    dataset = make_dataset(X, codes[:, None] == ([1] if n_outputs == 1 else np.arange(n_outputs)), sample_weight)
    architecture = Architecture(
        [X.shape[1], n_outputs],
        [Identity()],
        loss.multiclass() if multinomial else loss,
        X.dtype,
        allowed_threads,
    )
    result = train(
        architecture,
        dataset,
        config,
        start.astype(X.dtype).ravel(),
        mask=None if model.fit_intercept else np.arange(start.size) < start.size - n_outputs,
        random_state=check_random_state(model.random_state),
        history=History(history=history),
        stopping=StoppingRule(model.tol, _PATIENCE),
        monitor=monitor,
    )
    warn_about_result(result, config, dataset, "constant")
    return result.parameters.reshape(start.shape), [result.history.n_iter], result.history.history


def _regularization(strength, l1_ratio):
    return NO_REGULARIZATION._replace(l2=float(strength * (1.0 - l1_ratio)), l1=float(strength * l1_ratio))


class LogisticFinetuner:
    """Training of the remaining parameters of a fitted model by L-BFGS, while removed ones stay zero.

    The samples have been checked, and their weights include those of the classes.
    """

    def __init__(self, model, X, y, sample_weight):
        self.sample_weight = sample_weight
        self._network = network = model._network_over(X, y, sample_weight)
        self._dataset, sizes = network.dataset, list(network.sizes)
        #: value of a feature whose weight is the intercept, which is penalized as liblinear penalizes it
        self._constant = model.intercept_scaling if model.solver == "liblinear" and model.fit_intercept else None
        if self._constant is not None:
            self._dataset, sizes[0] = _with_constant(self._dataset, self._constant), sizes[0] + 1
        self._architecture = Architecture(sizes, network.activations, network.loss, network.theta.dtype)

    def make_network(self, model):
        """Network of the model before pruning, over the samples."""
        return self._network

    def retrain(self, model, n_epochs, callback=None):
        """Make up to `n_epochs` iterations; the callback is not called."""
        if n_epochs:
            model._set_parameters(self.train(model, n_epochs)[0])
        return model._parameters()

    def train(self, model, max_iter, history=None):
        """Flat parameters after up to `max_iter` iterations, their number, in a list, and their measurements."""
        mask, theta = model._parameter_mask(), model._parameters()
        n_outputs = self._architecture.sizes[-1]
        if not model.fit_intercept:
            mask[-n_outputs:] = False
        if self._constant is not None:
            theta[-n_outputs:] /= self._constant
            theta = np.append(theta, np.zeros(n_outputs, theta.dtype))
            mask = np.append(mask, np.zeros(n_outputs, bool))
        penalty = penalty_of(model)
        config = TrainingConfig(None, regularization=_regularization(1.0 / penalty.C, penalty.l1_ratio), tol=model.tol)
        result = train(
            self._architecture,
            self._dataset,
            config,
            theta,
            mask=mask,
            n_epochs=max_iter,
            incremental=True,
            history=History(history=history),
        )
        if result.stop_reason == INTERRUPTED:
            raise KeyboardInterrupt
        warn_about_result(result, config, self._dataset, incremental=True)
        theta = result.parameters
        if self._constant is not None:
            theta = theta[:-n_outputs]
            theta[-n_outputs:] *= self._constant
        return theta, [result.history.n_iter], result.history.history

    def restart(self, model):
        """Do nothing: L-BFGS has no memory."""


def _with_constant(dataset, value):
    """Data set with one more feature, whose value is the same in all samples."""
    weights = dataset.weights if dataset.weights.size else None
    column = np.full((len(dataset.y), 1), value)
    if not is_sparse(dataset):
        return make_dataset(np.hstack([dataset.X, column.astype(dataset.X.dtype)]), dataset.y, weights)
    X = scipy.sparse.csr_matrix((dataset.data, dataset.indices, dataset.indptr), (len(dataset.y), dataset.n_features))
    return make_dataset(scipy.sparse.hstack([X, column.astype(X.dtype)], format="csr"), dataset.y, weights)
