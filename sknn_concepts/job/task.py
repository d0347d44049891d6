"""What is to be learned from what: the table, its target and its columns."""

import dataclasses

import numpy as np
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline

from sknn_concepts.job.columns import Column, Guide, TableReader, infer_columns
from sknn_concepts.job.errors import BadInput, did_you_mean
from sknn_concepts.job.table import read_cells
from sknn_concepts.job.target import read_target
from sknn_concepts.job.values.conversion import as_texts, number_cells
from sknn_concepts.job.values.leaks import same_classes, same_numbers


@dataclasses.dataclass
class Problem:
    """What is to be learned from what.

    Attributes
    ----------
    name : str
        Of the data.
    X : pandas.DataFrame or ndarray of shape (n_rows, n_columns)
        The features, as they stand in the table.
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
    reader : TableReader or None
        Turns a table's cells into what the preprocessing takes; None where they are numbers already.
    """

    name: str
    X: object
    y: np.ndarray
    task: str
    target: str
    columns: list
    notes: list
    reader: TableReader | None = None

    def values(self):
        """Give the features as the preprocessing takes them."""
        return self.X if self.reader is None else self.reader.transform(self.X)

    def whole_model(self, model):
        """Put the reader of cells before a fitted pipeline."""
        return model if self.reader is None else Pipeline([("cells", self.reader), *model.steps])


def embedded_problem():
    """Return the problem that the job solves without ``--data``: scikit-learn's 1,797 handwritten digits."""
    digits = load_digits()
    ink = np.ptp(digits.data, axis=0) > 0
    columns = [
        Column(name, position, "number" if inked else "left out", "" if inked else "has one value only")
        for position, (name, inked) in enumerate(zip(digits.feature_names, ink, strict=True))
    ]
    return Problem("load_digits (scikit-learn)", digits.data, digits.target, "classification", "digit", columns, [])


def read_problem(
    path,
    target,
    task="auto",
    separator="auto",
    header="auto",
    drop=(),
    encoding="auto",
    decimal="auto",
    missing=(),
    types=None,
):
    """Read a table and say what is to be learned from it.

    Parameters
    ----------
    path : str or path
        As in :func:`sknn_concepts.job.table.read_table`, like `separator`, `header`, `encoding`, `decimal` and
        `missing`.
    target : str
        Name of the column to predict or, where no column has that name, its position: 1 is the first, -1 the last.
    task : {"auto", "classification", "regression"}, default="auto"
        As in :func:`sknn_concepts.job.target.read_target`.
    separator, header, encoding, decimal, missing
        As in :func:`sknn_concepts.job.table.read_table`.
    drop : sequence of str
        Columns to leave out.
    types : dict of str to str, optional
        What columns are, by name or position: ``"number"``, ``"category"``, ``"date"``, ``"text"`` or ``"ignore"``.

    Returns
    -------
    problem : Problem

    Raises
    ------
    BadInput
        If anything is wrong with the file, its columns or the target.
    """
    cells = read_cells(
        path, separator=separator, header=header, encoding=encoding, decimal=decimal, missing=missing, target=target
    )
    frame, dialect = cells.frame, cells.dialect
    name = find_column(frame, target)
    dropped = [find_column(frame, column, "--drop") for column in drop]
    types = {find_column(frame, column, "--types"): kind for column, kind in (types or {}).items()}
    guide = Guide(decimal, dialect.decimal if dialect else "", tuple(missing))
    if types.get(name, "number") not in ("number", "category"):
        raise BadInput(f"--types {name}={types[name]}: {name!r} is the target, which is a number or a category")
    if name in types and task == "auto":
        task = "regression" if types[name] == "number" else "classification"
    found = read_target(frame[name], task, guide)
    X = frame.drop(columns=[name, *dropped])
    if not found.known.all():
        X = X[found.known].reset_index(drop=True)
    columns = without_leaks(X, found, infer_columns(X, types, guide), types)
    reader, notes = TableReader(columns), [*cells.notes, *found.notes]
    return Problem(str(path), X, found.y, found.task, name, columns, notes, reader)


def without_leaks(X, target, columns, types):
    """Leave out columns that say the same as the target, and tell of those that determine it.

    Where nothing else is left, they are kept, and told; so is a column whose kind the user gave.

    Parameters
    ----------
    X : pandas.DataFrame
    target : Target
    columns : list of Column
    types : dict of str to str

    Returns
    -------
    columns : list of Column
    """
    leaks = {column.key: _leak(X[column.key], column, target) for column in columns if column.kind != "left out"}
    used = set(leaks)
    certain = {key for key, leak in leaks.items() if leak and leak.certain and key not in types}
    kept = set() if used - certain else certain
    told = []
    for column in columns:
        leak = leaks.get(column.key)
        if leak and column.key in certain - kept:
            column = dataclasses.replace(column, kind="left out", note=f"is {leak.reason}")
        elif leak:
            note = leak.reason if not leak.certain else f"is {leak.reason}, but kept"
            column = dataclasses.replace(column, note="; ".join(filter(None, [column.note, note])))
        told.append(column)
    return told


def _leak(series, column, target):
    if target.task == "classification":
        texts = as_texts(series)
        return same_classes(texts.mask(texts == ""), target.y)
    if column.kind not in ("number", "category"):
        return None
    return same_numbers(number_cells(series, column.format, column.missing), target.y)


def find_column(frame, name, option=""):
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
    raise BadInput(f"{option and option + ': '}there is no column {name!r}.{hint} The table has {listed}")
