"""The doctor's look at whether the four numbers of the boxes mean what the format says."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from foveal.data.checks.boxes import ROUNDING
from foveal.data.dataset import Dataset, Finding
from foveal.wording import be, count

# Boxes that must be wrong before anything is asked, as a number and as a share of all.
_LEAST, _SHARE = 2, 0.2
# The share of boxes that another meaning has to put inside their images.
_FITS = 0.95
# On smaller images a pixel is worth a box.
_FEW_PIXELS = 8

Boxes = NDArray[np.float64]


def _corners_from_sizes(boxes: Boxes) -> Boxes:
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def _sizes_from_corners(boxes: Boxes) -> Boxes:
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def _centres_from_corners(boxes: Boxes) -> Boxes:
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


def _exchanged(boxes: Boxes) -> Boxes:
    return boxes[:, [1, 0, 3, 2]]


def _sorted(boxes: Boxes) -> Boxes:
    low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
    return np.concatenate([low, high], axis=1)


# What may have been written in place of what was read: how it reads then. Each undoes one mistake.
_MEANINGS: tuple[tuple[str, Callable[[Boxes], Boxes]], ...] = (
    ("x, y, width, height in place of corners", _corners_from_sizes),
    ("corners in place of x, y, width, height", _sizes_from_corners),
    ("corners in place of centre, width, height", _centres_from_corners),
    ("y before x", _exchanged),
    ("the two corners in the wrong order", _sorted),
)


def check_layout(dataset: Dataset) -> Iterator[Finding]:
    """Many inverted boxes, or most of them sticking out: which other meaning of their numbers would fit."""
    known = [s for s in dataset if s.width and s.height and len(s.boxes)]
    if dataset.task != "detection" or not known:
        return
    boxes = np.concatenate([s.boxes for s in known]).astype(np.float64)
    sizes = np.concatenate([[[s.width, s.height]] * len(s.boxes) for s in known]).astype(np.float64)
    # VOC counts pixels from 1.
    shares = int((np.abs(boxes) <= 1).all(axis=1).sum())
    if shares >= _FITS * len(boxes) and (sizes > _FEW_PIXELS).all():
        text = (
            f"{shares} of {count(len(boxes), 'box', 'boxes')} {be(shares)} less than a pixel from the "
            "pictures' corner: they look like shares of the pictures' sizes, not pixels."
        )
        action = "They are read as pixels: multiply them by the width and the height."
        yield Finding("boxes-misread", "warning", "", text, action)
        return
    inverted: NDArray[np.bool_] = np.asarray((boxes[:, 2:] <= boxes[:, :2]).any(axis=1))
    out = _beyond(boxes, sizes) & ~inverted
    wrong = int((inverted | out).sum())
    if wrong < min(_LEAST, len(boxes)) or wrong < _SHARE * len(boxes):
        return
    fitting = [name for name, read in _MEANINGS if _fit(read(boxes), sizes) >= _FITS]
    # Boxes that may be of any order are named as such only where nothing else explains them.
    if len(fitting) > 1 and fitting[-1] == _MEANINGS[-1][0] and not _both_axes(boxes, inverted):
        fitting.pop()
    counts = ((int(inverted.sum()), "inverted"), (int(out.sum()), "sticking out"))
    what = " and ".join(f"{number} {word}" for number, word in counts if number)
    inside = "is not inside its picture" if wrong == 1 else "are not inside their pictures"
    text = f"{wrong} of {count(len(boxes), 'box', 'boxes')} {inside} ({what})."
    action = "They are read as the format says: write them again if that is not what they mean."
    if fitting:
        text += f" They would be, read as {', or as '.join(fitting)}."
    elif 2 * wrong >= len(boxes) and out.any():
        action = "What is inside is learnt from: see that the pictures are those that were annotated."
    else:
        # One by one they are named already.
        return
    yield Finding("boxes-misread", "warning", "", text, action)


def _beyond(boxes: Boxes, sizes: Boxes) -> NDArray[np.bool_]:
    below = (boxes[:, :2] < -ROUNDING).any(axis=1)
    return np.asarray(below | (boxes[:, 2:] > sizes + ROUNDING).any(axis=1))


def _fit(boxes: Boxes, sizes: Boxes) -> float:
    """The share of boxes that have an area and are inside their images."""
    good = (boxes[:, 2:] > boxes[:, :2]).all(axis=1) & ~_beyond(boxes, sizes)
    return float(good.mean())


def _both_axes(boxes: Boxes, inverted: NDArray[np.bool_]) -> bool:
    """Whether the inverted boxes are so in both directions, as swapped corners are."""
    both: NDArray[np.bool_] = np.asarray((boxes[:, 2:] <= boxes[:, :2]).all(axis=1))
    return bool(both[inverted].mean() > 0.5) if inverted.any() else False
