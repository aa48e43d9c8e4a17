"""What the numbers of tables' boxes are: in pixels or shares, as corners, sides or centres."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Finding
from foveal.data.file_tree import Tree
from foveal.data.formats.box_layouts import Layout, are_shares, as_usual, corners_of, layout_of, sizes_of
from foveal.data.formats.records import Record
from foveal.data.formats.tables.columns import Columns

_CALL_IT: dict[Layout, str] = {
    "corners": "bbox_xyxy", "sides": "bbox_xywh", "centres": "bbox_cxcywh", "spans": "bbox_xxyy"
}  # fmt: skip
_FIRST_LINES = "filename,xmin,ymin,xmax,ymax,class or filename,x,y,width,height,class"


@dataclass
class Part:
    """What stands in one table: objects as numbers, each with its record."""

    file: str
    columns: Columns
    records: list[Record] = field(default_factory=list)
    numbers: list[list[float]] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    outlines: int = 0

    @property
    def shape(self) -> tuple[Any, ...]:
        """What tables have in common that are of one layout."""
        c = self.columns
        return (c.header, c.images[0], c.names, c.box, c.text, c.outline, c.layout)


def place(tree: Tree, parts: Sequence[Part], findings: list[Finding]) -> None:
    """Give the records of tables of one shape their boxes."""
    numbers = np.array([n for part in parts for n in part.numbers], np.float64).reshape(-1, 4)
    relative = are_shares(numbers)
    layout = _told(tree, parts, numbers, relative, findings) if len(numbers) else "corners"
    boxes = corners_of(numbers, layout).tolist()
    start = 0
    for part in parts:
        for box, owner in zip(boxes[start : start + len(part.owners)], part.owners, strict=True):
            part.records[owner].boxes.append(box)
        start += len(part.owners)
        for record in part.records:
            record.relative = relative


def _told(
    tree: Tree,
    parts: Sequence[Part],
    numbers: NDArray[np.float64],
    relative: bool,
    findings: list[Finding],
) -> Layout:
    """The layout that the columns' names tell, else the one that fits all boxes."""
    columns, file = parts[0].columns, parts[0].file
    if columns.outline or columns.outlined:
        return "corners"
    if columns.layout is not None:
        return columns.layout
    sizes = _sizes(tree, parts, relative)
    # What tools document is in pixels.
    documented = None if relative else _documented(parts[0])
    candidates: list[Layout] = ["corners", "sides"]
    if columns.named and columns.box:
        candidates = ["sides", "centres"]  # columns x and y
    elif documented == "sides" or columns.text is not None:
        candidates = ["sides", "corners"]
    if relative and "centres" not in candidates:
        candidates.append("centres")
    verdict = layout_of(numbers, sizes, candidates)
    if columns.named and columns.box:
        if verdict.layout == "centres":
            text = "x and y are the centres of the boxes: as their corners they would stick out."
            finding = Finding("table-columns", "warning", file, text, "Call them cx and cy to make it sure.")
            findings.append(finding)
        return verdict.layout
    mend = f"Give the file a first line, such as {_FIRST_LINES}"
    if columns.text is not None:
        choices = [_CALL_IT[layout] for layout in (verdict.layout, *verdict.also)]
        mend = f"Call the column {' or '.join(choices)}"
    told = as_usual(verdict, documented, file, mend)
    findings += [] if told is None else [told]
    return verdict.layout


def _documented(part: Part) -> Layout | None:
    """The layout that a tool documents for tables of just these columns."""
    columns = part.columns
    if not columns.header and (columns.images[0], *columns.box, *columns.names) == (0, 1, 2, 3, 4, 5):
        return "corners"  # keras-retinanet
    if not columns.header and columns.size and columns.box:
        # makesense.ai has the image behind the box; SKU-110K and TensorFlow's object detection before it.
        return "sides" if columns.images[0] == 5 else "corners"
    if columns.text is not None and columns.size:
        return "sides"  # Kaggle's: image_id,width,height,bbox
    return None


def _sizes(tree: Tree, parts: Sequence[Part], relative: bool) -> NDArray[np.float64]:
    count = sum(len(part.numbers) for part in parts)
    if relative:
        return np.ones((count, 2))
    sizes = [sizes_of(tree, part.records)[np.array(part.owners, np.intp)] for part in parts]
    return np.concatenate(sizes)


def to_pixels(tree: Tree, records: Sequence[Record]) -> None:
    """Boxes that are shares in pixels, since others are."""
    for record, (width, height) in zip(records, sizes_of(tree, records), strict=True):
        if record.relative and np.isfinite(width):
            size = np.array([width, height, width, height])
            record.boxes = (np.array(record.boxes).reshape(-1, 4) * size).tolist()
            record.relative = False
