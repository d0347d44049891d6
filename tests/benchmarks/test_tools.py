"""Tests of the tools of the benchmarks: shared numbers, memory, growth and profiles."""

import numpy as np
import pytest

from benchmarks.memory import RESET, memory_in_use, reset_peak
from benchmarks.profile import profile
from benchmarks.scale import growth
from benchmarks.shared import SHARED, shared
from sknn_concepts.jit.decorator import COMPILED

TINY = "mlp-tiny-float32"


def test_a_number_that_all_need_is_computed_once(tmp_path, monkeypatch):
    monkeypatch.setenv(SHARED, str(tmp_path))
    numbers = iter([1.5, 2.5])
    assert [shared("number", lambda: next(numbers)) for _ in range(2)] == [1.5, 1.5]


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
