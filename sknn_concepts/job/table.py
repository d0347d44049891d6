"""A file becomes a data frame: text tables in their many dialects, plain or compressed, and Parquet."""

import csv
import dataclasses
import importlib
import io
import itertools

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.reading.accounts import settle, too_long
from sknn_concepts.job.reading.dialect import SEPARATORS, find_dialect, is_separator, separator_line, take_sample
from sknn_concepts.job.reading.encoding import to_utf8, without_controls
from sknn_concepts.job.reading.files import one_line, read_bytes
from sknn_concepts.job.reading.header import find_layout
from sknn_concepts.job.reading.rows import SEVERAL_BLANKS, Dialect, other_quotes, read_columns
from sknn_concepts.job.values.number_columns import common_decimal, convert_numbers


def read_table(path, separator="auto", header="auto", encoding="auto", decimal="auto", missing=()):
    r"""Read a table from a file.

    What kind of file it is is told by its content, not by its name. Column names lose surrounding white space; a
    repeated name gets a number. Columns of numbers become numbers, however these are written; codes with leading zeros
    remain text. Marks of missing values become missing.

    Parameters
    ----------
    path : str or path
        Text (plain or compressed) or Parquet.
    separator : {"auto", "comma", "semicolon", "tab", "bar", "space"} or one character, default="auto"
        What stands between the values; ``"auto"`` takes what cuts the lines into rows of one length and cells of known
        types.
    header : {"auto", "yes", "no"}, default="auto"
        Whether the first line holds the names. Columns without a name are called ``column_1``, ``column_2``, ...
    encoding : str, default="auto"
        Of the text, as Python calls it.
    decimal : {"auto", ".", ","}, default="auto"
        The decimal mark; ``"auto"`` finds it for each column.
    missing : sequence of str, default=()
        Texts that stand for a missing value, besides the usual ones.

    Returns
    -------
    frame : pandas.DataFrame

    Raises
    ------
    BadInput
        If the file is not there, cannot be read, or holds no table.
    """
    return load(path, separator, header, encoding, decimal, missing)[0]


def load(path, separator="auto", header="auto", encoding="auto", decimal="auto", missing=(), target=None):
    """Read a table as :func:`read_table` does.

    Returns
    -------
    frame : pandas.DataFrame
    notes : list of str
        What had to be guessed or changed, in words.
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
    """A table as it is written.

    Attributes
    ----------
    frame : pandas.DataFrame
        Text without surrounding blanks; an empty cell is missing. The columns of a Parquet file keep their types.
    dialect : Dialect or None
        None for Parquet.
    notes : list of str
        What had to be guessed, in sentences.
    """

    frame: object
    dialect: Dialect | None
    notes: list


def read_cells(path, *, separator="auto", header="auto", encoding="auto", decimal="auto", missing=(), target=None):
    """Read the cells of a table as they are written.

    Parameters
    ----------
    path, separator, header, encoding, decimal, missing
        As in :func:`read_table`.
    target : str, optional
        Name or position of the column to predict. A line that holds this name holds the names.

    Returns
    -------
    cells : Cells
    """
    pandas, name = pandas_library(), repr(str(path))
    _check("separator", separator, ("auto", *SEPARATORS), "or one character", is_separator(separator))
    _check("header", header, ("auto", "yes", "no"))
    _check("decimal", decimal, ("auto", ".", ","))
    missing = (missing,) if isinstance(missing, str) else missing
    data = read_bytes(path)
    if data.startswith(b"PAR1"):
        frame, dialect, notes = _read_parquet(pandas, data, name), None, []
    else:
        frame, dialect, notes = _read_text(pandas, data, name, separator, header, encoding, target)
        mark, told = common_decimal(frame, dialect, decimal, missing)
        dialect, notes = dataclasses.replace(dialect, decimal=mark), notes + told
    frame.columns, renamed = tidy_names(frame.columns)
    if frame.empty:
        raise BadInput(f"{name} holds no rows")
    return Cells(frame, dialect, notes + renamed)


def _check(option, value, known, more="", good=False):
    if not good and value not in known:
        raise BadInput(f"{option} is one of {', '.join(map(repr, known))}{more and ' ' + more}, not {value!r}")


def tidy_names(names):
    """Strip column names and make them unique.

    Returns
    -------
    tidy : list of str
    notes : list of str
        One sentence for each name that is no longer what it was.
    """
    tidy, notes, seen = [], [], set()
    for position, name in enumerate(names, 1):
        base = " ".join(str(name).split()) or f"column_{position}"
        new = base
        for number in itertools.count(2):
            if new not in seen:
                break
            new = f"{base}_{number}"
        if new != base:
            notes.append(f"column {position} is a second {base!r}; it is called {new!r}.")
        elif not str(name).strip():
            notes.append(f"column {position} has no name; it is called {new!r}.")
        seen.add(new)
        tidy.append(new)
    return tidy, notes


def pandas_library():
    """Import pandas, or say how to get it."""
    try:
        return importlib.import_module("pandas")
    except ImportError:
        raise BadInput("--data needs pandas: pip install 'sknn_concepts[job]'") from None


def _read_parquet(pandas, data, name):
    try:
        return pandas.read_parquet(io.BytesIO(data))
    except ImportError:
        raise BadInput(f"{name} is Parquet, which needs pyarrow: pip install pyarrow") from None
    except Exception as error:  # each library that reads Parquet has errors of its own
        raise BadInput(f"cannot read {name}: {one_line(error)}") from None


def _read_text(pandas, data, name, separator, header, encoding, target):
    """Read text: the frame, the dialect and notes."""
    data, encoding, notes = to_utf8(data, encoding, name)
    data, more = without_controls(data, name)
    sample = take_sample(data)
    if not any(map(str.strip, sample.head)):
        raise BadInput(f"{name} is empty")
    told, more_told = separator_line(sample.head)
    dialect, plain = find_dialect(sample, told if separator == "auto" and told else separator)
    if dialect is None:
        raise BadInput(f"found no separator that cuts the lines of {name} into columns; say which: --separator tab")
    dialect = dataclasses.replace(dialect, encoding=encoding, skipped=int(bool(told or more_told)))
    layout = find_layout(sample, dialect, header, target)
    dialect = dataclasses.replace(
        dialect, comment=layout.comment, header=layout.names is not None, skipped=layout.skipped
    )
    start = len("".join(sample.head[: layout.skipped]).encode())
    dialect, table, quotes = _read_rows(data, dialect, layout.width, start)
    if too_long(table):
        odd = table.long[0]
        raise BadInput(
            f"{len(table.long):,} rows of {name} have more than {layout.width} values (line {odd.line} has {odd.cells})"
            "; is it another separator? --separator tab"
        )
    notes += [
        *more,
        *more_told,
        *_told_separator(dialect, plain, layout.width, separator),
        *quotes,
        *layout.notes,
        *settle(table, layout.names),
    ]
    columns = {place: pandas.Series(column, dtype=object) for place, column in enumerate(table.columns)}
    frame = pandas.DataFrame(columns, copy=False)
    frame.columns = layout.names or [f"column_{place + 1}" for place in range(layout.width)]
    if layout.names and not layout.names[0] and layout.width > 1 and not any(table.columns[0]):
        frame = frame.iloc[:, 1:]  # a separator begins each line
    return frame, dialect, notes


def _read_rows(data, dialect, width, start):
    """Read all rows; where quotation marks do not pair up, in the way that leaves the fewest rows over."""
    best = None
    try:
        best = dialect, read_columns(data, dialect, width, start, dialect.skipped + 1)
        if not best[1].swallowed:
            return (*best, _told_quotes(dialect, True))
    except csv.Error:
        pass
    for other, strict in other_quotes(data, dialect):
        try:
            table = read_columns(data, other, width, start, dialect.skipped + 1, strict)
        except csv.Error:
            continue
        if best is None or table.bad < best[1].bad:
            best = other, table
        if not table.bad:
            break
    return (*best, ["quotation marks do not pair up; " + "; ".join(_told_quotes(best[0], False))])


def _told_quotes(dialect, plain):
    if not dialect.quote:
        return ["they were taken as they stand." if not plain else "quotation marks were taken as they stand."]
    if not plain:
        return [f"values in {dialect.quote} were read as far as they go."]
    told = [] if dialect.quote == '"' else [f"values stand in {dialect.quote}."]
    return told + (["a backslash stands before quotation marks within values."] if dialect.escape else [])


def _told_separator(dialect, plain, width, separator):
    if width == 1 and separator != "auto":
        return [f"no value is separated by {separator!r}; the table has one column."]
    if plain and dialect.separator != " ":
        return []
    blanks = {" ": "blanks", SEVERAL_BLANKS: "two or more blanks"}
    shown = blanks.get(dialect.separator) or repr(dialect.separator)
    return [f"values are separated by {shown} (--separator)."]
