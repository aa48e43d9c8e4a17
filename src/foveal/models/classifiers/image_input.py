"""Images as a user gives them: what counts as images, of which size and range, and arrays of one shape."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from foveal import parallel

Enlarging = Literal["linear", "cubic"]

# The largest side that raw pixels keep; larger images are brought to the default size.
LARGEST_NATIVE = 64


def check_range(X: Any, pixel_scale: float) -> None:
    """Refuse floating-point images from 0 to 1 where those of the training were from 0 to 255.

    Raises
    ------
    ValueError
        If they are: nearly black, they would be answered for without a word.
    """
    # Whole numbers, 0 and 1, are dark pixels of either range.
    if pixel_scale == 1 and from_0_to_1(X) and any((a % 1).any() for a in _arrays_in(X)):
        raise ValueError(
            "These images are floating-point numbers from 0 to 1, and those of the training were from 0 to "
            "255: multiply them by 255."
        )


def are_images(X: Any) -> bool:
    """Whether X is images or paths of them, rather than feature rows.

    X is what :func:`foveal.models.given_images.as_given` gives.
    """
    if isinstance(X, np.ndarray) and X.dtype != object:
        return X.ndim in (3, 4) or X.dtype.kind == "U"
    if not isinstance(X, (np.ndarray, Sequence)) or isinstance(X, (str, bytes)) or not len(X):
        return False
    first = X[0]
    return isinstance(first, (str, os.PathLike)) or (isinstance(first, np.ndarray) and first.ndim >= 2)


def from_0_to_1(X: Any) -> bool:
    """Whether the images are floating-point with no pixel above 1."""
    floating = [a for a in _arrays_in(X) if a.dtype.kind == "f" and a.size]
    return bool(floating) and all(a.max() <= 1 for a in floating)


def native_sides(X: Any) -> tuple[int, int] | None:
    """The height and width that all images share, if they do."""
    from foveal.images import probe

    if _is_one_array(X):
        sizes = {(X.shape[1], X.shape[2])}
    else:
        paths = [x for x in X if isinstance(x, (str, os.PathLike))]
        sizes = {x.shape[:2] for x in X if isinstance(x, np.ndarray)}
        sizes |= {(info.height, info.width) for info in parallel.map(probe, paths)}
    height, width = next(iter(sizes))
    return (int(height), int(width)) if len(sizes) == 1 else None


def native_side(X: Any) -> int | None:
    """The side that all images share, if they are square and small."""
    sides = native_sides(X)
    if sides is None or sides[0] != sides[1] or sides[0] > LARGEST_NATIVE:
        return None
    return sides[0]


def as_rgb(images: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """(N, H, W), (N, H, W, 1) or (N, H, W, 3) numbers as (N, H, W, 3) uint8."""
    images = ImageArrays(1, 1, 3, scale).pixels(_with_channels(images))
    if images.dtype != np.uint8:
        images = np.rint(images)
        images = _as_bytes(images, "(or 0 to 1 where the training images were)")
    return np.ascontiguousarray(images)


def rgb_square(item: Any, side: int, scale: float, enlarging: Enlarging = "linear") -> NDArray[np.uint8]:
    """One image, or the file of one, as (side, side, 3) uint8.

    One at a time, so that large photographs are never all in memory.
    """
    from foveal.images import resize

    image = as_rgb(_as_batch(item), scale)[0]
    cubic = enlarging == "cubic" and max(image.shape[:2]) < side
    return np.asarray(resize(image, (side, side), interpolation="cubic" if cubic else "auto"), np.uint8)


@dataclass(frozen=True)
class ImageArrays:
    """How images become arrays of one shape; learnt from the training images.

    Paths and integers are kept as bytes, from 0 to 255; floating-point images as float32, multiplied by
    255 where those of the training ran from 0 to 1.

    Attributes
    ----------
    height, width, channels : int
    pixel_scale : float
        What floating-point pixels are multiplied by: 255 or 1.
    """

    height: int
    width: int
    channels: int
    pixel_scale: float

    @classmethod
    def learn(cls, X: Any, image_size: int | None, default_side: int) -> Self:
        """Look at the training images.

        Parameters
        ----------
        X : list of paths or images, or array of shape (N, H, W) or (N, H, W, C)
        image_size : int or None
            The side of the square that images are brought to. None keeps their own size where all have the
            same and no side is above 64 pixels.
        default_side : int
            The side where it does not.

        Raises
        ------
        ValueError
            If these are no images.
        """
        if _is_one_array(X):
            channels = _with_channels(X).shape[3]
        else:
            grey = [isinstance(x, np.ndarray) and (x.ndim == 2 or x.shape[2:] == (1,)) for x in X]
            channels = 1 if all(grey) else 3
        sides = native_sides(X)
        if image_size is not None:
            sides = int(image_size), int(image_size)
        elif sides is None or max(sides) > LARGEST_NATIVE:
            sides = default_side, default_side
        whole = from_0_to_1(X) and not any(a.size and a.min() < 0 for a in _arrays_in(X))
        return cls(sides[0], sides[1], channels, 255.0 if whole else 1.0)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, self.channels

    def arrays(self, X: Any) -> NDArray[Any]:
        """Images as one array.

        Parameters
        ----------
        X : list of paths or images, or array of shape (N, H, W) or (N, H, W, C)

        Returns
        -------
        ndarray of shape (N, height, width, channels), uint8 or float32

        Raises
        ------
        ImageError
            If a file cannot be read.
        ValueError
            If an image has other channels than those of the training, or pixels that are no numbers.
        """
        if _is_one_array(X):
            images = self.pixels(_with_channels(X))
            if images.shape[1:3] == (self.height, self.width):
                return np.ascontiguousarray(images)
            return self._together(parallel.map(self._resized, images))
        # One image at a time, so that large photographs are never all in memory.
        return self._together(parallel.map(lambda x: self._resized(self.pixels(_as_batch(x))[0]), X))

    def _together(self, images: list[NDArray[Any]]) -> NDArray[Any]:
        if not images:
            return np.empty((0, *self.shape), np.uint8)
        return np.stack(images)  # float32 where one of them is

    def _resized(self, image: NDArray[Any]) -> NDArray[Any]:
        from foveal.images import resize

        return resize(image, (self.height, self.width))

    def pixels(self, images: NDArray[Any]) -> NDArray[Any]:
        """(N, H, W, C') numbers as uint8 or float32 of our channels."""
        if images.ndim != 4 or 0 in images.shape[1:] or images.dtype.kind not in "uifb":
            raise ValueError(f"Images must be (H, W, C) or (H, W) numbers, not {images.shape[1:]}.")
        if images.dtype.kind == "f":
            if not np.isfinite(images).all():
                raise ValueError("Pixels must be finite numbers.")
            images = images.astype(np.float32)
            if self.pixel_scale != 1:
                images *= np.float32(self.pixel_scale)
        elif images.dtype != np.uint8:
            images = _as_bytes(
                images, "where they are whole numbers (give floating-point ones for another range)"
            )
        return self._channels(images)

    def _channels(self, images: NDArray[Any]) -> NDArray[Any]:
        given = images.shape[3]
        if given == self.channels:
            return images
        if given == 1 and self.channels == 3:
            return np.repeat(images, 3, axis=3)
        if given == 3 and self.channels == 1:
            # The weights of luma (ITU-R BT.601), as Pillow and OpenCV use them.
            grey = np.ascontiguousarray(images) @ np.array([0.299, 0.587, 0.114], np.float32)
            return (np.rint(grey).astype(np.uint8) if images.dtype == np.uint8 else grey)[..., None]
        raise ValueError(f"These images have {given} channels; they must have {self.channels}.")

    def get_config(self) -> dict[str, Any]:
        """The attributes as JSON values."""
        return asdict(self)


def _is_one_array(X: Any) -> bool:
    return isinstance(X, np.ndarray) and X.ndim > 1


def _as_bytes(pixels: NDArray[Any], remark: str) -> NDArray[np.uint8]:
    if pixels.size and (pixels.min() < 0 or pixels.max() > 255):
        raise ValueError(
            f"Pixels must be from 0 to 255 {remark}; these are from {pixels.min():g} to {pixels.max():g}."
        )
    return pixels.astype(np.uint8)


def _as_batch(item: Any) -> NDArray[Any]:
    """One image, or the file of one, as (1, H, W, C)."""
    from foveal.images import read

    image = read(item) if isinstance(item, (str, os.PathLike)) else np.asarray(item)
    return (image if image.ndim == 3 else image[..., None])[None]


def _with_channels(images: NDArray[Any]) -> NDArray[Any]:
    """(N, H, W, C), of (N, H, W) with one channel."""
    if images.ndim == 4:
        return images
    if images.ndim == 3 and images.shape[2] in (3, 4) and images.shape[1] not in (3, 4):
        raise ValueError(
            f"An array of shape {images.shape} looks like one image; give a list of images, such as [image]."
        )
    if images.ndim != 3:
        raise ValueError(f"Images must be (N, H, W, C) or (N, H, W), not {images.shape}.")
    return images[..., None]


def _arrays_in(X: Any) -> list[NDArray[Any]]:
    one = isinstance(X, np.ndarray) and X.dtype != object
    return [X] if one else [x for x in X if isinstance(x, np.ndarray)]
