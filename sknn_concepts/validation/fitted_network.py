"""A fitted estimator opened: its network as flat arrays, and samples as its training sees them."""

from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.losses import Loss
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.layers import layer_views, make_layout
from sknn_concepts.validation.constraints import check_parameters
from sknn_concepts.validation.data import canonical, check_samples, check_weights
from sknn_concepts.validation.fitted import check_order


class FittedNetwork(NamedTuple):
    """A fitted network and samples. What is flat has the weights of all layers, row by row, then all intercepts.

    A linear estimator's matrix of weights has shape (n_features, n_outputs): it is ``coef_.T``.

    Attributes
    ----------
    theta : ndarray of shape (n_parameters,)
        Parameters, in the estimator's dtype.
    sizes : list of int
        Units of each layer, the input first.
    activations : list of Activation
        One for each layer after the input.
    loss : Loss
        Of a sample; the multinomial one where classes exclude each other.
    source : ArrayStruct
        Samples, encoded targets and sample weights.
    total_weight : float
        Of the samples.
    loss_scale : float
        Factor that makes the mean loss what the estimator reports as ``loss_``.
    l2, l1 : ndarray of shape (n_parameters,)
        Factors of ``theta^2 / 2`` and of ``|theta|`` in the mean loss with its penalty.
    linear : bool
        Whether the estimator has ``coef_`` and ``intercept_``.
    """

    theta: np.ndarray
    sizes: list
    activations: list
    loss: Loss
    source: ArrayStruct
    total_weight: float
    loss_scale: float
    l2: np.ndarray
    l1: np.ndarray
    linear: bool

    @property
    def network(self):
        """Sizes, activations, loss and source."""
        return self.sizes, self.activations, self.loss, self.source

    def shaped(self, flat):
        """Flat array as a pair of arrays shaped like the estimator's weights and intercepts."""
        coefs, intercepts = layer_views(flat, make_layout(self.sizes))
        return (np.ascontiguousarray(coefs[0].T), intercepts[0]) if self.linear else (coefs, intercepts)

    def flat(self, coefs, intercepts):
        """Flat array of arrays shaped like the estimator's weights and intercepts.

        Raises
        ------
        ValueError
            If they are not shaped like that.
        """
        given = [[coefs], [intercepts]] if self.linear else [coefs, intercepts]
        wanted = [[part] if self.linear else part for part in self.shaped(self.theta)]
        shapes = [[np.shape(array) for array in part] for part in given]
        asked = [[array.shape for array in part] for part in wanted]
        if shapes != asked:
            raise ValueError(f"The estimator's weights and intercepts have shapes {asked}; the vector has {shapes}.")
        weights = [np.transpose(array) if self.linear else array for array in given[0]]
        return np.concatenate([np.ravel(array) for array in (*weights, *given[1])])


def open_network(estimator, X, y, sample_weight=None):
    """Network and samples of a fitted estimator, checked.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted. Its ``class_weight`` is not applied: only `sample_weight` counts.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets as for fit.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

    Returns
    -------
    opened : FittedNetwork

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    ValueError
        If it is none of the four; if X, y or the weights do not fit it; if y has labels that fit has not seen.
    """
    check_ours(estimator)
    # the square of a number that is stored in parts is not the sum of theirs
    return estimator._open(canonical(X.tocsr()) if scipy.sparse.issparse(X) else X, y, sample_weight)


def check_ours(estimator):
    """Raise ValueError unless an estimator is one of this library, and sound; NotFittedError unless it is fitted."""
    if not hasattr(estimator, "_open"):
        raise ValueError(
            "The estimator must be an MLPClassifier, MLPRegressor, LogisticRegression or Perceptron of sknn_concepts; "
            f"got {type(estimator).__module__}.{type(estimator).__qualname__}."
        )
    check_is_fitted(estimator)
    check_parameters(estimator)
    estimator._sizes()  # whose fitted state is checked on the way


def weigh(X, sample_weight):
    """Checked weights and their sum.

    Raises
    ------
    ValueError
        If one is negative, or none is positive.
    """
    weights = check_weights(sample_weight, X)
    if weights is None:
        return None, float(X.shape[0])
    if weights.min() < 0:
        raise ValueError(f"Sample weights must not be negative; the smallest is {weights.min():g}.")
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights, float(weights.sum())


def open_linear(model, X, y, sample_weight, activation, loss, low, l2, l1):
    """Open a linear classifier.

    Parameters
    ----------
    model : LogisticRegression or Perceptron
        Fitted.
    X, y, sample_weight
        As for :func:`open_network`.
    activation : Activation
        Of its neurons.
    loss : Loss
        Of a sample.
    low : float
        Target of the samples that are not of a neuron's class, which have 1.
    l2, l1 : callable
        Factors of the penalties of the weights and of the intercepts in the mean loss, given the total weight.

    Returns
    -------
    opened : FittedNetwork
    """
    theta, sizes = model._parameters(), model._sizes()
    X, y = check_samples(model, X, y, reset=False)
    check_classification_targets(y)
    check_order(model)
    classes = np.asarray(model.classes_)
    unknown = np.setdiff1d(y, classes)
    if unknown.size:
        raise ValueError(f"y has labels that fit has not seen: {unknown.tolist()}; it knows {classes.tolist()}.")
    weights, total = weigh(X, sample_weight)
    of_class = y[:, None] == classes
    targets = np.where(of_class[:, 1:] if len(classes) == 2 else of_class, 1.0, low)
    parts = [sizes[0] * sizes[1], sizes[1]]
    return FittedNetwork(
        theta,
        sizes,
        [activation],
        loss,
        make_dataset(X, targets, weights),
        total,
        1.0,
        np.repeat(l2(total), parts).astype(theta.dtype),
        np.repeat(l1(total), parts).astype(theta.dtype),
        True,
    )
