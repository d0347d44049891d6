"""Detection of the header and of the first row of values.

The first row of the right length is a header if a comparison of its cells with the columns below says so: text above
numbers is a name, text that occurs again below is a value, a number outside the range of its column is a name, and so
on.
"""

from collections import Counter
from dataclasses import dataclass, field

from sknn_concepts.job.reading.dialect import rows_of
from sknn_concepts.job.reading.header_scores import (
    MAX_COMPARED_ROWS,
    contains_target,
    has_decimal_mark,
    header_score,
    is_rule_or_units,
)
from sknn_concepts.job.reading.rows import COMMENTS, describe_left_out, split, without_limit
from sknn_concepts.job.values.number_format import is_number

#: Minimum share of the rows for their length to count as common.
MIN_COMMON_SHARE = 0.1

#: Minimum share of rows that differ from the header for the others to count as repeated headers.
MIN_OTHER_SHARE = 0.9


@dataclass
class Line:
    """A row of the head: the number of its first line, counted from 0, of the line after it, and its cells."""

    first: int
    after: int
    cells: list

    @property
    def filled(self):
        """Number of cells that are not empty."""
        return sum(map(bool, self.cells))


@dataclass
class Layout:
    """Position of the header and of the rows."""

    width: int  #: number of columns
    names: list | None = None  #: column names, or None if there is no header
    skipped: int = 0  #: number of lines above the first row of values
    comment: str = ""  #: beginning of comment lines, or an empty string if there are none
    notes: list = field(default_factory=list)  #: sentences about everything that was inferred


@dataclass
class _Header:
    """A possible header."""

    cells: list[str]
    place: int  #: position of the first row of values
    has_rule: bool  #: whether a rule or units stand between the header and that row
    score: float
    shift: int = 0  #: number of columns before the first cell


def find_layout(sample, dialect, header="auto", target=None):
    """Find the header, if there is one, and the first row of values of a :class:`Sample`.

    The lines that the dialect skips do not belong to the table. A row that contains the name of the `target` is taken
    as the header.
    """
    lines = _numbered(sample.head, dialect)
    comment, comments, lines = _without_comments(lines)
    if not lines:
        return Layout(1, [""], len(sample.head), comment)
    commented = _commented_header(comment, comments, lines[0].first)
    pieces = [[cell.strip() for cell in row] for piece in sample.pieces for row in rows_of(piece, dialect)]
    width, common = _widths([line.cells for line in lines[len(lines) // 2 :]] + pieces)
    width = _without_trailing([line.cells for line in lines] + pieces, width)
    start = _first_row(lines, width, common)
    best = None
    if header != "no":
        best = _best_header(lines, start, width, pieces, target, commented)
        if header == "auto" and best.score < 0:
            best = None
    layout = _build_layout(lines, start, best, width if best else max(width, *common), header)
    layout.comment = comment
    over = sum(line.after - line.first for line in lines if best and line.cells is best.cells)
    if over > 1:
        layout.notes.append(f"the column names take {over} lines.")
    n_comments = sum(line.first < layout.skipped for line in comments)
    n_comments -= best is not None and best.cells is commented.cells
    if n_comments:
        layout.notes.append(f"{describe_left_out(n_comments, 'comment line', 'above the table')}.")
    return layout


def _build_layout(lines, start, best, width, header):
    place, has_rule = (best.place, best.has_rule) if best else (start, False)
    skipped = lines[place].first if place < len(lines) else lines[-1].after
    layout = Layout(width, None, skipped)
    if best:
        names = best.cells
        while names and not names[-1]:
            names = names[:-1]
        layout.width = max(width, len(names) + best.shift)
        more = layout.width - len(names) - best.shift
        layout.names = ["row_name"] * best.shift + names + [""] * more
        if best.shift:
            layout.notes.append("the rows have one value more than the header; the first is taken as the row name.")
        elif more:
            layout.notes.append(f"the rows have {more} more values than the header has names.")
        if header == "auto" and 2 * sum(map(is_number, names)) > len(names):
            layout.notes.append("the first line is mostly numbers, but was taken as the header (--header no).")
    elif header == "auto":
        layout.notes.append("the first line looks like the others, so there seems to be no header (--header yes).")
    if has_rule:
        units = " ".join(lines[place - 1].cells)
        layout.notes.append(f"the line below the header, {units[:40]!r}, was left out as units or a rule.")
    above = [line for line in lines[: place - has_rule] if not best or line.cells is not best.cells]
    if above:
        shown = " ".join(" ".join(above[0].cells).split())[:40]
        layout.notes.append(f"{describe_left_out(len(above), 'line', 'above the table')} ({shown!r} ...).")
    return layout


def _numbered(head, dialect):
    """Split the head into rows, including blank ones, with their line numbers."""
    lines, before = [], dialect.skipped
    with without_limit():
        reader = split(head[before:], dialect)
        for row in reader:
            after = dialect.skipped + reader.line_num
            lines.append(Line(before, after, [cell.strip() for cell in row]))
            before = after
    return lines


def _without_comments(lines):
    """Return the beginning of comment lines, the comment lines, and the rows that are neither comments nor blank."""
    for mark in COMMENTS:
        marked = [line for line in lines if line.cells and line.cells[0].startswith(mark)]
        others = [line for line in lines if line.filled and not line.cells[0].startswith(mark)]
        if not marked or not others:
            continue
        lengths = {len(line.cells) for line in others[len(others) // 2 :]}
        within = [line for line in marked if line.first > others[0].first]
        if len(within) < len(others) and sum(len(line.cells) in lengths for line in within) <= len(within) / 2:
            return mark, marked, others
    return "", [], [line for line in lines if line.filled]


def _commented_header(mark, comments, first):
    """Return the comment directly above the first row, which may be the header, without its mark."""
    for line in comments:
        if line.after == first:
            name = line.cells[0][len(mark) :].strip()
            return Line(line.first, first, [name, *line.cells[1:]] if name else line.cells[1:])
    return Line(0, 0, [])


def _widths(rows):
    lengths = Counter(map(len, rows))
    width = max(lengths, key=lambda length: (lengths[length], length), default=1)
    return width, [length for length, count in lengths.items() if count >= MIN_COMMON_SHARE * len(rows)] or [width]


def _without_trailing(rows, width):
    """Return the number of columns without those that are always empty because each line ends with a separator."""
    while width > 1 and not any(len(row) >= width and row[width - 1] for row in rows):
        width -= 1
    return width


def _first_row(lines, width, common):
    """Return the position of the first row that belongs to the table, be it the header or values."""
    for place, line in enumerate(lines):
        if len(line.cells) < width and len(line.cells) not in common:
            continue
        title = width > 2 and line.filled == 1 and not is_number("".join(line.cells))
        if not title or all(other.filled < 2 for other in lines[place + 1 : place + 10]):
            return place
    return 0


def _best_header(lines, start, width, pieces, target, commented):
    """Return the row that is most likely the header."""
    found = []

    def candidate(cells, place, shift=0, score=0.0):
        body = [line.cells for line in lines[place:]] + pieces
        has_rule = place < len(lines) - 1 and is_rule_or_units(body[0], body[1:])
        body = body[has_rule:]
        body = [row[shift:] for row in body[:: max(1, len(body) // MAX_COMPARED_ROWS)]]
        others = [row for row in body if row != cells]  # concatenated files repeat the header
        body = others if len(others) > MIN_OTHER_SHARE * len(body) else body
        score += header_score(cells, body, target, width)
        found.append(_Header(cells, place + has_rule, has_rule, score, shift))

    candidate(lines[start].cells, start + 1)
    below = start + 1
    if below < len(lines) - 1 and len(lines[below].cells) == width:
        candidate(lines[below].cells, below + 1)
    for place in range(min(len(lines), start + 10)):
        if place != start and contains_target(lines[place].cells, target, width):
            candidate(lines[place].cells, place + 1)
    above = commented if commented.cells and commented.after == lines[start].first else None
    if start and lines[start - 1].after == lines[start].first and len(lines[start - 1].cells) >= width / 2:
        above = lines[start - 1]
    if above and len(above.cells) == width - 1:
        first = [line.cells[0] for line in lines[start:] if line.cells]
        named = len(set(first)) == len(first) and not all(map(has_decimal_mark, first))
        candidate(above.cells, start, 1, 0.5 if named else -0.5)
    if above and (above is not commented or len(above.cells) == width):
        candidate(above.cells, start)
    return max(found, key=lambda header: header.score)
