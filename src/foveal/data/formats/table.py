"""The formats that are known, one row each, in the order in which they win where copies are equal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from foveal.data.dataset import Dataset, Task
from foveal.data.documents import Documents
from foveal.data.file_tree import Tree
from foveal.data.formats import coco, crops, folders, voc, yolo
from foveal.data.formats.records import Reading


@dataclass(frozen=True, kw_only=True)
class Format:
    """One way in which data sets lie on disk.

    Attributes
    ----------
    name : str
        As ``--format`` and ``load(format=...)`` call it.
    title : str
        As sentences call it.
    looked_for : str
        What a folder of this format holds, for the one who has another.
    lacking : str
        What to say where nothing of the format is there; by default that no file has one of its suffixes.
    read : callable
        Given a folder and its parsed files: what it says, None where there is nothing of this format.
    task : {"detection", "classification"}
    suffixes : tuple of str
        Of the files that it keeps something of, in lower case with the dot.
    take : callable, optional
        Given the parsed content of such a file and its name: what the format keeps of it, None where the
        file is not its own.
    sure : callable
        Whether a reading counts even if nobody asked for this format.
    inclusive : bool
        Whether its files name the last pixel of a box rather than the one behind it.
    from_zero : bool
        Whether its files count classes from 0, whatever the data set's ``category_ids``.
    one_for_all : bool
        Whether one file is about many images.
    cut_out : bool
        Whether its images were cut out of others: their sizes and borders tell nothing of a class.
    """

    name: str
    title: str
    looked_for: str
    read: Callable[[Tree, Documents], Reading | None]
    lacking: str = ""
    task: Task = "detection"
    suffixes: tuple[str, ...] = ()
    take: Callable[[Any, str], Any] | None = None
    sure: Callable[[Reading], bool] = lambda reading: True
    inclusive: bool = False
    from_zero: bool = False
    one_for_all: bool = False
    cut_out: bool = False


_ROWS = (
    Format(
        name="voc",
        title="Pascal VOC",
        looked_for="Pascal VOC (.xml files whose root is <annotation>)",
        read=voc.read,
        suffixes=(".xml",),
        take=voc.take,
        inclusive=True,
    ),
    Format(
        name="coco",
        title="COCO",
        looked_for="COCO (a .json file with images and annotations)",
        read=coco.read,
        suffixes=(".json",),
        take=coco.take,
        one_for_all=True,
    ),
    Format(
        name="yolo",
        title="YOLO",
        looked_for="YOLO (.txt files named like the pictures, with lines `class cx cy width height`)",
        lacking="no .txt named like a picture",
        read=yolo.read,
        suffixes=(".yaml", ".yml"),
        take=yolo.take,
        from_zero=True,
    ),
    Format(
        name="crops",
        title="crops",
        looked_for="crops of `foveal prepare` (a file manifest.csv)",
        read=crops.read,
        lacking="no manifest.csv",
        task="classification",
        suffixes=(".csv",),
        take=crops.take,
        cut_out=True,
    ),
    Format(
        name="folders",
        title="folders",
        looked_for="one folder of pictures for each of at least two classes",
        lacking="not the folders of at least two classes",
        read=folders.read,
        task="classification",
        sure=folders.sure,
    ),
)

#: By their names.
FORMATS = {row.name: row for row in _ROWS}


def row_of(dataset: Dataset) -> Format:
    """The row of a data set's format; of one that was made by hand and has a name of its own, a plain one."""
    name = dataset.format
    return FORMATS.get(name) or Format(name=name, title=name, looked_for="", read=lambda *_: None)
