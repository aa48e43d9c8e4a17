"""Average precision of resampled images: matched once, weighted as often as is wanted."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.metrics._checked import GroundTruth, Results, check, coco_evaluator

# COCO's recall points; its IoU thresholds begin at .5.
_RECALLS = np.linspace(0, 1, 101)
# Elements of a table of weights, resamples by detections, that is worked on at once: it fits the cache.
_AT_ONCE = 1_000_000


@dataclass(frozen=True, eq=False)
class MatchedImages:
    """Detections matched with the objects of their images, by COCO's rules.

    What a detection finds depends on its own image alone. So images can be weighted, left out or taken
    several times, and the average precision of such a resample needs no matching any more.

    Attributes
    ----------
    image_ids : tuple
        In the order of the weights.
    classes : tuple of str
        Those that have an object.
    objects : ndarray of shape (K, N), int64
        How many each image has of each class; crowd regions do not count.
    images : tuple of ndarray of shape (D,), int64
        For each class the images of its detections, the surest detection first.
    outcomes : tuple of ndarray of shape (T, D), int8
        For each class and IoU threshold, .50:.05:.95, whether a detection is right (1), false (0) or does not
        count (-1), as one of a crowd.
    """

    image_ids: tuple[Hashable, ...]
    classes: tuple[str, ...]
    objects: NDArray[np.int64]
    images: tuple[NDArray[np.int64], ...]
    outcomes: tuple[NDArray[np.int8], ...]

    def average_precision(self, weights: NDArray[np.integer] | None = None) -> NDArray[np.float64]:
        """AP of each class at each IoU threshold, for resamples of the images.

        Parameters
        ----------
        weights : ndarray of shape (B, N), int, optional
            How often each resample has each image; each once by default.

        Returns
        -------
        ndarray of shape (B, K, T), float64
            NaN where a resample has no object of a class.
        """
        n = len(self.image_ids)
        table = np.ones((1, n), np.int64) if weights is None else np.asarray(weights)
        found = np.full((len(table), len(self.classes), 10), np.nan)
        for k, (images, outcomes) in enumerate(zip(self.images, self.outcomes, strict=True)):
            step = max(1, _AT_ONCE // max(len(images), 1))
            for start in range(0, len(table), step):
                some = table[start : start + step].astype(np.float64)
                found[start : start + step, k] = _class_ap(some, self.objects[k], images, outcomes)
        return found

    def figures(self, weights: NDArray[np.integer] | None = None) -> dict[str, NDArray[np.float64]]:
        """``AP``, ``AP50`` and ``AP50/<class>`` of resamples, each of shape (B,).

        The mean is over the classes that a resample has an object of.
        """
        each = self.average_precision(weights)
        figures = {"AP": _mean(each.mean(axis=2)), "AP50": _mean(each[:, :, 0])}
        return figures | {f"AP50/{name}": each[:, k, 0] for k, name in enumerate(self.classes)}


def matched_images(ground_truth: GroundTruth, results: Results) -> MatchedImages:
    """Match detections with objects, once for any number of resamples.

    Parameters
    ----------
    ground_truth, results
        As in :func:`foveal.metrics.evaluate`.

    Returns
    -------
    MatchedImages

    Raises
    ------
    DataError
        As in :func:`foveal.metrics.evaluate`.

    Examples
    --------
    >>> truth = {
    ...     "images": [{"id": 1}, {"id": 2}],
    ...     "categories": [{"id": 1, "name": "cat"}],
    ...     "annotations": [
    ...         {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10]},
    ...         {"id": 2, "image_id": 2, "category_id": 1, "bbox": [0, 0, 10, 10]},
    ...     ],
    ... }
    >>> found = [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "score": 0.9}]
    >>> matched_images(truth, found).figures(np.array([[1, 1], [2, 0], [0, 2]]))["AP50"].round(3)
    array([0.505, 1.   , 0.   ])
    """
    checked = check(ground_truth, results)
    n, k = len(checked.image_ids), len(checked.classes)
    counted = ~checked.objects.crowd
    objects = np.zeros((k, n), np.int64)
    np.add.at(objects, (checked.objects.labels[counted], checked.objects.images[counted]), 1)
    images: list[list[NDArray[np.int64]]] = [[] for _ in range(k)]
    scores: list[list[NDArray[np.float64]]] = [[] for _ in range(k)]
    outcomes: list[list[NDArray[np.int8]]] = [[] for _ in range(k)]
    evaluator = coco_evaluator(checked)
    evaluator.evaluate()
    for cell in evaluator.eval_imgs:
        if cell is None or cell["aRng"] != list(evaluator.params.area_rng[0]) or not cell["dtScores"]:
            continue
        label = cell["category_id"] - 1
        images[label].append(np.full(len(cell["dtScores"]), cell["image_id"] - 1, np.int64))
        scores[label].append(np.asarray(cell["dtScores"], np.float64))
        right, passed = np.asarray(cell["dtMatched"], bool), np.asarray(cell["dtIgnore"], bool)
        outcomes[label].append(np.where(passed, -1, right.astype(np.int8)).astype(np.int8))
    kept = [label for label in range(k) if objects[label].any()]
    ordered_images, ordered_outcomes = [], []
    for label in kept:
        order = np.argsort(-np.concatenate([np.zeros(0), *scores[label]]), kind="stable")
        ordered_images.append(np.concatenate([np.zeros(0, np.int64), *images[label]])[order])
        every = np.concatenate([np.zeros((10, 0), np.int8), *outcomes[label]], axis=1)
        ordered_outcomes.append(np.ascontiguousarray(every[:, order]))
    return MatchedImages(
        checked.image_ids,
        tuple(checked.classes[label] for label in kept),
        objects[kept],
        tuple(ordered_images),
        tuple(ordered_outcomes),
    )


def _class_ap(
    weights: NDArray[np.float64],
    objects: NDArray[np.int64],
    images: NDArray[np.int64],
    outcomes: NDArray[np.int8],
) -> NDArray[np.float64]:
    """AP of one class for each resample and threshold, (B, T)."""
    total = weights @ objects
    found = np.zeros((len(weights), len(outcomes)))
    each = weights[:, images]
    every = np.cumsum(each, axis=1)
    for t, outcome in enumerate(outcomes):
        hits = np.flatnonzero(outcome == 1)
        if not len(hits):
            continue
        said = every
        if (outcome < 0).any():
            said = np.cumsum(each * (outcome >= 0), axis=1)
        # Precision is greatest just after a right detection, so nothing else has to be looked at. An image
        # that is taken twice adds two right ones at once, between which precision does not fall.
        right = np.cumsum(each[:, hits], axis=1)
        precision = right / np.maximum(said[:, hits], 1)
        best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        recall = right / np.maximum(total, 1)[:, None]
        # How many of COCO's recall points each of them reaches that those before did not.
        reached = np.searchsorted(_RECALLS, recall, side="right")
        # Where only images without this detection's were drawn, recall is 0 still, and reaches no point.
        reached[right == 0] = 0
        new = np.diff(reached, axis=1, prepend=0)
        found[:, t] = (best * new).sum(axis=1) / len(_RECALLS)
    found[total == 0] = np.nan
    return found


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the classes that are there; NaN where none is."""
    known = ~np.isnan(values)
    number = known.sum(axis=1)
    mean: NDArray[np.float64] = np.where(
        number > 0, np.where(known, values, 0).sum(axis=1) / np.maximum(number, 1), np.nan
    )
    return mean
