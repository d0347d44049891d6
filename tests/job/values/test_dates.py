"""Tests of date formats, which are detected from all values of a column."""

import numpy as np
import pytest

pandas = pytest.importorskip("pandas")

from sknn_concepts.job.values.date_detection import detect_date_format  # noqa: E402
from sknn_concepts.job.values.dates import parse, parts_of  # noqa: E402

DAYS = pandas.date_range("2019-01-01", periods=200, freq="37h17min13s")

FORMATS = (
    "%d-%m-%Y|%d-%b-%Y|%d/%m/%y|%m/%d/%y|%m/%d/%Y|%Y/%m/%d|%d.%m.%Y|%y-%m-%d|%Y-%d-%m|%b %d, %Y|%A, %B %d, %Y|%b-%y"
    "|%Y-%m|%m/%Y|%Y%m%d|%Y%m|%Y%m%d%H%M%S|%H:%M|%H:%M:%S|%I:%M %p|%m/%d/%Y %I:%M:%S %p|%d.%m.%Y %H:%M"
    "|%Y-%m-%dT%H:%M:%SZ|%Y-%m-%d %H:%M:%S.%f|%a, %d %b %Y %H:%M:%S GMT|%d/%b/%Y:%H:%M:%S"
    "|%a %b %d %H:%M:%S %Y|%a %b %d %H:%M:%S +0000 %Y"
).split("|")


@pytest.mark.parametrize("form", FORMATS)
def test_dates_are_read_as_they_were_written(form):
    texts = list(DAYS.strftime(form))
    found = detect_date_format(list(dict.fromkeys(texts)))
    assert found.share == 1.0
    expected = pandas.to_datetime(pandas.Series(texts), format=form, utc=True)
    assert (parse(texts, found.format) == expected).all()


@pytest.mark.parametrize(
    "texts",
    [
        ["25-34", "35-44"],
        ["1.2.3", "1.10.2"],
        ["2018-19", "2019-20", "2020-21"],
        ["10.0.0.1"],
        ["1990", "2000"],
        ["12.5", "13.25"],
        ["1/2", "3/4"],
        ["May", "June"],
        ["12.20 March %", "05.21 May %"],
        ["March 12 2020 March", "May 13 2020 May"],
        ["PM 12:30 PM", "AM 11:20 AM"],
        ["123-45-6789"],
        ["red", "blue"],
        ["1546300800", "1546300900"],
    ],
)
def test_what_is_no_date(texts):
    assert detect_date_format(texts).share == 0.0


def test_seconds_since_1970_where_the_name_speaks_of_time():
    found = detect_date_format(["1546300800", "1546387200"], "created_at")
    assert parse(["1546387200"], found.format)[0] == pandas.Timestamp("2019-01-02", tz="UTC")


def test_later_rows_tell_the_day_from_the_month():
    texts = [f"{day:02}/03/2020" for day in range(1, 29)]
    assert detect_date_format(texts).format == "%d/%m/%Y"
    found = detect_date_format(["01/02/2019", "03/04/2019"])
    assert found.format == "%m/%d/%Y"
    assert "guess" in found.ambiguity


def test_several_formats_in_one_column():
    texts = ["2019-01-31", "31/01/2019", "31st January 2019", "2019-01-31T01:00:00+01:00", "9999-12-31"]
    found = detect_date_format(texts)
    assert found.unparsed == ["9999-12-31"]
    assert set(parse(texts[:-1], found.format)) == {pandas.Timestamp("2019-01-31", tz="UTC")}


def test_parts_of_formats():
    assert parts_of("ISO8601") == DATE_PARTS
    assert parts_of("%H:%M") == ("hour", "minute")
    assert parts_of("%d.%m.%Y") == ("day_number", "year", "month", "day", "weekday")
