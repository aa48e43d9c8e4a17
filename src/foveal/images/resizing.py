"""Images made smaller or larger."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foveal.images.arrays import check_plane

Interpolation = Literal["auto", "linear", "area", "cubic", "nearest"]
# OpenCV's names of them.
_HOW = {
    "linear": "INTER_LINEAR",
    "area": "INTER_AREA",
    "cubic": "INTER_CUBIC",
    "nearest": "INTER_NEAREST_EXACT",
}


def resize(
    image: NDArray[Any], size: tuple[int, int], *, interpolation: Interpolation = "auto"
) -> NDArray[Any]:
    """Scale an image to a height and a width.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C), uint8, uint16, float32 or float64
    size : (int, int)
        The new height and width, in that order, in pixels; at least 1.
    interpolation : {"auto", "linear", "area", "cubic", "nearest"}, default="auto"
        ``"auto"`` averages areas along a side that shrinks, so that nothing is aliased, and
        interpolates linearly along one that grows.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, C)
        A new array of the image's dtype.

    Raises
    ------
    ValueError
        If the image is empty, its shape is another or its dtype cannot be scaled, or a new side is below 1.

    Examples
    --------
    >>> resize(np.zeros((40, 60, 3), np.uint8), (20, 30)).shape
    (20, 30, 3)
    """
    image = check_plane(image)
    height, width = (int(side) for side in size)
    if height < 1 or width < 1:
        raise ValueError(f"the new height and width must be at least 1; they are {height} and {width}.")
    if interpolation != "auto" and interpolation not in _HOW:
        raise ValueError(
            f'interpolation must be "auto", "linear", "area", "cubic" or "nearest", not {interpolation!r}.'
        )
    if (height, width) == image.shape[:2]:
        return np.array(image, order="C")
    import cv2

    if interpolation != "auto":
        return _scaled(image, height, width, getattr(cv2, _HOW[interpolation]))
    smaller = min(height, image.shape[0]), min(width, image.shape[1])
    if smaller != image.shape[:2]:
        image = _scaled(image, *smaller, cv2.INTER_AREA)
    if smaller != (height, width):
        image = _scaled(image, height, width, cv2.INTER_LINEAR)
    return image


def resize_to_fit(image: NDArray[Any], longest: int) -> tuple[NDArray[Any], float]:
    """Make an image smaller, if need be, so that its longer side has at most a given length.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    longest : int
        In pixels, at least 1.

    Returns
    -------
    image : ndarray of shape (H', W') or (H', W', C)
        The image itself, not a copy, where it fits already: nothing is ever enlarged.
    scale : float
        ``longest / max(H, W)``, or 1.0: the new sides are the old ones times the scale, rounded, and at
        least 1. Boxes in the small image divided by it are boxes in the large one, to within the rounding
        of a side.

    Raises
    ------
    ValueError
        If the image has no pixels or ``longest`` is below 1.

    Examples
    --------
    >>> small, scale = resize_to_fit(np.zeros((3000, 2000, 3), np.uint8), 600)
    >>> small.shape, scale
    ((600, 400, 3), 0.2)
    """
    height, width = image.shape[:2]
    if longest < 1:
        raise ValueError(f"longest must be at least 1, not {longest}.")
    if max(height, width) <= longest:
        return image, 1.0
    scale = longest / max(height, width)
    return resize(image, (max(1, round(height * scale)), max(1, round(width * scale)))), scale


def _scaled(image: NDArray[Any], height: int, width: int, how: int) -> NDArray[Any]:
    import cv2

    if image.ndim == 3 and image.shape[2] > 4:
        # OpenCV averages areas of at most four channels.
        groups = [_scaled(image[..., c : c + 4], height, width, how) for c in range(0, image.shape[2], 4)]
        return np.concatenate(groups, axis=2)
    scaled: NDArray[Any] = cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=how)
    # OpenCV drops a last axis of length 1.
    return scaled.reshape(height, width, *image.shape[2:])
