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

#: Reasons why training stops: no further improvement, all epochs are made, the loss is not finite, Ctrl-C.
CONVERGED, EXHAUSTED, DIVERGED, INTERRUPTED = "converged", "exhausted", "diverged", "interrupted"


class TrainingConfig(NamedTuple):
    """Settings of training.

    Attributes
    ----------
    optimizer : Optimizer or None
        Stochastic optimizer; None means L-BFGS.
    schedule : Schedule
        Learning rates.
    regularization : Regularization
        Penalties, dropout and limits of norms.
    learning_rate_init : float
        Initial learning rate.
    batch_size : int or "auto"
        Samples of a batch; "auto" is min(200, n_samples).
    max_iter : int
        Epochs of the whole training, over which schedules extend, or iterations of L-BFGS.
    max_fun : int
        Evaluations of the loss by L-BFGS.
    shuffle : bool
        Whether samples are shuffled before each epoch.
    tol : float
        Smallest improvement that counts; for L-BFGS, the largest gradient entry at which it converges.
    n_iter_no_change : float
        Number of epochs without improvement that are tolerated.
    early_stopping : bool
        Whether the validation score, not the training loss, decides when training stops.
    verbose : bool
        Whether the loss of each epoch is printed.
    """

    optimizer: Optimizer | None
    schedule: Schedule = Constant()
    regularization: Regularization = NO_REGULARIZATION
    learning_rate_init: float = 0.001
    batch_size: int | str = "auto"
    max_iter: int = 200
    max_fun: int = 15000
    shuffle: bool = True
    tol: float = 1e-4
    n_iter_no_change: float = 10
    early_stopping: bool = False
    verbose: bool = False


@dataclass
class OptimizerState:
    """State of a stochastic optimizer, with which training can continue.

    Parameters
    ----------
    optimizer : str
        Name of the optimizer's class.
    slots : ndarray of shape (n_slots, n_parameters)
        Numbers that the optimizer stores for each parameter.
    steps, epochs : int
        Steps and epochs made so far.
    rate_scale : float
        Factor to which a schedule has lowered the learning rate on plateaus.
    schedule_ended : bool
        Whether the schedule is over and the user has been warned.
    """

    optimizer: str
    slots: np.ndarray
    steps: int = 0
    epochs: int = 0
    rate_scale: float = 1.0
    schedule_ended: bool = False

    def restarted(self):
        """State at the beginning: all steps are forgotten, and the schedule starts again."""
        return OptimizerState(self.optimizer, np.zeros_like(self.slots), schedule_ended=self.schedule_ended)


def resume_optimizer(state, optimizer, parameters):
    """Make the state with which an optimizer continues.

    Parameters
    ----------
    state : OptimizerState or None
        State after the last call, not modified.
    optimizer : Optimizer
        Optimizer.
    parameters : ndarray of shape (n_parameters,)
        Parameters.

    Returns
    -------
    state : OptimizerState
        Copy of the given state, or a fresh one if it belongs to another optimizer or network.

    Raises
    ------
    ValueError
        If the state is damaged.
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
    """Measurements during training; each is a fitted attribute, whose name ends with an underscore.

    Parameters
    ----------
    loss : float
        Loss of the last epoch, with the penalty.
    n_iter : int
        Epochs of this call, or iterations of L-BFGS.
    t : int
        Samples seen so far.
    loss_curve : list of float, optional
        Loss of each epoch.
    best_loss : float, optional
        Smallest loss so far; None with early stopping.
    validation_scores, validation_loss_curve : list of float, optional
        Score and loss on held-out samples after each epoch; None where no samples are held out.
    best_validation_score : float, optional
        Largest score so far.
    """

    loss: float = math.nan
    n_iter: int = 0
    t: int = 0
    loss_curve: list | None = None
    best_loss: float | None = None
    validation_scores: list | None = None
    validation_loss_curve: list | None = None
    best_validation_score: float | None = None

    def copy(self):
        """Return a copy that does not share its lists."""
        fields = {name: list(value) if isinstance(value, list) else value for name, value in vars(self).items()}
        return History(**fields)

    def attributes(self):
        """Return the fitted attributes by name: those of epochs and of held-out samples only where there are any."""
        names = ["loss", "n_iter", "t"] if self.loss_curve is None else list(vars(self))
        if self.validation_loss_curve is None and self.loss_curve is not None:
            names.remove("validation_loss_curve")
        return {f"{name}_": getattr(self, name) for name in names}


class FitResult(NamedTuple):
    """Result of training.

    Attributes
    ----------
    parameters : ndarray of shape (n_parameters,)
        Trained parameters, in a new array.
    optimizer_state : OptimizerState or None
        State with which training can continue; L-BFGS passes the given state on.
    history : History
        Losses and scores, those of earlier calls included.
    stop_reason : {CONVERGED, EXHAUSTED, DIVERGED, INTERRUPTED}
        Reason why training stopped.
    stopping : StoppingRule or None
        Rule that ended training, with its counts.
    details : dict
        Facts for a message: ``n_iter``, ``status`` and ``reason`` of L-BFGS; ``epoch``, ``rate`` and ``still`` (whether
        no weight changed) of a schedule that is over.
    """

    parameters: np.ndarray
    optimizer_state: OptimizerState | None
    history: History
    stop_reason: str
    stopping: StoppingRule | None = None
    details: dict = {}
