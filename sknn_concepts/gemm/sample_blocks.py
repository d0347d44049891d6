"""Sums over the weights that a unit has left, for a block of samples at a time.

A *sample block* has a fixed number of samples, whose values of one unit fill a few vector registers. The sums of one
unit stay in registers while its weights are read, each of them with the vectors of the unit that it leads from; these
lie in a *panel*, small enough for the nearest cache. Numba intrinsics for kernels; the loops around them are in
:mod:`sknn_concepts.network.sparse`.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from sknn_concepts.gemm.tiles import PANEL, _call
from sknn_concepts.gemm.vectors import INDEX, WORD, Vectors, smaller, word

#: Vectors that hold the values of one unit: so many sums at once hide how long a multiply-add takes.
VECTORS_PER_BLOCK = 4

#: Units whose values for a block of samples fit in a panel from :func:`sknn_concepts.gemm.tiles.new_panel`.
UNITS_PER_PANEL = PANEL // VECTORS_PER_BLOCK


@intrinsic
def samples_per_block(typing_context, like):
    """Number of samples in a block, for numbers of the data type of the array `like`."""

    def code(context, builder, signature, values):
        return word(VECTORS_PER_BLOCK * Vectors(builder, context.get_data_type(like.dtype)).lanes)

    return types.intp(like), code


@intrinsic
def transpose(typing_context, source, source_row, numbers, first, rows, columns, target, target_row, like):
    """Copy rows to columns: ``target[j, i] = source[numbers[first + i], j]``; nothing else is read or written.

    Parameters
    ----------
    source : int
        Address.
    source_row : int
        Elements from one row of the source to the next.
    numbers : ndarray of int64
        Which rows of the source.
    first : int
        Where to begin among them.
    rows, columns : int
        How many rows, and how many numbers of each.
    target : int
        Address.
    target_row : int
        Elements from one row of the target to the next.
    like : ndarray
        Array of the data type of both.
    """

    def code(context, builder, signature, values):
        source, source_row, numbers, first, rows, columns, target, target_row, _ = values
        number = context.get_data_type(like.dtype)
        source, target = (builder.inttoptr(value, number.as_pointer()) for value in (source, target))
        numbers = builder.gep(make_array(signature.args[2])(context, builder, numbers).data, [first])
        _call(builder, number, _transpose_matrix, [source, source_row, numbers, rows, columns, target, target_row])
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, numbers, *[types.intp] * 5, like), code


def _transpose_matrix(builder, vectors, source, source_row, numbers, rows, columns, target, target_row):
    """Transpose a matrix, square by square."""
    lanes = vectors.lanes
    size, last_row, last_column = word(lanes), builder.sub(rows, word(1)), builder.sub(columns, word(1))
    with cgutils.for_range_slice(builder, word(0), rows, size) as (i, _):
        some_rows = vectors.first(builder.sub(rows, i))
        # beyond the last row the last one again
        places = [smaller(builder, builder.add(i, word(lane)), last_row) for lane in range(lanes)]
        numbered = [builder.load(builder.gep(numbers, [place])) for place in places]
        starts = [builder.gep(source, [builder.mul(row, source_row)]) for row in numbered]
        with cgutils.for_range_slice(builder, word(0), columns, size) as (j, _):
            some_columns = vectors.first(builder.sub(columns, j))
            columns_of_square = vectors.transpose(
                [vectors.load(builder.gep(start, [j]), some_columns) for start in starts]
            )
            # beyond the last column its own place, which is written last
            for lane in reversed(range(lanes)):
                column = smaller(builder, builder.add(j, word(lane)), last_column)
                place = builder.gep(target, [builder.add(builder.mul(column, target_row), i)])
                vectors.store(columns_of_square[lane], place, some_rows)


@intrinsic
def sum_blocks(typing_context, weights, units, start, stop, panel, sums, place, add):
    """Sum of the values of some units, each times a weight: ``sums[place] = sum_k weights[k] * panel[units[k]]``.

    Parameters
    ----------
    weights : ndarray of shape (n_weights,)
    units : ndarray of int32 of shape (n_weights,)
        Where each weight leads from.
    start, stop : int
        The weights are those from `start` to `stop`.
    panel : int
        Address of the values of unit 0, aligned to whole vectors; those of the other units follow.
    sums : ndarray of one dimension
        Values of the units of the next layer, aligned alike.
    place : int
        Unit whose values become the sum.
    add : bool
        Add to what is there.
    """

    def code(context, builder, signature, values):
        weights, units, start, stop, panel, sums, place, add = values
        weights = make_array(signature.args[0])(context, builder, weights).data
        blocks = _Blocks(context, builder, signature.args, units, panel, sums, place)
        vector = blocks.vectors.vector
        totals = [cgutils.alloca_once_value(builder, ir.Constant(vector, None)) for _ in range(VECTORS_PER_BLOCK)]
        with builder.if_then(add):
            for total, value in zip(totals, blocks.load_placed(), strict=True):
                builder.store(value, total)
        with cgutils.for_range_slice(builder, start, stop, word(1)) as (k, _):
            factor = blocks.vectors.broadcast(builder.load(builder.gep(weights, [k])))
            for total, value in zip(totals, blocks.load(k), strict=True):
                builder.store(_multiply_add(builder, factor, value, builder.load(total)), total)
        blocks.store_placed([builder.load(total) for total in totals])
        return context.get_dummy_value()

    return types.void(weights, units, *[types.intp] * 3, sums, types.intp, types.boolean), code


@intrinsic
def dot_blocks(typing_context, products, units, start, stop, panel, errors, place, add):
    """Dot products of the values of some units with those of another.

    That is ``products[k] = sum(panel[units[k]] * errors[place])``.

    Parameters
    ----------
    products : ndarray of shape (n_weights,)
    units, start, stop, panel
        As in :func:`sum_blocks`.
    errors : ndarray of one dimension
        Values of the units of the next layer, aligned to whole vectors.
    place : int
        Unit whose values are the factor.
    add : bool
        Add to what is there.
    """

    def code(context, builder, signature, values):
        products, units, start, stop, panel, errors, place, add = values
        products = make_array(signature.args[0])(context, builder, products).data
        blocks = _Blocks(context, builder, signature.args, units, panel, errors, place)
        factors = blocks.load_placed()
        nothing = ir.Constant(blocks.vectors.vector, None)

        def total_of(k):
            total = nothing
            for factor, value in zip(factors, blocks.load(k), strict=True):
                total = _multiply_add(builder, factor, value, total)
            return total

        def put(k, numbers):
            target = builder.bitcast(builder.gep(products, [k]), numbers.type.as_pointer())
            before = builder.load(target, align=blocks.vectors.size)
            before = builder.select(add, before, ir.Constant(numbers.type, None))
            builder.store(builder.fadd(before, numbers, flags=("contract",)), target, align=blocks.vectors.size)

        # some sums at a time, whose lanes are added up together
        group = blocks.vectors.per_16_bytes
        rest = builder.sub(stop, builder.and_(builder.sub(stop, start), word(group - 1)))
        with cgutils.for_range_slice(builder, start, rest, word(group)) as (k, _):
            put(k, blocks.vectors.sums([total_of(builder.add(k, word(i))) for i in range(group)]))
        with cgutils.for_range_slice(builder, rest, stop, word(1)) as (k, _):
            put(k, blocks.vectors.sum(total_of(k)))
        return context.get_dummy_value()

    return types.void(products, units, *[types.intp] * 3, errors, types.intp, types.boolean), code


def _multiply_add(builder, factor, value, total):
    return builder.fadd(builder.fmul(factor, value, flags=("contract",)), total, flags=("contract",))


class _Blocks:
    """Access to the values of the units in a panel, by weight, and to those of one unit in an array."""

    def __init__(self, context, builder, argument_types, units, panel, array, place):
        self._builder = builder
        self.vectors = Vectors(builder, context.get_data_type(argument_types[0].dtype))
        values = ir.ArrayType(self.vectors.vector, VECTORS_PER_BLOCK).as_pointer()
        self._align = self.vectors.shape.vector_bytes
        self._units = make_array(argument_types[1])(context, builder, units).data
        self._panel = builder.inttoptr(panel, values)
        data = builder.bitcast(make_array(argument_types[5])(context, builder, array).data, values)
        self._placed = [builder.gep(data, [place, INDEX(v)]) for v in range(VECTORS_PER_BLOCK)]

    def load(self, weight):
        """Values of the unit that a weight leads from."""
        builder = self._builder
        unit = builder.zext(builder.load(builder.gep(self._units, [weight])), WORD)
        return [
            builder.load(builder.gep(self._panel, [unit, INDEX(v)]), align=self._align)
            for v in range(VECTORS_PER_BLOCK)
        ]

    def load_placed(self):
        """Values of the one unit."""
        return [self._builder.load(pointer, align=self._align) for pointer in self._placed]

    def store_placed(self, values):
        """Overwrite the values of the one unit."""
        for pointer, value in zip(self._placed, values, strict=True):
            self._builder.store(value, pointer, align=self._align)
