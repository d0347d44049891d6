"""Tests of the inferred kinds of text columns, and of reading new tables with them."""

import uuid

import numpy as np
import pytest

pandas = pytest.importorskip("pandas")

from sknn_concepts.job.columns import Column  # noqa: E402
from sknn_concepts.job.errors import BadInput  # noqa: E402
from sknn_concepts.job.values.conversion import TableReader  # noqa: E402
from sknn_concepts.job.values.kinds import infer_columns  # noqa: E402

ROWS = 200
GENERATOR = np.random.default_rng(7)
X = GENERATOR.normal(size=ROWS)
IDS = [str(number) for number in 15_600_000 + GENERATOR.permutation(ROWS) * 3]


def infer(name, values, **arguments):
    """Return the inferred kind of a column in a table with another plain column, and the table."""
    frame = pandas.DataFrame({"plain": [f"{x:.4f}" for x in X], name: pandas.Series(list(values), dtype=object)})
    return infer_columns(frame, **arguments)[1], frame


@pytest.mark.parametrize("mark", ["\\N", "unknown", "#DIV/0!", "(null)", "n.a.", "<0.05", "withheld"])
@pytest.mark.parametrize("numbers", [X.round(3), np.arange(ROWS) % 9])
def test_numbers_with_a_mark_in_every_fifth_row_are_numbers(mark, numbers):
    column, frame = infer("income", [mark if i % 5 == 0 else f"{x:g}" for i, x in enumerate(numbers)])
    assert column.kind == "number"
    assert f"{mark!r} (40 rows) taken as missing" in column.note
    read = TableReader([column]).transform(frame)["income"].to_numpy()
    np.testing.assert_array_equal(np.isnan(read), np.arange(ROWS) % 5 == 0)


def test_a_mark_is_told_as_it_is_written():
    column, frame = infer("rooms", ["1\u20132 rooms" if i == 7 else f"{x:.3f}" for i, x in enumerate(X)])
    assert column.kind == "number"
    assert column.note == "'1\u20132 rooms' (1 row) taken as missing"


def test_categories_that_are_partly_numbers_say_so():
    column, _ = infer("rooms", ["many" if i % 5 == 0 else str(i % 4) for i in range(ROWS)])
    assert column.kind == "category"
    assert column.note == "'many' among numbers (--types rooms=number)"


@pytest.mark.parametrize(
    "name", ["customer_id", "CustomerId", "OrderID", "customer_no", "Account Number", "PassengerId", "id", "userid"]
)
def test_names_of_identifiers(name):
    assert infer(name, IDS)[0].kind == "left out"


@pytest.mark.parametrize("name", ["anything", "column_1", "unnamed: 0", ""])
def test_a_shuffled_index_numbers_the_rows_whatever_its_name(name):
    assert infer(name, map(str, np.random.default_rng(0).permutation(ROWS)))[0].kind == "left out"


@pytest.mark.parametrize(
    "name", ["heat_index", "Body Mass Index", "refractive index", "paid", "mid", "humid", "grid", "year", "customer_id"]
)
def test_decimals_are_measurements(name):
    assert infer(name, [f"{x:.6f}" for x in X])[0].kind == "number"


@pytest.mark.parametrize("name", ["paid", "mid", "humid", "grid"])
def test_words_that_end_like_an_identifier(name):
    assert infer(name, IDS)[0].kind == "number"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([str(uuid.UUID(int=i * 7**30)) for i in range(1, ROWS + 1)], "left out"),
        ([f"C-{i:05}" for i in range(ROWS)], "left out"),
        (["Grvl", None] * 100, "category"),
        (["1", None] * 100, "category"),
        ([None] * ROWS, "left out"),
        (["?"] * ROWS, "left out"),
        (["01010", "00501"] * 100, "category"),
        (["1_2", "12"] * 100, "category"),
        (["+", "-"] * 100, "category"),
        (["None", "Mild", "NA", "-"] * 50, "category"),
        ([f"{1234567890123456001 + i % 30}" for i in range(ROWS)], "category"),
        ([str(1950 + i % 70) for i in range(ROWS)], "number"),
        (pandas.date_range("2019-01-01", periods=ROWS, freq="37h").strftime("%Y%m%d"), "date"),
        (pandas.date_range("2019-01-01", periods=ROWS, freq="37min").strftime("%H:%M"), "date"),
    ],
)
def test_kind_of_values(values, kind):
    column = infer("tried", values)[0]
    assert column.kind == kind
    assert column.note or kind != "left out"


@pytest.mark.parametrize(("asked", "kind"), [("category", "category"), ("number", "number"), ("ignore", "left out")])
def test_what_the_user_says_holds(asked, kind):
    column, _ = infer("id", IDS, types={"id": asked})
    assert column.kind == kind
    assert column.note.startswith("declared with --types")


def test_what_the_user_says_cannot_hold():
    with pytest.raises(BadInput, match="--types color=number"):
        infer("color", ["red", "blue"] * 100, types={"color": "number"})


def test_a_fresh_table_is_read_as_the_first_one():
    numbers = ["1.234,50", "12,25", "3,5", "7"] * 50
    days = [f"{1 + i % 28:02}/03/2020" for i in range(ROWS)]
    frame = pandas.DataFrame({"price": numbers, "day": days, "color": ["red", "blue"] * 100})
    columns = infer_columns(frame)
    fresh = pandas.DataFrame({"color": ["new"], "more": ["x"], "day": ["02/03/2020"], "price": ["1.234"]})
    read = TableReader(columns).transform(fresh)
    assert read.loc[0, ["price", "day_day", "day_month", "color"]].tolist() == [1234.0, 2.0, 3.0, "new"]
    with pytest.raises(ValueError, match="lacks 'price'.*Did you mean 'prices'"):
        TableReader(columns).transform(fresh.rename(columns={"price": "prices"}))


def test_reader_needs_names():
    with pytest.raises(ValueError, match="named columns"):
        TableReader([Column("x", "x", "number")]).transform(np.zeros((2, 1)))
