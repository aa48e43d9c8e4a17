"""RoIPool: the largest cell in each bin of a region, as Fast R-CNN has it."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.nn.functional.memory import contiguous, empty
from foveal.nn.functional.roi_align import checked_bins, checked_maps, checked_regions, share_channels
from foveal.nn.functional.sharing import share
from foveal.nn.functional.windows import Pair


def roi_pool(
    x: NDArray[Any],
    boxes: ArrayLike,
    image_indices: ArrayLike,
    output_size: Pair = 7,
    *,
    spatial_scale: float = 1.0,
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """The largest value in each bin of a region of interest, on whole cells (RoIPool).

    A region covers the cells from ``round(x1 * scale)`` to ``round((x2 - 1) * scale)``, both included, and at
    least one: ``x2 - 1`` is the last pixel of a half-open box, which is the corner that the original program
    takes. Halves are rounded away from zero. Of m cells in n bins, bin i covers those from the whole part of
    ``i m / n`` to ``(i + 1) m / n`` rounded up, so that neighbours share a cell where m is no multiple of n.

    Parameters
    ----------
    x, boxes, image_indices, output_size, spatial_scale
        See :func:`foveal.nn.functional.roi_align`, also for what is refused.

    Returns
    -------
    y : ndarray of shape (R, rows, columns, C)
        Of the type of ``x``; 0 for a bin that lies outside of the map. Not-a-number wins over numbers.
    places : ndarray of shape (R, rows, columns, C), int32
        The cell that won, ``row * W + column``; of equals the first; -1 for a bin outside of the map. The
        backward pass needs it.

    See Also
    --------
    roi_align : Means of interpolated points instead: nothing is rounded.

    Notes
    -----
    ONNX's MaxRoiPool takes inclusive corners: given ``boxes - [0, 0, 1, 1]``, its numbers are these, but
    where it divides cells into bins in float32 and an edge that should be whole is rounded up.

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015, section 2.1.

    Examples
    --------
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    >>> y, places = roi_pool(x, [[0, 0, 4, 4]], [0], 2)
    >>> y[0, :, :, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    from foveal.nn.functional import _roi_kernels as kernels

    x = checked_maps(x)
    corners, images = checked_regions(boxes, image_indices, x.shape)
    bins = checked_bins(output_size, spatial_scale)
    cells = covered_cells(corners, spatial_scale)
    y = empty((len(corners), *bins, x.shape[3]), x.dtype)
    places = empty(y.shape, np.int32)
    read = int((cells[:, 2:] - cells[:, :2]).prod(axis=1).sum()) + len(cells) * bins[0] * bins[1]
    share(
        lambda part: kernels.pool(x, images[part], cells[part], y[part], places[part]),
        len(corners),
        read * x.shape[3],
    )
    return y, places


def roi_pool_backward(
    grad: NDArray[Any], places: NDArray[np.int32], x_shape: tuple[int, ...], image_indices: ArrayLike
) -> NDArray[Any]:
    """The gradient of :func:`roi_pool` by ``x``: each bin's goes to the cell that won.

    Where regions overlap, their gradients are added in the order of the regions, whatever the number of
    threads.

    Parameters
    ----------
    grad : ndarray of shape (R, rows, columns, C)
    places : ndarray of shape (R, rows, columns, C), int32
        As the forward pass returned it.
    x_shape : (N, H, W, C)
    image_indices : array-like of shape (R,), int
        As in the forward pass.

    Returns
    -------
    ndarray of shape (N, H, W, C)
    """
    from foveal.nn.functional import _roi_kernels as kernels

    grad = contiguous(grad)
    images = np.array(image_indices, np.int64).reshape(-1)
    out = empty(tuple(x_shape), grad.dtype)

    def part(start: int, stop: int) -> None:
        kernels.pool_backward(grad, places, images, out, start, stop)

    share_channels(part, x_shape[3], max(2 * grad.size, out.size // 4))
    return out


def covered_cells(boxes: NDArray[np.float64], spatial_scale: float) -> NDArray[np.int64]:
    """The cells that RoIPool takes for regions, before it cuts off what is outside of the map.

    Parameters
    ----------
    boxes : ndarray of shape (R, 4), float64
        In pixels of the image, half-open.
    spatial_scale : float

    Returns
    -------
    ndarray of shape (R, 4), int64
        First column, first row, and the column and the row behind the last: half-open again.

    Examples
    --------
    >>> covered_cells(np.array([[0.0, 0.0, 32.0, 8.0]]), 1 / 16).tolist()
    [[0, 0, 3, 1]]
    """
    # The edges are those of single precision, in which they were published.
    corners = (boxes - (0, 0, 1, 1)).astype(np.float32) * np.float32(spatial_scale)
    # Far outside is outside: the numbers stay whole numbers that can be multiplied.
    corners = np.clip(corners, -1e9, 1e9).astype(np.float64)
    whole = np.copysign(np.floor(np.abs(corners) + 0.5), corners).astype(np.int64)
    whole[:, 2:] = np.maximum(whole[:, 2:], whole[:, :2]) + 1
    return np.asarray(whole, np.int64)
