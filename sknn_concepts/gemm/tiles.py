"""Tiles of a matrix product in vector registers, which LLVM does not make by itself of three loops.

A product ``out = a @ b`` is computed in tiles of a few rows and a few vectors of columns of `out`. For each step along
the inner dimension a tile loads its vectors of `b`, broadcasts one number of each row of `a`, and multiplies and adds;
nothing else touches memory before the tile is finished. `b` is first copied into a *panel*, as wide as a
tile, that stays in the nearest cache (K. Goto and R. van de Geijn, "Anatomy of high-performance matrix multiplication",
ACM TOMS 34(3), 2008; F. Van Zee and R. van de Geijn, "BLIS", ACM TOMS 41(3), 2015).

This module has the parts that depend on the processor, as Numba intrinsics for kernels. The loops around them, and the
functions to call, are in :mod:`sknn_concepts.gemm.products`.
"""

import functools
import itertools

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, lower_builtin, type_callable
from numba.np.arrayobj import make_array, populate_array

from sknn_concepts.gemm.processor import target_shape
from sknn_concepts.gemm.vectors import WORD, Vectors, bit, bytes_of, quotient, smaller, word
from sknn_concepts.jit.decorator import COMPILED

#: Vectors that a panel holds: 36 KB at most.
PANEL = 576


def product_function(tiled, otherwise, *, transpose_a=False, transpose_b=False, add=False, part=False):
    """Let kernels call a NumPy function ``(a, b, out)``, or ``(a, b, out, first)``, which calls another kernel.

    It is not a kernel itself, because Numba would recompile the tiles for each calling kernel.

    Parameters
    ----------
    tiled, otherwise : kernel
        Called where the tiles of the processor are known, and elsewhere. Their arguments are address, rows, columns,
        elements from one row to the next and whether to transpose for `a`; all these but the last but one for `b`;
        `out`; and whether to add.
    transpose_a, transpose_b, add : bool
        Product that the function computes.
    part : bool
        Whether only some columns of `a` are transposed and multiplied: those from `first` on, one for each row of
        `out`.
    """

    def decorate(function):
        if COMPILED:
            type_callable(function)(_type_part if part else _type_product)
            first = [types.Integer] if part else []
            lower_builtin(function, types.Array, types.Array, types.Array, *first)(_lower_product)
        return function

    def resolve(context, out):
        matrix = types.intp, types.intp, types.intp
        signature = (*matrix, types.intp, types.boolean, *matrix, types.boolean, out, types.boolean)
        product = types.Dispatcher(tiled if target_shape() else otherwise)
        return product, product.get_call_type(context, signature, {})

    def _type_product(context):
        def check(a, b, out):
            _check_arrays(a, b, out)
            resolve(context, out)
            return types.void(a, b, out)

        return check

    def _type_part(context):
        check_whole = _type_product(context)

        def check(a, b, out, first):
            check_whole(a, b, out)
            return types.void(a, b, out, types.intp)

        return check

    def _lower_product(context, builder, signature, values):
        a, b, out = (make_array(signature.args[i])(context, builder, values[i]) for i in range(3))
        a_shape, b_shape, out_shape = (cgutils.unpack_tuple(builder, array.shape, 2) for array in (a, b, out))
        a_data, a_columns = (builder.gep(a.data, [values[3]]), out_shape[0]) if part else (a.data, a_shape[1])
        arguments = [builder.ptrtoint(a_data, WORD), a_shape[0], a_columns, a_shape[1], bit(transpose_a)]
        arguments += [builder.ptrtoint(b.data, WORD), *b_shape, bit(transpose_b)]
        product = context.get_function(*resolve(context.typing_context, signature.args[2]))
        context.add_linking_libs(getattr(product, "libs", ()))
        product(builder, [*arguments, values[2], bit(add)])
        return context.get_dummy_value()

    return decorate


def _check_arrays(*arrays):
    for array in arrays:
        if (
            not isinstance(array, types.Array)
            or (array.ndim, array.layout) != (2, "C")
            or array.dtype not in (types.float32, types.float64)
            or array.dtype != arrays[-1].dtype
        ):
            raise TypingError(
                "Matrix products take two-dimensional C-contiguous arrays of one data type, float32 or float64, not "
                + ", ".join(map(str, arrays))
            )
    if not arrays[-1].mutable:
        raise TypingError("A matrix product cannot be written into a read-only array.")


@intrinsic
def address(typing_context, array):
    """Address of the first element of an array, as an integer."""

    def code(context, builder, signature, values):
        return builder.ptrtoint(make_array(array)(context, builder, values[0]).data, WORD)

    return types.intp(array), code


@intrinsic
def rows_at(typing_context, address, rows, columns, like):
    """Two-dimensional C-contiguous array over memory at an address, with the data type of the array `like`."""
    result = types.Array(like.dtype, 2, "C")

    def code(context, builder, signature, values):
        number = context.get_data_type(like.dtype)
        size = word(bytes_of(number))
        array = make_array(result)(context, builder)
        populate_array(
            array,
            data=builder.inttoptr(values[0], number.as_pointer()),
            shape=values[1:3],
            strides=[builder.mul(values[2], size), size],
            itemsize=size,
            meminfo=None,
        )
        return array._getvalue()

    return result(types.intp, types.intp, types.intp, like), code


@intrinsic
def panel_columns(typing_context, columns, like):
    """Columns that the next panel takes of those that are left: as few panels as possible, of about the same width.

    In a narrow tile each number of `a` is loaded for few multiplications.
    """

    def code(context, builder, signature, values):
        vectors = Vectors(builder, context.get_data_type(like.dtype))
        count, widest = quotient(builder, values[0], vectors.lanes), vectors.shape.widest
        panels = quotient(builder, count, widest)
        width = builder.sdiv(builder.add(count, builder.sub(panels, word(1))), panels)
        return smaller(builder, builder.mul(width, word(vectors.lanes)), values[0])

    return types.intp(types.intp, like), code


@intrinsic
def new_panel(typing_context, like):
    """Address of a panel on the stack, which lives as long as the function that asks for it."""

    def code(context, builder, signature, values):
        vectors = Vectors(builder, context.get_data_type(like.dtype))
        panel = cgutils.alloca_once(builder, vectors.vector, word(PANEL))
        panel.align = vectors.shape.vector_bytes
        return builder.ptrtoint(panel, WORD)

    return types.intp(like), code


@intrinsic
def panel_depth(typing_context, like):
    """Steps along the inner dimension that a panel holds, a multiple of the lanes of every vector."""

    def code(context, builder, signature, values):
        return word(PANEL // Vectors(builder, context.get_data_type(like.dtype)).shape.widest)

    return types.intp(like), code


@intrinsic
def fill_panel(typing_context, panel, b, b_row, transposed, depth, columns, like):
    """Copy the first `depth` rows and `columns` columns of `b` into a panel.

    Parameters
    ----------
    panel : int
        Address from :func:`new_panel`.
    b : int
        Address of the first element to be copied.
    b_row : int
        Elements from one row of `b` to the next.
    transposed : bool
        Take columns for rows and rows for columns.
    depth : int
        At most :func:`panel_depth`.
    columns : int
        From :func:`panel_columns`. The last vector of several ends at the last column, so that it may overlap the one
        before; the lanes beyond the columns of a single vector hold numbers of no meaning.
    like : ndarray
        Array of the data type of the product.
    """

    def code(context, builder, signature, values):
        panel, b, b_row, transposed, depth, columns, _ = values
        number = context.get_data_type(like.dtype)
        vectors = Vectors(builder, number)
        panel, b = (builder.inttoptr(value, number.as_pointer()) for value in (panel, b))

        def fill(body, across, width):
            stride = word(width * vectors.lanes)
            for v, start in enumerate(vectors.starts(width, columns)):
                source = builder.gep(b, [builder.mul(start, across)])
                target = builder.gep(panel, [word(v * vectors.lanes)])
                _call(builder, number, body, [target, stride, source, b_row, depth, columns])

        with builder.if_else(transposed) as (by_columns, by_rows):
            with by_columns:
                vectors.by_width(columns, functools.partial(fill, _transpose, b_row))
            with by_rows:
                vectors.by_width(columns, functools.partial(fill, _copy, word(1)))
        return context.get_dummy_value()

    return types.void(*[types.intp] * 3, types.boolean, types.intp, types.intp, like), code


@intrinsic
def multiply_rows(typing_context, a, a_row, a_inner, panel, depth, out, row, column, rows, columns, add):
    """Multiply rows of `a` by a panel, tile by tile.

    Parameters
    ----------
    a : int
        Address of the first element.
    a_row, a_inner : int
        Elements from one row of `a` to the next, and from one step along the inner dimension to the next.
    panel, depth : int
        A filled panel.
    out : ndarray of shape (m, n)
        Where the rows are written.
    row, column : int
        Where in `out` to begin.
    rows : int
        How many.
    columns : int
        Number of columns of the panel.
    add : bool
        Add to `out` instead of overwriting it.
    """

    def code(context, builder, signature, values):
        a, a_row, a_inner, panel, depth, out_value, row, column, rows, columns, add = values
        number = context.get_data_type(out.dtype)
        vectors = Vectors(builder, number)
        array = make_array(out)(context, builder, out_value)
        out_row = cgutils.unpack_tuple(builder, array.shape, 2)[1]
        target = builder.gep(array.data, [builder.add(builder.mul(row, out_row), column)])
        a, panel = (builder.inttoptr(value, number.as_pointer()) for value in (a, panel))

        def multiply(width):
            height, half = vectors.shape.heights(width)
            rest = builder.srem(rows, word(height))
            low = builder.select(builder.icmp_signed(">", rest, word(half)), word(0), rest)
            high = builder.sub(rows, low)
            for count, start, tile_height in ((high, word(0), height), (low, high, half)):
                with builder.if_then(builder.icmp_signed(">", count, word(0))):
                    first = builder.gep(a, [builder.mul(start, a_row)])
                    place = builder.gep(target, [builder.mul(start, out_row)])
                    arguments = [first, a_row, a_inner, panel, depth, place, out_row, count, columns, add]
                    _call(builder, number, _multiply, arguments, width, tile_height)

        vectors.by_width(columns, multiply)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5, out, *[types.intp] * 4, types.boolean), code


def _call(builder, number, body, arguments, *parameters):
    """Call the function with a given body, which is written once for each data type and tile and is never inlined."""
    name = "_".join(["sknn_concepts", body.__name__, str(number), *map(str, parameters)])
    function = builder.module.globals.get(name)
    if function is None:
        function_type = ir.FunctionType(ir.VoidType(), [value.type for value in arguments])
        function = ir.Function(builder.module, function_type, name)
        function.linkage = "linkonce_odr"
        function.attributes.add("noinline")
        function.attributes.add("nounwind")
        inside = ir.IRBuilder(function.append_basic_block("entry"))
        body(inside, Vectors(inside, number), *function.args, *parameters)
        inside.ret_void()
    builder.call(function, arguments)


def _copy(builder, vectors, target, stride, b, b_row, depth, columns):
    """Fill one vector's column of a panel with rows of `b`."""
    some = vectors.first(columns)
    with cgutils.for_range(builder, depth) as step:
        row = vectors.load(builder.gep(b, [builder.mul(step.index, b_row)]), some)
        vectors.store(row, builder.gep(target, [builder.mul(step.index, stride)]))


def _transpose(builder, vectors, target, stride, b, b_row, depth, columns):
    """Fill one vector's column of a panel with columns of `b`, square by square."""
    lanes = vectors.lanes
    # where there are fewer columns than lanes, the last one again and again
    last = builder.sub(columns, word(1))
    rows = [builder.gep(b, [builder.mul(smaller(builder, word(lane), last), b_row)]) for lane in range(lanes)]
    squares = quotient(builder, depth, lanes)
    with cgutils.for_range(builder, squares) as square:
        step = builder.mul(square.index, word(lanes))
        some = vectors.first(builder.sub(depth, step))
        columns_of_square = vectors.transpose([vectors.load(builder.gep(row, [step]), some) for row in rows])
        for lane, row in enumerate(columns_of_square):
            place = builder.mul(builder.add(step, word(lane)), stride)
            vectors.store(row, builder.gep(target, [place]))


def _multiply(builder, vectors, a, a_row, a_inner, panel, depth, out, out_row, rows, columns, add, width, height):
    """Multiply `rows` rows of `a`, so many at a time, by a panel of `width` vectors."""
    nothing = ir.Constant(vectors.vector, None)
    sums = [[cgutils.alloca_once(builder, vectors.vector) for _ in range(width)] for _ in range(height)]
    some = vectors.first(columns) if width == 1 else None
    with cgutils.for_range_slice(builder, word(0), rows, word(height)) as (top, _):
        # rows beyond the last one are the last one again: the same numbers, stored in the same place
        last = builder.sub(rows, word(1))
        numbered = [smaller(builder, builder.add(top, word(i)), last) for i in range(height)]
        a_rows = [builder.gep(a, [builder.mul(i, a_row)]) for i in numbered]
        for total in itertools.chain(*sums):
            builder.store(nothing, total)
        with cgutils.for_range(builder, depth) as step:
            place = builder.mul(step.index, word(width * vectors.lanes))
            b = [vectors.load(builder.gep(panel, [builder.add(place, word(v * vectors.lanes))])) for v in range(width)]
            along = builder.mul(step.index, a_inner)
            for i in range(height):
                factor = vectors.broadcast(builder.load(builder.gep(a_rows[i], [along]), align=vectors.size))
                for v in range(width):
                    product = builder.fmul(factor, b[v], flags=("contract",))
                    builder.store(builder.fadd(product, builder.load(sums[i][v]), flags=("contract",)), sums[i][v])
        out_rows = [builder.gep(out, [builder.mul(i, out_row)]) for i in numbered]
        targets = [builder.gep(row, [start]) for row in out_rows for start in vectors.starts(width, columns)]
        results = [builder.load(total) for total in itertools.chain(*sums)]
        with builder.if_else(add) as (adding, overwriting):
            with adding:
                # all is read before anything is written, for rows may be repeated and vectors may overlap
                pairs = zip(targets, results, strict=True)
                totals = [builder.fadd(vectors.load(target, some), result) for target, result in pairs]
                for target, total in zip(targets, totals, strict=True):
                    vectors.store(total, target, some)
            with overwriting:
                for target, result in zip(targets, results, strict=True):
                    vectors.store(result, target, some)
