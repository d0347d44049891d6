"""Cells become what the preprocessing takes: floats, texts, parts of dates, each as the training table was read.

:class:`TableReader` is the first step of the saved pipeline, so that a fresh table may hold what the first one held:
decimal commas, ``?`` for a missing value, dates as text. What is converted already is left as it is.
"""

import dataclasses
import re

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from sknn_concepts.job.errors import did_you_mean
from sknn_concepts.job.values import dates
from sknn_concepts.job.values.dates import DATE_PARTS
from sknn_concepts.job.values.missing import AMONG_NUMBERS, LIKELY, UNMISTAKABLE
from sknn_concepts.job.values.numbers import NumberFormat, study

_WHOLE_AS_FLOAT = re.compile(r"-?\d+\.0")

#: What stands for a missing value among categories.
MISSING_CATEGORY = "(missing)"


@dataclasses.dataclass(frozen=True)
class Column:
    """What is done with one column of the table.

    Attributes
    ----------
    name : str
        As the table calls it.
    key : str or int
        What it is selected by.
    kind : {"number", "category", "date", "text", "left out"}
        The treatment.
    note : str
        Why, where that is not plain to see.
    format : str or NumberFormat
        How its dates or numbers are written, where they are text.
    missing : tuple of str
        The texts that stand for a missing value.
    """

    name: str
    key: str | int
    kind: str
    note: str = ""
    format: object = ""
    missing: tuple = ()


class TableReader(TransformerMixin, BaseEstimator):
    """Read the cells of a table as those of the training table were read.

    Parameters
    ----------
    columns : list of Column
        What each column is; those that are left out are not looked at.
    """

    def __init__(self, columns):
        self.columns = columns

    def fit(self, X=None, y=None):
        """Do nothing; everything has been decided."""
        return self

    def __sklearn_is_fitted__(self):
        """Return True."""
        return True

    def transform(self, X):
        """Convert a table.

        Parameters
        ----------
        X : pandas.DataFrame
            Raw cells, or values of their own types; further columns are ignored.

        Returns
        -------
        values : pandas.DataFrame
            Floats, texts, and the parts of dates as floats.

        Raises
        ------
        ValueError
            If a column is missing.
        """
        import pandas

        if not hasattr(X, "columns"):
            raise ValueError(f"a table with named columns is needed (a pandas.DataFrame), not {type(X).__name__}")
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
                parts = dates.split(date_cells(series, column.format), dates.parts_of(column.format))
                values.update(zip(part_keys(column, self.columns), parts.T, strict=True))
            else:
                missing = MISSING_CATEGORY if column.kind == "category" else ""
                values[column.key] = category_cells(series, column.missing, missing)
        return pandas.DataFrame(values, index=X.index)


def part_keys(column, columns):
    """Names of the columns that a column of dates becomes; none of another column."""
    taken = {other.key for other in columns}
    keys = []
    for part in dates.parts_of(column.format):
        key = f"{column.name}_{part}"
        while key in taken:
            key += "_"
        keys.append(key)
    return keys


def number_cells(series, number_format="", missing=()):
    """Floats of a column, NaN for whatever is no finite number."""
    import pandas

    if pandas.api.types.is_numeric_dtype(series.dtype) or pandas.api.types.is_bool_dtype(series.dtype):
        numbers = series.to_numpy(dtype=float, na_value=np.nan)
    else:
        codes, distinct = pandas.factorize(as_texts(series))
        distinct = [None if text in missing else text for text in distinct]
        if not isinstance(number_format, NumberFormat):
            number_format = find_format(distinct)
        parsed = np.append(number_format.parse(distinct), np.nan)  # the last one is for missing cells
        numbers = parsed[codes]
    return np.where(np.isfinite(numbers), numbers, np.nan)


def find_format(texts, decimal="auto", hint=""):
    """Return the number format of texts, also where only some of them are numbers."""
    known = [text for text in texts if text and not is_number_mark(text)]
    reading = study(known, decimal, hint=hint)
    if reading.format is None:
        digits = [text for text in known if any(sign.isdecimal() for sign in text)]
        reading = study([text for text in digits if text not in set(reading.strangers)] or digits, decimal, hint=hint)
    return reading.format or NumberFormat(decimal=decimal if decimal != "auto" else hint or ".")


def is_number_mark(text):
    """Whether a text stands for a missing value among numbers."""
    return text in UNMISTAKABLE or text in LIKELY or text.casefold() in AMONG_NUMBERS


def date_cells(series, date_format=""):
    """Dates of a column, in UTC."""
    return dates.parse(series.reset_index(drop=True), date_format)


def category_cells(series, missing=(), instead=MISSING_CATEGORY):
    """Texts of a column; whole numbers lose their ``.0``, so that a column is the same however it is stored."""
    missing = {*missing, ""}

    def category(text):
        text = text[:-2] if _WHOLE_AS_FLOAT.fullmatch(text) else text
        return instead if text in missing else text

    return as_texts(series, category).fillna(instead).to_numpy(dtype=object)


def as_texts(series, change=str):
    """Texts of a column, stripped and, distinct value by distinct value, changed; None where missing."""
    import pandas

    codes, distinct = pandas.factorize(series)
    texts = pandas.Series(distinct).astype("string").str.strip()
    texts = np.array([*(None if text is pandas.NA else change(text) for text in texts), None], dtype=object)
    return pandas.Series(texts[codes], series.index, dtype=object, name=series.name)


def as_numbers(X):
    """Turn columns into floats, whatever their number format; each column has one of its own.

    Parameters
    ----------
    X : pandas.DataFrame or array-like of shape (n_rows, n_columns)

    Returns
    -------
    numbers : ndarray of shape (n_rows, n_columns)
        NaN for whatever is no finite number.
    """
    if not hasattr(X, "columns"):
        return np.asarray(X, dtype=float)
    return np.column_stack([number_cells(X[name]) for name in X.columns])


def as_text(X):
    """Turn columns into text: stripped, whole numbers without ``.0``, and ``(missing)`` for what is missing.

    Parameters
    ----------
    X : pandas.DataFrame

    Returns
    -------
    text : ndarray of str objects, of shape (n_rows, n_columns)
    """
    return np.column_stack([category_cells(X[name], UNMISTAKABLE | LIKELY) for name in X.columns])


def as_date_parts(X, date_format=""):
    """Turn columns of dates into numbers, those of :data:`~sknn_concepts.job.values.dates.DATE_PARTS` for each column.

    Parameters
    ----------
    X : pandas.DataFrame
    date_format : str, default=""
        As in :func:`pandas.to_datetime`, perhaps several with `` or `` between them; empty where the columns are dates.

    Returns
    -------
    numbers : ndarray of shape (n_rows, 7 * n_columns)
        NaN for whatever is no such date.
    """
    return np.column_stack([dates.split(date_cells(X[name], date_format), DATE_PARTS) for name in X.columns])
