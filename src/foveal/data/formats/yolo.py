"""YOLO: one text file an image, ``class cx cy width height`` in units of the image's size."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from foveal.data.dataset import Dataset, Finding
from foveal.data.documents import Documents, text_of
from foveal.data.file_tree import Match, Tree, join, stem_of
from foveal.data.formats.records import Reading, Record, record_of, union
from foveal.data.formats.split_lists import SplitLists
from foveal.data.formats.writing import check_detection, copy_image, unique_names
from foveal.data.formats.yolo_labels import Meaning, first_row, meanings, not_shares, reach, shortened
from foveal.data.formats.yolo_lines import LabelFile, class_number, parse_lines, what_it_is
from foveal.data.formats.yolo_names import Names, is_name_file, names_of, take
from foveal.data.formats.yolo_splits import splits_of
from foveal.errors import DataError, ImageError
from foveal.files import write_text
from foveal.images import probe

__all__ = ["read", "take", "write_yolo"]

_OTHER_TEXTS = {"readme", "license", "licence", "requirements", "notes", "source"}
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
    files, matches = _label_files(tree, reading)
    folders = sorted(
        dict.fromkeys(file.rpartition("/")[0] for file in files),
        key=lambda folder: (not _called_labels(folder), folder),
    )
    if not any(files[file].rows for file in files) and not _all_empty(folders, files):
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
    label_of = _names_used(found, (name for told in classes.values() for name in told), reading.findings)
    for records in parts.values():
        for record in records:
            _name(record, classes[id(record)], label_of, found.file, reading.findings)
    _say_what_was_understood(labels, read_as, reading.findings)
    counted = _without_predictions(parts, files, read_as, reading.findings)
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


# -- which files are labels -------------------------------------------------------------------------------


def _label_files(tree: Tree, reading: Reading) -> tuple[dict[str, LabelFile], dict[str, Match]]:
    """The label files, each with the image of its name; what is wrong with others goes to the reading."""
    lists = set(SplitLists(tree).files)
    found: dict[str, LabelFile] = {}
    matches: dict[str, Match] = {}
    empty: dict[str, LabelFile] = {}
    odd: dict[str, LabelFile] = {}
    for folder, names in tree.folders.items():
        for name in names:
            if name[-4:].lower() != ".txt":
                continue
            file = join(folder, name)
            special = file in lists or is_name_file(name) or name[:-4].lower() in _OTHER_TEXTS
            match = tree.image_of(file)
            there = match.image is not None or bool(match.rivals)
            # A picture called train.jpg or classes.jpg has its label in train.txt, classes.txt.
            if special and not there:
                continue
            try:
                label = parse_lines(file, text_of(tree.path(file)))
            except DataError as error:
                if there:
                    action = "The file is not read."
                    reading.findings.append(Finding("broken-annotation", "error", file, str(error), action))
                    reading.broken += [match.image] if match.image else match.rivals
                continue
            if special and (not label.rows or len(label.broken) > len(label.rows)):
                continue
            matches[file] = match
            kind = found if label.rows else odd if label.broken else empty
            kind[file] = label
            if not label.rows and label.broken and there and not reading.reasons:
                line, text = label.broken[0]
                reading.reasons.append(f"{file}, line {line}: {shortened(text)!r} {what_it_is(text)}.")
    homes = {file.rpartition("/")[0] for file in found if matches[file].image or matches[file].rivals}
    found = {file: label for file, label in found.items() if file.rpartition("/")[0] in homes}
    for file, label in (empty | odd).items():
        match, folder = matches[file], file.rpartition("/")[0]
        there = match.image is not None or bool(match.rivals)
        # A split may hold background only; empty files by themselves are labels only where they are called
        # so.
        meant = folder in homes or (there and (bool(homes) or _called_labels(folder)))
        if meant and (there or file in empty) and (folder in homes or file in empty):
            found[file] = label
    return dict(sorted(found.items())), matches


def _all_empty(folders: Sequence[str], files: dict[str, LabelFile]) -> bool:
    return bool(folders) and not any(label.broken for label in files.values())


def _called_labels(folder: str) -> bool:
    return any(word in folder.lower() for word in ("label", "annotation"))


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


def _names_used(found: Names, told: Iterable[str | int], findings: list[Finding]) -> dict[str | int, str]:
    """The name of each class by what the rows say: numbers or names.

    Where no file names the classes the numbers that are used are their names.
    """
    label_of: dict[str | int, str] = {number: name for number, name in found.names.items() if name}
    used = set(told)
    words = {word for word in used if isinstance(word, str)}
    if words:
        # The order of the names file; without one that of the alphabet.
        known = dict.fromkeys(found.names.values()) if found.names else dict.fromkeys(sorted(words))
        return {name: name for name in known if name}
    if found.names:
        findings += _of_names(found, {number for number in used if isinstance(number, int)})
        return label_of
    if found.why:
        action = "The classes are called by their numbers."
        findings.append(Finding("no-class-names", "error", found.yaml, found.why, action))
    else:
        text = "No file names the classes (classes.txt, obj.names or data.yaml)."
        action = "The classes are called by their numbers."
        findings.append(Finding("no-class-names", "warning", "", text, action))
    return {number: str(number) for number in sorted(number for number in used if isinstance(number, int))}


def _of_names(found: Names, used: set[int]) -> Iterator[Finding]:
    """What is odd about the names of the classes, given the numbers that are used."""
    twice = [name for name, count in Counter(filter(None, found.names.values())).items() if count > 1]
    if twice:
        numbers = [str(number) for number, name in found.names.items() if name == twice[0]]
        text = f"The classes {' and '.join(numbers)} have one name, {twice[0]}."
        yield Finding("category-named-twice", "warning", found.file, text, "They are one class.")
    if found.count is not None and found.count != len(found.names):
        text = f"It says nc: {found.count}, and names {len(found.names)} classes."
        yield Finding("class-numbers-differ", "note", found.yaml, text, "The names count.")
    numbers_named = set(found.names)
    if used - numbers_named and 0 in used and 0 not in numbers_named:
        text = "The names count from 1, the labels from 0."
        action = (
            "Nothing is shifted: correct the names, for example `0: " + found.names[min(numbers_named)] + "`."
        )
        yield Finding("class-numbers-differ", "error", found.file, text, action)
    elif used and used - numbers_named == {max(numbers_named) + 1} and 0 not in used and 0 in numbers_named:
        text = f"The labels seem to count from 1: they hold {max(used)} and no 0, the names go from 0."
        action = "Nothing is shifted: correct the labels or the names."
        yield Finding("class-numbers-differ", "error", found.file, text, action)


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


def _without_predictions(
    parts: dict[str, list[Record]],
    files: dict[str, LabelFile],
    read_as: dict[int, Meaning],
    findings: list[Finding],
) -> list[tuple[str, list[Record]]]:
    """The folders that count: not those with a confidence in every row beside labels that have none."""
    confident: dict[str, set[bool]] = defaultdict(set)
    for file, label in files.items():
        hows = (read_as.get(len(row.values)) for row in label.rows)
        confident[file.rpartition("/")[0]] |= {bool(how.confidence) for how in hows if how is not None}
    if not any(some == {True} for some in confident.values()):
        return list(parts.items())
    labelled = {r.image for folder, records in parts.items() if False in confident[folder] for r in records}
    kept = []
    for folder, records in parts.items():
        if confident[folder] == {True} and labelled and {r.image for r in records} <= labelled | {None}:
            text = (
                "The files hold confidences, and other files without describe the same pictures: they are "
                "predictions."
            )
            findings.append(Finding("several-annotation-files", "note", folder, text, "They are left out."))
        else:
            kept.append((folder, records))
    return kept


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
