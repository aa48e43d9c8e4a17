"""Convolution, channels last."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Pair = int | tuple[int, int]


def pair(value: Pair) -> tuple[int, int]:
    """Rows and columns of a setting that may be one number for both."""
    rows, columns = value if isinstance(value, (tuple, list)) else (value, value)
    return int(rows), int(columns)


def conv2d(
    x: NDArray[Any],
    weight: NDArray[Any],
    bias: NDArray[Any] | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> NDArray[Any]:
    """Two-dimensional convolution of a batch (the cross-correlation of the field).

    Parameters
    ----------
    x : ndarray of shape (N, H, W, I)
    weight : ndarray of shape (O, I / groups, rows, columns)
    bias : ndarray of shape (O,), optional
    stride, padding, dilation : int or (int, int)
        Rows, columns.
    groups : int, default=1

    Returns
    -------
    ndarray of shape (N, H', W', O)
    """
    windows = _windows(x, weight.shape, pair(stride), pair(padding), pair(dilation))
    n, h, w = windows.shape[:3]
    out_channels = weight.shape[0]
    windows = windows.reshape(n, h, w, groups, -1, *windows.shape[4:])
    grouped = weight.reshape(groups, out_channels // groups, *weight.shape[1:])
    y: NDArray[Any] = np.einsum("nhwgcij,gocij->nhwgo", windows, grouped, optimize=True)
    y = y.reshape(n, h, w, out_channels)
    return np.asarray(y if bias is None else y + bias)


def conv2d_backward(
    grad: NDArray[Any],
    x: NDArray[Any],
    weight: NDArray[Any],
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    *,
    needs_input_grad: bool = True,
    needs_weight_grad: bool = True,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """The gradients of :func:`conv2d` by ``x``, ``weight`` and ``bias``."""
    (sy, sx), (py, px), (dy, dx) = pair(stride), pair(padding), pair(dilation)
    n, h, w, out_channels = grad.shape
    grouped = weight.reshape(groups, out_channels // groups, *weight.shape[1:])
    g = grad.reshape(n, h, w, groups, -1)
    by_x = by_weight = by_bias = None
    if needs_weight_grad:
        windows = _windows(x, weight.shape, (sy, sx), (py, px), (dy, dx))
        windows = windows.reshape(n, h, w, groups, -1, *windows.shape[4:])
        by_weight = np.einsum("nhwgcij,nhwgo->gocij", windows, g, optimize=True).reshape(weight.shape)
        by_bias = np.asarray(grad.sum(axis=(0, 1, 2)))
    if needs_input_grad:
        padded = np.zeros((n, x.shape[1] + 2 * py, x.shape[2] + 2 * px, x.shape[3]), x.dtype)
        for i in range(weight.shape[2]):
            for j in range(weight.shape[3]):
                part = np.einsum("nhwgo,goc->nhwgc", g, grouped[..., i, j]).reshape(n, h, w, -1)
                padded[:, i * dy : i * dy + sy * h : sy, j * dx : j * dx + sx * w : sx][:, :h, :w] += part
        by_x = padded[:, py : py + x.shape[1], px : px + x.shape[2]]
    return by_x, by_weight, by_bias


def _windows(
    x: NDArray[Any],
    weight_shape: tuple[int, ...],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> NDArray[Any]:
    (sy, sx), (py, px), (dy, dx) = stride, padding, dilation
    if py or px:
        x = np.pad(x, ((0, 0), (py, py), (px, px), (0, 0)))
    size = (dy * (weight_shape[2] - 1) + 1, dx * (weight_shape[3] - 1) + 1)
    return sliding_window_view(x, size, axis=(1, 2))[:, ::sy, ::sx, :, ::dy, ::dx]
