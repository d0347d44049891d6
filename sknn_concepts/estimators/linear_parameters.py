"""What pruning leaves: the masks of an estimator, and numbers about them."""

import copy

import numpy as np
import scipy.sparse
from sklearn.utils.validation import check_is_fitted

from sknn_concepts.estimators.predictor import LinearPredictor
from sknn_concepts.estimators.predictor_cache import FEW
from sknn_concepts.validation.data import check_form, check_samples
from sknn_concepts.validation.fitted import masks_of
from sknn_concepts.validation.layers import linear_layer


class Surviving:
    """Masks of the weights and intercepts that are left, once a pruner was at work.

    Subclasses say how their parameters become one flat vector: ``_parameters()``, ``_sizes()``, ``_assign(theta)``,
    ``_show(alive)``, which sets the masks, and ``_keep(alive)``, which removes what they leave out.
    """

    #: Attributes that a step of pruning changes.
    _pruned_state: tuple = ()

    @property
    def sparsity_(self):
        """Share of the weights that are removed."""
        return 1.0 - self.n_weights_ / self._n_weights()

    @property
    def n_weights_(self):
        """Number of weights that are left."""
        alive = self._alive()
        return self._n_weights() if alive is None else int(np.count_nonzero(alive[: self._n_weights()]))

    def _n_weights(self):
        sizes = self._sizes()
        return sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))

    def _alive(self):
        """Which of the flat parameters are left, or None if all are."""
        if not hasattr(self, "masks_"):
            return None
        alive = self._flat_masks()
        return None if alive.all() else alive

    def _flat_masks(self):
        masks, intercept_masks = self._masks()
        return np.concatenate([np.ravel(mask) for mask in (*masks, *intercept_masks)])


class LinearParameters(Surviving):
    """The parameters of a linear estimator as those of a network without hidden layer, whose matrix is ``coef_.T``."""

    _pruned_state: tuple = ("coef_", "intercept_", "masks_", "intercept_masks_")

    def _layer(self, again=False):
        """Weights and intercepts, which may have been replaced, after a check."""
        return linear_layer(self, again)

    def _masks(self):
        """Masks of the weights and of the intercepts, which may have been replaced, after a check."""
        return masks_of(self, [self._layer()[0].shape])

    def decision_function(self, X):
        """Raw scores: what the weights and intercepts make of samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
            A positive score of two classes is for ``classes_[1]``.
        """
        if "coef_" not in vars(self):
            check_is_fitted(self)
        check_form(X)
        if isinstance(X, list | tuple):
            X = check_samples(self, X, reset=False)  # objects become numbers
        few = getattr(X, "shape", ())[:1] <= (FEW,)
        model, (coef, intercept) = self, self._layer(again=few)
        if coef is not self.coef_ or intercept is not self.intercept_:  # they had to be converted
            model = copy.copy(self)
            model.coef_, model.intercept_ = coef, intercept
        return super(LinearParameters, model).decision_function(X)

    def sparsify(self):
        """Store the weights as a CSR matrix, which takes less memory where most of them are zero.

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

    def predictor(self, method="predict"):
        """The fitted model as a function for few rows at a time, many times faster than the method itself.

        It is for a service that asks for one row after the other: nothing is checked, no feature names are compared,
        and what fit has left is copied once.

        Parameters
        ----------
        method : {"predict", "decision_function", "predict_proba"}, default="predict"
            What it does; "predict_proba" only where the model has probabilities.

        Returns
        -------
        predictor : callable
            Takes finite numbers of shape (n_samples, n_features) or (n_features,), the latter being one sample, and
            returns what the method returns.

        Raises
        ------
        ValueError
            If there is no such method.
        """
        check_is_fitted(self)
        as_it_is = copy.copy(self)  # which a later fit does not change
        finish = {
            "predict": as_it_is._as_labels,
            "decision_function": lambda scores: scores,
            "predict_proba": getattr(as_it_is, "_as_probabilities", None),
        }.get(method)
        if finish is None:
            raise ValueError(f"predictor() got method={method!r}; a {type(self).__name__} has no such prediction.")
        coef, intercept = self._layer()
        return LinearPredictor(_dense(coef), intercept, finish)

    def _as_labels(self, scores):
        return np.asarray(self.classes_)[(scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)]

    def _parameters(self):
        coef, intercept = self._layer()
        return np.concatenate([_dense(coef).T.ravel(), intercept])

    def _sizes(self):
        return list(self._layer()[0].shape[::-1])

    def _assign(self, theta):
        n_features, n_outputs = self._sizes()
        self.coef_ = np.ascontiguousarray(theta[:-n_outputs].reshape(n_features, n_outputs).T)
        self.intercept_ = theta[-n_outputs:].copy()

    def _flat_masks(self):
        (mask,), (intercept_mask,) = self._masks()
        return np.concatenate([mask.T.ravel(), intercept_mask])

    def _show(self, alive):
        n_features, n_outputs = self._sizes()
        self.masks_ = [np.ascontiguousarray(alive[:-n_outputs].reshape(n_features, n_outputs).T)]
        self.intercept_masks_ = [alive[-n_outputs:].copy()]

    def _keep(self, alive):
        """Remove all parameters but some, for good."""
        self._show(alive)
        self._assign(np.where(alive, self._parameters(), 0))


def _dense(coef):
    return coef.toarray() if scipy.sparse.issparse(coef) else coef
