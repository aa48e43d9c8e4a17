"""What proposals show: labels by their overlap with the annotated objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes import match
from foveal.errors import SettingError

#: The overlaps of Uijlings et al. (2013)'s difficult negatives.
DIFFICULT = (0.2, 0.5)


@dataclass(frozen=True, eq=False)
class Labelled:
    """What each proposal of an image shows.

    Attributes
    ----------
    labels : ndarray of shape (N,), int64
        Its class, or ``BACKGROUND`` (-1), or ``IGNORE`` (-2).
    ious : ndarray of shape (N,), float32
        The best overlap with any object that is not ignored; 0 where there is none.
    """

    labels: NDArray[np.int64]
    ious: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)


def label_proposals(
    boxes: ArrayLike,
    objects: ArrayLike,
    labels: ArrayLike,
    *,
    positive: float = 0.7,
    negative: float = 0.3,
    difficult: tuple[float, float] | None = None,
    ignored: ArrayLike | None = None,
) -> Labelled:
    """Label the proposals of an image by their IoU with its objects.

    A proposal is of the class of the object that it overlaps most where that IoU is at least
    ``positive``, background where it is below ``negative``, and to be ignored between.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        Proposals: ``x1, y1, x2, y2`` in pixels.
    objects : array-like of shape (M, 4)
        The annotated objects of the image; there may be none.
    labels : array-like of shape (M,), int
        Their classes.
    positive, negative : float
        IoU from which a proposal shows an object, and below which it shows none.
    difficult : tuple of float, optional
        ``(lowest, highest)``: only proposals with ``lowest <= IoU < highest`` are background, instead of
        all below ``negative``. Selective search trains its classifiers on ``(0.2, 0.5)`` (Uijlings et al.
        2013, section 5): what nearly shows an object teaches more than a piece of sky.
    ignored : array-like of shape (M,), bool, optional
        Objects that count neither way (difficult, crowd): no proposal gets their class, and those that
        overlap one of them by ``negative`` (or ``highest``) or more are no background.

    Returns
    -------
    Labelled
        Of objects with equal IoU the first counts.

    Raises
    ------
    SettingError
        If the thresholds are not in order: ``0 <= negative <= positive <= 1``, ``positive`` above 0, and
        ``lowest <= highest`` in the place of ``negative``.
    ValueError
        If a shape is wrong.

    See Also
    --------
    foveal.boxes.match : the same with the object's number in the place of its class.

    Examples
    --------
    >>> boxes = [[0, 0, 10, 9], [0, 0, 10, 4], [50, 50, 60, 60]]
    >>> label_proposals(boxes, [[0, 0, 10, 10]], [3]).labels
    array([ 3, -2, -1])
    >>> label_proposals(boxes, [[0, 0, 10, 10]], [3], difficult=(0.2, 0.5)).labels
    array([ 3, -1, -2])
    """
    floor, ceiling = (0.0, negative) if difficult is None else difficult
    if not (0 <= floor <= ceiling <= positive <= 1 and positive > 0):
        spelt = f"negative={negative}" if difficult is None else f"difficult={tuple(difficult)}"
        raise SettingError(
            "Overlaps are from 0 to 1, and proposals without an object overlap less than those with one; "
            f"got positive={positive} and {spelt}."
        )
    classes = np.asarray(labels, np.int64).reshape(-1)
    truth = np.asarray(objects, np.float32).reshape(-1, 4)
    if len(classes) != len(truth):
        raise ValueError(f"There is one label for each object; got {len(classes)} for {len(truth)}.")
    matches = match(
        np.asarray(boxes, np.float32).reshape(-1, 4),
        truth,
        foreground=positive,
        background=ceiling,
        background_floor=floor,
        ignore=ignored,
    )
    found = matches.indices.copy()
    found[matches.foreground] = classes[matches.indices[matches.foreground]]
    return Labelled(found, matches.ious)
