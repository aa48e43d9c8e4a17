"""Why average precision is lost: TIDE's types of error."""

from __future__ import annotations

from dataclasses import dataclass

from foveal.metrics._checked import GroundTruth, Results, check, coco_evaluator

TIDE_TYPES = {
    "Cls": "right place, wrong class",
    "Loc": "right class, overlap too small",
    "Both": "wrong class and overlap too small",
    "Dupe": "an object found a second time",
    "Bkg": "background taken for an object",
    "Miss": "an object that nothing found",
}
"""The types of error and what they mean, in the order of the paper's figures."""


@dataclass(frozen=True)
class TideErrors:
    """How much AP50 each type of error costs.

    Attributes
    ----------
    ap : float
        Average precision at the matching threshold, in [0, 1]; the mean over classes with ground truth,
        0 where there is none.
    losses : dict of str to float
        For each key of :data:`TIDE_TYPES`, how much `ap` would rise were the errors of this type
        mended, all else equal. They do not add up to ``1 - ap``.
    counts : dict of str to int
        The number of errors of each type.
    false_positives, false_negatives : float
        How much `ap` would rise were there no false positives, or no missed objects, of any type.
    """

    ap: float
    losses: dict[str, float]
    counts: dict[str, int]
    false_positives: float
    false_negatives: float


def tide(ground_truth: GroundTruth, results: Results) -> TideErrors:
    """Sort a detector's errors into TIDE's six types.

    A match needs IoU 0.5; below 0.1 a detection is background. At most 100 detections an image
    and class count, as in COCO's AP; difficult objects count like others.

    Parameters
    ----------
    ground_truth, results
        As in :func:`foveal.metrics.evaluate`.

    Returns
    -------
    TideErrors

    Raises
    ------
    DataError
        As in :func:`foveal.metrics.evaluate`.

    References
    ----------
    D. Bolya et al., "TIDE: A General Toolbox for Identifying Object Detection Errors", ECCV 2020.

    Examples
    --------
    >>> owl = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10]}
    >>> classes = [{"id": 1, "name": "owl"}]
    >>> truth = {"images": [{"id": 1}], "categories": classes, "annotations": [owl]}
    >>> found = [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 4], "score": 0.9}]
    >>> tide(truth, found).counts["Loc"]
    1
    """
    checked = check(ground_truth, results)
    if not checked.classes or not checked.image_ids:
        return TideErrors(0.0, dict.fromkeys(TIDE_TYPES, 0.0), dict.fromkeys(TIDE_TYPES, 0), 0.0, 0.0)
    evaluator = coco_evaluator(checked)
    evaluator.evaluate()
    errors = evaluator.tide_errors()
    return TideErrors(
        ap=float(errors["ap_base"]),
        losses={key: float(errors["delta_ap"][key]) for key in TIDE_TYPES},
        counts={key: int(errors["counts"][key]) for key in TIDE_TYPES},
        false_positives=float(errors["delta_ap"]["FP"]),
        false_negatives=float(errors["delta_ap"]["FN"]),
    )
