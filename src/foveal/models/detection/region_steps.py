"""How R-CNN and Fast R-CNN came to their answer for one picture, step by step."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes import clip, decode, nms
from foveal.boxes._arrays import as_boxes
from foveal.data import Detections
from foveal.models.detection.trace import DetectionTrace, hidden_cells


def region_steps(
    model: Any,
    image: NDArray[np.uint8],
    objects: ArrayLike | None = None,
    object_names: tuple[str, ...] = (),
) -> DetectionTrace:
    """Follow one picture through an R-CNN: proposals, probabilities, moved boxes, suppression.

    Parameters
    ----------
    model : RCNN
        Trained.
    image : ndarray of shape (H, W, 3), uint8
    objects : array-like of shape (M, 4), optional
        Ground truth, in the image's pixels.
    object_names : tuple of str, optional

    Returns
    -------
    DetectionTrace
        Without anchors: the candidates are the proposals, and all of them are kept. ``detections`` are those
        of ``model.predict``.
    """
    proposals = model.proposer_.propose(image).best(model.max_proposals)
    boxes = proposals.boxes
    features = model.features_.extract(image, boxes)
    values = model.svms_(features)
    n_classes = len(model.classes_)
    height, width = image.shape[:2]
    moved = np.zeros((len(boxes), n_classes, 4), np.float32)
    probabilities = np.zeros((len(boxes), n_classes), np.float32)
    regions: list[NDArray[np.int64]] = []
    labels: list[NDArray[np.int64]] = []
    stays: list[NDArray[np.int64]] = []
    seen = 0
    for label in range(n_classes):
        every = np.full(len(boxes), label, np.int64)
        probabilities[:, label] = model.platt_(values[:, label], every)
        moved[:, label] = model.box_regression_(features, boxes, label)
        rows = model.probable(values[:, label])
        stays.append(seen + nms(moved[rows, label], values[rows, label], model.nms_threshold))
        regions.append(rows)
        labels.append(np.full(len(rows), label, np.int64))
        seen += len(rows)
    moved = clip(moved.reshape(-1, 4), width, height).reshape(moved.shape)
    rows, which = _joined(regions), _joined(labels)
    answers = Detections(
        moved[rows, which], probabilities[rows, which], which, model.classes_, values[rows, which]
    )
    kept = _joined(stays)
    sides = answers.boxes[kept, 2:] - answers.boxes[kept, :2]
    kept = kept[(answers.scores[kept] >= model.score_threshold) & (sides > 0).all(axis=1)]
    kept = kept[np.lexsort((-values[rows[kept], which[kept]], -answers.scores[kept]))[: model.max_detections]]
    return DetectionTrace(
        image=image,
        classes=tuple(model.classes_),
        detections=answers[kept],
        candidates=boxes,
        candidate_scores=np.asarray(proposals.scores, np.float32),
        kept=np.arange(len(boxes)),
        probabilities=probabilities,
        moved=moved,
        answers=answers,
        answer_regions=rows,
        answer_kept=kept,
        answer_threshold=model.nms_threshold,
        objects=None if objects is None else as_boxes(objects, "objects").astype(np.float32),
        object_names=object_names,
    )


def head_steps(
    model: Any,
    image: NDArray[np.uint8],
    objects: ArrayLike | None = None,
    object_names: tuple[str, ...] = (),
    *,
    explained: int = 4,
) -> DetectionTrace:
    """Follow one picture through a Fast R-CNN: proposals, classes, moved boxes, suppression.

    Parameters
    ----------
    model : FastRCNN
        Trained.
    image : ndarray of shape (H, W, 3), uint8
    objects : array-like of shape (M, 4), optional
        Ground truth, in the image's pixels.
    object_names : tuple of str, optional
    explained : int, default=4
        How many detections get a map of attention.

    Returns
    -------
    DetectionTrace
        Without anchors: the candidates are the proposals, and all of them are kept. ``detections`` are those
        of ``model.predict``, in the pixels of the working picture; their boxes were moved again and voted on
        after the regression that ``moved`` tells of.
    """
    from foveal.images import resize
    from foveal.models.detection.frozen_maps import picture_maps
    from foveal.models.detection.roi.region_detecting import follow_regions
    from foveal.models.detection.settings import HEAD_WEIGHTS

    features = model.features_
    proposals = model.proposer_.propose(image).best(model.max_proposals)
    (maps,) = picture_maps(features, image, features.levels, features.longest)
    boxes = maps.to_working(proposals.boxes)
    seen = model._seen(maps, boxes)
    course = follow_regions(
        lambda regions: model._answers(
            model.network_, seen if regions is boxes else model._seen(maps, regions)
        ),
        boxes,
        maps.shape,
        refinements=model.refinements,
        nms_threshold=model.nms_threshold,
        vote=model.vote_threshold,
        min_score=model.score_threshold,
        max_detections=model.max_detections,
    )
    n_classes = len(model.classes_)
    moved = decode(np.repeat(boxes, n_classes, axis=0), course.deltas.reshape(-1, 4), HEAD_WEIGHTS)
    moved = clip(moved, maps.shape[1], maps.shape[0]).reshape(len(boxes), n_classes, 4)
    answers = Detections(course.boxes, course.scores, course.labels, model.classes_)
    first = course.kept[:explained]
    return DetectionTrace(
        image=np.asarray(resize(image, maps.shape), np.uint8),
        classes=tuple(model.classes_),
        detections=Detections(
            course.final, course.scores[course.kept], course.labels[course.kept], model.classes_
        ),
        scale=(float(maps.scale[0]), float(maps.scale[1])),
        strides=tuple(features.strides[level] for level in features.levels),
        activity=tuple(np.abs(level[0]).mean(axis=2) for level in maps.levels),
        candidates=boxes,
        candidate_scores=np.asarray(proposals.scores, np.float32),
        kept=np.arange(len(boxes)),
        roi_size=features.grid,
        probabilities=course.probabilities,
        moved=moved.astype(np.float32, copy=False),
        answers=answers,
        answer_regions=course.regions,
        answer_kept=course.kept,
        answer_threshold=model.nms_threshold,
        attention=hidden_cells(
            lambda copies: model._answers(model.network_, copies),
            seen,
            course.regions[first],
            course.labels[first],
        ),
        objects=None
        if objects is None
        else as_boxes(objects, "objects").astype(np.float32) * np.asarray(maps.scale, np.float32),
        object_names=object_names,
    )


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *parts])
