"""One detection an object: non-maximum suppression, hard and soft."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes._arrays import as_boxes, as_column
from foveal.compiling import ready


def nms(
    boxes: ArrayLike, scores: ArrayLike, threshold: float = 0.5, labels: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Greedy non-maximum suppression.

    The best box is kept and those that overlap it with an IoU above the threshold are dropped; then
    the best of the rest, and so on.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels, half-open.
    scores : array-like of shape (N,)
        Any numbers but NaN; higher is better.
    threshold : float, default=0.5
        In [0, 1]. An IoU of exactly the threshold does not suppress.
    labels : array-like of shape (N,), int, optional
        Only boxes of the same class suppress each other. Without it all do.

    Returns
    -------
    ndarray of shape (K,), int64
        Indices of the boxes kept, best first. Of equal scores the lower index goes first, so that it
        is the one kept. A box with no area neither suppresses nor is suppressed.

    Raises
    ------
    ValueError
        If the lengths differ, a score is NaN, or the threshold is outside [0, 1].

    Examples
    --------
    >>> boxes = [[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]]
    >>> nms(boxes, [0.5, 0.9, 0.7])
    array([1, 2])
    >>> nms(boxes, [0.5, 0.9, 0.7], labels=[0, 1, 1])
    array([1, 2, 0])
    """
    boxes, values = _boxes_and_scores(boxes, scores)
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is an IoU between 0 and 1, not {threshold}.")
    by_score, order, starts = _order(values, labels)
    if len(boxes) == 0:
        return by_score
    ready("foveal.boxes.")
    from foveal.boxes._suppression_kernels import hard

    keep = np.empty(len(boxes), bool)
    keep[order] = hard(boxes[order], starts, boxes.dtype.type(threshold))
    return by_score[keep[by_score]]


def soft_nms(
    boxes: ArrayLike,
    scores: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    method: Literal["linear", "gaussian"] = "linear",
    threshold: float = 0.3,
    sigma: float = 0.5,
    min_score: float = 0.001,
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Soft-NMS: overlapped boxes are not dropped, their scores decay.

    The box of highest score is taken out, and every other score is multiplied by ``1 - IoU`` where
    the IoU with it reaches the threshold (``"linear"``), or by ``exp(-IoU² / sigma)`` (``"gaussian"``);
    then the highest of the rest, until none reaches ``min_score``.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels, half-open.
    scores : array-like of shape (N,)
        Probabilities, or other numbers whose zero means "certainly not": they decay towards 0.
    labels : array-like of shape (N,), int, optional
        Only boxes of the same class weaken each other. Without it all do.
    method : {"linear", "gaussian"}, default="linear"
    threshold : float, default=0.3
        The IoU from which ``"linear"`` decays.
    sigma : float, default=0.5
        The width of ``"gaussian"``.
    min_score : float, default=0.001
        Boxes whose score is, or falls, below it are dropped. Not negative.

    Returns
    -------
    keep : ndarray of shape (K,), int64
        Indices of the boxes left, highest new score first; of equal ones the lower index first.
    new_scores : ndarray of shape (K,), float32
        Their decayed scores; float64 where ``scores`` is float64.

    Raises
    ------
    ValueError
        If the lengths differ, a score is NaN, or a setting is impossible.

    References
    ----------
    Bodla et al., "Soft-NMS: Improving Object Detection With One Line of Code", ICCV 2017, figure 2
    and section 3.

    Examples
    --------
    >>> keep, new = soft_nms([[0, 0, 10, 10], [0, 0, 10, 5], [20, 0, 30, 10]], [0.9, 0.8, 0.7])
    >>> keep, new
    (array([0, 2, 1]), array([0.9, 0.7, 0.4], dtype=float32))
    """
    if method not in ("linear", "gaussian"):
        raise ValueError(f'method must be "linear" or "gaussian", not {method!r}.')
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is an IoU between 0 and 1, not {threshold}.")
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, not {sigma}.")
    if not min_score >= 0:
        raise ValueError(f"min_score must not be negative, not {min_score}.")
    double = getattr(scores, "dtype", None) == np.float64
    boxes, values = _boxes_and_scores(boxes, scores)
    dtype = np.float64 if double else np.float32
    by_score, order, starts = _order(values, labels)
    if len(boxes) == 0:
        return by_score, np.zeros(0, dtype)
    from foveal.boxes._suppression_kernels import soft

    decayed = np.empty(len(boxes))
    decayed[order] = soft(
        boxes[order],
        values[order],
        starts,
        method == "gaussian",
        boxes.dtype.type(threshold),
        float(sigma),
        float(min_score),
    )
    keep = np.flatnonzero(decayed >= 0)
    keep = keep[np.argsort(-decayed[keep], kind="stable")]
    return keep, decayed[keep].astype(dtype)


def _boxes_and_scores(boxes: ArrayLike, scores: ArrayLike) -> tuple[NDArray[Any], NDArray[np.float64]]:
    boxes = as_boxes(boxes)
    values = as_column(scores, len(boxes), "scores", np.float64)
    if np.isnan(values).any():
        row = int(np.flatnonzero(np.isnan(values))[0])
        raise ValueError(f"scores must not be NaN; number {row} is.")
    if len(boxes) and (boxes[:, 2:] < boxes[:, :2]).any():
        # As in iou: a box whose corners are the wrong way round is an empty one.
        boxes = np.concatenate([boxes[:, :2], np.maximum(boxes[:, 2:], boxes[:, :2])], axis=1)
    return boxes, values


def _order(
    scores: NDArray[np.float64], labels: ArrayLike | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Indices by falling score; the same, class after class; and where each class starts in those."""
    by_score = np.argsort(-scores, kind="stable").astype(np.int64, copy=False)
    n = len(scores)
    classes = np.zeros(n, np.int8) if labels is None else as_column(labels, n, "labels", None)
    if n and classes.dtype.kind not in "iub":
        raise ValueError(f"labels must be whole numbers, not {classes.dtype}.")
    order = by_score[np.argsort(classes[by_score], kind="stable")]
    grouped = classes[order]
    changes = np.flatnonzero(grouped[1:] != grouped[:-1]) + 1
    return by_score, order, np.concatenate([[0], changes, [n]]).astype(np.int64)
