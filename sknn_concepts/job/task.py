"""A table prepared for learning: its features, target, task and columns."""

import dataclasses

import numpy as np
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline

from sknn_concepts.job.columns import Column, ParsingHints, TableReader, infer_columns
from sknn_concepts.job.errors import BadInput, did_you_mean
from sknn_concepts.job.table import read_cells
from sknn_concepts.job.target import TargetReader, read_target
from sknn_concepts.job.values.conversion import as_texts, number_cells
from sknn_concepts.job.values.leakage import same_classes, same_numbers


@dataclasses.dataclass
class Problem:
    """A learning problem: features, target and task."""

    name: str  #: name of the data
    X: object  #: data frame or array of the cells of the features as they appear in the table
    y: np.ndarray  #: class labels or floats
    task: str  #: "classification" or "regression"
    target: str  #: name of the target column
    columns: list[Column]  #: treatment of each feature
    notes: list[str]  #: sentences about decisions that may be wrong
    reader: TableReader | None = None  #: converts the cells for the preprocessing; None if they are numbers already
    target_reader: TargetReader | None = None  #: reads the target of further rows of the table
    large: object = None  #: the LargeTable of which these rows are a sample; None if they are all

    def features(self):
        """Return the features in the form that the preprocessing takes."""
        return self.X if self.reader is None else self.reader.transform(self.X)

    def full_pipeline(self, model):
        """Prepend the reader to a fitted pipeline."""
        return model if self.reader is None else Pipeline([("cells", self.reader), *model.steps])


def embedded_problem():
    """Return the problem that the job solves without ``--data``: scikit-learn's 1,797 handwritten digits."""
    digits = load_digits()
    varying = np.ptp(digits.data, axis=0) > 0
    columns = [
        Column(name, position, "number" if varies else "left out", "" if varies else "has only one value")
        for position, (name, varies) in enumerate(zip(digits.feature_names, varying, strict=True))
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
    """Read a table and prepare it for learning.

    Parameters
    ----------
    path : str or path
        Text file (plain or compressed), Parquet file, or folder or pattern of Parquet files.
    target : str
        Name of the column to predict or, if no column has that name, its position: 1 is the first, -1 the last.
    task : {"auto", "classification", "regression"}, default="auto"
        Kind of task, see :func:`sknn_concepts.job.target.read_target`.
    separator, header, encoding, decimal, missing
        Format of the table, see :func:`sknn_concepts.job.table.read_table`.
    drop : sequence of str, default=()
        Columns to leave out.
    types : dict of str to str, optional
        Kinds of columns, by name or position: ``"number"``, ``"category"``, ``"date"``, ``"text"`` or ``"ignore"``.

    Returns
    -------
    problem : Problem

    Raises
    ------
    BadInput
        If the file, its columns or the target cannot be used.
    """
    cells = read_cells(
        path, separator=separator, header=header, encoding=encoding, decimal=decimal, missing=missing, target=target
    )
    return make_problem(cells, str(path), target, task, drop, decimal, missing, types)


def make_problem(cells, name_of_data, target, task="auto", drop=(), decimal="auto", missing=(), types=None):
    """Prepare the cells of a table for learning, see :func:`read_problem`."""
    frame, dialect = cells.frame, cells.dialect
    name = find_column(frame, target)
    dropped = [find_column(frame, column, "--drop") for column in drop]
    types = {find_column(frame, column, "--types"): kind for column, kind in (types or {}).items()}
    hints = ParsingHints(decimal, dialect.decimal if dialect else "", tuple(missing))
    if types.get(name, "number") not in ("number", "category"):
        raise BadInput(f"--types {name}={types[name]}: {name!r} is the target, which must be a number or a category")
    if name in types and task == "auto":
        task = "regression" if types[name] == "number" else "classification"
    found = read_target(frame[name], task, hints)
    X = frame.drop(columns=[name, *dropped])
    if not found.known.all():
        X = X[found.known].reset_index(drop=True)
    columns = exclude_leaks(X, found, infer_columns(X, types, hints), types)
    reader, notes = TableReader(columns), [*cells.notes, *found.notes]
    return Problem(name_of_data, X, found.y, found.task, name, columns, notes, reader, found.reader)


def exclude_leaks(X, target, columns, types):
    """Leave out columns that duplicate the target, and add notes to those that determine it.

    A column that duplicates the target is kept, with a note, if the user declared its kind, or if no other column would
    remain.
    """
    used = [column for column in columns if column.kind != "left out"]
    leaks = {column.key: _find_leakage(X[column.key], column, target) for column in used}
    excluded = {key for key, leak in leaks.items() if leak and leak.certain and key not in types}
    if len(excluded) == len(leaks):
        excluded = set()
    checked = []
    for column in columns:
        leak = leaks.get(column.key)
        if leak and column.key in excluded:
            column = dataclasses.replace(column, kind="left out", note=f"is {leak.reason}")
        elif leak:
            note = leak.reason if not leak.certain else f"is {leak.reason}, but kept"
            column = dataclasses.replace(column, note="; ".join(filter(None, [column.note, note])))
        checked.append(column)
    return checked


def _find_leakage(series, column, target):
    if target.task == "classification":
        texts = as_texts(series)
        return same_classes(texts.mask(texts == ""), target.y)
    if column.kind not in ("number", "category"):
        return None
    return same_numbers(number_cells(series, column.format, column.missing), target.y)


def find_column(frame, name, option=""):
    """Return the name of the column with a name or position, which counts from 1 or, backwards, from -1."""
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
    raise BadInput(f"{option and option + ': '}there is no column {name!r}.{hint} The columns are {listed}")
