"""What precision and recall come to at each score that detections may be believed from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import IGNORE
from foveal.errors import SettingError
from foveal.metrics._checked import GroundTruth, Results, check
from foveal.metrics.matching import best_overlaps, match_greedily

# A threshold is told, and set, with so many decimals.
_GRID = 10_000


@dataclass(frozen=True, eq=False)
class OperatingPoints:
    """Precision, recall and F1 of the detections that reach a score, over all classes together.

    Attributes
    ----------
    thresholds : ndarray of shape (T,), float64
        Rising, of four decimals; each keeps fewer detections than the one before. Empty where there are no
        detections.
    precision, recall, f1 : ndarray of shape (T,), float64
        Of the detections from that score on; those of difficult or crowd objects are left out.
    right, false : ndarray of shape (T,), int64
        How many there are.
    objects : int
        How many there were to find.
    """

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    right: NDArray[np.int64]
    false: NDArray[np.int64]
    objects: int

    def at(self, threshold: float) -> int | None:
        """The position of the point where detections are believed from a score on; None beyond the last.

        Examples
        --------
        >>> operating_points_of([0.9, 0.4], [True, False], 2).at(0.5)
        1
        """
        position = int(np.searchsorted(self.thresholds, threshold - 0.5 / _GRID))
        return position if position < len(self.thresholds) else None


def operating_points(
    ground_truth: GroundTruth, results: Results, *, iou_threshold: float = 0.5
) -> OperatingPoints:
    """Precision, recall and F1 for each score that detections may be believed from.

    Parameters
    ----------
    ground_truth, results
        As in :func:`foveal.metrics.evaluate`.
    iou_threshold : float
        The overlap, in (0, 1], that makes a detection right, by Pascal VOC's matching.

    Returns
    -------
    OperatingPoints

    Raises
    ------
    DataError, SettingError
        As in :func:`foveal.metrics.evaluate`.

    Examples
    --------
    >>> truth = {
    ...     "images": [{"id": 1}],
    ...     "categories": [{"id": 1, "name": "cat"}],
    ...     "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10]}],
    ... }
    >>> found = [
    ...     {"image_id": 1, "category_id": 1, "bbox": [30, 0, 10, 10], "score": 0.3},
    ...     {"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "score": 0.8},
    ... ]
    >>> points = operating_points(truth, found)
    >>> points.thresholds.tolist(), points.precision.tolist(), points.recall.tolist()
    ([0.3, 0.8], [0.5, 1.0], [1.0, 1.0])
    """
    checked = check(ground_truth, results, iou_threshold=iou_threshold)
    order, matches = match_greedily(checked, best_overlaps(checked), iou_threshold=iou_threshold)
    counted = matches != IGNORE
    objects = int((~(checked.objects.difficult | checked.objects.crowd)).sum())
    return operating_points_of(checked.found.scores[order][counted], matches[counted] >= 0, objects)


def operating_points_of(
    scores: Sequence[float] | NDArray[np.float64], right: Sequence[bool] | NDArray[np.bool_], objects: int
) -> OperatingPoints:
    """The same of detections that are matched already.

    Parameters
    ----------
    scores : array-like of shape (D,)
    right : array-like of shape (D,), bool
        Whether each found an object that no surer one had found.
    objects : int
        How many there were to find.
    """
    values, hits = np.asarray(scores, np.float64), np.asarray(right, bool)
    order = np.argsort(-values, kind="stable")
    values, found = values[order], np.cumsum(hits[order])
    # The score itself, as far as it is below: a threshold must not leave out what it was taken from.
    thresholds = np.unique(np.minimum(np.floor(values * _GRID + 1e-6), _GRID - 1) / _GRID)
    number = np.searchsorted(-values, -(thresholds - 1e-9), side="right")
    hits_at = found[number - 1] if len(number) else np.zeros(0, np.int64)
    return OperatingPoints(
        thresholds=thresholds,
        precision=hits_at / np.maximum(number, 1),
        recall=hits_at / max(objects, 1),
        f1=2 * hits_at / np.maximum(number + objects, 1),
        right=hits_at.astype(np.int64),
        false=(number - hits_at).astype(np.int64),
        objects=objects,
    )


def threshold_for(
    points: OperatingPoints, *, precision: float | None = None, recall: float | None = None
) -> float:
    """The score to believe detections from, so that a precision or a recall is reached.

    Parameters
    ----------
    points : OperatingPoints
    precision : float, optional
        At least so many of the detections shall be right, in (0, 1]. Of the thresholds that do, the one of
        the highest recall is taken.
    recall : float, optional
        At least so many of the objects shall be found, in (0, 1]. Of the thresholds that do, the one of the
        highest precision is taken.

    Returns
    -------
    float

    Raises
    ------
    SettingError
        If none or both are asked for, one is outside its range, or no threshold reaches it; the sentence says
        how much can be reached.

    Examples
    --------
    >>> points = operating_points_of([0.9, 0.6, 0.4], [True, False, True], 2)
    >>> threshold_for(points, precision=0.6), threshold_for(points, recall=0.5)
    (0.4, 0.9)
    """
    if (precision is None) == (recall is None):
        raise SettingError("Ask for a precision or for a recall, one of the two.")
    name = "precision" if recall is None else "recall"
    wanted = precision if recall is None else recall
    if wanted is None or not 0 < wanted <= 1:
        raise SettingError(f"A {name} is above 0 and at most 1; got {wanted}.")
    if not points.objects or not points.right.any():
        raise SettingError("No detection is right here: there is no threshold to choose.")
    reached, other = (
        (points.precision, points.recall) if recall is None else (points.recall, points.precision)
    )
    # Shares of whole numbers: .9 is reached by 9 of 10.
    enough = np.flatnonzero(reached >= wanted - 1e-12)
    if not len(enough):
        most = int(reached.argmax())
        raise SettingError(
            f"No threshold gives a {name} of {wanted:g} here: the most is "
            f"{np.floor(reached[most] * 1000) / 1000:g}, from a score of {points.thresholds[most]:g} on."
        )
    best = enough[other[enough] == other[enough].max()]
    # Of equally good ones the highest precision, or the highest threshold.
    chosen = best[int(reached[best].argmax())] if recall is None else best[-1]
    return float(points.thresholds[chosen])
