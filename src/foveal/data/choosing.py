"""Which of several formats in one folder counts: the one that explains most."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import IMAGE_FOLDERS, Tree, stem_of
from foveal.data.formats.records import Reading, Record, unmatched
from foveal.data.formats.table import FORMATS
from foveal.errors import DataError, ImageError
from foveal.files import identity_of
from foveal.images import probe
from foveal.wording import count

# A format that explains this share of what the best explains may be a copy of it.
_NEARLY = 0.9
# So many objects of copies are the same at least.
_AGREE = 0.8
# Boxes count where more than this share of the images in classes' folders have some.
_BOXED = 1 / 3
# What files of annotations are called.
_OF_ANNOTATIONS = ("annotation", "bbox", "boxes", "coco", "instances", "label", "train", "val", "test")
# Images that two formats are compared on at most.
_COMPARED = 200


def choose(tree: Tree, readings: Mapping[str, Reading]) -> tuple[str, list[Finding]]:
    """The format that counts, and what is to be said of the others.

    The best is who explains most images, then most objects. Where others explain nearly as much of the
    same images and their boxes agree, they are copies, and the first in the table counts.

    Parameters
    ----------
    tree : Tree
    readings : mapping of str to Reading
        By the formats' names, in the order of the table; each has a record at least.

    Returns
    -------
    str
    list of Finding

    Raises
    ------
    DataError
        If two formats explain nearly as much and differ; the sentence names both.
    """
    boxed = {name: r for name, r in readings.items() if FORMATS[name].task == "detection"}
    whole = {name: r for name, r in readings.items() if name not in boxed}
    # Empty files are of any format: they say nothing beside one that draws something.
    boxed = {name: r for name, r in boxed.items() if r.objects} or boxed
    folders, findings = _of_whole_images(whole) if whole else ("", [])
    if not boxed:
        return folders, findings
    best = max(boxed, key=lambda name: _explained(boxed[name]))
    if whole:
        images, labelled = len(boxed[best].images), len(whole[folders].images)
        lie = (
            "lie in folders of classes"
            if folders == "folders"
            else f"have classes ({FORMATS[folders].title})"
        )
        mixed = (
            f"{count(images, 'picture has', 'pictures have')} boxes ({FORMATS[best].title}), {labelled} {lie}"
        )
        apart = _in_folders_of_their_own(tree, boxed[best])
        few = images <= _BOXED * labelled and not apart
        # Several links to an image do not make it several.
        if few and _files(tree, boxed[best]) <= _BOXED * _files(tree, whole[folders]):
            action = f"The classes count, the boxes do not: --format {best} takes the boxes."
            return folders, [*findings, Finding("boxes-and-folders", "warning", "", f"{mixed}.", action)]
        findings = []
        if not apart and not whole[folders].images <= boxed[best].images:
            action = f"The boxes count: --format {folders} takes the classes."
            findings = [Finding("boxes-and-folders", "warning", "", f"{mixed}.", action)]
    else:
        findings = []
    alike = [name for name in boxed if _nearly(boxed[name], boxed[best])]
    for name in alike:
        if name != best and not agree(tree, boxed[name], boxed[best]):
            one, other = sorted((name, best), key=list(FORMATS).index)
            raise DataError(
                f"{tree.root} holds {FORMATS[one].title} and {FORMATS[other].title} annotations that are not "
                f"the same: choose one with --format {one} or --format {other}."
            )
    # Of copies the one whose classes have names, then the first of the table.
    best = min(alike, key=lambda name: _nameless(boxed[name]))
    return best, findings + others(boxed, best)


def _files(tree: Tree, reading: Reading) -> int:
    """How many files the images are, whatever the number of links to each."""
    return len({identity_of(tree.path(image)) for image in reading.images})


def _of_whole_images(readings: Mapping[str, Reading]) -> tuple[str, list[Finding]]:
    """Of formats that give images classes the one that counts: tables, unless they say little."""
    most = max(len(reading.images) for reading in readings.values())
    able = [name for name, reading in readings.items() if len(reading.images) >= _BOXED * most]
    best = able[0]
    for name in able[1:]:
        # A list with numbers beside folders with names tells no more than these.
        bare = all(word.isdecimal() for word in readings[best].classes)
        named = not all(word.isdecimal() for word in readings[name].classes)
        whole = len(readings[name].images) >= len(readings[best].images)
        if bare and named and whole and _same_classes(readings[best], readings[name]):
            best = name
    findings = []
    for name, reading in readings.items():
        if name != best and not FORMATS[best].cut_out:
            title, other = FORMATS[best].title, FORMATS[name].title
            these = count(len(reading.images), "picture has", "pictures have")
            text = f"{these} classes by {title} and by {other}"
            differ = not _same_classes(readings[best], reading)
            text += ", and not the same ones." if differ else "."
            action = f"What counts is the {title}: --format {name} takes the {other}."
            findings.append(Finding("several-formats", "warning" if differ else "note", "", text, action))
    return best, findings


def _same_classes(one: Reading, other: Reading) -> bool:
    """Whether two readings put the images that both know into the same classes, whatever these are called."""
    labels = {record.image: record.label for record in one.records}
    pairs = {(labels[r.image], r.label) for r in other.records if r.image in labels}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def _explained(reading: Reading) -> tuple[int, int, int]:
    return len(reading.images), reading.objects, len(reading.records)


def _nameless(reading: Reading) -> bool:
    return any(finding.kind == "no-class-names" for finding in reading.findings)


def _nearly(reading: Reading, best: Reading) -> bool:
    return all(a >= _NEARLY * b for a, b in zip(_explained(reading), _explained(best), strict=True))


def _in_folders_of_their_own(tree: Tree, reading: Reading) -> bool:
    """Whether the images lie in folders called ``images``, which hold hardly any others."""
    folders = {image.rpartition("/")[0] for image in reading.images}
    there = sum(file.rpartition("/")[0] in folders for file in tree.images)
    called = all(IMAGE_FOLDERS & set(folder.lower().split("/")) for folder in folders)
    return called and len(reading.images) >= _NEARLY * there


def others(readings: Mapping[str, Reading], best: str) -> list[Finding]:
    """What is to be said of the formats that do not count."""
    boxed = {name: r for name, r in readings.items() if FORMATS[name].task == "detection"}
    title = FORMATS[best].title
    findings: list[Finding] = []
    if best not in boxed:
        return findings
    if len(boxed) > 1:
        names = ", ".join(FORMATS[name].title for name in boxed)
        text = f"The folder holds annotations in several formats: {names}."
        findings.append(Finding("several-formats", "note", "", text, f"{title} counts."))
    for name, reading in boxed.items():
        only = sorted(reading.images - boxed[best].images)
        if name != best and only:
            these = count(len(only), "picture has", "pictures have")
            text = f"{these} {FORMATS[name].title} annotations alone, such as {only[0]}."
            action = f"They are left out: {title} counts, and it does not speak of them."
            findings.append(Finding("other-format", "warning", reading.where, text, action))
    return findings


def agree(tree: Tree, one: Reading, other: Reading) -> bool:
    """Whether two formats put the same boxes on the images that both speak of, which are most of them."""
    mine, theirs = ({r.image: r for r in reading.records if r.image} for reading in (one, other))
    common = sorted(mine.keys() & theirs.keys())
    if 2 * len(common) < min(len(mine), len(theirs)):
        return False
    step = max(1, len(common) // _COMPARED)
    left = total = 0
    for image in common[::step]:
        try:
            a, b = (_in_pixels(tree, records[image]) for records in (mine, theirs))
        except ImageError:
            continue
        left += len(unmatched(a, b, names=False)) + len(unmatched(b, a, names=False))
        total += len(a.boxes) + len(b.boxes)
    return left <= (1 - _AGREE) * total


def _in_pixels(tree: Tree, record: Record) -> Record:
    if not record.relative or record.image is None:
        return record
    info = probe(tree.path(record.image))
    boxes: NDArray[np.float64] = np.array(record.boxes, np.float64).reshape(-1, 4)
    size = [info.width, info.height, info.width, info.height]
    return replace(record, boxes=(boxes * size).tolist(), relative=False)


def why_no_boxes(
    tree: Tree, documents: Documents, failed: Mapping[str, DataError], unused: Iterable[Reading]
) -> str:
    """Why annotations of boxes that are about many of the images could not be read; else ``""``."""
    files = tree.with_suffix(".txt", ".xml", ".json")
    own = len({stem_of(file) for file in files} & {stem_of(file) for file in tree.images})
    listed = max((len(content.images) for content in documents.of("coco").values()), default=0)
    if failed and 3 * max(own, listed) > len(tree.images):
        return str(next(iter(failed.values())))
    for reading in unused:
        if not reading.records and 3 * len(set(reading.broken)) > len(tree.images):
            return next((f.message for f in reading.findings if f.severity == "error"), "")
    return ""


def passed_over(documents: Documents, told: Iterable[Finding]) -> Iterator[Finding]:
    """The files called annotations that cannot be parsed and of which nothing has been said yet."""
    said = {finding.file for finding in told}
    for file, why in documents.broken.items():
        # Any program keeps files beside the data.
        if file not in said and any(word in file.rpartition("/")[2].lower() for word in _OF_ANNOTATIONS):
            yield Finding("broken-annotation", "warning", file, why, "The file is not read.")
