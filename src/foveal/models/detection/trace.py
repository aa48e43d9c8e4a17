"""How a detector came to its answer for one picture, step by step, as plain arrays."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import Matches, clip, decode, match, nms
from foveal.data import Detections
from foveal.models.detection.network import DetectionNetwork
from foveal.models.detection.rpn.network import RegionProposalNetwork
from foveal.models.detection.rpn.proposing import anchors_of, candidates_of, level_starts
from foveal.models.detection.settings import HEAD_WEIGHTS
from foveal.models.detection.targets import Objects, label_anchors
from foveal.nn import softmax
from foveal.nn.functional import sigmoid

_NO_BOXES = np.zeros((0, 4), np.float32)


@dataclass(frozen=True, eq=False, kw_only=True)
class DetectionTrace:
    """What a detector did with one picture. All boxes are in the pixels of ``image``.

    The order is that of the work: anchors, their objectness, candidates, proposals, what is in each of them,
    the moved boxes, the detections. A detector without a region proposal network (R-CNN, Fast R-CNN) begins
    with candidates that were proposed in another way, and has no anchors.

    Attributes
    ----------
    image : ndarray of shape (H, W, 3), uint8
        The picture that the detector worked on: RGB, its longer side brought to the detector's size.
    classes : tuple of str
        K of them; none where proposals are all that is asked for.
    detections : Detections
        The answer: D of the ``answers``, best first.
    scale : (float, float)
        What x and y of the given picture were multiplied by to get those of ``image``.
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
    attention : ndarray of shape (T, S, S), float32
        For the first T detections: the probability of its class that is lost when a cell of its region's
        grid is hidden, gained where it is below 0.
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
    classes: tuple[str, ...]
    detections: Detections
    scale: tuple[float, float] = (1.0, 1.0)
    strides: tuple[int, ...] = ()
    sizes: tuple[NDArray[np.float32], ...] = ()
    anchors: tuple[NDArray[np.float32], ...] = ()
    objectness: tuple[NDArray[np.float32], ...] = ()
    activity: tuple[NDArray[np.float32], ...] = ()
    candidates: NDArray[np.float32] = field(default_factory=_NO_BOXES.copy)
    candidate_scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    kept: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    proposal_threshold: float | None = None
    roi_size: int = 0
    sampling_ratio: int = 2
    probabilities: NDArray[np.float32]
    moved: NDArray[np.float32]
    answers: Detections
    answer_regions: NDArray[np.int64]
    answer_kept: NDArray[np.int64]
    answer_threshold: float | None = None
    attention: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 1, 1), np.float32))
    objects: NDArray[np.float32] | None = None
    object_names: tuple[str, ...] = ()
    matches: Matches | None = None
    foreground: float = 0.7
    background: float = 0.3

    def __post_init__(self) -> None:
        regions, classes = len(self.kept), len(self.classes)
        if self.probabilities.shape not in ((regions, classes), (regions, classes + 1)):
            raise ValueError(
                f"probabilities have the shape {self.probabilities.shape} for {regions} regions and "
                f"{classes} classes."
            )
        if self.moved.shape != (regions, classes, 4):
            raise ValueError(f"moved has the shape {self.moved.shape}, not {(regions, classes, 4)}.")
        if len(self.candidates) != len(self.candidate_scores):
            raise ValueError(
                f"there are {len(self.candidates)} candidates and {len(self.candidate_scores)} scores."
            )
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


def network_steps(
    network: RegionProposalNetwork,
    maps: dict[str, NDArray[np.float32]],
    picture: NDArray[np.uint8],
    classes: tuple[str, ...],
    *,
    scale: tuple[float, float] = (1.0, 1.0),
    objects: NDArray[np.float32] | None = None,
    object_names: tuple[str, ...] = (),
    explained: int = 4,
) -> DetectionTrace:
    """Follow one picture through a network, in the engine's forward pass.

    Parameters
    ----------
    network : DetectionNetwork or RegionProposalNetwork
        Ready for use: in evaluation. The steps of one without a box head end with its proposals.
    maps : dict of str to ndarray of shape (1, h, w, C), float32
        The backbone's maps of the picture, padded.
    picture : ndarray of shape (H, W, 3), uint8
        The working picture without its padding.
    classes : tuple of str
    scale : (float, float)
        See :class:`DetectionTrace`.
    objects : ndarray of shape (M, 4), float32, optional
        Ground truth, in the picture's pixels.
    object_names : tuple of str, optional
    explained : int, default=4
        How many detections get a map of attention.

    Returns
    -------
    DetectionTrace
    """
    settings = network.settings
    size = (float(picture.shape[0]), float(picture.shape[1]))
    levels = network.features(maps, network.tuned)
    stride = settings.strides[0]
    anchors = anchors_of(settings, (levels[0].shape[1] * stride, levels[0].shape[2] * stride))
    starts, every = level_starts(anchors), np.concatenate(anchors)
    logits, deltas = network.rpn.forward(levels)
    sure = sigmoid(logits[0])
    objectness = tuple(
        sure[start:end].reshape(*level.shape[1:3], len(sizes))
        for start, end, level, sizes in zip(starts[:-1], starts[1:], levels, settings.anchors, strict=True)
    )
    candidates, candidate_logits = candidates_of(logits[0], deltas[0], every, starts, size, settings)
    kept = nms(candidates, candidate_logits, settings.rpn_nms)[: settings.post_nms]
    regions = candidates[kept]

    matches = None
    if objects is not None:
        known = Objects(objects, np.zeros(len(objects), np.int64), np.zeros(len(objects), bool))
        found = match(every, objects, foreground=settings.rpn_foreground, background=settings.rpn_background)
        matches = Matches(label_anchors(every, known, size, settings), found.ious)
    if isinstance(network, DetectionNetwork):
        looked_at = _looked_at(network, levels, regions, size, tuple(classes), explained)
    else:
        looked_at = _nothing_looked_at(len(regions))
    return DetectionTrace(
        image=picture,
        scale=scale,
        strides=tuple(settings.strides),
        sizes=tuple(np.reshape(np.asarray(s, np.float32), (-1, 2)) for s in settings.anchors),
        anchors=tuple(anchors),
        objectness=objectness,
        activity=tuple(np.abs(level[0]).mean(axis=2) for level in levels),
        candidates=candidates,
        candidate_scores=sigmoid(candidate_logits),
        kept=kept,
        proposal_threshold=settings.rpn_nms,
        objects=objects,
        object_names=object_names,
        matches=matches,
        foreground=settings.rpn_foreground,
        background=settings.rpn_background,
        **looked_at,
    )


def _looked_at(
    network: DetectionNetwork,
    levels: list[NDArray[Any]],
    regions: NDArray[Any],
    size: tuple[float, float],
    classes: tuple[str, ...],
    explained: int,
) -> dict[str, Any]:
    """What the box head makes of the regions."""
    settings, n_classes = network.settings, len(classes)
    seen = network.regions(levels, regions, np.zeros(len(regions), np.int64))
    logits, moves = network.head(seen)
    probabilities = softmax(logits)
    moved = decode(np.repeat(regions, n_classes, axis=0), moves.reshape(-1, 4), HEAD_WEIGHTS)
    moved = clip(moved, size[1], size[0]).reshape(len(regions), n_classes, 4)
    rows, labels = np.nonzero(probabilities[:, :-1] >= settings.min_score)
    boxes, scores = moved[rows, labels], probabilities[rows, labels]
    stays = nms(boxes, scores, settings.nms, labels)
    stays = stays[(boxes[stays, 2:] > boxes[stays, :2]).all(axis=1)][: settings.max_detections]
    answers = Detections(boxes, scores, labels.astype(np.int64), classes)
    first = stays[:explained]
    return {
        "classes": classes,
        "detections": answers[stays],
        "roi_size": settings.roi_size,
        "sampling_ratio": settings.roi_samples,
        "probabilities": probabilities,
        "moved": moved,
        "answers": answers,
        "answer_regions": rows,
        "answer_kept": stays,
        "answer_threshold": settings.nms,
        "attention": hidden_cells(network.head, seen, rows[first], labels[first]),
    }


def _nothing_looked_at(regions: int) -> dict[str, Any]:
    """Of a network that proposes and says no more."""
    return {
        "classes": (),
        "detections": Detections.empty(()),
        "probabilities": np.zeros((regions, 0), np.float32),
        "moved": np.zeros((regions, 0, 4), np.float32),
        "answers": Detections.empty(()),
        "answer_regions": np.zeros(0, np.int64),
        "answer_kept": np.zeros(0, np.int64),
    }


def hidden_cells(
    head: Any, seen: NDArray[np.float32], regions: NDArray[np.int64], labels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What hiding each cell of a region takes from a class (compare Zeiler & Fergus 2014, section 4.2).

    A cell is hidden by what is seen there in the mean of all regions.

    Parameters
    ----------
    head : BoxHead
    seen : ndarray of shape (R, S, S, C), float32
        What is seen of all regions.
    regions, labels : ndarray of shape (T,), int64
        The regions that are asked about, and the class of each.

    Returns
    -------
    ndarray of shape (T, S, S), float32
        The probability that is lost; gained where it is below 0.
    """
    rows, columns = seen.shape[1:3]
    lost = np.zeros((len(regions), rows, columns), np.float32)
    if not len(regions):
        return lost
    usual = seen.mean(axis=0)
    for place, (region, label) in enumerate(zip(regions, labels, strict=True)):
        copies = np.repeat(seen[region : region + 1], 1 + rows * columns, axis=0)
        for cell in range(rows * columns):
            i, j = divmod(cell, columns)
            copies[1 + cell, i, j] = usual[i, j]
        sure = softmax(head(copies)[0])[:, label]
        lost[place] = (sure[0] - sure[1:]).reshape(rows, columns)
    return lost
