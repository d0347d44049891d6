"""Tests that the examples in README, the documentation and all docstrings run."""

import doctest
import importlib
import importlib.util
import pathlib
import pkgutil
import re
import sys

import pytest

import sknn_concepts

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODULES = [
    module.name
    for module in pkgutil.walk_packages(sknn_concepts.__path__, "sknn_concepts.")
    if not module.name.endswith("__main__")
]


#: Libraries that examples in docstrings need.
NEEDS = {"sknn_concepts.export.conversion": "onnx"}
NEEDS |= {name: "matplotlib" for name in MODULES if name.startswith("sknn_concepts.inspection.")}


def code_of(page):
    """Blocks of a page; one that begins with ``python needs=LIBRARY`` is left out where that is not installed."""
    blocks = re.findall(r"```python(?: needs=(\w+))?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [code for library, code in blocks if not library or importlib.util.find_spec(library)]


PAGES = [
    page.relative_to(ROOT).as_posix() for page in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))) if code_of(page)
]


def test_the_pages_with_examples_are_found():
    assert {"README.md", "docs/guide.md", "docs/pruning.md", "docs/boosted-trees.md"} <= set(PAGES)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # the shown fits are short on purpose
@pytest.mark.parametrize("name", PAGES)
def test_page_runs(name):
    blocks = code_of(ROOT / name)
    namespace = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, name, "exec"), namespace)


def test_files_named_in_architecture_exist():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.(?:py|toml))`", text))
    assert len(named) > 40
    missing = [name for name in named if not any((folder / name).exists() for folder in (ROOT, ROOT / "sknn_concepts"))]
    assert not missing


@pytest.fixture
def _no_figures_left():
    """Close the figures of examples; matplotlib warns of many."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.mark.usefixtures("_no_figures_left")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    assert doctest.testmod(importlib.import_module(name)).failed == 0
