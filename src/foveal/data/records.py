"""From what a reader found in its files to a data set."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset, Finding, Sample, SplitName, Task
from foveal.data.pictures import Tree
from foveal.errors import ImageError

if TYPE_CHECKING:
    from foveal.images import ImageInfo


@dataclass
class Record:
    """One picture as an annotation file tells it, before the picture itself was looked at.

    Attributes
    ----------
    picture : str or None
        Relative to the data folder; None where there is no such file.
    named : str
        What the annotation calls the picture.
    annotation : str or None
        The annotation file, relative to the data folder.
    width, height : float
        As the annotation says; 0 where it does not.
    boxes : list of list of float
        ``x1, y1, x2, y2``, 0-based and half-open; in units of the picture's size where ``relative``.
    names : list of str
        The objects' classes.
    """

    picture: str | None
    named: str
    annotation: str | None = None
    width: float = 0
    height: float = 0
    boxes: list[list[float]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    difficult: list[bool] = field(default_factory=list)
    crowd: list[bool] = field(default_factory=list)
    areas: list[float] | None = None
    xywh: list[list[float]] | None = None
    relative: bool = False
    split: SplitName | None = None
    id: int | None = None
    label: str | None = None


def turn_upright(boxes: NDArray[np.float64], orientation: int, size: tuple[int, int]) -> NDArray[np.float64]:
    """Boxes drawn on the stored pixels of a picture, turned as EXIF's orientation turns the picture.

    Parameters
    ----------
    boxes : ndarray of shape (N, 4), float64
        ``x1, y1, x2, y2`` on the stored picture.
    orientation : int
        EXIF's tag 0x0112, 1 to 8.
    size : tuple of int
        ``(width, height)`` of the stored picture.

    Returns
    -------
    ndarray of shape (N, 4), float64
        On the upright picture.

    Examples
    --------
    A picture 10 wide and 4 high that has to be turned clockwise (6): its top left corner goes to the top
    right of a picture 4 wide and 10 high.

    >>> turn_upright(np.array([[0.0, 0.0, 3.0, 1.0]]), 6, (10, 4))
    array([[3., 0., 4., 3.]])
    """
    width, height = size
    x, y = boxes[:, [0, 2]], boxes[:, [1, 3]]
    mirrored_x, mirrored_y = width - x[:, ::-1], height - y[:, ::-1]
    x, y = {
        1: (x, y),
        2: (mirrored_x, y),
        3: (mirrored_x, mirrored_y),
        4: (x, mirrored_y),
        5: (y, x),
        6: (mirrored_y, x),
        7: (mirrored_y, mirrored_x),
        8: (y, mirrored_x),
    }.get(orientation, (x, y))
    return np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1)


def assemble(
    tree: Tree,
    format: str,
    task: Task,
    records: Sequence[Record],
    classes: Sequence[str],
    findings: Sequence[Finding],
    category_ids: Sequence[int] = (),
) -> Dataset:
    """Look at the pictures' headers and make the data set.

    Pictures that are missing or cannot be opened are left out, each with a finding; where not one
    picture is there, all are kept as far as the annotations know their sizes, since an evaluation needs
    no pictures.

    Parameters
    ----------
    tree : Tree
    format, task
        As in :class:`Dataset`.
    records : sequence of Record
    classes : sequence of str
        In the order of the labels.
    findings : sequence of Finding
        What the reader came across.
    category_ids : sequence of int, optional

    Returns
    -------
    Dataset
    """
    findings = list(findings)
    label_of = {name: label for label, name in enumerate(classes)}
    none_there = bool(records) and all(record.picture is None for record in records)
    if none_there:
        findings.append(
            Finding(
                "no-pictures",
                "warning",
                "",
                f"None of the {len(records)} pictures is there.",
                "The annotations can be evaluated against; nothing can be trained.",
            )
        )
    twice = _described_twice(records, findings)
    kept: list[Sample] = []
    for record in records:
        if id(record) in twice:
            continue
        info: ImageInfo | None = None
        if record.picture is not None:
            try:
                info = _probe(tree, record.picture)
            except ImageError as error:
                findings.append(
                    Finding(
                        "unreadable-image", "error", record.picture, str(error), "The picture is left out."
                    )
                )
                continue
        elif not none_there or (record.relative and record.boxes):
            findings.append(
                Finding(
                    "missing-picture",
                    "error",
                    (record.annotation if record.id is None else None) or _harmless(record.named),
                    f"The picture {record.named} is not in the data set.",
                    "Its annotation is left out.",
                )
            )
            continue
        kept.append(_sample(tree, record, info, label_of, findings))
    if format != "coco":
        kept.sort(key=lambda sample: (sample.path.name, sample.path.as_posix()))
        kept = [_numbered(sample, number) for number, sample in enumerate(kept, 1)]
    else:
        kept.sort(key=lambda sample: sample.id)
    return Dataset(tree.root, format, task, tuple(classes), tuple(kept), tuple(category_ids), tuple(findings))


def _described_twice(records: Sequence[Record], findings: list[Finding]) -> set[int]:
    first: dict[str, Record] = {}
    twice = set()
    for record in records:
        if record.picture is None:
            continue
        other = first.setdefault(record.picture, record)
        if other is not record:
            twice.add(id(record))
            findings.append(
                Finding(
                    "annotated-twice",
                    "warning",
                    record.annotation or record.picture,
                    f"{record.picture} is described by {other.annotation} too.",
                    f"{other.annotation} counts.",
                )
            )
    return twice


def _probe(tree: Tree, picture: str) -> "ImageInfo":
    from foveal.images import probe

    return probe(tree.path(picture))


def _numbered(sample: Sample, number: int) -> Sample:
    # dataclasses.replace runs over all fields, which is felt at thousands of pictures.
    object.__setattr__(sample, "id", number)
    return sample


def _sample(
    tree: Tree,
    record: Record,
    info: "ImageInfo | None",
    label_of: dict[str, int],
    findings: list[Finding],
) -> Sample:
    width, height = (info.width, info.height) if info else (round(record.width), round(record.height))
    boxes = np.array(record.boxes, np.float64).reshape(-1, 4)
    xywh = None if record.xywh is None else np.array(record.xywh, np.float64).reshape(-1, 4)
    if record.relative:
        boxes = boxes * np.array([width, height, width, height], np.float64)
    if info is not None and not record.relative and record.label is None:
        turned = _compare_size(record, info, findings)
        if turned and len(boxes):
            boxes = turn_upright(boxes, info.orientation, (info.height, info.width))
            xywh = None if xywh is None else _to_xywh(boxes)
    count = len(boxes)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    areas = sides.prod(axis=1) if record.areas is None else np.array(record.areas, np.float64)
    return Sample(
        path=tree.path(record.picture if record.picture is not None else _harmless(record.named)),
        id=record.id if record.id is not None else 0,
        width=width,
        height=height,
        boxes=boxes.astype(np.float32),
        labels=np.array([label_of[name] for name in record.names], np.int64),
        difficult=np.array(record.difficult or [False] * count, np.bool_),
        crowd=np.array(record.crowd or [False] * count, np.bool_),
        areas=areas,
        xywh=xywh,
        label=None if record.label is None else label_of[record.label],
        split=record.split,
        annotation=None if record.annotation is None else tree.path(record.annotation),
    )


def _to_xywh(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def _harmless(named: str) -> str:
    """A name from an annotation as a path that cannot lead out of the data folder."""
    return named.replace("\\", "/").rstrip("/").rpartition("/")[2].replace("\0", "") or "unnamed"


def _compare_size(record: Record, info: "ImageInfo", findings: list[Finding]) -> bool:
    """Note where the annotation is wrong on the size; True where its boxes are on the stored pixels."""
    said = (round(record.width), round(record.height))
    # Where an annotation has no size at all, nothing is wrong with it.
    if said == (info.width, info.height) or (said == (0, 0) and record.annotation is None):
        return False
    # One COCO file is about all pictures: there the picture's name tells more.
    file = record.picture if record.id is not None else record.annotation
    file = file or record.named
    turns = info.orientation >= 5 and said == (info.height, info.width)
    if turns:
        findings.append(
            Finding(
                "exif-boxes",
                "warning",
                file,
                f"The boxes were drawn on the picture as it is stored, {said[0]}×{said[1]}, but EXIF "
                f"orientation {info.orientation} turns it to {info.width}×{info.height}.",
                "The boxes are turned with the picture.",
            )
        )
    else:
        findings.append(
            Finding(
                "wrong-size",
                "warning",
                file,
                f"The annotation says {said[0]}×{said[1]} pixels, the picture {record.picture} has "
                f"{info.width}×{info.height}.",
                "The picture's size counts; the boxes are used as they are.",
            )
        )
    return turns
