"""Strategies, ordinary Python classes of formulas, as types of Numba.

A kernel that uses a strategy is compiled once for each strategy *class* (:class:`StrategyType`): a new value of a
hyper-parameter compiles nothing, and a new activation compiles its own few lines only.

Inside such a kernel the methods of the strategy are called through *overloaded methods*: ``value(activation, z)``
stands for ``activation.value(z)``; see :func:`overloaded_method`. Without the JIT all of it is ordinary Python.
"""

import dataclasses
import functools
import inspect
from numbers import Real
from types import FunctionType

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate
from numba.extending import infer_getattr, lower_getattr_generic, models, overload, register_model

from sknn_concepts.jit.decorator import COMPILED, OPTIONS, REORDER
from sknn_concepts.jit.formulas import Compilable, Digest, is_property, unwrap

method_names: set = set()  # of the methods and constants of strategies that kernels use
_digests: dict = {}  # class of the package and its methods -> digest, which takes longer than a small prediction
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
        """The latest class whose formulas have the digest."""
        return _classes[self.digest]

    @property
    def compilable(self):
        """Methods of the class and their helpers, ready for Numba."""
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
    if not is_property(attribute):  # methods need nothing at run time
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
    # the numbers never change while a kernel runs: so LLVM moves the load out of loops that store
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


@functools.cache
def field_names(strategy_class):
    """Names of a strategy's hyper-parameters, in the order of its fields."""
    return tuple(field.name for field in dataclasses.fields(strategy_class))


def strategy_digest(strategy_class):
    """Short digest of everything a strategy class computes: its formulas, and all functions and numbers they use."""
    if strategy_class.__module__.partition(".")[0] != "sknn_concepts":
        return Digest(strategy_class, field_names(strategy_class)).of(method_names)
    # helpers of the package do not change; its methods may be replaced, in a lesson say
    key = strategy_class, *[getattr(strategy_class, name, None) for name in method_names]
    if key not in _digests:
        _digests[key] = Digest(strategy_class, field_names(strategy_class)).of(method_names)
    return _digests[key]


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

    method_names.add(name)
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

    method_names.add(name)
    if COMPILED:
        overload(read)(formula)
    return read


def has(strategy, method):
    """Whether a strategy, an instance or its Numba type, has a method."""
    return hasattr(getattr(strategy, "strategy_class", strategy), method)


def hyper_parameters(strategy, dtype):
    """Return the hyper-parameters of a strategy as kernels read them: an array of the dtype of its type."""
    names = field_names(type(strategy))
    for name in names:
        if not isinstance(getattr(strategy, name), Real | np.bool_):
            raise ValueError(
                f"{name} of {type(strategy).__name__} must be a number, as all fields that formulas may read; got "
                f"{getattr(strategy, name)!r}."
            )
    return np.array([getattr(strategy, name) for name in names] or [0.0], dtype)
