"""Tests of the job for a table of which it reads a sample, up to the saved model."""

import csv

import joblib
import numpy as np
import pytest

from sknn_concepts.job import evaluation
from sknn_concepts.job.cli import main
from sknn_concepts.job.deadlines import DEADLINES, Deadlines
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.streaming import stage
from sknn_concepts.job.streaming.fitting import StreamedFit, fit_streamed

pandas = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

QUICK = ["--activations", "relu", "--initializers", "auto", "--sizes", "16", "--jobs", "1", "--sample-rows", "1000"]

ROWS = 6_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder of Parquet files with a number and a class."""
    folder, generator = tmp_path_factory.mktemp("table"), np.random.default_rng(0)
    a, b = generator.normal(size=(2, ROWS))
    color = generator.choice(["red", "blue", "green"], ROWS)
    price = a * b + 2.0 * (color == "red") + 0.2 * generator.normal(size=ROWS)
    frame = pandas.DataFrame({"a": a, "b": b, "color": color, "price": price, "kind": np.where(price > 0.5, "x", "y")})
    for start in range(0, ROWS, 2_000):
        frame.iloc[start : start + 2_000].to_parquet(folder / f"{start}.parquet", row_group_size=700)
    return folder


def run(folder, out, target, *arguments):
    """Run the job, and return the report and the model."""
    other = "price" if target == "kind" else "kind"
    data = ["--data", str(folder / "*.parquet"), "--target", target, "--drop", other, "--out", str(out)]
    assert main([*data, *QUICK, *arguments]) == 0
    return (out / "report.md").read_text(encoding="utf-8"), joblib.load(out / "model.joblib")


@pytest.mark.parametrize(("target", "members"), [("kind", "0"), ("price", "1")])
def test_the_best_network_is_fitted_on_all_rows(folder, tmp_path, target, members, capsys):
    report, model = run(folder, tmp_path, target, "--members", members)
    output = capsys.readouterr().out
    assert "the table has 6,000 rows in 3 files with 9 row groups" in output
    section = report.partition("## Fit on all rows")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    facts = dict(line for line in lines if len(line) == 2)
    assert facts["rows in the table"] == "6,000"
    assert facts["rows of an epoch"] == "5,720"  # 100 rows of the sample are set aside, and 180 of 900 held out
    assert facts["rows set aside to validate"] == "100"
    assert facts["peak memory of the process"].endswith(" MiB") and float(facts["seconds"]) > 0
    assert "| network of all rows |" in section and "| best network |" in section or members == "1"
    frame = pandas.read_parquet(folder)
    if target == "kind":
        assert np.mean(model.predict(frame) == frame["kind"]) > 0.85
    else:
        assert model.score(frame, frame["price"]) > 0.9
    saved = "The saved model is the network of all rows" in report
    assert saved != ("network of all rows is worse on rows set aside" in report)
    assert "'" + str(folder / "0.parquet") in output.replace('"', "'")  # the code that is printed reads one file


def test_names_of_folders_are_features(folder, tmp_path, capsys):
    frame = pandas.read_parquet(folder)
    frame.to_parquet(tmp_path / "table", partition_cols=["color"])
    _, model = run(tmp_path / "table" / "color=*", tmp_path / "out", "kind", "--members", "0")
    assert np.mean(model.predict(frame) == frame["kind"]) > 0.85
    code = capsys.readouterr().out.rpartition("python -c '")[2].partition("'\n")[0]
    exec(code, {})
    assert "'x'" in capsys.readouterr().out


def test_held_out_rows_are_not_trained_on(folder, tmp_path, monkeypatch):
    seen, tested, penalties = [], [], []
    original = stage.fit_streamed

    def spy(estimator, blocks, validation, **given):
        penalties.append(estimator.alpha)
        seen.extend(blocks[number][0] for number in range(len(blocks)))
        seen.append(validation[0])
        return original(estimator, blocks, validation, **{**given, "max_epochs": 1})

    def split(X, *arguments):
        parts = evaluation.split_rows(X, *arguments)
        tested.append(parts[1])
        return parts

    monkeypatch.setattr(stage, "fit_streamed", spy)
    monkeypatch.setattr("sknn_concepts.job.cli.split_rows", split)
    _, model = run(folder, tmp_path, "kind", "--members", "0")
    X_test = model[1:-1].transform(tested[0])
    rows = {tuple(row) for row in np.concatenate(seen)}
    assert len(tested[0]) == 180 and len(rows) == ROWS - 180  # the rows are all different
    assert not {tuple(row) for row in X_test} & rows
    with open(tmp_path / "results.csv", newline="") as file:
        best = next(row for row in csv.DictReader(file) if row["model"] == "network")
    assert penalties == [pytest.approx(float(best["alpha"]) * 720 / 5_720)]


@pytest.mark.parametrize("better", [True, False])
def test_the_better_model_on_the_rows_set_aside_is_saved(folder, tmp_path, monkeypatch, better):
    def fit(estimator, blocks, validation, **given):
        if better:
            return fit_streamed(estimator, blocks, validation, **given)
        X, y = blocks[0]
        wrong = np.where(y == "x", "y", "x")
        return StreamedFit(estimator.set_params(early_stopping=False).fit(X, wrong), [0.0], len(y), False)

    monkeypatch.setattr(stage, "fit_streamed", fit)
    report, model = run(folder, tmp_path, "kind", "--members", "0")
    frame = pandas.read_parquet(folder)
    assert np.mean(model.predict(frame) == frame["kind"]) > 0.85
    assert ("The network of all rows is worse on rows set aside (validation log loss" in report) == (not better)


@pytest.mark.parametrize("kind", [ValueError, BadInput])
def test_a_fit_that_fails_leaves_the_winner(folder, tmp_path, monkeypatch, kind):
    def fit(*arguments, **given):
        raise kind("too large")

    monkeypatch.setattr(stage, "fit_streamed", fit)
    report, model = run(folder, tmp_path, "kind", "--members", "0")
    assert "No network was fitted on all rows of the table: too large. The saved model, the best network" in report
    assert "## Fit on all rows" not in report
    assert set(model.classes_) == {"x", "y"}


def test_a_time_limit_leaves_time_to_the_streamed_fit(folder, tmp_path):
    report, _ = run(folder, tmp_path, "kind", "--members", "0", "--budget", "12")
    assert "## Fit on all rows" in report
    deadlines = Deadlines(1_000.0)
    assert deadlines.seconds_left("everything") == pytest.approx(997.5, abs=1.0)
    deadlines.streamed = True
    assert deadlines.seconds_left("everything") == pytest.approx(0.6 * 997.5, abs=1.0)
    assert deadlines.seconds_left("streamed fit") == pytest.approx(997.5, abs=1.0)
    assert max(DEADLINES.values()) == 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "prize"], "there is no column 'prize'. Did you mean 'price'"),
        (["--target", "kind", "--sample-rows", "5"], "--sample-rows must be a number of rows from 200, not 5"),
    ],
)
def test_bad_input_is_one_line(folder, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert main(["--data", str(folder), "--sample-rows", "1000", *arguments]) == 2
    output, errors = capsys.readouterr()
    assert words in errors and errors.count("\n") == 1 and output == ""


def test_a_folder_of_few_rows_is_read_as_a_whole(folder, tmp_path):
    report, model = run(folder, tmp_path, "kind", "--members", "0", "--sample-rows", str(ROWS))
    assert f"refitted on all {ROWS:,} rows" in report
    assert "## Fit on all rows" not in report
