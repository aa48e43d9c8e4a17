"""Convolution of every channel by itself, as tiles whose columns are channels.

A few channels of some rows at a time are first laid next to each other, with zeros around them: what the
tiles then read follows in memory, and no window has an edge.
"""

import numpy as np
from numba import njit

from foveal.nn.functional._register_tile import COLUMNS, ROWS, pointer, weigh_tile


@njit(cache=True, nogil=True)
def _tile(*arguments):
    weigh_tile(*arguments)


@njit(cache=True, nogil=True)
def _gather(x, image, height, width, channels, channel, wide, top, left, buffer, rows, columns):
    """``wide`` channels of rows from ``top`` and columns from ``left``, zeros where the picture ends."""
    number = buffer.dtype.type
    for row in range(rows):
        y = top + row
        at = row * columns * COLUMNS
        begin = end = 0
        if 0 <= y < height:
            begin = min(max(0, -left), columns)
            end = max(begin, min(columns, width - left))
        for i in range(at, at + begin * COLUMNS):
            buffer[i] = number(0)
        for i in range(at + end * COLUMNS, at + columns * COLUMNS):
            buffer[i] = number(0)
        source = ((image * height + y) * width + left + begin) * channels + channel
        if wide == COLUMNS:
            for j in range(end - begin):
                place = at + (begin + j) * COLUMNS
                for k in range(COLUMNS):
                    buffer[place + k] = x[source + j * channels + k]
        else:
            for j in range(end - begin):
                place = at + (begin + j) * COLUMNS
                for k in range(wide):
                    buffer[place + k] = x[source + j * channels + k]


@njit(cache=True, nogil=True)
def depthwise_rows(
    x, height, width, channels,
    out, out_at, out_image, out_row, out_pixel, out_height, out_width,
    weights, rows, columns, stride_y, stride_x, dilation_y, dilation_x, top, left,
    bias, low, high, gate, gate_low, gate_high, buffer, first, last,
):  # fmt: skip
    """Rows ``first`` to ``last``, counted through all pictures; places as in :func:`convolve`.

    ``weights`` is ordered as blocks of channels, rows, columns, channels of a block.
    """
    out_, weights_, buffer_ = pointer(out), pointer(weights), pointer(buffer)
    bias_, gate_ = pointer(bias), pointer(gate)
    padded_width = (out_width - 1) * stride_x + dilation_x * (columns - 1) + 1
    reach = dilation_y * (rows - 1) + 1
    most = max(1, (buffer.size // (padded_width * COLUMNS) - reach) // stride_y + 1)
    tiles = (out_width + ROWS - 1) // ROWS
    row = first
    while row < last:
        image, y = row // out_height, row % out_height
        count = min(most, last - row, out_height - y)
        for c in range(0, channels, COLUMNS):
            wide = min(COLUMNS, channels - c)
            _gather(
                x, image, height, width, channels, c, wide, y * stride_y - top, -left, buffer,
                (count - 1) * stride_y + reach, padded_width,
            )  # fmt: skip
            for i in range(count):
                base = out_at + image * out_image + (y + i) * out_row + c
                for t in range(tiles):
                    begin, end = out_width * t // tiles, out_width * (t + 1) // tiles
                    _tile(
                        end - begin,
                        wide,
                        out_,
                        base + begin * out_pixel,
                        out_pixel,
                        bias_,
                        c,
                        0,
                        buffer_,
                        (i * stride_y * padded_width + begin * stride_x) * COLUMNS,
                        stride_x * COLUMNS,
                        dilation_x * COLUMNS,
                        dilation_y * padded_width * COLUMNS,
                        weights_,
                        c * rows * columns,
                        COLUMNS,
                        columns,
                        rows,
                        low,
                        high,
                        gate_,
                        gate.size > 0,
                        gate_low,
                        gate_high,
                    )
        row += count


@njit(cache=True, nogil=True)
def depthwise_weight_gradient(
    x, height, width, channels, grad, out_height, out_width, rows, columns,
    stride_y, stride_x, dilation_y, dilation_x, top, left, by_weights, by_bias, buffer, grads, first, last,
):  # fmt: skip
    """Add the gradients by the weights (rows, columns, channels) and the bias of some rows.

    A tile's rows are the columns of the kernel, its steps the pixels of all rows in the buffers.
    """
    number = by_weights.dtype.type
    unbounded = number(np.inf)
    buffer_, grads_, by_weights_ = pointer(buffer), pointer(grads), pointer(by_weights)
    padded_width = (out_width - 1) * stride_x + dilation_x * (columns - 1) + 1
    reach = dilation_y * (rows - 1) + 1
    most = (buffer.size // (padded_width * COLUMNS) - reach) // stride_y + 1
    most = max(1, min(most, grads.size // (out_width * COLUMNS)))
    row = first
    while row < last:
        image, y = row // out_height, row % out_height
        count = min(most, last - row, out_height - y)
        for c in range(0, channels, COLUMNS):
            wide = min(COLUMNS, channels - c)
            _gather(
                x, image, height, width, channels, c, wide, y * stride_y - top, -left, buffer,
                (count - 1) * stride_y + reach, padded_width,
            )  # fmt: skip
            _gather(
                grad, image, out_height, out_width, channels, c, wide, y, 0, grads, count, out_width
            )  # fmt: skip
            for i in range(count * out_width):
                for k in range(wide):
                    by_bias[c + k] += grads[i * COLUMNS + k]
            for u in range(rows):
                for v in range(0, columns, ROWS):
                    place = (u * columns + v) * channels + c
                    _tile(
                        min(ROWS, columns - v),
                        wide,
                        by_weights_,
                        place,
                        channels,
                        by_weights_,
                        place,
                        channels,
                        buffer_,
                        (u * dilation_y * padded_width + v * dilation_x) * COLUMNS,
                        dilation_x * COLUMNS,
                        stride_x * COLUMNS,
                        stride_y * padded_width * COLUMNS,
                        grads_,
                        0,
                        COLUMNS,
                        out_width,
                        count,
                        -unbounded,
                        unbounded,
                        by_weights_,
                        False,
                        number(0),
                        number(0),
                    )
        row += count
