"""Colour spaces, each scaled to 0 … 255."""

from __future__ import annotations

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
        ``c``: the two opponent colours, (R - G) / I and (R + G - 2 B) / I, from which the intensity is
        divided out (Geusebroek et al. 2001); ``hue``: the hue of HSV alone.

    Returns
    -------
    ndarray of shape (H, W, C), uint8
        Three channels; two for ``c``, one for ``grey`` and ``hue``. Every channel spans 0 to 255. Where hue
        or shares are undefined (black pixels) they are those of grey.

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
        total = _channel_sum(values, (1, 1, 1))
        # Black has no shares: those of grey.
        black = total == 0
        share = values * (np.float32(255) / np.where(black, np.float32(1), total))[:, :, None]
        share[black] = 85
        scaled: NDArray[np.uint8] = np.rint(share).astype(np.uint8)
        if space == "rgi":
            scaled[:, :, 2] = np.rint(total * np.float32(1 / 3))
        return scaled
    if space == "c":
        values = image.astype(np.float32)
        # Of black pixels all three are 0, whatever they are divided by.
        intensity = np.maximum(_channel_sum(values, (1 / 3, 1 / 3, 1 / 3)), np.float32(1 / 3))
        # (R - G) / I lies in [-3, 3], (R + G - 2 B) / I in [-6, 3].
        first = _channel_sum(values, (1, -1, 0)) / intensity * np.float32(255 / 6) + np.float32(127.5)
        second = (_channel_sum(values, (1, 1, -2)) / intensity + 6) * np.float32(255 / 9)
        opponent = np.stack([first, second], axis=2).clip(0, 255)
        return np.asarray(np.rint(opponent), np.uint8)
    raise ValueError(f"Unknown colour space {space!r}; there are {', '.join(COLOR_SPACES)}.")


def _channel_sum(values: NDArray[np.float32], weights: tuple[float, float, float]) -> NDArray[np.float32]:
    """The weighted sum of three channels, (H, W, 3) to (H, W)."""
    import cv2

    return np.asarray(cv2.transform(values, np.array([weights], np.float32)), np.float32)
