"""LLVM code over whole vector registers: loads, stores, broadcasts and transpositions."""

from llvmlite import ir
from numba.core import cgutils

from sknn_concepts.gemm.processor import target_shape

WORD = ir.IntType(64)
INDEX = ir.IntType(32)


def word(value):
    """Integer constant of the size of an address."""
    return WORD(value)


def bit(value):
    """Constant of one bit."""
    return ir.IntType(1)(value)


def smaller(builder, first, second):
    """Smaller of two integers."""
    return builder.select(builder.icmp_signed("<", first, second), first, second)


def quotient(builder, number, divisor):
    """Number by a positive constant, rounded up."""
    return builder.sdiv(builder.add(number, word(divisor - 1)), word(divisor))


def bytes_of(number):
    """Bytes of a floating-point number."""
    return 8 if isinstance(number, ir.DoubleType) else 4


class Vectors:
    """Writes LLVM code over vectors of the target's size."""

    def __init__(self, builder, number):
        self.builder = builder
        self.shape = target_shape()
        self.size = bytes_of(number)
        self.lanes = self.shape.vector_bytes // self.size
        #: numbers in 16 bytes, within which numbers change their places fastest
        self.per_16_bytes = 16 // self.size
        self.vector = ir.VectorType(number, self.lanes)

    def by_width(self, columns, emit):
        """Code that ``emit(width)`` writes for one vector of columns, and for more."""
        done = self.builder.append_basic_block()
        for width in range(self.shape.widest, 0, -1):
            fits = self.builder.icmp_signed(">", columns, word((width - 1) * self.lanes))
            with self.builder.if_then(fits):
                emit(width)
                self.builder.branch(done)
        self.builder.branch(done)
        self.builder.position_at_end(done)

    def starts(self, width, columns):
        """First column of each vector; the last one ends at the last column."""
        starts = [word(v * self.lanes) for v in range(width)]
        if width > 1:
            starts[-1] = self.builder.sub(columns, word(self.lanes))
        return starts

    def broadcast(self, value):
        """Vector with the same value in each lane."""
        vector = ir.VectorType(value.type, self.lanes)
        first = self.builder.insert_element(vector(ir.Undefined), value, INDEX(0))
        everywhere = ir.Constant(ir.VectorType(INDEX, self.lanes), None)
        return self.builder.shuffle_vector(first, vector(ir.Undefined), everywhere)

    def sum(self, vector):
        """Sum of the lanes."""
        number = vector.type.element
        name = f"llvm.vector.reduce.fadd.v{self.lanes}f{8 * self.size}"
        function = self._intrinsic(name, number, [number, vector.type])
        return self.builder.call(function, [number(-0.0), vector], fastmath=("reassoc",))

    def sums(self, vectors):
        """Sums of the lanes of `few` vectors, as one vector."""
        lanes, half = range(self.lanes), self.per_16_bytes // 2
        near = [
            lane % self.per_16_bytes // 2 + lane // self.per_16_bytes * self.per_16_bytes + self.lanes * (lane % 2)
            for lane in lanes
        ]
        far = [lane + half for lane in near]
        while len(vectors) > 1:  # pairs of vectors share one, their lanes alternating
            pairs = zip(vectors[: len(vectors) // 2], vectors[len(vectors) // 2 :], strict=True)
            vectors = [self._add_shuffled(*pair, near, far) for pair in pairs]
        (total,) = vectors
        while total.type.count > self.per_16_bytes:
            half = total.type.count // 2
            total = self._add_shuffled(total, total, list(range(half)), list(range(half, 2 * half)))
        return total

    def _add_shuffled(self, first, second, *picks):
        picks = [ir.Constant(ir.VectorType(INDEX, len(pick)), pick) for pick in picks]
        return self.builder.fadd(*(self.builder.shuffle_vector(first, second, pick) for pick in picks))

    def transpose(self, rows):
        """Columns of a square: as many vectors as there are lanes."""
        half = self.lanes // 2
        first = [lane // 2 + self.lanes * (lane % 2) for lane in range(self.lanes)]
        picks = [ir.Constant(ir.VectorType(INDEX, self.lanes), [i + start for i in first]) for start in (0, half)]
        # each round interleaves vector i with vector i + half; after log2(lanes) rounds rows have become columns
        for _ in range(self.lanes.bit_length() - 1):
            rows = [self.builder.shuffle_vector(rows[i], rows[i + half], pick) for i in range(half) for pick in picks]
        return rows

    def first(self, count):
        """The first `count` lanes, or all if there are fewer: an argument of :meth:`load` and :meth:`store`."""
        lanes = ir.Constant(ir.VectorType(WORD, self.lanes), list(range(self.lanes)))
        mask = self.builder.icmp_signed("<", lanes, self.broadcast(count))
        return mask, self.builder.icmp_signed(">=", count, word(self.lanes))

    def load(self, pointer, some=None):
        """Vector in memory; other lanes than `some` are not read, and are zero."""
        builder, pointer = self.builder, self.builder.bitcast(pointer, self.vector.as_pointer())
        loaded = cgutils.alloca_once(builder, self.vector)

        def whole():
            builder.store(builder.load(pointer, align=self.size), loaded)

        def part(mask):
            nothing = ir.Constant(self.vector, None)
            function = self._masked("load", self.vector, [pointer.type, INDEX, mask.type, self.vector])
            builder.store(builder.call(function, [pointer, INDEX(self.size), mask, nothing]), loaded)

        self._access(some, whole, part)
        return builder.load(loaded)

    def store(self, value, pointer, some=None):
        """Write a vector into memory, or `some` of its lanes."""
        builder, pointer = self.builder, self.builder.bitcast(pointer, self.vector.as_pointer())

        def whole():
            builder.store(value, pointer, align=self.size)

        def part(mask):
            function = self._masked("store", ir.VoidType(), [self.vector, pointer.type, INDEX, mask.type])
            builder.call(function, [value, pointer, INDEX(self.size), mask])

        self._access(some, whole, part)

    def _access(self, some, whole, part):
        if some is None:
            whole()
        elif self.shape.masks:
            part(some[0])
        else:
            with self.builder.if_else(some[1], likely=True) as (all_lanes, some_lanes):
                with all_lanes:
                    whole()
                with some_lanes:
                    part(some[0])

    def _masked(self, access, result, arguments):
        return self._intrinsic(f"llvm.masked.{access}.v{self.lanes}f{8 * self.size}.p0", result, arguments)

    def _intrinsic(self, name, result, arguments):
        module = self.builder.module
        return module.globals.get(name) or ir.Function(module, ir.FunctionType(result, arguments), name)
