"""Scaffolding of the tests: a Numba cache of their own, and Python processes of their own.

The cache folder is named by a digest of the package's sources: an edited source never meets old machine code, and an
unchanged one is compiled once. It is chosen here, before anything imports Numba; subprocesses inherit it.
"""

import hashlib
import importlib
import importlib.util
import os
import pathlib
import pkgutil
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest

PACKAGE = pathlib.Path(importlib.util.find_spec("sknn_concepts").origin).parent
TESTS = pathlib.Path(__file__).parent


def digest_of(folder):
    """Digest of the Python sources below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


if "numba" in sys.modules:
    raise RuntimeError("Numba was imported before the tests could choose its cache folder.")
USER = getattr(os, "getuid", int)()  # temporary folders are shared between users
CHECKED = "-checked" if os.environ.get("NUMBA_BOUNDSCHECK", "0") != "0" else ""  # other machine code
CACHE = pathlib.Path(tempfile.gettempdir(), f"sknn_concepts-tests-{USER}", digest_of(PACKAGE) + CHECKED)
CACHE.mkdir(parents=True, exist_ok=True)
os.utime(CACHE)
for other in CACHE.parent.iterdir():
    if time.time() - other.stat().st_mtime > 24 * 3600:  # of sources that were edited since
        shutil.rmtree(other, ignore_errors=True)
os.environ["NUMBA_CACHE_DIR"] = str(CACHE)


def pytest_configure(config):
    """Without the JIT, let integers of kernels wrap around, as they do in machine code; NumPy warns of it."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        config.addinivalue_line("filterwarnings", "ignore:overflow encountered in scalar:RuntimeWarning")


def pytest_addoption(parser):
    """Add the option of a run that is meant to reach every kernel."""
    parser.addoption("--every-kernel", action="store_true", help="list kernels that no test compiled, and fail if any")


def kernels():
    """Kernels of the package by name, each with the number of its compiled forms, in this process and others."""
    found = {}
    for module in pkgutil.walk_packages([str(PACKAGE)], "sknn_concepts."):
        if module.name.split(".")[1] not in ("job", "__main__"):
            for name, thing in vars(importlib.import_module(module.name)).items():
                # kernels without files of their own are parts of others
                if hasattr(thing, "py_func") and thing.__module__ == module.name and hasattr(thing._cache, "files"):
                    found[f"{module.name}.{name}"] = max(len(thing.signatures), len(thing._cache.files()))
    return found


def pytest_sessionfinish(session):
    """Fail a run that is meant to reach every kernel, and does not."""
    if session.config.getoption("every_kernel") and not all(kernels().values()):
        session.exitstatus = session.exitstatus or 1


def pytest_terminal_summary(terminalreporter, config):
    """Tell how many kernels were compiled, and list the others."""
    if config.getoption("every_kernel"):
        found = kernels()
        reached = sum(map(bool, found.values()))
        terminalreporter.section("kernels")
        terminalreporter.line(f"{reached} of {len(found)} compiled, in {sum(found.values())} forms")
        for name, count in found.items():
            if not count:
                terminalreporter.line(f"never compiled: {name}")


@pytest.fixture(autouse=True)
def _same_random_numbers():
    """Let estimators without a `random_state` draw the same numbers in each run: they use NumPy's own generator."""
    np.random.seed(0)


@pytest.fixture(scope="session")
def package():
    """Folder of the package under test."""
    return PACKAGE


@pytest.fixture(scope="session")
def digest_of_sources():
    """The function that names the cache folder."""
    return digest_of


def start_python(script, *arguments, **environment):
    """Start a script in a fresh process that knows the package and the tests' helpers, with warnings as errors."""
    paths = [str(PACKAGE.parent), str(TESTS), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment}
    command = [sys.executable, "-W", "error", str(script), *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, text=True, **pipes)


def finish(process):
    """Lines that a process printed; its traceback if it failed."""
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output.splitlines()


@pytest.fixture
def run_python():
    """Run a script, as `start_python` starts it, and return the lines it printed."""
    return lambda *arguments, **environment: finish(start_python(*arguments, **environment))


@pytest.fixture
def start_script():
    """Start a script, as `start_python` does, in a process that a test may kill."""
    return start_python


@pytest.fixture
def run_together():
    """Run scripts at the same time, one for each tuple of arguments, and return the lines that each printed."""

    def run(commands, **environment):
        processes = [start_python(*command, **environment) for command in commands]
        return [finish(process) for process in processes]

    return run
