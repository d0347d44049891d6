"""Dates and times of day: read in the format of their column, and taken apart into numbers.

A format is one of pandas' (``ISO8601`` or with ``%``), ``unix s`` or ``unix ms``; several, with `` or `` between them,
are tried in turn. A format without a day and a year is a clock's.
"""

import re

import numpy as np

#: What a date is taken apart into; the day number counts from 1970. A clock has no calendar, and the other way round.
CALENDAR_PARTS = ("day_number", "year", "month", "day", "weekday")
CLOCK_PARTS = ("hour", "minute")
DATE_PARTS = CALENDAR_PARTS + CLOCK_PARTS

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
    """Convert texts, or dates, to dates in UTC.

    Parameters
    ----------
    texts : sequence
        Whole numbers are written out; anything that is no date in this format is missing.
    form : str
        A format as :func:`study` finds it; empty for what are dates already.

    Returns
    -------
    dates : pandas.Series
    """
    import pandas

    series = pandas.Series(texts).reset_index(drop=True)
    if pandas.api.types.is_datetime64_any_dtype(series.dtype):
        return pandas.to_datetime(series, utc=True)
    if pandas.api.types.is_timedelta64_dtype(series.dtype):
        return pandas.to_datetime(series.to_numpy() + np.datetime64("1970-01-01"), utc=True).to_series(
            index=series.index
        )
    codes, distinct = pandas.factorize(series)  # a date that stands in many rows is read once
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
            within = read.dt.year.between(1678, 2261)  # 9999-12-31 is no day but an open end
            dates[left] = read.where(within).astype("datetime64[ns, UTC]")
    return dates.reindex(codes).reset_index(drop=True)


def parts_of(form):
    """Names of the parts that dates of a format have."""
    if not form or form.startswith("unix"):
        return DATE_PARTS
    if all("%Y" not in one and "%y" not in one and one != "ISO8601" for one in form.split(" or ")):
        return CLOCK_PARTS
    return DATE_PARTS if "ISO8601" in form or "%H" in form or "%I" in form else CALENDAR_PARTS


def split(dates, parts=DATE_PARTS):
    """Take dates apart.

    Parameters
    ----------
    dates : pandas.Series
        In UTC.
    parts : sequence of str, default=DATE_PARTS
        Names of the parts.

    Returns
    -------
    numbers : ndarray of shape (n_rows, n_parts)
        NaN for what is missing.
    """
    import pandas

    of = {
        "day_number": lambda: (dates - pandas.Timestamp(0, tz="UTC")) / pandas.Timedelta(days=1),
        "year": lambda: dates.dt.year,
        "month": lambda: dates.dt.month,
        "day": lambda: dates.dt.day,
        "weekday": lambda: dates.dt.day_of_week,
        "hour": lambda: dates.dt.hour,
        "minute": lambda: dates.dt.minute + dates.dt.second / 60.0,
    }
    return np.column_stack([of[part]().to_numpy(dtype=float, na_value=np.nan) for part in parts])


def tidy(text):
    """Spelling of a date that formats know: no ordinals, one blank, a numeric zone."""
    if not isinstance(text, str) or not _TIDY_NEEDED.search(text):
        return text
    for pattern, new in _TIDY:
        text = pattern.sub(new, text)
    return text
