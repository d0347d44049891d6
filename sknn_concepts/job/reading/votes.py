"""What the cells of a row say: names, or values like those below them."""

import itertools

from sknn_concepts.job.reading.dialect import is_date
from sknn_concepts.job.values.missing import AMONG_NUMBERS, LIKELY, UNMISTAKABLE
from sknn_concepts.job.values.number_format import is_number
from sknn_concepts.job.values.numbers import study

#: Rows that are held against the one that may hold the names.
MOST_ROWS = 400

#: What it counts that a row holds the name of the target.
DECISIVE = 1e6

MOSTLY = 0.9


def holds_target(cells, target, width):
    """Whether the name of the target stands among the cells of a row; positions say nothing."""
    if target is None or " ".join(str(target).split()) not in {" ".join(cell.split()) for cell in cells}:
        return False
    try:
        return not 1 <= abs(int(str(target))) <= width
    except ValueError:
        return True


def votes_for_names(cells, body, target, width):
    """What speaks for a row of names, as a sum over its cells; less than 0 where it looks like any other row."""
    if holds_target(cells, target, width):
        return DECISIVE
    columns = list(itertools.zip_longest(*body, fillvalue=""))
    votes = sum(itertools.starmap(_vote, zip(cells, columns, strict=False)))
    texts = [cell for cell in cells if cell and not is_number(cell)]
    votes -= 0.5 * (len(texts) - len(set(texts)))
    votes += _counting(cells, body)
    if not votes and any(map(is_number, cells)):
        votes -= 0.1
    return votes


def _vote(cell, column):
    """What a cell says, from -1 for a value like those below it to 1 for a name."""
    column = [value for value in column if value and not _is_mark(value)]
    distinct = set(column)
    if not cell or not distinct:
        return 0.0
    if cell in distinct:
        return -1.0
    if cell in UNMISTAKABLE or cell in LIKELY:
        return -0.5
    if sum(map(is_number, distinct)) >= MOSTLY * len(distinct):
        return _vote_of_number(cell, distinct) if is_number(cell) else 1.0
    if sum(map(is_date, distinct)) >= MOSTLY * len(distinct):
        return -1.0 if is_date(cell) else 1.0
    repeated = len(distinct) <= len(column) / 3
    return 0.7 if repeated else 0.0


def _vote_of_number(cell, distinct):
    reading = study(distinct)
    if reading.format is None:
        return 0.0
    value, values = reading.format.parse([cell])[0], reading.format.parse(list(distinct))
    values = values[values == values]
    if value != value or not len(values):
        return 0.5
    whole = sum(map(has_point, distinct)) < MOSTLY * len(distinct)
    if not whole and not has_point(cell):
        return 0.7
    low, high = values.min(), values.max()
    if low <= value <= high:
        return -1.0
    beyond = max(low - value, value - high) > high - low
    return 0.5 if beyond and len(values) >= 10 else 0.0


def _counting(cells, body):
    """What it says that the numbers of a row rise in even steps, as years or wavelengths do."""
    places = [place for place, cell in enumerate(cells) if is_number(cell)]
    if len(places) < 2 or not _rises(cells, places):
        return 0.0
    others = sum(_rises(row, places) for row in body)
    if others > (0 if len(places) < 5 else 0.05 * len(body)):
        return 0.0
    return (1.5 if len(places) > 2 else 1.0) * len(places)


def _rises(cells, places):
    try:
        numbers = [float(cells[place]) for place in places]
    except (ValueError, IndexError):
        return False
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    return (
        steps[0] > 0 and max(steps) - min(steps) <= 1e-6 * max(map(abs, numbers)) and (len(steps) > 1 or steps[0] == 1)
    )


def has_point(cell):
    """Whether a number is no whole one, it seems."""
    return "." in cell or "," in cell


def _is_mark(cell):
    return cell in UNMISTAKABLE or cell in LIKELY or cell.casefold() in AMONG_NUMBERS


def is_rule_or_units(cells, rows):
    """Whether the row below the names is a rule, or has text in all columns of numbers, of which there are several."""
    if not "".join(cells).strip("-+=:| "):
        return True
    columns = itertools.zip_longest(*rows[:MOST_ROWS], fillvalue="")
    numeric = [cell for cell, column in zip(cells, columns, strict=False) if _holds_numbers(column)]
    texts = [cell for cell in numeric if cell and not is_number(cell) and not _is_mark(cell)]
    return len(numeric) > 1 and len(texts) == len(numeric)


def _holds_numbers(column):
    known = {value for value in column if value and not _is_mark(value)}
    return bool(known) and sum(map(is_number, known)) >= MOSTLY * len(known)
