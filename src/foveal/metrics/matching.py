"""Which detection found which object: the greedy matching of the Pascal VOC development kit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import BACKGROUND, IGNORE, iou
from foveal.metrics._checked import Checked


@dataclass(frozen=True, eq=False)
class Overlaps:
    """For each detection, the object of its own image and class that it overlaps best.

    Attributes
    ----------
    best : ndarray of shape (D,), int64
        Position of the object, of the first one where several overlap equally; -1 where the image
        has no object of the class.
    ious : ndarray of shape (D,), float64
        The overlap with it.
    """

    best: NDArray[np.int64]
    ious: NDArray[np.float64]


def best_overlaps(checked: Checked) -> Overlaps:
    """Overlaps of every detection with the objects of its image and class, difficult ones included."""
    objects, found = checked.objects, checked.found
    best = np.full(len(found), BACKGROUND, np.int64)
    ious = np.zeros(len(found))
    object_boxes, found_boxes = _corners(objects.xywh), _corners(found.xywh)
    groups = _groups(objects.images * len(checked.classes) + objects.labels)
    for key, detections in _groups(found.images * len(checked.classes) + found.labels).items():
        candidates = groups.get(key)
        if candidates is not None:
            overlaps = iou(found_boxes[detections], object_boxes[candidates])
            first = overlaps.argmax(axis=1)
            best[detections] = candidates[first]
            ious[detections] = overlaps[np.arange(len(detections)), first]
    return Overlaps(best, ious)


def match_greedily(
    checked: Checked,
    overlaps: Overlaps,
    *,
    iou_threshold: float = 0.5,
    min_score: float = -np.inf,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Match detections to objects as the Pascal VOC development kit does.

    The detections come in the order of their scores, best first; equal scores keep the order of the
    results. Each looks at the one object of its image and class that it overlaps best. Where the
    overlap reaches the threshold: a difficult or crowd object makes the detection ignored, an object
    that no detection took before is found, and one already taken makes it a false positive. All
    other detections are false positives.

    Parameters
    ----------
    checked : Checked
    overlaps : Overlaps
        Of the same `checked`.
    iou_threshold : float
        In (0, 1]; an overlap equal to it is enough.
    min_score : float
        Detections with a lower score are left out.

    Returns
    -------
    order : ndarray of shape (D',), int64
        Positions of the detections, best first over all images and classes.
    matches : ndarray of shape (D',), int64
        For each of them the position of the object it found, ``BACKGROUND`` (-1) for a false positive
        or ``IGNORE`` (-2) for a detection of a difficult or crowd object.

    References
    ----------
    M. Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", IJCV 88, 2010, section
    4.4, and ``VOCevaldet.m`` of its development kit.
    """
    order = np.argsort(-checked.found.scores, kind="stable")
    order = order[checked.found.scores[order] >= min_score]
    candidates = overlaps.best[order]
    matches = np.full(len(order), BACKGROUND, np.int64)
    hits = np.flatnonzero((candidates != BACKGROUND) & (overlaps.ious[order] >= iou_threshold))
    ignored = (checked.objects.difficult | checked.objects.crowd)[candidates[hits]]
    matches[hits[ignored]] = IGNORE
    hits = hits[~ignored]
    # The object that a detection looks at does not depend on what was taken before, so the first of
    # those that look at the same object has it.
    taken, first = np.unique(candidates[hits], return_index=True)
    matches[hits[first]] = taken
    return order, matches


def _corners(xywh: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)


def _groups(keys: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """Positions of each key, in rising order."""
    order = np.argsort(keys, kind="stable")
    unique, starts = np.unique(keys[order], return_index=True)
    return {int(k): part for k, part in zip(unique, np.split(order, starts[1:]), strict=False)}
