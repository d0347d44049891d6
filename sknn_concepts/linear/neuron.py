"""One neuron that learns sample by sample: its data, its state, and the passes over the samples.

What happens to a single sample is in :mod:`sknn_concepts.linear.sgd`.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy.sparse
from numba import types

from sknn_concepts.jit.dispatch import bind, dispatch_table
from sknn_concepts.linear import sgd as online
from sknn_concepts.linear.rows import read_only


class Samples(NamedTuple):
    """A data set as the kernels see it, read-only.

    Attributes
    ----------
    values : ndarray of shape (n_samples * n_features,) or (n_nonzeros,)
        Rows one after the other.
    indptr : ndarray of int of shape (n_samples + 1,)
        Where the rows of a CSR matrix begin; empty where rows are dense.
    columns : ndarray of int of shape (n_nonzeros,) or (n_features,)
        Columns of the values; those of all rows where they are dense.
    y : ndarray of shape (n_samples,)
        Targets; -1 and 1 for the perceptron rule.
    weights : ndarray of shape (n_samples,)
        Factor of each sample's step.
    """

    values: np.ndarray
    indptr: np.ndarray
    columns: np.ndarray
    y: np.ndarray
    weights: np.ndarray


class OnlineConfig(NamedTuple):
    """How a neuron learns.

    Attributes
    ----------
    eta : float
        Length of a step.
    alpha, l1_ratio : float
        Penalty alpha * (l1_ratio * sum |w| + (1 - l1_ratio) / 2 * sum w^2); alpha = 0 means none.
    intercept_rate : float
        Factor of the intercept's steps; 0 leaves it as it is.
    average : int
        Number of the sample from which on the weights are averaged; 0 means never.
    delta : bool
        Whether it learns by the delta rule, not by the perceptron rule.
    """

    eta: float
    alpha: float
    l1_ratio: float
    intercept_rate: float
    average: int
    delta: bool


class Neuron(NamedTuple):
    """Parameters and working memory of a neuron; see :func:`make_neuron`."""

    w: np.ndarray  # weights, divided by the scale
    average_w: np.ndarray  # empty without averaging
    paid: np.ndarray  # what each weight has paid of the L1 penalty, with its sign; empty without one
    state: np.ndarray
    products: np.ndarray
    steps: np.ndarray


def make_samples(X, y, weights):
    """Arrange a data set for the kernels.

    Parameters
    ----------
    X : C-contiguous ndarray or CSR matrix of shape (n_samples, n_features)
        Samples, float32 or float64.
    y, weights : ndarray of shape (n_samples,)
        Targets and factors of the steps, in the dtype of X.

    Returns
    -------
    samples : Samples
        Views, all read-only, so that writeable and read-only data share one compiled kernel.
    """
    if scipy.sparse.issparse(X):
        # unsigned, so that no kernel looks out for negative columns
        arrays = X.data, X.indptr, X.indices.view(f"u{X.indices.itemsize}")
    else:
        arrays = X.reshape(-1), np.empty(0, np.int32), np.arange(X.shape[1], dtype=np.uint32)
    return Samples(*(read_only(array) for array in (*arrays, y, weights)))


def make_neuron(w, intercept, rule, time=1.0, average_w=None, average_intercept=0.0):
    """Make a neuron that starts from copies of some parameters.

    Parameters
    ----------
    w : ndarray of shape (n_features,)
        Weights.
    intercept : float
        Intercept.
    rule : OnlineConfig
        How it will learn.
    time : float, default=1.0
        Number of the next sample.
    average_w : ndarray of shape (n_features,), optional
        Average of the weights so far; zeros by default.
    average_intercept : float, default=0.0
        Average of the intercepts so far.

    Returns
    -------
    neuron : Neuron
    """
    state = np.zeros(online.STATE_SIZE)
    state[[online.INTERCEPT, online.AVERAGE_INTERCEPT, online.TIME]] = intercept, average_intercept, time
    state[[online.SCALE, online.SHRINKAGE]] = 1.0
    state[[online.SQUARES, online.MAGNITUDES]] = (w * w).sum(), np.abs(w).sum()
    average_w = np.zeros_like(w) if average_w is None else average_w.copy()
    none = np.empty(0, w.dtype)
    return Neuron(
        w=w.copy(),
        average_w=average_w if rule.average > 0 else none,
        paid=np.zeros_like(w) if rule.alpha * rule.l1_ratio > 0.0 else none,
        state=state,
        products=np.empty_like(w),
        steps=np.empty(w.size),
    )


def plug_loss(activation=None, loss=None):
    """Make the table through which the delta rule calls an activation and a loss.

    Parameters
    ----------
    activation : Activation, optional
        Of the neuron.
    loss : Loss, optional
        Of its value; none for the perceptron rule.

    Returns
    -------
    table : table
        Argument of :func:`sknn_concepts.linear.sgd.learn`.
    memory : list
        To be kept alive as long as the table is used.
    """
    table, memory = dispatch_table(4), []
    if loss is not None:
        one, two = (types.float64,), (types.float64, types.float64)
        for index, function, subject, arguments in (
            (online.VALUE, online.value_of, activation, one),
            (online.SLOPE, online.slope_of, activation, one),
            (online.LOSS, online.loss_of, loss, two),
            (online.GRADIENT, online.gradient_of, loss, two),
        ):
            memory.append(bind(table, index, function, subject, np.float64, arguments))
    return table, memory


def train(
    samples,
    rows,
    rule,
    neuron,
    table,
    *,
    seed,
    max_iter,
    tol,
    n_iter_no_change,
    held_out=(),
    score=None,
    verbose=False,
    halt=None,
):
    """Show samples to a neuron again and again until it improves no more.

    Parameters
    ----------
    samples : Samples
        The data set.
    rows : ndarray of int64
        Its rows to learn from, in their initial order.
    rule : OnlineConfig
        How the neuron learns.
    neuron : Neuron
        Changed in place; :func:`sknn_concepts.linear.sgd.fold` makes its weights those of the model.
    table : table
        Made by :func:`plug_loss`.
    seed : int or None
        Of the shuffling before each pass; None keeps the order.
    max_iter : int
        Largest number of passes.
    tol : float or None
        Improvement of the mean objective, or of the score, that counts as one; None counts everything.
    n_iter_no_change : int
        Consecutive passes without improvement after which to stop.
    held_out : ndarray of int64
        Rows that take part in the shuffling but are not learned.
    score : callable, optional
        ``score(w, intercept)`` is watched instead of the objective.
    verbose : bool, default=False
        Print the progress of each pass.
    halt : threading.Event, optional
        Ends the training when it is set; is set by an interrupt from the keyboard.

    Returns
    -------
    curve : list of float
        Mean loss of each pass.

    Raises
    ------
    ValueError
        If a weight is not finite any more.
    """
    order, permutation = rows, None
    if seed is not None:
        permutation = np.arange(rows.size)
        online.shuffle(permutation, seed)
    learned = None
    if len(held_out):
        learned = np.ones(samples.y.size, bool)
        learned[held_out] = False
    best, without_improvement, curve = np.inf, 0, []
    try:
        while len(curve) < max_iter and without_improvement < n_iter_no_change and not (halt and halt.is_set()):
            order = order if permutation is None else order[permutation]
            shown = order if learned is None else order[learned[order]]
            loss, objective = online.learn(samples, shown, rule, neuron, table)
            curve.append(loss / shown.size)
            intercept = neuron.state[online.INTERCEPT]
            if not (math.isfinite(intercept) and np.isfinite(neuron.w).all()):
                raise ValueError(
                    f"Floating-point under-/overflow occurred at epoch #{len(curve)}. Scaling input data with "
                    f"StandardScaler or MinMaxScaler might help, or a smaller eta0 (now {rule.eta:g})."
                )
            # the score is taken as in scikit-learn: of the weights without their scale
            cost = objective / shown.size if score is None else -score(neuron.w, intercept)
            improved = tol is None or not cost > best - tol
            without_improvement = 0 if improved else without_improvement + 1
            best = min(best, cost)
            if verbose:
                watched = "Objective" if score is None else "Validation score"
                print(f"-- Epoch {len(curve)}: Avg. loss: {curve[-1]:f}, {watched}: {abs(cost):f}, Bias: {intercept:f}")
    except KeyboardInterrupt:
        if halt is None:
            raise
        halt.set()
    return curve
