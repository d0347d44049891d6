"""The rule that ends training after several epochs without improvement."""

from dataclasses import dataclass, replace

import numpy as np

from sknn_concepts.validation.arrays import is_finite


@dataclass
class StoppingRule:
    """Rule that ends training after more than `patience` epochs without an improvement by `tol`.

    Parameters
    ----------
    tol : float
        Smallest improvement that counts.
    patience : float
        Number of epochs without improvement that are tolerated.
    on_score : bool, default=False
        Whether the rule watches a score, which should increase and whose best parameters are kept, instead of a loss.
    best : float, optional
        Best loss or score so far.
    best_parameters : ndarray of shape (n_parameters,), optional
        Parameters with the best score.
    n_without_improvement : int, default=0
        Epochs since the last improvement.
    criterion : str, optional
        Digest of the score or loss and of the samples; values with the same digest are comparable.
    """

    tol: float
    patience: float
    on_score: bool = False
    best: float | None = None
    best_parameters: np.ndarray | None = None
    n_without_improvement: int = 0
    criterion: str | None = None

    def __post_init__(self):
        if self.best is None:
            self.best = -np.inf if self.on_score else np.inf

    @property
    def out_of_patience(self):
        """Whether there were too many epochs without improvement."""
        return self.n_without_improvement > self.patience

    def update(self, value, parameters=None):
        """Take the loss or the score of an epoch into account.

        Parameters
        ----------
        value : float
            Loss, or score.
        parameters : ndarray of shape (n_parameters,), optional
            Parameters that have the score.

        Returns
        -------
        out_of_patience : bool
            Whether there were too many epochs without improvement.
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
    """Continue a rule from the end of the last call, as far as the two are comparable.

    Parameters
    ----------
    last : StoppingRule or None
        Rule of the last call, not modified.
    rule : StoppingRule
        Rule of this call, with the best known value.
    parameters : ndarray of shape (n_parameters,)
        Parameters from which training starts.
    mask : ndarray of bool of shape (n_parameters,), optional
        Parameters that are not removed.

    Returns
    -------
    rule : StoppingRule
        Rule with the best value and the count of the last call if both have the same criterion. Losses without a
        criterion are always comparable.
    """
    same = last is not None and last.criterion == rule.criterion
    if rule.on_score:
        known = same and _is_compatible(last.best_parameters, parameters, mask)
        best_parameters = last.best_parameters if known else parameters.copy()
        rule = replace(rule, best=rule.best if known else None, best_parameters=best_parameters)
    elif not same and rule.criterion is not None:
        rule = replace(rule, best=None)
    if last is not None and (same or rule.criterion is None):
        rule = replace(rule, n_without_improvement=last.n_without_improvement)
    return rule


def _is_compatible(best, parameters, mask):
    """Return whether the best parameters are those of this network, which may have been replaced or pruned since."""
    kind = getattr(best, "shape", None), getattr(best, "dtype", None)
    if kind != (parameters.shape, parameters.dtype) or not is_finite(best):
        return False
    return mask is None or not best[~mask].any()
