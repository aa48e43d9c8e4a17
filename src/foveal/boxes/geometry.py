"""What one box is worth: its area, and what of it lies inside the image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes._arrays import as_boxes


def area(boxes: ArrayLike) -> NDArray[Any]:
    """Areas of boxes, in square pixels.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        ``x1, y1, x2, y2``, half-open: the width is ``x2 - x1``.

    Returns
    -------
    ndarray of shape (N,), float32
        float64 where ``boxes`` is float64. A box with ``x2 <= x1`` or ``y2 <= y1`` is empty and has
        area 0.

    Raises
    ------
    ValueError
        If the shape is not (N, 4), or a coordinate is no finite number.

    Examples
    --------
    >>> area([[0, 0, 2, 3], [5, 5, 5, 9], [4, 0, 2, 3]])
    array([6., 0., 0.], dtype=float32)
    """
    boxes = as_boxes(boxes)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1])


def clip(boxes: ArrayLike, width: float, height: float) -> NDArray[Any]:
    """Boxes cut off at the borders of an image.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
    width, height : float
        Of the image, in pixels.

    Returns
    -------
    ndarray of shape (N, 4), float32
        A new array, float64 where ``boxes`` is float64. The x of a box lie in [0, width] and the y in
        [0, height]. A box that lies wholly outside becomes an empty one on the border.

    Raises
    ------
    ValueError
        If the shape is not (N, 4), a coordinate is no finite number, or a side of the image is
        negative.

    Examples
    --------
    >>> clip([[-5, 2, 30, 8], [40, 0, 50, 5]], width=20, height=10)
    array([[ 0.,  2., 20.,  8.],
           [20.,  0., 20.,  5.]], dtype=float32)
    """
    boxes = as_boxes(boxes)
    if width < 0 or height < 0:
        raise ValueError(f"width and height must not be negative; they are {width} and {height}.")
    edges = np.array([width, height, width, height], boxes.dtype)
    return np.asarray(np.clip(boxes, 0, edges))
