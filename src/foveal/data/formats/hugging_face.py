"""Hugging Face's image folder: ``metadata.jsonl`` beside the images, with ``file_name`` and ``objects``.

Its ``metadata.csv`` and lines with a ``label`` in place of objects are tables of classes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from foveal.data.dataset import Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import Tree, composed
from foveal.data.formats.box_layouts import (
    Layout,
    are_shares,
    as_usual,
    corners_of,
    layout_of,
    sizes_of,
)
from foveal.data.formats.records import Reading, Record, is_number, record_of, union
from foveal.data.formats.tables.class_names import named_classes
from foveal.data.formats.tables.rows import without_missing
from foveal.errors import DataError
from foveal.wording import be, count

_BOXES = ("bbox", "bboxes", "boxes")
_NAMES = (
    "categories",
    "category",
    "labels",
    "label",
    "class",
    "classes",
    "class_name",
    "category_id",
    "name",
)
# The class of objects where none has one.
_UNNAMED = "object"


def take(content: Any, file: str) -> list[Any] | None:
    """The lines of a file, given their content; None where they hold no boxes of images."""
    if not isinstance(content, list):
        return None
    entries = [entry for entry in content[:50] if isinstance(entry, dict)]
    named = any(isinstance(entry.get("file_name"), str) for entry in entries)
    return content if named and any(_places(entry) for entry in entries) else None


def _places(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Where the boxes of a line stand: in ``objects``, one by one or as lists, or in the line itself."""
    objects = entry.get("objects")
    some = objects if isinstance(objects, list) else [objects] if isinstance(objects, dict) else [entry]
    return [place for place in some if isinstance(place, dict) and any(key in place for key in _BOXES)]


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's files of metadata say; None where there are none with boxes.

    Boxes are ``x, y, width, height``, as the documentation has them; where only corners fit, these, with a
    finding. Classes that are numbers are called as the README's ``class_label`` names them.

    Raises
    ------
    DataError
        If two files contradict each other about an image, or the boxes fit in several ways but the usual.
    """
    files: dict[str, list[Any]] = documents.of("hugging_face")
    broken = {file: why for file, why in documents.broken.items() if file.lower().endswith(".jsonl")}
    if not files and not broken:
        return None
    reading = Reading(files=list(files), reasons=list(broken.values()))
    reading.findings += [
        Finding("broken-annotation", "error", file, why, "The file is left out.")
        for file, why in broken.items()
    ]
    if not files:
        return reading
    parts = [(file, *_objects(tree, file, content, reading.findings)) for file, content in files.items()]
    numbers = np.array([box for _, _, boxes, _ in parts for box in boxes], np.float64).reshape(-1, 4)
    relative = are_shares(numbers)
    records = [record for _, records, _, owners in parts for record in (records[i] for i in owners)]
    sizes = np.ones((len(numbers), 2)) if relative else sizes_of(tree, records)
    candidates: list[Layout] = ["sides", "corners", "centres"] if relative else ["sides", "corners"]
    verdict = layout_of(numbers, sizes, candidates)
    mend = "Write bbox as [x, y, width, height]"
    try:
        finding = as_usual(verdict, None if relative else "sides", reading.where, mend)
    except DataError as error:
        raise DataError(f"{tree.root}: {error}") from error
    reading.findings += [] if finding is None else [finding]
    for record, box in zip(records, corners_of(numbers, verdict.layout).tolist(), strict=True):
        record.boxes.append(box)
        record.relative = relative
    drawn = {id(record): record for record in records}.values()
    used = {name for record in drawn for name in record.names}
    called, reading.classes = named_classes(tree, documents, used, reading.findings)
    for record in drawn:
        record.names = [called[name] for name in record.names]
    reading.records, told_before = union([(file, some) for file, some, _, _ in parts])
    for file, told in told_before.items():
        text = f"{told} of its pictures {be(told)} in other files too."
        action = "What they say together counts."
        reading.findings.append(Finding("several-annotation-files", "note", file, text, action))
    return reading


def _objects(
    tree: Tree, file: str, content: Sequence[Any], findings: list[Finding]
) -> tuple[list[Record], list[list[float]], list[int]]:
    """The records of a file, the numbers of all boxes, and of each the number of its record."""
    records: dict[str, Record] = {}
    boxes: list[list[float]] = []
    owners: list[int] = []
    place: dict[str, int] = {}
    unnamed = 0

    def tell(line: int, what: str, left: str) -> None:
        findings.append(
            Finding("broken-object", "error", file, f"Line {line} {what}.", f"The {left} is left out.")
        )

    named = [entry.get("file_name") for entry in content if isinstance(entry, dict)]
    matches = {name: tree.image_named(name, near=file) for name in named if isinstance(name, str) and name}
    missing = without_missing(tree, file, matches.items(), findings)
    for line, entry in enumerate(content, 1):
        name = entry.get("file_name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name:
            tell(line, "has no file_name", "line")
            continue
        if name in missing:
            continue
        place.setdefault(name, len(place))
        record = records.setdefault(name, record_of(matches[name], name, file))
        for box, category in _pairs(entry):
            numbers = _box(box)
            if numbers is None:
                tell(line, f"has {str(box)[:60]} for a box", "object")
            elif category == "":
                tell(line, "has a box without a category", "object")
            else:
                boxes.append(numbers)
                owners.append(place[name])
                record.names.append(_UNNAMED if category is None else category)
                unnamed += category is None
                record.difficult.append(False)
                record.crowd.append(False)
    if unnamed:
        text = f"{count(unnamed, 'object has no category', 'objects have no categories')}."
        action = f"They are of one class, '{_UNNAMED}'."
        findings.append(Finding("no-class-names", "warning", file, text, action))
    return list(records.values()), boxes, owners


def _pairs(entry: dict[str, Any]) -> Iterator[tuple[Any, str | None]]:
    """The boxes of a line, each with its category: None where none has one, "" where its own is missing."""
    for place in _places(entry):
        boxes = next(place[key] for key in _BOXES if key in place)
        if isinstance(boxes, list) and boxes and not isinstance(boxes[0], list):
            boxes = [boxes]
        names = next((place[key] for key in _NAMES if key in place), None)
        some = boxes if isinstance(boxes, list) else [] if boxes is None else [boxes]
        several = names if isinstance(names, list) else [names] * len(some)
        for i, box in enumerate(some):
            name = several[i] if i < len(several) else ""
            known = isinstance(name, str | int) and not isinstance(name, bool)
            yield box, composed(str(name).strip()) if known else None if names is None else ""


def _box(box: Any) -> list[float] | None:
    if not isinstance(box, list) or len(box) != 4:
        return None
    return [float(n) for n in box] if all(map(is_number, box)) else None
