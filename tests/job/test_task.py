"""The target: what kind of task it makes, and what is refused."""

import numpy as np
import pytest

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.task import embedded_problem, find_column, read_problem, read_target

pandas = pytest.importorskip("pandas")

ROWS = 60


def series(values):
    """Return a target column."""
    return pandas.Series(list(values), name="y")


@pytest.mark.parametrize(
    ("values", "task", "labels"),
    [
        (["&lt;=50K", "&gt;50K"] * 30, "classification", ["&gt;50K", "&lt;=50K"]),
        ([True, False] * 30, "classification", [False, True]),
        ([0, 1, 2] * 20, "classification", [0, 1, 2]),
        ([1.0, 2.0, 5.0] * 20, "classification", [1, 2, 5]),
        ([0.5, 1.5] * 30, "classification", ["0.5", "1.5"]),
        (["1", "2", "3"] * 20, "classification", [1, 2, 3]),
        (range(20), "regression", None),
        (list(range(21)) * 10, "regression", None),
        (np.linspace(0, 1, ROWS), "regression", None),
        ([0.5, 1.0, 1.5] * 20, "regression", None),
        ([f"$ {i},000" for i in range(10, 70)], "regression", None),
    ],
)
def test_task_is_told_by_the_target(values, task, labels):
    y, told, note = read_target(series(values))
    assert told == task
    assert "'y'" in note
    if task == "classification":
        assert np.unique(y).tolist() == labels
    else:
        assert y.dtype == float


def test_task_as_said():
    assert read_target(series([0, 1, 2] * 20), "regression")[0].dtype == float
    assert read_target(series([0.5, 1.0, 1.5] * 20), "classification")[1] == "classification"


@pytest.mark.parametrize(
    ("values", "task", "words"),
    [
        ([1, None] * 30, "auto", "missing values .data row 2 and 29 others"),
        (["a", "b"] * 9, "auto", "18 rows are too few"),
        (["a"] * ROWS, "auto", "one value only"),
        ([3.5] * ROWS, "regression", "one value only"),
        (["a", "b"] * 30, "regression", "no number everywhere .'a'"),
        ([True, False] * 30, "regression", "no number everywhere"),
        (range(ROWS), "classification", "60 distinct values in 60 rows: no classes; --task regression"),
        ([f"text {i}" for i in range(ROWS)], "auto", "no classes"),
        (["a"] * 57 + ["b"] * 3, "auto", "fewer than 4 rows: b .3"),
    ],
)
def test_targets_that_are_refused(values, task, words):
    with pytest.raises(BadInput, match=words) as caught:
        read_target(series(values), task)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "found"),
    [("b", "b"), (" b ", "b"), ("1", "a"), ("-1", "c"), ("3", "c"), ("-3", "a"), ("two words", "two words")],
)
def test_column_by_name_or_position(asked, found):
    names = ["a", "two words", "c"] if found == "two words" else ["a", "b", "c"]
    assert find_column(pandas.DataFrame(columns=names), asked) == found


@pytest.mark.parametrize("asked", ["0", "4", "-4", "prize"])
def test_unknown_column(asked):
    with pytest.raises(BadInput, match="there is no column") as caught:
        find_column(pandas.DataFrame(columns=["price", "size", "color"]), asked)
    assert ("Did you mean 'price'" in str(caught.value)) == (asked == "prize")


def test_problem_of_a_file(tmp_path):
    path = tmp_path / "table.csv"
    rows = "".join(f"{i},{i * i % 7},{'ab'[i % 2]},{i / 7}\n" for i in range(ROWS))
    path.write_text("number,x,kind,price\n" + rows)
    problem = read_problem(path, "price", drop=["x"])
    assert problem.task == "regression"
    assert [(column.name, column.kind) for column in problem.columns] == [("number", "left out"), ("kind", "category")]


def test_embedded_problem_needs_no_pandas():
    problem = embedded_problem()
    assert problem.X.shape == (1797, 64)
    constant = {column.key for column in problem.columns if column.kind == "left out"}
    assert constant == set(np.flatnonzero(problem.X.std(axis=0) == 0))
