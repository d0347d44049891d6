"""Losses, scores and learning rates by epoch."""

import numpy as np

from sknn_concepts.estimators.history import measurements_of
from sknn_concepts.inspection._style import (
    COLORS,
    LINE_STYLES,
    by_name,
    check_option,
    import_pyplot,
    make_axes,
    set_axes,
)
from sknn_concepts.validation.fitted_network import check_estimator

#: Panels, and the labels of their axes.
PANELS = {
    "loss": "loss",
    "score": "validation score",
    "learning_rate": "learning rate",
    "gradient": "largest gradient",
    "seconds": "seconds",
}


class HistoryDisplay:
    """Losses, validation losses and scores of one or several fits by epoch.

    Use :meth:`from_estimator` to create one.

    Parameters
    ----------
    histories : dict of str to dict
        ``history_`` of each fit, which is a dict of arrays of shape (n_epochs,), by the name of the fit.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes
        Axes of each panel.
    figure_ : Figure
        Figure that contains them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.inspection import HistoryDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier((20,), early_stopping=True, random_state=0).fit(X, y)
    >>> display = HistoryDisplay.from_estimator(network)
    >>> [ax.get_ylabel() for ax in display.ax_]
    ['loss', 'validation score']
    """

    def __init__(self, histories):
        self.histories = histories

    @classmethod
    def from_estimator(cls, estimators, *, ax=None, **kwargs):
        """Plot the history of a fitted estimator, or of several.

        Parameters
        ----------
        estimators : estimator, list of estimators, or dict of str to estimator
            Fitted `MLPClassifier`, `MLPRegressor`, `LogisticRegression` or `Perceptron`; several as a dict by the names
            that the legend shows.
        ax : Axes or array of Axes, default=None
            See :meth:`plot`.
        **kwargs : dict
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : HistoryDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If an estimator is not fitted.
        ValueError
            If an estimator is not one of this library, or has no history.
        """
        import_pyplot()
        if not isinstance(estimators, dict):
            listed = estimators if isinstance(estimators, list | tuple) else [estimators]
            estimators = {_numbered(number, one, listed): one for number, one in enumerate(listed)}
        histories = {}
        for name, estimator in by_name(estimators, "estimators").items():
            check_estimator(estimator)
            histories[name] = measurements_of(estimator)
            if not histories[name]:
                raise ValueError(f"{name} has no history_; fit it again.")
        return cls(histories).plot(ax, **kwargs)

    def plot(self, ax=None, *, panels=None, log=False, **kwargs):
        """Plot the measurements of each epoch.

        Parameters
        ----------
        ax : Axes or array of Axes, default=None
            Axes for each panel; those of a new figure by default.
        panels : list of {"loss", "score", "learning_rate", "gradient", "seconds"}, default=None
            What to draw: training losses (solid) and validation losses (dashed), validation scores, or another
            measurement. By default the losses, and the scores if there are any.
        log : bool, default=False
            Whether the axes of losses, learning rates and gradients are logarithmic.
        **kwargs : dict
            Arguments of matplotlib's ``plot``.

        Returns
        -------
        self : HistoryDisplay

        Raises
        ------
        ValueError
            If there is no such panel, if no fit has such measurements, or if `ax` has another number of axes.
        """
        if panels is None:
            panels = [panel for panel in ("loss", "score") if any(self._curves(panel))]
        panels = [panels] if isinstance(panels, str) else list(panels)
        for panel in panels:
            check_option("panels", panel, PANELS)
            if not any(self._curves(panel)):
                raise ValueError(f"panels has {panel!r}, which none of the fits has measured.")
        axes = make_axes(ax, len(panels), (4.4 * len(panels), 3.2))
        for one, panel in zip(axes, panels, strict=True):
            for name, curve, style in self._curves(panel):
                one.plot(np.arange(1, len(curve) + 1), curve, label=name, **{**style, **kwargs})
            if log and panel not in ("score", "seconds"):
                one.set_yscale("log")
            one.set(xlabel="epoch", ylabel=PANELS[panel])
            one.xaxis.get_major_locator().set_params(integer=True)
            one.grid(alpha=0.3)
            if len(one.lines) > 1:
                one.legend()
        set_axes(self, axes)
        return self

    def _curves(self, panel):
        """Yield names, curves and styles of a panel: a color for each fit, a line style for each measurement."""
        for number, (fit, history) in enumerate(self.histories.items()):
            names = [name for name in history if _belongs(name, panel) and not np.isnan(history[name]).all()]
            for name in names:
                what = name.replace("_", " ")
                what = f"training {what}" if name == "loss" and len(names) > 1 else what
                label = what if len(self.histories) == 1 else fit if len(names) == 1 else f"{fit}, {what}"
                color = COLORS[number % len(COLORS)]
                style = LINE_STYLES[names.index(name) % len(LINE_STYLES)]
                yield label, history[name], {"color": color, "linestyle": style}


def _belongs(name, panel):
    if panel == "loss":
        return name == "loss" or name.startswith("validation_loss")
    if panel == "score":
        return name.startswith("validation_") and not name.startswith("validation_loss")
    return name == panel


def _numbered(number, estimator, listed):
    name = type(estimator).__name__
    return name if len(listed) == 1 else f"{name} {number + 1}"
