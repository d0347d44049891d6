"""Tests of the benchmark of accuracy on tables: its tables and splits, its summaries, its page, and resuming."""

import json

import numpy as np
import pandas
import pytest
from scipy import stats

from benchmarks.environment import describe_environment
from benchmarks.tables import race, summary
from benchmarks.tables.__main__ import main
from benchmarks.tables.contenders import CONTENDERS, OURS, linear, load
from benchmarks.tables.data import find_tables, make_table, split
from benchmarks.tables.judging import judge_classes, judge_numbers, scale
from benchmarks.tables.race import run
from benchmarks.tables.render import render
from benchmarks.tables.worker import answer, measure

# Areas under the ROC curve of four variants of C4.5 on 14 data sets (Demšar, 2006, table 6). The last but one row has
# 0.975 twice there, but the ranks 2 and 3, so that the first of them was larger before it was rounded.
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)


def record(table, contender, error, log_loss=None, number=0, **changes):
    task = "regression" if log_loss is None else "classification"
    sizes = {"task": task, "n_training": 75, "n_test": 25, "n_columns": 3}
    times = {"fit_seconds": 1.5, "predict_milliseconds": 2.5}
    judged = {"error": error, "log_loss": log_loss, "scaled_log_loss": log_loss and 0.5 * log_loss}
    return {"table": table, "contender": contender, "split": number} | sizes | judged | times | changes


def test_ranks_are_the_published_ones():
    assert summary.average_ranks(-DEMSAR) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)


def test_friedman_is_the_published_statistic_before_the_correction_for_ties():
    statistic, probability = summary.friedman(-DEMSAR)
    assert statistic >= 9.28 and probability == pytest.approx(stats.chi2.sf(statistic, 3))
    untied = np.argsort(np.random.default_rng(0).random((14, 4)), axis=1)
    ranks = summary.average_ranks(untied)
    by_hand = 12 * 14 / (4 * 5) * (np.sum(ranks**2) - 4 * 5**2 / 4)  # Demšar (2006), section 3.2.2
    assert summary.friedman(untied)[0] == pytest.approx(by_hand)


@pytest.mark.parametrize(("alpha", "published"), [(0.05, 1.25), (0.10, 1.12)])
def test_critical_difference_is_the_published_one(alpha, published):
    assert summary.critical_difference(4, 14, alpha) == pytest.approx(published, abs=0.005)


@pytest.mark.parametrize(("n", "published"), [(2, 1.960), (5, 2.728), (8, 3.031), (10, 3.164)])
def test_quantiles_are_those_of_the_published_table(n, published):
    one_table = summary.critical_difference(n, 1) / np.sqrt(n * (n + 1) / 6)
    assert one_table == pytest.approx(published, abs=1e-3)


def test_groups_are_the_largest_that_do_not_differ():
    assert summary.find_groups([1.0, 3.0, 1.5, 2.2, 5.0], 1.0) == [(1.0, 1.5), (1.5, 2.2), (2.2, 3.0)]
    assert summary.find_groups([1.0, 1.2, 1.4], 1.0) == [(1.0, 1.4)]
    assert summary.find_groups([1.0, 3.0], 1.0) == []


def test_only_splits_that_all_contenders_have_are_averaged():
    records = [record("a", "x", 0.2), record("a", "x", 0.8, number=1), record("a", "y", 0.3)]
    values = summary.gather(records, "error")
    assert values == {"a": {"x": [0.2], "y": [0.3]}}
    assert summary.gather(records, "log_loss") == {}


def test_comparison_is_a_geometric_mean_with_a_floor():
    means = {"a": {"x": 0.1, "y": 0.2}, "b": {"x": 0.4, "y": 0.2}, "c": {"x": 0.0, "y": 0.04}, "d": {"x": 1.0}}
    found = summary.compare(means, "x", "y", {"c": 0.01})
    assert found["ratio"] == pytest.approx((0.5 * 2.0 * 0.25) ** (1 / 3))
    assert (found["won"], found["lost"], found["tied"]) == (2, 1, 0)
    records = [record("c", "x", 0.0, 0.1), record("c", "y", 0.0, 0.1), record("c", "x", 0.0, 0.1, number=1)]
    assert summary.find_floors(records) == {"c": 0.5 / 50}


def test_splits_are_stratified_limited_and_repeatable():
    table = find_tables()["digits"]()
    training, test = split(table, 1, 300)
    assert len(training) == len(test) == 300 and not set(training) & set(test)
    assert np.array_equal(training, split(table, 1, 300)[0])
    assert not np.array_equal(training, split(table, 2, 300)[0])
    training, test = split(table, 0, None)
    assert len(test) == 450
    assert np.bincount(table.y[test]) == pytest.approx(np.bincount(table.y) / 4, abs=1)
    rare = make_table("rare", "classification", pandas.DataFrame({"x": range(9)}), pandas.Series(list("aaaaabbbc")))
    assert len(split(rare, 0, None)[1]) == 3


def test_files_of_a_folder_are_read(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "phoneme.csv.gz").write_bytes(b"")
    (tmp_path / "own.csv").write_text("y[],size,color,ok\n1.5,2,red,True\n2.5,,,False\n,1,blue,True\n")
    (tmp_path / "tables.csv").write_text("file,target,task\nown.csv,y[],regression\n")
    loaders = find_tables(tmp_path)
    assert {"phoneme", "own", "iris"} <= set(loaders)
    table = loaders["own"]()
    assert table.y.tolist() == [1.5, 2.5]  # the row without a target is left out
    assert [str(kind) for kind in table.X.dtypes] == ["float64", "category", "category"]
    assert table.X.isna().to_numpy().tolist() == [[False, False, False], [True, True, False]]


@pytest.mark.parametrize(
    ("row", "message"),
    [("no.csv,y,regression", "no file 'no.csv'"), ("own.csv,y,ranking", "'ranking'"), ("own.csv,z,regression", "'z'")],
)
def test_a_wrong_description_is_an_error(tmp_path, row, message):
    (tmp_path / "own.csv").write_text("y,x\n1,2\n")
    (tmp_path / "tables.csv").write_text(f"file,target,task\n{row}\n")
    with pytest.raises(ValueError, match=message):
        find_tables(tmp_path)["own"]()


def test_measures_are_those_of_the_page():
    found = judge_classes(np.array([[0.75, 0.25], [0.5, 0.5], [1.0, 0.0]]), np.array([0, 2]), np.array([0, 1, 2]))
    assert found["error"] == pytest.approx(2 / 3)
    assert found["log_loss"] == pytest.approx(-(np.log(0.75) + 2 * np.log(1e-7)) / 3)
    truth = np.array([0.0, 1.0, 5.0])
    found = judge_numbers(np.full(3, 2.0), truth)
    assert found == {"error": pytest.approx(1.0), "log_loss": None, "scaled_log_loss": None}


def test_temperature_scaling_recovers_the_true_probabilities_and_nothing_more():
    rng = np.random.default_rng(0)
    true = rng.dirichlet([1.0, 1.0, 1.0], size=20_000)
    y = (rng.random((20_000, 1)) > true.cumsum(axis=1)).sum(axis=1)
    calibrated = judge_classes(true, np.arange(3), y)
    assert calibrated["scaled_log_loss"] == pytest.approx(calibrated["log_loss"], rel=1e-3)
    overconfident = judge_classes(scale(true, 0.4), np.arange(3), y)
    assert overconfident["log_loss"] > 1.1 * calibrated["log_loss"]
    assert overconfident["scaled_log_loss"] == pytest.approx(calibrated["log_loss"], rel=1e-3)


def test_calibration_is_the_mean_ratio_of_the_log_losses():
    records = [record("a", "ours", 0.1, 0.4), record("b", "ours", 0.1, 0.8, scaled_log_loss=0.8)]
    assert summary.calibration(records, "ours") == pytest.approx(np.sqrt(0.5))
    assert summary.calibration([record("c", "ours", 0.1)], "ours") is None


def test_a_class_that_no_training_row_has_is_a_wrong_prediction():
    X = pandas.DataFrame({"x": np.arange(40.0)})
    table = make_table("rare", "classification", X, pandas.Series(["a", *["b", "c"] * 19, "c"]))
    number = next(number for number in range(40) if 0 in split(table, number, None)[1])
    found = measure(table, linear.make, number, None)
    assert found["error"] >= 0.1 and np.isfinite(found["log_loss"])


@pytest.mark.filterwarnings("ignore")  # as a worker does
@pytest.mark.parametrize("contender", [name for name in CONTENDERS if name != OURS])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_contenders_take_missing_values_and_categories(contender, task):
    try:
        make = load(contender).make
    except ImportError as error:
        pytest.skip(str(error))
    rng = np.random.default_rng(0)
    level = rng.choice(["a", "b", None], 120)
    X = pandas.DataFrame({"level": level, "number": np.where(rng.random(120) < 0.2, np.nan, rng.normal(size=120))})
    y = pandas.Series((level == "a") + 0.0)
    found = measure(make_table("mixed", task, X, y), make, 0, None)
    assert found["error"] < 0.7 and found["fit_seconds"] > 0.0 and found["predict_milliseconds"] > 0.0


def test_a_process_measures(tmp_path):
    path = tmp_path / "results.json"
    arguments = ["--tables", "iris", "--contenders", "linear", "--splits", "1", "--rows", "90", "--results", str(path)]
    assert main(arguments) == 0
    results = json.loads(path.read_text())
    (found,) = results["records"]
    assert found["error"] < 0.2 and found["log_loss"] < 0.6 and found["n_training"] == 90
    assert results["environment"]["variables"]["OMP_NUM_THREADS"] == "1"
    assert answer("linear", "iris", None, 0, 90)["error"] == found["error"]


@pytest.fixture(scope="module")
def known_environment():
    """Describe the environment once, because each time takes a process."""
    environment = describe_environment() | {"dropped": {}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(race, "ask_environment", lambda variables: environment)
        yield


def fake(request):
    """Answer like a worker in which one contender is not installed and one fails."""
    if request["contender"] == "xgboost":
        return {"left_out": "No module named 'xgboost'"}
    if "table" not in request:
        return {}
    if request["contender"] == "catboost":
        return {"failed": "ValueError: wrong"}
    made = record(request["table"], request["contender"], 0.25, 0.5, request["split"])
    return {name: value for name, value in made.items() if name not in ("table", "contender", "split")}


def test_a_run_is_resumed(tmp_path, known_environment):
    asked = []

    def ask(request):
        asked.append(request)
        if len(asked) == 8:
            raise KeyboardInterrupt
        return fake(request)

    path, contenders = tmp_path / "results.json", ["linear", "xgboost", "catboost"]
    with pytest.raises(KeyboardInterrupt):
        run(["iris", "wine"], contenders, path, n_splits=2, ask=ask)
    kept = json.loads(path.read_text())["records"]
    assert [(one["table"], one["split"]) for one in kept] == [("iris", 0), ("wine", 0)]
    results = run(["iris", "wine"], contenders, path, n_splits=2, ask=ask)
    measured = [request for request in asked if request["contender"] == "linear" and "table" in request]
    assert [(one["table"], one["split"]) for one in measured] == [
        ("iris", 0), ("wine", 0), ("iris", 1), ("iris", 1), ("wine", 1)
    ]  # fmt: skip
    assert len(results["records"]) == 4 and len(results["failures"]) == 4
    assert results["left_out"] == {"xgboost": "No module named 'xgboost'"}
    with pytest.raises(ValueError, match="settings"):
        run(["iris"], contenders, path, max_rows=7, ask=ask)
    path.write_text(json.dumps(results | {"environment": results["environment"] | {"cpu": "another"}}))
    with pytest.raises(ValueError, match="another cpu"):
        run(["iris"], contenders, path, ask=ask)


def test_a_failure_is_told():
    assert answer("linear", "no table", None, 0, 90) == {"failed": "KeyError: 'no table'"}


def test_a_wrong_name_is_an_error(capsys):
    assert main(["--tables", "no table"]) == 2
    assert "--tables must be some of" in capsys.readouterr().err


@pytest.fixture
def results(tmp_path, known_environment):
    """Write results in which ours wins two tables and loses one."""
    content = run([], [], tmp_path / "results.json", ask=fake)
    errors = {"easy": (0.1, 0.2, 0.3), "hard": (0.2, 0.3, 0.4), "sad": (0.3, 0.3, 0.2)}
    for table, row in errors.items():
        for contender, error in zip((OURS, "lightgbm", "linear"), row, strict=True):
            for number in range(2):
                loss = None if table == "hard" else 2 * error
                content["records"].append(record(table, contender, error + 0.01 * number, loss, number))
    content["left_out"] = {"xgboost": "No module named 'xgboost'"}
    content["failures"] = [{"table": "sad", "split": 0, "contender": "catboost", "failed": "ValueError: wrong"}]
    (tmp_path / "results.json").write_text(json.dumps(content))
    return tmp_path / "results.json"


def test_the_page_tells_what_was_won_and_lost(results, tmp_path):
    written = render(results, tmp_path / "docs")
    text = written[0].read_text()
    lines = text.splitlines()
    ours = CONTENDERS[OURS]
    assert f"| **{ours} (ours)** | **1.50** | **1.75** | 0.500 | 1.50 | 1.50 | 2.5 |" in lines
    assert "| easy | 75 | **0.1050** (0.0100) | 0.2050 (0.0100) | 0.3050 (0.0100) | first |" in lines
    assert "| sad | 75 | 0.3050 (0.0100) | 0.3050 (0.0100) | **0.2050** (0.0100) | **lost** to linear |" in lines
    ratio = (0.105 / 0.205 * 0.205 / 0.305) ** (1 / 3)
    assert f"| LightGBM | {ratio:.3f} | 2-0, 1 tied | 0.707 | 1-0, 1 tied |" in lines
    difference = summary.critical_difference(3, 3)
    assert f"critical difference {difference:.2f}" in text
    assert "left out: XGBoost" in text and "failed: CatBoost on sad, split 0: ValueError: wrong" in text
    assert written[0].name == "results.md" and "![Critical-difference diagram](results.svg)" in text
    assert written[1].read_text().startswith("<?xml")


def test_rendering_twice_changes_nothing(results, tmp_path):
    written = render(results, tmp_path / "docs")
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in render(results, tmp_path / "docs")] == first


def test_one_contender_is_rendered_without_a_comparison(results, tmp_path):
    content = json.loads(results.read_text())
    content["records"] = [one for one in content["records"] if one["contender"] == "linear"]
    results.write_text(json.dumps(content))
    (page,) = render(results, tmp_path / "docs")
    assert "won-lost" not in page.read_text() and "Nemenyi" not in page.read_text()


def test_an_empty_file_is_not_rendered(tmp_path, known_environment):
    run([], [], tmp_path / "results.json", ask=fake)
    with pytest.raises(ValueError, match="no measurements"):
        render(tmp_path / "results.json", tmp_path)
