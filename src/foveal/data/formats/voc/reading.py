"""Pascal VOC: one XML file an image (Everingham et al., 2010, the devkit's documentation)."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent

import numpy as np

from foveal.data.dataset import Dataset, Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import Match, Tree, alike, stem_of
from foveal.data.formats.records import Reading, record_of
from foveal.data.formats.voc.annotation import VOCAnnotation, annotations_in
from foveal.data.formats.writing import Pictures, check_detection, place_image, unique_names, xml_text
from foveal.files import write_text
from foveal.wording import be, count


def take(root: Element, file: str) -> tuple[VOCAnnotation, ...] | None:
    """What an XML file says of its images; None where it is no VOC annotation."""
    return annotations_in(root) or None


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's VOC annotations say; None where there are none.

    The classes are sorted by name.
    """
    files: dict[str, tuple[VOCAnnotation, ...]] = documents.of("voc")
    broken = {file: why for file, why in documents.broken.items() if file.lower().endswith(".xml")}
    if not files and not broken:
        return None
    reading = Reading(files=list(files), reasons=list(broken.values()))
    for file, why in broken.items():
        image = tree.image_of(file).image
        # Other XML, which is about no image, is not our business.
        if image is not None or not files:
            _leave_out(reading, file, why, image)
    for file, annotations in files.items():
        for content in annotations:
            match, by_stem = _match(tree, file, content, alone=len(annotations) == 1)
            if content.strange:
                _leave_out(reading, file, content.strange, match.image)
                continue
            reading.findings += [
                Finding("broken-object", "error", file, text, "The object is left out.")
                for text in content.broken
            ]
            if match.image is not None:
                reading.findings += _wrong_filename(file, content.filename, match.image)
            reading.records.append(
                record_of(
                    match,
                    content.filename or stem_of(file),
                    file,
                    width=content.width,
                    height=content.height,
                    boxes=[list(o.box) for o in content.objects],
                    names=[o.name for o in content.objects],
                    difficult=[o.difficult for o in content.objects],
                    sure=by_stem,
                )
            )
    reading.findings += _of_all([content for annotations in files.values() for content in annotations])
    reading.classes = sorted({name for record in reading.records for name in record.names})
    return reading


def _leave_out(reading: Reading, file: str, why: str, image: str | None) -> None:
    action = "The file and its picture are left out."
    reading.findings.append(Finding("broken-annotation", "error", file, why, action))
    reading.broken += [image] if image else []


def _match(tree: Tree, file: str, content: VOCAnnotation, *, alone: bool) -> tuple[Match, bool]:
    """The image, and whether the annotation's own name tells it, or it is one of several in the file."""
    said = content.filename
    match = tree.image_of(file, said) if alone else tree.image_named(said, near=file)
    by_stem = not alone or match.image is not None or bool(match.rivals)
    if not by_stem and said:
        match = tree.image_named(said, near=file)
    if match.rivals:
        for place in content.places:
            told = tree.image_named(place, near=file)
            if told.image in (match.image, *match.rivals) and not told.rivals:
                return told, by_stem
    return match, by_stem


def _of_all(annotations: list[VOCAnnotation]) -> Iterator[Finding]:
    """What is to be said of the objects as a whole."""
    objects = [o for content in annotations for o in content.objects]
    truncated = sum(o.truncated for o in objects)
    if truncated:
        every = count(len(objects), "object")
        text = f"{truncated} of {every} {be(truncated)} marked as truncated (not wholly visible)."
        action = "They are learnt from like all others."
        yield Finding("truncated-objects", "note", "", text, action)
    outlines = Counter(o.outline for o in objects if o.outline)
    if outlines:
        text = " and ".join(f"{count} {what}" for what, count in sorted(outlines.items()))
        text += " are taken by their bounding boxes."
        yield Finding(
            "bounding-boxes", "note", "", text, "What lies outside them in the boxes is learnt too."
        )
    deleted = sum(content.deleted for content in annotations)
    if deleted:
        these = count(deleted, "object is", "objects are")
        text = f"{these} marked as deleted, which LabelMe keeps in its files."
        yield Finding("deleted-objects", "note", "", text, "They are left out.")


def _wrong_filename(file: str, said: str, image: str) -> list[Finding]:
    # VOC's own tools also write the name without its suffix; what is missing misleads nobody.
    if not said or alike(said, image):
        return []
    action = f"{image} counts."
    text = f"<filename> says {said!r}, but the picture of this file is {image}."
    same_stem = alike(said, image, suffix=False)
    return [Finding("wrong-filename", "note" if same_stem else "warning", file, text, action)]


def write_voc(dataset: Dataset, folder: str | os.PathLike[str], *, images: Pictures = True) -> None:
    """Write a detection data set as Pascal VOC XML.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``annotations/``, ``images/`` (copies of the images that exist) and, where the data set has
        splits, ``splits/``.
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.

    Raises
    ------
    DataError
        If the data set is for classification.

    Notes
    -----
    VOC has no words for crowd regions, ids, the order of the classes, areas and unused classes: crowd
    regions are written as difficult, so that they stay out of training. Images with equal names get
    their id added.
    """
    check_detection(dataset, "Pascal VOC")
    folder = Path(folder)
    for sample, name in zip(dataset, unique_names(dataset), strict=True):
        root = Element("annotation")
        SubElement(root, "folder").text = "images"
        SubElement(root, "filename").text = name
        size = SubElement(root, "size")
        for tag, value in (("width", sample.width), ("height", sample.height), ("depth", 3)):
            SubElement(size, tag).text = str(value)
        for box, label, difficult, crowd in zip(
            sample.boxes.astype(np.float64), sample.labels, sample.difficult, sample.crowd, strict=True
        ):
            element = SubElement(root, "object")
            SubElement(element, "name").text = dataset.classes[int(label)]
            SubElement(element, "difficult").text = str(int(difficult or crowd))
            bndbox = SubElement(element, "bndbox")
            corners = (box[0] + 1, box[1] + 1, box[2], box[3])
            for tag, corner in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True):
                SubElement(bndbox, tag).text = _digits(float(corner))
        indent(root)
        write_text(folder / "annotations" / f"{Path(name).stem}.xml", xml_text(root))
        place_image(sample, folder / "images" / name, images)
    for split in sorted(dataset.splits):
        names = [n for s, n in zip(dataset, unique_names(dataset), strict=True) if s.split == split]
        write_text(folder / "splits" / f"{split}.txt", "".join(f"{Path(name).stem}\n" for name in names))


def _digits(value: float) -> str:
    """The shortest text of a number; whole ones without a point."""
    return str(int(value)) if value.is_integer() else repr(value)
