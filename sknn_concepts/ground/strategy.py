"""How a strategy, an ordinary Python class of formulas, enters a compiled kernel.

A kernel that uses a strategy is compiled once for each strategy *class* and called by *address*: the training loop,
itself compiled once, holds a table of addresses (:func:`plug`, :func:`socket`) and calls through it (:func:`call`). So
each layer may have another activation, a new hyper-parameter value compiles nothing, and a new activation compiles its
own few lines only.

Inside such a kernel the strategy's methods are called through *verbs*: ``value(activation, z)`` stands for
``activation.value(z)``; see :func:`verb`. Without the JIT all of it is ordinary Python.
"""

import dataclasses
import functools
import hashlib
import re
import types as python_types

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.errors import NumbaError
from numba.core.typing.templates import AttributeTemplate, signature
from numba.extending import (
    infer_getattr,
    lower_builtin,
    lower_getattr_generic,
    models,
    overload,
    register_model,
    type_callable,
)
from numba.np.arrayobj import make_array

from sknn_concepts.ground.arrays import Record
from sknn_concepts.ground.jit import COMPILED, OPTIONS, REORDER

_classes: dict = {}  # digest -> strategy class, so that a cached kernel finds its class again, wherever that is defined


class StrategyType(types.Type):
    """Numba's type of the strategies of one class whose numbers have one dtype.

    The value is the address of the strategy's numbers, so that every kernel over strategies has the same machine-level
    signature. The name carries a digest of the formulas: an edited formula is another type and misses the disk cache.
    """

    def __init__(self, digest, dtype):
        self.digest = digest
        self.dtype = dtype
        self.strategy_class = _classes[digest]
        self.fields = field_names(self.strategy_class)
        super().__init__(f"{self.strategy_class.__qualname__}[{digest}, {dtype}]")

    def __reduce__(self):
        return StrategyType, (self.digest, self.dtype)


@register_model(StrategyType)
class _StrategyModel(models.PrimitiveModel):
    def __init__(self, manager, type_):
        super().__init__(manager, type_, ir.IntType(64))


@infer_getattr
class _StrategyAttributes(AttributeTemplate):
    key = StrategyType

    def generic_resolve(self, strategy, name):
        return strategy.dtype if name in strategy.fields else None


@lower_getattr_generic(StrategyType)
def _load_field(context, builder, strategy, address, name):
    number = context.get_value_type(strategy.dtype)
    numbers = builder.inttoptr(address, number.as_pointer())
    index = ir.Constant(ir.IntType(64), strategy.fields.index(name))
    loaded = builder.load(builder.gep(numbers, [index]))
    # the numbers never change while a kernel runs; said aloud, the load leaves the loop although the loop stores
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


@functools.cache
def field_names(strategy_class):
    """Names of a strategy's hyper-parameters, in the order of its fields."""
    return tuple(field.name for field in dataclasses.fields(strategy_class))


def strategy_digest(strategy_class):
    """Short digest of everything a strategy class computes: its formulas, and all functions and numbers they use."""
    fields = field_names(strategy_class)
    digest = hashlib.sha256(repr((strategy_class.__qualname__, fields)).encode())
    seen = set()
    for name in sorted(dir(strategy_class)):
        if not name.startswith("__") and name not in fields:
            digest.update(name.encode())
            _digest_used(getattr(strategy_class, name), digest, seen)
    return digest.hexdigest()[:16]


def _digest_used(used, digest, seen):
    """Feed a digest with a function and what it uses, or with a number; anything else cannot be part of a kernel."""
    used = getattr(used, "py_func", used)  # what was compiled
    if isinstance(used, python_types.FunctionType) and used not in seen:
        seen.add(used)
        cells = [cell.cell_contents for cell in used.__closure__ or ()]
        names = _digest_code(used.__code__, digest)
        reached = [*(used.__globals__[name] for name in names if name in used.__globals__), *cells]
        modules: list = []
        for inner in reached:  # it grows by the attributes of modules, as in ``helpers.scaling.scaled``
            if isinstance(inner, python_types.ModuleType) and inner not in modules:
                modules.append(inner)
                reached += [vars(inner)[name] for name in names if name in vars(inner)]
        for inner in (*reached, *(used.__defaults__ or ())):
            _digest_used(inner, digest, seen)
    elif isinstance(used, tuple):
        for inner in used:
            _digest_used(inner, digest, seen)
    elif isinstance(used, np.ndarray):
        digest.update(repr((used.dtype, used.shape)).encode() + used.tobytes())
    elif isinstance(used, int | float | complex | str | np.generic):
        digest.update(repr(used).encode())


def _digest_code(code, digest):
    """Feed a digest with byte code; returns the names of globals and attributes that it uses."""
    digest.update(code.co_code + repr(code.co_names).encode())
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, python_types.CodeType):  # whose repr holds an address
            names += _digest_code(constant, digest)
        else:
            digest.update(repr(constant).encode())
    return names


@functools.cache
def strategy_type(strategy_class, dtype):
    """Numba type of a strategy class for kernels over numbers of `dtype`."""
    digest = strategy_digest(strategy_class)
    _classes.setdefault(digest, strategy_class)
    return StrategyType(digest, numba.from_dtype(np.dtype(dtype)))


def verb(stub):
    """Let kernels call the method of a strategy that has the stub's name.

    ``stub(strategy, *numbers)`` compiles to the method's formula with its float constants in the dtype that the
    strategy was typed with, so that float32 networks compute in float32 although ``0.5`` is a double in Python.
    """
    name = stub.__name__

    def formula(strategy, *arguments):
        if not isinstance(strategy, StrategyType):
            return None
        method = getattr(strategy.strategy_class, name, None)
        return None if method is None else _with_constants(method, strategy.dtype)

    if COMPILED:
        overload(stub, strict=False, jit_options={"fastmath": REORDER, "forceinline": True, **OPTIONS})(formula)
    return stub


def _with_constants(function, dtype):
    if dtype != types.float32:
        return function
    module = {name: _single(value) for name, value in function.__globals__.items()}
    cells = tuple(python_types.CellType(_single(cell.cell_contents)) for cell in function.__closure__ or ())
    defaults = _single(function.__defaults__)
    return python_types.FunctionType(_single(function.__code__), module, function.__name__, defaults, cells)


def _single(constant):
    """A constant with its floats in single precision."""
    if isinstance(constant, python_types.CodeType):
        return constant.replace(co_consts=_single(constant.co_consts))
    if type(constant) is tuple:
        return tuple(_single(inner) for inner in constant)
    return np.float32(constant) if type(constant) is float else constant


def constant(name):
    """Return a function that gives kernels an attribute of a strategy's class, as a constant of the compiled code."""

    def read(strategy):
        return getattr(strategy, name)

    def formula(strategy):
        if isinstance(strategy, StrategyType):
            known = getattr(strategy.strategy_class, name)
            return lambda strategy: known
        return None

    if COMPILED:
        overload(read)(formula)
    return read


def has(strategy, method):
    """Whether a strategy, an instance or its Numba type, offers a method; decided while a kernel is compiled."""
    return hasattr(getattr(strategy, "strategy_class", strategy), method)


def socket(size):
    """Empty table of `size` plugs, as the argument of a compiled kernel."""
    return np.zeros((size, 2), np.int64) if COMPILED else [None] * size


def plug(sockets, index, kernel, subject, dtype=None, argument_types=()):
    """Put a kernel, specialized for its subject, into a table of plugs.

    Parameters
    ----------
    sockets : ndarray of shape (n, 2) or list
        The table made by :func:`socket`.
    index : int
        Row of the table that becomes the addresses of the machine code and of the subject.
    kernel : callable
        Compiled with the project's decorator; its first argument is the subject; returns float64.
    subject : strategy, Record or None
        What the kernel is specialized for; with None the first argument is there for form's sake.
    dtype : dtype, optional
        Of the numbers that a strategy's kernel works on.
    argument_types : tuple of numba types
        Of the kernel's further arguments, exactly as the caller passes them; they depend on the dtype alone.

    Returns
    -------
    memory : ndarray
        What the plug points to; the caller keeps it alive as long as the table is used.
    """
    if not COMPILED:
        sockets[index] = lambda *arguments: kernel(subject, *arguments)
        return None
    if subject is None:
        subject_type, memory = types.int64, np.zeros(1, np.int64)
    elif isinstance(subject, Record):
        subject_type, memory = subject.type, subject.description
    else:
        subject_type = strategy_type(type(subject), dtype)
        memory = np.array([getattr(subject, name) for name in field_names(type(subject))] or [0.0], dtype)
    key = kernel, subject_type.name, dtype
    if key not in _addresses:
        try:
            _addresses[key] = address(kernel, (subject_type, *argument_types))
        except NumbaError as error:
            if subject is None or isinstance(subject, Record):
                raise
            name = type(subject).__name__
            raise ValueError(
                f"{name} cannot be compiled: {_reason(str(error))}. Its methods take numbers and return one, and may "
                "use its fields, Python's math, and functions that use no more than that."
            ) from error
    sockets[index, 0], sockets[index, 1] = _addresses[key], memory.ctypes.data
    return memory


def _reason(message):
    """What Numba complains about, without all that it says around it."""
    complaints = re.findall(r"^\s*(\w+Error: (?!Failed in).*)$", message, re.MULTILINE)
    asked = re.search(r">>> (\w+)\(", message)
    if complaints or asked is None:
        return complaints[-1] if complaints else message.partition("\n")[0]
    return f"it has no method {asked[1]}"


_addresses: dict = {}  # (kernel, name of the subject's type, dtype) -> machine code


def address(kernel, signature):
    """Address of the machine code of a kernel for a signature, compiled (or loaded from disk) if need be."""
    kernel.compile(signature)
    result = kernel.overloads[signature]
    if result.signature.return_type != types.float64:  # the caller reads a double, whatever comes back
        raise TypeError(f"{kernel.__name__} returns {result.signature.return_type}; a plug has to return float64.")
    return result.library.get_pointer_to_function(result.fndesc.llvm_func_name)


def call(sockets, index, arguments):
    """Call the plug of a table with a tuple of arguments; returns float64."""
    return sockets[index](*arguments)


def _type_call(context):
    def check(sockets, index, arguments):
        if isinstance(sockets, types.Array) and isinstance(arguments, types.BaseTuple):
            return signature(types.float64, sockets, types.intp, arguments)
        return None

    return check


def _lower_call(context, builder, signature, values):
    """Code that reads a plug's two addresses and calls; not a kernel, for each kind of plug would compile its own."""
    sockets, index, packed = values
    word = ir.IntType(64)
    plugs = make_array(signature.args[0])(context, builder, sockets).data
    first = builder.mul(index, word(2))
    target, numbers = (builder.load(builder.gep(plugs, [builder.add(first, word(i))])) for i in range(2))
    argument_types = (types.int64, *signature.args[2].types)
    function_type = context.call_conv.get_function_type(types.float64, argument_types)
    function = builder.inttoptr(target, function_type.as_pointer())
    unpacked = [builder.extract_value(packed, i) for i in range(len(argument_types) - 1)]
    status, result = context.call_conv.call_function(
        builder, function, types.float64, argument_types, [numbers, *unpacked]
    )
    with builder.if_then(status.is_error, likely=False):
        context.call_conv.return_status_propagate(builder, status)
    return result


if COMPILED:
    type_callable(call)(_type_call)
    lower_builtin(call, types.Array, types.intp, types.BaseTuple)(_lower_call)
