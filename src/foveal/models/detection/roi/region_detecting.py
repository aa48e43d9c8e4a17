"""From what the head says of regions to detections: moved boxes, looked at again, suppressed and voted on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import clip, decode, iou, nms
from foveal.models.detection.settings import HEAD_WEIGHTS
from foveal.nn import softmax

#: Logits, (R, K + 1), and deltas, (R, K, 4), of regions, (R, 4), in pixels of the working picture.
Head = Callable[[NDArray[np.float32]], tuple[NDArray[Any], NDArray[Any]]]

# Less probable boxes are not looked at again.
_WORTH_A_LOOK = 0.05
# The least side of a box, in pixels of the working picture.
_LEAST_SIDE = 1.0


@dataclass(frozen=True, eq=False)
class RegionCourse:
    """How regions became detections.

    Attributes
    ----------
    probabilities : ndarray of shape (R, K + 1), float32
        What the head says of each region at first, the background last.
    deltas : ndarray of shape (R, K, 4)
        How it would move them.
    boxes : ndarray of shape (Q, 4), float32
        What became of the probable ones, before suppression.
    scores : ndarray of shape (Q,), float32
    labels : ndarray of shape (Q,), int64
    regions : ndarray of shape (Q,), int64
        Where each came from.
    kept : ndarray of shape (D,), int64
        Those left, the most probable first.
    final : ndarray of shape (D, 4), float32
        Their boxes after the vote.
    """

    probabilities: NDArray[np.float32]
    deltas: NDArray[Any]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    regions: NDArray[np.int64]
    kept: NDArray[np.int64]
    final: NDArray[np.float32]


def detect_regions(
    head: Head,
    regions: NDArray[np.float32],
    size: tuple[int, int],
    *,
    refinements: int = 1,
    nms_threshold: float = 0.5,
    vote: float = 0.7,
    min_score: float = 0.005,
    max_detections: int = 100,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """The detections of one picture.

    Every region becomes a box of every class that is probable enough. Probable boxes are regions once more:
    they are moved again, and their probability is the mean of what was said of them (iterative localisation).
    Class by class the best box of those that overlap stays, and is brought to the mean of those that nearly
    agree with it, weighted by their probabilities (box voting).

    Parameters
    ----------
    head : callable
    regions : ndarray of shape (R, 4), float32
    size : (int, int)
        Rows and columns of the working picture.
    refinements : int, default=1
        How often boxes are looked at again.
    nms_threshold : float, default=0.5
    vote : float, default=0.7
        Boxes that overlap the best one by this IoU have a vote; 1 for no voting.
    min_score : float, default=0.005
    max_detections : int, default=100

    Returns
    -------
    boxes : ndarray of shape (D, 4), float32
        In pixels of the working picture.
    scores : ndarray of shape (D,), float32
        Probabilities, falling.
    labels : ndarray of shape (D,), int64

    References
    ----------
    Gidaris and Komodakis, "Object detection via a multi-region & semantic segmentation-aware CNN model",
    ICCV 2015, sections 5 and 5.1.
    """
    course = follow_regions(
        head,
        regions,
        size,
        refinements=refinements,
        nms_threshold=nms_threshold,
        vote=vote,
        min_score=min_score,
        max_detections=max_detections,
    )
    return course.final, course.scores[course.kept], course.labels[course.kept]


def follow_regions(
    head: Head,
    regions: NDArray[np.float32],
    size: tuple[int, int],
    *,
    refinements: int,
    nms_threshold: float,
    vote: float,
    min_score: float,
    max_detections: int,
) -> RegionCourse:
    """What :func:`detect_regions` does, with all that came between."""
    logits, first = head(regions)
    every = softmax(logits)
    deltas, probabilities = first, every[:, :-1]
    rows, labels = np.nonzero(probabilities >= min_score)
    scores = probabilities[rows, labels].astype(np.float32)
    boxes = _moved(regions[rows], deltas[rows, labels], size)
    for turn in range(refinements):
        again = np.flatnonzero((scores >= _WORTH_A_LOOK) & _large(boxes))
        if not len(again):
            break
        logits, deltas = head(boxes[again])
        said = softmax(logits)[np.arange(len(again)), labels[again]]
        boxes[again] = _moved(boxes[again], deltas[np.arange(len(again)), labels[again]], size)
        scores[again] += (said - scores[again]) / np.float32(turn + 2)
    there = np.flatnonzero(_large(boxes))
    boxes, scores, labels, rows = boxes[there], scores[there], labels[there].astype(np.int64), rows[there]
    kept = nms(boxes, scores, nms_threshold, labels)[:max_detections]
    final = boxes[kept] if vote >= 1 else _voted(kept, boxes, scores, labels, vote)
    return RegionCourse(every, first, boxes, scores, labels, rows, kept, final)


def _moved(boxes: NDArray[np.float32], deltas: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    moved = clip(decode(boxes, deltas, HEAD_WEIGHTS), size[1], size[0])
    return np.asarray(moved, np.float32)


def _large(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray((boxes[:, 2:] - boxes[:, :2] >= _LEAST_SIDE).all(axis=1))


def _voted(
    kept: NDArray[np.int64],
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    labels: NDArray[np.int64],
    least: float,
) -> NDArray[np.float32]:
    final = boxes[kept].copy()
    for label in np.unique(labels[kept]):
        mine = np.flatnonzero(labels[kept] == label)
        voters = np.flatnonzero(labels == label)
        overlaps = iou(final[mine], boxes[voters])
        weights = np.where(overlaps >= least, scores[voters], 0).astype(np.float64)
        final[mine] = (weights @ boxes[voters]) / weights.sum(axis=1, keepdims=True)
    return final
