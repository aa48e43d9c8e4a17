"""YOLO: one text file an image, ``class cx cy width height`` in units of the image's size."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from foveal.data.dataset import Dataset, Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import Match, Tree, stem_of
from foveal.data.formats.records import Reading, Record, record_of, union
from foveal.data.formats.writing import Pictures, check_detection, check_sizes, place_image, unique_names
from foveal.data.formats.yolo.data_yaml import take
from foveal.data.formats.yolo.files import called_labels, label_files, without_predictions
from foveal.data.formats.yolo.labels import Meaning, first_row, meanings, shortened
from foveal.data.formats.yolo.lines import LabelFile, class_number, what_it_is
from foveal.data.formats.yolo.name_files import Names
from foveal.data.formats.yolo.names import names_of, names_used
from foveal.data.formats.yolo.range import not_shares, reach
from foveal.data.formats.yolo.splits import splits_of
from foveal.errors import DataError, ImageError
from foveal.files import write_text
from foveal.images import probe

__all__ = ["read", "take", "write_yolo"]

# Single coordinates beyond this are no shares of an image; smaller overshoots are defects that the doctor
# names.
_FAR = 4


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's YOLO label files say; None where there is nothing that looks like them.

    What the numbers of a row mean is told by all rows together. The classes are in the order of their
    numbers, or of their names where the rows begin with names.

    Raises
    ------
    DataError
        If it cannot be told what the rows are, they are no shares of the images' sizes, or two folders of
        label files or two files of names contradict each other.
    """
    reading = Reading()
    files, matches = label_files(tree, reading)
    folders = sorted(
        dict.fromkeys(file.rpartition("/")[0] for file in files),
        key=lambda folder: (not called_labels(folder), folder),
    )
    if not files or (not any(f.rows for f in files.values()) and any(f.broken for f in files.values())):
        return Reading(reasons=reading.reasons) if reading.reasons else None
    found = names_of(tree, documents, folders, reading.findings)
    labels = list(files.values())
    read_as = meanings(labels, found.shape, found.task, found.yaml or "data.yaml")
    named = _begin_with_names(labels, found)
    _refuse_others(tree, labels, read_as, matches, reading, named=named)
    if reading.reasons and not any(file.rows for file in labels):
        return Reading(reasons=reading.reasons)
    places = list(dict.fromkeys(place for _, place in found.places if place in tree.folders))
    parts: dict[str, list[Record]] = {folder: [] for folder in folders}
    classes: dict[int, list[str | int]] = {}
    for label in labels:
        folder = label.file.rpartition("/")[0]
        record, told = _record(tree, label, read_as, matches[label.file], places, reading, named=named)
        classes[id(record)] = told
        parts[folder].append(record)
        reading.files.append(label.file)
    if not any(classes.values()) and any(file.rows for file in labels):
        first = next(f for f in reading.findings if f.kind == "broken-object")
        return Reading(reasons=[f"{first.file}, {first.message[0].lower()}{first.message[1:]}"])
    label_of = names_used(found, (name for told in classes.values() for name in told), reading.findings)
    for records in parts.values():
        for record in records:
            _name(record, classes[id(record)], label_of, found.file, reading.findings)
    _say_what_was_understood(labels, read_as, reading.findings)
    counted = without_predictions(parts, files, read_as, reading.findings)
    reading.records, told_before = union(counted)
    reading.classes = list(dict.fromkeys(label_of.values()))
    for folder, records in counted:
        if folder in told_before:
            text = (
                f"{told_before[folder]} files describe pictures that files in {folders[0] or 'the root'} "
                "describe already."
            )
            action = "What they say together counts."
            reading.findings.append(Finding("several-annotation-files", "note", folder, text, action))
            reading.copies[folder or "the root's .txt files"] = Reading(records, reading.classes)
    reading.splits = splits_of(tree, found, reading.records, reading.findings)
    return reading


# -- what the rows say ------------------------------------------------------------------------------------


def _begin_with_names(labels: Sequence[LabelFile], found: Names) -> bool:
    """Whether the first word of the rows is the class's name: in all rows, never in some."""
    words = {row.first for label in labels for row in label.rows}
    if not words or all(class_number(word) is not None for word in words):
        return False
    return not any(_is_number(word) for word in words) or words <= set(found.names.values())


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _refuse_others(
    tree: Tree,
    labels: Sequence[LabelFile],
    read_as: dict[int, Meaning],
    matches: dict[str, Match],
    reading: Reading,
    *,
    named: bool,
) -> None:
    """Refuse a set none of whose rows can be read, or whose numbers are no shares of its images' sizes.

    Raises
    ------
    DataError
        If nothing but the numbers' range is wrong with it.
    """

    def size_of(file: str) -> tuple[int, int] | None:
        image = matches[file].image
        try:
            info = None if image is None else probe(tree.path(image))
        except ImageError:
            return None
        return None if info is None else (info.width, info.height)

    if not any(len(row.values) in read_as for label in labels for row in label.rows):
        where = first_row(labels, lambda row: True)
        why = f"{where} is not `class cx cy width height`." if where else ""
    elif (why := not_shares(labels, read_as, size_of)) and not named:
        raise DataError(why)
    if not why:
        return
    # Names and large numbers are other formats' as well.
    reading.reasons.insert(0, why)
    for label in labels:
        label.rows.clear()


def _record(
    tree: Tree,
    label: LabelFile,
    read_as: dict[int, Meaning],
    match: Match,
    places: Sequence[str],
    reading: Reading,
    *,
    named: bool,
) -> tuple[Record, list[str | int]]:
    """A label file as a record, and what each of its objects has for a class."""
    boxes: list[list[float]] = []
    classes: list[str | int] = []
    broken = [(line, text, what_it_is(text)) for line, text in label.broken]
    for row in label.rows:
        how = read_as.get(len(row.values))
        number: str | int | None = row.first if named else class_number(row.first)
        if how is None:
            broken.append((row.line, row.text, f"has {len(row.values) + 1} columns, unlike the others"))
        elif number is None:
            is_word = not _is_number(row.first)
            what = "is not `class cx cy width height`" if is_word else f"has {row.first} for a class number"
            broken.append((row.line, row.text, what))
        elif reach(row, how) > _FAR:
            broken.append((row.line, row.text, "is not in shares of the picture's size, unlike the others"))
        else:
            boxes.append(how.box(row.values))
            classes.append(number)
    for line, text, what in sorted(broken):
        said = f"Line {line} {what}: {shortened(text)!r}."
        reading.findings.append(Finding("broken-object", "error", label.file, said, "The line is left out."))
    if places and (match.rivals or match.image is None or not match.image.startswith(tuple(places))):
        match = tree.image_of(label.file, folders=places)
    return record_of(match, stem_of(label.file), label.file, boxes=boxes, relative=True), classes


def _name(
    record: Record,
    classes: list[str | int],
    label_of: dict[str | int, str],
    file: str,
    findings: list[Finding],
) -> None:
    """Give the record's objects their names, and leave out those whose number has none."""
    if all(number in label_of for number in classes):
        record.names = [label_of[number] for number in classes]
        return
    kept = [i for i, number in enumerate(classes) if number in label_of]
    for i, number in enumerate(classes):
        if number not in label_of:
            where = record.annotation or record.named
            what = "number " if isinstance(number, int) else ""
            text = f"Object {i + 1} has the class {what}{number}, which {file} does not name."
            findings.append(Finding("unknown-class", "error", where, text, "The object is left out."))
    record.boxes = [record.boxes[i] for i in kept]
    record.names = [label_of[classes[i]] for i in kept]


def _say_what_was_understood(
    labels: Sequence[LabelFile], read_as: dict[int, Meaning], findings: list[Finding]
) -> None:
    """One note each for the whole set: shapes that give their boxes, confidences, unusual lines."""
    counts = Counter(len(row.values) for label in labels for row in label.rows)
    read = {count: how for count, how in read_as.items() if counts[count]}
    said = "taken by their bounding boxes"
    for kind, plural in (("polygon", "polygons"), ("oriented box", "oriented boxes")):
        total = sum(counts[count] for count, how in read.items() if how.kind == kind)
        if total:
            text = f"{total} {plural} are {said}."
            findings.append(Finding("bounding-boxes", "note", "", text, "The boxes are learnt from."))
    posed = sum(counts[count] for count, how in read.items() if how.kind == "pose")
    if posed:
        text = f"{posed} boxes have keypoints."
        findings.append(
            Finding("bounding-boxes", "note", "", text, "The boxes are learnt from, not the keypoints.")
        )
    sure = [(count, how) for count, how in read.items() if how.confidence]
    if sure:
        place = (
            "second"
            if sure[0][1].confidence == "first"
            else "last"
            if len(sure) > 1
            else f"{sure[0][0] + 1}th"
        )
        total = sum(counts[count] for count, _ in sure)
        text = (
            f"{total} objects have a number between 0 and 1 in the {place} column, as a model's confidence."
        )
        action = "It is not used: see that these are labels, no predictions, and that it is no angle."
        findings.append(Finding("confidence-column", "note", "", text, action))
    odd = [label.file for label in labels if label.unusual]
    if odd:
        text = (
            f"{len(odd)} label files, such as {odd[0]}, do not hold plain numbers between blanks, but "
            "commas, semicolons "
            "or names of types."
        )
        findings.append(Finding("unusual-lines", "note", "", text, "They are read as what is meant."))


def write_yolo(dataset: Dataset, folder: str | os.PathLike[str], *, images: Pictures = True) -> None:
    """Write a detection data set as YOLO text files with a ``data.yaml``.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``images/`` (copies of the images that exist), ``labels/`` and ``data.yaml``; where the data
        set has splits, ``images/train/``, ``labels/train/`` and so on.
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.

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
    check_sizes(dataset, "YOLO's boxes are shares of it")
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
        place_image(sample, folder / "images" / place / name, images)
    content: dict[str, object] = {"path": "."}
    for split in ("train", "val", "test"):
        if split in dataset.splits:
            content[split] = f"images/{split}"
    content["names"] = dict(enumerate(dataset.classes))
    write_text(folder / "data.yaml", yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
