"""Cells of a table as NumPy arrays: the columns of frames of any library, their kinds, and their conversions.

A cell is missing if it is None, NaN, NaT or pandas.NA.
"""

import dataclasses
import datetime
import decimal
import numbers
import sys

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from sknn_concepts.validation.data import check_collected

#: Types of the values in a column of objects, by its kind.
_TYPES = {
    "boolean": (bool, np.bool_),
    "number": (numbers.Real, decimal.Decimal),
    "date": (datetime.date, np.datetime64),
    "duration": (datetime.timedelta, np.timedelta64),
}

#: Types of cells that are refused, in addition to those without a hash.
_REFUSED = (tuple, frozenset, complex, np.complexfloating, np.void)

#: Kinds of columns by the kinds of dtypes.
_KINDS_OF_DTYPES = {"b": "boolean", "f": "number", "i": "number", "u": "number", "M": "date", "m": "duration"}

#: Number of values that an error quotes.
_EXAMPLES = 3


@dataclasses.dataclass(frozen=True)
class Cells:
    """The cells of a column.

    The values are an array of bool, numbers, datetime64, timedelta64 or objects, and `categorical` tells whether the
    column has a categorical dtype.
    """

    name: str | int
    values: np.ndarray
    categorical: bool = False

    @property
    def missing(self):
        """Boolean mask of the missing cells."""
        return is_missing(self.values)


def is_frame(X):
    """Whether X is a data frame of pandas or polars, or of a library that resembles them."""
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def as_table(X, estimator):
    """Check that X is a table, and return it, arrays and lists as an array.

    Raises
    ------
    ValueError
        If X has no rows, no columns, or repeated column names.
    TypeError
        If X is a sparse matrix or a lazy frame.
    """
    check_collected(X)
    if not is_frame(X):
        return check_array(_as_array(X), dtype=None, ensure_all_finite=False, estimator=estimator)
    names = list(X.columns)
    repeated = sorted({str(name) for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"The columns of X must have different names; repeated are {', '.join(map(repr, repeated))}.")
    for count, noun in zip(X.shape, ("sample", "feature"), strict=True):
        if count == 0:
            raise ValueError(
                f"Found data frame with 0 {noun}(s) (shape={X.shape}) while a minimum of 1 is required by "
                f"{type(estimator).__name__}."
            )
    return X


def _as_array(X):
    """Return an array of numbers or objects, and a sparse matrix as it is."""
    if sparse.issparse(X):
        return X
    try:
        array = np.asarray(X)
    except ValueError:  # rows of different lengths, or lists as cells
        return np.asarray(X, dtype=object)
    return np.asarray(X, dtype=object) if array.dtype.kind in "US" else array


def cells_of(table):
    """Yield the cells of each column of what :func:`as_table` has returned."""
    if isinstance(table, np.ndarray):
        for place in range(table.shape[1]):
            yield Cells(f"x{place}", table[:, place])
    elif hasattr(table, "iloc"):
        for place, name in enumerate(table.columns):
            yield _cells_of_pandas(name, table.iloc[:, place])
    else:
        for name in table.columns:
            column = table[name]
            values = column.to_numpy()
            yield Cells(name, values, str(column.dtype).startswith(("Categorical", "Enum")))


def _cells_of_pandas(name, series):
    import pandas

    dtype = series.dtype
    if isinstance(dtype, pandas.SparseDtype):
        raise ValueError(f"Column {name!r} of X is sparse; convert it with X[{name!r}].sparse.to_dense().")
    if isinstance(dtype, pandas.CategoricalDtype):
        return Cells(name, series.astype(object).to_numpy(), categorical=True)
    if isinstance(dtype, pandas.DatetimeTZDtype):
        return Cells(name, series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
    if isinstance(dtype, pandas.PeriodDtype):
        return Cells(name, series.dt.to_timestamp().to_numpy())
    if isinstance(dtype, np.dtype):
        return Cells(name, series.to_numpy())
    types = pandas.api.types  # nullable dtypes and those of Arrow
    if types.is_bool_dtype(dtype):
        return Cells(name, series.to_numpy(dtype=object, na_value=None))
    if types.is_numeric_dtype(dtype):
        return Cells(name, series.to_numpy(dtype=float, na_value=np.nan))
    return Cells(name, series.to_numpy(dtype=object, na_value=None))


def is_missing(values):
    """Boolean mask of the missing cells of an array."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind in "mM":
        return np.isnat(values)
    if values.dtype.kind != "O":
        return np.zeros(len(values), dtype=bool)
    pandas = sys.modules.get("pandas")  # whose missing values are not equal to themselves, nor different
    if pandas is not None:
        return pandas.isna(values)
    return np.array([value is None or value != value for value in values], dtype=bool)


def check_single_values(cells):
    """Raise ValueError if a column contains complex numbers, lists or other containers."""
    values = cells.values
    if values.ndim != 1:
        raise ValueError(f"Column {cells.name!r} of X contains nested values, which cannot be encoded.")
    types = set(map(type, values)) if values.dtype.kind == "O" else {values.dtype.type}
    for one in types:
        if one.__hash__ is None or issubclass(one, _REFUSED):
            raise ValueError(
                f"Column {cells.name!r} of X contains values of type {one.__name__}, which cannot be encoded; "
                "make columns of single values of it, or leave it out."
            )


def kind_of(cells):
    """Determine the kind of a column from its dtype, and of objects from their types.

    Returns
    -------
    kind : {"number", "boolean", "category", "date", "duration"} or None
        None if all cells are missing.
    """
    known = cells.values[~cells.missing]
    if not len(known):
        return None
    if cells.categorical:
        return "category"
    if known.dtype.kind != "O":
        return _KINDS_OF_DTYPES[known.dtype.kind]
    types = set(map(type, known))
    for kind, classes in _TYPES.items():
        if all(issubclass(one, classes) for one in types):
            return kind
    return "category"


def as_numbers(cells):
    """Convert the cells of a column to floats, NaN where missing.

    Raises
    ------
    ValueError
        If a cell is not a finite number.
    """
    values = cells.values
    if values.dtype.kind == "O":
        values = np.where(cells.missing, np.nan, values)
    if values.dtype.kind in "mM":
        raise ValueError(f"Column {cells.name!r} of X contains {values.dtype}; during fit, it contained numbers.")
    try:
        floats = values.astype(float)
    except (TypeError, ValueError, OverflowError):
        strange = [value for value in values if not _is_number(value)][:_EXAMPLES]
        raise ValueError(
            f"Column {cells.name!r} of X must contain numbers, as it did during fit; it contains "
            f"{', '.join(map(repr, strange))}."
        ) from None
    if np.isinf(floats).any():
        raise ValueError(f"Column {cells.name!r} of X contains infinity (inf); replace it by a number or by NaN.")
    return floats


def _is_number(value):
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def as_dates(cells):
    """Convert the cells of a column to an array of datetime64 in UTC, NaT where missing.

    Raises
    ------
    ValueError
        If a cell is not a date.
    """
    return _as_times(cells, "M", "date", _without_time_zone)


def as_durations(cells):
    """Convert the cells of a column to an array of timedelta64, NaT where missing.

    Raises
    ------
    ValueError
        If a cell is not a time span.
    """
    return _as_times(cells, "m", "duration", lambda value: value)


def _as_times(cells, dtype_kind, kind, convert):
    values, missing = cells.values, cells.missing
    if values.dtype.kind == dtype_kind:
        return values
    strange = [value for value in values[~missing] if not isinstance(value, _TYPES[kind])][:_EXAMPLES]
    if strange:
        raise ValueError(
            f"Column {cells.name!r} of X must contain {kind}s, as it did during fit; it contains "
            f"{', '.join(map(repr, strange))}."
        )
    times = np.full(len(values), "NaT", dtype=f"{dtype_kind}8[us]")
    times[~missing] = [convert(value) for value in values[~missing]]
    return times


def _without_time_zone(value):
    if getattr(value, "tzinfo", None) is not None:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    return value


def as_texts(cells, boolean=False):
    """Convert the cells of a column to a list of strings, None where missing.

    Whole numbers are written without ``.0``, whether or not they are stored as floats. Where `boolean` is True, numbers
    are read as booleans.
    """
    values, missing = cells.values, cells.missing
    if boolean and values.dtype.kind in "fiu":
        values = values != 0
    if values.dtype.kind in "mM":
        values = values.astype(f"{values.dtype.kind}8[us]")
    if values.dtype.kind != "O":
        distinct, places = np.unique(values, return_inverse=True)
        texts = np.array([*map(text_of, distinct), None], dtype=object)
        return texts[np.where(missing, len(distinct), places)].tolist()
    cells_and_missing = zip(values.tolist(), missing.tolist(), strict=True)
    return [None if absent else value if type(value) is str else text_of(value) for value, absent in cells_and_missing]


def text_of(value):
    """Return the text of a value that is not missing; whole numbers are written without ``.0``."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, float | np.floating):
        value = float(value)  # so that a number of single precision has the same text in an array of objects
        return str(int(value)) if value.is_integer() else str(value)
    return str(value)
