"""Who is foreground: which object each box stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes._arrays import as_boxes, as_column
from foveal.boxes.overlap import columns
from foveal.compiling import ready

BACKGROUND = -1
"""Stands where a class or an object would be numbered: nothing is there."""

IGNORE = -2
"""Stands where a class or an object would be numbered: it counts neither way."""


@dataclass(frozen=True, eq=False)
class Matches:
    """The object of each box.

    Attributes
    ----------
    indices : ndarray of shape (N,), int64
        The matched object's row in the ground truth, or ``BACKGROUND`` (-1), or ``IGNORE`` (-2).
    ious : ndarray of shape (N,), float32
        The best overlap of each box with any object that is not ignored; 0 where there is none.
        float64 where the boxes were.
    """

    indices: NDArray[np.int64]
    ious: NDArray[Any]

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def foreground(self) -> NDArray[np.bool_]:
        """Which boxes have an object: a mask of shape (N,)."""
        return np.asarray(self.indices >= 0)

    @property
    def background(self) -> NDArray[np.bool_]:
        """Which boxes are background: a mask of shape (N,)."""
        return np.asarray(self.indices == BACKGROUND)


def match(
    boxes: ArrayLike,
    ground_truth: ArrayLike,
    *,
    foreground: float = 0.5,
    background: float | None = None,
    background_floor: float = 0.0,
    force_best: bool = False,
    ignore: ArrayLike | None = None,
) -> Matches:
    """Say of every box (a proposal, an anchor) which object it stands for, if any.

    With ``best`` the highest IoU of a box with an object that is not ignored, the box is

    - foreground, of the object with that IoU, where ``best >= foreground``;
    - background where ``background_floor <= best < background``;
    - to be ignored otherwise.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels, half-open.
    ground_truth : array-like of shape (M, 4)
        The objects of the same image. There may be none: then every box is background, or to be
        ignored where ``background_floor`` is above 0.
    foreground : float, default=0.5
    background : float, optional
        By default the same as ``foreground``, so that nothing lies between.
    background_floor : float, default=0.0
        Above 0 it leaves only the difficult negatives, such as R-CNN's between 0.1 and 0.5.
    force_best : bool, default=False
        Also make the best box of every object its foreground, however little it overlaps, as
        long as it does; all of them where several share the highest IoU (Faster R-CNN, section
        3.1.2, rule i). A box that is the best of several objects goes to the one it overlaps most.
    ignore : array-like of shape (M,), bool, optional
        Objects that count neither way (difficult, crowd). None of them is matched, and a box which is not
        foreground is ignored where its IoU with one of them is at least ``background``.

    Returns
    -------
    Matches
        Of equal overlaps the object with the lower index is taken.

    Raises
    ------
    ValueError
        If a shape is wrong or not ``0 <= background_floor <= background <= foreground <= 1`` with
        ``foreground`` above 0.

    References
    ----------
    Girshick et al. 2014, section 2.3; Ren et al., "Faster R-CNN", NeurIPS 2015, section 3.1.2.

    Examples
    --------
    >>> boxes = [[0, 0, 10, 10], [0, 0, 10, 4], [50, 50, 60, 60]]
    >>> match(boxes, [[0, 0, 10, 10]], foreground=0.5, background=0.3).indices
    array([ 0, -2, -1])
    """
    boxes, objects = as_boxes(boxes), as_boxes(ground_truth, "ground_truth")
    if background is None:
        background = foreground
    if not (0 <= background_floor <= background <= foreground <= 1 and foreground > 0):
        raise ValueError(
            "the thresholds must satisfy 0 <= background_floor <= background <= foreground <= 1 and "
            f"foreground > 0; they are {background_floor}, {background} and {foreground}."
        )
    ignored = np.zeros(len(objects), bool)
    if ignore is not None:
        ignored = as_column(ignore, len(objects), "ignore", bool)
    counted = np.flatnonzero(~ignored)
    best, which, claim, claimant = _search(boxes, objects[counted], force_best)
    indices = np.full(len(boxes), IGNORE, np.int64)
    indices[(best >= background_floor) & (best < background)] = BACKGROUND
    if ignored.any():
        indices[_search(boxes, objects[ignored], False)[0] >= background] = IGNORE
    is_foreground = np.flatnonzero(best >= foreground)
    indices[is_foreground] = counted[which[is_foreground]]
    is_claimed = np.flatnonzero(claim > 0)
    indices[is_claimed] = counted[claimant[is_claimed]]
    return Matches(indices, best)


def _search(boxes: NDArray[Any], objects: NDArray[Any], force_best: bool) -> tuple[NDArray[Any], ...]:
    """The highest overlap of each box and its object; then the same of overlaps that are an object's highest.

    The latter two are empty without ``force_best``.
    """
    ready("foveal.boxes.")
    from foveal.boxes._overlap_kernels import best_objects

    dtype = np.result_type(boxes, objects)
    a, b = columns(boxes, dtype), columns(objects, dtype)
    highest = np.empty(len(objects), dtype)
    best, which = np.empty(len(boxes), dtype), np.empty(len(boxes), np.int32)
    best_objects(a, b, False, highest, best, which)
    if not force_best:
        return best, which, best[:0], which[:0]
    claim, claimant = np.empty_like(best), np.empty_like(which)
    best_objects(a, b, True, highest, claim, claimant)
    return best, which, claim, claimant
