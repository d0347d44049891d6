"""Tests of the target: the task it implies, classes, missing values, and invalid targets."""

import numpy as np
import pytest

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.target import read_target
from sknn_concepts.job.values.interpretations import ParsingHints

pandas = pytest.importorskip("pandas")

ROWS = 60


def series(values):
    """Return a target column."""
    return pandas.Series(list(values), name="y")


def read_labels(*labels, times=30, **arguments):
    """Return the target of text labels that occur equally often."""
    return read_target(pandas.Series(list(labels) * times, name="y", dtype=object), **arguments)


@pytest.mark.parametrize(
    ("values", "task", "labels"),
    [
        (["&lt;=50K", "&gt;50K"] * 30, "classification", ["&gt;50K", "&lt;=50K"]),
        ([True, False] * 30, "classification", [False, True]),
        ([0, 1, 2] * 20, "classification", [0, 1, 2]),
        ([1.0, 2.0, 5.0] * 20, "classification", [1, 2, 5]),
        ([0.5, 1.5] * 30, "classification", ["0.5", "1.5"]),
        (["1", "2", "3"] * 20, "classification", [1, 2, 3]),
        (["1.0", "2.0", "3.0"] * 20, "classification", [1, 2, 3]),
        (range(20), "regression", None),
        (list(range(21)) * 10, "regression", None),
        (np.linspace(0, 1, ROWS), "regression", None),
        ([0.5, 1.0, 1.5] * 20, "regression", None),
        ([f"$ {i},000" for i in range(10, 70)], "regression", None),
    ],
)
def test_task_is_told_by_the_target(values, task, labels):
    target = read_target(series(values))
    assert target.task == task
    assert "'y'" in target.notes[0]
    assert target.known.all()
    if task == "classification":
        assert np.unique(target.y).tolist() == labels
    else:
        assert target.y.dtype == float


def test_task_as_said():
    assert read_target(series([0, 1, 2] * 20), "regression").y.dtype == float
    assert read_target(series([0.5, 1.0, 1.5] * 20), "classification").task == "classification"


@pytest.mark.parametrize(
    "labels",
    [
        ["1_2", "12", "3_1", "31"],
        ["1,2", "12", "2,1", "21"],
        ["01", "1", "02", "2"],
        ["1", "1.0", "2"],
        ["1", "+1", "2"],
        ["1234567890123456789", "1234567890123456788", "1234567890123456787"],
        ["None", "Mild", "Severe"],
        ["+", "-"],
        ["NA", "EU", "AS"],
        ["null", "nan", "true"],
        ["1", "2", "3", "absent"],
        ["1e3", "1000", "2e3", "y"],
        ["1e3", "1000"],
        ["a.", "a", "A"],
        ["unknown", "low", "high"],
    ],
)
def test_labels_are_what_is_written(labels):
    target = read_labels(*labels, hints=ParsingHints(common_decimal="."))
    assert target.task == "classification"
    assert sorted(np.unique(target.y)) == sorted(labels)


@pytest.mark.parametrize("mark", ["", "?", "\\N", "<NA>", "#N/A", "#DIV/0!", "(null)", None])
def test_what_is_never_a_class(mark):
    target = read_labels("a", "b", "c", mark)
    assert target.known.tolist() == [True, True, True, False] * 30
    assert np.unique(target.y).tolist() == ["a", "b", "c"]
    assert target.notes[0].startswith("30 rows have no target")


@pytest.mark.parametrize("mark", ["NA", "None", "null", "nan", "-"])
def test_a_mark_is_a_class_unless_it_is_clearly_rarer(mark):
    often = read_target(series(["a", "b", mark] * 20))
    assert len(often.y) == 60
    assert any(f"{mark!r} (20 rows) is treated as a class (--missing={mark}" in note for note in often.notes)
    seldom = read_target(series([*["a", "b"] * 20, mark, mark]))
    assert len(seldom.y) == 40
    assert f"2 rows have no target ({mark!r}) and were left out" in seldom.notes[0]
    assert len(read_target(series(["a", "b", mark] * 20), hints=ParsingHints(missing=(mark,))).y) == 40


@pytest.mark.parametrize("mark", ["", "NA", "unknown", "n.a.", "sold out"])
def test_rows_without_a_number_are_left_out(mark):
    target = read_target(series([*(f"{i / 7:.4f}" for i in range(ROWS)), mark]))
    assert target.task == "regression"
    np.testing.assert_allclose(target.y, np.arange(ROWS) / 7, atol=1e-4)
    assert "1 row has no target" in target.notes[0]


def test_numbers_in_the_format_of_the_column():
    values = [f"{1000 + 37 * i:,}".replace(",", ".") + f",{i % 10}0 \u20ac" for i in range(ROWS)]
    target = read_target(series(values), hints=ParsingHints(common_decimal=","))
    np.testing.assert_allclose(target.y, [1000 + 37 * i + i % 10 / 10 for i in range(ROWS)])


@pytest.mark.parametrize(
    ("values", "task", "words"),
    [
        ([None] * 50 + ["a", "b"] * 6, "auto", "12 rows are too few .*50 more have no target"),
        (["a", "b"] * 9, "auto", "18 rows are too few"),
        (["a"] * ROWS, "auto", "only one value"),
        ([3.5] * ROWS, "regression", "only one value"),
        (["a", "b"] * 30, "regression", "not a number in every row .'a'"),
        ([True, False] * 30, "regression", "not a number in every row"),
        (
            range(ROWS),
            "classification",
            "60 distinct values in 60 rows, too many for classes; is it a number. --task regression",
        ),
        ([f"text {i}" for i in range(ROWS)], "auto", "too many for classes"),
        (["a"] * 57 + ["b"] * 3, "auto", "fewer than 4 rows: b .3"),
    ],
)
def test_targets_that_are_refused(values, task, words):
    with pytest.raises(BadInput, match=words) as caught:
        read_target(series(values), task)
    assert "\n" not in str(caught.value)
