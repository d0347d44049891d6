"""Training: a network, samples and settings go in, a result comes out."""

import contextvars
import functools
from typing import Any, NamedTuple

import numpy as np

from sknn_concepts._warnings import warn
from sknn_concepts.network.compiled import ROWS_PER_BLOCK
from sknn_concepts.network.packed import pack, unpack
from sknn_concepts.training.bounds import cannot_overflow
from sknn_concepts.training.lbfgs import minimize
from sknn_concepts.training.minibatch import MinibatchTrainer
from sknn_concepts.training.result import FitResult, History, resume_optimizer

#: Event that ends all trainings of a context as Ctrl-C does, for callers of ``fit``, which cannot pass one.
STOP_EVENT: contextvars.ContextVar = contextvars.ContextVar("stop_event", default=None)


def train(
    architecture,
    dataset,
    config,
    parameters,
    *,
    rows=None,
    mask=None,
    n_epochs=None,
    incremental=False,
    random_state=None,
    optimizer_state=None,
    history=None,
    stopping=None,
    validation=None,
    further_validation=(),
    callback=None,
    monitor=None,
    checkpoint=None,
    record=None,
    stop_event=None,
):
    """Train a network.

    Parameters
    ----------
    architecture : Architecture
        Network.
    dataset : ArrayStruct
        Samples, targets and weights.
    config : TrainingConfig
        Settings.
    parameters : ndarray of shape (n_parameters,)
        Parameters from which to start, not modified.
    rows : ndarray of int64, optional
        Rows of the data set to train on; all by default.
    mask : ndarray of bool of shape (n_parameters,), optional
        Parameters that are trained, all by default. The others keep their values, which must be zero for weights.
    n_epochs : int, optional
        Largest number of epochs, or of iterations of L-BFGS; ``config.max_iter`` by default.
    incremental : bool, default=False
        Whether these epochs are part of a longer training, as in ``partial_fit`` and in retraining.
    random_state : RandomState, optional
        Generator of shuffling and dropout, which L-BFGS does not need.
    optimizer_state : OptimizerState, optional
        State of the optimizer after earlier epochs, not modified.
    history : History, optional
        Measurements of earlier epochs, not modified.
    stopping : StoppingRule, optional
        Rule that ends training, changed in place; by default all epochs are made.
    validation : ValidationSet, optional
        Samples that are measured after each epoch.
    further_validation : sequence of ValidationSet, optional
        Further ones, whose measurements only go into the history.
    callback : callable, optional
        ``callback(parameters_before, parameters)``, called after each epoch.
    monitor : object, optional
        Its methods ``begin(parameters)`` and ``end(parameters)`` are called before and after each epoch, or iteration
        of L-BFGS. If the latter returns True, training ends.
    checkpoint : object, optional
        Its method ``save(progress)`` is called after each of ``every`` epochs of a stochastic solver. Training goes on
        from the progress that ``load()`` returns, if it is not None.
    record : LayerRecord, optional
        Record to which each epoch, or iteration of L-BFGS, adds what happened in the layers.
    stop_event : threading.Event, optional
        Event that ends training as Ctrl-C does; by default that of the context, :data:`STOP_EVENT`.

    Returns
    -------
    result : FitResult

    Raises
    ------
    ValueError
        If the state of the optimizer is damaged, or a schedule returns something else than rates.
    """
    rows = np.arange(len(dataset.y)) if rows is None else rows
    history = History() if history is None else history.copy()
    n_epochs = config.max_iter if n_epochs is None else n_epochs
    if config.optimizer is None:
        network = architecture.compile(dataset, ROWS_PER_BLOCK, needs_gradients=True)
        network.mask = _as_factors(mask, architecture.dtype)
        total_weight = network.total_weight(rows)
        parameters, reason, details = minimize(
            network, config, rows, total_weight, parameters, history, n_epochs, monitor, record
        )
        return FitResult(parameters, optimizer_state, history, reason, stopping, details)
    history.loss_curve = history.loss_curve or []
    if validation is not None:
        history.validation_scores = history.validation_scores or []
        history.validation_loss_curve = history.validation_loss_curve or []
    state = resume_optimizer(optimizer_state, config.optimizer, parameters)
    if mask is not None:  # masks may be newer than the state, whose momentum would move removed weights
        state.slots[:, ~mask] = 0
    # validation and callbacks need all parameters
    needs_all = validation is not None or callback is not None
    masks = None if needs_all or mask is None else architecture.masks_to_pack(mask, dataset)
    batch_size = _batch_size(config.batch_size, len(rows))
    network = architecture.compile(dataset, batch_size, optimizer=config.optimizer, needs_gradients=True, masks=masks)
    if masks is not None:
        mask, parameters = pack(mask, architecture.sizes, masks), pack(parameters, architecture.sizes, masks)
        state.slots = np.stack([pack(slot, architecture.sizes, masks) for slot in state.slots])
        monitor = None if monitor is None else _Unpacking(monitor, architecture.sizes, masks)
    network.mask = _as_factors(mask, architecture.dtype)
    trainer = MinibatchTrainer(
        network,
        config,
        rows,
        parameters,
        state,
        history,
        random_state,
        stopping=stopping,
        validation=[
            (each, _validation_network(architecture, network, each))
            for each in ([] if validation is None else [validation, *further_validation])
        ],
        callback=callback,
        monitor=monitor,
        checkpoint=checkpoint,
        record=record,
        stop_event=STOP_EVENT.get() if stop_event is None else stop_event,
        is_bounded=functools.partial(cannot_overflow, architecture, network) if masks is None else None,
    )
    reason, trained = trainer.run(n_epochs, incremental), trainer.parameters
    if masks is not None:
        trained = unpack(trained, architecture.sizes, masks)
        state.slots = np.stack([unpack(slot, architecture.sizes, masks) for slot in state.slots])
    if stopping is not None:
        history.best_loss = None if stopping.on_score else stopping.best
        history.best_validation_score = stopping.best if stopping.on_score else history.best_validation_score
    return FitResult(trained, state, history, reason, stopping, trainer.schedule_end)


class _Unpacking(NamedTuple):
    """Monitor of packed parameters, which tells another one of all parameters."""

    monitor: Any
    sizes: list
    masks: list

    def begin(self, parameters):
        self.monitor.begin(unpack(parameters, self.sizes, self.masks))

    def end(self, parameters):
        return self.monitor.end(unpack(parameters, self.sizes, self.masks))


def _as_factors(mask, dtype):
    """Return an array of 0 and 1 for the kernels, which is empty if all parameters are trained."""
    return np.empty(0, dtype) if mask is None or mask.all() else mask.astype(dtype)


def _validation_network(architecture, network, validation):
    if validation.dataset is network.dataset:
        return network
    return architecture.compile(validation.dataset, needs_gradients=True)


def _batch_size(asked, n_samples):
    if asked == "auto":
        return min(200, n_samples)
    if asked > n_samples:
        warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
    return min(asked, n_samples)
