"""Stochastic solvers: passes over the data with a schedule, early stopping and a way out when training diverges."""

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts._warnings import warn
from sknn_concepts.schedules import Clock
from sknn_concepts.training.scale import warn_of_scale

#: Multiply-adds between two looks at the keyboard.
WORK_PER_CALL = 2e9

#: How passes end: nothing improves any more, all are made, the loss is not finite, or the user says so.
CONVERGED, EXHAUSTED, DIVERGED, INTERRUPTED = "converged", "exhausted", "diverged", "interrupted"

#: Weights beyond which the end of a call of partial_fit is looked at: below, nothing overflows in a sound network.
LARGE = 1e3

#: Share of the initial learning rate from which on a schedule is over.
FADED = 1e-5

#: Learning rate that moves nothing if all weights have been the same after a pass.
NEGLIGIBLE = 1e-8

_DIVERGENCE = (
    "Training stopped in iteration {iteration}: the loss is no longer finite. The last weights with a finite one are "
    "kept. Lower learning_rate_init (now {rate}), scale the features (their largest magnitude here is {largest:.3g}), "
    "or clip the gradient with max_grad_norm."
)
_AT_AN_END = (
    "Pass {number} changes {what}: learning_rate={schedule!r} has come down to {rate:.3g}, from "
    "learning_rate_init={initial:g}. A schedule ends after max_iter={max_iter} passes, further calls and retraining "
    "included. Raise max_iter or learning_rate_init, or choose learning_rate='constant'."
)
_NOT_CONVERGED = (
    "Stochastic Optimizer: Maximum iterations ({max_iter}) reached and the optimization hasn't converged yet. Raise "
    "max_iter, raise learning_rate_init (now {rate}), loosen tol, or scale the features."
)


class MinibatchTrainer:
    """The passes of one fit over rows of a source.

    Parameters
    ----------
    estimator : multilayer perceptron
        Whose settings are followed and whose progress (``loss_curve_``, ``best_loss_`` ...) is kept.
    strategies : Strategies
        Of which the optimizer and the schedule are used.
    machine : CompiledNetwork
        The network over the training data.
    theta : ndarray of shape (n_parameters,)
        Parameters, changed in place.
    rows : ndarray of int64
        Rows to train on.
    rules : Regularization
        Penalties and constraints.
    random_state : RandomState
        Of the shuffling and the dropout masks.
    validation : Validation or None
        What is measured after each pass.
    """

    def __init__(self, estimator, strategies, machine, theta, rows, rules, random_state, validation):
        self.estimator = estimator
        self.machine = machine
        self.theta = theta
        self.rules = rules
        self.random_state = random_state
        self.validation = validation
        self.n_batches = -(-len(rows) // machine.capacity)
        self.optimizer, self.schedule = strategies.optimizer, strategies.schedule
        self._order = rows.copy()
        self._sound = theta.copy()  # weights from which a pass began that went well
        #: takes notes of each pass for a pruner, or None
        self.way = None
        #: an event that, once set, ends the passes as Ctrl-C does, or None: only the main thread hears Ctrl-C
        self.halt = None

    def run(self, n_passes, incremental=False):
        """Make up to `n_passes` passes; stop earlier when nothing improves any more.

        Parameters
        ----------
        n_passes : int
            ``max_iter``, or 1 for ``partial_fit``.
        incremental : bool, default=False
            Whether this is ``partial_fit``, which never complains that one pass was not enough.

        Returns
        -------
        ending : {CONVERGED, EXHAUSTED, DIVERGED, INTERRUPTED}
            How the passes ended.
        """
        est = self.estimator
        ending = self.run_quietly(n_passes, incremental)
        if ending == DIVERGED:
            self._tell_of_divergence()
        elif ending == INTERRUPTED:
            warn("Training interrupted by user.")
        elif ending == EXHAUSTED and not incremental:
            message = _NOT_CONVERGED.format(max_iter=n_passes, rate=est.learning_rate_init)
            warn(message, ConvergenceWarning)
        elif ending == CONVERGED and not incremental:
            warn_of_scale(self.machine)
        return ending

    def run_quietly(self, n_passes, incremental=False):
        """Do what :meth:`run` does, but leave it to the caller to warn.

        Parameters
        ----------
        n_passes, incremental
            As in :meth:`run`.

        Returns
        -------
        ending : {CONVERGED, EXHAUSTED, DIVERGED, INTERRUPTED}
        """
        est = self.estimator
        est.n_iter_ = 0
        self._first = self._sound = self.theta.copy()
        ending = self._pass_by_pass(n_passes, incremental)
        out_of_patience = est._no_improvement_count > est.n_iter_no_change
        if est.early_stopping and (out_of_patience or not incremental):
            self.theta[:] = est._best_theta
            if incremental:  # further calls go on from the best weights, with new patience
                est._no_improvement_count = 0
        if ending == INTERRUPTED:
            est.loss_ = getattr(est, "loss_", np.nan)
        elif not self._ends_well(ending, incremental):
            ending = DIVERGED
            est.n_iter_ = max(est.n_iter_, 1)
            est.loss_ = getattr(est, "loss_", np.nan)
        return ending

    def _pass_by_pass(self, n_passes, incremental):
        try:
            for number in range(n_passes):
                if not self._one_pass(may_fade=not incremental and 10 * number >= 9 * n_passes):
                    return DIVERGED
                finite = self.validation is None or self.validation.measure(self.theta)
                if self.estimator.early_stopping and not finite:
                    self._return_to(self._sound)
                    return DIVERGED
                if self._stops():
                    return CONVERGED
            return EXHAUSTED
        except KeyboardInterrupt:
            return INTERRUPTED

    def _ends_well(self, ending, incremental):
        """Whether nothing has overflown; if it has, even in the last step, the last sound weights are taken."""
        largest = max(self.theta.max(initial=0.0), -self.theta.min(initial=0.0))
        if ending != DIVERGED and ((incremental and largest <= LARGE) or self._is_sound(self.theta)):
            return True
        earlier = [theta for theta in (self.theta, self._sound) if self._is_sound(theta)]
        self._return_to(earlier[0] if earlier else self._first)
        return False

    def _is_sound(self, theta):
        """Whether the samples that are trained on have finite predictions, and a finite loss."""
        source, rows = self.machine.source, self._order
        weights = source.weights[rows] if source.weights.size else None
        with np.errstate(over="ignore", invalid="ignore"):
            raw = self.machine.predict(theta, rows, linked=False)
            return bool(np.isfinite(raw).all() and np.isfinite(self.machine.losses(raw, source.y[rows], weights)))

    def _tell_of_divergence(self):
        est = self.estimator
        message = _DIVERGENCE.format(
            iteration=len(est.loss_curve_) + 1, rate=est.learning_rate_init, largest=self.machine.largest_feature()
        )
        warn(message, ConvergenceWarning)

    def repeat(self, n_passes):
        """Make further passes, whether or not they improve anything; fewer if training diverges."""
        self._first = self._sound = self.theta.copy()
        diverged = not all(self._one_pass() for _ in range(n_passes))
        if not self._ends_well(DIVERGED if diverged else EXHAUSTED, incremental=True):
            self._tell_of_divergence()

    def _one_pass(self, may_fade=False):
        est, state = self.estimator, self.estimator._training
        order = self._order
        if est.shuffle:
            self.random_state.shuffle(order)  # the order that sklearn.utils.shuffle gives, without a copy
        before = self.theta.copy()
        total, done = 0.0, 0
        rates, coefficients, shrinkage, seeds = self._plan()
        work = 3.0 * self.machine.capacity * self.machine.n_parameters
        per_call = max(1, int(WORK_PER_CALL / work))
        while done < self.n_batches:
            if self.halt is not None and self.halt.is_set():
                raise KeyboardInterrupt
            asked = min(done + per_call, self.n_batches)
            loss, reached = self.machine.train(
                self.theta, state["slots"], order, done, asked, coefficients, shrinkage, self.rules, seeds
            )
            total += loss
            if reached < asked or not np.isfinite(loss):
                self._return_to(before if reached > 0 else self._sound)
                return False
            done = asked
        state["steps"] += self.n_batches
        state["passes"] += 1
        est.n_iter_ += 1
        est.loss_ = total / self._n_counted(order)
        est.t_ += len(order)
        est.loss_curve_.append(est.loss_)
        if est.verbose:
            print(f"Iteration {est.n_iter_}, loss = {est.loss_:.8f}")
        if not np.isfinite(self.theta).all():
            self._return_to(before)
            return False
        self._sound = before
        if not may_fade:
            self._tell_of_a_faded_rate(float(np.max(rates)), before)
        if self.way is not None:
            self.way.note(before, self.theta)
        return True

    def _n_counted(self, order):
        """Samples in the batches that made a step: those where something has weight."""
        weights = self.machine.source.weights
        if not weights.size:
            return len(order)
        starts = np.arange(0, len(order), self.machine.capacity)
        sizes = np.diff(starts, append=len(order))
        return sizes[np.add.reduceat(weights[order], starts) > 0].sum()

    def _plan(self):
        """Coefficients, shrinkage and dropout seeds of the batches of the coming pass."""
        est, state = self.estimator, self.estimator._training
        steps = state["steps"] + np.arange(self.n_batches)
        clock = Clock(
            steps=steps,
            epochs=state["passes"] + np.arange(self.n_batches) / self.n_batches,
            samples=0 if state["steps"] == 0 else est.t_,  # a fresh optimizer starts at the initial rate
            n_epochs=est.max_iter,
        )
        rates = state["rate_scale"] * self._check_rates(self.schedule.rates(est.learning_rate_init, clock))
        seeds = np.zeros(1, np.uint32)
        if self.rules.keep < 1.0:
            seeds = self.random_state.randint(0, 2**32, self.n_batches, dtype=np.uint32)
            # calls of partial_fit begin with the same seed, but must not drop the same units
            seeds += steps.astype(np.uint32) * np.uint32(2654435761)
        return rates, self.optimizer.coefficients(rates, steps + 1), self.optimizer.shrinkage(rates), seeds

    def _check_rates(self, rates):
        """Rates of a schedule, which may be a user's own, as an array of shape (n_batches,)."""
        try:
            checked = np.array(np.broadcast_to(rates, self.n_batches), float)
        except (ValueError, TypeError):
            checked = np.array([np.nan])
        if not (np.isfinite(checked).all() and (checked >= 0).all()):
            raise ValueError(
                f"rates of {type(self.schedule).__name__} must be a finite number of at least 0, or one for each of "
                f"{self.n_batches} steps; got {rates!r}."
            )
        return checked

    def _tell_of_a_faded_rate(self, rate, before):
        """Warn once if a schedule has come to its end, so that further passes are for nothing."""
        est, state = self.estimator, self.estimator._training
        schedule = getattr(est, "learning_rate", None)
        over = state["passes"] > est.max_iter and rate <= FADED * est.learning_rate_init
        still = rate == 0.0 or (rate <= NEGLIGIBLE and np.array_equal(before, self.theta))
        # a first rate of 0 may rise
        if not (over or still) or state["passes"] == 1 or schedule is None or state.get("told"):
            return
        state["told"] = True
        message = _AT_AN_END.format(
            number=state["passes"],
            what="no weight" if still else "next to nothing",
            schedule=schedule,
            rate=rate,
            initial=est.learning_rate_init,
            max_iter=est.max_iter,
        )
        warn(message, ConvergenceWarning)

    def _return_to(self, sound):
        self.theta[:] = sound
        # they may have overflown too, and would spoil further calls of partial_fit
        self.estimator._training["slots"][:] = 0

    def _stops(self):
        """Count passes without improvement, and say whether training ends."""
        est = self.estimator
        if not est.early_stopping:
            improved = est.loss_curve_[-1] <= est.best_loss_ - est.tol
            est.best_loss_ = min(est.best_loss_, est.loss_curve_[-1])
            watched = "Training loss"
        else:
            score = est.validation_scores_[-1]
            improved = score >= est.best_validation_score_ + est.tol
            if score > est.best_validation_score_:
                est.best_validation_score_ = score
                est._best_theta = self.theta.copy()
            watched = "Validation score"
        est._no_improvement_count = 0 if improved else est._no_improvement_count + 1
        if est._no_improvement_count <= est.n_iter_no_change:
            return False
        message = f"{watched} did not improve more than tol={est.tol:f} for {est.n_iter_no_change} consecutive epochs."
        stops = not self._lower_rate(message)
        est._no_improvement_count = est._no_improvement_count if stops else 0
        return stops

    def _lower_rate(self, message):
        """Let the schedule react to a plateau; False if training should stop instead."""
        est, state = self.estimator, self.estimator._training
        rate = self.schedule.lower(est.learning_rate_init * state["rate_scale"])
        if rate is not None:
            state["rate_scale"] = rate / est.learning_rate_init
        if est.verbose:
            print(f"{message} Stopping." if rate is None else f"{message} Setting learning rate to {rate:f}")
        return rate is not None
