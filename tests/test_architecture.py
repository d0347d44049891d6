"""The house: imports run downwards, one decorator, formulas have sources, and importing is light."""

import ast
import importlib.util
import pathlib
import re

import pytest

from sknn_concepts.strategies.activations import ACTIVATIONS
from sknn_concepts.strategies.initializers import INITIALIZERS
from sknn_concepts.strategies.losses import LOSSES
from sknn_concepts.strategies.optimizers import OPTIMIZERS
from sknn_concepts.strategies.pruners import PRUNERS
from sknn_concepts.strategies.schedules import SCHEDULES

FLOORS = {"ground": 0, "strategies": 1, "engine": 2, "estimators": 3}
TOOLS = 4  # everything else of the package, the command line included
ENGINE_AND_BELOW = 2

#: What makes a kernel; elsewhere than on the ground floor only the project's own decorator does.
DECORATORS = {"jit", "njit", "vectorize", "guvectorize", "cfunc", "stencil", "jitclass", "generated_jit"}

REGISTRIES = (ACTIVATIONS, INITIALIZERS, LOSSES, OPTIMIZERS, PRUNERS, SCHEDULES)


def sources(package):
    """Text of every file of the package, by path inside it."""
    return {path.relative_to(package).as_posix(): path.read_text() for path in sorted(package.rglob("*.py"))}


def floor_of(module):
    """Floor of a module of the package, given by its parts without the package's name."""
    return FLOORS.get(module[0], TOOLS) if module else TOOLS


def imports(path, text):
    """Modules that a file imports anywhere in it, relative imports resolved, as lists of parts."""
    here = ["sknn_concepts", *pathlib.PurePosixPath(path).parts[:-1]]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            yield from ([*base, alias.name] for alias in node.names)


def upward_imports(files):
    """Pairs of a file and a module on a higher floor that it imports."""
    for path, text in files.items():
        floor = floor_of(pathlib.PurePosixPath(path).with_suffix("").parts)
        for module in imports(path, text):
            if module[0] == "sknn_concepts" and floor_of(module[1:]) > floor:
                yield path, ".".join(module)


def foreign_imports(files, library):
    """Files of the engine and below that import a library."""
    for path, text in files.items():
        if floor_of(pathlib.PurePosixPath(path).parts) <= ENGINE_AND_BELOW:
            if any(module[0] == library for module in imports(path, text)):
                yield path


def foreign_decorators(files):
    """Pairs of a file outside the ground floor and a decorator of Numba that it imports or uses."""
    for path, text in files.items():
        if path.startswith("ground/"):
            continue
        for module in imports(path, text):
            if module[0] == "numba" and DECORATORS & set(module):
                yield path, ".".join(module)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and node.attr in DECORATORS:
                yield path, ast.unparse(node)


def without_source(strategy_class):
    """Whether a class tells neither a formula nor an author and a year."""
    told = strategy_class.__dict__.get("__doc__") or ""
    prose = told.split("Parameters\n")[0]
    formula = re.search(r" = |[\w)]\^|\w\([\w, -]+\)|\|", prose)
    source = re.search(r"[A-Z]\w+.*\b(19|20)\d\d\b", prose, re.DOTALL)
    return not (formula or source)


def test_imports_run_downwards(package):
    assert list(upward_imports(sources(package))) == []


@pytest.mark.parametrize(
    "path, line",
    [
        ("ground/jit.py", "from sknn_concepts.strategies import base"),
        ("ground/jit.py", "import sknn_concepts.engine.network"),
        ("strategies/losses.py", "from sknn_concepts import engine"),
        ("strategies/losses.py", "from ..engine import network"),
        ("engine/network.py", "def late():\n    from ..estimators.mlp_classifier import MLPClassifier"),
        ("estimators/mlp_classifier.py", "from sknn_concepts import plotting"),
        ("estimators/mlp_classifier.py", "from .. import job"),
    ],
)
def test_an_import_that_runs_upwards_is_seen(path, line):
    assert [file for file, _ in upward_imports({path: line})] == [path]


def test_imports_downwards_and_sideways_are_let_through():
    lines = ["import numpy.engine", "from . import products", "from ..ground import jit"]
    lines += ["from sknn_concepts.strategies import base"]
    files = {"engine/network.py": "\n".join(lines), "job/search.py": "from sknn_concepts import MLPClassifier"}
    assert list(upward_imports(files)) == []


@pytest.mark.parametrize("library", ["sklearn", "pandas", "matplotlib", "torch"])
def test_the_engine_knows_arrays_only(package, library):
    files = sources(package)
    assert list(foreign_imports(files, library)) == []
    planted = {
        "engine/network.py": f"def late():\n    from {library}.base import x",
        "job/table.py": f"import {library}",
    }
    assert list(foreign_imports(planted, library)) == ["engine/network.py"]


def test_one_decorator(package):
    assert list(foreign_decorators(sources(package))) == []


@pytest.mark.parametrize(
    "text",
    ["from numba import njit", "from numba.experimental import jitclass", "import numba\n@numba.jit\ndef f(): pass"],
)
def test_another_decorator_is_seen(text):
    assert list(foreign_decorators({"engine/network.py": text}))
    assert not list(foreign_decorators({"ground/jit.py": text}))


def test_every_entry_tells_its_formula_or_source():
    classes = {getattr(make, "func", make) for registry in REGISTRIES for make in registry.values()}
    assert [strategy_class.__name__ for strategy_class in classes if without_source(strategy_class)] == []


def test_an_entry_without_formula_and_source_is_seen():
    class Bare(ACTIVATIONS["relu"]):
        pass

    class Vague(ACTIVATIONS["relu"]):
        """A very good activation.

        Parameters
        ----------
        scale : float, default=1.0
            Where f(z) = scale z (Someone, 1999).
        """

    assert without_source(Bare) and without_source(Vague)


IMPORTS = """
import importlib
import pkgutil
import sys

import numba.core.event as event
import sklearn.linear_model
import sklearn.neural_network
from numba.core.dispatcher import Dispatcher

compilations = event.RecordingListener()
event.register("numba:compile", compilations)
before = set(sys.modules)  # scikit-learn itself imports pandas where it finds it

import sknn_concepts

dispatchers = []
for module in pkgutil.walk_packages(sknn_concepts.__path__, "sknn_concepts."):
    if module.name.split(".")[1] in ("ground", "strategies", "engine", "estimators"):
        things = vars(importlib.import_module(module.name)).values()
        dispatchers += [thing for thing in things if isinstance(thing, Dispatcher)]
heavy = {"pandas", "polars", "matplotlib", "torch", "rich", "onnx"} & (set(sys.modules) - before)
compiled = sum(len(dispatcher.signatures) for dispatcher in dispatchers)
print(len(dispatchers) > 10, compiled, len(compilations.buffer), heavy)

from sknn_concepts.ground.jit import kernel

kernel(lambda x: x)(1.0)
print(len(compilations.buffer) > 0)  # so much for the listener
"""


def test_importing_compiles_nothing_and_stays_light(tmp_path, run_python):
    (tmp_path / "script.py").write_text(IMPORTS)
    environment = {"NUMBA_DISABLE_JIT": "0", "NUMBA_CACHE_DIR": str(tmp_path)}
    assert run_python(tmp_path / "script.py", **environment) == ["True 0 0 set()", "True"]


def test_the_package_is_found_where_the_tests_think(package):
    assert importlib.util.find_spec("sknn_concepts").origin == str(package / "__init__.py")
    assert set(FLOORS) <= {path.name for path in package.iterdir()}
