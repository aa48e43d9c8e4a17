"""Convolution of every channel by itself, as tiles whose columns are channels."""

import numpy as np

from foveal.kernels import njit
from foveal.nn.functional._convolution_kernels import band_of, output_strides
from foveal.nn.functional._register_tile import COLUMNS, ROWS, pointer, tile


@njit(cache=True, nogil=True)
def _inside(taps, dilation, begin, size):
    """The first and last of the taps that read an image's side, for a window from ``begin`` on."""
    first = 0
    while first < taps and begin + first * dilation < 0:
        first += 1
    last = taps
    while last > first and begin + (last - 1) * dilation >= size:
        last -= 1
    return first, last


@njit(cache=True, nogil=True)
def depthwise_convolve(weigh, x, out, weights, down, across, bias, clip, gate, gate_clip, ends):
    """The swept places of some rows of an output; as ``convolve`` of the other kernels.

    ``weights`` is ordered as rows, columns, channels. Pixels whose windows lie inside a row of the image are
    taken several at a time, those at its ends one by one.
    """
    number = out.dtype.type
    unclipped = (number(-np.inf), number(np.inf))
    _, height, width, channels = x.shape
    x_, out_, weights_ = pointer(x), pointer(out), pointer(weights)
    bias_, gate_ = pointer(bias), pointer(gate)
    out_at, out_image, out_row, out_pixel = output_strides(out, down, across)
    flat_out = out.reshape(-1)
    reach = across.dilation * (across.taps - 1)
    inner = min(across.places, (max(0, across.corner) + across.stride - 1) // across.stride)
    outer = max(inner, min(across.places, (width - reach - 1 + across.corner) // across.stride + 1))
    tiles = (outer - inner + ROWS - 1) // ROWS
    left_row, left_step = across.stride * channels, across.dilation * channels
    left_run = down.dilation * width * channels
    for row in range(ends[0], ends[1]):
        image, y = row // down.places, row % down.places
        from_y = y * down.stride - down.corner
        u0, u1 = _inside(down.taps, down.dilation, from_y, height)
        base = out_at + image * out_image + y * out_row
        line = (image * height + from_y + u0 * down.dilation) * width
        for t in range(-inner, tiles + across.places - outer):
            if t < 0 or t >= tiles:
                begin = t + inner if t < 0 else outer + t - tiles
                end = begin + 1
            else:
                begin = inner + (outer - inner) * t // tiles
                end = inner + (outer - inner) * (t + 1) // tiles
            from_x = begin * across.stride - across.corner
            v0, v1 = _inside(across.taps, across.dilation, from_x, width)
            whole = v1 - v0 == across.taps
            # Where some columns of the kernel are outside, its rows do not follow each other in memory.
            passes = 1 if whole else u1 - u0
            for c in range(0, channels, COLUMNS):
                wide = min(COLUMNS, channels - c)
                place = base + begin * out_pixel + c
                if u0 == u1 or v0 == v1:
                    for i in range(end - begin):
                        for j in range(wide):
                            flat_out[place + i * out_pixel + j] = min(max(bias[c + j], clip[0]), clip[1])
                    continue
                for p in range(passes):
                    from_pixel = line + p * down.dilation * width + from_x + v0 * across.dilation
                    ends_here = p == passes - 1
                    tile(
                        weigh,
                        (end - begin, wide),
                        (out_, place, out_pixel),
                        (bias_, c, 0) if p == 0 else (out_, place, out_pixel),
                        (x_, from_pixel * channels + c, left_row, left_step, left_run),
                        (weights_, ((u0 + p) * across.taps + v0) * channels + c, channels),
                        (v1 - v0, u1 - u0 if whole else 1),
                        clip if ends_here else unclipped,
                        (gate_, ends_here and gate.size > 0, gate_clip[0], gate_clip[1]),
                    )


@njit(cache=True, nogil=True)
def _gather(x, image, channel, wide, top, left, buffer, rows, columns):
    """``wide`` channels of rows from ``top`` and columns from ``left``, zeros where the image ends."""
    number = buffer.dtype.type
    _, height, width, channels = x.shape
    flat = x.reshape(-1)
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
                    buffer[place + k] = flat[source + j * channels + k]
        else:
            for j in range(end - begin):
                place = at + (begin + j) * COLUMNS
                for k in range(wide):
                    buffer[place + k] = flat[source + j * channels + k]


@njit(cache=True, nogil=True)
def depthwise_weight_gradient(weigh, x, grad, down, across, grad_weight, grad_bias, buffer, grads, ends):
    """Add the gradients by the weights (rows, columns, channels) and the bias of some rows.

    A tile's rows are the columns of the kernel, its steps the pixels of as many rows as the buffers hold: a
    few channels of them are first laid next to each other, with zeros around them, so that no window has an
    edge and the sums stay in registers.
    """
    number = grad_weight.dtype.type
    channels = x.shape[3]
    buffer_, grads_, grad_weight_ = pointer(buffer), pointer(grads), pointer(grad_weight)
    # Numbers that Numba does not take for constants, for which it would compile anew.
    none, columns = np.int64(0), np.int64(COLUMNS)
    padded_width, most = band_of(buffer, columns, down, across)
    left_run = down.stride * padded_width * COLUMNS
    most = max(1, min(most, grads.size // (across.places * COLUMNS)))
    row, last = ends
    while row < last:
        image, y = row // down.places, row % down.places
        count = min(most, last - row, down.places - y)
        in_rows = (count - 1) * down.stride + down.dilation * (down.taps - 1) + 1
        top = y * down.stride - down.corner
        for c in range(0, channels, COLUMNS):
            wide = min(COLUMNS, channels - c)
            _gather(x, image, c, wide, top, -across.corner, buffer, in_rows, padded_width)
            _gather(grad, image, c, wide, y, none, grads, count, across.places)
            for i in range(count * across.places):
                for k in range(wide):
                    grad_bias[c + k] += grads[i * COLUMNS + k]
            for u in range(down.taps):
                for v in range(0, across.taps, ROWS):
                    place = (u * across.taps + v) * channels + c
                    at_left = (u * down.dilation * padded_width + v * across.dilation) * COLUMNS
                    tile(
                        weigh,
                        (min(ROWS, across.taps - v), wide),
                        (grad_weight_, place, channels),
                        (grad_weight_, place, channels),
                        (buffer_, at_left, across.dilation * COLUMNS, across.stride * COLUMNS, left_run),
                        (grads_, 0, COLUMNS),
                        (across.places, count),
                        (number(-np.inf), number(np.inf)),
                        (grad_weight_, False, number(0), number(0)),
                    )
        row += count
