"""Supervisely: one JSON file an image, the classes in ``meta.json``.

Each data set is a folder with ``img/`` and ``ann/`` (developer.supervisely.com, "Supervisely annotation
format"); Dataset Ninja hands out the same.
"""

import base64
import io
import math
import struct
import zlib
from dataclasses import dataclass
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
    plain,
    shown,
    side,
    tell_broken,
)
from foveal.data.formats.records import Reading

_OUTLINES = {
    "polygon": "polygon",
    "multipolygon": "polygon",
    "cuboid": "cuboid",
    "cuboid_2d": "cuboid",
    "graph": "set of keypoints",
}
_WITHOUT_BOX = {"point": "point", "line": "line", "polyline": "line"}
_MASKS = ("bitmap", "alpha_mask")
# Of the file that a mask is in, and of the mask.
_MOST_BYTES, _MOST_PIXELS = 64 << 20, 50_000_000
# Of all masks of an image, which are pieces of it: a hundred that cover a fifth of a large photograph each. A
# few letters inflate to millions of pixels.
_MOST_TOGETHER = 500_000_000


def take(content: Any, file: str) -> Drawing | list[str] | None:
    """What a JSON file says, given its content: the objects of an image, or the classes of a project.

    None where it is neither.
    """
    if not isinstance(content, dict):
        return None
    classes = content.get("classes")
    if isinstance(classes, list) and classes and all(_is_class(entry) for entry in classes):
        return [plain(entry["title"].strip()) for entry in classes]
    size, objects = content.get("size"), content.get("objects")
    if not isinstance(size, dict) or not isinstance(objects, list) or "frames" in content:
        return None
    if objects and not any(isinstance(entry, dict) and "classTitle" in entry for entry in objects):
        return None
    drawing, masks = Drawing(width=side(size.get("width")), height=side(size.get("height"))), _Masks()
    for number, entry in enumerate(objects, 1):
        try:
            _add(drawing, entry, masks)
        except ValueError as error:
            drawing.broken.append(f"Object {number} {error}.")
    return drawing


def _is_class(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("title"), str) and "shape" in entry


@dataclass
class _Masks:
    """How many pixels the masks of an image have had so far."""

    pixels: int = 0


def _add(drawing: Drawing, entry: Any, masks: _Masks) -> None:
    if not isinstance(entry, dict):
        raise ValueError("is none")
    name = class_name(entry.get("classTitle"))
    points = _points(entry)
    # Of 2018 and before: no kind, and an empty bitmap with whatever is no mask.
    guess = "bitmap" if entry.get("bitmap") else "polygon" if len(points) > 2 else "rectangle"
    kind = str(entry.get("geometryType") or entry.get("shape") or guess)
    try:
        if kind in _MASKS:
            drawing.add(name, _around_mask(entry.get("bitmap"), masks), "mask")
        elif kind in ("rectangle", "oriented_bbox"):
            if len(points) < 2:
                raise ValueError(f"has {shown(entry.get('points'))} for the corners of a rectangle")
            turned = kind == "oriented_bbox"
            box = _around_turned(corners(points), entry.get("angle")) if turned else corners(points)
            drawing.add(name, box, "rotated box" if turned else "")
        elif kind in _OUTLINES:
            if len(points) < 3 and kind != "graph":
                raise ValueError(f"has {shown(entry.get('points'))} for the points of a {_OUTLINES[kind]}")
            drawing.add(name, corners(points), _OUTLINES[kind])
        else:
            drawing.left_out[_WITHOUT_BOX.get(kind, f"shape of kind {kind[:30]}")] += 1
    except ValueError as error:
        raise ValueError(f"({name}) {error}") from None


def _points(entry: dict[str, Any]) -> list[Any]:
    """All points of an object, wherever its shape keeps them."""
    points, parts = entry.get("points"), entry.get("parts")
    if isinstance(points, list):
        return points
    outlines = [points, *(parts if isinstance(parts, list) else ())]
    found = [some["exterior"] for some in outlines if isinstance(some, dict) and "exterior" in some]
    for key in ("nodes", "vertices"):
        nodes = entry.get(key)
        if isinstance(nodes, dict):
            found.append([node.get("loc") for node in nodes.values() if isinstance(node, dict)])
    return [point for some in found if isinstance(some, list) for point in some]


def _around_turned(box: list[float], angle: Any) -> list[float]:
    """The box around a rectangle that is turned about its middle by an angle in radians."""
    x, y, turn = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, coordinate(angle)
    width, height = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    across = width * abs(math.cos(turn)) + height * abs(math.sin(turn))
    down = width * abs(math.sin(turn)) + height * abs(math.cos(turn))
    return [x - across, y - down, x + across, y + down]


def _around_mask(mask: Any, masks: _Masks) -> list[float]:
    """The box around a mask: a PNG, deflated and in base64, and where its left upper corner is."""
    if not isinstance(mask, dict):
        raise ValueError("has no mask")
    origin = mask.get("origin")
    if not isinstance(origin, list) or len(origin) != 2:
        raise ValueError(f"has {shown(origin)} for the origin of its mask")
    x, y = (coordinate(value) for value in origin)
    if masks.pixels > _MOST_TOGETHER:
        raise ValueError("has a mask that is not read: those before it have more pixels than any picture")
    inside = _pixels(mask.get("data"), masks)
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise ValueError("has an empty mask")
    return [
        x + float(columns[0]),
        y + float(rows[0]),
        x + float(columns[-1]) + 1,
        y + float(rows[-1]) + 1,
    ]


def _pixels(data: Any, masks: _Masks) -> NDArray[np.bool_]:
    """Which pixels of a mask belong to its object."""
    from PIL import Image

    try:
        inflating = zlib.decompressobj()
        content = inflating.decompress(base64.b64decode(str(data)), _MOST_BYTES)
        masks.pixels += len(content)
        width, height = struct.unpack(">II", content[16:24])
        if width * height > _MOST_PIXELS:
            raise ValueError("too large")
        masks.pixels += width * height
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            # A palette's numbers, or the opacity, tell.
            opaque = image.getchannel("A") if image.mode in ("RGBA", "LA") else image
            pixels: NDArray[Any] = np.asarray(opaque)
    except Exception:  # Pillow raises nearly anything on a damaged PNG.
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
