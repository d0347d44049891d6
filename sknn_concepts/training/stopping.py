"""The rule that ends training after several epochs without improvement."""

from dataclasses import dataclass, replace

import numpy as np

from sknn_concepts.validation.arrays import is_finite


@dataclass
class StoppingRule:
    """Rule that ends training after more than `patience` epochs without an improvement by `tol`.

    It monitors a loss, which should decrease, or, if `on_score`, a score, which should increase and whose best
    parameters are kept.
    """

    tol: float
    patience: float
    on_score: bool = False
    best: float | None = None  # loss or score so far
    best_parameters: np.ndarray | None = None  # those with the best score
    n_without_improvement: int = 0  # epochs since the last improvement
    metric_digest: str | None = None  # of the score or loss and of the samples; equal digests make values comparable

    def __post_init__(self):
        if self.best is None:
            self.best = -np.inf if self.on_score else np.inf

    @property
    def out_of_patience(self):
        """Whether there were too many epochs without improvement."""
        return self.n_without_improvement > self.patience

    def update(self, value, parameters=None):
        """Take the loss or the score of an epoch, and the parameters that have it, into account.

        Returns whether there were too many epochs without improvement.
        """
        if self.on_score:
            improved, better = value >= self.best + self.tol, value > self.best
        else:
            improved, better = value <= self.best - self.tol, value < self.best
        if better:
            self.best = value
            self.best_parameters = parameters.copy() if self.on_score and parameters is not None else None
        self.n_without_improvement = 0 if improved else self.n_without_improvement + 1
        return self.out_of_patience


def resume_rule(last, rule, parameters, mask=None):
    """Continue the rule of the last call, which may be None, as far as it is comparable to that of this call.

    `rule` is that of this call, with the best known value; `parameters` are those from which training starts. The
    result has the best value and the count of the last call if both rules have the same digest. Losses without a digest
    are always comparable.
    """
    same = last is not None and last.metric_digest == rule.metric_digest
    if rule.on_score:
        known = same and _is_compatible(last.best_parameters, parameters, mask)
        best_parameters = last.best_parameters if known else parameters.copy()
        rule = replace(rule, best=rule.best if known else None, best_parameters=best_parameters)
    elif not same and rule.metric_digest is not None:
        rule = replace(rule, best=None)
    if last is not None and (same or rule.metric_digest is None):
        rule = replace(rule, n_without_improvement=last.n_without_improvement)
    return rule


def _is_compatible(best, parameters, mask):
    """Return whether the best parameters are those of this network, which may have been replaced or pruned since."""
    kind = getattr(best, "shape", None), getattr(best, "dtype", None)
    if kind != (parameters.shape, parameters.dtype) or not is_finite(best):
        return False
    return mask is None or not best[~mask].any()
