"""The types: what a labelled image is, and a set of them."""

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from foveal.data.findings import Finding as Finding
from foveal.data.findings import Severity as Severity
from foveal.errors import DataError
from foveal.files import digest_bytes, digest_file, digest_json, readable
from foveal.wording import count

if TYPE_CHECKING:
    import pandas

Task = Literal["detection", "classification"]
SplitName = Literal["train", "val", "test"]


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

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[Any]) -> "Dataset": ...

    def __getitem__(self, index: int | slice | Sequence[int] | NDArray[Any]) -> "Sample | Dataset":
        """One image by its place; several, by a slice, a mask or a list of places, as a data set."""
        if isinstance(index, int | np.integer):
            return self.samples[int(index)]
        if isinstance(index, slice):
            return replace(self, samples=self.samples[index])
        from foveal.data.selection import places

        return self.select(places(index, len(self)))

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

    def filter(
        self,
        predicate: Callable[[Sample], bool] | None = None,
        *,
        classes: Iterable[str] | None = None,
        background: bool = True,
    ) -> "Dataset":
        """The same data set with only some of its images, or only some of its classes.

        Parameters
        ----------
        predicate : callable, optional
            Given a sample, whether it stays.
        classes : iterable of str, optional
            The classes that stay, in the order of the data set; the objects of the others are left out.
            Images that showed nothing else are background from then on; images whose own class it is
            (classification) go.
        background : bool, default=True
            Whether images without objects stay, in a data set for detection.

        Returns
        -------
        Dataset
            Its ``findings`` count what was left out.

        Raises
        ------
        DataError
            If a class does not exist, or none is named.

        Examples
        --------
        >>> samples = tuple(Sample(Path(f"{i}.jpg"), i, label=i % 2) for i in range(5))
        >>> dataset = Dataset(Path("."), "folders", "classification", ("cat", "dog"), samples)
        >>> len(dataset.filter(lambda sample: sample.id < 2)), len(dataset.filter(classes=["dog"]))
        (2, 2)
        >>> dataset.filter(classes=["dog"]).findings[0].message
        '3 pictures of other classes are left out: cat 3.'
        """
        from foveal.data import selection

        kept = self if predicate is None else selection.where(self, predicate)
        kept = kept if classes is None else selection.of_classes(kept, classes, background=background)
        return kept if background else selection.without_background(kept)

    def rename(self, names: Mapping[str, str]) -> "Dataset":
        """The same data set with other names of its classes; classes of one name become one class.

        Parameters
        ----------
        names : mapping of str to str
            The new names by the old ones. A class that gets the name of another joins it, in the place of
            whichever comes first.

        Raises
        ------
        DataError
            If a class does not exist, or a new name is empty.

        Examples
        --------
        >>> dataset = Dataset(Path("."), "voc", "detection", ("car", "cat", "van"), ())
        >>> dataset.rename({"van": "car"}).classes
        ('car', 'cat')
        """
        from foveal.data.selection import renamed

        return renamed(self, names)

    def concatenate(self, *others: "Dataset") -> "Dataset":
        """The images of several data sets, this one first.

        Parameters
        ----------
        *others : Dataset
            Of the same task.

        Returns
        -------
        Dataset
            Classes are told by their names: first this one's, then those that the others add. Parts are
            kept. An image's id is kept where it is free, and is the next free number elsewhere. What the
            ``findings`` of all say is kept, too.

        Raises
        ------
        DataError
            If the tasks differ.

        Examples
        --------
        >>> one = Dataset(Path("a"), "voc", "detection", ("cat",), (Sample(Path("a/1.jpg"), 1),))
        >>> other = Dataset(Path("b"), "voc", "detection", ("dog",), (Sample(Path("b/1.jpg"), 1),))
        >>> both = one.concatenate(other)
        >>> both.classes, [sample.id for sample in both]
        (('cat', 'dog'), [1, 2])
        """
        from foveal.data.concatenation import concatenated

        return concatenated(self, *others)

    def split(self, fractions: Sequence[float], random_state: int = 0) -> "tuple[Dataset, ...]":
        """Divide the images at random into train, val and test, or train and val, whatever parts there are.

        Parameters
        ----------
        fractions : sequence of two or three floats
            The shares of train, val and test; their sum is 1. A share of 0 is an empty part.
        random_state : int, default=0

        Returns
        -------
        tuple of Dataset
            One a share, whose samples say their ``split``; together they are all images. Each class is in
            each part as far as that goes, and byte-identical images are in one, see
            :func:`foveal.data.partition`.

        Raises
        ------
        SettingError
            If the fractions are not two or three shares whose sum is 1, the first above 0.

        Examples
        --------
        >>> samples = tuple(Sample(Path(f"{i}.jpg"), i, label=i % 2) for i in range(20))
        >>> dataset = Dataset(Path("."), "folders", "classification", ("cat", "dog"), samples)
        >>> [len(part) for part in dataset.split([0.8, 0.1, 0.1])]
        [16, 2, 2]
        """
        from foveal.data.splitting import split

        return split(self, fractions, random_state)

    def subset(self, number: int, random_state: int = 0) -> "Dataset":
        """So many of the images at random, of each part and class in proportion.

        Parameters
        ----------
        number : int
            At least 1; of a data set that has no more, all stay.
        random_state : int, default=0

        Returns
        -------
        Dataset
            In the order of this one. All classes stay, also those that no image shows any more.

        Raises
        ------
        SettingError
            If the number is below 1.

        Examples
        --------
        >>> samples = tuple(Sample(Path(f"{i}.jpg"), i, label=i % 2) for i in range(20))
        >>> dataset = Dataset(Path("."), "folders", "classification", ("cat", "dog"), samples)
        >>> sorted(sample.label for sample in dataset.subset(6))
        [0, 0, 0, 1, 1, 1]
        """
        from foveal.data.splitting import subset

        return subset(self, number, random_state)

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
