"""Parquet tables of one file or of many: which files they are, and reading of their row groups."""

import collections
import dataclasses
import glob
import importlib
import itertools
import pathlib
import re
import urllib.parse

import numpy as np

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.reading.files import one_line

#: Name of a missing value in the names of folders.
MISSING = "__HIVE_DEFAULT_PARTITION__"

#: Integers that have one form only, so that texts such as codes with leading zeros remain texts.
INTEGER = re.compile("0|-?[1-9][0-9]{0,17}")


@dataclasses.dataclass(frozen=True)
class RowGroup:
    """A part of a file that can be read alone."""

    path: pathlib.Path
    number: int  #: number within the file, from 0
    start: int  #: number of its first row within the table
    rows: int  #: number of its rows, at least 1
    constants: dict  #: Arrow scalars by column, of the columns whose values are in the names of folders


@dataclasses.dataclass(frozen=True)
class ParquetTable:
    """A table of Parquet files with the same columns, of which nothing but the metadata was read."""

    groups: list[RowGroup]
    columns: list[str]  #: names as they are in the files
    n_files: int

    @property
    def example(self):
        """Path or pattern of a part of the table, with all columns."""
        path, constants = self.groups[0].path, self.groups[0].constants
        if not constants:
            return path
        names = [part.partition("=")[0] for part in path.parts[:-1]]
        parts = [f"{name}=*" if name in constants else part for name, part in zip(names, path.parts, strict=False)]
        return pathlib.Path(*(part if part.endswith("=*") else glob.escape(part) for part in [*parts, path.name]))

    @property
    def n_rows(self):
        """Number of rows of all files."""
        return self.groups[-1].start + self.groups[-1].rows

    def read(self, group, columns=None):
        """Read some columns of a row group, or all, and return them as an Arrow table."""
        columns = self.columns if columns is None else columns
        try:
            with _pyarrow(group.path, "parquet").ParquetFile(group.path) as file:
                read = file.read_row_group(group.number, [name for name in columns if name not in group.constants])
        except BadInput:
            raise
        except Exception as error:  # pyarrow raises errors of many types
            raise _unreadable(group.path, error) from None
        if not group.constants:
            return read
        arrow = _pyarrow(group.path)
        constants = {name: arrow.repeat(scalar, group.rows) for name, scalar in group.constants.items()}
        # without the metadata of pandas, which might make one of them the index
        return arrow.table({name: constants[name] if name in constants else read[name] for name in columns})

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

    Names of folders such as ``year=2026``, as Hive, Spark and Dask make them, are columns.

    Return None if the path names no folder, no pattern, and no Parquet file. BadInput is raised if there is no file, if
    one of them is no Parquet file, if their columns differ, or if they contain no rows.
    """
    path = pathlib.Path(path)
    files = _find_files(path)
    if files is None:
        return None
    groups, first, start = [], None, 0
    for file, constants in zip(files, _read_folder_names(path, files), strict=True):
        metadata, schema = _read_metadata(file)
        if first is None:
            first, columns = schema, _column_names(file, schema)
        else:
            _check_same(file, schema, files[0], first)
        # a column of the file is kept
        constants = {name: scalar for name, scalar in constants.items() if name not in columns}
        for number in range(metadata.num_row_groups):
            rows = metadata.row_group(number).num_rows
            if rows:
                groups.append(RowGroup(file, number, start, rows, constants))
                start += rows
    if not groups:
        raise BadInput(f"{str(path)!r} contains no rows")
    return ParquetTable(groups, [*columns, *groups[0].constants], len(files))


def names_several_files(path):
    """Return whether a path names a folder or a pattern instead of a file."""
    path = pathlib.Path(path)
    return path.is_dir() or (not path.exists() and glob.escape(str(path)) != str(path))


def _find_files(path):
    """Return the files that a path names, each once; None if it is a file of another format."""
    if not names_several_files(path):
        return [path] if _is_parquet(path) else None
    if path.is_dir():
        found = _parquet_files_of(path)
        missing = f"the folder {str(path)!r} contains no Parquet files, whose names end with .parquet"
    else:
        found = [pathlib.Path(file) for file in glob.glob(str(path), recursive=True)]
        if not any(file.is_file() for file in found):
            found = itertools.chain.from_iterable(map(_parquet_files_of, found))
        missing = f"no file matches {str(path)!r}"
    base, files = _folder_of(path), {}
    for file in sorted(found, key=lambda file: (len(file.parts), file)):
        hidden = any(name.startswith((".", "_")) for name in file.relative_to(base).parts)
        if file.is_file() and not hidden:
            files.setdefault(file.resolve(), file)  # links may lead to a file in several ways
    if not files:
        raise BadInput(missing)
    files = sorted(files.values())
    other = next((file for file in files if not _is_parquet(file)), None)
    if other is not None:
        raise BadInput(f"{str(other)!r} is not a Parquet file, and only Parquet files can be read together")
    return files


def _parquet_files_of(folder):
    """Yield the Parquet files of a folder, and of folders there that are named like ``year=2026``."""
    for entry in folder.iterdir():
        if entry.is_dir() and "=" in entry.name:
            yield from _parquet_files_of(entry)
        elif entry.suffix in (".parquet", ".pq"):
            yield entry


def _folder_of(path):
    """Return the folder that a path names, or that of a pattern, up to the first wildcard."""
    return (
        path
        if path.is_dir()
        else pathlib.Path(*itertools.takewhile(lambda part: glob.escape(part) == part, path.parts))
    )


def _read_folder_names(path, files):
    """Return the columns whose values are in the names of folders, as a dict of Arrow scalars for each file.

    BadInput is raised if these are not the same columns for all files.
    """
    if not names_several_files(path):
        return [{}]
    folders = [file.relative_to(_folder_of(path)).parts[:-1] for file in files]
    values = [dict(name.split("=", 1) for name in names if "=" in name) for names in folders]
    for file, of_file in zip(files, values, strict=True):
        if of_file.keys() != values[0].keys():
            raise BadInput(
                f"the folders of {str(file)!r} name the columns {sorted(of_file)}, but those of {str(files[0])!r} "
                f"name {sorted(values[0])}"
            )
    columns = {name: _from_texts(path, [of_file[name] for of_file in values]) for name in values[0]}
    return [{name: column[number] for name, column in columns.items()} for number in range(len(files))]


def _from_texts(path, texts):
    """Return an Arrow array of the values in names of folders: integers if all are, without leading zeros, or texts."""
    values = [None if text == MISSING else urllib.parse.unquote(text) for text in texts]
    if all(value is None or INTEGER.fullmatch(value) for value in values):
        values = [None if value is None else int(value) for value in values]
    return _pyarrow(path).array(values)


def _is_parquet(path):
    """Return whether a file begins like a Parquet file; False also if it cannot be read."""
    if not path.is_file():  # reading the first bytes of a pipe would take them away
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


def _pyarrow(path, *module):
    try:
        return importlib.import_module(".".join(["pyarrow", *module]))
    except ImportError:
        raise BadInput(
            f"{str(path)!r} is a Parquet file, which needs pyarrow: pip install 'sknn_concepts[job,dask]'"
        ) from None


def _read_metadata(path):
    parquet = _pyarrow(path, "parquet")
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
