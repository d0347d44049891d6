"""A column becomes numbers, categories or dates, and the preprocessing that goes with each.

The functions that convert columns are part of the saved pipeline, so that a fresh table may hold what the first one
held: numbers stored as text, ``?`` for a missing value, dates as text.
"""

import dataclasses
import re
import shlex

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.table import MISSING

#: A text column is numbers or dates when this share of its values can be read as such; the others become missing.
MOSTLY = 0.95

#: More distinct texts than this, in more than half of the rows, are names of the rows and not categories.
MANY_TEXTS = 20

#: One-hot columns for one category column at most, and the least share of rows for one of its own.
MAX_CATEGORIES = 50
MIN_FREQUENCY = 0.002

#: Below this share of nonzero numbers the table goes to the network as a sparse matrix.
SPARSE_BELOW = 0.1

DATE_FORMATS = ("ISO8601", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M")
DATE_PARTS = ("day_number", "year", "month", "day", "weekday", "hour")

_SYMBOLS = r"[$€£¥%\s,_]"  # a thousands comma; a decimal comma is the reader's business
_ROW_NAME = re.compile(r"(^|[\W_])(id|uuid|guid|index|row ?(id|name|number)?)$|^unnamed: 0$", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Column:
    """What is done with one column of the table.

    Attributes
    ----------
    name : str
        As the table calls it.
    key : str or int
        What the :class:`~sklearn.compose.ColumnTransformer` selects it by.
    kind : {"number", "category", "date", "left out"}
        The treatment.
    note : str
        Why, where that is not plain to see.
    format : str
        The date format, as in :func:`pandas.to_datetime`.
    missing : tuple of str
        The texts that stand for a missing value.
    """

    name: str
    key: str | int
    kind: str
    note: str = ""
    format: object = ""
    missing: tuple = ()


def infer_columns(frame):
    """Decide what each column is.

    ==================================================  ====================
    the column                                          becomes
    ==================================================  ====================
    has one value only                                  left out
    row numbers, or all different and called ``id``     left out
    numbers, or text of which 95 % reads as numbers     number
    dates, or text of which 95 % reads as dates         date
    text, different in more than half of the rows       left out
    other text, and booleans                            category
    ==================================================  ====================

    Parameters
    ----------
    frame : pandas.DataFrame
        The features.

    Returns
    -------
    columns : list of Column

    Raises
    ------
    BadInput
        If a column has no values at all, or if no column is left to learn from.
    """
    empty = [name for name in frame.columns if _is_missing(frame[name]).all()]
    if empty:
        drop = " ".join(f"--drop {shlex.quote(name)}" for name in empty)
        raise BadInput(f"column {', '.join(map(repr, empty))} has no values at all; leave it out: {drop}")
    columns = [_infer(frame[name]) for name in frame.columns]
    if all(column.kind == "left out" for column in columns):
        reasons = "; ".join(f"{column.name!r} {column.note}" for column in columns[:5])
        raise BadInput(f"no column is left to learn from: {reasons or 'the target is the only column'}")
    return columns


def _infer(series):
    import pandas

    name, known = series.name, series[~_is_missing(series)]
    try:
        distinct = known.nunique()
    except TypeError:
        raise BadInput(
            f"column {name!r} holds lists or other objects; leave it out: --drop {shlex.quote(name)}"
        ) from None
    if distinct == 1:
        return Column(name, name, "left out", "has one value only")
    if pandas.api.types.is_bool_dtype(series.dtype):
        return Column(name, name, "category")
    if pandas.api.types.is_datetime64_any_dtype(series.dtype):
        return Column(name, name, "date")
    numeric = pandas.api.types.is_numeric_dtype(series.dtype)
    numbers = _numbers(known)
    readable = np.isfinite(numbers)
    if numeric or readable.mean() >= MOSTLY:
        if distinct == len(series) and (_counts_rows(numbers) or _ROW_NAME.search(name)):
            return Column(name, name, "left out", "numbers the rows")
        note = "" if numeric else "numbers stored as text"
        if not readable.all():
            example = known[~readable].iloc[0]
            note = f"{note and note + '; '}{(~readable).sum()} values such as {example!r} are taken as missing"
        return Column(name, name, "number", note)
    date_format = _date_format(known)
    if date_format:
        return Column(name, name, "date", f"dates stored as text ({date_format})", date_format)
    if distinct > MANY_TEXTS and distinct > len(known) / 2:
        return Column(name, name, "left out", f"text with {distinct:,} different values in {len(known):,} rows")
    note = f"{distinct:,} different values; the rare ones share one column" if distinct > MAX_CATEGORIES else ""
    return Column(name, name, "category", note)


def _is_missing(series):
    if series.dtype.kind in "biufcM":
        return series.isna()
    return series.isna() | series.astype("string").str.strip().isin(MISSING).fillna(True).astype(bool)


def _counts_rows(numbers):
    return numbers[0] in (0.0, 1.0) and bool((np.diff(numbers) == 1.0).all())


def _date_format(known):
    import pandas

    text = known.astype("string").str.strip()
    if not text.head(50).str.contains(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", regex=True).all():
        return ""
    share = {
        how: pandas.to_datetime(text, format=how, errors="coerce", utc=True).notna().mean() for how in DATE_FORMATS
    }
    best = max(share, key=share.get)
    return best if share[best] >= MOSTLY else ""


def preprocessing(columns):
    """Build the transformer that turns the table into numbers.

    Numbers: median for what is missing, a column that says where, mean 0 and standard deviation 1. Categories: one-hot,
    missing values being a category, rare and unknown ones sharing a column. Dates: six numbers each, treated alike.

    Parameters
    ----------
    columns : list of Column

    Returns
    -------
    transformer : sklearn.compose.ColumnTransformer
    """
    scale = (SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler())
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=MIN_FREQUENCY, max_categories=MAX_CATEGORIES
    )
    parts = {
        "number": make_pipeline(FunctionTransformer(as_numbers, feature_names_out="one-to-one"), *scale),
        "category": make_pipeline(FunctionTransformer(as_text, feature_names_out="one-to-one"), one_hot),
    }
    steps = []
    for kind, part in parts.items():
        keys = [column.key for column in columns if column.kind == kind]
        if keys:
            steps.append((kind, part, keys))
    for how in dict.fromkeys(column.format for column in columns if column.kind == "date"):
        keys = [column.key for column in columns if column.kind == "date" and column.format == how]
        split = FunctionTransformer(as_date_parts, feature_names_out=date_part_names, kw_args={"date_format": how})
        steps.append((f"date {how}".strip(), make_pipeline(split, *scale), keys))
    return ColumnTransformer(steps, sparse_threshold=SPARSE_BELOW, verbose_feature_names_out=False)


def as_numbers(X):
    """Turn columns into floats; text loses currency signs, percent signs and thousands commas first.

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
    return np.column_stack([_numbers(X[name]) for name in X.columns])


def _numbers(series):
    import pandas

    if not pandas.api.types.is_numeric_dtype(series.dtype):
        series = pandas.to_numeric(series.astype("string").str.replace(_SYMBOLS, "", regex=True), errors="coerce")
    numbers = series.to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def as_text(X):
    """Turn columns into text: stripped, whole numbers without ``.0``, and ``(missing)`` for what is missing.

    Parameters
    ----------
    X : pandas.DataFrame

    Returns
    -------
    text : ndarray of str objects, of shape (n_rows, n_columns)
    """
    columns = []
    for name in X.columns:
        text = X[name].astype("string").str.strip().str.replace(r"^(-?\d+)\.0$", r"\1", regex=True)
        columns.append(text.mask(text.isin(MISSING)).fillna("(missing)").to_numpy(dtype=object))
    return np.column_stack(columns)


def as_date_parts(X, date_format=""):
    """Turn columns of dates into six numbers each, named in :data:`DATE_PARTS`; the day number counts from 1970.

    Parameters
    ----------
    X : pandas.DataFrame
    date_format : str, default=""
        As in :func:`pandas.to_datetime`; empty where the columns are dates already.

    Returns
    -------
    numbers : ndarray of shape (n_rows, 6 * n_columns)
        NaN for whatever is no such date.
    """
    import pandas

    columns = []
    for name in X.columns:
        dates = pandas.to_datetime(X[name], format=date_format or None, errors="coerce", utc=True)
        days = (dates - pandas.Timestamp(0, tz="UTC")) / pandas.Timedelta(days=1)
        parts = (days, dates.dt.year, dates.dt.month, dates.dt.day, dates.dt.day_of_week, dates.dt.hour)
        columns += [part.to_numpy(dtype=float, na_value=np.nan) for part in parts]
    return np.column_stack(columns)


def date_part_names(transformer, names):
    """Names of the columns that :func:`as_date_parts` makes."""
    return np.array([f"{name}_{part}" for name in names for part in DATE_PARTS], dtype=object)
