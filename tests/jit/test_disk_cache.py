"""Compiled kernels on disk: what they depend on, damage, races, full disks, folders that cannot be written to."""

import os
import pathlib
import shutil
import tempfile
import time
import warnings

import numba
import pytest

from sknn_concepts import cache_info, clear_cache
from sknn_concepts.jit import disk_cache
from sknn_concepts.jit.decorator import COMPILED, kernel

pytestmark = pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")


#: Numba's choice of the folder that NUMBA_CACHE_DIR names, and of no other one.
LOCATOR = "UserProvidedCacheLocator"


@kernel
def doubled(x):
    return x + x


@kernel
def reciprocal(x):
    return 1.0 / x


@kernel
def quadrupled(x):
    return doubled(doubled(x))


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


def test_the_second_dispatcher_loads_what_the_first_compiled(cache):
    first, second = fresh(doubled), fresh(doubled)
    assert first(2.0) == 4.0 and counts(first) == (0, 1)
    assert second(2.0) == 4.0 and counts(second) == (1, 0)
    assert second(2) == 4 and counts(second) == (1, 1)


def test_an_edited_package_misses(cache, monkeypatch):
    fresh(doubled)(2.0)
    monkeypatch.setattr(disk_cache, "source_digest", lambda: "of an edited package")
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
    "without a digest, as they once were": lambda data: data[disk_cache.DIGEST_SIZE :],
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

    monkeypatch.setattr(disk_cache.pickle, "loads", loads)
    again = fresh(doubled)
    assert again(2.0) == 4.0 and counts(again) == (0, 1)


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
    """Each stores its own, one within the other's saving. What is loaded has to be what was asked for."""
    one, other = fresh(doubled), fresh(doubled)
    one.compile((numba.float64,))
    other.compile((numba.int64,))
    clear_cache()
    really_write = disk_cache._write

    def write_within(*arguments):
        monkeypatch.setattr(disk_cache, "_write", really_write)
        other._cache.save_overload((numba.int64,), other.overloads[(numba.int64,)])
        really_write(*arguments)

    monkeypatch.setattr(disk_cache, "_write", write_within)
    one._cache.save_overload((numba.float64,), one.overloads[(numba.float64,)])
    for number in (3, 3.0):
        third = fresh(doubled)
        assert third(number) == 6 and isinstance(third(number), type(number)) and counts(third) == (1, 0)


def test_a_loaded_kernel_becomes_a_part_of_one_that_is_compiled(cache, monkeypatch):
    """Its bitcode is parsed then."""
    fresh(doubled)(2.0)
    loaded = fresh(doubled)
    assert loaded(2.0) == 4.0 and counts(loaded) == (1, 0)
    monkeypatch.setitem(quadrupled.py_func.__globals__, "doubled", loaded)
    outer, again = fresh(quadrupled), fresh(quadrupled)
    assert outer(2.0) == 8.0 and counts(outer) == (0, 1)
    assert again(2.0) == 8.0 and counts(again) == (1, 0)


def test_what_was_compiled_can_be_thrown_away(cache):
    dispatcher = fresh(doubled)
    dispatcher(2.0)
    fresh(reciprocal)(2.0)
    assert len(list(cache.rglob("*.nbc"))) == 2
    dispatcher._cache.flush()
    assert [path.name.split("-")[0] for path in cache.rglob("*.nb*")] == [f"{__name__}.reciprocal"]


@pytest.fixture
def no_warning_yet():
    """As in a process that has not warned."""
    disk_cache._warned.clear()
    yield
    disk_cache._warned.clear()


def test_a_full_disk_costs_one_warning(cache, monkeypatch, no_warning_yet):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk_cache, "_write", fail)
    with pytest.warns(RuntimeWarning, match="No space left on device.*NUMBA_CACHE_DIR") as caught:
        for dispatcher in (fresh(doubled), fresh(reciprocal)):
            assert dispatcher(2.0) in (4.0, 0.5) and dispatcher(2) in (4, 0.5)
    assert len(caught) == 1


def test_no_folder_at_all_costs_one_warning(tmp_path, monkeypatch, no_warning_yet):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", LOCATOR)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for dispatcher in (fresh(doubled), fresh(reciprocal)):
            assert dispatcher(2.0) in (4.0, 0.5)
            assert dispatcher._cache.cache_path is None
    assert [warning.category for warning in caught] == [RuntimeWarning]
    assert "NUMBA_CACHE_DIR" in str(caught[0].message)


def test_the_digest_of_the_package_covers_what_kernels_are_made_of(tmp_path, monkeypatch, package):
    """A copy of the package, edited file by file."""
    copy = tmp_path / "sknn_concepts"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(disk_cache, "__file__", str(copy / "jit" / "disk_cache.py"))
    digests = {disk_cache.source_digest.__wrapped__()}
    covered = 0
    for path in sorted(copy.rglob("*.py")):
        path.write_text(path.read_text() + "\n")
        covered += path.relative_to(copy).parts[0] not in disk_cache.WITHOUT_KERNELS
        digests.add(disk_cache.source_digest.__wrapped__())
    assert len(digests) == 1 + covered


def test_folders_and_files_without_kernels_have_none(package):
    for name in disk_cache.WITHOUT_KERNELS:
        files = [package / name] if name.endswith(".py") else list((package / name).rglob("*.py"))
        assert files and not any("@kernel" in path.read_text() for path in files)


def age(path, days):
    """Let a file have been used so many days ago."""
    then = time.time() - days * 24 * 3600
    os.utime(path, (then, then))


def names(folder):
    """Kernels that have files in a cache folder."""
    return sorted(path.name.split("-")[0].rpartition(".")[2] for path in folder.rglob("*.nbc"))


def test_the_files_are_in_one_folder_and_are_counted(cache):
    fresh(doubled)(2.0), fresh(reciprocal)(2.0)
    files = list(cache.rglob("*.nbc"))
    (info,) = cache_info()
    assert info == (files[0].parent, 2, sum(path.stat().st_size for path in files)) and info.folder.parent == cache


def test_the_cache_can_be_cleared(cache):
    running = fresh(doubled)
    assert running(2.0) == 4.0
    (before,) = cache_info()
    (before.folder / "unfinished.nbc.0123456789abcdef").write_text("of a process that was killed")
    (before.folder / "a.pyc").write_text("not ours")
    assert clear_cache() == (before.folder, 2, before.n_bytes + 28)
    assert cache_info() == [(before.folder, 0, 0)] and [path.name for path in before.folder.iterdir()] == ["a.pyc"]
    assert running(2.0) == 4.0
    again = fresh(doubled)
    assert again(2.0) == 4.0 and counts(again) == (0, 1)


def test_what_has_not_been_used_for_longest_is_deleted(cache, monkeypatch):
    """A file of former sources, as a rule."""
    fresh(doubled)(2.0)
    (former,) = cache.rglob("*.nbc")
    age(former, days=3)
    monkeypatch.setattr(disk_cache, "source_digest", lambda: "of an edited package")
    fresh(doubled)(2.0)
    (current,) = set(cache.rglob("*.nbc")) - {former}
    age(current, days=2)
    monkeypatch.setattr(disk_cache, "MAX_BYTES", 2.5 * former.stat().st_size)
    fresh(reciprocal)(2.0)
    assert names(cache) == ["doubled", "reciprocal"] and current.exists()


def test_loading_is_a_use(cache, monkeypatch):
    fresh(doubled)(2.0), fresh(reciprocal)(2.0)
    for path in cache.rglob("*.nbc"):
        age(path, days=3 if "doubled" in path.name else 2)
    fresh(doubled)(2.0)
    (info,) = cache_info()
    monkeypatch.setattr(disk_cache, "MAX_BYTES", info.n_bytes)
    fresh(doubled)(2)
    assert names(cache) == ["doubled", "doubled"]


def test_a_file_that_cannot_be_deleted_stays(cache, monkeypatch):
    """As one that another process reads under Windows."""
    fresh(doubled)(2.0), fresh(reciprocal)(2.0)
    really_unlink = pathlib.Path.unlink

    def unlink(path, missing_ok=False):
        if "doubled" in path.name:
            raise PermissionError(13, "The process cannot access the file")
        really_unlink(path, missing_ok)

    monkeypatch.setattr(pathlib.Path, "unlink", unlink)
    monkeypatch.setattr(disk_cache, "MAX_BYTES", 0)
    assert fresh(reciprocal)(2) == 0.5 and names(cache) == ["doubled"]
    fresh(reciprocal)(2.0)
    with pytest.raises(PermissionError, match="cannot access the file"):
        clear_cache()
    assert names(cache) == ["doubled"]


def test_kernels_are_loaded_from_a_folder_that_cannot_be_written_to(cache, monkeypatch, no_warning_yet):
    """As in an image that another user has filled: only what is missing costs a compilation, and a warning."""
    fresh(doubled)(2.0)
    really_open = tempfile.TemporaryFile

    def open_file(dir):
        if str(dir).startswith(str(cache)):
            raise PermissionError(13, "Permission denied")
        return really_open(dir=dir)

    monkeypatch.setattr(tempfile, "TemporaryFile", open_file)  # with which Numba tries a folder
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", LOCATOR)
    disk_cache._find_folders.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = fresh(doubled)
        assert again(2.0) == 4.0 and counts(again) == (1, 0)
        (info,) = cache_info()
        assert info.n_files == 1 and info.folder.parent == cache and clear_cache() is None
    with pytest.warns(RuntimeWarning, match="cannot be kept on disk"):
        assert fresh(doubled)(2) == 4
    disk_cache._find_folders.cache_clear()


LOAD = """
import sys

from numba.core.cpu import CPUContext
from sklearn.datasets import load_iris

from sknn_concepts import MLPClassifier

prepare, prepared = CPUContext.load_additional_registries, []
CPUContext.load_additional_registries = lambda context: prepared.append(1) or prepare(context)
X, y = load_iris(return_X_y=True)
for activation in sys.argv[1:]:
    network = MLPClassifier((5,), activation=activation, max_iter=5, random_state=0).fit(X, y)
    print(network.loss_, network.score(X, y), bool(prepared))
"""


def test_loading_does_not_prepare_numba_for_compilation(tmp_path, run_python):
    """Which takes longer. What is compiled later has it prepared, and computes the same beside loaded kernels."""
    (tmp_path / "load.py").write_text(LOAD)
    command, cache = ("-W", "ignore", tmp_path / "load.py"), {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    (first,) = run_python(*command, "relu", **cache)
    again, other = run_python(*command, "relu", "tanh", **cache)
    (loaded,) = run_python(*command, "tanh", **cache)
    assert [line.rpartition(" ")[2] for line in (first, again, other, loaded)] == ["True", "False", "True", "False"]
    assert first.split()[:2] == again.split()[:2] and other.split()[:2] == loaded.split()[:2]


TOGETHER = """
import sys

import numpy as np

from sknn_concepts import LogisticRegression, clear_cache
from sknn_concepts.jit import disk_cache

disk_cache.MAX_BYTES = 150_000  # less than the kernels take
X, y = np.random.RandomState(0).normal(size=(50, 3)), np.arange(50) % 2
for dtype in ("float32", "float64"):
    print(LogisticRegression().fit(X.astype(dtype), y).coef_.tolist())
    clear_cache()
"""


def test_processes_that_delete_the_files_of_each_other(tmp_path, run_together):
    (tmp_path / "fit.py").write_text(TOGETHER)
    alike = run_together([(tmp_path / "fit.py",)] * 3, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert len(alike[0]) == 2 and alike == [alike[0]] * 3


def test_a_folder_serves_every_copy_of_the_same_sources(tmp_path, run_python, package):
    """As environments of several projects, or the same one on several machines."""
    (tmp_path / "load.py").write_text(LOAD)
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    copy = tmp_path / "elsewhere"
    shutil.copytree(package, copy / "sknn_concepts", ignore=shutil.ignore_patterns("__pycache__"))
    (first,) = run_python("-W", "ignore", tmp_path / "load.py", "identity", **cache)
    (again,) = run_python("-W", "ignore", tmp_path / "load.py", "identity", **cache, PYTHONPATH=str(copy))
    assert again == first.replace("True", "False")
