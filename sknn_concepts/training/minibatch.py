"""The loop of the stochastic solvers: epochs of mini-batches, with a schedule, until a rule or a failure ends them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sknn_concepts._logging import log
from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.network.compiled import MULTIPLY_ADDS_PER_CALL, CompiledNetwork
from sknn_concepts.schedules import Clock
from sknn_concepts.training.early_stopping import ValidationSet
from sknn_concepts.training.result import (
    CONVERGED,
    DIVERGED,
    EXHAUSTED,
    INTERRUPTED,
    STOPPED,
    History,
    OptimizerState,
    TrainingConfig,
    append_measurements,
)
from sknn_concepts.training.stopping import StoppingRule

#: Weights beyond which predictions are checked after a call of partial_fit: smaller ones do not overflow.
LARGE_WEIGHT = 1e3

#: Share of the initial learning rate below which a schedule is over.
ENDED_SHARE = 1e-5

#: Learning rate below which a schedule is over if an epoch has changed no weight.
NEGLIGIBLE_RATE = 1e-8

#: Measurements that a printed line shows in a form and at a place of their own.
_SHOWN = {"loss", "learning_rate", "seconds"}


@dataclass(eq=False)
class MinibatchTrainer:
    """Epochs of mini-batches.

    The arguments are those of :func:`~sknn_concepts.training.trainer.train`, unless described here. The attribute
    `parameters` is a trained copy of the given ones. `state` and `history` are changed in place. `validation` is a list
    of pairs: the validation sets, and networks over their samples. ``is_bounded(parameters)`` tells whether predictions
    are finite for sure.
    """

    network: CompiledNetwork
    config: TrainingConfig
    rows: np.ndarray
    parameters: np.ndarray
    state: OptimizerState
    history: History
    random_state: np.random.RandomState | None
    stopping: StoppingRule | None = None
    validation: list[tuple[ValidationSet, CompiledNetwork]] = field(default_factory=list)
    callback: Callable | None = None
    monitor: Any = None
    checkpoint: Any = None
    record: Any = None
    stop_event: threading.Event | None = None
    is_bounded: Callable | None = None

    def __post_init__(self):
        self._last_finite = self._first = self.parameters  # parameters before the last epoch without overflow
        self.parameters = empty_lines(self._first.shape, self._first.dtype)
        self.parameters[:] = self._first
        self.n_batches = -(-len(self.rows) // self.network.batch_size)
        #: facts about a schedule that is over, for a message
        self.schedule_end = {}
        self._step = self.network.make_step(self.parameters, self.state.slots, self.config.regularization)
        self._order = self.rows.copy()
        self._measured: dict = {"loss": [], "learning_rate": []}
        self._n_measured_before = len(next(iter((self.history.history or {}).values()), ()))

    def run(self, n_epochs, incremental=False):
        """Make up to `n_epochs` epochs, and return the reason why training stopped.

        If they are `incremental`, a part of a longer training, the best parameters are restored only when patience has
        run out.
        """
        reason, rule = EXHAUSTED, self.stopping
        n_done = 0 if self.checkpoint is None else self._resume()
        try:
            for number in range(n_done, n_epochs):
                # at the end of training, a schedule may be over
                reason = self._run_epoch(checks_schedule=incremental or 10 * number < 9 * n_epochs)
                if reason != EXHAUSTED:
                    break
                if self.checkpoint is not None and (number + 1) % self.checkpoint.every == 0:
                    self.checkpoint.save(self._progress(number + 1))
        except KeyboardInterrupt:
            reason = INTERRUPTED
        self.history.history = append_measurements(self.history.history, self._measured)
        if rule is not None and rule.on_score and (rule.out_of_patience or not incremental):
            self.parameters[:] = rule.best_parameters
            if incremental:  # further calls go on from the best parameters, with new patience
                rule.n_without_improvement = 0
        if reason != INTERRUPTED and not self._ends_well(reason, incremental):
            reason = DIVERGED
            if self.record is not None:
                self.record.add_divergence()
            self.history.n_iter = max(self.history.n_iter, 1)
        return reason

    def _run_epoch(self, checks_schedule):
        """Make an epoch, measure it and tell of it; return why training stops, or EXHAUSTED if it goes on."""
        start = time.perf_counter()
        if self.monitor is not None:
            self.monitor.begin(self.parameters)
        before = self._epoch()
        if before is not None and self.record is not None:
            self.record.add(self.network, before, self.parameters, self._step.gradient)
        if before is None or (self.validation and not self._validate(before)):
            return DIVERGED
        if checks_schedule:
            self._check_schedule(before)
        if self.callback is not None:
            self.callback(before, self.parameters)
        self._measured.setdefault("seconds", []).append(time.perf_counter() - start)
        if self.config.verbose and len(self.history.loss_curve) % self.config.verbose == 0:
            self._log_epoch()
        stops = self.stopping is not None and self._stops()
        asked_to_stop = self.monitor is not None and self.monitor.end(self.parameters)
        return CONVERGED if stops else STOPPED if asked_to_stop else EXHAUSTED

    def _log_epoch(self):
        measured = {name: values[-1] for name, values in self._measured.items()}
        parts = [f"{name.replace('_', ' ')} = {value:.6g}" for name, value in measured.items() if name not in _SHOWN]
        start = f"Iteration {self.history.n_iter}, loss = {measured['loss']:.8f}"
        log(", ".join([start, *parts, f"learning rate = {measured['learning_rate']:.3g}, {measured['seconds']:.3g} s"]))

    def _progress(self, n_epochs):
        """Return all that further epochs depend on, after some number of epochs."""
        return {
            "n_epochs": n_epochs,
            "arrays": (self.parameters, self.state.slots, self._order, self._first, self._last_finite),
            "records": [None if one is None else vars(one) for one in self._records()],
            "random_state": self.random_state.get_state(),
            "measured": self._measured,
            "schedule_end": self.schedule_end,
        }

    def _records(self):
        return self.state, self.history, self.stopping, self.callback, self.record

    def _resume(self):
        """Go on from the checkpoint, if there is one; return the number of epochs that it has behind it."""
        progress = self.checkpoint.load()
        if progress is None:
            return 0
        slots = self.state.slots
        for record, saved in zip(self._records(), progress["records"], strict=True):
            if record is not None and saved is not None:  # a fit may be recorded only now
                vars(record).update(saved)
        self.state.slots = slots  # the kernel knows their address
        self._first, self._last_finite = progress["arrays"][3:]
        for array, saved in zip((self.parameters, slots, self._order), progress["arrays"], strict=False):
            array[:] = saved
        self.random_state.set_state(progress["random_state"])
        self._measured, self.schedule_end = progress["measured"], progress["schedule_end"]
        return progress["n_epochs"]

    def _epoch(self):
        """Make an epoch; return the parameters before it, or None if training has diverged."""
        config, state, history, order = self.config, self.state, self.history, self._order
        if config.shuffle:
            self.network.shuffle(order, self.random_state)
        before = self.parameters.copy()
        self._rates, coefficients, shrinkage, seeds = self._plan()
        total, done = 0.0, 0
        per_call = max(1, int(MULTIPLY_ADDS_PER_CALL / (3.0 * self.network.batch_size * self.network.n_parameters)))
        while done < self.n_batches:
            if self.stop_event is not None and self.stop_event.is_set():
                raise KeyboardInterrupt
            asked = min(done + per_call, self.n_batches)
            loss, reached = self.network.train(self._step, order, done, asked, coefficients, shrinkage, seeds)
            total += loss
            if reached < asked or not np.isfinite(loss):
                self._return_to(before if reached > 0 else self._last_finite)
                return None
            done = asked
        state.steps += self.n_batches
        state.epochs += 1
        history.n_iter += 1
        history.loss = total / self.network.count_trained(order)
        history.t += len(order)
        history.loss_curve.append(history.loss)
        self._measured["loss"].append(history.loss)
        self._measured["learning_rate"].append(self._rates[-1])
        if not np.isfinite(self.parameters).all():
            self._return_to(before)
            return None
        self._last_finite = before
        return before

    def _validate(self, before):
        """Measure the held-out samples; return False if predictions overflow while early stopping depends on them."""
        finite, measured = True, self._measured
        loss_scale = self.config.regularization.loss_scale
        for number, (validation, network) in enumerate(self.validation, start=1):
            loss, score, further, is_finite = validation.measure(network, self.parameters, loss_scale)
            suffix = f"_{number}" if number > 1 else ""
            for name, value in {"loss": loss, "score": score, **further}.items():
                measured.setdefault(f"validation_{name}{suffix}", []).append(value)
            if number == 1:  # the others are measured, but decide nothing
                self.history.validation_loss_curve.append(loss)
                self.history.validation_scores.append(score)
                finite = is_finite
        if finite or not self.config.early_stopping:
            return True
        self._return_to(before)
        return False

    def _ends_well(self, reason, incremental):
        """Return whether no prediction overflows; otherwise return to the last parameters with finite ones."""
        parameters = self.parameters
        largest = max(parameters.max(initial=0.0), -parameters.min(initial=0.0))
        if reason != DIVERGED and (
            (incremental and largest <= LARGE_WEIGHT)
            or (self.is_bounded is not None and self.is_bounded(parameters))
            or self.network.has_finite_loss(parameters, self._order)
        ):
            return True
        earlier = [each for each in (parameters, self._last_finite) if self.network.has_finite_loss(each, self._order)]
        self._return_to(earlier[0] if earlier else self._first)
        return False

    def _plan(self):
        """Return rates, coefficients, shrinkage and dropout seeds for the batches of the next epoch."""
        config, state = self.config, self.state
        steps = state.steps + np.arange(self.n_batches)
        clock = Clock(
            steps=steps,
            epochs=state.epochs + np.arange(self.n_batches) / self.n_batches,
            samples=0 if state.steps == 0 else self.history.t,  # a fresh optimizer starts at the initial rate
            n_epochs=config.max_iter,
        )
        rates = state.rate_scale * self._check_rates(config.schedule.rates(config.learning_rate_init, clock))
        seeds = np.zeros(1, np.uint32)
        if config.regularization.keep < 1.0:
            seeds = self.random_state.randint(0, 2**32, self.n_batches, dtype=np.uint32)
            # calls of partial_fit begin with the same seed, but must not drop the same units
            seeds += steps.astype(np.uint32) * np.uint32(2654435761)
        return rates, config.optimizer.coefficients(rates, steps + 1), config.optimizer.shrinkage(rates), seeds

    def _check_rates(self, rates):
        """Return the rates of a schedule, which may be of a user's own class, as an array of shape (n_batches,)."""
        try:
            checked = np.empty(self.n_batches)
            checked[:] = rates
        except (ValueError, TypeError):
            checked = np.array([np.nan])
        if not (checked.min() >= 0 and checked.max() < np.inf):  # not even if one is NaN
            raise ValueError(
                f"rates of {type(self.config.schedule).__name__} must be a finite number of at least 0, or one for "
                f"each of {self.n_batches} steps; got {rates!r}."
            )
        return checked

    def _check_schedule(self, before):
        """Take note, once, if a schedule is over, so that further epochs are useless."""
        state, initial = self.state, self.config.learning_rate_init
        if state.schedule_ended or state.epochs == 1:  # a rate of 0 may rise after the first epoch
            return
        rate = float(np.max(self._rates))
        over = state.epochs > self.config.max_iter and rate <= ENDED_SHARE * initial
        still = rate == 0.0 or (rate <= NEGLIGIBLE_RATE and np.array_equal(before, self.parameters))
        if over or still:
            state.schedule_ended = True
            self.schedule_end = {"epoch": state.epochs, "rate": rate, "still": still}

    def _return_to(self, parameters):
        self.parameters[:] = parameters
        # slots may have overflown, too, and would spoil further calls of partial_fit
        self.state.slots[:] = 0

    def _stops(self):
        """Count epochs without improvement, and return whether training ends."""
        rule, history, best = self.stopping, self.history, self.stopping.best
        stops = rule.update(history.validation_scores[-1] if rule.on_score else history.loss, self.parameters)
        if rule.best != best:
            history.best_iteration = self._n_measured_before + len(self._measured["loss"])
        if not stops:
            return False
        metric = "Validation score" if rule.on_score else "Training loss"
        message = f"{metric} did not improve more than tol={rule.tol:f} for {rule.patience} consecutive epochs."
        if not self._lower_rate(message):
            return True
        rule.n_without_improvement = 0
        return False

    def _lower_rate(self, message):
        """Let the schedule react to a plateau; return False if training should stop instead."""
        config, state = self.config, self.state
        rate = config.schedule.lower(config.learning_rate_init * state.rate_scale)
        if rate is not None:
            state.rate_scale = rate / config.learning_rate_init
        if config.verbose:
            log(f"{message} Stopping." if rate is None else f"{message} Setting learning rate to {rate:f}")
        return rate is not None
