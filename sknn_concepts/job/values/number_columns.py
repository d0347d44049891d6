"""Columns of text that hold numbers become numbers, where the reader itself converts them."""

from collections import Counter

import numpy as np

from sknn_concepts.job.values.missing import missing_marks
from sknn_concepts.job.values.numbers import read_plainly, study

#: The values that are looked at for the decimal mark of the whole table, a column.
DECIMAL_SAMPLE = 1_000


def common_decimal(frame, dialect, decimal, missing):
    """The decimal mark of those columns in which it is beyond doubt, and notes."""
    if decimal != "auto":
        return decimal, []
    counts, commas = Counter(), False
    for place in range(frame.shape[1]):
        texts = _distinct(frame.iloc[:: max(1, len(frame) // DECIMAL_SAMPLE), place])
        reading = study(texts, missing=missing_marks(texts, "number", missing))
        if reading.format is not None and reading.evident:
            counts[reading.format.decimal] += 1
        commas = commas or (bool(reading.doubt) and all("," in text for text in texts))
    if counts:
        return counts.most_common(1)[0][0], []
    if commas and dialect.separator == ";":
        return ",", ["commas were taken for decimal marks, as the separator is a semicolon (--decimal .)."]
    return "", []


def convert_numbers(series, decimal, missing, hint):
    """A column as numbers where it holds numbers, and a note on what is not plain about it."""
    values, like = series.to_numpy(), type(series)
    numbers = None if missing else read_plainly(values, decimal, hint)
    if numbers is not None:
        return like(numbers, series.index, name=series.name), ""
    texts = _distinct(series)
    marks = missing_marks(texts, "number", missing)
    reading = study(texts, decimal, marks, hint)
    if reading.format is None or reading.codes:
        marks = missing_marks(texts, "category", missing)
        return (series.mask(series.isin(marks)) if marks else series), ""
    numbers = reading.format.parse([None if value in marks else value for value in values] if marks else values)
    if not np.isnan(numbers).any() and all(map(_is_whole, texts)):
        numbers = numbers.astype("int64")
    numbers = like(numbers, series.index, name=series.name)
    notes = []
    if reading.strangers:
        count = int(series.isin(reading.strangers).sum())
        notes.append(f"{count} values such as {reading.strangers[0]!r} are no numbers and were taken as missing")
    if reading.doubt:
        notes.append(reading.doubt)
    return numbers, "; ".join(notes)


def _distinct(series):
    texts = dict.fromkeys(series.to_numpy())
    texts.pop(None, None)
    return list(texts)


def _is_whole(text):
    return text.isascii() and text.lstrip("+-").isdigit() and len(text) < 19
