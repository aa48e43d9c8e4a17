"""Images from wherever they are, brought to a working size, and several of them into one batch."""

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


def as_image(source: "Source | Image") -> NDArray[np.uint8]:
    """The pixels of a source, (H, W, 3) uint8: an array itself, a file as :func:`foveal.images.read` does.

    An image of Pillow becomes upright RGB as its file would; see :func:`is_pillow`.
    """
    if is_pillow(source):
        from PIL import ImageOps

        return to_rgb(ImageOps.exif_transpose(source), source.format or "")
    return source if isinstance(source, np.ndarray) else read(source)  # type: ignore[arg-type]


def is_pillow(value: object) -> "TypeGuard[Image]":
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
