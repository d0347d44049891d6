"""Warnings about the end of training, and about features that are not scaled."""

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts._warnings import warn
from sknn_concepts.network.dataset import is_sparse
from sknn_concepts.training.result import CONVERGED, DIVERGED, EXHAUSTED, INTERRUPTED
from sknn_concepts.validation import compat
from sknn_concepts.validation.data import largest_magnitude

#: Magnitude of a feature, such as a time stamp, that outweighs all others in the first layer.
UNSCALED_MAGNITUDE = 1e6

#: Ratio of the largest magnitude to the range of the narrowest feature that hides the latter from the perceptron rule.
MAGNITUDE_TO_RANGE = 100.0

_SCALE = (
    "A feature of magnitude {largest:.3g} dominates all other features, and training may have ended without "
    "having learned anything. Scale the features, for example with sklearn.preprocessing.StandardScaler."
)


_DIVERGED = (
    "Training stopped in iteration {iteration}: the loss is no longer finite. The last weights with a finite one are "
    "kept. Lower learning_rate_init (now {rate}), scale the features (their largest magnitude here is {largest:.3g}), "
    "or clip the gradient with max_grad_norm."
)
_LBFGS_DIVERGED = (
    "The loss is not finite any more; the best finite weights are kept. Scale the features (their largest magnitude "
    "here is {largest:.3g}) or raise alpha."
)
_FADED = (
    "Pass {epoch} changes {what}: learning_rate={learning_rate!r} has come down to {rate:.3g}, from "
    "learning_rate_init={initial:g}. A schedule ends after max_iter={max_iter} passes, further calls and retraining "
    "included. Raise max_iter or learning_rate_init, or choose learning_rate='constant'."
)
_EXHAUSTED = (
    "Stochastic Optimizer: Maximum iterations ({max_iter}) reached and the optimization hasn't converged yet. Raise "
    "max_iter, raise learning_rate_init (now {rate}), loosen tol, or scale the features."
)


def warn_about_result(result, config, dataset, learning_rate=None, incremental=False):
    """Warn if training did not converge; an `incremental` one, a part of a longer training, need not have converged.

    `learning_rate` is the schedule as the user passed it.
    """
    reason, stochastic = result.stop_reason, config.optimizer is not None
    if stochastic and result.details:
        what = "no weight" if result.details["still"] else "next to nothing"
        initial, max_iter = config.learning_rate_init, config.max_iter
        message = _FADED.format(
            what=what, learning_rate=learning_rate, initial=initial, max_iter=max_iter, **result.details
        )
        warn(message, ConvergenceWarning)
    if reason == INTERRUPTED:
        warn("Training interrupted by user.")
    elif reason == DIVERGED:
        message = (_DIVERGED if stochastic else _LBFGS_DIVERGED).format(
            iteration=len(result.history.loss_curve or ()) + 1,
            rate=config.learning_rate_init,
            largest=largest_feature(dataset),
        )
        warn(message, ConvergenceWarning)
    elif incremental:
        return
    elif reason == EXHAUSTED and stochastic and not config.schedule.ends():
        warn(_EXHAUSTED.format(max_iter=config.max_iter, rate=config.learning_rate_init), ConvergenceWarning)
    elif reason == EXHAUSTED and not stochastic:
        message = compat.lbfgs_failed(max_iter=config.max_iter, **result.details)
        advice = f" The limits are max_iter={config.max_iter} and max_fun={config.max_fun} now."
        warn(message + advice, ConvergenceWarning)
    elif reason == CONVERGED and (largest := largest_feature(dataset)) >= UNSCALED_MAGNITUDE:
        warn(_SCALE.format(largest=largest), ConvergenceWarning)


def largest_feature(dataset):
    """Return the largest magnitude among the features of a data set."""
    return largest_magnitude(dataset.data if is_sparse(dataset) else dataset.X)


def unscaled_message(X, largest):
    """Return a warning for neurons that start from zero, if one feature outweighs the others; None otherwise.

    `largest` is the largest magnitude in X.
    """
    if largest < UNSCALED_MAGNITUDE:
        return None
    highest, lowest = X.max(axis=0), X.min(axis=0)
    if scipy.sparse.issparse(X):
        highest, lowest = highest.toarray().ravel(), lowest.toarray().ravel()
    with np.errstate(over="ignore"):
        width = (highest - lowest)[highest > lowest].min(initial=np.inf)
    return _SCALE.format(largest=largest) if largest >= MAGNITUDE_TO_RANGE * width else None
