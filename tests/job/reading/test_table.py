"""Tests of reading files into data frames."""

import bz2
import gzip
import lzma
import warnings

import pytest

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.table import load, read_table, tidy_names

pandas = pytest.importorskip("pandas")

TEXT = "size,color,price\n1.5,red,10\n?,blue,20\n3.5, NA ,30\n"


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file and returns its path."""

    def write_file(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def test_plain_table_with_missing_markers(write):
    frame = read_table(write(TEXT))
    assert list(frame.columns) == ["size", "color", "price"]
    assert frame["size"].dtype == float
    assert frame["size"].isna().tolist() == [False, True, False]
    assert frame["color"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compression_is_told_by_content_not_by_name(write, compress):
    assert read_table(write(compress(TEXT.encode()), "table.dat")).equals(read_table(write(TEXT)))


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_separator_is_found(write, separator):
    assert read_table(write(TEXT.replace(",", separator))).equals(read_table(write(TEXT)))


def test_separator_by_white_space(write):
    frame = read_table(write("a   b c\n1 2   3\n4  5 6\n"))
    assert frame.to_numpy().tolist() == [[1, 2, 3], [4, 5, 6]]


def test_separator_that_stands_in_quotes_does_not_count(write):
    frame = read_table(write('name;place\n"a, b, c";x\n"d, e, f";y\n'))
    assert frame["place"].tolist() == ["x", "y"]


@pytest.mark.parametrize("separator", ["semicolon", ";"])
def test_separator_as_said(write, separator):
    frame = read_table(write("a,b;c\n1,2;3\n"), separator=separator)
    assert list(frame.columns) == ["a,b", "c"]


def test_decimal_comma(write):
    frame = read_table(write("x;y\n1,5;2\n2,25;3\n"))
    assert frame["x"].tolist() == [1.5, 2.25]


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ("1.5,2,red", ["column_1", "column_2", "column_3"]),
        ("year,2019,2020", ["year", "2019", "2020"]),
        ("0,1,2", ["0", "1", "2"]),
        ("a,b,3", ["a", "b", "3"]),
    ],
)
def test_first_line_is_names_or_data(write, first, names):
    frame, notes = load(write(first + "\n2,3,blue\n4,5,red\n"))
    assert list(frame.columns) == names
    assert len(frame) == (3 if names[0] == "column_1" else 2)
    assert len(notes) == (names[0] != "a")


@pytest.mark.parametrize(("header", "rows"), [("yes", 1), ("no", 2)])
def test_header_as_said(write, header, rows):
    assert len(read_table(write("a,b\nc,d\n"), header=header)) == rows


def test_row_names_without_a_header_of_their_own(write):
    frame = read_table(write("x y\nfirst 1 2\nsecond 3 4\n"))
    assert list(frame.columns) == ["row_name", "x", "y"]
    assert frame["y"].tolist() == [2, 4]


def test_a_separator_at_the_end_of_each_line_is_no_column(write):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = read_table(write("a,b,label\n1.5,2,0,\n2.5,3,1,\n"))
    assert list(frame.columns) == ["a", "b", "label"]
    assert frame["label"].tolist() == [0, 1]
    assert frame["a"].tolist() == [1.5, 2.5]


def test_names_are_stripped_and_made_unique():
    names, notes = tidy_names([" a  b ", "x", "x", "", "x_2"])
    assert names == ["a b", "x", "x_2", "column_4", "x_2_2"]
    assert len(notes) == 3


def test_duplicate_names_in_a_file(write):
    frame = read_table(write(" x , x ,y\n1,2,3\n4,5,6\n"))
    assert frame["x_2"].tolist() == [2, 5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(write, encoding):
    frame = read_table(write("größe,ort\n1,Köln\n2,Rügen\n".encode(encoding)))
    assert list(frame.columns) == ["größe", "ort"]
    assert frame["ort"].tolist() == ["Köln", "Rügen"]


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({" x ": [1, 2], "y": ["a", None]})
    frame.to_parquet(tmp_path / "table")
    assert read_table(tmp_path / "table")["x"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n", "contains no rows"),
        (b"PK\x03\x04rest", "cannot read"),
        (b"a,b\n\x00\x01,\x02\n", "neither a text table nor a Parquet file"),
        (b"PAR1 and no more", "cannot read|needs pyarrow"),
        (gzip.compress(TEXT.encode())[:-12], "cannot read"),
        (b"a,b\n" + b"1,2\n" * 300 + b"1,2,3\n" * 300, "line 302"),
    ],
)
def test_no_table(write, content, words):
    with pytest.raises(BadInput, match=words) as caught:
        read_table(write(content))
    assert "\n" not in str(caught.value)


def test_rows_with_too_many_values_are_told(write):
    frame, notes = load(write("a,b\n" + "1,2\n" * 300 + "1,2,3\n"))
    assert len(frame) == 300
    assert any("line 302" in note for note in notes)


def test_one_column(write):
    assert read_table(write("only\n1\n2\n"))["only"].tolist() == [1, 2]


def test_no_file(tmp_path):
    with pytest.raises(BadInput, match="no file"):
        read_table(tmp_path / "nowhere.csv")
    with pytest.raises(BadInput, match="contains no Parquet files"):
        read_table(tmp_path)
