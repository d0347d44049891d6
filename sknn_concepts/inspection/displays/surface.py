"""The loss as a function of two weights or of two directions, and the paths of optimizers on it."""

import numpy as np

from sknn_concepts.inspection._parameter_plane import flat_paths, losses_over, make_grid, make_plane, share_in_plane
from sknn_concepts.inspection._style import COLORS, check_count, check_option, import_pyplot, make_axes, set_axes
from sknn_concepts.validation.fitted_network import make_fitted_network

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
        center, parameters = network.theta.astype(float), flat_paths(paths, estimator)
        plane, origin, labels = make_plane(directions, estimator, center, parameters, random_state)
        inverse = np.linalg.pinv(plane)
        coordinates = {name: (path - center) @ inverse + origin for name, path in parameters.items()}
        shares = {name: share_in_plane(path, plane, inverse) for name, path in parameters.items()}
        a, b = make_grid(origin, coordinates, span, n_points)
        losses = losses_over(network, center - origin @ plane, plane, a, b)
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
            axis.labelpad = 8.0  # off the numbers
        ax.set_box_aspect(None, zoom=0.82)  # room for the labels
        ax.set_zlabel("loss, decimal logarithm" if log else "loss")
        return surface
