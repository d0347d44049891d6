"""Decomposition of dates and times of day into numbers."""

import numpy as np

#: Parts of a date, of a time of day, and of both. The day number counts from 1970.
CALENDAR_PARTS = ("day_number", "year", "month", "day", "weekday")
TIME_PARTS = ("hour", "minute")
DATE_PARTS = CALENDAR_PARTS + TIME_PARTS


def split(dates, parts=DATE_PARTS):
    """Split dates into numbers.

    Parameters
    ----------
    dates : ndarray of datetime64, of shape (n_rows,)
        Dates in UTC.
    parts : sequence of str, default=DATE_PARTS
        Names of the parts. ``"day_number"`` has a fraction, the time of day; ``"weekday"`` is 0 on Mondays;
        ``"minute"`` has a fraction, the seconds.

    Returns
    -------
    numbers : ndarray of shape (n_rows, n_parts)
        NaN where a date is missing.
    """
    days, months = dates.astype("datetime64[D]"), dates.astype("datetime64[M]")
    seconds = (dates - days) / np.timedelta64(1, "s")
    whole_days, whole_months = days.astype(np.int64), months.astype(np.int64)
    named = {
        "day_number": whole_days + seconds / 86400.0,
        "year": 1970 + whole_months // 12,
        "month": 1 + whole_months % 12,
        "day": 1 + (days - months.astype("datetime64[D]")).astype(np.int64),
        "weekday": (whole_days + 3) % 7,  # 1970-01-01 was a Thursday
        "hour": seconds // 3600.0,
        "minute": seconds % 3600.0 / 60.0,
    }
    numbers = np.column_stack([named[part] for part in parts]).astype(float, copy=False)
    numbers[np.isnat(dates)] = np.nan
    return numbers


def have_times(dates):
    """Whether any of the dates has a time of day other than midnight."""
    known = dates[~np.isnat(dates)]
    return bool(np.any(known != known.astype("datetime64[D]")))


def elapsed_days(spans):
    """Convert time spans, an array of timedelta64, to numbers of days, NaN where a span is missing."""
    return spans / np.timedelta64(1, "D")
