"""Pruners: which weights of a trained network can go.

A pruner gives each parameter a score, and those with the lowest go first. One of one's own is a class with one formula,
in one's own file::

    class SmallestContribution(Pruner):
        def scores(self, network):
            return abs(network.weights) * network.mean_absolute_gradient()

``MLPClassifier(pruning=SmallestContribution(sparsity=0.9))``. What a `network` can tell is written down in
:class:`sknn_concepts.pruning.statistics.NetworkStatistics`; everything it gives is flat, one number for each weight and
intercept.
"""

import numpy as np

from sknn_concepts.jit.strategy import Strategy, check_range, resolve


def _one_shot(start, end, t):
    return np.full_like(t, end)


def _linear(start, end, t):
    return start + (end - start) * t


def _geometric(start, end, t):
    """The same share of what is left goes in each step."""
    return 1.0 - (1.0 - start) * ((1.0 - end) / (1.0 - start)) ** t


def _cubic(start, end, t):
    """Fast at first, slow where it begins to hurt (Zhu and Gupta, 2017, equation 1)."""
    return end + (start - end) * (1.0 - t) ** 3


PRUNING_SCHEDULES = {"one_shot": _one_shot, "linear": _linear, "geometric": _geometric, "cubic": _cubic}


class Pruner(Strategy):
    """What all pruners share: how much goes, in which steps, and what happens between them.

    Parameters
    ----------
    sparsity : float in [0, 1) or None, default=None
        Share of the weights to remove. None is one half or, with one of the two limits below, as many as they allow.
    max_score_drop : float >= 0 or None, default=None
        Prune until it hurts: the last network whose score on validation data is at most so much lower is kept. A step
        that hurts is taken back and tried again half as long, as long as there are steps left.
    max_loss_increase : float >= 0 or None, default=None
        The same for the mean loss on validation data.
    schedule : {"cubic", "geometric", "linear", "one_shot"}, default="cubic"
        How the share grows over the steps.
    n_steps : int >= 1, default=10
        Steps; "one_shot" has one. As many as there are weights remove them one by one.
    retrain_epochs : int >= 0, default=5
        Passes over the data (iterations of lbfgs) after each step.
    rewind : None, "learning_rate" or int, default=None
        Before retraining: go on as things are, restart the learning-rate schedule and the optimizer, or (an int k) put
        the surviving weights back to what they were after k passes (Frankle and Carbin, 2019); 0 is their beginning.
    scope : {"global", "layer"}, default="global"
        Whether scores are compared over all layers, or the same share goes in each.
    prune_intercepts : bool, default=False
        Whether intercepts may go too.
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

    # Not hyper-parameters, but what the pruner is like:
    hessian_method = None  #: method of :func:`sknn_concepts.curvature.hessian_diagonal` that the scores need
    removes_units = False  #: whole hidden units; :meth:`scores` gives an array for each hidden layer
    before_training = False  #: pruning precedes training
    watches_training = False  #: training has to be watched, pass by pass

    def scores(self, network):
        """Score of each parameter; the lowest go first.

        Parameters
        ----------
        network : NetworkStatistics
            What can be told of the network.

        Returns
        -------
        scores : ndarray of shape (n_parameters,)
            In the order of ``network.weights``.
        """
        raise NotImplementedError(f"{type(self).__name__} has no scores(network).")

    def adjustment(self, network, removed):
        """What the surviving parameters should be changed by when others go, or None.

        Parameters
        ----------
        network : NetworkStatistics
            The network before the removal.
        removed : ndarray of bool of shape (n_parameters,)
            What goes.

        Returns
        -------
        change : ndarray of shape (n_parameters,) or None
        """
        return None

    def predicted_increase(self, network, removed, scores):
        """Growth of the mean loss that the pruner foresees, or NaN if its scores are no losses.

        Parameters
        ----------
        network : NetworkStatistics
            The network before the removal.
        removed : ndarray of bool of shape (n_parameters,)
            What goes.
        scores : ndarray
            From :meth:`scores`.

        Returns
        -------
        increase : float
        """
        return np.nan

    def check(self):
        """Raise ValueError where a parameter is out of its range."""
        check_range(self, "sparsity", self.sparsity is None or 0.0 <= self.sparsity < 1.0, "[0, 1)")
        for name in ("max_score_drop", "max_loss_increase"):
            limit = getattr(self, name)
            check_range(self, name, limit is None or limit >= 0.0, "[0, inf)")
        check_range(self, "n_steps", _is_count(self.n_steps) and self.n_steps >= 1, "{1, 2, ...}")
        check_range(self, "retrain_epochs", _is_count(self.retrain_epochs), "{0, 1, 2, ...}")
        rewinds = self.rewind is None or self.rewind == "learning_rate" or _is_count(self.rewind)
        check_range(self, "rewind", rewinds, "{None, 'learning_rate', 0, 1, 2, ...}")
        _check_option(self, "schedule", PRUNING_SCHEDULES)
        _check_option(self, "scope", ("global", "layer"))
        if self.has_limit and self.schedule == "one_shot" and self.sparsity is None:
            raise ValueError(
                f"{type(self).__name__} has a limit and schedule='one_shot', one step that removes nearly everything. "
                "Give it a sparsity, or another schedule."
            )

    @property
    def has_limit(self):
        """Whether validation data say when to stop."""
        return self.max_score_drop is not None or self.max_loss_increase is not None

    def steps(self, start):
        """Shares of removed weights after each step.

        Parameters
        ----------
        start : float
            Share that is removed already.

        Returns
        -------
        sparsities : ndarray of shape (n_steps,)
            Empty if there is nothing left to do.
        """
        end = self.sparsity if self.sparsity is not None else (0.999 if self.has_limit else 0.5)
        if end <= start:
            return np.empty(0)
        n_steps = 1 if self.schedule == "one_shot" else self.n_steps
        return PRUNING_SCHEDULES[self.schedule](start, end, np.arange(1, n_steps + 1) / n_steps)


def _is_count(number):
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and number >= 0


def _check_option(strategy, name, options):
    check_range(strategy, name, getattr(strategy, name) in options, "{" + ", ".join(map(repr, options)) + "}")


class MagnitudePruning(Pruner):
    """|w|: the smallest weights go (Han, Pool, Tran and Dally, 2015).

    All parameters of `Pruner` are accepted.
    """

    def scores(self, network):
        return np.abs(network.weights)


class RandomPruning(Pruner):
    """Random numbers from U(0, 1): the baseline that every other pruner has to beat.

    All parameters of `Pruner` are accepted.

    Parameters
    ----------
    random_state : int, default=0
        Seed.
    """

    random_state: int = 0

    def scores(self, network):
        return np.random.RandomState(self.random_state).uniform(size=network.weights.size)


class SensitivityPruning(Pruner):
    """|g w| and its kin: how much the loss, or the output, feels a weight.

    All parameters of `Pruner` are accepted.

    Parameters
    ----------
    criterion : {"taylor", "gradient", "output", "snip", "karnin"}, default="taylor"
        With g_n the gradient of the loss of sample n:

        - "taylor": mean_n (g_n w)^2 (Molchanov et al., 2019, equation 8, for single weights);
        - "gradient": mean_n |g_n w|. At the minimum the mean gradient vanishes, its parts do not;
        - "output": mean_n sum_k |dy_k / dw|, whatever the size of the weight (Engelbrecht, 2001);
        - "snip": |g w| of the mean gradient before training, and pruning there (Lee, Ajanthan and Torr, 2019);
        - "karnin": |S|, S = sum_n dw(n)^2 w / (eta (w - w_0)), the loss gathered up along the way of training with
          rate eta from w_0 (Karnin, 1990, equation 9), dw(n) being the change of pass n.
    """

    criterion: str = "taylor"

    def check(self):
        """Raise ValueError where a parameter is out of its range."""
        super().check()
        _check_option(self, "criterion", ("taylor", "gradient", "output", "snip", "karnin"))

    @property
    def before_training(self):
        """Only "snip" looks at the network before it has learned anything."""
        return self.criterion == "snip"

    @property
    def watches_training(self):
        """Only "karnin" needs the changes of each pass."""
        return self.criterion == "karnin"

    def scores(self, network):
        w = network.weights
        if self.criterion == "taylor":
            return w * w * network.mean_squared_gradient()
        if self.criterion == "gradient":
            return np.abs(w) * network.mean_absolute_gradient()
        if self.criterion == "output":
            return network.output_sensitivity()
        if self.criterion == "snip":
            return np.abs(w * network.gradient())
        start, squares, rate = network.way()
        moved = w - start
        # a weight that ended where it began has gathered nothing that could be told apart
        return np.abs(np.divide(squares * w, rate * moved, out=np.zeros_like(w), where=moved != 0.0))


class ActivationNormPruning(Pruner):
    """|w_ij| ||x_i||: small weights behind quiet units go (Sun, Liu, Bair and Kolter, 2023, equation 1).

    All parameters of `Pruner` are accepted.
    """

    def scores(self, network):
        return np.abs(network.weights) * network.input_norms()


class OptimalBrainDamage(Pruner):
    """h w^2 / 2, what the loss would grow by if the Hessian were its diagonal h (LeCun, Denker and Solla, 1990).

    All parameters of `Pruner` are accepted.

    Parameters
    ----------
    curvature : str, default="exact"
        Method of :func:`sknn_concepts.curvature.hessian_diagonal`; "obd" is the recursion of the paper.
    negative : {"clip", "signed", "levenberg_marquardt"}, default="clip"
        What a negative curvature, met away from a minimum, stands for: none at all (such weights go first, the smallest
        ones before the others), a fall of the loss, or the Levenberg-Marquardt approximation of the whole diagonal,
        which has none (then `curvature` is not used).
    """

    curvature: str = "exact"
    negative: str = "clip"

    def check(self):
        """Raise ValueError where a parameter is out of its range."""
        super().check()
        _check_option(self, "negative", ("clip", "signed", "levenberg_marquardt"))

    @property
    def hessian_method(self):
        """The diagonal that is asked for."""
        return "levenberg_marquardt" if self.negative == "levenberg_marquardt" else self.curvature

    def scores(self, network):
        h = network.hessian_diagonal(self.hessian_method)
        if self.negative == "clip":
            h = np.maximum(h, np.finfo(h.dtype).tiny)  # equal but for the size of the weight
        return 0.5 * h * network.weights**2

    def predicted_increase(self, network, removed, scores):
        """Sum of the saliencies."""
        return float(scores[removed].sum())


class OptimalBrainSurgeon(Pruner):
    """w^2 / (2 [H^-1]_ww), and the other weights make up for the loss (Hassibi and Stork, 1993, equation 5).

    Weights that go together are removed with the best change of all others, -H^-1[:, Q] (H^-1[Q, Q])^-1 w_Q. Beyond
    `max_weights` parameters each layer is looked at alone: it should give the same pre-activations as before, and H is
    the second moment of its inputs (Dong, Chen and Pan, 2017).

    All parameters of `Pruner` are accepted.

    Parameters
    ----------
    hessian : {"gauss_newton", "exact"}, default="gauss_newton"
        The outer-product approximation of the paper, or the true matrix.
    damping : float > 0, default=1e-4
        Added to the diagonal of H, the alpha of the paper (which has 1e-8 to 1e-4, and removes one weight at a time;
        many at once need more).
    max_weights : int >= 0, default=1000
        Parameters up to which the whole network has one Hessian. It takes memory and time with their square and cube.
    """

    hessian: str = "gauss_newton"
    damping: float = 1e-4
    max_weights: int = 1000

    @property
    def hessian_method(self):
        """The matrix that is asked for."""
        return self.hessian

    def check(self):
        """Raise ValueError where a parameter is out of its range."""
        super().check()
        check_range(self, "damping", self.damping > 0.0, "(0, inf)")
        check_range(self, "max_weights", _is_count(self.max_weights), "{0, 1, 2, ...}")
        _check_option(self, "hessian", ("gauss_newton", "exact"))

    def scores(self, network):
        scores = np.full(network.weights.size, np.inf)
        for group, inverse in self._groups(network):
            scores[group] = 0.5 * network.weights[group] ** 2 / inverse.diagonal()
        return scores

    def adjustment(self, network, removed):
        """The best change of the surviving weights."""
        change = np.zeros(network.weights.size)
        for group, inverse in self._groups(network):
            gone = removed[group]
            change[group] -= inverse[:, gone] @ _price(inverse, gone, network.weights[group])
        change[removed] = 0.0
        return change

    def predicted_increase(self, network, removed, scores):
        """w_Q' (H^-1[Q, Q])^-1 w_Q / 2; not a number where layers are looked at alone."""
        if self._layer_by_layer(network):
            return np.nan
        ((group, inverse),) = self._groups(network)
        w, gone = network.weights[group], removed[group]
        return float(0.5 * w[gone] @ _price(inverse, gone, w))

    def _layer_by_layer(self, network):
        return np.count_nonzero(network.alive) > self.max_weights

    def _groups(self, network):
        """Parameters that are removed with regard to each other, and their inverse Hessian."""
        if self._layer_by_layer(network):
            yield from network.unit_inverse_hessians(self.damping)
        else:
            yield np.flatnonzero(network.alive), network.inverse_hessian(self.hessian, self.damping)


def _price(inverse, gone, w):
    """(H^-1[Q, Q])^-1 w_Q."""
    return np.linalg.solve(inverse[np.ix_(gone, gone)], w[gone]) if gone.any() else np.zeros(0)


class UnitPruning(Pruner):
    """Relevance of whole hidden units: what would become of the error without them.

    The estimate -dE/da at a = 1, where a multiplies the unit's value and E is the linear error sum |y - prediction|:
    near a good solution the squared error's slope vanishes and misleads (skeletonization, Mozer and Smolensky, 1989,
    equation 5). As -sum_j w_ij dE/dw_ij it is read off the gradient.

    All parameters of `Pruner` are accepted.
    """

    removes_units = True

    def scores(self, network):
        contributions = -network.weights * network.gradient(network.linear_error())
        return [w.sum(axis=1) for w in network.matrices(contributions)[1:]]


PRUNERS = {
    "magnitude": MagnitudePruning,
    "random": RandomPruning,
    "sensitivity": SensitivityPruning,
    "activation_norm": ActivationNormPruning,
    "obd": OptimalBrainDamage,
    "obs": OptimalBrainSurgeon,
    "units": UnitPruning,
}

ALIASES = {
    "optimal_brain_damage": "obd",
    "optimal_brain_surgeon": "obs",
    "wanda": "activation_norm",
    "skeletonization": "units",
}


def get_pruner(choice, parameter="pruning"):
    """Pruner for a name or an instance.

    Parameters
    ----------
    choice : str or Pruner
        What the user passed.
    parameter : str, default="pruning"
        Name of the constructor argument, for the message.

    Returns
    -------
    pruner : Pruner

    Raises
    ------
    ValueError
        If there is no such pruner, or one of its parameters is out of range.
    """
    return resolve(choice, PRUNERS, ALIASES, Pruner, parameter)
