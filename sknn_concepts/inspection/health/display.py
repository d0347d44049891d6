"""The record of a fit as a figure."""

from typing import Any, Self

import numpy as np

from sknn_concepts.inspection._style import make_grid_of_axes
from sknn_concepts.inspection.health.case import checked_record
from sknn_concepts.inspection.health.layer_rules import TOO_MANY
from sknn_concepts.training.record import NAMES

#: Titles of the panels.
TITLES = {
    "gradient_norm": "Norm of the gradient",
    "weight_norm": "Norm of the weights",
    "update_ratio": "Relative change of the weights",
    "dead": "Share of dead units",
    "saturated": "Share of saturated units",
    "similarity": "Similarity of units",
}
#: Measurements whose axis is logarithmic.
LOGARITHMIC = ("gradient_norm", "update_ratio")


class TrainingHealthDisplay:
    """Small figures of what happened in each layer during training, with a line for each layer.

    It shows the record of a fit within :class:`~sknn_concepts.callbacks.TrainingRecord`, which explains the
    measurements. A dotted line marks the share from which :func:`diagnose` speaks of dead or saturated units.

    Parameters
    ----------
    record : dict of str to ndarray of shape (n_epochs, n_layers)
        Attribute ``record_`` of a fitted network.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each measurement that the network has.
    figure_ : matplotlib Figure
        Figure with these axes.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.callbacks import TrainingRecord
    >>> from sknn_concepts.inspection import TrainingHealthDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> with TrainingRecord():
    ...     network = MLPClassifier((20, 10), max_iter=300, random_state=0).fit(X, y)
    >>> display = TrainingHealthDisplay.from_estimator(network)
    """

    axes_: Any
    figure_: Any

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record

    @classmethod
    def from_estimator(cls, estimator: Any, *, axes: Any = None) -> Self:
        """Show the record of a fitted network.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            Network that was fitted within :class:`~sknn_concepts.callbacks.TrainingRecord`.
        axes : array-like of matplotlib Axes, default=None
            Axes to draw in; by default those of a new figure.

        Returns
        -------
        display : TrainingHealthDisplay

        Raises
        ------
        ValueError
            If the estimator has no record, or `axes` are too few.
        ImportError
            If matplotlib is not installed.
        """
        if not hasattr(estimator, "record_"):
            raise ValueError(
                f"This {type(estimator).__name__} has no record_: fit it in a block, with TrainingRecord(): ..., of "
                "sknn_concepts.callbacks."
            )
        return cls(checked_record(estimator)).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> Self:
        """Draw the figure.

        Parameters
        ----------
        axes : array-like of matplotlib Axes, default=None
            Axes to draw in; by default those of a new figure.

        Returns
        -------
        self : TrainingHealthDisplay

        Raises
        ------
        ValueError
            If `axes` are too few.
        ImportError
            If matplotlib is not installed.
        """
        names = [name for name in NAMES if np.isfinite(self.record[name]).any()]
        own_figure = axes is None
        axes = make_grid_of_axes(len(names), min(3, len(names)), 3.0, 2.4) if own_figure else np.ravel(axes)
        if len(axes) < len(names):
            raise ValueError(f"axes has {len(axes)} axes; the record has {len(names)} measurements: {names}.")
        self.axes_, self.figure_ = axes[: len(names)], axes[0].figure
        for ax, name in zip(self.axes_, names, strict=True):
            self._draw(ax, name)
        handles, labels = self.axes_[0].get_legend_handles_labels()
        if own_figure:
            self.figure_.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 5))
        else:
            self.axes_[0].legend(handles, labels, fontsize="small")
        return self

    def _draw(self, ax, name):
        array = self.record[name]
        n_epochs, n_layers = array.shape
        for layer in range(n_layers):
            values = np.where(np.isfinite(array[:, layer]), array[:, layer], np.nan)
            if not np.isnan(values).all():
                last = layer == n_layers - 1
                label = "output layer" if last else f"hidden layer {layer + 1}"
                color = "0.4" if last else _color(layer, n_layers - 1)
                style = "--" if last else "-"
                ax.plot(np.arange(1, n_epochs + 1), values, style, color=color, label=label, linewidth=1.5)
        ax.set_title(TITLES[name], fontsize="medium")
        ax.set_xlabel("Epoch")
        if name in LOGARITHMIC:
            ax.set_yscale("log" if np.nanmax(np.where(np.isfinite(array), array, np.nan)) > 0 else "linear")
        elif name != "weight_norm":
            ax.set_ylim(-0.03, 1.03)
        if name in ("dead", "saturated"):
            ax.axhline(TOO_MANY, color="0.6", linestyle=":", linewidth=1)
        ax.xaxis.get_major_locator().set_params(integer=True)


def _color(layer, n_hidden):
    """Return a color for a hidden layer, from dark to light, that color-blind readers tell apart."""
    from matplotlib import colormaps

    return colormaps["viridis"](0.85 * layer / max(1, n_hidden - 1))
