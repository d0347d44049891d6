"""The reference: a page for each public module and for each class and function in its ``__all__``.

The pages are written before Sphinx reads its sources. A public name without documentation ends the build.
"""

import functools
import inspect
import pathlib
import textwrap

from public_names import (
    GROUPS,
    comment_of,
    homes,
    inherited_methods,
    kind_of,
    module_path,
    own_methods,
    public_modules,
    undocumented,
)
from sphinx.errors import ExtensionError
from sphinx.ext import autosummary

INTRODUCTION = "Every public name, generated from the modules. What is not here may change without notice.\n"


def heading(title, line="="):
    """Return a heading of reStructuredText."""
    return f"{title}\n{line * len(title)}\n"


def toctree(names):
    """Return a hidden toctree."""
    return ".. toctree::\n   :hidden:\n\n" + "".join(f"   {name}\n" for name in names)


def reference(value):
    """Return a reference to what a name in a registry stands for: a class, a class with arguments, or another name."""
    if isinstance(value, functools.partial):
        return (
            f"{reference(value.func)} with {', '.join(f'``{name}={one!r}``' for name, one in value.keywords.items())}"
        )
    if value in homes():
        return f":obj:`{homes()[value].rsplit('.', 1)[1]} <{homes()[value]}>`"
    return f"``{value!r}``" if isinstance(value, str) else f"``{value.__name__}``"


def object_page(full_name, value):
    """Return the page of a class or function."""
    module, last = full_name.rsplit(".", 1)
    parts = [heading(last), f".. currentmodule:: {module}\n"]
    if inspect.isclass(value):
        methods, inherited = own_methods(value), inherited_methods(value)
        members = f"\n   :members: {', '.join(methods)}" if methods else ""
        parts.append(f".. autoclass:: {last}{members}\n")
        if inherited:
            parts.append(f"Methods of scikit-learn: {', '.join(f'``{name}``' for name in inherited)}.\n")
    else:
        parts.append(f".. autofunction:: {last}\n")
    parts.append(f".. minigallery:: {full_name}\n   :add-heading: Examples\n   :heading-level: -\n")
    return "\n".join(parts)


def data_entry(module, public, value):
    """Return the description of data: its comment, and a table of what names stand for."""
    text = "Version of the package." if public == "__version__" else comment_of(module, public)
    entry = f".. py:data:: {public}\n\n{textwrap.indent(text, '   ')}\n"
    if isinstance(value, dict) and all(callable(one) or isinstance(one, str) for one in value.values()):
        rows = "\n".join(f"      * - ``{name!r}``\n        - {reference(one)}" for name, one in value.items())
        entry += f"\n   .. list-table::\n\n{rows}\n"
    return entry


def module_page(module, title, objects):
    """Return the page of a module: its docstring, tables of its classes and functions, and its data."""
    parts = [heading(title), f".. automodule:: {module}\n   :no-members:\n", f".. currentmodule:: {module}\n"]
    for kind in ("Classes", "Functions"):
        names = [homes()[value] for value in objects.values() if kind_of(value) == kind]
        if names:
            listed = [name.removeprefix(f"{module}.") for name in names]
            entries = "".join(f"   {'~' if '.' in name else ''}{name}\n" for name in listed)
            parts += [heading(kind, "-"), f".. autosummary::\n   :nosignatures:\n\n{entries}"]
            parts.append(toctree(f"generated/{name}" for name in names if name.startswith(f"{module}.")))
    data = {path: value for path, value in objects.items() if kind_of(value) == "Data"}
    if data:
        parts.append(heading("Data", "-"))
        parts += [data_entry(module, path, value) for path, value in data.items()]
    return "\n".join(parts)


def index_page():
    """Return the first page of the reference, with the names of each module."""
    parts = [":html_theme.sidebar_secondary.remove:\n", heading("Reference"), INTRODUCTION]
    for group, titles in GROUPS.items():
        present = [name for name in titles if name in public_modules()]
        if not present:
            continue
        parts += [heading(group, "-"), toctree(map(module_path, present)), ".. list-table::\n   :widths: 1 3\n"]
        for name in present:
            links = ", ".join(reference(one) for one in public_modules()[name].values() if kind_of(one) != "Data")
            parts.append(f"   * - :doc:`{titles[name]} <{module_path(name)}>`\n     - {links}")
        parts.append("")
    return "\n".join(parts)


def pages():
    """Return the text of all pages by file name."""
    titles = {name: title for group in GROUPS.values() for name, title in group.items()}
    texts = {"index.rst": index_page()}
    for name, objects in public_modules().items():
        texts[f"{module_path(name)}.rst"] = module_page(module_path(name), titles[name], objects)
    return texts | {f"generated/{name}.rst": object_page(name, value) for value, name in homes().items()}


def write(folder, texts):
    """Write the files that have changed, so that Sphinx reads only these again, and delete those that are gone."""
    (folder / "generated").mkdir(parents=True, exist_ok=True)
    for path in [*folder.glob("*.rst"), *folder.glob("generated/*.rst")]:
        if path.relative_to(folder).as_posix() not in texts:
            path.unlink()
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def generate(app):
    """Write the reference of the site that is built."""
    if missing := undocumented():
        raise ExtensionError(f"public names without documentation: {', '.join(missing)}")
    write(pathlib.Path(app.srcdir) / "reference", pages())


def setup(app):
    """Connect the extension to Sphinx."""
    autosummary.WELL_KNOWN_ABBREVIATIONS += ("eq.", "eqs.", "sec.")  # they end no sentence
    app.connect("builder-inited", generate, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
