"""Parts of dates, against Python's own calendar."""

import datetime

import numpy as np
import pytest

from sknn_concepts.tabular.reading.dates import DATE_PARTS, elapsed_days, have_times, split


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parts_are_those_of_pythons_calendar(unit):
    seconds = np.random.default_rng(0).integers(-3_000_000_000, 4_000_000_000, size=500)
    parts = split(seconds.astype("datetime64[s]").astype(f"datetime64[{unit}]"))
    epoch = datetime.datetime(1970, 1, 1)
    for second, numbers in zip(seconds.tolist(), parts, strict=True):
        date = epoch + datetime.timedelta(seconds=second)
        expected = [date.year, date.month, date.day, date.weekday(), date.hour, date.minute + date.second / 60]
        np.testing.assert_allclose(numbers, [second / 86400, *expected], rtol=1e-14)


def test_missing_dates_have_no_parts():
    parts = split(np.array(["1970-01-02T18:30:30", "NaT"], dtype="datetime64[s]"))
    np.testing.assert_array_equal(parts[0], [1 + 66630 / 86400, 1970, 1, 2, 4, 18, 30.5])
    assert np.isnan(parts[1]).all()


def test_chosen_parts_and_days_without_time():
    dates = np.array(["2024-02-29", "NaT"], dtype="datetime64[D]")
    np.testing.assert_array_equal(split(dates, ("day", "month")), [[29, 2], [np.nan, np.nan]])
    assert split(dates).shape == (2, len(DATE_PARTS))
    assert not have_times(dates)
    assert have_times(np.array(["2024-02-29T00:00", "2024-02-29T00:01"], dtype="datetime64[m]"))


def test_elapsed_days():
    np.testing.assert_array_equal(elapsed_days(np.array([36, "NaT"], dtype="timedelta64[h]")), [1.5, np.nan])
