"""Detection of the separator and the quotation mark.

Each possible dialect splits a sample of the lines into rows. The best dialect yields rows of equal length and cells of
known types: van den Burg, Nazábal and Sutton (2019), "Wrangling messy CSV files by detecting row and type patterns".
"""

import csv
import functools
import io
import re
from collections import Counter
from dataclasses import dataclass

from sknn_concepts.job.reading.rows import COMMENTS, SEVERAL_SPACES, Dialect, split, without_limit
from sknn_concepts.job.values.missing import is_number_mark
from sknn_concepts.job.values.number_format import is_number

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}

#: Separators that are tried if none of the usual ones gives good results.
RARE_SEPARATORS = " ^:~!&*=/\\#§¦¬\x01\x02\x1c\x1d\x1e\x1f"

#: Minimum shares of rows of equal length and of cells of known types for the rare separators not to be tried.
MIN_ROW_SCORE = 0.8
MIN_CELL_SCORE = 0.7

#: Factor on the score of a dialect whose quotation marks do not enclose whole cells.
STRAY_QUOTES_FACTOR = 0.6

#: Factor on the score of a dialect that does not split the first line.
SHORT_START_FACTOR = 0.4

#: Minimum share of rows of equal length.
MIN_EQUAL_LENGTHS = 0.5

#: Size of a sample: lines and characters of the head, bytes searched for it, and number and bytes of the other pieces.
MAX_HEAD_LINES, MIN_HEAD_LINES, MAX_HEAD_CHARACTERS, MAX_HEAD_BYTES = 300, 10, 100_000, 4_000_000
N_PIECES, PIECE_BYTES = 4, 8_000

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
    """Sample of the lines of a file: its head and pieces of the rest."""

    head: list[str]  #: first lines, with their ends
    pieces: list[list[str]]  #: runs of consecutive lines from the rest of the file
    whole: bool  #: whether the head is the whole file


def take_sample(data):
    """Take a sample of UTF-8 bytes."""
    head, size = [], 0
    text = data[:MAX_HEAD_BYTES].decode("utf-8", "ignore")
    for line in io.StringIO(text, newline=""):
        head.append(line)
        size += len(line)
        if (size > MAX_HEAD_CHARACTERS and len(head) >= MIN_HEAD_LINES) or len(head) >= MAX_HEAD_LINES:
            break
    whole = size == len(text) and len(data) <= MAX_HEAD_BYTES
    if size == len(text) and not whole and len(head) > 1:
        head.pop()  # the line is cut off
    pieces = []
    rest = len("".join(head).encode())
    if not whole and len(data) - rest > 2 * N_PIECES * PIECE_BYTES:
        for number in range(1, N_PIECES + 1):
            start = rest + (len(data) - rest) * number // N_PIECES - PIECE_BYTES
            pieces.append(data[start : start + PIECE_BYTES].decode("utf-8", "ignore").splitlines(keepends=True)[1:-1])
    return Sample(head, pieces, whole)


def is_separator(separator):
    """Whether an object can be a separator: one character other than a line end and a quotation mark."""
    return isinstance(separator, str) and len(separator) == 1 and separator not in '\r\n"\0'


def read_separator_line(head):
    """Return the separator that the first line declares as Excel does (``sep=;``), or an empty string, and notes."""
    match = _SEP_LINE.fullmatch(head[0]) if head else None
    if not match:
        return "", []
    rest = [line for line in head[1:] if line.strip()]
    if 2 * sum(match[1] in line for line in rest) < len(rest):
        return "", [f"the first line declares the separator {match[1]!r}, but most lines do not contain it."]
    return match[1], []


@dataclass
class Candidate:
    """A dialect and its scores on the sample: rows of equal length, cells of known types, numbers, and the total."""

    dialect: Dialect
    rows: float = 0.0
    cells: float = 0.0
    numbers: float = 0.0
    score: float = 0.0


def find_dialect(sample, separator="auto"):
    """Detect the quotation mark and, unless it is given (by character or by name), the separator.

    Returns
    -------
    dialect : Dialect or None
        Best dialect, with an empty separator if there is a single column. None if no dialect gives rows of equal
        length.
    plain : bool
        Whether the separator is one of the usual ones.
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
    if best.rows < MIN_ROW_SCORE or best.cells < MIN_CELL_SCORE or _may_be_decimal(text, best.dialect):
        for mark in (*RARE_SEPARATORS, SEVERAL_SPACES):
            if sum(mark in line for line in lines) > MIN_EQUAL_LENGTHS * len(lines):
                tried = _try(lines, sample, mark, quotes)
                found += [candidate for candidate in tried if mark.strip() or candidate.numbers > 0.25]
        best = max(found, key=_score, default=best)
    if _is_one_column(lines, best):
        return Dialect(separator=""), True
    if best.rows < MIN_EQUAL_LENGTHS and not (best.numbers > MIN_EQUAL_LENGTHS / 2 and _is_ragged(lines, best.dialect)):
        return None, False
    return best.dialect, best.dialect.separator in SEPARATORS.values()


def _may_be_decimal(text, dialect):
    """Whether commas separate the values but occur only between digits."""
    return dialect.separator == "," and text.count(",") == len(_BETWEEN_DIGITS.findall(text))


def _is_ragged(lines, dialect):
    """Whether the first row has several cells and no row is longer."""
    lengths = list(map(len, rows_of(lines, dialect)))
    return lengths[0] > 1 and lengths[0] == max(lengths)


def _score(candidate):
    rare = candidate.dialect.separator not in ",;\t|"
    return candidate.score * (0.9 if rare else 1.0)


def _possible_quotes(text):
    """Return the possible pairs of quotation mark and escape character."""
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
    """Yield a candidate for each possible quotation mark with a separator."""
    paired = False
    for quote, escape in quotes:
        dialect = Dialect(separator=separator, quote=quote, escape=escape)
        rows = list(rows_of(lines, dialect))
        for piece in sample.pieces:
            rows += rows_of(piece, dialect)
        candidate = _rate(dialect, rows, len(lines) + sum(map(len, sample.pieces)))
        pairs_up = bool(quote) and _pairs_up(sample, dialect)
        if pairs_up < bool(quote) or (paired and not quote):  # marks that enclose whole cells are meant as quotes
            candidate.score *= STRAY_QUOTES_FACTOR
        paired = paired or (pairs_up and quote == '"')
        yield candidate


def _pairs_up(sample, dialect):
    """Whether quotation marks always enclose whole cells."""
    try:
        with without_limit():
            for _ in split(sample.head, dialect, strict=True):
                pass
    except csv.Error as error:
        return not sample.whole and "end of data" in str(error)
    return True


def rows_of(lines, dialect):
    """Split lines into rows and leave out blank ones."""
    with without_limit():
        return [row for row in split(lines, dialect) if any(map(str.strip, row))]


def _rate(dialect, rows, lines):
    """Score rows by equal length and known types. Rows that span many lines suggest stray quotation marks."""
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
    if len(rows[0]) < 2 <= width:  # a title, or a header with a different number of names
        score *= SHORT_START_FACTOR
    return Candidate(dialect, most / len(rows) if width > 1 else 0.0, known, numbers, score)


def is_date(text):
    """Whether a text looks like a date or a time of day."""
    return _DATE.fullmatch(text) is not None


@functools.lru_cache(2**16)
def _kind(cell):
    """Score how much a cell looks like a single value, from 0 to 1, and tell whether it is a number or a date."""
    if len(cell) > 1 and (cell[0] in "\"'" or cell[-1] == '"'):
        return 0.2, False
    if is_number(cell) or is_date(cell):
        return 1.0, True
    if is_number_mark(cell):
        return 1.0, False
    if not any(map(str.isalpha, cell)):
        return 0.4 if _LIST.fullmatch(cell) else 0.0, False
    if "\t" in cell:
        return 0.1, False
    return 0.3 if any(mark in cell for mark in ";|") else 0.6 if "," in cell else 0.95, False


def _is_one_column(lines, best):
    """Whether each line is a single value."""
    separator, rest = best.dialect.separator, [line.strip() for line in lines[1:]]
    whole = sum(_kind(line.strip('"'))[1] for line in rest)
    if rest and separator not in lines[0] and whole > 0.95 * len(rest):
        return True
    return best.rows < MIN_EQUAL_LENGTHS and sum(any(mark in line for mark in ",;\t|") for line in lines) < 0.3 * len(
        lines
    )
