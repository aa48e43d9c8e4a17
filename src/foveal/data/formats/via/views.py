"""What version 3 of VIA writes, JSON and CSV: after via-3.x.y's ``CodeDoc.md`` and export functions."""

import csv
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from foveal.data.documents import Table, text_of
from foveal.data.formats.drawings import around_ellipse, corners, plain, shown
from foveal.data.formats.via.files import Image, Region, cell_value, draw, words_of

# Version 3 numbers its shapes; 8 and 9 are drawn by points on the edge of the object.
_NUMBERED = {
    1: "point",
    2: "rect",
    3: "circle",
    4: "ellipse",
    5: "line",
    6: "polyline",
    7: "polygon",
    8: "extreme_rect",
    9: "extreme_circle",
}
_COLUMNS = ("metadata_id", "file_list", "flags", "temporal_coordinates", "spatial_coordinates", "metadata")


def of_views(content: Mapping[str, Any]) -> list[Image] | None:
    """What a project says; None where it is none."""
    files, views, regions = (content.get(key) for key in ("file", "view", "metadata"))
    if not (isinstance(files, dict) and isinstance(views, dict) and isinstance(regions, dict)):
        return None
    if "attribute" not in content and "project" not in content:
        return None
    names, options = _attributes(content.get("attribute"))
    image_of: dict[str, Image] = {}
    for key, view in views.items():
        fids = view.get("fid_list") if isinstance(view, dict) else None
        entry = files.get(str(fids[0])) if isinstance(fids, list) and len(fids) == 1 else None
        named = _file_name(entry) if isinstance(entry, dict) else ""
        if named:
            image_of[key] = Image(named)
    broken = []
    for key, said in regions.items():
        image = image_of.get(str(said.get("vid"))) if isinstance(said, dict) else None
        if image is None:
            broken.append(f"The region {key[:60]} is of no picture.")
        elif said.get("xy"):
            image.regions.append(_numbered(said.get("xy"), said.get("z"), said.get("av"), names, options))
    return [*image_of.values(), *([Image(broken=broken)] if broken else [])]


def _file_name(entry: Mapping[str, Any]) -> str:
    """The path or URL of a file, else its name; "" where it is no image."""
    if entry.get("type", 2) not in (2, "2"):
        return ""
    texts = [entry.get(key) for key in ("src", "fname")]
    # An image may lie in the project itself.
    said = [text for text in texts if isinstance(text, str) and text and not text.startswith("data:")]
    return plain(said[0]) if said else ""


def _attributes(described: Any) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The names of the attributes, and the words for their options, both by the attributes' ids."""
    names, options = {}, {}
    for key, attribute in described.items() if isinstance(described, dict) else ():
        if isinstance(attribute, str):
            names[key] = attribute
        elif isinstance(attribute, dict):
            names[key] = str(attribute.get("aname") or key)
            words = attribute.get("options")
            options[key] = words if isinstance(words, dict) else {}
    return names, options


def _numbered(
    xy: Any, z: Any, values: Any, names: Mapping[str, str], options: Mapping[str, Mapping[str, Any]]
) -> Region:
    """A region of version 3."""
    region = Region()
    for key, value in values.items() if isinstance(values, dict) else ():
        known = options.get(key, {})
        # Ticked boxes are listed with commas between them.
        words = [value] if not isinstance(value, str) or value in known or not known else value.split(",")
        said = [known.get(str(word), word) for word in words]
        region.attributes[names.get(key, key)] = tuple(word for one in said for word in words_of(one))
    try:
        if z:
            region.shape = "moment of a video"
        elif not isinstance(xy, list):
            raise ValueError(f"has {shown(xy)} for its place")
        else:
            _draw_numbered(region, xy)
    except ValueError as error:
        region.broken = str(error)
    return region


def _draw_numbered(region: Region, xy: Sequence[Any]) -> None:
    kind = _NUMBERED.get(xy[0], "") if isinstance(xy[0], int) else ""
    rest = xy[1:]
    points = [list(pair) for pair in zip(rest[::2], rest[1::2], strict=False)]
    if kind == "extreme_rect" and len(points) > 1:
        region.box = corners(points)
    elif kind == "extreme_circle" and len(points) == 3:
        region.shape = "circle"
        region.box = _through(points)
    else:
        keys = {"rect": ("x", "y", "width", "height"), "circle": ("cx", "cy", "r")}
        keys["ellipse"] = ("cx", "cy", "rx", "ry")
        shape: dict[str, Any] = dict(zip(keys.get(kind, ()), rest, strict=False))
        shape |= {"all_points_x": [x for x, _ in points], "all_points_y": [y for _, y in points]}
        draw(region, kind or str(xy[0]), shape)


def _through(points: Sequence[Sequence[Any]]) -> list[float]:
    """The box around the circle through three points."""
    (ax, ay), (bx, by), (cx, cy) = (corners([point])[:2] for point in points)
    twice = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by))
    if not twice:
        raise ValueError("has three points in a line for a circle")
    a, b, c = (x * x + y * y for x, y in ((ax, ay), (bx, by), (cx, cy)))
    x = (a * (by - cy) + b * (cy - ay) + c * (ay - by)) / twice
    y = (a * (cx - bx) + b * (ax - cx) + c * (bx - ax)) / twice
    radius = ((x - ax) ** 2 + (y - ay) ** 2) ** 0.5
    return around_ellipse(x, y, radius, radius)


def of_numbered_rows(table: Table) -> list[Image] | None:
    """What a CSV export says, whose lines with ``#`` tell what its numbers mean; None where it is none."""
    head = [row[0].replace(" ", "") for row in table.head if row]
    if not any(word.startswith("#CSV_HEADER=metadata_id") for word in head):
        return None
    lines = text_of(table.path).splitlines()
    described = next((line for line in lines if re.match(r"#\s*ATTRIBUTES?\s*=", line)), "")
    names, options = _attributes(cell_value(described.partition("=")[2].strip()))
    columns = _columns(lines)
    images: dict[str, Image] = defaultdict(Image)
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        try:
            row = next(csv.reader([line]))
        except csv.Error as error:
            images[""].broken.append(f"The row {line[:60]} is not CSV ({error}).")
            continue
        cells = dict(zip(columns, row, strict=False))
        moment, place, said = (cell_value(cells.get(column, "")) for column in _COLUMNS[3:])
        named = _first(cells.get("file_list", ""))
        if not named:
            continue
        image = images[named]
        image.named = plain(named)
        if place:
            image.regions.append(_numbered(place, moment, said, names, options))
    return list(images.values())


def _columns(lines: Sequence[str]) -> Sequence[str]:
    """The columns as the line says that names them: not every release writes ``flags``."""
    said = next((line for line in lines if re.match(r"#\s*CSV_HEADER\s*=", line)), "")
    words = [word.strip(' "') for word in said.partition("=")[2].split(",")]
    return words if {"file_list", *_COLUMNS[4:]} <= {*words} else _COLUMNS


def _first(text: str) -> str:
    """The first of a list of files; VIA forgets one of the two quotes before it."""
    value = cell_value(text)
    if isinstance(value, list):
        return str(value[0]) if len(value) == 1 else ""
    return text.strip('[]" ')
