"""Models of ensembles for tables: onnxruntime predicts what they predict for raw columns."""

import datetime
import warnings

import numpy as np
import pytest
from runtime import assert_close, feed_of, run
from scipy.special import ndtri
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts import MLPClassifier, TabularClassifier, TabularRegressor
from sknn_concepts.export import to_onnx
from sknn_concepts.export.columns import as_codes, as_numbers
from sknn_concepts.export.graph import Graph
from sknn_concepts.export.model import make_model
from sknn_concepts.tabular import (
    ColumnEncoder,
    ColumnReader,
    NormalScoreScaler,
    PeriodicEncoder,
    PiecewiseLinearEncoder,
)
from sknn_concepts.tabular.reading.dates import DATE_PARTS, split, split_tensor

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pandas = pytest.importorskip("pandas")

ENCODINGS = [
    {"scaling": scaling, "embedding": embedding, "imputation": imputation}
    for scaling, embedding, imputation in (
        ("standard", None, "median"),
        ("robust", "piecewise_linear", "mean"),
        ("quantile", "periodic", "median"),
        ("quantile", "piecewise_linear", "mean"),
        ("standard", "periodic", "median"),
    )
]


def make_frame(n_rows=200, seed=0):
    """Data frame with columns of all kinds that can be converted."""
    random = np.random.RandomState(seed)
    frame = pandas.DataFrame(
        {
            "number": random.lognormal(3.0, 2.0, n_rows),
            "large": 1e9 + random.normal(size=n_rows),
            "ties": random.choice([0.0, 0.0, 1.0, 5.0], n_rows),
            "single": random.normal(size=n_rows).astype(np.float32),
            "whole": random.randint(-5, 1000, n_rows),
            "constant": np.ones(n_rows),
            "color": random.choice(["red", "grün", "blue"], n_rows),
            "side": random.choice(["left", "right"], n_rows),
            "flag": random.rand(n_rows) > 0.5,
            "code": pandas.Categorical(random.choice([10, 20, 30], n_rows)),
            "grade": pandas.Categorical(random.choice([0.1, 0.25, 3.0], n_rows)),
            "when": pandas.Timestamp("1903-02-27") + pandas.to_timedelta(random.randint(0, 70_000, n_rows), unit="D"),
            "took": pandas.to_timedelta(random.randint(0, 10**10, n_rows), unit="us"),
        }
    )
    frame["rare"] = [f"level {i}" if i < 5 else "common" for i in range(n_rows)]
    for place, name in enumerate(["number", "ties", "single", "color", "side", "when", "took", "grade"]):
        frame.loc[place :: 11 + place, name] = None
    return frame


@pytest.fixture(scope="module")
def frame():
    return make_frame()


@pytest.fixture(scope="module")
def unseen():
    """Rows with values that fit has not seen."""
    rows = make_frame(60, seed=1)
    rows.loc[::5, ["color", "side", "rare"]] = "unknown"
    rows["code"] = rows["code"].astype(int).where(rows.index % 7 > 0, 99)
    rows["grade"] = rows["grade"].astype(float).where(rows.index % 7 > 0, 0.2)
    rows.loc[::9, ["number", "large", "whole"]] = [1e12, -1e15, 10**9]
    return rows


def encode(encoder, reader, table):
    """Encode a table by a graph."""
    graph = Graph()
    feed = feed_of(table)
    columns = [graph.input(name, array.dtype, 1) for name, array in feed.items()]
    numbers = [as_numbers(columns[part.place], part, "") for part in reader._parts if part.levels is None]
    codes = [as_codes(columns[part.place], part) for part in reader._parts if part.levels is not None]
    numbers = numbers[0].concat(*numbers[1:]) if numbers else None
    graph.output("encoded", encoder.onnx(numbers, codes), encoder.n_features_out_)
    return run(make_model(graph, "encoder"), feed)["encoded"]


@pytest.mark.parametrize("parameters", ENCODINGS, ids=str)
@pytest.mark.parametrize("flags", [{}, {"missing_level": False, "missing_indicator": False, "scale_indicators": False}])
def test_encoders(frame, unseen, parameters, flags):
    reader = ColumnReader().fit(frame)
    encoder = ColumnEncoder(**parameters, **flags, random_state=0).fit(reader.transform(frame))
    for table in (frame, unseen):
        assert_close(encode(encoder, reader, table), encoder.transform(reader.transform(table)))


def test_encoders_of_categories_only(frame):
    frame = frame[["color", "side"]]
    reader = ColumnReader().fit(frame)
    encoder = ColumnEncoder("robust").fit(reader.transform(frame))
    assert_close(encode(encoder, reader, frame), encoder.transform(reader.transform(frame)))


def test_the_empty_string_is_a_level_if_there_is_one():
    table = pandas.DataFrame({"a": ["", "x", "y"] * 5})
    reader = ColumnReader().fit(table)
    encoder = ColumnEncoder(scale_indicators=False).fit(reader.transform(table))
    assert encode(encoder, reader, table[:3]).tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "O"])
def test_columns_of_other_types_than_in_fit(dtype):
    table = pandas.DataFrame({"flag": [True, False] * 5, "kind": pandas.Categorical([0, 1, 2, 1, 0] * 2)})
    reader = ColumnReader().fit(table)
    encoder = ColumnEncoder().fit(reader.transform(table))
    other = pandas.DataFrame({"flag": [1, 0, 1], "kind": [1, 0, 0]}).astype(dtype if dtype != "O" else str)
    assert_close(encode(encoder, reader, other), encoder.transform(reader.transform(other)))


def test_levels_that_are_written_unlike_numbers():
    table = pandas.DataFrame({"kind": ["1.0", "2", "x"] * 5})
    reader = ColumnReader().fit(table)
    encoder = ColumnEncoder(scale_indicators=False).fit(reader.transform(table))
    numbers = pandas.DataFrame({"kind": [1.0, 2.0, np.nan]})  # the text of 1.0 is "1"
    encoded = encode(encoder, reader, numbers)
    assert encoded.tolist() == encoder.transform(reader.transform(numbers)).tolist() == [[0] * 3, [0, 1, 0], [0] * 3]


def evaluate(formula, X):
    graph = Graph()
    result = formula(graph.input("x", X.dtype, X.shape[1]))
    graph.output("result", result, None)
    graph.outputs[0] = graph.outputs[0].__class__("result", result.dtype, (None, None))
    return run(make_model(graph, "formula"), X)["result"]


def test_normal_scores():
    random = np.random.RandomState(0)
    X = np.column_stack([random.normal(size=999), random.randint(0, 4, 999), np.ones(999), random.rand(999) ** 9])
    scaler = NormalScoreScaler().fit(X)
    points = np.concatenate([X, X + 0.3, scaler.quantiles_, [[-1e9] * 4, [1e9] * 4]])
    np.testing.assert_allclose(evaluate(scaler.onnx, points), scaler.transform(points), rtol=1e-6, atol=1e-7)
    assert_close(evaluate(NormalScoreScaler().fit([[1.0]]).onnx, X[:, :1]), np.zeros((999, 1)))
    shares = np.linspace(1e-7, 1.0 - 1e-7, 1001)
    scaler.quantiles_ = np.linspace(0.0, 1.0, 2)[:, None]
    np.testing.assert_allclose(evaluate(scaler.onnx, shares[:, None]).ravel(), ndtri(shares), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "transformer", [PiecewiseLinearEncoder(5, extrapolate=True), PeriodicEncoder(3, include_input=True, random_state=0)]
)
def test_embeddings_with_other_parameters(transformer):
    X = np.random.RandomState(0).normal(size=(100, 3)).astype(np.float32)
    transformer.fit(X)
    assert_close(evaluate(transformer.onnx, 3.0 * X), transformer.transform(3.0 * X))


def test_dates():
    days = np.arange(-800_000, 800_000, 397).astype("datetime64[D]")
    moments = np.random.RandomState(0).randint(0, 86_400_000_000, len(days)).astype("timedelta64[us]")
    dates = np.concatenate([days.astype("datetime64[us]"), days + moments])
    assert dates.min() < np.datetime64("-0220") and dates.max() > np.datetime64("4150")
    numbers = evaluate(split_tensor, dates.astype(np.int64)[:, None])
    np.testing.assert_allclose(numbers, split(dates), rtol=1e-12, atol=1e-9)
    assert numbers.shape == (len(dates), len(DATE_PARTS))


@pytest.mark.parametrize("labels", [["no", "yes"], [3, 1, 2]], ids=str)
def test_classifiers(frame, unseen, labels):
    codes = (frame["color"].isin(["red"]) | (frame["whole"] > 600)).to_numpy(int, copy=True)
    codes[:3] = len(labels) - 1
    y = np.array(labels)[codes]
    model = TabularClassifier(n_members=6, n_folds=3, random_state=0).fit(frame, y)
    for power in (model._power, 1.7):
        model._power = power
        converted = to_onnx(model, frame)
        for table in (frame, unseen):
            outputs = run(converted, feed_of(table))
            assert_close(outputs["probabilities"], model.predict_proba(table))
            assert (outputs["label"] == model.predict(table)).all()
    assert {member.settings.scaling for member in model.members_} > {"quantile"}


@pytest.mark.parametrize("n_classes", [2, 3])
def test_networks_that_have_not_seen_all_classes(frame, n_classes):
    y = np.arange(60) % (n_classes - 1)
    y[-1] = n_classes - 1
    model = TabularClassifier(n_members=2, n_folds=3, random_state=0).fit(frame[:60], y)
    seen = {len(network.classes_) for member in model.members_ for network in member.networks.values()}
    assert seen == {n_classes - 1, n_classes}
    assert_close(run(to_onnx(model, frame), feed_of(frame))["probabilities"], model.predict_proba(frame))


@pytest.mark.parametrize("scaling", ["standard", "robust", "quantile"])
def test_columns_without_values_in_the_rows_of_fit(scaling):
    table = pandas.DataFrame({"number": [0.0, 1.0, 3.0, 2.0] * 5, "empty": [1.0, 2.0] + [np.nan] * 18})
    reader = ColumnReader().fit(table)
    encoder = ColumnEncoder(scaling).fit(reader.transform(table)[2:])
    assert_close(encode(encoder, reader, table), encoder.transform(reader.transform(table)))


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressors(frame, unseen, n_outputs):
    y = np.column_stack([1e6 + frame["whole"], frame["flag"] * 1e-3])[:, :n_outputs].squeeze()
    model = TabularRegressor(n_members=3, n_folds=2, random_state=1).fit(frame, y)
    converted = to_onnx(model, frame)
    for table in (frame, unseen):
        numbers = run(converted, feed_of(table))["variable"]
        expected = model.predict(table).reshape(len(table), -1)
        assert_close((numbers - model._mean) / model._scale, (expected - model._mean) / model._scale)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays(dtype):
    X = np.random.RandomState(0).normal(size=(100, 4)).astype(dtype)
    X[::9, 1] = np.nan
    X[:, 3] = X[:, 3] > 0
    model = TabularClassifier(n_members=2, n_folds=2, categorical_features=[3], random_state=0).fit(X, X[:, 0] > 0)
    outputs = run(to_onnx(model, X), X)
    assert_close(outputs["probabilities"], model.predict_proba(X))
    assert (outputs["label"] == model.predict(X)).all()


def test_dropped_columns_stay_inputs(frame):
    table = frame[["number", "color"]].assign(empty=np.nan)
    with pytest.warns(UserWarning, match="dropped: empty"):
        model = TabularClassifier(n_members=1, n_folds=2, random_state=0).fit(table, frame["flag"])
    assert_close(run(to_onnx(model, table), feed_of(table))["probabilities"], model.predict_proba(table))


def test_refused_columns(frame):
    pytest.importorskip("skrub")
    texts = frame[["number"]].assign(note=[f"note {i} of {i % 17}" for i in range(len(frame))])
    model = TabularClassifier(n_members=1, n_folds=2, random_state=0).fit(texts, frame["flag"])
    with pytest.raises(ValueError, match="'note' contains text, which StringEncoder encodes; it has no equivalent"):
        to_onnx(model, texts)


def test_columns_of_unsuitable_types(frame):
    model = TabularClassifier(n_members=1, n_folds=2, random_state=0).fit(frame[["number", "when"]], frame["flag"])
    for names, name, wanted in (
        (["color", "when"], "number", "numbers, because it was a number"),
        (["number", "color"], "when", "whole numbers of microseconds, because it was a date"),
    ):
        changed = frame[names].set_axis(["number", "when"], axis=1)
        with pytest.raises(ValueError, match=f"'{name}' of X_sample must contain {wanted} in fit; it contains strings"):
            to_onnx(model, changed)


@pytest.mark.parametrize("estimator", [TabularClassifier(n_members=1, n_folds=1, random_state=0), MLPClassifier((2,))])
def test_columns_in_another_order_or_with_other_names_are_refused(estimator):
    frame = pandas.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=["a", "b", "c"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(frame, frame["a"] > 0)
    for other in (frame[["c", "b", "a"]], frame.rename(columns={"a": "z"})):
        with pytest.raises(ValueError, match="feature names"):
            to_onnx(estimator, other)
    with pytest.raises(TypeError, match="the class MLPClassifier"):
        to_onnx(MLPClassifier, frame)


def test_dates_as_objects_are_dates():
    days = [datetime.date(2026, 1, 1) + datetime.timedelta(days=day) for day in range(30)]
    frame = pandas.DataFrame({"day": pandas.Series(days, dtype=object)})
    model = TabularClassifier(n_members=1, n_folds=1, random_state=0).fit(frame, np.arange(30) > 14)
    onnx_model = to_onnx(model, frame)
    microseconds = frame["day"].to_numpy("datetime64[us]").astype("int64")[:, None]
    label = run(onnx_model, {"day": microseconds})["label"]
    np.testing.assert_array_equal(label, model.predict(frame))
