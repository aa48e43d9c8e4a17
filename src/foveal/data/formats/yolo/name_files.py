"""A YOLO set's names of classes, and the text files that hold one a line."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from foveal.data.dataset import SplitName
from foveal.data.documents import text_of
from foveal.data.file_tree import Tree, composed, join
from foveal.data.formats.yolo.lines import parse_lines
from foveal.errors import DataError

#: What files are called that hold a class's name a line.
NAME_FILES = (
    "classes.txt", "obj.names", "names.txt", "classes.names", "coco.names", "voc.names", "class.txt",
    "class_names.txt", "labels.txt", "label.txt", "predefined_classes.txt",
)  # fmt: skip
_SUFFIXES = (".names", ".labels")
_NUMBERED = re.compile(r"(\d{1,12})\s*[:=,;\s]\s*(\S.*)")


@dataclass(frozen=True)
class Names:
    """The classes' names, and what a ``data.yaml`` says besides.

    Attributes
    ----------
    names : dict of int to str
        Empty where no file names the classes.
    file : str
        The one that names them; ``""`` where none does.
    yaml : str
        The YAML file, ``""`` where there is none.
    places : tuple of (str, str)
        Splits and their folders or lists, relative to the data folder.
    shape : tuple of int or None
        How many keypoints of how many numbers each.
    task : str
        ``"detect"``, ``"segment"``, ``"obb"``, ``"pose"`` or ``""``.
    why : str
        Why there are no names though a file seems to hold them, as a sentence.
    count : int or None
        ``nc`` of the YAML file.
    unusable : bool
        Whether ``why`` is about names that are there and cannot be used.
    """

    names: dict[int, str] = field(default_factory=dict)
    file: str = ""
    yaml: str = ""
    places: tuple[tuple[SplitName, str], ...] = ()
    shape: tuple[int, int] | None = None
    task: str = ""
    why: str = ""
    count: int | None = None
    unusable: bool = True


def is_name_file(name: str) -> bool:
    """Whether a file's name is one of those that list classes."""
    name = name.lower()
    return name in NAME_FILES or name.endswith(_SUFFIXES)


def name_files(tree: Tree, folders: Sequence[str]) -> Iterable[str]:
    """Those in the labels' folders, then above them, then those of the root; the usual names first."""
    above = [folder.rpartition("/")[0] for folder in folders]
    for folder in dict.fromkeys([*folders, *above, ""]):
        names = [name for name in tree.folders.get(folder, ()) if is_name_file(name)]
        ranks = {
            name: (NAME_FILES.index(name.lower()) if name.lower() in NAME_FILES else 99) for name in names
        }
        for name in sorted(names, key=lambda name: (ranks[name], name)):
            file = join(folder, name)
            # A picture called classes.jpg has its label in classes.txt.
            if tree.image_of(file).image is None or not _holds_boxes(tree, file):
                yield file


def _holds_boxes(tree: Tree, file: str) -> bool:
    return bool(parse_lines(file, text_of(tree.path(file))).rows)


def from_lines(tree: Tree, file: str) -> Names:
    """What a file with a class's name a line says, also where numbers stand before the names."""
    try:
        lines = [composed(line.strip()) for line in text_of(tree.path(file)).splitlines()]
    except DataError:
        return Names(yaml=file, why=f"The names in {file} cannot be read: it may not be read.")
    while lines and not lines[-1]:
        lines.pop()
    if any("\ufffd" in line for line in lines):
        return Names(yaml=file, why=f"The names in {file} cannot be read: it is not UTF-8. Save it as UTF-8.")
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    numbers = [int(match[1]) for match in numbered if match]
    if len(lines) > 1 and numbers in (list(range(len(lines))), list(range(1, len(lines) + 1))):
        return Names({int(match[1]): match[2].strip() for match in numbered if match}, file)
    return Names(dict(enumerate(lines)), file)
