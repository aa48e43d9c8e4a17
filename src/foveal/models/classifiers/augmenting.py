"""What the images of a training go through before the network: random changes, then standardising."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data import Augmentation
from foveal.data.mirroring import may_be_mirrored
from foveal.errors import SettingError

#: The values of the parameter ``augmentation``.
AUGMENTATIONS = ("auto", "none", "light", "standard")

# Below this side an image has no room for a hole or for other colours.
_SMALLEST_PHOTOGRAPH = 16


@dataclass(frozen=True)
class Preparation:
    """Random changes, where there are any, then every channel brought to mean 0 and variance 1.

    Parameters
    ----------
    mean, scale : tuple of float
        Of every channel.
    augmentation : Augmentation, optional
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    augmentation: Augmentation | None = None

    def __call__(
        self, x: NDArray[Any], y: NDArray[Any], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """A transform of :class:`foveal.nn.ArrayBatches`."""
        if self.augmentation is not None:
            x, y = self.augmentation(x, y, rng)
        return self.standardized(x), y

    def standardized(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """(N, H, W, C) numbers with their channels standardised, float32."""
        result = x.astype(np.float32)
        result -= np.array(self.mean, np.float32)
        result *= (1 / np.array(self.scale)).astype(np.float32)
        return result


def augmentation_for(
    name: str, x: NDArray[Any], labels: NDArray[np.int64], random_state: int = 0
) -> Augmentation | None:
    """The augmentation of a name for some training images.

    Parameters
    ----------
    name : {"auto", "none", "light", "standard"}
        ``"auto"`` is ``"standard"`` for colour images of 16 pixels and more, whose values are bytes, else
        ``"light"``; without mirroring where :func:`may_be_mirrored` says no.
    x : ndarray of shape (N, H, W, C), uint8 or float32
    labels : ndarray of shape (N,), int
    random_state : int, default=0
        Draws the images that are looked at.

    Returns
    -------
    Augmentation or None

    Raises
    ------
    SettingError
        If there is no such name.
    """
    if name not in AUGMENTATIONS:
        raise SettingError(f"augmentation is {name!r}; choose {', '.join(map(repr, AUGMENTATIONS))}.")
    if name == "none" or max(x.shape[1:3]) == 1:
        return None
    bytes_of_color = x.dtype == np.uint8 and x.shape[3] == 3
    photographs = bytes_of_color and min(x.shape[1:3]) >= _SMALLEST_PHOTOGRAPH and not is_grey(x)
    if name == "standard" or (name == "auto" and photographs):
        made = Augmentation.standard() if x.dtype == np.uint8 else Augmentation.standard(jitter=0.0)
    else:
        made = Augmentation.light()
    if name == "auto" and not may_be_mirrored(x, labels, random_state):
        made = Augmentation(crop=made.crop, jitter=made.jitter, cutout=made.cutout)
    return made


def is_grey(x: NDArray[np.uint8]) -> bool:
    """Whether no image has any colour, but for what JPEG adds."""
    some = x[:: max(1, len(x) // 200)].astype(np.int16)
    return bool(np.abs(some - some.mean(3, keepdims=True)).mean() < 1)
