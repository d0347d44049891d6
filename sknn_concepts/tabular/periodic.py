"""Periodic functions of numeric columns."""

from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sknn_concepts._typing import Array, Data
from sknn_concepts.tabular.scaling import NumericTransformer
from sknn_concepts.validation.constraints import Number

__all__ = ["PeriodicEncoder"]


class PeriodicEncoder(NumericTransformer):
    r"""Encode each number by sines and cosines of random frequencies.

    .. math:: f(x) = [\sin(2 \pi c_1 x), \dots, \sin(2 \pi c_k x), \cos(2 \pi c_1 x), \dots, \cos(2 \pi c_k x)]

    where the frequencies :math:`c_i` of each column are drawn from a normal distribution with mean 0 and standard
    deviation `scale` (Gorishniy, Rubachev and Babenko, 2022, Section 3.3, where they are trained further). The columns
    should be scaled before. NaN remains NaN, in all outputs of its column.

    Parameters
    ----------
    n_frequencies : int, default=8
        Number of frequencies k of each column.
    scale : float > 0, default=0.1
        Standard deviation of the frequencies, in cycles per unit of the column.
    include_input : bool, default=False
        Whether the number itself is the first output of its column.
    random_state : int, RandomState instance or None, default=None
        Determines the frequencies.

    Attributes
    ----------
    frequencies_ : ndarray of shape (n_features_in_, n_frequencies)
        Frequencies of each column.
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
    >>> from sknn_concepts.tabular import PeriodicEncoder
    >>> encoder = PeriodicEncoder(n_frequencies=1, random_state=0).fit(np.zeros((1, 1)))
    >>> encoder.frequencies_.round(3), encoder.transform(np.array([[0.5]])).round(3)
    (array([[0.176]]), array([[0.526, 0.85 ]]))
    """

    _parameter_constraints: dict = {
        "n_frequencies": [Interval(Integral, 1, None, closed="left")],
        "scale": [Number(0, None, closed="neither")],
        "include_input": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self, n_frequencies: int = 8, scale: float = 0.1, include_input: bool = False, random_state: Any = None
    ) -> None:
        self.n_frequencies = n_frequencies
        self.scale = scale
        self.include_input = include_input
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Data, y: Data = None) -> Self:
        """Draw the frequencies.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
        y : None
            Ignored.

        Returns
        -------
        self : PeriodicEncoder
        """
        X = self._check(X, reset=True)
        random_state = check_random_state(self.random_state)
        self.frequencies_ = random_state.normal(0.0, self.scale, (X.shape[1], self.n_frequencies))
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
        angles = X[:, :, None] * (2.0 * np.pi * self.frequencies_).astype(X.dtype)
        k, first = self.frequencies_.shape[1], int(self.include_input)
        encoded = np.empty((*X.shape, first + 2 * k), dtype=X.dtype)
        if self.include_input:
            encoded[:, :, 0] = X
        np.sin(angles, out=encoded[:, :, first : first + k])
        np.cos(angles, out=encoded[:, :, first + k :])
        return encoded.reshape(len(X), -1)

    def onnx(self, x):
        """Encode a :class:`sknn_concepts.export.Tensor` of shape (n_rows, n_columns)."""
        n_columns, k = self.frequencies_.shape
        numbers = x.reshape(0, n_columns, 1)
        angles = numbers * (2.0 * np.pi * self.frequencies_)
        waves = [angles.apply("Sin"), angles.apply("Cos")]
        encoded = numbers.concat(*waves, axis=2) if self.include_input else waves[0].concat(waves[1], axis=2)
        return encoded.reshape(0, n_columns * (2 * k + self.include_input))

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return a name for each output, such as ``x0_sin0``.

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
        suffixes = [""] if self.include_input else []
        suffixes += [f"_{wave}{place}" for wave in ("sin", "cos") for place in range(self.frequencies_.shape[1])]
        return np.array([name + suffix for name in names for suffix in suffixes], dtype=object)
