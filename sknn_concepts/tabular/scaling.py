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

    def onnx(self, x):
        """Scale and clip a :class:`sknn_concepts.export.Tensor` of shape (n_rows, n_columns) without NaN."""
        z = (x - self.center_) / self.scale_
        if self.clip is None:
            return z
        z = (z / self.clip).apply("Clip", -1e8, 1e8)  # so that the square does not overflow
        return self.clip * z / (z * z + 1.0).apply("Sqrt")


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

    def onnx(self, x):
        """Map a :class:`sknn_concepts.export.Tensor` of shape (n_rows, n_columns) without NaN to normal scores."""
        shares = [_share_tensor(x.columns([place]), column) for place, column in enumerate(self.quantiles_.T)]
        shares = shares[0].concat(*shares[1:])
        return _normal_quantile_tensor(shares.apply("Clip", _LEAST_SHARE, 1.0 - _LEAST_SHARE))


def _share_tensor(x, quantiles):
    """Return the distribution function at a tensor of shape (n_rows, 1): ramps between the quantiles, and steps."""
    values, first, counts = np.unique(quantiles, return_index=True, return_counts=True)
    last = first + counts - 1
    share = 0.0 * x
    if len(values) > 1:
        ramps = ((x - values[:-1]) / np.diff(values)).apply("Clip", 0.0, 1.0)
        share = share + ramps @ (first[1:] - last[:-1])[:, None]
    if (counts > 1).any():  # in the middle of its ranks at a value that several quantiles have
        steps = 0.5 * (x - values[counts > 1]).apply("Sign") + 0.5
        share = share + steps @ (counts[counts > 1] - 1)[:, None]
    return share / (len(quantiles) - 1) if len(quantiles) > 1 else share + 0.5


def _normal_quantile_tensor(p):
    """Return the quantile of the normal distribution, to seven digits (Wichura, 1988, algorithm AS 241, PPND7)."""
    q = p - 0.5
    middle = 0.180625 - q * q
    a = 3.3871327179, 50.434271938, 159.29113202, 59.109374720
    b = 1.0, 17.895169469, 78.757757664, 67.187563600
    tail = (-p.apply("Min", 1.0 - p).apply("Log")).apply("Sqrt") - 1.6  # it is below 5 for shares of 1e-7 and more
    c = 1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103
    d = 1.0, 0.73700164250, 0.12021132975
    outer = q.apply("Sign") * _polynomial(tail, c) / _polynomial(tail, d)
    return (abs(q) > 0.425).where(outer, q * _polynomial(middle, a) / _polynomial(middle, b))


def _polynomial(x, coefficients):
    """Return the sum of coefficients[k] x^k."""
    total = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total
