"""Which proposal covers which object, and how early it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes import iou


@dataclass(frozen=True, eq=False)
class Covers:
    """How proposals cover objects.

    Attributes
    ----------
    best : ndarray of shape (M,), int64
        For each object the proposal that overlaps it most; of equals the first. -1 where none overlaps it.
    overlaps : ndarray of shape (M,), float64
        The IoU of that proposal and the object.
    thresholds : tuple of float
    first : ndarray of shape (T, M), int64
        For each threshold and object the first proposal with at least that IoU; -1 where there is none.
    """

    best: NDArray[np.int64]
    overlaps: NDArray[np.float64]
    thresholds: tuple[float, ...]
    first: NDArray[np.int64]


def cover_objects(
    boxes: ArrayLike, objects: ArrayLike, *, thresholds: Sequence[float] = (0.5, 0.7)
) -> Covers:
    """Find the proposals that cover the objects of an image.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        Proposals, best first.
    objects : array-like of shape (M, 4)
        Ground truth.
    thresholds : sequence of float, default=(0.5, 0.7)
        The IoUs from which an object counts as covered.

    Returns
    -------
    Covers
        The mean of ``overlaps`` over the objects of a data set is the best overlap that Uijlings et al.
        (2013, equation 7) average, and the share of objects with a ``first`` below n is the recall of n
        proposals.

    Examples
    --------
    >>> boxes = [[0, 0, 10, 10], [0, 0, 10, 6], [0, 0, 10, 5]]
    >>> covers = cover_objects(boxes, [[0, 0, 10, 5], [50, 50, 60, 60]])
    >>> covers.best, covers.first[0]
    (array([ 2, -1]), array([ 0, -1]))
    """
    overlaps = np.asarray(iou(boxes, objects), np.float64)
    number, objects_number = overlaps.shape
    thresholds = tuple(float(t) for t in thresholds)
    if not number or not objects_number:
        nothing = np.full(objects_number, -1, np.int64)
        first = np.tile(nothing, (len(thresholds), 1))
        return Covers(nothing, np.zeros(objects_number), thresholds, first)
    best = overlaps.argmax(axis=0)
    most = overlaps.max(axis=0)
    # Float32 boxes give an IoU of one half as 0.49999997 where sides are no whole numbers.
    reached = [overlaps >= t - 1e-6 for t in thresholds]
    first = np.array([np.where(r.any(axis=0), r.argmax(axis=0), -1) for r in reached], np.int64)
    return Covers(np.where(most > 0, best, -1), most, thresholds, first.reshape(-1, objects_number))
