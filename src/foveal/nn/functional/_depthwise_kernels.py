"""Convolution of every channel by itself, as tiles whose columns are channels."""

import numpy as np
from numba import njit

from foveal.nn.functional._register_tile import COLUMNS, ROWS, pointer, weigh_tile


@njit(cache=True, nogil=True)
def _tile(*arguments):
    weigh_tile(*arguments)


@njit(cache=True, nogil=True)
def _inside(taps, dilation, begin, size):
    """The first and last of the taps that read a picture's side, for a window from ``begin`` on."""
    first = 0
    while first < taps and begin + first * dilation < 0:
        first += 1
    last = taps
    while last > first and begin + (last - 1) * dilation >= size:
        last -= 1
    return first, last


@njit(cache=True, nogil=True)
def depthwise_rows(
    x, height, width, channels,
    out, out_at, out_image, out_row, out_pixel, out_height, out_width,
    weights, rows, columns, stride_y, stride_x, dilation_y, dilation_x, top, left,
    bias, low, high, gate, gate_low, gate_high, first, last,
):  # fmt: skip
    """Rows ``first`` to ``last``, counted through all pictures; places as in :func:`convolve`.

    ``weights`` is ordered as rows, columns, channels. Pixels whose windows lie inside a row of the picture
    are taken several at a time, those at its ends one by one.
    """
    number = out.dtype.type
    unbounded = number(np.inf)
    x_, out_, weights_ = pointer(x), pointer(out), pointer(weights)
    bias_, gate_ = pointer(bias), pointer(gate)
    reach = dilation_x * (columns - 1)
    inner = min(out_width, (max(0, left) + stride_x - 1) // stride_x)
    outer = max(inner, min(out_width, (width - reach - 1 + left) // stride_x + 1))
    tiles = (outer - inner + ROWS - 1) // ROWS
    for row in range(first, last):
        image, y = row // out_height, row % out_height
        from_y = y * stride_y - top
        u0, u1 = _inside(rows, dilation_y, from_y, height)
        base = out_at + image * out_image + y * out_row
        line = (image * height + from_y + u0 * dilation_y) * width
        for t in range(-inner, tiles + out_width - outer):
            if t < 0 or t >= tiles:
                begin = t + inner if t < 0 else outer + t - tiles
                end = begin + 1
            else:
                begin = inner + (outer - inner) * t // tiles
                end = inner + (outer - inner) * (t + 1) // tiles
            from_x = begin * stride_x - left
            v0, v1 = _inside(columns, dilation_x, from_x, width)
            whole = v1 - v0 == columns
            # Where some columns of the kernel are outside, its rows do not follow each other in memory.
            passes = 1 if whole else u1 - u0
            place = base + begin * out_pixel
            for c in range(0, channels, COLUMNS):
                wide = min(COLUMNS, channels - c)
                if u0 == u1 or v0 == v1:
                    for i in range(begin, end):
                        at = base + i * out_pixel
                        for j in range(c, c + wide):
                            out[at + j] = min(max(bias[j], low), high)
                    continue
                for p in range(passes):
                    _tile(
                        end - begin,
                        wide,
                        out_,
                        place + c,
                        out_pixel,
                        bias_ if p == 0 else out_,
                        c if p == 0 else place + c,
                        0 if p == 0 else out_pixel,
                        x_,
                        (line + p * dilation_y * width + from_x + v0 * dilation_x) * channels + c,
                        stride_x * channels,
                        dilation_x * channels,
                        dilation_y * width * channels,
                        weights_,
                        ((u0 + p) * columns + v0) * channels + c,
                        channels,
                        v1 - v0,
                        u1 - u0 if whole else 1,
                        low if p == passes - 1 else -unbounded,
                        high if p == passes - 1 else unbounded,
                        gate_,
                        p == passes - 1 and gate.size > 0,
                        gate_low,
                        gate_high,
                    )


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
def depthwise_weight_gradient(
    x, height, width, channels, grad, out_height, out_width, rows, columns,
    stride_y, stride_x, dilation_y, dilation_x, top, left, by_weights, by_bias, buffer, grads, first, last,
):  # fmt: skip
    """Add the gradients by the weights (rows, columns, channels) and the bias of some rows.

    A tile's rows are the columns of the kernel, its steps the pixels of as many rows as the buffers hold: a
    few channels of them are first laid next to each other, with zeros around them, so that no window has an
    edge and the sums stay in registers.
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
