"""Asking memory ahead of time for what will be needed."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array


def prefetch(array, index):
    """Let the cache line of ``array[index]`` be loaded while other work goes on.

    A hint, without effect on any result: rows visited in random order would otherwise be waited for one by one.

    Parameters
    ----------
    array : contiguous ndarray of one dimension
        Not touched.
    index : int
        Inside the array.
    """


@intrinsic
def _prefetch(typing_context, array, index):
    def code(context, builder, signature, values):
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = make_array(signature.args[0])(context, builder, values[0]).data
        line = builder.bitcast(builder.gep(data, [values[1]]), byte)
        hint = builder.module.declare_intrinsic(
            "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        )
        reading, keep_near, of_data = ir.Constant(flag, 0), ir.Constant(flag, 3), ir.Constant(flag, 1)
        builder.call(hint, [line, reading, keep_near, of_data])
        return context.get_dummy_value()

    return types.void(array, types.int64), code


@overload(prefetch)
def _overload_prefetch(array, index):
    return lambda array, index: _prefetch(array, index)
