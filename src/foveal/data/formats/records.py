"""From what a reader found in its files to a data set."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset, Finding, Sample, SplitName, Task
from foveal.data.file_tree import Tree
from foveal.errors import ImageError
from foveal.images import ImageInfo, probe


@dataclass
class Record:
    """One image as an annotation file tells it, before the image itself was looked at.

    Attributes
    ----------
    image : str or None
        Relative to the data folder; None where there is no such file.
    named : str
        What the annotation calls the image.
    annotation : str or None
        The annotation file, relative to the data folder.
    width, height : float
        As the annotation says; 0 where it does not.
    boxes : list of list of float
        ``x1, y1, x2, y2``, 0-based and half-open; in units of the image's size where ``relative``.
    names : list of str
        The objects' classes.
    """

    image: str | None
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
    """Boxes drawn on the stored pixels of an image, turned as EXIF's orientation turns the image.

    Parameters
    ----------
    boxes : ndarray of shape (N, 4), float64
        ``x1, y1, x2, y2`` on the stored image.
    orientation : int
        EXIF's tag 0x0112, 1 to 8.
    size : tuple of int
        ``(width, height)`` of the stored image.

    Returns
    -------
    ndarray of shape (N, 4), float64
        On the upright image.

    Examples
    --------
    An image 10 wide and 4 high that has to be turned clockwise (6): its top left corner goes to the top
    right of an image 4 wide and 10 high.

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


def unannotated(tree: Tree, records: Sequence[Record], broken: Sequence[str] = ()) -> list[str]:
    """The images beside those of the records that are in no record: background; see `Tree.unannotated`."""
    return tree.unannotated([record.image for record in records if record.image is not None], broken)


def assemble(
    tree: Tree,
    format: str,
    task: Task,
    records: Sequence[Record],
    classes: Sequence[str],
    findings: Sequence[Finding],
    category_ids: Sequence[int] = (),
) -> Dataset:
    """Look at the images' headers and make the data set.

    Images that are missing or cannot be opened are left out, each with a finding; where not one
    image is there, all are kept as far as the annotations know their sizes, since an evaluation needs
    no images.

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
    none_there = bool(records) and all(record.image is None for record in records)
    if none_there:
        text = f"None of the {len(records)} pictures is there."
        action = "The annotations can be evaluated against; nothing can be trained."
        findings.append(Finding("no-images", "warning", "", text, action))
    twice = _described_twice(records, findings)
    kept: list[Sample] = []
    for record in records:
        if id(record) in twice:
            continue
        info: ImageInfo | None = None
        if record.image is not None:
            try:
                info = probe(tree.path(record.image))
            except ImageError as error:
                action = "The picture is left out."
                findings.append(Finding("unreadable-image", "error", record.image, str(error), action))
                continue
        elif not none_there or (record.relative and record.boxes):
            file = (record.annotation if record.id is None else None) or _harmless(record.named)
            text = f"The picture {record.named} is not in the data set."
            findings.append(Finding("missing-image", "error", file, text, "Its annotation is left out."))
            continue
        kept.append(_sample(tree, record, info, label_of, findings))
    if any(record.id is None for record in records):
        kept.sort(key=lambda sample: (sample.path.name, sample.path.as_posix()))
        kept = [_numbered(sample, number) for number, sample in enumerate(kept, 1)]
    else:
        kept.sort(key=lambda sample: sample.id)
    return Dataset(tree.root, format, task, tuple(classes), tuple(kept), tuple(category_ids), tuple(findings))


def _described_twice(records: Sequence[Record], findings: list[Finding]) -> set[int]:
    first: dict[str, Record] = {}
    twice = set()
    for record in records:
        if record.image is None:
            continue
        other = first.setdefault(record.image, record)
        if other is not record:
            twice.add(id(record))
            text, action = (
                f"{record.image} is described by {other.annotation} too.",
                f"{other.annotation} counts.",
            )
            file = record.annotation or record.image
            findings.append(Finding("annotated-twice", "warning", file, text, action))
    return twice


def _numbered(sample: Sample, number: int) -> Sample:
    # dataclasses.replace runs over all fields, which is felt at thousands of images.
    object.__setattr__(sample, "id", number)
    return sample


def _sample(
    tree: Tree,
    record: Record,
    info: ImageInfo | None,
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
        path=tree.path(record.image if record.image is not None else _harmless(record.named)),
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


def _compare_size(record: Record, info: ImageInfo, findings: list[Finding]) -> bool:
    """Note where the annotation is wrong on the size; True where its boxes are on the stored pixels."""
    said = (round(record.width), round(record.height))
    # Where an annotation has no size at all, nothing is wrong with it.
    if said == (info.width, info.height) or (said == (0, 0) and record.annotation is None):
        return False
    # One COCO file is about all images: there the image's name tells more.
    file = record.image if record.id is not None else record.annotation
    file = file or record.named
    turns = info.orientation >= 5 and said == (info.height, info.width)
    if turns:
        kind, action = "exif-boxes", "The boxes are turned with the picture."
        text = (
            f"The boxes were drawn on the picture as it is stored, {said[0]}×{said[1]}, but EXIF "
            f"orientation {info.orientation} turns it to {info.width}×{info.height}."
        )
    else:
        kind, action = "wrong-size", "The picture's size counts; the boxes are used as they are."
        text = (
            f"The annotation says {said[0]}×{said[1]} pixels, the picture {record.image} has "
            f"{info.width}×{info.height}."
        )
    findings.append(Finding(kind, "warning", file, text, action))
    return turns
