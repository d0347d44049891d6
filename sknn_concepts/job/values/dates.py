"""Parsing of dates and times of day in a given format.

A format is a format of pandas (``ISO8601`` or with ``%`` codes), ``unix s`` or ``unix ms``. Several formats joined by
`` or `` are tried in turn. A format without a year is a time of day.
"""

import re

import numpy as np

from sknn_concepts.tabular.reading.dates import CALENDAR_PARTS, DATE_PARTS, TIME_PARTS

_TIDY = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"(?<=\d) ?([ap])\.? ?m\b\.?", re.IGNORECASE), r" \1m"),
    (re.compile(r"(?<=\d)(st|nd|rd|th)\b", re.IGNORECASE), ""),
    (re.compile(r"\bSept\b", re.IGNORECASE), "Sep"),
    (re.compile(r"(?<=\d) ?(Z|UTC|GMT)$", re.IGNORECASE), "+00:00"),
    (re.compile(r" (CES?T|WES?T|EES?T|BST|MSK|[ECMP][SD]T|JST|IST|UTC|GMT)\b"), ""),
    (re.compile(r"(?<=[a-z])\.(?=[ -])", re.IGNORECASE), ""),
)
_TIDY_NEEDED = re.compile(r"[a-zA-Z]|\s\s|[^\x00-\x7f]")


def parse(texts, form):
    """Convert a sequence of texts, whole numbers or dates to a series of dates in UTC.

    The format is one that ``detect_date_format`` returns, or an empty string if the values are dates already. A date is
    missing where a value does not have the format.
    """
    import pandas

    series = pandas.Series(texts).reset_index(drop=True)
    if pandas.api.types.is_datetime64_any_dtype(series.dtype):
        return pandas.to_datetime(series, utc=True)
    if pandas.api.types.is_timedelta64_dtype(series.dtype):
        return pandas.to_datetime(series.to_numpy() + np.datetime64("1970-01-01"), utc=True).to_series(
            index=series.index
        )
    codes, distinct = pandas.factorize(series)  # each distinct date is parsed once
    text = pandas.Series(distinct).astype("string").str.strip().str.replace(r"^(\d+)\.0$", r"\1", regex=True)
    if form.startswith("unix"):
        seconds = pandas.to_numeric(text, errors="coerce").astype("float64")
        dates = pandas.to_datetime(seconds, unit=form.split()[1], errors="coerce", utc=True)
        return dates.reindex(codes).reset_index(drop=True)
    distinct = text.map(tidy, na_action="ignore").astype("string")
    dates = pandas.to_datetime(pandas.Series(pandas.NaT, index=distinct.index, dtype="datetime64[ns, UTC]"))
    for one in form.split(" or ") if form else [None]:
        left = dates.isna()
        if left.any():
            read = pandas.to_datetime(distinct[left], format=one, errors="coerce", utc=True)
            within = read.dt.year.between(1678, 2261)  # 9999-12-31 means "no end"
            dates[left] = read.where(within).astype("datetime64[ns, UTC]")
    return dates.reindex(codes).reset_index(drop=True)


def parts_of(form):
    """Return the names of the parts that dates of a format have."""
    if not form or form.startswith("unix"):
        return DATE_PARTS
    if all("%Y" not in one and "%y" not in one and one != "ISO8601" for one in form.split(" or ")):
        return TIME_PARTS
    return DATE_PARTS if "ISO8601" in form or "%H" in form or "%I" in form else CALENDAR_PARTS


def tidy(text):
    """Normalize the spelling of a date: no ordinals, single spaces, a numeric time zone."""
    if not isinstance(text, str) or not _TIDY_NEEDED.search(text):
        return text
    for pattern, new in _TIDY:
        text = pattern.sub(new, text)
    return text
