"""The embedded default: handwritten digits, and scenes composed of them.

The digits are real: scikit-learn's copy of the optical recognition data of Alpaydin and Kaynak (1998),
1797 digits of 8×8 pixels by 43 people. A scene lays some of them, enlarged, on a photograph or a drawn
texture, among scribbles, lines and pieces of digits which have no label. Because the scene is drawn, its
boxes are exact.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data.scene_composition import compose_scene
from foveal.data.scene_painting import Part, digit_images
from foveal.files import write_bytes, write_json
from foveal.images.arrays import encode_png

__all__ = ["CLASSES", "digit_parts", "make_scene", "write_digits", "write_scenes"]

CLASSES = tuple("0123456789")


def digit_parts(random_state: int = 0, test_size: float = 0.2) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of the 1797 digits are for training and which for testing.

    Parameters
    ----------
    random_state : int, default=0
    test_size : float, default=0.2
        The share of every class that is for testing.

    Returns
    -------
    train, test : ndarray, int64
        Sorted indices into scikit-learn's digits; no index is in both.

    Examples
    --------
    >>> train, test = digit_parts()
    >>> len(train), len(test)
    (1438, 359)
    """
    rng = np.random.default_rng(random_state)
    labels = digit_images()[1]
    test = np.zeros(len(labels), bool)
    for label in range(10):
        members = rng.permutation(np.flatnonzero(labels == label))
        test[members[: round(test_size * len(members))]] = True
    return np.flatnonzero(~test), np.flatnonzero(test)


def make_scene(
    random_state: int | np.random.Generator | None = None,
    *,
    size: tuple[int, int] = (240, 320),
    digits: tuple[int, int] = (1, 6),
    heights: tuple[float, float] = (24, 96),
    clutter: bool = True,
    part: Part | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]:
    """Draw one scene.

    Parameters
    ----------
    random_state : int, Generator or None
    size : tuple of int, default=(240, 320)
        Height and width in pixels.
    digits : tuple of int, default=(1, 6)
        The fewest and the most digits. Where there is no room left, there are fewer.
    heights : tuple of float, default=(24, 96)
        The least and the greatest longer side of a digit, in pixels, before it is turned by up to 15°.
    clutter : bool, default=True
        Whether scribbles, lines and pieces of digits, none of them labelled, are drawn too.
    part : {"train", "test"} or None
        Take digits and backgrounds of one part only (see :func:`digit_parts`); None takes all.

    Returns
    -------
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    boxes : ndarray of shape (N, 4), float32
        The tight half-open box of each digit's visible ink, exact to the pixel.
    labels : ndarray of shape (N,), int64
        The digits.

    Raises
    ------
    SettingError
        If a range is empty or the scene is smaller than the smallest digit.

    Examples
    --------
    >>> image, boxes, labels = make_scene(7)
    >>> image.shape, boxes.shape == (len(labels), 4)
    ((240, 320, 3), True)
    """
    pool = np.arange(len(digit_images()[1])) if part is None else digit_parts()[part == "test"]
    return compose_scene(np.random.default_rng(random_state), pool, size, digits, heights, clutter, part)


def write_scenes(
    folder: str | os.PathLike[str],
    *,
    number: int = 240,
    test: int = 60,
    random_state: int = 0,
    size: tuple[int, int] = (240, 320),
    digits: tuple[int, int] = (1, 6),
    heights: tuple[float, float] = (24, 96),
    clutter: bool = True,
) -> Path:
    """Write a data set of scenes in COCO's format.

    Parameters
    ----------
    folder : path-like
        ``images/train/0001.png`` and so on, ``images/test/…``, ``annotations/instances_train.json`` and
        ``annotations/instances_test.json`` are written into it.
    number, test : int
        How many scenes for training and how many more for testing. The test scenes show digits that no
        training scene shows, on parts of the photographs that no training scene shows.
    random_state : int, default=0
        The same number gives the same files.
    size, digits, heights, clutter
        As for :func:`make_scene`.

    Returns
    -------
    pathlib.Path
        The folder.
    """
    folder = Path(folder)
    parts = dict(zip(("train", "test"), digit_parts(random_state), strict=True))
    first_id = 1
    for which, (part, count) in enumerate((("train", number), ("test", test))):

        def write(i: int, part: Any = part, which: int = which) -> tuple[list[list[float]], list[int]]:
            rng = np.random.default_rng([random_state, which, i])
            image, boxes, labels = compose_scene(rng, parts[part], size, digits, heights, clutter, part)
            _write_png(folder / "images" / part / f"{i + 1:04d}.png", image)
            return boxes.tolist(), labels.tolist()

        truth = parallel.map(write, range(count))
        content = _coco(truth, size, first_id)
        write_json(folder / "annotations" / f"instances_{part}.json", content, indent=None)
        first_id += count
    return folder


def _coco(
    truth: list[tuple[list[list[float]], list[int]]], size: tuple[int, int], first: int
) -> dict[str, Any]:
    height, width = size
    images = [
        {"id": first + i, "file_name": f"{i + 1:04d}.png", "width": width, "height": height}
        for i in range(len(truth))
    ]
    objects = [(i, box, label) for i, scene in enumerate(truth) for box, label in zip(*scene, strict=True)]
    annotations = []
    for number, (i, (x1, y1, x2, y2), label) in enumerate(objects, 1):
        w, h = x2 - x1, y2 - y1
        entry = {"id": number, "image_id": first + i, "category_id": label + 1}
        annotations.append({**entry, "bbox": [x1, y1, w, h], "area": w * h, "iscrowd": 0})
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(CLASSES)]
    return {"images": images, "annotations": annotations, "categories": categories}


def write_digits(folder: str | os.PathLike[str], *, random_state: int = 0) -> Path:
    """Write scikit-learn's handwritten digits as a data set for classification.

    Parameters
    ----------
    folder : path-like
        ``train/<digit>/0001.png`` and ``test/<digit>/0001.png`` are written into it: grey, 8×8 pixels,
        0 (paper) to 255 (ink). A file is named by the digit's place in scikit-learn's order, from 1.
    random_state : int, default=0
        Draws the fifth of every class that is for testing.

    Returns
    -------
    pathlib.Path
        The folder.
    """
    folder = Path(folder)
    images, labels = digit_images()
    jobs = [
        (folder / part / CLASSES[labels[i]] / f"{i + 1:04d}.png", images[i])
        for part, members in zip(("train", "test"), digit_parts(random_state), strict=True)
        for i in members
    ]
    parallel.map(lambda job: _write_png(*job), jobs)
    return folder


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    write_bytes(path, encode_png(image), sync=False)
