"""Number formats: decimal and thousands marks, currencies and units, and the parsing of texts in a format.

Replacing each digit of a text by a zero gives its *shape*. A column has millions of texts but few shapes, and all texts
of one shape are converted together.
"""

import dataclasses
import functools
import re

import numpy as np

MAX_LENGTH = 60

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
_SIGNS = ["(?:R|US|A|C|NZ|HK|S|NT|CA|AU)?\\$", "[\u20ac\u00a3\u00a5\u20a0-\u20bf\uffe5\u0e3f]"]
_CURRENCY = "|".join([*_SIGNS, *_CODES.split(), "z\u0142", "K\u010d", "Ft"])

#: Suffixes that multiply a number, if the numbers of a column have different ones or only some have one.
MAGNITUDES = {"k": 1e3, "K": 1e3, "M": 1e6, "mio": 1e6, "mn": 1e6, "million": 1e6, "B": 1e9, "bn": 1e9, "mrd": 1e9}

_LETTERS = r"(?:[^\W\d_]|[%\u2030\u00b0/$\u00a3\u00a5\u20a0-\u20bf\"\u2032\u2033^\u00b7. \u00b2\u00b3-])"
_UNIT = rf"(?![-^. \u00b7/]){_LETTERS}{{1,15}}?(?:(?<=[^\W\d_])0)?"
_CELL = re.compile(
    rf"(?P<open>\()? *(?P<sign>[-+])? *(?P<before>{_CURRENCY}|%)? *(?P<open2>\()? *(?P<sign2>[-+])? *"
    r"(?P<body>[.,]?0(?:[0.,' ]*0)?[.,]?(?:(?<=[.,])(?:--?|\u2014))?)(?P<exponent>[eE][-+]?0+)?"
    rf" *(?P<after>{_UNIT})? *(?P<trail>-)? *(?P<close>\))? *(?P<after2>{_CURRENCY}|%)?"
)


def _body(decimal, thousands):
    """Compile the pattern of the digits and marks of a number in one format."""
    whole, point, mark = "0+", re.escape(decimal), re.escape(thousands)
    if thousands:
        whole += rf"|0{{1,3}}(?:{mark}0{{3}})+"
    if thousands == ",":
        whole += r"|0{1,2}(?:,0{2})+,0{3}"  # the Indian system: 12,34,567
    return re.compile(rf"(?:{whole})(?:{point}(?:0*|--?|\u2014))?|{point}0+")


BODIES = {(point, mark): _body(point, mark) for point in DECIMALS for mark in THOUSANDS if point != mark}


@dataclasses.dataclass(frozen=True)
class NumberFormat:
    """Format of the numbers of a column."""

    decimal: str = "."  #: decimal mark
    #: mark between groups of thousands; all kinds of apostrophes are equivalent, and so are spaces of all widths
    thousands: str = ""
    unit: str = ""  #: currency, percent sign or unit of measurement before or after the numbers
    has_magnitudes: bool = False  #: whether suffixes such as K and M multiply the numbers and belong to no unit

    def parse(self, texts):
        """Convert a sequence of texts, with NaN for everything that is not a finite number in this format."""
        numbers = self._parse_plain(texts)
        if numbers is None:
            numbers = np.full(len(texts), np.nan)
            for shape in shapes_of(texts):
                location = self.locate(shape)
                if location is not None:
                    numbers[shape.where] = self._convert(shape.texts, *location)
                    if self.has_magnitudes:
                        numbers[shape.where] *= shape.magnitude
        numbers[~np.isfinite(numbers)] = np.nan
        return numbers

    def _parse_plain(self, texts):
        """Parse texts that are all in Python's own format, which is fast. Return None if some are not."""
        if self.unit or self.thousands or self.has_magnitudes:
            return None
        try:
            rest = "".join(filter(None, texts)).strip("0123456789+-eE" + "." * (self.decimal == "."))
            return None if rest else np.fromiter((float(text) if text else np.nan for text in texts), float, len(texts))
        except (TypeError, ValueError):
            return None

    def locate(self, shape):
        """Return start and end of the number in texts of a shape and whether it is negative, or None if it is none."""
        match = shape.match
        if match is None or not BODIES[self.decimal, self.thousands].fullmatch(match["body"]):
            return None
        unit = shape.unit_of(self.has_magnitudes)
        if unit and plain_unit(unit) != plain_unit(self.unit):
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


def is_number(text):
    """Whether a text can be a number in some format."""
    if len(text) > MAX_LENGTH:
        return False
    return _is_number(text.translate(_TIDY).translate(_DIGITS))


@functools.lru_cache(2**14)
def _is_number(shape):
    match = _CELL.fullmatch(shape)
    return match is not None and any(body.fullmatch(match["body"]) for body in BODIES.values())


def plain_unit(unit):
    """Normalize the spelling of a unit, so that singular and plural are equal."""
    return unit.casefold().rstrip("s.")


@dataclasses.dataclass
class Shape:
    """Normalized texts that differ only in their digits, and their positions in the column."""

    shape: str
    texts: list
    where: list

    def __post_init__(self):
        self.match = _CELL.fullmatch(self.shape) if len(self.shape) <= MAX_LENGTH else None
        self.unit = ""
        if self.match:
            parts = (self.match[part] for part in ("before", "after", "after2"))
            self.unit = " ".join(part.strip() for part in parts if part)
        factors = map(_magnitude, self.unit.split())
        self.magnitude = next((factor for factor in factors if factor), 1.0)

    def unit_of(self, has_magnitudes):
        """Return the unit, without a suffix that multiplies the numbers if they have such suffixes."""
        if not has_magnitudes:
            return self.unit
        return " ".join(part for part in self.unit.split() if not _magnitude(part))


def _magnitude(suffix):
    """Return the factor of a suffix such as K or Mio., or None."""
    return MAGNITUDES.get(suffix) or (MAGNITUDES.get(suffix.rstrip(".").casefold()) if len(suffix) > 1 else None)


def shapes_of(texts):
    """Group texts by shape."""
    where = [position for position, text in enumerate(texts) if isinstance(text, str)]
    joined = "\0".join(texts[position] for position in where)
    if not joined.isascii():
        joined = joined.translate(_TIDY)
    tidy, shapes = joined.split("\0"), joined.translate(_DIGITS).split("\0")
    if len(tidy) != len(where):  # a text contains the joining character
        tidy = [texts[position].translate(_TIDY).replace("\0", " ") for position in where]
        shapes = [text.translate(_DIGITS) for text in tidy]
    groups = {}
    for position, text, shape in zip(where, tidy, shapes, strict=True):
        group = groups.get(shape)
        if group is None:
            group = groups[shape] = ([], [])
        group[0].append(text)
        group[1].append(position)
    return [Shape(shape, *group) for shape, group in groups.items()]
