"""What is public: the modules of the reference, and the names in their ``__all__``."""

import functools
import importlib
import inspect
import sys

from sphinx.pycode import ModuleAnalyzer

PACKAGE = "sknn_concepts"

#: Groups of the reference: for each module, the title of its page.
GROUPS = {
    "Estimators": {"": "Estimators and compilation"},
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
    "Tables": {
        "tabular": "Encoders and ensembles for tables",
        "job.table": "Reading of tables",
        "job.streaming": "Data larger than the memory",
    },
    "Around a fit": {"callbacks": "Callbacks", "export": "Export"},
    "Clusters": {"dask": "Fits and searches over Dask"},
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


@functools.cache
def public_modules():
    """Return the objects of each public module."""
    modules = {name: public_names(name) for group in GROUPS.values() for name in group}
    return {name: objects for name, objects in modules.items() if objects is not None}


@functools.cache
def homes():
    """Return the full name of each class and function, under which it is documented."""
    found = {}
    for name, objects in public_modules().items():
        for path, value in objects.items():
            if kind_of(value) != "Data":
                found.setdefault(value, f"{module_path(name)}.{path}")
    return found


def kind_of(value):
    """Return what a public object is: "Classes", "Functions" or "Data"."""
    if inspect.isclass(value):
        return "Classes"
    return "Functions" if callable(value) else "Data"


def comment_of(module, public):
    """Return the ``#:`` comment of data, in the public module or in the one below it that defines the data."""
    value = getattr(sys.modules[module], public)
    below = [name for name in sorted(sys.modules) if name == module or name.startswith(f"{module}.")]
    for name in (name for name in below if getattr(sys.modules[name], public, None) is value):
        if lines := ModuleAnalyzer.for_module(name).find_attr_docs().get(("", public)):
            return "\n".join(lines)
    return ""


def undocumented():
    """Return the full names of public objects without documentation."""
    return [
        f"{module_path(name)}.{public}"
        for name, objects in public_modules().items()
        for public, value in objects.items()
        if not _is_documented(module_path(name), public, value)
    ]


def _is_documented(module, public, value):
    """Whether a class or function has a docstring of its own, and data a comment or names, which a table shows."""
    if kind_of(value) == "Data":
        return public == "__version__" or isinstance(value, dict) or bool(comment_of(module, public))
    doc = value.__doc__ or ""
    is_inherited = inspect.isclass(value) and any(doc == base.__doc__ for base in value.__mro__[1:])
    return bool(doc.strip()) and not is_inherited


def own_methods(cls):
    """Return the names of documented public methods and properties that this package defines for a class."""
    names = {}
    for base in cls.__mro__:
        if base.__module__.startswith(PACKAGE):
            for name, value in vars(base).items():
                is_method = inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)
                is_method |= hasattr(value, "fn")  # available_if of scikit-learn
                # sklearn-onnx calls the methods of this beginning
                if is_method and not name.startswith(("_", "onnx_")) and inspect.getdoc(getattr(cls, name)):
                    names.setdefault(name)
    return list(names)


def inherited_methods(cls):
    """Return the names of public methods that a class has from scikit-learn."""
    own = {name for base in cls.__mro__ if base.__module__.startswith(PACKAGE) for name in vars(base)}
    from_sklearn = {name for base in cls.__mro__ if base.__module__.startswith("sklearn") for name in vars(base)}
    return sorted(name for name in from_sklearn - own if not name.startswith("_") and callable(getattr(cls, name)))
