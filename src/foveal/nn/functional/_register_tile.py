"""The one product that everything is built of: a tile of the result that stays in registers.

Numba compiles loops well, but does not keep a block of sums in vector registers over a loop. This
intrinsic therefore writes the loop in LLVM's own language: the rest of the engine is ordinary Numba.
"""

from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_WIDE = bool(binding.get_host_cpu_features().get("avx512f"))

#: Numbers of one vector register, in float32.
LANES = 16 if _WIDE else 8
#: Columns of a whole tile: two vectors.
COLUMNS = 2 * LANES
#: Most rows of a tile: so many that its sums, two vectors of the right side and one number of the left
#: side just fill the registers (16, or 32 with AVX-512).
ROWS = 12 if _WIDE else 6

_INT32 = ir.IntType(32)


@intrinsic
def multiply_tile(
    _typing: Any,
    rows: Any,
    columns: Any,
    out: Any,
    out_at: Any,
    out_row: Any,
    start: Any,
    start_at: Any,
    start_row: Any,
    left: Any,
    left_at: Any,
    left_row: Any,
    left_step: Any,
    left_run: Any,
    right: Any,
    right_at: Any,
    right_step: Any,
    steps: Any,
    runs: Any,
    low: Any,
    high: Any,
) -> Any:
    """``out = clip(start + left @ right, low, high)`` for one tile of ``rows`` by ``columns``.

    All arrays are flat and contiguous, and every place and distance counts elements. The left side's row
    ``r`` is ``left_row * r`` further on; its column moves on by ``left_step`` for ``steps`` steps, and that
    is done ``runs`` times, each beginning ``left_run`` after the one before. The right side's rows are
    ``right_step`` apart throughout. ``start`` is what the sums begin with: a bias or zeros with
    ``start_row`` 0, or the output itself to add to it.

    ``rows`` is from 1 to ROWS and ``columns`` from 1 to COLUMNS; nothing beyond them is read or written.
    NaN passes the clipping.
    """
    number = out.dtype
    place = types.intp
    signature = types.void(
        *[place] * 2,
        *[out, place, place],
        *[start, place, place],
        *[left, place, place, place, place],
        *[right, place, place],
        *[place] * 2,
        *[number] * 2,
    )

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        columns = arguments[1]
        size = context.get_value_type(place)
        after = builder.append_basic_block("after")
        whole = builder.append_basic_block("whole")
        narrow = builder.append_basic_block("narrow")
        is_whole = builder.icmp_signed("==", columns, ir.Constant(size, COLUMNS))
        builder.cbranch(is_whole, whole, narrow)
        builder.position_at_end(whole)
        _for_each_row_count(context, builder, signature, arguments, after, vectors=2, masked=False)
        builder.position_at_end(narrow)
        one, two = builder.append_basic_block("one"), builder.append_basic_block("two")
        builder.cbranch(builder.icmp_signed("<=", columns, ir.Constant(size, LANES)), one, two)
        for block, vectors in ((one, 1), (two, 2)):
            builder.position_at_end(block)
            _for_each_row_count(context, builder, signature, arguments, after, vectors=vectors, masked=True)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return signature, generate


def _for_each_row_count(
    context: Any, builder: Any, signature: Any, arguments: Any, after: Any, *, vectors: int, masked: bool
) -> None:
    size = context.get_value_type(types.intp)
    choice = builder.switch(arguments[0], after)
    for count in range(1, ROWS + 1):
        block = builder.append_basic_block(f"rows_{count}")
        choice.add_case(ir.Constant(size, count), block)
        builder.position_at_end(block)
        _Tile(context, builder, signature, arguments, count, vectors, masked).write()
        builder.branch(after)


class _Tile:
    """The code of a tile of a fixed number of rows and vectors."""

    def __init__(
        self,
        context: Any,
        builder: Any,
        signature: Any,
        arguments: Any,
        rows: int,
        vectors: int,
        masked: bool,
    ) -> None:
        self.context, self.builder = context, builder
        self.signature, self.arguments = signature, arguments
        self.rows, self.vectors = rows, vectors
        self.size = context.get_value_type(types.intp)
        number = signature.args[-1]
        self.vector = ir.VectorType(context.get_value_type(number), LANES)
        self.bytes = 4 if number == types.float32 else 8
        self.suffix = f"v{LANES}f{8 * self.bytes}"
        columns = arguments[1]
        self.masks = [self._mask(columns, v) for v in range(vectors)] if masked else []

    def write(self) -> None:
        builder, size = self.builder, self.size
        (_, _, out, out_at, out_row, start, start_at, start_row, left, left_at) = self.arguments[:10]
        left_row, left_step, left_run, right, right_at, right_step, steps, runs, low, high = self.arguments[
            10:
        ]
        types_ = self.signature.args
        left = self._pointer(types_[8], left, left_at)
        right = self._pointer(types_[13], right, right_at)
        start = self._pointer(types_[5], start, start_at)
        out = self._pointer(types_[2], out, out_at)
        begun = [x for row in self._rows(start, start_row) for x in map(row.load, range(self.vectors))]
        places = [builder.mul(left_row, ir.Constant(size, r)) for r in range(self.rows)]

        zero, one = ir.Constant(size, 0), ir.Constant(size, 1)
        before = builder.block
        run_block, step_block = builder.append_basic_block("run"), builder.append_basic_block("step")
        run_end, done = builder.append_basic_block("run_end"), builder.append_basic_block("done")
        builder.branch(run_block)

        builder.position_at_end(run_block)
        run, *run_values = self._phis([zero, left, right, *begun], before)
        builder.branch(step_block)

        builder.position_at_end(step_block)
        step, at_left, at_right, *sums = self._phis([zero, *run_values], run_block)
        factors = [_Row(self, at_right).load(v) for v in range(self.vectors)]
        multiply_add = self._llvm("llvm.fmuladd", self.vector, [self.vector] * 3)
        added = []
        for r in range(self.rows):
            spread = self._spread(builder.load(builder.gep(at_left, [places[r]])))
            for v in range(self.vectors):
                added.append(builder.call(multiply_add, [spread, factors[v], sums[r * self.vectors + v]]))
        next_left, next_right = builder.gep(at_left, [left_step]), builder.gep(at_right, [right_step])
        next_step = builder.add(step, one)
        self._feed([step, at_left, at_right, *sums], [next_step, next_left, next_right, *added])
        builder.cbranch(builder.icmp_signed("<", next_step, steps), step_block, run_end)

        builder.position_at_end(run_end)
        next_run = builder.add(run, one)
        run_left = builder.gep(run_values[0], [left_run])
        self._feed([run, *run_values], [next_run, run_left, next_right, *added])
        builder.cbranch(builder.icmp_signed("<", next_run, runs), run_block, done)

        builder.position_at_end(done)
        low, high = self._spread(low), self._spread(high)
        results = iter(added)
        for row in self._rows(out, out_row):
            for v in range(self.vectors):
                x = next(results)
                x = builder.select(builder.fcmp_ordered("<", x, low), low, x)
                row.store(builder.select(builder.fcmp_ordered(">", x, high), high, x), v)

    def _phis(self, values: list[Any], block: Any) -> list[Any]:
        phis = [self.builder.phi(value.type) for value in values]
        for phi, value in zip(phis, values, strict=True):
            phi.add_incoming(value, block)
        return phis

    def _feed(self, phis: list[Any], values: list[Any]) -> None:
        for phi, value in zip(phis, values, strict=True):
            phi.add_incoming(value, self.builder.block)

    def _rows(self, pointer: Any, distance: Any) -> list["_Row"]:
        builder = self.builder
        moves = [builder.mul(distance, ir.Constant(self.size, r)) for r in range(self.rows)]
        return [_Row(self, builder.gep(pointer, [move])) for move in moves]

    def _pointer(self, kind: Any, array: Any, at: Any) -> Any:
        data = self.context.make_array(kind)(self.context, self.builder, array).data
        return self.builder.gep(data, [at])

    def _spread(self, value: Any) -> Any:
        """One number in every lane."""
        return _splat(self.builder, value, LANES)

    def _mask(self, columns: Any, vector: int) -> Any:
        kind = ir.VectorType(self.size, LANES)
        lanes = ir.Constant(kind, [vector * LANES + i for i in range(LANES)])
        return self.builder.icmp_signed("<", lanes, _splat(self.builder, columns, LANES))

    def _llvm(self, name: str, result: Any, parameters: list[Any], suffix: str = "") -> Any:
        kind = ir.FunctionType(result, parameters)
        full_name = f"{name}.{self.suffix}{suffix}"
        return cgutils.get_or_insert_function(self.builder.module, kind, full_name)  # type: ignore[no-untyped-call]


class _Row:
    """The vectors from a place in memory on."""

    def __init__(self, tile: _Tile, pointer: Any) -> None:
        self.tile, self.pointer = tile, pointer

    def _place(self, vector: int) -> Any:
        tile = self.tile
        moved = tile.builder.gep(self.pointer, [ir.Constant(tile.size, vector * LANES)])
        return tile.builder.bitcast(moved, tile.vector.as_pointer())

    def load(self, vector: int) -> Any:
        tile, place = self.tile, self._place(vector)
        if not tile.masks:
            return tile.builder.load(place, align=tile.bytes)
        mask = tile.masks[vector]
        kinds = [place.type, _INT32, mask.type, tile.vector]
        masked = tile._llvm("llvm.masked.load", tile.vector, kinds, ".p0")
        zeros = ir.Constant(tile.vector, [0.0] * LANES)
        return tile.builder.call(masked, [place, ir.Constant(_INT32, tile.bytes), mask, zeros])

    def store(self, value: Any, vector: int) -> None:
        tile, place = self.tile, self._place(vector)
        if not tile.masks:
            tile.builder.store(value, place, align=tile.bytes)
            return
        mask = tile.masks[vector]
        kinds = [tile.vector, place.type, _INT32, mask.type]
        masked = tile._llvm("llvm.masked.store", ir.VoidType(), kinds, ".p0")
        tile.builder.call(masked, [value, place, ir.Constant(_INT32, tile.bytes), mask])


def _splat(builder: Any, value: Any, lanes: int) -> Any:
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_INT32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_INT32, lanes), [0] * lanes))
