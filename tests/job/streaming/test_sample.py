"""Tests of the sample of a large table, and of the blocks of all its rows."""

import numpy as np
import pytest

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.streaming.sample import LargeBlocks, larger_than_sample, sample_problem

pandas = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

ROWS = 3_000


def table(folder, target, **columns):
    """Write a table of two files with row groups of 400 rows, and open it."""
    frame = pandas.DataFrame({" a ": np.arange(ROWS) % 97 + 0.5, "place": np.arange(ROWS) * 1.0 + 0.25, **columns})
    frame["y"] = target
    for number, start in enumerate(range(0, ROWS, ROWS // 2)):
        part = frame.iloc[start : start + ROWS // 2]
        part.to_parquet(folder / f"{number}.parquet", row_group_size=400, index=False)
    return larger_than_sample(folder, 1_000)


def sample(table, **given):
    """Make a problem of 1,000 rows, of which 100 are set aside."""
    return sample_problem(table, "folder", 1_000, given.pop("seed", 0), target="y", **given)


def places(frame):
    """Return the numbers of the rows of a frame."""
    return (frame["place"] - 0.25).to_numpy().astype(int)


def blocks_of(problem, excluded):
    """Return the numbers of the rows of all blocks, their targets, and the first feature."""
    blocks = LargeBlocks(problem, excluded, lambda X: X[["a", "place"]].to_numpy(), lambda y: y)
    parts = [blocks[number] for number in range(len(blocks))]
    X = np.concatenate([X for X, _ in parts])
    return (X[:, 1] - 0.25).astype(int), np.concatenate([y for _, y in parts]), X[:, 0]


def test_a_table_is_read_as_a_whole_unless_it_has_more_rows_than_the_sample(tmp_path):
    assert table(tmp_path, np.arange(ROWS) % 2).n_rows == ROWS
    assert larger_than_sample(tmp_path, ROWS) is None
    assert larger_than_sample(tmp_path, ROWS - 1).n_rows == ROWS
    assert larger_than_sample(tmp_path) is None  # by default, samples have more rows
    (tmp_path / "table.csv").write_text("x,y\n")
    assert larger_than_sample(tmp_path / "table.csv", 1) is None


def test_the_sample_and_the_rows_set_aside_are_different_rows_of_the_table(tmp_path):
    problem = sample(table(tmp_path, np.where(np.arange(ROWS) % 3, "no", "yes")))
    large = problem.large
    assert places(problem.X).tolist() == large.rows.tolist() and len(large.rows) == 900
    assert places(large.validation).tolist() == large.validation_rows.tolist() and len(large.validation) == 100
    assert not set(large.rows) & set(large.validation_rows)
    assert (problem.y == np.where(large.rows % 3, "no", "yes")).all()
    counts = np.histogram(large.rows, 6, (0, ROWS))[0]
    assert counts.min() > 100 and counts.max() < 200  # 150 expected, with a standard deviation of 10
    assert "3,000 rows in 2 files with 8 row groups" in problem.notes[0]
    assert "900 rows, and 100 more" in problem.notes[0]


def test_the_seed_determines_the_sample(tmp_path):
    large = table(tmp_path, np.arange(ROWS) % 2)
    first, same, other = (sample(large, seed=seed).large.rows.tolist() for seed in (0, 0, 1))
    assert first == same != other


def test_blocks_have_all_rows_but_those_excluded(tmp_path):
    target = np.where(np.arange(ROWS) % 3, "no", "yes")
    problem = sample(table(tmp_path, target))
    excluded = np.sort(np.random.default_rng(0).choice(ROWS, 500, replace=False))
    rows, y, first = blocks_of(problem, excluded)
    assert rows.tolist() == np.setdiff1d(np.arange(ROWS), excluded).tolist()
    assert (y == target[rows]).all() and y.dtype == problem.y.dtype
    assert (first == rows % 97 + 0.5).all()


def test_a_block_of_excluded_rows_is_empty(tmp_path):
    problem = sample(table(tmp_path, np.arange(ROWS) % 2))
    blocks = LargeBlocks(problem, np.arange(400), lambda X: X.to_numpy(), lambda y: y)
    assert [len(block[1]) for block in map(blocks.__getitem__, range(2))] == [0, 400]


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(np.where(np.arange(ROWS) % 5, np.arange(ROWS) % 3, np.nan), id="floats"),
        pytest.param(
            [None if i % 5 == 0 else "abc"[i % 3] if i % 7 else "?" for i in range(ROWS)], id="texts and marks"
        ),
        pytest.param([None if i % 5 == 0 else bool(i % 3) for i in range(ROWS)], id="booleans"),
        pytest.param([None if i % 5 == 0 else f"{i / 7:.3f}" for i in range(ROWS)], id="numbers as text"),
        pytest.param(np.where(np.arange(ROWS) % 5, np.arange(ROWS) / 7, np.nan), id="numbers"),
    ],
)
def test_rows_without_a_target_are_left_out_of_sample_and_blocks(tmp_path, target):
    problem = sample(table(tmp_path, target), types={"place": "number"})
    rows, y, _ = blocks_of(problem, np.array([], int))
    expected = [i for i, value in enumerate(target) if i % 5 and value != "?"]
    assert rows.tolist() == expected
    assert places(problem.X).tolist() == problem.large.rows.tolist() and set(problem.large.rows) <= set(expected)
    if problem.task == "classification":
        assert set(y) == set(problem.y)
        assert [str(label) for label in y] == [str(target[i]).removesuffix(".0") for i in expected]
    else:
        np.testing.assert_allclose(y, [float(target[i]) for i in expected])
    in_sample = dict(zip(rows, y, strict=True))
    assert [in_sample[row] for row in problem.large.rows] == problem.y.tolist()


def test_a_class_that_the_sample_lacks_is_named(tmp_path):
    target = np.where(np.arange(ROWS) % 2, "no", "yes").astype(object)
    large = table(tmp_path, target)
    absent = np.setdiff1d(np.arange(ROWS), sample(large).large.rows)
    target[absent[:3]] = "rare"
    large = table(tmp_path, target)
    with pytest.raises(BadInput, match="the class 'rare' of 'y', with 3 of 3,000 rows, is not in the sample"):
        sample(large)
    assert set(sample(large, missing=["rare"]).y) == {"no", "yes"}


def test_a_class_with_too_few_rows_in_the_sample_is_named(tmp_path):
    target = np.where(np.arange(ROWS) % 2, "no", "yes").astype(object)
    target[sample(table(tmp_path, target)).large.rows[:2]] = "rare"
    with pytest.raises(BadInput, match="in a sample of 1,000 of 3,000 rows .*fewer than 4 rows: rare"):
        sample(table(tmp_path, target))


def test_unknown_columns(tmp_path):
    large = table(tmp_path, np.arange(ROWS) % 2)
    with pytest.raises(BadInput, match="there is no column 'z'"):
        sample_problem(large, "folder", 1_000, 0, target="z")
    with pytest.raises(BadInput, match="--drop: there is no column 'z'"):
        sample(large, drop=["z"])


def test_dropped_columns_are_not_read(tmp_path):
    problem = sample(table(tmp_path, np.arange(ROWS) % 2), drop=["1"])
    assert [column.name for column in problem.columns] == ["place"]
