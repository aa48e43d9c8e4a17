"""RoIAlign: the mean of interpolated points in each bin of a region, from the fitting level of a pyramid."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.compiling import ready
from foveal.nn.functional.memory import contiguous, empty
from foveal.nn.functional.sharing import share
from foveal.nn.functional.windows import Pair, pair

#: So many channels at a time fill vector registers, and no two threads write into one line of the cache.
CHANNELS_PER_SHARE = 16


@dataclass(frozen=True, eq=False)
class AlignWeights:
    """Which cells of a map the bins of R regions read, and how much each counts.

    Attributes
    ----------
    images : ndarray of shape (R,), int64
        The image of each region.
    cells, weights : ndarray of shape (R, 2, bins, entries)
        Rows, then columns of the map for each row and each column of bins; a cell's weight in a bin is its
        row's times its column's.
    counts : ndarray of shape (R, 2, bins)
        How many entries are in use, an even number.
    output_size : (int, int)
        Rows, columns of bins.
    """

    images: NDArray[np.int64]
    cells: NDArray[np.int32]
    weights: NDArray[Any]
    counts: NDArray[np.int32]
    output_size: tuple[int, int]

    @property
    def arrays(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """What the kernels read."""
        return self.images, self.cells, self.weights, self.counts

    @property
    def work(self) -> int:
        """About how many cells are read in all."""
        bins = self.output_size[0] * self.output_size[1]
        return len(self.images) * bins * min(int(self.cells.shape[3]), 4) ** 2


def roi_align(
    x: NDArray[Any],
    boxes: ArrayLike,
    image_indices: ArrayLike,
    output_size: Pair = 7,
    *,
    spatial_scale: float = 1.0,
    sampling_ratio: int = 2,
    aligned: bool = True,
) -> NDArray[Any]:
    """A grid of means for each region of interest, without rounding (RoIAlign).

    A region is cut into ``output_size`` equal bins. A bin's value is the mean of ``sampling_ratio`` times
    ``sampling_ratio`` points, which lie evenly in it, each interpolated linearly between the four nearest
    cells of the map. The centre of cell i is at ``i + 0.5``.

    Parameters
    ----------
    x : ndarray of shape (N, H, W, C)
        Feature maps, float32 or float64.
    boxes : array-like of shape (R, 4)
        ``x1, y1, x2, y2``, half-open, in pixels of the image. They may reach beyond it.
    image_indices : array-like of shape (R,), int
        The image of each box, 0 to N - 1.
    output_size : int or (int, int), default=7
        Rows, columns of bins.
    spatial_scale : float, default=1.0
        Cells of the map to a pixel of the image: 1 / 16 for a map of stride 16.
    sampling_ratio : int, default=2
        Points along each side of a bin. 0 takes as many as the bin is cells long, rounded up.
    aligned : bool, default=True
        False takes the centre of cell i for ``i``, so that all points are read half a cell too far to the
        right and below, and makes regions at least one cell long, as the first programs did.

    Returns
    -------
    ndarray of shape (R, rows, columns, C)
        Of the type of ``x``. A point that lies outside of the outermost cells' centres counts as the nearest
        cell, and as 0 where it is more than one cell away. No boxes give shape (0, rows, columns, C).

    Raises
    ------
    ValueError
        If a shape is wrong, a coordinate is no finite number, an image does not exist, or a setting is
        impossible.

    See Also
    --------
    roi_pool : The largest cell of each bin, with rounded borders.

    Notes
    -----
    The numbers are those of ONNX's RoiAlign (opset 16) in mode ``avg``, with ``half_pixel`` coordinates where
    ``aligned``, else ``output_half_pixel``.

    References
    ----------
    He et al., "Mask R-CNN", ICCV 2017, section 3.

    Examples
    --------
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    >>> roi_align(x, [[0, 0, 4, 4]], [0], 2)[0, :, :, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """
    x = checked_maps(x)
    found = align_weights(
        x.shape, x.dtype, boxes, image_indices, output_size, spatial_scale, sampling_ratio, aligned
    )
    return align(x, found)


def roi_align_backward(
    grad: NDArray[Any],
    x_shape: tuple[int, ...],
    boxes: ArrayLike,
    image_indices: ArrayLike,
    output_size: Pair = 7,
    *,
    spatial_scale: float = 1.0,
    sampling_ratio: int = 2,
    aligned: bool = True,
) -> NDArray[Any]:
    """The gradient of :func:`roi_align` by ``x``.

    Boxes have none: they are given, not learnt. Where regions overlap, their gradients are added in the order
    of the regions, whatever the number of threads.

    Parameters
    ----------
    grad : ndarray of shape (R, rows, columns, C)
    x_shape : (N, H, W, C)
    boxes, image_indices, output_size, spatial_scale, sampling_ratio, aligned
        As in the forward pass, which also says what is refused.

    Returns
    -------
    ndarray of shape (N, H, W, C)
    """
    grad = contiguous(grad)
    found = align_weights(
        x_shape, grad.dtype, boxes, image_indices, output_size, spatial_scale, sampling_ratio, aligned
    )
    return scatter(grad, x_shape, found, np.arange(len(found.images)))


def pyramid_levels(
    boxes: ArrayLike,
    strides: Sequence[float],
    canonical_size: float = 224.0,
    canonical_level: int | None = None,
) -> NDArray[np.int64]:
    """The level of each region: large ones are read from coarse maps.

    ``level = floor(canonical_level + log2(sqrt(w h) / canonical_size))``, and the first or the last where
    there is no such level.

    Parameters
    ----------
    boxes : array-like of shape (R, 4)
        ``x1, y1, x2, y2``, half-open, in pixels of the image.
    strides : sequence of float
        Of the levels, rising, each twice the one before.
    canonical_size : float, default=224
        The side, in pixels, of a square that is read from the canonical level.
    canonical_level : int, optional
        A place in ``strides``. By default the level of stride 16, which is the paper's, or the nearest to it.

    Returns
    -------
    ndarray of shape (R,), int64
        Places in ``strides``. Boxes without area are of the first level.

    Raises
    ------
    ValueError
        If there is no level, a shape is wrong, or ``canonical_size`` is not positive.

    References
    ----------
    Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017, equation 1.

    Examples
    --------
    >>> pyramid_levels([[0, 0, 112, 112], [0, 0, 223, 223], [0, 0, 224, 224]], (4, 8, 16, 32))
    array([1, 1, 2])
    """
    if len(strides) == 0 or not canonical_size > 0:
        raise ValueError(
            f"A pyramid has at least one level and a positive canonical size, not {len(strides)} and "
            f"{canonical_size}."
        )
    corners = np.asarray(boxes, np.float64)
    if corners.size == 0:
        return np.empty(0, np.int64)
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise ValueError(f"boxes must have the shape (R, 4), not {corners.shape}.")
    if canonical_level is None:
        canonical_level = min(range(len(strides)), key=lambda level: abs(log2(strides[level] / 16)))
    sides = np.maximum(corners[:, 2:] - corners[:, :2], 0)
    # In area, so that a square of exactly the canonical size is not a rounding below it.
    octaves = np.log2(np.maximum(sides[:, 0] * sides[:, 1], 1e-30) / canonical_size**2) / 2
    levels = np.clip(np.floor(canonical_level + octaves), 0, len(strides) - 1)
    return np.asarray(levels, np.int64)


def align_weights(
    x_shape: tuple[int, ...],
    dtype: Any,
    boxes: ArrayLike,
    image_indices: ArrayLike,
    output_size: Pair,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool = True,
) -> AlignWeights:
    """What :func:`roi_align` reads for each region; both passes begin with it.

    Parameters
    ----------
    x_shape : (N, H, W, C)
    dtype : dtype-like
        Of the weights.
    boxes, image_indices, output_size, spatial_scale, sampling_ratio, aligned
        See :func:`roi_align`.

    Returns
    -------
    AlignWeights

    Raises
    ------
    ValueError
        As :func:`roi_align`.
    """
    ready("foveal.nn.")
    from foveal.nn.functional import _roi_kernels as kernels

    corners, images = checked_regions(boxes, image_indices, x_shape)
    bins = checked_bins(output_size, spatial_scale)
    if sampling_ratio < 0:
        raise ValueError(f"sampling_ratio must not be negative, not {sampling_ratio}.")
    points = sampling_ratio or _most_points(corners, spatial_scale, bins, aligned)
    shape = (len(corners), 2, max(bins))
    cells = np.empty((*shape, 2 * points), np.int32)
    weights = np.empty((*shape, 2 * points), dtype)
    counts = np.empty(shape, np.int32)
    kernels.align_weights(
        corners,
        (int(x_shape[1]), int(x_shape[2])),
        float(spatial_scale),
        0.5 if aligned else 0.0,
        -np.inf if aligned else 1.0,
        bins,
        int(sampling_ratio),
        cells,
        weights,
        counts,
    )
    return AlignWeights(images, cells, weights, counts, bins)


def align(x: NDArray[Any], found: AlignWeights) -> NDArray[Any]:
    """The bins of all regions, of shape (R, rows, columns, C)."""
    y = empty((len(found.images), *found.output_size, x.shape[3]), x.dtype)
    gather(x, found, y, np.arange(len(y)))
    return y


def gather(x: NDArray[Any], found: AlignWeights, y: NDArray[Any], places: NDArray[np.int64]) -> None:
    """Write the bins of region r to ``y[places[r]]``; the other rows of ``y`` stay."""
    from foveal.nn.functional import _roi_kernels as kernels

    def part(rows: slice) -> None:
        kernels.align(x, *found.arrays, y, places, rows.start, rows.stop)

    share(part, len(found.images), found.work * x.shape[3])


def scatter(
    grad: NDArray[Any], x_shape: tuple[int, ...], found: AlignWeights, places: NDArray[np.int64]
) -> NDArray[Any]:
    """The gradient by the map, region r's being in ``grad[places[r]]``."""
    from foveal.nn.functional import _roi_kernels as kernels

    out = empty(tuple(x_shape), grad.dtype)
    channels = x_shape[3]

    def part(start: int, stop: int) -> None:
        kernels.align_backward(grad, *found.arrays, out, places, start, stop)

    share_channels(part, channels, max(found.work * channels, out.size // 4))
    return out


def share_channels(function: Callable[[int, int], None], channels: int, work: int) -> None:
    """As :func:`share`, with the first of each thread's channels and the one behind its last."""

    def part(blocks: slice) -> None:
        function(blocks.start * CHANNELS_PER_SHARE, min(blocks.stop * CHANNELS_PER_SHARE, channels))

    share(part, -(-channels // CHANNELS_PER_SHARE), work)


def checked_regions(
    boxes: ArrayLike, image_indices: ArrayLike, x_shape: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Regions and their images, as the kernels take them.

    Parameters
    ----------
    boxes : array-like of shape (R, 4)
    image_indices : array-like of shape (R,), int
    x_shape : (N, H, W, C)

    Returns
    -------
    boxes : ndarray of shape (R, 4), float64
    images : ndarray of shape (R,), int64

    Raises
    ------
    ValueError
        If a shape is wrong, a coordinate is no finite number or an image does not exist.
    """
    if len(x_shape) != 4 or min(x_shape[1:3]) < 1:
        raise ValueError(f"Maps for regions have the shape (N, H, W, C), not empty; not {tuple(x_shape)}.")
    corners, images = np.array(boxes, np.float64, order="C"), np.asarray(image_indices)
    if corners.size == 0 and images.size == 0:
        return corners.reshape(0, 4), np.empty(0, np.int64)
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise ValueError(f"boxes must have the shape (R, 4), not {corners.shape}.")
    if not np.isfinite(corners).all():
        raise ValueError("boxes must be finite.")
    if images.shape != (len(corners),) or images.dtype.kind not in "iu":
        raise ValueError(
            f"image_indices must be whole numbers, one for each of the {len(corners)} boxes; they are "
            f"{images.dtype} of shape {images.shape}."
        )
    if images.min() < 0 or images.max() >= x_shape[0]:
        raise ValueError(
            f"image_indices must be from 0 to {x_shape[0] - 1}, the maps given; they reach from "
            f"{images.min()} to {images.max()}."
        )
    return corners, np.array(images, np.int64)


def checked_bins(output_size: Pair, spatial_scale: float) -> tuple[int, int]:
    """Rows and columns of bins.

    Raises
    ------
    ValueError
        If one is less than 1 or ``spatial_scale`` is not positive.
    """
    bins = pair(output_size)
    if min(bins) < 1:
        raise ValueError(f"output_size starts at 1, not {output_size}.")
    if not spatial_scale > 0:
        raise ValueError(f"spatial_scale must be positive, not {spatial_scale}.")
    return int(bins[0]), int(bins[1])


def _most_points(boxes: NDArray[np.float64], scale: float, bins: tuple[int, int], aligned: bool) -> int:
    """The most points along a side of any bin, where bins take as many as they are cells long."""
    if len(boxes) == 0:
        return 1
    lengths = (boxes[:, [3, 2]] - boxes[:, [1, 0]]).max(axis=0) * scale
    longest = np.maximum(lengths, 0 if aligned else 1) / bins
    # One more: the kernel's own rounding may differ in the last bit.
    return int(np.ceil(longest.max())) + 1


def checked_maps(x: NDArray[Any]) -> NDArray[Any]:
    """Maps as the kernels take them: C-contiguous and writeable.

    Raises
    ------
    ValueError
        If they are no floats of shape (N, H, W, C).
    """
    if x.ndim != 4 or x.dtype.kind != "f":
        raise ValueError(f"Maps are floats of shape (N, H, W, C), not {x.dtype} of shape {x.shape}.")
    return contiguous(x)
