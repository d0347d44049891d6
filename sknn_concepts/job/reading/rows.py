"""Text becomes rows and columns in a known dialect, and every line is accounted for."""

import contextlib
import csv
import gc
import io
import itertools
import re
import sys
from dataclasses import dataclass, field, replace
from typing import NamedTuple

CHUNK_ROWS = 20_000

#: Cells with more line breaks than this, or with whole rows inside, have swallowed what follows an open quote.
MOST_BREAKS = 1_000

#: What comment lines begin with.
COMMENTS = ("#", "//", "%")

#: Separator of columns whose values hold single blanks.
SEVERAL_BLANKS = "  "

#: A column that repeats its values this much keeps each of them once in memory.
REPEATS = 4


_SEVERAL_BLANKS = re.compile(r" {2,}|\t")


@dataclass(frozen=True)
class Dialect:
    r"""How a text table is written.

    Attributes
    ----------
    encoding : str
        Of the file.
    separator : str
        One character; ``" "`` stands for any run of blanks and tabs, two blanks for runs of two or more.
    quote : str
        Empty where quotation marks mean nothing.
    escape : str
        ``"\\"`` where a backslash stands before a quotation mark within quotes, instead of a second one.
    comment : str
        What lines begin with that are no rows.
    header : bool
        Whether a line holds the names.
    skipped : int
        Number of lines above the first row of values.
    decimal : {"", ".", ","}
        The decimal mark of most columns; empty where no number has one that can be told.
    """

    encoding: str = "utf-8"
    separator: str = ","
    quote: str = '"'
    escape: str = ""
    comment: str = ""
    header: bool = True
    skipped: int = 0
    decimal: str = ""


def lines_of(data, start=0):
    r"""Lines of UTF-8 bytes with their ends, which are ``\n``, ``\r`` or both."""
    file = io.BytesIO(data)
    file.seek(start)
    return io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")


def split(lines, dialect, strict=False):
    """Cut lines into rows of cells; a blank line is an empty row.

    Raises
    ------
    csv.Error
        With `strict`, where a quoted cell does not end before the next separator, or not at all.
    """
    separator = dialect.separator
    if separator == SEVERAL_BLANKS:
        lines = (_SEVERAL_BLANKS.sub("\t", line.strip(" \r\n")) + "\n" for line in lines)
        separator = "\t"
    elif separator == " ":
        lines = (line.replace("\t", " ").strip(" \r\n") + "\n" for line in lines)
    quoting = {"quotechar": dialect.quote} if dialect.quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    escaping = {"escapechar": dialect.escape, "doublequote": True} if dialect.escape else {}
    skip = separator != "\t"  # a tab is a blank, too: two of them would be one
    return csv.reader(lines, delimiter=separator or "\0", skipinitialspace=skip, strict=strict, **quoting, **escaping)


@contextlib.contextmanager
def without_limit():
    """Let cells be as long as they are; the limit of the csv module holds for the whole process."""
    limit = csv.field_size_limit(sys.maxsize)
    collects = gc.isenabled()
    gc.disable()  # millions of small objects, no cycles
    try:
        yield
    finally:
        csv.field_size_limit(limit)
        if collects:
            gc.enable()


class Odd(NamedTuple):
    """A row of another length: number of its line, of its cells, and of the row among those read."""

    line: int
    cells: int
    row: int


@dataclass
class Table:
    """Columns of text, and what became of the lines.

    Attributes
    ----------
    columns : list of list of str
        Cells without surrounding blanks; None where they are empty.
    short, long : list of Odd
        Rows that have too few cells, which were filled up, or too many, which were left out.
    blank : set of int
        Numbers of the rows before which there are blank lines.
    blanks, comments : int
        Numbers of lines without a value, and of comment lines among the rows.
    several : int
        Number of lines that belong to cells of more than one line.
    swallowed : int
        Number of cells that hold whole rows, it seems.
    """

    columns: list
    short: list = field(default_factory=list)
    long: list = field(default_factory=list)
    blank: set = field(default_factory=set)
    blanks: int = 0
    comments: int = 0
    several: int = 0
    swallowed: int = 0

    @property
    def bad(self):
        """Number of rows that do not fit."""
        return len(self.short) + len(self.long) + self.swallowed


def read_columns(data, dialect, width, start=0, first_line=1, strict=True):
    """Read all rows.

    Parameters
    ----------
    data : bytes
        UTF-8.
    dialect : Dialect
    width : int
        Number of columns.
    start, first_line : int
        Where the first row of values begins: position in `data`, and line number.
    strict : bool, default=True
        As in :func:`split`.

    Returns
    -------
    table : Table
    """
    table = Table([[] for _ in range(width)])
    memos = [{} for _ in range(width)]
    with without_limit():
        reader = split(lines_of(data, start), dialect, strict)
        before = 0
        while chunk := list(itertools.islice(reader, CHUNK_ROWS)):
            lines, several = reader.line_num - before, reader.line_num - before - len(chunk)
            if several:
                table.several += several
                table.swallowed += sum(_swallows(cell, dialect, width) for row in chunk for cell in row)
            if dialect.comment or set(map(len, chunk)) != {width}:
                chunk = list(_fitting(chunk, width, first_line + before, table, dialect.comment))
            before += lines
            for place, (cells, column) in enumerate(zip(zip(*chunk, strict=True), table.columns, strict=False)):
                memos[place] = _append(column, list(map(str.strip, cells)), memos[place])
    return table


def _append(column, cells, memo):
    """Add cells to a column, equal ones as one object while they repeat; return what is known of them."""
    if "" in cells:
        cells = [cell or None for cell in cells]
    if memo is None or len(memo) * REPEATS > len(column) + CHUNK_ROWS:
        column.extend(cells)
        return None
    column.extend(map(memo.setdefault, cells, cells))
    return memo


def _fitting(chunk, width, line, table, comment):
    """Rows of the right number of cells; the others are noted down."""
    number = len(table.columns[0])
    for row in chunk:
        here = line
        line += 1 + sum(map(breaks, row))
        if comment and row and row[0].startswith(comment):
            table.comments += 1
            continue
        if len(row) < width:
            if not any(map(str.strip, row)):
                table.blank.add(number)
                table.blanks += 1
                continue
            table.short.append(Odd(here, len(row), number))
            row += [""] * (width - len(row))
        elif any(map(str.strip, row[width:])):
            table.long.append(Odd(here, len(row), number))
            continue
        number += 1
        yield row[:width]


def breaks(cell):
    """Number of line ends in a cell."""
    return cell.count("\n") or cell.count("\r")


def _swallows(cell, dialect, width):
    """Whether a cell holds rows, because the quote before it was none."""
    if "\n" not in cell and "\r" not in cell:
        return False
    inner = cell.splitlines()[1:-1]
    whole = sum(line.count(dialect.separator) == width - 1 for line in inner)
    return len(inner) > MOST_BREAKS or (len(inner) >= 2 and width > 1 and whole > 0.8 * len(inner))


def other_quotes(data, dialect):
    """Yield pairs of a dialect and a strictness: what quotation marks may mean where they do not pair up."""
    quote = dialect.quote or '"'
    if ("\\" + quote).encode() in data and not dialect.escape:
        yield replace(dialect, quote=quote, escape="\\"), True
    starts = data.count((dialect.separator + quote).encode()) + data.count(("\n" + quote).encode())
    literal, lenient = (replace(dialect, quote="", escape=""), True), (replace(dialect, quote=quote), False)
    rare = starts < 0.1 * data.count(b"\n")
    yield from (literal, lenient) if rare else (lenient, literal)
