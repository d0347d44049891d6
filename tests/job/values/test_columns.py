"""Tests of the inferred kinds of columns and of their preprocessing."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sknn_concepts.job.columns import TableReader, as_date_parts, as_numbers, as_text, infer_columns, preprocessing
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.values import kinds

pandas = pytest.importorskip("pandas")

ROWS = 40
GENERATOR = np.random.default_rng(0)
NUMBERS = GENERATOR.normal(size=ROWS) * 1000.0
WORDS = [f"word {i}" for i in range(ROWS)]
DAYS = pandas.date_range("2020-02-27", periods=ROWS, freq="31h")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (NUMBERS, "number"),
        (np.where(NUMBERS > 0, NUMBERS, np.nan), "number"),
        (GENERATOR.integers(0, 3, ROWS), "number"),
        (pandas.array([1, 2, 3, None] * 10, dtype="Int64"), "number"),
        ([f"{x:,.2f}" for x in NUMBERS], "number"),
        ([f"$ {x:.2f}" for x in NUMBERS], "number"),
        ([f"{x:.0f} %" for x in NUMBERS], "number"),
        ([*map(str, NUMBERS[:-1]), "broken"], "number"),
        ([*map(str, NUMBERS[:-4]), *"abcd"], "number"),
        ([*map(str, NUMBERS[:-9]), *"abcdefghi"], "text"),
        (["red", "blue"] * 20, "category"),
        (["red", None, "?", "blue"] * 10, "category"),
        ([True, False] * 20, "category"),
        (["yes", "no"] * 20, "category"),
        (WORDS[:20] * 2, "category"),
        (WORDS, "text"),
        (DAYS, "date"),
        (DAYS.strftime("%Y-%m-%d"), "date"),
        (DAYS.strftime("%Y-%m-%d %H:%M:%S"), "date"),
        (DAYS.strftime("%d.%m.%Y"), "date"),
        (DAYS.strftime("%m/%d/%Y"), "date"),
        (["same"] * ROWS, "left out"),
        (np.arange(ROWS), "left out"),
        (np.arange(ROWS) + 1, "left out"),
        (np.arange(ROWS) + 1980, "number"),
    ],
)
def test_kind_of_column(values, kind, monkeypatch):
    frame = pandas.DataFrame({"x": NUMBERS, "tried": values})
    monkeypatch.setattr(kinds, "has_skrub", lambda: True)
    column = infer_columns(frame)[1]
    assert column.kind == kind
    assert column.note or kind != "left out"


@pytest.mark.parametrize(("name", "kind"), [("id", "left out"), ("customer_id", "left out"), ("paid", "number")])
def test_all_different_numbers_called_id(name, kind):
    frame = pandas.DataFrame({"x": NUMBERS, name: GENERATOR.permutation(ROWS) + 500})
    assert infer_columns(frame)[1].kind == kind


def test_text_without_skrub(monkeypatch):
    monkeypatch.setattr(kinds, "has_skrub", lambda: False)
    column = infer_columns(pandas.DataFrame({"x": NUMBERS, "words": WORDS}))[1]
    assert column.kind == "left out"
    assert "pip install 'sknn_concepts[text]'" in column.note


def test_text_is_encoded():
    pytest.importorskip("skrub")
    words = [f"{'good' if i % 2 else 'poor'} wine, number {i}, with much fruit" for i in range(ROWS)]
    frame = pandas.DataFrame({"x": NUMBERS, "a__b": pandas.Series([*words[:-1], None], dtype=object)})
    encoded = reading_pipeline(frame).fit_transform(frame)
    assert encoded.shape == (ROWS, 1 + 30)
    assert np.isfinite(encoded).all()
    good = np.arange(ROWS - 1) % 2
    assert max(abs(np.corrcoef(part, good)[0, 1]) for part in encoded[:-1, 1:].T) > 0.9


def test_columns_without_values():
    frame = pandas.DataFrame({"x": NUMBERS, "void": [np.nan] * ROWS, "marks": ["?"] * ROWS})
    number, void, marks = infer_columns(frame)
    assert (number.kind, void.kind, marks.kind) == ("number", "left out", "left out")
    assert (void.note, marks.note) == ("has no values", "has no values except '?'")


def test_nothing_to_learn_from():
    with pytest.raises(BadInput, match="no column is left"):
        infer_columns(pandas.DataFrame({"x": ["same"] * ROWS}))


def test_lists_in_a_column():
    frame = pandas.DataFrame({"x": NUMBERS, "lists": [[i] for i in range(ROWS)]})
    with pytest.raises(BadInput, match="--drop lists"):
        infer_columns(frame)


def test_numbers_stored_as_text_are_the_same_numbers():
    text = pandas.DataFrame({"x": [f"{x:,.6f}" for x in NUMBERS]})
    np.testing.assert_allclose(as_numbers(text)[:, 0], NUMBERS, atol=1e-6)


def test_what_is_no_finite_number_is_missing():
    frame = pandas.DataFrame(
        {"x": ["1", "?", "inf", "word", None, " 2 "], "y": [1.0, np.inf, -np.inf, 2.0, 3.0, np.nan]}
    )
    expected = [[1, 1], [np.nan, np.nan], [np.nan, np.nan], [np.nan, 2], [np.nan, 3], [2, np.nan]]
    np.testing.assert_array_equal(as_numbers(frame), expected)


def test_text_is_the_same_however_it_is_stored():
    whole = pandas.DataFrame({"x": [1, 2, 3]})
    floats = pandas.DataFrame({"x": [1.0, 2.0, np.nan]})
    words = pandas.DataFrame({"x": [" 1", "2 ", "?"]})
    assert as_text(whole)[:2].tolist() == as_text(floats)[:2].tolist() == as_text(words)[:2].tolist() == [["1"], ["2"]]
    assert as_text(floats)[2, 0] == as_text(words)[2, 0] == "(missing)"


def test_date_parts():
    frame = pandas.DataFrame({"when": ["1970-01-02 18:00", "2020-02-29 00:00", "never"]})
    parts = as_date_parts(frame, "ISO8601")
    np.testing.assert_array_equal(parts[0], [1.75, 1970, 1, 2, 4, 18, 0])  # a Friday
    np.testing.assert_array_equal(parts[1], [18321, 2020, 2, 29, 5, 0, 0])  # a Saturday
    assert np.isnan(parts[2]).all()


@pytest.fixture
def frame():
    """Return a table with a column of each kind."""
    return pandas.DataFrame(
        {
            "plain": NUMBERS,
            "holes": np.where(NUMBERS > -500, NUMBERS, np.nan),
            "color": pandas.Series(["red", "blue", None, "green"] * 10, dtype=object),
            "day": DAYS,
            "text day": DAYS.strftime("%Y-%m-%d"),
            "constant": ["c"] * ROWS,
        }
    )


def reading_pipeline(frame):
    """Return the unfitted reader and preprocessing of a table."""
    columns = infer_columns(frame)
    return make_pipeline(TableReader(columns), preprocessing(columns))


def test_preprocessing_of_all_kinds(frame):
    columns = infer_columns(frame)
    transformer = preprocessing(columns)
    numbers = transformer.fit_transform(TableReader(columns).transform(frame))
    names = list(transformer.get_feature_names_out())
    assert numbers.shape == (ROWS, 2 + 1 + 4 + 7 + 7) == (ROWS, len(names))
    assert np.isfinite(numbers).all()
    standardized = [i for i, name in enumerate(names) if not name.startswith("color")]
    np.testing.assert_allclose(numbers[:, standardized].mean(axis=0), 0.0, atol=1e-9)
    one_hot = numbers[:, [i for i, name in enumerate(names) if name.startswith("color")]]
    np.testing.assert_array_equal(one_hot.sum(axis=1), 1.0)
    assert "color_(missing)" in names


def test_fresh_rows_may_hold_anything(frame):
    transformer = reading_pipeline(frame).fit(frame)
    fresh = pandas.DataFrame(
        {
            "color": ["violet", "?"],
            "holes": ["?", "12.5"],
            "plain": ["1,000", None],
            "day": [None, "2021-01-01"],
            "text day": ["?", "2021-01-01"],
            "new column": [1, 2],
        }
    )
    assert np.isfinite(transformer.transform(fresh)).all()


def test_order_of_columns_is_of_no_account(frame):
    transformer = clone(reading_pipeline(frame)).fit(frame)
    np.testing.assert_array_equal(transformer.transform(frame), transformer.transform(frame[frame.columns[::-1]]))


def test_many_categories_share_a_column():
    frame = pandas.DataFrame({"x": [f"word {i % 150}" for i in range(1500)]})
    column = infer_columns(frame)[0]
    assert column.kind == "category"
    assert "150 different values" in column.note
    assert reading_pipeline(frame).fit_transform(frame).shape == (1500, 50)
