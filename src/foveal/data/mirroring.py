"""Whether mirror images mean the same: they do of photographs, not of digits and letters."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.boxes import clip
from foveal.data.dataset import Dataset
from foveal.errors import ImageError
from foveal.images import read, resize

# The test looks at so many images or objects, as small as this.
_LOOKED_AT = 2000
_THUMBNAIL = 16
# What mirrored images keep, at least, of what their nearest neighbours tell about the class.
_KEPT = 0.75
# Images that are read to look at their objects.
_READ = 100
# Objects with a shorter side than this show nothing.
_LEAST_SIDE = 4


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


def objects_may_be_mirrored(dataset: Dataset, random_state: int = 0) -> bool:
    """:func:`may_be_mirrored` of the objects that are drawn in images.

    Parameters
    ----------
    dataset : Dataset
        For detection. The objects of at most 100 images, drawn at random, are looked at; images that cannot
        be read are left out.
    random_state : int, default=0

    Returns
    -------
    bool
        True too where there are fewer than two classes, or next to no objects to compare.

    Examples
    --------
    >>> import tempfile
    >>> from foveal.data import load, scenes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     objects_may_be_mirrored(load(scenes.write_scenes(folder, number=100, test=0)))
    False
    """
    sound = [sample.trainable for sample in dataset]
    known = {int(label) for s, good in zip(dataset, sound, strict=True) for label in s.labels[good]}
    if len(known) < 2:
        # Whatever the class is, it is that of the mirror image.
        return True
    there = np.flatnonzero([good.any() for good in sound])
    chosen = np.sort(np.random.default_rng(random_state).permutation(there)[:_READ]).tolist()

    def thumbnails(index: int) -> list[tuple[NDArray[np.uint8], int]]:
        sample, good = dataset[index], sound[index]
        try:
            image = read(sample.path)
        except ImageError:
            return []
        found = []
        boxes = np.rint(clip(sample.boxes[good], image.shape[1], image.shape[0])).astype(int).tolist()
        for (x1, y1, x2, y2), label in zip(boxes, sample.labels[good].tolist(), strict=True):
            if min(x2 - x1, y2 - y1) >= _LEAST_SIDE:
                found.append((resize(image[y1:y2, x1:x2], (_THUMBNAIL, _THUMBNAIL)), label))
        return found

    objects = [one for some in parallel.map(thumbnails, chosen) for one in some]
    if not objects:
        return True
    crops, labels = zip(*objects, strict=True)
    return may_be_mirrored(np.stack(crops), np.array(labels, np.int64), random_state)


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
