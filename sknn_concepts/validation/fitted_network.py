"""The network of a fitted estimator as flat arrays, and samples as its training sees them."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.losses import Loss
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.layout import layer_views, make_layout
from sknn_concepts.validation.constraints import check_parameters
from sknn_concepts.validation.data import canonical, check_samples, check_weights
from sknn_concepts.validation.fitted_state import check_order


class FittedNetwork(NamedTuple):
    """The network of a fitted estimator, and samples.

    Flat arrays have the weights of all layers, row by row, then all intercepts. The matrix of weights of a linear
    estimator has shape (n_features, n_outputs): it is ``coef_.T``.

    Attributes
    ----------
    theta : ndarray of shape (n_parameters,)
        Parameters, in the estimator's dtype.
    sizes : list of int
        Units of each layer, the input first.
    activations : list of Activation
        One for each layer after the input.
    loss : Loss
        Loss of a sample; the multinomial one where classes exclude each other.
    dataset : ArrayStruct
        Samples, encoded targets and sample weights.
    total_weight : float
        Sum of the weights of the samples.
    loss_scale : float, default=1.0
        Factor that makes the mean loss what the estimator reports as ``loss_``.
    l2, l1 : ndarray of shape (n_parameters,), or 0.0
        Factors of ``theta^2 / 2`` and of ``|theta|`` in the mean loss with its penalty.
    linear : bool, default=False
        Whether the estimator has ``coef_`` and ``intercept_``.
    mask : ndarray of bool of shape (n_parameters,), optional
        False for the parameters that pruning has removed, and for intercepts that are not fitted.
    """

    theta: np.ndarray
    sizes: list
    activations: list
    loss: Loss
    dataset: ArrayStruct
    total_weight: float
    loss_scale: float = 1.0
    l2: np.ndarray | float = 0.0
    l1: np.ndarray | float = 0.0
    linear: bool = False
    mask: np.ndarray | None = None

    def shaped(self, flat):
        """Reshape a flat array to a pair of arrays like the estimator's weights and intercepts."""
        coefs, intercepts = layer_views(flat, make_layout(self.sizes))
        return (np.ascontiguousarray(coefs[0].T), intercepts[0]) if self.linear else (coefs, intercepts)

    def flat(self, coefs, intercepts):
        """Make a flat array of arrays shaped like the estimator's weights and intercepts.

        Raises
        ------
        ValueError
            If they have other shapes.
        """
        given = [[coefs], [intercepts]] if self.linear else [coefs, intercepts]
        wanted = [[part] if self.linear else part for part in self.shaped(self.theta)]
        shapes = [[np.shape(array) for array in part] for part in given]
        asked = [[array.shape for array in part] for part in wanted]
        if shapes != asked:
            raise ValueError(f"The estimator's weights and intercepts have shapes {asked}; the vector has {shapes}.")
        weights = [np.transpose(array) if self.linear else array for array in given[0]]
        return np.concatenate([np.ravel(array) for array in (*weights, *given[1])])


def make_fitted_network(estimator, X, y, sample_weight=None):
    """Network and samples of a fitted estimator, checked.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted estimator. Its ``class_weight`` is not applied: only `sample_weight` counts.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets as for fit.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

    Returns
    -------
    network : FittedNetwork

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    ValueError
        If it is none of the four; if X, y or the weights do not fit it; if y has labels that fit has not seen.
    """
    check_estimator(estimator)
    return estimator._make_fitted_network(X, y, sample_weight)


def check_estimator(estimator):
    """Raise ValueError unless an estimator belongs to this library and is valid, NotFittedError unless it is fitted."""
    if not hasattr(estimator, "_make_fitted_network"):
        raise ValueError(
            "The estimator must be an MLPClassifier, MLPRegressor, LogisticRegression or Perceptron of sknn_concepts; "
            f"got {type(estimator).__module__}.{type(estimator).__qualname__}."
        )
    check_is_fitted(estimator)
    check_parameters(estimator)
    estimator._sizes()  # checks the fitted state


def weigh(X, sample_weight):
    """Check sample weights, of which none may be negative and one must be positive; return them and their sum."""
    weights = check_weights(sample_weight, X)
    if weights is not None and weights.min() < 0:
        raise ValueError(f"Sample weights must not be negative; the smallest is {weights.min():g}.")
    if weights is not None and not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights, total_weight(weights, X.shape[0])


def total_weight(weights, n_samples):
    """Sum of weights; the number of samples where there are none."""
    return float(n_samples if weights is None else weights.sum())


def check_linear_samples(model, X, y, sample_weight):
    """Check samples for a fitted linear classifier; return X, y and the weights, which may be None.

    X has no duplicate entries: the square of a sum is not the sum of the squares.
    """
    X, y = check_samples(model, X, y, reset=False)
    check_classification_targets(y)
    check_labels(model, y)
    return canonical(X), y, weigh(X, sample_weight)[0]


def check_labels(model, y):
    """Raise ValueError if there are classes that a fitted classifier does not know."""
    check_order(model)
    classes = np.asarray(model.classes_)
    unknown = np.setdiff1d(y, classes)
    if unknown.size:
        raise ValueError(f"y has labels that fit has not seen: {unknown.tolist()}; it knows {classes.tolist()}.")


def make_linear_network(model, X, y, weights, activation, loss, low, *, l2, l1):
    """Network and checked samples of a linear classifier, from :func:`check_linear_samples`.

    Samples that are not of a neuron's class have the target `low`, the others 1. The factors `l2` and `l1` of the
    penalties in the mean loss are pairs, for the weights and for the intercepts.
    """
    theta, sizes, mask = model._parameters(), model._sizes(), model._parameter_mask()
    if not model.fit_intercept:
        mask = np.ones(theta.size, bool) if mask is None else mask
        mask[-sizes[1] :] = False
    of_class = y[:, None] == np.asarray(model.classes_)
    targets = np.where(of_class[:, 1:] if of_class.shape[1] == 2 else of_class, 1.0, low)
    parts = [sizes[0] * sizes[1], sizes[1]]
    return FittedNetwork(
        theta=theta,
        sizes=sizes,
        activations=[activation],
        loss=loss,
        dataset=make_dataset(X, targets, weights),
        total_weight=total_weight(weights, len(y)),
        l2=np.repeat(l2, parts).astype(theta.dtype),
        l1=np.repeat(l1, parts).astype(theta.dtype),
        linear=True,
        mask=mask,
    )
