"""How a detector came to its answer for one picture: a chapter of a page, or a section of a report."""

from typing import TYPE_CHECKING

import numpy as np

from foveal.report.figures.boxes.anchors import draw_anchor_matches, draw_anchors
from foveal.report.figures.boxes.attention import draw_attention
from foveal.report.figures.boxes.objectness import draw_objectness
from foveal.report.figures.boxes.regression import draw_regression
from foveal.report.figures.boxes.roi_sampling import draw_roi_sampling
from foveal.report.figures.boxes.suppression import draw_suppression
from foveal.report.html.annotated_images import Picture, picture_of_pixels
from foveal.report.html.blocks import Block, Chapter, Chart, Fold, Headline, Note, Pictures, Section, Table
from foveal.report.wording import count

if TYPE_CHECKING:
    from foveal.models.detection.trace import DetectionTrace

# Detections that are followed back to their proposals.
_FOLLOWED = 6
# Regions whose probabilities are told, for each class.
_PER_CLASS = 5
_MOST_CLASSES = 12
# Cells along a box that show best what RoIAlign does.
_CELLS = 9


def trace_chapter(name: str, steps: "DetectionTrace", model: str, *, threshold: float = 0.5) -> Chapter:
    """Tell how a detector came to its answer for a picture.

    Parameters
    ----------
    name : str
        The picture's.
    steps : DetectionTrace
    model : str
        The model's name: ``"faster-rcnn"``.
    threshold : float, default=0.5
        The score from which detections are drawn.

    Returns
    -------
    Chapter
        For :func:`foveal.report.write_report`.
    """
    height, width = steps.image.shape[:2]
    headlines = [
        Headline(f"{len(steps.candidates):,}", "candidates", "boxes that may hold an object"),
        Headline(f"{len(steps.kept):,}", "proposals", "left of them, and looked at closely"),
    ]
    if steps.classes:
        headlines += [
            Headline(f"{len(steps.answers):,}", "answers", "a region with a class that is probable enough"),
            Headline(f"{len(steps.detections):,}", "detections", "left of them"),
        ]
    if steps.anchors:
        total = sum(len(level) for level in steps.anchors)
        headlines.insert(0, Headline(f"{total:,}", "anchors", f"on {count(len(steps.strides), 'level')}"))
    sections = []
    if steps.classes:
        found = _found(name, steps, threshold)
        sections.append(Section("Detections", "What was found in the end.", [found]))
    titles = {
        "Anchors": "Where it begins: boxes of a few sizes at every place of every level (Ren et al. 2015, "
        "section 3.1.1).",
        "Objectness": "Which of them may hold an object.",
        "Proposals": "Boxes that overlap a better one much are dropped.",
        "RoIAlign": "What is read of a region, whatever its size.",
        "Classes": "What is said to be in the regions.",
        "Regression": "How the boxes of the surest detections were moved.",
        "Attention": "What the answers rest on.",
        "Suppression": "One detection an object.",
    }
    parts = _blocks(steps)
    sections += [Section(title, text, parts[title]) for title, text in titles.items() if parts[title]]
    left = count(len(steps.detections), "detection") if steps.classes else count(len(steps.kept), "proposal")
    text = (
        f"How {model} went from {count(len(steps.candidates), 'candidate')} to {left} in a picture that it "
        f"saw at {width} × {height} pixels."
    )
    kind = "Object detector" if steps.classes else "Region proposals"
    return Chapter(name, f"{kind} · {model}", text, headlines, sections)


def trace_section(name: str, steps: "DetectionTrace", *, threshold: float = 0.5) -> Section:
    """The same as one section of a report, without what only the ground truth or a learner asks for."""
    parts = _blocks(steps, brief=True)
    blocks: list[Block] = [_found(name, steps, threshold)]
    for title in ("Anchors", "Objectness", "Proposals", "RoIAlign", "Regression", "Attention"):
        blocks += parts[title]
    return Section(
        "One picture, step by step",
        f"How the detector came to what it says of {name}; foveal explain does the same for any picture.",
        blocks,
    )


def _blocks(steps: "DetectionTrace", *, brief: bool = False) -> dict[str, list[Block]]:
    return {
        "Anchors": _anchors(steps, brief),
        "Objectness": _objectness(steps),
        "Proposals": _proposals(steps),
        "RoIAlign": _sampling(steps),
        "Classes": [] if brief or not steps.classes else _classes(steps),
        "Regression": _regression(steps, 3 if brief else _FOLLOWED),
        "Attention": _attention(steps),
        "Suppression": [] if brief or not steps.classes else _suppression(steps),
    }


def _found(name: str, steps: "DetectionTrace", threshold: float) -> Pictures:
    found = steps.detections
    shown = np.flatnonzero(found.scores >= threshold)
    boxes = [found.boxes[shown]]
    looks = [f"class-{int(k) % 8 + 1}" for k in found.labels[shown]]
    said = [f"{found.classes[int(found.labels[i])]} {found.scores[i]:.2f}" for i in shown]
    labels, meanings = list(said), list(said)
    pictures: list[Picture] = []
    if steps.objects is not None:
        boxes.insert(0, steps.objects)
        looks = ["truth"] * len(steps.objects) + looks
        labels = [""] * len(steps.objects) + labels
        names = steps.object_names or ("object",) * len(steps.objects)
        meanings = [f"truth: {n}" for n in names] + meanings
    pictures.append(
        picture_of_pixels(
            name,
            steps.image,
            f"{count(len(shown), 'detection')} with a score of at least {threshold:.2f}",
            boxes=np.concatenate(boxes),
            looks=looks,
            labels=labels,
            meanings=meanings,
        )
    )
    caption = "Dashed white is the truth. " if steps.objects is not None else ""
    weaker = len(found) - len(shown)
    if weaker:
        caption += (
            f"{count(weaker, 'detection')} with a lower score {'is' if weaker == 1 else 'are'} not drawn."
        )
    return Pictures("The picture, as the detector sees it", pictures, caption.strip())


def _anchors(steps: "DetectionTrace", brief: bool) -> list[Block]:
    if not steps.anchors:
        return []
    here = None
    if len(steps.detections):
        x1, y1, x2, y2 = (float(v) for v in steps.detections.boxes[0])
        here = ((x1 + x2) / 2, (y1 + y2) / 2)
    where = "the middle of the surest detection" if here else "the middle of the picture"
    total = sum(len(level) for level in steps.anchors)
    blocks: list[Block] = [
        Chart(
            "Anchors at one place of each level",
            draw_anchors(steps.image, steps.sizes, steps.strides, place=here),
            f"Boxes of all scales and ratios at {where}, for {count(len(steps.strides), 'level')}.",
            f"Small objects are left to fine levels, large ones to coarse levels. Drawn at {where}; there "
            f"are {total:,} in all.",
        )
    ]
    rows = [
        [f"{stride} pixels", ", ".join(f"{w:.0f} × {h:.0f}" for w, h in sizes), f"{len(level):,}"]
        for stride, sizes, level in zip(steps.strides, steps.sizes, steps.anchors, strict=True)
    ]
    columns = ("stride", "widths × heights at each place, in pixels", "anchors in this picture")
    blocks.append(Table("The anchors of each level", columns, rows, words=(1,)))
    if steps.matches is None or steps.objects is None:
        return blocks
    if brief and not len(steps.objects):
        return blocks
    blocks.append(
        Chart(
            "Which anchors are foreground, and why",
            draw_anchor_matches(
                steps.image,
                np.concatenate(steps.anchors),
                steps.objects,
                steps.matches,
                names=steps.object_names,
                foreground=steps.foreground,
                background=steps.background,
            ),
            f"{int(steps.matches.foreground.sum())} anchors are foreground, "
            f"{int(steps.matches.background.sum())} background.",
            "What the training would ask of the anchors here: foreground should be told from background, and "
            "moved onto its object. Anchors between the thresholds, and those that cross the border, count "
            "neither way.",
        )
    )
    return blocks


def _objectness(steps: "DetectionTrace") -> list[Block]:
    if not steps.objectness:
        return []
    most = ", ".join(f"{level.max():.2f}" for level in steps.objectness if level.size)
    return [
        Chart(
            "Objectness over the picture",
            draw_objectness(steps.image, steps.objectness, steps.strides),
            f"Maps of the probability of an object, one a level; the highest are {most}.",
            "The probability that an anchor at a place holds an object of any class; of several anchors at a "
            "place the highest.",
        )
    ]


def _proposals(steps: "DetectionTrace") -> list[Block]:
    if not len(steps.candidates):
        return [Note("Nothing was proposed.")]
    if len(steps.kept) == len(steps.candidates):
        title, caption = "Proposals", "All of them are looked at."
    else:
        title = "Proposals before and after suppression"
        caption = (
            "Before: the best anchors of each level, moved by their regression. After: those that no better "
            "one overlaps much, the best of them."
        )
    objects = () if steps.objects is None else steps.objects
    return [
        Chart(
            title,
            draw_suppression(
                steps.image,
                steps.candidates,
                steps.candidate_scores,
                steps.kept,
                objects=objects,
                threshold=steps.proposal_threshold,
            ),
            f"{len(steps.candidates):,} boxes, {len(steps.kept):,} of them kept.",
            caption + (" Dashed white is the truth." if len(objects) else ""),
        )
    ]


def _sampling(steps: "DetectionTrace") -> list[Block]:
    if not steps.roi_size or not steps.activity or not len(steps.kept):
        return []
    box = steps.before_regression[0] if len(steps.detections) else steps.proposals[0]
    side = float(np.sqrt(max(np.prod(box[2:] - box[:2]), 1.0)))
    level = int(np.argmin([abs(np.log(side / stride / _CELLS)) for stride in steps.strides]))
    stride = steps.strides[level]
    whose = "the surest detection" if len(steps.detections) else "the best proposal"
    return [
        Chart(
            "RoIAlign's sampling points",
            draw_roi_sampling(
                steps.activity[level],
                box,
                steps.roi_size,
                spatial_scale=1 / stride,
                sampling_ratio=steps.sampling_ratio,
            ),
            f"The region of {whose} on the grid of the level with stride {stride}.",
            f"The region of {whose} on the map with stride {stride}; the darker a cell, the stronger its "
            "features. RoIAlign (left, used here) reads between the cells' centres; RoIPool (right) would "
            "round the region to whole cells.",
        )
    ]


def _classes(steps: "DetectionTrace") -> list[Block]:
    if not len(steps.kept):
        return []
    rows = []
    best = steps.probabilities[:, : len(steps.classes)]
    order = np.argsort(-best.max(axis=0), kind="stable")[:_MOST_CLASSES]
    for k in order:
        for place in np.argsort(-best[:, k], kind="stable")[:_PER_CLASS]:
            box = ", ".join(f"{v:.0f}" for v in steps.proposals[place])
            proposed = f"{steps.proposal_scores[place]:.2f}"
            rows.append([steps.classes[k], f"{best[place, k]:.3f}", f"{place + 1:,}", proposed, box])
    columns = ("class", "probability", "proposal", "its score", "x1, y1, x2, y2")
    pictures = [_top_of_class(steps, int(k)) for k in order]
    return [
        Pictures(
            "The surest regions of each class",
            pictures,
            f"The {_PER_CLASS} proposals that are most probably of a class, before their regression.",
        ),
        Fold("The same as a table", [Table("", columns, rows)]),
    ]


def _top_of_class(steps: "DetectionTrace", label: int) -> Picture:
    sure = steps.probabilities[:, label]
    top = np.argsort(-sure, kind="stable")[:_PER_CLASS]
    # The best is drawn last, above the others.
    drawn = top[::-1]
    return picture_of_pixels(
        steps.classes[label],
        steps.image,
        f"at most {sure[top[0]]:.2f}",
        boxes=steps.proposals[drawn],
        looks=[f"class-{label % 8 + 1}"] * len(drawn),
        labels=[f"{sure[i]:.2f}" for i in drawn],
        meanings=[f"proposal {i + 1}: {sure[i]:.3f}" for i in drawn],
    )


def _followed(steps: "DetectionTrace", most: int) -> list[int]:
    """The surest detections, of different regions."""
    regions = steps.detection_regions
    seen: dict[int, int] = {}
    for i, region in enumerate(regions.tolist()):
        seen.setdefault(region, i)
    return sorted(seen.values())[:most]


def _names(steps: "DetectionTrace", which: list[int]) -> list[str]:
    found = steps.detections
    return [f"{found.classes[int(found.labels[i])]} {found.scores[i]:.2f}" for i in which]


def _regression(steps: "DetectionTrace", most: int) -> list[Block]:
    which = _followed(steps, most)
    if not which:
        return []
    before, after = steps.before_regression[which], steps.detections.boxes[which]
    moved = np.abs(after - before).max(axis=1)
    return [
        Chart(
            "Boxes before and after their regression",
            draw_regression(
                steps.image,
                before,
                after,
                objects=() if steps.objects is None else steps.objects,
                names=_names(steps, which),
            ),
            f"{len(which)} boxes; their sides moved by up to {moved.max():.0f} pixels.",
            "Of each class the head has learned how a proposal must move to fit its object; the arrow joins "
            f"the centres. Sides moved by up to {moved.max():.0f} pixels here.",
        )
    ]


def _attention(steps: "DetectionTrace") -> list[Block]:
    which = list(range(len(steps.attention)))
    if not which:
        return []
    return [
        Chart(
            "What the head looked at",
            draw_attention(
                steps.image, steps.before_regression[which], list(steps.attention), names=_names(steps, which)
            ),
            f"Maps over the regions of {count(len(which), 'detection')}.",
            "Each cell of a region's grid is hidden in turn, by what is seen there in the mean of all "
            "regions: red where the probability of its class falls, blue where it rises.",
        )
    ]


def _suppression(steps: "DetectionTrace") -> list[Block]:
    if not len(steps.answers):
        return [Note("Nothing was probable enough.")]
    return [
        Chart(
            "Detections before and after suppression",
            draw_suppression(
                steps.image,
                steps.answers.boxes,
                steps.answers.scores,
                steps.answer_kept,
                objects=() if steps.objects is None else steps.objects,
                threshold=steps.answer_threshold,
            ),
            f"{len(steps.answers):,} boxes of all classes, {len(steps.answer_kept):,} of them kept.",
            "Only boxes of the same class drop each other.",
        )
    ]
