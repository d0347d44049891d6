"""The loss as a function of two weights or of two directions, and the paths of optimizers on it."""

import itertools

import numpy as np
from sklearn.utils import check_random_state

from sknn_concepts.inspection._network import layers_of
from sknn_concepts.inspection._style import COLORS, check_count, check_option, import_pyplot, make_axes, set_axes
from sknn_concepts.network.architecture import Architecture
from sknn_concepts.network.layout import layer_views, make_layout
from sknn_concepts.validation.fitted_network import make_fitted_network

#: Share of the extent of a path by which the surface extends beyond it.
MARGIN = 0.25
#: Colors of paths, which have white outlines.
PATH_COLORS = COLORS[4], COLORS[6], COLORS[3], COLORS[1], COLORS[5]


class LossSurfaceDisplay:
    """The mean loss of a network over a plane of its parameters, and paths of optimizers on it.

    The plane contains the parameters of the estimator, at its center. It is spanned by two weights; or by two random
    directions, in which the weights of each unit have the norm of the network's own (filter normalization, Li, Xu,
    Taylor, Studer and Goldstein, 2018, section 4); or by the first two principal components of a path (section 7).
    Paths are projected onto the plane, so that the loss at a point of a path is not exactly that of the surface below
    it.

    Use :meth:`from_estimator` to create one.

    Parameters
    ----------
    a, b : ndarray of shape (n_points,)
        Coordinates of the grid.
    losses : ndarray of shape (n_points, n_points)
        Losses; the rows belong to `b`.
    paths : dict of str to ndarray of shape (n_steps, 2), default=None
        Coordinates of paths by name.
    labels : tuple of str, default=("first direction", "second direction")
        Labels of the axes.
    shares : dict of str to float, default=None
        For each path, the share of the squared distances from its center that the plane contains.

    Attributes
    ----------
    ax_ : Axes
        Axes of the surface.
    figure_ : Figure
        Figure that contains them.
    surface_ : QuadContourSet or Poly3DCollection
        The surface.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.inspection import LossSurfaceDisplay, staged_fit
    >>> X, y = make_moons(200, noise=0.2, random_state=0)
    >>> stages = staged_fit(MLPClassifier((5,), learning_rate_init=0.05, random_state=0), X, y, n_epochs=40)
    >>> display = LossSurfaceDisplay.from_estimator(stages[-1], X, y, directions="path", paths=stages, n_points=21)
    >>> display.losses.shape
    (21, 21)
    >>> display.shares["path"] > 0.8
    True
    """

    def __init__(self, a, b, losses, paths=None, labels=("first direction", "second direction"), shares=None):
        self.a, self.b, self.losses, self.labels = a, b, losses, labels
        self.paths, self.shares = {} if paths is None else paths, {} if shares is None else shares

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        directions="random",
        paths=None,
        span=None,
        n_points=41,
        random_state=None,
        ax=None,
        **kwargs,
    ):
        """Compute the losses of a grid of networks around a fitted one, and plot them.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
            Fitted estimator, the center of the surface.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        directions : {"random", "path"}, list of two tuples, or array of shape (2, n_parameters), default="random"
            What spans the plane. "path" stands for the first two principal components of the first of `paths`. A tuple
            (layer, i, j) stands for the weight ``coefs_[layer][i, j]`` (of a linear model, layer is 0 and the weight is
            ``coef_.T[i, j]``), and (layer, j) for the intercept of unit j. An array holds two flat vectors, weights of
            all layers first, then intercepts.
        paths : list of estimators, array of shape (n_steps, n_parameters), or dict of these, default=None
            Fitted networks of the same architecture, such as those that :func:`staged_fit` returns, or their flat
            parameters; several paths by name.
        span : float, default=None
            How far the grid extends from the center, in each direction. By default so far that it contains the paths;
            without paths 1.
        n_points : int, default=41
            Number of points of the grid along each axis.
        random_state : int, RandomState instance or None, default=None
            Source of the random directions.
        ax : Axes, default=None
            See :meth:`plot`.
        **kwargs : dict
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : LossSurfaceDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If an estimator is not fitted.
        ValueError
            If directions or paths do not fit the estimator, or are not given as described; if X and y do not fit it.
        """
        import_pyplot()
        check_count("n_points", n_points, 2)
        if span is not None and not 0.0 < span < np.inf:
            raise ValueError(f"span must be a positive number; got {span!r}.")
        network = make_fitted_network(estimator, X, y)
        center, walks = network.theta.astype(float), _walks(paths, estimator)
        plane, origin, labels = _plane(directions, estimator, center, walks, random_state)
        inverse = np.linalg.pinv(plane)
        coordinates = {name: (walk - center) @ inverse + origin for name, walk in walks.items()}
        shares = {name: _share(walk, plane, inverse) for name, walk in walks.items()}
        a, b = _grid(origin, coordinates, span, n_points)
        losses = _losses(network, center - origin @ plane, plane, a, b)
        return cls(a, b, losses, coordinates, labels, shares).plot(ax, **kwargs)

    def plot(self, ax=None, *, kind="contour", levels=25, log=True, colorbar=True, **kwargs):
        """Plot the surface and the paths.

        Parameters
        ----------
        ax : Axes, default=None
            Axes, three-dimensional ones for "surface"; those of a new figure by default.
        kind : {"contour", "surface"}, default="contour"
            Filled contour lines, or a surface in three dimensions.
        levels : int, default=25
            Number of contour lines.
        log : bool, default=True
            Whether contour lines have logarithmic distances, and a surface shows logarithms, provided that all losses
            are positive.
        colorbar : bool, default=True
            Whether to add a color bar.
        **kwargs : dict
            Arguments of matplotlib's ``contourf`` or ``plot_surface``.

        Returns
        -------
        self : LossSurfaceDisplay

        Raises
        ------
        ValueError
            If there is no such kind, or if a surface gets axes that are not three-dimensional.
        """
        check_option("kind", kind, ("contour", "surface"))
        check_count("levels", levels, 2)
        if kind == "surface" and ax is None:
            figure = import_pyplot().figure(figsize=(6.0, 4.6), layout="constrained")
            ax = figure.add_subplot(projection="3d")
        axes = make_axes(ax, 1, (5.6, 4.4))
        log = log and float(self.losses.min()) > 0.0
        draw = self._draw_contours if kind == "contour" else self._draw_surface
        self.surface_ = draw(axes[0], levels, log, kwargs)
        if colorbar and kind == "contour":
            axes[0].figure.colorbar(self.surface_, ax=axes[0], label="loss", format="%.3g")
        axes[0].set(xlabel=self.labels[0], ylabel=self.labels[1])
        if self.paths:
            axes[0].legend(loc="best")
        set_axes(self, axes)
        return self

    def _draw_contours(self, ax, levels, log, options):
        from matplotlib.patheffects import withStroke

        low, high = float(self.losses.min()), float(self.losses.max())
        high = high if high > low else low + 1.0
        edges = np.geomspace(low, high, levels) if log else np.linspace(low, high, levels)
        style = {"levels": edges, "cmap": "viridis"}
        if log:
            from matplotlib.colors import LogNorm

            style["norm"] = LogNorm(low, high)
        surface = ax.contourf(self.a, self.b, self.losses, **{**style, **options})
        ax.contour(self.a, self.b, self.losses, levels=edges[::3], colors="white", linewidths=0.4, alpha=0.5)
        for number, (name, path) in enumerate(self.paths.items()):
            color = PATH_COLORS[number % len(PATH_COLORS)]
            outline = [withStroke(linewidth=2.6, foreground="white")]
            ax.plot(*path.T, color=color, linewidth=1.4, label=name, path_effects=outline)
            ax.plot(*path[0], "o", color=color, markeredgecolor="black", markersize=6)
            ax.plot(*path[-1], "*", color=color, markeredgecolor="black", markersize=12)
        ax.set(xlim=self.a[[0, -1]], ylim=self.b[[0, -1]])
        return surface

    def _draw_surface(self, ax, levels, log, options):
        if not hasattr(ax, "plot_surface"):
            raise ValueError("kind='surface' needs three-dimensional axes: create them with projection='3d'.")
        from scipy.interpolate import RegularGridInterpolator

        heights = np.log10(self.losses) if log else self.losses
        height = RegularGridInterpolator((self.b, self.a), heights, bounds_error=False)
        style = {"cmap": "viridis", "linewidth": 0, "alpha": 0.85, "rstride": 1, "cstride": 1}
        surface = ax.plot_surface(*np.meshgrid(self.a, self.b), heights, **{**style, **options})
        for number, (name, path) in enumerate(self.paths.items()):
            ax.plot(*path.T, height(path[:, ::-1]), color=PATH_COLORS[number % len(PATH_COLORS)], label=name, zorder=10)
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            axis.get_major_locator().set_params(nbins=5)
        ax.set_box_aspect(None, zoom=0.85)  # room for the labels
        ax.set_zlabel("loss, decimal logarithm" if log else "loss")
        return surface


def _walks(paths, estimator):
    """Flat parameters of each path, of shape (n_steps, n_parameters), by name."""
    if paths is None:
        return {}
    given = paths if isinstance(paths, dict) else {"path": paths}
    size = len(_flat(estimator))
    walks = {}
    for name, path in given.items():
        if isinstance(path, list | tuple) and path and not np.isscalar(path[0]) and hasattr(path[0], "get_params"):
            path = [_flat(stage) for stage in path]
        walk = np.array(path, dtype=float) if len({np.size(row) for row in path}) == 1 else np.empty(0)
        if walk.ndim != 2 or walk.shape[1] != size or not len(walk):
            raise ValueError(
                f"paths must be fitted networks with {size} parameters, or an array of shape (n_steps, {size}); "
                f"{name!r} is another."
            )
        walks[str(name)] = walk
    return walks


def _flat(estimator):
    coefs, intercepts, _ = layers_of(estimator)
    return np.concatenate([np.ravel(array) for array in (*coefs, *intercepts)]).astype(float)


def _plane(directions, estimator, center, walks, random_state):
    """Two directions as rows, the coordinates of the center, and labels of the axes."""
    labels = "first direction", "second direction"
    if not isinstance(directions, str):
        rows = list(directions) if isinstance(directions, list | tuple | np.ndarray) else []
        if len(rows) == 2 and all(isinstance(row, tuple) for row in rows):
            places = [_place(row, estimator) for row in rows]
            if places[0] == places[1]:
                raise ValueError(f"directions must be two different weights; got {directions!r}.")
            return np.eye(len(center))[places], center[places], tuple(_label(row, estimator) for row in rows)
        plane = np.array(directions, dtype=float) if len(rows) == 2 else np.empty(0)
        if plane.shape != (2, len(center)) or np.linalg.matrix_rank(plane) < 2:
            raise ValueError(
                "directions must be 'random', 'path', two tuples (layer, i, j), or two independent vectors as an array "
                f"of shape (2, {len(center)}); got {directions!r}."
            )
        return plane, np.zeros(2), labels
    check_option("directions", directions, ("random", "path"))
    if directions == "random":
        return _random_directions(estimator, random_state), np.zeros(2), ("random direction 1", "random direction 2")
    if not walks or len(next(iter(walks.values()))) < 3:
        raise ValueError("directions='path' needs paths of three or more steps.")
    _, _, components = np.linalg.svd(next(iter(walks.values())) - center, full_matrices=False)
    return components[:2], np.zeros(2), ("principal component 1 of the path", "principal component 2 of the path")


def _random_directions(estimator, random_state):
    """Two random directions in which the weights of each unit have the norm of the network's; intercepts stay."""
    coefs, _, masks = layers_of(estimator)
    sizes = [len(coefs[0]), *(w.shape[1] for w in coefs)]
    layout, random = make_layout(sizes), check_random_state(random_state)
    plane = np.zeros((2, sum(w.size for w in coefs) + sum(sizes[1:])))
    for direction in plane:
        for out, w, mask in zip(layer_views(direction, layout)[0], coefs, masks, strict=True):
            drawn = random.normal(size=w.shape) * mask
            lengths = np.linalg.norm(drawn, axis=0)
            out[:] = drawn * np.linalg.norm(w, axis=0) / np.where(lengths > 0.0, lengths, 1.0)
    if np.linalg.matrix_rank(plane) < 2:
        raise ValueError("directions='random' needs a network whose weights are not all zero.")
    return plane


def _place(row, estimator):
    """Position of a weight or an intercept in the flat vector."""
    coefs, intercepts, _ = layers_of(estimator)
    layer, *unit = row
    parts = {2: coefs, 1: intercepts}.get(len(unit))
    if parts is None or not all(isinstance(k, int | np.integer) and k >= 0 for k in row) or layer >= len(parts):
        raise ValueError(f"directions has {row!r}, which is not (layer, i, j) or (layer, j) with layer < {len(coefs)}.")
    if any(k >= size for k, size in zip(unit, parts[layer].shape, strict=True)):
        raise ValueError(f"directions has {row!r}, but the array of this layer has shape {parts[layer].shape}.")
    before = sum(w.size for w in parts[:layer]) + (len(unit) == 1) * sum(w.size for w in coefs)
    return int(before + np.ravel_multi_index(unit, parts[layer].shape))


def _label(row, estimator):
    if hasattr(estimator, "coef_"):
        return "intercept" if len(row) == 2 else f"weight of input {row[1]}"
    return f"intercepts_[{row[0]}][{row[1]}]" if len(row) == 2 else f"coefs_[{row[0]}][{row[1]}, {row[2]}]"


def _share(walk, plane, inverse):
    """Share of the squared distances of a path from its mean that a plane contains."""
    moved = walk - walk.mean(axis=0)
    total = float(np.square(moved).sum())
    return float(np.square(moved @ inverse @ plane).sum()) / total if total else 1.0


def _grid(origin, coordinates, span, n_points):
    """Coordinates of the grid along both axes."""
    points = np.concatenate([origin[None], *coordinates.values()])
    low, high = points.min(axis=0), points.max(axis=0)
    extent = (high - low).max()
    for axis in range(2):
        if span is not None or not extent:
            reach = 1.0 if span is None else span
            yield np.linspace(origin[axis] - reach, origin[axis] + reach, n_points)
        else:
            # neither direction much narrower than the other
            room = max((high - low)[axis], 0.3 * extent) * (1.0 + 2.0 * MARGIN)
            middle = (low + high)[axis] / 2.0
            yield np.linspace(middle - room / 2.0, middle + room / 2.0, n_points)


def _losses(network, start, plane, a, b):
    """Mean losses of the networks with parameters ``start + a plane[0] + b plane[1]``."""
    architecture = Architecture(network.sizes, network.activations, network.loss, network.theta.dtype)
    compiled = architecture.compile(network.dataset, needs_gradients=True)  # so that it has the loss
    y = network.dataset.y
    weights = network.dataset.weights if network.dataset.weights.size else None
    losses = np.empty((len(b), len(a)))
    for (row, second), (column, first) in itertools.product(enumerate(b), enumerate(a)):
        theta = (start + first * plane[0] + second * plane[1]).astype(network.theta.dtype)
        losses[row, column] = compiled.losses(compiled.predict(theta, linked=False), y, weights)
    return losses * network.loss_scale / network.total_weight
