"""Products of matrices, tile by tile."""

import numpy as np

from foveal.kernels import njit
from foveal.nn.functional._register_tile import COLUMNS, ROWS, pointer, tile

# Rows of the right side at a time: a panel of them stays in the first cache.
DEEP = 256
# The same where it is packed on the way, or where a step of the left side is a cache line of its own.
DEEP_ALONE = 128
# Columns of the right side that are packed at a time where it is not packed beforehand: long rows are read
# along memory.
CHUNK = 512
# Rows of the left side at a time: they and their results stay in the second cache.
_HIGH = 96
# The same where the right side is packed anew for them.
_HIGH_ALONE = 256
# The rows of a copied left side, apart by what is no multiple of a large power of two.
COPIED_STEP = _HIGH_ALONE + 16
# Steps that are a multiple of this many elements fall into few sets of the first cache.
_CROWDED = 128


@njit(cache=True, nogil=True)
def pack_panels(right, strides, deep, steps, column, last_column, packed):
    """Some rows and columns of the right side, panel by panel, zeros behind the last column."""
    number = packed.dtype.type
    row_stride, column_stride = strides
    panels = (last_column - column + COLUMNS - 1) // COLUMNS
    whole = (last_column - column) // COLUMNS if column_stride == 1 else 0
    for k in range(steps):
        # Along a row, as it lies in memory.
        source = (deep + k) * row_stride + column
        for panel in range(whole):
            at = (panel * steps + k) * COLUMNS
            for j in range(COLUMNS):
                packed[at + j] = right[source + panel * COLUMNS + j]
    for panel in range(whole, panels):
        for j in range(COLUMNS):
            c = column + panel * COLUMNS + j
            source, at = deep * row_stride + c * column_stride, panel * steps * COLUMNS + j
            for k in range(steps):
                packed[at + k * COLUMNS] = right[source + k * row_stride] if c < last_column else number(0)


@njit(cache=True, nogil=True)
def pack_all(right, strides, columns, depth, packed, first, last):
    """Panels ``first`` to ``last`` of the whole right side, in the order that :func:`product` reads."""
    panels = (columns + COLUMNS - 1) // COLUMNS
    for deep in range(0, depth, DEEP):
        steps = min(DEEP, depth - deep)
        place = (deep * panels + first * steps) * COLUMNS
        end = min(columns, last * COLUMNS)
        pack_panels(right, strides, deep, steps, first * COLUMNS, end, packed[place:])


@njit(cache=True, nogil=True)
def product(multiply, left_side, right_side, packed, scratch, bias, out, clip, gate, gate_clip, sums, block):
    """A block of ``clip(left @ right + bias)``, zeroed where ``gate`` is not inside its limits.

    The left side is its memory, its depth and its two strides, the right its memory and its two strides;
    ``block`` is the first and last row and the first and last column. ``gate`` is flat, or empty for none;
    ``bias`` is long enough for whole tiles. ``packed`` is the right side as :func:`pack_panels` leaves it, or
    empty: then ``scratch`` has DEEP_ALONE * CHUNK elements for packing here. Its second array, of
    DEEP_ALONE * COPIED_STEP elements, is for a left side that lies transposed. The right side's columns are
    added to ``sums``, which is as long as ``bias``, or empty for none, by the block of the first row.
    """
    number = out.dtype.type
    left, depth, left_row, left_step = left_side
    right, right_strides = right_side
    chunk, copy = scratch
    first_row, last_row, first_column, last_column = block
    columns = out.shape[1]
    panels = (columns + COLUMNS - 1) // COLUMNS
    transposed = left_step != 1
    most_deep = DEEP if packed.size else DEEP_ALONE
    most_high = _HIGH if packed.size else _HIGH_ALONE
    copied = transposed and left_step % _CROWDED == 0
    left_, out_, bias_, gate_ = pointer(left), pointer(out), pointer(bias), pointer(gate)
    right_ = pointer(packed if packed.size else chunk)
    wide = last_column - first_column if packed.size else CHUNK
    tile_left = pointer(copy) if copied else left_
    unclipped = (number(-np.inf), number(np.inf))
    for top in range(first_row, last_row, most_high):
        height = min(most_high, last_row - top)
        tiles = (height + ROWS - 1) // ROWS
        for deep in range(0, depth, most_deep):
            steps = min(most_deep, depth - deep)
            ends = deep + steps == depth
            if copied:
                for k in range(steps):
                    source = (deep + k) * left_step + top * left_row
                    for r in range(height):
                        copy[k * COPIED_STEP + r] = left[source + r * left_row]
            for begin in range(first_column, last_column, wide):
                end_column = min(last_column, begin + wide)
                in_right = (deep * panels * COLUMNS + begin * steps) if packed.size else 0
                if not packed.size:
                    pack_panels(right, right_strides, deep, steps, begin, end_column, chunk)
                    if sums.size and top == 0:
                        for column in range(begin, end_column, COLUMNS):
                            at = (column - begin) * steps
                            for k in range(steps):
                                for j in range(COLUMNS):
                                    sums[column + j] += chunk[at + k * COLUMNS + j]
                for t in range(tiles):
                    row, end = height * t // tiles, height * (t + 1) // tiles
                    at_left = row if copied else (top + row) * left_row + deep * left_step
                    # Along the rows of the output, as they lie in memory.
                    for column in range(begin, end_column, COLUMNS):
                        place = (top + row) * columns + column
                        tile(
                            multiply,
                            (end - row, min(COLUMNS, end_column - column)),
                            (out_, place, columns),
                            (bias_, column, 0) if deep == 0 else (out_, place, columns),
                            (
                                tile_left,
                                at_left,
                                1 if copied else left_row,
                                COPIED_STEP if copied else left_step,
                                0,
                            ),
                            (right_, in_right + (column - begin) * steps, COLUMNS),
                            (steps, 1),
                            clip if ends else unclipped,
                            (gate_, ends and gate.size > 0, gate_clip[0], gate_clip[1]),
                        )
