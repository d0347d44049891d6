"""A random sample of the rows of a large Parquet table, and blocks of all its other rows."""

import collections
import dataclasses

import numpy as np

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.reading.parquet import ParquetTable, open_table
from sknn_concepts.job.streaming.fitting import join_shuffled
from sknn_concepts.job.table import pandas_library, tidy_names, typed_cells
from sknn_concepts.job.target import label_texts
from sknn_concepts.job.task import Problem, find_column, make_problem

#: Most rows, and cells, of a table that is read as a whole, and of the sample of a larger one.
SAMPLE_ROWS = 200_000
SAMPLE_CELLS = 50_000_000

#: Least number of rows of a sample.
MIN_SAMPLE_ROWS = 200

#: Share of the sample that is set aside to decide when the streamed fit ends and whether it is better.
VALIDATION_SHARE = 0.1

#: Rows of a row group that are converted at a time, which takes several times the memory of the result.
PART_ROWS = 65_536


@dataclasses.dataclass
class LargeTable:
    """A table of which only a sample of the rows is in memory."""

    table: ParquetTable
    names: dict[str, str]  #: names of the columns in the files, by their tidy names
    rows: np.ndarray  #: numbers of the rows of the problem within the table
    validation_rows: np.ndarray  #: numbers of the rows that are set aside, in ascending order
    validation: object  #: data frame of these rows


def larger_than_sample(path, sample_rows=None):
    """Return the Parquet table with this path, or None if it is to be read as a whole or is not Parquet."""
    table = open_table(path)
    return table if table is not None and table.n_rows > _sample_size(table, sample_rows) else None


def _sample_size(table, sample_rows):
    if sample_rows is not None:
        return sample_rows
    return max(MIN_SAMPLE_ROWS, min(SAMPLE_ROWS, SAMPLE_CELLS // max(len(table.columns), 1)))


def sample_problem(table, path, sample_rows, seed, *, target, drop=(), missing=(), **given):
    """Make a problem of a random sample of the rows of a table.

    Parameters
    ----------
    table : ParquetTable
        The table.
    path : path
        Its path, for the report.
    sample_rows : int or None
        Number of rows of the sample, of which a tenth is set aside. None stands for the default.
    seed : int
        Determines the sample.
    target, drop, missing
        See :func:`~sknn_concepts.job.task.read_problem`.
    **given
        Further arguments of that function; those that only text tables need are ignored.

    Returns
    -------
    problem : Problem
        Its attribute `large` describes the table.
    """
    size = _sample_size(table, sample_rows)
    names = dict(zip(tidy_names(table.columns)[0], table.columns, strict=True))
    empty = pandas_library().DataFrame(columns=list(names))
    target_name = find_column(empty, target)
    dropped = {find_column(empty, column, "--drop") for column in drop}
    generator = np.random.default_rng(seed)
    rows = np.sort(generator.choice(table.n_rows, size, replace=False, shuffle=False))
    aside = np.zeros(size, bool)
    aside[generator.choice(size, round(VALIDATION_SHARE * size), replace=False)] = True
    frame = table.read_rows(rows, [raw for name, raw in names.items() if name not in dropped or name == target_name])
    cells = typed_cells(frame, repr(str(path)))
    validation = cells.frame[aside].reset_index(drop=True)
    cells.frame = cells.frame[~aside].reset_index(drop=True)
    given = {name: value for name, value in given.items() if name in ("task", "decimal", "types")}
    series = cells.frame[target_name]
    try:
        problem = make_problem(cells, str(path), target_name, missing=missing, **given)
    except BadInput as error:
        raise BadInput(f"in a sample of {size:,} of {table.n_rows:,} rows (--sample-rows): {error}") from None
    if problem.task == "classification":
        _check_labels(table, names[target_name], problem, size, missing)
    known = problem.target_reader.read(series)[1]
    problem.large = LargeTable(table, names, rows[~aside][known], rows[aside], validation)
    files, groups = (
        f"{n:,} {noun}{'s' * (n > 1)}" for n, noun in ((table.n_files, "file"), (len(table.groups), "row group"))
    )
    problem.notes.insert(
        0,
        f"the table has {table.n_rows:,} rows in {files} with {groups}. Search and comparison work on a random sample "
        f"of {size - len(validation):,} rows, and {len(validation):,} more are set aside (--sample-rows).",
    )
    return problem


def _check_labels(table, column, problem, size, missing):
    """Read the whole target column, and raise BadInput if the sample lacks a class."""
    pandas, counts = pandas_library(), collections.Counter()
    for group in table.groups:
        found = table.read(group, [column]).column(0).value_counts()
        texts = label_texts(pandas.Series(found.field("values").to_pandas()))
        counts.update(dict(zip(texts, found.field("counts").to_pylist(), strict=True)))
    unknown = problem.target_reader.unknown_labels([text for text in counts if text not in missing])
    if unknown:
        label = max(unknown, key=counts.get)
        more = f", nor are {len(unknown) - 1:,} others" if len(unknown) > 1 else ""
        raise BadInput(
            f"the class {label!r} of {problem.target!r}, with {counts[label]:,} of {table.n_rows:,} rows, is not in "
            f"the sample of {size:,} rows{more}; read more rows with --sample-rows, or leave the class out with "
            f"--missing={label}"
        )


class LargeBlocks:
    """The row groups of a large table as blocks of preprocessed samples and targets, without some of the rows.

    Parameters
    ----------
    problem : Problem
        The problem of a sample of the table.
    excluded : ndarray of int
        Numbers of rows that are left out, in ascending order.
    transform : callable
        Preprocessing of the features, which returns an array or a CSR matrix.
    transform_target : callable
        Preprocessing of the targets.
    """

    def __init__(self, problem: Problem, excluded, transform, transform_target):
        self.problem, self.excluded = problem, excluded
        self.transform, self.transform_target = transform, transform_target
        used = [column.name for column in problem.columns if column.kind != "left out"]
        self.names = [*used, problem.target]

    def __len__(self):
        return len(self.problem.large.table.groups)

    def __getitem__(self, number):
        """Read a row group and return its samples and targets."""
        large = self.problem.large
        group = large.table.groups[number]
        keep = np.ones(group.rows, bool)
        left_out = slice(*np.searchsorted(self.excluded, [group.start, group.start + group.rows]))
        keep[self.excluded[left_out] - group.start] = False
        arrow, parts = large.table.read(group, [large.names[name] for name in self.names]), []
        for start in range(0, group.rows, PART_ROWS):
            frame = arrow.slice(start, PART_ROWS).to_pandas().reset_index(drop=True)
            frame = frame[[large.names[name] for name in self.names]].set_axis(self.names, axis=1)
            parts.append(self.prepare(frame[keep[start : start + PART_ROWS]]))
        del arrow
        filled = [part for part in parts if len(part[1])]
        return join_shuffled(filled) if filled else parts[0]

    def prepare(self, frame):
        """Return the preprocessed samples and the targets of those rows of a frame that have a target."""
        y, known = self.problem.target_reader.read(frame[self.problem.target])
        features = frame[known]
        if not len(y):
            return np.empty((0, 0)), y
        X = self.transform(self.problem.reader.transform(features))
        return X, self.transform_target(y)
