"""Average precision and recall of detectors, by the protocols of COCO and Pascal VOC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import IGNORE
from foveal.errors import SettingError
from foveal.metrics._checked import Checked, GroundTruth, Results, check, coco_evaluator
from foveal.metrics.matching import Overlaps, best_overlaps, match_greedily

Protocol = Literal["coco", "voc", "voc07"]
# COCO's ranges of area, after that of all.
_SIZES = ("small", "medium", "large")


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """How precision falls as recall rises, for one class.

    Attributes
    ----------
    recall, precision : ndarray of shape (D,), float64
        After each detection, best first; detections of difficult or crowd objects are left out.
    scores : ndarray of shape (D,), float64
        The score of that detection.
    average_precision : float
        The area under the curve by Pascal VOC's every-point rule.
    """

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    scores: NDArray[np.float64]
    average_precision: float


def evaluate(
    ground_truth: GroundTruth,
    results: Results,
    *,
    protocol: Protocol = "coco",
    iou_threshold: float = 0.5,
) -> dict[str, float]:
    """Average precision and recall of detections.

    Parameters
    ----------
    ground_truth : dict
        The content of a COCO annotation file, or :meth:`foveal.data.Dataset.to_coco`. Every one of
        its images counts, those without objects and without detections too.
    results : list of dict
        COCO's results format: ``image_id``, ``category_id``, ``bbox`` (``x, y, width, height`` in
        pixels) and ``score``. It may be empty.
    protocol : {"coco", "voc", "voc07"}
        ``"coco"``: mean over IoU thresholds .50:.05:.95, 101 recall points, at most 100 detections an
        image and class. Objects marked ``difficult`` count like others; crowd regions absorb detections.
        ``"voc"``: the devkit's greedy matching and the exact area under the precision-recall curve
        (2010 and later). ``"voc07"``: the same matching, precision at 11 recalls,
        ``numpy.linspace(0, 1, 11)``. In both, difficult and crowd objects are neither found nor missed.
    iou_threshold : float
        The overlap, in (0, 1], that makes a detection right, for ``"voc"`` and ``"voc07"``.

    Returns
    -------
    dict of str to float
        Always the counts ``images``, ``ground_truths`` (objects that can be found or missed under the
        protocol) and ``detections``. Under COCO ``AP``, ``AP50``, ``AP75``, ``APsmall``, ``APmedium``,
        ``APlarge``, ``AR1``, ``AR10``, ``AR100``, ``ARsmall``, ``ARmedium``, ``ARlarge``, ``AP/<class>`` and
        ``AP50/<class>``. Under VOC ``AP50`` at IoU 0.5, ``AP`` at `iou_threshold`, the same under
        its own name (``AP30``, ``AP75``) where it is not 0.5, and each followed by ``/<class>``.
        Means are over the classes that have ground truth. What has no ground truth (a class, or
        COCO's small objects where there are none) has no key; without any ground truth the counts
        are all there is.

    Raises
    ------
    DataError
        If the ground truth or an entry of the results is malformed, or an entry speaks of an image
        or a category that the ground truth does not have.
    SettingError
        If the protocol is none of the three, the threshold is outside (0, 1], or a threshold is
        asked of ``"coco"``, which has its own.

    Notes
    -----
    Equal scores: COCO takes detections by image id, then in the order of the results; VOC in the
    order of the results. Equal overlaps: VOC takes the first object. An overlap equal to the
    threshold is enough. Boxes of no area overlap nothing.

    References
    ----------
    T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014, and its evaluation code.
    M. Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", IJCV 88, 2010,
    section 4.2.

    Examples
    --------
    >>> truth = {
    ...     "images": [{"id": 1}],
    ...     "categories": [{"id": 1, "name": "cat"}],
    ...     "annotations": [
    ...         {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10]},
    ...         {"id": 2, "image_id": 1, "category_id": 1, "bbox": [50, 0, 10, 10]},
    ...     ],
    ... }
    >>> found = [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 8], "score": 0.9}]
    >>> figures = evaluate(truth, found, protocol="voc")
    >>> round(figures["AP50"], 6), round(figures["AP50/cat"], 6), figures["ground_truths"]
    (0.5, 0.5, 2)
    """
    if protocol not in ("coco", "voc", "voc07"):
        raise SettingError(f"there is no protocol {protocol!r}: choose coco, voc or voc07")
    if protocol == "coco" and iou_threshold != 0.5:
        raise SettingError("the coco protocol has its own IoU thresholds: give one to voc or voc07 only")
    checked = check(ground_truth, results, iou_threshold=iou_threshold)
    counted = ~checked.objects.crowd
    if protocol != "coco":
        counted &= ~checked.objects.difficult
    counts: dict[str, float] = {
        "images": len(checked.image_ids),
        "ground_truths": int(counted.sum()),
        "detections": len(checked.found),
    }
    if not counts["ground_truths"]:
        return counts
    if protocol == "coco":
        return _coco_figures(checked) | counts
    return _voc_figures(checked, eleven_points=protocol == "voc07", iou_threshold=iou_threshold) | counts


def pr_curves(
    ground_truth: GroundTruth, results: Results, *, iou_threshold: float = 0.5
) -> dict[str, PrecisionRecall]:
    """Precision against recall for each class, by Pascal VOC's matching.

    Parameters
    ----------
    ground_truth, results
        As in :func:`evaluate`.
    iou_threshold : float
        In (0, 1].

    Returns
    -------
    dict of str to PrecisionRecall
        For each class with ground truth, in the order of the categories. A class without detections
        has empty curves and an average precision of 0.

    Raises
    ------
    DataError, SettingError
        As in :func:`evaluate`.

    Examples
    --------
    >>> truth = {
    ...     "images": [{"id": 1}],
    ...     "categories": [{"id": 1, "name": "cat"}],
    ...     "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10]}],
    ... }
    >>> found = [
    ...     {"image_id": 1, "category_id": 1, "bbox": [30, 0, 10, 10], "score": 0.9},
    ...     {"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "score": 0.8},
    ... ]
    >>> curve = pr_curves(truth, found)["cat"]
    >>> curve.recall.tolist(), curve.precision.tolist(), curve.average_precision
    ([0.0, 1.0], [0.0, 0.5], 0.5)
    """
    checked = check(ground_truth, results, iou_threshold=iou_threshold)
    curves = {}
    for name, (scores, correct, total) in _outcomes(checked, best_overlaps(checked), iou_threshold).items():
        hits = np.cumsum(correct)
        curves[name] = PrecisionRecall(
            recall=hits / total,
            precision=hits / np.arange(1, len(hits) + 1),
            scores=scores,
            average_precision=_average_precision(correct, total, eleven_points=False),
        )
    return curves


def _coco_figures(checked: Checked) -> dict[str, float]:
    evaluator = coco_evaluator(checked)
    evaluator.evaluate()
    evaluator.accumulate()
    precision = np.asarray(evaluator.eval["precision"])  # threshold, recall, class, area, most detections
    recall = np.asarray(evaluator.eval["recall"])  # threshold, class, area, most detections
    cells: dict[str, NDArray[np.float64]] = {
        "AP": precision[:, :, :, 0, 2],
        "AP50": precision[0, :, :, 0, 2],
        "AP75": precision[5, :, :, 0, 2],
    }
    cells |= {f"AP{size}": precision[:, :, :, area, 2] for area, size in enumerate(_SIZES, 1)}
    cells |= {f"AR{most}": recall[:, :, 0, place] for place, most in enumerate((1, 10, 100))}
    cells |= {f"AR{size}": recall[:, :, area, 2] for area, size in enumerate(_SIZES, 1)}
    for prefix, values in (("AP", precision[:, :, :, 0, 2]), ("AP50", precision[:1, :, :, 0, 2])):
        cells |= {f"{prefix}/{name}": values[:, :, k] for k, name in enumerate(checked.classes)}
    # The evaluator writes -1 where there is no ground truth.
    return {key: float(v[v > -1].mean()) for key, v in cells.items() if (v > -1).any()}


def _voc_figures(checked: Checked, *, eleven_points: bool, iou_threshold: float) -> dict[str, float]:
    figures: dict[str, float] = {}
    per_class: dict[str, float] = {}
    overlaps = best_overlaps(checked)
    names = {f"AP{100 * iou_threshold:g}": iou_threshold, "AP50": 0.5, "AP": iou_threshold}
    for key, threshold in sorted(names.items()):
        found = {
            name: _average_precision(correct, total, eleven_points=eleven_points)
            for name, (_, correct, total) in _outcomes(checked, overlaps, threshold).items()
        }
        figures[key] = float(np.mean(list(found.values())))
        per_class |= {f"{key}/{name}": value for name, value in found.items()}
    return figures | per_class


def _outcomes(
    checked: Checked, overlaps: Overlaps, iou_threshold: float
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.bool_], int]]:
    """For each class with ground truth: scores and correctness of its detections, and its objects' number."""
    order, matches = match_greedily(checked, overlaps, iou_threshold=iou_threshold)
    labels, scores, kept = checked.found.labels[order], checked.found.scores[order], matches != IGNORE
    countable = checked.objects.labels[~(checked.objects.difficult | checked.objects.crowd)]
    totals = np.bincount(countable, minlength=len(checked.classes))
    outcomes = {}
    for k, name in enumerate(checked.classes):
        if totals[k]:
            own = np.flatnonzero((labels == k) & kept)
            outcomes[name] = scores[own], matches[own] >= 0, int(totals[k])
    return outcomes


def _average_precision(correct: NDArray[np.bool_], total: int, *, eleven_points: bool) -> float:
    """Average precision of detections that are in order already."""
    from hotcoco.metrics import average_precision

    # Recall rises in steps of 1 / total, so the mean of the interpolated precision over these recalls is
    # the area under the curve. The evaluator divides in float64 as NumPy does: each recall equals its point.
    points = np.linspace(0, 1, 11) if eleven_points else np.arange(1, total + 1) / total
    ranks = -np.arange(len(correct), dtype=np.float64)  # in place of scores, so that ties stay in order
    return float(average_precision(ranks, correct, total, rec_thrs=points))
