"""Images from wherever they are, brought to a working size, and several of them into one batch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from foveal.images._rgb import to_rgb
from foveal.images.reading import read
from foveal.images.resizing import resize

if TYPE_CHECKING:
    from PIL.Image import Image

#: An image, (H, W, 3) uint8, or the file that holds one.
Source = NDArray[np.uint8] | str | os.PathLike[str]


def as_image(source: Source | Image) -> NDArray[np.uint8]:
    """The pixels of a source, (H, W, 3) uint8: an array itself, a file as :func:`foveal.images.read` does.

    An image of Pillow becomes upright RGB as its file would; see :func:`is_pillow`.

    Raises
    ------
    ImageError
        If a file cannot be read.
    ValueError
        If it is none of these.
    """
    if is_pillow(source):
        from PIL import ImageOps

        return to_rgb(ImageOps.exif_transpose(source), source.format or "")
    if isinstance(source, np.ndarray):
        return source
    if not isinstance(source, (str, os.PathLike)):
        raise ValueError(
            "An image is the path of its file, an array (H, W, 3) or an image of Pillow; got a value of the "
            f"type {type(source).__name__}."
        )
    return read(source)


def as_pixels(source: Source | Image) -> NDArray[np.uint8]:
    """The pixels of a source as what looks for objects needs them; see :func:`as_image`.

    Parameters
    ----------
    source : path-like, ndarray of shape (H, W, 3), (H, W, 1) or (H, W), or image of Pillow
        Numbers from 0 to 255, whole or floating-point.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8
        The argument itself where it is that already.

    Raises
    ------
    ImageError
        If a file cannot be read.
    ValueError
        If it is no image, or its pixels are not from 0 to 255. Floating-point pixels that all lie within 0
        and 1 are refused: nearly black, they would be answered for without a word.

    Examples
    --------
    >>> as_pixels(np.full((2, 3), 200.0)).shape
    (2, 3, 3)
    >>> as_pixels(np.full((2, 3, 3), 0.5))
    Traceback (most recent call last):
    ...
    ValueError: This image is floating-point numbers from 0 to 1, ... multiply it by 255.
    """
    image = as_image(source)
    if image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3:
        return image
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,)) or image.dtype.kind not in "uif":
        raise ValueError(
            f"An image is (H, W, 3) or (H, W), of numbers from 0 to 255; got {image.dtype} of the shape "
            f"{image.shape}."
        )
    if image.size:
        low, high = float(image.min()), float(image.max())
        if not (low >= 0 and high <= 255):
            raise ValueError(f"Pixels are numbers from 0 to 255; these are from {low:g} to {high:g}.")
        if image.dtype.kind == "f" and high <= 1 and (image % 1).any():
            raise ValueError(
                "This image is floating-point numbers from 0 to 1, and pixels are from 0 to 255: multiply it "
                "by 255."
            )
    whole = np.rint(image).astype(np.uint8).reshape(*image.shape[:2], -1)
    return np.repeat(whole, 3, axis=2) if whole.shape[2] == 1 else whole


def is_pillow(value: object) -> TypeGuard[Image]:
    """Whether it is an image of Pillow, which need not be imported to tell.

    Examples
    --------
    >>> is_pillow("a.jpg")
    False
    """
    return any(kind.__module__ == "PIL.Image" for kind in type(value).__mro__)


def working_size(shape: Sequence[int], longest: int) -> tuple[int, int]:
    """Rows and columns of an image whose longer side is brought to ``longest``; at least 1.

    Examples
    --------
    >>> working_size((480, 640, 3), 512)
    (384, 512)
    """
    side = max(shape[:2])
    return max(1, round(shape[0] * longest / side)), max(1, round(shape[1] * longest / side))


def box_scale(before: Sequence[int], after: Sequence[int]) -> NDArray[np.float32]:
    """What boxes are multiplied by when their image is brought from one size to another.

    Parameters
    ----------
    before, after : (rows, columns, ...)
        In pixels, at least 1.

    Returns
    -------
    ndarray of shape (4,), float32
        For x1, y1, x2, y2.

    Examples
    --------
    >>> box_scale((480, 640), (240, 160)).tolist()
    [0.25, 0.5, 0.25, 0.5]
    """
    return np.array([after[1] / before[1], after[0] / before[0]] * 2, np.float32)


def working_image(image: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """An image, (H, W, 3) uint8, larger or smaller, its longer side of the given length."""
    return resize(image, working_size(image.shape, longest))


def padded_size(shape: Sequence[int], multiple: int) -> tuple[int, int]:
    """The next rows and columns that are multiples.

    Examples
    --------
    >>> padded_size((384, 500), 32)
    (384, 512)
    """
    return -(-shape[0] // multiple) * multiple, -(-shape[1] // multiple) * multiple


def stack_padded(images: Sequence[NDArray[Any]], *, multiple: int = 1, value: float = 0) -> NDArray[Any]:
    """Images in the upper left corners of one array, surrounded by one value.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W, C)
        At least one; of one dtype and number of channels.
    multiple : int, default=1
        The array's rows and columns are the least multiples of it that hold every image.
    value : number, default=0
        Of the padding, in every channel.

    Returns
    -------
    ndarray of shape (N, rows, columns, C), of the images' dtype

    Examples
    --------
    >>> stack_padded([np.zeros((3, 5, 3), np.uint8)], multiple=4, value=127).shape
    (1, 4, 8, 3)
    """
    rows, columns = padded_size(np.max([image.shape[:2] for image in images], axis=0).tolist(), multiple)
    batch = np.full((len(images), rows, columns, images[0].shape[2]), value, images[0].dtype)
    for place, image in enumerate(images):
        batch[place, : image.shape[0], : image.shape[1]] = image
    return batch
