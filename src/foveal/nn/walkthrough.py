"""Convolution and pooling one output at a time, as data: what lay under the window, and what came of it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.nn.functional.windows import Pair, pair


@dataclass(frozen=True, eq=False)
class WindowStep:
    """One number of an output and the rows and columns of the input that it is made from.

    Attributes
    ----------
    row, column : int
        Its place in the output.
    rows, columns : ndarray of int64
    """

    row: int
    column: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ConvolutionStep(WindowStep):
    """One number of a convolution's output, and how it came about.

    Attributes
    ----------
    row, column : int
        Its place in the output.
    rows, columns : ndarray of shape (kh,) and (kw,), int
        The rows and columns of the input that lie under the kernel; below 0, or not below the input's
        height or width, where it hangs over the border.
    window : ndarray of shape (kh, kw) or (C, kh, kw)
        The input under the kernel, 0 beyond its border.
    products : ndarray of the window's shape
        ``window * kernel``.
    value : float
        The sum of the products, and the bias.
    """

    window: NDArray[Any]
    products: NDArray[Any]
    value: float


@dataclass(frozen=True, eq=False)
class PoolingStep(WindowStep):
    """One number of a pooling's output, and how it came about.

    Attributes
    ----------
    row, column : int
        Its place in the output.
    rows, columns : ndarray of shape (kh,) and (kw,), int
        The rows and columns of the input that lie in the window; some of them beyond its border where
        there is padding.
    window : ndarray of shape (kh, kw)
        The input in the window; beyond its border -inf in max pooling, 0 in average pooling.
    chosen : (int, int) or None
        Row and column, in the input, of the largest number: where the gradient goes. ``None`` in average
        pooling, where every cell gets the same part of it.
    value : float
        The largest number, or the mean of all cells, those beyond the border included.
    """

    window: NDArray[Any]
    chosen: tuple[int, int] | None
    value: float


def convolution_steps(
    x: ArrayLike,
    kernel: ArrayLike,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    *,
    bias: float = 0.0,
) -> list[ConvolutionStep]:
    """Every step of a convolution with one output channel, row by row.

    Parameters
    ----------
    x : array-like of shape (H, W) or (H, W, C)
    kernel : array-like of shape (kh, kw), or (C, kh, kw) where x has channels
        One output channel of :class:`foveal.nn.Conv2d`'s weight. It is not turned: this is the field's
        cross-correlation.
    stride : int or (int, int), default=1
        How far the window moves, down and to the right.
    padding : int or (int, int), default=0
        Rows and columns of zeros on each side.
    dilation : int or (int, int), default=1
        Distance of neighbouring cells of the kernel, in pixels.
    bias : float, default=0.0

    Returns
    -------
    list of ConvolutionStep
        ``H' * W'`` of them, where ``H' = (H + 2 * padding - dilation * (kh - 1) - 1) // stride + 1`` and
        ``W'`` likewise.

    Raises
    ------
    ValueError
        If the shapes are others, stride or dilation is below 1, padding is below 0, or the kernel is larger
        than the padded input.

    Examples
    --------
    >>> steps = convolution_steps([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, -1]])
    >>> len(steps), steps[0].products.tolist(), steps[0].value
    (4, [[1, 0], [0, -5]], -4.0)
    >>> steps[1].rows.tolist(), steps[1].columns.tolist()
    ([0, 1], [1, 2])
    """
    x, kernel = np.asarray(x), np.asarray(kernel)
    if x.ndim not in (2, 3) or kernel.ndim != x.ndim or (x.ndim == 3 and len(kernel) != x.shape[2]):
        raise ValueError(
            "x and kernel must have the shapes (H, W) and (kh, kw), or (H, W, C) and (C, kh, kw); "
            f"they have {x.shape} and {kernel.shape}."
        )
    size = (kernel.shape[-2], kernel.shape[-1])
    steps = []
    for row, column, rows, columns in _places(x.shape[:2], size, stride, padding, dilation):
        window = _cut(x, rows, columns, 0)
        if x.ndim == 3:
            window = window.transpose(2, 0, 1)
        products = window * kernel
        value = float(products.sum()) + bias
        steps.append(ConvolutionStep(row, column, rows, columns, window, products, value))
    return steps


def pooling_steps(
    x: ArrayLike,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    *,
    kind: Literal["max", "average"] = "max",
) -> list[PoolingStep]:
    """Every step of a pooling of one channel, row by row.

    Parameters
    ----------
    x : array-like of shape (H, W)
    kernel_size : int or (int, int)
        Height and width of the window.
    stride : int or (int, int), optional
        How far the window moves; by default its own size, so that windows do not overlap.
    padding : int or (int, int), default=0
        At most half the window, as in PyTorch: else a window could lie wholly outside.
    kind : {"max", "average"}, default="max"

    Returns
    -------
    list of PoolingStep
        What remains at the right and at the bottom, too narrow for a window, is left out.

    Raises
    ------
    ValueError
        If x is not (H, W), kind is none of the two, stride is below 1, padding is below 0 or more than half
        the window, or the window is larger than the padded input.

    Examples
    --------
    >>> steps = pooling_steps([[1, 5, 2, 0], [3, 4, 2, 2]], 2)
    >>> [step.value for step in steps], [step.chosen for step in steps]
    ([5.0, 2.0], [(0, 1), (0, 2)])
    >>> pooling_steps([[1, 5, 2, 0], [3, 4, 2, 2]], 2, kind="average")[0].value
    3.25

    Of equal numbers the first one, row by row, is chosen, as in PyTorch.
    """
    x = np.asarray(x)
    if x.ndim != 2:
        raise ValueError(f"x must have the shape (H, W); it has {x.shape}.")
    if kind not in ("max", "average"):
        raise ValueError(f'kind must be "max" or "average", not {kind!r}.')
    size, pads = pair(kernel_size), pair(padding)
    if any(2 * pad > side for pad, side in zip(pads, size, strict=True)):
        raise ValueError(f"padding must be at most half the window; it is {pads} with windows of {size}.")
    largest = kind == "max"
    steps = []
    for row, column, rows, columns in _places(
        x.shape, size, kernel_size if stride is None else stride, padding, 1
    ):
        window = _cut(x, rows, columns, -math.inf if largest else 0)
        chosen = None
        if largest:
            i, j = divmod(int(window.argmax()), size[1])
            chosen = (int(rows[i]), int(columns[j]))
        value = float(window.max() if largest else window.mean())
        steps.append(PoolingStep(row, column, rows, columns, window, chosen, value))
    return steps


def _places(
    shape: tuple[int, ...], size: tuple[int, int], stride: Pair, padding: Pair, dilation: Pair
) -> Iterator[tuple[int, int, NDArray[np.int64], NDArray[np.int64]]]:
    """The place in the output and the rows and columns under the window, row by row."""
    strides, pads, dilations = pair(stride), pair(padding), pair(dilation)
    if min(*strides, *dilations) < 1 or min(pads) < 0:
        raise ValueError(
            "stride and dilation must be at least 1 and padding at least 0; "
            f"they are {strides}, {dilations} and {pads}."
        )
    counts, under = [], []
    for side, cells, step, pad, apart in zip(shape, size, strides, pads, dilations, strict=True):
        reach = apart * (cells - 1) + 1
        if cells < 1 or side < 1 or side + 2 * pad < reach:
            raise ValueError(
                f"The window reaches over {reach} rows or columns and the padded input has "
                f"{side + 2 * pad}: give more padding, a smaller kernel or less dilation."
            )
        counts.append((side + 2 * pad - reach) // step + 1)
        under.append(np.arange(cells) * apart - pad)
    for row in range(counts[0]):
        for column in range(counts[1]):
            yield row, column, under[0] + row * strides[0], under[1] + column * strides[1]


def _cut(x: NDArray[Any], rows: NDArray[np.int64], columns: NDArray[np.int64], beyond: float) -> NDArray[Any]:
    """The window's cells; ``beyond`` where they lie outside of the input."""
    height, width = x.shape[:2]
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    window = x[np.clip(rows, 0, height - 1)[:, None], np.clip(columns, 0, width - 1)]
    if inside.all():
        return np.asarray(window)
    window = window.astype(np.result_type(x.dtype, np.float32)) if math.isinf(beyond) else window.copy()
    window[~inside] = beyond
    return np.asarray(window)
