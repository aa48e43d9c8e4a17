"""Pooling, channels last: a window's largest value or its mean."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.functional.memory import empty
from foveal.nn.functional.sharing import share
from foveal.nn.functional.windows import Pair, pair

#: Kernel, stride, padding and dilation, each of rows and columns.
Windows = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]


def max_pool2d(
    x: NDArray[Any],
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The largest value of each window.

    Parameters
    ----------
    x : ndarray of shape (N, H, W, C)
        float32 or float64.
    kernel_size : int or (int, int)
        Rows, columns.
    stride : int or (int, int), optional
        Default: ``kernel_size``.
    padding : int or (int, int), default=0
        At most half of ``kernel_size``; the border never wins.
    dilation : int or (int, int), default=1
    ceil_mode : bool, default=False
        Let a last window hang over the border, where one begins inside; else it is left out.

    Returns
    -------
    y : ndarray of shape (N, H', W', C)
        Not-a-number wins over numbers. A window of nothing but border, which dilation makes possible, is
        minus infinity.
    places : ndarray of shape (N, H', W', C), uint8, or int32 for windows of more than 256 elements
        Which element of the window won, counted along rows; of equals the first. The backward pass needs it.

    Raises
    ------
    ValueError
        If no window fits or a setting is impossible.

    Examples
    --------
    >>> y, places = max_pool2d(np.float32([[1, 5], [7, 7]]).reshape(1, 2, 2, 1), 2)
    >>> y.item(), places.item()
    (7.0, 2)
    """
    from foveal.nn.functional import _pooling_kernels as kernels

    x = _batch(x)
    windows = _settings(kernel_size, stride, padding, dilation)
    n, h, w, c = x.shape
    size = tuple(window_count(*axis, ceil_mode) for axis in zip((h, w), *windows, strict=True))
    y = empty((n, *size, c), x.dtype)
    elements = prod(windows[0])
    # A byte a window instead of the input again: less memory, and the backward pass reads less.
    places = empty(y.shape, np.uint8 if elements <= 256 else np.int32)
    if _side_by_side(windows, (h, w), size):
        share(lambda part: kernels.max_pool_2x2(x[part], y[part], places[part]), n, x.size)
    else:
        share(lambda part: kernels.max_pool(x[part], y[part], places[part], *windows), n, y.size * elements)
    return y, places


def max_pool2d_backward(
    grad: NDArray[Any],
    places: NDArray[Any],
    input_shape: tuple[int, ...],
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> NDArray[Any]:
    """The gradient of :func:`max_pool2d` by ``x``.

    Parameters
    ----------
    grad : ndarray of shape (N, H', W', C)
    places : ndarray of shape (N, H', W', C)
        As the forward pass returned it.
    input_shape : (N, H, W, C)
    kernel_size, stride, padding, dilation
        As in the forward pass.

    Returns
    -------
    ndarray of shape (N, H, W, C)
    """
    from foveal.nn.functional import _pooling_kernels as kernels

    grad = np.ascontiguousarray(grad)
    windows = _settings(kernel_size, stride, padding, dilation)
    n, h, w, _ = input_shape
    out = empty(input_shape, grad.dtype)
    if _side_by_side(windows, (h, w), grad.shape[1:3]):
        share(lambda part: kernels.max_pool_2x2_backward(grad[part], places[part], out[part]), n, out.size)
    else:
        share(
            lambda part: kernels.max_pool_backward(grad[part], places[part], out[part], *windows),
            n,
            grad.size * prod(windows[0]),
        )
    return out


def avg_pool2d(
    x: NDArray[Any],
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> NDArray[Any]:
    """The mean of each window.

    Parameters
    ----------
    x : ndarray of shape (N, H, W, C)
        float32 or float64; summed in float64.
    kernel_size, stride, padding, ceil_mode
        See :func:`max_pool2d`, also for what is refused; the border is 0.
    count_include_pad : bool, default=True
        Divide by the elements of the window with the border's (not with what hangs over it under
        ``ceil_mode``), else by those of the image alone.

    Returns
    -------
    ndarray of shape (N, H', W', C)

    Examples
    --------
    >>> avg_pool2d(np.float32([[1, 5], [7, 7]]).reshape(1, 2, 2, 1), 2).item()
    5.0
    """
    x = _batch(x)
    windows = average_windows(x.shape, kernel_size, stride, padding, ceil_mode, count_include_pad)
    return _average(x, *windows)


def avg_pool2d_backward(
    grad: NDArray[Any],
    input_shape: tuple[int, ...],
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> NDArray[Any]:
    """The gradient of :func:`avg_pool2d` by ``x``, of shape ``input_shape``.

    Parameters
    ----------
    grad : ndarray of shape (N, H', W', C)
    input_shape : (N, H, W, C)
    kernel_size, stride, padding, ceil_mode, count_include_pad
        As in the forward pass.

    Returns
    -------
    ndarray of shape (N, H, W, C)
    """
    windows = average_windows(input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad)
    return _average_backward(grad, input_shape, *windows)


def adaptive_avg_pool2d(x: NDArray[Any], output_size: Pair) -> NDArray[Any]:
    """Means of as many windows as asked for, which cover the image.

    Window i of n spans from the whole part of ``i H / n`` to ``(i + 1) H / n`` rounded up, so that
    neighbours share a row where H is no multiple of n.

    Parameters
    ----------
    x : ndarray of shape (N, H, W, C)
        float32 or float64; summed in float64.
    output_size : int or (int, int)
        Rows, columns; 1 is the mean over the image.

    Returns
    -------
    ndarray of shape (N, rows, columns, C)

    Raises
    ------
    ValueError
        If the image is empty or a size is less than 1.

    Examples
    --------
    >>> adaptive_avg_pool2d(np.float32([1, 2, 3, 5]).reshape(1, 1, 4, 1), (1, 2)).ravel().tolist()
    [1.5, 4.0]
    """
    x = _batch(x)
    return _average(x, *adaptive_windows(x.shape, output_size))


def adaptive_avg_pool2d_backward(
    grad: NDArray[Any], input_shape: tuple[int, ...], output_size: Pair
) -> NDArray[Any]:
    """The gradient of :func:`adaptive_avg_pool2d` by ``x``, of shape ``input_shape``.

    Parameters
    ----------
    grad : ndarray of shape (N, rows, columns, C)
    input_shape, output_size
        Of the forward pass.
    """
    return _average_backward(grad, input_shape, *adaptive_windows(input_shape, output_size))


def _average(x: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
    from foveal.nn.functional import _pooling_kernels as kernels

    n, c = x.shape[0], x.shape[3]
    y = empty((n, len(rows), len(columns), c), x.dtype)
    share(lambda part: kernels.average(x[part], y[part], rows, columns), n, x.size)
    return y


def _average_backward(
    grad: NDArray[Any], input_shape: tuple[int, ...], rows: NDArray[Any], columns: NDArray[Any]
) -> NDArray[Any]:
    from foveal.nn.functional import _pooling_kernels as kernels

    grad = np.ascontiguousarray(grad)
    out = empty(input_shape, grad.dtype)
    share(lambda part: kernels.average_backward(grad[part], out[part], rows, columns), len(out), out.size)
    return out


def _batch(x: NDArray[Any]) -> NDArray[Any]:
    if x.ndim != 4:
        raise ValueError(f"Pooling takes a batch of shape (N, H, W, C), not {x.shape}.")
    return np.ascontiguousarray(x)


def _settings(kernel_size: Pair, stride: Pair | None, padding: Pair, dilation: Pair) -> Windows:
    kernel, padding, dilation = pair(kernel_size), pair(padding), pair(dilation)
    strides = kernel if stride is None else pair(stride)
    if min(*kernel, *strides, *dilation) < 1:
        raise ValueError("kernel_size, stride and dilation of pooling start at 1.")
    if any(not 0 <= 2 * p <= k for p, k in zip(padding, kernel, strict=True)):
        raise ValueError(
            f"padding {padding} of pooling must be between 0 and half of the kernel size {kernel}."
        )
    return kernel, strides, padding, dilation


def window_count(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """How many windows fit along a side.

    Raises
    ------
    ValueError
        If none does.
    """
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1  # A window must not begin behind the image.
    if size < 1 or count < 1:
        raise ValueError(f"No window of {kernel} with dilation {dilation} fits into an image side of {size}.")
    return count


def _side_by_side(windows: Windows, input_size: tuple[int, int], size: tuple[int, ...]) -> bool:
    """Whether the windows are 2×2, cover each element at most once and stay inside."""
    inside = all(2 * s <= whole for s, whole in zip(size, input_size, strict=True))
    return inside and windows == ((2, 2), (2, 2), (0, 0), (1, 1))


def average_windows(
    input_shape: tuple[int, ...],
    kernel_size: Pair,
    stride: Pair | None,
    padding: Pair,
    ceil_mode: bool,
    count_include_pad: bool,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Start, end and divisor of the windows of :func:`avg_pool2d`, for rows and for columns."""
    kernel, strides, padding, _ = _settings(kernel_size, stride, padding, 1)
    found = []
    for size, k, s, p in zip(input_shape[1:3], kernel, strides, padding, strict=True):
        start = np.arange(window_count(size, k, s, p, 1, ceil_mode)) * s - p
        end = np.minimum(start + k, size + p)
        counted = end - start
        start, end = np.maximum(start, 0), np.minimum(end, size)
        found.append(np.stack([start, end, counted if count_include_pad else end - start], axis=1))
    return found[0], found[1]


def adaptive_windows(input_shape: tuple[int, ...], output_size: Pair) -> tuple[NDArray[Any], NDArray[Any]]:
    """Start, end and divisor of the windows of :func:`adaptive_avg_pool2d`, for rows and for columns."""
    found = []
    for size, count in zip(input_shape[1:3], pair(output_size), strict=True):
        if size < 1 or count < 1:
            raise ValueError(f"Adaptive pooling of a side of {size} to {count}: both must be at least 1.")
        steps = np.arange(count)
        start, end = steps * size // count, -(-(steps + 1) * size // count)
        found.append(np.stack([start, end, end - start], axis=1))
    return found[0], found[1]
