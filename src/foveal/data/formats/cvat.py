"""CVAT for images 1.1: one XML file of a task or project (docs.cvat.ai, "XML annotation format")."""

import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent

import numpy as np

from foveal.data.dataset import Dataset, Finding
from foveal.data.documents import Documents, local_name
from foveal.data.file_tree import Match, Tree, composed
from foveal.data.formats.drawings import (
    Drawing,
    around_ellipse,
    class_name,
    coordinate,
    corners,
    gather,
    side,
    tell_broken,
)
from foveal.data.formats.records import Reading, Record
from foveal.data.formats.split_lists import normalise
from foveal.data.formats.writing import Pictures, check_detection, place_image, unique_names, xml_text
from foveal.files import write_text


@dataclass
class CVATImage:
    """What a file says of one image.

    Attributes
    ----------
    drawing : Drawing
    subset : str
        The part of a project that it belongs to, of whatever name.
    tags : list of str
        Classes of the whole image.
    """

    drawing: Drawing
    subset: str
    tags: list[str] = field(default_factory=list)


@dataclass
class CVATFile:
    """What a file says.

    Attributes
    ----------
    labels : list of str
        The classes, in the order of the task.
    images : list of CVATImage
    tracks : int
        How many objects it follows through a video; they are not read.
    """

    labels: list[str]
    images: list[CVATImage]
    tracks: int

    @property
    def tags_alone(self) -> bool:
        """Whether it is of classes of whole images."""
        shapes = any(i.drawing.boxes or i.drawing.broken or i.drawing.left_out for i in self.images)
        return not shapes and any(image.tags for image in self.images)


def take(root: Element, file: str) -> CVATFile | None:
    """What an XML file says of boxes, given its root; None where it is no file of CVAT, or one of tags."""
    content = _content(root)
    return None if content is None or content.tags_alone else content


def take_tags(root: Element, file: str) -> CVATFile | None:
    """What an XML file says of the classes of whole images; None where it is no such file of CVAT."""
    content = _content(root)
    return content if content is not None and content.tags_alone else None


def _content(root: Element) -> CVATFile | None:
    if local_name(root).lower() != "annotations":
        return None
    images = [e for e in root if local_name(e) == "image" and e.get("name")]
    tracks = sum(local_name(e) == "track" for e in root)
    labels = [
        composed((label.findtext("name") or "").strip())
        for meta in root
        if local_name(meta) == "meta"
        for label in meta.iter("label")
        # The points of a skeleton have labels of their own.
        if label.find("parent") is None
    ]
    if not (images or tracks or labels):
        return None
    return CVATFile(list(dict.fromkeys(filter(None, labels))), [_image(e) for e in images], tracks)


def _image(element: Element) -> CVATImage:
    drawing = Drawing(
        composed(element.get("name", "")), side(element.get("width")), side(element.get("height"))
    )
    subset = (element.get("subset") or "").strip()
    drawing.split = normalise(subset)
    image = CVATImage(drawing, subset)
    for number, shape in enumerate(element, 1):
        kind = local_name(shape)
        if kind == "attribute":
            continue
        try:
            name = class_name(shape.get("label"))
            if kind == "tag":
                image.tags.append(name)
            elif kind in _BOX_OF:
                box, word = _BOX_OF[kind](shape)
                drawing.add(name, box, word, difficult=_is_difficult(shape))
            else:
                drawing.left_out[_WORDS.get(kind, kind)] += 1
        except ValueError as error:
            drawing.broken.append(f"Object {number} ({kind}) of {drawing.named} {error}.")
    return image


def _is_difficult(shape: Element) -> bool:
    said = {a.get("name"): (a.text or "").strip().lower() for a in shape if local_name(a) == "attribute"}
    return any(said.get(name) in ("true", "1") for name in ("difficult", "is_crowd", "iscrowd"))


# -- shapes ---------------------------------------------------------------------------------------------

# What has no box, in a sentence's words.
_WORDS = {"points": "point", "polyline": "line"}


def _box(shape: Element) -> tuple[list[float], str]:
    x1, y1, x2, y2 = (coordinate(shape.get(key)) for key in ("xtl", "ytl", "xbr", "ybr"))
    turn = math.radians(coordinate(shape.get("rotation", "0")))
    if not turn:
        return [x1, y1, x2, y2], ""
    # It is turned about its middle.
    width, height = x2 - x1, y2 - y1
    across = (abs(width * math.cos(turn)) + abs(height * math.sin(turn))) / 2
    down = (abs(width * math.sin(turn)) + abs(height * math.cos(turn))) / 2
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    return [x - across, y - down, x + across, y + down], "rotated box"


def _points(shape: Element) -> list[list[str]]:
    return [pair.split(",") for pair in shape.get("points", "").split(";") if pair.strip()]


def _polygon(shape: Element) -> tuple[list[float], str]:
    return corners(_points(shape)), "polygon"


def _ellipse(shape: Element) -> tuple[list[float], str]:
    turn = math.radians(coordinate(shape.get("rotation", "0")))
    cx, cy, rx, ry = (shape.get(key) for key in ("cx", "cy", "rx", "ry"))
    return around_ellipse(cx, cy, rx, ry, turn), "ellipse"


def _cuboid(shape: Element) -> tuple[list[float], str]:
    places = [f"{corner}{face}" for face in "12" for corner in ("tl", "bl", "tr", "br")]
    return corners([[shape.get(f"x{place}"), shape.get(f"y{place}")] for place in places]), "cuboid"


def _skeleton(shape: Element) -> tuple[list[float], str]:
    seen = [point for e in shape if e.get("outside") != "1" for point in _points(e)]
    return corners(seen), "skeleton"


def _mask(shape: Element) -> tuple[list[float], str]:
    left, top, width, height = (coordinate(shape.get(key)) for key in ("left", "top", "width", "height"))
    # How many pixels are outside, then inside, then outside again, row by row.
    runs = [coordinate(count) for count in shape.get("rle", "").split(",")]
    if not width >= 1 or sum(runs) > width * height or min(runs) < 0:
        raise ValueError("has runs that do not fit its width and height")
    ends = [0, *accumulate(int(count) for count in runs)]
    inside = [(start, end) for start, end in list(pairwise(ends))[1::2] if end > start]
    if not inside:
        raise ValueError("is empty")
    line = int(width)
    rows = [(start // line, (end - 1) // line) for start, end in inside]
    columns = [
        (start % line, (end - 1) % line) if first == last else (0, line - 1)
        for (start, end), (first, last) in zip(inside, rows, strict=True)
    ]
    x1, x2 = min(first for first, _ in columns), max(last for _, last in columns)
    return [left + x1, top + rows[0][0], left + x2 + 1, top + rows[-1][1] + 1], "mask"


_BOX_OF: dict[str, Callable[[Element], tuple[list[float], str]]] = {
    "box": _box,
    "polygon": _polygon,
    "ellipse": _ellipse,
    "cuboid": _cuboid,
    "skeleton": _skeleton,
    "mask": _mask,
}

# -- readings -------------------------------------------------------------------------------------------


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's files of CVAT say as one data set; None where there are none.

    The classes are in the order of the task's labels.

    Raises
    ------
    DataError
        If two files contradict each other about an image.
    """
    files: dict[str, CVATFile] = documents.of("cvat")
    if not files:
        return None
    found = [
        (file, _match(tree, image, file), image.drawing)
        for file, content in files.items()
        for image in content.images
    ]
    reading = gather(found)
    labels = [label for content in files.values() for label in content.labels]
    reading.classes = list(dict.fromkeys([*labels, *reading.classes]))
    for file, content in files.items():
        if not (content.images or content.tracks):
            reading.reasons.append(f"{file} is of CVAT and speaks of no picture.")
        if content.tracks:
            text = f"{file} is of CVAT for video: its {content.tracks} tracks are not read."
            action = "Export the task as CVAT for images 1.1."
            reading.reasons.append(f"{text} {action}")
            if content.images or len(files) > 1:
                reading.findings.append(Finding("broken-annotation", "error", file, text, action))
    tags = Counter(tag for content in files.values() for image in content.images for tag in image.tags)
    if tags:
        text = f"{tags.total()} tags of whole pictures, such as {min(tags)}, are no boxes."
        reading.findings.append(Finding("shapes-without-box", "note", "", text, "They are left out."))
    tell_broken(reading, tree, documents, (".xml",), one_each=False)
    return reading


def _match(tree: Tree, image: CVATImage, file: str) -> Match:
    named = image.drawing.named
    return tree.image_named(f"{image.subset}/{named}" if image.subset else named, near=file)


def read_tags(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's files of CVAT say of the classes of whole images; None where there are none."""
    files: dict[str, CVATFile] = documents.of("cvat_tags")
    if not files:
        return None
    reading = Reading(files=list(files))
    for file, content in files.items():
        for image in content.images:
            match, named = _match(tree, image, file), image.drawing.named
            tags = list(dict.fromkeys(image.tags))
            if len(tags) == 1:
                record = Record(match.image, named, file, label=tags[0], split=image.drawing.split)
                record.rivals = match.rivals
                reading.records.append(record)
                continue
            said = f"the tags {', '.join(tags)}" if tags else "no tag"
            text = f"The picture {named} has {said}."
            place, action = match.image or file, "The picture is left out."
            reading.findings.append(Finding("image-without-class", "warning", place, text, action))
    used = {record.label for record in reading.records if record.label is not None}
    labels = [label for content in files.values() for label in content.labels if label in used]
    reading.classes = list(dict.fromkeys([*labels, *sorted(used)]))
    return reading


# -- writing --------------------------------------------------------------------------------------------


def write_cvat(dataset: Dataset, folder: str | os.PathLike[str], *, images: Pictures = True) -> None:
    """Write a detection data set as CVAT for images 1.1, to be uploaded to a task or project there.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``annotations.xml`` and ``images/`` (copies of the images that exist); where the data set has
        splits, ``images/train/`` and so on, and the file says the subset of each image.
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.

    Raises
    ------
    DataError
        If the data set is for classification.

    Notes
    -----
    Difficult objects and crowd regions get the attribute ``difficult``; CVAT keeps it where the label has an
    attribute of that name. CVAT has no words for ids and areas. Numbers are written with all their digits.
    Images with equal names get their id added.
    """
    check_detection(dataset, "CVAT")
    folder = Path(folder)
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    about = SubElement(SubElement(root, "meta"), "project" if dataset.splits else "task")
    SubElement(about, "name").text = dataset.root.name
    if dataset.splits:
        SubElement(about, "subsets").text = "\n".join(sorted(dataset.splits))
    else:
        SubElement(about, "size").text = str(len(dataset))
        SubElement(about, "mode").text = "annotation"
    labels = SubElement(about, "labels")
    for name in dataset.classes:
        label = SubElement(labels, "label")
        SubElement(label, "name").text = name
        SubElement(label, "attributes")
    for number, (sample, name) in enumerate(zip(dataset, unique_names(dataset), strict=True)):
        said = {"id": str(number), "name": name}
        said |= {"subset": sample.split} if sample.split else {}
        image = SubElement(root, "image", said | {"width": str(sample.width), "height": str(sample.height)})
        for box, label_number, difficult in zip(
            sample.boxes.astype(np.float64).tolist(),
            sample.labels,
            sample.difficult | sample.crowd,
            strict=True,
        ):
            sides = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(repr, box), strict=True))
            known = {"label": dataset.classes[int(label_number)], "source": "manual", "occluded": "0"}
            shape = SubElement(image, "box", known | sides | {"z_order": "0"})
            if difficult:
                SubElement(shape, "attribute", {"name": "difficult"}).text = "true"
        place_image(sample, folder / "images" / (sample.split or "") / name, images)
    indent(root)
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    write_text(folder / "annotations.xml", head + xml_text(root))
