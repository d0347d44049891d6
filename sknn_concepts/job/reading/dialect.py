"""What stands between the values, and around them.

Each dialect that is possible cuts a sample of the lines into rows. The best one makes rows of one length and of cells
of known types: van den Burg, Nazábal and Sutton (2019), "Wrangling messy CSV files by detecting row and type patterns".
"""

import csv
import functools
import io
import re
from collections import Counter
from dataclasses import dataclass

from sknn_concepts.job.reading.rows import COMMENTS, SEVERAL_BLANKS, Dialect, split, without_limit
from sknn_concepts.job.values.missing import AMONG_NUMBERS, LIKELY, UNMISTAKABLE
from sknn_concepts.job.values.number_format import is_number

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}

#: Considered where none of the usual ones serves.
RARE_SEPARATORS = " ^:~!&*=/\\#§¦¬\x01\x02\x1c\x1d\x1e\x1f"

#: A usual separator is taken without a look at the rare ones if these shares of rows and of cells are in order.
GOOD_ROWS = 0.8
GOOD_CELLS = 0.7

#: What a dialect is worth, as a share, whose quotation marks do not stand around whole cells.
STRAY_QUOTES = 0.6

#: What a dialect is worth, as a share, that does not cut the first line.
SHORT_START = 0.4

#: The least share of rows of one length.
ALIKE = 0.5

HEAD_LINES, FEWEST_LINES, HEAD_TEXT, MOST_TEXT = 300, 10, 100_000, 4_000_000
PIECES, PIECE = 4, 8_000

_DATE = re.compile(
    r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm]|Z|[+-]\d{2}:?\d{2})?)?"
    r"|\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?|\d{4}-\d{2}"
    r"|\d{1,2}[- ][A-Za-z]{3,9}\.?[- ,]\s?\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}"
)
_LIST = re.compile(r"\d+(?:([,;:|/ -])\d+)(?:\1\d+)*")
_BETWEEN_DIGITS = re.compile(r"(?<=\d),(?=\d)")
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass
class Sample:
    """Some lines of a file: its beginning, and pieces from the rest.

    Attributes
    ----------
    head : list of str
        The first lines with their ends.
    pieces : list of list of str
        Lines from elsewhere.
    whole : bool
        Whether the head is everything.
    """

    head: list
    pieces: list
    whole: bool


def take_sample(data):
    """Take a sample of UTF-8 bytes."""
    head, size = [], 0
    text = data[:MOST_TEXT].decode("utf-8", "ignore")
    for line in io.StringIO(text, newline=""):
        head.append(line)
        size += len(line)
        if (size > HEAD_TEXT and len(head) >= FEWEST_LINES) or len(head) >= HEAD_LINES:
            break
    whole = size == len(text) and len(data) <= MOST_TEXT
    if size == len(text) and not whole and len(head) > 1:
        head.pop()  # it is cut off
    pieces = []
    rest = len("".join(head).encode())
    if not whole and len(data) - rest > 2 * PIECES * PIECE:
        for number in range(1, PIECES + 1):
            start = rest + (len(data) - rest) * number // PIECES - PIECE
            pieces.append(data[start : start + PIECE].decode("utf-8", "ignore").splitlines(keepends=True)[1:-1])
    return Sample(head, pieces, whole)


def is_separator(separator):
    """Whether this can be a separator: one character that is no line end and no quotation mark."""
    return isinstance(separator, str) and len(separator) == 1 and separator not in '\r\n"\0'


def separator_line(head):
    """The separator that the first line names, as Excel writes it (``sep=;``), or nothing, and notes."""
    match = _SEP_LINE.fullmatch(head[0]) if head else None
    if not match:
        return "", []
    rest = [line for line in head[1:] if line.strip()]
    if 2 * sum(match[1] in line for line in rest) < len(rest):
        return "", [f"the first line says that {match[1]!r} separates the values, but it does not."]
    return match[1], []


@dataclass
class Candidate:
    """A dialect, and how well it cuts the sample."""

    dialect: Dialect
    rows: float = 0.0
    cells: float = 0.0
    numbers: float = 0.0
    score: float = 0.0


def find_dialect(sample, separator="auto"):
    """Find separator and quotation mark.

    Parameters
    ----------
    sample : Sample
    separator : str, default="auto"
        One of :data:`SEPARATORS` or a character, where it is known.

    Returns
    -------
    dialect : Dialect or None
        With the separator ``""`` where there is one column only; None where no dialect cuts the lines alike.
    plain : bool
        Whether it is one of the usual separators.
    """
    head = sample.head[1:] if _SEP_LINE.fullmatch(sample.head[0]) else sample.head
    lines = [line for line in head if line.strip() and not line.lstrip().startswith(COMMENTS)]
    lines = lines or sample.head
    text = "".join(lines)
    quotes = _possible_quotes(text)
    if separator != "auto":
        separator = SEPARATORS.get(separator, separator)
        return max(_try(lines, sample, separator, quotes), key=_score).dialect, True
    usual = [mark for name, mark in SEPARATORS.items() if name != "space" and mark in text]
    found = [candidate for mark in usual for candidate in _try(lines, sample, mark, quotes)]
    best = max(found, key=_score, default=Candidate(Dialect()))
    if best.rows < GOOD_ROWS or best.cells < GOOD_CELLS or _may_be_decimal(text, best.dialect):
        for mark in (*RARE_SEPARATORS, SEVERAL_BLANKS):
            if sum(mark in line for line in lines) > ALIKE * len(lines):
                tried = _try(lines, sample, mark, quotes)
                found += [candidate for candidate in tried if mark.strip() or candidate.numbers > 0.25]
        best = max(found, key=_score, default=best)
    if _is_one_column(lines, best):
        return Dialect(separator=""), True
    if best.rows < ALIKE and not (best.numbers > ALIKE / 2 and _is_ragged(lines, best.dialect)):
        return None, False
    return best.dialect, best.dialect.separator in SEPARATORS.values()


def _may_be_decimal(text, dialect):
    """Whether commas stand between digits only."""
    return dialect.separator == "," and text.count(",") == len(_BETWEEN_DIGITS.findall(text))


def _is_ragged(lines, dialect):
    """Whether no row is longer than the first one."""
    lengths = list(map(len, rows_of(lines, dialect)))
    return lengths[0] > 1 and lengths[0] == max(lengths)


def _score(candidate):
    rare = candidate.dialect.separator not in ",;\t|"
    return candidate.score * (0.9 if rare else 1.0)


def _possible_quotes(text):
    """Pairs of quotation mark and escape that may be meant."""
    quotes = [('"', "")]
    if '\\"' in text:
        quotes.append(('"', "\\"))
    if re.search(r"(^|[,;\t| ])'[^'\n]*'\s*([,;\t| ]|$)", text, re.MULTILINE):
        quotes.append(("'", ""))
        if "\\'" in text:
            quotes.append(("'", "\\"))
    if '"' in text:
        quotes.append(("", ""))
    return quotes


def _try(lines, sample, separator, quotes):
    """Cut the lines in all dialects with one separator."""
    paired = False
    for quote, escape in quotes:
        dialect = Dialect(separator=separator, quote=quote, escape=escape)
        rows = list(rows_of(lines, dialect))
        for piece in sample.pieces:
            rows += rows_of(piece, dialect)
        candidate = _rate(dialect, rows, len(lines) + sum(map(len, sample.pieces)))
        pairs_up = bool(quote) and _pairs_up(sample, dialect)
        if pairs_up < bool(quote) or (paired and not quote):  # quotes are meant where they stand around whole cells
            candidate.score *= STRAY_QUOTES
        paired = paired or (pairs_up and quote == '"')
        yield candidate


def _pairs_up(sample, dialect):
    """Whether quotation marks stand around whole cells."""
    try:
        with without_limit():
            for _ in split(sample.head, dialect, strict=True):
                pass
    except csv.Error as error:
        return not sample.whole and "end of data" in str(error)
    return True


def rows_of(lines, dialect):
    """Rows of some lines, blank ones left out."""
    with without_limit():
        return [row for row in split(lines, dialect) if any(map(str.strip, row))]


def _rate(dialect, rows, lines):
    """Rows of one length times cells of known types; rows that hold many lines are a sign of stray quotes."""
    if not rows:
        return Candidate(dialect)
    widths = Counter(map(len, rows))
    alike = sum((count / len(rows)) ** 2 * (width - 1) / width for width, count in widths.items())
    width, most = widths.most_common(1)[0]
    cells = [cell.strip() for row in rows for cell in row]
    kinds = [_kind(cell) for cell in cells[:: max(1, len(cells) // 20_000)]]
    known = sum(worth for worth, _ in kinds) / len(kinds)
    numbers = sum(number for _, number in kinds) / len(kinds)
    score = alike * known * (0.5 + 0.5 * min(1.0, len(rows) / lines))
    if len(rows[0]) < 2 <= width:  # there are names of another number, or a title
        score *= SHORT_START
    return Candidate(dialect, most / len(rows) if width > 1 else 0.0, known, numbers, score)


def is_date(text):
    """Whether a text looks like a date or a time of day."""
    return _DATE.fullmatch(text) is not None


@functools.lru_cache(2**16)
def _kind(cell):
    """How much a cell looks like one value, from 0 to 1, and whether it is a number or a date."""
    if len(cell) > 1 and (cell[0] in "\"'" or cell[-1] == '"'):
        return 0.2, False
    if is_number(cell) or is_date(cell):
        return 1.0, True
    if cell in UNMISTAKABLE or cell in LIKELY or cell.casefold() in AMONG_NUMBERS:
        return 1.0, False
    if not any(map(str.isalpha, cell)):
        return 0.4 if _LIST.fullmatch(cell) else 0.0, False
    if "\t" in cell:
        return 0.1, False
    return 0.3 if any(mark in cell for mark in ";|") else 0.6 if "," in cell else 0.95, False


def _is_one_column(lines, best):
    """Whether each line is one value."""
    separator, rest = best.dialect.separator, [line.strip() for line in lines[1:]]
    whole = sum(_kind(line.strip('"'))[1] for line in rest)
    if rest and separator not in lines[0] and whole > 0.95 * len(rest):
        return True
    return best.rows < ALIKE and sum(any(mark in line for mark in ",;\t|") for line in lines) < 0.3 * len(lines)
