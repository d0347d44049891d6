"""What became of each line: lines below the table are cut off, and every row that does not fit is told."""

import re

#: More rows with too many values than this share, and it is no table.
MOST_LONG = 0.1

#: So many lines below a table at most are taken for its foot.
MOST_BELOW = 20

#: So many rows above the foot are looked at.
MOST_ROWS = 1_000

_TOTAL = re.compile(r"((grand|sub)[- ]?)?(totals?|sum|summe|gesamt(summe)?|insgesamt|average|mean|total g\S+)\W*", re.I)


def settle(table, names):
    """Leave out what is no row of values, and tell what is odd.

    Parameters
    ----------
    table : Table
        Its columns become shorter.
    names : list of str or None
        As they stand in the file.

    Returns
    -------
    notes : list of str
    """
    notes, below = [], _foot(table)
    if below:
        total = len(table.columns[0])
        shown = " ".join(cell for column in table.columns for cell in column[total - below : total - below + 1] if cell)
        for column in table.columns:
            del column[total - below :]
        table.short = [odd for odd in table.short if odd.row < total - below]
        notes.append(f"{_lines(below)} below the table left out ({shown[:40]!r} ...).")
    notes += _without_names(table, names) if names and any(names) else []
    if table.short:
        example = table.short[0]
        notes.append(
            f"{_rows(len(table.short))} fewer than {len(table.columns)} values (line {example.line} has "
            f"{example.cells}); what is missing at the end was taken as empty."
        )
    if table.long:
        listed = ", ".join(str(odd.line) for odd in table.long[:5]) + (", ..." if len(table.long) > 5 else "")
        notes.append(
            f"{_rows(len(table.long))} more than {len(table.columns)} values and "
            f"{'was' if len(table.long) == 1 else 'were'} left out (line {listed})."
        )
    if table.comments:
        notes.append(f"{_lines(table.comments)} among the rows left out: comments.")
    if table.several:
        total = len(table.columns[0])
        notes.append(f"some values have line breaks: {total:,} rows stand in {total + table.several:,} lines.")
    return notes


def too_long(table):
    """Whether so many rows have too many values that the names or the separator must be wrong."""
    return len(table.long) > MOST_LONG * (len(table.columns[0]) + len(table.long))


def _rows(count):
    return f"{count:,} row has" if count == 1 else f"{count:,} rows have"


def _lines(count):
    return "1 line was" if count == 1 else f"{count:,} lines were"


def _without_names(table, names):
    """Leave out rows that repeat the names, as files that were put together have them."""
    first = next(place for place, name in enumerate(names) if name)
    again = [row for row, cell in enumerate(table.columns[first]) if cell == names[first]]
    again = [row for row in again if [column[row] or "" for column in table.columns] == names]
    if len(names) < 2 or not again:
        return []
    gone = set(again)
    for column in table.columns:
        column[:] = [cell for row, cell in enumerate(column) if row not in gone]
    return [f"the names stand again in {len(again)} of the rows, which were left out."]


def _foot(table):
    """Number of rows at the end that are no rows of values: empty ones, remarks, and totals."""
    columns, width = table.columns, len(table.columns)
    rows, below = len(columns[0]), 0
    short = {odd.row: odd.cells for odd in table.short[-MOST_BELOW:]}
    if any(odd.cells == 1 for odd in table.short[:-MOST_BELOW]):
        short = {}  # such rows stand elsewhere, too
    after_blank = False
    while below < rows and _is_empty(columns, rows - below - 1):
        below += 1
    # where rows are empty elsewhere, too, they are nothing special
    usual = sum(_is_empty(columns, row) for row in range(max(0, rows - below - MOST_ROWS), rows - below)) > 1
    below = 0 if usual else below
    for row in range(rows - below - 1, max(-1, rows - below - 1 - MOST_BELOW), -1):
        filled = sum(bool(column[row]) for column in columns)
        if filled > 1 or width < 2:
            break
        remark = row in short and (width > 2 or _after_blank(table, row, short)) and _has_letters(columns[0][row])
        if remark if filled else not usual:
            below = rows - row
    last = rows - below - 1
    while last >= 0 and rows - last <= MOST_BELOW and short.get(last, width) <= width / 2:
        if last in table.blank:
            after_blank, below = True, rows - last
        last -= 1
    row = rows - below - 1
    if row > 0 and width > 1 and not after_blank:
        labels = [column[row] for column in columns if column[row]]
        if labels and _TOTAL.fullmatch(labels[0]) and labels[0] not in columns[0][:row]:
            below += 1
    return below


def _has_letters(cell):
    return any(map(str.isalpha, cell or ""))


def _is_empty(columns, row):
    return not any(column[row] for column in columns)


def _after_blank(table, row, short):
    """Whether a row and the short ones above it stand below a blank line."""
    while row in short:
        if row in table.blank:
            return True
        row -= 1
    return False
