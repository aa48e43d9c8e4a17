"""What versions 1 and 2 of VIA write, JSON and CSV: after via-2.x.y's ``CodeDoc.md`` and export functions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from foveal.data.documents import Table
from foveal.data.formats.drawings import around_ellipse, corners, from_sides, plain, shown
from foveal.errors import DataError
from foveal.files import json_value

_SHAPES = ("point", "circle", "ellipse", "line", "polyline", "polygon")
# What an attribute says that nobody has filled in.
_NOTHING = ("", "undefined", "null")
_COLUMNS = ("filename", "region_shape_attributes", "region_attributes")


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
            name: tuple(options.get(name, {}).get(word, word) for word in words_of(value))
            for name, value in attributes.items()
        }
    try:
        if not isinstance(shape, dict):
            raise ValueError(f"has {shown(shape)} for its shape")
        draw(region, str(shape.get("name")), shape)
    except ValueError as error:
        region.broken = str(error)
    return region


def words_of(value: Any) -> tuple[str, ...]:
    """What an attribute says: a word, or the words of the boxes that are ticked."""
    words = [key for key, ticked in value.items() if ticked] if isinstance(value, dict) else [value]
    texts = [plain(str(word).strip()) for word in words if isinstance(word, str | int | float)]
    return tuple(word for word in texts if word.lower() not in _NOTHING)


def draw(region: Region, kind: str, shape: Mapping[str, Any]) -> None:
    """Put the box of a shape into its region.

    Raises
    ------
    ValueError
        If the shape cannot be used; the message goes on a sentence that names the region.
    """
    if kind == "rect":
        region.box = from_sides(*(shape.get(key) for key in ("x", "y", "width", "height")))
        return
    region.shape = kind if kind in _SHAPES else f"shape of kind {kind[:30]}"
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


def of_rows(table: Table) -> list[Image] | None:
    """What a CSV export of version 1 or 2 says; None where it is none."""
    columns = [column.strip().lstrip("#").strip() for column in table.columns]
    if not set(_COLUMNS) <= set(columns):
        return None
    images: dict[tuple[str, str], Image] = {}
    broken = Image()
    for row in _rows(table, broken):
        cells = dict(zip(columns, row, strict=False))
        named, size = cells.get("filename", ""), cells.get("file_size", "")
        if row == table.columns or not named:
            continue
        image = images.setdefault(
            (named, size), Image(plain(named), int(size) if size.isdecimal() and len(size) < 16 else 0)
        )
        shape, said = (cell_value(cells.get(column, "")) for column in _COLUMNS[1:])
        # An image without regions has one row.
        if shape != {}:
            image.regions.append(_region(shape, said, {}))
    return [*images.values(), *([broken] if broken.broken else [])]


def _rows(table: Table, broken: Image) -> Iterator[list[str]]:
    try:
        for _, row in table.rows():
            yield row
    except DataError as error:
        broken.broken.append(str(error).removesuffix("."))


def cell_value(text: str) -> Any:
    """The value of JSON text; the text where it is none."""
    try:
        return json_value(text)
    except ValueError:
        return text
