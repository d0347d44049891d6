"""Splitting text in a known dialect into rows and columns, with a record of every irregular line."""

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

#: A quoted cell with more line breaks than this is assumed to contain the rows after an unclosed quotation mark.
MAX_LINE_BREAKS = 1_000

#: Beginnings of comment lines.
COMMENTS = ("#", "//", "%")

#: Separator of columns whose values contain single spaces.
SEVERAL_SPACES = "  "

#: Minimum number of rows per distinct value for a column to keep each value only once in memory.
MIN_REPEATS = 4

_SEVERAL_SPACES = re.compile(r" {2,}|\t")


@dataclass(frozen=True)
class Dialect:
    """Dialect of a text table."""

    encoding: str = "utf-8"
    #: character between values; " " stands for any run of spaces and tabs, two spaces for runs of two or more, and an
    #: empty string for a table with a single column
    separator: str = ","
    quote: str = '"'  #: quotation mark, empty if quotation marks have no special meaning
    escape: str = ""  #: a backslash if it precedes quotation marks within quoted values, empty if they are doubled
    comment: str = ""  #: beginning of comment lines
    header: bool = True  #: whether the table has a header
    skipped: int = 0  #: number of lines above the first row of values
    decimal: str = ""  #: decimal mark of most columns, empty if it cannot be determined


def split(lines, dialect, strict=False):
    """Split lines into rows of cells. A blank line becomes an empty row.

    If `strict` is true, text after a closing quotation mark and a quoted cell without an end raise csv.Error.
    """
    separator = dialect.separator
    if separator == SEVERAL_SPACES:
        lines = (_SEVERAL_SPACES.sub("\t", line.strip(" \r\n")) + "\n" for line in lines)
        separator = "\t"
    elif separator == " ":
        lines = (line.replace("\t", " ").strip(" \r\n") + "\n" for line in lines)
    quoting = {"quotechar": dialect.quote} if dialect.quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    escaping = {"escapechar": dialect.escape, "doublequote": True} if dialect.escape else {}
    skip = separator != "\t"  # a tab counts as a space, so two tabs would become one separator
    return csv.reader(lines, delimiter=separator or "\0", skipinitialspace=skip, strict=strict, **quoting, **escaping)


@contextlib.contextmanager
def without_limit():
    """Remove the csv module's limit on the length of cells, which applies to the whole process."""
    limit = csv.field_size_limit(sys.maxsize)
    collects = gc.isenabled()
    gc.disable()  # rows are millions of small objects without cycles
    try:
        yield
    finally:
        csv.field_size_limit(limit)
        if collects:
            gc.enable()


class IrregularRow(NamedTuple):
    """A row with a different number of cells: its line number, its number of cells, and its row number."""

    line: int
    cells: int
    row: int


@dataclass
class Table:
    """Columns of text and a record of irregular lines."""

    columns: list  #: cells of each column without surrounding white space, None where they are empty
    short: list = field(default_factory=list)  #: IrregularRow of each row with too few cells, which was padded
    long: list = field(default_factory=list)  #: IrregularRow of each row with too many cells, which was left out
    blank: set = field(default_factory=set)  #: numbers of the rows that follow a blank line
    comments: int = 0  #: number of comment lines between the rows
    n_extra_lines: int = 0  #: number of lines beyond one per row, due to line breaks within cells
    n_merged_cells: int = 0  #: number of cells that seem to contain whole rows

    @property
    def n_irregular(self):
        """Number of rows and cells that do not fit the table."""
        return len(self.short) + len(self.long) + self.n_merged_cells


def read_columns(data, dialect, width, start=0, first_line=1, strict=True):
    """Read all rows of UTF-8 bytes into a :class:`Table` with `width` columns.

    The first row of values begins at the position `start` of the data, in the line with the number `first_line`. If
    `strict` is true, quotation marks that do not pair up raise csv.Error, see :func:`split`.
    """
    table = Table([[] for _ in range(width)])
    memos = [{} for _ in range(width)]
    file = io.BytesIO(data)
    file.seek(start)
    with without_limit():
        lines = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
        reader = split(lines, dialect, strict)
        before = 0
        while chunk := list(itertools.islice(reader, CHUNK_ROWS)):
            extra_lines = reader.line_num - before - len(chunk)
            if extra_lines:
                table.n_extra_lines += extra_lines
                table.n_merged_cells += sum(_contains_rows(cell, dialect, width) for row in chunk for cell in row)
            if dialect.comment or set(map(len, chunk)) != {width}:
                chunk = list(_regular_rows(chunk, width, first_line + before, table, dialect.comment))
            before = reader.line_num
            for place, (cells, column) in enumerate(zip(zip(*chunk, strict=True), table.columns, strict=False)):
                memos[place] = _append(column, list(map(str.strip, cells)), memos[place])
    return table


def _append(column, cells, memo):
    """Append cells to a column, sharing equal values through `memo` while they repeat; return the memo or None."""
    if "" in cells:
        cells = [cell or None for cell in cells]
    if memo is None or len(memo) * MIN_REPEATS > len(column) + CHUNK_ROWS:
        column.extend(cells)
        return None
    column.extend(map(memo.setdefault, cells, cells))
    return memo


def _regular_rows(chunk, width, line, table, comment):
    """Yield rows with the right number of cells, and record the others in the table."""
    number = len(table.columns[0])
    for row in chunk:
        here = line
        line += 1 + sum(map(_count_line_breaks, row))
        if comment and row and row[0].startswith(comment):
            table.comments += 1
            continue
        if len(row) < width:
            if not any(map(str.strip, row)):
                table.blank.add(number)
                continue
            table.short.append(IrregularRow(here, len(row), number))
            row += [""] * (width - len(row))
        elif any(map(str.strip, row[width:])):
            table.long.append(IrregularRow(here, len(row), number))
            continue
        number += 1
        yield row[:width]


def _count_line_breaks(cell):
    return cell.count("\n") or cell.count("\r")


def _contains_rows(cell, dialect, width):
    """Whether a cell seems to contain whole rows, because the quotation mark before it was not meant as one."""
    if "\n" not in cell and "\r" not in cell:
        return False
    inner = cell.splitlines()[1:-1]
    whole = sum(line.count(dialect.separator) == width - 1 for line in inner)
    return len(inner) > MAX_LINE_BREAKS or (len(inner) >= 2 and width > 1 and whole > 0.8 * len(inner))


def describe_left_out(count, noun, place):
    """Return a clause such as "2 lines above the table were left out"."""
    return f"{count:,} {noun} {place} was left out" if count == 1 else f"{count:,} {noun}s {place} were left out"


def alternative_quoting(data, dialect):
    """Yield pairs of a dialect and `strict`: other readings of quotation marks that do not pair up."""
    quote = dialect.quote or '"'
    if ("\\" + quote).encode() in data and not dialect.escape:
        yield replace(dialect, quote=quote, escape="\\"), True
    starts = data.count((dialect.separator + quote).encode()) + data.count(("\n" + quote).encode())
    literal, lenient = (replace(dialect, quote="", escape=""), True), (replace(dialect, quote=quote), False)
    rare = starts < 0.1 * data.count(b"\n")
    yield from (literal, lenient) if rare else (lenient, literal)
