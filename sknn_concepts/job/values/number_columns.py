"""Conversion of text columns that contain numbers, for :func:`sknn_concepts.job.table.read_table`."""

from collections import Counter

import numpy as np

from sknn_concepts.job.values.missing import missing_marks
from sknn_concepts.job.values.number_detection import detect_number_format, parse_plain_numbers

#: Maximum number of values per column from which the decimal mark of the table is determined.
DECIMAL_SAMPLE = 1_000


def common_decimal(frame, dialect, decimal, missing):
    """Return the most frequent decimal mark of the columns in which it is unambiguous, and notes."""
    if decimal != "auto":
        return decimal, []
    counts, commas = Counter(), False
    for place in range(frame.shape[1]):
        texts = _distinct(frame.iloc[:: max(1, len(frame) // DECIMAL_SAMPLE), place])
        detected = detect_number_format(texts, missing=missing_marks(texts, "number", missing))
        if detected.format is not None and detected.unambiguous:
            counts[detected.format.decimal] += 1
        commas = commas or (bool(detected.ambiguity) and all("," in text for text in texts))
    if counts:
        return counts.most_common(1)[0][0], []
    if commas and dialect.separator == ";":
        return ",", ["commas were taken as decimal marks because the separator is a semicolon (--decimal .)."]
    return "", []


def convert_numbers(series, decimal, missing, hint):
    """Convert a column to numbers if it contains numbers, and return it with a note or an empty string."""
    values, like = series.to_numpy(), type(series)
    numbers = None if missing else parse_plain_numbers(values, decimal, hint)
    if numbers is not None:
        return like(numbers, series.index, name=series.name), ""
    texts = _distinct(series)
    marks = missing_marks(texts, "number", missing)
    detected = detect_number_format(texts, decimal, marks, hint)
    if detected.format is None or detected.label_reason:
        marks = missing_marks(texts, "category", missing)
        return (series.mask(series.isin(marks)) if marks else series), ""
    numbers = detected.format.parse([None if value in marks else value for value in values] if marks else values)
    if not np.isnan(numbers).any() and all(map(_is_whole, texts)):
        numbers = numbers.astype("int64")
    numbers = like(numbers, series.index, name=series.name)
    notes = []
    if detected.unparsed:
        count = int(series.isin(detected.unparsed).sum())
        notes.append(f"{count} values such as {detected.unparsed[0]!r} are not numbers and were taken as missing")
    if detected.ambiguity:
        notes.append(detected.ambiguity)
    return numbers, "; ".join(notes)


def _distinct(series):
    texts = dict.fromkeys(series.to_numpy())
    texts.pop(None, None)
    return list(texts)


def _is_whole(text):
    return text.isascii() and text.lstrip("+-").isdigit() and len(text) < 19
