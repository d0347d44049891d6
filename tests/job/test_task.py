"""Tests of reading a learning problem from a table."""

import numpy as np
import pytest

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.task import embedded_problem, find_column, read_problem

pandas = pytest.importorskip("pandas")

ROWS = 60


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
