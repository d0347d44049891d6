"""The house: imports run downwards, one decorator, formulas have sources, and importing is light."""

import ast
import importlib.util
import pathlib
import re

import pytest

from sknn_concepts.activations import ACTIVATIONS
from sknn_concepts.curvature.diagonals import HESSIAN_METHODS
from sknn_concepts.initializers import INITIALIZERS
from sknn_concepts.losses import LOSSES
from sknn_concepts.optimizers import OPTIMIZERS
from sknn_concepts.pruning.criteria import CRITERIA
from sknn_concepts.pruning.pruners import PRUNERS
from sknn_concepts.schedules import SCHEDULES

#: The packages and modules of the project from the bottom up; each imports only from those before it, or from itself.
LAYERS = (
    ("_docstrings", "_logging", "_typing", "_version", "_warnings"),
    ("jit",),
    ("_polynomials",),
    ("math",),
    ("gemm",),
    ("activations", "initializers", "losses", "optimizers", "schedules"),
    ("strategies",),  # former paths of the modules before
    ("network",),
    ("linear",),
    ("validation",),
    ("curvature",),
    ("training",),
    ("pruning",),
    ("callbacks",),
    ("estimators",),
    ("tabular",),
    ("_warmup",),
    ("__init__",),
    ("export",),
    ("inspection",),
    ("dask",),
    ("job",),
    ("__main__",),
)
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}

#: What computes with arrays alone, without scikit-learn.
NUMERIC = {name for names in LAYERS[: LAYERS.index(("linear",)) + 1] for name in names}

#: Most files of a folder, and most lines of a file.
MAX_FILES, MAX_LINES = 15, 400

#: What makes a kernel; elsewhere than in `jit` only the project's own decorator does.
DECORATORS = {"jit", "njit", "vectorize", "guvectorize", "cfunc", "stencil", "jitclass", "generated_jit"}

REGISTRIES = (ACTIVATIONS, CRITERIA, HESSIAN_METHODS, INITIALIZERS, LOSSES, OPTIMIZERS, PRUNERS, SCHEDULES)


def sources(package):
    """Text of every file of the package, by path inside it."""
    return {path.relative_to(package).as_posix(): path.read_text() for path in sorted(package.rglob("*.py"))}


def layer_of(module):
    """Number of the layer of a module of the package, given by its parts without the package's name."""
    return LAYER.get(module[0] if module else "__init__", LAYER["__init__"])


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
    """Pairs of a file and a module that it imports from another part of its layer, or from a higher one."""
    for path, text in files.items():
        parts = pathlib.PurePosixPath(path).with_suffix("").parts
        for module in imports(path, text):
            if module[0] != "sknn_concepts" or module[1:2] == list(parts[:1]):
                continue
            if layer_of(module[1:]) >= layer_of(parts):
                yield path, ".".join(module)


def circles(files):
    """Modules of the package that import each other, directly or through others."""
    names = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in files}
    graph = {}
    for name, path in names.items():
        found = (module[1:] for module in imports(path, files[path]) if module[0] == "sknn_concepts")
        imported = {".".join(parts if ".".join(parts) in names else parts[:-1]) for parts in found}
        graph[name] = imported - {name, "", "__init__"}
    while free := [name for name, others in graph.items() if not others & graph.keys()]:
        for name in free:
            del graph[name]
    return sorted(graph)


def foreign_imports(files, library):
    """Files of the numeric layers that import a library."""
    for path, text in files.items():
        if pathlib.PurePosixPath(path).with_suffix("").parts[0] in NUMERIC:
            if any(module[0] == library for module in imports(path, text)):
                yield path


def foreign_decorators(files):
    """Pairs of a file outside `jit` and a decorator of Numba that it imports or uses."""
    for path, text in files.items():
        if path.startswith("jit/"):
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
        ("jit/decorator.py", "from sknn_concepts.losses import base"),
        ("jit/decorator.py", "import sknn_concepts.network.layers"),
        ("losses/base.py", "from sknn_concepts import network"),
        ("losses/base.py", "from ..network import layers"),
        ("losses/base.py", "from sknn_concepts.activations import ReLU"),
        ("network/layers.py", "def late():\n    from ..estimators.mlp_classifier import MLPClassifier"),
        ("estimators/mlp_classifier.py", "from sknn_concepts import plotting"),
        ("estimators/mlp_classifier.py", "from .. import job"),
    ],
)
def test_an_import_that_runs_upwards_is_seen(path, line):
    assert [file for file, _ in upward_imports({path: line})] == [path]


def test_imports_downwards_and_within_a_package_are_let_through():
    lines = ["import numpy.linalg", "from . import layout", "from ..jit import decorator"]
    lines += ["from sknn_concepts.losses import base"]
    files = {"network/layers.py": "\n".join(lines), "job/search.py": "from sknn_concepts import MLPClassifier"}
    assert list(upward_imports(files)) == []


def test_no_import_runs_in_a_circle(package):
    assert circles(sources(package)) == []
    planted = {"network/a.py": "from .b import x", "network/b.py": "from sknn_concepts.network import a"}
    assert circles(planted) == ["network.a", "network.b"]


def test_every_part_of_the_package_has_its_layer(package):
    parts = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert parts == set(LAYER)


def test_folders_and_files_stay_readable(package):
    lengths = {path: text.count("\n") for path, text in sources(package).items()}
    assert [path for path, length in lengths.items() if length > MAX_LINES] == []
    folders = [pathlib.PurePosixPath(path).parent for path in lengths]
    assert [folder for folder in set(folders) if folders.count(folder) > MAX_FILES] == []


@pytest.mark.parametrize("library", ["sklearn", "pandas", "matplotlib", "torch"])
def test_the_numeric_layers_know_arrays_only(package, library):
    files = sources(package)
    assert list(foreign_imports(files, library)) == []
    planted = {
        "network/layers.py": f"def late():\n    from {library}.base import x",
        "job/table.py": f"import {library}",
    }
    assert list(foreign_imports(planted, library)) == ["network/layers.py"]


def test_one_decorator(package):
    assert list(foreign_decorators(sources(package))) == []


@pytest.mark.parametrize(
    "text",
    ["from numba import njit", "from numba.experimental import jitclass", "import numba\n@numba.jit\ndef f(): pass"],
)
def test_another_decorator_is_seen(text):
    assert list(foreign_decorators({"network/layers.py": text}))
    assert not list(foreign_decorators({"jit/decorator.py": text}))


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
    if module.name.split(".")[1] not in ("job", "__main__"):
        things = vars(importlib.import_module(module.name)).values()
        dispatchers += [thing for thing in things if isinstance(thing, Dispatcher)]
heavy = {"pandas", "polars", "matplotlib", "torch", "rich", "onnx", "skl2onnx"} & (set(sys.modules) - before)
compiled = sum(len(dispatcher.signatures) for dispatcher in dispatchers)
print(len(dispatchers) > 10, compiled, len(compilations.buffer), heavy)

from sknn_concepts.jit.decorator import kernel

kernel(lambda x: x)(1.0)
print(len(compilations.buffer) > 0)  # so much for the listener
"""


def test_importing_compiles_nothing_and_stays_light(tmp_path, run_python):
    (tmp_path / "script.py").write_text(IMPORTS)
    environment = {"NUMBA_DISABLE_JIT": "0", "NUMBA_CACHE_DIR": str(tmp_path)}
    assert run_python(tmp_path / "script.py", **environment) == ["True 0 0 set()", "True"]


def test_the_package_is_found_where_the_tests_think(package):
    assert importlib.util.find_spec("sknn_concepts").origin == str(package / "__init__.py")


FORMER_PATHS = """
from sknn_concepts.strategies.activations import Activation
from sknn_concepts.strategies.losses import Loss

import sknn_concepts.activations
import sknn_concepts.losses

print(Activation is sknn_concepts.activations.Activation, Loss is sknn_concepts.losses.Loss)
"""


def test_former_paths_lead_to_the_same_modules(tmp_path, run_python):
    (tmp_path / "script.py").write_text(FORMER_PATHS)
    assert run_python(tmp_path / "script.py") == ["True True"]
