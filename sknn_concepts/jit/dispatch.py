"""Dispatch tables: kernels that are chosen in Python and called by address in other kernels.

The training loop is compiled once. It calls the kernels of the activations, the loss, the optimizer and the data set
through a table of addresses, so that each layer may have another activation and a new activation compiles its own
kernels only.

The *entries* of a table are declared once (:class:`Entries`): for each of them a function that calls it, the types of
its arguments, and the kernels that may be bound to it. A kernel is compiled for the declared types when it is bound
(:meth:`DispatchTable.bind`), and a caller that passes other types does not compile: what would corrupt memory is an
error on either side.
"""

import functools
import inspect
from typing import NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin
from numba.np.arrayobj import make_array

from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import COMPILED, kernel, without_entry
from sknn_concepts.jit.formula_errors import explain
from sknn_concepts.jit.strategy_type import hyper_parameters, strategy_type


class Array(NamedTuple):
    """Type of an argument of an entry: a C-contiguous array.

    Attributes
    ----------
    ndim : int
        Number of dimensions.
    number : numba type, optional
        Type of the elements; that of the table by default.
    written : bool, default=False
        Whether kernels write into the array; callers cannot pass a read-only one then.
    """

    ndim: int
    number: types.Type | None = None
    written: bool = False

    def of(self, number):
        """Numba's type of the array in a table of numbers of a type."""
        return types.Array(self.number or number, self.ndim, "C")

    def accepts(self, given, declared):
        """Whether callers may pass a type of array for the declared one; a read-only array may be read."""
        alike = isinstance(given, types.Array) and (given.dtype, given.ndim, given.layout) == (
            declared.dtype,
            declared.ndim,
            declared.layout,
        )
        return alike and (given.mutable or not self.written)


class Calls(NamedTuple):
    """A dispatch table as the argument of a kernel.

    Attributes
    ----------
    addresses : ndarray of int64 of shape (n, 2)
        Addresses of machine code and of what it is specialized for; without the JIT a list of functions.
    numbers : ndarray of shape (0,)
        An array of the dtype of the table, which Numba reads off its type.
    """

    addresses: np.ndarray
    numbers: np.ndarray


class Entry:
    """An entry of dispatch tables, which kernels and Python call as ``entry(table, *arguments)``.

    Parameters
    ----------
    function : function
        Its name, its parameters and its docstring are those of the entry. The first parameter is the table. If the
        second is called `layer`, each layer has an entry of its own.
    entries : list of Entry
        All entries of the table.
    arguments : tuple of Array or numba type
        Types of the other parameters.
    kernels : list of callable
        Kernels that may be bound. Each takes what it is specialized for, and the arguments; and returns a float64.
    """

    def __init__(self, function, entries, arguments, kernels):
        functools.update_wrapper(self, function)
        parameters = [*inspect.signature(function).parameters]
        self.per_layer = parameters[1:2] == ["layer"]
        self.names = parameters[1 + self.per_layer :]
        self.arguments, self.kernels = arguments, kernels
        if COMPILED:
            for bound in kernels:
                bound.targetoptions["no_cpython_wrapper"] = True
                without_entry(bound)
        self.number, self._entries = len(entries), entries
        entries.append(self)
        if COMPILED:
            infer_global(self, types.Function(_template(self)))
            lower_builtin(self, types.VarArg(types.Any))(functools.partial(_lower_call, self))

    def index(self, layer=0):
        """Row of the entry in a table."""
        return layer * len(self._entries) + self.number

    def types(self, number):
        """Numba's types of the arguments in a table of numbers of a type."""
        return tuple(kind.of(number) if isinstance(kind, Array) else kind for kind in self.arguments)

    def __call__(self, table, *arguments):
        """Call the kernel that is bound, from Python."""
        if COMPILED:
            return self._caller(table, *arguments)
        layer, arguments = (arguments[0], arguments[1:]) if self.per_layer else (0, arguments)
        return table.addresses[self.index(layer)](*arguments)

    @functools.cached_property
    def _caller(self):
        """Kernel that calls the entry and does nothing else."""
        parameters = ", ".join(inspect.signature(self).parameters)
        source = f"def {self.__name__}({parameters}):\n    return entry({parameters})\n"
        namespace = {"entry": self, "__name__": self.__module__}
        exec(compile(source, inspect.getfile(self.__wrapped__), "exec"), namespace)  # the file tells where to cache it
        return kernel(namespace[self.__name__])

    def check(self, kernel):
        """Raise a TypeError unless a kernel may be bound: a known one that takes what the entry passes."""
        if kernel not in self.kernels:
            known = ", ".join(known.__name__ for known in self.kernels)
            raise TypeError(f"{kernel.__name__} cannot be bound to {self.__name__}, which calls one of: {known}.")
        taken = [*inspect.signature(kernel).parameters]
        if len(taken) != 1 + len(self.names):
            passed = ", ".join(["specialization", *self.names])
            raise TypeError(f"{kernel.__name__} takes ({', '.join(taken)}), but {self.__name__} passes ({passed}).")


class Entries(list):
    """The entries of one kind of dispatch table, in the order of their declaration."""

    def declare(self, *arguments, kernels):
        """Return a decorator that makes an :class:`Entry` of a function without a body."""
        return lambda function: Entry(function, self, arguments, list(kernels))


def address(kernel, argument_types):
    """Return the address of the machine code of a compiled kernel.

    Raises
    ------
    TypeError
        If the kernel does not return a float64: callers read one, whatever comes back.
    """
    compiled = kernel.overloads[argument_types]
    if compiled.signature.return_type != types.float64:
        raise TypeError(f"{kernel.__name__} returns {compiled.signature.return_type}; it has to return a float64.")
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


_addresses: dict = {}  # (entry, kernel, name of the specialization's type, dtype) -> address


class DispatchTable:
    """Kernels that are bound to entries.

    Parameters
    ----------
    entries : Entries
        Entries to which kernels can be bound.
    dtype : dtype
        Type of the numbers that the kernels work on.
    n_layers : int, default=1
        Number of layers that have entries of their own.

    Attributes
    ----------
    calls : Calls
        The table as the argument of a kernel. It holds addresses only: the table has to live as long as it is used.
    """

    def __init__(self, entries, dtype, n_layers=1):
        self.dtype, size = np.dtype(dtype), len(entries) * n_layers
        addresses = np.zeros((size, 2), np.int64) if COMPILED else [None] * size
        self.calls = Calls(addresses, np.empty(0, self.dtype))
        self._bound: dict = {}  # what the addresses point to

    def bind(self, entry, kernel, specialization, layer=0):
        """Let an entry call a kernel, which is compiled for the declared types if need be.

        Parameters
        ----------
        entry : Entry
            Entry that calls the kernel.
        kernel : callable
            One of the kernels of the entry.
        specialization : strategy, ArrayStruct or None
            First argument of the kernel, for which it is specialized; with None it is an unused integer.
        layer : int, default=0
            Layer whose entry it is.

        Raises
        ------
        TypeError
            If the kernel is none of the entry's, or if it does not fit the declaration.
        ValueError
            If the formulas of the strategy cannot be compiled.
        """
        index = entry.index(layer)
        if not COMPILED:
            entry.check(kernel)
            self.calls.addresses[index] = functools.partial(kernel, specialization)
            return
        if specialization is None:
            type_, memory = types.int64, np.zeros(1, np.int64)
        elif isinstance(specialization, ArrayStruct):
            type_, memory = specialization.type, specialization.description
        else:
            type_ = strategy_type(type(specialization), self.dtype)
            memory = hyper_parameters(specialization, self.dtype)
        key = entry, kernel, type_.name, self.dtype
        if key not in _addresses:
            entry.check(kernel)
            argument_types = type_, *entry.types(numba.from_dtype(self.dtype))
            try:
                kernel.compile(argument_types)
            except Exception as error:  # not only Numba's own, if a formula cannot even be read
                if specialization is None or isinstance(specialization, ArrayStruct):
                    raise
                raise ValueError(explain(type(specialization), error)) from error
            _addresses[key] = address(kernel, argument_types)
        self._bound[index] = specialization, memory
        self.calls.addresses[index] = _addresses[key], memory.ctypes.data

    def unbind(self, entry, layer=0):
        """Let go of what a kernel is specialized for; the entry raises a RuntimeError from now on."""
        self._bound.pop(entry.index(layer), None)
        self.calls.addresses[entry.index(layer)] = 0 if COMPILED else None


def _template(entry):
    """Numba's typing of the calls of an entry: an error unless the caller passes the declared types."""

    class Template(AbstractTemplate):
        key = entry

        def generic(self, args, kws):
            given = [types.unliteral(argument) for argument in args]
            first = 1 + entry.per_layer
            if kws or len(given) != first + len(entry.names):
                raise TypingError(f"{entry.__name__} takes {first + len(entry.names)} arguments by position.")
            if not isinstance(given[0], types.NamedTuple) or given[0].instance_class is not Calls:
                raise TypingError(f"{entry.__name__} takes a table, not {given[0]}.")
            declared = entry.types(given[0].types[1].dtype)
            passed = given[first:]
            for name, kind, one, other in zip(entry.names, entry.arguments, passed, declared, strict=True):
                fits = kind.accepts(one, other) if isinstance(kind, Array) else one == other
                if not fits:
                    raise TypingError(f"{name} of {entry.__name__} is declared as {other}; the caller passes {one}.")
            layer = [types.intp] * entry.per_layer
            return signature(types.float64, given[0], *layer, *passed)

    return Template


def _lower_call(entry, context, builder, signature, values):
    """Code that reads the two addresses of an entry and calls; not a kernel, of which each entry would have its own."""
    word, first = ir.IntType(64), 1 + entry.per_layer
    index = word(entry.index())
    if entry.per_layer:
        index = builder.add(index, builder.mul(values[1], word(entry.index(1) - entry.index(0))))
    addresses = make_array(signature.args[0].types[0])(context, builder, builder.extract_value(values[0], 0)).data
    row = builder.gep(addresses, [builder.mul(index, word(2))])
    target, specialization = (builder.load(builder.gep(row, [word(i)])) for i in range(2))
    with builder.if_then(builder.icmp_unsigned("==", target, word(0)), likely=False):
        context.call_conv.return_user_exc(builder, RuntimeError, (f"no kernel is bound to {entry.__name__}",))
    argument_types = (types.int64, *signature.args[first:])
    function_type = context.call_conv.get_function_type(types.float64, argument_types)
    function = builder.inttoptr(target, function_type.as_pointer())
    status, result = context.call_conv.call_function(
        builder, function, types.float64, argument_types, [specialization, *values[first:]]
    )
    with builder.if_then(status.is_error, likely=False):
        context.call_conv.return_status_propagate(builder, status)
    return result
