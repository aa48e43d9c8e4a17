"""Cutting regions out of an image and bringing each to one size."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.images.arrays import check_image


def warp(
    image: NDArray[np.uint8], boxes: ArrayLike, size: tuple[int, int] | int, *, context: float = 0.0
) -> NDArray[np.uint8]:
    """Cut out boxes and stretch each to the same size, whatever its shape.

    This is R-CNN's "tightest square with context, warped" (Girshick et al. 2014, appendix A): before
    the warp the box is grown so that ``context`` of the result's width on every side shows what lies
    around it. Pixels beyond the image repeat its border.

    A region much larger than the result is read from a halved copy of the image (or one halved
    several times), so that each pixel of the result averages what it stands for and fine texture does
    not turn into noise.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    boxes : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels. They may stick out of the image; a box without area is treated as
        a point.
    size : int or tuple of int
        ``(height, width)`` of every result.
    context : float, default=0.0
        The share of the result's width, on each side, that lies outside the box; in ``[0, 0.5)``.
        R-CNN's 16 pixels of 227 are ``0.07``.

    Returns
    -------
    ndarray of shape (N, height, width, 3), uint8

    Raises
    ------
    ValueError
        If the image is not ``(H, W, 3)`` uint8 with at least one pixel, or ``context`` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((8, 8, 3), np.uint8)
    >>> image[2:6, 2:6] = 255
    >>> warp(image, [[2, 2, 6, 6]], 2)[0, :, :, 0]
    array([[255, 255],
           [255, 255]], dtype=uint8)
    >>> warp(image, np.zeros((0, 4)), 2).shape
    (0, 2, 2, 3)
    """
    from foveal.images._warping_kernels import halve, warp_kernel

    image = check_image(image)
    if not 0 <= context < 0.5:
        raise ValueError(f"context is a share of the width in [0, 0.5); got {context}.")
    height, width = (size, size) if isinstance(size, int) else size
    regions = np.asarray(boxes, np.float32).reshape(-1, 4)
    warped = np.empty((len(regions), height, width, 3), np.uint8)
    if not len(regions):
        return warped

    grow = context / (1 - 2 * context)
    sides = np.maximum(regions[:, 2:] - regions[:, :2], 0)
    grown = np.concatenate([regions[:, :2] - grow * sides, regions[:, 2:] + grow * sides], axis=1)
    ratio = np.maximum((grown[:, 2] - grown[:, 0]) / width, (grown[:, 3] - grown[:, 1]) / height)
    # A bilinear sample covers two pixels: halve until a step is less than two.
    levels = np.floor(np.log2(np.maximum(ratio, 1))).astype(np.int64)
    level_image = np.ascontiguousarray(image)
    for level in range(int(levels.max()) + 1):
        if level:
            level_image = halve(level_image)
        chosen = np.flatnonzero(levels == level)
        if len(chosen):
            warp_kernel(level_image, (grown / np.float32(2**level)).astype(np.float32), chosen, warped)
    return warped
