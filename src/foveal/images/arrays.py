"""Images as arrays: taken from callers, and given as bytes of a PNG file."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

_DTYPES = (np.uint8, np.uint16, np.float32, np.float64)


def check_image(image: ArrayLike, name: str = "image", *, empty: bool = False) -> NDArray[np.uint8]:
    """The argument as an array of shape (H, W, 3), uint8, with pixels unless it may be empty.

    Raises
    ------
    ValueError
        If it is none.
    """
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or not (array.size or empty):
        pixels = "" if empty else " with pixels"
        raise ValueError(
            f"{name} must be uint8 of shape (H, W, 3){pixels}, not {array.dtype} of {array.shape}."
        )
    return array


def check_images(images: ArrayLike) -> NDArray[np.uint8]:
    """The argument as a batch of images, (N, H, W, 3) uint8.

    Raises
    ------
    ValueError
        If it is none.
    """
    array = np.asarray(images)
    if array.ndim != 4 or array.shape[3] != 3 or array.dtype != np.uint8:
        raise ValueError(f"A batch of images is (N, H, W, 3) uint8; got {array.shape} {array.dtype}.")
    return array


def check_plane(image: ArrayLike) -> NDArray[Any]:
    """The argument as an array of shape (H, W) or (H, W, C) with pixels, of a dtype that OpenCV works with.

    Raises
    ------
    ValueError
        If it is none.
    """
    array = np.asarray(image)
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError(f"image must have the shape (H, W) or (H, W, C) and pixels; it has {array.shape}.")
    check_dtype(array.dtype, "image")
    return array


def check_dtype(dtype: DTypeLike, name: str) -> np.dtype[Any]:
    """The argument as one of the dtypes that OpenCV works with.

    Raises
    ------
    ValueError
        If it is another.
    """
    known = np.dtype(dtype)
    if known not in _DTYPES:
        raise ValueError(f"{name} must be uint8, uint16, float32 or float64, not {known}.")
    return known


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """The content of a PNG file: of RGB, (H, W, 3), or grey, (H, W), uint8.

    Examples
    --------
    >>> encode_png(np.zeros((2, 2), np.uint8))[1:4]
    b'PNG'
    """
    import cv2

    return bytes(cv2.imencode(".png", image[..., ::-1] if image.ndim == 3 else image)[1].tobytes())
