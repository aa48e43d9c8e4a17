"""YOLO's text files: one line an object, ``class cx cy width height`` in units of the image's size."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data.dataset import Dataset, Finding, SplitName
from foveal.data.documents import Documents, text_of
from foveal.data.file_tree import Tree, composed, join, stem_of
from foveal.data.formats.records import Reading, Record, record_of, union
from foveal.data.formats.split_lists import SplitLists, normalise
from foveal.data.formats.writing import check_detection, copy_image, unique_names
from foveal.errors import DataError
from foveal.files import write_text

_NAME_FILES = ("classes.txt", "obj.names", "names.txt", "classes.names", "coco.names", "voc.names")
_OTHER_TEXTS = {"readme", "license", "licence", "requirements", "notes", "source"}


@dataclass(frozen=True)
class Names:
    """The classes' names and what a ``data.yaml`` says of the splits."""

    names: dict[int, str]
    file: str
    places: tuple[tuple[SplitName, str], ...] = ()


def take(content: Any, file: str) -> dict[str, Any] | None:
    """A ``data.yaml``, given its content; None where it is none."""
    return content if isinstance(content, dict) and "names" in content else None


def label_folders(tree: Tree) -> list[str]:
    """The folders of label files, the most likely first: those called labels or annotations."""
    lists = set(SplitLists(tree).files)
    found, empty = [], []
    for folder, names in tree.folders.items():
        files = [join(folder, name) for name in names if _is_label(name)]
        files = [file for file in files if file not in lists and _has_image(tree, file)]
        if any(_looks_right(tree.path(file)) for file in files):
            found.append(folder)
        elif files and all(not tree.path(file).stat().st_size for file in files):
            empty.append(folder)
    # A split may hold background only; empty files by themselves are labels only where they are called so.
    found += [folder for folder in empty if found or _called_labels(folder)]
    return sorted(found, key=lambda folder: (not _called_labels(folder), folder))


def _has_image(tree: Tree, file: str) -> bool:
    match = tree.image_of(file)
    return match.image is not None or bool(match.rivals)


def _called_labels(folder: str) -> bool:
    return any(word in folder.lower() for word in ("label", "annotation"))


def _is_label(name: str) -> bool:
    stem, dot, suffix = name.lower().rpartition(".")
    return bool(dot) and suffix == "txt" and stem not in _OTHER_TEXTS and name.lower() not in _NAME_FILES


def _looks_right(path: Path) -> bool:
    """Whether a line of the file is an object as YOLO writes it."""
    return any(_object(line) is not None for line in _lines(path))


def _lines(path: Path) -> list[str]:
    return text_of(path).splitlines()


def _object(line: str) -> tuple[int, list[float]] | None:
    """The class's number and the relative ``x1, y1, x2, y2`` of a line; None where it is no such line."""
    try:
        number, *rest = (float(word) for word in line.split())
    except ValueError:
        return None
    if not all(math.isfinite(v) for v in (number, *rest)) or number != int(number) or number < 0:
        return None
    # Pixels are no fractions of an image; small overshoots are defects that the doctor names.
    if any(abs(v) > 4 for v in rest):
        return None
    if len(rest) == 4:
        cx, cy, width, height = rest
        return int(number), [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2]
    # A polygon, as YOLO's segmentation labels have it: its bounding box.
    if len(rest) >= 6 and len(rest) % 2 == 0:
        xs, ys = rest[::2], rest[1::2]
        return int(number), [min(xs), min(ys), max(xs), max(ys)]
    return None


def names_of(
    tree: Tree, documents: Documents, folders: Sequence[str], findings: list[Finding]
) -> Names | None:
    """The classes' names, from ``data.yaml``, ``classes.txt`` or ``obj.names``.

    Parameters
    ----------
    tree : Tree
    documents : Documents
        Their YAML files are asked first.
    folders : sequence of str
        The folders of the label files: their names files are looked at before those of the root.
    findings : list of Finding
        Gets one for every broken YAML file.
    """
    for file, why in documents.broken.items():
        if file.lower().endswith((".yaml", ".yml")) and file.count("/") <= 1:
            findings.append(Finding("broken-annotation", "error", file, why, "The file is not read."))
    for file, content in documents.of("yolo").items():
        if file.count("/") <= 1 and (found := _from_yaml(tree, file, content)) is not None:
            return found
    for folder in [*folders, ""]:
        files = tree.folders[folder]
        listed = [n for n in files if n.lower() in _NAME_FILES] or [
            n for n in files if n.lower().endswith(".names")
        ]
        if listed:
            file = join(folder, listed[0])
            lines = [composed(line.strip()) for line in _lines(tree.path(file))]
            while lines and not lines[-1]:
                lines.pop()
            return Names(dict(enumerate(lines)), file)
    return None


def _from_yaml(tree: Tree, file: str, content: dict[str, Any]) -> Names | None:
    names = content.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(str(k).isdecimal() for k in names):
        return None
    # Lists in lists, by YAML's references, can be too large to write out.
    if not all(isinstance(name, str | int | float) for name in names.values()):
        return None
    places: list[tuple[SplitName, str]] = []
    base = str(content.get("path") or "")
    for key in ("train", "val", "valid", "validation", "test"):
        split, value = normalise(key), content.get(key)
        for place in value if isinstance(value, list) else [value]:
            if isinstance(place, str) and place and split is not None:
                places.append((split, _inside(tree, file, base, place)))
    ordered = {int(k): composed(str(v)) for k, v in names.items()}
    return Names(dict(sorted(ordered.items())), file, tuple(places))


def _inside(tree: Tree, file: str, base: str, place: str) -> str:
    """A path of a YAML file relative to the data folder.

    Such paths are often those of another machine, or begin with ``../`` where the folder was moved; the
    longest end of the path that exists inside the data folder is meant.
    """
    known = set(tree.folders) | set(tree.files)
    home = file.rpartition("/")[0]
    parts = [p for p in f"{base}/{place}".replace("\\", "/").split("/") if p not in ("", ".", "..")]
    for start in range(len(parts)):
        for prefix in (home, ""):
            candidate = "/".join(([prefix] if prefix else []) + parts[start:])
            if candidate in known:
                return candidate
    return "/".join(parts)


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's YOLO label files say; None where there is nothing that looks like them.

    The classes are in the order of their numbers.

    Raises
    ------
    DataError
        If two folders of label files contradict each other about an image.
    """
    folders = label_folders(tree)
    if not folders:
        reasons = _reasons(tree)
        return Reading(reasons=reasons) if reasons else None
    reading = Reading()
    findings = reading.findings
    found = names_of(tree, documents, folders, findings)
    listed = set(SplitLists(tree).files)
    places = [place for _, place in found.places if place in tree.folders] if found else []
    parts: list[tuple[str, list[Record]]] = []
    numbers: dict[int, list[int]] = {}
    for folder in folders:
        records = []
        for name in tree.folders[folder]:
            file = join(folder, name)
            if not _is_label(name) or file in listed:
                continue
            boxes, classes, broken = _parse(tree.path(file))
            findings += [
                Finding("broken-object", "error", file, text, "The line is left out.") for text in broken
            ]
            match = tree.image_of(file, folders=places)
            record = record_of(match, stem_of(file), file, boxes=boxes, relative=True)
            numbers[id(record)] = classes
            records.append(record)
            reading.files.append(file)
        parts.append((folder, records))
    label_of = _names_used(found, {number for some in numbers.values() for number in some}, findings)
    for _, records in parts:
        for record in records:
            _name(record, numbers[id(record)], label_of, found.file if found else "", findings)
    reading.records, told_before = union(parts)
    reading.classes = list(dict.fromkeys(label_of.values()))
    for folder, records in parts:
        if folder in told_before:
            text = (
                f"{told_before[folder]} files describe pictures that files in {folders[0] or 'the root'} "
                "describe already."
            )
            action = "What they say together counts."
            findings.append(Finding("several-annotation-files", "note", folder, text, action))
            reading.copies[folder or "the root's .txt files"] = Reading(records, reading.classes)
    reading.splits = dict(_places(tree, found.places, findings)) if found else {}
    return reading


def _reasons(tree: Tree) -> list[str]:
    """Of the first text file that is called like an image: what its first line is."""
    for folder, names in tree.folders.items():
        for name in names:
            file = join(folder, name)
            if _is_label(name) and _has_image(tree, file):
                line = next((line for line in _lines(tree.path(file)) if line.strip()), "")
                if line:
                    return [f"Line 1 of {file} is not `class cx cy width height`: {line.strip()[:60]!r}."]
    return []


def _names_used(found: Names | None, used: set[int], findings: list[Finding]) -> dict[int, str]:
    """The name of each class by its number; the number itself where no file names the classes."""
    if found is not None:
        return {number: name for number, name in found.names.items() if name}
    text = "No file names the classes (classes.txt, obj.names or data.yaml)."
    action = "The classes are called by their numbers."
    findings.append(Finding("no-class-names", "warning", "", text, action))
    return {number: str(number) for number in sorted(used)}


def _parse(path: Path) -> tuple[list[list[float]], list[int], list[str]]:
    boxes, classes, broken = [], [], []
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        found = _object(line)
        if found is None:
            broken.append(f"Line {number} is not `class cx cy width height`: {line.strip()[:60]!r}.")
            continue
        classes.append(found[0])
        boxes.append(found[1])
    return boxes, classes, broken


def _name(
    record: Record, classes: list[int], label_of: dict[int, str], file: str, findings: list[Finding]
) -> None:
    """Give the record's objects their names, and leave out those whose number has none."""
    kept = [i for i, number in enumerate(classes) if number in label_of]
    for i, number in enumerate(classes):
        if number not in label_of:
            where = record.annotation or record.named
            text = f"Object {i + 1} has the class number {number}, which {file} does not name."
            findings.append(Finding("unknown-class", "error", where, text, "The object is left out."))
    record.boxes = [record.boxes[i] for i in kept]
    record.names = [label_of[classes[i]] for i in kept]


def _places(
    tree: Tree, places: tuple[tuple[SplitName, str], ...], findings: list[Finding]
) -> list[tuple[str, Any]]:
    """The split of every image that a ``data.yaml`` puts in one; test before val before train."""
    found: list[tuple[str, Any]] = []
    for wanted in ("train", "val", "test"):
        for split, place in places:
            if split != wanted:
                continue
            if place in tree.folders:
                inside = [p for p in tree.images if p.startswith(f"{place}/") or place == ""]
            elif place in tree.files:
                named = [tree.image_named(line.strip(), place).image for line in _lines(tree.path(place))]
                inside = [image for image in named if image is not None]
            else:
                text = f"The YAML file calls this the {split} part, but it is not in the data set."
                findings.append(Finding("listed-but-missing", "warning", place, text, "The name is ignored."))
                continue
            found += [(image, split) for image in inside]
    return found


def write_yolo(dataset: Dataset, folder: str | os.PathLike[str], *, images: bool = True) -> None:
    """Write a detection data set as YOLO text files with a ``data.yaml``.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``images/`` (copies of the images that exist), ``labels/`` and ``data.yaml``; where the data
        set has splits, ``images/train/``, ``labels/train/`` and so on.
    images : bool, default=True
        Whether to copy the images.

    Raises
    ------
    DataError
        If the data set is for classification, or an image's size is not known.

    Notes
    -----
    YOLO has no words for difficult, crowd, ids and areas: crowd regions and difficult objects become
    objects like any other. An image without objects gets an empty file. Numbers are written with all
    their digits. Images with equal names get their id added.
    """
    import yaml

    check_detection(dataset, "YOLO")
    folder = Path(folder)
    unknown = [s.name for s in dataset if not (s.width and s.height)]
    if unknown:
        raise DataError(f"The size of {unknown[0]} is not known; YOLO's boxes are shares of it.")
    for sample, name in zip(dataset, unique_names(dataset), strict=True):
        place = sample.split or ""
        size = np.array([sample.width, sample.height], np.float64)
        boxes = sample.boxes.astype(np.float64)
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / size
        sides = (boxes[:, 2:] - boxes[:, :2]) / size
        lines = [
            " ".join([str(int(label)), *(repr(float(v)) for v in (*centre, *side))])
            for label, centre, side in zip(sample.labels, centres, sides, strict=True)
        ]
        write_text(
            folder / "labels" / place / f"{Path(name).stem}.txt", "".join(f"{line}\n" for line in lines)
        )
        if images:
            copy_image(sample, folder / "images" / place / name)
    content: dict[str, object] = {"path": "."}
    for split in ("train", "val", "test"):
        if split in dataset.splits:
            content[split] = f"images/{split}"
    content["names"] = dict(enumerate(dataset.classes))
    write_text(folder / "data.yaml", yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
