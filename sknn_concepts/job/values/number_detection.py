"""Detection of the number format of a column from all of its values."""

import dataclasses
import re
from collections import Counter

import numpy as np

from sknn_concepts.job.values.number_format import BODIES, DECIMALS, NumberFormat, plain_unit, shapes_of

#: Minimum share of the distinct values that are numbers for the column to have a number format.
MIN_NUMBER_SHARE = 0.9

#: Minimum number of distinct numbers for a column to have a number format if the only other value is a word.
MIN_NUMBERS_BESIDE_A_WORD = 4

#: Minimum share of the numbers that have a unit for it to be the unit of the column.
MIN_UNIT_SHARE = 0.5

#: Minimum share of whole numbers with a leading zero for the numbers of a column to be codes.
MIN_LEADING_ZERO_SHARE = 0.01

#: Maximum number of values for quick checks before all values are examined.
SAMPLE_SIZE = 1_000

#: A number in Python's format that is not a code; the opposite; and a number whose point must be a decimal mark.
_PLAIN = re.compile(r"[+-]?(?!0[0-9])[0-9]{1,15}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_NOT_PLAIN = re.compile(r"(?:^|\0)[+-]?(?:0[0-9]|[0-9]{16})")
_DECIMAL_POINT = re.compile(r"[+-]?[0-9]+\.(?![0-9]{3}$)[0-9]+")

#: A number with one mark before three digits, which can be a thousands mark or a decimal mark.
_EITHER = re.compile(r"0{1,3}[.,]000")


@dataclasses.dataclass
class NumberDetection:
    """Result of the detection of a number format."""

    format: NumberFormat | None = None  #: detected format, or None if too few of the values are numbers
    share: float = 0.0  #: share of the values that are numbers in the best format
    unparsed: list = dataclasses.field(default_factory=list)  #: values that are not
    label_reason: str = ""  #: reason why the numbers are labels and not quantities, or an empty string
    ambiguity: str = ""  #: clause about another possible reading, or an empty string
    unambiguous: bool = False  #: whether some value can only be read with this decimal mark


def detect_number_format(texts, decimal="auto", missing=(), hint=""):
    """Detect the number format of a column.

    A column has a number format if at least 90 % of its distinct values, or all except one word, are numbers. The
    `hint` is the decimal mark of the other columns, which is used if that of this column is ambiguous. The texts in
    `missing` stand for a missing value.
    """
    texts = [text for text in dict.fromkeys(texts) if isinstance(text, str) and text not in missing]
    sample = texts[:: max(1, len(texts) // SAMPLE_SIZE)]
    plain = _detect_plain_numbers(texts, sample, decimal, hint)
    if plain is not None:
        return plain
    likely = sum(len(shape.texts) for shape in shapes_of(sample) if shape.match)
    if not texts or likely < MIN_NUMBER_SHARE / 2 * len(sample):
        return NumberDetection(unparsed=texts)
    shapes = shapes_of(texts)
    has_magnitudes = len({shape.magnitude for shape in shapes if shape.match}) > 1
    unit = _common_unit(shapes, has_magnitudes)
    points = DECIMALS if decimal == "auto" else (decimal,)
    counts = {
        marks: sum(len(shape.texts) for shape in shapes if NumberFormat(*marks, unit, has_magnitudes).locate(shape))
        for marks in BODIES
        if marks[0] in points
    }
    most = max(counts.values())
    best = [marks for marks in counts if counts[marks] == most]
    marks, ambiguity, unambiguous = _choose(best, shapes, hint if decimal == "auto" else decimal)
    detected = NumberDetection(share=most / len(texts), ambiguity=ambiguity, unambiguous=unambiguous)
    chosen = NumberFormat(*marks, unit, has_magnitudes)
    others = [shape for shape in shapes if not chosen.locate(shape)]
    unparsed = detected.unparsed = [texts[place] for shape in others for place in shape.where]  # as they are written
    one_word = len(unparsed) == 1 and most >= MIN_NUMBERS_BESIDE_A_WORD and not any(map(str.isdigit, unparsed[0]))
    if detected.share >= MIN_NUMBER_SHARE or one_word:
        detected.format = chosen
        detected.label_reason = _label_reason(shapes)
        if has_magnitudes:
            suffixed = next(shape for shape in shapes if shape.match and shape.magnitude > 1.0)
            detected.ambiguity = f"{suffixed.texts[0]!r} is read as a multiple of {suffixed.magnitude:,.0f}"
    return detected


def parse_plain_numbers(values, decimal="auto", hint=""):
    """Convert a column of numbers in Python's format quickly, without examining single values.

    The result is an array of integers if all values are whole numbers, else of floats with NaN where a value is None.
    It is None if the column requires :func:`detect_number_format`, which takes the same `decimal` and `hint`.
    """
    sample = [value for value in values[:: max(1, len(values) // SAMPLE_SIZE)] if value is not None]
    if _detect_plain_numbers(sample, sample, decimal, hint) is None:
        return None
    joined = "\0".join(filter(None, values))
    if joined.strip("0123456789.+-eE\0") or _NOT_PLAIN.search(joined):
        return None
    point = "." in joined
    if point and not any(map(_DECIMAL_POINT.fullmatch, sample)):
        return None
    try:
        if joined.count("\0") + 1 == len(values):
            numbers = np.fromiter(map(float, values), float, len(values))
            whole = not (point or "e" in joined or "E" in joined)
        else:
            numbers = np.fromiter((float(value) if value else np.nan for value in values), float, len(values))
            whole = False
    except ValueError:
        return None
    if whole:
        return numbers.astype("int64")
    return None if np.isinf(numbers).any() else numbers


def _detect_plain_numbers(texts, sample, decimal, hint):
    """Return the result if all values are in Python's format, which is checked quickly, or None if in doubt."""
    if not sample or decimal == "," or not all(map(_PLAIN.fullmatch, sample)) or not all(map(_PLAIN.fullmatch, texts)):
        return None
    if any(map(_DECIMAL_POINT.fullmatch, sample)):
        return NumberDetection(NumberFormat(), 1.0, unambiguous=True)
    return None if any("." in text for text in texts) else NumberDetection(NumberFormat(hint or "."), 1.0)


def _choose(best, shapes, hint):
    """Choose among formats that parse the same values; return the marks, the ambiguity, and whether there is none."""
    bodies = [shape.match["body"] for shape in shapes if shape.match]
    plain = [marks for marks in best if not marks[1]] or best
    either = [shape for shape in shapes if shape.match and _EITHER.fullmatch(shape.match["body"])]
    for mark, other in (".,", ",."):
        if (mark, "") in best and (other, mark) in best and either:
            return _thousands_or_decimals(mark, other, shapes, either, hint)
    choice = next((marks for marks in plain if marks[0] == (hint or ".")), plain[0])
    unambiguous = len({marks[0] for marks in best}) == 1 and any(mark in body for body in bodies for mark in DECIMALS)
    return choice, "", unambiguous


def _thousands_or_decimals(mark, other, shapes, either, hint):
    """Decide whether a mark before three digits is a decimal mark if the values can be read both ways."""
    decimals, grouped = (mark, ""), (other, mark)
    if any(_begins_with_zero(shape) for shape in either):
        return decimals, "", True
    example = f"{mark!r} in values such as {either[0].texts[0]!r} is taken as"
    between = f"{example} a thousands mark (--decimal {mark})"
    if hint:
        return (decimals, "", False) if hint == mark else (grouped, between if mark == "." else "", False)
    bare = [len(shape.match["body"]) for shape in shapes if shape.match and set(shape.match["body"]) == {"0"}]
    many = sum(len(shape.texts) for shape in either) >= 3
    if not any(length > 3 for length in bare) and ((bare and many) or mark == ","):
        return grouped, between, False
    return decimals, f"{example} a decimal mark (--decimal {other})", False


def _label_reason(shapes):
    """Return the reason why the whole numbers of a column are labels and not quantities, or an empty string."""
    digits = [shape for shape in shapes if shape.match and set(shape.shape) == {"0"}]
    if len(digits) < sum(shape.match is not None for shape in shapes):
        return ""
    zeros = sum(text[0] == "0" for shape in digits if len(shape.shape) > 1 for text in shape.texts)
    one_length = len(digits) == 1
    if zeros and (one_length or zeros >= MIN_LEADING_ZERO_SHARE * sum(len(shape.texts) for shape in digits)):
        return "has leading zeros"
    long = (text for shape in digits if len(shape.shape) > 15 for text in shape.texts)
    return "has more digits than a float" if any(int(text) != int(float(text)) for text in long) else ""


def _common_unit(shapes, has_magnitudes):
    counts, total = Counter(), 0
    for shape in shapes:
        if shape.match:
            counts[plain_unit(shape.unit_of(has_magnitudes))] += len(shape.texts)
            total += len(shape.texts)
    named = {unit: count for unit, count in counts.items() if unit}
    best = max(named, key=named.get, default="")
    if not best or named[best] < MIN_UNIT_SHARE * total:
        return ""
    units = (shape.unit_of(has_magnitudes) for shape in shapes if shape.match)
    return next(unit for unit in units if plain_unit(unit) == best)


def _begins_with_zero(shape):
    start = shape.match.start("body")
    return any(text[start] == "0" for text in shape.texts)
