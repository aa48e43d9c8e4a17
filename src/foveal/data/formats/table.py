"""The formats that are known, one row each, in the order in which they win."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from foveal.data.dataset import Dataset, Finding
from foveal.data.file_tree import Tree
from foveal.data.formats import coco, crops, folders, voc, yolo


@dataclass(frozen=True)
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
    recognises : callable
        Whether a folder holds such a data set.
    read : callable
        Of a folder and whether the format was asked for by name: the data set, None where there is none.
    suffixes : tuple of str
        Of the files that can be loaded by themselves, in lower case with the dot.
    read_file : callable, optional
        The data set of such a file.
    copies : callable, optional
        Of a folder and whether this format counts there: the annotations that do not, each with where it is.
    fallback : bool
        Whether a folder is taken for one of this format only where it holds no other.
    broken : callable, optional
        Findings about a folder's files that would be of this format if they could be read.
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
    recognises: Callable[[Tree], bool]
    read: Callable[[Tree, bool], Dataset | None]
    suffixes: tuple[str, ...] = ()
    read_file: Callable[[Path], Dataset] | None = None
    copies: Callable[[Tree, bool], Iterator[tuple[str, Dataset]]] | None = None
    fallback: bool = False
    broken: Callable[[Tree], list[Finding]] | None = None
    inclusive: bool = False
    from_zero: bool = False
    one_for_all: bool = False
    cut_out: bool = False


_ROWS = (
    Format(
        "voc",
        "Pascal VOC",
        "Pascal VOC (.xml files whose root is <annotation>)",
        voc.recognises,
        voc.read_folder,
        inclusive=True,
    ),
    Format(
        "coco",
        "COCO",
        "COCO (a .json file with images and annotations)",
        coco.recognises,
        coco.read_folder,
        (".json",),
        coco.read_file,
        coco.copies,
        broken=coco.broken_files,
        one_for_all=True,
    ),
    Format(
        "yolo",
        "YOLO",
        "YOLO (.txt files named like the pictures, with lines `class cx cy width height`)",
        yolo.recognises,
        yolo.read_folder,
        (".yaml", ".yml"),
        yolo.read_file,
        yolo.copies,
        from_zero=True,
    ),
    Format(
        "crops",
        "crops",
        "crops of `foveal prepare` (a file manifest.csv)",
        crops.recognises,
        crops.read_folder,
        fallback=True,
        cut_out=True,
    ),
    Format(
        "folders",
        "folders",
        "one folder of pictures for each of at least two classes",
        folders.recognises,
        folders.read_folder,
        fallback=True,
    ),
)

#: By their names; where a folder holds several, the first of them wins.
FORMATS = {row.name: row for row in _ROWS}


def row_of(dataset: Dataset) -> Format:
    """The row of a data set's format; of one that was made by hand and has a name of its own, a plain one."""
    name = dataset.format
    return FORMATS.get(name) or Format(name, name, "", lambda _: False, lambda *_: None)


def formats_of(tree: Tree) -> list[str]:
    """Every format that a folder holds, the winning one first."""
    return [name for name, row in FORMATS.items() if row.recognises(tree)]
