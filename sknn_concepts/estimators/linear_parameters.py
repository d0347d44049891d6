"""Base class of linear classifiers: parameters and predictions; and base class of all estimators: masks and copies."""

import copy
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_concepts.estimators.onnx_hooks import OnnxHooks
from sknn_concepts.estimators.predictor import MAX_CACHED_ROWS, LinearPredictor
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.validation.compat import CallbackSupportMixin
from sknn_concepts.validation.data import check_form, check_samples, contiguous, network_dtype
from sknn_concepts.validation.fitted_network import FittedNetwork, check_linear_samples, total_weight
from sknn_concepts.validation.fitted_state import masks_of
from sknn_concepts.validation.layer_checks import linear_layer
from sknn_concepts.validation.saved_state import SavedState


class MaskedParameters(CallbackSupportMixin, OnnxHooks, SavedState):
    """Fitted parameters, and the masks of those that a pruner has left.

    Subclasses define how parameters become one flat vector: ``_parameters()``, ``_sizes()``,
    ``_set_parameters(theta)`` and ``_set_masks(mask)``; and ``_make_predictor(method)``, which returns None if there is
    no such method.
    """

    @property
    def sparsity_(self):
        """Share of the weights that were removed."""
        return 1.0 - self.n_weights_ / self._n_weights()

    @property
    def n_weights_(self):
        """Number of weights that are left."""
        mask = self._parameter_mask()
        return self._n_weights() if mask is None else int(np.count_nonzero(mask[: self._n_weights()]))

    def _copy(self):
        """Copy that shares all attributes, to be fitted in place of this estimator: what fails leaves that alone."""
        return copy.copy(self)

    def _assign_attributes_of(self, fitted):
        """Take over the attributes of such a copy."""
        self.__dict__ = vars(fitted)

    def predictor(self, method="predict"):
        """Make a function that predicts few rows at a time, many times faster than the method itself.

        It is meant for services that ask for one row after the other: input is not checked, feature names are not
        compared, and the fitted parameters are copied once. Threads can share it. That of a network runs in one thread
        at a time, and cannot be pickled; pickle the network instead.

        Parameters
        ----------
        method : {"predict", "predict_proba", "decision_function"}, default="predict"
            Method to imitate, one that the estimator has; regressors have only "predict".

        Returns
        -------
        predictor : callable
            Function that takes finite numbers of shape (n_samples, n_features) or, for one sample, (n_features,), and
            returns what the method returns.

        Raises
        ------
        ValueError
            If there is no such method.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sknn_concepts import MLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> ask = MLPClassifier(max_iter=300, random_state=0).fit(X, y).predictor()
        >>> ask([5.1, 3.5, 1.4, 0.2])
        array([0])
        """
        check_is_fitted(self)
        predictor = self._copy()._make_predictor(method)  # a later fit does not change the copy
        if predictor is None:
            raise ValueError(f"predictor() got method={method!r}; a {type(self).__name__} has no such prediction.")
        return predictor

    def _pruned_copy(self, parameters, mask, history):
        """See :class:`sknn_concepts.pruning.protocol.PrunableEstimator`."""
        copied = self._copy()
        copied._set_parameters(parameters)
        if mask is not None or not hasattr(self, "masks_"):
            copied._set_masks(np.ones(parameters.size, bool) if mask is None else mask)
        copied.pruning_history_ = history
        return copied

    def _forget_pruning(self):
        for name in ("masks_", "intercept_masks_", "pruning_history_"):
            vars(self).pop(name, None)

    def _n_weights(self):
        sizes = self._sizes()
        return sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))

    def _parameter_mask(self):
        """Mask of the flat parameters that are left; None if all are."""
        if not hasattr(self, "masks_"):
            return None
        mask = self._flat_mask()
        return None if mask.all() else mask

    def _flat_mask(self):
        masks, intercept_masks = self._masks()
        return np.concatenate([np.ravel(mask) for mask in (*masks, *intercept_masks)])


class LinearParameters(MaskedParameters):
    """Parameters and predictions of a linear classifier, a network without hidden layer whose matrix is ``coef_.T``."""

    # attributes that fit sets, for type checkers; the estimators describe them
    classes_: np.ndarray
    coef_: Any
    intercept_: np.ndarray
    n_features_in_: int

    def _layer(self, again=False):
        """Weights and intercepts, checked: they may have been replaced."""
        return linear_layer(self, again)

    def _masks(self):
        """Masks of the weights and of the intercepts, checked: they may have been replaced."""
        return masks_of(self, [self._layer()[0].shape])

    def _check_data(self, X, y, reset=True):
        """Validate samples and classes; `reset` sets the features rather than checking them."""
        dtype = [np.float64, np.float32] if self.dtype is None else network_dtype(X, self.dtype)
        dtype = dtype if reset else self._layer()[0].dtype
        check_form(X)
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=dtype, order="C", reset=reset)
        check_classification_targets(y)
        return contiguous(X), y

    def decision_function(self, X):
        """Compute raw scores, the weighted sums of the features plus intercepts.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
            Raw scores; with two classes, a positive score stands for ``classes_[1]``.
        """
        if "coef_" not in vars(self):
            check_is_fitted(self)
        check_form(X)
        if isinstance(X, list | tuple):
            X = check_samples(self, X, reset=False)  # objects become numbers
        has_few_rows = getattr(X, "shape", ())[:1] <= (MAX_CACHED_ROWS,)
        model, (coef, intercept) = self, self._layer(again=has_few_rows)
        if coef is not self.coef_ or intercept is not self.intercept_:  # they had to be converted
            model = copy.copy(self)
            model.coef_, model.intercept_ = coef, intercept
        return super(LinearParameters, model).decision_function(X)

    def sparsify(self):
        """Store the weights as a CSR matrix, which takes less memory if most of them are zero.

        Returns
        -------
        self : object
            The classifier itself.
        """
        check_is_fitted(self)
        self.coef_, self.intercept_ = self._layer()
        return super().sparsify()

    def densify(self):
        """Store the weights as an array again.

        Returns
        -------
        self : object
            The classifier itself.
        """
        check_is_fitted(self)
        self.coef_, self.intercept_ = self._layer()
        return super().densify()

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        return self._as_labels(self.decision_function(X))

    def _make_predictor(self, method):
        finish = {
            "predict": self._as_labels,
            "decision_function": lambda scores: scores,
            "predict_proba": getattr(self, "_as_probabilities", None),
        }.get(method)
        if finish is None:
            return None
        coef, intercept = self._layer()
        return LinearPredictor(dense(coef), intercept, finish)

    def _as_labels(self, scores):
        return np.asarray(self.classes_)[(scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)]

    def _make_fitted_network(self, X, y, sample_weight):
        """See :class:`sknn_concepts.pruning.protocol.PrunableEstimator`."""
        return self._network_over(*check_linear_samples(self, X, y, sample_weight))

    def _network_over(self, X, y, weights):
        """Return the network of this classifier over checked samples.

        Subclasses define ``_problem(total_weight)``. It returns the activation, the loss, the target of samples that do
        not belong to a neuron's class (that of the others is 1), and the factors of the L2 and of the L1 penalty in the
        mean loss, both as pairs, for the weights and for the intercepts.
        """
        theta, sizes, mask = self._parameters(), self._sizes(), self._parameter_mask()
        if not self.fit_intercept:
            mask = np.ones(theta.size, bool) if mask is None else mask
            mask[-sizes[1] :] = False
        total = total_weight(weights, len(y))
        activation, loss, negative_target, l2, l1 = self._problem(total)
        of_class = y[:, None] == np.asarray(self.classes_)
        targets = np.where(of_class[:, 1:] if of_class.shape[1] == 2 else of_class, 1.0, negative_target)
        parts = [sizes[0] * sizes[1], sizes[1]]
        return FittedNetwork(
            theta=theta,
            sizes=sizes,
            activations=[activation],
            loss=loss,
            dataset=make_dataset(X, targets, weights),
            total_weight=total,
            l2=np.repeat(l2, parts).astype(theta.dtype),
            l1=np.repeat(l1, parts).astype(theta.dtype),
            linear=True,
            mask=mask,
        )

    def _parameters(self):
        coef, intercept = self._layer()
        return np.concatenate([dense(coef).T.ravel(), intercept])

    def _sizes(self):
        return list(self._layer()[0].shape[::-1])

    def _set_parameters(self, theta):
        n_features, n_outputs = self._sizes()
        self.coef_ = np.ascontiguousarray(theta[:-n_outputs].reshape(n_features, n_outputs).T)
        self.intercept_ = theta[-n_outputs:].copy()

    def _flat_mask(self):
        (mask,), (intercept_mask,) = self._masks()
        return np.concatenate([mask.T.ravel(), intercept_mask])

    def _set_masks(self, mask):
        n_features, n_outputs = self._sizes()
        self.masks_ = [np.ascontiguousarray(mask[:-n_outputs].reshape(n_features, n_outputs).T)]
        self.intercept_masks_ = [mask[-n_outputs:].copy()]


def dense(coef):
    """Array of weights that may be sparse."""
    return coef.toarray() if scipy.sparse.issparse(coef) else coef
