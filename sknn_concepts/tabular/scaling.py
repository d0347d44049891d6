"""Scaling of numeric columns that outliers do not dominate."""

from typing import Any, Self

import numpy as np
from scipy.special import ndtri
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_concepts._typing import Data
from sknn_concepts.tabular.quantiles import SortedColumns
from sknn_concepts.validation.constraints import Number
from sknn_concepts.validation.saved_state import SavedState

__all__ = ["NormalScoreScaler", "RobustClipScaler"]

FLOATS = [np.float64, np.float32]

#: Rows of the training data per quantile, and the range of the number of quantiles, of NormalScoreScaler.
_ROWS_PER_QUANTILE, _MIN_QUANTILES, _MAX_QUANTILES = 30, 10, 1000

#: Share below which normal scores are cut, as QuantileTransformer does.
_LEAST_SHARE = 1e-7


class NumericTransformer(SavedState, TransformerMixin, BaseEstimator):
    """Base of transformers of numeric arrays that let NaN through and keep float32."""

    def _check(self, X, reset=False):
        if not reset:
            check_is_fitted(self)
        return validate_data(self, X, reset=reset, dtype=FLOATS, ensure_all_finite="allow-nan")

    def __sklearn_tags__(self):
        """Return the tags of scikit-learn: NaN is allowed, and float32 remains float32."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class RobustClipScaler(OneToOneFeatureMixin, NumericTransformer):
    r"""Scale columns by median and quartiles, and clip outliers smoothly.

    .. math:: z = \frac{x - q_{1/2}}{q_{3/4} - q_{1/4}}, \qquad f(x) = \frac{z}{\sqrt{1 + (z / c)^2}}

    where :math:`q` are the quantiles of the column and :math:`c` is `clip`: the output lies between -c and c, and small
    values hardly change. If the two quartiles are equal, half of the range takes the place of their difference. A
    constant column becomes 0 (Holzmüller, Grinsztajn and Steinwart, 2024, Section 3). NaN remains NaN.

    Parameters
    ----------
    clip : float > 0 or None, default=3.0
        Bound of the output; None for no clipping.

    Attributes
    ----------
    center_ : ndarray of shape (n_features_in_,)
        Median of each column.
    scale_ : ndarray of shape (n_features_in_,)
        Divisor of each column, infinite for constant ones.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X is a data frame whose names are all strings.

    References
    ----------
    Holzmüller, D., Grinsztajn, L., & Steinwart, I. (2024). Better by default: Strong pre-tuned MLPs and boosted trees
    on tabular data. NeurIPS. https://arxiv.org/abs/2407.04491

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_concepts.tabular import RobustClipScaler
    >>> RobustClipScaler().fit_transform(np.array([[0.0], [1.0], [2.0], [3.0], [1000.0]])).ravel().round(2)
    array([-0.95, -0.49,  0.  ,  0.49,  3.  ])
    """

    _parameter_constraints: dict = {"clip": [Number(0, None, closed="neither"), None]}

    def __init__(self, clip: float = 3.0) -> None:
        self.clip = clip

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Data, y: Data = None) -> Self:
        """Compute median and scale of each column.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
        y : None
            Ignored.

        Returns
        -------
        self : RobustClipScaler
        """
        X = self._check(X, reset=True)
        least, lower, median, upper, most = SortedColumns(X).quantiles([0.0, 0.25, 0.5, 0.75, 1.0])
        scale = np.where(upper > lower, upper - lower, 0.5 * (most - least))
        self.center_ = median
        self.scale_ = np.where(scale == 0.0, np.inf, scale)
        return self

    def transform(self, X: Data) -> Any:
        """Scale and clip.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)

        Returns
        -------
        X_scaled : ndarray of shape (n_rows, n_columns)
            float32 if X is float32, float64 otherwise.
        """
        X = self._check(X)
        scaled = ((X - self.center_) / self.scale_).astype(X.dtype, copy=False)
        if self.clip is None:
            return scaled
        divisor = scaled / X.dtype.type(self.clip)
        np.hypot(divisor, 1.0, out=divisor)  # unlike the square, it cannot overflow
        return np.divide(scaled, divisor, out=scaled)


class NormalScoreScaler(OneToOneFeatureMixin, NumericTransformer):
    r"""Map columns to a normal distribution by their ranks.

    .. math:: f(x) = \Phi^{-1}(F(x))

    where :math:`F` is the distribution function of the column, linear between its quantiles, and :math:`\Phi` is that
    of the normal distribution. Equal values in the training data get the middle of their ranks. The output lies
    between -5.2 and 5.2. NaN remains NaN.

    This is :class:`sklearn.preprocessing.QuantileTransformer` with `output_distribution="normal"`, except for columns
    in which many values are equal to the least or the largest one: there, they would become -5.2 or 5.2. The number of
    quantiles is one for 30 rows, from 10 to 1,000 (Gorishniy, Rubachev, Khrulkov and Babenko, 2021).

    Attributes
    ----------
    quantiles_ : ndarray of shape (n_quantiles, n_features_in_)
        Quantiles of the columns at equal distances, from the least to the largest value.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X is a data frame whose names are all strings.

    References
    ----------
    Gorishniy, Y., Rubachev, I., Khrulkov, V., & Babenko, A. (2021). Revisiting deep learning models for tabular data.
    NeurIPS. https://arxiv.org/abs/2106.11959

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_concepts.tabular import NormalScoreScaler
    >>> NormalScoreScaler().fit_transform(np.array([[1.0], [2.0], [3.0], [4.0], [1e6]])).ravel().round(2)
    array([-5.2 , -0.67,  0.  ,  0.67,  5.2 ])
    >>> NormalScoreScaler().fit_transform(np.array([[0.0], [0.0], [0.0], [4.0], [4.0]])).ravel().round(2)
    array([-0.67, -0.67, -0.67,  1.15,  1.15])
    """

    _parameter_constraints: dict = {}

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Data, y: Data = None) -> Self:
        """Compute the quantiles of each column.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
        y : None
            Ignored.

        Returns
        -------
        self : NormalScoreScaler
        """
        X = self._check(X, reset=True)
        n_quantiles = max(_MIN_QUANTILES, min(len(X) // _ROWS_PER_QUANTILE, _MAX_QUANTILES))
        shares = np.linspace(0.0, 1.0, min(len(X), n_quantiles))
        self.quantiles_ = SortedColumns(X).quantiles(shares)
        return self

    def transform(self, X: Data) -> Any:
        """Map to normal scores.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)

        Returns
        -------
        scores : ndarray of shape (n_rows, n_columns)
            float32 if X is float32, float64 otherwise.
        """
        X = self._check(X)
        shares = np.empty((X.shape[1], X.shape[0]))
        references = np.linspace(0.0, 1.0, len(self.quantiles_))
        for x, quantiles, share in zip(X.T, self.quantiles_.T, shares, strict=True):
            share[:] = np.interp(x, quantiles, references)  # the last one of equal quantiles
            if (np.diff(quantiles) == 0.0).any() or len(quantiles) == 1:
                share += 1.0 - np.interp(-x, -quantiles[::-1], references)  # the first one
                share *= 0.5
        np.clip(shares, _LEAST_SHARE, 1.0 - _LEAST_SHARE, out=shares)
        return ndtri(shares).T.astype(X.dtype, order="C")
