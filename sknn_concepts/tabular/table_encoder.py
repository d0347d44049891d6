"""Encoding of tables of mixed columns."""

from typing import Any, Self

from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_concepts._typing import Array, Data
from sknn_concepts.tabular.column_encoder import ColumnEncoder
from sknn_concepts.tabular.columns import ColumnReader
from sknn_concepts.tabular.reading.cells import as_table
from sknn_concepts.validation.saved_state import SavedState

__all__ = ["TableEncoder"]


class TableEncoder(SavedState, TransformerMixin, BaseEstimator):
    """Encode a table of numbers, categories, dates and text as an array of float32 for a network.

    The columns are, in this order:

    - numbers, scaled, missing ones replaced by the median or mean; dates and text are numbers, too
      (see :class:`ColumnReader` for what each column is),
    - their embedding, if any, of those that have more than two different values,
    - an indicator of missing values for each number that has any in the training data; numbers that are missing in the
      same rows share one,
    - an indicator for each level of the categories, or one of -1 and 1 for two levels. Missing values are a level if
      the training data have any. Unknown values are 0 in all columns, unless there is a level of the rare ones.

    Parameters
    ----------
    scaling : {"standard", "robust", "quantile"}, default="standard"
        ``"standard"`` is mean 0 and variance 1, cut at 10 standard deviations; ``"robust"`` is
        :class:`RobustClipScaler`; ``"quantile"`` is :class:`NormalScoreScaler`.
    embedding : {"piecewise_linear", "periodic"} or None, default=None
        Functions of each number that are added to it: :class:`PiecewiseLinearEncoder`, shifted to the range from -1 to
        1, or :class:`PeriodicEncoder`.
    n_bins : int, default=8
        Maximum number of bins of the piecewise-linear encoding.
    n_frequencies : int, default=8
        Number of frequencies of the periodic encoding.
    frequency_scale : float > 0, default=0.1
        Standard deviation of the frequencies.
    max_embedding_columns : int or None, default=384
        Maximum number of columns that the embedding adds: if there are many numbers, it has fewer bins or frequencies,
        but at least two bins or one frequency. None for no limit.
    imputation : {"median", "mean"}, default="median"
        Replacement of missing numbers, of the scaled values.
    missing_indicator : bool, default=True
        Whether there are indicators of missing numbers.
    missing_level : bool, default=True
        Whether missing values are a level of a category. Otherwise they are 0 in all of its columns.
    scale_indicators : bool, default=True
        Whether the indicators of missing values and levels are scaled like the numbers. For ``"quantile"``, they are
        standardized.
    categorical_features : "from_dtype" or array-like, default="from_dtype"
        Names, positions or a boolean mask of columns that are categories although their dtypes are other ones.
    min_frequency : int or float, default=2
        Minimum number (int) or share (float) of the rows for a level of its own.
    max_categories : int or None, default=50
        Maximum number of levels of a column; None for no limit.
    text_encoder : {"auto"}, transformer or None, default="auto"
        Transformer of columns with more different strings than `max_categories`; see :class:`ColumnReader`.
    random_state : int, RandomState instance or None, default=None
        Determines the frequencies of the periodic encoding.

    Attributes
    ----------
    reader_ : ColumnReader
        Reader of the table.
    encoder_ : ColumnEncoder
        Encoder of what it has read.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if the table is a data frame whose names are all strings.

    Examples
    --------
    >>> import pandas
    >>> from sknn_concepts.tabular import TableEncoder
    >>> frame = pandas.DataFrame({"height": [1.0, None, 3.0], "color": ["red", "blue", "blue"]})
    >>> encoder = TableEncoder(min_frequency=1, scale_indicators=False).set_output(transform="pandas")
    >>> encoder.fit_transform(frame)
       height  missingindicator_height  color_red
    0    -1.0                      0.0        1.0
    1     0.0                      1.0       -1.0
    2     1.0                      0.0       -1.0
    """

    _parameter_constraints: dict = {**ColumnReader._parameter_constraints, **ColumnEncoder._parameter_constraints}

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
        categorical_features: Any = "from_dtype",
        min_frequency: Any = 2,
        max_categories: int | None = 50,
        text_encoder: Any = "auto",
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
        self.categorical_features = categorical_features
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.text_encoder = text_encoder
        self.random_state = random_state

    def fit(self, X: Data, y: Data = None) -> Self:
        """Learn the kinds, levels and scales of the columns.

        Parameters
        ----------
        X : data frame of pandas or polars, or array-like, of shape (n_rows, n_columns)
        y : None
            Ignored.

        Returns
        -------
        self : TableEncoder

        Raises
        ------
        ValueError
            As :meth:`ColumnReader.fit`.
        """
        self._fit(X)
        return self

    def fit_transform(self, X: Data, y: Data = None) -> Any:
        """Learn from a table and encode it; see :meth:`fit` and :meth:`transform`."""
        return self._fit(X)

    @_fit_context(prefer_skip_nested_validation=True)
    def _fit(self, X):
        table = as_table(X, estimator=self)
        validate_data(self, table, skip_check_array=True)
        settings = self.get_params(deep=False)
        self.reader_, self.encoder_ = (
            part(**{name: settings[name] for name in part._get_param_names()}) for part in (ColumnReader, ColumnEncoder)
        )
        return self.encoder_.fit_transform(self.reader_.fit_transform(table))

    def transform(self, X: Data) -> Any:
        """Encode a table with the columns of the table that fit has seen.

        Parameters
        ----------
        X : data frame of pandas or polars, or array-like, of shape (n_rows, n_columns)

        Returns
        -------
        encoded : ndarray of float32, of shape (n_rows, n_outputs)

        Raises
        ------
        ValueError
            As :meth:`ColumnReader.transform`.
        """
        check_is_fitted(self)
        table = as_table(X, estimator=self)
        validate_data(self, table, reset=False, skip_check_array=True)
        return self.encoder_.transform(self.reader_.transform(table))

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the columns of the output.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of the table; by default those that fit has seen, or x0, x1 and so on.

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        return self.encoder_.get_feature_names_out(*self.reader_.names(input_features))

    def __sklearn_tags__(self):
        """Return scikit-learn's tags: missing values, categories and strings are allowed, the output is float32."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
