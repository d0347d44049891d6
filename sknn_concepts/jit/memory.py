"""Cache lines: arrays that begin at one, and lines that are prefetched."""

import math

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array

#: Bytes of a cache line.
LINE = 64


def empty_lines(shape, dtype):
    """Array like ``np.empty`` that begins at a cache line.

    NumPy's own arrays may begin in the middle of one, so that each of the largest vectors lies in two lines.

    Parameters
    ----------
    shape : int or tuple of int
    dtype : dtype

    Returns
    -------
    array : ndarray
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) if isinstance(shape, tuple) else int(shape)
    memory = np.empty(size * dtype.itemsize + LINE, np.uint8)
    start = -memory.__array_interface__["data"][0] % LINE  # `ctypes.data` takes longer than all the rest
    return memory[start : start + size * dtype.itemsize].view(dtype).reshape(shape)


def prefetch(array, *place):
    """Load the cache line of an element into the second-level cache while other work goes on.

    This is a hint and changes no result. Without it, each of the rows that are visited in random order is waited for.
    Only a few lines can be on their way to the first-level cache at a time; many more can be to the second.

    Parameters
    ----------
    array : ndarray
        Array, which is not changed.
    *place : int
        Indices of the element, one for each dimension.
    """


@intrinsic
def _prefetch(typing_context, array, place):
    def code(context, builder, signature, values):
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        source = make_array(signature.args[0])(context, builder, values[0])
        strides = cgutils.unpack_tuple(builder, source.strides, array.ndim)
        steps = cgutils.unpack_tuple(builder, values[1], array.ndim)
        line = builder.bitcast(source.data, byte)
        for stride, step in zip(strides, steps, strict=True):
            line = builder.gep(line, [builder.mul(stride, step)])
        hint = builder.module.declare_intrinsic(
            "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        )
        reading, second_level, of_data = ir.Constant(flag, 0), ir.Constant(flag, 2), ir.Constant(flag, 1)
        builder.call(hint, [line, reading, second_level, of_data])
        return context.get_dummy_value()

    return types.void(array, types.UniTuple(types.int64, array.ndim)), code


@overload(prefetch)
def _overload_prefetch(array, *place):
    return lambda array, *place: _prefetch(array, place)
