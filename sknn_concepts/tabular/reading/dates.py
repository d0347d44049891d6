"""Decomposition of dates and times of day into numbers."""

import numpy as np

#: Parts of a date, of a time of day, and of both. The day number counts from 1970.
CALENDAR_PARTS = ("day_number", "year", "month", "day", "weekday")
TIME_PARTS = ("hour", "minute")
DATE_PARTS = CALENDAR_PARTS + TIME_PARTS

MICROSECONDS_PER_DAY = 86_400_000_000


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


def split_tensor(microseconds, parts=DATE_PARTS):
    """Split dates into numbers in an ONNX graph, as :func:`split` does.

    Year, month and day follow from a day number as in the algorithm civil_from_days (Howard Hinnant, 2013), whose years
    begin in March.

    Parameters
    ----------
    microseconds : sknn_concepts.export.Tensor of int64, of shape (n_rows, 1)
        Microseconds since 1970, in UTC.
    parts : sequence of str, default=DATE_PARTS
        Names of the parts.

    Returns
    -------
    numbers : sknn_concepts.export.Tensor of float64, of shape (n_rows, n_parts)
    """
    in_day = microseconds % MICROSECONDS_PER_DAY
    days = (microseconds - in_day) / MICROSECONDS_PER_DAY
    since_march = days + 719_468  # days since March 1 of the year 0; divisions of integers truncate
    in_era = since_march % 146_097  # eras of 400 years
    year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365
    in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100)
    month_from_march = (5 * in_year + 2) / 153
    next_year = (month_from_march > 9).astype(np.int64)  # January and February
    hour = in_day / 3_600_000_000
    named = {
        "day_number": days.astype(float) + in_day.astype(float) / MICROSECONDS_PER_DAY,
        "year": year_of_era + 400 * ((since_march - in_era) / 146_097) + next_year,
        "month": month_from_march + 3 - 12 * next_year,
        "day": in_year - (153 * month_from_march + 2) / 5 + 1,
        "weekday": (days + 3) % 7,
        "hour": hour,
        "minute": (in_day - 3_600_000_000 * hour).astype(float) / 60_000_000,
    }
    first, *others = (named[part].astype(float) for part in parts)
    return first.concat(*others)


def have_times(dates):
    """Whether any of the dates has a time of day other than midnight."""
    known = dates[~np.isnat(dates)]
    return bool(np.any(known != known.astype("datetime64[D]")))


def elapsed_days(spans):
    """Convert time spans, an array of timedelta64, to numbers of days, NaN where a span is missing."""
    return spans / np.timedelta64(1, "D")
