"""Views of a vector inside kernels: an address and a shape, and nothing else.

A slice and a reshape inside a kernel check their bounds, count references with atomic instructions, and take a tenth of
a second each to compile. In tiny networks that takes longer than the arithmetic. The views here neither check nor
count: they are for the arguments of a kernel, which the caller keeps alive. An array that a kernel allocates is freed
after its last use, whatever views of it there are. With ``NUMBA_BOUNDSCHECK=1``, views check their bounds as well.
"""

from numba import types
from numba.core import cgutils
from numba.core.typing.templates import signature
from numba.extending import lower_builtin, overload, type_callable
from numba.np.arrayobj import make_array, populate_array

from sknn_concepts.jit.decorator import CHECKED, COMPILED


def part(vector, start, stop):
    """View of the elements from `start` to `stop` of a contiguous vector; kernels do not check the bounds.

    Parameters
    ----------
    vector : ndarray of shape (n,)
    start, stop : int
        With 0 <= start <= stop <= n.

    Returns
    -------
    view : ndarray of shape (stop - start,)
    """
    return vector[start:stop]


def matrix(vector, start, n_rows, n_columns):
    """View of the elements from `start` on of a contiguous vector as a matrix; kernels do not check the bounds.

    Parameters
    ----------
    vector : ndarray of shape (n,)
    start : int
    n_rows, n_columns : int
        With start + n_rows * n_columns <= n.

    Returns
    -------
    view : ndarray of shape (n_rows, n_columns)
    """
    return vector[start : start + n_rows * n_columns].reshape(n_rows, n_columns)


def flat(matrix):
    """View of all elements of a C-contiguous matrix as a vector.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_columns)

    Returns
    -------
    view : ndarray of shape (n_rows * n_columns,)
    """
    return matrix.reshape(-1)


def cast_rows(array, start, stop, memory):
    """Rows of a matrix in the data type of `memory`, into which they are copied unless they have it already.

    Parameters
    ----------
    array : ndarray of shape (n, p)
        C-contiguous.
    start, stop : int
        With 0 <= start <= stop <= n.
    memory : ndarray of shape (m, p)
        With m >= stop - start, unless there is nothing to cast.

    Returns
    -------
    rows : ndarray of shape (stop - start, p)
    """
    if array.dtype == memory.dtype:
        return array[start:stop]
    memory[: stop - start] = array[start:stop]
    return memory[: stop - start]


@overload(cast_rows)
def _overload_cast_rows(array, start, stop, memory):
    if array.dtype == memory.dtype:
        return lambda array, start, stop, memory: array[start:stop]

    def cast(array, start, stop, memory):
        for i in range(start, stop):
            for j in range(array.shape[1]):
                memory[i - start, j] = array[i, j]
        return memory[: stop - start]

    return cast


def _type_view(ndim):
    def check(vector, *numbers):
        if isinstance(vector, types.Array) and (vector.ndim, vector.layout) == (1, "C"):
            view = types.Array(vector.dtype, ndim, "C", readonly=not vector.mutable)
            return signature(view, vector, *[types.intp] * len(numbers))
        return None

    return check


def _check(context, builder, source, start, shape):
    """Raise IndexError in the kernel unless a view lies within the vector."""
    nothing, size = context.get_constant(types.intp, 0), context.get_constant(types.intp, 1)
    wrong = builder.icmp_signed("<", start, nothing)
    for length in shape:
        wrong = builder.or_(wrong, builder.icmp_signed("<", length, nothing))
        size = builder.mul(size, length)
    (room,) = cgutils.unpack_tuple(builder, source.shape, 1)
    wrong = builder.or_(wrong, builder.icmp_signed(">", builder.add(start, size), room))
    with builder.if_then(wrong, likely=False):
        context.call_conv.return_user_exc(builder, IndexError, ("a view is out of bounds",))


def _view(context, builder, signature, vector, start, shape):
    """Array of some shape over a vector's memory, from an element on."""
    vector_type, view_type = signature.args[0], signature.return_type
    source = make_array(vector_type)(context, builder, vector)
    if CHECKED:
        _check(context, builder, source, start, shape)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(vector_type.dtype)))
    strides = [size]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    view = make_array(view_type)(context, builder)
    data = builder.gep(source.data, [start])
    populate_array(view, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return view._getvalue()


if COMPILED:
    # typers by name: Numba reads the number of arguments off their signature

    @type_callable(part)
    def _type_part(context):
        check = _type_view(1)
        return lambda vector, start, stop: check(vector, start, stop)

    @lower_builtin(part, types.Array, types.intp, types.intp)
    def _part(context, builder, signature, values):
        vector, start, stop = values
        return _view(context, builder, signature, vector, start, [builder.sub(stop, start)])

    @type_callable(matrix)
    def _type_matrix(context):
        check = _type_view(2)
        return lambda vector, start, n_rows, n_columns: check(vector, start, n_rows, n_columns)

    @lower_builtin(matrix, types.Array, types.intp, types.intp, types.intp)
    def _matrix(context, builder, signature, values):
        vector, start, n_rows, n_columns = values
        return _view(context, builder, signature, vector, start, [n_rows, n_columns])

    @type_callable(flat)
    def _type_flat(context):
        def check(matrix):
            if isinstance(matrix, types.Array) and (matrix.ndim, matrix.layout) == (2, "C"):
                return types.Array(matrix.dtype, 1, "C", readonly=not matrix.mutable)
            return None

        return check

    @lower_builtin(flat, types.Array)
    def _flat(context, builder, signature, values):
        source = make_array(signature.args[0])(context, builder, values[0])
        n_rows, n_columns = cgutils.unpack_tuple(builder, source.shape, 2)
        view = make_array(signature.return_type)(context, builder)
        number = context.get_data_type(signature.return_type.dtype)
        size = context.get_constant(types.intp, context.get_abi_sizeof(number))
        shape = [builder.mul(n_rows, n_columns)]
        populate_array(view, data=source.data, shape=shape, strides=[size], itemsize=size, meminfo=None)
        return view._getvalue()
