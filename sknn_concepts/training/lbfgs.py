"""The full-batch solver: SciPy's L-BFGS-B over the compiled loss and gradient."""

import time

import numpy as np
import scipy.optimize
from sklearn.utils.parallel import _get_threadpool_controller

from sknn_concepts._logging import log
from sknn_concepts.jit.forking import Lock, register_after_fork
from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.training.result import CONVERGED, DIVERGED, EXHAUSTED, INTERRUPTED, STOPPED, append_measurements


class _OneBlasThread:
    """Context in which BLAS uses one thread: SciPy sums short vectors, for which waking up threads costs too much.

    The limit holds for the whole process. Fits that run at the same time share it: the first one sets it, the last one
    lifts it.
    """

    def __init__(self):
        self._lock, self._inside, self._limit = Lock(), 0, None
        register_after_fork(self)

    def after_fork(self):
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


def minimize(network, config, rows, total_weight, parameters, history, max_iter, monitor=None, record=None):
    """Minimize the penalized mean loss over some rows, whose weights have the sum `total_weight`.

    With an L1 penalty each weight is split into its positive and negative part, both bounded by zero, so that the
    objective is smooth and weights end exactly at zero (Schmidt, Fung and Rosales, 2007, section 2.4).

    It uses the penalties, ``max_fun``, ``tol`` and ``verbose`` of the settings, and sets the objective, the number of
    iterations and their measurements in the history. The `monitor` and the `record` are told of each iteration. Returns
    the best parameters, the reason why it ended, and facts for a message.
    """
    regularization = config.regularization
    split = network.n_weights if regularization.l1 > 0.0 else 0
    smooth = regularization._replace(l1=0.0)
    lasso = regularization.l1 / total_weight
    theta, gradient = empty_lines(parameters.shape, parameters.dtype), empty_lines(parameters.shape, parameters.dtype)
    best = {"loss": np.inf, "parameters": parameters.copy()}

    def objective(z):
        theta[:] = z[: theta.size]
        theta[:split] -= z[theta.size :]
        loss = network.loss_gradient(theta, gradient, rows, total_weight, smooth)
        slope = gradient.astype(np.float64)
        if split:
            loss += lasso * (z[:split].sum() + z[theta.size :].sum())
            slope = np.concatenate([slope, lasso - slope[:split]])
            slope[:split] += lasso
        if loss < best["loss"]:
            best["loss"], best["parameters"] = loss, theta.copy()
        return loss, slope

    def parameters_of(z):
        result = np.empty_like(parameters)
        result[:] = z[: theta.size]
        result[:split] -= z[theta.size :]
        return result

    measured: dict = {"loss": [], "seconds": []}
    stopped, start_time, last_iterate = False, time.perf_counter(), parameters

    def end_iteration(intermediate_result):
        nonlocal stopped, start_time, last_iterate
        before, start_time = start_time, time.perf_counter()
        loss, seconds = float(intermediate_result.fun), start_time - before
        measured["loss"].append(loss)
        measured["seconds"].append(seconds)
        number = len(measured["loss"])
        if config.verbose and number % config.verbose == 0:
            log(f"Iteration {number}, loss = {loss:.8f}, {seconds:.3g} s")
        if record is not None:
            before, last_iterate = last_iterate, parameters_of(intermediate_result.x)
            record.add(network, before, last_iterate, gradient, rows)
        if monitor is not None:
            iterate = parameters_of(intermediate_result.x)
            stopped = monitor.end(iterate)
            if stopped:
                raise StopIteration
            monitor.begin(iterate)

    start, bounds = parameters.astype(np.float64), None
    if split:
        start = np.concatenate([np.maximum(start[:split], 0.0), start[split:], np.maximum(-start[:split], 0.0)])
        positive, free = (0.0, None), (None, None)
        bounds = [positive] * split + [free] * (theta.size - split) + [positive] * split
    if monitor is not None:
        monitor.begin(parameters)
    try:
        with one_blas_thread:
            found = scipy.optimize.minimize(
                objective,
                start,
                method="L-BFGS-B",
                jac=True,
                bounds=bounds,
                callback=end_iteration,
                options={"maxfun": config.max_fun, "maxiter": max_iter, "gtol": config.tol},
            )
    except KeyboardInterrupt:
        history.loss, history.n_iter = best["loss"], 1
        return best["parameters"], INTERRUPTED, {}
    finally:
        history.history = append_measurements(history.history, measured)
    n_iter = min(int(found.nit), max_iter)
    history.n_iter = max(n_iter, 1)
    trained = parameters_of(found.x)
    if not np.isfinite(found.fun) or not np.isfinite(trained).all():
        history.loss = best["loss"]
        return best["parameters"], DIVERGED, {}
    # before convergence both parts of a weight may be positive, and count for more than their difference
    history.loss = float(found.fun - 2.0 * lasso * np.minimum(found.x[:split], found.x[theta.size :]).sum())
    details = {"n_iter": n_iter, "status": found.status, "reason": found.message}
    return trained, STOPPED if stopped else CONVERGED if found.status == 0 else EXHAUSTED, details
