"""Histograms of weights, gradients, second derivatives and saliencies."""

import numpy as np

from sknn_concepts.curvature import gradient, hessian_diagonal
from sknn_concepts.inspection._network import layer_names, layers_of
from sknn_concepts.inspection._style import check_count, check_option, import_pyplot, make_axes, set_axes, style_of

#: What can be drawn, and the label of the axis.
QUANTITIES = {
    "weight": "weight",
    "gradient": "derivative of the loss with respect to the weight",
    "second_derivative": "second derivative of the loss with respect to the weight",
    "saliency": "saliency h w² / 2",
}


class WeightsDisplay:
    """Histograms of the weights of each layer, or of quantities that belong to weights.

    Removed weights are left out. The saliency of a weight w is h w^2 / 2, where h is the second derivative of the loss
    with respect to it (LeCun, Denker and Solla, 1990).

    Use :meth:`from_estimator` to create one.

    Parameters
    ----------
    numbers : dict of str to ndarray of shape (n_weights,)
        Numbers of the weights of each layer, by the name of the layer.
    quantity : {"weight", "gradient", "second_derivative", "saliency"}, default="weight"
        What the numbers are.

    Attributes
    ----------
    ax_ : Axes
        Axes of the histograms.
    figure_ : Figure
        Figure that contains them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.inspection import WeightsDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier((20,), max_iter=300, random_state=0).fit(X, y)
    >>> display = WeightsDisplay.from_estimator(network)
    >>> {name: numbers.size for name, numbers in display.numbers.items()}
    {'to hidden layer': 80, 'to output': 60}
    """

    def __init__(self, numbers, quantity="weight"):
        self.numbers, self.quantity = numbers, quantity

    @classmethod
    def from_estimator(cls, estimator, X=None, y=None, *, quantity="weight", method="exact", ax=None, **kwargs):
        """Compute the numbers of a fitted estimator, and plot their histograms.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
            Fitted estimator, pruned or not.
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Samples; required for all quantities except "weight".
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets.
        quantity : {"weight", "gradient", "second_derivative", "saliency"}, default="weight"
            What to draw.
        method : str or HessianMethod, default="exact"
            Method of :func:`sknn_concepts.curvature.hessian_diagonal`, for second derivatives and saliencies.
        ax : Axes, default=None
            See :meth:`plot`.
        **kwargs : dict
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : WeightsDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If there is no such quantity, if it needs samples and there are none, or if they do not fit the estimator.
        """
        import_pyplot()
        check_option("quantity", quantity, QUANTITIES)
        if quantity != "weight" and (X is None or y is None):
            raise ValueError(f"quantity={quantity!r} is computed from samples: pass X and y.")
        coefs, _, masks = layers_of(estimator)
        if quantity == "gradient":
            arrays = _matrices(gradient(estimator, X, y)[0])
        elif quantity != "weight":
            arrays = _matrices(hessian_diagonal(estimator, X, y, method=method)[0])
        if quantity == "weight":
            arrays = coefs
        elif quantity == "saliency":
            arrays = [h * w**2 / 2.0 for h, w in zip(arrays, coefs, strict=True)]
        names = [f"to {name}" for name in layer_names(len(coefs) + 1)[1:]]
        numbers = {name: one[mask] for name, one, mask in zip(names, arrays, masks, strict=True)}
        return cls(numbers, quantity).plot(ax, **kwargs)

    def plot(self, ax=None, *, bins=50, log=None, **kwargs):
        """Draw a histogram for each layer, all with the same bins.

        Parameters
        ----------
        ax : Axes, default=None
            Axes; those of a new figure by default.
        bins : int, default=50
            Number of bins.
        log : bool, default=None
            Whether the horizontal axis is logarithmic; then the legend counts the numbers that are not positive, which
            it cannot show. By default only that of saliencies is.
        **kwargs : dict
            Arguments of matplotlib's ``hist``, such as ``density``.

        Returns
        -------
        self : WeightsDisplay

        Raises
        ------
        ValueError
            If `bins` is not positive, or if there is no positive number for a logarithmic axis.
        """
        check_count("bins", bins)
        log = self.quantity == "saliency" if log is None else log
        every = np.concatenate([np.ravel(numbers) for numbers in self.numbers.values()]).astype(float)
        every = every[every > 0.0] if log else every
        if not every.size:
            raise ValueError("There are no numbers to draw" + (" that are positive: set log=False." if log else "."))
        edges = np.histogram_bin_edges(np.log10(every) if log else every, bins)
        edges = 10.0**edges if log else edges
        axes = make_axes(ax, 1, (5.5, 3.4))
        for number, (name, numbers) in enumerate(self.numbers.items()):
            shown = numbers[numbers > 0.0] if log else numbers
            lost = len(numbers) - len(shown)
            label = f"{name} ({len(numbers)}" + (f", {lost} not positive)" if lost else ")")
            style = {"color": style_of(number)["color"], "histtype": "stepfilled", "alpha": 0.5, "label": label}
            axes[0].hist(np.clip(shown, edges[0], edges[-1]), edges, **{**style, **kwargs})
        if log:
            axes[0].set_xscale("log")
        axes[0].set(
            xlabel=QUANTITIES[self.quantity], ylabel="density" if kwargs.get("density") else "number of weights"
        )
        axes[0].legend()
        set_axes(self, axes)
        return self


def _matrices(coefs):
    """Arrays like ``coefs_`` as they are, and those like ``coef_`` of a linear model as a list of one matrix."""
    return coefs if isinstance(coefs, list) else [coefs.T]
