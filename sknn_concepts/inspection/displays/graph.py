"""A network as a graph of units and connections."""

import numpy as np

from sknn_concepts.inspection._network import layer_names, layers_of
from sknn_concepts.inspection._style import NEGATIVE, POSITIVE, check_count, import_pyplot, make_axes, set_axes

#: Widths of the lines of the smallest and the largest weight, in points.
LINE_WIDTHS = 0.25, 4.0
#: Distance between two layers, in units of the height of the graph.
LAYER_DISTANCE = 1.0


class NetworkGraphDisplay:
    """Units and connections of a network; removed connections are absent.

    The width of a line grows with the magnitude of the weight, relative to the largest of all layers. Blue lines are
    positive, orange ones negative weights. Units that have lost all incoming or all outgoing connections are dotted.

    Use :meth:`from_estimator` to create one.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)
        Weights of each layer after the input; those that are 0 are not drawn.
    feature_names, output_names : list of str, default=None
        Names of the units of the first and the last layer.

    Attributes
    ----------
    ax_ : Axes
        Axes of the graph.
    figure_ : Figure
        Figure that contains them.
    connections_ : list of LineCollection
        Lines of each layer after the input, one for each connection that is drawn.
    shown_ : list of ndarray of int
        For each layer, the numbers of the units that are drawn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.inspection import NetworkGraphDisplay
    >>> from sknn_concepts.pruning import MagnitudePruning, prune
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier((6,), max_iter=400, random_state=0).fit(X, y)
    >>> pruned = prune(network, X, y, MagnitudePruning(sparsity=0.5))
    >>> display = NetworkGraphDisplay.from_estimator(pruned)
    >>> sum(len(lines.get_segments()) for lines in display.connections_) == pruned.n_weights_
    True
    """

    def __init__(self, coefs, feature_names=None, output_names=None):
        self.coefs, self.feature_names, self.output_names = coefs, feature_names, output_names

    @classmethod
    def from_estimator(cls, estimator, *, feature_names=None, output_names=None, ax=None, **kwargs):
        """Plot the graph of a fitted estimator.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
            Fitted estimator, pruned or not.
        feature_names : list of str of length n_features, default=None
            Names of the inputs; ``feature_names_in_`` by default, where fit has seen names.
        output_names : list of str of length n_outputs, default=None
            Names of the outputs; the classes by default, where there is an output for each.
        ax : Axes, default=None
            See :meth:`plot`.
        **kwargs : dict
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : NetworkGraphDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If it is not one of this library, or if the number of names is wrong.
        """
        import_pyplot()
        coefs, _, masks = layers_of(estimator)
        if feature_names is None:
            feature_names = getattr(estimator, "feature_names_in_", None)
        if output_names is None and len(getattr(estimator, "classes_", ())) == coefs[-1].shape[1]:
            output_names = [str(label) for label in estimator.classes_]
        for parameter, names, size in (
            ("feature_names", feature_names, len(coefs[0])),
            ("output_names", output_names, coefs[-1].shape[1]),
        ):
            if names is not None and len(names) != size:
                raise ValueError(f"{parameter} must have {size} names; got {len(names)}.")
        left = [np.where(mask, w, 0.0) for w, mask in zip(coefs, masks, strict=True)]
        return cls(left, feature_names, output_names).plot(ax, **kwargs)

    def plot(self, ax=None, *, max_units=30, **kwargs):
        """Draw the graph.

        Parameters
        ----------
        ax : Axes, default=None
            Axes; those of a new figure by default.
        max_units : int, default=30
            Largest number of units of a layer that are drawn. Of a larger layer, as many are drawn, from its beginning
            and its end, and the heading of the layer says so.
        **kwargs : dict
            Arguments of matplotlib's ``LineCollection``, such as ``alpha``.

        Returns
        -------
        self : NetworkGraphDisplay

        Raises
        ------
        ValueError
            If `max_units` is less than 2.
        """
        check_count("max_units", max_units, 2)
        sizes = [len(self.coefs[0]), *(w.shape[1] for w in self.coefs)]
        self.shown_ = [_shown(size, max_units) for size in sizes]
        positions = [
            _positions(size, shown, layer) for layer, (size, shown) in enumerate(zip(sizes, self.shown_, strict=True))
        ]
        tallest = max(map(len, self.shown_))
        size = min(9.0, 2.4 * len(sizes) + 1.0), float(np.clip(0.34 * tallest, 3.0, 7.0))
        axes = make_axes(ax, 1, size)
        self.connections_ = self._draw_connections(axes[0], positions, kwargs)
        self._draw_units(axes[0], positions, np.clip(260.0 / tallest, 12.0, 160.0) * size[1] / 3.0)
        self._write(axes[0], positions, sizes)
        set_axes(self, axes)
        return self

    def _draw_connections(self, ax, positions, options):
        from matplotlib.collections import LineCollection

        largest = max(float(np.abs(w).max(initial=0.0)) for w in self.coefs) or 1.0
        drawn = []
        for layer, w in enumerate(self.coefs):
            part = w[np.ix_(self.shown_[layer], self.shown_[layer + 1])]
            sources, targets = np.nonzero(part)
            order = np.argsort(np.abs(part[sources, targets]))  # the largest on top
            sources, targets = sources[order], targets[order]
            weights = part[sources, targets]
            lines = np.stack([positions[layer][sources], positions[layer + 1][targets]], axis=1)
            share = np.abs(weights) / largest
            style = {
                "linewidths": LINE_WIDTHS[0] + (LINE_WIDTHS[1] - LINE_WIDTHS[0]) * share,
                "colors": np.where(weights > 0.0, POSITIVE, NEGATIVE),
                "alpha": 0.25 + 0.75 * share,
                "zorder": 1,
            }
            drawn.append(ax.add_collection(LineCollection(lines, **{**style, **options})))
        return drawn

    def _draw_units(self, ax, positions, area):
        for layer, places in enumerate(positions):
            cut_off = self._cut_off(layer)[self.shown_[layer]]
            ax.scatter(*places[~cut_off].T, s=area, color="white", edgecolors="0.2", zorder=2)
            ax.scatter(*places[cut_off].T, s=area, color="white", edgecolors="0.45", linestyle=":", zorder=2)

    def _cut_off(self, layer):
        """Whether each unit of a layer has lost all incoming or all outgoing connections."""
        lost = np.zeros(len(self.coefs[layer]) if layer < len(self.coefs) else self.coefs[-1].shape[1], bool)
        if layer > 0:
            lost |= ~np.any(self.coefs[layer - 1], axis=0)
        if layer < len(self.coefs):
            lost |= ~np.any(self.coefs[layer], axis=1)
        return lost

    def _write(self, ax, positions, sizes):
        """Write headings of the layers, names of inputs and outputs, and the legend; hide the frame."""
        from matplotlib.lines import Line2D

        for layer, (name, size) in enumerate(zip(layer_names(len(sizes)), sizes, strict=True)):
            n_shown = len(self.shown_[layer])
            units = f"{size} unit{'s' * (size != 1)}" + (f",\n{n_shown} shown" if n_shown < size else "")
            ax.annotate(f"{name}\n{units}", (layer * LAYER_DISTANCE, 1.05), ha="center", va="bottom", fontsize="small")
            if n_shown < size:
                ax.annotate("⋮", (layer * LAYER_DISTANCE, 0.5), ha="center", va="center", fontsize="large")
        for layer, names, side in ((0, self.feature_names, "right"), (-1, self.output_names, "left")):
            shift = -10 if side == "right" else 10
            for place, unit in zip(positions[layer], self.shown_[layer], strict=True) if names is not None else ():
                ax.annotate(
                    str(names[unit]),
                    place,
                    (shift, 0),
                    textcoords="offset points",
                    ha=side,
                    va="center",
                    fontsize="small",
                )
        signs = {"positive weight": (POSITIVE, 1.0), "negative weight": (NEGATIVE, -1.0)}
        lines = [
            Line2D([], [], color=color, linewidth=2.0, label=label)
            for label, (color, sign) in signs.items()
            if any(np.any(sign * w > 0.0) for w in self.coefs)
        ]
        ax.legend(
            handles=lines,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            ncols=2,
            frameon=False,
            fontsize="small",
            handlelength=1.2,
            columnspacing=1.0,
        )
        room = [0.15 if names is None else 0.45 for names in (self.feature_names, self.output_names)]
        ax.set_xlim(-room[0], (len(sizes) - 1) * LAYER_DISTANCE + room[1])
        ax.set_ylim(-0.05, 1.25)
        ax.axis("off")


def _shown(size, most):
    if size <= most:
        return np.arange(size)
    first = (most + 1) // 2
    return np.concatenate([np.arange(first), np.arange(size - (most - first), size)])


def _positions(size, shown, layer):
    """Places of the units that are drawn, from the top; a gap in the middle stands for those that are not."""
    n_places = len(shown) + 2 * (len(shown) < size)
    places = np.arange(len(shown)) + 2 * (np.arange(len(shown)) >= (len(shown) + 1) // 2) * (len(shown) < size)
    height = 1.0 - (places + 0.5) / n_places
    return np.column_stack([np.full(len(shown), layer * LAYER_DISTANCE), height])
