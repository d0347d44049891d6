"""The reference: a page for each public module and for each class and function in its ``__all__``.

The pages are written before Sphinx reads its sources. A public name without a docstring ends the build.
"""

import importlib
import inspect
import pathlib
import textwrap

from sphinx.errors import ExtensionError
from sphinx.pycode import ModuleAnalyzer

PACKAGE = "sknn_concepts"

#: Groups of the reference: for each module, the title of its page.
GROUPS = {
    "Estimators": {"": "Estimators, and compilation"},
    "What a network is made of": {
        "activations": "Activations",
        "initializers": "Initializers",
        "losses": "Losses",
        "optimizers": "Optimizers",
        "schedules": "Learning rate schedules",
        "math": "Elementary functions",
    },
    "Looking into a network": {
        "inspection": "Inspection",
        "pruning": "Pruning",
        "curvature": "Gradients and curvature",
    },
    "Tables": {"tabular": "Encoders and ensembles for tables", "job.table": "Reading of tables"},
    "Around a fit": {"callbacks": "Callbacks", "export": "Export"},
}

#: Names that are documented although their module has no ``__all__``, or does not list them.
ADDITIONAL = {"job.table": ["read_cells", "read_table"], "pruning": ["statistics.NetworkStatistics"]}


def module_path(name):
    """Return the import path of a public module."""
    return f"{PACKAGE}.{name}".rstrip(".")


def public_names(name):
    """Return the objects of a public module by their paths within it, or None if there is no such module."""
    try:
        module = importlib.import_module(module_path(name))
    except ModuleNotFoundError as error:
        if error.name != module_path(name):
            raise
        return None
    objects = {public: getattr(module, public) for public in getattr(module, "__all__", [])}
    for path in ADDITIONAL.get(name, []):
        *inner, last = path.split(".")
        owner = importlib.import_module(".".join([module_path(name), *inner]))
        objects[path] = getattr(owner, last)
    return objects


def kind_of(value):
    """Return what a public object is: a class, a function, or data."""
    if inspect.isclass(value):
        return "Classes"
    return "Functions" if callable(value) else "Data"


def is_documented(name, public, value):
    """Whether a class or function has a docstring of its own, and data a comment or a table of contents."""
    if kind_of(value) == "Data":
        return public == "__version__" or isinstance(value, dict) or bool(comment_of(module_path(name), public))
    doc = value.__doc__ or ""
    inherited = inspect.isclass(value) and any(doc == base.__doc__ for base in value.__mro__[1:])
    return bool(doc.strip()) and not inherited


def undocumented():
    """Return the full names of public objects without documentation."""
    return [
        f"{module_path(name)}.{public}"
        for group in GROUPS.values()
        for name in group
        for public, value in (public_names(name) or {}).items()
        if not is_documented(name, public, value)
    ]


def comment_of(module, public):
    """Return the ``#:`` comment of data."""
    return "\n".join(ModuleAnalyzer.for_module(module).find_attr_docs().get(("", public), []))


def methods_of(cls):
    """Return the documented public methods and properties that this package defines for a class, in order."""
    names = {}
    for base in cls.__mro__:
        if base.__module__.startswith(PACKAGE):
            for name, value in vars(base).items():
                is_method = inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)
                if is_method and not name.startswith("_") and inspect.getdoc(getattr(cls, name)):
                    names.setdefault(name)
    return list(names)


def heading(title, line="="):
    """Return a heading of reStructuredText."""
    return f"{title}\n{line * len(title)}\n"


def object_page(module, path, value):
    """Return the page of a class or function."""
    *inner, last = path.split(".")
    parts = [heading(last), f".. currentmodule:: {'.'.join([module, *inner])}\n"]
    if inspect.isclass(value):
        members = (
            f"\n   :members: {', '.join(methods_of(value))}\n   :member-order: bysource" if methods_of(value) else ""
        )
        parts.append(f".. autoclass:: {last}{members}\n")
    else:
        parts.append(f".. autofunction:: {last}\n")
    parts.append(f".. minigallery:: {module}.{path}\n   :add-heading: Examples\n   :heading-level: -\n")
    return "\n".join(parts)


def data_entry(module, public, value):
    """Return the description of data: its comment, and a table of what names stand for."""
    text = "Version of the package." if public == "__version__" else comment_of(module, public)
    entry = f".. py:data:: {public}\n\n{textwrap.indent(text, '   ')}\n"
    if isinstance(value, dict) and all(inspect.isclass(one) or isinstance(one, str) for one in value.values()):
        rows = [(f"``{name!r}``", target(one)) for name, one in value.items()]
        table = "\n".join(f"   * - {name}\n     - {shown}" for name, shown in rows)
        entry += f"\n   .. list-table::\n\n{textwrap.indent(table, '   ')}\n"
    return entry


def target(one):
    """Return the cell of a table for a class or for a name."""
    if isinstance(one, str):
        return f"``{one!r}``"
    return HOMES.get(one, f"``{one.__name__}``")


#: References to the pages of classes and functions, by object.
HOMES = {}


def module_page(name, title, objects, homes):
    """Return the page of a module: its docstring, tables of its classes and functions, and its data."""
    module = module_path(name)
    parts = [heading(title), f".. automodule:: {module}\n   :no-members:\n", f".. currentmodule:: {module}\n"]
    for kind in ("Classes", "Functions"):
        paths = [path for path, value in objects.items() if kind_of(value) == kind]
        if paths:
            own = [path for path in paths if homes[objects[path]] == f"{module}.{path}"]
            others = [f"~{homes[objects[path]]}" for path in paths if path not in own]
            parts.append(heading(kind, "-"))
            listed = [f"~{path}" if "." in path else path for path in own] + others
            parts.append(".. autosummary::\n   :nosignatures:\n\n" + "".join(f"   {one}\n" for one in listed))
            if own:
                entries = "".join(f"   generated/{module}.{path}\n" for path in own)
                parts.append(f".. toctree::\n   :hidden:\n\n{entries}")
    data = {path: value for path, value in objects.items() if kind_of(value) == "Data"}
    if data:
        parts.append(heading("Data", "-"))
        parts += [data_entry(module, path, value) for path, value in data.items()]
    return "\n".join(parts)


def index_page(pages):
    """Return the first page of the reference, with the modules of each group."""
    parts = [":html_theme.sidebar_secondary.remove:\n", heading("Reference"), INTRODUCTION]
    for group, names in GROUPS.items():
        entries = "".join(f"   {pages[name]}\n" for name in names if name in pages)
        if entries:
            parts += [heading(group, "-"), f".. toctree::\n   :maxdepth: 1\n\n{entries}"]
    return "\n".join(parts)


INTRODUCTION = """\
Every public name, generated from the modules. What is not here may change without notice.
"""


def write(folder):
    """Write all pages of the reference into a folder, and delete those of names that are gone."""
    missing = undocumented()
    if missing:
        raise ExtensionError(f"public names without documentation: {', '.join(missing)}")
    modules = {name: public_names(name) for group in GROUPS.values() for name in group}
    modules = {name: objects for name, objects in modules.items() if objects is not None}
    titles = {name: title for group in GROUPS.values() for name, title in group.items()}
    homes = {}
    for name, objects in modules.items():
        for path, value in objects.items():
            if kind_of(value) != "Data":
                homes.setdefault(value, f"{module_path(name)}.{path}")
    HOMES.update({value: f":obj:`{home.rsplit('.', 1)[1]} <{home}>`" for value, home in homes.items()})
    pages = {name: module_path(name) for name in modules}
    texts = {"index.rst": index_page(pages)}
    for name, objects in modules.items():
        texts[f"{pages[name]}.rst"] = module_page(name, titles[name], objects, homes)
        for path, value in objects.items():
            if homes.get(value) if kind_of(value) != "Data" else False:
                if homes[value] == f"{module_path(name)}.{path}":
                    texts[f"generated/{homes[value]}.rst"] = object_page(module_path(name), path, value)
    update(folder, texts)


def update(folder, texts):
    """Write the files that have changed, so that Sphinx reads only these again."""
    (folder / "generated").mkdir(parents=True, exist_ok=True)
    for path in [*folder.glob("*.rst"), *folder.glob("generated/*.rst")]:
        if path.relative_to(folder).as_posix() not in texts:
            path.unlink()
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def generate(app):
    """Write the reference of the project that is built."""
    write(pathlib.Path(app.srcdir) / "reference")


def setup(app):
    """Connect the extension to Sphinx."""
    app.connect("builder-inited", generate, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
