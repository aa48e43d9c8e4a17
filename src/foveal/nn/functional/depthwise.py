"""Convolution of every channel by itself (depthwise; Howard et al. 2017)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.functional.memory import contiguous, empty, nothing
from foveal.nn.functional.products import Clip, padded
from foveal.nn.functional.windows import Phase, WindowShape, phases, share_rows

# Elements of a thread's buffer of padded rows; in float32 a quarter of the second cache.
_BAND = 32_768


def depthwise(
    x: NDArray[Any],
    weight: NDArray[Any],
    bias: NDArray[Any] | None,
    shape: WindowShape,
    clip: Clip | None,
) -> NDArray[Any]:
    """The forward pass, for :func:`conv2d`."""
    out = empty((shape.images, *shape.out_size, shape.outs), x.dtype)
    whole = Phase(0, 0, 1, shape.kernel[0], shape.dilation[0], shape.padding[0])
    across = Phase(0, 0, 1, shape.kernel[1], shape.dilation[1], shape.padding[1])
    _rows(x, out, weight, bias, whole, across, stride=shape.stride, clip=clip)
    return out


def depthwise_backward(
    grad: NDArray[Any],
    x: NDArray[Any],
    weight: NDArray[Any],
    shape: WindowShape,
    *,
    needs_input_grad: bool,
    needs_weight_grad: bool,
    input_clip: Clip | None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """The gradients, for :func:`conv2d_backward`."""
    by_x = by_weight = by_bias = None
    if needs_weight_grad:
        by_weight, by_bias = _by_weight(grad, x, shape)
    if needs_input_grad:
        by_x = empty(x.shape, x.dtype)
        for down in phases(shape, 0):
            for across in phases(shape, 1):
                _rows(
                    grad,
                    by_x,
                    weight,
                    None,
                    down,
                    across,
                    stride=(1, 1),
                    part_by=shape.stride,
                    gate=None if input_clip is None else x,
                    gate_clip=input_clip,
                )
    return by_x, by_weight, by_bias


def _rows(
    x: NDArray[Any],
    out: NDArray[Any],
    weight: NDArray[Any],
    bias: NDArray[Any] | None,
    down: Phase,
    across: Phase,
    *,
    stride: tuple[int, int],
    part_by: tuple[int, int] = (1, 1),
    clip: Clip | None = None,
    gate: NDArray[Any] | None = None,
    gate_clip: Clip | None = None,
) -> None:
    from foveal.nn.functional._depthwise_kernels import depthwise_rows

    images, height, width, channels = x.shape
    whole_height, whole_width = out.shape[1:3]
    out_height, out_width = down.places(whole_height, part_by[0]), across.places(whole_width, part_by[1])
    if not images * out_height * out_width:
        return
    # Rows and columns of the kernel that take part, in ascending order of what they read.
    kernel = weight[:, 0, down.tap :: down.tap_by][:, : down.taps] if down.taps else weight[:, 0, :0]
    kernel = (
        kernel[:, :, across.tap :: across.tap_by][:, :, : across.taps] if across.taps else kernel[:, :, :0]
    )
    weights = np.ascontiguousarray(kernel.transpose(1, 2, 0)).reshape(-1)
    number = x.dtype.type
    low, high = clip or (-np.inf, np.inf)
    gate_low, gate_high = gate_clip or (-np.inf, np.inf)
    start = padded(bias, channels, x.dtype)
    gate_flat = nothing(x.dtype) if gate is None else contiguous(gate).reshape(-1)
    x_flat, out_flat = contiguous(x).reshape(-1), out.reshape(-1)

    def rows(ends: tuple[int, int]) -> None:
        depthwise_rows(
            x_flat,
            height,
            width,
            channels,
            out_flat,
            (down.place * whole_width + across.place) * channels,
            whole_height * whole_width * channels,
            part_by[0] * whole_width * channels,
            part_by[1] * channels,
            out_height,
            out_width,
            weights,
            down.taps,
            across.taps,
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
            *ends,
        )

    share_rows(rows, images * out_height, out_width * channels * max(1, down.taps * across.taps))


def _band(kernel: tuple[int, int], dilation: tuple[int, int], out_width: int, stride: int) -> int:
    """Elements of the buffer for the rows of a few channels; at least what one row of the output reads."""
    from foveal.nn.functional._register_tile import COLUMNS

    reach = [by * (taps - 1) + 1 for by, taps in zip(dilation, kernel, strict=True)]
    return max(_BAND, reach[0] * ((out_width - 1) * stride + reach[1]) * COLUMNS)


def _by_weight(grad: NDArray[Any], x: NDArray[Any], shape: WindowShape) -> tuple[NDArray[Any], NDArray[Any]]:
    from foveal.nn.functional._depthwise_kernels import depthwise_weight_gradient
    from foveal.nn.functional._register_tile import COLUMNS

    sizes = (*shape.kernel, shape.channels)
    x_flat, grad_flat = contiguous(x).reshape(-1), contiguous(grad).reshape(-1)
    height, width = shape.out_size
    band = _band(shape.kernel, shape.dilation, width, shape.stride[1])

    def rows(ends: tuple[int, int]) -> tuple[NDArray[Any], NDArray[Any]]:
        by_weights, by_bias = np.zeros(sizes, x.dtype), np.zeros(shape.channels, x.dtype)
        depthwise_weight_gradient(
            x_flat,
            *shape.in_size,
            shape.channels,
            grad_flat,
            height,
            width,
            *shape.kernel,
            *shape.stride,
            *shape.dilation,
            *shape.padding,
            by_weights.reshape(-1),
            by_bias,
            empty((band,), x.dtype),
            empty((max(_BAND, width * COLUMNS),), x.dtype),
            *ends,
        )
        return by_weights, by_bias

    parts = share_rows(
        rows, shape.images * height, width * shape.channels * shape.kernel[0] * shape.kernel[1]
    )
    by_weights, by_bias = parts[0]
    for more_weights, more_bias in parts[1:]:
        by_weights += more_weights
        by_bias += more_bias
    return by_weights.transpose(2, 0, 1)[:, None], by_bias
