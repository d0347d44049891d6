"""The one decorator: what it tells Numba, and a disk cache that survives damage, races and full disks."""

import math
import os
import pathlib
import re
import shutil
import warnings

import numba
import numpy as np
import pytest

from sknn_concepts.gemm.processor import AVX512, target_shape
from sknn_concepts.jit import decorator as jit
from sknn_concepts.jit.decorator import CHECKED, COMPILED, kernel
from sknn_concepts.math import logistic
from sknn_concepts.network import kernels

pytestmark = pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")


@kernel
def doubled(x):
    return x + x


@kernel
def reciprocal(x):
    return 1.0 / x


@kernel
def is_finite(x):
    return math.isfinite(x) and x == x


def rounding(a, b):
    """The rounding error of a + b (Knuth, The Art of Computer Programming 2, section 4.2.2)."""
    s = a + b
    v = s - a
    return (a - (s - v)) + (b - v)


def dot(x, y):
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    return total


def fresh(dispatcher):
    """A dispatcher of the same function that has compiled nothing yet, as in another process."""
    return kernel(dispatcher.py_func)


def counts(dispatcher):
    """Hits and misses of the disk cache."""
    return sum(dispatcher.stats.cache_hits.values()), sum(dispatcher.stats.cache_misses.values())


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def test_nothing_is_compiled_before_the_first_call():
    assert fresh(doubled).signatures == []


def test_division_by_zero_is_infinite():
    assert reciprocal(0.0) == np.inf and reciprocal(-0.0) == -np.inf


def test_nan_and_infinity_are_seen():
    assert is_finite(1.0) and not is_finite(np.inf) and not is_finite(np.nan)


def test_sums_may_be_reordered_unless_told_otherwise(cache, monkeypatch):
    """Which vectorizes them. The flags of NaN and infinity are never given."""
    for in_order in (False, True):
        monkeypatch.setattr(numba.config, "CACHE_DIR", str(cache / str(in_order)))  # of one function two kernels
        dispatcher = kernel(in_order=in_order)(dot)
        assert dispatcher(np.ones(3), np.ones(3)) == 3.0
        code = dispatcher.inspect_llvm(dispatcher.signatures[0])
        assert ("reassoc" in code) == (not in_order)
        assert "contract" in code and "nnan" not in code and "ninf" not in code and " fast " not in code
    assert kernel(in_order=True)(rounding)(1.0, 1e-20) == 1e-20


def test_kernels_release_the_gil():
    assert doubled.targetoptions["nogil"] is True


def test_the_tests_have_a_cache_of_their_own(package, digest_of_sources):
    folder = os.environ["NUMBA_CACHE_DIR"]
    name = digest_of_sources(package) + ("-checked" if CHECKED else "")
    assert numba.config.CACHE_DIR == folder and pathlib.Path(folder).name == name


def test_the_digest_of_the_sources_sees_every_file(tmp_path, digest_of_sources):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.py").write_text("x = 1\n")
    digests = {digest_of_sources(tmp_path)}
    for name, text in (("inner/a.py", "x = 2\n"), ("b.py", ""), ("inner/b.py", "")):
        (tmp_path / name).write_text(text)
        digests.add(digest_of_sources(tmp_path))
    assert len(digests) == 4


def test_the_second_dispatcher_loads_what_the_first_compiled(cache):
    first, second = fresh(doubled), fresh(doubled)
    assert first(2.0) == 4.0 and counts(first) == (0, 1)
    assert second(2.0) == 4.0 and counts(second) == (1, 0)
    assert second(2) == 4 and counts(second) == (1, 1)


def test_an_edited_package_misses(cache, monkeypatch):
    fresh(doubled)(2.0)
    monkeypatch.setattr(jit, "source_digest", lambda: "of an edited package")
    edited = fresh(doubled)
    assert edited(2.0) == 4.0 and counts(edited) == (0, 1)


def test_another_numba_misses(cache, monkeypatch):
    fresh(doubled)(2.0)
    monkeypatch.setattr(numba, "__version__", "1000.0")
    upgraded = fresh(doubled)
    assert upgraded(2.0) == 4.0 and counts(upgraded) == (0, 1)


def cleared(data, start, stop):
    return data[:start] + bytes(stop - start) + data[stop:]


#: What disks and people do to files.
DAMAGES = {
    "emptied": lambda data: b"",
    "overwritten": lambda data: b"garbage",
    "cut short": lambda data: data[: len(data) // 2],
    "a byte short": lambda data: data[:-1],
    "a byte more": lambda data: data + b"\0",
    "the first page cleared": lambda data: cleared(data, 0, min(4096, len(data))),
    "the middle cleared": lambda data: cleared(data, len(data) // 2, len(data) // 2 + 512),
    "a bit of machine code": lambda data: flipped(data, data.index(b"\x7fELF") + 40 if b"\x7fELF" in data else 900),
    "the first bit": lambda data: flipped(data, 0),
    "the last bit": lambda data: flipped(data, len(data) - 1),
    "without a digest, as they once were": lambda data: data[jit._Files._DIGEST_SIZE :],
}


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_cache_is_a_miss_and_heals(cache, damage):
    fresh(doubled)(2.0)
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert files
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(damage(whole))
        assert path.read_bytes() != whole
    damaged, healed = fresh(doubled), fresh(doubled)
    assert damaged(2.0) == 4.0 and counts(damaged) == (0, 1)
    assert healed(2.0) == 4.0 and counts(healed) == (1, 0)


def test_nothing_of_a_damaged_file_is_unpickled(cache, monkeypatch):
    fresh(doubled)(2.0)
    (path,) = cache.rglob("*.nbc")
    path.write_bytes(flipped(path.read_bytes(), 300))

    def loads(*arguments):
        raise AssertionError("it was unpickled")

    monkeypatch.setattr(jit.pickle, "loads", loads)
    again = fresh(doubled)
    assert again._cache._disk._cache_file._load_data(path.name) is None


def test_a_file_of_another_kernel_is_a_miss(cache):
    """Sound, but under a wrong name."""
    fresh(doubled)(2.0), fresh(doubled)(2)
    one, other = cache.rglob("*.nbc")
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    again = fresh(doubled)
    assert again(2.0) == 4.0 and again(2) == 4 and counts(again) == (0, 2)


def test_files_are_written_as_a_whole(cache, monkeypatch, no_warning_yet):
    """Under another name first: nobody finds half of one."""
    monkeypatch.setattr(os, "replace", lambda *names: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    with pytest.warns(RuntimeWarning, match="Input/output error"):
        assert fresh(doubled)(2.0) == 4.0
    assert not list(cache.rglob("*.nbc*"))


def test_a_vanished_cache_is_a_miss(cache):
    fresh(doubled)(2.0)
    for path in cache.rglob("*.nb*"):
        path.unlink()
    again = fresh(doubled)
    assert again(2.0) == 4.0 and counts(again) == (0, 1)


def test_two_processes_that_save_different_signatures_at_the_same_moment(cache, monkeypatch):
    """A process that read an index before another wrote it must not write over the other's machine code.

    In the folder as both found it, each stores its own kernel, one within the other's saving. What is loaded
    afterwards has to be what was asked for.
    """
    one, other = fresh(doubled), fresh(doubled)
    one.compile((numba.float64,))
    other.compile((numba.int64,))
    for path in cache.rglob("*.nb*"):
        path.unlink()
    files = one._cache._disk._cache_file
    really_save = files._save_data

    def save_within(*arguments):
        found = other._cache._disk._cache_file
        monkeypatch.setattr(found, "_load_index", lambda: {})  # read before the first one wrote
        other._cache.save_overload((numba.int64,), other.overloads[(numba.int64,)])
        really_save(*arguments)

    monkeypatch.setattr(files, "_save_data", save_within)
    one._cache.save_overload((numba.float64,), one.overloads[(numba.float64,)])
    for number in (3, 3.0):
        third = fresh(doubled)
        assert third(number) == 6 and isinstance(third(number), type(number))


def test_what_was_compiled_can_be_thrown_away(cache):
    dispatcher = fresh(doubled)
    dispatcher(2.0)
    fresh(reciprocal)(2.0)
    assert len(list(cache.rglob("*.nbc"))) == 2
    dispatcher._cache.flush()
    assert [path.name.partition(".")[2][:10] for path in cache.rglob("*.nb*")] == ["reciprocal"]


@pytest.fixture
def no_warning_yet():
    """As in a process that has not warned."""
    jit._warned.clear()
    yield
    jit._warned.clear()


def test_a_full_disk_costs_one_warning(cache, monkeypatch, no_warning_yet):
    def fail(self, signature, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jit._DiskCache, "save_overload", fail)
    with pytest.warns(RuntimeWarning, match="No space left on device.*NUMBA_CACHE_DIR") as caught:
        for dispatcher in (fresh(doubled), fresh(reciprocal)):
            assert dispatcher(2.0) in (4.0, 0.5) and dispatcher(2) in (4, 0.5)
    assert len(caught) == 1


def test_no_folder_at_all_costs_one_warning(tmp_path, monkeypatch, no_warning_yet):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", "UserProvidedCacheLocator")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for dispatcher in (fresh(doubled), fresh(reciprocal)):
            assert dispatcher(2.0) in (4.0, 0.5)
            assert dispatcher._cache.cache_path is None
    assert [warning.category for warning in caught] == [RuntimeWarning]
    assert "NUMBA_CACHE_DIR" in str(caught[0].message)


@kernel(internal=True)
def squared(x):
    return x * x


@kernel
def sum_of_squares(x, y):
    return squared(x) + squared(y)


def test_an_internal_kernel_is_called_by_kernels_only():
    """Before and after it was compiled as a part of another: there is no machine code to call."""
    for _ in range(2):
        with pytest.raises(TypeError, match="squared is called by kernels only"):
            squared(3.0)
        assert sum_of_squares(3.0, 4.0) == 25.0
    with pytest.raises(TypeError, match="dense_product is called by kernels only"):
        kernels.dense_product(kernels.DENSE_PRODUCT, *[None] * 6)


SAME_BITS = """
import hashlib

from sklearn.datasets import make_classification

from sknn_concepts import MLPClassifier

X, y = make_classification(1000, 30, n_informative=10, random_state=0)
network = MLPClassifier((33, 17), max_iter=3, random_state=0)
for dtype in ("float32", "float64"):
    network.set_params(dtype=dtype, max_iter=3).fit(X, y)
    print(hashlib.sha256(network._theta.tobytes() + repr(network.loss_curve_).encode()).hexdigest())
"""


def test_a_process_that_compiles_computes_the_bits_of_those_that_load(tmp_path, run_python):
    """Without copies of their own, kernels call what was compiled separately, if it was compiled in the process."""
    (tmp_path / "fit.py").write_text(SAME_BITS)
    first, second = (
        run_python("-W", "ignore", tmp_path / "fit.py", NUMBA_CACHE_DIR=str(tmp_path / "cache")) for _ in range(2)
    )
    assert first == second


def test_the_digest_of_the_package_covers_what_kernels_are_made_of(tmp_path, monkeypatch, package):
    """A copy of the package, edited file by file."""
    copy = tmp_path / "sknn_concepts"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(jit, "__file__", str(copy / "jit" / "decorator.py"))
    digests = {jit.source_digest.__wrapped__()}
    covered = 0
    for path in sorted(copy.rglob("*.py")):
        path.write_text(path.read_text() + "\n")
        covered += path.relative_to(copy).parts[0] not in jit.WITHOUT_KERNELS
        digests.add(jit.source_digest.__wrapped__())
    assert len(digests) == 1 + covered


def test_folders_without_kernels_have_none(package):
    for folder in jit.WITHOUT_KERNELS:
        assert (package / folder).is_dir()
        assert not any("@kernel" in path.read_text() for path in (package / folder).rglob("*.py"))


def test_without_the_jit_a_kernel_is_the_function_itself(monkeypatch):
    monkeypatch.setattr(jit, "COMPILED", False)
    assert jit.kernel(rounding) is rounding and jit.kernel(in_order=True)(rounding) is rounding


def squash(z, a):
    for i in range(z.size):
        a[i] = logistic(z[i])


@pytest.mark.skipif(target_shape() != AVX512 or CHECKED, reason="no registers of 512 bits, or a check of each index")
def test_loops_that_llvm_vectorizes_use_whole_registers():
    squash_whole = kernel(squash)
    squash_whole._cache.disable()  # a cached kernel has no assembly
    vector = numba.float32[::1]
    squash_whole.compile((vector, vector))
    (assembly,) = squash_whole.inspect_asm().values()
    assert len(re.findall(r"vfn?m(add|sub)\d+ps\s.*%zmm", assembly)) >= 5  # the polynomial of exp
