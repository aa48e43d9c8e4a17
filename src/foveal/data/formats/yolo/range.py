"""Whether the numbers of YOLO's labels are shares of their images' sizes, or pixels, or percentages."""

from collections.abc import Callable, Sequence

import numpy as np

from foveal.data.formats.yolo.labels import MOST, OUTSIDE, Meaning, fits, in_image, quoted
from foveal.data.formats.yolo.lines import LabelFile, Row


def reach(row: Row, meaning: Meaning) -> float:
    """How far a row's coordinates go: 1 is the end of the image, at either side."""
    values = row.values[:4] if meaning.kind in ("box", "pose") else row.values
    if meaning.confidence == "first":
        values = row.values[1:5]
    return max(max(values), 1 - min(values))


def not_shares(
    files: Sequence[LabelFile], read_as: dict[int, Meaning], size_of: Callable[[str], tuple[int, int] | None]
) -> str:
    """Why a set's numbers are no shares of the images' sizes, as a sentence; ``""`` where they are.

    They are none where nearly all rows leave their images by far. Single such rows are not asked about here.

    Parameters
    ----------
    files : sequence of LabelFile
    read_as : dict of int to Meaning
    size_of : callable
        The width and height of a label file's image, None where it is not known.
    """
    rows = ((file, row) for file in files for row in file.rows if len(row.values) in read_as)
    total = sum(len(row.values) in read_as for file in files for row in file.rows)
    beyond: list[tuple[LabelFile, Row, Meaning]] = []
    plain = 0
    for file, row in rows:
        how = read_as[len(row.values)]
        if reach(row, how) > 1 + OUTSIDE:
            beyond.append((file, row, how))
            continue
        plain += 1
        if plain > (1 - MOST) * total:
            # As in nearly every set, after the first of its files.
            return ""
    if not beyond:
        return ""
    first, row, _ = beyond[0]
    boxes = [(file, row.values[:4]) for file, row, how in beyond[:200] if how.kind == "box"]
    fitting = []
    if (
        boxes
        and all(max(b) <= 100 for _, b in boxes)
        and fits(in_image(np.array([b for _, b in boxes]) / 100))
    ):
        fitting.append("percentages (centre and size; divide them by 100)")
    sizes = {file.file: size_of(file.file) for file, _ in boxes}
    known = np.array([[*b, *size] for file, b in boxes if (size := sizes[file.file]) is not None])
    if len(known):
        a, b, c, d, width, height = known.T
        by_size = np.stack([a / width, b / height, c / width, d / height], axis=1)
        corner_and_size = (a >= 0) & (b >= 0) & (a + c <= width + 1) & (b + d <= height + 1)
        corners = (a < c) & (b < d) & (a >= 0) & (b >= 0) & (c <= width + 1) & (d <= height + 1)
        if fits(in_image(by_size)):
            fitting.append("pixels (centre and size)")
        if fits(corner_and_size):
            fitting.append("pixels (left, top, width, height)")
        if fits(corners):
            fitting.append("pixels (left, top, right, bottom)")
    look = f"look like {', or '.join(fitting)}" if fitting else "look like pixels"
    return (
        "The numbers of the labels are no shares of the pictures' sizes "
        f"({quoted(first, row)}): they "
        f"{look}. Write `class cx cy width height`, each divided by the picture's width or height."
    )
