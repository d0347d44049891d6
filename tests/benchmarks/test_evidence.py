"""Tests of the experiments: the rules of the MONK's problems are the published ones, and each script runs."""

import dataclasses
import json

import numpy as np
import pytest

from benchmarks.evidence import common, curvature, digits, monks
from sknn_concepts.pruning import MagnitudePruning, prune


def read(folder, name):
    content = json.loads((folder / f"{name}.json").read_text())
    return (folder / f"{name}.md").read_text(), content


def test_monks_rules_have_the_published_numbers_of_instances():
    attributes = monks.instances()
    assert attributes.shape == (432, 6) and len(np.unique(attributes, axis=0)) == 432
    assert [int(problem.rule(attributes).sum()) for problem in monks.PROBLEMS] == [216, 142, 228]


def test_monks_inputs_have_one_value_of_each_attribute():
    inputs = monks.one_hot(monks.instances())
    assert inputs.shape == (432, 17)
    assert np.array_equal(np.add.reduceat(inputs, [0, 3, 6, 8, 11, 15], axis=1), np.ones((432, 6)))


def test_monks_networks_have_the_published_numbers_of_weights():
    for problem in monks.PROBLEMS:
        assert 17 * problem.n_hidden + 2 * problem.n_hidden + 1 == problem.before


def test_monks_training_samples_are_of_the_published_size_and_noise():
    for problem in monks.PROBLEMS:
        samples = monks.draw(problem, seed=3)
        truth = {tuple(x): y for x, y in zip(samples.X_test, samples.y_test, strict=True)}
        wrong = sum(truth[tuple(x)] != y for x, y in zip(samples.X, samples.y, strict=True))
        assert len(np.unique(samples.X, axis=0)) == len(samples.y) == problem.n_samples
        assert wrong == round(problem.noise * problem.n_samples)
        assert round(100.0 * samples.full_test, 1) == problem.published[1]


def test_original_monks_files_are_read(tmp_path):
    (tmp_path / "monks-2.train").write_text(" 1 1 1 2 2 3 2 data_1\n 0 3 3 2 3 4 2 data_2\n")
    samples = monks.draw(monks.PROBLEMS[1], seed=0, folder=tmp_path)
    assert samples.y.tolist() == [1.0, 0.0] and samples.full == 1.0
    assert np.flatnonzero(samples.X[0]).tolist() == [0, 3, 7, 9, 13, 16]


def test_monks_smallest_network_is_found_along_the_path():
    samples = monks.Samples(None, None, None, None, full=1.0, full_test=0.9)
    curve = [(5, 1.0, 1.0), (4, 0.9, 1.0), (3, 1.0, 0.9), (2, 1.0, 0.8)]
    assert monks.fewest(curve, samples) == {"training": 2, "test_accuracy": 80.0, "both": 3}


def test_verdicts():
    found = {"fewest": {"a": [{"training": n} for n in (3, 4, 4)], "b": [{"training": n} for n in (4, 4, 5)]}}
    assert monks.compare(found, "a", "b") == (2, 1, 0)
    assert [monks.verdict(*counts) for counts in ((2, 1, 0), (0, 1, 2), (1, 2, 0))] == ["wins", "loses", "ties"]


def test_monks_writes_its_table(tmp_path, monkeypatch):
    monkeypatch.setattr(monks, "PROBLEMS", monks.PROBLEMS[2:])
    monkeypatch.setattr(monks, "RETRAIN", {"without retraining": 0})
    monks.main(["--seeds", "1", "--into", str(tmp_path)])
    text, content = read(tmp_path, "monks")
    found = {
        name: one[0]["training"] for name, one in content["problems"]["MONK-3, without retraining"]["fewest"].items()
    }
    assert 2 <= found["obs"] < found["random"] <= 39
    assert f"| Optimal Brain Surgeon | {found['obs']} |" in text
    assert content["environment"]["versions"]["sknn_concepts"] in text
    assert (tmp_path / "monks.png").stat().st_size > 10_000


def test_pruning_step_by_step_is_pruning_further():
    X, y = digits.load("digits", 200)
    network = common.fit(digits.MLPClassifier((10,), max_iter=5, random_state=0), X, y)
    pruner = MagnitudePruning(retrain_epochs=0)
    *_, last = common.shrink(network, X, y, pruner, [0.2, 0.5, 0.9])
    once = prune(network, X, y, dataclasses.replace(pruner, sparsity=0.9, schedule="one_shot"))
    assert all(np.array_equal(a, b) for a, b in zip(last.coefs_, once.coefs_, strict=True))


@pytest.fixture
def small(monkeypatch):
    """Use few pruning steps and small networks."""
    monkeypatch.setattr(digits, "KEPT", (0.5, 0.2))
    monkeypatch.setattr(digits, "SHOWN", (0.5, 0.2))
    monkeypatch.setattr(digits, "RETRAIN", {"without retraining": 0, "with retraining": 1})
    monkeypatch.setattr(digits, "HIDDEN", {"error": (6,), "loss": (3,), "latency": (6, 5)})


def test_digits_writes_its_tables(tmp_path, small):
    digits.main(["--seeds", "1", "--samples", "150", "--into", str(tmp_path)])
    text, content = read(tmp_path, "digits")
    curve = content["errors"]["magnitude, without retraining"][0]
    assert [round(kept, 1) for kept, _ in curve] == [1.0, 0.5, 0.2]
    assert set(content["errors"]) == {f"{name}, {way}" for name in digits.PRUNERS for way in digits.RETRAIN}
    growth = content["foresights"]["obd"]
    assert len(growth["foreseen"][0]) == len(growth["true"][0]) == len(growth["removed"]) == 19
    assert np.all(np.diff(growth["foreseen"][0]) >= 0.0)
    assert "| magnitude |" in text and "| 90 % |" in text
    assert (tmp_path / "digits_error.png").exists() and (tmp_path / "digits_foresight.png").exists()


@pytest.mark.parametrize("ending", ["npz", "csv"])
def test_digits_reads_files(tmp_path, ending):
    X, y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 0, 1])
    if ending == "npz":
        np.savez(tmp_path / "data.npz", X=X, y=y)
    else:
        np.savetxt(tmp_path / "data.csv", np.column_stack([X, y]), delimiter=",")
    read_X, read_y = digits.load(str(tmp_path / f"data.{ending}"))
    assert np.array_equal(read_X, X / 11.0) and np.array_equal(read_y, y)


def test_curvature_compares_and_renders(monkeypatch):
    monkeypatch.setattr(curvature, "alone", curvature.measure)
    monkeypatch.setattr(curvature, "OURS", ("exact", "obd"))
    rows = curvature.gather([curvature.compare("tanh", 60, 0, curvature.OURS, (5, 4))])
    by_name = {row["method"]: row for row in rows}
    assert by_name["exact"]["error"] == [0.0] and by_name["obd"]["error"][0] > 0.0
    if "DiagHessian" in by_name:
        assert by_name["DiagHessian"]["error"][0] < 1e-4
    tiny = curvature.gather([curvature.check_tiny("tanh", 0)])
    assert all(row["error"][0] < 1e-9 for row in tiny if row["method"] == "exact")
    assert "| `obd` |" in curvature.render({"tanh": rows}, {"tanh": tiny}, 60, 1)
    assert curvature.plot({"tanh": rows}) is not None
    free = [row | {"peak": [0] * len(row["peak"])} for row in rows]  # memory that was there already
    assert curvature.plot({"tanh": free}) is not None
