"""From what a reader found in its files to a data set."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import iou
from foveal.data.dataset import Dataset, Finding, Sample, SplitName, Task
from foveal.data.file_tree import Match, Tree
from foveal.data.formats.sibling_folders import from_siblings
from foveal.data.formats.split_lists import SplitLists, from_folders
from foveal.errors import DataError, ImageError
from foveal.files import identity_of, readable
from foveal.images import ImageInfo, probe, unread
from foveal.wording import count

#: Numbers of pixels beyond this are no coordinates of anything.
FARTHEST = 1e7


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value of a file is a number that can be a coordinate: finite, and not absurd."""
    # Compared rather than asked whether it is finite: a whole number may be too large for a float.
    return isinstance(value, int | float) and not isinstance(value, bool) and -FARTHEST <= value <= FARTHEST


# Bytes that a file's name has at most.
_LONGEST = 255
# Of two records with more pairs of boxes than this, 5000 times 5000, those that are equal are the same: all
# overlaps would take minutes and fill the memory. Images have 2000 objects, drawn by two people or not.
_MOST_PAIRS = 25_000_000
# Pairs whose overlaps are worked out at a time.
_PAIRS = 1_000_000
# How often an image may be described by one data set.
_MOST_TELLINGS = 100


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
    rivals : tuple of str
        Other images that the annotation may be about as well.
    sure : bool
        False where it is not the annotation's own name that tells its image: another annotation of that
        image counts more.
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
    rivals: tuple[str, ...] = ()
    sure: bool = True

    def take(self, others: "Record", chosen: Iterable[int]) -> None:
        """Add objects of another record of the same image, whose boxes are in the same units."""
        for i in chosen:
            for name in ("boxes", "names", "difficult", "crowd", "areas", "xywh"):
                mine, theirs = getattr(self, name), getattr(others, name)
                if mine is not None and theirs:
                    mine.append(theirs[i])


@dataclass
class Reading:
    """What one format makes of a folder, before the images were looked at.

    Attributes
    ----------
    records : list of Record
        One an image; images that no annotation speaks of are not among them, see ``broken``.
    classes : list of str
        In the order of the labels.
    category_ids : list of int
        The ids of the classes where the format has some.
    findings : list of Finding
        What the reader came across.
    files : list of str
        The annotation files that were read, relative to the data folder.
    reasons : list of str
        Of files that may be meant to be of this format and are not: each with what is wrong, as a sentence.
    splits : dict of str to str
        The splits of images that the format itself tells, by their paths.
    broken : list of str
        Images whose annotation cannot be read: they are no background.
    spoken_for : list of str
        Images that annotations speak of which do not count: they are no background either.
    copies : dict of str to Reading
        Annotations of the same images that do not count, each by where it is.
    """

    records: list[Record] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    category_ids: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    splits: dict[str, SplitName] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    spoken_for: list[str] = field(default_factory=list)
    copies: dict[str, "Reading"] = field(default_factory=dict)

    @property
    def images(self) -> set[str]:
        """The images that are there and annotated."""
        return {r.image for r in self.records if r.image is not None}

    @property
    def where(self) -> str:
        """What findings call the annotations: the file, or the folder of the files."""
        first = self.files[0] if self.files else ""
        return first if self.copies or len(self.files) == 1 else first.rpartition("/")[0] or first

    @property
    def objects(self) -> int:
        """How many boxes, or labels of whole images, there are."""
        return sum(len(r.boxes) + (r.label is not None) for r in self.records)

    def repeats(self, other: "Reading") -> bool:
        """Whether it has the objects that another reading has in the same images, no more and no fewer."""
        known = {record.image or record.named: record for record in other.records}
        pairs = [(record, known.get(record.image or record.named)) for record in self.records]
        return all(o is not None and not unmatched(r, o) and not unmatched(o, r) for r, o in pairs)


def record_of(match: Match, named: str, annotation: str, **known: Any) -> Record:
    """A record of the image that was found."""
    return Record(match.image, named, annotation, rivals=match.rivals, **known)


def union(parts: Sequence[tuple[str, Sequence[Record]]]) -> tuple[list[Record], dict[str, int]]:
    """The records of several files or folders as one list, an image once.

    Of objects that two of them have, the first counts; what only a later one has is added.

    Parameters
    ----------
    parts : sequence of (str, sequence of Record)
        Each with where it is. Boxes are in the same units in all.

    Returns
    -------
    records : list of Record
    told_before : dict of str to int
        Of each place how many of its images an earlier one describes already.

    Raises
    ------
    DataError
        If two of them contradict each other about an image: each has objects there that the other lacks,
        though they are about the same classes. The sentence names both.
    """
    kept: list[Record] = []
    first: dict[str, tuple[str, Record]] = {}
    told_before: dict[str, int] = defaultdict(int)
    used = {place: {name for r in records for name in r.names} for place, records in parts}
    for place, records in parts:
        for record in records:
            key = record.image or record.named
            if key not in first or first[key][0] == place:
                first.setdefault(key, (place, record))
                kept.append(record)
                continue
            other_place, other = first[key]
            told_before[place] += 1
            mine, theirs = unmatched(record, other), unmatched(other, record)
            apart = not used[place] & used[other_place]
            if mine and theirs and not apart:
                raise DataError(
                    f"{other_place} and {place} contradict each other about {key}: each has objects that the "
                    "other lacks. Keep one of them, or move the other out of the folder."
                )
            other.take(record, range(len(record.boxes)) if apart else mine)
    return kept, dict(told_before)


def unmatched(record: Record, other: Record, *, names: bool = True) -> list[int]:
    """The objects of a record that another record of the same image lacks.

    Two objects are the same where their boxes overlap by an IoU of .5 or more, and their classes are equal
    (unless ``names`` is False); each is the same as one other at most.
    """
    if not record.boxes:
        return []
    if not other.boxes:
        return list(range(len(record.boxes)))
    if len(record.boxes) * len(other.boxes) > _MOST_PAIRS:
        known = set(_objects(other, names))
        return [i for i, drawn in enumerate(_objects(record, names)) if drawn not in known]
    own, boxes = np.array(record.boxes, np.float64), np.array(other.boxes, np.float64)
    number = {name: i for i, name in enumerate(dict.fromkeys((*record.names, *other.names)))}
    mine, theirs = (np.array([number[name] for name in one.names]) for one in (record, other))
    repeated: list[int] = []
    found: list[tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]] = []
    step = max(1, _PAIRS // len(boxes))
    for start in range(0, len(own), step):
        some = own[start : start + step]
        overlap = iou(some, boxes)
        equal = (some[:, None] == boxes[None]).all(axis=2)
        # A box without area overlaps with nothing, not even with its own copy.
        overlap[equal] = 1
        if names:
            overlap *= mine[start : start + step, None] == theirs[None]
        repeated += (start + np.flatnonzero((equal & (overlap > 0)).any(axis=1))).tolist()
        rows, columns = np.nonzero(overlap >= 0.5)
        found.append((overlap[rows, columns], start + rows, columns))
    overlaps, rows, columns = (np.concatenate(part) for part in zip(*found, strict=True))
    # The same box twice in one of them is no other object.
    left = set(range(len(own))) - set(repeated)
    taken: set[int] = set()
    order = np.argsort(-overlaps, kind="stable")
    for i, k in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if i in left and k not in taken:
            left.discard(i)
            taken.add(k)
    return sorted(left)


def _objects(record: Record, names: bool) -> Iterator[tuple[object, ...]]:
    """The objects of a record as what is equal where they are."""
    return ((name if names else "", *box) for name, box in zip(record.names, record.boxes, strict=True))


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


def assemble(tree: Tree, format: str, task: Task, reading: Reading) -> Dataset:
    """Look at the images' headers and make the data set.

    Images that are missing or cannot be opened are left out, each with a finding; where not one
    image is there, all are kept as far as the annotations know their sizes, since an evaluation needs
    no images. Images beside annotated ones that nothing speaks of are background.

    Parameters
    ----------
    tree : Tree
    format, task
        As in :class:`Dataset`.
    reading : Reading
        It stays as it is.

    Returns
    -------
    Dataset
    """
    findings, records = list(reading.findings), list(reading.records)
    classes, records = _readable_classes(reading.classes, records)
    if task == "detection":
        annotated = [image for r in records for image in (r.image, *r.rivals) if image is not None]
        if any(record.id is None for record in records):
            alone, spoken_for = tree.unannotated(annotated, reading.broken), set(reading.spoken_for)
            alone = [image for image in alone if image not in spoken_for]
            # Another link to an annotated image shows what that shows.
            shown = {identity_of(tree.path(image)) for image in annotated} if alone else set()
            records += [Record(image, image) for image in alone if identity_of(tree.path(image)) not in shown]
    records = _with_splits(tree, records, reading, findings, task)
    label_of = {name: label for label, name in enumerate(classes)}
    none_there = bool(records) and not any(record.image or record.rivals for record in records)
    none_there = none_there and not any(_unread(tree, record) for record in records)
    if none_there:
        text = "The picture is not there."
        if len(records) > 1:
            text = f"None of the {len(records):,} pictures is there."
        action = "The annotations can be evaluated against; nothing can be trained."
        findings.append(Finding("no-images", "warning", "", text, action))
    records = _once(records, findings)
    kept: list[Sample] = []
    paths = {file: tree.path(file) for file in {r.annotation for r in records} if file is not None}
    seen: dict[object, ImageInfo] = {}
    for record in records:
        info: ImageInfo | None = None
        if record.image is not None:
            path = tree.path(record.image)
            same = identity_of(path)
            try:
                info = seen[same] if same in seen else seen.setdefault(same, probe(path))
            except ImageError as error:
                action = "The picture is left out."
                findings.append(Finding("unreadable-image", "error", record.image, str(error), action))
                continue
        elif record.rivals:
            text = f"The picture may be {' or '.join(record.rivals)}."
            action = "The annotation is left out: say which is meant, or move the others away."
            file = (record.annotation if record.id is None else None) or _harmless(record.named)
            findings.append(Finding("ambiguous-image", "error", file, text, action))
            continue
        elif unread_file := _unread(tree, record):
            text, action = f"It is {unread(unread_file)}.", "The picture and its annotation are left out."
            findings.append(Finding("unreadable-image", "error", unread_file, text, action))
            continue
        elif not none_there or (record.relative and record.boxes and not record.width):
            file = (record.annotation if record.id is None else None) or _harmless(record.named)
            text = f"The picture {record.named} is not in the data set."
            findings.append(Finding("missing-image", "error", file, text, "Its annotation is left out."))
            continue
        if record.image is not None and record.rivals:
            text = f"The annotation {record.annotation} fits {', '.join(record.rivals)} as well."
            action = "The photograph counts; the others are left out."
            findings.append(Finding("several-images", "warning", record.image, text, action))
        kept.append(_sample(tree, record, info, label_of, paths, findings))
    if any(record.id is None for record in records):
        kept.sort(key=lambda sample: (sample.path.name, sample.path.as_posix()))
        kept = [_numbered(sample, number) for number, sample in enumerate(kept, 1)]
    else:
        kept.sort(key=lambda sample: sample.id)
    return Dataset(
        tree.root,
        format,
        task,
        tuple(classes),
        tuple(kept),
        tuple(reading.category_ids),
        tuple(findings),
    )


def _readable_classes(classes: list[str], records: list[Record]) -> tuple[list[str], list[Record]]:
    """The classes and the records with names that can be written: a folder's name need not be UTF-8."""
    written = {name: readable(name) for name in classes}
    if all(name == text for name, text in written.items()):
        return classes, records
    renamed = [
        replace(
            record,
            names=[written.get(name, name) for name in record.names],
            label=None if record.label is None else written.get(record.label, record.label),
        )
        for record in records
    ]
    return [written[name] for name in classes], renamed


def _unread(tree: Tree, record: Record) -> str | None:
    """The file that a record is about, where its kind cannot be read."""
    return None if record.image is not None or record.rivals else tree.unread_named(record.named)


def _with_splits(
    tree: Tree, records: Sequence[Record], reading: Reading, findings: list[Finding], task: Task
) -> list[Record]:
    """The records with the splits that the format, lists or folders' names tell."""
    if task == "classification" and any(record.split for record in records):
        return list(records)
    lists = SplitLists(tree)
    siblings = from_siblings(tree.folders) if task == "detection" else {}
    placed = []
    places = [(r.image or r.annotation or r.named, r.annotation or "") for r in records]
    for record, place, listed in zip(records, places, lists.splits_of(places), strict=True):
        told = record.split or reading.splits.get(place[0]) or listed
        # Which of the folders of classes are splits, their reader says.
        told = told or (from_folders(*place, siblings=siblings) if task == "detection" else None)
        # Copying a record is felt at hundreds of thousands.
        placed.append(record if told == record.split else replace(record, split=told))
    findings += lists.findings
    return placed


def _once(records: Sequence[Record], findings: list[Finding]) -> list[Record]:
    """The records, an image once: what several annotations say of it together, or the surer one."""
    kept: dict[object, Record] = {}
    contradicted: set[object] = set()
    told: Counter[object] = Counter()
    # Who is told by its own name comes first.
    for record in sorted(records, key=lambda record: not record.sure):
        key: object = record.image or (id(record),)
        other = kept.setdefault(key, record)
        if other is record:
            continue
        told[key] += 1
        if told[key] >= _MOST_TELLINGS:
            if told[key] == _MOST_TELLINGS:
                text = f"{record.image} is described more than {_MOST_TELLINGS} times."
                action = "The picture is left out."
                file = record.annotation or record.named
                findings.append(Finding("contradicting-annotations", "error", file, text, action))
            contradicted.add(key)
            continue
        new, missing = unmatched(record, other), unmatched(other, record)
        file = record.annotation or record.named
        text = f"{record.image} is described by {other.annotation} too."
        action = f"{other.annotation} counts."
        if new and record.sure:
            lacking = count(len(new), "object")
            text = f"{record.image} is described by {other.annotation} too, which lacks {lacking}."
            action = "The objects of both count."
            if missing:
                text = f"{record.annotation} and {other.annotation} contradict each other about {key}."
                action = "The picture is left out."
                findings.append(Finding("contradicting-annotations", "error", file, text, action))
                contradicted.add(key)
                continue
            other.take(record, new)
        findings.append(Finding("annotated-twice", "warning", file, text, action))
    return [record for key, record in kept.items() if key not in contradicted]


def _numbered(sample: Sample, number: int) -> Sample:
    # dataclasses.replace runs over all fields, which is felt at thousands of images.
    object.__setattr__(sample, "id", number)
    return sample


def _sample(
    tree: Tree,
    record: Record,
    info: ImageInfo | None,
    label_of: dict[str, int],
    paths: dict[str, Path],
    findings: list[Finding],
) -> Sample:
    width, height = (info.width, info.height) if info else (round(record.width), round(record.height))
    boxes = np.array(record.boxes, np.float64).reshape(-1, 4)
    if not (np.abs(boxes) <= FARTHEST).all():
        record = _without_far_boxes(record, boxes, findings)
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
        difficult=_flags(record.difficult, count),
        crowd=_flags(record.crowd, count),
        areas=areas,
        xywh=xywh,
        label=None if record.label is None else label_of[record.label],
        split=record.split,
        annotation=None if record.annotation is None else paths[record.annotation],
    )


def _flags(flags: list[bool], count: int) -> NDArray[np.bool_]:
    return np.array(flags, np.bool_) if any(flags) else np.zeros(count, np.bool_)


def _without_far_boxes(record: Record, boxes: NDArray[np.float64], findings: list[Finding]) -> Record:
    """A record without the objects that are no number, or further away than any image is wide."""
    near = np.flatnonzero((np.abs(boxes) <= FARTHEST).all(axis=1)).tolist()
    kept: dict[str, Any] = {}
    for name in ("boxes", "names", "difficult", "crowd", "areas", "xywh"):
        values = getattr(record, name)
        kept[name] = [values[i] for i in near] if values else values
    file = (record.annotation if record.id is None else record.image) or record.named
    for i in sorted(set(range(len(boxes))) - set(near)):
        shown = ", ".join(f"{value:g}" for value in boxes[i])
        text = f"Object {i + 1} ({record.names[i]}) has impossible coordinates: ({shown})."
        findings.append(Finding("broken-object", "error", file, text, "The object is left out."))
    return replace(record, **kept)


def _to_xywh(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def _harmless(named: str) -> str:
    """A name from an annotation as a path that cannot lead out of the data folder."""
    name = named.replace("\\", "/").rstrip("/").rpartition("/")[2].replace("\0", "") or "unnamed"
    # No system has longer names, and merely asking for one is an error.
    encoded = name.encode("utf-8", "replace")
    return name if len(encoded) <= _LONGEST else encoded[-_LONGEST:].decode("utf-8", "ignore")


def _compare_size(record: Record, info: ImageInfo, findings: list[Finding]) -> bool:
    """Note where the annotation is wrong on the size; True where its boxes are on the stored pixels."""
    said = (round(record.width), round(record.height))
    # Where an annotation has no size, nothing is wrong with it.
    if said == (info.width, info.height) or not all(said):
        return False
    # One COCO file is about all images: there the image's name tells more.
    file = record.image if record.id is not None else record.annotation
    file = file or record.named
    swapped = said == (info.height, info.width)
    turns = info.orientation >= 5 and swapped
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
            f"{info.width}×{info.height}{': the sides are swapped' if swapped else ''}."
        )
    findings.append(Finding(kind, "warning", file, text, action))
    return turns
