"""Detection of target leakage: columns that are the target itself, in the same or in other words or units.

A column that merely predicts the target well is no leakage. A column is left out only if it is equivalent to the target
in all rows, and only if the rows are so many that this cannot be chance.
"""

import dataclasses

import numpy as np

#: Minimum number of rows with both values, and with each distinct value, to rule out chance.
MIN_ROWS = 20
MIN_VALUE_ROWS = 3

#: Minimum share of the rows in which a column with the values of the target agrees with it.
MIN_AGREEMENT = 0.99

#: Maximum number of distinct values of a column that encodes classes.
MAX_VALUES = 200

#: Maximum rounding error in units of the target's standard deviation.
MAX_ROUNDING = 0.005


@dataclasses.dataclass(frozen=True)
class Leakage:
    """Relation of a column to the target."""

    certain: bool  #: whether the column is equivalent to the target
    reason: str  #: description of the relation


def same_classes(texts, labels):
    """Compare a series of texts, missing where a row has no value, with the class labels of the rows."""
    import pandas

    known = texts.notna().to_numpy()
    rows = int(known.sum())
    value_codes, values = pandas.factorize(texts[known])
    class_codes, classes = pandas.factorize(np.asarray(labels, dtype=object)[known])
    n_classes = len(classes)
    if rows < max(MIN_ROWS, 0.5 * len(texts)) or n_classes < 2 or len(values) > MAX_VALUES:
        return None
    table = np.bincount(value_codes * n_classes + class_codes, minlength=len(values) * n_classes).reshape(-1, n_classes)
    place = {str(label): number for number, label in enumerate(classes)}
    same = [(row, place.get(text, -1)) for row, text in enumerate(values)]
    if len(values) == n_classes and all(column >= 0 for _, column in same):
        if sum(table[row, column] for row, column in same) >= MIN_AGREEMENT * rows:
            return Leakage(True, "a copy of the target (a leak)")
    if (table > 0).sum(axis=1).max() > 1 or table.sum(axis=1).min() < MIN_VALUE_ROWS:
        return None
    if len(table) == n_classes:
        return Leakage(True, "a copy of the target in other words (a leak)")
    if len(table) <= 3 * n_classes:
        return Leakage(False, "determines the target: a leak if it is only known afterwards")
    return None


def same_numbers(numbers, y):
    """Compare the numbers of a column, NaN where missing, with a numeric target."""
    known = np.isfinite(numbers)
    numbers, y = numbers[known], y[known]
    if len(y) < max(MIN_ROWS, 0.5 * len(known)) or len(np.unique(numbers)) < 5 or not np.ptp(y):
        return None
    if np.mean(numbers == y) >= MIN_AGREEMENT:
        return Leakage(True, "a copy of the target (a leak)")
    slope, offset = _line(numbers, y)
    rounding = 0.51 * (abs(slope) * _step(numbers) + _step(y)) + 1e-9 * np.abs(y).max()
    if rounding <= MAX_ROUNDING * y.std() and np.abs(y - slope * numbers - offset).max() <= rounding:
        return Leakage(True, "a copy of the target in another unit (a leak)")
    scales = []
    if y.min() > 0.0:
        scales.append((numbers, np.log(y)))
    if numbers.min() > 0.0:
        scales.append((np.log(numbers), y))
    for x, z in scales:
        slope, offset = _line(x, z)
        if np.abs(z - slope * x - offset).max() <= 1e-6 * z.std():
            return Leakage(True, "a copy of the target on another scale (a leak)")
    return None


def _line(x, y):
    x_mean, y_mean = x.mean(), y.mean()
    slope = float((x - x_mean) @ (y - y_mean) / ((x - x_mean) @ (x - x_mean)))
    return slope, float(y_mean - slope * x_mean)


def _step(numbers):
    """Return the unit of the last decimal place of rounded numbers, or 0 if they are not rounded."""
    for decimals in range(-6, 9):
        if np.allclose(numbers, np.round(numbers, decimals), rtol=1e-12, atol=1e-12):
            return 10.0**-decimals
    return 0.0
