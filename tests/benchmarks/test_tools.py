"""Tests of the tools of the benchmarks: shared numbers, memory, growth and profiles."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from benchmarks.data import dense
from benchmarks.memory import RESET, memory_in_use, reset_peak
from benchmarks.objectives import FitLogistic
from benchmarks.profile import profile
from benchmarks.scale import growth
from benchmarks.shared import SHARED, shared
from sknn_concepts.jit.decorator import COMPILED

TINY = "mlp-tiny-float32"


def test_a_number_that_all_need_is_computed_once(tmp_path, monkeypatch):
    monkeypatch.setenv(SHARED, str(tmp_path))
    numbers = iter([1.5, 2.5])
    assert [shared("number", lambda: next(numbers)) for _ in range(2)] == [1.5, 1.5]


def test_a_tolerance_of_an_earlier_race_is_tried_first_and_checked(tmp_path, monkeypatch):
    """A tolerance that is too loose for this race is tightened."""
    monkeypatch.setenv(SHARED, str(tmp_path))
    data = dense(300, 5, 2, "float64")
    parameters = {"C": 1.0, "max_iter": 1000}
    for given, tried in ((None, [1, 2, 3, 4, 5, 6]), (4, [4, 5, 6]), (6, [6]), (7, [7])):
        exponents = []

        def make(kind, exponents=exponents, **parameters):
            exponents.append(round(-np.log10(parameters["tol"])))
            return LogisticRegression(**parameters | {"tol": 1e-2 if exponents[-1] < 6 else 1e-10})

        work = FitLogistic(name="work", title="Work", data=lambda quick: data, kind="", parameters=parameters)
        work.load(quick=True)
        if given is not None:
            (tmp_path / "tolerance of us.json").write_text(str(given))
        work.tune(make, "us")
        assert exponents == tried and work.parameters["tol"] == 10.0 ** -tried[-1]


@pytest.mark.skipif(not RESET.exists(), reason="the system does not tell the peak of memory")
def test_the_peak_of_memory_is_that_since_the_reset():
    size = 50_000_000
    before = reset_peak()
    np.ones(size, np.uint8)
    assert memory_in_use("VmHWM") - before > 0.9 * size
    assert reset_peak() < before + 0.5 * size
    assert memory_in_use("VmHWM") < before + 0.5 * size


def test_growth_tells_the_exponent():
    counts = [10, 100, 1000, 10000]
    found = growth(counts, [3.0 * count**1.5 for count in counts])
    assert found["exponent"] == pytest.approx(1.5) and found["upper_exponent"] == pytest.approx(1.5)
    assert growth(counts, [1.0, 1.0, 1.0, 10.0])["upper_exponent"] == pytest.approx(1.0)


@pytest.mark.skipif(not COMPILED, reason="without compiled kernels there are no addresses to put clocks at")
def test_the_parts_of_a_profile_are_those_of_the_fit():
    parts, without = profile(TINY, quick=True)
    whole = parts.pop("all")
    assert sum(parts.values()) == pytest.approx(whole) and without > 0.0
    assert {"gathering", "products forward", "products backward", "optimizer"} <= set(parts)
    assert all(seconds > 0.0 for seconds in parts.values())


def test_only_a_network_has_a_profile():
    with pytest.raises(ValueError, match="does not fit an MLPClassifier"):
        profile("perceptron-dense-float64", quick=True)


def test_the_model_of_a_cluster_adds_up_its_parts():
    pytest.importorskip("distributed")
    from benchmarks.cluster import Costs, predict

    costs = Costs(step=1.0, worker=10.0, byte=0.0, row=0.01, client_row=0.001, block=2.0, loaded_row=0.1)
    # 4 blocks, 100 rows for each of two workers; in two epochs 8 steps with 25 rows for each
    assert predict(costs, 200, 4, 2, 50, 2, n_parameters=3) == pytest.approx(8 + 10 + 8 * (1 + 10 + 0.25) + 0.4)
    assert predict(costs, 200, 4, 2, 50, 2, 3, seconds_per_byte=1.0) == pytest.approx(108.4 + 8 * (2 * 4 * 3 * 2 + 200))
