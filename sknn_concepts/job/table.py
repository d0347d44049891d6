"""Reading a file into a data frame: text tables in any dialect, plain or compressed, and Parquet files."""

import csv
import dataclasses
import importlib
import io
import itertools

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.reading.dialect import SEPARATORS, find_dialect, is_separator, read_separator_line, take_sample
from sknn_concepts.job.reading.encoding import remove_control_characters, to_utf8
from sknn_concepts.job.reading.files import one_line, read_bytes
from sknn_concepts.job.reading.header import find_layout
from sknn_concepts.job.reading.irregular_rows import remove_irregular_rows, too_many_long_rows
from sknn_concepts.job.reading.parquet import names_several_files, open_table
from sknn_concepts.job.reading.rows import SEVERAL_SPACES, Dialect, alternative_quoting, read_columns
from sknn_concepts.job.values.number_columns import common_decimal, convert_numbers


def read_table(path, separator="auto", header="auto", encoding="auto", decimal="auto", missing=()):
    r"""Read a table from a file.

    The type of the file is determined from its content, not from its name. White space around column names is removed,
    and repeated names are numbered. Columns of numbers are converted in whatever format they are written; codes with
    leading zeros remain text. Marks of missing values become missing values.

    Parameters
    ----------
    path : str or path
        Text file (plain or compressed) or Parquet file; or a folder of Parquet files with the same columns, or a
        pattern such as ``"folder/*.parquet"``.
    separator : {"auto", "comma", "semicolon", "tab", "bar", "space"} or one character, default="auto"
        Separator of the values. ``"auto"`` selects the separator that splits the lines into rows of equal length and
        cells of known types.
    header : {"auto", "yes", "no"}, default="auto"
        Whether the first line contains the column names. Columns without a name are called ``column_1``, ``column_2``
        and so on.
    encoding : str, default="auto"
        Python's name of the text encoding.
    decimal : {"auto", ".", ","}, default="auto"
        Decimal mark. ``"auto"`` determines it for each column.
    missing : sequence of str, default=()
        Texts that stand for a missing value, in addition to the usual ones.

    Returns
    -------
    frame : pandas.DataFrame

    Raises
    ------
    BadInput
        If the file does not exist, cannot be read, or contains no table.
    """
    return load(path, separator, header, encoding, decimal, missing)[0]


def load(path, separator="auto", header="auto", encoding="auto", decimal="auto", missing=(), target=None):
    """Read a table like :func:`read_table`, and report decisions that may be wrong.

    Returns
    -------
    frame : pandas.DataFrame
    notes : list of str
        Sentences about everything that was inferred or changed.
    """
    cells = read_cells(
        path, separator=separator, header=header, encoding=encoding, decimal=decimal, missing=missing, target=target
    )
    if cells.dialect is None:
        return cells.frame, cells.notes
    notes, columns = list(cells.notes), {}
    for name in cells.frame.columns:
        columns[name], note = convert_numbers(cells.frame[name], decimal, missing, cells.dialect.decimal)
        notes += [f"column {name!r}: {note}."] if note else []
    return pandas_library().DataFrame(columns, index=cells.frame.index), notes


@dataclasses.dataclass
class Cells:
    """The cells of a table before conversion.

    Attributes
    ----------
    frame : pandas.DataFrame
        Text without surrounding white space, missing where a cell is empty. Columns of a Parquet file keep their types.
    dialect : Dialect or None
        Dialect of a text table, None for Parquet.
    notes : list of str
        Sentences about everything that was inferred.
    """

    frame: object
    dialect: Dialect | None
    notes: list[str]


def read_cells(path, *, separator="auto", header="auto", encoding="auto", decimal="auto", missing=(), target=None):
    """Read the cells of a table without converting them.

    Parameters
    ----------
    path, separator, header, encoding, decimal, missing
        File and format, see :func:`read_table`.
    target : str, optional
        Name or position of the column to predict. A line that contains this name is taken as the header.

    Returns
    -------
    cells : Cells
    """
    pandas, name = pandas_library(), repr(str(path))
    _check("separator", separator, ("auto", *SEPARATORS), "or one character", is_separator(separator))
    _check("header", header, ("auto", "yes", "no"))
    _check("decimal", decimal, ("auto", ".", ","))
    missing = (missing,) if isinstance(missing, str) else missing
    if names_several_files(path):
        return typed_cells(open_table(path).read_all(), name)
    data = read_bytes(path)
    if data.startswith(b"PAR1"):
        return typed_cells(_read_parquet(pandas, data, name), name)
    frame, dialect, notes = _read_text(pandas, data, name, separator, header, encoding, target)
    mark, decimal_notes = common_decimal(frame, dialect, decimal, missing)
    dialect, notes = dataclasses.replace(dialect, decimal=mark), notes + decimal_notes
    return _named(frame, dialect, notes, name)


def typed_cells(frame, name):
    """Return the cells of a frame whose columns have types, as they are in a Parquet file."""
    return _named(frame, None, [], name)


def _named(frame, dialect, notes, name):
    frame.columns, renamed = tidy_names(frame.columns)
    if frame.empty:
        raise BadInput(f"{name} contains no rows")
    return Cells(frame, dialect, notes + renamed)


def _check(option, value, known, more="", good=False):
    if not good and value not in known:
        raise BadInput(f"{option} must be one of {', '.join(map(repr, known))}{more and ' ' + more}, not {value!r}")


def tidy_names(names):
    """Strip column names and make them unique, with a note for each name that changed by more than white space."""
    tidy, notes, seen = [], [], set()
    for position, name in enumerate(names, 1):
        base = " ".join(str(name).split()) or f"column_{position}"
        new = base
        for number in itertools.count(2):
            if new not in seen:
                break
            new = f"{base}_{number}"
        if new != base:
            notes.append(f"column {position} is a second {base!r} and was renamed {new!r}.")
        elif not str(name).strip():
            notes.append(f"column {position} has no name and was named {new!r}.")
        seen.add(new)
        tidy.append(new)
    return tidy, notes


def pandas_library():
    """Import pandas, or explain how to install it."""
    try:
        return importlib.import_module("pandas")
    except ImportError:
        raise BadInput("--data needs pandas: pip install 'sknn_concepts[job]'") from None


def _read_parquet(pandas, data, name):
    try:
        return pandas.read_parquet(io.BytesIO(data))
    except ImportError:
        raise BadInput(
            f"{name} is a Parquet file, which needs pyarrow: pip install 'sknn_concepts[job,dask]'"
        ) from None
    except Exception as error:  # the libraries that read Parquet raise errors of many types
        raise BadInput(f"cannot read {name}: {one_line(error)}") from None


def _read_text(pandas, data, name, separator, header, encoding, target):
    """Read a text table and return its cells, its dialect and notes."""
    data, encoding, notes = to_utf8(data, encoding, name)
    data, control_notes = remove_control_characters(data, name)
    sample = take_sample(data)
    if not any(map(str.strip, sample.head)):
        raise BadInput(f"{name} is empty")
    declared, declaration_notes = read_separator_line(sample.head)
    dialect, plain = find_dialect(sample, declared if separator == "auto" and declared else separator)
    if dialect is None:
        raise BadInput(
            f"found no separator that splits the lines of {name} into columns; specify it with --separator, "
            "such as --separator tab"
        )
    dialect = dataclasses.replace(dialect, encoding=encoding, skipped=int(bool(declared or declaration_notes)))
    layout = find_layout(sample, dialect, header, target)
    dialect = dataclasses.replace(
        dialect, comment=layout.comment, header=layout.names is not None, skipped=layout.skipped
    )
    start = len("".join(sample.head[: layout.skipped]).encode())
    dialect, table, quotes = _read_rows(data, dialect, layout.width, start)
    if too_many_long_rows(table):
        odd = table.long[0]
        raise BadInput(
            f"{len(table.long):,} rows of {name} have more than {layout.width} values (line {odd.line} has {odd.cells})"
            "; if the separator is wrong, specify it with --separator, such as --separator tab"
        )
    notes += [
        *control_notes,
        *declaration_notes,
        *_describe_separator(dialect, plain, layout.width, separator),
        *quotes,
        *layout.notes,
        *remove_irregular_rows(table, layout.names),
    ]
    columns = {place: pandas.Series(column, dtype=object) for place, column in enumerate(table.columns)}
    frame = pandas.DataFrame(columns, copy=False)
    frame.columns = layout.names or [f"column_{place + 1}" for place in range(layout.width)]
    if layout.names and not layout.names[0] and layout.width > 1 and not any(table.columns[0]):
        frame = frame.iloc[:, 1:]  # each line begins with a separator
    return frame, dialect, notes


def _read_rows(data, dialect, width, start):
    """Read all rows. If quotation marks do not pair up, choose the reading with the fewest irregular rows."""
    best = None
    try:
        best = dialect, read_columns(data, dialect, width, start, dialect.skipped + 1)
        if not best[1].n_merged_cells:
            return (*best, _describe_quotes(dialect, True))
    except csv.Error:
        pass
    for other, strict in alternative_quoting(data, dialect):
        try:
            table = read_columns(data, other, width, start, dialect.skipped + 1, strict)
        except csv.Error:
            continue
        if best is None or table.n_irregular < best[1].n_irregular:
            best = other, table
        if not table.n_irregular:
            break
    return (*best, ["quotation marks do not pair up; " + "; ".join(_describe_quotes(best[0], False))])


def _describe_quotes(dialect, paired):
    if not dialect.quote:
        return ["they were read as ordinary characters." if not paired else "quotation marks are ordinary characters."]
    if not paired:
        return [f"values in {dialect.quote} were read up to the next quotation mark."]
    notes = [] if dialect.quote == '"' else [f"values are quoted with {dialect.quote}."]
    return notes + (["quotation marks within values are escaped with a backslash."] if dialect.escape else [])


def _describe_separator(dialect, plain, width, separator):
    if width == 1 and separator != "auto":
        return [f"no value is separated by {separator!r}, so the table has one column."]
    if plain and dialect.separator != " ":
        return []
    blanks = {" ": "spaces", SEVERAL_SPACES: "two or more spaces"}
    shown = blanks.get(dialect.separator) or repr(dialect.separator)
    return [f"values are separated by {shown} (--separator)."]
