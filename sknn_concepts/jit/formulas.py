"""Formulas, the methods of strategies: a digest of what they compute, and their compilation.

Numba compiles a formula once everything that it uses can be compiled, too. Plain functions are compiled with whatever
they use in turn; objects that only hold functions and numbers (modules, classes, namespaces) are replaced by stand-ins
that hold the used ones.
"""

import enum
import functools
import hashlib
import inspect
import types as python_types

import numba
import numpy as np
from numba.core.errors import NumbaError
from numba.core.registry import cpu_target

from sknn_concepts.jit.decorator import OPTIONS, REORDER

#: Packages whose modules Numba knows, or whose functions are its own.
KNOWN = {"builtins", "cmath", "math", "numba", "numpy", "operator", "sknn_concepts"}

#: Types of objects that hold no function.
_FINISHED = python_types.FunctionType | int | float | str | tuple | list | np.ndarray

_MISSING = object()


class _ByIdentity:
    """A code object as the key of a cache: code objects that are equal may differ in 0.0 and -0.0."""

    def __init__(self, code):
        self.code = code

    def __eq__(self, other):
        return self.code is other.code

    def __hash__(self):
        return id(self.code)


@functools.lru_cache(1024)
def _read(code):
    """Description of byte code as bytes, and names of the globals and attributes that it and inner functions use."""
    code = code.code
    described, names = [code.co_code, code.co_names, code.co_varnames[: code.co_argcount]], set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, python_types.CodeType):  # whose repr holds an address
            inner, inner_names = _read(_ByIdentity(constant))
            described.append(inner)
            names.update(inner_names)
        else:
            described.append(sorted(constant, key=repr) if isinstance(constant, frozenset) else constant)
    return repr(described).encode(), tuple(sorted(names))


def unwrap(used):
    """The plain function behind what is called or looked up, or `used` itself if there is none."""
    if isinstance(used, staticmethod | classmethod):
        return used.__func__
    if isinstance(used, property):
        return used.fget
    if isinstance(used, functools.cached_property):
        return used.func
    if isinstance(used, _FINISHED):
        return used
    used = getattr(used, "py_func", used)  # what was compiled
    used = getattr(getattr(used, "_dispatcher", None), "py_func", used)  # by numba.vectorize
    if not isinstance(used, python_types.FunctionType | type | python_types.ModuleType):
        used = inspect.getattr_static(used, "__wrapped__", used)  # by functools.cache
    return used


def is_property(attribute):
    """Whether an attribute of a class is computed from the instance."""
    return isinstance(attribute, property | functools.cached_property)


def holds_names(used):
    """Whether an object only holds functions and numbers, as a module, a class or a namespace does."""
    if isinstance(used, python_types.ModuleType):
        return used.__name__.partition(".")[0] not in KNOWN
    if isinstance(used, type):  # ours, too, as in ``Tanh.value(self, z)``
        foreign = used.__module__.partition(".")[0] not in KNOWN - {"sknn_concepts"}
        return foreign and not issubclass(used, enum.Enum | np.generic)
    return hasattr(used, "__dict__") and not callable(used) and not isinstance(used, np.ndarray | tuple | enum.Enum)


class Digest:
    """Digest of what the formulas of a class compute: their byte code, and all functions and numbers that they use.

    Parameters
    ----------
    strategy_class : type
        Class whose methods are the formulas.
    fields : tuple of str
        Names of its hyper-parameters; their values are not part of the digest.
    """

    def __init__(self, strategy_class, fields):
        self._hash = hashlib.sha256(repr((strategy_class.__qualname__, fields)).encode())
        self._seen: dict = {}  # by identity, kept alive so that it stays one
        self._members: dict = {}
        for base in reversed(strategy_class.__mro__):
            self._members.update(vars(base))
        for name in fields:
            self._members.pop(name, None)

    def of(self, names):
        """Short digest of the attributes of these names, as far as the class has them."""
        self._use_members(sorted(names))
        return self._hash.hexdigest()[:16]

    def _use_members(self, names):
        for name in names:
            if name in self._members and not name.startswith("__"):
                attribute = self._members[name]
                self._feed((name, type(attribute).__name__))
                self._use(attribute, ())

    def _feed(self, described):
        self._hash.update(repr(described).encode())

    def _use(self, used, names):
        """Add to the digest what code uses together with these names."""
        used = unwrap(used)
        if isinstance(used, python_types.FunctionType):
            self._use_function(used)
        elif isinstance(used, functools.partial):
            self._use((used.func, *used.args, *used.keywords, *used.keywords.values()), names)
        elif isinstance(used, np.ndarray):
            self._feed((used.dtype, used.shape))
            self._hash.update(used.tobytes())
        elif isinstance(used, tuple | list):
            self._feed((type(used).__name__, getattr(used, "_fields", ()), len(used)))
            for inner in used:
                self._use(inner, names)
        elif isinstance(used, enum.EnumMeta):
            self._feed([(member.name, member.value) for member in used])
        elif isinstance(used, int | float | complex | str | np.generic | None):
            self._feed(used)
        elif holds_names(used):
            self._use_holder(used, names)

    def _use_function(self, function):
        known = self._seen.get(id(function))
        self._feed(known and known[0])
        if known is not None:
            return
        self._seen[id(function)] = len(self._seen), function
        described, names = _read(_ByIdentity(function.__code__))
        self._hash.update(described)
        if _is_ours(function) and not function.__closure__:
            self._feed((function.__module__, function.__qualname__))  # kernels depend on our own sources anyway
        else:
            for name in names:
                if name in function.__globals__:
                    self._feed(name)
                    self._use(function.__globals__[name], names)
            for cell in function.__closure__ or ():
                self._use(_content(cell), names)
            self._use((function.__defaults__ or (), *(function.__kwdefaults__ or {}).values()), names)
        self._use_members(names)  # as in ``self.half(z)``

    def _use_holder(self, holder, names):
        key = id(holder), names
        if key not in self._seen:
            self._seen[key] = 0, holder
            for name in names:
                attribute = inspect.getattr_static(holder, name, _MISSING)
                if attribute is not _MISSING and not name.startswith("__"):
                    self._feed(name)
                    self._use(attribute, names)


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # of a name that has no value yet
        return None


class Compilable:
    """Functions made ready for Numba, with floats in single precision if the network is.

    Parameters
    ----------
    single : bool
        Whether floats become ``float32``, so that float32 networks compute in float32 although ``0.5`` is a double in
        Python.
    """

    def __init__(self, single):
        self._single = single
        self._functions: dict = {}  # each function -> its twin
        self._compiled: dict = {}  # each function or dispatcher -> the dispatcher of the twin
        self._holders: dict = {}

    def function(self, function):
        """Twin of a plain function whose helpers are compiled and whose floats have the right precision."""
        if function in self._functions:
            return self._functions[function]
        if not self._single and _is_ours(function):
            return function
        module, (_, names) = {"__name__": function.__module__}, _read(_ByIdentity(function.__code__))
        cells = tuple(python_types.CellType(None) for _ in function.__closure__ or ())
        code = self.constant(function.__code__)
        twin = python_types.FunctionType(code, module, function.__name__, self.constant(function.__defaults__), cells)
        twin.__kwdefaults__, twin.__qualname__ = function.__kwdefaults__, function.__qualname__
        self._functions[function] = twin  # before what it uses, which may be itself
        module.update({n: self.used(v, names) for n, v in function.__globals__.items() if n in names})
        for cell, original in zip(cells, function.__closure__ or (), strict=True):
            cell.cell_contents = self.used(_content(original), names)
        return twin

    def reached(self, function):
        """A function's twin and those of the helpers that it reaches."""
        self.function(function)
        return list(self._functions.values())

    def compiled(self, function, options=None):
        """Dispatcher of a function's twin."""
        if function not in self._compiled:
            options = {"fastmath": REORDER, "forceinline": True, **OPTIONS} if options is None else options
            self._compiled[function] = numba.njit(**options)(self.function(function))
        return self._compiled[function]

    def constant(self, constant):
        """A constant, with its floats in single precision if the network is."""
        if not self._single:
            return constant
        if isinstance(constant, python_types.CodeType):
            return constant.replace(co_consts=self.constant(constant.co_consts))
        if type(constant) is tuple:
            return tuple(map(self.constant, constant))
        return np.float32(constant) if type(constant) is float else constant

    def used(self, used, names):
        """Replacement for what a function uses together with these names."""
        plain = unwrap(used)
        if isinstance(plain, python_types.FunctionType):
            return used if _is_typed(used, plain) else self._compiled_again(used, plain)
        if isinstance(used, functools.partial):
            return self.compiled(_spelled_out(used, self.used(used.func, names)))
        if isinstance(used, list) and all(isinstance(number, int | float | np.number) for number in used):
            return self.constant(tuple(used))
        return self._stand_in(used, names) if holds_names(used) else self.constant(used)

    def _compiled_again(self, used, plain):
        """The function compiled again, even if it is compiled already: its globals may have changed."""
        options = getattr(used, "targetoptions", None)
        if options is not None:
            options = {**options, "pipeline_class": used._compiler.pipeline_class}
            options.pop("nopython", None)
        return self.compiled(plain, options)

    def _stand_in(self, holder, names):
        key = id(holder), names
        if key not in self._holders:
            stand_in = python_types.ModuleType(getattr(holder, "__name__", type(holder).__name__))
            self._holders[key] = stand_in, holder
            for name in names:
                attribute = inspect.getattr_static(holder, name, _MISSING)
                if attribute is not _MISSING and not name.startswith("__"):
                    setattr(stand_in, name, self.used(attribute, names))
        return self._holders[key][0]


def _is_ours(function):
    return (function.__module__ or "").partition(".")[0] == "sknn_concepts"


def _is_typed(used, plain):
    """Whether Numba can call something as it is: a compiled function of this package, or one that is overloaded."""
    if used is not plain:
        return _is_ours(plain)
    try:
        cpu_target.typing_context.refresh()
        return cpu_target.typing_context.resolve_value_type(used) is not None
    except (ValueError, NumbaError):
        return False


def _spelled_out(partial, function):
    """A plain function in the place of a partial, which Numba does not know."""
    free = [p.name for p in inspect.signature(partial).parameters.values() if p.name not in partial.keywords]
    bound = {f"_bound_{i}": value for i, value in enumerate(partial.args)}
    named = {f"_named_{name}": value for name, value in partial.keywords.items()}
    given = [*bound, *(f"{name}={name}" for name in free), *(f"{name}=_named_{name}" for name in partial.keywords)]
    module = {"_function": function, **bound, **named, "__name__": __name__}
    return eval(f"lambda {', '.join(free)}: _function({', '.join(given)})", module)
