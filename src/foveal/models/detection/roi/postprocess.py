"""From what the head says of regions to detections: moved, looked at again, suppressed and voted on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import clip, iou, nms
from foveal.models.detection.moving import check_finite, moved
from foveal.models.detection.roi.head import BOX_WEIGHTS
from foveal.models.parameter_checks import Range
from foveal.nn import softmax

#: Logits, (R, K + 1), and deltas, (R, K, 4), of regions, (R, 4), in pixels of the working image.
Head = Callable[[NDArray[np.float32]], tuple[NDArray[Any], NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class DetectedRegions:
    """How the regions of one image became detections.

    Attributes
    ----------
    rois : ndarray of shape (R, 4), float32
    probabilities : ndarray of shape (R, K + 1)
        What the head says of each region at first, the background last.
    deltas : ndarray of shape (R, K, 4)
        How it would move them.
    answers : ndarray of shape (Q, 4)
        The boxes of the probable ones, before suppression.
    answer_scores : ndarray of shape (Q,)
    answer_labels : ndarray of shape (Q,), int64
    answer_rois : ndarray of shape (Q,), int64
        The region that each came from.
    kept : ndarray of shape (D,), int64
        The answers that are left, the most probable first.
    boxes : ndarray of shape (D, 4), float32
        Theirs, after the vote.
    """

    rois: NDArray[np.float32]
    probabilities: NDArray[Any]
    deltas: NDArray[Any]
    answers: NDArray[Any]
    answer_scores: NDArray[Any]
    answer_labels: NDArray[np.int64]
    answer_rois: NDArray[np.int64]
    kept: NDArray[np.int64]
    boxes: NDArray[np.float32]

    @property
    def scores(self) -> NDArray[np.float32]:
        """Of the detections, (D,), falling."""
        return self.answer_scores[self.kept].astype(np.float32, copy=False)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Of the detections, (D,)."""
        return self.answer_labels[self.kept]

    def moved(self, size: tuple[float, float]) -> NDArray[np.float32]:
        """Each region after the regression of each class, (R, K, 4), within ``size``: rows and columns."""
        n_classes = self.deltas.shape[1]
        every = _moved(np.repeat(self.rois, n_classes, axis=0), self.deltas.reshape(-1, 4), size)
        return every.reshape(len(self.rois), n_classes, 4).astype(np.float32, copy=False)


@dataclass(frozen=True)
class Postprocessor:
    """Makes detections of a head's answers; by default as Girshick (2015) does.

    Every region becomes a box of every class that is probable enough. With ``refinements``, probable boxes
    are regions once more: they are moved again, and their probability is the mean of what was said of them
    (iterative localisation). Class by class the best box of those that overlap stays; with
    ``vote_threshold`` it is brought to the mean of those that nearly agree with it, weighted by their
    probabilities (box voting).

    Parameters
    ----------
    min_score : float, default=0.05
        Less probable boxes are dropped.
    nms_threshold : float, default=0.3
        IoU above which the lesser of two boxes of a class is dropped.
    max_detections : int, default=100
    refinements : int, default=0
        How often probable boxes are looked at again.
    refined_from : float, default=0.05
        Less probable boxes are not looked at again.
    vote_threshold : float, default=1.0
        Boxes that overlap the best one by this IoU have a vote; 1 for no voting.
    min_side : float, default=0.0
        Boxes with a shorter side, in pixels of the working image, are dropped, and always those with none.

    References
    ----------
    Gidaris and Komodakis, "Object detection via a multi-region & semantic segmentation-aware CNN model",
    ICCV 2015, sections 5 and 5.1.

    Examples
    --------
    >>> logits, deltas = np.float32([[3, 0], [1, 0]]), np.zeros((2, 1, 4), np.float32)
    >>> rois = np.float32([[0, 0, 20, 20], [1, 0, 21, 20]])
    >>> Postprocessor()(logits, deltas, rois, (30, 30)).boxes
    array([[ 0.,  0., 20., 20.]], dtype=float32)
    """

    ranges: ClassVar[dict[str, Range]] = {
        **dict.fromkeys(("min_score", "nms_threshold", "refined_from", "vote_threshold"), Range(0, 1)),
        "max_detections": Range(1, 1_000_000, whole=True),
        "refinements": Range(0, 10, whole=True),
        "min_side": Range(0, 1e6),
    }

    min_score: float = 0.05
    nms_threshold: float = 0.3
    max_detections: int = 100
    refinements: int = 0
    refined_from: float = 0.05
    vote_threshold: float = 1.0
    min_side: float = 0.0

    def __call__(
        self,
        logits: NDArray[Any],
        deltas: NDArray[Any],
        rois: NDArray[np.float32],
        size: tuple[float, float],
        *,
        head: Head | None = None,
    ) -> DetectedRegions:
        """The detections of one image.

        Parameters
        ----------
        logits : ndarray of shape (R, K + 1)
            The background last.
        deltas : ndarray of shape (R, K, 4)
        rois : ndarray of shape (R, 4), float32
        size : (float, float)
            Rows and columns of the working image without its padding.
        head : callable, optional
            What looks at moved boxes again.

        Returns
        -------
        DetectedRegions
            Of equal probabilities the earlier region's comes first; of no regions there are none.

        Raises
        ------
        ValueError
            If there are ``refinements`` and no ``head``.
        """
        if self.refinements and head is None:
            raise ValueError("refinements need a head that looks at the moved boxes again.")
        check_finite(logits)
        every = softmax(logits)
        rows, labels = np.nonzero(every[:, :-1] >= self.min_score)
        scores = every[rows, labels]
        boxes = _moved(rois[rows], deltas[rows, labels], size)
        for turn in range(self.refinements):
            again = np.flatnonzero((scores >= self.refined_from) & self._large(boxes))
            if head is None or not len(again):
                break
            answers, moves = head(boxes[again])
            own = np.arange(len(again))
            said = softmax(answers)[own, labels[again]]
            boxes[again] = _moved(boxes[again], moves[own, labels[again]], size)
            scores[again] += (said - scores[again]) / np.float32(turn + 2)
        there = np.flatnonzero(self._large(boxes))
        boxes, scores, labels, rows = boxes[there], scores[there], labels[there], rows[there]
        kept = nms(boxes, scores, self.nms_threshold, labels)[: self.max_detections]
        final = boxes[kept]
        if self.vote_threshold < 1:
            final = _voted(kept, boxes, scores, labels, self.vote_threshold)
        return DetectedRegions(
            rois,
            every,
            deltas,
            boxes,
            scores,
            labels.astype(np.int64),
            rows,
            kept,
            final.astype(np.float32, copy=False),
        )

    def _large(self, boxes: NDArray[Any]) -> NDArray[np.bool_]:
        sides = boxes[:, 2:] - boxes[:, :2]
        return np.asarray(((sides > 0) & (sides >= self.min_side)).all(axis=1))


def _moved(boxes: NDArray[Any], deltas: NDArray[Any], size: tuple[float, float]) -> NDArray[Any]:
    return clip(moved(boxes, deltas, BOX_WEIGHTS), size[1], size[0])


def _voted(
    kept: NDArray[np.int64],
    boxes: NDArray[Any],
    scores: NDArray[Any],
    labels: NDArray[np.int64],
    least: float,
) -> NDArray[Any]:
    """The kept boxes, each the weighted mean of those of its class that overlap it by ``least``."""
    final = boxes[kept].copy()
    for label in np.unique(labels[kept]):
        mine = np.flatnonzero(labels[kept] == label)
        voters = np.flatnonzero(labels == label)
        overlaps = iou(final[mine], boxes[voters])
        weights = np.where(overlaps >= least, scores[voters], 0).astype(np.float64)
        final[mine] = (weights @ boxes[voters]) / weights.sum(axis=1, keepdims=True)
    return final
