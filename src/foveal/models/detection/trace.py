"""How a detector came to its answer for one image: everything on the way of one pass, as plain arrays."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes import Matches, match
from foveal.data import Detections
from foveal.models.detection.network import DetectionNetwork, NetworkTrace
from foveal.models.detection.roi.pooling import RoIPooling
from foveal.models.detection.roi.postprocess import DetectedRegions
from foveal.models.detection.rpn.network import Maps, RegionProposalNetwork
from foveal.models.detection.targets import GroundTruth
from foveal.nn.functional import sigmoid


@dataclass(frozen=True, eq=False, kw_only=True)
class DetectionTrace:
    """What a detector did with one image. All boxes are in the pixels of ``image``.

    The order is that of the work: anchors, their objectness, candidates, proposals, what is in each of them,
    the moved boxes, the detections. A detector without a region proposal network (R-CNN, Fast R-CNN) begins
    with candidates that were proposed in another way, and has no anchors.

    Attributes
    ----------
    image : ndarray of shape (H, W, 3), uint8
        The image that the detector worked on: RGB, its longer side brought to the detector's size.
    classes : tuple of str
        K of them; none where proposals are all that is asked for.
    detections : Detections
        The answer: D of the ``answers``, best first.
    scale : (float, float)
        What x and y of the given image were multiplied by to get those of ``image``.
    strides : tuple of int
        Pixels between neighbouring places, for each of the L levels that are looked at.
    sizes : tuple of L ndarray of shape (A, 2), float32
        Widths and heights of the anchors at each place of a level.
    anchors : tuple of L ndarray of shape (h * w * A, 4), float32
        All anchors of each level, row by row; the anchors of one place follow each other.
    objectness : tuple of L ndarray of shape (h, w, A), float32
        The probability that there is an object in each of them.
    activity : tuple of L ndarray of shape (h, w), float32
        The mean magnitude of each level's map, over its channels.
    candidates : ndarray of shape (P, 4), float32
        Boxes before suppression: the best anchors of each level, moved.
    candidate_scores : ndarray of shape (P,), float32
        Their objectness, as a probability; of other proposals the scores that they came with.
    kept : ndarray of shape (R,), int64
        Which candidates were left of the suppression: the proposals, or regions of interest, best first.
    proposal_threshold : float or None
        The IoU above which the lesser of two candidates was dropped.
    roi_size, sampling_ratio : int
        Rows and columns of bins that a region was aligned to, and points along each side of a bin; 0 where
        regions were looked at in another way.
    probabilities : ndarray of shape (R, K) or (R, K + 1), float32
        Of the classes in each region; of the background last, where the detector knows it.
    moved : ndarray of shape (R, K, 4), float32
        Each region after the regression of each class.
    answers : Detections
        Q boxes before the last suppression: all regions and classes that are probable enough.
    answer_regions : ndarray of shape (Q,), int64
        The region that each answer came from.
    answer_kept : ndarray of shape (D,), int64
        Which answers were left: the detections.
    answer_threshold : float or None
        The IoU above which the lesser of two answers of one class was dropped.
    pooled : ndarray of shape (R, S, S, C), float32, or None
        What the box head saw of each region, where there is one.
    attention : ndarray of shape (T, S, S), float32
        For the first T detections: the probability of its class that is lost when a cell of its region's
        grid is hidden, gained where it is below 0; see :func:`foveal.models.with_attention`.
    objects : ndarray of shape (M, 4), float32, or None
        The ground truth, where it is known.
    object_names : tuple of str
        What the objects are; as many, or none.
    matches : Matches or None
        What the training would make of all anchors, level after level, where the ground truth is known.
    foreground, background : float
        The thresholds of these matches.
    """

    image: NDArray[np.uint8]
    classes: tuple[str, ...] = ()
    detections: Detections = field(default_factory=lambda: Detections.empty(()))
    scale: tuple[float, float] = (1.0, 1.0)
    strides: tuple[int, ...] = ()
    sizes: tuple[NDArray[np.float32], ...] = ()
    anchors: tuple[NDArray[np.float32], ...] = ()
    objectness: tuple[NDArray[np.float32], ...] = ()
    activity: tuple[NDArray[np.float32], ...] = ()
    candidates: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    candidate_scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    kept: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    proposal_threshold: float | None = None
    roi_size: int = 0
    sampling_ratio: int = 2
    probabilities: NDArray[np.float32]
    moved: NDArray[np.float32]
    answers: Detections = field(default_factory=lambda: Detections.empty(()))
    answer_regions: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    answer_kept: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    answer_threshold: float | None = None
    pooled: NDArray[np.float32] | None = None
    attention: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 1, 1), np.float32))
    objects: NDArray[np.float32] | None = None
    object_names: tuple[str, ...] = ()
    matches: Matches | None = None
    foreground: float = 0.7
    background: float = 0.3

    def __post_init__(self) -> None:
        regions, classes = len(self.kept), len(self.classes)
        shape, scores = self.probabilities.shape, len(self.candidate_scores)
        if shape not in ((regions, classes), (regions, classes + 1)):
            raise ValueError(
                f"probabilities have the shape {shape} for {regions} regions and {classes} classes."
            )
        if self.moved.shape != (regions, classes, 4):
            raise ValueError(f"moved has the shape {self.moved.shape}, not {(regions, classes, 4)}.")
        if len(self.candidates) != scores:
            raise ValueError(f"there are {len(self.candidates)} candidates and {scores} scores.")
        if len(self.answers) != len(self.answer_regions):
            raise ValueError(f"there are {len(self.answers)} answers of {len(self.answer_regions)} regions.")
        if not len(self.detections) == len(self.answer_kept) >= len(self.attention):
            raise ValueError(
                f"there are {len(self.detections)} detections, {len(self.answer_kept)} of the answers were "
                f"kept, and {len(self.attention)} have maps of attention."
            )
        levels = {len(part) for part in (self.sizes, self.anchors, self.objectness)}
        known = {0, len(self.strides)}
        if len(levels) > 1 or not levels <= known or len(self.activity) not in known:
            raise ValueError("strides, sizes, anchors, objectness and activity are not of the same levels.")

    @property
    def proposals(self) -> NDArray[np.float32]:
        """The regions of interest, (R, 4), best first."""
        return self.candidates[self.kept]

    @property
    def proposal_scores(self) -> NDArray[np.float32]:
        """Their scores, (R,)."""
        return self.candidate_scores[self.kept]

    @property
    def detection_regions(self) -> NDArray[np.int64]:
        """The region that each detection came from, (D,)."""
        return self.answer_regions[self.answer_kept]

    @property
    def before_regression(self) -> NDArray[np.float32]:
        """The proposal that became each detection, (D, 4)."""
        return self.proposals[self.detection_regions]


def scaled_objects(objects: ArrayLike | None, scale: tuple[float, float]) -> NDArray[np.float32] | None:
    """Ground truth, (M, 4), in pixels of the working image; None where it is not known."""
    if objects is None:
        return None
    return np.asarray(objects, np.float32).reshape(-1, 4) * np.array([*scale, *scale], np.float32)


def roi_stage(
    detected: DetectedRegions,
    pooled: NDArray[Any],
    pooling: RoIPooling,
    size: tuple[float, float],
    classes: tuple[str, ...],
    nms_threshold: float,
) -> dict[str, Any]:
    """The fields of a :class:`DetectionTrace` that tell of the RoI stage, on an image of rows and columns."""
    answers = np.asarray(detected.answers, np.float32)
    return {
        "classes": classes,
        "detections": Detections(detected.boxes, detected.scores, detected.labels, classes),
        "roi_size": pooling.size,
        "sampling_ratio": pooling.sampling_ratio,
        "probabilities": detected.probabilities,
        "moved": detected.moved(size),
        "answers": Detections(answers, detected.answer_scores, detected.answer_labels, classes),
        "answer_regions": detected.answer_rois,
        "answer_kept": detected.kept,
        "answer_threshold": nms_threshold,
        "pooled": pooled,
    }


def trace_network(
    network: RegionProposalNetwork,
    maps: Maps,
    image: NDArray[np.uint8],
    classes: tuple[str, ...],
    *,
    scale: tuple[float, float] = (1.0, 1.0),
    objects: ArrayLike | None = None,
) -> DetectionTrace:
    """One image's pass through a network, in the engine, told as a :class:`DetectionTrace`.

    Parameters
    ----------
    network : DetectionNetwork or RegionProposalNetwork
        The trace of one without a box head ends with its proposals.
    maps : mapping of str to ndarray of shape (1, h, w, C), float32
        The backbone's maps of the image, padded.
    image : ndarray of shape (H, W, 3), uint8
        The working image without its padding.
    classes : tuple of str
    scale, objects
        See :class:`DetectionTrace`; the objects, array-like of shape (M, 4), in the original image's pixels.

    Returns
    -------
    DetectionTrace
    """
    size = (float(image.shape[0]), float(image.shape[1]))
    (course,) = network.trace(maps, np.array([size], np.float32))
    settings, proposed = network.settings, course.proposed
    anchors = network.anchors([level[None] for level in course.levels])
    levels = anchors.levels
    known, matches = scaled_objects(objects, scale), None
    if known is not None:
        truth = GroundTruth(known, np.zeros(len(known), np.int64), np.zeros(len(known), bool))
        best = match(anchors.boxes, known).ious
        matches = Matches(settings.sampling.label(anchors.boxes, truth, size), best)
    if isinstance(course, NetworkTrace) and isinstance(network, DetectionNetwork):
        threshold = network.roi.postprocessing.nms_threshold
        looked_at = roi_stage(course.detected, course.pooled, network.roi.pooling, size, classes, threshold)
    else:
        shape = (len(proposed.kept), 0)
        looked_at = {"probabilities": np.zeros(shape, np.float32), "moved": np.zeros((*shape, 4), np.float32)}
    return DetectionTrace(
        image=image,
        scale=scale,
        strides=settings.anchors.strides,
        sizes=tuple(np.reshape(np.asarray(s, np.float32), (-1, 2)) for s in settings.anchors.sizes),
        anchors=tuple(anchors.boxes[level] for level in levels),
        objectness=tuple(
            sigmoid(course.logits[place]).reshape(*level.shape[:2], number)
            for place, level, number in zip(levels, course.levels, settings.anchors.numbers, strict=True)
        ),
        activity=tuple(np.abs(level).mean(axis=2) for level in course.levels),
        candidates=proposed.candidates,
        candidate_scores=sigmoid(proposed.candidate_logits),
        kept=proposed.kept,
        proposal_threshold=settings.proposing.nms_threshold,
        objects=known,
        matches=matches,
        foreground=settings.sampling.foreground,
        background=settings.sampling.background,
        **looked_at,
    )
