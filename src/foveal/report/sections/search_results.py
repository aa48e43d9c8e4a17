"""What came of a selective search: its order, the objects that it covers, the share of each strategy."""

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import iou
from foveal.proposals import cover_objects
from foveal.proposals.ranking import FUSION_CONSTANT, NEAR_COPIES
from foveal.report.figures.proposals.similarities import name_strategy
from foveal.report.html.annotated_images import AnnotatedImage, image_with_boxes
from foveal.report.html.blocks import Fold, Images, Note, Section, Table
from foveal.report.records import SearchRecord
from foveal.wording import count

_FEW = 10
_MANY = 50
_LOOKS = 8
_MOST_OBJECTS = 40
_MOST_ROWS = 16


def order_section(record: SearchRecord, copies: NDArray[np.bool_]) -> Section:
    """The best proposals, and where near copies went."""
    boxes = record.proposals.boxes
    images = [_boxes_image(record, f"The best {min(_FEW, len(boxes))}", boxes[:_FEW], numbered=True)]
    if len(boxes) > _FEW:
        images.append(_boxes_image(record, f"The best {min(_MANY, len(boxes))}", boxes[:_MANY]))
    near = NEAR_COPIES[-1]
    if copies.any():
        images.append(_copies_image(record, copies))
        among = "; ".join(
            f"{int(copies[:n].sum()):,} of the first {n:,}" for n in (100, 500, 1000, 2000) if n < len(boxes)
        )
        text = (
            f"Near copies, which overlap a better box by an IoU of more than {near:g}: {int(copies.sum()):,} "
            f"of {count(len(boxes), 'box', 'boxes')}{'; ' if among else ''}{among}."
        )
    else:
        text = f"No box overlaps a better one by an IoU of more than {near:g}."
    return Section(
        "The best proposals",
        "What comes first, and where near copies went.",
        [Images("Boxes on the picture", images, _order_text(record)), Note(text)],
    )


def _order_text(record: SearchRecord) -> str:
    copies = (
        f"The score of a box that overlaps a better one by an IoU of more than {NEAR_COPIES[0]:g} is halved, "
        f"and beyond {NEAR_COPIES[-1]:g} halved again, so that the first boxes are different ones."
    )
    if record.learned:
        return (
            "The score is an estimate, learned from the objects of other pictures, of how well a box "
            f"overlaps some object. {copies}"
        )
    return (
        "Every strategy ranks its regions, the last made first: what was made late is large and has outlived "
        "most joinings (section 3.3 of the paper, which then draws lots). Here the ranks of the "
        f"strategies are fused, a box scores 1 / ({FUSION_CONSTANT:g} + rank) for every region that it is "
        f"around. {copies}"
    )


def _boxes_image(
    record: SearchRecord, name: str, boxes: NDArray[np.float32], *, numbered: bool = False
) -> AnnotatedImage:
    number = len(boxes)
    # The best lie above the others.
    order = range(number - 1, -1, -1)
    return image_with_boxes(
        name,
        record.image,
        "the first is the whole picture" if numbered and _is_whole(record, boxes[0]) else "",
        boxes=boxes[::-1],
        looks=[f"class-{i % _LOOKS + 1}" for i in order],
        labels=["" if not numbered or _is_whole(record, boxes[i]) else str(i + 1) for i in order],
        meanings=[f"proposal {i + 1}" for i in order],
    )


def _is_whole(record: SearchRecord, box: NDArray[np.float32]) -> bool:
    height, width = record.image.shape[:2]
    return bool((box == (0, 0, width, height)).all())


def _copies_image(record: SearchRecord, copies: NDArray[np.bool_]) -> AnnotatedImage:
    """The proposal with the most near copies behind it, and these."""
    boxes = record.proposals.boxes
    kept, behind = np.flatnonzero(~copies), np.flatnonzero(copies)
    origin = kept[np.array([iou(boxes[i : i + 1], boxes[kept])[0].argmax() for i in behind])]
    # A proposal of the whole image hides its copies at the border.
    inside = origin[[not _is_whole(record, boxes[i]) for i in origin]]
    numbers = np.bincount(inside if len(inside) else origin, minlength=len(boxes))
    most = int(numbers.argmax())
    followers = behind[origin == most]
    places = f"places {followers[0] + 1:,} to {followers[-1] + 1:,}"
    if len(followers) == 1:
        places = f"place {followers[0] + 1:,}"
    return image_with_boxes(
        "Near copies of one box",
        record.image,
        f"yellow: place {most + 1:,}; pink: its {count(len(followers), 'copy', 'copies')}, {places}",
        boxes=np.concatenate([boxes[followers], boxes[most : most + 1]]),
        looks=["class-2"] * len(followers) + ["class-3"],
        meanings=[f"proposal {i + 1}" for i in (*followers, most)],
    )


def objects_section(record: SearchRecord) -> Section:
    """Which proposal covers which object, and how early it comes."""
    assert record.objects is not None
    title, text = "Objects", "Which proposal covers which object, how well, and how early it comes."
    boxes, objects, names = record.proposals.boxes, record.objects, list(record.object_names)
    if not len(objects):
        return Section(title, text, [Note("The data set knows of no object in this picture.")])
    covers = cover_objects(boxes, objects)
    rows = []
    for i, name in enumerate(names):
        best = int(covers.best[i])
        first = ["–" if f < 0 else f"{f + 1:,}" for f in (best, *covers.first[:, i])]
        rows.append([name, f"{covers.overlaps[i]:.2f}", *first, "–" if best < 0 else _origin(record, best)])
    halves, good = (int((first >= 0).sum()) for first in covers.first)
    shown = range(min(len(objects), _MOST_OBJECTS))
    truth = [objects[i] for i in shown]
    found = [(i, int(covers.best[i])) for i in shown if covers.best[i] >= 0]
    image = image_with_boxes(
        "Objects and their best proposals",
        record.image,
        "dashed: objects; blue: best proposals with an IoU of at least 0.5; orange: below",
        boxes=np.array([boxes[best] for _, best in found] + truth, np.float32),
        looks=[
            *("right" if covers.overlaps[i] >= 0.5 else "wrong" for i, _ in found),
            *["truth"] * len(truth),
        ],
        labels=[*(f"{names[i]} {covers.overlaps[i]:.2f}" for i, _ in found), *[""] * len(truth)],
        meanings=[
            *(f"{names[i]}: proposal {best + 1}, IoU {covers.overlaps[i]:.2f}" for i, best in found),
            *(f"truth: {names[i]}" for i in shown),
        ],
    )
    columns = [
        "object", "best IoU", "its place", "first place with IoU ≥ 0.5", "first with IoU ≥ 0.7", "made by",
    ]  # fmt: skip
    summary = (
        f"{halves} of {count(len(objects), 'object')} are covered at an IoU of 0.5, {good} at 0.7. The best "
        f"overlaps have a mean of {covers.overlaps.mean():.2f}; their average over the objects of a class is "
        "the paper's ABO (equation 7)."
    )
    table = Table("Each object", columns, rows, words=(5,))
    return Section(title, text, [Note(summary), Images("On the picture", [image]), table])


def _origin(record: SearchRecord, place: int) -> str:
    """Which strategies have a proposal's box."""
    box = record.proposals.boxes[place]
    made = [t for t in record.proposals.hierarchy if (t.boxes == box).all(axis=1).any()]
    if not made:
        return "–"
    name = name_strategy(made[0])
    return name if len(made) == 1 else f"{name} and {count(len(made) - 1, 'other')}"


def strategies_section(record: SearchRecord) -> Section:
    """What each strategy gave, and how much of it was new."""
    known: set[tuple[float, ...]] = set()
    rows = []
    for tree in record.proposals.hierarchy:
        own = {tuple(map(float, box)) for box in tree.boxes}
        new = own - known
        known |= own
        strategy = tree.strategy
        numbers = tree.number, len(tree), len(own), len(new), len(known)
        way = [strategy.color_space, f"{strategy.k:g}", strategy.similarities]
        rows.append([*way, *(f"{number:,}" for number in numbers)])
    columns = [
        "colour space", "k", "similarities", "first regions", "regions in all", "different boxes",
        "new boxes", "boxes so far",
    ]  # fmt: skip
    table = Table("Regions and boxes of each strategy", columns, rows, words=(2,))
    long = len(rows) > _MOST_ROWS
    return Section(
        "Strategies",
        "What each way of grouping adds. Diversity, not any one strategy, is what makes the list complete "
        "(section 3.2 of the paper).",
        [
            Fold(f"Regions and boxes of all {len(rows)} strategies", [table]) if long else table,
            Note(
                "C is colour, T texture, S size, F fill. N first regions make N − 1 joinings, 2 N − 1 "
                "regions in all; several of them may have one box. New is what no strategy above has."
            ),
        ],
    )
