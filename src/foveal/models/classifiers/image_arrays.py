"""Pictures of any kind as one array of the size that a network takes."""

import os
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.errors import SettingError
from foveal.models.classifiers.image_input import LARGEST_NATIVE, from_0_to_1, native_sides


@dataclass(frozen=True)
class PictureArrays:
    """How pictures become arrays of one shape; learnt from the training pictures.

    Paths and integers are kept as bytes, from 0 to 255; floating-point pictures as float32, multiplied by
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
        """Look at the training pictures.

        Parameters
        ----------
        X : list of paths or pictures, or array of shape (N, H, W) or (N, H, W, C)
        image_size : int or None
            The side of the square that pictures are brought to. None keeps their own size where all have the
            same and no side is above 64 pixels.
        default_side : int
            The side where it does not.

        Raises
        ------
        SettingError
            If the size is impossible.
        ValueError
            If these are no pictures.
        """
        if image_size is not None and not (isinstance(image_size, int | np.integer) and image_size >= 1):
            raise SettingError(f"image_size is {image_size!r}; give a whole number of pixels from 1.")
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
        whole = from_0_to_1(X) and not _any_negative(X)
        return cls(sides[0], sides[1], channels, 255.0 if whole else 1.0)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, self.channels

    def arrays(self, X: Any) -> NDArray[Any]:
        """Pictures as one array.

        Parameters
        ----------
        X : list of paths or pictures, or array of shape (N, H, W) or (N, H, W, C)

        Returns
        -------
        ndarray of shape (N, height, width, channels), uint8 or float32

        Raises
        ------
        ImageError
            If a file cannot be read.
        ValueError
            If a picture has other channels than those of the training, or pixels that are no numbers.
        """
        if _is_one_array(X):
            pictures = self._pixels(_with_channels(X))
            if pictures.shape[1:3] == (self.height, self.width):
                return np.ascontiguousarray(pictures)
            return self._together(parallel.map(self._resized, pictures))
        return self._together(parallel.map(self._one, X))

    def _together(self, pictures: list[NDArray[Any]]) -> NDArray[Any]:
        if not pictures:
            return np.empty((0, *self.shape), np.uint8)
        return np.stack(pictures)  # float32 where one of them is

    def _one(self, item: Any) -> NDArray[Any]:
        # One picture at a time, so that large photographs are never all in memory.
        from foveal.images import read

        if isinstance(item, (str, os.PathLike)):
            return self._resized(self._pixels(read(item)[None])[0])
        item = np.asarray(item)
        return self._resized(self._pixels((item if item.ndim == 3 else item[..., None])[None])[0])

    def _resized(self, picture: NDArray[Any]) -> NDArray[Any]:
        from foveal.images import resize

        return resize(picture, (self.height, self.width))

    def _pixels(self, pictures: NDArray[Any]) -> NDArray[Any]:
        """(N, H, W, C') numbers as uint8 or float32 of our channels."""
        if pictures.ndim != 4 or 0 in pictures.shape[1:] or pictures.dtype.kind not in "uifb":
            raise ValueError(f"Pictures must be (H, W, C) or (H, W) numbers, not {pictures.shape[1:]}.")
        if pictures.dtype.kind == "f":
            if not np.isfinite(pictures).all():
                raise ValueError("Pixels must be finite numbers.")
            pictures = pictures.astype(np.float32)
            if self.pixel_scale != 1:
                pictures *= np.float32(self.pixel_scale)
        elif pictures.dtype != np.uint8:
            if pictures.size and (pictures.min() < 0 or pictures.max() > 255):
                raise ValueError(
                    f"Whole-numbered pixels must be from 0 to 255; these are from {pictures.min()} to "
                    f"{pictures.max()}: give floating-point numbers for another range."
                )
            pictures = pictures.astype(np.uint8)
        return self._channels(pictures)

    def _channels(self, pictures: NDArray[Any]) -> NDArray[Any]:
        given = pictures.shape[3]
        if given == self.channels:
            return pictures
        if given == 1 and self.channels == 3:
            return np.repeat(pictures, 3, axis=3)
        if given == 3 and self.channels == 1:
            # The weights of luma (ITU-R BT.601), as Pillow and OpenCV use them.
            grey = pictures @ np.array([0.299, 0.587, 0.114], np.float32)
            return (np.rint(grey).astype(np.uint8) if pictures.dtype == np.uint8 else grey)[..., None]
        raise ValueError(f"These pictures have {given} channels; those of the training had {self.channels}.")

    def get_config(self) -> dict[str, Any]:
        """The attributes as JSON values."""
        return asdict(self)


def _is_one_array(X: Any) -> bool:
    return isinstance(X, np.ndarray) and X.ndim > 1


def _with_channels(pictures: NDArray[Any]) -> NDArray[Any]:
    """(N, H, W, C), of (N, H, W) with one channel."""
    if pictures.ndim == 4:
        return pictures
    if pictures.ndim == 3 and pictures.shape[2] in (3, 4) and pictures.shape[1] not in (3, 4):
        raise ValueError(
            f"An array of shape {pictures.shape} looks like one picture; "
            "give a list of pictures, such as [image]."
        )
    if pictures.ndim != 3:
        raise ValueError(f"Pictures must be (N, H, W, C) or (N, H, W), not {pictures.shape}.")
    return pictures[..., None]


def _any_negative(X: Any) -> bool:
    arrays = [X] if _is_one_array(X) else [x for x in X if isinstance(x, np.ndarray)]
    return any(a.size and a.min() < 0 for a in arrays)
