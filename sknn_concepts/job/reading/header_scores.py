"""Scores that tell a header from a row of values."""

import itertools

from sknn_concepts.job.reading.dialect import is_date
from sknn_concepts.job.values.missing import CERTAIN_MARKS, LIKELY_MARKS, is_number_mark
from sknn_concepts.job.values.number_detection import detect_number_format
from sknn_concepts.job.values.number_format import is_number

#: Maximum number of rows that a possible header is compared with.
MAX_COMPARED_ROWS = 400

#: Score of a row that contains the name of the target.
TARGET_SCORE = 1e6

#: Minimum share of the distinct values of a column of numbers or dates that are numbers or dates.
MIN_TYPE_SHARE = 0.9


def contains_target(cells, target, width):
    """Whether a row contains the name of the target. A position is never a match."""
    if target is None or " ".join(str(target).split()) not in {" ".join(cell.split()) for cell in cells}:
        return False
    try:
        return not 1 <= abs(int(str(target))) <= width
    except ValueError:
        return True


def header_score(cells, body, target, width):
    """Score a row as a header, by a sum over its cells. The score is negative if it looks like any other row."""
    if contains_target(cells, target, width):
        return TARGET_SCORE
    columns = list(itertools.zip_longest(*body, fillvalue=""))
    score = sum(itertools.starmap(_cell_score, zip(cells, columns, strict=False)))
    texts = [cell for cell in cells if cell and not is_number(cell)]
    score -= 0.5 * (len(texts) - len(set(texts)))
    score += _sequence_score(cells, body)
    if not score and any(map(is_number, cells)):
        score -= 0.1
    return score


def _cell_score(cell, column):
    """Score a cell, from -1 for a value like those below it to 1 for a name."""
    column = [value for value in column if value and not is_number_mark(value)]
    distinct = set(column)
    if not cell or not distinct:
        return 0.0
    if cell in distinct:
        return -1.0
    if cell in CERTAIN_MARKS or cell in LIKELY_MARKS:
        return -0.5
    if _are_mostly(is_number, distinct):
        return _number_cell_score(cell, distinct) if is_number(cell) else 1.0
    if _are_mostly(is_date, distinct):
        return -1.0 if is_date(cell) else 1.0
    repeated = len(distinct) <= len(column) / 3
    return 0.7 if repeated else 0.0


def _are_mostly(is_type, distinct):
    """Whether most distinct values of a column have a type. No values have no type."""
    return bool(distinct) and sum(map(is_type, distinct)) >= MIN_TYPE_SHARE * len(distinct)


def _number_cell_score(cell, distinct):
    number_format = detect_number_format(distinct).format
    if number_format is None:
        return 0.0
    value, values = number_format.parse([cell])[0], number_format.parse(list(distinct))
    values = values[values == values]
    if value != value or not len(values):
        return 0.5
    whole = sum(map(has_decimal_mark, distinct)) < MIN_TYPE_SHARE * len(distinct)
    if not whole and not has_decimal_mark(cell):
        return 0.7
    low, high = values.min(), values.max()
    if low <= value <= high:
        return -1.0
    beyond = max(low - value, value - high) > high - low
    return 0.5 if beyond and len(values) >= 10 else 0.0


def _sequence_score(cells, body):
    """Score a row whose numbers increase in equal steps, such as years or wavelengths."""
    places = [place for place, cell in enumerate(cells) if is_number(cell)]
    if len(places) < 2 or not _is_sequence(cells, places):
        return 0.0
    others = sum(_is_sequence(row, places) for row in body)
    if others > (0 if len(places) < 5 else 0.05 * len(body)):
        return 0.0
    return (1.5 if len(places) > 2 else 1.0) * len(places)


def _is_sequence(cells, places):
    try:
        numbers = [float(cells[place]) for place in places]
    except (ValueError, IndexError):
        return False
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    return (
        steps[0] > 0 and max(steps) - min(steps) <= 1e-6 * max(map(abs, numbers)) and (len(steps) > 1 or steps[0] == 1)
    )


def has_decimal_mark(cell):
    """Whether a number contains a mark that may separate decimals."""
    return "." in cell or "," in cell


def is_rule_or_units(cells, rows):
    """Whether the row below the header is a rule, or has text in every one of several columns of numbers."""
    if not "".join(cells).strip("-+=:| "):
        return True
    columns = itertools.zip_longest(*rows[:MAX_COMPARED_ROWS], fillvalue="")
    known = ({value for value in column if value and not is_number_mark(value)} for column in columns)
    numeric = [cell for cell, distinct in zip(cells, known, strict=False) if _are_mostly(is_number, distinct)]
    texts = [cell for cell in numeric if cell and not is_number(cell) and not is_number_mark(cell)]
    return len(numeric) > 1 and len(texts) == len(numeric)
