"""How far values and gradients keep their size from layer to layer."""

import numpy as np
from sklearn.utils import check_random_state

from sknn_concepts.activations import get_activation
from sknn_concepts.curvature.blocks import SampleBlocks
from sknn_concepts.estimators.multilayer.initialization import draw_parameters
from sknn_concepts.initializers import get_initializer
from sknn_concepts.inspection._network import make_network
from sknn_concepts.inspection._style import by_name, check_count, import_pyplot, make_axes, set_axes, style_of
from sknn_concepts.validation.fitted_network import make_fitted_network

#: Seeds are drawn below this number.
MAX_SEED = 2**31 - 1


class SignalPropagationDisplay:
    """Standard deviation of values and gradients, layer by layer.

    The values of layer k are those of its units over all samples; layer 0 is the input. Its gradients are the
    derivatives of a sample's loss with respect to the net inputs of its units. If weights are too small, values and
    gradients vanish exponentially with depth; if they are too large, values explode or saturate (Glorot and Bengio,
    2010; He, Zhang, Ren and Sun, 2015).

    Use :meth:`from_strategies` for networks that are not trained, and :meth:`from_estimator` for a fitted one.

    Parameters
    ----------
    values : dict of str to ndarray of shape (depth + 1,)
        Standard deviations of the values of the layers, the input first, by the name of the network.
    gradients : dict of str to ndarray of shape (depth,)
        Standard deviations of the gradients of the layers after the input.

    Attributes
    ----------
    ax_ : ndarray of Axes of shape (2,)
        Axes of the values and of the gradients.
    figure_ : Figure
        Figure that contains them.

    Examples
    --------
    >>> from sknn_concepts.inspection import SignalPropagationDisplay
    >>> display = SignalPropagationDisplay.from_strategies(
    ...     ["glorot_normal", "he_normal"], "relu", depth=30, random_state=0
    ... )
    >>> bool(display.values["glorot_normal"][-1] < 0.001 < 0.1 < display.values["he_normal"][-1])
    True
    """

    def __init__(self, values, gradients):
        self.values, self.gradients = values, gradients

    @classmethod
    def from_strategies(
        cls,
        initializers=("glorot_normal", "he_normal"),
        activations="relu",
        *,
        depth=20,
        n_units=100,
        n_samples=200,
        random_state=None,
        ax=None,
        **kwargs,
    ):
        """Draw a network for each initializer and activation, pass random samples through it, and plot the results.

        The samples are standard normal, and so are the derivatives of the loss with respect to the values of the last
        layer, from which the gradients are propagated back.

        Parameters
        ----------
        initializers : str, Initializer, callable, list of them, or dict, default=("glorot_normal", "he_normal")
            Initializers, as the parameter `initializer` of :class:`~sknn_concepts.MLPClassifier`.
        activations : str, Activation, list of them, or dict, default="relu"
            Activations of all layers.
        depth : int, default=20
            Number of layers after the input.
        n_units : int, default=100
            Number of units of each layer.
        n_samples : int, default=200
            Number of samples.
        random_state : int, RandomState instance or None, default=None
            Source of the weights and of the samples, which are the same for all networks.
        ax : array of Axes of shape (2,), default=None
            See :meth:`plot`.
        **kwargs : dict
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : SignalPropagationDisplay

        Raises
        ------
        ValueError
            If there is no such initializer or activation, or if a number is not positive.
        """
        import_pyplot()
        for name, number in {"depth": depth, "n_units": n_units, "n_samples": n_samples}.items():
            check_count(name, number)
        drawn = {name: get_initializer(one) for name, one in by_name(initializers, "initializers").items()}
        applied = {
            name: get_activation(one, "activations") for name, one in by_name(activations, "activations").items()
        }
        random = check_random_state(random_state)
        X, noise, seed = (
            random.normal(size=(n_samples, n_units)),
            random.normal(size=(n_samples, n_units)),
            _seed(random),
        )
        sizes, values, gradients = [n_units] * (depth + 1), {}, {}
        for activation_name, activation in applied.items():
            for name, initializer in drawn.items():
                label = (
                    name if len(applied) == 1 else f"{activation_name}, {name}" if len(drawn) > 1 else activation_name
                )
                layers = [activation] * depth
                theta, _ = draw_parameters(
                    sizes, layers, initializer, None, np.dtype(np.float64), np.random.RandomState(seed)
                )
                blocks = _FixedErrors(make_network(theta, sizes, layers, X), noise)
                values[label], gradients[label] = _deviations(blocks)
        return cls(values, gradients).plot(ax, **kwargs)

    @classmethod
    def from_estimator(cls, estimator, X, y, *, name=None, ax=None, **kwargs):
        """Compute the values and gradients of a fitted network on samples, and plot them.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
            Fitted estimator.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        name : str, default=None
            Name in the legend; that of the estimator's class by default.
        ax : array of Axes of shape (2,), default=None
            See :meth:`plot`.
        **kwargs : dict
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : SignalPropagationDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If it is not one of this library, or if X and y do not fit it.
        """
        import_pyplot()
        values, gradients = _deviations(SampleBlocks(make_fitted_network(estimator, X, y)))
        name = type(estimator).__name__ if name is None else name
        return cls({name: values}, {name: gradients}).plot(ax, **kwargs)

    def plot(self, ax=None, *, log=True, **kwargs):
        """Plot standard deviations against the number of the layer.

        Parameters
        ----------
        ax : array of Axes of shape (2,), default=None
            Axes for the values and the gradients; those of a new figure by default.
        log : bool, default=True
            Whether the vertical axes are logarithmic; they do not show standard deviations of 0.
        **kwargs : dict
            Arguments of matplotlib's ``plot``.

        Returns
        -------
        self : SignalPropagationDisplay
        """
        axes = make_axes(ax, 2, (8.5, 3.2))
        labels = "std of the values", "std of the gradients"
        for panel, curves, label, first in zip(axes, (self.values, self.gradients), labels, (0, 1), strict=True):
            for number, (name, curve) in enumerate(curves.items()):
                layers = np.arange(first, first + len(curve))
                panel.plot(layers, curve, label=name, **{**style_of(number), "marker": ".", **kwargs})
            if log and any((curve > 0.0).any() for curve in curves.values()):
                panel.set_yscale("log")
            panel.set(xlabel="layer", ylabel=label)
            panel.xaxis.get_major_locator().set_params(integer=True)
            panel.grid(alpha=0.3)
        if len(self.values) > 1:
            axes[0].legend()
        set_axes(self, axes)
        return self


class _FixedErrors(SampleBlocks):
    """A network at whose outputs the derivatives of the loss are given numbers."""

    def __init__(self, fitted, noise):
        super().__init__(fitted)
        self._noise = noise

    def output_loss(self, block, weights):
        return 0.0, self._noise[block.rows]


def _seed(random):
    return random.randint(MAX_SEED)


def _deviations(blocks):
    """Standard deviations of the values of all layers, and of the gradients of those after the input."""
    values = [_Deviation() for _ in blocks.sizes]
    gradients = [_Deviation() for _ in blocks.sizes[1:]]
    for block in blocks.blocks():
        for layer, deviation in enumerate(values):
            deviation.add(blocks.dense_values(block, layer))
        deltas = (errors * slopes for errors, slopes in zip(blocks.errors(block)[1:], block.slopes[1:], strict=True))
        for delta, deviation in zip(deltas, gradients, strict=True):
            deviation.add(delta)
    return tuple(np.array([one.value() for one in found]) for found in (values, gradients))


class _Deviation:
    """Standard deviation of numbers that come in blocks."""

    def __init__(self):
        self.count, self.total, self.squares = 0, 0.0, 0.0

    def add(self, numbers):
        self.count += numbers.size
        self.total += numbers.sum(dtype=float)
        self.squares += np.square(numbers, dtype=float).sum()

    def value(self):
        return np.sqrt(max(0.0, self.squares / self.count - (self.total / self.count) ** 2))
