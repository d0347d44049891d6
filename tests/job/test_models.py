"""Tests of the models that are compared: what they encode, and when networks stop."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from sknn_concepts.job.columns import TableReader, infer_columns
from sknn_concepts.job.models import baselines, ensemble_pipeline, network_pipeline
from sknn_concepts.job.preprocessing import preprocessing_for_trees
from sknn_concepts.job.values.interpretations import ParsingHints

pandas = pytest.importorskip("pandas")

ROWS = 200


@pytest.fixture(scope="module")
def table():
    """Return the features of a table as they were read, its columns, and a noisy class of each row."""
    generator = np.random.default_rng(1)
    color, size = generator.choice(["red", "blue", "green"], ROWS), generator.normal(size=ROWS)
    frame = pandas.DataFrame(
        {
            "size": np.where(generator.random(ROWS) < 0.1, "?", [f"{x:.3f}" for x in size]),
            "color": np.where(generator.random(ROWS) < 0.1, "", color),
            "when": pandas.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "city": generator.choice([f"city {i}" for i in range(30)], ROWS),
        }
    )
    columns = infer_columns(frame, {}, ParsingHints("auto", "", ()))
    y = np.where(size + (color == "red") + generator.normal(size=ROWS) > 0.3, "yes", "no").astype(object)
    return TableReader(columns).transform(frame), columns, y


def test_trees_get_codes_numbers_and_date_parts(table):
    X, columns, _ = table
    encoder, categories = preprocessing_for_trees(columns)
    encoded = encoder.fit_transform(X)
    names = encoder.get_feature_names_out().tolist()
    assert [names[place] for place in categories] == ["color", "city"]
    np.testing.assert_array_equal(encoded[:, names.index("size")], X["size"])  # with NaN where missing
    assert len(np.unique(encoded[:, 0])) == 4  # three colors, and missing ones
    assert {"when_year", "when_month"} <= set(names)
    fresh = X.head(2).assign(color=["never seen", "red"])
    assert np.isnan(encoder.transform(fresh)[:, 0]).tolist() == [True, False]


def test_every_model_takes_the_table_and_unknown_values(table):
    X, columns, y = table
    fresh = X.assign(color="never seen", size=np.nan)
    network, _ = network_pipeline(columns, "classification", ROWS, 0)
    ensemble = ensemble_pipeline(columns, "classification", 0, n_members=2, jobs=1)
    for model in (network, ensemble, *baselines(columns, "classification", ROWS, 0).values()):
        assert model.fit(X, y).predict_proba(fresh).sum(axis=1) == pytest.approx(1.0)


def test_ensemble_takes_the_categories_of_the_job(table):
    _, columns, _ = table
    model = ensemble_pipeline(columns, "regression", 0, n_members=2, jobs=1)[-1]
    assert model.categorical_features == ["color", "city"]
    numbers = [column for column in columns if column.kind == "number"]
    assert ensemble_pipeline(numbers, "regression", 0, 2, 1)[-1].categorical_features == "from_dtype"


@pytest.mark.parametrize(("rows", "held_out"), [(50, 10), (400, 80), (700, 100), (1_000, 100), (5_000, 500)])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_rows_held_out_for_early_stopping(task, rows, held_out):
    pipeline, prefix = network_pipeline([], task, rows, 0)
    parameters = pipeline.get_params()
    assert parameters[prefix + "early_stopping"] is True
    assert parameters[prefix + "early_stopping_scoring"] == "loss"
    assert rows * parameters[prefix + "validation_fraction"] == pytest.approx(held_out)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_small_networks_stop_before_their_probabilities_are_too_sure(table):
    X, columns, y = table
    train, test = np.arange(ROWS) < 120, np.arange(ROWS) >= 120
    stopped, prefix = network_pipeline(columns, "classification", 120, 0)
    losses = []
    for early_stopping in (True, False):
        stopped.set_params(**{prefix + "early_stopping": early_stopping}).fit(X[train], y[train])
        losses.append(log_loss(y[test], stopped.predict_proba(X[test])))
    assert losses[0] < 0.8 * losses[1]
