"""The network of a fitted estimator as flat arrays, and samples as its training sees them."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.losses import Loss
from sknn_concepts.network.layout import layer_views, make_layout
from sknn_concepts.validation.constraints import check_parameters
from sknn_concepts.validation.data import canonical, check_samples, check_some_weight, check_weights
from sknn_concepts.validation.fitted_state import check_order


class FittedNetwork(NamedTuple):
    """The network of a fitted estimator, and samples.

    Flat arrays have the weights of all layers, row by row, then all intercepts. The matrix of weights of a linear
    estimator has shape (n_features, n_outputs): it is ``coef_.T``.
    """

    theta: np.ndarray  # flat parameters, in the estimator's dtype
    sizes: list  # units of each layer, the input first
    activations: list  # one for each layer after the input
    loss: Loss  # of a sample; the multinomial one where classes exclude each other
    dataset: ArrayStruct  # samples, encoded targets and sample weights
    total_weight: float  # sum of the weights of the samples
    loss_scale: float = 1.0  # factor that makes the mean loss what the estimator reports as ``loss_``
    l2: np.ndarray | float = 0.0  # factors of ``theta^2 / 2`` in the mean loss with its penalty
    l1: np.ndarray | float = 0.0  # factors of ``|theta|``
    linear: bool = False  # whether the estimator has ``coef_`` and ``intercept_``
    mask: np.ndarray | None = None  # False for parameters that are removed, and for intercepts that are not fitted

    def shaped(self, flat):
        """Reshape a flat array to a pair of arrays like the estimator's weights and intercepts."""
        coefs, intercepts = layer_views(flat, make_layout(self.sizes))
        return (np.ascontiguousarray(coefs[0].T), intercepts[0]) if self.linear else (coefs, intercepts)

    def flat(self, coefs, intercepts):
        """Make a flat array of arrays shaped like weights and intercepts; raise ValueError for other shapes."""
        given = [[coefs], [intercepts]] if self.linear else [coefs, intercepts]
        wanted = [[part] if self.linear else part for part in self.shaped(self.theta)]
        shapes = [[np.shape(array) for array in part] for part in given]
        asked = [[array.shape for array in part] for part in wanted]
        if shapes != asked:
            raise ValueError(f"The estimator's weights and intercepts have shapes {asked}; the vector has {shapes}.")
        weights = [np.transpose(array) if self.linear else array for array in given[0]]
        return np.concatenate([np.ravel(array) for array in (*weights, *given[1])])


def make_fitted_network(estimator, X, y, sample_weight=None):
    """Return the network of a fitted estimator over samples, all checked.

    The ``class_weight`` of the estimator is not applied: only `sample_weight` counts. Raises the errors of
    :func:`check_estimator`, and ValueError if X, y or the weights do not fit, or if y has labels that fit has not seen.
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


def check_loss_weights(X, sample_weight):
    """Check and return sample weights, unless they are None: none may be negative, and one must be positive."""
    weights = check_weights(sample_weight, X)
    if weights is not None and weights.min() < 0:
        raise ValueError(f"Sample weights must not be negative; the smallest is {weights.min():g}.")
    check_some_weight(weights, "Sample weights")
    return weights


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
    return canonical(X), y, check_loss_weights(X, sample_weight)


def check_labels(model, y):
    """Raise ValueError if there are classes that a fitted classifier does not know."""
    check_order(model)
    classes = np.asarray(model.classes_)
    unknown = np.setdiff1d(y, classes)
    if unknown.size:
        raise ValueError(f"y has labels that fit has not seen: {unknown.tolist()}; it knows {classes.tolist()}.")
