"""How a convolution is computed: in tiles that stay in registers, on several threads.

:mod:`foveal.nn.functional.convolution` says what is computed; the page "How a convolution is computed" of the
documentation explains how. Both directions of a convolution sweep a kernel over an array, and the gradient by
the weights sums products over the same windows: two kernels for each of two kinds, dense and depthwise.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.functional.memory import contiguous, empty
from foveal.nn.functional.products import Clip, announce_compiling, as_gate, bounds, flat, padded
from foveal.nn.functional.sharing import share_rows
from foveal.nn.functional.windows import Sweep, WindowShape, forward_sweep

Array = NDArray[Any]

# Elements of a thread's band of padded rows; in float32 a quarter of the second cache.
_BAND = 32_768


def sweep(
    x: Array,
    out: Array,
    weight: Array,
    shape: WindowShape,
    down: Sweep,
    across: Sweep,
    *,
    bias: Array | None = None,
    backwards: bool = False,
    clip: Clip | None = None,
    gate: Array | None = None,
    gate_clip: Clip | None = None,
) -> None:
    """Lay the kernel on ``x`` at every window of two sweeps and write the sums of products to their places.

    Parameters
    ----------
    x : ndarray of shape (N, H, W, C)
        The input, or ``backwards`` the gradient by the output.
    out : ndarray of shape (N, H', W', C'), C-contiguous
        Only the places of the sweeps are written.
    weight : ndarray of shape (O, I / groups, rows, columns)
        Its outputs are taken for inputs ``backwards``.
    shape : WindowShape
    down, across : Sweep
    bias : ndarray of shape (C',), optional
    clip : (float, float), optional
        Bounds of what is written.
    gate : ndarray of the shape of ``out``, optional
        What is written is 0 where this is at or beyond ``gate_clip``.
    """
    announce_compiling()
    from foveal.nn.functional._register_tile import multiply_tile, weigh_tile

    if not len(x) * down.places * across.places * out.shape[3]:
        return
    if not down.taps * across.taps * x.shape[3]:
        out[:, down.place :: down.by, across.place :: across.by] = 0 if bias is None else bias
        return
    x, dtype = contiguous(x), x.dtype
    start = padded(bias, out.shape[3], dtype)
    edges = (bounds(clip, dtype), as_gate(gate, dtype), bounds(gate_clip, dtype))
    run: Callable[[tuple[int, int]], None]
    if shape.is_depthwise:
        from foveal.nn.functional._depthwise_kernels import depthwise_convolve

        weigh = weigh_tile(dtype)
        kernel = weight[:, 0, down.tap :: down.tap_by, across.tap :: across.tap_by]
        kernel = np.ascontiguousarray(kernel[:, : down.taps, : across.taps].transpose(1, 2, 0)).reshape(-1)

        def run(ends: tuple[int, int]) -> None:
            depthwise_convolve(weigh, x, out, kernel, down, across, start, *edges, ends)

    else:
        from foveal.nn.functional._convolution_kernels import convolve

        multiply = multiply_tile(dtype)
        joined = _is_joined(shape, across)
        packed = _packed(weight, shape, down, across, joined, backwards)
        band = _band(x.shape[3], down, across)

        def run(ends: tuple[int, int]) -> None:
            buffer = empty((band,), dtype)
            convolve(
                multiply, x, out, packed, shape.groups, joined, down, across, start, *edges, buffer, ends
            )

    work = across.places * out.shape[3] * (x.shape[3] // shape.groups) * down.taps * across.taps
    share_rows(run, len(x) * down.places, work)


def weight_gradient(grad: Array, x: Array, shape: WindowShape) -> tuple[Array, Array]:
    """The gradients by the weights and the bias: sums of products over all windows.

    Parameters
    ----------
    grad : ndarray of shape (N, H', W', O)
    x : ndarray of shape (N, H, W, I)
    shape : WindowShape

    Returns
    -------
    grad_weight : ndarray of shape (O, I / groups, rows, columns)
        Outputs vary fastest in memory.
    grad_bias : ndarray of shape (O,)
    """
    announce_compiling()
    from foveal.nn.functional._register_tile import COLUMNS, multiply_tile, weigh_tile

    x, grad, dtype = contiguous(x), contiguous(grad), x.dtype
    down, across = forward_sweep(shape, 0), forward_sweep(shape, 1)
    ins = shape.channels // shape.groups
    add: Callable[[Array, Array, tuple[int, int]], None]
    if shape.is_depthwise:
        from foveal.nn.functional._depthwise_kernels import depthwise_weight_gradient

        weigh = weigh_tile(dtype)
        band = _band(COLUMNS, down, across)

        def add(grad_weight: Array, grad_bias: Array, ends: tuple[int, int]) -> None:
            buffer, grads = empty((band,), dtype), empty((max(_BAND, across.places * COLUMNS),), dtype)
            depthwise_weight_gradient(
                weigh, x, grad, down, across, grad_weight, grad_bias, buffer, grads, ends
            )

    else:
        from foveal.nn.functional._convolution_kernels import POSITIONS
        from foveal.nn.functional._convolution_kernels import weight_gradient as add_gradient

        multiply = multiply_tile(dtype)
        joined, band = _is_joined(shape, across), _band(shape.channels, down, across)
        block = POSITIONS * shape.groups * -(-(shape.outs // shape.groups) // COLUMNS) * COLUMNS

        def add(grad_weight: Array, grad_bias: Array, ends: tuple[int, int]) -> None:
            buffers = empty((band,), dtype), empty((block,), dtype)
            sums = (grad_weight, grad_bias)
            add_gradient(multiply, x, grad, shape.groups, joined, down, across, *sums, *buffers, ends)

    def sums_of(ends: tuple[int, int]) -> tuple[Array, Array]:
        grad_weight, grad_bias = (
            np.zeros((*shape.kernel, ins, shape.outs), dtype),
            np.zeros(shape.outs, dtype),
        )
        if grad_weight.size and ends[0] < ends[1]:
            add(grad_weight.reshape(-1), grad_bias, ends)
        return grad_weight, grad_bias

    work = across.places * shape.outs * ins * down.taps * across.taps
    (grad_weight, grad_bias), *others = share_rows(sums_of, shape.images * down.places, work)
    # In the threads' order, so that the sum is the same every time.
    for more_weight, more_bias in others:
        grad_weight += more_weight
        grad_bias += more_bias
    return grad_weight.transpose(3, 2, 0, 1), grad_bias


def _is_joined(shape: WindowShape, across: Sweep) -> bool:
    """Whether columns of the kernel and channels are one stretch of memory."""
    return shape.groups == 1 and across.dilation == 1


def _band(channels: int, down: Sweep, across: Sweep) -> int:
    """Elements of the buffer for padded rows; at least what one row of the output reads."""
    row_length = ((across.places - 1) * across.stride + across.dilation * (across.taps - 1) + 1) * channels
    return max(_BAND, (down.dilation * (down.taps - 1) + 1) * row_length)


def _packed(
    weight: Array, shape: WindowShape, down: Sweep, across: Sweep, joined: bool, backwards: bool
) -> Array:
    """The weights that take part, in the order in which tiles read them."""
    from foveal.nn.functional._convolution_kernels import pack_weights
    from foveal.nn.functional._register_tile import COLUMNS

    row, (out_stride, in_stride, row_stride, column_stride) = flat(weight)
    outs, ins = shape.outs // shape.groups, weight.shape[1]
    group_stride = out_stride * outs
    if backwards:
        out_stride, in_stride, outs, ins = in_stride, out_stride, ins, outs
    at = down.tap * row_stride + across.tap * column_stride
    strides = (group_stride, out_stride, in_stride, down.tap_by * row_stride, across.tap_by * column_stride)
    sizes = (shape.groups, outs, ins, down.taps, across.taps)
    panels = -(-outs // COLUMNS)
    packed = empty((shape.groups * panels * COLUMNS * ins * down.taps * across.taps,), weight.dtype)
    pack_weights(row, at, strides, sizes, joined, packed)
    return packed
