"""Convolution and its gradients as tiles over the padded rows of a picture."""

import numpy as np
from numba import njit

from foveal.nn.functional._product_kernels import tile
from foveal.nn.functional._register_tile import COLUMNS, ROWS, pointer

# Output positions whose products are summed at a time for the gradient by the weights: what they read of both
# pictures stays in the first cache.
POSITIONS = 128


@njit(cache=True, nogil=True)
def pack_weights(
    weights, at, out_stride, in_stride, row_stride, column_stride, groups, group_stride, outs, ins,
    rows, columns, joined, packed,
):  # fmt: skip
    """Weights in the order in which tiles read them: groups, panels, passes, rows, steps, columns of a panel.

    With ``joined`` a pass takes all columns of the kernel and their channels in one go, otherwise there is a
    pass for each column of the kernel.
    """
    number = packed.dtype.type
    panels = (outs + COLUMNS - 1) // COLUMNS
    passes = 1 if joined else columns
    place = 0
    for group in range(groups):
        for panel in range(panels):
            for p in range(passes):
                for row in range(rows):
                    for column in range(p, columns if joined else p + 1):
                        for i in range(ins):
                            source = (
                                at
                                + group * group_stride
                                + i * in_stride
                                + row * row_stride
                                + column * column_stride
                            )
                            for j in range(COLUMNS):
                                o = panel * COLUMNS + j
                                packed[place] = weights[source + o * out_stride] if o < outs else number(0)
                                place += 1


@njit(cache=True, nogil=True)
def copy_rows(x, image, height, width, channels, top, left, buffer, rows, columns):
    """Rows from ``top`` and columns from ``left`` of a picture, zeros where it does not reach."""
    number = buffer.dtype.type
    begin = min(max(0, -left), columns)
    end = max(begin, min(columns, width - left))
    for row in range(rows):
        y = top + row
        at = row * columns * channels
        if y < 0 or y >= height:
            for i in range(at, at + columns * channels):
                buffer[i] = number(0)
            continue
        for i in range(at, at + begin * channels):
            buffer[i] = number(0)
        source = ((image * height + y) * width + left + begin) * channels
        for i in range((end - begin) * channels):
            buffer[at + begin * channels + i] = x[source + i]
        for i in range(at + end * channels, at + columns * channels):
            buffer[i] = number(0)


@njit(cache=True, nogil=True)
def convolve(
    x, height, width, channels,
    out, out_at, out_image, out_row, out_pixel, out_height, out_width,
    packed, groups, outs, ins, rows, columns, joined,
    stride_y, stride_x, dilation_y, dilation_x, top, left,
    bias, low, high, gate, gate_low, gate_high,
    buffer, first, last,
):  # fmt: skip
    """Rows ``first`` to ``last``, counted through all pictures, of a convolution.

    The window of the output's place (0, 0) begins at (``-top``, ``-left``) of the picture. The output may be
    every second row or pixel of a larger array: ``out_at``, ``out_image``, ``out_row`` and ``out_pixel`` say
    where its elements lie.
    """
    number = out.dtype.type
    unbounded = number(np.inf)
    out_, bias_, gate_ = pointer(out), pointer(bias), pointer(gate)
    buffer_, packed_ = pointer(buffer), pointer(packed)
    padded_width = (out_width - 1) * stride_x + dilation_x * (columns - 1) + 1
    row_length = padded_width * channels
    reach = dilation_y * (rows - 1) + 1
    most = max(1, (buffer.size // row_length - reach) // stride_y + 1)
    panels = (outs + COLUMNS - 1) // COLUMNS
    passes = 1 if joined else columns
    steps = columns * ins if joined else ins
    tiles = (out_width + ROWS - 1) // ROWS
    row = first
    while row < last:
        image, y = row // out_height, row % out_height
        count = min(most, last - row, out_height - y)
        copy_rows(
            x, image, height, width, channels, y * stride_y - top, -left, buffer,
            (count - 1) * stride_y + reach, padded_width,
        )  # fmt: skip
        for group in range(groups):
            for panel in range(panels):
                column = group * outs + panel * COLUMNS
                wide = min(COLUMNS, outs - panel * COLUMNS)
                for i in range(count):
                    for t in range(tiles):
                        begin, end = out_width * t // tiles, out_width * (t + 1) // tiles
                        place = out_at + image * out_image + (y + i) * out_row + begin * out_pixel + column
                        for p in range(passes):
                            tile(
                                end - begin,
                                wide,
                                out_,
                                place,
                                out_pixel,
                                bias_ if p == 0 else out_,
                                column if p == 0 else place,
                                0 if p == 0 else out_pixel,
                                buffer_,
                                i * stride_y * row_length
                                + (begin * stride_x + p * dilation_x) * channels
                                + group * ins,
                                stride_x * channels,
                                1,
                                dilation_y * row_length,
                                packed_,
                                ((group * panels + panel) * passes + p) * rows * steps * COLUMNS,
                                COLUMNS,
                                steps,
                                rows,
                                low if p == passes - 1 else -unbounded,
                                high if p == passes - 1 else unbounded,
                                gate_,
                                p == passes - 1 and gate.size > 0,
                                gate_low,
                                gate_high,
                            )
        row += count


@njit(cache=True, nogil=True)
def weight_gradient(
    x, height, width, channels,
    grad, out_height, out_width, out_channels,
    groups, rows, columns, joined,
    stride_y, stride_x, dilation_y, dilation_x, top, left,
    by_weights, by_bias, buffer, gathered, first, last,
):  # fmt: skip
    """Add the gradients by the weights and the bias of some rows, counted through all pictures.

    ``by_weights`` is ordered as rows, columns, inputs of a group, outputs of all groups. ``gathered`` holds
    POSITIONS positions of as many columns as all panels have.
    """
    number = by_weights.dtype.type
    unbounded = number(np.inf)
    outs, ins = out_channels // groups, channels // groups
    padded_width = (out_width - 1) * stride_x + dilation_x * (columns - 1) + 1
    row_length = padded_width * channels
    reach = dilation_y * (rows - 1) + 1
    most = max(1, (buffer.size // row_length - reach) // stride_y + 1)
    panels = (outs + COLUMNS - 1) // COLUMNS
    # A block is several rows of a small picture or a part of one row of a large one.
    wide = min(out_width, POSITIONS)
    high = max(1, POSITIONS // out_width)
    steps = columns * ins if joined else ins
    tiles = (steps + ROWS - 1) // ROWS
    passes = 1 if joined else columns
    by_weights_, buffer_, gathered_ = pointer(by_weights), pointer(buffer), pointer(gathered)
    row = first
    while row < last:
        image, y = row // out_height, row % out_height
        count = min(most, last - row, out_height - y)
        copy_rows(
            x, image, height, width, channels, y * stride_y - top, -left, buffer,
            (count - 1) * stride_y + reach, padded_width,
        )  # fmt: skip
        for block_row in range(0, count, high):
            block_rows = min(high, count - block_row)
            for begin in range(0, out_width, wide):
                span = min(wide, out_width - begin)
                _gather(
                    grad, (image * out_height + y + block_row) * out_width + begin, out_width, out_channels,
                    block_rows, span, groups, outs, gathered, by_bias,
                )  # fmt: skip
                size = block_rows * span * COLUMNS
                for group in range(groups):
                    for i in range(rows):
                        for p in range(passes):
                            for t in range(tiles):
                                part, end = steps * t // tiles, steps * (t + 1) // tiles
                                for panel in range(panels):
                                    place = (
                                        ((i * columns + p) * ins + part) * out_channels
                                        + group * outs
                                        + panel * COLUMNS
                                    )
                                    tile(
                                        end - part,
                                        min(COLUMNS, outs - panel * COLUMNS),
                                        by_weights_,
                                        place,
                                        out_channels,
                                        by_weights_,
                                        place,
                                        out_channels,
                                        buffer_,
                                        (block_row * stride_y + i * dilation_y) * row_length
                                        + (begin * stride_x + p * dilation_x) * channels
                                        + group * ins
                                        + part,
                                        1,
                                        stride_x * channels,
                                        stride_y * row_length,
                                        gathered_,
                                        (group * panels + panel) * size,
                                        COLUMNS,
                                        span,
                                        block_rows,
                                        -unbounded,
                                        unbounded,
                                        by_weights_,
                                        False,
                                        number(0),
                                        number(0),
                                    )
        row += count


@njit(cache=True, nogil=True)
def _gather(grad, first, out_width, out_channels, rows, span, groups, outs, gathered, by_bias):
    """The gradients of a block by panels of columns; they are added to the bias's on the way."""
    number = grad.dtype.type
    panels = (outs + COLUMNS - 1) // COLUMNS
    place = 0
    for group in range(groups):
        for panel in range(panels):
            column = group * outs + panel * COLUMNS
            wide = min(COLUMNS, outs - panel * COLUMNS)
            for row in range(rows):
                for i in range(span):
                    source = (first + row * out_width + i) * out_channels + column
                    if wide == COLUMNS:
                        for j in range(COLUMNS):
                            gathered[place + j] = grad[source + j]
                            by_bias[column + j] += grad[source + j]
                    else:
                        for j in range(COLUMNS):
                            gathered[place + j] = grad[source + j] if j < wide else number(0)
                        for j in range(wide):
                            by_bias[column + j] += grad[source + j]
                    place += COLUMNS
