"""The one product that everything is built of: a tile of the result that stays in registers.

Numba compiles loops well, but does not keep a block of sums in vector registers over a loop. This
intrinsic therefore writes the loop in LLVM's own language: the rest of the engine is ordinary Numba.
"""

from functools import cache
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import cfunc, from_dtype, types
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
def pointer(_typing: Any, array: Any) -> Any:
    """Where an array's elements lie; the array must outlive it, as an argument of the kernel does."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate  # type: ignore[no-untyped-call]


def _kinds(number: Any) -> list[list[Any]]:
    """The types of a tile's arguments, group by group.

    Kernels that lie compiled hand them over in this order. Numba compiles anew what stands in a file that has
    changed: who changes this changes a line in the files of those kernels as well.
    """
    # Pointers, so that no array's references are counted at every tile.
    place, memory = types.intp, types.CPointer(number)  # type: ignore[no-untyped-call]
    return [
        [place] * 2,
        [memory, place, place],
        [memory, place, place],
        [memory, *[place] * 4],
        [memory, place, place],
        [place] * 2,
        [number] * 2,
        [memory, types.boolean, number, number],
    ]


@intrinsic
def tile(
    _typing: Any,
    function: Any,
    size: Any,
    out: Any,
    start: Any,
    left: Any,
    right: Any,
    counts: Any,
    clip: Any,
    gate: Any,
) -> Any:
    """``out = clip(start + left @ right)``, by the function at an address.

    The other arguments are tuples. Memory is given by :func:`pointer`, and every place and distance counts
    elements:

    - ``function``: from :func:`multiply_tile` or :func:`weigh_tile`.
    - ``size``: rows, 1 to ROWS, and columns, 1 to COLUMNS; nothing beyond is read or written.
    - ``out``: memory, place, and how far apart its rows are.
    - ``start``: the same of what the sums begin with: a bias or zeros with rows 0 apart, or the output itself
      to add to it.
    - ``left``: memory, place, how far apart its rows are, how far its column moves on in a step, and how far
      from the beginning of one run to that of the next.
    - ``right``: memory, place, and how far apart its rows are, throughout.
    - ``counts``: the steps of a run, and the runs.
    - ``clip``: the lower and the upper bound of the output; NaN passes.
    - ``gate``: memory that lies as the output, whether it is used, and two bounds: an element becomes 0
      unless its own is between them. So is the gradient of a rectifier, whose output the gate is.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        unpacked = [cgutils.unpack_tuple(builder, group) for group in arguments[1:]]  # type: ignore[no-untyped-call]
        values = [value for group in unpacked for value in group]
        place = cgutils.alloca_once(builder, ir.LiteralStructType([value.type for value in values]))  # type: ignore[no-untyped-call]
        for i, value in enumerate(values):
            builder.store(value, cgutils.gep_inbounds(builder, place, 0, i))  # type: ignore[no-untyped-call]
        kind = ir.FunctionType(ir.VoidType(), [place.type])
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), [place])
        return context.get_dummy_value()

    kinds = map(types.BaseTuple.from_types, _kinds(clip.dtype))
    return types.void(types.intp, *kinds), generate


@cache
def multiply_tile(dtype: "np.dtype[Any]") -> int:
    """The address of the compiled function of a tile, for a type of numbers.

    It is called through its address, since Numba would otherwise compile it anew into everything that calls
    it, which takes a second and more each time.
    """
    return _compiled(_multiply_tile, dtype)


@cache
def weigh_tile(dtype: "np.dtype[Any]") -> int:
    """The same where each element of the right side meets its own of the left.

    As many consecutive elements are read there, too, instead of one for all. So a convolution looks whose
    channels do not see each other.
    """
    return _compiled(_weigh_tile, dtype)


def _compiled(function: Any, dtype: "np.dtype[Any]") -> int:
    arguments = types.CPointer(from_dtype(dtype))  # type: ignore[no-untyped-call]
    compiled: Any = cfunc(types.void(arguments), cache=True)(function)
    # It lives as long as this.
    _kept.append(compiled)
    address: int = compiled.address
    return address


_kept: list[Any] = []


def _multiply_tile(arguments: Any) -> None:
    _multiply(arguments)


def _weigh_tile(arguments: Any) -> None:
    _weigh(arguments)


def _written(elementwise: bool) -> Any:
    def write(_typing: Any, arguments: Any) -> Any:
        number = arguments.dtype

        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            kinds = [context.get_value_type(kind) for group in _kinds(number) for kind in group]
            place = builder.bitcast(given[0], ir.LiteralStructType(kinds).as_pointer())
            flat = [
                builder.load(cgutils.gep_inbounds(builder, place, 0, i))  # type: ignore[no-untyped-call]
                for i in range(len(kinds))
            ]
            _write_tiles(context, builder, number, flat, elementwise)
            return context.get_dummy_value()

        return types.void(arguments), generate

    return intrinsic(write)


_multiply, _weigh = _written(elementwise=False), _written(elementwise=True)


def _write_tiles(context: Any, builder: Any, number: Any, arguments: Any, elementwise: bool) -> None:
    """Whole tiles without masks, narrow ones with one or two masked vectors."""
    columns = arguments[1]
    size = context.get_value_type(types.intp)
    after, whole = builder.append_basic_block("after"), builder.append_basic_block("whole")
    narrow, one = builder.append_basic_block("narrow"), builder.append_basic_block("one")
    two = builder.append_basic_block("two")
    builder.cbranch(builder.icmp_signed("==", columns, ir.Constant(size, COLUMNS)), whole, narrow)
    builder.position_at_end(narrow)
    builder.cbranch(builder.icmp_signed("<=", columns, ir.Constant(size, LANES)), one, two)
    for block, vectors, masked in ((whole, 2, False), (one, 1, True), (two, 2, True)):
        builder.position_at_end(block)
        choice = builder.switch(arguments[0], after)
        for rows in range(1, ROWS + 1):
            case = builder.append_basic_block(f"rows_{rows}")
            choice.add_case(ir.Constant(size, rows), case)
            builder.position_at_end(case)
            _Tile(context, builder, number, arguments, rows, vectors, masked, elementwise).write()
            builder.branch(after)
    builder.position_at_end(after)


class _Tile:
    """The code of a tile of a fixed number of rows and vectors."""

    def __init__(
        self,
        context: Any,
        builder: Any,
        number: Any,
        arguments: Any,
        rows: int,
        vectors: int,
        masked: bool,
        elementwise: bool,
    ) -> None:
        self.builder, self.arguments = builder, arguments
        self.rows, self.vectors, self.elementwise = rows, vectors, elementwise
        self.size = context.get_value_type(types.intp)
        self.vector = ir.VectorType(context.get_value_type(number), LANES)
        self.bytes = 4 if number == types.float32 else 8
        self.suffix = f"v{LANES}f{8 * self.bytes}"
        columns = arguments[1]
        self.masks = [self._mask(columns, v) for v in range(vectors)] if masked else []

    def write(self) -> None:
        builder, size = self.builder, self.size
        out, out_at, out_row, start, start_at, start_row = self.arguments[2:8]
        left, left_at, left_row, left_step, left_run, right, right_at, right_step = self.arguments[8:16]
        steps, runs, low, high, gate, gated, gate_low, gate_high = self.arguments[16:]
        left, right = builder.gep(left, [left_at]), builder.gep(right, [right_at])
        start, gate = builder.gep(start, [start_at]), builder.gep(gate, [out_at])
        out = builder.gep(out, [out_at])
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
            place = builder.gep(at_left, [places[r]])
            spread = None if self.elementwise else self._spread(builder.load(place))
            for v in range(self.vectors):
                factor = _Row(self, place).load(v) if spread is None else spread
                added.append(builder.call(multiply_add, [factor, factors[v], sums[r * self.vectors + v]]))
        next_left, next_right = builder.gep(at_left, [left_step]), builder.gep(at_right, [right_step])
        next_step = builder.add(step, one)
        self._feed([step, at_left, at_right, *sums], [next_step, next_left, next_right, *added])
        self._repeat(builder.icmp_signed("<", next_step, steps), step_block, run_end)

        builder.position_at_end(run_end)
        next_run = builder.add(run, one)
        run_left = builder.gep(run_values[0], [left_run])
        self._feed([run, *run_values], [next_run, run_left, next_right, *added])
        self._repeat(builder.icmp_signed("<", next_run, runs), run_block, done)

        builder.position_at_end(done)
        low, high = self._spread(low), self._spread(high)
        clipped = []
        for x in added:
            x = builder.select(builder.fcmp_ordered("<", x, low), low, x)
            clipped.append(builder.select(builder.fcmp_ordered(">", x, high), high, x))
        open_block, gated_block = builder.append_basic_block("open"), builder.append_basic_block("gated")
        end = builder.append_basic_block("end")
        builder.cbranch(gated, gated_block, open_block)

        builder.position_at_end(open_block)
        self._store(clipped, out, out_row)
        builder.branch(end)

        builder.position_at_end(gated_block)
        gate_low, gate_high = self._spread(gate_low), self._spread(gate_high)
        zero_vector = ir.Constant(self.vector, [0.0] * LANES)
        gates = [g for row in self._rows(gate, out_row) for g in map(row.load, range(self.vectors))]
        kept = []
        for x, g in zip(clipped, gates, strict=True):
            above, below = builder.fcmp_ordered(">", g, gate_low), builder.fcmp_ordered("<", g, gate_high)
            kept.append(builder.select(builder.and_(above, below), x, zero_vector))
        self._store(kept, out, out_row)
        builder.branch(end)
        builder.position_at_end(end)

    def _repeat(self, condition: Any, again: Any, after: Any) -> None:
        """The end of a loop, which shall not be unrolled: that takes time to compile and saves none."""
        module = self.builder.module
        setting = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
        loop = ir.MDValue(module, [setting], name=str(len(module.metadata)))
        # LLVM knows what is about a loop by its being its own first part.
        loop.operands = (loop, setting)
        self.builder.cbranch(condition, again, after).set_metadata("llvm.loop", loop)

    def _store(self, values: list[Any], out: Any, out_row: Any) -> None:
        left = iter(values)
        for row in self._rows(out, out_row):
            for v in range(self.vectors):
                row.store(next(left), v)

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
