"""The base class of pruners: which share of the weights is removed, in which steps, and what happens between them."""

import numpy as np

from sknn_concepts.jit.strategy import Strategy, check_range


def _one_shot(start, end, t):
    return np.full_like(t, end)


def _linear(start, end, t):
    return start + (end - start) * t


def _geometric(start, end, t):
    """Each step removes the same share of the weights that are left."""
    return 1.0 - (1.0 - start) * ((1.0 - end) / (1.0 - start)) ** t


def _cubic(start, end, t):
    """The first steps remove the most (Zhu and Gupta, 2017, equation 1)."""
    return end + (start - end) * (1.0 - t) ** 3


#: Share of removed weights at t, which runs from 0 to 1 over the steps, by the name of the schedule.
PRUNING_SCHEDULES = {"one_shot": _one_shot, "linear": _linear, "geometric": _geometric, "cubic": _cubic}


class Pruner(Strategy):
    """Scores of the parameters, of which the lowest are removed in several steps.

    Subclasses define ``scores(self, network)``.

    Parameters
    ----------
    sparsity : float in [0, 1) or None, default=None
        Share of the weights to remove. None is one half or, with one of the two limits below, as many as they allow.
    max_score_drop : float >= 0 or None, default=None
        Largest drop of the score on validation data. The last network within it is kept; a step that exceeds it is
        undone and tried again with half the share, as long as there are steps left.
    max_loss_increase : float >= 0 or None, default=None
        Largest increase of the mean loss on validation data, as for `max_score_drop`.
    schedule : {"cubic", "geometric", "linear", "one_shot"}, default="cubic"
        Growth of the share over the steps.
    n_steps : int >= 1, default=10
        Number of steps; "one_shot" has one. With as many steps as weights, they are removed one by one.
    retrain_epochs : int >= 0, default=5
        Epochs, or iterations of lbfgs, after each step.
    rewind : None, "learning_rate" or int, default=None
        State from which retraining starts: None is the current one, "learning_rate" restarts the learning-rate schedule
        and the optimizer, and an int k resets the remaining weights to their values after k epochs (Frankle and
        Carbin, 2019), with 0 for their initial values.
    scope : {"global", "layer"}, default="global"
        Weights among which scores are compared: those of all layers, or those of a layer, of which each then loses the
        same share.
    prune_intercepts : bool, default=False
        Whether intercepts are removed, too.
    """

    sparsity: float | None = None
    max_score_drop: float | None = None
    max_loss_increase: float | None = None
    schedule: str = "cubic"
    n_steps: int = 10
    retrain_epochs: int = 5
    rewind: int | str | None = None
    scope: str = "global"
    prune_intercepts: bool = False

    # properties of the class, not hyper-parameters
    hessian_method = None  #: method of :func:`sknn_concepts.curvature.hessian_diagonal` that the scores need
    removes_units = False  #: whether hidden units are removed; :meth:`scores` then returns an array per hidden layer
    before_training = False  #: whether the network is pruned before it is trained
    watches_training = False  #: whether the scores need a record of the training

    def scores(self, network):
        """Score of each parameter; the parameters with the lowest scores are removed.

        Parameters
        ----------
        network : NetworkStatistics
            The network, and derivatives and moments over its samples.

        Returns
        -------
        scores : ndarray of shape (n_parameters,)
            Scores in the order of ``network.weights``.
        """
        raise NotImplementedError(f"{type(self).__name__} has no scores(network).")

    def adjustment(self, network, removed):
        """Change of the remaining parameters that makes up for the removal of others.

        Parameters
        ----------
        network : NetworkStatistics
            The network before the removal.
        removed : ndarray of bool of shape (n_parameters,)
            True for the parameters to remove.

        Returns
        -------
        change : ndarray of shape (n_parameters,) or None
            None, the default, for no change.
        """
        return None

    def predicted_increase(self, network, removed, scores):
        """Increase of the mean loss that the scores predict.

        Parameters
        ----------
        network : NetworkStatistics
            The network before the removal.
        removed : ndarray of bool of shape (n_parameters,)
            True for the parameters to remove.
        scores : ndarray
            Scores from :meth:`scores`.

        Returns
        -------
        increase : float
            NaN, the default, if the scores do not predict it.
        """
        return np.nan

    def check(self):
        """Raise ValueError where a hyper-parameter is out of its range."""
        check_range(self, "sparsity", self.sparsity is None or 0.0 <= self.sparsity < 1.0, "[0, 1)")
        for name in ("max_score_drop", "max_loss_increase"):
            limit = getattr(self, name)
            check_range(self, name, limit is None or limit >= 0.0, "[0, inf)")
        check_range(self, "n_steps", is_count(self.n_steps) and self.n_steps >= 1, "{1, 2, ...}")
        check_range(self, "retrain_epochs", is_count(self.retrain_epochs), "{0, 1, 2, ...}")
        rewinds = self.rewind is None or self.rewind == "learning_rate" or is_count(self.rewind)
        check_range(self, "rewind", rewinds, "{None, 'learning_rate', 0, 1, 2, ...}")
        check_option(self, "schedule", PRUNING_SCHEDULES)
        check_option(self, "scope", ("global", "layer"))
        if self.has_limit and self.schedule == "one_shot" and self.sparsity is None:
            raise ValueError(
                f"{type(self).__name__} has a limit and schedule='one_shot', one step that removes nearly everything. "
                "Give it a sparsity, or another schedule."
            )

    @property
    def has_limit(self):
        """Whether validation data decide how many weights are removed."""
        return self.max_score_drop is not None or self.max_loss_increase is not None

    def steps(self, start):
        """Shares of the weights that are removed after each step.

        Parameters
        ----------
        start : float
            Share that has been removed already.

        Returns
        -------
        sparsities : ndarray of shape (n_steps,)
            Empty if nothing is left to be removed.
        """
        end = self.sparsity if self.sparsity is not None else (0.999 if self.has_limit else 0.5)
        if end <= start:
            return np.empty(0)
        n_steps = 1 if self.schedule == "one_shot" else self.n_steps
        return PRUNING_SCHEDULES[self.schedule](start, end, np.arange(1, n_steps + 1) / n_steps)


def is_count(number):
    """Whether something is a whole number of at least 0."""
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and number >= 0


def check_option(strategy, name, options):
    """Raise ValueError unless a hyper-parameter is one of the options."""
    check_range(strategy, name, getattr(strategy, name) in options, "{" + ", ".join(map(repr, options)) + "}")
