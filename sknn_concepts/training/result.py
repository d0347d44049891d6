"""Settings and results of training: plain records of arrays and numbers."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

import numpy as np

from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.network.compiled import NO_REGULARIZATION
from sknn_concepts.network.minibatch import Regularization
from sknn_concepts.optimizers import Optimizer
from sknn_concepts.schedules import Constant, Schedule
from sknn_concepts.training.stopping import StoppingRule
from sknn_concepts.validation.arrays import is_finite

#: Reasons why training stops: no further improvement, all epochs are made, the loss is not finite, Ctrl-C, a callback.
CONVERGED, EXHAUSTED, DIVERGED, INTERRUPTED, STOPPED = "converged", "exhausted", "diverged", "interrupted", "stopped"


class TrainingConfig(NamedTuple):
    """Settings of training.

    They mean what the estimators' arguments of the same names mean.
    """

    optimizer: Optimizer | None  # None for L-BFGS
    schedule: Schedule = Constant()
    regularization: Regularization = NO_REGULARIZATION
    learning_rate_init: float = 0.001
    batch_size: int | str = "auto"
    max_iter: int = 200  # epochs of the whole training, over which schedules extend, or iterations of L-BFGS
    max_fun: int = 15000
    shuffle: bool = True
    tol: float = 1e-4
    early_stopping: bool = False
    verbose: int = 0  # print every epoch of which this is a divisor; 0 for none


@dataclass
class OptimizerState:
    """State of a stochastic optimizer, with which training can continue."""

    optimizer: str  # name of its class
    slots: np.ndarray  # numbers that it stores for each parameter, of shape (n_slots, n_parameters)
    steps: int = 0  # those made so far
    epochs: int = 0
    rate_scale: float = 1.0  # factor to which a schedule has lowered the learning rate on plateaus
    schedule_ended: bool = False  # whether the schedule is over and the user has been warned

    def restarted(self):
        """State at the beginning: all steps are forgotten, and the schedule starts again."""
        return OptimizerState(self.optimizer, np.zeros_like(self.slots), schedule_ended=self.schedule_ended)


def resume_optimizer(state, optimizer, parameters):
    """Return a copy of an optimizer's state, or a fresh one if it belongs to another optimizer or network, or is None.

    Raises ValueError if it is damaged.
    """
    name, shape = type(optimizer).__name__, (max(1, optimizer.slots), parameters.size)
    check_optimizer_state(state)
    known = state is not None and (state.optimizer, state.slots.shape) == (name, shape)
    slots = empty_lines(shape, parameters.dtype)
    slots[:] = state.slots if known else 0
    if not known:
        return OptimizerState(name, slots)
    return OptimizerState(name, slots, state.steps, state.epochs, state.rate_scale, state.schedule_ended)


def check_optimizer_state(state):
    """Raise ValueError if an optimizer's state, which may be None, is damaged."""
    if state is None:
        return
    if not isinstance(state, OptimizerState) or not isinstance(state.slots, np.ndarray):
        raise ValueError(f"The optimizer's memory must be an OptimizerState; it is {type(state).__name__}. Fit again.")
    counted = state.steps, state.epochs, state.rate_scale
    if not all(isinstance(number, Real) and math.isfinite(number) and number >= 0 for number in counted):
        raise ValueError(f"The optimizer's memory counts {counted} steps, epochs and rates; it is damaged. Fit again.")
    if state.slots.dtype.kind != "f" or not is_finite(state.slots):
        raise ValueError("The optimizer's memory must hold finite numbers; it is damaged. Fit again.")


@dataclass
class History:
    """Measurements during training; each is a fitted attribute, whose name ends with an underscore."""

    loss: float = math.nan  # of the last epoch, with the penalty
    n_iter: int = 0  # epochs of this call, or iterations of L-BFGS
    t: int = 0  # samples seen so far
    loss_curve: list | None = None  # loss of each epoch
    best_loss: float | None = None  # smallest so far; None with early stopping
    validation_scores: list | None = None  # score after each epoch; None where no samples are held out
    validation_loss_curve: list | None = None  # loss on these samples
    best_validation_score: float | None = None  # largest so far
    best_iteration: int | None = None  # epoch with the best loss or, with early stopping, score; 1 is the first
    history: dict | None = None  # arrays of what each epoch measured, by name

    def copy(self):
        """Return a copy that does not share its lists."""
        fields = {name: list(value) if isinstance(value, list) else value for name, value in vars(self).items()}
        return History(**fields)

    def attributes(self):
        """Return the fitted attributes by name: those of epochs and of held-out samples only where there are any."""
        names = ["loss", "n_iter", "t", "history"] if self.loss_curve is None else list(vars(self))
        if self.validation_loss_curve is None and self.loss_curve is not None:
            names.remove("validation_loss_curve")
        return {f"{name}_": getattr(self, name) for name in names}


def append_measurements(history, measured):
    """Append what further epochs measured, sequences by name, to arrays by name, which may be None.

    What some epochs did not measure is NaN there.
    """
    history = history or {}
    n_before, n_further = (max(map(len, each.values()), default=0) for each in (history, measured))
    appended = {}
    for name in dict.fromkeys((*history, *measured)):
        appended[name] = curve = np.full(n_before + n_further, np.nan)
        if name in history:
            curve[:n_before] = history[name]
        further = measured.get(name, ())
        curve[n_before : n_before + len(further)] = further
    return appended


class FitResult(NamedTuple):
    """Result of training.

    The details are facts for a message: ``n_iter``, ``status`` and ``reason`` of L-BFGS; ``epoch``, ``rate`` and
    ``still`` (whether no weight changed) of a schedule that is over.
    """

    parameters: np.ndarray  # trained ones, in a new array
    optimizer_state: OptimizerState | None  # with which training can continue; L-BFGS passes the given one on
    history: History  # losses and scores, those of earlier calls included
    stop_reason: str  # CONVERGED, EXHAUSTED, DIVERGED, INTERRUPTED or STOPPED
    stopping: StoppingRule | None = None  # rule that ended training, with its counts
    details: dict = {}
