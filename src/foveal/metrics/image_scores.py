"""How well a detector did on each image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import BACKGROUND
from foveal.metrics._checked import GroundTruth, Results, check
from foveal.metrics.matching import best_overlaps, match_greedily


@dataclass(frozen=True, eq=False)
class ImageScore:
    """What a detector found on one image.

    Attributes
    ----------
    image_id : int or str
    true_positives, false_positives, misses : int
        Difficult and crowd objects are neither found nor missed.
    quality : float
        F1, the harmonic mean of precision and recall: ``2 TP / (2 TP + FP + misses)``. It is 1 where
        there was nothing to find and nothing was found.
    detections : ndarray of shape (D,), int64
        Positions in the results of this image's detections with a sufficient score, best first.
    matches : ndarray of shape (D,), int64
        For each of them the position in the ground truth's ``annotations`` of the object it found;
        ``foveal.boxes.BACKGROUND`` (-1) for a false positive, ``IGNORE`` (-2) for a difficult or
        crowd object.
    missed : ndarray of shape (M,), int64
        Positions in the ground truth's ``annotations`` of the objects that nothing found.
    """

    image_id: int | str
    true_positives: int
    false_positives: int
    misses: int
    quality: float
    detections: NDArray[np.int64]
    matches: NDArray[np.int64]
    missed: NDArray[np.int64]


def per_image(
    ground_truth: GroundTruth,
    results: Results,
    *,
    iou_threshold: float = 0.5,
    min_score: float = 0.3,
) -> list[ImageScore]:
    """Score each image on its own, by Pascal VOC's matching within each class.

    Parameters
    ----------
    ground_truth, results
        As in :func:`foveal.metrics.evaluate`.
    iou_threshold : float
        The overlap, in (0, 1], that makes a detection right.
    min_score : float
        Detections with a lower score are left out.

    Returns
    -------
    list of ImageScore
        One for each image, in the order of the ground truth's ``images``.

    Raises
    ------
    DataError, SettingError
        As in :func:`foveal.metrics.evaluate`.

    Examples
    --------
    >>> truth = {
    ...     "images": [{"id": 1}, {"id": 2}],
    ...     "categories": [{"id": 1, "name": "cat"}],
    ...     "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10]}],
    ... }
    >>> found = [
    ...     {"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 9], "score": 0.9},
    ...     {"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "score": 0.8},
    ... ]
    >>> [(score.image_id, round(score.quality, 3)) for score in per_image(truth, found)]
    [(1, 0.667), (2, 1.0)]
    """
    checked = check(ground_truth, results, iou_threshold=iou_threshold)
    order, matches = match_greedily(
        checked, best_overlaps(checked), iou_threshold=iou_threshold, min_score=min_score
    )
    objects = checked.objects
    missing = ~(objects.difficult | objects.crowd)
    missing[matches[matches >= 0]] = False
    found_on = _by_image(checked.found.images[order], len(checked.image_ids))
    missed_on = _by_image(objects.images[missing], len(checked.image_ids))
    missed_positions = np.flatnonzero(missing)
    scores = {}
    for image, image_id in enumerate(checked.image_ids):
        own = matches[found_on[image]]
        missed = missed_positions[missed_on[image]]
        hits, errors = int((own >= 0).sum()), int((own == BACKGROUND).sum())
        total = 2 * hits + errors + len(missed)
        scores[image_id] = ImageScore(
            image_id=image_id,
            true_positives=hits,
            false_positives=errors,
            misses=len(missed),
            quality=2 * hits / total if total else 1.0,
            detections=order[found_on[image]],
            matches=own,
            missed=missed,
        )
    return [scores[entry["id"]] for entry in ground_truth["images"]]


def _by_image(images: NDArray[np.int64], number: int) -> list[NDArray[np.int64]]:
    """For each image the positions at which it stands, in rising order."""
    order = np.argsort(images, kind="stable")
    return np.split(order, np.searchsorted(images[order], np.arange(1, number))) if number else []
