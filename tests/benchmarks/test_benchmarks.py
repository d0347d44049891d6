"""Tests of the benchmarks: they run, compare equivalent work, and render their results."""

import json
import os
import pathlib

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from benchmarks.__main__ import main, run
from benchmarks.contenders import CONTENDERS, load
from benchmarks.data import dense
from benchmarks.environment import clean_variables
from benchmarks.markdown import targets
from benchmarks.race import Contestant, compare
from benchmarks.ratios import pairwise, summarize
from benchmarks.render import MARKERS, insert, render
from benchmarks.scale import growth
from benchmarks.shared import SHARED
from benchmarks.targets import TARGETS, Target, judge
from benchmarks.threads import ALL, ONE, usable_processors
from benchmarks.workload import Fit, network_parameters
from benchmarks.workloads import WORKLOADS
from benchmarks.workloads.start_up import _probe

TINY = "mlp-tiny-float32"

#: Libraries that the runs of these tests do without.
MISSING = ("torch", "skorch", "jax")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the results of the smallest workload on a machine without some of the contenders."""
    folder = tmp_path_factory.mktemp("benchmarks")
    for library in MISSING:
        (folder / f"{library}.py").write_text("raise ImportError('not installed')")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        patch.setenv("OPENBLAS_CORETYPE", "Prescott")
        patch.setenv("OMP_NUM_THREADS", "1")
        run([TINY], folder / "results.json", quick=True, rounds=3, pause=0.0)
    return folder / "results.json"


def changed(results, folder, factor, name="changed", **environment):
    """Return the results with our times multiplied by `factor`, and with another environment."""
    content = json.loads(results.read_text())
    for race in content["workloads"]:
        ours = race["contenders"]["sknn_concepts"]
        ours["seconds"] = [factor * seconds for seconds in ours["seconds"]]
        compare(race, "sknn_concepts")
    content["environment"] |= environment
    (folder / f"{name}.json").write_text(json.dumps(content))
    return folder / f"{name}.json"


def test_ratios_are_taken_round_by_round():
    assert pairwise([1.0, 2.0, 4.0], [3.0, 4.0, 2.0]) == [3.0, 2.0, 0.5]
    with pytest.raises(ValueError):
        pairwise([1.0, 2.0], [1.0])


def test_a_round_on_a_busy_machine_does_not_count():
    ours, theirs = [1.0, 10.0, 1.0], [4.0, 40.0, 5.0]
    assert summarize(pairwise(ours, theirs)) == {"median": 4.0, "low": 4.0, "high": 5.0}


def test_a_run_writes_times_beside_what_came_out(results):
    race, _ = json.loads(results.read_text())["workloads"]
    ours, peer = (race["contenders"][name] for name in ("sknn_concepts", "scikit-learn"))
    assert len(ours["seconds"]) == len(peer["seconds"]) == 3
    assert min(ours["seconds"]) > 0.0 and ours["first"] > 0.0
    assert peer["ratios"] == [b / a for a, b in zip(ours["seconds"], peer["seconds"], strict=True)]
    assert ours["loss"] == pytest.approx(peer["loss"], rel=1e-5)  # the same network, from the same weights
    assert ours["score"] == pytest.approx(peer["score"], abs=1e-2)


def test_what_is_not_installed_is_left_out_and_named(results):
    race, _ = json.loads(results.read_text())["workloads"]
    assert race["left_out"] == {"PyTorch": "not installed", "JAX": "not installed"}


def test_a_run_writes_what_it_ran_on(results):
    environment = json.loads(results.read_text())["environment"]
    assert environment["cpu"] and environment["cores"] >= 1 and environment["python"]
    assert environment["versions"]["numpy"] == np.__version__
    assert {"sknn_concepts", "numba", "scikit-learn"} <= set(environment["versions"])
    assert all(pool["internal_api"] and pool["num_threads"] >= 1 for pool in environment["blas"])


def test_no_contender_is_told_to_take_the_processor_for_another(results):
    environment = json.loads(results.read_text())["environment"]
    assert environment["dropped"]["OPENBLAS_CORETYPE"] == "Prescott"
    assert "OPENBLAS_CORETYPE" not in environment["variables"]
    assert "Prescott" not in {pool["architecture"] for pool in environment["blas"]}


def test_all_threads_and_one_thread_are_run_and_compared(results):
    """The variable that limits threads in this process does not reach the race with all threads."""
    content = json.loads(results.read_text())
    both = {race["threads"]: race["contenders"] for race in content["workloads"]}
    assert set(both) == {ALL, ONE}
    assert "OMP_NUM_THREADS" in content["environment"]["dropped"]
    assert "sknn_concepts, one thread" in both[ALL] and "sknn_concepts, one thread" not in both[ONE]
    assert all(0.0 < contender["processors"] < 1.1 for contender in both[ONE].values())
    losses = {both[threads]["sknn_concepts"]["loss"] for threads in both}
    assert losses == {both[ALL]["sknn_concepts, one thread"]["loss"]}  # the same bits


@pytest.mark.parametrize("one_thread", [False, True])
def test_a_process_with_one_thread_has_one_processor(tmp_path, one_thread):
    before, variables = usable_processors(), clean_variables() | {SHARED: str(tmp_path)}
    contestant = Contestant(TINY, "sknn_concepts", True, variables, one_thread)
    try:
        status = pathlib.Path(f"/proc/{contestant.process.pid}/status")
        if not status.exists():
            pytest.skip("the system does not tell the affinity")
        (allowed,) = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("Cpus_allowed:")]
        assert int(allowed.replace(",", ""), 16).bit_count() == (1 if one_thread else before)
        assert usable_processors() == before
    finally:
        contestant.close()


@pytest.mark.parametrize(("factor", "is_lost"), [(1e-6, False), (1e6, True)])
def test_a_lost_benchmark_is_shown_as_lost(results, tmp_path, factor, is_lost):
    (tmp_path / "README.md").write_text("# Title\n")
    render([changed(results, tmp_path, factor)], tmp_path)
    assert f"| scikit-learn | {0 if is_lost else 1} of 1 |" in (tmp_path / "README.md").read_text()
    text = (tmp_path / "docs" / "benchmarks.md").read_text()
    assert WORKLOADS[TINY].title in text
    assert ("**lost" in text) == is_lost
    target = Target(TINY, "scikit-learn", 40.0)
    (line,) = [line for line in text.splitlines() if f"| {target.says()} |" in line and WORKLOADS[TINY].title in line]
    assert line.endswith(": **missed** |" if is_lost else ": met |")
    assert "Left out: PyTorch: not installed" in text


def test_the_fastest_other_is_named(results, tmp_path):
    content = json.loads(results.read_text())
    contenders = content["workloads"][0]["contenders"]
    for label, factor in (("skorch", 2.0), ("onnxruntime", 3.0)):
        seconds = [factor * second for second in contenders["sknn_concepts"]["seconds"]]
        contenders[label] = contenders["scikit-learn"] | {"seconds": seconds}
    compare(content["workloads"][0], "sknn_concepts")
    (tmp_path / "two.json").write_text(json.dumps(content))
    render([tmp_path / "two.json"], tmp_path)
    assert "| skorch: 2.00 (2.00 to 2.00) |" in (tmp_path / "docs" / "benchmarks.md").read_text()
    assert "| skorch | 1 of 1 | 2.00 (2.00 to 2.00) |" in (tmp_path / "README.md").read_text()


def test_rendering_twice_changes_nothing(results, tmp_path):
    written = render([results], tmp_path)
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in render([results], tmp_path)] == first


def test_machines_are_shown_side_by_side_and_the_newest_first(results, tmp_path):
    old = changed(results, tmp_path, 1e6, "old", target="i386", usable_cores=1, date="1990-01-01T00:00:00+00:00")
    new = changed(results, tmp_path, 1e-6, "new", target="quantum", usable_cores=64)
    render([old, new], tmp_path)
    page, readme = ((tmp_path / name).read_text() for name in ("docs/benchmarks.md", "README.md"))
    assert "| work | threads | target | quantum, 64 cores | i386, 1 core |" in page
    says = Target(TINY, "scikit-learn", 40.0).says()
    (line,) = [line for line in page.splitlines() if f"| {says} |" in line and WORKLOADS[TINY].title in line]
    assert line.index(": met |") < line.index(": **missed** |")
    names = [f"{name}, quick run" for name in ("quantum, 64 cores", "i386, 1 core")]
    for threads in (ALL, ONE):
        first, second = (page.index(f"### {name}, {threads}") for name in names)
        assert first < second
    assert readme.index(names[0]) < readme.index(names[1]) and "1990-01-01" in readme
    assert "| work | quantum, 64 cores | i386, 1 core |" in page
    assert "Nothing was measured on more than 64 cores." in page


def test_the_table_goes_between_its_markers():
    start, end = MARKERS
    assert insert(f"before\n\n{start}\nold\n{end}\n\nafter\n", "new") == (
        f"before\n\n{start}\n\nnew\n\n{end}\n\nafter\n"
    )
    added = insert("before\n", "new")
    assert added.startswith("before\n") and insert(added, "new") == added


def test_the_page_gives_every_figure_from_the_results(results, tmp_path):
    pytest.importorskip("matplotlib")
    render([results], tmp_path)
    text = (tmp_path / "docs" / "benchmarks.md").read_text()
    race, _ = json.loads(results.read_text())["workloads"]
    for result in race["contenders"].values():
        assert result["loss"] is None or f"{result['loss']:.6g}" in text
    assert (tmp_path / "docs" / "benchmarks.svg").stat().st_size > 1000


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("file", ["torch", "skorch", "jax"])
def test_contenders_train_the_same_network(file, n_classes):
    pytest.importorskip(file)
    X, y = dense(500, 6, n_classes, "float64")
    parameters = network_parameters((5,), epochs=3, batch_size=64, alpha=0.1, activation="logistic")
    with pytest.warns(UserWarning, match="Maximum iterations"):
        theirs = load("scikit_learn").make("MLPClassifier", **parameters).fit(X, y)
    network = load(file).make("MLPClassifier", **parameters).fit(X, y)
    np.testing.assert_allclose(network.predict_proba(X), theirs.predict_proba(X), rtol=1e-10)
    np.testing.assert_array_equal(network.predict(X), theirs.predict(X))


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_onnxruntime_predicts_with_the_network_that_was_trained(activation):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    X, y = dense(200, 6, 3, "float32")
    parameters = network_parameters((5,), epochs=2, batch_size=50, activation=activation)
    model = load("onnxruntime").make("MLPClassifier", **parameters).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), model.model.predict_proba(X), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), model.model.predict(X))


def test_the_limit_counts_the_products_of_a_network():
    limit = load("limit")
    assert limit.forward_flops([3, 5, 2], 10) == 2 * 10 * (3 * 5 + 5 * 2)
    # forward, gradients of all weights, and errors back to the hidden layer but not to the input
    assert limit.training_flops([3, 5, 2], 10) == 2 * 10 * (2 * (3 * 5 + 5 * 2) + 5 * 2)
    assert limit.training_flops([3, 2], 10) == 2 * 10 * 2 * 3 * 2


@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_limit_reads_all(n_threads):
    X = np.arange(1000.0).reshape(100, 10)
    assert load("limit").read(X, 3, n_threads) == 3 * X.sum()


def test_the_limit_does_nothing_but_the_work_asked_for(results):
    race, _ = json.loads(results.read_text())["workloads"]
    if "limit" in race["left_out"]:
        pytest.skip(race["left_out"]["limit"])
    limit = race["contenders"]["limit"]
    assert limit["loss"] is None and limit["score"] is None
    assert 0.0 < limit["ratio"]["high"] < 1.0  # nobody is faster


def test_targets_are_about_what_there_is():
    for target in TARGETS:
        workload = WORKLOADS[target.workload]
        labels = [
            name for name, entry in workload.entries.items() if target.threads == ALL or not entry.all_threads_only
        ]
        assert target.threads in workload.threads and target.ours in labels
        assert any(target.means(label) for label in labels)
        assert (target.least is None) != (target.most is None)


def fictitious(**seconds):
    contenders = {
        label.replace("_", ", "): {"seconds": times, "ours": label == "ours"} for label, times in seconds.items()
    }
    return {"name": "work", "title": "Work", "contenders": contenders, "left_out": {}}


def test_a_target_is_judged_by_the_fastest_peer_meant():
    assert [Target("work", "peer*").means(label) for label in ("peer", "peer, quick", "peers")] == [True, True, False]
    race = fictitious(ours=[1.0, 2.0], peer=[9.0, 9.0], peer_quick=[3.0, 8.0], peers=[1.0, 1.0])
    assert Target("work", "peer*", 2.0, ours="ours").found(race) == ([3.0, 4.0], "peer, quick")
    assert Target("work", "peer", 2.0, ours="ours").found(race) == ([9.0, 4.5], "peer")
    assert Target("work", "nobody", 2.0, ours="ours").found(race) is None


@pytest.mark.parametrize(
    ("bounds", "ratio", "met"), [((2.0, None), 2.1, 1), ((2.0, None), 1.9, 0), ((None, 2.0), 1.9, 1)]
)
def test_a_target_is_met_within_its_bounds(bounds, ratio, met):
    assert Target("work", "peer", *bounds).met(ratio) == bool(met)


@pytest.mark.parametrize(
    ("bounds", "ratio", "shown"),
    [((None, 1.15), 1.152, "1.152"), ((None, 1.15), 1.1499, "1.15"), ((4.0, None), 3.996, "3.996")],
)
def test_rounding_does_not_hide_the_verdict(results, monkeypatch, bounds, ratio, shown):
    monkeypatch.setattr("benchmarks.targets.TARGETS", [Target(TINY, "scikit-learn", *bounds)])
    race, _ = json.loads(results.read_text())["workloads"]
    ours, peer = (race["contenders"][name] for name in ("sknn_concepts", "scikit-learn"))
    peer["seconds"] = [ratio * seconds for seconds in ours["seconds"]]
    assert f"| {shown} (" in targets([json.loads(results.read_text()) | {"workloads": [race]}])


def test_every_target_has_its_line(results, tmp_path):
    text = render([results], tmp_path)[0].read_text()
    races = json.loads(results.read_text())["workloads"]
    for target, ratio, _ in judge(races):
        line = f"| {WORKLOADS[target.workload].title} | {target.threads} | {target.says()} |"
        assert line in text
        assert (ratio is None) == (f"{line} not measured |" in text)


def test_scale_is_rendered_from_what_was_written(results, tmp_path):
    pytest.importorskip("matplotlib")
    measured = {
        "rows": {"a fit": growth([10, 100, 1000, 10000], [1.0, 10.0, 100.0, 1000.0])},
        "memmap": {"bytes": 4e9, "growth": 5e6},
    }
    (tmp_path / "scale.json").write_text(json.dumps(measured))
    (tmp_path / "results.json").write_bytes(results.read_bytes())
    written = render([tmp_path / "results.json"], tmp_path)
    text = written[0].read_text()
    assert "time grows as n^1.00" in text and "4 GB: peak memory grows by 5 MB" in text
    assert (tmp_path / "docs" / "scale.svg") in written


def test_data_are_the_same_in_every_process():
    """The number of threads of the BLAS does not matter: these products have other bits with two threads."""
    shape = 2_000, 784, 10, "float32"
    with threadpool_limits(1):
        one = dense(*shape)
    for first, second in zip(one, dense(*shape), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("workload", [w for w in WORKLOADS.values() if isinstance(w, Fit)], ids=lambda w: w.name)
def test_workloads_put_us_first_and_know_their_contenders(workload):
    labels = list(workload.entries)
    assert labels[0] == next(iter(CONTENDERS.values())) and len(labels) > 1
    assert {entry.contender for entry in workload.entries.values()} <= set(CONTENDERS)


def test_a_probe_that_fails_is_named(tmp_path):
    record, variables = {"left_out": {}}, os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert _probe(record, variables, "import")["seconds"] > 0.0
    assert _probe(record, variables, "fit", "Nothing") is None
    assert "Nothing" in record["left_out"]["fit Nothing"]


def test_whole_runs_are_named_by_the_processor_and_rendered_together(results, tmp_path, monkeypatch, capsys):
    """The file is found by the command that renders; that of a quick run is not."""
    monkeypatch.setattr("benchmarks.__main__.RESULTS", tmp_path)
    assert main(["render", "--into", str(tmp_path)]) == 2
    assert "There are no results" in capsys.readouterr().err
    content, path = run([], quick=True)
    environment = content["environment"]
    assert path.name.startswith(f"{environment['target']}-{environment['usable_cores']}-core")
    path.write_bytes(results.read_bytes())
    (tmp_path / "quick.json").write_text("nothing")
    assert main(["render", "--into", str(tmp_path)]) == 0
    assert WORKLOADS[TINY].title in (tmp_path / "docs" / "benchmarks.md").read_text()
    assert "| scikit-learn | " in (tmp_path / "README.md").read_text()


def test_an_unknown_workload_is_refused(capsys):
    assert main(["--only", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err


def test_list_names_all(capsys):
    assert main(["--list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in WORKLOADS)
