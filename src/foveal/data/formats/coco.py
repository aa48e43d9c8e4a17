"""COCO's object detection JSON (Lin et al., 2014; cocodataset.org, "data format")."""

import json
import math
import os
import re
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from foveal.data.dataset import Dataset, Finding, SplitName, relative_name
from foveal.data.documents import Documents
from foveal.data.file_tree import Tree, composed
from foveal.data.formats.records import Reading, Record, union
from foveal.data.formats.split_lists import from_folders, normalise
from foveal.data.formats.writing import check_detection
from foveal.files import write_json


@dataclass
class COCOFile:
    """The content of one annotation file.

    Attributes
    ----------
    file : str
        Relative to the data folder.
    images, annotations, categories : list
        As in the file, not yet checked.
    split : {"train", "val", "test"} or None
        What the file's or its folder's name says.
    """

    file: str
    images: list[Any]
    annotations: list[Any]
    categories: list[Any]
    split: SplitName | None = None


def take(content: Any, file: str) -> COCOFile | None:
    """What a JSON file says, given its content.

    None where it is no COCO ground truth of boxes: a list of results, detections with scores, captions, a
    panoptic ground truth, or something else altogether.
    """
    if not isinstance(content, dict):
        return None
    images, annotations = content.get("images"), content.get("annotations")
    categories = content.get("categories", [])
    if not all(isinstance(some, list) for some in (images, annotations, categories)):
        return None
    assert isinstance(images, list)
    assert isinstance(annotations, list)
    entries = [entry for entry in annotations if isinstance(entry, dict)]
    # A ground truth has no scores: these are somebody's detections in the same clothes.
    for key in ("score", "caption", "segments_info"):
        if entries and all(key in entry for entry in entries):
            return None
    return COCOFile(file, images, annotations, categories, _split_of(file))


def _split_of(file: str) -> SplitName | None:
    for word in re.split(r"[^a-z0-9]+", file.rpartition("/")[2].lower()):
        if (split := normalise(word)) is not None:
            return split
    return from_folders(file)


def _home(content: COCOFile) -> str:
    """A file whose nearest images are those of the annotation file.

    ``instances_train2017.json`` speaks of ``images/train2017``: of two images of the same name the one
    in the folder named after the split is meant.
    """
    words = re.split(r"[^A-Za-z0-9]+", content.file.rpartition("/")[2])
    named = next((word for word in words if normalise(word) is not None), None)
    if content.split is None or named is None or from_folders(content.file) is not None:
        return content.file
    return f"images/{named}/{content.file.rpartition('/')[2]}"


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's COCO files say as one data set; None where there are none.

    Several files are merged by the names of their categories; ids of images that are taken by an
    earlier file are counted on from the largest one. The classes are in the order of their category ids.

    Raises
    ------
    DataError
        If two files contradict each other about an image.
    """
    files: dict[str, COCOFile] = documents.of("coco")
    reasons = [why for file, why in documents.broken.items() if file.lower().endswith(".json")]
    if not files and not reasons:
        return None
    # A file without a split of its own may be the union of train and val: it comes later; one without
    # annotations, which lists images of the others, last.
    order = sorted(files, key=lambda file: (not files[file].annotations, files[file].split is None, file))
    reading = Reading(files=order, reasons=reasons)
    for file, why in documents.broken.items():
        if file.lower().endswith(".json") and files:
            finding = Finding("broken-annotation", "error", file, why, "The file is left out.")
            reading.findings.append(finding)
    categories: dict[str, int] = {}
    taken: set[int] = set()
    parts = []
    for file in order:
        name_of = _categories(files[file], categories, reading.findings)
        parts.append((file, _records(tree, files[file], name_of, reading.findings)))
    reading.records, told_before = union(parts)
    kept = {id(record) for record in reading.records}
    for file, records in parts:
        if file in told_before:
            text = f"{told_before[file]} of its {len(records)} pictures are described by other files too."
            action = "What they say together counts."
            reading.findings.append(Finding("several-annotation-files", "note", file, text, action))
            reading.copies[file] = _alone(files[file], records, categories)
        _number_anew(file, [r for r in records if id(r) in kept], taken, reading.findings)
    reading.classes = sorted(categories, key=lambda name: categories[name])
    reading.category_ids = [categories[name] for name in reading.classes]
    return reading


def _alone(content: COCOFile, records: list[Record], categories: dict[str, int]) -> Reading:
    """One file by itself, as a copy of what counts."""
    numbers: dict[str, int] = {}
    _categories(content, numbers, [])
    classes = sorted(numbers, key=lambda name: numbers[name])
    return Reading(deepcopy(records), classes, [numbers[name] for name in classes])


def _number_anew(file: str, records: list[Record], taken: set[int], findings: list[Finding]) -> None:
    """Count the ids of a file's images on from the largest one where another file has them."""
    ids = {record.id for record in records if record.id is not None}
    if ids & taken:
        shift = max(taken) + 1
        for record in records:
            record.id = (record.id or 0) + shift
        text = "Image ids of this file are used by another file too."
        action = f"{shift} is added to the ids of this file."
        findings.append(Finding("image-ids-clash", "warning", file, text, action))
    taken.update(record.id for record in records if record.id is not None)


def _categories(content: COCOFile, known: dict[str, int], findings: list[Finding]) -> dict[Any, str]:
    """The names of a file's category ids; new names are added to the known ones."""
    name_of: dict[Any, str] = {}
    for entry in content.categories:
        identity, name = (entry.get("id"), entry.get("name")) if isinstance(entry, dict) else (None, None)
        if not _whole(identity) or not isinstance(name, str) or identity in name_of:
            text = f"The category {json.dumps(entry)[:100]} has no id of its own or no name."
            action = "The category is left out."
            findings.append(Finding("broken-object", "error", content.file, text, action))
            continue
        number, name = int(identity), composed(name)
        if name in name_of.values():
            text, action = f"Two categories are called {name!r}.", "They count as one class."
            findings.append(Finding("category-named-twice", "warning", content.file, text, action))
        name_of[number] = name
        if name not in known:
            known[name] = number if number not in known.values() else max(known.values()) + 1
        elif known[name] != number and name not in list(name_of.values())[:-1]:
            text = f"The category {name!r} has the id {number} here and {known[name]} in another file."
            action = f"Classes are matched by name; {known[name]} counts."
            findings.append(Finding("category-ids-differ", "warning", content.file, text, action))
    return name_of


def _records(tree: Tree, content: COCOFile, name_of: dict[Any, str], findings: list[Finding]) -> list[Record]:
    record_of: dict[int, Record] = {}
    swapped, home = 0, _home(content)

    def tell(kind: str, text: str, action: str) -> None:
        findings.append(Finding(kind, "error", content.file, text, action))

    for image in content.images:
        identity = image.get("id") if isinstance(image, dict) else None
        name = image.get("file_name") if isinstance(image, dict) else None
        if not _whole(identity) or not isinstance(name, str) or not name:
            entry = json.dumps(image)[:100]
            tell("broken-object", f"The image {entry} has no id or no file_name.", "The image is left out.")
            continue
        number = int(identity)
        if number in record_of:
            tell("broken-object", f"Two images have the id {number}.", "The second one is left out.")
            continue
        match = tree.image_named(name, near=home)
        from_url = _split_of_url(image.get("coco_url"))
        swapped += from_url is not None and content.split is not None and from_url != content.split
        record_of[number] = Record(
            match.image,
            name,
            content.file,
            _number(image.get("width")),
            _number(image.get("height")),
            areas=[],
            xywh=[],
            split=content.split or from_folders(match.image or name),
            id=number,
            rivals=match.rivals,
        )
    for entry in content.annotations:
        _add(entry, record_of, name_of, tell)
    if swapped:
        text = (
            f"{swapped} of {len(record_of)} images of this {content.split} file come, by their coco_url, "
            "from another part of COCO: a model that was trained on COCO may know them."
        )
        findings.append(Finding("split-of-origin", "note", content.file, text, "The file's split counts."))
    return list(record_of.values())


def _split_of_url(url: object) -> SplitName | None:
    return from_folders(url) if isinstance(url, str) else None


def _add(entry: Any, record_of: dict[int, Record], name_of: dict[Any, str], tell: Any) -> None:
    """Put one annotation into the record of its image, or tell why not."""
    if not isinstance(entry, dict):
        tell("broken-object", f"{json.dumps(entry)[:100]} is not an annotation.", "It is left out.")
        return
    called = f"Annotation {entry.get('id', '?')}"
    number = entry.get("image_id")
    record = record_of.get(int(number)) if _whole(number) else None
    if record is None:
        tell("unknown-image", f"{called} is of image {number!r}, which the file lacks.", "It is left out.")
        return
    category = entry.get("category_id")
    name = name_of.get(category) if _whole(category) else None
    if name is None:
        text = f"{called} ({record.named}) is of category {category!r}, which the file lacks."
        tell("unknown-class", text, "The object is left out.")
        return
    box = entry.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(_finite(v) for v in box):
        text = f"{called} ({record.named}) has {json.dumps(box)[:60]} for bbox."
        tell("broken-object", text, "The object is left out.")
        return
    x, y, width, height = (float(v) for v in box)
    area = entry.get("area")
    assert record.areas is not None
    assert record.xywh is not None
    record.boxes.append([x, y, x + width, y + height])
    record.xywh.append([x, y, width, height])
    record.areas.append(float(area) if area is not None and _finite(area) else max(width, 0) * max(height, 0))
    record.names.append(name)
    record.crowd.append(bool(_number(entry.get("iscrowd"))))
    record.difficult.append(bool(_number(entry.get("difficult")) or _number(entry.get("ignore"))))


def _finite(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: object) -> TypeGuard[float]:
    return _finite(value) and value == int(value)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, bool) or _finite(value) else 0.0


def write_coco(dataset: Dataset, path: str | os.PathLike[str]) -> None:
    """Write a detection data set as one COCO annotation file.

    Parameters
    ----------
    dataset : Dataset
    path : path-like
        The JSON file. ``file_name`` is relative to the data set's folder: a file that lies there finds
        its images.

    Raises
    ------
    DataError
        If there are classes of whole images in place of boxes.

    Notes
    -----
    A COCO file has no word for splits: write one for each, from ``dataset.part("train")`` and so on, and
    call it so: ``instances_train.json``. The key ``difficult`` (0 or 1) is an addition to COCO's.
    """
    check_detection(dataset, "COCO")
    content = dataset.to_coco()
    for image, sample in zip(content["images"], dataset, strict=True):
        name = relative_name(sample.path, dataset.root)
        image["file_name"] = sample.name if Path(name).is_absolute() else name
    write_json(path, content, indent=None)
