"""Convolution of every channel by itself, vectorised over the channels."""

from numba import njit

# Channels at a time: the rows of them that a window reads stay in the first cache.
_CHANNELS = 128


@njit(cache=True, nogil=True)
def depthwise_rows(
    x, height, width, channels,
    out, out_at, out_image, out_row, out_pixel, out_height, out_width,
    weights, rows, columns, stride_y, stride_x, dilation_y, dilation_x, top, left,
    bias, low, high, gate, gate_low, gate_high, first, last,
):  # fmt: skip
    """Rows ``first`` to ``last``, counted through all pictures; places as in :func:`convolve`.

    ``weights`` is ordered as rows, columns, channels.
    """
    number = out.dtype.type
    gated = gate.size > 0
    line = width * channels
    for row in range(first, last):
        image, y = row // out_height, row % out_height
        source_y = y * stride_y - top
        inside_y = rows == 3 and source_y >= 0 and source_y + 2 * dilation_y < height
        for begin in range(0, channels, _CHANNELS):
            end = min(channels, begin + _CHANNELS)
            for j in range(out_width):
                source_x = j * stride_x - left
                place = out_at + image * out_image + y * out_row + j * out_pixel
                at = ((image * height + source_y) * width + source_x) * channels
                if inside_y and columns == 3 and source_x >= 0 and source_x + 2 * dilation_x < width:
                    _nine(
                        x, at, dilation_x * channels, dilation_y * line, weights, channels, bias, out, place,
                        begin, end, low, high,
                    )  # fmt: skip
                else:
                    for c in range(begin, end):
                        out[place + c] = bias[c]
                    for u in range(rows):
                        down = source_y + u * dilation_y
                        if down < 0 or down >= height:
                            continue
                        for v in range(columns):
                            across = source_x + v * dilation_x
                            if across < 0 or across >= width:
                                continue
                            tap = (u * columns + v) * channels
                            from_x = ((image * height + down) * width + across) * channels
                            for c in range(begin, end):
                                out[place + c] += x[from_x + c] * weights[tap + c]
                    for c in range(begin, end):
                        value = out[place + c]
                        value = low if value < low else value
                        out[place + c] = high if value > high else value
                if gated:
                    for c in range(place + begin, place + end):
                        inside = gate[c] > gate_low and gate[c] < gate_high
                        out[c] = out[c] if inside else number(0)


@njit(cache=True, nogil=True)
def _nine(x, at, right, down, w, channels, bias, out, place, begin, end, low, high):
    """A window of 3 by 3 wholly inside the picture."""
    a0, a1, a2 = at, at + right, at + 2 * right
    b0, b1, b2 = a0 + down, a1 + down, a2 + down
    c0, c1, c2 = b0 + down, b1 + down, b2 + down
    w1, w2, w3, w4 = channels, 2 * channels, 3 * channels, 4 * channels
    w5, w6, w7, w8 = 5 * channels, 6 * channels, 7 * channels, 8 * channels
    for c in range(begin, end):
        value = bias[c] + x[a0 + c] * w[c] + x[a1 + c] * w[w1 + c] + x[a2 + c] * w[w2 + c]
        value += x[b0 + c] * w[w3 + c] + x[b1 + c] * w[w4 + c] + x[b2 + c] * w[w5 + c]
        value += x[c0 + c] * w[w6 + c] + x[c1 + c] * w[w7 + c] + x[c2 + c] * w[w8 + c]
        value = low if value < low else value
        out[place + c] = high if value > high else value


@njit(cache=True, nogil=True)
def depthwise_weight_gradient(
    x, height, width, channels, grad, out_height, out_width, rows, columns,
    stride_y, stride_x, dilation_y, dilation_x, top, left, by_weights, by_bias, first, last,
):  # fmt: skip
    """Add the gradients by the weights (rows, columns, channels) and the bias of some rows."""
    for row in range(first, last):
        image, y = row // out_height, row % out_height
        for begin in range(0, channels, _CHANNELS):
            end = min(channels, begin + _CHANNELS)
            for j in range(out_width):
                place = (row * out_width + j) * channels
                for c in range(begin, end):
                    by_bias[c] += grad[place + c]
            for u in range(rows):
                down = y * stride_y - top + u * dilation_y
                if down < 0 or down >= height:
                    continue
                for v in range(columns):
                    tap = (u * columns + v) * channels
                    for j in range(out_width):
                        across = j * stride_x - left + v * dilation_x
                        if across < 0 or across >= width:
                            continue
                        place = (row * out_width + j) * channels
                        at = ((image * height + down) * width + across) * channels
                        for c in range(begin, end):
                            by_weights[tap + c] += x[at + c] * grad[place + c]
