"""A network and the data that it is fitted to: what is trained on, what is held out, and the solver between them."""

import contextlib

import numpy as np

from sknn_concepts._warnings import warn
from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.network.compiled import BLOCK
from sknn_concepts.network.dataset import is_sparse, make_dataset
from sknn_concepts.network.minibatch import Regularization
from sknn_concepts.network.packed import pack, unpack, worth_it
from sknn_concepts.training.early_stopping import Validation, hold_out
from sknn_concepts.training.lbfgs import minimize
from sknn_concepts.training.resumed import memory_that_fits
from sknn_concepts.training.scoring import Scorer, digest, warn_of_constant_targets
from sknn_concepts.training.stochastic import INTERRUPTED, MinibatchTrainer

#: Progress of the stochastic solvers, None where it is not followed.
BOOKS = ("loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_")


class Trainer:
    """One fit, or call of partial_fit, of a multilayer perceptron.

    Parameters
    ----------
    estimator : multilayer perceptron
        Whose initialized parameters are trained and whose progress is kept.
    strategies : Strategies
        What its arguments stand for.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Samples.
    y : ndarray of shape (n_samples, n_outputs)
        Targets, as the network is trained to give them.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights.
    theta : ndarray of shape (n_parameters,)
        Parameters, changed in place.
    random_state : RandomState
        Of the split, the shuffling and the dropout masks.
    """

    def __init__(self, estimator, strategies, X, y, sample_weight, theta, random_state):
        self.estimator, self.strategies = estimator, strategies
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self.theta = theta
        self.random_state = random_state
        self.source = make_dataset(X, y, sample_weight)
        self.rows = np.arange(len(y))
        self.rules = _rules(estimator, strategies.loss)
        self.interrupted = False  # by the user, in the course of :meth:`run`
        self.way = None  # what a pruner wants to be noted after each pass
        self._held_out = None
        self._machine = None

    @property
    def total_weight(self):
        """Sum of the weights of the samples that are trained on."""
        return float(self.rows.size if self.sample_weight is None else self.sample_weight[self.rows].sum())

    def hold_out(self, X_val, y_val, weight_val):
        """Watch samples of their own.

        Raises
        ------
        ValueError
            If none of them has weight, or their weights do not add up to more than 0.
        """
        if weight_val is not None and not np.any(weight_val):
            raise ValueError("sample_weight_val must contain at least one non-zero number.")
        if weight_val is not None and not np.sum(weight_val) > 0:
            raise ValueError(f"The sum of sample_weight_val must be positive; it is {np.sum(weight_val):g}.")
        self._held_out = make_dataset(X_val, y_val), X_val, np.arange(len(y_val)), y_val, weight_val

    def split(self):
        """Hold out a share of the samples, as scikit-learn splits them."""
        est, y, weights = self.estimator, self.y, self.sample_weight
        self.rows, out = hold_out(
            est.validation_fraction,
            len(y),
            self.random_state,
            "early_stopping=True",
            labels=est._label_codes(y),
            stratify=est._is_stratified(y),
            counted=None if weights is None else weights > 0,
            both=est.early_stopping_scoring not in (None, "loss"),
            least=2,
        )
        if weights is not None and not (weights[self.rows].any() and weights[out].any()):
            raise ValueError("All samples with weight are on one side of the split for early stopping; pass X_val.")
        self._held_out = self.source, self.X, out, y[out], None if weights is None else weights[out]

    def run(self, incremental=False):
        """Train as the estimator's arguments ask for; `incremental` is one pass."""
        est = self.estimator
        if self.strategies.optimizer is None:
            est.loss_, est.n_iter_ = self._minimize(est.max_iter)
            return
        self._remember(incremental)
        self._open_books()
        self._compare_with_what_can_be_compared(incremental)
        with self._passes() as passes:
            self.interrupted = passes.run(1 if incremental else est.max_iter, incremental) == INTERRUPTED
        if self.way is not None:
            self.way.end(self.theta)

    def retrain(self, n_epochs):
        """Make further passes, or iterations of lbfgs, without an eye on validation data."""
        if n_epochs == 0:
            return
        if self.strategies.optimizer is not None:
            self._held_out = None  # the next step's scores and rewinding need the way
            self._remember(incremental=True)
            self._open_books()
            with self._passes() as passes:
                passes.repeat(n_epochs)
            return
        self.estimator.loss_, _ = self._minimize(n_epochs, alone=False)

    def restart(self):
        """Forget what the optimizer and the learning-rate schedule remember."""
        state = getattr(self.estimator, "_training", None)
        if state is not None:
            state["slots"][:] = 0
            state.update(steps=0, passes=0, rate_scale=1.0)

    def _minimize(self, max_iter, alone=True):
        if self._machine is None:
            self._machine = self.estimator._machine(self.source, self.strategies, BLOCK, learns=True)
        self._machine.mask = self.estimator._mask()
        return minimize(
            self.estimator, self._machine, self.theta, self.rows, self.total_weight, self.rules, max_iter, alone
        )

    def _remember(self, incremental):
        """See to it that the optimizer has its memory: that of the last call, or a fresh one."""
        est, optimizer = self.estimator, self.strategies.optimizer
        slots, name = (max(1, optimizer.slots), self.theta.size), type(optimizer).__name__
        state = getattr(est, "_training", None) if incremental else None
        state = memory_that_fits(state, name, slots, self.theta.dtype)
        if state is None:
            memory = empty_lines(slots, self.theta.dtype)
            memory[:] = 0
            est._training = {"optimizer": name, "slots": memory, "steps": 0, "passes": 0, "rate_scale": 1.0}
        alive = est._alive()
        if alive is not None:  # masks may have been set since, and momentum would move what they remove
            est._training["slots"][:, ~alive] = 0

    @contextlib.contextmanager
    def _passes(self):
        """Passes over the data; through the surviving weights only where that is faster."""
        est, strategies, state = self.estimator, self.strategies, self.estimator._training
        masks = self._masks_that_pay()
        theta, memory, sizes = self.theta, state["slots"], est._sizes()
        capacity = _batch_size(est.batch_size, len(self.rows))
        options = {"optimizer": strategies.optimizer, "learns": True, "masks": masks}
        machine = est._machine(self.source, strategies, capacity, **options)
        validation = self._validation(machine)
        if masks is not None:
            theta = pack(theta, sizes, masks)
        passes = MinibatchTrainer(est, strategies, machine, theta, self.rows, self.rules, self.random_state, validation)
        passes.way = self.way
        try:
            if masks is not None:
                state["slots"] = np.stack([pack(row, sizes, masks) for row in memory])
            yield passes
        finally:
            if masks is not None:
                self.theta[:] = unpack(theta, sizes, masks)
                memory[:] = [unpack(row, sizes, masks) for row in state["slots"]]
                state["slots"] = memory

    def _masks_that_pay(self):
        """Masks of layers that learn faster without their removed weights; None if there are none.

        While somebody watches, validation data or a pruner, all weights are at hand.
        """
        est = self.estimator
        if not hasattr(est, "masks_") or self._held_out is not None or self.way is not None:
            return None
        left, _ = est._masks()
        on_csr = [layer == 0 and is_sparse(self.source) for layer in range(len(left))]
        masks = [
            mask if worth_it(mask, training=True, on_csr=sparse) else None
            for mask, sparse in zip(left, on_csr, strict=True)
        ]
        return masks if any(mask is not None for mask in masks) else None

    def _open_books(self):
        """Attributes that passes write to; a warm start goes on in them, and may watch something else than before."""
        est = self.estimator
        for name in BOOKS:
            vars(est).setdefault(name, None)
        est.loss_curve_ = est.loss_curve_ or []
        if est.early_stopping:
            est.best_loss_ = None
        elif est.best_loss_ is None:
            est.best_loss_ = np.inf
        if self._held_out is not None:
            est.validation_scores_ = est.validation_scores_ or []
            est.validation_loss_curve_ = getattr(est, "validation_loss_curve_", [])

    def _compare_with_what_can_be_compared(self, incremental):
        """Keep the best score or loss of the last call, and its weights, only if it is of the same kind."""
        est = self.estimator
        before, est._yardstick = vars(est).get("_yardstick"), self._yardstick(incremental)
        another = est._yardstick != before
        if another and est._yardstick is not None:
            est._no_improvement_count = 0
            est.best_loss_ = None if est.early_stopping else np.inf
        if another and est.early_stopping:
            warn_of_constant_targets(est, self._held_out[3])
        # the best weights are missing after pruning
        if est.early_stopping and (another or "_best_theta" not in vars(est)):
            est.best_validation_score_, est._best_theta = -np.inf, self.theta.copy()

    def _yardstick(self, incremental):
        """What says whether this call is measured by the same as the last one; None if it goes on in any case."""
        est, training_data = self.estimator, (self.X, self.y, self.sample_weight)
        if not est.early_stopping:
            return digest(est, *training_data) if est.warm_start and not incremental else None
        source, X, _, y, sample_weight = self._held_out
        if source is not self.source:
            return digest(est, X, y, sample_weight)
        # each split of the same data counts as the same, as in scikit-learn
        return digest(est, *training_data, est.validation_fraction) if est.warm_start else "split"

    def _validation(self, machine):
        if self._held_out is None:
            return None
        est = self.estimator
        source, _, rows, y, sample_weight = self._held_out
        if source is not machine.source:
            machine = est._machine(source, self.strategies, BLOCK, learns=True)
        scorer = None
        if est.early_stopping_scoring not in (None, "loss"):
            scorer = Scorer(est, self._held_out_samples(), y, sample_weight)
        return Validation(est, machine, rows, y, sample_weight, self.rules.loss_scale, scorer)

    def _held_out_samples(self):
        _, X, rows, *_ = self._held_out
        return X if len(rows) == X.shape[0] else X[rows]


def _batch_size(asked, n_samples):
    if asked == "auto":
        return min(200, n_samples)
    if asked > n_samples:
        warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
    return min(asked, n_samples)


def _rules(estimator, loss):
    return Regularization(
        l2=float(estimator.alpha * (1.0 - estimator.l1_ratio)),
        l1=float(estimator.alpha * estimator.l1_ratio),
        # scikit-learn reports the mean of the outputs' squared errors
        loss_scale=1.0 / estimator.n_outputs_ if loss.averages_outputs else 1.0,
        keep=float(1.0 - estimator.dropout),
        max_norm=float(estimator.max_norm or 0.0),
        max_grad_norm=float(estimator.max_grad_norm or 0.0),
    )
