"""labelme: one JSON file an image, with shapes of several kinds (labelme's ``_label_file.py``, 3 to 6)."""

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data.dataset import Dataset, Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import Match, Tree, stem_of
from foveal.data.formats.drawings import (
    Drawing,
    class_name,
    corners,
    gather,
    plain,
    side,
    tell_broken,
)
from foveal.data.formats.records import Reading
from foveal.data.formats.writing import Pictures, check_detection, place_image, unique_names
from foveal.files import write_json
from foveal.wording import count

# Kinds of shapes beside rectangles, circles and masks; X-AnyLabeling knows more of them than labelme.
_OUTLINES = {
    "polygon": "polygon",
    "quadrilateral": "polygon",
    "oriented_rectangle": "rotated box",
    "rotation": "rotated box",
    "cuboid": "cuboid",
}
_WITHOUT_BOX = {"point": "point", "points": "point", "line": "line", "linestrip": "line"}
# What labelme's own converters leave out.
_NO_CLASSES = ("__ignore__", "_background_")


@dataclass
class LabelmeFile:
    """What one file says.

    Attributes
    ----------
    drawing : Drawing
    pieces : int
        How many polygons were put to others of the same object.
    embedded : bool
        Whether the image itself lies in the file.
    """

    drawing: Drawing
    pieces: int = 0
    embedded: bool = False
    groups: dict[tuple[str, str], int] = field(default_factory=dict)


def take(content: Any, file: str) -> LabelmeFile | None:
    """What a JSON file says, given its content; None where it is no file of labelme.

    Polygons and masks of one class and ``group_id`` are pieces of one object, as in labelme's own
    converters.
    """
    shapes = content.get("shapes") if isinstance(content, dict) else None
    if not isinstance(shapes, list):
        return None
    drawn = [shape for shape in shapes if isinstance(shape, dict) and {"label", "points"} <= shape.keys()]
    if not ({"imagePath", "imageData"} & content.keys() or (drawn and len(drawn) == len(shapes))):
        return None
    named = content.get("imagePath")
    drawing = Drawing(
        plain(named) if isinstance(named, str) else "",
        side(content.get("imageWidth")),
        side(content.get("imageHeight")),
    )
    kept = LabelmeFile(drawing, embedded=bool(content.get("imageData")))
    for number, shape in enumerate(shapes, 1):
        if not isinstance(shape, dict):
            drawing.broken.append(f"Shape {number} is none.")
            continue
        try:
            _add(kept, shape)
        except ValueError as error:
            drawing.broken.append(f"Shape {number} {error}.")
    return kept


def _add(kept: LabelmeFile, shape: dict[str, Any]) -> None:
    drawing = kept.drawing
    name = class_name(shape.get("label"))
    points: Any = shape.get("points")
    # labelme 2 knew polygons only, and wrote no kind.
    kind = str(shape.get("shape_type") or "polygon")
    if name in _NO_CLASSES:
        drawing.left_out[f"shape of class {name}"] += 1
        return
    if kind in _WITHOUT_BOX:
        drawing.left_out[_WITHOUT_BOX[kind]] += 1
        return
    box, count = corners(points), len(points)
    difficult = _true(shape.get("difficult")) or _true(_flags(shape).get("difficult"))
    if kind == "rectangle" or (count == 2 and not shape.get("shape_type")):
        if count < 2:
            raise ValueError(f"({name}) has {count} point, a rectangle has 2")
        drawing.add(name, box, difficult=difficult)
    elif kind == "circle":
        if count != 2:
            raise ValueError(f"({name}) has {count} points, a circle has 2: its centre and one on its edge")
        (x, y), (edge_x, edge_y) = (corners([point])[:2] for point in points)
        radius = math.hypot(edge_x - x, edge_y - y)
        drawing.add(name, [x - radius, y - radius, x + radius, y + radius], "circle", difficult=difficult)
    elif kind == "mask":
        if count != 2:
            raise ValueError(f"({name}) has {count} points, a mask has 2")
        # The corners are the first and the last pixel.
        _add_piece(kept, shape, name, [box[0], box[1], box[2] + 1, box[3] + 1], "mask", difficult)
    elif kind in _OUTLINES:
        if count < 3:
            raise ValueError(f"({name}) has {count} points, a {kind} has 3 at least")
        _add_piece(kept, shape, name, box, _OUTLINES[kind], difficult)
    else:
        drawing.left_out[f"shape of kind {kind[:30]}"] += 1


def _add_piece(
    kept: LabelmeFile, shape: dict[str, Any], name: str, box: list[float], drawn: str, difficult: bool
) -> None:
    """Add a polygon, or make the object larger that it is a piece of."""
    group = shape.get("group_id")
    key = (name, str(group))
    if group is None or key not in kept.groups:
        kept.groups[key] = len(kept.drawing.boxes)
        kept.drawing.add(name, box, drawn, difficult=difficult)
        return
    kept.pieces += 1
    whole = kept.drawing.boxes[kept.groups[key]]
    whole[:] = [min(whole[0], box[0]), min(whole[1], box[1]), max(whole[2], box[2]), max(whole[3], box[3])]


def _flags(shape: dict[str, Any]) -> dict[str, Any]:
    flags = shape.get("flags")
    return flags if isinstance(flags, dict) else {}


def _true(value: Any) -> bool:
    return value.lower() == "true" if isinstance(value, str) else value is True or value == 1


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's files of labelme say; None where there are none.

    The classes are sorted by name.
    """
    files: dict[str, LabelmeFile] = documents.of("labelme")
    if not files:
        return None
    found, sure = [], []
    for file, kept in files.items():
        match, own = _image(tree, file, kept.drawing.named)
        kept.drawing.named = kept.drawing.named or stem_of(file)
        found.append((file, match, kept.drawing))
        sure.append(own)
    reading = gather(found, place=lambda file: "")
    for record, own in zip(reading.records, sure, strict=True):
        record.sure = own
    for (file, match, drawing), own in zip(found, sure, strict=True):
        said = drawing.named.replace("\\", "/").rpartition("/")[2]
        if own and match.image is not None and stem_of(said) != stem_of(match.image):
            text = f"imagePath says {said!r}, but the picture of this file is {match.image}."
            action = "The picture with the annotation's own name counts."
            reading.findings.append(Finding("wrong-filename", "warning", file, text, action))
    pieces = sum(kept.pieces for kept in files.values())
    if pieces:
        these = count(pieces, "polygon or mask has", "polygons or masks have")
        text = f"{these} the class and the group_id of another one of their picture."
        action = "They are pieces of one object: the box is around all of them."
        reading.findings.append(Finding("bounding-boxes", "note", "", text, action))
    inside = sum(files[file].embedded and match.image is None for file, match, _ in found)
    if inside:
        one = "picture that is not there lies inside its annotation file"
        several = "pictures that are not there lie inside their annotation files"
        text = f"{count(inside, one, several)} (imageData)."
        action = "`labelme_export_json` or labelme itself writes them out."
        reading.findings.append(Finding("no-images", "note", "", text, action))
    tell_broken(reading, tree, documents, (".json",), one_each=True)
    return reading


def _image(tree: Tree, file: str, said: str) -> tuple[Match, bool]:
    """The image of a file, and whether it has the file's own name.

    Copies of images keep the ``imagePath`` of the first one, so that the file's own name counts more.
    """
    named = tree.image_named(said, near=file) if said else Match()
    if named.image is not None and stem_of(named.image) == stem_of(file):
        return named, True
    own = tree.image_of(file, said)
    if own.image is not None or own.rivals:
        return own, True
    return named, False


def write_labelme(dataset: Dataset, folder: str | os.PathLike[str], *, images: Pictures = True) -> None:
    """Write a detection data set as files of labelme, rectangles only.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets the copies of the images that exist, each with its JSON file beside it; where the data set has
        splits, in ``train/``, ``val/`` and ``test/``.
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.

    Raises
    ------
    DataError
        If the data set is for classification.

    Notes
    -----
    labelme has no words for crowd regions, ids, the order of the classes, areas and unused classes. Difficult
    objects and crowd regions get the flag ``difficult``. A rectangle's corners have no order: a box whose
    corners are swapped is put right by it. Images with equal names get their id added.
    """
    check_detection(dataset, "labelme")
    folder = Path(folder)
    for sample, name in zip(dataset, unique_names(dataset), strict=True):
        place = folder / (sample.split or "")
        marked = sample.difficult | sample.crowd
        shapes = [
            {
                "label": dataset.classes[int(label)],
                "points": [[float(box[0]), float(box[1])], [float(box[2]), float(box[3])]],
                "group_id": None,
                "description": "",
                "shape_type": "rectangle",
                "flags": {"difficult": True} if difficult else {},
                "mask": None,
            }
            for box, label, difficult in zip(
                sample.boxes.astype(np.float64), sample.labels, marked, strict=True
            )
        ]
        content: dict[str, Any] = {
            "version": "5.5.0",
            "flags": {},
            "shapes": shapes,
            "imagePath": name,
            "imageData": None,
            "imageHeight": sample.height or None,
            "imageWidth": sample.width or None,
        }
        write_json(place / f"{Path(name).stem}.json", content)
        place_image(sample, place / name, images)
