"""COCO's object detection JSON (Lin et al., 2014; cocodataset.org, "data format")."""

import re
from copy import deepcopy
from typing import Any

from foveal.data.dataset import Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import Tree
from foveal.data.formats.coco.records import COCOFile, categories_of, records_of
from foveal.data.formats.records import Reading, Record, union
from foveal.data.formats.split_lists import from_file_name, from_folders, normalise
from foveal.wording import be, count


def take(content: Any, file: str) -> COCOFile | None:
    """What a JSON file says, given its content.

    None where it is no COCO ground truth of boxes: a list of results, detections with scores, captions, a
    panoptic ground truth, or something else altogether.
    """
    if not isinstance(content, dict):
        return None
    images, annotations = content.get("images"), content.get("annotations")
    categories = content.get("categories") or []
    if not all(isinstance(some, list) for some in (images, annotations, categories)):
        return None
    assert isinstance(images, list)
    assert isinstance(annotations, list)
    entries = [entry for entry in annotations if isinstance(entry, dict)]
    # A ground truth has no scores: these are somebody's detections in the same clothes.
    for key in ("score", "caption", "segments_info"):
        if entries and all(key in entry for entry in entries):
            return None
    return COCOFile(file, images, annotations, categories, from_file_name(file) or from_folders(file))


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
    outlines = 0
    for file in order:
        name_of = categories_of(files[file], categories, reading.findings)
        records, drawn = records_of(tree, files[file], _home(files[file]), name_of, reading.findings)
        parts.append((file, records))
        outlines += drawn
    if outlines:
        these = count(outlines, "object has", "objects have")
        text = f"{these} no bbox: they are taken by the bounding boxes of their segmentation."
        action = "What lies outside their outlines in the boxes is learnt too."
        reading.findings.append(Finding("bounding-boxes", "note", "", text, action))
    reading.records, told_before = union(parts)
    kept = {id(record) for record in reading.records}
    for file, records in parts:
        if file in told_before:
            told = told_before[file]
            text = f"{told} of its {count(len(records), 'picture')} {be(told)} described by other files too."
            action = "What they say together counts."
            reading.findings.append(Finding("several-annotation-files", "note", file, text, action))
            reading.copies[file] = _alone(files[file], records, categories)
        _number_anew(file, [r for r in records if id(r) in kept], taken, reading.findings)
    if not reading.records:
        reading.reasons += [f"{finding.file}: {finding.message}" for finding in reading.findings[:1]]
    reading.classes = sorted(categories, key=lambda name: categories[name])
    reading.category_ids = [categories[name] for name in reading.classes]
    return reading


def _alone(content: COCOFile, records: list[Record], categories: dict[str, int]) -> Reading:
    """One file by itself, as a copy of what counts."""
    numbers: dict[str, int] = {}
    categories_of(content, numbers, [])
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
        # Every export with a file for each split counts from 0 or 1 in each.
        action = f"{shift} is added to the ids of this file."
        findings.append(Finding("image-ids-clash", "note", file, text, action))
    taken.update(record.id for record in records if record.id is not None)
