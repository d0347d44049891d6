"""What the names of logistic regression's solvers stand for, and how each of them is called."""

from types import SimpleNamespace

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts._warnings import warn
from sknn_concepts.activations import Identity
from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.penalty import check_penalty, penalty_of
from sknn_concepts.initializers import Initializer, get_initializer
from sknn_concepts.linear.newton_lbfgs import fastest, lbfgs, newton_cg, newton_cholesky
from sknn_concepts.linear.objective import LogisticObjective
from sknn_concepts.linear.proximal_newton import proximal_newton
from sknn_concepts.losses import LogLoss, get_loss
from sknn_concepts.network.compiled import PLAIN, CompiledNetwork
from sknn_concepts.network.dataset import is_sparse, make_dataset
from sknn_concepts.pruning.loop import check_pruner
from sknn_concepts.pruning.pruners import get_pruner
from sknn_concepts.training.lbfgs import minimize as full_batch
from sknn_concepts.training.lbfgs import one_blas_thread
from sknn_concepts.validation import compat
from sknn_concepts.validation.fitted_network import open_network
from sknn_concepts.validation.threads import allowed_threads

#: Algorithm behind each name of a full-batch solver, where there is no L1 penalty.
SMOOTH = {
    "auto": fastest,
    "lbfgs": lbfgs,
    "newton-cg": newton_cg,
    "newton-cholesky": newton_cholesky,
    "sag": fastest,
    "saga": fastest,
    "liblinear": fastest,
}

#: How scikit-learn says that a solver other than "lbfgs" did not converge, so that a filter for its words knows ours.
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


def is_stochastic(solver):
    """Whether a solver trains in batches."""
    return not isinstance(solver, str) or solver not in SMOOTH


def check_choices(model):
    """Raise ValueError if a model's arguments exclude each other.

    Parameters
    ----------
    model : LogisticRegression
        Whose arguments are read.

    Returns
    -------
    loss : Loss
    pruner : Pruner or None
    """
    solver = model.solver
    get_initializer(model.initializer)
    loss = get_loss(model.loss, "classification")
    pruner = None if model.pruning is None else get_pruner(model.pruning)
    if pruner is not None:
        check_pruner(pruner, loss, [Identity()], watched=None)
    stochastic = is_stochastic(solver)
    if loss != LogLoss() and not stochastic:
        raise ValueError(f"loss={model.loss!r} needs a stochastic solver such as 'adam', not solver={solver!r}.")
    check_penalty(model, stochastic)
    return loss, pruner


def minimize(model, X, codes, sample_weight, start):
    """Minimize the log loss with a full-batch solver.

    Parameters
    ----------
    model : LogisticRegression
        Whose settings are followed.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Samples.
    codes : ndarray of shape (n_samples,)
        Numbers of the classes.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights, those of the classes included.
    start : ndarray of shape (n_features + 1, n_outputs)
        Where to start, intercepts in the last row.

    Returns
    -------
    theta : ndarray of shape (n_features + 1, n_outputs)
        Parameters.
    n_iter : list of int
        Iterations of each model.
    """
    n_outputs = start.shape[1]
    if n_outputs == 1 or model._is_multinomial():
        tasks = [(codes, max(n_outputs, 2), slice(None))]
    else:
        tasks = [(codes == k, 2, slice(k, k + 1)) for k in range(n_outputs)]
    ridge, lasso = _penalties(model, X, sample_weight)
    solve = proximal_newton if lasso.any() else SMOOTH[model.solver]
    theta, solutions, unfinished = start.copy(), [], []
    for y, n_classes, columns in tasks:
        objective = LogisticObjective(
            X,
            y,
            n_classes,
            sample_weight,
            ridge=ridge,
            lasso=lasso,
            intercept=model.fit_intercept,
            n_threads=allowed_threads(),
        )
        report = _print if model.verbose else None
        with one_blas_thread:  # SciPy's steps are short; BLAS threads, once awake, would spin beside the kernels
            solutions.append(solve(objective, start[:, columns].ravel(), model.tol, model.max_iter, report))
        theta[:, columns] = objective.centered(solutions[-1].theta)
        if not solutions[-1].converged:
            unfinished.append((solutions[-1], objective))
        if solutions[-1].interrupted:
            warn("Training interrupted by user.")
            break
    else:
        _warn(model, unfinished)
    return theta, [solution.n_iter for solution in solutions]


def _strength(C, total):
    """Weight of the penalty beside the mean loss of a sample, 1 / (C total)."""
    with np.errstate(all="ignore"):
        strength = np.divide(1.0, C * total)
    if not np.isfinite(strength):
        raise ValueError(f"C={C:g} times the sum of the sample weights, {total:g}, is too small: raise one of them.")
    return strength


def _penalties(model, X, sample_weight):
    """Factors of the penalties of each feature and of the intercept, for the objective per sample."""
    total = X.shape[0] if sample_weight is None else float(np.sum(sample_weight))
    penalty = penalty_of(model)
    strength = np.full(X.shape[1] + 1, _strength(penalty.C, total))
    # as liblinear sees it, the intercept is the weight of a feature of constant value intercept_scaling
    scale = 1.0 / model.intercept_scaling if model.solver == "liblinear" else 0.0
    ridge, lasso = (1.0 - penalty.l1_ratio) * strength, penalty.l1_ratio * strength
    ridge[-1] *= scale**2
    lasso[-1] *= scale
    return ridge, lasso


def _print(iteration, value, gradient):
    print(f"Iteration {iteration}, objective = {value:.10f}, largest gradient = {gradient:.2e}")


def _warn(model, unfinished):
    """Say that a model did not converge, of several the one that is farthest from it."""
    if unfinished:
        solution, objective = max(unfinished, key=lambda pair: pair[0].gradient)
        if model.solver == "lbfgs":
            message = compat.lbfgs_failed(solution.n_iter, model.max_iter)
        else:
            loss = objective.value_gradient(solution.theta)[0]
            message = _NOT_CONVERGED[model.solver].format(n_iter=solution.n_iter, loss=loss)
        advice = _ADVICE.format(gradient=solution.gradient, max_iter=model.max_iter, tol=model.tol)
        warn(message + advice, ConvergenceWarning)


class _Given(Initializer):
    """Weights and intercepts that are known, those in the last row."""

    def __init__(self, parameters):
        self.parameters = parameters

    def weights(self, random_state, fan_in, fan_out):
        return self.parameters[:-1]

    def intercepts(self, random_state, fan_in, fan_out):
        return self.parameters[-1]


class _WithoutIntercept(MLPClassifier):
    """A network whose intercepts stay what they are."""

    def _mask(self, dtype=None, squeezed=None):
        return (np.arange(self._theta.size) < self.coefs_[0].size).astype(self._theta.dtype)


def train_in_batches(model, X, codes, sample_weight, loss, start):
    """Train the network without a hidden layer; see :func:`minimize`.

    Parameters
    ----------
    model : LogisticRegression
        Whose settings are followed.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Samples.
    codes : ndarray of shape (n_samples,)
        Numbers of the classes.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights, those of the classes included.
    loss : Loss
        What to minimize.
    start : ndarray of shape (n_features + 1, n_outputs)
        Where to start, intercepts in the last row.

    Returns
    -------
    theta : ndarray of shape (n_features + 1, n_outputs)
        Parameters.
    n_iter : list of int
        Passes made.
    """
    n_samples, n_outputs = len(codes), start.shape[1]
    penalty = penalty_of(model)
    if n_outputs > 1 and not model._is_multinomial():
        codes = np.eye(n_outputs, dtype=int)[codes]  # one output a class, each on its own
    batch_size = min(200 if model.batch_size == "auto" else model.batch_size, n_samples)
    sizes = np.diff(np.append(np.arange(0, n_samples, batch_size), n_samples))
    network = (MLPClassifier if model.fit_intercept else _WithoutIntercept)(
        hidden_layer_sizes=(),
        solver=model.solver,
        # the network divides its penalty by the size of each batch; their mean should be ours, 1 / (C n_samples)
        alpha=_strength(penalty.C, n_samples * np.mean(1.0 / sizes)),
        l1_ratio=penalty.l1_ratio,
        batch_size=model.batch_size,
        learning_rate_init=model.learning_rate_init,
        max_iter=max(model.max_iter, 1),
        tol=model.tol,
        verbose=bool(model.verbose),
        random_state=model.random_state,
        loss=loss,
        initializer=_Given(start),
        dtype=X.dtype.name,
    )
    network.fit(X, codes, sample_weight)
    return np.vstack([network.coefs_[0], network.intercepts_[0]]), [network.n_iter_]


class Retraining:
    """A fitted model whose removed weights stay zero while the others are fitted further, all at once, by L-BFGS.

    Parameters
    ----------
    model : LogisticRegression
        Fitted.
    X, y, sample_weight
        As users pass them, the weights of the classes included.
    """

    way = None

    def __init__(self, model, X, y, sample_weight):
        self.model, self.sample_weight = model, sample_weight
        self._opened = opened = open_network(model, X, y, sample_weight)
        source, sizes = opened.source, list(opened.sizes)
        #: value of a feature whose weight is the intercept, which is penalized as liblinear penalizes it
        self._constant = model.intercept_scaling if model.solver == "liblinear" and model.fit_intercept else None
        if self._constant is not None:
            source, sizes[0] = _with_constant(source, self._constant), sizes[0] + 1
        self._machine = CompiledNetwork(sizes, opened.activations, opened.loss, opened.theta.dtype, source, learns=True)

    def retrain(self, n_epochs):
        """Make up to so many iterations, and say how many they were, in a list."""
        model, opened = self.model, self._opened
        if n_epochs == 0:
            return [0]
        alive = model._alive()
        theta = model._parameters()
        n_outputs = opened.sizes[-1]
        if not model.fit_intercept:
            alive[-n_outputs:] = False
        if self._constant is not None:
            theta[-n_outputs:] /= self._constant
            theta = np.append(theta, np.zeros(n_outputs, theta.dtype))
            alive = np.append(alive, np.zeros(n_outputs, bool))
        self._machine.mask = alive.astype(theta.dtype)
        penalty = penalty_of(model)
        strength = 1.0 / penalty.C
        rules = PLAIN._replace(l2=strength * (1.0 - penalty.l1_ratio), l1=strength * penalty.l1_ratio)
        settings = SimpleNamespace(max_fun=15000, verbose=False, tol=model.tol)
        rows = np.arange(len(opened.source.y))
        _, n_iter = full_batch(settings, self._machine, theta, rows, opened.total_weight, rules, n_epochs, alone=False)
        if self._constant is not None:
            theta = theta[:-n_outputs]
            theta[-n_outputs:] *= self._constant
        model._assign(theta)
        return [n_iter]

    def restart(self):
        """Do nothing: L-BFGS remembers nothing."""


def _with_constant(source, value):
    """Source with one more feature, whose value is the same in all samples."""
    weights = source.weights if source.weights.size else None
    column = np.full((len(source.y), 1), value)
    if not is_sparse(source):
        return make_dataset(np.hstack([source.X, column.astype(source.X.dtype)]), source.y, weights)
    X = scipy.sparse.csr_matrix((source.data, source.indices, source.indptr), (len(source.y), source.n_features))
    return make_dataset(scipy.sparse.hstack([X, column.astype(X.dtype)], format="csr"), source.y, weights)
