"""What an ``<annotation>`` of Pascal VOC and of the tools that write its kind says."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from foveal.data.documents import local_name
from foveal.data.file_tree import composed
from foveal.data.formats.records import FARTHEST

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_BOXES = ("bndbox", "bbox", "box", "segm")
_ROTATED = ("robndbox",)
_OUTLINES = ("polygon", "points", "segmentation")


@dataclass(frozen=True)
class VOCObject:
    """One ``<object>``: its class, its half-open 0-based box, its flags, and what the box was made of."""

    name: str
    box: tuple[float, float, float, float]
    difficult: bool = False
    truncated: bool = False
    outline: str = ""


@dataclass(frozen=True)
class VOCAnnotation:
    """What one ``<annotation>`` says.

    Attributes
    ----------
    filename : str
        What it calls the image, often wrongly; ``""`` where it does not.
    width, height : float
        0 where it has no usable size.
    objects : tuple of VOCObject
    broken : tuple of str
        What is wrong with the objects that could not be used.
    deleted : int
        How many objects LabelMe's users have deleted.
    strange : str
        Why nothing in it is recognised, as a sentence; ``""`` where something is.
    places : tuple of str
        What else it says of where the image is: ``<path>``, ``<folder>`` with the name.
    """

    filename: str
    width: float
    height: float
    objects: tuple[VOCObject, ...]
    broken: tuple[str, ...] = ()
    deleted: int = 0
    strange: str = ""
    places: tuple[str, ...] = ()


def annotations_in(root: Element) -> tuple[VOCAnnotation, ...]:
    """What an XML file says of one image or, inside another root, of several; nothing where it is not VOC's.

    Tags count in any case and any namespace; objects may be wrapped in other elements.

    A box ``(xmin, ymin, xmax, ymax)``, counted from 1 and inclusive, becomes ``(xmin - 1, ymin - 1, xmax,
    ymax)``, and so does the bounding box of a polygon of ``<x1>, <y1>, ...``. Rotated boxes (roLabelImg's
    ``<robndbox>``, in radians) and polygons of ``<pt>`` (LabelMe 3.0) count from 0. The ``<part>`` elements
    inside an object are left alone.
    """
    if _tag(root) == "annotation" and not any(_tag(child) == "annotation" for child in root):
        return (_annotation(root),)
    return tuple(map(_annotation, _inside(root)))


def _inside(root: Element) -> Iterator[Element]:
    """The annotations inside another element, but not those inside of each other."""
    waiting = list(reversed(root))
    while waiting:
        element = waiting.pop()
        if _tag(element) == "annotation" and any(_tag(e) in ("filename", "object") for e in element):
            yield element
        else:
            waiting += reversed(element)


def _tag(element: Element) -> str:
    return local_name(element).lower()


def _children(element: Element | None) -> dict[str, Element]:
    """The first child of each tag."""
    return {_tag(child): child for child in reversed(element)} if element is not None else {}


def _text(children: dict[str, Element], tag: str) -> str:
    child = children.get(tag)
    return (child.text or "").strip() if child is not None else ""


def _flag(children: dict[str, Element], tag: str) -> bool:
    return _text(children, tag).lower() in ("1", "true", "yes")


def _annotation(root: Element) -> VOCAnnotation:
    objects, broken, deleted = [], [], 0
    number = 0
    for element in root.iter():
        if _tag(element) != "object":
            continue
        children = _children(element)
        if "object" in children and "name" not in children:
            continue
        number += 1
        if _flag(children, "deleted"):
            deleted += 1
            continue
        try:
            objects.append(_object(element, children))
        except ValueError as error:
            broken.append(f"Object {number} {error}.")
    children = _children(root)
    size, rows = _children(children.get("size")), _children(children.get("imagesize"))
    width, height = (
        _size(size, "width") or _size(rows, "ncols"),
        _size(size, "height") or _size(rows, "nrows"),
    )
    name, path, folder = (composed(_text(children, tag)) for tag in ("filename", "path", "folder"))
    return VOCAnnotation(
        name or path,
        width,
        height,
        tuple(objects),
        tuple(broken),
        deleted,
        "" if number else _strange(children),
        tuple(place for place in (path, f"{folder}/{name}" if folder and name else "") if place),
    )


def _strange(children: dict[str, Element]) -> str:
    """Why an annotation without an object is not simply one of an image without objects."""
    if not children.keys() & {"filename", "path", "size", "folder", "segmented", "imagesize"}:
        return "The file has neither <filename> nor <size> nor <object>: nothing in it is recognised."
    for tag, child in children.items():
        if tag not in ("size", "imagesize") and sum(_is_number(e.text) for e in child.iter()) >= 4:
            return f"The file has no <object>, and what <{local_name(child)}> says is not recognised."
    return ""


def _is_number(text: str | None) -> bool:
    try:
        return math.isfinite(float(text or ""))
    except ValueError:
        return False


def _size(children: dict[str, Element], tag: str) -> float:
    text = _text(children, tag)
    value = float(text) if _is_number(text) else 0.0
    return value if 0 < value <= FARTHEST else 0.0


def _object(element: Element, children: dict[str, Element]) -> VOCObject:
    name = composed(_text(children, "name"))
    if not name:
        raise ValueError("has no <name>")
    try:
        outline, box = _box(children)
    except ValueError as error:
        raise ValueError(f"({name}) {error}") from None
    return VOCObject(name, box, _flag(children, "difficult"), _flag(children, "truncated"), outline)


def _box(children: dict[str, Element]) -> tuple[str, tuple[float, float, float, float]]:
    """What an object's box was made of, and the box."""
    outlines = [tag for tag in (*_ROTATED, *_OUTLINES) if tag in children and len(children[tag])]
    boxes = [_children(children[tag]) for tag in _BOXES if tag in children]
    # LabelMe's masks have their <box> inside <segm>.
    boxes = [_children(box["box"]) if "box" in box else box for box in boxes]
    for box in boxes:
        if any(_text(box, tag) for tag in _CORNERS) or not outlines:
            x1, y1, x2, y2 = (_number(box, tag) for tag in _CORNERS)
            return "", (x1 - 1, y1 - 1, x2, y2)
    if not outlines:
        raise ValueError("has no <bndbox>")
    outline = children[outlines[0]]
    parts = _children(outline)
    if "angle" in parts:
        return "rotated boxes", _around_rotated(*(_number(parts, t) for t in ("cx", "cy", "w", "h", "angle")))
    # A point is an element of its own, perhaps in one around all of them.
    nested = [outline, *outline, *(inner for child in outline for inner in child)]
    points = [children for children in map(_children, nested) if "x" in children]
    xs = [_number(point, "x") for point in points]
    ys = [_number(point, "y") for point in points]
    if xs:
        return "polygons", (min(xs), min(ys), max(xs), max(ys))
    xs = [_number(parts, tag) for tag in parts if tag.startswith("x")]
    ys = [_number(parts, tag) for tag in parts if tag.startswith("y")]
    if not xs or not ys:
        raise ValueError(f"has no points in <{outlines[0]}>")
    name = "rotated boxes" if outlines[0] in _ROTATED else "polygons"
    return name, (min(xs) - 1, min(ys) - 1, max(xs), max(ys))


def _number(children: dict[str, Element], tag: str) -> float:
    text = _text(children, tag)
    # Python's own numbers may have underscores.
    if "_" in text or not _is_number(text) or abs(float(text)) > FARTHEST:
        raise ValueError(f"has {text[:40]!r} for {tag}")
    return float(text)


def _around_rotated(
    cx: float, cy: float, width: float, height: float, angle: float
) -> tuple[float, float, float, float]:
    if abs(angle) > 2 * math.pi:
        raise ValueError(f"has {angle:g} for angle, which is in radians")
    cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
    half_x, half_y = (cos * width + sin * height) / 2, (sin * width + cos * height) / 2
    return cx - half_x, cy - half_y, cx + half_x, cy + half_y
