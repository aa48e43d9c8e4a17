"""Many images as one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.images.arrays import check_image
from foveal.images.palette import Color
from foveal.images.resizing import resize


def montage(
    images: Sequence[NDArray[np.uint8]],
    columns: int | None = None,
    size: tuple[int, int] = (128, 128),
    background: Color = (255, 255, 255),
    gap: int = 4,
) -> NDArray[np.uint8]:
    """A grid of images, row by row.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W, 3), uint8
        RGB, of any sizes.
    columns : int, optional
        By default so many that the grid is about square.
    size : (int, int), default=(128, 128)
        Height and width of a cell. Every image is scaled, up or down and with its sides in
        proportion, to fit its cell, and stands in its middle.
    background : (int, int, int), default=(255, 255, 255)
        The colour between the images.
    gap : int, default=4
        Pixels between neighbouring cells; there is none around the grid.

    Returns
    -------
    ndarray of shape (rows * (size[0] + gap) - gap, columns * (size[1] + gap) - gap, 3), uint8

    Raises
    ------
    ValueError
        If there is no image, an image is not (H, W, 3) uint8, or a number is too small.

    Examples
    --------
    >>> montage([np.zeros((30, 40, 3), np.uint8)] * 5, columns=3, size=(20, 20), gap=2).shape
    (42, 64, 3)
    """
    if len(images) == 0:
        raise ValueError("images must hold at least one image.")
    columns = math.ceil(math.sqrt(len(images))) if columns is None else columns
    height, width = size
    if columns < 1 or height < 1 or width < 1 or gap < 0:
        raise ValueError(
            "columns and size must be at least 1 and gap not negative; "
            f"they are {columns}, ({height}, {width}) and {gap}."
        )
    rows = math.ceil(len(images) / columns)
    grid = np.empty((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), np.uint8)
    grid[...] = background
    for i, image in enumerate(images):
        image = check_image(image, f"image {i}")
        scale = min(height / image.shape[0], width / image.shape[1])
        h = min(height, max(1, round(image.shape[0] * scale)))
        w = min(width, max(1, round(image.shape[1] * scale)))
        top = i // columns * (height + gap) + (height - h) // 2
        left = i % columns * (width + gap) + (width - w) // 2
        grid[top : top + h, left : left + w] = resize(image, (h, w))
    return grid
