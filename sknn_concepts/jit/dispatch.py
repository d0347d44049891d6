"""How a strategy, an ordinary Python class of formulas, enters a compiled kernel.

A kernel that uses a strategy is compiled once for each strategy *class* and called by *address*: the training loop,
itself compiled once, holds a table of addresses (:func:`dispatch_table`, :func:`bind`) and calls through it
(:func:`call`). So each layer may have another activation, a new hyper-parameter value compiles nothing, and a new
activation compiles its own few lines only.

Inside such a kernel the strategy's methods are called through *overloaded methods*: ``value(activation, z)`` stands for
``activation.value(z)``; see :func:`overloaded_method`. Without the JIT all of it is ordinary Python.
"""

import dataclasses
import functools
import inspect
import re
from numbers import Real
from types import FunctionType

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.compiler import run_frontend
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, signature
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

from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import COMPILED, OPTIONS, REORDER
from sknn_concepts.jit.formulas import Compilable, Digest, is_property, unwrap

_verbs: set = set()  # names of the methods and constants of strategies that kernels use
_compilables: dict = {}  # digest and dtype -> Compilable
_classes: dict = {}  # digest -> strategy class, so that a cached kernel finds its class again, wherever that is defined


class StrategyType(types.Type):
    """Numba's type of the strategies of one class whose numbers have one dtype.

    The value is the address of the strategy's numbers, so that every kernel over strategies has the same machine-level
    signature. The name carries a digest of the formulas: an edited formula is another type and misses the disk cache.
    """

    def __init__(self, digest, dtype):
        self.digest = digest
        self.dtype = dtype
        self.fields = field_names(self.strategy_class)
        super().__init__(f"{self.strategy_class.__qualname__}[{digest}, {dtype}]")

    @property
    def strategy_class(self):
        """Class whose formulas have the digest, the latest of them."""
        return _classes[self.digest]

    @property
    def compilable(self):
        """Its methods and their helpers, ready for Numba."""
        return _compilables.setdefault((self.digest, self.dtype), Compilable(single=self.dtype == types.float32))

    def __reduce__(self):
        return StrategyType, (self.digest, self.dtype)


@register_model(StrategyType)
class _StrategyModel(models.PrimitiveModel):
    def __init__(self, manager, type_):
        super().__init__(manager, type_, ir.IntType(64))


class _BoundMethod(types.BoundFunction):
    """A strategy's method, as in ``self.half(z)``: its compiled function, called with the strategy first."""

    def get_impl_key(self, sig):
        return self.template.method.get_impl_key(sig)


@register_model(_BoundMethod)
class _BoundMethodModel(models.PrimitiveModel):
    def __init__(self, manager, type_):
        super().__init__(manager, type_, ir.IntType(64))


@infer_getattr
class _StrategyAttributes(AttributeTemplate):
    key = StrategyType

    def generic_resolve(self, strategy, name):
        """Type of an attribute within formulas: a hyper-parameter, a method, a property or a constant of the class."""
        if name in strategy.fields:
            return strategy.dtype
        attribute = inspect.getattr_static(strategy.strategy_class, name, None)
        function = unwrap(attribute)
        if not isinstance(function, FunctionType):
            return None if attribute is None else self.context.resolve_value_type(_constant(strategy, name))
        method = types.Dispatcher(strategy.compilable.compiled(function))
        if isinstance(attribute, staticmethod):
            return method
        if is_property(attribute):
            return method.get_call_type(self.context, (strategy,), {}).return_type
        return _BoundMethod(_make_template(method), strategy)


def _make_template(method):
    class Template(AbstractTemplate):
        key = method

        def generic(self, args, kws):
            return self.method.get_call_type(self.context, (self.this, *args), kws).as_method()

    Template.method = method
    return Template


def _constant(strategy, name):
    return strategy.compilable.used(getattr(strategy.strategy_class, name), ())


@lower_getattr_generic(StrategyType)
def _get_attribute(context, builder, strategy, address, name):
    if name in strategy.fields:
        return _load_field(context, builder, strategy, address, name)
    attribute = inspect.getattr_static(strategy.strategy_class, name)
    function = unwrap(attribute)
    if not isinstance(function, FunctionType):
        known = _constant(strategy, name)
        return context.get_constant_generic(builder, context.typing_context.resolve_value_type(known), known)
    if not is_property(attribute):  # of which nothing is needed at run time
        return context.get_dummy_value()
    method = types.Dispatcher(strategy.compilable.compiled(function))
    call = context.get_function(method, method.get_call_type(context.typing_context, (strategy,), {}))
    context.add_linking_libs(getattr(call, "libs", ()))
    return call(builder, (address,))


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
    return Digest(strategy_class, field_names(strategy_class)).of(_verbs)


def strategy_type(strategy_class, dtype):
    """Numba type of a strategy class, as its formulas are now, for kernels over numbers of `dtype`."""
    digest = strategy_digest(strategy_class)
    _classes[digest] = strategy_class
    return StrategyType(digest, numba.from_dtype(np.dtype(dtype)))


def overloaded_method(stub):
    """Let kernels call the method of a strategy that has the stub's name.

    ``stub(strategy, *numbers)`` compiles to the method's formula with its float constants in the dtype that the
    strategy was typed with, so that float32 networks compute in float32 although ``0.5`` is a double in Python.
    """
    name = stub.__name__

    def formula(strategy, *arguments):
        if not isinstance(strategy, StrategyType):
            return None
        method = inspect.getattr_static(strategy.strategy_class, name, None)
        function = unwrap(method)
        return strategy.compilable.function(function) if isinstance(function, FunctionType) else None

    _verbs.add(name)
    if COMPILED:
        overload(stub, strict=False, jit_options={"fastmath": REORDER, "forceinline": True, **OPTIONS})(formula)
    return stub


def constant(name):
    """Return a function that gives kernels an attribute of a strategy's class, as a constant of the compiled code."""

    def read(strategy):
        return getattr(strategy, name)

    def formula(strategy):
        if isinstance(strategy, StrategyType):
            known = getattr(strategy.strategy_class, name)
            return lambda strategy: known
        return None

    _verbs.add(name)
    if COMPILED:
        overload(read)(formula)
    return read


def has(strategy, method):
    """Whether a strategy, an instance or its Numba type, offers a method; decided while a kernel is compiled."""
    return hasattr(getattr(strategy, "strategy_class", strategy), method)


def dispatch_table(size):
    """Empty table of `size` plugs, as the argument of a compiled kernel."""
    return np.zeros((size, 2), np.int64) if COMPILED else [None] * size


def bind(table, index, kernel, subject, dtype=None, argument_types=()):
    """Put a kernel, specialized for its subject, into a table of plugs.

    Parameters
    ----------
    table : ndarray of shape (n, 2) or list
        The table made by :func:`dispatch_table`.
    index : int
        Row of the table that becomes the addresses of the machine code and of the subject.
    kernel : callable
        Compiled with the project's decorator; its first argument is the subject; returns float64.
    subject : strategy, ArrayStruct or None
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
        table[index] = lambda *arguments: kernel(subject, *arguments)
        return None
    if subject is None:
        subject_type, memory = types.int64, np.zeros(1, np.int64)
    elif isinstance(subject, ArrayStruct):
        subject_type, memory = subject.type, subject.description
    else:
        subject_type = strategy_type(type(subject), dtype)
        memory = _numbers(subject, dtype)
    key = kernel, subject_type.name, dtype
    if key not in _addresses:
        types_of_all = (subject_type, *argument_types)
        try:
            kernel.compile(types_of_all)
        except Exception as error:  # not only Numba's own, if a formula cannot even be read
            if subject is None or isinstance(subject, ArrayStruct):
                raise
            raise ValueError(_complain(type(subject), error)) from error
        _addresses[key] = address(kernel, types_of_all)
    table[index, 0], table[index, 1] = _addresses[key], memory.ctypes.data
    return memory


def _numbers(strategy, dtype):
    """Hyper-parameters of a strategy, as its kernels read them."""
    names = field_names(type(strategy))
    for name in names:
        if not isinstance(getattr(strategy, name), Real | np.bool_):
            raise ValueError(
                f"{name} of {type(strategy).__name__} must be a number, as all fields that formulas may read; got "
                f"{getattr(strategy, name)!r}."
            )
    return np.array([getattr(strategy, name) for name in names] or [0.0], dtype)


def _complain(strategy_class, error):
    """Why formulas cannot be compiled: what Numba complains about, without all that it says around it."""
    message = re.sub(r"\[[0-9a-f]{16}, \w+\]", "", str(error))  # digests in the names of types
    asked = re.search(r">>> (\w+)\(.*", message)
    method = asked[1] if asked and asked[1] in _verbs else None
    inner = message.partition("Rejected as the implementation raised a specific error:")[2]
    if inner or method is None:
        reason = _reason(inner or message)
    else:
        reason = f"it has no method {method}"
    through = [*dict.fromkeys(re.findall(r"CPUDispatcher\(<function (\S+) at", inner))]
    if inner:
        through.append(method)
    else:
        reason, through = _find_unreadable(strategy_class) or (reason, through)
    place = f" (in {', called by '.join(through)})" if through else ""
    return (
        f"{strategy_class.__name__} cannot be compiled: {reason}{place}. Its methods take numbers and return one, and "
        "may use its fields and other methods, Python's math, and functions that use no more than that."
    )


def _find_unreadable(strategy_class):
    """What Numba says of a function whose byte code it cannot read, and its name and that of the formula; or None."""
    for name in sorted(_verbs):
        formula = unwrap(inspect.getattr_static(strategy_class, name, None))
        for function in Compilable(single=False).reached(formula) if isinstance(formula, FunctionType) else ():
            try:
                run_frontend(function)
            except Exception as error:
                return _reason(str(error)), [*dict.fromkeys([function.__qualname__, name])]
    return None


def _reason(message):
    """First line of Numba's message that says something; what was asked for where there is none of that kind."""
    lines = [re.sub(r"^\s*(- )?(\w+Error: )?", "", line).strip() for line in message.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("Failed in", "Resolution failure"))]
    reason = lines[0] if lines else message
    if reason.startswith("No implementation of function"):
        asked = next((line for line in lines if line.startswith(">>> ")), reason).removeprefix(">>> ")
        stored = re.match(r"setitem\(array\([^)]*\), (Uni)?Tuple\(.*int64( x \d)?\), (.*)\)$", asked)
        return f"a method returns {stored[3]}, which is not a number" if stored else f"there is no {asked}"
    if "'super'" in reason:
        return "super() is not known to Numba; write the name of the class, as in Base.value(self, z)"
    return (
        "recursion, a function that calls itself" if "re-entrant" in reason else reason.partition("..")[0].rstrip(".")
    )


_addresses: dict = {}  # (kernel, name of the subject's type, dtype) -> machine code


def address(kernel, signature):
    """Address of the machine code of a kernel for a signature, compiled (or loaded from disk) if need be."""
    kernel.compile(signature)
    result = kernel.overloads[signature]
    if result.signature.return_type != types.float64:  # the caller reads a double, whatever comes back
        raise TypeError(f"{kernel.__name__} returns {result.signature.return_type}; a plug has to return float64.")
    return result.library.get_pointer_to_function(result.fndesc.llvm_func_name)


def call(table, index, arguments):
    """Call the plug of a table with a tuple of arguments; returns float64."""
    return table[index](*arguments)


def _type_call(context):
    def check(table, index, arguments):
        if isinstance(table, types.Array) and isinstance(arguments, types.BaseTuple):
            return signature(types.float64, table, types.intp, arguments)
        return None

    return check


def _lower_call(context, builder, signature, values):
    """Code that reads a plug's two addresses and calls; not a kernel, for each kind of plug would compile its own."""
    table, index, packed = values
    word = ir.IntType(64)
    plugs = make_array(signature.args[0])(context, builder, table).data
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
