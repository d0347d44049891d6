"""The training of a single neuron, sample by sample."""

import math
import time

import numpy as np

from sknn_concepts._logging import log
from sknn_concepts.linear import sgd
from sknn_concepts.training.result import (
    CONVERGED,
    EXHAUSTED,
    INTERRUPTED,
    STOPPED,
    History,
    append_measurements,
)


def train_neuron(
    samples,
    rows,
    config,
    neuron,
    table,
    stopping,
    *,
    seed,
    max_iter,
    held_out=(),
    score=None,
    verbose=0,
    monitor=None,
    stop_event=None,
):
    """Train a neuron sample by sample, in place, until it improves no more.

    Samples, config, neuron and table are those of :func:`sknn_concepts.linear.sgd.train_epoch`. The `rows`, in their
    initial order, are shuffled before each epoch unless `seed` is None; those `held_out` are not trained on. The rule
    monitors the mean objective or ``score(w, intercept)``. Every `verbose`-th epoch is printed, none with 0. The
    monitor is that of :func:`sknn_concepts.training.trainer.train`. Ctrl-C sets `stop_event`, which ends the training.

    Returns the history, with the mean loss of each epoch in its loss curve, and the reason why training stopped. The
    curve is empty if an interrupt came before the first epoch. Raises ValueError if a weight is no longer finite.
    """
    order, permutation, trained_on = rows, None, None
    if seed is not None:
        permutation = np.arange(rows.size)
        sgd.shuffle(permutation, seed)
    if len(held_out):
        trained_on = np.ones(samples.y.size, bool)
        trained_on[held_out] = False
    curve: list = []
    scores: list = []
    times = [time.perf_counter()]
    history, on_score = History(loss_curve=curve), stopping.on_score
    try:
        while len(curve) < max_iter:
            if stop_event is not None and stop_event.is_set():
                return history, INTERRUPTED
            if monitor is not None:
                monitor.begin(_parameters_so_far(neuron, config))
            order = order if permutation is None else order[permutation]
            shown = order if trained_on is None else order[trained_on[order]]
            loss, objective = sgd.train_epoch(samples, shown, config, neuron, table)
            curve.append(loss / shown.size)
            intercept = neuron.state[sgd.INTERCEPT]
            if not (math.isfinite(intercept) and np.isfinite(neuron.w).all()):
                raise ValueError(
                    f"Floating-point under-/overflow occurred at epoch #{len(curve)}. Scaling input data with "
                    f"StandardScaler or MinMaxScaler might help, or a smaller eta0 (now {config.eta:g})."
                )
            # the score is taken as in scikit-learn: of the weights without their scale
            value = score(neuron.w, intercept) if on_score else objective / shown.size
            times.append(time.perf_counter())
            scores.append(value)
            if verbose and len(curve) % verbose == 0:
                metric = "Validation score" if on_score else "Objective"
                log(
                    f"-- Epoch {len(curve)}: Avg. loss: {curve[-1]:f}, {metric}: {value:f}, Bias: {intercept:f}, "
                    f"{times[-1] - times[-2]:.3g} s"
                )
            stops = stopping.update(value)
            asked_to_stop = monitor is not None and monitor.end(_parameters_so_far(neuron, config))
            if stops or asked_to_stop:
                return history, CONVERGED if stops else STOPPED
    except KeyboardInterrupt:
        if stop_event is None:
            raise
        stop_event.set()
        return history, INTERRUPTED
    finally:
        measured = {"loss": curve, "learning_rate": np.full(len(curve), config.eta), "seconds": np.diff(times)}
        history.history = append_measurements(None, {**measured, "validation_score": scores} if on_score else measured)
    return history, EXHAUSTED


def _parameters_so_far(neuron, config):
    """Return the weights and the intercept, or their averages if averaging has begun, without touching the neuron."""
    arrays = {name: getattr(neuron, name).copy() for name in ("w", "average_w", "state")}
    parameters, average = sgd.parameters_of(neuron._replace(**arrays))
    return average if 0 < config.average < neuron.state[sgd.TIME] else parameters
