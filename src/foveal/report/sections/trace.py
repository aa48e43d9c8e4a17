"""The section about how a detector came to its answer for one image, and its blocks for a chapter."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.report.figures.boxes.anchors import draw_anchor_matches, draw_anchors
from foveal.report.figures.boxes.heat_maps import draw_attention, draw_objectness
from foveal.report.figures.boxes.regression import draw_regression
from foveal.report.figures.boxes.roi_sampling import draw_roi_sampling
from foveal.report.figures.boxes.suppression import draw_suppression
from foveal.report.html.annotated_images import image_with_boxes
from foveal.report.html.blocks import Block, Chart, Fold, Images, Note, Section, Table
from foveal.wording import count

if TYPE_CHECKING:
    from foveal.models.detection.trace import DetectionTrace


# Detections that are followed back to their proposals.
_FOLLOWED = 6
# Regions whose probabilities are told, for each class.
_PER_CLASS = 5
_MOST_CLASSES = 12
# Cells along a box that show best what RoIAlign does.
_CELLS = 9


def trace_section(name: str, trace: "DetectionTrace", *, threshold: float = 0.5) -> Section:
    """The same as one section of a report, without what only the ground truth or a learner asks for."""
    parts = trace_blocks(trace, brief=True)
    blocks: list[Block] = [found_images(name, trace, threshold)]
    for title in ("Anchors", "Objectness", "Proposals", "RoIAlign", "Regression", "Attention"):
        blocks += parts[title]
    return Section(
        "One picture, step by step",
        f"How the detector came to what it says of {name}; foveal explain does the same for any picture.",
        blocks,
    )


def trace_blocks(trace: "DetectionTrace", *, brief: bool = False) -> dict[str, list[Block]]:
    """What is to be told of each stage, by its name; nothing of one that the detector does not have."""
    return {
        "Anchors": _anchors(trace, brief),
        "Objectness": _objectness(trace),
        "Proposals": _proposals(trace),
        "RoIAlign": _sampling(trace),
        "Classes": [] if brief or not trace.classes else _classes(trace),
        "Regression": _regression(trace, 3 if brief else _FOLLOWED),
        "Attention": _attention(trace),
        "Suppression": [] if brief or not trace.classes else _suppression(trace),
    }


def found_images(name: str, trace: "DetectionTrace", threshold: float) -> Images:
    """The image with its objects, and with the detections from a score on."""
    found = trace.detections
    shown = np.flatnonzero(found.scores >= threshold)
    names = _names(trace, shown)
    looks = [f"class-{int(k) % 8 + 1}" for k in found.labels[shown]]
    truth = _objects(trace)
    known = trace.object_names or ("object",) * len(truth)
    image = image_with_boxes(
        name,
        trace.image,
        f"{count(len(shown), 'detection')} with a score of at least {threshold:.2f}",
        boxes=np.concatenate([truth, found.boxes[shown]]),
        looks=["truth"] * len(truth) + looks,
        labels=[""] * len(truth) + names,
        meanings=[f"truth: {known[i]}" for i in range(len(truth))] + names,
    )
    caption = "" if trace.objects is None else "Dashed white is the truth. "
    weaker = len(found) - len(shown)
    if weaker:
        are = "is" if weaker == 1 else "are"
        caption += f"{count(weaker, 'detection')} with a lower score {are} not drawn."
    return Images("The picture, as the detector sees it", [image], caption.strip())


def _anchors(trace: "DetectionTrace", brief: bool) -> list[Block]:
    if not trace.anchors:
        return []
    here = None
    if len(trace.detections):
        x1, y1, x2, y2 = (float(v) for v in trace.detections.boxes[0])
        here = ((x1 + x2) / 2, (y1 + y2) / 2)
    where = "the middle of the surest detection" if here else "the middle of the picture"
    total = sum(len(level) for level in trace.anchors)
    rows = [
        [f"{stride} pixels", ", ".join(f"{w:.0f} × {h:.0f}" for w, h in sizes), f"{len(level):,}"]
        for stride, sizes, level in zip(trace.strides, trace.sizes, trace.anchors, strict=True)
    ]
    columns = ("stride", "widths × heights at each place, in pixels", "anchors in this picture")
    blocks: list[Block] = [
        Chart(
            "Anchors at one place of each level",
            draw_anchors(trace.image, trace.sizes, trace.strides, place=here),
            f"Boxes of all scales and ratios at {where}, for {count(len(trace.strides), 'level')}.",
            f"Small objects are left to fine levels, large ones to coarse levels. Drawn at {where}; there "
            f"are {total:,} in all.",
        ),
        Table("The anchors of each level", columns, rows, words=(1,)),
    ]
    if trace.matches is None or trace.objects is None or (brief and not len(trace.objects)):
        return blocks
    matched = draw_anchor_matches(
        trace.image,
        np.concatenate(trace.anchors),
        trace.objects,
        trace.matches,
        names=trace.object_names,
        foreground=trace.foreground,
        background=trace.background,
    )
    blocks.append(
        Chart(
            "Which anchors are foreground, and why",
            matched,
            f"{int(trace.matches.foreground.sum())} anchors are foreground, "
            f"{int(trace.matches.background.sum())} background.",
            "What the training would ask of the anchors here: foreground should be told from background, and "
            "moved onto its object. Anchors between the thresholds, and those that cross the border, count "
            "neither way.",
        )
    )
    return blocks


def _objectness(trace: "DetectionTrace") -> list[Block]:
    if not trace.objectness:
        return []
    most = ", ".join(f"{level.max():.2f}" for level in trace.objectness if level.size)
    return [
        Chart(
            "Objectness over the picture",
            draw_objectness(trace.image, trace.objectness, trace.strides),
            f"Maps of the probability of an object, one a level; the highest are {most}.",
            "The probability that an anchor at a place holds an object of any class; of several anchors at a "
            "place the highest.",
        )
    ]


def _proposals(trace: "DetectionTrace") -> list[Block]:
    if not len(trace.candidates):
        return [Note("Nothing was proposed.")]
    boxes, scores, kept = trace.candidates, trace.candidate_scores, trace.kept
    title, caption = "Proposals", "All of them are looked at."
    if len(kept) < len(boxes):
        title += " before and after suppression"
        caption = (
            "Before: the best anchors of each level, moved by their regression. After: those that no better "
            "one overlaps much, the best of them."
        )
    objects, threshold = _objects(trace), trace.proposal_threshold
    caption += " Dashed white is the truth." if len(objects) else ""
    figure = draw_suppression(trace.image, boxes, scores, kept, objects=objects, threshold=threshold)
    return [
        Chart(title, figure, f"{count(len(boxes), 'box', 'boxes')}, {len(kept):,} of them kept.", caption)
    ]


def _sampling(trace: "DetectionTrace") -> list[Block]:
    if not trace.roi_size or not trace.activity or not len(trace.kept):
        return []
    found = len(trace.detections) > 0
    box = trace.before_regression[0] if found else trace.proposals[0]
    whose = "the surest detection" if found else "the best proposal"
    side = float(np.sqrt(max(np.prod(box[2:] - box[:2]), 1.0)))
    level = int(np.argmin([abs(np.log(side / stride / _CELLS)) for stride in trace.strides]))
    stride = trace.strides[level]
    points: Any = {"spatial_scale": 1 / stride, "sampling_ratio": trace.sampling_ratio}
    return [
        Chart(
            "RoIAlign's sampling points",
            draw_roi_sampling(trace.activity[level], box, trace.roi_size, **points),
            f"The region of {whose} on the grid of the level with stride {stride}.",
            f"The region of {whose} on the map with stride {stride}; the more a cell stands out, the "
            "stronger its features. RoIAlign (left, used here) reads between the cells' centres; RoIPool "
            "(right) would round the region to whole cells.",
        )
    ]


def _classes(trace: "DetectionTrace") -> list[Block]:
    if not len(trace.kept):
        return []
    rows, images = [], []
    best = trace.probabilities[:, : len(trace.classes)]
    for k in np.argsort(-best.max(axis=0), kind="stable")[:_MOST_CLASSES]:
        sure = best[:, k]
        top = np.argsort(-sure, kind="stable")[:_PER_CLASS]
        for place in top:
            box = ", ".join(f"{v:.0f}" for v in trace.proposals[place])
            proposed = f"{trace.proposal_scores[place]:.2f}"
            rows.append([trace.classes[k], f"{sure[place]:.3f}", f"{place + 1:,}", proposed, box])
        # The best is drawn last, above the others.
        drawn = top[::-1]
        images.append(
            image_with_boxes(
                trace.classes[k],
                trace.image,
                f"at most {sure[top[0]]:.2f}",
                boxes=trace.proposals[drawn],
                looks=[f"class-{k % 8 + 1}"] * len(drawn),
                labels=[f"{sure[i]:.2f}" for i in drawn],
                meanings=[f"proposal {i + 1}: {sure[i]:.3f}" for i in drawn],
            )
        )
    columns = ("class", "probability", "proposal", "its score", "x1, y1, x2, y2")
    return [
        Images(
            "The surest regions of each class",
            images,
            f"The {_PER_CLASS} proposals that are most probably of a class, before their regression.",
        ),
        Fold("The same as a table", [Table("", columns, rows)]),
    ]


def _objects(trace: "DetectionTrace") -> NDArray[np.float32]:
    """The ground truth's boxes; none where it is not known."""
    return np.zeros((0, 4), np.float32) if trace.objects is None else trace.objects


def _names(trace: "DetectionTrace", which: Iterable[int]) -> list[str]:
    found = trace.detections
    return [f"{found.classes[int(found.labels[i])]} {found.scores[i]:.2f}" for i in which]


def _regression(trace: "DetectionTrace", most: int) -> list[Block]:
    # The surest detections, of different regions.
    _, first = np.unique(trace.detection_regions, return_index=True)
    which = sorted(first.tolist())[:most]
    if not which:
        return []
    before, after = trace.before_regression[which], trace.detections.boxes[which]
    moved = np.abs(after - before).max()
    objects, names = _objects(trace), _names(trace, which)
    return [
        Chart(
            "Boxes before and after their regression",
            draw_regression(trace.image, before, after, objects=objects, names=names),
            f"{count(len(which), 'box', 'boxes')}; their sides moved by up to {moved:.0f} pixels.",
            "Of each class the head has learned how a proposal must move to fit its object; the arrow joins "
            f"the centres. Sides moved by up to {moved:.0f} pixels here.",
        )
    ]


def _attention(trace: "DetectionTrace") -> list[Block]:
    which = range(len(trace.attention))
    if not which:
        return []
    boxes, names = trace.before_regression[: len(which)], _names(trace, which)
    return [
        Chart(
            "What the head looked at",
            draw_attention(trace.image, boxes, list(trace.attention), names=names),
            f"Maps over the regions of {count(len(which), 'detection')}.",
            "Each cell of a region's grid is hidden in turn, by what is seen there in the mean of all "
            "regions: red where the probability of its class falls, blue where it rises.",
        )
    ]


def _suppression(trace: "DetectionTrace") -> list[Block]:
    if not len(trace.answers):
        return [Note("Nothing was probable enough.")]
    found, kept = trace.answers, trace.answer_kept
    objects, threshold = _objects(trace), trace.answer_threshold
    return [
        Chart(
            "Detections before and after suppression",
            draw_suppression(
                trace.image, found.boxes, found.scores, kept, objects=objects, threshold=threshold
            ),
            f"{count(len(found), 'box', 'boxes')} of all classes, {len(kept):,} of them kept.",
            "Only boxes of the same class drop each other.",
        )
    ]
