"""RoI pooling one bin at a time, as data: which cells of the map it read, and with what weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.nn.functional.roi_align import checked_bins
from foveal.nn.functional.roi_pool import covered_cells
from foveal.nn.walkthrough import WindowStep


@dataclass(frozen=True, eq=False)
class RoIAlignStep(WindowStep):
    """One number that RoIAlign reads off a map, and how it came about.

    Attributes
    ----------
    row, column : int
        Its place in the output.
    bin : ndarray of shape (4,), float64
        ``x1, y1, x2, y2`` of its part of the box, in cells of the map: cell ``[i, j]`` spans ``j`` to
        ``j + 1`` and ``i`` to ``i + 1``, its centre lies at ``(j + 0.5, i + 0.5)``.
    points : ndarray of shape (P, 2), float64
        x and y of the points that are read, in the same units.
    rows, columns : ndarray of shape (P, 4), int64
        The four cells around each point, upper left, upper right, lower left, lower right; at the border
        some of them are the same.
    weights : ndarray of shape (P, 4), float64
        Of these cells; they sum to 1, or are all 0 where a point lies more than a cell outside of the map.
    values : ndarray of shape (P,), float64
        The map at the points: the weighted sums.
    value : float
        The mean of the values.
    """

    bin: NDArray[np.float64]
    points: NDArray[np.float64]
    weights: NDArray[np.float64]
    values: NDArray[np.float64]
    value: float


@dataclass(frozen=True, eq=False)
class RoIPoolStep(WindowStep):
    """One number that RoIPool reads off a map, and how it came about.

    Attributes
    ----------
    row, column : int
        Its place in the output.
    rows, columns : ndarray of shape (h,) and (w,), int64
        The cells of its bin; none where the bin lies outside of the map.
    chosen : (int, int) or None
        Row and column, in the map, of the largest number; ``None`` where the bin is empty.
    value : float
        The largest number, 0 where the bin is empty.
    """

    chosen: tuple[int, int] | None
    value: float


def roi_align_steps(
    x: ArrayLike,
    box: ArrayLike,
    output_size: int = 7,
    *,
    spatial_scale: float = 1.0,
    sampling_ratio: int = 2,
) -> list[RoIAlignStep]:
    """Every step of RoIAlign for one box and one channel, row by row (He et al. 2017, section 3).

    The box is scaled to the map and not rounded. It is parted into ``output_size`` times ``output_size``
    bins; in each the map is read at ``sampling_ratio`` times ``sampling_ratio`` evenly spaced points, by
    bilinear interpolation between the centres of the four nearest cells, and the mean is taken.

    Parameters
    ----------
    x : array-like of shape (H, W)
        One channel of a map.
    box : array-like of shape (4,)
        ``x1, y1, x2, y2``, half-open, in the image's pixels.
    output_size : int, default=7
    spatial_scale : float, default=1.0
        Cells of the map a pixel of the image: 1 / stride.
    sampling_ratio : int, default=2

    Returns
    -------
    list of RoIAlignStep
        ``output_size`` squared of them.

    Raises
    ------
    ValueError
        If x is not (H, W), the box is not four finite numbers, or a size is below 1.

    Examples
    --------
    >>> steps = roi_align_steps([[0.0, 4.0], [8.0, 12.0]], [0, 0, 2, 2], 1, sampling_ratio=1)
    >>> steps[0].points.tolist(), steps[0].weights.tolist(), steps[0].value
    ([[1.0, 1.0]], [[0.25, 0.25, 0.25, 0.25]], 6.0)
    """
    x, corners = _checked(x, box, output_size, spatial_scale)
    if sampling_ratio < 1:
        raise ValueError(f"sampling_ratio must be at least 1, not {sampling_ratio}.")
    x1, y1, x2, y2 = corners * spatial_scale
    wide, high = (x2 - x1) / output_size, (y2 - y1) / output_size
    inside = (np.arange(sampling_ratio) + 0.5) / sampling_ratio
    steps = []
    for row in range(output_size):
        for column in range(output_size):
            left, top = x1 + column * wide, y1 + row * high
            at_y, at_x = np.meshgrid(top + inside * high, left + inside * wide, indexing="ij")
            points = np.stack([at_x.ravel(), at_y.ravel()], axis=1)
            rows, columns, weights = _neighbours(points, x.shape)
            values = (weights * x[rows, columns]).sum(axis=1)
            part = np.array([left, top, left + wide, top + high])
            steps.append(
                RoIAlignStep(row, column, rows, columns, part, points, weights, values, float(values.mean()))
            )
    return steps


def roi_pool_steps(
    x: ArrayLike, box: ArrayLike, output_size: int = 7, *, spatial_scale: float = 1.0
) -> list[RoIPoolStep]:
    """Every step of RoIPool for one box and one channel, row by row (Girshick 2015, section 2.1).

    The box is scaled to the map and rounded to whole cells, its bins are rounded outwards to whole cells,
    and of each the largest number is taken: what is lost by rounding is what RoIAlign keeps.

    Parameters
    ----------
    x, box, output_size, spatial_scale
        See :func:`roi_align_steps`, also for what is refused.

    Returns
    -------
    list of RoIPoolStep
        ``output_size`` squared of them.

    Examples
    --------
    >>> steps = roi_pool_steps([[0.0, 4.0, 1.0], [8.0, 2.0, 3.0]], [0, 0, 3, 2], 1)
    >>> steps[0].chosen, steps[0].value
    ((1, 0), 8.0)
    """
    x, corners = _checked(x, box, output_size, spatial_scale)
    x1, y1, x2, y2 = covered_cells(corners[None], spatial_scale)[0].tolist()
    height, width = x.shape
    wide, high = x2 - x1, y2 - y1
    steps = []
    for row in range(output_size):
        top, bottom = y1 + row * high // output_size, y1 - (-(row + 1) * high // output_size)
        rows = np.arange(max(top, 0), min(bottom, height), dtype=np.int64)
        for column in range(output_size):
            left, right = x1 + column * wide // output_size, x1 - (-(column + 1) * wide // output_size)
            columns = np.arange(max(left, 0), min(right, width), dtype=np.int64)
            chosen, value = None, 0.0
            if len(rows) and len(columns):
                window = x[np.ix_(rows, columns)]
                i, j = divmod(int(window.argmax()), len(columns))
                chosen, value = (int(rows[i]), int(columns[j])), float(window[i, j])
            steps.append(RoIPoolStep(row, column, rows, columns, chosen, value))
    return steps


def _checked(
    x: ArrayLike, box: ArrayLike, size: int, spatial_scale: float
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    x, corners = np.asarray(x), np.asarray(box, np.float64)
    if x.ndim != 2 or x.size == 0:
        raise ValueError(f"x must have the shape (H, W) and numbers; it has {x.shape}.")
    if corners.shape != (4,) or not np.isfinite(corners).all():
        raise ValueError(f"box must be four finite numbers, x1, y1, x2, y2; it is {box!r}.")
    checked_bins(size, spatial_scale)
    return x, corners


def _neighbours(
    points: NDArray[np.float64], shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Rows, columns and weights of the four cells whose centres lie around each point."""
    limits = np.array([shape[1], shape[0]], np.float64)
    # Measured from the centre of the first cell.
    at = points - 0.5
    outside = ((at < -1) | (at > limits)).any(axis=1)
    at = np.clip(at, 0, limits - 1)
    low = np.minimum(np.floor(at), limits - 1).astype(np.int64)
    high = np.minimum(low + 1, limits.astype(np.int64) - 1)
    right, down = (at - low).T
    weights = np.stack(
        [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right], axis=1
    )
    weights[outside] = 0
    rows = np.stack([low[:, 1], low[:, 1], high[:, 1], high[:, 1]], axis=1)
    columns = np.stack([low[:, 0], high[:, 0], low[:, 0], high[:, 0]], axis=1)
    return rows, columns, weights
