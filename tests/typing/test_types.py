"""Type checkers accept a user's script in their strict modes, and the script runs."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import sknn_concepts

SCRIPT = pathlib.Path(__file__).with_name("user_script.py")

#: Options of mypy for a script that uses an installed package.
MYPY = ("-m", "mypy", "--strict", "--config-file=", "--ignore-missing-imports", "--follow-imports=silent")


def check(*command):
    variables = os.environ.copy()
    folder = pathlib.Path(sknn_concepts.__file__).parents[1]
    if folder.name != "site-packages":  # where mypy finds the package by itself
        variables["MYPYPATH"] = str(folder)
    done = subprocess.run(command, capture_output=True, text=True, cwd=SCRIPT.parent, env=variables)
    # as for an installed package, only what is wrong in the script counts
    return [line for line in done.stdout.splitlines() if SCRIPT.name in line and "error" in line], done


def test_the_script_runs():
    lines, done = check(sys.executable, "-W", "ignore", str(SCRIPT))
    assert done.returncode == 0, done.stderr


def test_mypy_accepts_the_script():
    pytest.importorskip("mypy", reason="mypy is not installed")
    errors, done = check(sys.executable, *MYPY, str(SCRIPT))
    assert not errors and done.returncode == 0, done.stdout + done.stderr


def test_mypy_finds_a_wrong_argument(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    wrong = tmp_path / "wrong.py"
    wrong.write_text('from sknn_concepts import MLPClassifier\n\nMLPClassifier(max_iter="many")\n')
    _, done = check(sys.executable, *MYPY, str(wrong))
    assert 'Argument "max_iter"' in done.stdout


def test_pyright_accepts_the_script():
    checker = shutil.which("pyright") or shutil.which("basedpyright")
    if checker is None:
        pytest.skip("neither pyright nor basedpyright is installed")
    errors, done = check(checker, "--pythonpath", sys.executable, "--level", "error", str(SCRIPT))
    assert not errors, done.stdout
