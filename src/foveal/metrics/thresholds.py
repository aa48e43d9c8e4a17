"""The score from which on a detection is believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import iou
from foveal.data import Dataset, Detections


def choose_threshold(detections: Sequence[Detections], dataset: Dataset) -> float:
    """The score from which on detections agree best with the objects: the greatest F1 at IoU 0.5.

    Parameters
    ----------
    detections : sequence of Detections
        One for each image of the data set, the most probable first.
    dataset : Dataset
        Its difficult and crowd objects do not count.

    Returns
    -------
    float
        0.5 where there is nothing to measure.
    """
    scores: list[NDArray[Any]] = []
    right: list[NDArray[Any]] = []
    for found, sample in zip(detections, dataset, strict=True):
        hits = np.zeros(len(found), bool)
        good = sample.trainable
        for label in np.unique(found.labels):
            rows = np.flatnonzero(found.labels == label)
            objects = sample.boxes[good & (sample.labels == label)]
            if len(objects):
                hits[rows] = first_hits(iou(found.boxes[rows], objects))
        scores.append(found.scores)
        right.append(hits)
    n_objects = sum(int(sample.trainable.sum()) for sample in dataset)
    if not n_objects or not any(len(s) for s in scores):
        return 0.5
    return best_threshold(np.concatenate(scores), np.concatenate(right), n_objects)


def first_hits(overlaps: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which detections, best first, are the first to overlap an object by half; (N, M) to (N,).

    Examples
    --------
    >>> first_hits(np.float32([[0.6], [0.9], [0.2]]))
    array([ True, False, False])
    """
    taken = np.zeros(overlaps.shape[1], bool)
    right = np.zeros(len(overlaps), bool)
    for i, row in enumerate(overlaps):
        m = int(row.argmax())
        if row[m] >= 0.5 and not taken[m]:
            taken[m] = right[i] = True
    return right


def best_threshold(probabilities: NDArray[np.float32], correct: NDArray[np.bool_], n_objects: int) -> float:
    """The least probability to believe, so that the F1 score over all images is greatest.

    Parameters
    ----------
    probabilities : ndarray of shape (N,), float32
    correct : ndarray of shape (N,), bool
    n_objects : int
        How many objects there were to find.

    Returns
    -------
    float
        In [0.05, 0.95]; of equally good ones the highest. 0.5 where nothing was right.

    Examples
    --------
    >>> best_threshold(np.float32([0.9, 0.6, 0.2]), np.array([True, True, False]), 2)
    0.6
    """
    if not correct.any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    right = np.cumsum(correct[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + n_objects)
    return float(np.clip(round(float(probabilities[order[int(f1.argmax())]]), 3), 0.05, 0.95))
