"""Reading of tables: kinds by dtype, conversions at prediction, and tables that are refused."""

import datetime
import decimal
import pickle
import sys

import numpy as np
import pytest
from scipy import sparse
from sklearn import clone
from sklearn.preprocessing import FunctionTransformer

from sknn_concepts.tabular import ColumnReader
from sknn_concepts.tabular.reading import parts

pandas = pytest.importorskip("pandas")

NAN = np.nan
DAYS = [datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31)]
BERLIN = datetime.timezone(datetime.timedelta(hours=1))


def read(values, **settings):
    """Kind of a column, and its numbers or codes with levels, by themselves."""
    reader = ColumnReader(**{"min_frequency": 1, **settings})
    columns = reader.fit_transform(pandas.DataFrame({"a": values, "b": np.arange(len(values))}))
    if columns.levels:
        return reader.kinds_[0], columns.codes[:, 0].tolist(), columns.levels[0]
    return reader.kinds_[0], columns.numbers[:, :-1].tolist(), columns.number_names[:-1]


@pytest.mark.parametrize(
    "values",
    [
        [1.5, 2.0, NAN],
        np.array([1.5, 2.0, NAN], dtype=np.float32),
        pandas.array([1.5, 2.0, None], dtype="Float64"),
        np.array([1.5, 2, None], dtype=object),
        np.array([1.5, np.int64(2), pandas.NA], dtype=object),
        [decimal.Decimal("1.5"), decimal.Decimal(2), None],
    ],
)
def test_numbers(values):
    kind, numbers, names = read(values)
    assert (kind, names) == ("number", ("a",))
    np.testing.assert_array_equal(numbers, [[1.5], [2.0], [NAN]])


@pytest.mark.parametrize(
    "values",
    [
        pandas.array([True, False, None], dtype="boolean"),
        np.array([True, False, None], dtype=object),
        np.array([np.True_, np.False_, NAN], dtype=object),
    ],
)
def test_booleans(values):
    assert read(values) == ("boolean", [1, 0, -2], ("False", "True"))


@pytest.mark.parametrize(
    "values, levels",
    [
        (["y", "x", None], ("x", "y")),
        (pandas.array(["y", "x", None], dtype="string"), ("x", "y")),
        (pandas.Categorical(["y", "x", None], categories=["z", "y", "x"]), ("x", "y")),
        (pandas.Categorical([2.0, 1.0, None]), ("1", "2")),
        (pandas.Categorical([True, False, None]), ("False", "True")),
        (np.array(["y", 1, None], dtype=object), ("1", "y")),
        ([b"y", b"x", None], ("x", "y")),
    ],
)
def test_categories(values, levels):
    kind, codes, names = read(values)
    assert (kind, names) == ("category", levels)
    assert sorted(codes) == [-2, 0, 1] and codes[2] == -2


@pytest.mark.parametrize(
    "values",
    [
        DAYS,
        pandas.to_datetime(pandas.Series(DAYS)),
        pandas.to_datetime(pandas.Series(DAYS)).dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
        pandas.PeriodIndex(["2024-02-29", "NaT", "1969-12-31"], freq="D"),
        [datetime.datetime(2024, 2, 29, 1, tzinfo=BERLIN), None, datetime.datetime(1969, 12, 31, 1, tzinfo=BERLIN)],
    ],
)
def test_dates(values):
    kind, numbers, names = read(values)
    assert kind == "date"
    assert names == ("a_day_number", "a_year", "a_month", "a_day", "a_weekday")
    np.testing.assert_array_equal(numbers, [[19782, 2024, 2, 29, 3], [NAN] * 5, [-1, 1969, 12, 31, 2]])


def test_dates_with_times():
    kind, numbers, names = read(pandas.to_datetime(["2024-02-29 18:30", "2024-02-29 00:00", None]))
    assert names[5:] == ("a_hour", "a_minute")
    np.testing.assert_array_equal(numbers[0], [19782 + 18.5 / 24, 2024, 2, 29, 3, 18, 30])


@pytest.mark.parametrize(
    "values", [pandas.to_timedelta([36, 0, None], unit="h"), [datetime.timedelta(1.5), datetime.timedelta(0), None]]
)
def test_durations(values):
    assert read(values)[0] == "duration"
    np.testing.assert_array_equal(read(values)[1], [[1.5], [0.0], [NAN]])


@pytest.mark.parametrize("given", [["a"], [0], [True, False], np.array([True, False]), np.array(["a"])])
def test_given_categories(given):
    assert read([2.0, 1.0, NAN], categorical_features=given) == ("category", [1, 0, -2], ("1", "2"))


def test_no_categories_given():
    assert read([2.0, 1.0, NAN], categorical_features=[])[0] == "number"


def test_a_date_can_be_given_as_a_category():
    dates = pandas.to_datetime(["2024-02-29", "2024-02-28", None])
    kind, codes, levels = read(dates, categorical_features=["a"])
    assert (kind, codes) == ("category", [1, 0, -2])
    assert [level[:10] for level in levels] == ["2024-02-28", "2024-02-29"]


@pytest.mark.parametrize(
    "given, message",
    [
        (["c"], "contains 'c', which is no column"),
        ([2], "contains 2, which is no column"),
        ([0.5], "contains 0.5, which is no column"),
        ([True], r"has shape \(1,\) as a mask; X has 2 columns"),
        ("all", "'categorical_features' parameter"),
    ],
)
def test_given_categories_that_do_not_exist(given, message):
    with pytest.raises(ValueError, match=message):
        read([2.0, 1.0, NAN], categorical_features=given)


def test_arrays_and_lists():
    columns = ColumnReader(min_frequency=1).fit_transform([["x", 1], ["y", 2.5], [None, None]])
    assert columns.codes.ravel().tolist() == [0, 1, -2]
    np.testing.assert_array_equal(columns.numbers, [[1.0], [2.5], [NAN]])
    assert (columns.number_names, columns.category_names) == (("x1",), ("x0",))
    columns = ColumnReader(min_frequency=1).fit_transform(np.array([["b"], ["a"]]))
    assert columns.codes.ravel().tolist() == [1, 0]
    columns = ColumnReader().fit_transform(np.array([["2024-02-29"], ["NaT"]], dtype="datetime64[D]"))
    np.testing.assert_array_equal(columns.numbers[:, 3], [29.0, NAN])


def test_polars_reads_like_pandas():
    polars = pytest.importorskip("polars")
    values = {
        "number": [1, None, 3],
        "text": ["x", None, "y"],
        "flag": [True, None, False],
        "day": [datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31)],
        "time": [datetime.datetime(2024, 2, 29, 18), None, datetime.datetime(1969, 12, 31)],
        "span": [datetime.timedelta(1.5), None, datetime.timedelta(0)],
        "exact": [decimal.Decimal("1.5"), None, decimal.Decimal(2)],
    }
    ours, theirs = (ColumnReader(min_frequency=1) for _ in range(2))
    columns, expected = ours.fit_transform(polars.DataFrame(values)), theirs.fit_transform(pandas.DataFrame(values))
    assert ours.kinds_ == theirs.kinds_
    assert ours.names(list(values)) == theirs.names()  # scikit-learn up to 1.6 does not know the names of polars
    assert columns.levels == expected.levels
    np.testing.assert_array_equal(columns.numbers, expected.numbers)
    np.testing.assert_array_equal(columns.codes, expected.codes)
    for dtype in (polars.Categorical, polars.Enum(["x", "y"])):
        reader = ColumnReader(min_frequency=1).fit(polars.DataFrame({"a": polars.Series(["x", "y"], dtype=dtype)}))
        assert reader.kinds_ == ["category"]


def test_without_pandas_missing_values_are_found(monkeypatch):
    monkeypatch.delitem(sys.modules, "pandas")
    columns = ColumnReader(min_frequency=1).fit_transform(np.array([["x", 1], [None, NAN], ["y", None]], dtype=object))
    assert columns.codes.ravel().tolist() == [0, -2, 1]
    np.testing.assert_array_equal(columns.numbers, [[1.0], [NAN], [NAN]])


FRAME = pandas.DataFrame(
    {
        "n": [1, 2, 3, 4],
        "c": ["x", "y", "x", None],
        "whole": pandas.Categorical([1, 2, 1, 2]),
        "flag": [True, False, True, False],
        "d": pandas.to_datetime(["2024-02-29"] * 4),
        "s": pandas.to_timedelta([1, 2, 3, 4], unit="D"),
    }
)


@pytest.fixture
def reader():
    return ColumnReader(min_frequency=1).fit(FRAME)


@pytest.mark.parametrize(
    "changes",
    [
        {"n": ["1", "2", "3", "4"]},
        {"n": pandas.array([1, 2, 3, 4], dtype="Int8")},
        {"n": pandas.Categorical([1, 2, 3, 4])},
        {"c": pandas.Categorical(["x", "y", "x", None], categories=["y", "z", "x"])},
        {"whole": [1.0, 2.0, 1.0, 2.0]},
        {"whole": ["1", "2", "1", "2"]},
        {"flag": [1, 0, 1, 0]},
        {"flag": pandas.array([True, False, True, False], dtype="boolean")},
        {"d": [datetime.date(2024, 2, 29)] * 4},
        {"d": pandas.to_datetime(["2024-02-29"] * 4).tz_localize("UTC")},
        {"s": [datetime.timedelta(days) for days in (1, 2, 3, 4)]},
    ],
)
def test_other_dtypes_with_the_same_values_read_alike(reader, changes):
    columns, expected = reader.transform(FRAME.assign(**changes)), reader.transform(FRAME)
    np.testing.assert_array_equal(columns.numbers, expected.numbers)
    np.testing.assert_array_equal(columns.codes, expected.codes)


@pytest.mark.parametrize("name", FRAME.columns)
def test_a_column_may_be_missing_altogether_later(reader, name):
    columns = reader.transform(FRAME.assign(**{name: None}))
    assert np.isnan(columns.numbers).any() or (columns.codes == -2).all(axis=0).any()


def test_unknown_levels(reader):
    columns = reader.transform(FRAME.assign(c=["z", "x", "y", 7]))
    assert columns.codes[:, 0].tolist() == [-1, 0, 1, -1]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"n": ["1", "two", "3", None]}, "Column 'n' of X must contain numbers, .* it contains 'two'"),
        ({"n": np.array([1, 10**400, 3, 4], dtype=object)}, "Column 'n' of X must contain numbers"),
        ({"n": FRAME["d"]}, "Column 'n' of X contains datetime64"),
        ({"n": [1, 2, 3, np.inf]}, "Column 'n' of X contains infinity"),
        ({"d": "2024-02-29"}, "Column 'd' of X must contain dates, .* it contains '2024-02-29'"),
        ({"s": 3}, "Column 's' of X must contain durations"),
        ({"c": [["x"], ["y"], ["x"], None]}, "Column 'c' of X contains values of type list"),
        ({"n": [1j, 2, 3, 4]}, "Column 'n' of X contains values of type complex128"),
    ],
)
def test_values_of_another_kind_are_refused(reader, changes, message):
    with pytest.raises(ValueError, match=message):
        reader.transform(FRAME.assign(**changes))


def test_columns_must_be_those_of_fit(reader):
    with pytest.raises(ValueError, match="missing:\n- d"):
        reader.transform(FRAME.drop(columns="d"))
    with pytest.raises(ValueError, match="must be in the same order"):
        reader.transform(FRAME[FRAME.columns[::-1]])
    with pytest.raises(ValueError, match="unseen at fit time:\n- other"):
        reader.transform(FRAME.assign(other=1))
    with pytest.raises(ValueError, match="X has 2 features, but ColumnReader is expecting 3"):
        ColumnReader().fit(np.zeros((2, 3))).transform(np.zeros((2, 2)))


@pytest.mark.parametrize(
    "values, message",
    [
        ([[1], [2]], "Column 'a' of X contains values of type list"),
        ([{}, {}], "Column 'a' of X contains values of type dict"),
        ([(1,), (2,)], "Column 'a' of X contains values of type tuple"),
        ([np.zeros(2), None], "Column 'a' of X contains values of type ndarray"),
        ([1j, 2], "Column 'a' of X contains values of type complex128"),
        (np.array([1j, "x"], dtype=object), "Column 'a' of X contains values of type complex"),
        ([1.0, -np.inf], "Column 'a' of X contains infinity"),
        (pandas.arrays.SparseArray([0, 1]), "Column 'a' of X is sparse"),
    ],
)
def test_columns_that_cannot_be_encoded(values, message):
    with pytest.raises(ValueError, match=message):
        ColumnReader().fit(pandas.DataFrame({"a": values}))


def test_nested_columns_of_polars():
    polars = pytest.importorskip("polars")
    for values in ([[1], [2]], [{"x": 1}, {"x": 2}]):
        with pytest.raises(ValueError, match="Column 'a' of X contains"):
            ColumnReader().fit(polars.DataFrame({"a": values}))


@pytest.mark.parametrize(
    "table, message",
    [
        (pandas.DataFrame({"a": []}), r"0 sample\(s\)"),
        (pandas.DataFrame(index=range(3)), r"0 feature\(s\)"),
        (np.empty((0, 2)), r"0 sample\(s\)"),
        (pandas.DataFrame([[1, 2]], columns=["a", "a"]), "different names; repeated are 'a'"),
        (pandas.DataFrame({"a": [None, None], "b": [NAN, NAN]}), "All values of X are missing"),
        ([1.0, 2.0], "Expected 2D array"),
        ([[1.0, 2.0], [3.0]], "Expected 2D array"),
        ([[1.0, [2.0]], [3.0, [4.0]]], "Column 'x1' of X contains values of type list"),
    ],
)
def test_tables_that_cannot_be_read(table, message):
    with pytest.raises(ValueError, match=message):
        ColumnReader().fit(table)


def test_sparse_matrices_are_refused():
    with pytest.raises(TypeError, match="[Ss]parse"):
        ColumnReader().fit(sparse.eye(3, format="csr"))


def test_columns_without_values_are_dropped():
    frame = FRAME.assign(e=NAN, f=None)
    reader = ColumnReader(min_frequency=1)
    with pytest.warns(UserWarning, match="dropped: e, f"):
        columns = reader.fit_transform(frame)
    assert reader.kinds_[-2:] == ["dropped", "dropped"]
    np.testing.assert_array_equal(columns.numbers, ColumnReader(min_frequency=1).fit_transform(FRAME).numbers)


def test_rows_can_be_selected(reader):
    columns = reader.transform(FRAME)
    for rows in ([3, 0], np.array([True, False, False, True]), slice(1, 3)):
        some = columns[rows]
        expected = reader.transform(FRAME.iloc[rows])
        assert len(some) == 2
        np.testing.assert_array_equal(some.numbers, expected.numbers)
        np.testing.assert_array_equal(some.codes, expected.codes)


def test_copies_read_alike(reader):
    expected = reader.transform(FRAME)
    for copy in (pickle.loads(pickle.dumps(reader)), clone(reader).fit(FRAME)):
        np.testing.assert_array_equal(copy.transform(FRAME).codes, expected.codes)
        np.testing.assert_array_equal(copy.transform(FRAME).numbers, expected.numbers)


CITIES = pandas.DataFrame({"city": [f"{name} {place}" for place in range(30) for name in ("Old", "Upper", "Old")]})


def test_many_texts_are_encoded_by_skrub():
    pytest.importorskip("skrub")
    reader = ColumnReader(max_categories=20)
    columns = reader.fit_transform(CITIES)
    assert reader.kinds_ == ["text"]
    assert columns.number_names == tuple(f"city_{place}" for place in range(30))
    assert np.isfinite(columns.numbers).all() and columns.codes.shape == (90, 0)
    few = ColumnReader(max_categories=2).fit_transform(CITIES[:4])
    assert few.numbers.shape == (4, 3)
    with_missing = reader.transform(CITIES.assign(city=[None, "Old 3"] * 45))
    assert np.isfinite(with_missing.numbers).all()


def test_many_texts_share_a_level_without_skrub(monkeypatch):
    monkeypatch.setattr(parts, "has_skrub", lambda: False)
    reader = ColumnReader(max_categories=20)
    with pytest.warns(UserWarning, match="Column 'city' has 60 different texts.*skrub"):
        columns = reader.fit_transform(CITIES)
    assert reader.kinds_ == ["category"]
    assert len(columns.levels[0]) == 20 and columns.levels[0][-1] == "(rare)"


@pytest.mark.parametrize(
    "texts, message",
    [
        ([f"{number / 8}" for number in range(60)] + ["?"], "'a' contains numbers as text.*pandas.to_numeric"),
        (pandas.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d"), "'a' contains dates as text.*to_datetime"),
    ],
)
def test_numbers_and_dates_as_text_are_told(texts, message):
    with pytest.warns(UserWarning, match=message):
        ColumnReader(text_encoder=None).fit(pandas.DataFrame({"a": texts}))


def test_sources_of_numbers_and_categories():
    reader = ColumnReader().fit(FRAME.assign(e="k"))
    assert reader.number_sources_.tolist() == [0, 4, 4, 4, 4, 4, 5]
    assert reader.category_sources_.tolist() == [1, 2, 3, 6]


def test_many_texts_share_a_level_where_that_is_asked_for():
    given = {"categorical_features": ["city"]}, {"text_encoder": None}
    frames = [CITIES, CITIES, CITIES.astype("category")]
    for frame, settings in zip(frames, (*given, {}), strict=True):
        reader = ColumnReader(max_categories=20, **settings).fit(frame)
        assert reader.kinds_ == ["category"]


def test_a_text_encoder_of_ones_own():
    lengths = FunctionTransformer(lambda texts: texts.str.len().to_frame())
    reader = ColumnReader(max_categories=20, text_encoder=lengths)
    assert reader.fit_transform(CITIES).numbers[:, 0].tolist() == CITIES["city"].str.len().tolist()
