"""The doctor's look at the boxes."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset, Finding, Sample, relative_name
from foveal.data.formats.table import row_of
from foveal.wording import be, count

# Boxes drawn to the border may stick out by a rounding.
ROUNDING = 1.0


def check_boxes(dataset: Dataset) -> Iterator[Finding]:
    """Boxes that nothing can be trained on, or that somebody drew by mistake."""
    if dataset.task != "detection":
        return
    one_for_all = row_of(dataset).one_for_all
    for sample in dataset:
        # Where one file is about all images, the image's name tells more.
        place = sample.annotation if sample.annotation and not one_for_all else sample.path
        file = relative_name(place, dataset.root)
        for number in _doubtful(sample):
            finding = _about(dataset, sample, number, file)
            if finding is not None:
                yield finding
        yield from _repeated(dataset, sample, file)
    yield from _at_border(dataset)
    yield from _without_objects(dataset)
    yield from _flags(dataset)


def _doubtful(sample: Sample) -> list[int]:
    """The boxes that are not plainly right: 2 pixels a side at least, and inside the image."""
    boxes, size = sample.boxes, np.array([sample.width, sample.height])
    large = boxes[:, 2:] - boxes[:, :2] >= 2
    inside = (boxes[:, :2] >= 0) & (boxes[:, 2:] <= size)
    return np.flatnonzero(~(large & inside).all(axis=1)).tolist()


def _about(dataset: Dataset, sample: Sample, number: int, file: str) -> Finding | None:
    box = sample.boxes[number].astype(np.float64)
    name = f"Object {number + 1} ({dataset.classes[int(sample.labels[number])]}"
    row = row_of(dataset)
    name += f" of {sample.name})" if row.one_for_all else ")"
    width, height = box[2] - box[0], box[3] - box[1]
    left_out = "The object is left out of training."
    shown = _shown(box)
    # Of inclusive corners: one pixel where they are equal, nothing where they are swapped.
    if width < 0 or height < 0 or (row.inclusive and (width == 0 or height == 0)):
        return Finding("inverted-box", "error", file, f"{name} has its corners swapped: {shown}.", left_out)
    if width == 0 or height == 0 or (row.inclusive and width <= 1 and height <= 1):
        equal = f", xmin = xmax = {box[2]:g} and ymin = ymax = {box[3]:g}" if row.inclusive else ""
        return Finding("empty-box", "error", file, f"{name} has no area: {shown}{equal}.", left_out)
    if not sample.width or not sample.height:
        return None
    size = f"{sample.width}×{sample.height}"
    inside_x = min(box[2], sample.width) - max(box[0], 0)
    inside_y = min(box[3], sample.height) - max(box[1], 0)
    if inside_x <= 0 or inside_y <= 0:
        text = f"{name} lies outside the picture ({size}): {shown}."
        return Finding("outside-box", "error", file, text, left_out)
    if inside_x < 2 or inside_y < 2:
        text = f"{name} is smaller than 2 pixels ({inside_x:.1f}×{inside_y:.1f}): {shown}."
        return Finding("tiny-box", "error", file, text, left_out)
    beyond = max(-box[0], -box[1], box[2] - sample.width, box[3] - sample.height)
    if beyond > ROUNDING:
        text = f"{name} sticks out of the picture ({size}) by {beyond:.1f} pixels: {shown}."
        action = "The part inside the picture is learnt from."
        return Finding("clipped-box", "warning", file, text, action)
    return None


def _shown(box: NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{value:g}" for value in np.round(box, 2)) + ")"


def _repeated(dataset: Dataset, sample: Sample, file: str) -> Iterator[Finding]:
    at: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for number, box in enumerate(sample.boxes.tolist()):
        at[tuple(box)].append(number)
    for box, numbers in at.items():
        names = [dataset.classes[int(sample.labels[number])] for number in numbers]
        if len(numbers) == 1:
            continue
        shown = _shown(np.array(box))
        if len(set(names)) < len(names):
            text = f"{len(numbers)} objects of {sample.name} have the same box {shown} and class {names[0]}."
            yield Finding("duplicate-box", "warning", file, text, "Each counts as an object.")
        else:
            text = f"One box of {sample.name}, {shown}, is labelled {' and '.join(names)}."
            yield Finding("box-of-two-classes", "warning", file, text, "Each is learnt from.")


def _at_border(dataset: Dataset) -> Iterator[Finding]:
    touching = total = 0
    for sample in dataset:
        if sample.width and sample.height and len(sample.boxes):
            boxes = sample.boxes
            far = np.array([sample.width, sample.height]) - boxes[:, 2:]
            touching += int(((boxes[:, :2] <= 1).any(axis=1) | (far <= 1).any(axis=1)).sum())
            total += len(boxes)
    if not total or touching < 0.1 * total:
        return
    text = (
        f"{touching} of {count(total, 'box', 'boxes')} ({100 * touching / total:.0f} %) "
        f"{'touches the border of its' if touching == 1 else 'touch the border of their'} picture."
    )
    action = "They are learnt from like all others, though cut off."
    yield Finding("border-boxes", "note", "", text, action)


def _without_objects(dataset: Dataset) -> Iterator[Finding]:
    for sample in dataset:
        if len(sample.boxes):
            continue
        file = relative_name(sample.path, dataset.root)
        if sample.annotation is None:
            text = "The picture has no annotation file (a missing file, not an empty one)."
            action = "It counts as background; label it if it shows objects."
            yield Finding("no-annotation", "warning", file, text, action)
        else:
            text = f"The picture has no objects in {relative_name(sample.annotation, dataset.root)}."
            yield Finding("no-objects", "note", file, text, "It counts as background.")


def _flags(dataset: Dataset) -> Iterator[Finding]:
    total = sum(len(sample.boxes) for sample in dataset)
    difficult = sum(int(sample.difficult.sum()) for sample in dataset)
    crowd = sum(int(sample.crowd.sum()) for sample in dataset)
    if difficult:
        text = f"{difficult} of {count(total, 'object')} {be(difficult)} marked as difficult."
        action = "They are not learnt from; under the VOC protocol they do not count in evaluation."
        yield Finding("difficult-objects", "note", "", text, action)
    if crowd and crowd == total:
        text = (
            f"All {count(total, 'object')} {be(total)} marked as crowd regions (iscrowd), as some tools mark "
            "every mask: there is nothing to learn from."
        )
        action = "They are not learnt from. Where each is a single object, iscrowd has to be 0."
        yield Finding("crowd-regions", "warning", "", text, action)
    elif crowd:
        regions = "is a crowd region" if crowd == 1 else "are crowd regions"
        text = f"{crowd} of {count(total, 'object')} {regions} (iscrowd)."
        action = "They are not learnt from, and detections inside them do not count as wrong."
        yield Finding("crowd-regions", "note", "", text, action)
