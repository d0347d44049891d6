"""Layouts of public tables, by the name of their file, and of the tables that a folder describes itself."""

import csv
import dataclasses

#: File in a folder with the columns file, target and task, which describes tables that are not in `KNOWN`.
DESCRIPTION = "tables.csv"

TASKS = ("classification", "regression")


@dataclasses.dataclass(frozen=True)
class Layout:
    """How to read a file.

    Attributes
    ----------
    name : str
        Name of the table.
    task : {"classification", "regression"}
        Task.
    target : str or int
        Name or position of the target.
    options : dict
        Options of ``pandas.read_csv``.
    """

    name: str
    task: str
    target: str | int = -1
    options: dict = dataclasses.field(default_factory=dict)


_NO_HEADER = {"header": None}

KNOWN = {
    "adult.csv.gz": Layout("adult", "classification", "label", {"sep": "\t", "na_values": "?"}),
    "binary.train": Layout("higgs", "classification", 0, {"sep": "\t", "header": None}),
    "housing.tgz": Layout(
        "housing", "regression", "median_house_value", {"compression": {"method": "tar", "mode": "r:gz"}}
    ),
    "LetterRecognition.csv.gz": Layout("letters", "classification", 0),
    "PimaIndiansDiabetes.csv.gz": Layout("pima", "classification"),
    "Shuttle.csv.gz": Layout("shuttle", "classification"),
    "spam.csv.gz": Layout("spam", "classification"),
    "autompg.csv.gz": Layout("autompg", "regression", -1, _NO_HEADER),
    "abalone.csv.gz": Layout("abalone", "regression", -1, _NO_HEADER),
    "german.csv.gz": Layout("german", "classification", -1, _NO_HEADER),
    "phoneme.csv.gz": Layout("phoneme", "classification", -1, _NO_HEADER),
    "winequality-white.csv.gz": Layout("winequality-white", "regression", -1, _NO_HEADER),
}


def find_layouts(folder):
    """Find the files of a folder, and of its subfolders, whose layout is known.

    Parameters
    ----------
    folder : Path
        Folder. Its file ``tables.csv``, if there is one, has the columns file (path from the folder), target (name of a
        column) and task.

    Returns
    -------
    layouts : dict of Path to Layout

    Raises
    ------
    ValueError
        If the folder does not exist, or its description names a file or a task that does not exist.
    """
    if not folder.is_dir():
        raise ValueError(f"--folder must be an existing folder, not {str(folder)!r}")
    layouts = {path: KNOWN[path.name] for path in sorted(folder.rglob("*")) if path.name in KNOWN}
    description = folder / DESCRIPTION
    if description.exists():
        with description.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                layouts[folder / row["file"]] = _read_row(folder, row)
    return layouts


def _read_row(folder, row):
    if row["task"] not in TASKS:
        raise ValueError(f"{DESCRIPTION}: task must be one of {', '.join(TASKS)}, not {row['task']!r}")
    if not (folder / row["file"]).is_file():
        raise ValueError(f"{DESCRIPTION}: there is no file {row['file']!r}")
    return Layout(row["file"].split("/")[-1].split(".")[0], row["task"], row["target"])
