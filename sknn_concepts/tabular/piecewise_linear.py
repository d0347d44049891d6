"""Piecewise-linear encoding of numeric columns."""

from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sknn_concepts._typing import Array, Data
from sknn_concepts.tabular.quantiles import SortedColumns
from sknn_concepts.tabular.scaling import NumericTransformer

__all__ = ["PiecewiseLinearEncoder"]


class PiecewiseLinearEncoder(NumericTransformer):
    r"""Encode each number by its place among the quantiles of its column, one output per bin.

    With the edges :math:`b_0 < \dots < b_T` of the bins,

    .. math::
        e_t(x) = \begin{cases}
            0 & x < b_{t-1} \\
            1 & x \geq b_t \\
            (x - b_{t-1}) / (b_t - b_{t-1}) & \text{otherwise}
        \end{cases}

    so that a linear function of the outputs is a continuous function of x, linear between the edges (Gorishniy,
    Rubachev and Babenko, 2022, Equation 1). The edges are quantiles. But a value with more than its share of the rows,
    such as 0 in a column of mostly zeros, becomes an edge, and the other edges are quantiles of the remaining values,
    which would share a few wide bins otherwise. A constant column becomes 0. NaN remains NaN, in all outputs of its
    column.

    Parameters
    ----------
    n_bins : int, default=8
        Maximum number of bins of each column.
    extrapolate : bool, default=False
        Whether the first and the last output continue below 0 and above 1 outside of the range of the training data, as
        in the source.

    Attributes
    ----------
    bin_edges_ : list of ndarray
        Edges of the bins of each column.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X is a data frame whose names are all strings.

    References
    ----------
    Gorishniy, Y., Rubachev, I., & Babenko, A. (2022). On embeddings for numerical features in tabular deep learning.
    NeurIPS. https://arxiv.org/abs/2203.05556

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_concepts.tabular import PiecewiseLinearEncoder
    >>> encoder = PiecewiseLinearEncoder(n_bins=2).fit(np.array([[0.0], [1.0], [5.0]]))
    >>> encoder.transform(np.array([[0.5], [2.0], [9.0]]))
    array([[0.5 , 0.  ],
           [1.  , 0.25],
           [1.  , 1.  ]])
    """

    _parameter_constraints: dict = {
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "extrapolate": ["boolean"],
    }

    def __init__(self, n_bins: int = 8, extrapolate: bool = False) -> None:
        self.n_bins = n_bins
        self.extrapolate = extrapolate

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Data, y: Data = None) -> Self:
        """Compute the edges of the bins.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
        y : None
            Ignored.

        Returns
        -------
        self : PiecewiseLinearEncoder
        """
        X = self._check(X, reset=True)
        edges = SortedColumns(X).bin_edges(self.n_bins)
        self.bin_edges_ = [_different(of_column, np.finfo(X.dtype).tiny) for of_column in edges]
        self._n_outputs = np.array([max(1, len(edges) - 1) for edges in self.bin_edges_])
        self._lower = np.concatenate([edges[: max(1, len(edges) - 1)] for edges in self.bin_edges_])
        slopes = (1.0 / np.diff(edges) if len(edges) > 1 else np.zeros(1) for edges in self.bin_edges_)
        self._slope = np.concatenate(list(slopes))
        return self

    def transform(self, X: Data) -> Any:
        """Encode each number.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)

        Returns
        -------
        encoded : ndarray of shape (n_rows, n_outputs)
            float32 if X is float32, float64 otherwise.
        """
        X = self._check(X)
        encoded = np.repeat(X, self._n_outputs, axis=1)
        encoded -= self._lower.astype(X.dtype)
        encoded *= self._slope.astype(X.dtype)
        if not self.extrapolate:
            return np.clip(encoded, 0.0, 1.0, out=encoded)
        least, most = self._bounds()
        return np.clip(encoded, least.astype(X.dtype), most.astype(X.dtype), out=encoded)

    def onnx(self, x):
        """Encode a :class:`sknn_concepts.export.Tensor` of shape (n_rows, n_columns)."""
        columns = x.columns(np.repeat(np.arange(len(self._n_outputs)), self._n_outputs))
        encoded = (columns - self._lower) * self._slope
        if not self.extrapolate:
            return encoded.apply("Clip", 0.0, 1.0)
        least, most = self._bounds()
        return encoded.apply("Max", least).apply("Min", most)

    def _bounds(self):
        """Return the least and the largest value of each output."""
        last = np.cumsum(self._n_outputs) - 1
        least, most = np.zeros(len(self._lower)), np.ones(len(self._lower))
        least[last - self._n_outputs + 1], most[last] = -np.inf, np.inf
        return least, most

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return a name for each output, such as ``x0_bin0``.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns; by default those that fit has seen, or x0, x1 and so on.

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        pairs = zip(names, self._n_outputs, strict=True)
        return np.array([f"{name}_bin{place}" for name, count in pairs for place in range(count)], dtype=object)


def _different(edges, tiny):
    """Remove edges that are equal to the one before, or so close to it that the slope would be infinite."""
    return edges[np.append(True, np.diff(edges) > tiny)]
