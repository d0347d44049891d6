"""What each step of pruning costs, and what the pruner has predicted."""

import numpy as np

from sknn_concepts.inspection._style import COLORS, by_name, check_option, import_pyplot, make_axes, set_axes
from sknn_concepts.pruning import Pruner, pruning_path
from sknn_concepts.pruning.pruners import get_pruner

#: What the first panel can show, and the label of its axis.
MEASURES = {"score": "score", "loss": "loss", "training_loss": "training loss"}
NEEDED = {*MEASURES, "sparsity", "predicted_increase", "actual_increase"}


class PruningPathDisplay:
    """Score or loss against the share of removed weights, and the increase of the loss, predicted and actual.

    The increase is that of the training loss by each step before retraining. How close the two curves are shows how far
    the pruner's estimate can be trusted, as in figure 2 of LeCun, Denker and Solla (1990).

    Use :meth:`from_path` or :meth:`from_estimator` to create one.

    Parameters
    ----------
    paths : dict of str to dict
        Results of :func:`sknn_concepts.pruning.pruning_path` by the name of the pruner.

    Attributes
    ----------
    ax_ : ndarray of Axes of shape (2,)
        Axes of the score or the loss, and of the increase of the loss.
    figure_ : Figure
        Figure that contains them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.inspection import PruningPathDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier((20,), max_iter=300, random_state=0).fit(X, y)
    >>> display = PruningPathDisplay.from_estimator(network, X, y, ["obd", "magnitude"])
    >>> list(display.paths)
    ['obd', 'magnitude']
    """

    def __init__(self, paths):
        self.paths = paths

    @classmethod
    def from_path(cls, paths, *, ax=None, **kwargs):
        """Plot one or several paths.

        Parameters
        ----------
        paths : dict of str to ndarray, or dict of str to such dicts
            Result of :func:`sknn_concepts.pruning.pruning_path`, or several by the names that the legend shows.
        ax : array of Axes of shape (2,), default=None
            See :meth:`plot`.
        **kwargs : dict
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : PruningPathDisplay

        Raises
        ------
        ValueError
            If something is not a path.
        """
        import_pyplot()
        paths = {"": paths} if isinstance(paths, dict) and "sparsity" in paths else paths
        for name, path in by_name(paths, "paths").items():
            missing = sorted(NEEDED - path.keys()) if isinstance(path, dict) else sorted(NEEDED)
            if missing:
                raise ValueError(f"paths must come from pruning_path; {name or 'the one given'} lacks {missing}.")
        return cls(paths).plot(ax, **kwargs)

    @classmethod
    def from_estimator(cls, estimator, X, y, pruners="obd", X_val=None, y_val=None, *, ax=None, **kwargs):
        """Compute the path of each pruner, and plot them.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
            Fitted estimator, which is left alone.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples from which scores are computed, and on which the network is retrained.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        pruners : str, Pruner, list of them, or dict, default="obd"
            Pruners; as a dict, by the names that the legend shows.
        X_val, y_val : array-like, default=None
            Samples for losses and scores; `X` and `y` by default.
        ax : array of Axes of shape (2,), default=None
            See :meth:`plot`.
        **kwargs : dict
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : PruningPathDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError, ValueError
            As :func:`sknn_concepts.pruning.pruning_path`.
        """
        import_pyplot()
        named = {name: get_pruner(one, "pruners") for name, one in by_name(pruners, "pruners", Pruner).items()}
        paths = {name: pruning_path(estimator, X, y, one, X_val, y_val) for name, one in named.items()}
        return cls.from_path(paths, ax=ax, **kwargs)

    def plot(self, ax=None, *, measure="score", log=True, **kwargs):
        """Plot both panels against the share of removed weights.

        Parameters
        ----------
        ax : array of Axes of shape (2,), default=None
            Axes; those of a new figure by default.
        measure : {"score", "loss", "training_loss"}, default="score"
            What the first panel shows, after retraining.
        log : bool, default=True
            Whether the axis of the increase is logarithmic; around 0 it is linear if some increases are not positive.
        **kwargs : dict
            Arguments of matplotlib's ``plot``.

        Returns
        -------
        self : PruningPathDisplay

        Raises
        ------
        ValueError
            If there is no such measure, or if `ax` has another number of axes.
        """
        check_option("measure", measure, MEASURES)
        axes = make_axes(ax, 2, (8.5, 3.3))
        for number, (name, path) in enumerate(self.paths.items()):
            style = {"color": COLORS[number % len(COLORS)], "marker": ".", **kwargs}
            axes[0].plot(path["sparsity"], path[measure], label=name, **style)
            for label, linestyle in (("actual", "-"), ("predicted", "--")):
                increase = path[f"{label}_increase"][1:]  # the first entry is the network before pruning
                if not np.isnan(increase).all():
                    label = f"{name}, {label}" if name else label
                    axes[1].plot(path["sparsity"][1:], increase, label=label, **{"linestyle": linestyle, **style})
        if log:
            _scale(axes[1])
        axes[0].set(xlabel="share of removed weights", ylabel=MEASURES[measure])
        axes[1].set(xlabel="share of removed weights", ylabel="increase of the loss by a step")
        for panel in axes:
            panel.grid(alpha=0.3)
        if len(self.paths) > 1:
            axes[0].legend()
        axes[1].legend()
        set_axes(self, axes)
        return self


def _scale(panel):
    increases = np.concatenate([line.get_ydata() for line in panel.lines])
    increases = increases[np.isfinite(increases)]
    if not np.any(increases > 0.0):
        return
    if np.all(increases > 0.0):
        panel.set_yscale("log")
    else:
        # a power of ten, so that no tick falls between it and 0
        threshold = 10.0 ** np.floor(np.log10(np.abs(increases).max() / 1000.0))
        panel.set_yscale("symlog", linthresh=threshold)
        panel.axhline(0.0, color="0.5", linewidth=0.8)
