"""Maps laid over the images that they are about."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.images import resize, resize_to_fit

__all__ = ["beside", "overlay_map"]

# How much of the image is left where a map is strongest.
_STRONGEST = 0.8
# Smaller images are enlarged, so that a smooth map stays smooth.
_LEAST_SIDE = 224
_LONGEST_SIDE = 640


def overlay_map(image: NDArray[np.uint8], values: ArrayLike) -> NDArray[np.uint8]:
    """An image in grey with a map in colour over it: nothing where it is 0, opaque where it is strongest.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    values : array-like of shape (h, w)
        Of any size, stretched over the image. Where none is below 0 it goes from dark red to yellow; else
        what is above 0 is red and what is below is blue. What is no finite number counts as 0.

    Returns
    -------
    ndarray of shape (H', W', 3), uint8
        The image's size; images whose longer side is below 224 pixels are enlarged by a whole factor,
        those above 640 are made smaller.

    Raises
    ------
    ValueError
        If the shapes are others.

    Examples
    --------
    >>> shown = overlay_map(np.full((40, 80, 3), 100, np.uint8), [[0.0, 1.0]])
    >>> shown.shape, shown[0, 0].tolist()
    ((120, 240, 3), [143, 143, 143])
    """
    from matplotlib import colormaps

    numbers = np.asarray(values, np.float32)
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"image must have the shape (H, W, 3); it has {image.shape}.")
    if numbers.ndim != 2 or numbers.size == 0:
        raise ValueError(f"values must have the shape (h, w); they have {numbers.shape}.")
    large = _shown(image)
    height, width = large.shape[:2]
    numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0)
    spread = np.asarray(resize(numbers[..., None], (height, width)), np.float32).reshape(height, width)
    strongest = float(np.abs(numbers).max())
    strength = np.clip(spread / strongest, -1, 1) if strongest > 0 else np.zeros_like(spread)
    if numbers.min() < 0:
        colors = colormaps["coolwarm"](0.5 + 0.5 * np.sign(strength))[..., :3]
    else:
        colors = colormaps["inferno"](0.25 + 0.7 * strength)[..., :3]
    opaque = (_STRONGEST * np.abs(strength) ** 0.8)[..., None]
    # Paler, so that colours stand out against dark images and bright ones.
    grey = 0.28 + 0.72 * (large @ np.array([0.299, 0.587, 0.114]))[..., None] / 255
    return np.asarray(np.rint(255 * ((1 - opaque) * grey + opaque * colors)), np.uint8)


def beside(image: NDArray[np.uint8], *shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image and what :func:`overlay_map` made of it, side by side with a white gap.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    *shown : ndarrays of one shape, (H', W', 3), uint8

    Returns
    -------
    ndarray of shape (H', _, 3), uint8
    """
    first = _shown(image)
    gap = np.full((first.shape[0], max(2, first.shape[1] // 40), 3), 255, np.uint8)
    parts = [first]
    for other in shown:
        parts += [gap, other]
    return np.concatenate(parts, axis=1)


def _shown(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image at the size at which it is looked at."""
    factor = -(-_LEAST_SIDE // max(image.shape[:2]))
    if factor > 1:
        return image.repeat(factor, axis=0).repeat(factor, axis=1)
    return np.asarray(resize_to_fit(image, _LONGEST_SIDE)[0])
