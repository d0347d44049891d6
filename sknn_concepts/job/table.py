"""A file becomes a data frame: CSV in its many dialects, plain or compressed, and Parquet."""

import bz2
import collections
import contextlib
import csv
import dataclasses
import gzip
import importlib
import itertools
import lzma
import pathlib
import re

from sknn_concepts.job.errors import BadInput

#: Texts that stand for a missing value, besides those that pandas knows.
MISSING = ("?", "", "-", "--", ".", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A")

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": r"\s+"}

SAMPLE_LINES = 200

_OPENERS = {b"\x1f\x8b": ("gzip", gzip.open), b"BZh": ("bz2", bz2.open), b"\xfd7zXZ": ("xz", lzma.open)}


def read_table(path, separator="auto", header="auto"):
    r"""Read a table from a file, as the main job does.

    What kind of file it is is told by its first bytes, not by its name. Column names lose surrounding white space;
    a repeated name gets a number. The texts of :data:`MISSING` become missing values.

    Parameters
    ----------
    path : str or path
        CSV (plain, gzip, bzip2 or xz) or Parquet.
    separator : {"auto", "comma", "semicolon", "tab", "bar", "space"} or one character, default="auto"
        What stands between the values; ``"auto"`` takes the one that cuts the first lines alike.
    header : {"auto", "yes", "no"}, default="auto"
        Whether the first line holds the names; ``"auto"`` says no where most of its values are numbers, unless they
        count on (years, positions). Columns without a name are called ``column_1``, ``column_2``, ...

    Returns
    -------
    frame : pandas.DataFrame

    Raises
    ------
    BadInput
        If the file is not there, cannot be read, or holds no table.
    """
    return load(path, separator, header)[0]


def load(path, separator="auto", header="auto"):
    """Read a table as :func:`read_table` does.

    Returns
    -------
    frame : pandas.DataFrame
    notes : list of str
        What had to be guessed or changed, in words.
    """
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        raise BadInput("--data needs pandas: pip install 'sknn_concepts[job]'") from None
    path = pathlib.Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(8)
        read = _read_parquet if start.startswith(b"PAR1") else _read_text
        frame, notes = read(pandas, path, start, separator, header)
    except FileNotFoundError:
        raise BadInput(f"there is no file {str(path)!r}") from None
    except IsADirectoryError:
        raise BadInput(f"{str(path)!r} is a folder, not a file") from None
    except (OSError, EOFError, ValueError, ImportError, lzma.LZMAError) as error:
        raise BadInput(f"cannot read {str(path)!r}: {_one_line(error)}") from None
    names, renamed = tidy_names(frame.columns)
    frame.columns = names
    for name in frame.select_dtypes(["object", "string"]).columns:
        frame[name] = frame[name].map(_strip).astype(frame[name].dtype)
    if frame.empty:
        raise BadInput(f"{str(path)!r} holds no rows")
    return frame, notes + renamed


@dataclasses.dataclass(frozen=True)
class Dialect:
    """How a text table is written.

    Attributes
    ----------
    encoding : str
    separator : str
    quote : str
        Empty where quotes mean nothing.
    decimal : {"", ".", ","}
        The decimal mark of most columns; empty where no number has one.
    header : bool
        Whether the first line of the table holds the names.
    """

    encoding: str = "utf-8"
    separator: str = ","
    quote: str = '"'
    decimal: str = ""
    header: bool = True


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
    """Read the cells of a table as they are written."""
    frame, notes = load(path, separator, header)
    for name in frame.columns:
        if frame[name].dtype.kind not in "M":
            frame[name] = frame[name].astype("str").where(frame[name].notna())
    return Cells(frame, Dialect(), notes)


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


def _strip(value):
    if not isinstance(value, str):
        return value
    return None if value.strip() in MISSING else value.strip()


def _read_parquet(pandas, path, start, separator, header):
    return pandas.read_parquet(path), []


def _read_text(pandas, path, start, separator, header):
    if not start:
        raise BadInput(f"{str(path)!r} is empty")
    if start.startswith(b"PK"):
        raise BadInput(f"{str(path)!r} is an archive or a spreadsheet; unpack it or save it as CSV")
    compression, opener = next((how for magic, how in _OPENERS.items() if start.startswith(magic)), (None, open))
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return _parse(pandas, path, opener, compression, encoding, separator, header)
    except UnicodeDecodeError:
        frame, notes = _parse(pandas, path, opener, compression, "latin-1", separator, header)
        return frame, [*notes, "the file is not UTF-8; it was read as Latin-1."]


def _parse(pandas, path, opener, compression, encoding, separator, header):
    with opener(path, "rt", encoding=encoding, newline="") as file:
        lines = [line for line in itertools.islice(file, SAMPLE_LINES) if line.strip()]
    if any("\0" in line for line in lines):
        raise BadInput(f"{str(path)!r} is neither a text table nor Parquet")
    if not lines:
        raise BadInput(f"{str(path)!r} is empty")
    notes = []
    if separator == "auto":
        separator = sniff_separator(lines, path)
    separator = SEPARATORS.get(separator, separator)
    rows = _split(lines, separator)
    first = rows[0]
    width = collections.Counter(map(len, rows[1:] or rows)).most_common(1)[0][0]
    if header == "auto":
        header = "no" if _is_data(first) else "yes"
        if header == "no":
            notes.append("the first line is mostly numbers, so it was taken for data and not for names (--header yes).")
    names, renamed = [f"column_{position}" for position in range(1, width + 1)], []
    if header == "yes":
        extra = width == len(first) + 1
        # a separator at the end of each line makes an empty column there; otherwise rows have names, as R writes them
        trailing = extra and all(len(row) < width or not row[-1].strip() for row in rows[1:])
        names, renamed = tidy_names(["row_name", *first] if extra and not trailing else first)
    frame = pandas.read_csv(
        path,
        sep=separator,
        header=0 if header == "yes" else None,
        names=names,
        index_col=False,
        na_values=list(MISSING),
        decimal="," if separator != "," and _decimal_comma(rows) else ".",
        skipinitialspace=True,
        low_memory=False,
        encoding=encoding,
        compression=compression,
    )
    return frame, notes + renamed


def sniff_separator(lines, path=""):
    """Find what stands between the values of the first lines.

    Parameters
    ----------
    lines : list of str
        The first lines of the file, blank ones left out.
    path : path, optional
        For the message.

    Returns
    -------
    separator : str
        The one that cuts the most lines into the same number of values; of several, the one that gives more values.

    Raises
    ------
    BadInput
        If none of the known ones cuts nearly all lines alike.
    """
    body = lines[1:] or lines  # in the first one, the names of rows may go without a name
    *marks, space = SEPARATORS.values()
    for group in (marks, [space]):  # white space only where nothing else serves
        found = []
        for separator in group:
            widths = [len(row) for row in _split(body, separator)]
            width = collections.Counter(widths).most_common(1)[0][0]
            alike = widths.count(width) / len(widths)
            if width > 1 and alike > 0.9:
                found.append((round(alike, 2), width, separator))
        if found:
            return max(found)[-1]
    raise BadInput(f"found no separator that cuts the lines of {str(path)!r} into columns; say which: --separator tab")


def _split(lines, separator):
    if separator == SEPARATORS["space"]:
        return [line.split() for line in lines]
    return list(csv.reader(lines, delimiter=separator, skipinitialspace=True))


def _is_data(first):
    numbers = []
    for value in first:
        with contextlib.suppress(ValueError):
            numbers.append(float(value))
    counting = all(after == before + 1.0 for before, after in itertools.pairwise(numbers))
    return len(numbers) > len(first) / 2 and not (counting and len(numbers) > 1)


def _decimal_comma(rows):
    cells = [cell.strip() for row in rows for cell in row]
    commas, points = (sum(bool(re.fullmatch(rf"-?\d+{mark}\d+", cell)) for cell in cells) for mark in (",", r"\."))
    return commas > points


def _one_line(error):
    return " ".join(str(error).split()) or type(error).__name__
