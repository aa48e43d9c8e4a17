"""Anchors for a data set."""

from collections.abc import Sequence

import numpy as np

from foveal.boxes import anchor_sizes, clip
from foveal.data import Dataset
from foveal.models.detection.training.views import working_size

Anchors = tuple[tuple[tuple[float, float], ...], ...]


def anchors_for(dataset: Dataset, strides: Sequence[int], size: int) -> Anchors:
    """Widths and heights of each level's anchors, chosen from the objects of a data set.

    Parameters
    ----------
    dataset : Dataset
        At least one object can be learnt from. Pictures whose size is not known are left out, unless none is.
    strides : sequence of int
        Of the levels.
    size : int
        The longer side that pictures are brought to, in pixels.

    Returns
    -------
    tuple of tuple of (float, float)
        In pixels of the working picture; see :func:`foveal.boxes.anchor_sizes`.
    """
    sides = []
    for sample in dataset:
        boxes = sample.boxes[sample.trainable]
        height, width = sample.height, sample.width
        if not (height and width):
            height = width = int(np.ceil(boxes.max(initial=1)))
        boxes = clip(boxes, width, height)
        rows, columns = working_size((height, width), size)
        sides.append((boxes[:, 2:] - boxes[:, :2]) * np.array([columns / width, rows / height], np.float32))
    levels = anchor_sizes(np.concatenate(sides), strides)
    return tuple(tuple((round(float(w), 2), round(float(h), 2)) for w, h in level) for level in levels)
