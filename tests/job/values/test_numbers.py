"""One format of numbers for each column, decided from all of its values."""

import math
import pickle

import numpy as np
import pytest

from sknn_concepts.job.values.number_format import NumberFormat, is_number
from sknn_concepts.job.values.numbers import find_format, read_plainly, study

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
    reading = study(texts)
    assert reading.share == 1.0 and not reading.strangers and not reading.codes
    assert reading.format.parse(texts) == pytest.approx(numbers)
    assert pickle.loads(pickle.dumps(reading.format)) == reading.format
    assert all(map(is_number, texts))


@pytest.mark.parametrize(
    "texts",
    [
        ["12 kg", "13 lb", "14 kg"],
        ["1.5K", "2.5M"],
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
    assert find_format(texts) is None


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
    assert codes in study(texts).codes
    assert bool(codes) == bool(study(texts).codes)


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
    reading = study(texts, decimal, hint=hint)
    assert reading.format.decimal == mark
    assert ("--decimal" in reading.doubt) == doubtful


def test_few_strangers_are_told():
    texts = [f"{number / 4}" for number in range(40)]
    reading = study([*texts, "<0.05", "?", "unknown"], missing=("?", "unknown"))
    assert reading.format == NumberFormat()
    assert reading.strangers == ["<0.05"]
    assert study([*texts[:5], "a", "b"]).format is None


def test_what_a_format_cannot_read_is_nan():
    texts = ["1.5", None, "", "x", "1,5", "1e400", nan, "nan", "inf", "1_0", "１"]
    assert np.array_equal(NumberFormat().parse(texts), [1.5, *[nan] * 9, 1], equal_nan=True)
    assert np.array_equal(NumberFormat(",", ".").parse(["1.234,5", "1.5", "2"]), [1234.5, nan, 2], equal_nan=True)
    assert np.array_equal(NumberFormat(unit="kg").parse(["5 kg", "5", "5 lb"]), [5, 5, nan], equal_nan=True)


@pytest.mark.parametrize("values", [["1.5", None, "2"], ["1e3", "2"], ["-1", "2"], ["1.50", "0.25"]])
def test_plain_columns_are_read_quickly_and_alike(values):
    known = [value for value in values if value]
    assert np.array_equal(read_plainly(values), study(known).format.parse(values), equal_nan=True)


@pytest.mark.parametrize(
    "values", [["01", "2"], ["1,5"], ["1.234"], ["1_0", "2"], ["1e400"], ["nan"], ["1" * 16], [None]]
)
def test_columns_that_are_not_plain_are_studied(values):
    assert read_plainly(values) is None


def test_whole_numbers_are_whole():
    assert read_plainly(["1", "-2"]).dtype.kind == "i"
    assert read_plainly(["1", None]).dtype.kind == "f"
