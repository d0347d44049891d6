"""Parquet tables of one file or of many: which files they are, and reading of their row groups."""

import collections
import dataclasses
import glob
import importlib
import pathlib

import numpy as np

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.reading.files import one_line


@dataclasses.dataclass(frozen=True)
class RowGroup:
    """A part of a file that can be read alone."""

    path: pathlib.Path
    number: int  #: number within the file, from 0
    start: int  #: number of its first row within the table
    rows: int  #: number of its rows, at least 1


@dataclasses.dataclass(frozen=True)
class ParquetTable:
    """A table of Parquet files with the same columns, of which nothing but the metadata was read."""

    groups: list[RowGroup]
    columns: list[str]  #: names as they are in the files
    n_files: int

    @property
    def n_rows(self):
        """Number of rows of all files."""
        return self.groups[-1].start + self.groups[-1].rows

    def read(self, group, columns=None):
        """Read some columns of a row group, or all, and return them as an Arrow table."""
        try:
            with _parquet(group.path).ParquetFile(group.path) as file:
                return file.read_row_group(group.number, self.columns if columns is None else columns)
        except BadInput:
            raise
        except Exception as error:  # pyarrow raises errors of many types
            raise _unreadable(group.path, error) from None

    def read_rows(self, rows, columns=None):
        """Read rows and return them as a data frame.

        No more than one row group is in memory beside them.

        Parameters
        ----------
        rows : ndarray of int
            Numbers of the rows within the table, in ascending order.
        columns : list of str, optional
            Columns to read, all by default.
        """
        parts = []
        for group in self.groups:
            wanted = rows[slice(*np.searchsorted(rows, [group.start, group.start + group.rows]))]
            if len(wanted):
                parts.append(self.read(group, columns).take(wanted - group.start))
        return _to_pandas(parts)

    def read_all(self):
        """Read all rows and return them as a data frame."""
        return _to_pandas([self.read(group) for group in self.groups])


def open_table(path):
    """Open a Parquet file, all Parquet files of a folder, or those that match a pattern such as ``folder/*.parquet``.

    Return None if the path names no folder, no pattern, and no Parquet file. BadInput is raised if there is no file, if
    one of them is no Parquet file, if their columns differ, or if they contain no rows.
    """
    files = _find_files(pathlib.Path(path))
    if files is None:
        return None
    groups, first, start = [], None, 0
    for file in files:
        metadata, schema = _read_metadata(file)
        if first is None:
            first = schema
        else:
            _check_same(file, schema, files[0], first)
        for number in range(metadata.num_row_groups):
            rows = metadata.row_group(number).num_rows
            if rows:
                groups.append(RowGroup(file, number, start, rows))
                start += rows
    if not groups:
        raise BadInput(f"{str(path)!r} contains no rows")
    return ParquetTable(groups, _column_names(files[0], first), len(files))


def names_several_files(path):
    """Return whether a path names a folder or a pattern instead of a file."""
    path = pathlib.Path(path)
    return path.is_dir() or (not path.exists() and glob.escape(str(path)) != str(path))


def _find_files(path):
    if not names_several_files(path):
        return [path] if _is_parquet(path) else None
    if path.is_dir():
        files = [file for file in path.iterdir() if file.suffix in (".parquet", ".pq")]
        missing = f"the folder {str(path)!r} contains no Parquet files, whose names end with .parquet"
    else:
        files = [pathlib.Path(file) for file in glob.glob(str(path), recursive=True)]
        missing = f"no file matches {str(path)!r}"
    files = sorted(file for file in files if file.is_file() and not file.name.startswith((".", "_")))
    if not files:
        raise BadInput(missing)
    other = next((file for file in files if not _is_parquet(file)), None)
    if other is not None:
        raise BadInput(f"{str(other)!r} is not a Parquet file, and only Parquet files can be read together")
    return files


def _is_parquet(path):
    """Return whether a file begins like a Parquet file; False also if it cannot be read."""
    if not path.is_file():  # reading the first bytes of a pipe would take them away
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


def _parquet(path):
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise BadInput(
            f"{str(path)!r} is a Parquet file, which needs pyarrow: pip install 'sknn_concepts[job,dask]'"
        ) from None


def _read_metadata(path):
    parquet = _parquet(path)
    try:
        with parquet.ParquetFile(path) as file:
            return file.metadata, file.schema_arrow
    except Exception as error:  # pyarrow raises errors of many types
        raise _unreadable(path, error) from None


def _unreadable(path, error):
    return BadInput(f"cannot read {str(path)!r}: {one_line(error)}")


def _check_same(path, schema, first_path, first):
    """Raise BadInput if a file has other columns than the first, or columns of other types.

    The type of a column without any value is null, and goes together with all others.
    """
    own, others = set(schema.names), set(first.names)
    if own != others:
        name, with_it, without = min(
            [(name, path, first_path) for name in own - others] + [(name, first_path, path) for name in others - own]
        )
        raise BadInput(f"{str(with_it)!r} has a column {name!r}, which {str(without)!r} lacks")
    for name in first.names:
        types = [str(one.field(name).type) if one.names.count(name) == 1 else "" for one in (schema, first)]
        if types[0] != types[1] and "null" not in types:
            raise BadInput(
                f"column {name!r} contains {types[0]} in {str(path)!r}, but {types[1]} in {str(first_path)!r}"
            )


def _column_names(path, schema):
    """Return the names of the columns, without those that pandas makes the index of a frame."""
    names = schema.names
    repeated = [name for name, count in collections.Counter(names).items() if count > 1]
    if repeated:
        raise BadInput(f"{str(path)!r} has several columns {repeated[0]!r}")
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return [name for name in names if name not in index]


def _to_pandas(parts):
    """Return Arrow tables as one data frame; columns without values take the type that they have in other parts."""
    arrow = importlib.import_module("pyarrow")
    return arrow.concat_tables(parts, promote_options="default").to_pandas().reset_index(drop=True)
