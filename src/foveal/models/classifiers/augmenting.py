"""What the images of a training go through before the network: random changes, then standardising."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data import Augmentation
from foveal.errors import SettingError

#: The values of the parameter ``augmentation``.
AUGMENTATIONS = ("auto", "none", "light", "standard")

# The test of mirroring looks at so many images, as small as this.
_LOOKED_AT = 2000
_THUMBNAIL = 16
# What mirrored images keep, at least, of what their nearest neighbours tell about the class.
_KEPT = 0.75
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


def may_be_mirrored(x: NDArray[Any], labels: NDArray[np.int64], random_state: int = 0) -> bool:
    """Whether left and right may be exchanged without changing the class, as far as neighbours tell.

    The nearest other image of each image, by the correlation of small copies, tells its class with some
    accuracy. If mirrored images find theirs among the unmirrored nearly as well, mirroring does no harm:
    so it is with photographs, not with digits or letters.

    Parameters
    ----------
    x : ndarray of shape (N, H, W, C)
        At most 2,000 of them are looked at.
    labels : ndarray of shape (N,), int
    random_state : int, default=0

    Returns
    -------
    bool
        True where the mirrored accuracy, above chance, is three quarters of the other, within two standard
        errors; so also where neighbours tell nothing.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.integers(0, 60, (40, 8, 8, 1)).astype(np.uint8)
    >>> x[:20, :, :3] += 100
    >>> x[20:, :, 5:] += 100
    >>> may_be_mirrored(x, np.arange(40) // 20), may_be_mirrored(x, np.arange(40) % 2)
    (False, True)
    """
    from foveal.images import resize

    rng = np.random.default_rng(random_state)
    chosen = np.sort(rng.permutation(len(x))[:_LOOKED_AT])
    if len(chosen) < 2:
        return True
    height, width = min(x.shape[1], _THUMBNAIL), min(x.shape[2], _THUMBNAIL)
    small = np.stack([resize(x[i], (height, width)) for i in chosen]).astype(np.float32)
    labels = labels[chosen]
    rows = _unit(small)
    plain = _neighbours_tell(rows, rows, labels)
    mirrored = _neighbours_tell(_unit(small[:, :, ::-1]), rows, labels)
    shares = np.bincount(labels) / len(labels)
    chance = float((shares**2).sum())
    error = float(np.sqrt(plain * (1 - plain) / len(labels)))
    return mirrored - chance >= _KEPT * (plain - chance) - 2 * error


def _unit(images: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = images.reshape(len(images), -1)
    rows = rows - rows.mean(1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6))


def _neighbours_tell(
    queries: NDArray[np.float32], rows: NDArray[np.float32], labels: NDArray[np.int64]
) -> float:
    """The share of queries whose nearest row, their own left out, has their label."""
    alike = queries @ rows.T
    np.fill_diagonal(alike, -np.inf)
    return float((labels[alike.argmax(1)] == labels).mean())


def is_grey(x: NDArray[np.uint8]) -> bool:
    """Whether no image has any colour, but for what JPEG adds."""
    some = x[:: max(1, len(x) // 200)].astype(np.int16)
    return bool(np.abs(some - some.mean(3, keepdims=True)).mean() < 1)
