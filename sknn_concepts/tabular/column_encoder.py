"""Encoding of numbers and codes of categories as one array of float32."""

from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sknn_concepts._typing import Array, Data
from sknn_concepts.tabular.one_hot import OneHot
from sknn_concepts.tabular.periodic import PeriodicEncoder
from sknn_concepts.tabular.piecewise_linear import PiecewiseLinearEncoder
from sknn_concepts.tabular.quantiles import SortedColumns
from sknn_concepts.tabular.scaling import NormalScoreScaler, RobustClipScaler
from sknn_concepts.validation.constraints import Number
from sknn_concepts.validation.saved_state import SavedState

__all__ = ["ColumnEncoder"]

#: Standard deviations beyond which standardized numbers are cut.
MAX_DEVIATIONS = 10.0

#: Scalers of numbers, and of the indicators of levels and missing values.
SCALERS = {
    "standard": (StandardScaler, StandardScaler),
    "robust": (RobustClipScaler, RobustClipScaler),
    "quantile": (NormalScoreScaler, StandardScaler),
}


class ColumnEncoder(SavedState, BaseEstimator):
    """Encode a table that was read into numbers and codes; see :class:`TableEncoder` for what it does.

    Fitting and encoding are operations on arrays, so that many encoders can be fitted to one table that was read once.

    Parameters
    ----------
    scaling, embedding, n_bins, n_frequencies, frequency_scale, max_embedding_columns, imputation, missing_indicator, \
    missing_level, scale_indicators, random_state
        As for :class:`TableEncoder`.

    Attributes
    ----------
    n_features_out_ : int
        Number of columns of the output.

    Examples
    --------
    >>> import pandas
    >>> from sknn_concepts.tabular import ColumnEncoder, ColumnReader
    >>> frame = pandas.DataFrame({"height": [1.0, None, 2.0], "color": ["red", "blue", "blue"]})
    >>> columns = ColumnReader(min_frequency=1).fit_transform(frame)
    >>> for scaling in ("standard", "robust"):
    ...     print(ColumnEncoder(scaling, scale_indicators=False).fit_transform(columns).astype(float).round(2).tolist())
    [[-1.0, 0.0, 1.0], [0.0, 1.0, -1.0], [1.0, 0.0, -1.0]]
    [[-0.95, 0.0, 1.0], [0.0, 1.0, -1.0], [0.95, 0.0, -1.0]]
    """

    _parameter_constraints: dict = {
        "scaling": [StrOptions(set(SCALERS))],
        "embedding": [StrOptions({"piecewise_linear", "periodic"}), None],
        "n_bins": [Interval(Integral, 2, None, closed="left")],
        "n_frequencies": [Interval(Integral, 1, None, closed="left")],
        "frequency_scale": [Number(0, None, closed="neither")],
        "max_embedding_columns": [Interval(Integral, 1, None, closed="left"), None],
        "imputation": [StrOptions({"median", "mean"})],
        "missing_indicator": ["boolean"],
        "missing_level": ["boolean"],
        "scale_indicators": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        scaling: str = "standard",
        embedding: str | None = None,
        *,
        n_bins: int = 8,
        n_frequencies: int = 8,
        frequency_scale: float = 0.1,
        max_embedding_columns: int | None = 384,
        imputation: str = "median",
        missing_indicator: bool = True,
        missing_level: bool = True,
        scale_indicators: bool = True,
        random_state: Any = None,
    ) -> None:
        self.scaling = scaling
        self.embedding = embedding
        self.n_bins = n_bins
        self.n_frequencies = n_frequencies
        self.frequency_scale = frequency_scale
        self.max_embedding_columns = max_embedding_columns
        self.imputation = imputation
        self.missing_indicator = missing_indicator
        self.missing_level = missing_level
        self.scale_indicators = scale_indicators
        self.random_state = random_state

    def fit(self, columns: Any, y: Data = None) -> Self:
        """Fit the scalers and the embedding.

        Parameters
        ----------
        columns : Columns
            What :class:`ColumnReader` has read, or some of its rows.
        y : None
            Ignored.

        Returns
        -------
        self : ColumnEncoder
        """
        self.fit_transform(columns)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, columns: Any, y: Data = None) -> Any:
        """Fit the scalers and the embedding, and encode the same rows; see :meth:`fit` and :meth:`transform`."""
        numbers, categories = SCALERS[self.scaling]
        self._with_missing = _different_masks(np.isnan(columns.numbers)) if self.missing_indicator else []
        self._one_hot = OneHot(columns.codes, columns.levels, self.missing_level)
        self._names = columns.number_names, columns.category_names
        with np.errstate(invalid="ignore"):  # 0 / 0 in columns without values, in a part of the rows
            self._scaler = numbers().fit(columns.numbers) if columns.numbers.shape[1] else None
        scaled = self._scale(columns.numbers)
        self._fit_imputation(scaled)
        filled = self._impute(scaled)
        self._fit_embedding(filled)
        indicators = self._indicators(columns)
        scale = self.scale_indicators and indicators.shape[1]
        self._indicator_scaler = categories().fit(indicators) if scale else None
        encoded = self._encode(filled, indicators)
        self.n_features_out_ = encoded.shape[1]
        return encoded

    def transform(self, columns: Any) -> Any:
        """Encode rows.

        Parameters
        ----------
        columns : Columns
            What the same reader has read.

        Returns
        -------
        encoded : ndarray of float32, of shape (n_rows, n_features_out_)
            Scaled numbers, outputs of the embedding, indicators of missing numbers, and indicators of levels.
        """
        check_is_fitted(self)
        filled = self._impute(self._scale(columns.numbers))
        return self._encode(filled, self._indicators(columns))

    def onnx(self, numbers, codes):
        """Encode tensors of an ONNX graph.

        Parameters
        ----------
        numbers : sknn_concepts.export.Tensor of float64, of shape (n_rows, n_numbers), or None
            Numbers; None if there are none.
        codes : list of sknn_concepts.export.Tensor of int64, of shape (n_rows, 1)
            Codes of the categories.

        Returns
        -------
        encoded : sknn_concepts.export.Tensor of float32, of shape (n_rows, n_features_out_)
        """
        blocks, indicators = [], self._one_hot.onnx(codes)
        if numbers is not None:
            blocks += self._number_tensors(numbers)
            if self._with_missing:
                indicators.insert(0, numbers.is_missing().columns(self._with_missing).astype(np.float32))
        if indicators:
            indicators = indicators[0].concat(*indicators[1:])
            scaler = self._indicator_scaler
            blocks.append(indicators if scaler is None else self._scaled_tensor(scaler, indicators))
        return blocks[0].concat(*blocks[1:])

    def _number_tensors(self, numbers):
        """Return the scaled numbers, the missing ones replaced, and their embedding, if any."""
        missing = numbers.is_missing()
        filled = missing.where(self._fill, self._scaled_tensor(self._scaler, missing.where(0.0, numbers)))
        without_values = np.isnan(self._scaler.transform(np.zeros((1, len(self._fill)))))
        if without_values.any():
            filled = numbers.graph.constant(without_values).where(self._fill, filled)
        if self._embedding is None:
            return [filled]
        embedded = self._embedding.onnx(filled.columns(self._embedded))
        return [filled, embedded * 2.0 - 1.0 if self.embedding == "piecewise_linear" else embedded]

    def _scaled_tensor(self, scaler, x):
        scaled = (x - scaler.mean_) / scaler.scale_ if isinstance(scaler, StandardScaler) else scaler.onnx(x)
        if self.scaling != "robust":
            scaled = scaled.apply("Clip", -MAX_DEVIATIONS, MAX_DEVIATIONS)
        return scaled.astype(np.float32)

    def get_feature_names_out(self, number_names: Any = None, category_names: Any = None) -> Array:
        """Return the names of the columns of the output.

        Parameters
        ----------
        number_names, category_names : sequences of str or None, default=None
            Other names than those in the training data.

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        numbers = list(self._names[0] if number_names is None else number_names)
        categories = self._names[1] if category_names is None else category_names
        names = numbers.copy()
        if self._embedding is not None:
            names += list(self._embedding.get_feature_names_out([numbers[place] for place in self._embedded]))
        names += [f"missingindicator_{numbers[place]}" for place in self._with_missing]
        return np.array(names + self._one_hot.names(categories), dtype=object)

    def _scale(self, numbers):
        if self._scaler is None:
            return np.empty(numbers.shape, dtype=np.float32)
        return self._cut(self._scaler.transform(numbers))

    def _cut(self, scaled):
        if self.scaling != "robust":  # which has a bound of its own
            np.clip(scaled, -MAX_DEVIATIONS, MAX_DEVIATIONS, out=scaled)
        return scaled.astype(np.float32, copy=False)

    def _fit_imputation(self, scaled):
        values = SortedColumns(scaled)
        self._more_than_two = values.have_more_than_two_values()
        if self.imputation == "median":
            self._fill = values.quantiles([0.5])[0].astype(np.float32)
        else:
            sums = np.nansum(scaled, axis=0, dtype=float)
            self._fill = (sums / np.maximum(values.counts, 1)).astype(np.float32)
        self._fill[values.counts == 0] = 0.0  # of rows without any value, in a part of the table

    def _impute(self, scaled):
        rows, places = np.nonzero(np.isnan(scaled))
        scaled[rows, places] = self._fill[places]
        return scaled

    def _fit_embedding(self, filled):
        self._embedded = np.flatnonzero(self._more_than_two)  # others are linear functions of their one indicator
        self._embedding = None
        if self.embedding is None or not len(self._embedded):
            return
        most = self.max_embedding_columns or np.inf
        if self.embedding == "piecewise_linear":
            n_bins = int(max(2, min(self.n_bins, most // len(self._embedded))))
            embedding = PiecewiseLinearEncoder(n_bins)
        else:
            n_frequencies = int(max(1, min(self.n_frequencies, most // (2 * len(self._embedded)))))
            embedding = PeriodicEncoder(n_frequencies, self.frequency_scale, random_state=self.random_state)
        self._embedding = embedding.fit(filled[:, self._embedded])

    def _embed(self, filled):
        embedded = self._embedding.transform(filled[:, self._embedded])
        if self.embedding == "piecewise_linear":  # from -1 to 1, around 0 like all other columns
            embedded *= 2.0
            embedded -= 1.0
        return embedded

    def _indicators(self, columns):
        missing = np.isnan(columns.numbers[:, self._with_missing])
        return np.concatenate([missing, self._one_hot.encode(columns.codes)], axis=1)

    def _encode(self, filled, indicators):
        if self._indicator_scaler is not None:
            indicators = self._cut(self._indicator_scaler.transform(indicators))
        blocks = [filled] if self._embedding is None else [filled, self._embed(filled)]
        return np.concatenate([*blocks, indicators], axis=1, dtype=np.float32)


def _different_masks(missing):
    """Positions of the columns of a mask that are not all False, and that no column before is equal to.

    The parts of a date, for example, are missing together.
    """
    places = {}
    for place in np.flatnonzero(missing.any(axis=0)):
        places.setdefault(missing[:, place].tobytes(), place)
    return list(places.values())
