"""Pruning criteria against one another: the weights that each of them finds unimportant."""

import numpy as np
from scipy.stats import rankdata

from sknn_concepts.curvature.diagonals import get_hessian_method
from sknn_concepts.inspection._style import (
    COLORS,
    by_name,
    check_option,
    import_pyplot,
    make_axes,
    make_grid_of_axes,
    set_axes,
)
from sknn_concepts.network.layout import make_layout, n_weights
from sknn_concepts.pruning.criteria import CRITERIA, Criterion, get_criterion
from sknn_concepts.pruning.pruner import Pruner
from sknn_concepts.pruning.pruners import PRUNERS, get_pruner
from sknn_concepts.pruning.statistics import NetworkStatistics
from sknn_concepts.validation.fitted_network import make_fitted_network


class CriteriaDisplay:
    """Scores that pruning criteria give to the same weights.

    A pruner removes the weights with the lowest scores, so only the ranks of the scores matter. Criteria are compared
    by the rank correlation of Spearman (1904), or by the ranks themselves.

    Use :meth:`from_estimator` to create one.

    Parameters
    ----------
    scores : dict of str to ndarray of shape (n_weights,)
        Scores of the weights that are left, by the name of the criterion.

    Attributes
    ----------
    correlations : ndarray of shape (n_criteria, n_criteria)
        Rank correlations of all pairs; NaN for a criterion that gives all weights the same score.
    ax_ : Axes or ndarray of Axes
        Axes of the matrix, or of each pair.
    figure_ : Figure
        Figure that contains them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.inspection import CriteriaDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier((20,), max_iter=300, random_state=0).fit(X, y)
    >>> display = CriteriaDisplay.from_estimator(network, X, y, ["magnitude", "obd", "random"])
    >>> magnitude, obd, random = display.correlations
    >>> bool(magnitude[1] > 0.5 > abs(magnitude[2]))
    True
    """

    def __init__(self, scores):
        self.scores = scores

    @classmethod
    def from_estimator(
        cls, estimator, X, y, criteria=("magnitude", "activation_norm", "taylor", "obd"), *, ax=None, **kwargs
    ):
        """Compute the scores of each criterion, and plot the comparison.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
            Fitted estimator.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples from which scores are computed.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        criteria : list of {str, Pruner, Criterion}, or dict, default=("magnitude", "activation_norm", "taylor", "obd")
            Names in `sknn_concepts.pruning.PRUNERS` or `CRITERIA`, or instances; as a dict, by the names that the plot
            shows. All must score weights that are trained, rather than units.
        ax : Axes or array of Axes, default=None
            See :meth:`plot`.
        **kwargs : dict
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : CriteriaDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If there is no such criterion, or it needs units, the course of the training, or a derivative that the
            network does not have; if X and y do not fit the estimator.
        """
        import_pyplot()
        named = {name: _resolve(one) for name, one in by_name(criteria, "criteria").items()}
        network = make_fitted_network(estimator, X, y)
        for one in named.values():
            if getattr(one, "hessian_method", None) is not None:
                get_hessian_method(one.hessian_method).check_network(network.loss, network.activations)
        mask = estimator._parameter_mask()
        mask = np.ones(network.theta.size, bool) if mask is None else mask
        statistics = NetworkStatistics(network._replace(mask=mask))
        left = np.flatnonzero(mask[: n_weights(make_layout(network.sizes))])
        if len(left) < 2:
            raise ValueError(f"Scores are compared over two or more weights; the estimator has {len(left)} left.")
        return cls({name: np.asarray(one.scores(statistics), float)[left] for name, one in named.items()}).plot(
            ax, **kwargs
        )

    @property
    def correlations(self):
        """Rank correlations of all pairs."""
        ranks = np.array([rankdata(scores) for scores in self.scores.values()])
        with np.errstate(invalid="ignore"):
            return np.atleast_2d(np.corrcoef(ranks))

    def plot(self, ax=None, *, kind="correlation", **kwargs):
        """Plot the comparison.

        Parameters
        ----------
        ax : Axes or array of Axes, default=None
            Axes; for "ranks", one for each pair of criteria. Those of a new figure by default.
        kind : {"correlation", "ranks"}, default="correlation"
            A matrix of rank correlations, or for each pair a scatter plot of the ranks, in which the weights that both
            criteria would remove first are at the lower left.
        **kwargs : dict
            Arguments of matplotlib's ``imshow`` or ``scatter``.

        Returns
        -------
        self : CriteriaDisplay

        Raises
        ------
        ValueError
            If there is no such kind, if it compares pairs and there is one criterion, or if `ax` has another number of
            axes.
        """
        check_option("kind", kind, ("correlation", "ranks"))
        if kind == "ranks" and len(self.scores) < 2:
            raise ValueError("kind='ranks' compares pairs of criteria; there is one.")
        axes = self._plot_correlations(ax, kwargs) if kind == "correlation" else self._plot_ranks(ax, kwargs)
        set_axes(self, axes)
        return self

    def _plot_correlations(self, ax, options):
        names, numbers = list(self.scores), self.correlations
        size = 2.2 + 0.75 * len(names)
        axes = make_axes(ax, 1, (size + 1.0, size))
        style = {"cmap": "RdBu", "vmin": -1.0, "vmax": 1.0}
        image = axes[0].imshow(numbers, **{**style, **options})
        axes[0].set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
        axes[0].set_yticks(range(len(names)), names)
        for (row, column), number in np.ndenumerate(numbers):
            color = "white" if abs(number) > 0.6 else "black"
            axes[0].text(column, row, f"{number:.2f}", ha="center", va="center", color=color)
        axes[0].figure.colorbar(image, ax=axes[0], label="rank correlation", shrink=0.8)
        return axes

    def _plot_ranks(self, ax, options):
        names = list(self.scores)
        pairs = [(a, b) for k, a in enumerate(names) for b in names[k + 1 :]]
        if ax is None:
            axes = make_grid_of_axes(len(pairs), min(3, len(pairs)), 3.0, 2.9)
        else:
            axes = make_axes(ax, len(pairs), None)
        ranks = {name: (rankdata(scores) - 0.5) / len(scores) for name, scores in self.scores.items()}
        for panel, (a, b) in zip(axes, pairs, strict=True):
            panel.scatter(ranks[a], ranks[b], **{"s": 6, "color": COLORS[0], "alpha": 0.4, "linewidths": 0, **options})
            panel.set(xlabel=f"rank by {a}", ylabel=f"rank by {b}", xlim=(0, 1), ylim=(0, 1), aspect="equal")
        return axes


def _resolve(choice):
    """Return the pruner or criterion for a name or an instance; raise ValueError if it scores no trained weights."""
    known = sorted({*PRUNERS, *CRITERIA} - {"units", "sensitivity", "karnin"})
    if isinstance(choice, str) and choice not in (*PRUNERS, *CRITERIA):
        raise ValueError(f"criteria has no {choice!r}; it has {known}.")
    if not isinstance(choice, str | Pruner | Criterion):
        raise ValueError(f"criteria must be some of {known}, or instances of Pruner or Criterion; got {choice!r}.")
    by_criterion = isinstance(choice, Criterion) or (isinstance(choice, str) and choice in CRITERIA)
    found = get_criterion(choice) if by_criterion else get_pruner(choice, "criteria")
    if getattr(found, "removes_units", False):
        raise ValueError(f"criteria has {choice!r}, which scores units rather than weights.")
    if found.watches_training:
        raise ValueError(f"criteria has {choice!r}, which needs a record of the training.")
    return found
