"""VoTT's own JSON: a file an image, an export of all, and version 1's file of frames.

After microsoft/VoTT's ``applicationState.ts`` and ``vottJson.ts``, and version 1's ``save``.
"""

from dataclasses import dataclass, field
from typing import Any

from foveal.data.dataset import Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import Match, Tree
from foveal.data.formats.drawings import (
    Drawing,
    class_name,
    coordinate,
    corners,
    from_sides,
    gather,
    plain,
    shown,
    side,
    tell_broken,
)
from foveal.data.formats.records import Reading
from foveal.wording import count

_OUTLINES = {"POLYGON": "polygon", "POLYLINE": "polyline"}


@dataclass
class VoTTFile:
    """What one file says.

    Attributes
    ----------
    drawings : list of Drawing
    paths : list of str
        For each what the file calls the image's path; its name may be that of many.
    alone : bool
        Whether it is the file of one image.
    unnamed : int
        How many frames with objects have a number for a name.
    """

    drawings: list[Drawing] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    alone: bool = False
    unnamed: int = 0


def take(content: Any, file: str) -> VoTTFile | None:
    """What a JSON file says, given its content; None where it is no file of VoTT."""
    if not isinstance(content, dict):
        return None
    if _is_asset(content):
        kept = VoTTFile(alone=True)
        _add_asset(kept, content)
        return kept
    assets = content.get("assets")
    if isinstance(assets, dict) and any(_is_asset(asset) for asset in assets.values()):
        kept = VoTTFile()
        for identity, asset in assets.items():
            if _is_asset(asset):
                _add_asset(kept, asset)
            else:
                broken = f"The asset {identity[:60]} has no name or no regions."
                kept.drawings.append(Drawing(broken=[broken]))
                kept.paths.append("")
        return kept
    frames = content.get("frames")
    if isinstance(frames, dict) and {"inputTags", "visitedFrames", "framerate"} & content.keys():
        named = content.get("framesByImagesName")
        return _frames(named if isinstance(named, dict) else frames)
    return None


def _is_asset(content: Any) -> bool:
    if not isinstance(content, dict) or not isinstance(content.get("regions"), list):
        return False
    asset = content.get("asset")
    return isinstance(asset, dict) and any(isinstance(asset.get(key), str) for key in ("name", "path"))


def _add_asset(kept: VoTTFile, content: dict[str, Any]) -> None:
    asset = content["asset"]
    size = asset.get("size")
    size = size if isinstance(size, dict) else {}
    texts = [asset[key] for key in ("path", "name") if isinstance(asset.get(key), str) and asset[key]]
    drawing = Drawing(plain(texts[-1] if texts else ""), side(size.get("width")), side(size.get("height")))
    for number, region in enumerate(content["regions"], 1):
        try:
            _add(drawing, region)
        except ValueError as error:
            drawing.broken.append(f"Region {number} of {drawing.named} {error}.")
    kept.drawings.append(drawing)
    kept.paths.append(texts[0] if texts else "")


def _add(drawing: Drawing, region: Any) -> None:
    if not isinstance(region, dict):
        raise ValueError("is none")
    names = _tags(region)
    kind = str(region.get("type", "RECTANGLE")).upper()
    if kind == "POINT":
        drawing.left_out["point"] += 1
        return
    place, points = region.get("boundingBox"), region.get("points")
    if isinstance(place, dict):
        box = from_sides(*(place.get(key) for key in ("left", "top", "width", "height")))
    else:
        box = corners(points)
    # As in VoTT's own exports, each tag is an object.
    for name in names:
        drawing.add(name, list(box), _OUTLINES.get(kind, ""))


def _tags(region: dict[str, Any]) -> list[str]:
    tags = region.get("tags")
    if not isinstance(tags, list) or not tags:
        raise ValueError("has no tag")
    return [class_name(tag.get("name") if isinstance(tag, dict) else tag) for tag in tags]


def _frames(frames: dict[str, Any]) -> VoTTFile:
    """Version 1: regions are in pixels of the canvas that they were drawn on, whose size they tell."""
    kept = VoTTFile()
    for named, regions in frames.items():
        if not isinstance(regions, list):
            continue
        if named.isdecimal():
            kept.unnamed += bool(regions)
            continue
        drawing = Drawing(plain(named), relative=True)
        for number, region in enumerate(regions, 1):
            try:
                _add_region(drawing, region)
            except ValueError as error:
                drawing.broken.append(f"Region {number} of {drawing.named} {error}.")
        kept.drawings.append(drawing)
        kept.paths.append(named)
    return kept


def _add_region(drawing: Drawing, region: Any) -> None:
    if not isinstance(region, dict):
        raise ValueError("is none")
    names = _tags(region)
    inner = region.get("box")
    place = inner | region if isinstance(inner, dict) else region
    box = [coordinate(place.get(key)) for key in ("x1", "y1", "x2", "y2")]
    width, height = side(region.get("width")), side(region.get("height"))
    if not width or not height:
        raise ValueError(f"has {shown(region.get('width'))} for the width it was drawn on")
    for name in names:
        drawing.add(name, [box[0] / width, box[1] / height, box[2] / width, box[3] / height])


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's files of VoTT say as one data set; None where there are none.

    The classes are sorted by name.

    Raises
    ------
    DataError
        If files contradict each other about an image, such as an old export and the files of the images.
    """
    files: dict[str, VoTTFile] = documents.of("vott")
    if not files:
        return None
    # The export of all comes before the files of the images.
    order = sorted(files, key=lambda file: files[file].alone)
    found = [
        (file, _image(tree, drawing, path, file), drawing)
        for file in order
        for drawing, path in zip(files[file].drawings, files[file].paths, strict=True)
    ]
    reading = gather(found, place=lambda file: file.rpartition("/")[0] if files[file].alone else file)
    for file in order:
        if files[file].unnamed:
            these = count(
                files[file].unnamed, "frame has a number for a name", "frames have numbers for names"
            )
            text = f"{these}, which tell no picture."
            action = "They are left out: VoTT 2 writes names (import the project there, and export it)."
            reading.findings.append(Finding("unknown-image", "error", file, text, action))
    tell_broken(reading, tree, documents, (".json",), one_each=False)
    return reading


def _image(tree: Tree, drawing: Drawing, path: str, file: str) -> Match:
    """The image, by its path, which may be that of another machine, else by its name."""
    match = tree.image_named(path, near=file)
    if match.image is None and not match.rivals and drawing.named:
        match = tree.image_named(drawing.named, near=file)
    return match
