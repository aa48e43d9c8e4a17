"""Apple Create ML: one JSON list of images, boxes by their centres.

The format is Apple's ("Building an object detector data source"); Turi Create, labelImg, RectLabel and
Roboflow write it as well.
"""

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data.dataset import Dataset
from foveal.data.documents import Documents
from foveal.data.file_tree import Tree
from foveal.data.formats.drawings import Drawing, class_name, coordinate, gather, plain, shown, tell_broken
from foveal.data.formats.records import Reading
from foveal.data.formats.writing import Pictures, check_detection, place_image, unique_names
from foveal.files import write_json

# In lower case, without underscores.
_IMAGE_KEYS = ("image", "imagefilename", "imagename", "filename", "imagepath")
_OBJECT_KEYS = ("annotations", "annotation")
# Entries that are enough to tell another list.
_LOOKED_AT = 100


def take(content: Any, file: str) -> list[Drawing] | None:
    """What a JSON file says of its images, given its content; None where it is no file of Create ML.

    Where no number of the file is above 1, they are shares of the images' sizes.
    """
    if not isinstance(content, list) or not content:
        return None
    # A list of results may have millions of entries.
    if not any(_entry(entry) for entry in content[:_LOOKED_AT]):
        return None
    entries = [_entry(entry) for entry in content]
    told = [objects for _, objects in filter(None, entries) if isinstance(objects, list)]
    if 2 * len(told) <= len(content):
        return None
    objects = [entry for some in told for entry in some]
    if objects and not any(isinstance(entry, dict) and "coordinates" in entry for entry in objects):
        return None
    drawings, numbers = [], [0.0]
    for number, entry in enumerate(entries, 1):
        if entry is None or not isinstance(entry[1], list):
            broken = f"Entry {number} ({shown(content[number - 1])}) has no image or no list of annotations."
            drawings.append(Drawing(broken=[broken]))
            continue
        drawing = Drawing(plain(entry[0]))
        for place, described in enumerate(entry[1], 1):
            try:
                numbers += _add(drawing, described)
            except ValueError as error:
                drawing.broken.append(f"Annotation {place} of {drawing.named} {error}.")
        drawings.append(drawing)
    relative = 0 < max(numbers) <= 1
    for drawing in drawings:
        drawing.relative = relative
    return drawings


def _entry(entry: Any) -> tuple[str, Any] | None:
    """The name of an image and its objects; None where the entry has no name or no objects."""
    if not isinstance(entry, dict):
        return None
    values = {key.lower().replace("_", ""): value for key, value in entry.items()}
    named = next((values[key] for key in _IMAGE_KEYS if isinstance(values.get(key), str)), "")
    objects = next((values[key] for key in _OBJECT_KEYS if key in values), None)
    return (named, objects) if named and objects is not None else None


def _add(drawing: Drawing, described: Any) -> list[float]:
    """Add an object, and give its four numbers."""
    if not isinstance(described, dict):
        raise ValueError("is none")
    name = class_name(described.get("label"))
    place = described.get("coordinates")
    if not isinstance(place, dict):
        raise ValueError(f"({name}) has no coordinates")
    x, y, width, height = numbers = [coordinate(place.get(key)) for key in ("x", "y", "width", "height")]
    drawing.add(name, [x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    return numbers


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's files of Create ML say as one data set; None where there are none.

    The classes are sorted by name.

    Raises
    ------
    DataError
        If two files contradict each other about an image.
    """
    files: dict[str, list[Drawing]] = documents.of("create_ml")
    if not files:
        return None
    found = [
        (file, tree.image_named(drawing.named, near=file), drawing)
        for file, drawings in files.items()
        for drawing in drawings
    ]
    reading = gather(found)
    tell_broken(reading, tree, documents, (".json",), one_each=False)
    return reading


def write_create_ml(dataset: Dataset, folder: str | os.PathLike[str], *, images: Pictures = True) -> None:
    """Write a detection data set for Apple's Create ML.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets the copies of the images that exist and one ``annotations.json`` beside them; where the data set
        has splits, in ``train/``, ``val/`` and ``test/``, each a data source of its own.
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.

    Raises
    ------
    DataError
        If the data set is for classification.

    Notes
    -----
    Create ML has no words for difficult, crowd, ids, the order of the classes, areas and unused classes:
    crowd regions and difficult objects become objects like any other. Numbers are pixels, written with all
    their digits; a file without any above 1 would be read as one of shares. Images with equal names get
    their id added.
    """
    check_detection(dataset, "Create ML")
    folder = Path(folder)
    entries: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for sample, name in zip(dataset, unique_names(dataset), strict=True):
        boxes = sample.boxes.astype(np.float64)
        centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        objects = [
            {
                "label": dataset.classes[int(label)],
                "coordinates": dict(zip(("x", "y", "width", "height"), (*centre, *lengths), strict=True)),
            }
            for label, centre, lengths in zip(sample.labels, centres.tolist(), sides.tolist(), strict=True)
        ]
        entries[sample.split or ""].append({"image": name, "annotations": objects})
        place_image(sample, folder / (sample.split or "") / name, images)
    for place, some in entries.items():
        write_json(folder / place / "annotations.json", some)
