"""The command line's way to compile kernels in advance, for other processors too, and to tell of the cache."""

import runpy
import sys

import numba
import pytest
from buffers import HASWELL, needs_jit, needs_x86

from sknn_concepts.jit import disk_cache

BASELINE = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": HASWELL}

WARM_UP = """
import sys

import sknn_concepts
from sknn_concepts.__main__ import main

everything = sknn_concepts.warmup
sknn_concepts.warmup = lambda sparse, tables: everything(["float32"], ["relu"], ["adam"], tables=tables)
sys.exit(main(["warmup", "--tables", "--into", sys.argv[1]]))
"""

FIT = """
import numpy as np

from sknn_concepts import LogisticRegression, MLPClassifier, TabularClassifier

X, y = np.random.RandomState(0).normal(size=(50, 3)).astype(np.float32), np.arange(50) % 3
TabularClassifier(n_folds=2, random_state=1).fit(X, y).predict(X)
print(MLPClassifier((4,), max_iter=3).fit(X, y).predict(X).size, LogisticRegression().fit(X, y).predict(X).size)
"""


@needs_jit
@needs_x86
def test_a_folder_is_filled_for_a_baseline_of_processors(tmp_path, run_python):
    (tmp_path / "warm.py").write_text(WARM_UP)
    (tmp_path / "fit.py").write_text(FIT)
    folder = tmp_path / "kernels"
    (line,) = run_python(tmp_path / "warm.py", folder, **BASELINE)
    assert line.startswith("Compiled, or found in the cache, in ")
    filled = sorted(folder.rglob("*.nbc"))
    assert len(filled) > 20
    # a process that finds all of them compiles nothing more
    assert run_python("-W", "ignore", tmp_path / "fit.py", NUMBA_CACHE_DIR=str(folder), **BASELINE) == ["50 50"]
    assert sorted(folder.rglob("*.nbc")) == filled


@pytest.fixture
def run_main(monkeypatch, capsys):
    """Run the command line within this process, and return its exit status, output and errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["sknn_concepts", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("sknn_concepts", run_name="__main__")
        return ended.value.code, *capsys.readouterr()

    return run


def test_bad_arguments_of_warmup(tmp_path, run_main):
    (tmp_path / "file").write_text("")
    status, _, errors = run_main("warmup", "--into", tmp_path / "file" / "folder")
    assert status == 2 and "is no folder that can be written to" in errors
    status, _, errors = run_main("warmup", "--in", "x", "--other")
    assert status == 2 and "--other" in errors


@needs_jit
def test_the_cache_is_described_and_cleared(tmp_path, monkeypatch, run_main):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    folder = disk_cache.find_folders().writable
    (folder / "one.nbc").write_bytes(bytes(1_000_000))
    (folder / "other.nbc").write_bytes(bytes(500_000))
    assert run_main("cache") == (0, f"{folder}: 2 files, 1.5 MB\n", "")
    assert run_main("cache", "--clear") == (0, f"Deleted from {folder}: 2 files, 1.5 MB\n", "")
    assert run_main("cache") == (0, f"{folder}: 0 files, 0.0 MB\n", "") and not list(folder.iterdir())


@needs_jit
def test_a_cache_that_cannot_be_cleared(tmp_path, monkeypatch, run_main):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    (disk_cache.find_folders().writable / "folder.nbc").mkdir()  # nobody can unlink a folder
    status, _, errors = run_main("cache", "--clear")
    assert status == 1 and "some files cannot be deleted" in errors
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", "UserProvidedCacheLocator")
    for arguments in (["cache"], ["cache", "--clear"]):
        status, _, errors = run_main(*arguments)
        assert status == 1 and "no folder that can be written to" in errors
