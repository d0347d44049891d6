"""Tests that the examples in README, the documentation and all docstrings run, and print what the pages show."""

import contextlib
import doctest
import importlib
import importlib.util
import io
import os
import pathlib
import pkgutil
import re
import sys
from unittest import mock

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
NEEDS |= {name: "distributed" for name in MODULES if name.startswith("sknn_concepts.dask")}


#: A block of code, and the block of what it prints, if one follows.
BLOCK = re.compile(r"```python(?: needs=([\w,]+))?\n(.*?)```(?:\n\n```text output\n(.*?)```)?", re.DOTALL)


def code_of(page):
    """Blocks of a page with what they print; those that need a library that is not installed are left out."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(code, output) for needs, code, output in blocks if all(map(is_installed, filter(None, needs.split(","))))]


def is_installed(name):
    """Whether a library is installed; some that have been imported replace their module by one without a spec."""
    return name in sys.modules or importlib.util.find_spec(name) is not None


def same_output(shown, printed):
    """Whether the words are the same, and numbers about the same, since rounding differs between processors."""
    number = r"\d+(?:,\d{3})*(?:\.\d*)?"
    words = [re.sub(number, "0", re.sub(r"\s+", " ", text)).strip() for text in (shown, printed)]
    numbers = [[float(found.replace(",", "")) for found in re.findall(number, text)] for text in (shown, printed)]
    return words[0] == words[1] and numbers[1] == pytest.approx(numbers[0], rel=0.2, abs=0.1)


ALL_PAGES = [
    page.relative_to(ROOT).as_posix()
    for page in (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")))
    if "_build" not in page.parts
]
PAGES = [name for name in ALL_PAGES if code_of(ROOT / name)]


def test_the_pages_with_examples_are_found():
    assert {"README.md", "docs/guide.md", "docs/pruning.md", "docs/boosted-trees.md", "docs/index.md"} <= set(PAGES)
    assert {path.parent.name for path in map(pathlib.Path, PAGES)} >= {"start", "how-to"}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # the shown fits are short on purpose
@pytest.mark.parametrize("name", PAGES)
def test_page_runs(name):
    blocks = code_of(ROOT / name)
    namespace = {"__name__": "page"}
    with mock.patch.dict(os.environ):  # in which workers of Dask leave variables
        for block, shown in blocks:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(block, name, "exec"), namespace)
            assert not shown or same_output(shown, printed.getvalue()), printed.getvalue()


def test_other_outputs_are_noticed():
    assert same_output("accuracy 0.97,\n  after 20 epochs", "accuracy 0.96, after 20 epochs\n")
    assert not same_output("accuracy 0.97", "accuracy 0.67") and not same_output("accuracy 0.97", "score 0.97")

    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ALL_PAGES]
    found = [output for page in pages for _, _, output in BLOCK.findall(page) if output]
    assert len(found) == sum(page.count("```text output") for page in pages) > 5  # each belongs to a block of code


@pytest.mark.parametrize("name", ALL_PAGES)
def test_links_lead_to_files(name):
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", (ROOT / name).read_text(encoding="utf-8"))
    assert not [link for link in links if not (ROOT / name).parent.joinpath(link).exists()]


def test_every_public_name_is_in_the_reference(monkeypatch):
    """The modules are those that architecture.md calls public."""
    pytest.importorskip("sphinx")
    pytest.importorskip("distributed")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_extensions"))
    names = importlib.import_module("public_names")
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("## What is public", 1)[1].split("\n## ", 1)[0]
    cells = " ".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))
    named = {name.removeprefix("sknn_concepts").lstrip(".") for name in re.findall(r"`([\w.]+)`", cells)}
    assert len(named) > 10 and set(names.public_modules()) == named
    assert not names.undocumented()


def test_links_of_the_site_that_lead_nowhere_are_found(tmp_path, monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_extensions"))
    (tmp_path / "one.html").write_text('<a href="two.html#here">1</a><a href="#there">2</a><a href="https://x.y">3</a>')
    (tmp_path / "two.html").write_text('<p id="here"><a href="one.html">4</a><img src="none.png"></p>')
    broken = importlib.import_module("local_links").broken_links(tmp_path)
    assert broken == [("one.html", "#there"), ("two.html", "none.png")]


def test_the_picture_of_the_first_page_is_drawn(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "images"))
    importlib.import_module("overview").draw(tmp_path / "overview.svg")
    assert (tmp_path / "overview.svg").stat().st_size > 10_000


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
