"""The anchors of a network: their sizes for a data set, and all of them over an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import anchor_sizes, clip, grid_anchors
from foveal.data import Dataset
from foveal.images import box_scale, working_size
from foveal.models.parameter_checks import Range


@dataclass(frozen=True, eq=False)
class PlacedAnchors:
    """All anchors over images of one padded size.

    Attributes
    ----------
    boxes : ndarray of shape (T, 4), float32
        Level after level; of a level in the order of :func:`foveal.boxes.grid_anchors`.
    levels : list of L slices
        Where each level is among them.
    """

    boxes: NDArray[np.float32]
    levels: list[slice]


@dataclass(frozen=True)
class Anchors:
    """The anchors of every level of a pyramid (Ren et al. 2015, section 3.1.1; Lin et al. 2017, section 4.1).

    Parameters
    ----------
    sizes : tuple of L tuples of (float, float)
        For each level the widths and heights of the anchors at each place, in pixels of the working image;
        there may be none.
    strides : tuple of L ints
        Pixels between neighbouring places of a level.

    Examples
    --------
    >>> anchors = Anchors((((12.0, 12.0),), ()), (8, 16))
    >>> anchors.over((64, 32)).levels
    [slice(0, 32, None), slice(32, 32, None)]
    """

    ranges: ClassVar[dict[str, Range]] = {"strides": Range(1, 4096, whole=True, many=True)}

    sizes: tuple[tuple[tuple[float, float], ...], ...]
    strides: tuple[int, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """How many anchors a place of each level has."""
        return tuple(len(level) for level in self.sizes)

    def over(self, shape: tuple[int, int]) -> PlacedAnchors:
        """All anchors over an image of a padded shape, (rows, columns), multiples of the coarsest stride."""
        levels = [
            grid_anchors((shape[0] // stride, shape[1] // stride), stride, np.reshape(sizes, (-1, 2)))
            for stride, sizes in zip(self.strides, self.sizes, strict=True)
        ]
        starts = np.cumsum([0, *map(len, levels)]).tolist()
        return PlacedAnchors(np.concatenate(levels), [slice(*pair) for pair in pairwise(starts)])


def anchors_for(dataset: Dataset, strides: Sequence[int], size: int) -> Anchors:
    """Anchors chosen from the objects of a data set.

    Parameters
    ----------
    dataset : Dataset
        At least one object can be learned from. Images whose size is not known are left out, unless none is.
    strides : sequence of int
        Of the levels.
    size : int
        The longer side that images are brought to, in pixels.

    Returns
    -------
    Anchors
        In pixels of the working image; see :func:`foveal.boxes.anchor_sizes`.

    Raises
    ------
    ValueError
        If the data set has no image.

    Examples
    --------
    >>> from foveal.data import Sample
    >>> sample = Sample("a.jpg", 1, 100, 50, boxes=np.float32([[0, 0, 20, 10]]), labels=np.array([0]))
    >>> dataset = Dataset(".", "hand", "detection", ("cat",), (sample,))
    >>> anchors_for(dataset, (8, 16), 100).strides
    (8, 16)
    """
    sides = []
    for sample in dataset:
        boxes = sample.boxes[sample.trainable]
        height, width = sample.height, sample.width
        if not (height and width):
            height = width = int(np.ceil(boxes.max(initial=1)))
        boxes = clip(boxes, width, height)
        scale = box_scale((height, width), working_size((height, width), size))
        sides.append((boxes[:, 2:] - boxes[:, :2]) * scale[:2])
    levels = anchor_sizes(np.concatenate(sides), strides)
    sizes = tuple(tuple((round(float(w), 2), round(float(h), 2)) for w, h in level) for level in levels)
    return Anchors(sizes, tuple(strides))
