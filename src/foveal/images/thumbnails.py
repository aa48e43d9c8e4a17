"""Small images for pages, and where an image came from, to look at it once more."""

import base64
import io
import os
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ImageError
from foveal.images.fitting import as_image, is_pillow
from foveal.images.resizing import resize_to_fit

# Of what is smaller, such as a digit of 8 pixels, nothing could be seen.
_LEAST = 64


def data_uri(image: NDArray[np.uint8], longest: int = 320, *, quality: int = 80) -> str:
    """An image as a JPEG inside a page.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    longest : int, default=320
        What its longer side has at most, in pixels. An image below 64 pixels is shown with larger pixels.
    quality : int, default=80
        JPEG's.

    Returns
    -------
    str
        ``data:image/jpeg;base64,…``

    Examples
    --------
    >>> data_uri(np.zeros((2, 3, 3), np.uint8))[:23]
    'data:image/jpeg;base64,'
    """
    from PIL import Image

    file = io.BytesIO()
    small = resize_to_fit(image, longest)[0]
    larger = min(_LEAST, longest) // max(small.shape[:2])
    if larger > 1:
        small = small.repeat(larger, axis=0).repeat(larger, axis=1)
    small = np.ascontiguousarray(small)
    Image.fromarray(small).save(file, "JPEG", quality=quality, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


class Origin:
    """Where an image came from: a file, or pixels for as long as somebody else keeps them.

    A result can show its image in a notebook without keeping that image in memory; a copy in another process,
    or one that was pickled, knows the file alone.

    Parameters
    ----------
    source : path-like, ndarray of shape (H, W, 3), uint8, or image of Pillow

    Examples
    --------
    >>> pixels = np.zeros((2, 3, 3), np.uint8)
    >>> origin = Origin(pixels)
    >>> origin.image() is pixels
    True
    >>> del pixels
    >>> origin.image() is None
    True
    """

    __slots__ = ("_kept", "path")

    def __init__(self, source: Any) -> None:
        named = getattr(source, "filename", "") if is_pillow(source) else source
        is_path = isinstance(named, (str, os.PathLike)) and str(named) != ""
        self.path: str | None = os.fspath(named) if is_path else None
        self._kept: weakref.ref[Any] | None = None
        if self.path is None and type(source).__weakrefoffset__:
            self._kept = weakref.ref(source)

    def image(self) -> NDArray[np.uint8] | None:
        """The pixels, (H, W, 3) uint8; None where they are gone, or the file can no longer be read."""
        source = self.path if self._kept is None else self._kept()
        if source is None:
            return None
        try:
            return as_image(source)
        except ImageError:
            return None

    @property
    def name(self) -> str:
        """The file's name; empty of pixels."""
        return "" if self.path is None else os.path.basename(self.path)  # noqa: PTH119

    def __repr__(self) -> str:
        return f"Origin({self.path!r})" if self.path is not None else "Origin(pixels)"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.path)


def _restored(kind: type[Origin], path: str | None) -> Origin:
    made = kind.__new__(kind)
    made.path, made._kept = path, None
    return made
