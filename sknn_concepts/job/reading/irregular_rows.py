"""Rows that do not belong to the table: they are removed, and notes report them."""

import re

from sknn_concepts.job.reading.rows import describe_left_out

#: Maximum share of rows with too many values for the content to be a table.
MAX_LONG_SHARE = 0.1

#: Maximum number of rows in a footer.
MAX_FOOTER_ROWS = 20

#: Number of rows above a footer that are checked for empty rows.
MAX_CHECKED_ROWS = 1_000

_TOTAL = re.compile(r"((grand|sub)[- ]?)?(totals?|sum|summe|gesamt(summe)?|insgesamt|average|mean|total g\S+)\W*", re.I)


def remove_irregular_rows(table, names):
    """Remove the footer and repetitions of the column `names` from a table in place, and describe irregular rows."""
    notes, footer = [], _footer_rows(table)
    if footer:
        total = len(table.columns[0])
        shown = " ".join(column[total - footer] for column in table.columns if column[total - footer])
        for column in table.columns:
            del column[total - footer :]
        table.short = [irregular for irregular in table.short if irregular.row < total - footer]
        notes.append(f"{describe_left_out(footer, 'line', 'below the table')} ({shown[:40]!r} ...).")
    notes += _remove_repeated_headers(table, names) if names and any(names) else []
    if table.short:
        example = table.short[0]
        notes.append(
            f"{_rows(len(table.short))} fewer than {len(table.columns)} values (line {example.line} has "
            f"{example.cells}); the remaining cells are empty."
        )
    if table.long:
        listed = ", ".join(str(irregular.line) for irregular in table.long[:5]) + (
            ", ..." if len(table.long) > 5 else ""
        )
        notes.append(
            f"{_rows(len(table.long))} more than {len(table.columns)} values and "
            f"{'was' if len(table.long) == 1 else 'were'} left out (line {listed})."
        )
    if table.comments:
        notes.append(f"{describe_left_out(table.comments, 'comment line', 'between the rows')}.")
    if table.n_extra_lines:
        total = len(table.columns[0])
        notes.append(f"some values contain line breaks: {total:,} rows take {total + table.n_extra_lines:,} lines.")
    return notes


def too_many_long_rows(table):
    """Whether so many rows have too many values that the header or the separator must be wrong."""
    return len(table.long) > MAX_LONG_SHARE * (len(table.columns[0]) + len(table.long))


def _rows(count):
    return f"{count:,} row has" if count == 1 else f"{count:,} rows have"


def _remove_repeated_headers(table, names):
    """Remove rows that repeat the column names, which occur in concatenated files."""
    first = next(place for place, name in enumerate(names) if name)
    again = [row for row, cell in enumerate(table.columns[first]) if cell == names[first]]
    again = [row for row in again if [column[row] or "" for column in table.columns] == names]
    if len(names) < 2 or not again:
        return []
    removed = set(again)
    for column in table.columns:
        column[:] = [cell for row, cell in enumerate(column) if row not in removed]
    return [f"{len(again)} {'row repeats' if len(again) == 1 else 'rows repeat'} the column names and "
            f"{'was' if len(again) == 1 else 'were'} left out."]  # fmt: skip


def _footer_rows(table):
    """Return the number of rows at the end of the table that contain no values: empty rows, remarks and totals."""
    columns, width = table.columns, len(table.columns)
    rows, footer = len(columns[0]), 0
    short = {irregular.row: irregular.cells for irregular in table.short[-MAX_FOOTER_ROWS:]}
    if any(irregular.cells == 1 for irregular in table.short[:-MAX_FOOTER_ROWS]):
        short = {}  # rows with one cell also occur above the end, so they are not remarks
    after_blank = False
    while footer < rows and _is_empty(columns, rows - footer - 1):
        footer += 1
    # empty rows at the end mean nothing if empty rows occur elsewhere too
    usual = sum(_is_empty(columns, row) for row in range(max(0, rows - footer - MAX_CHECKED_ROWS), rows - footer)) > 1
    footer = 0 if usual else footer
    for row in range(rows - footer - 1, max(-1, rows - footer - 1 - MAX_FOOTER_ROWS), -1):
        filled = sum(bool(column[row]) for column in columns)
        if filled > 1 or width < 2:
            break
        remark = row in short and (width > 2 or _after_blank(table, row, short)) and _has_letters(columns[0][row])
        if remark if filled else not usual:
            footer = rows - row
    last = rows - footer - 1
    while last >= 0 and rows - last <= MAX_FOOTER_ROWS and short.get(last, width) <= width / 2:
        if last in table.blank:
            after_blank, footer = True, rows - last
        last -= 1
    row = rows - footer - 1
    if row > 0 and width > 1 and not after_blank:
        labels = [column[row] for column in columns if column[row]]
        if labels and _TOTAL.fullmatch(labels[0]) and labels[0] not in columns[0][:row]:
            footer += 1
    return footer


def _has_letters(cell):
    return any(map(str.isalpha, cell or ""))


def _is_empty(columns, row):
    return not any(column[row] for column in columns)


def _after_blank(table, row, short):
    """Whether a row and the short rows directly above it follow a blank line."""
    while row in short:
        if row in table.blank:
            return True
        row -= 1
    return False
