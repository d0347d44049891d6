"""Columns that give the target away: copies of it, other codes for it, other units of it.

A column that merely predicts the target well is no leak; what is left out says the same as the target in each row, and
there must be so many rows that this is no chance.
"""

import dataclasses

import numpy as np

#: Rows that both must have for a copy to be told from chance, and fewest of each value.
FEWEST_ROWS = 20
FEWEST_OF_A_VALUE = 3

#: Share of the rows in which a column with the target's own values must agree with it.
SAME = 0.99

#: More values than this are no code of classes.
MOST_VALUES = 200

#: The rounding of a number may hide this share of the target's standard deviation at most.
ROUNDING = 0.005


@dataclasses.dataclass(frozen=True)
class Leak:
    """What a column says of the target.

    Attributes
    ----------
    certain : bool
        Whether it says the same as the target.
    reason : str
        In words.
    """

    certain: bool
    reason: str


def same_classes(texts, labels):
    """Compare a column with the classes.

    Parameters
    ----------
    texts : pandas.Series of str
        The column, missing values being missing.
    labels : ndarray of shape (n_rows,)
        The target.

    Returns
    -------
    leak : Leak or None
    """
    import pandas

    known = texts.notna().to_numpy()
    rows = int(known.sum())
    of_value, values = pandas.factorize(texts[known])
    of_class, classes = pandas.factorize(np.asarray(labels, dtype=object)[known])
    n_classes = len(classes)
    if rows < max(FEWEST_ROWS, 0.5 * len(texts)) or n_classes < 2 or len(values) > MOST_VALUES:
        return None
    table = np.bincount(of_value * n_classes + of_class, minlength=len(values) * n_classes).reshape(-1, n_classes)
    place = {str(label): number for number, label in enumerate(classes)}
    same = [(row, place.get(text, -1)) for row, text in enumerate(values)]
    if len(values) == n_classes and all(column >= 0 for _, column in same):
        if sum(table[row, column] for row, column in same) >= SAME * rows:
            return Leak(True, "a copy of the target (a leak)")
    if (table > 0).sum(axis=1).max() > 1 or table.sum(axis=1).min() < FEWEST_OF_A_VALUE:
        return None
    if len(table) == n_classes:
        return Leak(True, "a copy of the target in other words (a leak)")
    if len(table) <= 3 * n_classes:
        return Leak(False, "determines the target: a leak, if it is known only afterwards")
    return None


def same_numbers(numbers, y):
    """Compare a column with a target that is a number.

    Parameters
    ----------
    numbers : ndarray of shape (n_rows,)
        The column, NaN where missing.
    y : ndarray of shape (n_rows,)
        The target.

    Returns
    -------
    leak : Leak or None
    """
    known = np.isfinite(numbers)
    numbers, y = numbers[known], y[known]
    if len(y) < max(FEWEST_ROWS, 0.5 * len(known)) or len(np.unique(numbers)) < 5 or not np.ptp(y):
        return None
    if np.mean(numbers == y) >= SAME:
        return Leak(True, "a copy of the target (a leak)")
    slope, offset = _line(numbers, y)
    rounding = 0.51 * (abs(slope) * _step(numbers) + _step(y)) + 1e-9 * np.abs(y).max()
    if rounding <= ROUNDING * y.std() and np.abs(y - slope * numbers - offset).max() <= rounding:
        return Leak(True, "a copy of the target in another unit (a leak)")
    scales = []
    if y.min() > 0.0:
        scales.append((numbers, np.log(y)))
    if numbers.min() > 0.0:
        scales.append((np.log(numbers), y))
    for x, z in scales:
        slope, offset = _line(x, z)
        if np.abs(z - slope * x - offset).max() <= 1e-6 * z.std():
            return Leak(True, "a copy of the target on another scale (a leak)")
    return None


def _line(x, y):
    x_mean, y_mean = x.mean(), y.mean()
    slope = float((x - x_mean) @ (y - y_mean) / ((x - x_mean) @ (x - x_mean)))
    return slope, float(y_mean - slope * x_mean)


def _step(numbers):
    """Unit of the last decimal that numbers are written with; 0 where they are not rounded."""
    for decimals in range(-6, 9):
        if np.allclose(numbers, np.round(numbers, decimals), rtol=1e-12, atol=1e-12):
            return 10.0**-decimals
    return 0.0
