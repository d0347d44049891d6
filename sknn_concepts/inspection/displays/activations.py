"""Activations and their derivatives, as the kernels compute them."""

import numpy as np

from sknn_concepts.activations import Activation, get_activation
from sknn_concepts.curvature.blocks import SampleBlocks
from sknn_concepts.inspection._network import make_network
from sknn_concepts.inspection._style import (
    LINE_STYLES,
    by_name,
    check_option,
    import_pyplot,
    make_axes,
    set_axes,
    style_of,
)
from sknn_concepts.jit.strategy_type import has

#: What is drawn, and the labels of the axes.
QUANTITIES = {"value": "f(z)", "slope": "f'(z)", "curvature": "f''(z)"}


class ActivationDisplay:
    """Values, first and second derivatives of activations.

    Use :meth:`from_strategies` to create one.

    Parameters
    ----------
    z : ndarray of shape (n_points,)
        Net inputs.
    values, slopes, curvatures : dict of str to ndarray of shape (n_points,)
        f(z), f'(z) and f''(z) by the name of the activation; NaN where an activation does not have the derivative.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes
        Axes, one for each quantity or one for all.
    figure_ : Figure
        Figure that contains them.

    Examples
    --------
    >>> from sknn_concepts.inspection import ActivationDisplay
    >>> display = ActivationDisplay.from_strategies(["logistic", "tanh", "relu"])
    >>> round(float(display.slopes["logistic"].max()), 2)
    0.25
    """

    def __init__(self, z, values, slopes, curvatures):
        self.z, self.values, self.slopes, self.curvatures = z, values, slopes, curvatures

    @classmethod
    def from_strategies(cls, activations=("logistic", "tanh", "relu"), *, z=None, ax=None, **kwargs):
        """Compute activations, with the kernels that networks use, and plot them.

        Parameters
        ----------
        activations : str, Activation, list of them, or dict
            Names in `sknn_concepts.activations.ACTIVATIONS`, or instances, which may be of your own class; as a dict,
            by the names that the legend shows.
        z : array-like of shape (n_points,), default=None
            Net inputs; 601 points from -6 to 6 by default.
        ax : Axes or array of Axes, default=None
            See :meth:`plot`.
        **kwargs : dict
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : ActivationDisplay

        Raises
        ------
        ValueError
            If there is no such activation, if one has no slope, or if `z` is not a vector of finite numbers.
        """
        import_pyplot()
        named = {name: get_activation(one, "activations") for name, one in by_name(activations, "activations").items()}
        points = np.linspace(-6.0, 6.0, 601) if z is None else np.asarray(z, np.float64)
        if points.ndim != 1 or not points.size or not np.isfinite(points).all():
            raise ValueError(f"z must be a vector of finite numbers; got {z!r}.")
        computed = {name: compute(one, points) for name, one in named.items()}
        parts = ({name: of_one[k] for name, of_one in computed.items()} for k in range(3))
        return cls(points, *parts).plot(ax, **kwargs)

    def plot(self, ax=None, *, quantities=("value", "slope", "curvature"), **kwargs):
        """Plot the curves.

        Parameters
        ----------
        ax : Axes or array of Axes, default=None
            Axes for each quantity, or one for all, in which line styles tell the quantities apart; a new figure with a
            panel for each by default.
        quantities : list of {"value", "slope", "curvature"}, default=("value", "slope", "curvature")
            What to draw.
        **kwargs : dict
            Arguments of matplotlib's ``plot``, such as ``linewidth``.

        Returns
        -------
        self : ActivationDisplay

        Raises
        ------
        ValueError
            If there is no such quantity, or if `ax` has another number of axes.
        """
        quantities = [quantities] if isinstance(quantities, str) else list(quantities)
        for quantity in quantities:
            check_option("quantities", quantity, QUANTITIES)
        shared = ax is not None and np.size(np.array(ax, dtype=object)) == 1
        axes = make_axes(ax, 1 if shared else len(quantities), (3.0 * len(quantities), 2.8))
        for k, quantity in enumerate(quantities):
            styled = {"linestyle": LINE_STYLES[k % len(LINE_STYLES)]} if shared else {}
            label = QUANTITIES[quantity] if shared else ""
            self._draw(axes[0 if shared else k], quantity, label, {**styled, **kwargs})
        for panel, quantity in zip(axes, quantities, strict=False):
            panel.set(xlabel="net input z", ylabel="" if shared else f"{quantity} {QUANTITIES[quantity]}")
            panel.grid(alpha=0.3)
        axes[0].legend()
        set_axes(self, axes)
        return self

    def _draw(self, panel, quantity, label, options):
        curves = {"value": self.values, "slope": self.slopes, "curvature": self.curvatures}[quantity]
        for number, (name, curve) in enumerate(curves.items()):
            if not np.isnan(curve).all():
                panel.plot(self.z, curve, label=f"{name} {label}".strip(), **{**style_of(number), **options})


def compute(activation: Activation, z):
    """Value, slope and curvature of an activation at `z`, from a network of one unit with weight 1."""
    network = make_network(np.array([1.0, 0.0]), [1, 1], [activation], z[:, None])
    known = activation.piecewise_linear or has(activation, "curvature")
    parts = [
        (block.values[1].copy(), block.slopes[1].copy(), block.curvatures[1].copy() if known else np.nan * block.y)
        for block in SampleBlocks(network).blocks()
    ]
    return [np.concatenate(part)[:, 0] for part in zip(*parts, strict=True)]
