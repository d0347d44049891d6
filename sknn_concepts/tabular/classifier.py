"""The ensemble of networks for the classification of tables."""

import copy
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from sknn_concepts._typing import Array, Data
from sknn_concepts.callbacks.tasks import begin_fit
from sknn_concepts.tabular.ensemble.base import BaseTabular, check_not_missing
from sknn_concepts.tabular.ensemble.calibration import find_power, mix_with_uniform, sharpen
from sknn_concepts.tabular.ensemble.distillation import repeat_by_class
from sknn_concepts.tabular.ensemble.docstrings import fill_docstring
from sknn_concepts.tabular.ensemble.targets import ClassTargets, predict_probabilities
from sknn_concepts.validation.data import weigh_classes


@fill_docstring
class TabularClassifier(ClassifierMixin, BaseTabular):
    """Ensemble of neural networks for the classification of tables of mixed columns.

    {description}

    Parameters
    ----------
    {parameters}
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, which multiply those of the rows, also where members are chosen.
    {common_parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Classes.
    {attributes}

    See Also
    --------
    TabularRegressor : The same for numbers.
    MLPClassifier : A single network.

    Notes
    -----
    {notes}

    Probabilities are the weighted mean of those of the members. Their temperature (Guo et al., 2017) is the one with
    the smallest log loss on held-out rows if it lowers that by more than chance may explain. They are mixed with equal
    probabilities, with the share 1 / n_rows, so that none is 0.

    References
    ----------
    {references}

    Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks.

    Examples
    --------
    >>> import pandas
    >>> from sknn_concepts import TabularClassifier
    >>> frame = pandas.DataFrame({"size": [1.0, 2.0, None, 4.0] * 10, "color": ["red", "blue", "blue", "red"] * 10})
    >>> y = ["small", "small", "large", "large"] * 10
    >>> model = TabularClassifier(n_members=2, random_state=0).fit(frame, y)
    >>> model.predict(frame[:4]).tolist()
    ['small', 'small', 'large', 'large']
    """

    _parameter_constraints: dict = {**BaseTabular._parameter_constraints, "class_weight": [dict, str, None]}

    def __init__(
        self,
        n_members: int = 12,
        *,
        max_members: int = 6,
        n_folds: int | str = "auto",
        time_limit: float | None = None,
        categorical_features: Any = "from_dtype",
        class_weight: Any = None,
        compute_importances: bool = False,
        warm_start: bool = False,
        verbose: int = False,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_members = n_members
        self.max_members = max_members
        self.n_folds = n_folds
        self.time_limit = time_limit
        self.categorical_features = categorical_features
        self.class_weight = class_weight
        self.compute_importances = compute_importances
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    @fill_docstring
    def fit(self, X: Data, y: Data, sample_weight: Data = None) -> Self:
        """Train the ensemble.

        Parameters
        ----------
        {samples}
        y : array-like of shape (n_rows,)
            Classes, of any type.
        {sample_weight}

        Returns
        -------
        self : TabularClassifier

        Raises
        ------
        ValueError
            {errors} If y is missing in some rows, or has
            numbers that are not classes.
        """
        task = begin_fit(self, X, y, sample_weight, sequential=False, resumable=True)
        fitted = copy.copy(self)  # an error leaves this estimator as it is
        labels = check_labels(y)
        classes, codes = np.unique(labels, return_inverse=True)
        weights = fitted._check_weights(sample_weight, labels)
        weights = weigh_classes(self.class_weight, classes, labels, weights)
        table = fitted._fit_ensemble(X, labels, weights, lambda rows, _: ClassTargets(codes[rows], len(classes)), task)
        fitted.classes_ = classes
        fitted._uniform_share = 1.0 / len(table)
        rows, probabilities = fitted._predict_held_out(table)
        mixed = mix_with_uniform(probabilities, fitted._uniform_share)
        fitted._power = find_power(mixed, table.targets.codes[rows], table.row_weights[rows])
        if task is not None:
            task.end(vars(fitted))
        self._assign_attributes_of(fitted)
        return self

    @fill_docstring
    def predict_proba(self, X: Data) -> Array:
        """Predict probabilities.

        Parameters
        ----------
        {samples}

        Returns
        -------
        probabilities : ndarray of shape (n_rows, n_classes)
            Columns in the order of ``classes_``.
        """
        n_classes = len(getattr(self, "classes_", ()))
        mean = self._predict(X, lambda networks, encoded: predict_probabilities(networks, encoded, n_classes))
        return sharpen(mix_with_uniform(mean, self._uniform_share), self._power)

    def predict_log_proba(self, X: Data) -> Array:
        """Predict logarithms of probabilities; see :meth:`predict_proba`."""
        return np.log(self.predict_proba(X))

    @fill_docstring
    def predict(self, X: Data) -> Array:
        """Predict classes.

        Parameters
        ----------
        {samples}

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        places = self.predict_proba(X).argmax(axis=1)
        return self.classes_[places]

    @fill_docstring
    def distill(self, X: Data) -> Self:
        """Train a single network on the probabilities of the ensemble (Hinton, Vinyals and Dean, 2015).

        {distillation}

        Parameters
        ----------
        {samples}

        Returns
        -------
        distilled : TabularClassifier

        Raises
        ------
        ValueError
            {distillation_errors}
        """
        distilled = self._distill(X, self.predict_proba(X), ClassTargets.network_class, repeat_by_class)
        distilled._power = 1.0
        return distilled


def check_labels(y):
    """Check that y contains classes, and return it as an array of shape (n_rows,)."""
    labels = column_or_1d(y, warn=True)
    check_not_missing(labels)
    if labels.dtype.kind == "f":
        assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    return labels
