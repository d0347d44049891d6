"""Tuples of numbers in kernels, as long as a constant of a strategy's class says.

The length is known when a kernel is compiled, so that a loop over parameters keeps the numbers in registers and is
vectorized, however many there are.
"""

from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import lower_builtin, type_callable
from numba.np.arrayobj import load_item, make_array, store_item

from sknn_concepts.jit.decorator import CHECKED, COMPILED
from sknn_concepts.jit.strategy_type import StrategyType, constant


def tuple_reader(name):
    """Return a function that gives kernels numbers of an array as a tuple.

    ``read(strategy, matrix, k)`` reads the first numbers of column `k`, and ``read(strategy, vector, k)`` those from
    element `k` on: as many as the attribute `name` of the strategy's class says, in the dtype of the strategy.
    """
    constant(name)

    def read(strategy, array, k):
        n = getattr(strategy, name)
        return tuple(array[:n, k] if array.ndim == 2 else array[k : k + n])

    def type_read(context):
        def check(strategy, array, k):
            if isinstance(strategy, StrategyType) and isinstance(array, types.Array):
                return types.BaseTuple.from_types((strategy.dtype,) * getattr(strategy.strategy_class, name))
            return None

        return check

    def lower_read(context, builder, signature, values):
        strategy, array_type, _ = signature.args
        numbers = []
        for j in range(len(signature.return_type)):
            number = load_item(context, builder, array_type, _pointer(context, builder, signature, values, j))
            numbers.append(context.cast(builder, number, array_type.dtype, strategy.dtype))
        return context.make_tuple(builder, signature.return_type, numbers)

    if COMPILED:
        type_callable(read)(type_read)
        lower_builtin(read, StrategyType, types.Array, types.Integer)(lower_read)
    return read


def tuple_writer(name):
    """Return a function that lets kernels write a tuple of numbers into a matrix.

    ``write(strategy, matrix, k, numbers)`` writes what the function of :func:`tuple_reader` reads.
    """

    def write(strategy, matrix, k, numbers):
        n = getattr(strategy, name)
        if len(numbers) != n:
            raise ValueError(f"{type(strategy).__name__} has {name} = {n}, but a method gives {len(numbers)} for them.")
        if n:
            matrix[:n, k] = numbers

    def type_write(context):
        def check(strategy, matrix, k, numbers):
            if not isinstance(strategy, StrategyType) or not isinstance(matrix, types.Array):
                return None
            n = getattr(strategy.strategy_class, name)
            if not isinstance(numbers, types.BaseTuple) or len(numbers) != n:
                raise TypingError(f"{name} = {n}, but a method gives {numbers} for them")
            if not all(isinstance(number, types.Number | types.Boolean) for number in numbers):
                raise TypingError(f"a method returns {numbers}, which are not all numbers")
            return types.none

        return check

    def lower_write(context, builder, signature, values):
        _, matrix_type, _, numbers = signature.args
        for j, number_type in enumerate(numbers):
            number = context.cast(builder, builder.extract_value(values[3], j), number_type, matrix_type.dtype)
            store_item(context, builder, matrix_type, number, _pointer(context, builder, signature, values, j))
        return context.get_dummy_value()

    if COMPILED:
        type_callable(write)(type_write)
        lower_builtin(write, StrategyType, types.Array, types.Integer, types.BaseTuple)(lower_write)
    return write


def _pointer(context, builder, signature, values, j):
    """Address of the number `j` of a tuple in an array."""
    array_type, index_type = signature.args[1:3]
    array = make_array(array_type)(context, builder, values[1])
    k, offset = context.cast(builder, values[2], index_type, types.intp), context.get_constant(types.intp, j)
    index = (offset, k) if array_type.ndim == 2 else (builder.add(k, offset),)
    return cgutils.get_item_pointer(context, builder, array_type, array, index, boundscheck=CHECKED)
