"""Convolution and its gradients as tiles over the padded rows of an image."""

import numpy as np

from foveal.kernels import njit
from foveal.nn.functional._register_tile import COLUMNS, ROWS, pointer, tile

# Output positions whose products are summed at a time for the gradient by the weights: what they read of both
# images stays in the first cache.
POSITIONS = 128


@njit(cache=True, nogil=True)
def pack_weights(weights, at, strides, sizes, joined, packed):
    """Weights in the order in which tiles read them: groups, panels, passes, rows, steps, columns of a panel.

    ``strides`` and ``sizes`` are of groups, outputs of a group, inputs, rows and columns, from the element
    ``at`` on. With ``joined`` a pass takes all columns of the kernel and their channels in one go, otherwise
    there is a pass for each column of the kernel.
    """
    number = packed.dtype.type
    groups, outs, ins, rows, columns = sizes
    group_stride, out_stride, in_stride, row_stride, column_stride = strides
    panels = (outs + COLUMNS - 1) // COLUMNS
    passes = 1 if joined else columns
    place = 0
    for group in range(groups):
        for panel in range(panels):
            for p in range(passes):
                for row in range(rows):
                    for column in range(p, columns if joined else p + 1):
                        for i in range(ins):
                            source = at + group * group_stride + i * in_stride
                            source += row * row_stride + column * column_stride
                            for j in range(COLUMNS):
                                o = panel * COLUMNS + j
                                packed[place] = weights[source + o * out_stride] if o < outs else number(0)
                                place += 1


@njit(cache=True, nogil=True)
def band_of(buffer, channels, down, across):
    """How long a padded row of the buffer is, in pixels, and of how many output rows it holds the input."""
    padded_width = (across.places - 1) * across.stride + across.dilation * (across.taps - 1) + 1
    reach = down.dilation * (down.taps - 1) + 1
    return padded_width, max(1, (buffer.size // (padded_width * channels) - reach) // down.stride + 1)


@njit(cache=True, nogil=True)
def fill_band(x, image, y, count, columns, buffer, down, across):
    """Copy what ``count`` output rows from ``y`` on read, ``columns`` pixels a row, with zeros around."""
    number = buffer.dtype.type
    _, height, width, channels = x.shape
    flat = x.reshape(-1)
    top, left = y * down.stride - down.corner, -across.corner
    begin = min(max(0, -left), columns)
    end = max(begin, min(columns, width - left))
    for row in range((count - 1) * down.stride + down.dilation * (down.taps - 1) + 1):
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
            buffer[at + begin * channels + i] = flat[source + i]
        for i in range(at + end * channels, at + columns * channels):
            buffer[i] = number(0)


@njit(cache=True, nogil=True)
def output_strides(out, down, across):
    """Where the swept places of an output lie: the first, and how far apart images, rows and pixels are."""
    _, height, width, channels = out.shape
    first = (down.place * width + across.place) * channels
    return first, height * width * channels, down.by * width * channels, across.by * channels


@njit(cache=True, nogil=True)
def convolve(
    multiply, x, out, packed, groups, joined, down, across, bias, clip, gate, gate_clip, buffer, ends
):
    """The swept places of some rows of an output, counted through all images, of a convolution of ``x``.

    ``packed`` is what :func:`pack_weights` makes, ``down`` and ``across`` are sweeps, and ``ends`` the first
    row and the one behind the last.
    """
    number = out.dtype.type
    unclipped = (number(-np.inf), number(np.inf))
    channels, outs, ins = x.shape[3], out.shape[3] // groups, x.shape[3] // groups
    out_at, out_image, out_row, out_pixel = output_strides(out, down, across)
    out_, bias_, gate_ = pointer(out), pointer(bias), pointer(gate)
    buffer_, packed_ = pointer(buffer), pointer(packed)
    padded_width, most = band_of(buffer, channels, down, across)
    row_length = padded_width * channels
    panels = (outs + COLUMNS - 1) // COLUMNS
    passes = 1 if joined else across.taps
    steps = across.taps * ins if joined else ins
    tiles = (across.places + ROWS - 1) // ROWS
    left_row, left_run = across.stride * channels, down.dilation * row_length
    row, last = ends
    while row < last:
        image, y = row // down.places, row % down.places
        count = min(most, last - row, down.places - y)
        fill_band(x, image, y, count, padded_width, buffer, down, across)
        for group in range(groups):
            for panel in range(panels):
                column = group * outs + panel * COLUMNS
                wide = min(COLUMNS, outs - panel * COLUMNS)
                for i in range(count):
                    for t in range(tiles):
                        begin, end = across.places * t // tiles, across.places * (t + 1) // tiles
                        place = out_at + image * out_image + (y + i) * out_row + begin * out_pixel + column
                        for p in range(passes):
                            at_left = (begin * across.stride + p * across.dilation) * channels + group * ins
                            at_right = ((group * panels + panel) * passes + p) * down.taps * steps * COLUMNS
                            ends_here = p == passes - 1
                            tile(
                                multiply,
                                (end - begin, wide),
                                (out_, place, out_pixel),
                                (bias_, column, 0) if p == 0 else (out_, place, out_pixel),
                                (buffer_, i * down.stride * row_length + at_left, left_row, 1, left_run),
                                (packed_, at_right, COLUMNS),
                                (steps, down.taps),
                                clip if ends_here else unclipped,
                                (gate_, ends_here and gate.size > 0, gate_clip[0], gate_clip[1]),
                            )
        row += count


@njit(cache=True, nogil=True)
def weight_gradient(
    multiply, x, grad, groups, joined, down, across, grad_weight, grad_bias, buffer, gathered, ends
):
    """Add the gradients by the weights and the bias of some rows, counted through all images.

    ``grad_weight`` is ordered as rows, columns, inputs of a group, outputs of all groups. ``gathered`` holds
    POSITIONS positions of as many columns as all panels have.
    """
    number = grad_weight.dtype.type
    channels, out_channels = x.shape[3], grad.shape[3]
    outs, ins = out_channels // groups, channels // groups
    padded_width, most = band_of(buffer, channels, down, across)
    row_length = padded_width * channels
    panels = (outs + COLUMNS - 1) // COLUMNS
    # A block is several rows of a small image or a part of one row of a large one.
    wide = min(across.places, POSITIONS)
    high = max(1, POSITIONS // across.places)
    steps = across.taps * ins if joined else ins
    tiles = (steps + ROWS - 1) // ROWS
    passes = 1 if joined else across.taps
    left_step, left_run = across.stride * channels, down.stride * row_length
    grad_weight_, buffer_, gathered_ = pointer(grad_weight), pointer(buffer), pointer(gathered)
    row, last = ends
    while row < last:
        image, y = row // down.places, row % down.places
        count = min(most, last - row, down.places - y)
        fill_band(x, image, y, count, padded_width, buffer, down, across)
        for block_row in range(0, count, high):
            block_rows = min(high, count - block_row)
            for begin in range(0, across.places, wide):
                span = min(wide, across.places - begin)
                first = (image * down.places + y + block_row) * across.places + begin
                _gather(grad, first, block_rows, span, groups, gathered, grad_bias)
                size = block_rows * span * COLUMNS
                for group in range(groups):
                    for i in range(down.taps):
                        at_row = (block_row * down.stride + i * down.dilation) * row_length + group * ins
                        for p in range(passes):
                            at_left = at_row + (begin * across.stride + p * across.dilation) * channels
                            for t in range(tiles):
                                part, end = steps * t // tiles, steps * (t + 1) // tiles
                                at_inputs = ((i * across.taps + p) * ins + part) * out_channels + group * outs
                                for panel in range(panels):
                                    place = at_inputs + panel * COLUMNS
                                    tile(
                                        multiply,
                                        (end - part, min(COLUMNS, outs - panel * COLUMNS)),
                                        (grad_weight_, place, out_channels),
                                        (grad_weight_, place, out_channels),
                                        (buffer_, at_left + part, 1, left_step, left_run),
                                        (gathered_, (group * panels + panel) * size, COLUMNS),
                                        (span, block_rows),
                                        (number(-np.inf), number(np.inf)),
                                        (grad_weight_, False, number(0), number(0)),
                                    )
        row += count


@njit(cache=True, nogil=True)
def _gather(grad, first, rows, span, groups, gathered, grad_bias):
    """The gradients of a block by panels of columns; they are added to the bias's on the way."""
    number = grad.dtype.type
    _, _, out_width, out_channels = grad.shape
    outs = out_channels // groups
    flat = grad.reshape(-1)
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
                            gathered[place + j] = flat[source + j]
                            grad_bias[column + j] += flat[source + j]
                    else:
                        for j in range(COLUMNS):
                            gathered[place + j] = flat[source + j] if j < wide else number(0)
                        for j in range(wide):
                            grad_bias[column + j] += flat[source + j]
                    place += COLUMNS
