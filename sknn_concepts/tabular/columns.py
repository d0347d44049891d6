"""Reading a table into numbers and codes of categories."""

import dataclasses
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from sknn_concepts._typing import Data
from sknn_concepts._warnings import warn
from sknn_concepts.tabular.reading.cells import as_table, cells_of, check_single_values
from sknn_concepts.tabular.reading.parts import learn_part
from sknn_concepts.validation.saved_state import SavedState

__all__ = ["ColumnReader", "Columns"]


@dataclasses.dataclass(frozen=True)
class Columns:
    """A table as numbers and codes of categories.

    Attributes
    ----------
    numbers : ndarray of float64, of shape (n_rows, n_numbers)
        Numbers, and dates and texts as numbers, NaN where missing.
    codes : ndarray of int32, of shape (n_rows, n_categories)
        Positions in `levels`, -1 for unknown and -2 for missing values.
    number_names : tuple of str
        Names of the columns of `numbers`.
    category_names : tuple of str
        Names of the columns of `codes`.
    levels : tuple of tuples of str
        Names of the levels of each categorical column.
    """

    numbers: np.ndarray
    codes: np.ndarray
    number_names: tuple
    category_names: tuple
    levels: tuple

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, rows):
        """Select rows by positions, a boolean mask or a slice."""
        return dataclasses.replace(self, numbers=self.numbers[rows], codes=self.codes[rows])


class ColumnReader(SavedState, BaseEstimator):
    """Read a table into numbers and codes of categories.

    The dtype of a column tells what it is; a column of objects is what all of its values are:

    ============================================  ================================================================
    values                                        what they become
    ============================================  ================================================================
    numbers                                       numbers
    booleans                                      codes of two levels
    categories, strings, values of mixed types    codes of levels
    strings with more than `max_categories`       numbers that `text_encoder` makes of them
    different values
    dates                                         numbers: days since 1970, year, month, day of the month, weekday,
                                                  and, unless all are midnight, hour and minute, all in UTC
    time spans                                    days
    ============================================  ================================================================

    A column without values is dropped, with a warning. In later tables, the columns must have the same names in the
    same order. Their dtypes may differ as long as the values can be converted; whole numbers belong to the same level
    whether they are stored as integers, floats or strings.

    Parameters
    ----------
    categorical_features : "from_dtype" or array-like, default="from_dtype"
        Names, positions or a boolean mask of columns that are categories although their dtypes are other ones.
    min_frequency : int or float, default=2
        Minimum number (int) or share (float) of the rows for a level of its own. Rarer values of a column share a
        level, to which unknown values belong, too.
    max_categories : int or None, default=50
        Maximum number of levels of a column, the shared one included; None for no limit.
    text_encoder : {"auto"}, transformer or None, default="auto"
        Transformer of a pandas.Series of strings to numbers, for columns of strings with more than `max_categories`
        different values. ``"auto"`` is :class:`skrub.StringEncoder`, the principal components of the frequencies of
        character n-grams, if skrub is installed. Otherwise, and with None, the rare values share a level.

    Attributes
    ----------
    kinds_ : list of str
        Kind of each column: ``"number"``, ``"boolean"``, ``"category"``, ``"date"``, ``"duration"``, ``"text"`` or
        ``"dropped"``.
    number_sources_ : ndarray of int, of shape (n_numbers,)
        Position of the column that each of the numbers comes from. A date, for example, becomes several numbers.
    category_sources_ : ndarray of int, of shape (n_categories,)
        Position of the column that each of the categories comes from.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if the table is a data frame whose names are all strings.

    Examples
    --------
    >>> import pandas
    >>> from sknn_concepts.tabular import ColumnReader
    >>> frame = pandas.DataFrame({"height": [1.5, None], "color": ["red", "blue"]})
    >>> columns = ColumnReader(min_frequency=1).fit_transform(frame)
    >>> columns.numbers.tolist(), columns.codes.tolist(), columns.levels
    ([[1.5], [nan]], [[1], [0]], (('blue', 'red'),))
    """

    _parameter_constraints: dict = {
        "categorical_features": [StrOptions({"from_dtype"}), "array-like"],
        "min_frequency": [Interval(Integral, 1, None, closed="left"), Interval(RealNotInt, 0, 1, closed="neither")],
        "max_categories": [Interval(Integral, 2, None, closed="left"), None],
        "text_encoder": [StrOptions({"auto"}), HasMethods(["fit_transform", "transform"]), None],
    }

    def __init__(
        self,
        categorical_features: Any = "from_dtype",
        min_frequency: Any = 2,
        max_categories: int | None = 50,
        text_encoder: Any = "auto",
    ) -> None:
        self.categorical_features = categorical_features
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.text_encoder = text_encoder

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Data, y: Data = None) -> Self:
        """Learn the kinds of the columns and the levels of the categories.

        Parameters
        ----------
        X : data frame of pandas or polars, or array-like, of shape (n_rows, n_columns)
        y : None
            Ignored.

        Returns
        -------
        self : ColumnReader

        Raises
        ------
        ValueError
            If the table is sparse or empty, names are repeated, or a column contains infinity, complex numbers, lists
            or other containers, or if no column has any values.
        """
        table = as_table(X, estimator=self)
        validate_data(self, table, skip_check_array=True)
        all_cells = self._cells(table)
        mask = self._categorical_mask([cells.name for cells in all_cells])
        settings = self.min_frequency, self.max_categories, self.text_encoder
        parts = [learn_part(place, cells, mask[place], *settings) for place, cells in enumerate(all_cells)]
        empty = [str(cells.name) for cells, part in zip(all_cells, parts, strict=True) if part is None]
        if len(empty) == len(parts):
            raise ValueError(f"All values of X are missing: it has no values in {', '.join(empty[:5])}.")
        if empty:
            warn(f"Columns without values are dropped: {', '.join(empty)}.")
        self.kinds_ = ["dropped" if part is None else part.kind for part in parts]
        self._parts = [part for part in parts if part is not None]
        numbers = [part.place for part in self._parts if part.levels is None for _ in part.suffixes]
        self.number_sources_ = np.array(numbers, dtype=int)
        self.category_sources_ = np.array([part.place for part in self._parts if part.levels is not None], dtype=int)
        return self

    def transform(self, X: Data) -> Columns:
        """Read a table with the columns of the table that fit has seen.

        Parameters
        ----------
        X : data frame of pandas or polars, or array-like, of shape (n_rows, n_columns)

        Returns
        -------
        columns : Columns

        Raises
        ------
        ValueError
            If a column is missing, is in another place, or has values that cannot be converted.
        """
        check_is_fitted(self)
        table = as_table(X, estimator=self)
        validate_data(self, table, reset=False, skip_check_array=True)
        all_cells = self._cells(table)
        rows = table.shape[0]
        numbers = [part.numbers(all_cells[part.place]) for part in self._parts if part.levels is None]
        codes = [part.codes(all_cells[part.place]) for part in self._parts if part.levels is not None]
        return Columns(
            np.concatenate(numbers, axis=1) if numbers else np.empty((rows, 0)),
            np.column_stack(codes) if codes else np.empty((rows, 0), dtype=np.int32),
            *self.names(),
            tuple(part.levels.names for part in self._parts if part.levels is not None),
        )

    def fit_transform(self, X: Data, y: Data = None) -> Columns:
        """Learn the kinds of the columns, and read the table; see :meth:`fit` and :meth:`transform`."""
        return self.fit(X, y).transform(X)

    def names(self, input_features: Any = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names of the numbers and of the categories.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of the table; by default those that fit has seen, or x0, x1 and so on.

        Returns
        -------
        number_names, category_names : tuples of str
        """
        names = _check_feature_names_in(self, input_features)
        numbers = (
            names[part.place] + suffix for part in self._parts if part.levels is None for suffix in part.suffixes
        )
        return tuple(numbers), tuple(names[part.place] for part in self._parts if part.levels is not None)

    def _cells(self, table):
        all_cells = list(cells_of(table))
        for cells in all_cells:
            check_single_values(cells)
        return all_cells

    def _categorical_mask(self, names):
        """Boolean array that tells which of the columns `categorical_features` contains."""
        mask = np.zeros(len(names), dtype=bool)
        if isinstance(self.categorical_features, str):
            return mask
        given = np.asarray(self.categorical_features)
        if given.size == 0:
            return mask
        if given.dtype.kind == "b":
            if given.shape != mask.shape:
                raise ValueError(f"categorical_features has shape {given.shape} as a mask; X has {len(mask)} columns.")
            return given
        places = {name: place for place, name in enumerate(names)} if given.dtype.kind in "OUS" else None
        for one in given.tolist():
            place = places.get(one, -1) if places is not None else one
            if not isinstance(place, int) or not 0 <= place < len(mask):
                raise ValueError(f"categorical_features contains {one!r}, which is no column of X.")
            mask[place] = True
        return mask
