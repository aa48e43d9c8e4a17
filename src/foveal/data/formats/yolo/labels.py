"""What the numbers of YOLO's label files mean: told by all rows of a set together, never by one.

A row of four numbers is a box. One of more may be a polygon (segmentation), four corners (oriented boxes)
or a box with keypoints (pose), each with or without a confidence behind it (a model's predictions). Their
counts alone do not tell: 28 numbers are a polygon of 14 points or a box with 12 keypoints.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foveal.data.formats.yolo.lines import LabelFile, Row
from foveal.errors import DataError

Kind = Literal["box", "polygon", "oriented box", "pose"]

# Coordinates in shares of an image's size may leave it by this much and no more.
OUTSIDE = 0.5
# A box of pose labels lies in its image but for roundings, its keypoints in or near the box.
_ROUNDING = 0.02
_NEAR = 0.1
# Of a set's rows so many have to fit a meaning.
MOST = 0.95
# So many marks of 0, 1, 2 in every third column are no chance.
_MARKS = 4


@dataclass(frozen=True)
class Meaning:
    """How rows with a certain count of numbers are read.

    Attributes
    ----------
    kind : {"box", "polygon", "oriented box", "pose"}
    confidence : {"", "last", "first"}
        Where a confidence stands.
    """

    kind: Kind
    confidence: Literal["", "last", "first"] = ""

    def box(self, values: Sequence[float]) -> list[float]:
        """The relative ``x1, y1, x2, y2`` of a row's numbers."""
        if self.confidence == "first":
            values = values[1:]
        elif self.confidence:
            values = values[:-1]
        if self.kind in ("box", "pose"):
            cx, cy, width, height = values[:4]
            return [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2]
        xs, ys = values[::2], values[1::2]
        return [min(xs), min(ys), max(xs), max(ys)]


def meanings(
    files: Sequence[LabelFile], shape: tuple[int, int] | None = None, task: str = "", where: str = "data.yaml"
) -> dict[int, Meaning]:
    """How the rows of a set are read, by how many numbers they have behind the class.

    Parameters
    ----------
    files : sequence of LabelFile
    shape : tuple of int, optional
        How many keypoints of how many numbers each a pose row has: ``kpt_shape`` of ``data.yaml``.
    task : str
        ``task`` of ``data.yaml``: ``"detect"``, ``"segment"``, ``"obb"``, ``"pose"``; ``""`` where it is not
        said.
    where : str
        The YAML file, for sentences.

    Returns
    -------
    dict of int to Meaning
        Rows with other counts are broken.

    Raises
    ------
    DataError
        If what the rows are cannot be told. The sentence says what they look like and what to write into the
        YAML file.
    """
    by_count: dict[int, list[Row]] = {}
    for file in files:
        for row in file.rows:
            by_count.setdefault(len(row.values), []).append(row)
    found: dict[int, Meaning] = {4: Meaning("box")}
    if 5 in by_count:
        found |= _five(by_count[5], files, only=2 * len(by_count[5]) >= sum(map(len, by_count.values())))
    longer = {count: rows for count, rows in by_count.items() if count > 5}
    if not longer:
        return found
    if shape is not None:
        wanted = 4 + shape[0] * shape[1]
        posed = {
            n: m for n, m in ((wanted, Meaning("pose")), (wanted + 1, Meaning("pose", "last"))) if n in longer
        }
        if posed:
            return found | posed
        if len(longer) == 1:
            (count,) = longer
            raise DataError(
                f"{where} says kpt_shape: [{shape[0]}, {shape[1]}], which makes rows of {wanted + 1} "
                "columns, but they "
                f"have {count + 1} ({_quoted(files, count)}): correct kpt_shape, or remove it if they are "
                "no pose labels."
            )
    common, most = Counter({count: len(rows) for count, rows in longer.items()}).most_common(1)[0]
    if task not in ("segment", "obb") and 2 * most > sum(map(len, longer.values())):
        verdict = _pose(_array(longer[common]))
        if task == "pose" and verdict:
            verdict = "certain"
        if verdict == "certain":
            return found | {common: Meaning("pose")}
        if verdict == "possible":
            raise DataError(_ambiguous(files, common, where))
    if task == "pose":
        raise DataError(
            f"{where} says task: pose, but the rows have "
            f"{' or '.join(str(n + 1) for n in sorted(longer)[:4])} columns "
            f"and no boxes with keypoints in them ({_quoted(files, common)}): write `kpt_shape: [K, 3]` "
            "into it, or "
            "another task."
        )
    return found | _corners(longer)


def _five(rows: list[Row], files: Sequence[LabelFile], *, only: bool) -> dict[int, Meaning]:
    """Boxes with a number more: a confidence, where it can be one in every row."""
    values = _array(rows)
    last = _is_share(values[:, 4]) & in_image(values[:, :4])
    first = _is_share(values[:, 0]) & in_image(values[:, 1:])
    if first.mean() >= MOST > last.mean():
        return {5: Meaning("box", "first")}
    if _is_share(values[:, 4]).mean() >= MOST:
        return {5: Meaning("box", "last")}
    if only and (np.abs(values[:, :4]) <= 1 + OUTSIDE).all(axis=1).mean() >= MOST:
        raise DataError(
            f"The labels have a sixth column that is no confidence, for it goes from {values[:, 4].min():g} "
            "to "
            f"{values[:, 4].max():g} ({_quoted(files, 5)}): they look like boxes with an angle. Write them "
            "as "
            "`class x1 y1 x2 y2 x3 y3 x4 y4`, or without the angle as `class cx cy width height`."
        )
    return {}


def _corners(longer: dict[int, list[Row]]) -> dict[int, Meaning]:
    """Polygons and oriented boxes: an even count, or an odd one with a confidence behind it in all."""
    confident = all(count % 2 for count in longer) and all(
        bool(_is_share(_array(rows)[:, -1]).all()) for rows in longer.values()
    )
    size = 9 if confident else 8
    four: Kind = "oriented box" if set(longer) == {size} else "polygon"
    return {
        count: Meaning(four, "last" if confident else "")
        for count in longer
        if count % 2 == int(confident) and count >= 6 + int(confident)
    }


def _pose(values: NDArray[np.float64]) -> Literal["", "possible", "certain"]:
    """Whether rows are boxes with keypoints.

    They are for certain where every third number behind the box is a mark of 0, 1 or 2, or where they can be
    nothing else; they may be where all keypoints lie in or near their boxes and the rows are no clear
    polygons.
    """
    count = values.shape[1]
    if not fits(in_image(values[:, :4]) & (values[:, 2:4] > 0).all(axis=1)):
        return ""
    for extra in (0, 1):
        points, rest = divmod(count - extra - 4, 3)
        marks = values[:, 6 : 4 + 3 * points : 3]
        if rest or not points or (extra and not _is_share(values[:, -1]).all()):
            continue
        if np.isin(marks, (0, 1, 2)).all() and (marks.size >= _MARKS or (marks == 2).any() or count % 2):
            return "certain"
    if count in (8, 9) and fits(_parallelogram(values[:, :8])):
        return ""
    near = False
    for extra in (0, 1):
        for size in (2, 3):
            points, rest = divmod(count - extra - 4, size)
            if rest or not points or (extra and not _is_share(values[:, -1]).all()):
                continue
            keypoints = values[:, 4 : 4 + size * points].reshape(len(values), points, size)
            marked = size == 2 or bool(((keypoints[..., -1] >= 0) & (keypoints[..., -1] <= 2)).all())
            near |= marked and fits(_near(values[:, :4], keypoints[..., :2]))
    if not near:
        return ""
    corners = values[:, : count - count % 2]
    # Where the numbers leave the image, or their count is odd, they are no corners.
    beyond = (corners < -OUTSIDE) | (corners > 1 + OUTSIDE)
    if beyond.any() or (count % 2 and not _is_share(values[:, -1]).all()):
        return "certain"
    return "" if _clear_polygons(corners) else "possible"


def fits(rows: NDArray[np.bool_]) -> bool:
    """Whether nearly all rows do."""
    return bool(rows.mean() >= MOST)


def _near(boxes: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether all of a row's points that are there, (0, 0) is not, lie in or near its box."""
    reach = boxes[:, None, 2:] * (0.5 + _NEAR) + _ROUNDING
    inside = (np.abs(points - boxes[:, None, :2]) <= reach).all(axis=2)
    return np.asarray((inside | (points == 0).all(axis=2)).all(axis=1))


def _parallelogram(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether four corners are those of a rectangle on an image of any shape."""
    p = values.reshape(len(values), 4, 2)
    size = np.ptp(p, axis=1).max(axis=1)
    away = np.abs(p[:, 0] + p[:, 2] - p[:, 1] - p[:, 3]).max(axis=1)
    return np.asarray((size > 0) & (away <= 0.05 * size))


def _clear_polygons(values: NDArray[np.float64]) -> bool:
    """Whether the rows make clear outlines: of six points or more, in small steps around an area.

    Of a box with keypoints the first two points, its centre and its size, are no part of an outline, and the
    others are spread over the box.
    """
    p = values.reshape(len(values), -1, 2)
    if p.shape[1] < 6:
        return False
    steps = np.linalg.norm(np.roll(p, -1, axis=1) - p, axis=2)
    # To, between and from the first two points.
    ours = steps[:, [-1, 0, 1]].max(axis=1)
    others = steps[:, 2:-1]
    distinct = (steps > 0).mean(axis=1) > 0.9
    sides = np.ptp(p, axis=1)
    around = (np.abs(_area(p)) >= 0.3 * sides.prod(axis=1)) & (steps.sum(axis=1) <= 2.6 * sides.sum(axis=1))
    narrow = (sides <= 0.5 * p[:, 1]).all(axis=1)
    return fits(distinct & around & narrow & (ours <= 2 * others.max(axis=1)))


def _area(p: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = p[..., 0], p[..., 1]
    return np.asarray((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1) / 2)


def _ambiguous(files: Sequence[LabelFile], count: int, where: str) -> str:
    """That rows may be pose labels or polygons, and what to write."""
    sizes = [size for size in (2, 3) if not (count - 4) % size]
    shapes = [f"`kpt_shape: [{(count - 4) // size}, {size}]`" for size in sizes] or ["`kpt_shape: [K, 3]`"]
    return (
        f"The labels look like pose labels (a box and keypoints in {count + 1} columns: "
        f"{_quoted(files, count)}), but may "
        f"be polygons: write {' or '.join(shapes)} into {where} if they are keypoints, `task: segment` if "
        "they are "
        "polygons."
    )


def _array(rows: Iterable[Row]) -> NDArray[np.float64]:
    return np.array([row.values for row in rows], np.float64)


def _is_share(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((values >= 0) & (values <= 1))


def in_image(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether boxes, given as centre and size, lie in their image but for roundings."""
    centres, halves = boxes[:, :2], boxes[:, 2:] / 2
    low, high = (centres - halves).min(axis=1), (centres + halves).max(axis=1)
    return np.asarray((low >= -_ROUNDING) & (high <= 1 + _ROUNDING))


def _quoted(files: Sequence[LabelFile], count: int) -> str:
    """The first row with so many numbers, with its file."""
    return first_row(files, lambda row: len(row.values) == count)


def first_row(files: Sequence[LabelFile], wanted: Callable[[Row], bool]) -> str:
    """The first row of some kind as words, see :func:`quoted`; ``""`` where there is none."""
    for file in files:
        for row in file.rows:
            if wanted(row):
                return quoted(file, row)
    return ""


def quoted(file: LabelFile, row: Row) -> str:
    """A row as words: file, line, beginning of the text."""
    return f"{file.file}, line {row.line}: {shortened(row.text)!r}"


def shortened(text: str) -> str:
    """The beginning of a line."""
    return text if len(text) <= 60 else text[:59] + "…"
