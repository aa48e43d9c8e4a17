"""The files that VIA writes: JSON of versions 1 and 2, JSON of version 3, and the CSV of both.

After the ``CodeDoc.md`` and the export functions of via-2.x.y and via-3.x.y.
"""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from foveal.data.documents import Table, text_of
from foveal.data.formats.drawings import around_ellipse, corners, from_sides, plain, shown
from foveal.errors import DataError

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
# What an attribute says that nobody has filled in.
_NOTHING = ("", "undefined", "null")
_COLUMNS_2 = ("filename", "region_shape_attributes", "region_attributes")
_COLUMNS_3 = ("metadata_id", "file_list", "flags", "temporal_coordinates", "spatial_coordinates", "metadata")


@dataclass
class Region:
    """One region.

    Attributes
    ----------
    attributes : dict of str to tuple of str
        What its attributes say; several things where boxes were ticked.
    box : list of float or None
        None where its shape has none.
    shape : str
        What was drawn; ``""`` for an upright rectangle.
    broken : str
        What is wrong with it.
    """

    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    box: list[float] | None = None
    shape: str = ""
    broken: str = ""


@dataclass
class Image:
    """What a file says of one image; ``bytes`` is the size of the image's file, 0 where it is not told."""

    named: str = ""
    bytes: int = 0
    regions: list[Region] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


# -- versions 1 and 2 -----------------------------------------------------------------------------------


def of_project(content: Mapping[str, Any]) -> list[Image] | None:
    """What a project or an export of version 1 or 2 says; None where it is none."""
    project = content.get("_via_img_metadata")
    entries = project if isinstance(project, dict) else content
    known = [entry for entry in entries.values() if _is_image(entry)]
    if not isinstance(project, dict) and (not known or 2 * len(known) <= len(entries)):
        return None
    attributes = content.get("_via_attributes")
    described = attributes.get("region") if isinstance(attributes, dict) else None
    options = _options(described if isinstance(described, dict) else {})
    images = []
    for key, entry in entries.items():
        if _is_image(entry):
            images.append(_image(entry, options))
        else:
            images.append(Image(broken=[f"The entry {key[:60]} has no filename or no regions."]))
    return images


def _is_image(entry: Any) -> bool:
    named = isinstance(entry, dict) and isinstance(entry.get("filename"), str) and entry["filename"]
    return bool(named) and isinstance(entry.get("regions"), list | dict)


def _image(entry: Mapping[str, Any], options: Mapping[str, Mapping[str, str]]) -> Image:
    size, regions = entry.get("size"), entry["regions"]
    image = Image(plain(entry["filename"]), size if isinstance(size, int) else 0)
    # Version 1 numbers them.
    for region in regions.values() if isinstance(regions, dict) else regions:
        if isinstance(region, dict):
            image.regions.append(
                _region(region.get("shape_attributes"), region.get("region_attributes"), options)
            )
        else:
            image.regions.append(Region(broken="is none"))
    return image


def _options(described: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """For each attribute the words for its options, where those are numbers."""
    found = {}
    for name, attribute in described.items():
        options = attribute.get("options") if isinstance(attribute, dict) else None
        if isinstance(options, dict) and all(key.isdecimal() for key in options):
            found[name] = {key: word for key, word in options.items() if isinstance(word, str) and word}
    return found


def _region(shape: Any, attributes: Any, options: Mapping[str, Mapping[str, str]]) -> Region:
    region = Region()
    if isinstance(attributes, dict):
        region.attributes = {
            name: tuple(options.get(name, {}).get(word, word) for word in _said(value))
            for name, value in attributes.items()
        }
    try:
        if not isinstance(shape, dict):
            raise ValueError(f"has {shown(shape)} for its shape")
        _draw(region, str(shape.get("name")), shape)
    except ValueError as error:
        region.broken = str(error)
    return region


def _said(value: Any) -> tuple[str, ...]:
    """What an attribute says: a word, or the words of the boxes that are ticked."""
    words = [key for key, ticked in value.items() if ticked] if isinstance(value, dict) else [value]
    texts = [plain(str(word).strip()) for word in words if isinstance(word, str | int | float)]
    return tuple(word for word in texts if word.lower() not in _NOTHING)


def _draw(region: Region, kind: str, shape: Mapping[str, Any]) -> None:
    """Put the box of a shape of version 2 into its region."""
    if kind == "rect":
        region.box = from_sides(*(shape.get(key) for key in ("x", "y", "width", "height")))
        return
    region.shape = kind if kind in _NUMBERED.values() else f"shape of kind {kind[:30]}"
    if kind == "circle":
        radius = shape.get("r")
        region.box = around_ellipse(shape.get("cx"), shape.get("cy"), radius, radius)
    elif kind == "ellipse":
        cx, cy, rx, ry = (shape.get(key) for key in ("cx", "cy", "rx", "ry"))
        region.box = around_ellipse(cx, cy, rx, ry, shape.get("theta", 0))
    elif kind in ("polygon", "polyline"):
        xs, ys = shape.get("all_points_x"), shape.get("all_points_y")
        if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys) or not xs:
            raise ValueError(f"has {shown(xs)} and {shown(ys)} for the points of its {kind}")
        if len(xs) > 2:
            region.box = corners([list(point) for point in zip(xs, ys, strict=True)])
        else:
            region.shape = "line"


# -- version 3 ------------------------------------------------------------------------------------------


def of_views(content: Mapping[str, Any]) -> list[Image] | None:
    """What a JSON file without ``_via_img_metadata`` says; None where it is none of VIA's."""
    files, views, regions = (content.get(key) for key in ("file", "view", "metadata"))
    if not (isinstance(files, dict) and isinstance(views, dict) and isinstance(regions, dict)):
        return of_project(content)
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
        region.attributes[names.get(key, key)] = tuple(word for one in said for word in _said(one))
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
        _draw(region, kind or str(xy[0]), shape)


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


# -- tables ---------------------------------------------------------------------------------------------


def of_table(table: Table) -> list[Image] | None:
    """What a CSV export says; None where it is none of VIA's."""
    columns = [column.strip().lstrip("#").strip() for column in table.columns]
    if set(_COLUMNS_2) <= set(columns):
        return _of_rows(table, columns)
    head = [row[0].replace(" ", "") for row in table.head if row]
    numbered = any(word.startswith("#CSV_HEADER=metadata_id") for word in head)
    return _of_numbered_rows(table) if numbered else None


def _of_rows(table: Table, columns: Sequence[str]) -> list[Image]:
    images: dict[tuple[str, str], Image] = {}
    broken = Image()
    for number, row in _rows(table, broken):
        cells = dict(zip(columns, row, strict=False))
        named, size = cells.get("filename", ""), cells.get("file_size", "")
        if number == 1 or not named:
            continue
        image = images.setdefault((named, size), Image(plain(named), int(size) if size.isdecimal() else 0))
        shape, said = (_value(cells.get(column, "")) for column in _COLUMNS_2[1:])
        # An image without regions has one row.
        if shape != {}:
            image.regions.append(_region(shape, said, {}))
    return [*images.values(), *([broken] if broken.broken else [])]


def _rows(table: Table, broken: Image) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from table.rows()
    except DataError as error:
        broken.broken.append(str(error).removesuffix("."))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _of_numbered_rows(table: Table) -> list[Image]:
    """A table of version 3: lines that begin with ``#`` tell what the numbers mean."""
    lines = text_of(table.path).splitlines()
    described = next((line for line in lines if re.match(r"#\s*ATTRIBUTES?\s*=", line)), "")
    names, options = _attributes(_value(described.partition("=")[2].strip()))
    images: dict[str, Image] = defaultdict(Image)
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        try:
            row = next(csv.reader([line]))
        except csv.Error as error:
            images[""].broken.append(f"The row {line[:60]} is not CSV ({error}).")
            continue
        cells = dict(zip(_COLUMNS_3, row, strict=False))
        moment, place, said = (_value(cells.get(column, "")) for column in _COLUMNS_3[3:])
        named = _first(cells.get("file_list", ""))
        if not named:
            continue
        image = images[named]
        image.named = plain(named)
        if place:
            image.regions.append(_numbered(place, moment, said, names, options))
    return list(images.values())


def _first(text: str) -> str:
    """The first of a list of files; VIA forgets one of the two quotes before it."""
    value = _value(text)
    if isinstance(value, list):
        return str(value[0]) if len(value) == 1 else ""
    return text.strip('[]" ')
