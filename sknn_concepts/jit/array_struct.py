"""A struct of arrays behind one address: a kernel over any data type and layout has one machine-level signature.

The training loop is compiled once. The small kernels that read the data (:mod:`sknn_concepts.network.dataset`) are
compiled for each kind of array (float32 or bytes, rows or columns contiguous, CSR with 32- or 64-bit indices) and
called by address, with such a struct as their first argument. Inside them ``struct.X`` is an ordinary array.
"""

import itertools

import numpy as np
from llvmlite import ir
from numba import typeof, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, lower_getattr_generic, models, register_model
from numba.np.arrayobj import make_array, populate_array


class ArrayStruct:
    """Named arrays, all read-only inside kernels.

    Parameters
    ----------
    **arrays : ndarray
        Kept as read-only views, so that writeable and read-only arrays (memory maps) share one compiled kernel.
    """

    def __init__(self, **arrays):
        for name, array in arrays.items():
            view = array.view(np.ndarray)
            view.flags.writeable = False
            setattr(self, name, view)
        views = [getattr(self, name) for name in arrays]
        self.type = _struct_type(tuple(arrays), views)
        #: one row of numbers for each array: address of the data, shape, strides in bytes
        self.description = np.array(
            [number for view in views for number in (view.ctypes.data, *view.shape, *view.strides)], np.int64
        )


class ArrayStructType(types.Type):
    """Numba's type of an :class:`ArrayStruct`: the names and types of its arrays."""

    def __init__(self, fields):
        self.fields = dict(fields)
        words = [1 + 2 * array.ndim for array in self.fields.values()]
        self.starts = dict(zip(self.fields, itertools.accumulate(words, initial=0), strict=False))
        super().__init__(f"ArrayStruct{tuple(fields)}")

    def __reduce__(self):
        return ArrayStructType, (tuple(self.fields.items()),)


_types: dict = {}  # names and kinds of arrays -> ArrayStructType; typeof takes longer than a small prediction


def _struct_type(names, views):
    kinds = [
        (view.dtype, view.ndim, view.flags.c_contiguous, view.flags.f_contiguous, view.flags.aligned) for view in views
    ]
    key = (names, *kinds)
    if key not in _types:
        _types[key] = ArrayStructType(tuple(zip(names, map(typeof, views), strict=True)))
    return _types[key]


@register_model(ArrayStructType)
class _StructModel(models.PrimitiveModel):
    def __init__(self, manager, type_):
        super().__init__(manager, type_, ir.IntType(64))


@infer_getattr
class _StructAttributes(AttributeTemplate):
    key = ArrayStructType

    def generic_resolve(self, struct, name):
        return struct.fields.get(name)


@lower_getattr_generic(ArrayStructType)
def _load_array(context, builder, struct, address, name):
    array_type = struct.fields[name]
    word = ir.IntType(64)
    words = builder.inttoptr(address, word.as_pointer())

    def number(offset):
        pointer = builder.gep(words, [ir.Constant(word, struct.starts[name] + offset)])
        loaded = builder.load(pointer)
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    ndim = array_type.ndim
    itemsize = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
    array = make_array(array_type)(context, builder)
    populate_array(
        array,
        data=builder.inttoptr(number(0), context.get_data_type(array_type.dtype).as_pointer()),
        shape=[number(1 + axis) for axis in range(ndim)],
        strides=[number(1 + ndim + axis) for axis in range(ndim)],
        itemsize=ir.Constant(word, itemsize),
        meminfo=None,
    )
    return array._getvalue()
