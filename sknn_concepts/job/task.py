"""The target: classification or regression, and whether the rows suffice."""

import dataclasses

import numpy as np
from sklearn.datasets import load_digits

from sknn_concepts.job.columns import Column, as_numbers, infer_columns
from sknn_concepts.job.errors import BadInput, did_you_mean
from sknn_concepts.job.table import load

#: Whole numbers with at most so many distinct values, each of which stands in so many rows on average, are classes.
MOST_CLASSES = 20
ROWS_OF_A_CLASS = 5

#: Fewest rows of a table, and of each class: two folds and a held-out row must be had.
FEWEST_ROWS = 20
FEWEST_OF_A_CLASS = 4


@dataclasses.dataclass
class Problem:
    """What is to be learned from what.

    Attributes
    ----------
    name : str
        Of the data.
    X : pandas.DataFrame or ndarray of shape (n_rows, n_columns)
        The features.
    y : ndarray of shape (n_rows,)
        The target: class labels, or floats.
    task : {"classification", "regression"}
        The kind of task.
    target : str
        Name of the target column.
    columns : list of Column
        What is done with each feature.
    notes : list of str
        What had to be guessed, in words.
    """

    name: str
    X: object
    y: np.ndarray
    task: str
    target: str
    columns: list
    notes: list


def embedded_problem():
    """Return the problem that the job solves without ``--data``: scikit-learn's 1,797 handwritten digits."""
    digits = load_digits()
    ink = np.ptp(digits.data, axis=0) > 0
    columns = [
        Column(name, position, "number" if inked else "left out", "" if inked else "has one value only")
        for position, (name, inked) in enumerate(zip(digits.feature_names, ink, strict=True))
    ]
    return Problem("load_digits (scikit-learn)", digits.data, digits.target, "classification", "digit", columns, [])


def read_problem(path, target, task="auto", separator="auto", header="auto", drop=()):
    """Read a table and say what is to be learned from it.

    Parameters
    ----------
    path : str or path
        As in :func:`sknn_concepts.job.table.read_table`, like `separator` and `header`.
    target : str
        Name of the column to predict or, where no column has that name, its position: 1 is the first, -1 the last.
    task : {"auto", "classification", "regression"}, default="auto"
        As in :func:`read_target`.
    separator, header : str
        As in :func:`sknn_concepts.job.table.read_table`.
    drop : sequence of str
        Columns to leave out.

    Returns
    -------
    problem : Problem

    Raises
    ------
    BadInput
        If anything is wrong with the file, its columns or the target.
    """
    frame, notes = load(path, separator, header)
    target = find_column(frame, target)
    dropped = [find_column(frame, name) for name in drop]
    y, task, note = read_target(frame[target], task)
    X = frame.drop(columns=[target, *dropped])
    return Problem(str(path), X, y, task, target, infer_columns(X), [*notes, note])


def find_column(frame, name):
    """Name of the column that is called so or has that position, counted from 1 or, from the end, from -1."""
    names, name = list(frame.columns), " ".join(name.split())
    if name in names:
        return name
    try:
        position = int(name)
    except ValueError:
        position = 0
    if 1 <= abs(position) <= len(names):
        return names[position - (position > 0)]
    hint = did_you_mean(name, names)
    listed = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
    raise BadInput(f"there is no column {name!r}.{hint} The table has {listed}")


def read_target(series, task="auto"):
    """Take the target column apart.

    With ``"auto"``, text, booleans and anything with two distinct values are classes; so are whole numbers with at most
    20 distinct values that stand in 5 rows each on average. Other numbers, also those stored as text, are a regression.

    Parameters
    ----------
    series : pandas.Series
    task : {"auto", "classification", "regression"}, default="auto"

    Returns
    -------
    y : ndarray of shape (n_rows,)
        Labels as they stand in the table, or floats.
    task : {"classification", "regression"}
    note : str
        Why it is this task.

    Raises
    ------
    BadInput
        If values are missing, all are the same, or the rows are too few for it.
    """
    name, rows = series.name, len(series)
    missing = np.flatnonzero(series.isna())
    if len(missing):
        where = f"data row {missing[0] + 1}" + (f" and {len(missing) - 1} others" if len(missing) > 1 else "")
        raise BadInput(f"the target {name!r} has missing values ({where}); fill them in or leave these rows out")
    if rows < FEWEST_ROWS:
        raise BadInput(f"{rows} rows are too few to cross-validate; at least {FEWEST_ROWS} are needed")
    distinct = series.nunique()
    if distinct == 1:
        raise BadInput(f"the target {name!r} has one value only ({series.iloc[0]!r}); there is nothing to learn")
    numbers = as_numbers(series.to_frame())[:, 0]
    numeric = series.dtype != bool and bool(np.isfinite(numbers).all())
    whole = numeric and bool((numbers == np.round(numbers)).all())
    if task == "auto":
        few = distinct <= MOST_CLASSES and distinct * ROWS_OF_A_CLASS <= rows
        task = "classification" if not numeric or distinct == 2 or (whole and few) else "regression"
    if task == "regression":
        if not numeric:
            odd = series[~np.isfinite(numbers)]
            example = odd.iloc[0] if len(odd) else series.iloc[0]
            raise BadInput(f"the target {name!r} is no number everywhere ({example!r}); --task classification?")
        return numbers, task, f"{name!r} is taken as a number to predict (--task classification for classes)."
    if series.dtype.kind == "b":
        y = series.to_numpy(dtype=bool)
    else:
        y = numbers.astype(int) if whole else series.astype(str).to_numpy(dtype=object)
    labels, counts = np.unique(y, return_counts=True)
    if len(labels) > rows / FEWEST_OF_A_CLASS:
        hint = "; --task regression?" if numeric else ""
        raise BadInput(f"the target {name!r} has {len(labels):,} distinct values in {rows:,} rows: no classes{hint}")
    if counts.min() < FEWEST_OF_A_CLASS:
        pairs = zip(labels, counts, strict=True)
        rare = ", ".join(f"{label} ({count})" for label, count in pairs if count < FEWEST_OF_A_CLASS)
        raise BadInput(f"classes of {name!r} with fewer than {FEWEST_OF_A_CLASS} rows: {rare}; merge or leave them out")
    return y, task, f"{name!r} is taken as {len(labels)} classes (--task regression for a number)."
