"""Tests of number formats, which are detected from all values of a column."""

import math
import pickle

import numpy as np
import pytest

from sknn_concepts.job.values.number_detection import detect_number_format, parse_plain_numbers
from sknn_concepts.job.values.number_format import NumberFormat, is_number

nan = math.nan


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        # decimal and thousands marks
        (["1.5", "2", "1e3", "-0.5"], [1.5, 2, 1000, -0.5]),
        (["3,5", "12", "-1,25"], [3.5, 12, -1.25]),
        (["1.234,56", "999,50"], [1234.56, 999.5]),
        (["1,234.56", "999.50"], [1234.56, 999.5]),
        (["1.234", "1.234.567"], [1234, 1234567]),
        (["1,234", "1,234,567"], [1234, 1234567]),
        (["1.234", "0.567"], [1.234, 0.567]),
        (["1,234", "0,567"], [1.234, 0.567]),
        (["1,234", "12345,5"], [1.234, 12345.5]),
        (["12,34,567.5", "1,00,000"], [1234567.5, 100000]),
        (["1'234.5", "1’234’567"], [1234.5, 1234567]),
        (["1 234,5", "12\u202f345,5", "1\u2009234", "1\u00a0234"], [1234.5, 12345.5, 1234, 1234]),
        ([".5", "0.25", "5."], [0.5, 0.25, 5]),
        (["1,5e3", "2,5E-1"], [1500, 0.25]),
        (["٣٫٥", "١٢"], [3.5, 12]),
        # signs
        (["\u22125", "\u20133.5", "+2"], [-5, -3.5, 2]),
        (["(123.45)", "5.00"], [-123.45, 5]),
        (["123,45-", "5,00"], [-123.45, 5]),
        (["- 5", "3"], [-5, 3]),
        # currencies, percent, units
        (["$1,234.50", "-$5", "$-5", "($5)", "$(5)"], [1234.5, -5, -5, -5, -5]),
        (["1.234,50 €", "0,99 €"], [1234.5, 0.99]),
        (["€ 1.234,50", "€ 0,99"], [1234.5, 0.99]),
        (["CHF 1'234.50", "CHF 0.99"], [1234.5, 0.99]),
        (["R$ 1.234,50", "R$ 0,99"], [1234.5, 0.99]),
        (["12 500,00 zł", "1,20 zł"], [12500, 1.2]),
        (["12,5 %", "9%", "0,1 %"], [12.5, 9, 0.1]),
        (["12 kg", "1.5 kg", "8kg"], [12, 1.5, 8]),
        (["5 km/h", "15 km/h"], [5, 15]),
        (["-3 °C", "21 °C"], [-3, 21]),
        (["12 m²", "13 m²"], [12, 13]),
        (["1 day", "2 days"], [1, 2]),
    ],
)
def test_a_column_of_numbers(texts, numbers):
    reading = detect_number_format(texts)
    assert reading.share == 1.0 and not reading.unparsed and not reading.label_reason
    assert reading.format.parse(texts) == pytest.approx(numbers)
    assert pickle.loads(pickle.dumps(reading.format)) == reading.format
    assert all(map(is_number, texts))


@pytest.mark.parametrize(
    "texts",
    [
        ["12 kg", "13 lb", "14 kg"],
        ["1_2", "3_4"],
        ["1/2", "3/4"],
        ["1.5.2", "1.5.3"],
        ["192.168.1.1", "10.0.0.1"],
        ["12:30", "13:45"],
        ["A1", "A2"],
        ["0x1F", "0x2A"],
        ["1st", "2nd", "3rd"],
        ["2020-01-01", "2020-01-02"],
        ["red", "blue"],
        ["1", "red", "2"],
        ["--5", "3-4"],
        ["1,2,3", "4,5,6"],
        [],
    ],
)
def test_what_is_no_column_of_numbers(texts):
    assert detect_number_format(texts).format is None


@pytest.mark.parametrize(
    ("texts", "codes"),
    [
        (["00501", "10001"], "leading zeros"),
        (["01", "1", "10"], "leading zeros"),
        (["0.5", "00.5"], ""),
        (["0", "10"], ""),
        (["12345678901234567890", "12345678901234567891"], "more digits"),
        (["1234567890123456", "2"], ""),
    ],
)
def test_labels_that_look_like_numbers(texts, codes):
    assert codes in detect_number_format(texts).label_reason
    assert bool(codes) == bool(detect_number_format(texts).label_reason)


@pytest.mark.parametrize(
    ("texts", "decimal", "hint", "mark", "doubtful"),
    [
        (["1.234", "5.678"], "auto", "", ".", True),
        (["1.234", "5.678"], "auto", ".", ".", False),
        (["1.234", "5.678"], "auto", ",", ",", True),
        (["1.234", "5.678"], ",", "", ",", False),
        (["1.234", "5.678", "0.123"], "auto", ",", ".", False),
        (["1.234", "999", "12"], "auto", "", ".", True),
        (["1,234", "5,678"], "auto", "", ".", True),
        (["1,234", "5,678"], "auto", ",", ",", False),
        (["1,234", "5,678"], ",", "", ",", False),
        (["12", "5"], "auto", "", ".", False),
    ],
)
def test_one_mark_before_three_digits(texts, decimal, hint, mark, doubtful):
    reading = detect_number_format(texts, decimal, hint=hint)
    assert reading.format.decimal == mark
    assert ("--decimal" in reading.ambiguity) == doubtful


def test_few_strangers_are_told():
    texts = [f"{number / 4}" for number in range(40)]
    reading = detect_number_format([*texts, "<0.05", "?", "unknown"], missing=("?", "unknown"))
    assert reading.format == NumberFormat()
    assert reading.unparsed == ["<0.05"]
    assert detect_number_format([*texts[:5], "a", "b"]).format is None


def test_values_that_do_not_fit_are_given_as_they_are_written():
    texts = [*map(str, range(40)), "1\u20132 rooms", "3\u00a0or 4"]
    assert detect_number_format(texts).unparsed == texts[40:]


def test_what_a_format_cannot_read_is_nan():
    texts = ["1.5", None, "", "x", "1,5", "1e400", nan, "nan", "inf", "1_0", "１"]
    assert np.array_equal(NumberFormat().parse(texts), [1.5, *[nan] * 9, 1], equal_nan=True)
    assert np.array_equal(NumberFormat(",", ".").parse(["1.234,5", "1.5", "2"]), [1234.5, nan, 2], equal_nan=True)
    assert np.array_equal(NumberFormat(unit="kg").parse(["5 kg", "5", "5 lb"]), [5, 5, nan], equal_nan=True)


@pytest.mark.parametrize("values", [["1.5", None, "2"], ["1e3", "2"], ["-1", "2"], ["1.50", "0.25"]])
def test_plain_columns_are_read_quickly_and_alike(values):
    known = [value for value in values if value]
    assert np.array_equal(parse_plain_numbers(values), detect_number_format(known).format.parse(values), equal_nan=True)


@pytest.mark.parametrize(
    "values", [["01", "2"], ["1,5"], ["1.234"], ["1_0", "2"], ["1e400"], ["nan"], ["1" * 16], [None]]
)
def test_columns_that_are_not_plain_are_studied(values):
    assert parse_plain_numbers(values) is None


def test_whole_numbers_are_whole():
    assert parse_plain_numbers(["1", "-2"]).dtype.kind == "i"
    assert parse_plain_numbers(["1", None]).dtype.kind == "f"


@pytest.mark.parametrize(
    "texts, numbers, suffixed",
    [
        (["500", "1.5K", "2K", "3.25k", "900"], [500, 1500, 2000, 3250, 900], "'1.5K' is read as a multiple of 1,000"),
        (["$1.5M", "$20K", "$3M", "$750"], [1.5e6, 2e4, 3e6, 750], "'$1.5M' is read as a multiple of 1,000,000"),
        (["9 EUR", "1,5 Mio EUR", "2 Mrd EUR"], [9, 1.5e6, 2e9], "'1,5 Mio EUR' is read as a multiple of 1,000,000"),
        (["300 K", "310.5 K", "290 K"], [300, 310.5, 290], ""),  # all alike: a unit, such as kelvin
        (["500 m", "250 m", "300 m"], [500, 250, 300], ""),
    ],
)
def test_suffixes_multiply_where_numbers_differ_in_them(texts, numbers, suffixed):
    detected = detect_number_format(texts)
    assert detected.format.parse(texts).tolist() == numbers
    assert detected.ambiguity == suffixed
