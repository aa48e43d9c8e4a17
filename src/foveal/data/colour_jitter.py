"""Images in other colours, at random: one affine map of red, green and blue."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError

# Grey of red, green and blue (ITU-R BT.601), and the plane of colours beside it (YIQ).
_GREY = np.array([0.299, 0.587, 0.114])
_YIQ = np.array([_GREY, [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
_RGB = np.linalg.inv(_YIQ)


def check_shares(augmentation: Any, *names: str) -> None:
    """Refuse parameters of an augmentation that are no shares from 0 to 1.

    Raises
    ------
    SettingError
        If one is none.
    """
    for name in names:
        value = getattr(augmentation, name)
        if not 0 <= value <= 1:
            raise SettingError(f"{name} of an augmentation is {value}; give a share from 0 to 1.")


def jitter_strengths(jitter: float | tuple[float, ...]) -> tuple[float, ...]:
    """How far brightness, contrast, saturation and hue may go.

    Parameters
    ----------
    jitter : float or (float, float, float, float)
        One number is used for the first three, and a tenth of it for the hue.

    Returns
    -------
    tuple of four floats

    Raises
    ------
    SettingError
        If one is no share from 0 to 1, or that of the hue above 0.5.

    Examples
    --------
    >>> jitter_strengths(0.2)
    (0.2, 0.2, 0.2, 0.02)
    """
    strengths = tuple(jitter) if isinstance(jitter, tuple) else (jitter, jitter, jitter, jitter / 10)
    if len(strengths) != 4 or not all(0 <= s <= 1 for s in strengths) or strengths[3] > 0.5:
        raise SettingError(
            f"jitter of an augmentation is {jitter}; give a share from 0 to 1, or four, of "
            "brightness, contrast, saturation and hue (to 0.5)."
        )
    return strengths


def recolour(x: NDArray[Any], strengths: tuple[float, ...], rng: np.random.Generator) -> None:
    """Change the colours of images, in place.

    Parameters
    ----------
    x : ndarray of shape (N, H, W, C), uint8, or float32 from 0 to 1
        Images of other than three channels have no saturation and no hue.
    strengths : tuple of four floats
        As :func:`jitter_strengths` gives them. Brightness, contrast and saturation are multiplied by 1 minus
        to 1 plus theirs; the hue turns by up to its share of the full circle. All zero: nothing is drawn.
    rng : Generator
        Four numbers are drawn for each image.
    """
    if not any(strengths):
        return
    import cv2

    n, channels = len(x), x.shape[3]
    white = 255 if x.dtype == np.uint8 else 1
    drawn = 1 + np.array(strengths) * rng.uniform(-1, 1, (n, 4))
    brightness, contrast = drawn[:, 0], drawn[:, 1]
    means = np.stack([mean_colour(image) for image in x])
    if channels != 3:
        added = (1 - contrast) * brightness * means.mean(axis=1)
        for image, factor, offset in zip(x, brightness * contrast, added, strict=True):
            values = image * np.float32(factor)
            values += np.float32(offset)
            image[...] = np.clip(np.rint(values) if white == 255 else values, 0, white)
        return
    colours = _saturated(drawn[:, 2])
    maps = np.empty((n, 3, 4))
    maps[:, :, :3] = (brightness * contrast)[:, None, None] * (_turned(drawn[:, 3] - 1) @ colours)
    maps[:, :, 3] = ((1 - contrast) * brightness * (means @ _GREY))[:, None]
    for image, one in zip(x, maps, strict=True):
        # Bytes are rounded and clipped by OpenCV.
        changed = cv2.transform(image, one)
        image[...] = changed if white == 255 else np.clip(changed, 0, 1)


def mean_colour(image: NDArray[Any]) -> NDArray[np.float64]:
    """The mean of every channel of an image, (H, W, C), as (C,)."""
    import cv2

    channels = image.shape[2]
    return (
        np.array(cv2.mean(image)[:channels]) if channels <= 4 else image.mean(axis=(0, 1), dtype=np.float64)
    )


def _saturated(factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrices, (N, 3, 3), that mix colours with their grey: 0 is grey, 1 the colour."""
    factors = factors[:, None, None]
    return np.asarray(factors * np.eye(3) + (1 - factors) * _GREY)


def _turned(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrices, (N, 3, 3), that turn the hue by shares of the full circle."""
    turns = np.zeros((len(shares), 3, 3))
    turns[:, 0, 0] = 1
    turns[:, 1, 1] = turns[:, 2, 2] = np.cos(2 * np.pi * shares)
    turns[:, 2, 1] = np.sin(2 * np.pi * shares)
    turns[:, 1, 2] = -turns[:, 2, 1]
    return np.asarray(_RGB @ turns @ _YIQ)
