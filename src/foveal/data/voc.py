"""Pascal VOC: one XML file a picture (Everingham et al., 2010, the devkit's documentation)."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foveal.data.dataset import Dataset, Finding
from foveal.data.pictures import Tree, composed, stem_of
from foveal.data.records import Record, assemble
from foveal.data.split_lists import SplitLists, from_folders
from foveal.errors import DataError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


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
        What it calls the picture, often wrongly; ``""`` where it does not.
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


def parse(path: Path) -> VOCFile:
    """Read one XML file.

    A box ``(xmin, ymin, xmax, ymax)``, counted from 1 and inclusive, becomes ``(xmin - 1, ymin - 1, xmax,
    ymax)``. The ``<part>`` elements inside an object are left alone.

    Raises
    ------
    DataError
        If the file is not XML, or not an annotation.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(path.read_bytes())
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise DataError(f"{path} is not well-formed XML ({error}).") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error
    if root is None or root.tag != "annotation":
        raise DataError(f"{path} is XML, but its root is not <annotation>.")
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


def recognises(tree: Tree) -> bool:
    """Whether the folder holds a VOC annotation."""
    return any(_looks_right(tree.path(file)) for file in tree.with_suffix(".xml"))


def _looks_right(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(4096)
    # UTF-16 writes a zero byte beside every letter.
    return b"<annotation" in head.replace(b"\0", b"")


def read(tree: Tree) -> Dataset:
    """Read a folder of VOC annotations.

    Returns
    -------
    Dataset
        The classes are sorted by name.
    """
    findings: list[Finding] = []
    records: list[Record] = []
    left_out: list[str] = []
    by_filename: set[str] = set()
    lists = SplitLists(tree)
    objects = truncated = 0
    for file in tree.with_suffix(".xml"):
        try:
            content = parse(tree.path(file))
        except DataError as error:
            if not _looks_right(tree.path(file)) and tree.picture_of(file) is None:
                continue  # some other XML, which is about no picture
            findings.append(
                Finding(
                    "broken-annotation", "error", file, str(error), "The file and its picture are left out."
                )
            )
            left_out += [picture] if (picture := tree.picture_of(file)) else []
            continue
        picture = tree.picture_of(file)
        if picture is None and content.filename:
            picture = tree.picture_named(content.filename, near=file)
            by_filename.add(file)
        findings += [
            Finding("broken-object", "error", file, text, "The object is left out.")
            for text in content.broken
        ]
        if picture is not None:
            findings += _wrong_filename(file, content.filename, picture)
        objects += len(content.objects)
        truncated += sum(o.truncated for o in content.objects)
        records.append(
            Record(
                picture,
                content.filename or stem_of(file),
                file,
                content.width,
                content.height,
                boxes=[list(o.box) for o in content.objects],
                names=[o.name for o in content.objects],
                difficult=[o.difficult for o in content.objects],
            )
        )
    if truncated:
        findings.append(
            Finding(
                "truncated-objects",
                "note",
                "",
                f"{truncated} of {objects} objects are marked as truncated (not wholly visible).",
                "They are learnt from like all others.",
            )
        )
    # The stem is more to be trusted than what a file says: who has the picture's stem comes first.
    records.sort(key=lambda record: (record.annotation in by_filename, record.annotation or ""))
    known = [record.picture for record in records if record.picture is not None]
    background = tree.unannotated(known, left_out)
    records += [Record(picture, picture) for picture in background]
    for record in records:
        place = record.picture or record.annotation or record.named
        record.split = lists.of(place) or lists.of(record.annotation or place)
        record.split = record.split or from_folders(place, record.annotation or "")
    classes = sorted({name for record in records for name in record.names})
    findings += lists.findings + lists.unused()
    return assemble(tree, "voc", "detection", records, classes, findings)


def _wrong_filename(file: str, said: str, picture: str) -> list[Finding]:
    real = composed(picture.rpartition("/")[2])
    said = said.replace("\\", "/").rpartition("/")[2]
    # VOC's own tools also write the name without its suffix.
    if said in (real, stem_of(real)):
        return []
    return [
        Finding(
            "wrong-filename",
            "warning",
            file,
            f"<filename> says {said!r}, but the picture of this file is {picture}."
            if said
            else f"<filename> is missing; the picture of this file is {picture}.",
            "The picture with the annotation's own name counts.",
        )
    ]
