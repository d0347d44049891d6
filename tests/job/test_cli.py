"""Tests of the whole job, and of everything that ends it early."""

import contextlib
import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time

import joblib
import numpy as np
import pytest
from sklearn.base import clone

from sknn_concepts.job import evaluation
from sknn_concepts.job.cli import main
from sknn_concepts.job.evaluation import FinalFits
from sknn_concepts.job.search import ModelSearch
from sknn_concepts.tabular import TabularClassifier

pandas = pytest.importorskip("pandas")

QUICK = ["--activations", "relu,tanh", "--initializers", "auto", "--sizes", "8", "--jobs", "1", "--members", "2"]

ROWS = 120

PREDICT = """
import json, sys
import joblib, pandas
model = joblib.load(sys.argv[1])
frame = pandas.DataFrame(json.loads(sys.argv[2]))
print(json.dumps(model.predict(frame).tolist()))
"""

WITHOUT = """
import importlib.abc, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {"pandas", "matplotlib", "rich", "polars"}:
            raise ImportError(f"No module named {name}")

sys.meta_path.insert(0, Missing())
from sknn_concepts.job.cli import main
sys.exit(main(sys.argv[1:]))
"""


def table(seed=0):
    """Return a frame with columns of several kinds, and a class and a number that depend on them."""
    generator = np.random.default_rng(seed)
    size, color = generator.normal(size=ROWS), generator.choice(["red", "blue", "green"], ROWS)
    price = 3.0 * size + 2.0 * (color == "red") + 100.0
    return pandas.DataFrame(
        {
            "size": np.where(generator.random(ROWS) < 0.1, "?", [f"{x:.6f}" for x in size]),
            "color": color,
            "when": pandas.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "kind": np.where(price > 100.0, "&gt;100", "&lt;=100"),
            "price": price,
        }
    )


@pytest.fixture(scope="module", params=["classification", "regression"])
def run(request, tmp_path_factory):
    """Return the folder of a finished run, its data frame, and the target."""
    folder = tmp_path_factory.mktemp("job")
    frame, target = table(), "kind" if request.param == "classification" else "price"
    frame = frame.drop(columns="price" if target == "kind" else "kind")
    frame.to_csv(folder / "table.csv", index=False)
    assert main(["--data", str(folder / "table.csv"), "--target", target, "--out", str(folder / "out"), *QUICK]) == 0
    return folder, frame, target


def read_results(folder):
    """Return the rows of a run's results."""
    with open(folder / "results.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_run_writes_everything(run):
    folder, _, target = run
    last = "confusion.png" if target == "kind" else "predicted.png"
    expected = {"model.joblib", "results.csv", "report.md", "heatmap.png", "learning_curve.png", last}
    assert {path.name for path in (folder / "out").iterdir()} == expected
    for figure in (folder / "out").glob("*.png"):
        assert figure.read_bytes().startswith(b"\x89PNG")


def test_results_name_networks_ensemble_and_baselines(run):
    rows = read_results(run[0] / "out")
    assert sum(row["model"] == "network" for row in rows) == 4
    assert sum(row["model"] == "tabular ensemble" for row in rows) == 1
    assert sum(row["model"].startswith("scikit-learn") for row in rows) == 3
    assert {row["scoring"] for row in rows} == {"neg_log_loss" if run[2] == "kind" else "neg_root_mean_squared_error"}
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)


def test_report_says_what_was_found(run):
    folder, frame, target = run
    report = (folder / "out" / "report.md").read_text(encoding="utf-8")
    best = next(row for row in read_results(folder / "out") if row["model"] == "network")
    assert f"`activation='{best['activation']}'`" in report
    assert f"120 rows, {frame.shape[1] - 1} columns" in report
    assert "numbers stored as text" not in report  # the reader knows the marker
    assert "date (1): when -- dates stored as text (ISO8601)" in report
    for figure in (folder / "out").glob("*.png"):
        assert f"({figure.name})" in report
    label = "log loss" if target == "kind" else "RMSE"
    assert f"Mean and standard deviation of the {label} (lower is better)" in report
    leaderboard = report.partition("## Leaderboard")[2].partition("## Held-out rows")[0]
    assert "| tabular ensemble |" in leaderboard
    assert "-0." not in leaderboard  # losses are positive
    assert "refitted on all 120 rows" in report
    members = report.partition("## Members of the tabular ensemble")[2].partition("## Columns")[0].splitlines()
    weights = [float(line.split("|")[1]) for line in members if line.startswith("| 0.") or line.startswith("| 1.")]
    assert 1 <= len(weights) <= 6 and sum(weights) == pytest.approx(1.0, abs=0.04)
    assert ("Probabilities: " in report) == (target == "kind")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_saved_model_is_the_winner_fitted_on_all_rows(run):
    folder, frame, target = run
    rows = read_results(folder / "out")
    ours = max(
        (row for row in rows if row["model"] in ("network", "tabular ensemble")), key=lambda row: float(row["score"])
    )
    model = joblib.load(folder / "out" / "model.joblib")
    assert (model.steps[-1][0] == "ensemble") == (ours["model"] == "tabular ensemble")
    features = model[0].transform(frame.drop(columns=target))
    again = clone(model[1:]).fit(features, frame[target].to_numpy())
    assert again.predict(features).tolist() == model[1:].predict(features).tolist()


def test_saved_model_predicts_on_a_fresh_frame_in_another_process(run):
    folder, frame, target = run
    fresh = frame.drop(columns=target).head(40)
    fresh = fresh[fresh.columns[::-1]].assign(extra=1)
    fresh.loc[0, "color"] = "never seen"
    fresh.loc[1, "size"] = None
    script = folder / "predict.py"
    script.write_text(PREDICT)
    data = json.dumps({name: fresh[name].where(fresh[name].notna(), None).tolist() for name in fresh})
    path = folder / "out" / "model.joblib"
    output = subprocess.run([sys.executable, script, path, data], capture_output=True, text=True, check=True).stdout
    predicted = json.loads(output)
    assert predicted == joblib.load(path).predict(fresh).tolist()
    if target == "kind":
        assert np.mean(np.array(predicted) == frame[target].head(40)) > 0.8
    else:
        assert np.corrcoef(predicted, frame[target].head(40))[0, 1] > 0.9


def test_one_liner_that_is_printed_works(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table().drop(columns="price").to_csv("my table.csv", index=False)
    assert main(["--data", "my table.csv", "--target", "kind", *QUICK]) == 0
    line = capfd.readouterr().out.split("To predict with the model:\n")[1].splitlines()[0]
    output = subprocess.run([sys.executable, *shlex.split(line)[1:]], capture_output=True, text=True, check=True).stdout
    assert output.count("100'") == ROWS


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        (None, ["--target", "y"], "there is no file"),
        ("", ["--target", "y"], "is empty"),
        ("x,y\n", ["--target", "y"], "contains no rows"),
        ("a,b\n\x00\x01\x02,\x03\x04\n" * 9, ["--target", "y"], "neither a text table"),
        ("size,price\n" + "1,2\n3,4\n" * 20, ["--target", "prize"], "there is no column 'prize'. Did you mean 'price'"),
        ("x,y\n" + "1,a\n2,a\n" * 20, ["--target", "y"], "only one value"),
        ("x,y\n" + "?,a\nNA,b\n" * 20, ["--target", "y"], "no column is left to learn from: 'x' has no values except"),
        ("x,y\n" + "1,a\n2,\n" * 15, ["--target", "y"], "15 rows are too few to cross-validate (15 more have no"),
        ("x,y\n" + "1,a\n2,b\n" * 3, ["--target", "y"], "6 rows are too few"),
        ("x,y\n" + "1,a\n1,b\n" * 20, ["--target", "y"], "no column is left"),
        ("x,y\n" + "1,a\n2,b\n" * 20, ["--target", "y", "--task", "regression"], "not a number in every row"),
        ("x,y\n" + "1,a\n2,b\n" * 20, ["--target", "y", "--score", "r2"], "is not a score for classification"),
        ("x,y\n" + "1,a\n2,b\n" * 20, ["--target", "y", "--scoring", "r2"], "--scoring r2 is not a score for class"),
        ("x,y\n" + "1,a\n2,b\n" * 20, ["--target", "y", "--test-size", "0.99"], "cannot hold out"),
        ("x,y\n" + "1,a\n2,b\n" * 20, ["--target", "y", "--budget", "tiny"], "--budget must be small"),
        ("x,y\n" + "1,a\n2,b\n" * 20, ["--target", "y", "--out", "table.csv/out"], "cannot write to --out"),
        ("x,y\n" + "1,a\n2,b\n" * 20, ["--target", "y", "--drop", "q"], "--drop: there is no column 'q'"),
        ("x,y\n" + "1,a\n2,b\n" * 20, ["--target", "y", "--types", "q=date"], "--types: there is no column 'q'"),
        ("x,y\n" + "1,a\n2,b\n" * 20, ["--target", "y", "--types", "y=date"], "'y' is the target"),
        ("x,y\n" + "u,a\nv,b\n" * 20, ["--target", "y", "--types", "x=number"], "--types x=number: no value is a"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, monkeypatch, capsys, content, arguments, words):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "table.csv").write_text(content)
    assert main(["--data", "table.csv", *arguments]) == 2
    output, errors = capsys.readouterr()
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert words in errors
    assert output == ""
    assert not (tmp_path / "sknn_concepts_run").exists()


def test_command_line_gives_the_exit_code(tmp_path):
    command = [sys.executable, "-m", "sknn_concepts", "--data", str(tmp_path / "nowhere.csv"), "--target", "y"]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 2
    assert process.stderr == f"error: there is no file {str(tmp_path / 'nowhere.csv')!r}\n"


def test_embedded_data_without_the_optional_packages(tmp_path):
    script = tmp_path / "without.py"
    script.write_text(WITHOUT)
    out = tmp_path / "out"
    command = [sys.executable, script, *QUICK, "--out", out, "--activations", "relu", "--members", "1"]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    assert {path.name for path in out.iterdir()} == {"model.joblib", "results.csv", "report.md"}
    assert "matplotlib is not installed" in process.stdout
    process = subprocess.run(
        [sys.executable, script, "--data", "x.csv", "--target", "y"], capture_output=True, text=True
    )
    assert process.returncode == 2
    assert process.stderr == "error: --data needs pandas: pip install 'sknn_concepts[job]'\n"


def test_interrupted_run_keeps_what_it_has(tmp_path):
    table().to_csv(tmp_path / "table.csv", index=False)
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "sknn_concepts",
        "--data",
        tmp_path / "table.csv",
        "--target",
        "kind",
        "--out",
        out,
    ]
    command += ["--budget", "large", "--jobs", "1", "--drop", "price"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 120.0
    while process.poll() is None and time.monotonic() < end:
        if (out / "results.csv").exists() and len(read_results(out)) >= 2:
            process.send_signal(signal.SIGINT)
            break
        time.sleep(0.05)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert errors.startswith("Interrupted after ")
    assert errors.count("\n") == 1
    rows = read_results(out)
    assert len(rows) >= 2
    assert {row["model"] for row in rows} == {"network"}
    assert "was interrupted after" in (out / "report.md").read_text(encoding="utf-8")
    model = joblib.load(out / "model.joblib")
    assert set(model.predict(table(1))) <= {"&gt;100", "&lt;=100"}


def test_interrupted_before_the_first_result(tmp_path, monkeypatch, capsys):
    def interrupt(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5.0)

    monkeypatch.setattr(ModelSearch, "run_rounds", interrupt)
    assert main([*QUICK, "--out", str(tmp_path)]) == 130
    assert "Interrupted" in capsys.readouterr().err
    assert read_results(tmp_path) == []


def test_interrupted_while_the_baselines_run(tmp_path, monkeypatch, capsys):
    def interrupt(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5.0)

    monkeypatch.setattr(ModelSearch, "cross_validate_baselines", interrupt)
    table().drop(columns="price").to_csv(tmp_path / "table.csv", index=False)
    code = main(["--data", str(tmp_path / "table.csv"), "--target", "kind", "--out", str(tmp_path / "out"), *QUICK])
    assert code == 130
    assert "The baselines have not been cross-validated." in capsys.readouterr().out
    assert (tmp_path / "out" / "model.joblib").exists()


def test_interrupted_while_the_ensemble_is_cross_validated(tmp_path, monkeypatch, capsys):
    fit = TabularClassifier.fit

    def interrupted_fit(*arguments):
        with contextlib.suppress(KeyboardInterrupt):  # as in the training of the ensemble
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5.0)
        return fit(*arguments)

    def compile_and_patch(*arguments):
        monkeypatch.setattr(TabularClassifier, "fit", interrupted_fit)
        return True

    monkeypatch.setattr(ModelSearch, "compile_ensemble", compile_and_patch)
    table().drop(columns="price").to_csv(tmp_path / "table.csv", index=False)
    out = tmp_path / "out"
    assert main(["--data", str(tmp_path / "table.csv"), "--target", "kind", "--out", str(out), *QUICK]) == 130
    output, errors = capsys.readouterr()
    assert errors.startswith("Interrupted after ")
    models = {row["model"] for row in read_results(out)}
    assert "tabular ensemble" not in models and "scikit-learn LogisticRegression" in models
    assert "fitted on 96 rows and not refitted on all 120: the job was interrupted." in output
    assert set(joblib.load(out / "model.joblib").predict(table(1))) <= {"&gt;100", "&lt;=100"}


def test_interrupted_while_the_other_models_are_evaluated(tmp_path, monkeypatch, capsys):
    def interrupt(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5.0)

    def evaluate_others(self):
        monkeypatch.setattr(evaluation, "fit_and_evaluate", interrupt)
        original(self)

    original = FinalFits.evaluate_others
    monkeypatch.setattr(FinalFits, "evaluate_others", evaluate_others)
    table().drop(columns="price").to_csv(tmp_path / "table.csv", index=False)
    out = tmp_path / "out"
    assert main(["--data", str(tmp_path / "table.csv"), "--target", "kind", "--out", str(out), *QUICK]) == 130
    assert "refitted on all 120 rows" in capsys.readouterr().out
    assert (out / "model.joblib").exists()


def test_no_ensemble(tmp_path):
    table().drop(columns="price").to_csv(tmp_path / "table.csv", index=False)
    arguments = ["--data", str(tmp_path / "table.csv"), "--target", "kind", "--out", str(tmp_path / "out"), *QUICK]
    assert main([*arguments, "--members", "0"]) == 0
    assert "tabular ensemble" not in {row["model"] for row in read_results(tmp_path / "out")}


def test_held_out_rows_choose_nothing(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(evaluation, "fit_and_evaluate", lambda *arguments: seen.append(arguments) or 1 / 0)
    table().drop(columns="price").to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(ZeroDivisionError):
        main(
            ["--data", str(tmp_path / "table.csv"), "--target", "kind", "--out", str(tmp_path / "out"), *QUICK]
            + ["--members", "0"]
        )
    model, X_train, X_test, *_ = seen[0]
    assert len(X_train) == 96
    assert set(X_train.index).isdisjoint(X_test.index)
    rows = read_results(tmp_path / "out")
    best = max((row for row in rows if row["model"] == "network"), key=lambda row: float(row["score"]))
    assert {int(row["rows"]) for row in rows} == {96}
    assert model[-1].activation == best["activation"]
