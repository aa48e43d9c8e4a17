"""Convolution, channels last."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.functional.depthwise import depthwise, depthwise_backward
from foveal.nn.functional.memory import contiguous, empty, nothing
from foveal.nn.functional.products import Clip, announce_compiling, as_rows, flat, multiply, padded
from foveal.nn.functional.windows import Padding, Pair, Phase, WindowShape, phases, share_rows

# Elements of a thread's band of padded rows; in float32 a quarter of the second cache.
_BAND = 32_768


def conv2d(
    x: NDArray[Any],
    weight: NDArray[Any],
    bias: NDArray[Any] | None = None,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    *,
    clip: Clip | None = None,
) -> NDArray[Any]:
    r"""Two-dimensional convolution of a batch.

    As everywhere in the field it is the cross-correlation: the kernel is not turned round.

    .. math:: y_{nijo} = b_o + \sum_{c, u, v} x_{n,\, i s - p + u d,\, j s - p + v d,\, c}\; w_{ocuv}

    (LeCun et al. 1998; Goodfellow et al. 2016, equation 9.7), with zeros where ``x`` does not reach.

    Parameters
    ----------
    x : array-like of shape (N, H, W, I)
        Computed in the weights' type.
    weight : ndarray of shape (O, I / groups, rows, columns), float32 or float64
        Of any memory order; it is read fastest where O varies fastest.
    bias : ndarray of shape (O,), optional
    stride, dilation : int or (int, int)
        Rows, columns.
    padding : int, (int, int) or ((int, int), (int, int))
        Rows, columns; or ((top, bottom), (left, right)).
    groups : int, default=1
        Cuts inputs and outputs into so many groups that do not see each other.
    clip : (float, float), optional
        Bounds that the output is brought to, ``(0, inf)`` for a rectifier that costs nothing.

    Returns
    -------
    ndarray of shape (N, H', W', O)
        ``H' = (H + top + bottom - dilation (rows - 1) - 1) // stride + 1``, likewise W'. Empty for N = 0.

    Raises
    ------
    ValueError
        If the channels do not fit, or the padded picture is smaller than the kernel.

    Examples
    --------
    >>> x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    >>> conv2d(x, np.ones((1, 1, 2, 2), np.float32))[0, ..., 0]
    array([[ 8., 12.],
           [20., 24.]], dtype=float32)
    """
    x = np.asarray(x, weight.dtype)
    shape = WindowShape(x.shape, weight.shape, stride, padding, dilation, groups)
    if shape.is_product:
        y = multiply(as_rows(x), weight[:, :, 0, 0].T, bias, clip=clip)
        return y.reshape(*x.shape[:3], shape.outs)
    if shape.is_depthwise:
        return depthwise(x, weight, bias, shape, clip)
    out = empty((shape.images, *shape.out_size, shape.outs), x.dtype)
    down = Phase(0, 0, 1, shape.kernel[0], shape.dilation[0], shape.padding[0])
    across = Phase(0, 0, 1, shape.kernel[1], shape.dilation[1], shape.padding[1])
    _convolve(x, out, weight, bias, down, across, groups=groups, stride=shape.stride, clip=clip)
    return out


def conv2d_backward(
    grad: NDArray[Any],
    x: NDArray[Any],
    weight: NDArray[Any],
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    *,
    needs_input_grad: bool = True,
    needs_weight_grad: bool = True,
    input_clip: Clip | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """The gradients of :func:`conv2d` by ``x``, ``weight`` and ``bias``.

    The gradient by ``x`` is itself a convolution of ``grad``, with the kernel turned round; for a stride
    ``s`` there are ``s * s`` of them, one for each remainder of a pixel's place (Dumoulin and Visin 2016,
    chapter 4).

    Parameters
    ----------
    grad : ndarray of shape (N, H', W', O)
    x, weight, stride, padding, dilation, groups
        As in the forward pass.
    needs_input_grad, needs_weight_grad : bool
        Spare what is not needed; None stands in its place.
    input_clip : (float, float), optional
        Where ``x`` came out of a rectifier with these bounds: the gradient by ``x`` is then the one before
        the rectifier, 0 where ``x`` is at a bound or beyond.

    Returns
    -------
    by_x : ndarray of the shape of ``x``, or None
    by_weight : ndarray of the shape of ``weight``, or None
        In the memory order that the products like: outputs vary fastest.
    by_bias : ndarray of shape (O,), or None
    """
    x, grad = np.asarray(x, weight.dtype), np.asarray(grad, weight.dtype)
    shape = WindowShape(x.shape, weight.shape, stride, padding, dilation, groups)
    if shape.is_depthwise:
        return depthwise_backward(
            grad,
            x,
            weight,
            shape,
            needs_input_grad=needs_input_grad,
            needs_weight_grad=needs_weight_grad,
            input_clip=input_clip,
        )
    by_x = by_weight = by_bias = None
    if needs_weight_grad:
        by_weight, by_bias = _by_weight(grad, x, shape)
    if needs_input_grad:
        by_x = _by_input(grad, x, weight, shape, input_clip)
    return by_x, by_weight, by_bias


def _convolve(
    x: NDArray[Any],
    out: NDArray[Any],
    weight: NDArray[Any],
    bias: NDArray[Any] | None,
    down: Phase,
    across: Phase,
    *,
    groups: int,
    stride: tuple[int, int],
    part_by: tuple[int, int] = (1, 1),
    backwards: bool = False,
    clip: Clip | None = None,
    gate: NDArray[Any] | None = None,
    gate_clip: Clip | None = None,
) -> None:
    """Fill ``out``, or every ``part_by``-th row and column of it from the phases' places on.

    ``backwards`` takes the weights' outputs for inputs.
    """
    from foveal.nn.functional._convolution_kernels import convolve

    announce_compiling()
    images, height, width, channels = x.shape
    whole_height, whole_width, outs = out.shape[1:]
    out_height, out_width = down.places(whole_height, part_by[0]), across.places(whole_width, part_by[1])
    if not images * out_height * out_width * outs:
        return
    if not down.taps * across.taps * channels:
        out[:, down.place :: part_by[0], across.place :: part_by[1]] = 0 if bias is None else bias
        return
    # Columns of the kernel and channels are one stretch of memory.
    joined = groups == 1 and across.dilation == 1
    packed = _pack(weight, down, across, groups, joined, backwards)
    number = x.dtype.type
    start = padded(bias, outs, x.dtype)
    band = _band(down.taps, down.dilation, across.taps, across.dilation, out_width, stride[1], channels)
    low, high = clip or (-np.inf, np.inf)
    gate_low, gate_high = gate_clip or (-np.inf, np.inf)
    gate_flat = nothing(x.dtype) if gate is None else contiguous(gate).reshape(-1)
    x_flat, out_flat = contiguous(x).reshape(-1), out.reshape(-1)

    def rows(ends: tuple[int, int]) -> None:
        convolve(
            x_flat,
            height,
            width,
            channels,
            out_flat,
            (down.place * whole_width + across.place) * outs,
            whole_height * whole_width * outs,
            part_by[0] * whole_width * outs,
            part_by[1] * outs,
            out_height,
            out_width,
            packed,
            groups,
            outs // groups,
            channels // groups,
            down.taps,
            across.taps,
            joined,
            *stride,
            down.dilation,
            across.dilation,
            down.corner,
            across.corner,
            start,
            number(low),
            number(high),
            gate_flat,
            number(gate_low),
            number(gate_high),
            empty((band,), x.dtype),
            *ends,
        )

    work = out_width * outs * (channels // groups) * down.taps * across.taps
    share_rows(rows, images * out_height, work)


def _band(
    rows: int, dilation_y: int, columns: int, dilation_x: int, out_width: int, stride_x: int, channels: int
) -> int:
    """Elements of the buffer for padded rows; at least what one row of the output reads."""
    row_length = ((out_width - 1) * stride_x + dilation_x * (columns - 1) + 1) * channels
    return max(_BAND, (dilation_y * (rows - 1) + 1) * row_length)


def _pack(
    weight: NDArray[Any], down: Phase, across: Phase, groups: int, joined: bool, backwards: bool
) -> NDArray[Any]:
    from foveal.nn.functional._convolution_kernels import pack_weights
    from foveal.nn.functional._register_tile import COLUMNS

    row, (out_stride, in_stride, row_stride, column_stride) = flat(weight)
    group_stride = out_stride * (weight.shape[0] // groups)
    outs, ins = weight.shape[0] // groups, weight.shape[1]
    if backwards:
        out_stride, in_stride, outs, ins = in_stride, out_stride, ins, outs
    packed = empty((groups * -(-outs // COLUMNS) * COLUMNS * ins * down.taps * across.taps,), weight.dtype)
    pack_weights(
        row,
        down.tap * row_stride + across.tap * column_stride,
        out_stride,
        in_stride,
        down.tap_by * row_stride,
        across.tap_by * column_stride,
        groups,
        group_stride,
        outs,
        ins,
        down.taps,
        across.taps,
        joined,
        packed,
    )
    return packed


def _by_weight(grad: NDArray[Any], x: NDArray[Any], shape: WindowShape) -> tuple[NDArray[Any], NDArray[Any]]:
    if shape.is_product:
        rows = as_rows(grad)
        by_bias = np.zeros(shape.outs, rows.dtype)
        by_weight = multiply(as_rows(x).T, rows, sums=by_bias).T.reshape(shape.outs, shape.channels, 1, 1)
        return by_weight, by_bias
    from foveal.nn.functional._convolution_kernels import POSITIONS, weight_gradient
    from foveal.nn.functional._register_tile import COLUMNS

    height, width = shape.out_size
    ins = shape.channels // shape.groups
    sizes = (*shape.kernel, ins, shape.outs)
    band = _band(
        shape.kernel[0],
        shape.dilation[0],
        shape.kernel[1],
        shape.dilation[1],
        width,
        shape.stride[1],
        shape.channels,
    )
    x_flat, grad_flat = contiguous(x).reshape(-1), contiguous(grad).reshape(-1)

    gathered = POSITIONS * shape.groups * -(-(shape.outs // shape.groups) // COLUMNS) * COLUMNS

    def rows_of(ends: tuple[int, int]) -> tuple[NDArray[Any], NDArray[Any]]:
        by_weights, by_bias = np.zeros(sizes, x.dtype), np.zeros(shape.outs, x.dtype)
        if by_weights.size and ends[0] < ends[1]:
            weight_gradient(
                x_flat,
                *shape.in_size,
                shape.channels,
                grad_flat,
                height,
                width,
                shape.outs,
                shape.groups,
                *shape.kernel,
                shape.groups == 1 and shape.dilation[1] == 1,
                *shape.stride,
                *shape.dilation,
                *shape.padding,
                by_weights.reshape(-1),
                by_bias,
                empty((band,), x.dtype),
                empty((gathered,), x.dtype),
                *ends,
            )
        return by_weights, by_bias

    work = width * shape.outs * ins * shape.kernel[0] * shape.kernel[1]
    (by_weights, by_bias), *others = share_rows(rows_of, shape.images * height, work)
    # In the threads' order, so that the sum is the same every time.
    for more_weights, more_bias in others:
        by_weights += more_weights
        by_bias += more_bias
    return by_weights.transpose(3, 2, 0, 1), by_bias


def _by_input(
    grad: NDArray[Any], x: NDArray[Any], weight: NDArray[Any], shape: WindowShape, input_clip: Clip | None
) -> NDArray[Any]:
    gate = None if input_clip is None else x
    if shape.is_product:
        gate_rows = None if gate is None else as_rows(gate)
        rows = multiply(as_rows(grad), weight[:, :, 0, 0], gate=gate_rows, gate_clip=input_clip)
        return rows.reshape(x.shape)
    by_x = empty(x.shape, x.dtype)
    for down in phases(shape, 0):
        for across in phases(shape, 1):
            _convolve(
                grad,
                by_x,
                weight,
                None,
                down,
                across,
                groups=shape.groups,
                stride=(1, 1),
                part_by=shape.stride,
                backwards=True,
                gate=gate,
                gate_clip=input_clip,
            )
    return by_x
