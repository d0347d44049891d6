"""The tables, and their splits into training and test rows."""

import dataclasses
import pathlib
import warnings

import numpy as np
import pandas
from sklearn import datasets
from sklearn.model_selection import train_test_split

from benchmarks.tables.known import find_layouts

#: Share of the test rows.
TEST_SHARE = 0.25

#: Tables that scikit-learn ships: the function that loads each, and its task.
SHIPPED = {
    "breast_cancer": (datasets.load_breast_cancer, "classification"),
    "diabetes": (datasets.load_diabetes, "regression"),
    "digits": (datasets.load_digits, "classification"),
    "iris": (datasets.load_iris, "classification"),
    "wine": (datasets.load_wine, "classification"),
}


@dataclasses.dataclass
class Table:
    """A table.

    Attributes
    ----------
    name : str
        Name.
    task : {"classification", "regression"}
        Task.
    X : DataFrame
        Columns of numbers, and categorical ones. They are named by their position, because some libraries restrict the
        characters of names.
    y : ndarray
        Targets of a regression, or positions of classes.
    """

    name: str
    task: str
    X: pandas.DataFrame
    y: np.ndarray

    @property
    def is_classification(self):
        """Whether the target is a class."""
        return self.task == "classification"


def find_tables(folder=None):
    """Find the tables that scikit-learn ships, and those of a folder.

    Parameters
    ----------
    folder : Path or None, default=None
        Folder; see `benchmarks.tables.known.find_layouts`.

    Returns
    -------
    loaders : dict of str to callable
        Functions that load the tables, by name.
    """
    loaders = {name: _make_shipped_loader(name) for name in SHIPPED}
    for path, layout in (find_layouts(pathlib.Path(folder)) if folder is not None else {}).items():
        if layout.name in loaders:
            raise ValueError(f"there are two tables {layout.name!r}; one is {str(path)!r}")
        loaders[layout.name] = _make_file_loader(path, layout)
    return loaders


def split(table, number, max_rows):
    """Split a table at random, with the number of the split as the seed, stratified by class.

    Parameters
    ----------
    table : Table
        Table.
    number : int
        Number of the split.
    max_rows : int or None
        Maximum number of training rows, and of test rows.

    Returns
    -------
    training, test : ndarray of int
        Positions of the rows.
    """
    # a class of one row cannot be stratified
    strata = table.y if table.is_classification and np.bincount(table.y).min() > 1 else None
    rows = np.arange(len(table.y))
    parts = train_test_split(rows, test_size=TEST_SHARE, random_state=number, stratify=strata)
    return tuple(part[:max_rows] for part in parts)


def make_table(name, task, X, y):
    """Make a table of a frame and a target: columns that are not numbers, and classes, are categories.

    Rows without a target are left out.
    """
    given = y.notna().to_numpy()
    X, y = X.loc[given].reset_index(drop=True), y.loc[given]
    X.columns = [f"c{place}" for place in range(X.shape[1])]
    for column in X:
        if not pandas.api.types.is_numeric_dtype(X[column]) or X[column].dtype == bool:
            missing = X[column].isna()
            X[column] = X[column].astype(str).mask(missing).astype("category")
    target = np.unique(y, return_inverse=True)[1] if task == "classification" else y.to_numpy(float)
    return Table(name, task, X, target)


def _make_shipped_loader(name):
    load, task = SHIPPED[name]

    def load_shipped():
        bunch = load(as_frame=True)
        return make_table(name, task, bunch.data, bunch.target)

    return load_shipped


def _make_file_loader(path, layout):
    def load_file():
        if path.suffix == ".parquet":
            frame = pandas.read_parquet(path)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", pandas.errors.DtypeWarning)
                frame = pandas.read_csv(path, **layout.options)
        target = frame.columns[layout.target] if isinstance(layout.target, int) else layout.target
        if target not in frame:
            raise ValueError(f"{path.name}: there is no column {target!r}, only {list(frame)}")
        return make_table(layout.name, layout.task, frame.drop(columns=target), frame[target])

    return load_file
