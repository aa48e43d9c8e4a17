"""What was drawn on images, as boxes: what the readers of drawing tools' files share.

Polygons, circles, masks and rotated rectangles give their bounding box; what has none, such as points and
lines, is left out. Both are counted and told once for the whole set.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from foveal.data.dataset import Finding, SplitName
from foveal.data.documents import Documents
from foveal.data.file_tree import Match, Tree, composed
from foveal.data.formats.records import FARTHEST, Reading, Record, record_of, union
from foveal.data.formats.split_lists import from_file_name
from foveal.errors import DataError
from foveal.files import readable
from foveal.wording import be, count


@dataclass
class Drawing:
    """The objects of one image as a file tells them.

    Attributes
    ----------
    named : str
        What the file calls the image; without a name it is told of what is broken, and no more.
    width, height : float
        As the file says; 0 where it does not.
    boxes : list of list of float
        ``x1, y1, x2, y2``, 0-based and half-open; in units of the image's size where ``relative``.
    names : list of str
        The objects' classes.
    difficult : list of bool
    broken : list of str
        What is wrong with the objects that could not be used, each a sentence.
    around : Counter
        How many objects of which shape are taken by their bounding boxes.
    left_out : Counter
        How many of which shape have no box.
    relative : bool
    split : {"train", "val", "test"} or None
        As the file says.
    """

    named: str = ""
    width: float = 0
    height: float = 0
    boxes: list[list[float]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    difficult: list[bool] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    around: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    relative: bool = False
    split: SplitName | None = None

    def add(self, name: str, box: list[float], shape: str = "", *, difficult: bool = False) -> None:
        """Add an object; ``shape`` is what was drawn where that is no upright rectangle."""
        self.boxes.append(box)
        self.names.append(name)
        self.difficult.append(difficult)
        if shape:
            self.around[shape] += 1

    def record(self, file: str, match: Match) -> Record:
        """What the file says of the image, for :func:`foveal.data.formats.records.assemble`."""
        return record_of(
            match,
            self.named,
            file,
            width=self.width,
            height=self.height,
            boxes=[list(box) for box in self.boxes],
            names=list(self.names),
            difficult=list(self.difficult),
            relative=self.relative,
            split=self.split,
        )


# -- values ---------------------------------------------------------------------------------------------


def coordinate(value: Any) -> float:
    """A number as a coordinate; digits in quotes count as well.

    Raises
    ------
    ValueError
        If it is none; the message goes on a sentence that names the object.

    Examples
    --------
    >>> coordinate(3), coordinate("4.5")
    (3.0, 4.5)
    """
    try:
        number = float(value) if isinstance(value, int | float | str) and value is not True else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= FARTHEST:
        raise ValueError(f"has {shown(value)} for a coordinate")
    return number


def side(value: Any) -> float:
    """The width or height of an image; 0 where the value is no such number."""
    try:
        return max(coordinate(value), 0.0)
    except ValueError:
        return 0.0


def class_name(value: Any) -> str:
    """The name of a class.

    Raises
    ------
    ValueError
        If it is missing or empty; the message goes on a sentence that names the object.
    """
    name = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not name:
        raise ValueError("has no class")
    return plain(name)


def plain(text: str) -> str:
    """A name as it is compared and shown: composed, and without halves of characters."""
    return readable(composed(text))


def shown(value: Any) -> str:
    """A value of a file, short enough for a sentence."""
    return readable(json.dumps(value, ensure_ascii=False, default=str)[:60])


def corners(points: Any) -> list[float]:
    """The box around points, each a pair or an object with x and y.

    Raises
    ------
    ValueError
        If there are none, or they are no points.
    """
    if not isinstance(points, list) or not points:
        raise ValueError("has no points")
    pairs = [(point.get("x"), point.get("y")) if isinstance(point, dict) else point for point in points]
    if not all(isinstance(pair, list | tuple) and len(pair) >= 2 for pair in pairs):
        raise ValueError(f"has {shown(points)} for points")
    xs = [coordinate(pair[0]) for pair in pairs]
    ys = [coordinate(pair[1]) for pair in pairs]
    return [min(xs), min(ys), max(xs), max(ys)]


def from_sides(x: Any, y: Any, width: Any, height: Any) -> list[float]:
    """The box of a left upper corner and two sides.

    Raises
    ------
    ValueError
        If one of them is no coordinate.
    """
    left, top = coordinate(x), coordinate(y)
    return [left, top, left + coordinate(width), top + coordinate(height)]


def around_ellipse(cx: Any, cy: Any, rx: Any, ry: Any, angle: Any = 0) -> list[float]:
    """The box around an ellipse of two radii, which is turned by an angle in radians.

    Raises
    ------
    ValueError
        If one of them is no coordinate.
    """
    x, y, a, b, turn = (coordinate(value) for value in (cx, cy, rx, ry, angle))
    across = math.hypot(a * math.cos(turn), b * math.sin(turn))
    down = math.hypot(a * math.sin(turn), b * math.cos(turn))
    return [x - across, y - down, x + across, y + down]


# -- readings -------------------------------------------------------------------------------------------


def gather(
    found: Sequence[tuple[str, Match, Drawing]],
    *,
    place: Callable[[str], str] = lambda file: file,
) -> Reading:
    """One reading of what files say of images; the classes are sorted by name.

    Parameters
    ----------
    found : sequence of (str, Match, Drawing)
        Each with its file and the image that is meant, the files that count most first.
    place : callable
        Given a file: what it is one of. Files of different places may be about the same images.

    Raises
    ------
    DataError
        If files of two places contradict each other about an image, or speak of it in different units.
    """
    parts: dict[str, list[Record]] = defaultdict(list)
    images = Counter(file for file, _, _ in found)
    # The name of a file of one image is that of the image, which is often enough "test".
    split = {file: from_file_name(file) if count > 1 else None for file, count in images.items()}
    # A file that is of no split may be the union of those that are: it comes later.
    for file, match, drawing in sorted(found, key=lambda one: split[one[0]] is None):
        if drawing.named:
            record = drawing.record(file, match)
            record.split = record.split or split[file]
            parts[place(file)].append(record)
    _refuse_two_units(parts)
    reading = Reading(files=list(dict.fromkeys(file for file, _, _ in found)))
    reading.findings = _told(found)
    reading.records, told_before = union(list(parts.items()))
    for where, told in told_before.items():
        text = f"{told} of its {count(len(parts[where]), 'picture')} {be(told)} described by other files too."
        action = "What they say together counts."
        reading.findings.append(Finding("several-annotation-files", "note", where, text, action))
    reading.classes = sorted({name for record in reading.records for name in record.names})
    return reading


def _refuse_two_units(parts: Mapping[str, Sequence[Record]]) -> None:
    known: dict[str, tuple[str, bool]] = {}
    for place, records in parts.items():
        for record in records:
            if not record.boxes:
                continue
            other, relative = known.setdefault(record.image or record.named, (place, record.relative))
            if relative != record.relative:
                raise DataError(
                    f"Of {place} and {other}, which speak of the same pictures, one has pixels and one has "
                    "shares of the sizes: keep one of them, or move the other out of the folder."
                )


def _told(found: Iterable[tuple[str, Match, Drawing]]) -> list[Finding]:
    findings: list[Finding] = []
    around, left_out = Counter[str](), Counter[str]()
    first = ""
    for file, _, drawing in found:
        findings += [
            Finding("broken-object", "error", file, readable(text), "The object is left out.")
            for text in drawing.broken
        ]
        around += drawing.around
        left_out += drawing.left_out
        first = first or (file if drawing.left_out else "")
    if around:
        be, boxes = ("is", "its bounding box") if around.total() == 1 else ("are", "their bounding boxes")
        text = f"{_listed(around)} {be} taken by {boxes}."
        action = "What lies outside them in the boxes is learnt too."
        findings.append(Finding("bounding-boxes", "note", "", text, action))
    if left_out:
        be, they = ("has", "It is") if left_out.total() == 1 else ("have", "They are")
        text = f"{_listed(left_out)} {be} no box, such as in {first}."
        findings.append(Finding("shapes-without-box", "warning", "", text, f"{they} left out."))
    return findings


def _listed(counts: Counter[str]) -> str:
    words = [f"{count} {_plural(word) if count > 1 else word}" for word, count in counts.most_common()]
    return readable(" and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0])


def _plural(words: str) -> str:
    first, _, rest = words.partition(" of ")
    whole = f"{first}es" if first.endswith("x") else f"{first}s"
    return f"{whole} of {rest}" if rest else whole


def tell_broken(
    reading: Reading, tree: Tree, documents: Documents, suffixes: tuple[str, ...], *, one_each: bool
) -> None:
    """Tell of the files that cannot be parsed and may be meant to be of the reading's format.

    Parameters
    ----------
    reading : Reading
        Gets the findings.
    tree : Tree
    documents : Documents
    suffixes : tuple of str
        Of the format's files.
    one_each : bool
        Whether a file is about the one image of its own name: a file that is about none is left alone, and
        the image of a broken file is no background.
    """
    for file, why in documents.broken.items():
        image = tree.image_of(file).image if one_each else None
        if not file.lower().endswith(suffixes) or (one_each and image is None):
            continue
        action = "The file and its picture are left out." if one_each else "The file is left out."
        reading.findings.append(Finding("broken-annotation", "error", file, why, action))
        reading.broken += [image] if image else []
