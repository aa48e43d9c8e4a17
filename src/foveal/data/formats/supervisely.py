"""Supervisely: one JSON file an image, the classes in ``meta.json``.

Each data set is a folder with ``img/`` and ``ann/`` (developer.supervisely.com, "Supervisely annotation
format"); Dataset Ninja hands out the same.
"""

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.documents import Documents
from foveal.data.file_tree import Tree, stem_of
from foveal.data.formats.drawings import (
    Drawing,
    class_name,
    coordinate,
    corners,
    gather,
    shown,
    side,
    tell_broken,
)
from foveal.data.formats.records import Reading

_OUTLINES: dict[str, str] = {
    "polygon": "polygon",
    "polyline": "polyline",
    "cuboid": "cuboid",
    "oriented_bbox": "rotated box",
}
_MASKS = ("bitmap", "alpha_mask")
# Of the file that a mask is in, and of the mask.
_MOST_BYTES, _MOST_PIXELS = 64 << 20, 50_000_000


def take(content: Any, file: str) -> Drawing | list[str] | None:
    """What a JSON file says, given its content: the objects of an image, or the classes of a project.

    None where it is neither.
    """
    if not isinstance(content, dict):
        return None
    classes = content.get("classes")
    if isinstance(classes, list) and classes and all(_is_class(entry) for entry in classes):
        return [str(entry["title"]) for entry in classes]
    size, objects = content.get("size"), content.get("objects")
    if not isinstance(size, dict) or not isinstance(objects, list) or "frames" in content:
        return None
    if objects and not any(isinstance(entry, dict) and "classTitle" in entry for entry in objects):
        return None
    drawing = Drawing(width=side(size.get("width")), height=side(size.get("height")))
    for number, entry in enumerate(objects, 1):
        try:
            _add(drawing, entry)
        except ValueError as error:
            drawing.broken.append(f"Object {number} {error}.")
    return drawing


def _is_class(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("title"), str) and "shape" in entry


def _add(drawing: Drawing, entry: Any) -> None:
    if not isinstance(entry, dict):
        raise ValueError("is none")
    name = class_name(entry.get("classTitle"))
    points = entry.get("points")
    exterior = points.get("exterior") if isinstance(points, dict) else None
    # Of 2018 and before: no kind, and an empty bitmap with whatever is no mask.
    guess = "bitmap" if entry.get("bitmap") else "polygon" if len(exterior or ()) > 2 else "rectangle"
    kind = str(entry.get("geometryType") or entry.get("shape") or guess)
    try:
        if kind == "rectangle":
            if not isinstance(exterior, list) or len(exterior) < 2:
                raise ValueError(f"has {shown(exterior)} for the corners of a rectangle")
            drawing.add(name, corners(exterior))
        elif kind in _MASKS:
            drawing.add(name, _around_mask(entry.get(kind)), "mask")
        elif kind in _OUTLINES and isinstance(exterior, list) and len(exterior) > 2:
            drawing.add(name, corners(exterior), _OUTLINES[kind])
        elif kind in _OUTLINES and kind != "polyline":
            raise ValueError(f"has {shown(exterior)} for the points of a {_OUTLINES[kind]}")
        else:
            drawing.left_out["line" if kind == "polyline" else f"shape of kind {kind[:30]}"] += 1
    except ValueError as error:
        raise ValueError(f"({name}) {error}") from None


def _around_mask(mask: Any) -> list[float]:
    """The box around a mask: a PNG, deflated and in base64, and where its left upper corner is."""
    if not isinstance(mask, dict):
        raise ValueError("has no mask")
    origin = mask.get("origin")
    if not isinstance(origin, list) or len(origin) != 2:
        raise ValueError(f"has {shown(origin)} for the origin of its mask")
    x, y = (coordinate(value) for value in origin)
    inside = _pixels(mask.get("data"))
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise ValueError("has an empty mask")
    return [
        x + float(columns[0]),
        y + float(rows[0]),
        x + float(columns[-1]) + 1,
        y + float(rows[-1]) + 1,
    ]


def _pixels(data: Any) -> NDArray[np.bool_]:
    """Which pixels of a mask belong to its object."""
    from PIL import Image

    try:
        inflating = zlib.decompressobj()
        content = inflating.decompress(base64.b64decode(str(data)), _MOST_BYTES)
        width, height = struct.unpack(">II", content[16:24])
        if width * height > _MOST_PIXELS:
            raise ValueError("too large")
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            # A palette's numbers, or the opacity, tell.
            opaque = image.getchannel("A") if image.mode in ("RGBA", "LA") else image
            pixels: NDArray[Any] = np.asarray(opaque)
    except (zlib.error, struct.error, ValueError, OSError, SyntaxError, EOFError):
        raise ValueError("has a mask that cannot be read") from None
    return np.asarray(pixels.reshape(*pixels.shape[:2], -1).any(axis=2), np.bool_)


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's files of Supervisely say; None where there are none.

    The classes are in the order of ``meta.json``, others behind them, sorted by name.
    """
    kept: dict[str, Drawing | list[str]] = documents.of("supervisely")
    found, classes = [], []
    for file, content in kept.items():
        if isinstance(content, Drawing):
            content.named = stem_of(file)
            found.append((file, tree.image_of(file), content))
        else:
            classes += content
    if not found:
        return None
    reading = gather(found, place=lambda file: "")
    reading.classes = list(dict.fromkeys([*classes, *reading.classes]))
    tell_broken(reading, tree, documents, (".json",), one_each=True)
    return reading
