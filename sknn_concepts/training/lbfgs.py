"""The full-batch solver: SciPy's L-BFGS-B over the compiled loss and gradient."""

import numpy as np
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.parallel import _get_threadpool_controller

from sknn_concepts._warnings import warn
from sknn_concepts.jit.forking import Lock, renew_in_children
from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.training.scale import warn_of_scale
from sknn_concepts.validation import compat


class _OneBlasThread:
    """Keep BLAS to one thread: SciPy asks it for sums over vectors, and waking threads up costs more than they bring.

    The limit holds for the whole process. Fits that run at the same time share it: the first one sets it, the last one
    lifts it.
    """

    def __init__(self):
        self._lock, self._inside, self._limit = Lock(), 0, None
        renew_in_children(self)

    def renew(self):
        """Lift the limit in a forked process, where the fits that set it do not go on."""
        if self._inside:
            self._inside = 0
            self._limit.restore_original_limits()

    def __enter__(self):
        with self._lock:
            if self._inside == 0:
                self._limit = _get_threadpool_controller().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *exception):
        with self._lock:
            self._inside = max(0, self._inside - 1)
            if self._inside == 0:
                self._limit.restore_original_limits()


one_blas_thread = _OneBlasThread()


def minimize(estimator, machine, theta, rows, total_weight, rules, max_iter, alone=True):
    """Minimize the penalized mean loss over rows, in place.

    With an L1 penalty each weight is split into its positive and negative part, both bounded by zero, so that the
    objective is smooth and weights end exactly at zero (Schmidt, Fung and Rosales, 2007, section 2.4).

    Parameters
    ----------
    estimator : multilayer perceptron
        ``max_fun``, ``tol`` and ``verbose`` are used.
    machine : CompiledNetwork
        The network over the data.
    theta : ndarray of shape (n_parameters,)
        Parameters, changed in place.
    rows : ndarray of int64
        Rows to train on.
    total_weight : float
        Sum of their weights.
    rules : Regularization
        Penalties.
    max_iter : int
        Iterations.
    alone : bool, default=True
        Whether this is the whole of training: then Ctrl-C ends it, and it is said if iterations ran out. Otherwise
        KeyboardInterrupt goes to the caller.

    Returns
    -------
    loss : float
        Objective reached.
    n_iter : int
        Iterations made.
    """
    split = machine.n_weights if rules.l1 > 0.0 else 0
    smooth = rules._replace(l1=0.0)
    lasso = rules.l1 / total_weight
    parameters, gradient = empty_lines(theta.shape, theta.dtype), empty_lines(theta.shape, theta.dtype)
    best = {"loss": np.inf, "theta": theta.copy()}

    def objective(z):
        parameters[:] = z[: theta.size]
        parameters[:split] -= z[theta.size :]
        loss = machine.loss_gradient(parameters, gradient, rows, total_weight, smooth)
        slope = gradient.astype(np.float64)
        if split:
            loss += lasso * (z[:split].sum() + z[theta.size :].sum())
            slope = np.concatenate([slope, lasso - slope[:split]])
            slope[:split] += lasso
        if loss < best["loss"]:
            best["loss"], best["theta"] = loss, parameters.copy()
        return loss, slope

    start = theta.astype(np.float64)
    bounds = None
    if split:
        start = np.concatenate([np.maximum(start[:split], 0.0), start[split:], np.maximum(-start[:split], 0.0)])
        positive, free = (0.0, None), (None, None)
        bounds = [positive] * split + [free] * (theta.size - split) + [positive] * split
    printed = _Print() if estimator.verbose else None
    try:
        with one_blas_thread:
            result = scipy.optimize.minimize(
                objective,
                start,
                method="L-BFGS-B",
                jac=True,
                bounds=bounds,
                callback=printed,
                options={"maxfun": estimator.max_fun, "maxiter": max_iter, "gtol": estimator.tol},
            )
    except KeyboardInterrupt:
        if not alone:
            raise
        warn("Training interrupted by user.")
        theta[:] = best["theta"]
        return best["loss"], 1
    theta[:] = result.x[: theta.size]
    theta[:split] -= result.x[theta.size :]
    # before convergence both parts of a weight may be positive, and count for more than their difference
    loss = float(result.fun - 2.0 * lasso * np.minimum(result.x[:split], result.x[theta.size :]).sum())
    if not np.isfinite(result.fun) or not np.isfinite(theta).all():
        theta[:] = best["theta"]
        message = (
            "The loss is not finite any more; the best finite weights are kept. Scale the features (their largest "
            f"magnitude here is {machine.largest_feature():.3g}) or raise alpha."
        )
        warn(message, ConvergenceWarning)
        return best["loss"], max(int(result.nit), 1)
    if alone and result.status != 0:
        message = compat.lbfgs_failed(min(int(result.nit), max_iter), max_iter, result.status, result.message)
        advice = f" The limits are max_iter={max_iter} and max_fun={estimator.max_fun} now."
        warn(message + advice, ConvergenceWarning)
    elif alone:
        warn_of_scale(machine)
    return loss, max(min(int(result.nit), max_iter), 1)


class _Print:
    def __init__(self):
        self.iteration = 0

    def __call__(self, intermediate_result):
        self.iteration += 1
        print(f"Iteration {self.iteration}, loss = {intermediate_result.fun:.8f}")
