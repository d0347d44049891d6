"""Tests of tables of one or several Parquet files."""

import builtins
import importlib

import numpy as np
import pytest

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.reading.parquet import open_table
from sknn_concepts.job.table import read_table

pandas = pytest.importorskip("pandas")
arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def write(path, columns, row_group_size=None):
    """Write a Parquet file; arrays keep their types."""
    parquet.write_table(arrow.table(columns), path, row_group_size=row_group_size)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with two files of 10 rows, in 3 and 2 row groups, and files that do not count."""
    write(tmp_path / "b.parquet", {"x": range(10, 20), "t": list("klmnopqrst")}, 5)
    write(tmp_path / "a.parquet", {"x": range(10), "t": list("abcdefghij")}, 4)
    write(tmp_path / "_metadata.parquet", {"z": [1]})
    (tmp_path / "notes.txt").write_text("none")
    return tmp_path


@pytest.mark.parametrize("pattern", ["", "[ab].parquet", "**/?.parquet"])
def test_files_of_a_folder_or_pattern_in_order(folder, pattern):
    table = open_table(folder / pattern)
    assert (table.n_rows, table.n_files, table.columns) == (20, 2, ["x", "t"])
    assert [(group.path.name, group.number, group.start, group.rows) for group in table.groups] == [
        ("a.parquet", 0, 0, 4),
        ("a.parquet", 1, 4, 4),
        ("a.parquet", 2, 8, 2),
        ("b.parquet", 0, 10, 5),
        ("b.parquet", 1, 15, 5),
    ]
    frame = read_table(folder / pattern)
    assert frame["x"].tolist() == list(range(20)) and "".join(frame["t"]) == "abcdefghijklmnopqrst"


def test_one_file_is_a_table_and_a_text_file_is_none(folder):
    assert open_table(folder / "a.parquet").n_rows == 10
    assert open_table(folder / "notes.txt") is None
    assert open_table(folder / "nowhere.csv") is None


def test_a_name_with_brackets_is_no_pattern(tmp_path):
    write(tmp_path / "part[1].parquet", {"x": [1, 2]})
    assert open_table(tmp_path / "part[1].parquet").n_files == 1


def test_rows_are_read_by_their_numbers(folder):
    rows = np.array([0, 3, 4, 9, 10, 19])
    assert open_table(folder).read_rows(rows)["x"].tolist() == rows.tolist()
    assert list(open_table(folder).read_rows(rows, ["t"]).columns) == ["t"]


def test_columns_in_another_order_and_without_values_fit(tmp_path):
    write(tmp_path / "a.parquet", {"x": [1, 2], "t": ["a", "b"]})
    write(tmp_path / "b.parquet", {"t": arrow.nulls(2), "x": [3, 4]})
    frame = open_table(tmp_path).read_all()
    assert frame["x"].tolist() == [1, 2, 3, 4]
    assert frame["t"].isna().tolist() == [False, False, True, True]


def test_the_index_of_pandas_is_no_column(tmp_path):
    pandas.DataFrame({"x": [1, 2]}, index=["k", "l"]).to_parquet(tmp_path / "a.parquet")
    assert open_table(tmp_path).columns == ["x"]


def test_empty_row_groups_and_files_are_skipped(tmp_path):
    write(tmp_path / "a.parquet", {"x": arrow.array([], arrow.int64())})
    with parquet.ParquetWriter(tmp_path / "b.parquet", arrow.schema([("x", arrow.int64())])) as writer:
        for values in ([1, 2], [], [3]):
            writer.write_table(arrow.table({"x": arrow.array(values, arrow.int64())}))
    assert [group.rows for group in open_table(tmp_path).groups] == [2, 1]
    (tmp_path / "b.parquet").unlink()
    with pytest.raises(BadInput, match="contains no rows"):
        open_table(tmp_path)


def test_files_that_cannot_be_read_together(folder):
    write(folder / "c.parquet", {"x": [1], "u": ["a"]})
    with pytest.raises(BadInput, match=r"a\.parquet' has a column 't', which .*c\.parquet' lacks"):
        open_table(folder)
    write(folder / "c.parquet", {"x": [1.5], "t": ["a"]})
    with pytest.raises(BadInput, match=r"column 'x' contains double in .*c\.parquet', but int64 in .*a\.parquet'"):
        open_table(folder)
    (folder / "c.parquet").write_text("x,t\n1,a\n")
    with pytest.raises(BadInput, match=r"c\.parquet' is not a Parquet file"):
        open_table(folder)
    (folder / "c.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(BadInput, match=r"cannot read '.*c\.parquet'"):
        open_table(folder)


@pytest.fixture
def partitions(tmp_path):
    """Return a table, and a folder with a file of it for each year and kind."""
    frame = pandas.DataFrame(
        {"x": np.arange(12.0), "kind": ["p q", "r/s", None] * 4, "year": np.repeat([2025, 2026], 6)}
    )
    frame.to_parquet(tmp_path, partition_cols=["year", "kind"])
    return frame, tmp_path


@pytest.mark.parametrize("pattern", ["", "*/*/*.parquet", "**/*.parquet"])
def test_names_of_folders_are_columns(partitions, pattern):
    frame, folder = partitions
    table = open_table(folder / pattern)
    assert table.columns == ["x", "year", "kind"] and table.n_files == 6
    found = table.read_all().sort_values("x", ignore_index=True)
    pandas.testing.assert_frame_equal(found[["x", "kind"]], frame[["x", "kind"]], check_dtype=False)
    assert found["year"].tolist() == frame["year"].tolist() and found["year"].dtype.kind == "i"
    expected = table.read_all()[["kind", "year"]].iloc[[1, 4, 11]].reset_index(drop=True)
    pandas.testing.assert_frame_equal(table.read_rows(np.array([1, 4, 11]), ["kind", "year"]), expected)


def test_a_pattern_within_one_folder_has_its_files_only(partitions):
    frame, folder = partitions
    table = open_table(folder / "year=2026" / "*" / "*.parquet")
    assert table.columns == ["x", "kind"] and table.n_rows == 6


def test_folders_that_cannot_be_read_together(partitions):
    _, folder = partitions
    write(folder / "year=2025" / "lost.parquet", {"x": [1.0]})
    with pytest.raises(BadInput, match=r"lost\.parquet' name the columns \['year'\], but .* name \['kind', 'year'\]"):
        open_table(folder)


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (["-3", "20", "0"], [-3, 0, 20]),
        (["01", "02"], ["01", "02"]),  # a code
        (["0x10", "5"], ["0x10", "5"]),
        (["-0", "5"], ["-0", "5"]),
        (["99999999999999999999", "5"], ["5", "99999999999999999999"]),
        (["", "a"], ["", "a"]),
        (["a=b%20c", "z"], ["a=b c", "z"]),
        (["__HIVE_DEFAULT_PARTITION__", "2"], [2, None]),  # in the order of the files
    ],
)
def test_values_in_names_of_folders(tmp_path, names, values):
    for name in names:
        (tmp_path / f"k={name}").mkdir()
        write(tmp_path / f"k={name}" / "a.parquet", {"x": [1]})
    found = open_table(tmp_path).read_all()["k"]
    assert [None if pandas.isna(value) else value for value in found] == values
    assert open_table(tmp_path).read_rows(np.array([0]), ["k"])["k"].tolist() == found.tolist()[:1]


def test_an_index_of_the_name_of_a_folder_is_no_column(tmp_path):
    for k in (7, 8):
        (tmp_path / f"k={k}").mkdir()
        frame = pandas.DataFrame({"a": [1.0]}, index=pandas.Index([k + 10], name="k"))
        frame.to_parquet(tmp_path / f"k={k}" / "a.parquet")
    assert open_table(tmp_path).read_all().to_dict("list") == {"a": [1.0, 1.0], "k": [7, 8]}


def test_types_of_pandas_are_kept(tmp_path):
    frame = pandas.DataFrame({"a": pandas.array([1, None], "Int64")})
    frame.to_parquet(tmp_path / "a.parquet")
    assert open_table(tmp_path).read_all()["a"].dtype == "Int64"


def test_each_file_is_read_once(partitions):
    frame, folder = partitions
    (folder / "year=2025" / "again=1").symlink_to(folder)
    for name in ("_temporary", "_tmp=1", ".hidden=2"):
        (folder / name / "year=2026").mkdir(parents=True)
        write(folder / name / "year=2026" / "part.parquet", {"x": [1.0]})
    for pattern in ("", "**/*.parquet", "**", "year=*"):
        table = open_table(folder / pattern)
        assert (table.n_rows, table.n_files) == (len(frame), 6)
        assert table.columns == ["x", "year", "kind"]


@pytest.mark.parametrize("name", ["table", "ta[b]le"])
def test_the_example_has_all_columns(tmp_path, name):
    pandas.DataFrame({"x": [1.0, 2.0], "k": [1, 2]}).to_parquet(tmp_path / name, partition_cols=["k"])
    table = open_table(tmp_path / name)
    assert open_table(table.example).columns == table.columns


def test_columns_of_the_files_are_kept_beside_the_names_of_folders(tmp_path):
    for year, month in ((2025, "01"), (2026, "x=y")):
        (tmp_path / f"year={year}" / f"month={month}").mkdir(parents=True)
        write(tmp_path / f"year={year}" / f"month={month}" / "a.parquet", {"year": [year + 0.5], "x": [1]})
    frame = open_table(tmp_path).read_all()
    assert frame["year"].tolist() == [2025.5, 2026.5] and frame["month"].tolist() == ["01", "x=y"]
    assert list(frame.columns) == ["year", "x", "month"]


def test_no_files(tmp_path):
    with pytest.raises(BadInput, match="no file matches"):
        open_table(tmp_path / "*.parquet")
    with pytest.raises(BadInput, match="contains no Parquet files"):
        open_table(tmp_path)


def test_a_row_group_that_is_damaged(folder):
    table = open_table(folder)
    (folder / "b.parquet").write_bytes((folder / "b.parquet").read_bytes()[:40])
    with pytest.raises(BadInput, match=r"cannot read '.*b\.parquet'"):
        table.read(table.groups[-1])


def test_without_pyarrow(folder, monkeypatch):
    original = importlib.import_module

    def import_module(name, *arguments):
        if name.startswith("pyarrow"):
            raise builtins.ImportError(name)
        return original(name, *arguments)

    monkeypatch.setattr(importlib, "import_module", import_module)
    with pytest.raises(BadInput, match=r"needs pyarrow: pip install 'sknn_concepts\[job,dask\]'"):
        open_table(folder)
