"""Anchors: boxes of a few sizes, centred on every cell of a feature map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Sides of anchors are this many cells of the map they are given to, or the nearest there is.
_CELLS_PER_SIDE = 8
# Ratios this near to each other are one.
_MERGED = 1.2


def base_anchors(scales: ArrayLike, ratios: ArrayLike = (0.5, 1.0, 2.0)) -> NDArray[np.float32]:
    """Widths and heights of anchors: every scale in every ratio.

    Parameters
    ----------
    scales : array-like of shape (S,)
        Sides of the squares whose areas the anchors have, in pixels.
    ratios : array-like of shape (Q,), default=(0.5, 1, 2)
        Heights divided by widths.

    Returns
    -------
    ndarray of shape (S * Q, 2), float32
        Widths, heights; the ratios of a scale follow each other.

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    Ren et al., "Faster R-CNN", NeurIPS 2015, section 3.1.1: scales of 128, 256 and 512 pixels, ratios of 1:1,
    1:2 and 2:1.

    Examples
    --------
    >>> base_anchors([32, 64], [1, 4])
    array([[ 32.,  32.],
           [ 16.,  64.],
           [ 64.,  64.],
           [ 32., 128.]], dtype=float32)
    """
    sides, shapes = (
        np.asarray(scales, np.float64).reshape(-1, 1),
        np.asarray(ratios, np.float64).reshape(1, -1),
    )
    for name, numbers in (("scales", sides), ("ratios", shapes)):
        if not (np.isfinite(numbers) & (numbers > 0)).all():
            raise ValueError(f"{name} must be positive numbers, not {numbers.ravel().tolist()}.")
    root = np.sqrt(shapes)
    return np.stack([sides / root, sides * root], axis=2).reshape(-1, 2).astype(np.float32)


def grid_anchors(shape: tuple[int, int], stride: float, sizes: ArrayLike) -> NDArray[np.float32]:
    """Anchors of all sizes on every cell of a feature map.

    The centre of the cell in row i and column j is at ``x = (j + 0.5) * stride``, ``y = (i + 0.5) * stride``.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the map.
    stride : float
        Pixels of the image to a cell.
    sizes : array-like of shape (A, 2)
        Widths and heights, such as :func:`base_anchors` returns.

    Returns
    -------
    ndarray of shape (rows * columns * A, 4), float32
        ``x1, y1, x2, y2`` in pixels of the image, half-open, not clipped: row after row, and the sizes of a
        cell follow each other, as the outputs of a network over a map (rows, columns, A) do.

    Raises
    ------
    ValueError
        If a side of the map is negative, ``stride`` is not positive, or the sizes are not (A, 2) or not
        positive.

    References
    ----------
    Ren et al. 2015, section 3.1.1.

    Examples
    --------
    >>> grid_anchors((1, 2), 16, [[16, 16], [32, 8]])
    array([[ 0.,  0., 16., 16.],
           [-8.,  4., 24., 12.],
           [16.,  0., 32., 16.],
           [ 8.,  4., 40., 12.]], dtype=float32)
    """
    rows, columns = shape
    if min(rows, columns) < 0 or not stride > 0:
        raise ValueError(
            f"A map has no negative sides and a positive stride, not {tuple(shape)} and {stride}."
        )
    half = _sizes(sizes) / 2
    x = ((np.arange(columns) + 0.5) * stride)[None, :, None]
    y = ((np.arange(rows) + 0.5) * stride)[:, None, None]
    anchors = np.empty((rows, columns, len(half), 4), np.float32)
    anchors[..., 0], anchors[..., 2] = x - half[:, 0], x + half[:, 0]
    anchors[..., 1], anchors[..., 3] = y - half[:, 1], y + half[:, 1]
    return anchors.reshape(-1, 4)


def anchor_sizes(
    sizes: ArrayLike,
    strides: Sequence[float],
    *,
    scales_per_octave: int = 1,
    max_ratios: int = 3,
) -> list[NDArray[np.float32]]:
    """Anchors' widths and heights for each level of a pyramid, from the boxes that are to be found.

    Scales lie one octave apart and are placed so that they cover the boxes' sides, ``sqrt(w h)``, from the
    2nd to the 98th percentile: no such box is further than half an octave from a scale. Each scale goes to
    the level where it is nearest to 8 cells long, and a level that no scale would go to gets the one nearest
    to it. Ratios are quantiles of the boxes' ``h / w``, those within 20 % of each other merged into one.

    Parameters
    ----------
    sizes : array-like of shape (B, 2)
        Widths and heights of a data set's boxes, in pixels of the network's input. Those without area do not
        count.
    strides : sequence of float
        Pixels to a cell, for each level, rising.
    scales_per_octave : int, default=1
        2 or 3 make a finer ladder of scales.
    max_ratios : int, default=3
        At most so many ratios.

    Returns
    -------
    list of ndarray of shape (A, 2), float32
        For each level widths and heights, by rising scale and, of a scale, rising ratio ``h / w``. Every
        level has at least one. Where there are no boxes, they are squares and 1:2 and 2:1 of 8 cells.

    Raises
    ------
    ValueError
        If there is no level, or a setting is less than 1.

    Notes
    -----
    Faster R-CNN fixes scales and ratios by hand. Lin et al. 2017, section 4.1, give one scale to each level,
    8 cells long.

    Examples
    --------
    >>> for level in anchor_sizes([[32, 32]] * 50 + [[256, 256]] * 50, (8, 16)):
    ...     print(level.round().tolist())
    [[45.0, 45.0], [91.0, 91.0]]
    [[181.0, 181.0]]
    """
    if len(strides) == 0 or scales_per_octave < 1 or max_ratios < 1:
        raise ValueError("anchor_sizes needs at least one level, one scale an octave and one ratio.")
    widths_heights = np.asarray(sizes, np.float64).reshape(-1, 2)
    widths_heights = widths_heights[(widths_heights > 0).all(axis=1)]
    levels = np.asarray(strides, np.float64)
    if len(widths_heights) == 0:
        return [base_anchors([_CELLS_PER_SIDE * stride]) for stride in levels]
    scales = _scales(np.sqrt(widths_heights.prod(axis=1)), scales_per_octave)
    ratios = _ratios(widths_heights[:, 1] / widths_heights[:, 0], max_ratios)
    wanted = np.log2(scales / _CELLS_PER_SIDE)
    distances = np.abs(wanted[:, None] - np.log2(levels))
    given = distances.argmin(axis=1)
    found = []
    for level in range(len(levels)):
        own = np.flatnonzero(given == level)
        if len(own) == 0:
            own = distances[:, level].argmin(keepdims=True)
        found.append(base_anchors(scales[own], ratios))
    return found


def _scales(sides: NDArray[np.float64], per_octave: int) -> NDArray[np.float64]:
    """A ladder whose steps cover the sides, its middle at theirs."""
    low, high = np.log2(np.quantile(sides, [0.02, 0.98])) * per_octave
    steps = max(1, int(np.ceil(high - low - 1e-9)))
    return np.asarray(2 ** (((low + high) / 2 + np.arange(steps) - (steps - 1) / 2) / per_octave))


def _ratios(ratios: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Quantiles in the middle of equal shares, near ones merged into their geometric mean."""
    logs = np.quantile(np.log(ratios), (np.arange(most) + 0.5) / most)
    groups = [[logs[0]]]
    for value in logs[1:]:
        if value - np.mean(groups[-1]) < np.log(_MERGED):
            groups[-1].append(value)
        else:
            groups.append([value])
    return np.exp([np.mean(group) for group in groups])


def _sizes(sizes: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(sizes, np.float64)
    if array.size == 0:
        return array.reshape(0, 2)
    if array.ndim != 2 or array.shape[1] != 2 or not (np.isfinite(array) & (array > 0)).all():
        raise ValueError(f"sizes must be positive widths and heights of shape (A, 2), not {array.tolist()}.")
    return array
