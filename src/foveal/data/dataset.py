"""The types: what a labelled image is, and a set of them."""

import os
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from foveal.errors import DataError
from foveal.files import digest_bytes, digest_file, digest_json, readable
from foveal.wording import count

if TYPE_CHECKING:
    import pandas

Task = Literal["detection", "classification"]
SplitName = Literal["train", "val", "test"]
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, eq=False)
class Sample:
    """One image of a data set and what is known of it.

    Attributes
    ----------
    path : pathlib.Path
        The image file. It need not exist where only an evaluation is asked for.
    id : int
        COCO's image id where the data set has ids; elsewhere counted from 1 in the order of file
        names.
    width, height : int
        In pixels, of the upright image (EXIF orientation applied); 0 where nothing tells.
    boxes : ndarray of shape (N, 4), float32
        ``x1, y1, x2, y2`` in pixels, 0-based and half-open, exactly as annotated: boxes may stick out
        of the image or be empty (see :attr:`trainable`).
    labels : ndarray of shape (N,), int64
        Indices into the data set's ``classes``.
    difficult, crowd : ndarray of shape (N,), bool
        Pascal VOC's ``difficult`` and COCO's ``iscrowd``.
    areas : ndarray of shape (N,), float64
        The objects' areas in pixels where the annotation has them (COCO), else the boxes'.
    xywh : ndarray of shape (N, 4), float64, or None
        The boxes as a COCO file spells them. Kept because an IoU on the edge of a threshold can fall
        on the other side after rounding to float32.
    label : int or None
        The class of the whole image, in a data set for classification.
    split : {"train", "val", "test"} or None
        The part that the data set itself puts it in.
    annotation : pathlib.Path or None
        The file that says all this.
    """

    path: Path
    id: int
    width: int = 0
    height: int = 0
    boxes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    difficult: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    crowd: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    areas: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0, np.float64))
    xywh: NDArray[np.float64] | None = None
    label: int | None = None
    split: SplitName | None = None
    annotation: Path | None = None

    @property
    def name(self) -> str:
        """The file's name, as it can be written: bytes of it that are no UTF-8 are escaped."""
        return readable(self.path.name)

    @property
    def trainable(self) -> NDArray[np.bool_]:
        """Which objects a detector learns from: not difficult, not crowd, at least 2 pixels a side inside.

        Returns
        -------
        ndarray of shape (N,), bool
        """
        x2 = np.minimum(self.boxes[:, 2], self.width or np.inf)
        y2 = np.minimum(self.boxes[:, 3], self.height or np.inf)
        inside = (x2 - np.maximum(self.boxes[:, 0], 0) >= 2) & (y2 - np.maximum(self.boxes[:, 1], 0) >= 2)
        return inside & ~self.difficult & ~self.crowd


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with, or worth knowing about, a data set.

    Attributes
    ----------
    kind : str
        A short word for the kind of defect, the same in every data set: ``"duplicate-image"``.
    severity : {"error", "warning", "note"}
        An error keeps a file or an object out of training; a warning may cost accuracy; a note is
        worth knowing and does not make the data set unclean.
    file : str
        The file, relative to the data set; empty for the data set as a whole.
    message : str
        What is wrong.
    action : str
        What training will do about it.
    """

    kind: str
    severity: Severity
    file: str
    message: str
    action: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images.

    Attributes
    ----------
    root : pathlib.Path
        The data folder: the one that was loaded, or that the loaded file belongs to.
    format : {"voc", "coco", "yolo", "folders", "crops"}
    task : {"detection", "classification"}
    classes : tuple of str
        In the order of the labels. Background is not a class.
    samples : tuple of Sample
        In the order of their ids.
    category_ids : tuple of int
        The ids of the classes in COCO files; counted from 1 where the data set has none.
    findings : tuple of Finding
        What the reader came across.
    source : pathlib.Path or None
        The folder or file that was loaded; None of one that was put together otherwise.
    """

    root: Path
    format: str
    task: Task
    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    category_ids: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()
    source: Path | None = None

    def __post_init__(self) -> None:
        if not self.category_ids:
            object.__setattr__(self, "category_ids", tuple(range(1, len(self.classes) + 1)))

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[index]

    def __repr__(self) -> str:
        return (
            f"Dataset({str(self.root)!r}, format={self.format!r}, task={self.task!r}, "
            f"{count(len(self), 'image')}, {count(len(self.classes), 'class', 'classes')})"
        )

    def _repr_html_(self) -> str:
        from foveal.data.contact_sheet import dataset_html

        return dataset_html(self)

    def select(self, indices: Iterable[int]) -> "Dataset":
        """The same data set with only some of its images, in the order given."""
        return replace(self, samples=tuple(self.samples[int(i)] for i in indices))

    def with_ids(self, ids: Container[int]) -> "Dataset":
        """The same data set with only the images of these ids, in its own order."""
        return replace(self, samples=tuple(s for s in self.samples if s.id in ids))

    def count_objects(self, least: int = 1) -> int:
        """How many objects can be learned from.

        Raises
        ------
        DataError
            If the data set is not for detection, or there are fewer than ``least``.
        """
        if self.task != "detection":
            raise DataError(f"{self.root} has no boxes: train a classifier on it instead of a detector.")
        number = sum(int(sample.trainable.sum()) for sample in self.samples)
        if number < least:
            raise DataError(
                f"The training images of {self.root} hold no object to learn from{self._why_none()}."
            )
        return number

    def _why_none(self) -> str:
        objects = sum(len(sample.boxes) for sample in self.samples)
        for what, marked in (
            ("crowd regions (iscrowd)", sum(int(sample.crowd.sum()) for sample in self.samples)),
            ("difficult", sum(int(sample.difficult.sum()) for sample in self.samples)),
        ):
            if marked and marked == objects:
                return f": all {objects} are marked as {what}"
        return ""

    def part(self, *splits: str) -> "Dataset":
        """The images that the data set itself puts in one of the named splits."""
        return replace(self, samples=tuple(s for s in self.samples if s.split in splits))

    @property
    def path(self) -> Path:
        """The folder or file that was loaded, or else the data folder."""
        return self.root if self.source is None else self.source

    @property
    def splits(self) -> frozenset[str]:
        """The names of the splits that the data set itself defines."""
        return frozenset(s.split for s in self.samples if s.split is not None)

    @cached_property
    def contents(self) -> tuple[str, ...]:
        """SHA-256 of each image's file; empty where there is none."""
        return tuple(digest_file(s.path) if s.path.is_file() else "" for s in self.samples)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the images' contents and of all that is known of them.

        It does not depend on where the folder is, nor on the order in which files are listed.
        """
        parts = []
        for s, content in zip(self.samples, self.contents, strict=True):
            objects = [array.tolist() for array in (s.boxes, s.labels, s.difficult, s.crowd)]
            known = digest_json([s.name, s.id, s.split, s.label, *objects])
            parts.append(f"{content}{known}".encode())
        return digest_bytes(digest_json([self.task, *self.classes]).encode(), *sorted(parts))

    def to_pandas(self) -> "pandas.DataFrame":
        """The data set as a table, where pandas is installed.

        Returns
        -------
        pandas.DataFrame
            For detection, a row an object, with its ``class`` and ``x1``, ``y1``, ``x2``, ``y2`` (pixels,
            half-open), ``difficult`` and ``crowd``; an image without any has one row, whose class and box are
            missing. For classification, a row an image. All have ``path``, ``id``, ``width``, ``height`` and
            ``split`` of the image.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        ::

            table = foveal.data.load("photos").to_pandas()
            table["class"].value_counts()
        """
        from foveal.data.frames import to_pandas

        return to_pandas(self)

    def to_coco(self) -> dict[str, Any]:
        """The ground truth as the content of a COCO annotation file.

        Returns
        -------
        dict
            ``images``, ``annotations`` and ``categories`` with COCO's keys, and ``difficult`` (0 or 1) beside
            ``iscrowd`` in every annotation.

        Examples
        --------
        >>> sample = Sample(Path("a.jpg"), 7, 20, 10)
        >>> Dataset(Path("."), "voc", "detection", ("dog",), (sample,)).to_coco()["images"]
        [{'id': 7, 'file_name': 'a.jpg', 'width': 20, 'height': 10}]
        """
        annotations: list[dict[str, Any]] = []
        for s in self.samples:
            xywh = s.xywh
            if xywh is None:
                xywh = s.boxes.astype(np.float64)
                xywh[:, 2:] -= xywh[:, :2]
            for box, label, area, crowd, difficult in zip(
                xywh, s.labels, s.areas, s.crowd, s.difficult, strict=True
            ):
                category = self.category_ids[int(label)]
                annotations.append(
                    {"id": len(annotations) + 1, "image_id": s.id, "category_id": category}
                    | {"bbox": box.tolist(), "area": float(area)}
                    | {"iscrowd": int(crowd), "difficult": int(difficult)}
                )
        return {
            "images": [
                {"id": s.id, "file_name": s.name, "width": s.width, "height": s.height} for s in self.samples
            ],
            "annotations": annotations,
            "categories": [
                {"id": i, "name": name} for i, name in zip(self.category_ids, self.classes, strict=True)
            ],
        }


def relative_name(path: Path, root: str | os.PathLike[str]) -> str:
    """The path relative to the root where it lies inside it, with forward slashes."""
    text, start = str(path), f"{root}{os.sep}"
    if text.startswith(start):
        return text[len(start) :].replace(os.sep, "/")
    root = Path(root)
    try:
        return path.relative_to(root if root.is_dir() else root.parent).as_posix()
    except ValueError:
        return path.as_posix()
