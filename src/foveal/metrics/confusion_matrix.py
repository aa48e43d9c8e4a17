"""What is taken for what: confusion matrices of detectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.metrics._checked import GroundTruth, Results, check, coco_evaluator


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """Counts of true classes (rows) against predicted ones (columns).

    Attributes
    ----------
    matrix : ndarray of shape (C, C), int64
    classes : tuple of str
        The C names of rows and columns. Detectors have ``"background"`` as the last: its row holds
        detections of nothing, its column objects that were missed.
    """

    matrix: NDArray[np.int64]
    classes: tuple[str, ...]

    @property
    def normalized(self) -> NDArray[np.float64]:
        """The matrix with each row divided by its sum; rows without anything stay 0.

        Returns
        -------
        ndarray of shape (C, C), float64
        """
        total = self.matrix.sum(axis=1, keepdims=True)
        shares: NDArray[np.float64] = self.matrix / np.maximum(total, 1)
        return shares


def confusion(
    ground_truth: GroundTruth,
    results: Results,
    *,
    iou_threshold: float = 0.5,
    min_score: float = 0.3,
) -> ConfusionMatrix:
    """Confusion matrix of a detector, with a background row and column.

    Detections are matched to the objects of their image whatever their class, best score first, each to
    the free object it overlaps best.

    Parameters
    ----------
    ground_truth, results
        As in :func:`foveal.metrics.evaluate`.
    iou_threshold : float
        The overlap, in (0, 1], that makes a match.
    min_score : float
        Detections with a lower score are left out: a matrix describes a detector at work, with its
        doubtful detections dropped.

    Returns
    -------
    ConfusionMatrix
        Of shape (K + 1, K + 1). Difficult objects count like others. Crowd regions are nobody's match:
        a detection on one counts as a detection of background.

    Raises
    ------
    DataError, SettingError
        As :func:`foveal.metrics.evaluate`.

    Examples
    --------
    >>> cat, dog = ({"id": k, "name": name} for k, name in ((1, "cat"), (2, "dog")))
    >>> truth = {
    ...     "images": [{"id": 1}],
    ...     "categories": [cat, dog],
    ...     "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10]}],
    ... }
    >>> found = [{"image_id": 1, "category_id": 2, "bbox": [0, 0, 10, 9], "score": 0.9}]
    >>> confusion(truth, found).matrix
    array([[0, 1, 0],
           [0, 0, 0],
           [0, 0, 0]])
    """
    checked = check(ground_truth, results, iou_threshold=iou_threshold)
    names = (*checked.classes, "background")
    if not checked.classes or not checked.image_ids:
        return ConfusionMatrix(np.zeros((len(names), len(names)), np.int64), names)
    found = coco_evaluator(checked).confusion_matrix(
        iou_thr=iou_threshold, max_det=max(len(checked.found), 1), min_score=min_score
    )
    return ConfusionMatrix(np.asarray(found["matrix"]).astype(np.int64), names)
