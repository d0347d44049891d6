"""Conversion of cells to floats, text and date parts for the preprocessing.

:class:`TableReader` is the first step of the saved pipeline. It reads a new table like the training table, with the
same decimal marks, marks of missing values and date formats. Values that are already converted remain unchanged.
"""

import dataclasses
import re

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from sknn_concepts.job.errors import did_you_mean
from sknn_concepts.job.values import dates
from sknn_concepts.job.values.missing import CERTAIN_MARKS, LIKELY_MARKS, is_number_mark
from sknn_concepts.job.values.number_detection import NumberFormat, detect_number_format
from sknn_concepts.tabular.reading.dates import DATE_PARTS, split

_WHOLE_AS_FLOAT = re.compile(r"-?\d+\.0")

#: Category of missing values.
MISSING_CATEGORY = "(missing)"


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of the table and its treatment."""

    name: str  #: name of the column in the table
    key: str | int  #: key that selects the column
    kind: str  #: "number", "category", "date", "text" or "left out"
    note: str = ""  #: reason for the treatment if it is not obvious
    format: str | NumberFormat = ""  #: format of dates or numbers that are stored as text
    missing: tuple = ()  #: texts that stand for a missing value


class TableReader(TransformerMixin, BaseEstimator):
    """Transformer that reads the cells of a table like those of the training table.

    Parameters
    ----------
    columns : list of Column
        Columns of the training table and their treatment.
    """

    def __init__(self, columns):
        self.columns = columns

    def fit(self, X=None, y=None):
        """Do nothing, because the columns are known."""
        return self

    def __sklearn_is_fitted__(self):
        """Return True."""
        return True

    def transform(self, X):
        """Convert a data frame of texts or typed values: numbers and date parts to floats, the rest to strings.

        Additional columns are ignored. A missing column raises ValueError.
        """
        import pandas

        if not hasattr(X, "columns"):
            raise ValueError(f"X must have named columns, like a pandas.DataFrame, got {type(X).__name__}")
        used = [column for column in self.columns if column.kind != "left out"]
        absent = [column.name for column in used if column.key not in X.columns]
        if absent:
            hint = did_you_mean(absent[0], list(X.columns))
            raise ValueError(f"the table lacks {', '.join(map(repr, absent))}, which the model was trained on.{hint}")
        values = {}
        for column in used:
            series = X[column.key]
            if column.kind == "number":
                values[column.key] = number_cells(series, column.format, column.missing)
            elif column.kind == "date":
                parts = split(date_cells(series, column.format), dates.parts_of(column.format))
                values.update(zip(part_keys(column, self.columns), parts.T, strict=True))
            else:
                missing = MISSING_CATEGORY if column.kind == "category" else ""
                values[column.key] = category_cells(series, column.missing, missing)
        return pandas.DataFrame(values, index=X.index)


def part_keys(column, columns):
    """Return names for the columns of date parts of a date column, distinct from the keys of all other columns."""
    taken = {other.key for other in columns}
    keys = []
    for part in dates.parts_of(column.format):
        key = f"{column.name}_{part}"
        while key in taken:
            key += "_"
        keys.append(key)
    return keys


def number_cells(series, number_format="", missing=()):
    """Convert a column to floats, with NaN for everything that is not a finite number."""
    import pandas

    if pandas.api.types.is_numeric_dtype(series.dtype) or pandas.api.types.is_bool_dtype(series.dtype):
        numbers = series.to_numpy(dtype=float, na_value=np.nan)
    else:
        codes, distinct = pandas.factorize(as_texts(series))
        distinct = [None if text in missing else text for text in distinct]
        if not isinstance(number_format, NumberFormat):
            number_format = choose_number_format(distinct)
        parsed = np.append(number_format.parse(distinct), np.nan)  # code -1 of missing cells selects the last
        numbers = parsed[codes]
    return np.where(np.isfinite(numbers), numbers, np.nan)


def choose_number_format(texts, decimal="auto", hint=""):
    """Choose a number format for texts of which any share may be numbers."""
    known = [text for text in texts if text and not is_number_mark(text)]
    detected = detect_number_format(known, decimal, hint=hint)
    if detected.format is None:
        digits = [text for text in known if any(sign.isdecimal() for sign in text)]
        unparsed = set(detected.unparsed)
        parsed = [text for text in digits if text not in unparsed]
        detected = detect_number_format(parsed or digits, decimal, hint=hint)
    return detected.format or NumberFormat(decimal=decimal if decimal != "auto" else hint or ".")


def date_cells(series, date_format=""):
    """Convert a column to an array of dates in UTC."""
    return dates.parse(series.reset_index(drop=True), date_format).dt.tz_localize(None).to_numpy()


def category_cells(series, missing=(), instead=MISSING_CATEGORY):
    """Convert a column to text, with whole numbers written without ``.0`` whether or not they are stored as floats."""
    missing = {*missing, ""}

    def category(text):
        text = text[:-2] if _WHOLE_AS_FLOAT.fullmatch(text) else text
        return instead if text in missing else text

    return as_texts(series, category).fillna(instead).to_numpy(dtype=object)


def as_texts(series, change=str):
    """Convert a column to text without surrounding white space, None where missing.

    The function `change` is applied to each distinct value.
    """
    import pandas

    codes, distinct = pandas.factorize(series)
    texts = pandas.Series(distinct).astype("string").str.strip()
    texts = np.array([*(None if text is pandas.NA else change(text) for text in texts), None], dtype=object)
    return pandas.Series(texts[codes], series.index, dtype=object, name=series.name)


def as_numbers(X):
    """Convert columns to floats. The number format of each column is detected.

    Parameters
    ----------
    X : pandas.DataFrame or array-like of shape (n_rows, n_columns)
        Columns of numbers or text.

    Returns
    -------
    numbers : ndarray of shape (n_rows, n_columns)
        Floats, NaN for everything that is not a finite number.
    """
    if not hasattr(X, "columns"):
        return np.asarray(X, dtype=float)
    return np.column_stack([number_cells(X[name]) for name in X.columns])


def as_text(X):
    """Convert columns to text.

    Parameters
    ----------
    X : pandas.DataFrame

    Returns
    -------
    text : ndarray of str objects, of shape (n_rows, n_columns)
        Text without surrounding white space, whole numbers without ``.0``, and ``(missing)`` for missing values.
    """
    return np.column_stack([category_cells(X[name], CERTAIN_MARKS | LIKELY_MARKS) for name in X.columns])


def as_date_parts(X, date_format=""):
    """Convert columns of dates to the parts in :data:`~sknn_concepts.tabular.reading.dates.DATE_PARTS`.

    Parameters
    ----------
    X : pandas.DataFrame
        Columns of dates or text.
    date_format : str, default=""
        Format of :func:`pandas.to_datetime`, or several joined by `` or ``. May be empty if the columns are dates.

    Returns
    -------
    numbers : ndarray of shape (n_rows, 7 * n_columns)
        Date parts of each column in turn, NaN where a value is not a date in this format.
    """
    return np.column_stack([split(date_cells(X[name], date_format), DATE_PARTS) for name in X.columns])
