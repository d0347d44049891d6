"""Text becomes numbers: one format for each column, decided from all of its values.

Each digit of a text is replaced by a zero, which leaves its *shape*; a column has millions of texts but few shapes.
Decisions are made on shapes, and texts of one shape are converted alike.
"""

import dataclasses
import functools
import re
from collections import Counter

import numpy as np

#: A column holds numbers when this share of its distinct values are numbers; the others are strangers.
MOSTLY = 0.9

#: At least this share of the numbers must carry a unit for it to be the column's unit.
MOST_WITH_UNIT = 0.5

#: Whole numbers in columns where at least this share begins with a zero are codes.
LEADING_ZEROS = 0.01

LONGEST = 60
ENOUGH = 1_000

DECIMALS = (".", ",")
THOUSANDS = ("", ",", ".", "'", " ")

_BLANKS = "\u00a0\u202f\u2009\u2007\u2008\u200a\u2006\u2005\u2002\u2003\t"
_APOSTROPHES = "\u2019\u2018\u00b4`\u02bc"
_MINUSES = "\u2212\u2013\u2012\u2010\u2011\ufe63\uff0d"
_WIDE = "".join(chr(0xFF10 + digit) for digit in range(10)) + "".join(chr(0x660 + digit) for digit in range(10))
_TIDY = str.maketrans(
    _BLANKS + _APOSTROPHES + _MINUSES + _WIDE + "\u066b\u066c",
    " " * len(_BLANKS) + "'" * len(_APOSTROPHES) + "-" * len(_MINUSES) + "0123456789" * 2 + ".,",
)
_DIGITS = str.maketrans("123456789", "0" * 9)

_CODES = "USD EUR GBP CHF JPY CNY RMB SEK NOK DKK PLN CZK HUF RON BGN RUB UAH TRY INR BRL MXN ARS CLP COP CAD AUD NZD"
_CODES += " SGD HKD KRW TWD THB IDR MYR PHP VND ZAR EGP NGN KES ILS SAR AED PKR BDT Rs Fr Kr kr RM Rp Fr\\. Rs\\. kr\\."
_CURRENCY = "|".join(
    [
        "(?:R|US|A|C|NZ|HK|S|NT|CA|AU)?\\$",
        "[\u20ac\u00a3\u00a5\u20a0-\u20bf\uffe5\u0e3f]",
        *_CODES.split(),
        "z\u0142",
        "K\u010d",
        "Ft",
    ]
)
_LETTERS = r"(?:[^\W\d_]|[%\u2030\u00b0/$\u00a3\u00a5\u20a0-\u20bf\"\u2032\u2033^\u00b7. \u00b2\u00b3-])"
_UNIT = rf"(?![-^. \u00b7]){_LETTERS}{{1,15}}?0?"
_CELL = re.compile(
    rf"(?P<open>\()? *(?P<sign>[-+])? *(?P<before>{_CURRENCY})? *(?P<open2>\()? *(?P<sign2>[-+])? *"
    r"(?P<body>[.,]?0(?:[0.,' ]*0)?[.,]?(?:(?<=[.,])(?:--?|\u2014))?)(?P<exponent>[eE][-+]?0+)?"
    rf" *(?P<after>{_UNIT})? *(?P<trail>-)? *(?P<close>\))? *(?P<after2>{_CURRENCY}|%)?"
)


def _body(decimal, thousands):
    """Pattern of the digits and marks of a number in one format."""
    whole, point, mark = "0+", re.escape(decimal), re.escape(thousands)
    if thousands:
        whole += rf"|0{{1,3}}(?:{mark}0{{3}})+"
    if thousands == ",":
        whole += r"|0{1,2}(?:,0{2})+,0{3}"  # as in India: 12,34,567
    return re.compile(rf"(?:{whole})(?:{point}(?:0*|--?|\u2014))?|{point}0+")


_BODIES = {(point, mark): _body(point, mark) for point in DECIMALS for mark in THOUSANDS if point != mark}

#: One mark with three digits behind it: between thousands, or a decimal mark.
_EITHER = re.compile(r"0{1,3}[.,]000")


@dataclasses.dataclass(frozen=True)
class NumberFormat:
    """How the numbers of one column are written.

    Attributes
    ----------
    decimal : {".", ","}
        The decimal mark.
    thousands : {"", ",", ".", "'", " "}
        The mark between thousands; apostrophes of all kinds are one, and so are blanks of all widths.
    unit : str
        What stands before or behind the numbers: a currency, a percent sign, a unit of measurement.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    def parse(self, texts):
        """Convert texts.

        Parameters
        ----------
        texts : sequence of str
            Anything that is no text (a missing value) becomes NaN.

        Returns
        -------
        numbers : ndarray of shape (n_texts,)
            NaN for whatever is no finite number in this format.
        """
        numbers = np.full(len(texts), np.nan)
        for shape in _shapes(texts):
            recipe = self._recipe(shape)
            if recipe is not None:
                numbers[shape.where] = self._convert(shape.texts, *recipe)
        numbers[~np.isfinite(numbers)] = np.nan
        return numbers

    def _recipe(self, shape):
        """Where the digits of a shape stand, and the sign, or None if it is no number in this format."""
        match = shape.match
        if match is None or not _BODIES[self.decimal, self.thousands].fullmatch(match["body"]):
            return None
        if shape.unit and _plain_unit(shape.unit) != _plain_unit(self.unit):
            return None
        brackets = bool(match["open"] or match["open2"])
        if brackets != bool(match["close"]):
            return None
        minus = "-" in (match["sign"], match["sign2"], match["trail"]) or brackets
        return match.start("body"), match.end("exponent") if match["exponent"] else match.end("body"), minus

    def _convert(self, texts, start, stop, minus):
        core = [text[start:stop] for text in texts]
        if self.decimal != "." or self.thousands or core[0][-1] in "-\u2014":
            exponent = "-" if "e" in core[0] or "E" in core[0] else ""
            table = {ord(mark): None for mark in (self.thousands, *("" if exponent else "-\u2014")) if mark}
            table[ord(self.decimal)] = "."
            core = "\0".join(core).translate(table).split("\0")
        numbers = np.fromiter(map(float, core), float, len(core))
        return -numbers if minus else numbers


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


def is_number(text):
    """Whether a text alone can be a number, in any format."""
    if len(text) > LONGEST:
        return False
    return _is_number(text.translate(_TIDY).translate(_DIGITS))


@functools.lru_cache(2**14)
def _is_number(shape):
    match = _CELL.fullmatch(shape)
    return match is not None and any(body.fullmatch(match["body"]) for body in _BODIES.values())


def find_format(texts, decimal="auto", missing=(), hint=""):
    """Find how the numbers of a column are written; see :func:`study`.

    Returns
    -------
    number_format : NumberFormat or None
        None where fewer than 90 % of the distinct values are numbers.
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
    likely = sum(len(shape.texts) for shape in _shapes(sample) if shape.match)
    if not texts or likely < MOSTLY / 2 * len(sample):
        return Reading(strangers=texts)
    shapes = _shapes(texts)
    unit = _common_unit(shapes)
    points = DECIMALS if decimal == "auto" else (decimal,)
    counts = {
        marks: sum(len(shape.texts) for shape in shapes if NumberFormat(*marks, unit)._recipe(shape))
        for marks in _BODIES
        if marks[0] in points
    }
    most = max(counts.values())
    best = [marks for marks in counts if counts[marks] == most]
    marks, doubt, evident = _choose(best, shapes, hint if decimal == "auto" else decimal)
    reading = Reading(share=most / len(texts), doubt=doubt, evident=evident)
    if reading.share >= MOSTLY:
        reading.format = NumberFormat(*marks, unit)
        reading.codes = _codes(shapes)
    known = [shape for shape in shapes if NumberFormat(*marks, unit)._recipe(shape) is None]
    reading.strangers = [text for shape in known for text in shape.texts]
    return reading


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
    if hint:
        return (decimals if hint == mark else grouped), "", False
    bare = [len(shape.match["body"]) for shape in shapes if shape.match and set(shape.match["body"]) == {"0"}]
    many = sum(len(shape.texts) for shape in either) >= 3
    example = f"{either[0].texts[0]!r} and the like are read with {mark!r}"
    if not any(length > 3 for length in bare) and ((bare and many) or mark == ","):
        return grouped, f"{example} between thousands (--decimal {mark})", False
    return decimals, f"{example} as decimal mark (--decimal {other})", False


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
            counts[_plain_unit(shape.unit)] += len(shape.texts)
            total += len(shape.texts)
    named = {unit: count for unit, count in counts.items() if unit}
    best = max(named, key=named.get, default="")
    if not best or named[best] < MOST_WITH_UNIT * total:
        return ""
    return next(shape.unit for shape in shapes if shape.match and _plain_unit(shape.unit) == best)


def _plain_unit(unit):
    return unit.casefold().rstrip("s.")  # 1 day, 2 days


def _begins_with_zero(shape):
    start = shape.match.start("body")
    return any(text[start] == "0" for text in shape.texts)


@dataclasses.dataclass
class _Shape:
    """Texts that differ in their digits only, tidied, and where in the column they stand."""

    shape: str
    texts: list
    where: list

    def __post_init__(self):
        self.match = _CELL.fullmatch(self.shape) if len(self.shape) <= LONGEST else None
        self.unit = ""
        if self.match:
            parts = (self.match[part] for part in ("before", "after", "after2"))
            self.unit = " ".join(part.strip() for part in parts if part)


def _shapes(texts):
    """Group texts by shape."""
    where = [position for position, text in enumerate(texts) if isinstance(text, str)]
    joined = "\0".join(texts[position] for position in where)
    if not joined.isascii():
        joined = joined.translate(_TIDY)
    tidy, shapes = joined.split("\0"), joined.translate(_DIGITS).split("\0")
    if len(tidy) != len(where):  # a text holds the character that joins them
        tidy = [texts[position].translate(_TIDY).replace("\0", " ") for position in where]
        shapes = [text.translate(_DIGITS) for text in tidy]
    groups = {}
    for position, text, shape in zip(where, tidy, shapes, strict=True):
        group = groups.get(shape)
        if group is None:
            group = groups[shape] = ([], [])
        group[0].append(text)
        group[1].append(position)
    return [_Shape(shape, *group) for shape, group in groups.items()]
