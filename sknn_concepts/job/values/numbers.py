"""Text becomes numbers: one format for each column, decided from all of its values."""

import dataclasses
import re
from collections import Counter

import numpy as np

from sknn_concepts.job.values.number_format import BODIES, DECIMALS, NumberFormat, plain_unit, shapes_of

#: A column holds numbers when this share of its distinct values are numbers; the others are strangers.
MOSTLY = 0.9

#: So many distinct numbers remain numbers beside one word without digits.
FEWEST_BESIDE_A_WORD = 4

#: At least this share of the numbers must carry a unit for it to be the column's unit.
MOST_WITH_UNIT = 0.5

#: Whole numbers in columns where at least this share begins with a zero are codes.
LEADING_ZEROS = 0.01

ENOUGH = 1_000

#: A number that is no code, and one whose point can be nothing but a decimal mark.
_PLAIN = re.compile(r"[+-]?(?!0[0-9])[0-9]{1,15}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_NOT_PLAIN = re.compile(r"(?:^|\0)[+-]?(?:0[0-9]|[0-9]{16})")
_DECIMAL_POINT = re.compile(r"[+-]?[0-9]+\.(?![0-9]{3}$)[0-9]+")

#: One mark with three digits behind it: between thousands, or a decimal mark.
_EITHER = re.compile(r"0{1,3}[.,]000")


@dataclasses.dataclass
class Reading:
    """What the values of a column say about numbers.

    Attributes
    ----------
    format : NumberFormat or None
        None where too few of the values are numbers.
    share : float
        Share of the values that are numbers in the best format.
    strangers : list of str
        The others.
    codes : str
        Why the numbers are labels rather than amounts, or nothing: leading zeros, or more digits than a float holds.
    doubt : str
        Which other reading is possible, or nothing; a clause for a note.
    evident : bool
        Whether some value can be read with these marks only.
    """

    format: NumberFormat | None = None
    share: float = 0.0
    strangers: list = dataclasses.field(default_factory=list)
    codes: str = ""
    doubt: str = ""
    evident: bool = False


def find_format(texts, decimal="auto", missing=(), hint=""):
    """Find how the numbers of a column are written; see :func:`study`.

    Returns
    -------
    number_format : NumberFormat or None
        None where fewer than 90 % of the distinct values, and not all but one word, are numbers.
    """
    return study(texts, decimal, missing, hint).format


def study(texts, decimal="auto", missing=(), hint=""):
    """Find how the numbers of a column are written, and what speaks against it.

    Parameters
    ----------
    texts : iterable of str
        Values of the column; how often each occurs makes no difference.
    decimal : {"auto", ".", ","}, default="auto"
        The decimal mark, where it is known.
    missing : collection of str
        Values that are missing ones.
    hint : {"", ".", ","}, default=""
        The decimal mark of the other columns; it decides where the column itself does not.

    Returns
    -------
    reading : Reading
    """
    texts = [text for text in dict.fromkeys(texts) if isinstance(text, str) and text not in missing]
    sample = texts[:: max(1, len(texts) // ENOUGH)]
    plain = _plain_reading(texts, sample, decimal, hint)
    if plain is not None:
        return plain
    likely = sum(len(shape.texts) for shape in shapes_of(sample) if shape.match)
    if not texts or likely < MOSTLY / 2 * len(sample):
        return Reading(strangers=texts)
    shapes = shapes_of(texts)
    unit = _common_unit(shapes)
    points = DECIMALS if decimal == "auto" else (decimal,)
    counts = {
        marks: sum(len(shape.texts) for shape in shapes if NumberFormat(*marks, unit).recipe(shape))
        for marks in BODIES
        if marks[0] in points
    }
    most = max(counts.values())
    best = [marks for marks in counts if counts[marks] == most]
    marks, doubt, evident = _choose(best, shapes, hint if decimal == "auto" else decimal)
    reading = Reading(share=most / len(texts), doubt=doubt, evident=evident)
    others = [shape for shape in shapes if NumberFormat(*marks, unit).recipe(shape) is None]
    reading.strangers = [text for shape in others for text in shape.texts]
    one_word = len(reading.strangers) == 1 and most >= FEWEST_BESIDE_A_WORD and not _has_digit(reading.strangers[0])
    if reading.share >= MOSTLY or one_word:
        reading.format = NumberFormat(*marks, unit)
        reading.codes = _codes(shapes)
    return reading


def read_plainly(values, decimal="auto", hint=""):
    """Convert a column that is written as in programs, quickly and without a look at single values.

    Parameters
    ----------
    values : sequence of str or None
    decimal, hint : str
        As in :func:`study`.

    Returns
    -------
    numbers : ndarray or None
        NaN for what is None, whole where all values are; None where the column has to be studied.
    """
    sample = [value for value in values[:: max(1, len(values) // ENOUGH)] if value is not None]
    if _plain_reading(sample, sample, decimal, hint) is None:
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


def _plain_reading(texts, sample, decimal, hint):
    """Find, quickly, that all values are written as in programs; None where this is not so, or not beyond doubt."""
    if not sample or decimal == "," or not all(map(_PLAIN.fullmatch, sample)) or not all(map(_PLAIN.fullmatch, texts)):
        return None
    if any(map(_DECIMAL_POINT.fullmatch, sample)):
        return Reading(NumberFormat(), 1.0, evident=True)
    return None if any("." in text for text in texts) else Reading(NumberFormat(hint or "."), 1.0)


def _choose(best, shapes, hint):
    """Choose among the formats that read the same values: the marks, a doubt, and whether there was no choice."""
    bodies = [shape.match["body"] for shape in shapes if shape.match]
    plain = [marks for marks in best if not marks[1]] or best
    either = [shape for shape in shapes if shape.match and _EITHER.fullmatch(shape.match["body"])]
    for mark, other in (".,", ",."):
        if (mark, "") in best and (other, mark) in best and either:
            return _thousands_or_decimals(mark, other, shapes, either, hint)
    choice = next((marks for marks in plain if marks[0] == (hint or ".")), plain[0])
    evident = len({marks[0] for marks in best}) == 1 and any(mark in body for body in bodies for mark in DECIMALS)
    return choice, "", evident


def _thousands_or_decimals(mark, other, shapes, either, hint):
    """Decide what one mark before three digits is, where the values themselves can be read in both ways."""
    decimals, grouped = (mark, ""), (other, mark)
    if any(_begins_with_zero(shape) for shape in either):
        return decimals, "", True
    example = f"{either[0].texts[0]!r} and the like are read with {mark!r}"
    between = f"{example} between thousands (--decimal {mark})"
    if hint:
        return (decimals, "", False) if hint == mark else (grouped, between if mark == "." else "", False)
    bare = [len(shape.match["body"]) for shape in shapes if shape.match and set(shape.match["body"]) == {"0"}]
    many = sum(len(shape.texts) for shape in either) >= 3
    if not any(length > 3 for length in bare) and ((bare and many) or mark == ","):
        return grouped, between, False
    return decimals, f"{example} as decimal mark (--decimal {other})", False


def _has_digit(text):
    return any(map(str.isdigit, text))


def _codes(shapes):
    """Why the whole numbers of a column are labels rather than amounts, or nothing."""
    digits = [shape for shape in shapes if shape.match and set(shape.shape) == {"0"}]
    if len(digits) < sum(shape.match is not None for shape in shapes):
        return ""
    zeros = sum(text[0] == "0" for shape in digits if len(shape.shape) > 1 for text in shape.texts)
    one_length = len(digits) == 1
    if zeros and (one_length or zeros >= LEADING_ZEROS * sum(len(shape.texts) for shape in digits)):
        return "has leading zeros"
    long = (text for shape in digits if len(shape.shape) > 15 for text in shape.texts)
    return "has more digits than a number holds" if any(int(text) != int(float(text)) for text in long) else ""


def _common_unit(shapes):
    counts, total = Counter(), 0
    for shape in shapes:
        if shape.match:
            counts[plain_unit(shape.unit)] += len(shape.texts)
            total += len(shape.texts)
    named = {unit: count for unit, count in counts.items() if unit}
    best = max(named, key=named.get, default="")
    if not best or named[best] < MOST_WITH_UNIT * total:
        return ""
    return next(shape.unit for shape in shapes if shape.match and plain_unit(shape.unit) == best)


def _begins_with_zero(shape):
    start = shape.match.start("body")
    return any(text[start] == "0" for text in shape.texts)
