"""Products of matrices, tile by tile."""

import numpy as np
from numba import njit

from foveal.nn.functional._register_tile import COLUMNS, ROWS, multiply_tile

# What is multiplied at a time: so deep that a panel of the right side stays in the first cache, so high that
# packing the panel costs little beside its products.
_DEEP = 256
_HIGH = 960
# Of a left side that lies transposed, a step is a cache line of its own.
_DEEP_TRANSPOSED = 128
_HIGH_TRANSPOSED = 256
# Steps that are a multiple of this many elements fall into few sets of the first cache.
_CROWDED = 128


@njit(cache=True, nogil=True)
def tile(
    rows,
    columns,
    out,
    out_at,
    out_row,
    start,
    start_at,
    start_row,
    left,
    left_at,
    left_row,
    left_step,
    left_run,
    right,
    right_at,
    right_step,
    steps,
    runs,
    low,
    high,
):
    """See :func:`foveal.nn.functional._register_tile.multiply_tile`; compiled once for all that use it."""
    multiply_tile(
        rows,
        columns,
        out,
        out_at,
        out_row,
        start,
        start_at,
        start_row,
        left,
        left_at,
        left_row,
        left_step,
        left_run,
        right,
        right_at,
        right_step,
        steps,
        runs,
        low,
        high,
    )


@njit(cache=True, nogil=True)
def product(
    left,
    left_row,
    left_step,
    right,
    right_row,
    right_column,
    bias,
    out,
    columns,
    depth,
    low,
    high,
    gate,
    gate_low,
    gate_high,
    first_row,
    last_row,
    first_column,
    last_column,
):
    """A block of ``clip(left @ right + bias)``, zeroed where ``gate`` is not inside its limits.

    ``out`` and ``gate`` (empty for none) are contiguous with ``columns`` columns; ``bias`` is long enough for
    whole tiles.
    """
    number = out.dtype.type
    unbounded = number(np.inf)
    panel = np.empty(_DEEP * COLUMNS, out.dtype)
    transposed = left_step != 1
    most_deep, most_high = (_DEEP_TRANSPOSED, _HIGH_TRANSPOSED) if transposed else (_DEEP, _HIGH)
    copied = transposed and left_step % _CROWDED == 0
    copied_step = _HIGH_TRANSPOSED + 16
    copy = np.empty(_DEEP_TRANSPOSED * copied_step if copied else 1, out.dtype)
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
                        copy[k * copied_step + r] = left[source + r * left_row]
            for column in range(first_column, last_column, COLUMNS):
                width = min(COLUMNS, last_column - column)
                at = deep * right_row + column * right_column
                if right_column == 1 and width == COLUMNS:
                    for k in range(steps):
                        for j in range(COLUMNS):
                            panel[k * COLUMNS + j] = right[at + k * right_row + j]
                else:
                    for j in range(COLUMNS):
                        for k in range(steps):
                            panel[k * COLUMNS + j] = (
                                right[at + k * right_row + j * right_column] if j < width else number(0)
                            )
                for t in range(tiles):
                    row, end = height * t // tiles, height * (t + 1) // tiles
                    place = (top + row) * columns + column
                    tile(
                        end - row,
                        width,
                        out,
                        place,
                        columns,
                        bias if deep == 0 else out,
                        column if deep == 0 else place,
                        0 if deep == 0 else columns,
                        copy if copied else left,
                        row if copied else (top + row) * left_row + deep * left_step,
                        1 if copied else left_row,
                        copied_step if copied else left_step,
                        0,
                        panel,
                        0,
                        COLUMNS,
                        steps,
                        1,
                        low if ends else -unbounded,
                        high if ends else unbounded,
                    )
                if ends and gate.size:
                    for row in range(top, top + height):
                        for at in range(row * columns + column, row * columns + column + width):
                            if not (gate[at] > gate_low and gate[at] < gate_high):
                                out[at] = number(0)
