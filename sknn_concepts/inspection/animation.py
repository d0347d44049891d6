"""Animations of a network while it learns."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.utils.multiclass import unique_labels

from sknn_concepts.inspection._network import layers_of
from sknn_concepts.inspection._style import (
    CLASS_SHADES,
    COLORS,
    SIGNED,
    check_count,
    import_pyplot,
    make_axes,
    make_grid_of_axes,
)
from sknn_concepts.inspection.stages import staged_fit
from sknn_concepts.validation.compat import TAKES_COLORS_OF_CLASSES

#: Share of the range of the samples by which a plane extends beyond them.
MARGIN = 0.1
#: Largest number of units that have panels of their own.
MAX_PANELS = 30


def animate_boundary(estimator, X, y, *, n_epochs=50, every=1, grid_resolution=80, interval=100, ax=None, **kwargs):
    """Animation of the predictions of an estimator over the plane while it learns.

    Each frame is a :class:`sklearn.inspection.DecisionBoundaryDisplay`, with the samples and the score on them.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or Perceptron
        Estimator with ``partial_fit``, which is left alone.
    X : array-like of shape (n_samples, 2)
        Samples.
    y : array-like of shape (n_samples,)
        Targets.
    n_epochs : int, default=50
        Number of epochs.
    every : int, default=1
        Number of epochs between two frames.
    grid_resolution : int, default=80
        Number of points of the grid along each axis.
    interval : int, default=100
        Milliseconds between two frames.
    ax : Axes, default=None
        Axes; those of a new figure by default.
    **kwargs : dict
        Arguments of ``DecisionBoundaryDisplay.from_estimator``, such as `response_method` or `cmap`.

    Returns
    -------
    animation : matplotlib.animation.FuncAnimation
        ``animation.save("boundary.gif", writer="pillow")`` makes a file, ``animation.to_jshtml()`` a page with buttons,
        which notebooks show with ``IPython.display.HTML``. Keep a reference to it until then.

    Raises
    ------
    ValueError
        If X does not have two features, if the estimator does not train epoch by epoch, or if a number is not positive.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.inspection import animate_boundary
    >>> X, y = make_moons(100, noise=0.2, random_state=0)
    >>> network = MLPClassifier((10,), learning_rate_init=0.05, random_state=0)
    >>> animation = animate_boundary(network, X, y, n_epochs=10, every=5)
    >>> page = animation.to_jshtml()
    >>> page.count("data:image/png;base64")
    3
    """
    X, numbers = _check_plane(X, every), {"grid_resolution": grid_resolution, "interval": interval}
    for name, number in numbers.items():
        check_count(name, number)
    frames = _frames(estimator, X, y, n_epochs, every)
    (ax,) = make_axes(ax, 1, (5.0, 4.4))
    options = {
        "grid_resolution": grid_resolution,
        "eps": MARGIN * float(np.ptp(X, axis=0).max()),
        "plot_method": "pcolormesh",
    }
    options = {**options, **_responses(frames[-1][1], y), **kwargs}
    _scatter(ax, X, y, is_classifier(estimator), options)
    drawn = []

    def draw(frame):
        epoch, stage = frames[frame]
        while drawn:
            drawn.pop().remove()
        surface = DecisionBoundaryDisplay.from_estimator(stage, X, ax=ax, **options).surface_
        drawn.extend(surface if isinstance(surface, list) else [surface])
        score = "accuracy" if is_classifier(stage) else "R²"
        ax.set_title(f"epoch {epoch}, {score} {stage.score(X, y):.2f}")
        ax.set(xlabel="first feature", ylabel="second feature")
        return [*drawn, ax.title]

    return _animate(ax.figure, draw, len(frames), interval)


def animate_weights(estimator, X, y, *, n_epochs=50, every=1, layer=0, image_shape=None, interval=100):
    """Animation of the weights of a layer while it learns.

    Parameters
    ----------
    estimator, X, y, n_epochs, every, interval
        As for :func:`animate_boundary`; X may have any number of features.
    layer : int, default=0
        Number of the layer of weights; 0 leads from the input.
    image_shape : tuple of int, default=None
        Shape of the images that the inputs of the layer are the pixels of. Then the incoming weights of each unit are
        shown as an image; by default, all weights are shown as a matrix.

    Returns
    -------
    animation : matplotlib.animation.FuncAnimation
        As of :func:`animate_boundary`. Blue is positive, red negative.

    Raises
    ------
    ValueError
        If there is no such layer, if `image_shape` is not that of its inputs, if the layer has more than 30 units and
        there is an `image_shape`, if the estimator does not train epoch by epoch, or if a number is not positive.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.inspection import animate_weights
    >>> X, y = load_iris(return_X_y=True)
    >>> animation = animate_weights(MLPClassifier((5,), random_state=0), X, y, n_epochs=2)
    >>> page = animation.to_jshtml()
    >>> page.count("data:image/png;base64")
    3
    """
    check_count("every", every)
    check_count("interval", interval)
    frames = _frames(estimator, X, y, n_epochs, every)
    matrices = _weights(frames, layer, image_shape)
    limit = max(float(np.abs(w).max()) for w in matrices) or 1.0
    options = {"cmap": SIGNED, "vmin": -limit, "vmax": limit}
    if image_shape is None:
        axes = make_axes(None, 1, (6.4, 4.2))
        images = [axes[0].imshow(matrices[0], aspect="auto", **options)]
        axes[0].set(xlabel="to unit", ylabel="from unit" if layer else "from input")
        for axis in (axes[0].xaxis, axes[0].yaxis):
            axis.get_major_locator().set_params(integer=True)
    else:
        matrices = [w.T.reshape(-1, *image_shape) for w in matrices]
        axes = _panels(matrices[0].shape[0])
        images = [panel.imshow(image, **options) for panel, image in zip(axes, matrices[0], strict=True)]
        for panel in axes:
            panel.axis("off")
    figure = axes[0].figure
    figure.colorbar(images[0], ax=list(axes), label="weight", shrink=0.8)

    def draw(frame):
        figure.suptitle(f"epoch {frames[frame][0]}")
        parts = [matrices[frame]] if image_shape is None else matrices[frame]
        for image, part in zip(images, parts, strict=True):
            image.set_data(part)
        return images

    return _animate(figure, draw, len(frames), interval)


def animate_units(estimator, X, y, *, n_epochs=50, every=1, layer=-1, grid_resolution=50, interval=100):
    """Animation of the values of hidden units over the plane while the network learns.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Estimator with ``partial_fit`` and hidden layers, which is left alone.
    X, y, n_epochs, every, grid_resolution, interval
        As for :func:`animate_boundary`.
    layer : int, default=-1
        Number of the hidden layer, of at most 30 units; negative numbers count from the last.

    Returns
    -------
    animation : matplotlib.animation.FuncAnimation
        As of :func:`animate_boundary`. The color of each unit is scaled by its largest magnitude in all frames; blue is
        positive, red negative.

    Raises
    ------
    ValueError
        If X does not have two features, if there is no such layer, or it has more than 30 units, if the estimator does
        not train epoch by epoch, or if a number is not positive.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.inspection import animate_units
    >>> X, y = make_moons(100, noise=0.2, random_state=0)
    >>> network = MLPClassifier((4,), activation="tanh", learning_rate_init=0.05, random_state=0)
    >>> animation = animate_units(network, X, y, n_epochs=4, every=2)
    >>> page = animation.to_jshtml()
    >>> page.count("data:image/png;base64")
    3
    """
    X = _check_plane(X, every)
    check_count("grid_resolution", grid_resolution, 2)
    check_count("interval", interval)
    if not hasattr(estimator, "transform"):
        raise ValueError(f"The estimator must have hidden layers; got {estimator!r}.")
    frames = _frames(estimator, X, y, n_epochs, every)
    if frames[0][1].n_layers_ == 2:
        raise ValueError(f"The estimator must have hidden layers; got {estimator!r}.")
    a, b = (np.linspace(low, high, grid_resolution) for low, high in zip(*_bounds(X), strict=True))
    points = np.column_stack([part.ravel() for part in np.meshgrid(a, b)])
    values = np.array([stage.transform(points, layer=layer).T for _, stage in frames])
    values = values.reshape(*values.shape[:2], grid_resolution, grid_resolution)
    axes = _panels(values.shape[1])
    images = []
    for unit, panel in enumerate(axes):
        limit = float(np.abs(values[:, unit]).max()) or 1.0
        options = {"extent": (a[0], a[-1], b[0], b[-1]), "origin": "lower", "aspect": "auto", "cmap": SIGNED}
        images.append(panel.imshow(values[0, unit], vmin=-limit, vmax=limit, **options))
        _scatter(panel, X, y, is_classifier(estimator), {}, size=4, legend=False)
        panel.set_title(f"unit {unit}", fontsize="small")
        panel.set(xticks=[], yticks=[])
    figure = axes[0].figure

    def draw(frame):
        figure.suptitle(f"hidden units after epoch {frames[frame][0]}")
        for unit, image in enumerate(images):
            image.set_data(values[frame, unit])
        return images

    return _animate(figure, draw, len(frames), interval)


def _animate(figure, draw, n_frames, interval):
    from matplotlib.animation import FuncAnimation

    draw(0)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # places stay, which halves the time of a frame
    return FuncAnimation(figure, draw, frames=n_frames, interval=interval, init_func=lambda: [], repeat_delay=1000)


def _check_plane(X, every):
    """Return X as an array of two features; raise ValueError if it has others."""
    import_pyplot()
    check_count("every", every)
    X = np.asarray(X, dtype=float)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"X must have shape (n_samples, 2); it has {X.shape}.")
    return X


def _frames(estimator, X, y, n_epochs, every):
    """Pairs of the number of epochs and the estimator after them; the last epoch is always among them."""
    import_pyplot()
    stages = staged_fit(estimator, X, y, n_epochs)
    return [(epoch, stages[epoch]) for epoch in sorted({*range(0, n_epochs + 1, every), n_epochs})]


def _bounds(X):
    room = MARGIN * np.ptp(X, axis=0)
    return X.min(axis=0) - room, X.max(axis=0) + room


def _responses(fitted, y):
    """Arguments of DecisionBoundaryDisplay that keep colors the same in all frames."""
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap

    if not is_classifier(fitted):
        return {"response_method": "predict", "vmin": float(np.min(y)), "vmax": float(np.max(y)), "cmap": "viridis"}
    n_classes = len(fitted.classes_)
    if n_classes == 2 and hasattr(fitted, "predict_proba"):
        shades = LinearSegmentedColormap.from_list("classes", CLASS_SHADES)
        return {"response_method": "predict_proba", "vmin": 0.0, "vmax": 1.0, "cmap": shades}
    colors = [COLORS[k % len(COLORS)] for k in range(n_classes)]
    options = {"response_method": "predict", "vmin": 0, "vmax": n_classes - 1, "alpha": 0.4}
    if n_classes == 2 or not TAKES_COLORS_OF_CLASSES:
        return {**options, "cmap": ListedColormap(colors)}
    return {"response_method": "predict", "multiclass_colors": colors, "alpha": 0.4}


def _scatter(ax, X, y, classes, options, size=14, legend=True):
    """Draw the samples: in the color of their class, or of their target."""
    if not classes:
        colors = {name: options[name] for name in ("cmap", "vmin", "vmax") if name in options}
        ax.scatter(*X.T, c=y, s=size, edgecolors="black", linewidths=0.3, zorder=3, **colors)
        return
    labels = unique_labels(y)
    for number, label in enumerate(labels):
        style = {"color": COLORS[number % len(COLORS)], "edgecolors": "white", "linewidths": 0.4, "zorder": 3}
        ax.scatter(*X[np.asarray(y) == label].T, s=size, label=str(label), **style)
    if legend:
        ax.legend(title="class", loc="upper right")


def _weights(frames, layer, image_shape):
    """Weights of a layer in all frames, after checks of its number and of the shape of its images."""
    coefs = layers_of(frames[0][1]).coefs
    if isinstance(layer, bool) or not isinstance(layer, int | np.integer) or not 0 <= layer < len(coefs):
        raise ValueError(f"layer must be one of {list(range(len(coefs)))}; got {layer!r}.")
    n_inputs = len(coefs[layer])
    if image_shape is not None and (len(image_shape) != 2 or np.prod(image_shape) != n_inputs):
        raise ValueError(f"image_shape must be two numbers whose product is {n_inputs}; got {image_shape!r}.")
    return [layers_of(stage).coefs[layer] for _, stage in frames]


def _panels(n_panels):
    """Axes of a new figure, in rows, one for each unit."""
    if n_panels > MAX_PANELS:
        raise ValueError(
            f"Each unit gets a panel, and there may be {MAX_PANELS} at most; the layer has {n_panels} units."
        )
    full_rows = [n for n in (8, 7, 6, 5, 4) if n_panels % n == 0 and n_panels > n]
    n_columns = full_rows[0] if full_rows else min(6, n_panels)
    width = min(1.35, 8.0 / n_columns)
    return make_grid_of_axes(n_panels, n_columns, width, width + 0.1, margins=(0.6, 0.5))
