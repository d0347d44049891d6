"""Encoding of tables: blocks by hand, combinations of settings, outputs of scikit-learn's kinds, networks behind it."""

import pickle

import numpy as np
import pytest
from sklearn import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import sknn_concepts.tabular
from sknn_concepts import MLPClassifier
from sknn_concepts.tabular import (
    ColumnEncoder,
    ColumnReader,
    NormalScoreScaler,
    PeriodicEncoder,
    PiecewiseLinearEncoder,
    RobustClipScaler,
    TableEncoder,
)

pandas = pytest.importorskip("pandas")

NAN = np.nan
SETTINGS = [
    (scaling, embedding)
    for scaling in ("standard", "robust", "quantile")
    for embedding in (None, "piecewise_linear", "periodic")
]


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(120, 3)) ** 3, columns=["p", "q", "r"])
    frame.loc[::7, "q"] = NAN
    frame["color"] = rng.choice(["red", "green", "blue"], size=120)
    frame["size"] = rng.choice(["big", "small"], size=120)
    frame["shape"] = rng.choice(["round", "flat", None], size=120)
    frame["day"] = pandas.date_range("2024-01-01", periods=120)
    return frame


def encoder(*arguments, **settings):
    return TableEncoder(*arguments, **{"random_state": 0, **settings})


def test_by_hand():
    frame = pandas.DataFrame(
        {
            "n": [1.0, NAN, 3.0, 5.0],
            "flag": [True, False, False, True],
            "c": ["x", "y", "z", "x"],
            "m": ["v", None, "v", "v"],
            "one": ["k", "k", "k", "k"],
        }
    )
    plain = encoder(scaling="robust", min_frequency=1, scale_indicators=False).fit(frame)
    assert plain.get_feature_names_out().tolist() == (
        ["n", "missingindicator_n", "flag_True", "c_x", "c_y", "c_z", "m_(missing)", "one_k"]
    )
    low = -1.0 / np.sqrt(1.0 + 1.0 / 9.0)  # median 3, quartiles 2 and 4
    expected = [
        [low, 0, 1, 1, 0, 0, -1, 1],
        [0, 1, -1, 0, 1, 0, 1, 1],
        [0, 0, -1, 0, 0, 1, -1, 1],
        [-low, 0, 1, 1, 0, 0, -1, 1],
    ]
    np.testing.assert_allclose(plain.transform(frame), expected, rtol=1e-6)
    new = pandas.DataFrame({"n": [3.0], "flag": [None], "c": ["w"], "m": ["u"], "one": ["l"]})
    np.testing.assert_array_equal(plain.transform(new), [[0, 0, 0, 0, 0, 0, 0, 0]])


def test_levels_are_those_of_scikit_learn(frame):
    frame = frame[["color", "shape"]]
    encoded = encoder(scale_indicators=False).fit_transform(frame)
    expected = OneHotEncoder(sparse_output=False).fit_transform(frame)
    np.testing.assert_array_equal(encoded, expected)
    later = pandas.DataFrame({"color": ["purple", "red"], "shape": ["square", None]})
    expected = OneHotEncoder(sparse_output=False, handle_unknown="ignore").fit(frame).transform(later)
    np.testing.assert_array_equal(encoder(scale_indicators=False).fit(frame).transform(later), expected)


def test_without_levels_and_indicators_of_missing_values():
    frame = pandas.DataFrame({"n": [1.0, NAN, 3.0], "m": ["v", None, "w"]})
    plain = encoder(min_frequency=1, scale_indicators=False, missing_level=False, missing_indicator=False)
    np.testing.assert_allclose(plain.fit_transform(frame), [[-1, -1], [0, 0], [1, 1]])


def test_imputation():
    frame = pandas.DataFrame({"n": [0.0, 0.0, 9.0, NAN]})
    values = {how: encoder(imputation=how).fit_transform(frame)[:, 0] for how in ("median", "mean")}
    np.testing.assert_allclose(values["median"][3], values["median"][0])
    np.testing.assert_allclose(values["mean"][3], 0.0, atol=1e-7)


@pytest.mark.parametrize("scaling", ["standard", "robust", "quantile"])
def test_the_numbers_are_those_of_the_scalers(frame, scaling):
    numbers = frame[["p", "r"]].to_numpy()
    scaled = {
        "standard": np.clip((numbers - numbers.mean(axis=0)) / numbers.std(axis=0), -10, 10),
        "robust": RobustClipScaler().fit_transform(numbers),
        "quantile": NormalScoreScaler().fit_transform(numbers),
    }[scaling]
    np.testing.assert_allclose(encoder(scaling).fit_transform(frame)[:, [0, 2]], scaled, rtol=1e-5, atol=1e-6)


def test_the_embedding_is_that_of_the_transformers(frame):
    frame = frame[["p", "r"]]
    scaled = encoder().fit_transform(frame)
    binned = encoder(embedding="piecewise_linear", n_bins=3).fit_transform(frame)
    np.testing.assert_allclose(binned[:, :2], scaled)
    np.testing.assert_allclose(binned[:, 2:], 2 * PiecewiseLinearEncoder(3).fit_transform(scaled) - 1, atol=1e-6)
    waves = encoder(embedding="periodic", n_frequencies=3, frequency_scale=0.5).fit_transform(frame)
    expected = PeriodicEncoder(3, 0.5, random_state=0).fit_transform(scaled)
    np.testing.assert_allclose(waves[:, 2:], expected, atol=1e-6)


@pytest.mark.parametrize("scaling, bound", [("standard", 10.0), ("robust", 3.0), ("quantile", 10.0)])
def test_rare_values_are_bounded(scaling, bound):
    frame = pandas.DataFrame({"n": [0.0] * 999 + [1e9], "c": ["x"] * 996 + ["y", "y", "z", "z"]})
    encoded = encoder(scaling).fit_transform(frame)
    assert 1.0 < np.abs(encoded[-1]).max() <= bound


def test_two_values_are_not_embedded():
    frame = pandas.DataFrame({"a": [0, 1, 0, 1, 1], "b": [1, 2, 3, 4, 5]})
    names = encoder(embedding="piecewise_linear", n_bins=2).fit(frame).get_feature_names_out()
    assert names.tolist() == ["a", "b", "b_bin0", "b_bin1"]


def test_numbers_with_two_values_are_not_embedded():
    frame = pandas.DataFrame({"a": [0.0] * 98 + [1.0, 2.0], "b": [0.0] * 98 + [1.0, 1.0]})
    names = encoder(embedding="piecewise_linear", n_bins=2).fit(frame).get_feature_names_out()
    assert names.tolist() == ["a", "b", "a_bin0", "a_bin1"]
    assert encoder(embedding="piecewise_linear").fit_transform(frame[["b"]]).shape == (100, 1)


@pytest.mark.parametrize("embedding, width", [("piecewise_linear", 4 * 3), ("periodic", 4 * 2)])
def test_the_embedding_is_bounded(embedding, width):
    X = np.random.default_rng(0).normal(size=(50, 4))
    assert encoder(embedding=embedding, max_embedding_columns=15).fit_transform(X).shape == (50, 4 + width)
    assert encoder(embedding=embedding, max_embedding_columns=None).fit_transform(X).shape[1] > 4 + 15
    assert encoder(embedding=embedding, max_embedding_columns=1).fit_transform(X).shape == (50, 4 + 4 * 2)


def test_indicators_are_scaled_like_the_numbers(frame):
    frame = frame[["color"]]
    plain = encoder(scale_indicators=False).fit_transform(frame)
    np.testing.assert_array_equal(np.unique(plain), [0.0, 1.0])
    standardized = (plain - plain.mean(axis=0)) / plain.std(axis=0)
    for scaling in ("standard", "quantile"):
        np.testing.assert_allclose(encoder(scaling).fit_transform(frame), standardized, atol=1e-5)
    robust = RobustClipScaler().fit_transform(plain)
    np.testing.assert_allclose(encoder("robust").fit_transform(frame), robust, atol=1e-5)


def test_numbers_that_are_missing_together_share_an_indicator():
    frame = pandas.DataFrame({"a": [1, NAN, 3], "b": [NAN, 2, 4], "c": [1, NAN, 5]})
    assert encoder().fit(frame).get_feature_names_out().tolist()[3:] == ["missingindicator_a", "missingindicator_b"]
    dates = pandas.DataFrame({"d": pandas.to_datetime(["2024-01-01", None, "2024-01-03"])})
    assert encoder().fit(dates).get_feature_names_out().tolist()[5:] == ["missingindicator_d_day_number"]


@pytest.mark.parametrize("scaling, embedding", SETTINGS)
def test_every_setting_encodes_every_table(frame, scaling, embedding):
    encode = encoder(scaling, embedding)
    encoded = encode.fit_transform(frame)
    assert encoded.dtype == np.float32 and np.isfinite(encoded).all()
    assert encoded.shape == (120, len(set(encode.get_feature_names_out())))
    np.testing.assert_array_equal(encode.transform(frame), encoded)
    later = frame.assign(color="purple", p=NAN, shape=None)  # not missing in fit, unknown, all missing
    assert np.isfinite(encode.transform(later)).all()
    for copy in (pickle.loads(pickle.dumps(encode)), clone(encode).fit(frame)):
        np.testing.assert_array_equal(copy.transform(frame), encoded)


@pytest.mark.parametrize("scaling, embedding", SETTINGS)
def test_many_encoders_are_fitted_to_one_reading(frame, scaling, embedding):
    columns = ColumnReader().fit_transform(frame)
    encode = ColumnEncoder(scaling, embedding, random_state=0)
    np.testing.assert_array_equal(encode.fit_transform(columns), encoder(scaling, embedding).fit_transform(frame))
    rows = np.arange(0, 120, 2)  # without a value in one column
    columns.numbers[rows, 0] = NAN
    part = encode.fit(columns[rows])
    assert part.transform(columns).shape == (120, part.n_features_out_)
    assert np.isfinite(part.transform(columns)).all()


@pytest.mark.parametrize("scaling, embedding", SETTINGS)
@pytest.mark.parametrize("columns", [["color", "size"], ["p"], ["size"]])
def test_tables_of_one_kind_of_columns(frame, scaling, embedding, columns):
    encode = encoder(scaling, embedding)
    encoded = encode.fit_transform(frame[columns])
    assert encoded.shape == (120, len(encode.get_feature_names_out())) and encoded.dtype == np.float32


@pytest.mark.parametrize("scaling, embedding", SETTINGS)
def test_constant_columns_and_a_single_row(scaling, embedding):
    frame = pandas.DataFrame({"n": [0.1] * 3, "c": ["k"] * 3})
    assert np.unique(encoder(scaling, embedding).fit_transform(frame), axis=0).shape[0] == 1
    assert np.isfinite(encoder(scaling, embedding).fit_transform(frame[:1])).all()


def test_frames_come_out_where_they_are_asked_for(frame):
    encode = encoder(embedding="piecewise_linear").set_output(transform="pandas")
    out = encode.fit_transform(frame)
    assert list(out.columns) == list(encode.get_feature_names_out()) and (out.dtypes == np.float32).all()
    pandas.testing.assert_frame_equal(out, encode.transform(frame))
    polars = pytest.importorskip("polars")
    out = encode.set_output(transform="polars").fit_transform(
        polars.DataFrame(frame.drop(columns="shape").to_dict("list"))
    )
    assert out.columns == list(encode.get_feature_names_out())


def test_names_follow_other_names():
    X = np.array([[1.0, NAN], [2.0, 3.0], [3.0, 4.0]])
    encode = encoder(embedding="periodic", n_frequencies=1).fit(X)
    assert encode.get_feature_names_out(["a", "b"]).tolist() == (["a", "b", "a_sin0", "a_cos0", "missingindicator_b"])


def test_a_network_learns_behind_it(frame):
    y = (frame["color"] == "red") ^ (frame["size"] == "big")
    network = MLPClassifier(hidden_layer_sizes=(16,), solver="lbfgs", max_iter=200, random_state=0)
    pipeline = make_pipeline(encoder(), network).fit(frame, y)
    assert pipeline.score(frame, y) == 1.0
    search = GridSearchCV(pipeline, {"tableencoder__scaling": ["standard", "robust"]}, cv=2).fit(frame, y)
    assert search.best_score_ > 0.6


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("scaling", "minmax"),
        ("embedding", "splines"),
        ("n_bins", 1),
        ("n_frequencies", 0),
        ("frequency_scale", -1.0),
        ("max_embedding_columns", 0),
        ("imputation", "mode"),
        ("missing_indicator", "yes"),
        ("max_categories", 1),
        ("min_frequency", 0),
        ("text_encoder", "bert"),
    ],
)
def test_invalid_parameters(parameter, value):
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of TableEncoder"):
        TableEncoder(**{parameter: value}).fit([[0.0], [1.0]])


def test_public_names():
    assert all(hasattr(sknn_concepts.tabular, name) for name in sknn_concepts.tabular.__all__)
    assert set(sknn_concepts.tabular.__all__) <= set(dir(sknn_concepts.tabular))
    with pytest.raises(AttributeError, match="has no attribute 'Encoder'"):
        sknn_concepts.tabular.Encoder  # noqa: B018
