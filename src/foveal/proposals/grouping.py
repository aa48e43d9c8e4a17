"""Hierarchical grouping: the most similar neighbours are joined until one region is left."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.proposals.regions import Regions
from foveal.proposals.scratch import scratch


@dataclass(frozen=True, eq=False)
class Grouping:
    """What joining the regions of a segmentation gave.

    Attributes
    ----------
    boxes : ndarray of shape (2 N - 1, 4), int32
        Rows 0 … N - 1 are the first regions, row N + i is what the i-th joining made.
    sizes : ndarray of shape (2 N - 1,), int32
        In pixels.
    joined : ndarray of shape (N - 1, 2), int32
        The two regions that were joined each time, the older first.
    similarities : ndarray of shape (N - 1,), float32
        How similar they were.
    """

    boxes: NDArray[np.int32]
    sizes: NDArray[np.int32]
    joined: NDArray[np.int32]
    similarities: NDArray[np.float32]


def group(regions: Regions, letters: str, size_image: int) -> Grouping:
    """Join the most similar neighbouring regions, again and again (Uijlings et al. 2013, algorithm 1).

    Parameters
    ----------
    regions : Regions
        Of a segmentation: each can be reached from each through neighbours.
    letters : str
        Which similarities are added up (equation 6); see :mod:`foveal.proposals.similarities`.
    size_image : int
        In pixels.

    Returns
    -------
    Grouping
        Of equally similar pairs the one whose younger region is older is joined first, then the one whose
        older region is older. One region alone is its own hierarchy.
    """
    from foveal.proposals import _grouping_kernels as kernels

    first = 0 if "C" in letters else regions.color_columns
    last = regions.histograms.shape[1] if "T" in letters else regions.color_columns
    number, columns = len(regions.sizes), max(0, last - first)
    histograms = scratch("histograms", (2 * number - 1, columns), np.float32)
    histograms[:number] = regions.histograms[:, first : first + columns]
    sizes, boxes = np.empty(2 * number - 1, np.int32), np.empty((2 * number - 1, 4), np.int32)
    sizes[:number] = regions.sizes
    boxes[:number] = regions.boxes
    joined, similarities = np.empty((number - 1, 2), np.int32), np.empty(number - 1, np.float32)
    pairs = max(64, 6 * len(regions.pairs))
    room = (
        np.empty((7, 2 * number), np.int32),
        np.empty(2 << (2 * number - 2).bit_length(), np.float32),
        np.empty(pairs, np.int32),
        np.empty(pairs, np.float32),
        np.empty(pairs, np.int32),
        np.empty(pairs, np.int32),
    )
    similar = ("S" in letters, "F" in letters)
    kernels.group(sizes, boxes, histograms, regions.pairs, *similar, size_image, joined, similarities, room)
    return Grouping(boxes, sizes, joined, similarities)
