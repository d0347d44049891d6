"""The ensemble of networks for regression on tables."""

import copy
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils.validation import check_array, column_or_1d

from sknn_concepts._typing import Array, Data
from sknn_concepts.callbacks.tasks import begin_fit
from sknn_concepts.tabular.ensemble.base import BaseTabular, check_not_missing
from sknn_concepts.tabular.ensemble.distillation import repeat_once
from sknn_concepts.tabular.ensemble.docstrings import fill_docstring
from sknn_concepts.tabular.ensemble.targets import NumberTargets, predict_numbers


@fill_docstring
class TabularRegressor(RegressorMixin, BaseTabular):
    """Ensemble of neural networks for regression on tables of mixed columns.

    {description}

    Parameters
    ----------
    {parameters}
    {common_parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    TabularClassifier : The same for classes.
    MLPRegressor : A single network.

    Notes
    -----
    {notes}

    Networks are trained on standardized targets, and minimize squared errors.

    References
    ----------
    {references}

    Examples
    --------
    >>> import pandas
    >>> from sknn_concepts import TabularRegressor
    >>> frame = pandas.DataFrame({"area": [50.0, 60.0, None, 90.0] * 10, "kind": ["old", "old", "new", "new"] * 10})
    >>> y = [100.0, 120.0, 200.0, 190.0] * 10
    >>> model = TabularRegressor(n_members=2, random_state=0).fit(frame, y)
    >>> abs(model.predict(frame) - y).max() < 10
    np.True_
    """

    def __init__(
        self,
        n_members: int = 12,
        *,
        max_members: int = 6,
        n_folds: int | str = "auto",
        time_limit: float | None = None,
        categorical_features: Any = "from_dtype",
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
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            Numbers.
        {sample_weight}

        Returns
        -------
        self : TabularRegressor

        Raises
        ------
        ValueError
            {errors} If y is missing in some rows, infinite,
            or not numeric.
        """
        task = begin_fit(self, X, y, sample_weight, sequential=False, resumable=True)
        fitted = copy.copy(self)  # an error leaves this estimator as it is
        numbers = check_numbers(y)
        weights = fitted._check_weights(sample_weight, numbers)
        table = fitted._fit_ensemble(
            X, numbers, weights, lambda rows, of_rows: NumberTargets(numbers[rows], of_rows), task
        )
        fitted._mean, fitted._scale = table.targets.mean, table.targets.scale
        fitted._one_output = numbers.ndim == 1
        if task is not None:
            task.end(vars(fitted))
        self._assign_attributes_of(fitted)
        return self

    @fill_docstring
    def predict(self, X: Data) -> Array:
        """Predict numbers.

        Parameters
        ----------
        {samples}

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        """
        y = self._predict(X, predict_numbers) * self._scale + self._mean
        return y.ravel() if self._one_output else y

    @fill_docstring
    def distill(self, X: Data) -> Self:
        """Train a single network on the predictions of the ensemble (Hinton, Vinyals and Dean, 2015).

        {distillation}

        Parameters
        ----------
        {samples}

        Returns
        -------
        distilled : TabularRegressor

        Raises
        ------
        ValueError
            {distillation_errors}
        """
        predictions = self._predict(X, predict_numbers)
        return self._distill(X, predictions, NumberTargets.network_class, repeat_once)

    def __sklearn_tags__(self):
        """Declare support for several numbers per row."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def check_numbers(y):
    """Check that y contains finite numbers, and return it as an array of float64."""
    check_not_missing(y)
    numbers = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        return column_or_1d(numbers, warn=True)
    return numbers
