"""Pascal VOC: one XML file an image (Everingham et al., 2010, the devkit's documentation)."""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from foveal.data.dataset import Dataset, Finding
from foveal.data.documents import Documents, local_name
from foveal.data.file_tree import Tree, composed, stem_of
from foveal.data.formats.records import Reading, record_of
from foveal.data.formats.writing import check_detection, copy_image, unique_names
from foveal.files import write_text


@dataclass(frozen=True)
class VOCObject:
    """One ``<object>``: its class, its half-open 0-based box, its flags."""

    name: str
    box: tuple[float, float, float, float]
    difficult: bool
    truncated: bool


@dataclass(frozen=True)
class VOCFile:
    """What one XML file says.

    Attributes
    ----------
    filename : str
        What it calls the image, often wrongly; ``""`` where it does not.
    width, height : float
        0 where the file has no usable size.
    objects : tuple of VOCObject
    broken : tuple of str
        What is wrong with the objects that could not be used.
    """

    filename: str
    width: float
    height: float
    objects: tuple[VOCObject, ...]
    broken: tuple[str, ...] = ()


def take(root: Element, file: str) -> VOCFile | None:
    """What an XML file says, given its root; None where it is no VOC annotation.

    A box ``(xmin, ymin, xmax, ymax)``, counted from 1 and inclusive, becomes ``(xmin - 1, ymin - 1, xmax,
    ymax)``. The ``<part>`` elements inside an object are left alone.
    """
    if local_name(root) != "annotation":
        return None
    objects, broken = [], []
    for number, element in enumerate(root.findall("object"), 1):
        try:
            objects.append(_object(element))
        except ValueError as error:
            broken.append(f"Object {number} {error}.")
    size = root.find("size")
    return VOCFile(
        composed(_text(root, "filename")),
        _size(size, "width"),
        _size(size, "height"),
        tuple(objects),
        tuple(broken),
    )


def _text(element: "Element", tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _flag(element: "Element", tag: str) -> bool:
    return _text(element, tag).lower() in ("1", "true", "yes")


def _size(element: "Element | None", tag: str) -> float:
    try:
        value = float(_text(element, tag)) if element is not None else 0.0
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _object(element: "Element") -> VOCObject:
    name = composed(_text(element, "name"))
    if not name:
        raise ValueError("has no <name>")
    bndbox = element.find("bndbox")
    if bndbox is None:
        raise ValueError(f"({name}) has no <bndbox>")
    corners = []
    for tag in ("xmin", "ymin", "xmax", "ymax"):
        text = _text(bndbox, tag)
        try:
            corners.append(float(text))
        except ValueError:
            raise ValueError(f"({name}) has {text!r} for {tag}") from None
        if not math.isfinite(corners[-1]):
            raise ValueError(f"({name}) has {text!r} for {tag}")
    x1, y1, x2, y2 = corners
    return VOCObject(name, (x1 - 1, y1 - 1, x2, y2), _flag(element, "difficult"), _flag(element, "truncated"))


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's VOC annotations say; None where there are none.

    The classes are sorted by name.
    """
    files: dict[str, VOCFile] = documents.of("voc")
    broken = {file: why for file, why in documents.broken.items() if file.lower().endswith(".xml")}
    if not files and not broken:
        return None
    reading = Reading(files=list(files), reasons=list(broken.values()))
    for file, why in broken.items():
        image = tree.image_of(file).image
        # Other XML, which is about no image, is not our business.
        if image is not None or not files:
            action = "The file and its picture are left out."
            reading.findings.append(Finding("broken-annotation", "error", file, why, action))
            reading.broken += [image] if image else []
    objects = truncated = 0
    for file, content in files.items():
        match, sure = tree.image_of(file, content.filename), True
        if match.image is None and not match.rivals and content.filename:
            match, sure = tree.image_named(content.filename, near=file), False
        reading.findings += [
            Finding("broken-object", "error", file, text, "The object is left out.")
            for text in content.broken
        ]
        if match.image is not None:
            reading.findings += _wrong_filename(file, content.filename, match.image)
        objects += len(content.objects)
        truncated += sum(o.truncated for o in content.objects)
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
                sure=sure,
            )
        )
    if truncated:
        text = f"{truncated} of {objects} objects are marked as truncated (not wholly visible)."
        action = "They are learnt from like all others."
        reading.findings.append(Finding("truncated-objects", "note", "", text, action))
    reading.classes = sorted({name for record in reading.records for name in record.names})
    return reading


def _wrong_filename(file: str, said: str, image: str) -> list[Finding]:
    real = composed(image.rpartition("/")[2])
    said = said.replace("\\", "/").rpartition("/")[2]
    # VOC's own tools also write the name without its suffix.
    if said in (real, stem_of(real)):
        return []
    text = f"says {said!r}, but" if said else "is missing;"
    text = f"<filename> {text} the picture of this file is {image}."
    action = "The picture with the annotation's own name counts."
    return [Finding("wrong-filename", "warning", file, text, action)]


def write_voc(dataset: Dataset, folder: str | os.PathLike[str], *, images: bool = True) -> None:
    """Write a detection data set as Pascal VOC XML.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``annotations/``, ``images/`` (copies of the images that exist) and, where the data set has
        splits, ``splits/``.
    images : bool, default=True
        Whether to copy the images.

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
        text = tostring(root, encoding="unicode")
        write_text(folder / "annotations" / f"{Path(name).stem}.xml", text + "\n")
        if images:
            copy_image(sample, folder / "images" / name)
    for split in sorted(dataset.splits):
        names = [n for s, n in zip(dataset, unique_names(dataset), strict=True) if s.split == split]
        write_text(folder / "splits" / f"{split}.txt", "".join(f"{Path(name).stem}\n" for name in names))


def _digits(value: float) -> str:
    """The shortest text of a number; whole ones without a point."""
    return str(int(value)) if value.is_integer() else repr(value)
