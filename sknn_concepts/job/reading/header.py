"""Where the rows begin, and what the columns are called.

The first row of the right length holds names if that is what its cells say, column by column: text over numbers is a
name, a text that occurs below is a value, a number beyond the column's range is a name, and so on.
"""

from collections import Counter
from dataclasses import dataclass, field

from sknn_concepts.job.reading.dialect import rows_of
from sknn_concepts.job.reading.rows import COMMENTS, split, without_limit
from sknn_concepts.job.reading.votes import MOST_ROWS, has_point, holds_target, is_rule_or_units, votes_for_names
from sknn_concepts.job.values.number_format import is_number

#: Lengths that this share of the rows has are common ones.
COMMON = 0.1

#: Rows that repeat the names are fewer than the rest of this share.
MOSTLY = 0.9


@dataclass
class Line:
    """One row of the head: number of its first line, counted from 0, of the line after it, and its cells."""

    first: int
    after: int
    cells: list

    @property
    def filled(self):
        """Number of cells that are not empty."""
        return sum(map(bool, self.cells))


@dataclass
class Layout:
    """What stands where.

    Attributes
    ----------
    width : int
        Number of columns.
    names : list of str or None
        None where the columns have no names.
    skipped : int
        Number of lines above the first row of values.
    comment : str
        What comment lines begin with; empty where there are none.
    notes : list of str
    """

    width: int
    names: list | None = None
    skipped: int = 0
    comment: str = ""
    notes: list = field(default_factory=list)


@dataclass
class _Names:
    """A row that may hold the names, where in the list of rows the values begin, and what speaks for it."""

    cells: list
    place: int
    votes: float
    shift: int = 0


def find_layout(sample, dialect, header="auto", target=None):
    """Find the first row of values and the names.

    Parameters
    ----------
    sample : Sample
    dialect : Dialect
        Its `skipped` first lines are none of the table's.
    header : {"auto", "yes", "no"}, default="auto"
    target : str, optional
        Name or position of the column to predict; a row that holds this name holds the names.

    Returns
    -------
    layout : Layout
    """
    lines = _numbered(sample.head, dialect)
    comment, comments, lines = _without_comments(lines)
    if not lines:
        return Layout(1, [""], len(sample.head), comment)
    told = _last_comment(comment, comments, lines[0].first)
    pieces = [[cell.strip() for cell in row] for piece in sample.pieces for row in rows_of(piece, dialect)]
    width, common = _widths([line.cells for line in lines[len(lines) // 2 :]] + pieces)
    width = _without_trailing([line.cells for line in lines] + pieces, width)
    start = _first_row(lines, width, common)
    best = None
    if header != "no":
        best = _best_names(lines, start, width, pieces, target, told)
        if header == "auto" and best.votes < 0:
            best = None
    layout = _laid_out(lines, start, best, width if best else max(width, *common), header)
    layout.comment = comment
    over = sum(line.after - line.first for line in lines if best and line.cells is best.cells)
    if over > 1:
        layout.notes.append(f"the names stand in {over} lines.")
    comments = sum(line.first < layout.skipped for line in comments) - (best is not None and best.cells is told.cells)
    if comments:
        layout.notes.append(f"{comments} comment lines above the table were left out.")
    return layout


def _laid_out(lines, start, best, width, header):
    place = best.place if best else start
    odd = bool(
        best
        and place < len(lines) - 1
        and is_rule_or_units(lines[place].cells, [line.cells for line in lines[place + 1 :]])
    )
    place += odd
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
            layout.notes.append("the rows have one value more than there are names; the first is the name of the row.")
        elif more:
            layout.notes.append(f"the rows have {more} values more than there are names.")
        if header == "auto" and 2 * sum(map(is_number, names)) > len(names):
            layout.notes.append("the first line is mostly numbers, but was taken for names (--header no).")
    elif header == "auto":
        layout.notes.append("the first line looks like the others, so it was taken for data, not names (--header yes).")
    if odd:
        units = " ".join(lines[place - 1].cells)
        layout.notes.append(f"the line below the names, {units[:40]!r}, was left out: units or a rule.")
    above = [line for line in lines[: place - odd] if not best or line.cells is not best.cells]
    if above:
        shown = " ".join(" ".join(above[0].cells).split())[:40]
        layout.notes.append(f"{len(above)} lines above the table were left out ({shown!r} ...).")
    return layout


def _numbered(head, dialect):
    """Rows of some lines, blank ones too, each with the numbers of its lines."""
    lines, before = [], dialect.skipped
    with without_limit():
        reader = split(head[before:], dialect)
        for row in reader:
            after = dialect.skipped + reader.line_num
            lines.append(Line(before, after, [cell.strip() for cell in row]))
            before = after
    return lines


def _without_comments(lines):
    """What comment lines begin with, these lines, and the rows that are neither comments nor blank."""
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


def _last_comment(mark, comments, first):
    """The comment directly above the first row, which may hold the names, without its mark."""
    for line in comments:
        if line.after == first:
            name = line.cells[0][len(mark) :].strip()
            return Line(line.first, first, [name, *line.cells[1:]] if name else line.cells[1:])
    return Line(0, 0, [])


def _widths(rows):
    lengths = Counter(map(len, rows))
    width = max(lengths, key=lambda length: (lengths[length], length), default=1)
    return width, [length for length, count in lengths.items() if count >= COMMON * len(rows)] or [width]


def _without_trailing(rows, width):
    """Number of columns without those that have neither name nor value, because a separator ends each line."""
    while width > 1 and not any(len(row) >= width and row[width - 1] for row in rows):
        width -= 1
    return width


def _first_row(lines, width, common):
    """Place of the first row that belongs to the table, names or values."""
    for place, line in enumerate(lines):
        if len(line.cells) < width and len(line.cells) not in common:
            continue
        title = width > 2 and line.filled == 1 and not is_number("".join(line.cells))
        if not title or all(other.filled < 2 for other in lines[place + 1 : place + 10]):
            return place
    return 0


def _best_names(lines, start, width, pieces, target, told):
    """The row that most likely holds the names."""
    found = []

    def candidate(cells, place, shift=0, votes=0.0):
        body = [line.cells for line in lines[place:]] + pieces
        if len(body) > 1 and is_rule_or_units(body[0], body[1:]):
            body = body[1:]
        body = [row[shift:] for row in body[:: max(1, len(body) // MOST_ROWS)]]
        others = [row for row in body if row != cells]  # files that were put together repeat the names
        body = others if len(others) > MOSTLY * len(body) else body
        found.append(_Names(cells, place, votes + votes_for_names(cells, body, target, width), shift))

    candidate(lines[start].cells, start + 1)
    below = start + 1
    if below < len(lines) - 1 and len(lines[below].cells) == width:
        candidate(lines[below].cells, below + 1)
    for place in range(min(len(lines), start + 10)):
        if place != start and holds_target(lines[place].cells, target, width):
            candidate(lines[place].cells, place + 1)
    above = told if told.cells and told.after == lines[start].first else None
    if start and lines[start - 1].after == lines[start].first and len(lines[start - 1].cells) >= width / 2:
        above = lines[start - 1]
    if above and len(above.cells) == width - 1:
        first = [line.cells[0] for line in lines[start:] if line.cells]
        named = len(set(first)) == len(first) and not all(map(has_point, first))
        candidate(above.cells, start, 1, 0.5 if named else -0.5)
    if above and (above is not told or len(above.cells) == width):
        candidate(above.cells, start)
    return max(found, key=lambda names: names.votes)
