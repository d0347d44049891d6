"""The command line's way to compile kernels in advance, into a folder that other processors can use."""

import runpy
import sys

import pytest
from buffers import HASWELL, needs_jit, needs_x86

BASELINE = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": HASWELL}

WARM_UP = """
import sys

import sknn_concepts
from sknn_concepts.__main__ import main

everything = sknn_concepts.warmup
sknn_concepts.warmup = lambda sparse: everything(["float32"], ["relu"], ["adam"])
sys.exit(main(["warmup", "--into", sys.argv[1]]))
"""

FIT = """
import numpy as np

from sknn_concepts import LogisticRegression, MLPClassifier

X, y = np.random.RandomState(0).normal(size=(50, 3)).astype(np.float32), np.arange(50) % 3
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


def test_bad_arguments_of_warmup(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(sys, "argv", ["sknn_concepts", "warmup", "--into", str(tmp_path / "file" / "folder")])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("sknn_concepts", run_name="__main__")
    assert ended.value.code == 2 and "is no folder that can be written to" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["sknn_concepts", "warmup", "--in", "x", "--other"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("sknn_concepts", run_name="__main__")
    assert ended.value.code == 2 and "--other" in capsys.readouterr().err
