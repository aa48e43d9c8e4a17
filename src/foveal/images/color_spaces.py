"""Colour spaces, each scaled to 0 … 255."""

import numpy as np
from numpy.typing import NDArray

COLOR_SPACES = ("rgb", "grey", "lab", "rgi", "hsv", "nrgb", "c", "hue")


def to_color_space(image: NDArray[np.uint8], space: str) -> NDArray[np.uint8]:
    """Convert an RGB image to one of selective search's colour spaces.

    They differ in what they are invariant to, from nothing (RGB) to shadows, shading and highlights
    (hue): Uijlings et al. (2013), section 3.2 and table 1.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    space : {"rgb", "grey", "lab", "rgi", "hsv", "nrgb", "c", "hue"}
        ``rgi``: the red and green shares of normalised RGB and the intensity; ``nrgb``: normalised RGB;
        ``c``: opponent colours divided by the intensity (Geusebroek et al. 2001, as used by the
        paper); ``hue``: the hue of HSV alone.

    Returns
    -------
    ndarray of shape (H, W, C), uint8
        Three channels; one for ``grey`` and ``hue``. Every channel spans 0 to 255. Where hue or shares
        are undefined (black pixels) they are those of grey.

    Raises
    ------
    ValueError
        If the space is unknown.

    Examples
    --------
    >>> red = np.array([[[255, 0, 0]]], np.uint8)
    >>> to_color_space(red, "nrgb")[0, 0].tolist()
    [255, 0, 0]
    >>> to_color_space(red, "grey")[0, 0].tolist()
    [76]
    """
    import cv2

    if space == "rgb":
        return image
    if space == "grey":
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)[:, :, None]
    if space == "lab":
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), np.uint8)
    if space in ("hsv", "hue"):
        # FULL: the hue's 360 degrees on 256 values instead of 180.
        hsv = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL), np.uint8)
        return hsv if space == "hsv" else np.ascontiguousarray(hsv[:, :, :1])
    if space in ("rgi", "nrgb"):
        values = image.astype(np.float32)
        total = values.sum(axis=2, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(total > 0, values / total, np.float32(1 / 3))
        scaled = np.round(share * 255).astype(np.uint8)
        if space == "rgi":
            scaled[:, :, 2] = np.round(total[:, :, 0] / 3).astype(np.uint8)
        return scaled
    if space == "c":
        values = image.astype(np.float32)
        r, g, b = values[:, :, 0], values[:, :, 1], values[:, :, 2]
        intensity = (r + g + b) / 3
        safe = np.maximum(intensity, 1)
        # R - G over I lies in [-3, 3]; R + G - 2B over I in [-6, 3].
        first = (r - g) / safe * np.float32(255 / 6) + np.float32(127.5)
        second = ((r + g - 2 * b) / safe + 6) * np.float32(255 / 9)
        return np.round(np.stack([first, second, intensity], axis=2).clip(0, 255)).astype(np.uint8)
    raise ValueError(f"Unknown colour space {space!r}; there are {', '.join(COLOR_SPACES)}.")
