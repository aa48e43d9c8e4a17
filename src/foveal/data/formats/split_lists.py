"""Which part of a data set an image belongs to: from folders' names and from lists of names."""

import re
from pathlib import PurePosixPath

from foveal.data.dataset import Finding, SplitName
from foveal.data.documents import text_of
from foveal.data.file_tree import Tree, composed, is_image
from foveal.errors import DataError

_NAMES: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
_LIST_FOLDERS = ("", "splits", "imagesets", "imagesets/main")


def normalise(name: str) -> SplitName | None:
    """The split that a word names, in whatever spelling; None where it names none.

    Examples
    --------
    >>> normalise("Validation"), normalise("train2017"), normalise("cats")
    ('val', 'train', None)
    """
    return _NAMES.get(re.sub(r"[-_ ]?\d{0,4}$", "", name.strip().lower()))


def from_folders(*files: str) -> SplitName | None:
    """The split that a folder on the way to one of the files is named after.

    Examples
    --------
    >>> from_folders("images/val2017/a.jpg")
    'val'
    """
    for file in files:
        for folder in reversed(file.split("/")[:-1]):
            split = normalise(folder)
            if split is not None:
                return split
    return None


class SplitLists:
    """The files ``train.txt``, ``val.txt``, ``trainval.txt``, ``test.txt`` of a data set.

    They are looked for in ``ImageSets/Main/``, ``ImageSets/``, ``splits/`` and at the root; lists of one
    class (``dog_train.txt``) are ignored. ``trainval`` only fills in names that stand in neither
    ``train`` nor ``val``, and puts them in train. A name in several lists counts for the first of test,
    val, train: what is held out stays held out.

    Parameters
    ----------
    tree : Tree
    """

    def __init__(self, tree: Tree) -> None:
        self._split: dict[str, SplitName] = {}
        self._list: dict[str, str] = {}
        self._used: set[str] = set()
        self.findings: list[Finding] = []
        named: dict[str, list[str]] = {}
        for file in tree.with_suffix(".txt"):
            path = PurePosixPath(file)
            folder = path.parent.as_posix().lower().removeprefix(".")
            at_home = folder in _LIST_FOLDERS or folder.endswith(("/splits", "/imagesets", "/imagesets/main"))
            kind: str | None = normalise(path.stem)
            if path.stem.lower() == "trainval":
                kind = "trainval"
            if at_home and kind is not None:
                named.setdefault(kind, []).append(file)
        self.files = [file for files in named.values() for file in files]
        twice: dict[str, set[str]] = {}
        for kind in ("test", "val", "train", "trainval"):
            for file in named.get(kind, ()):
                split = normalise(kind) or "train"
                try:
                    entries = _entries(tree, file)
                except DataError as error:
                    action = "The list is not read."
                    self.findings.append(Finding("broken-annotation", "error", file, str(error), action))
                    continue
                for entry in entries:
                    before = self._split.setdefault(entry, split)
                    if kind != "trainval" and before != split:
                        twice.setdefault(entry, {before}).add(split)
                    self._list.setdefault(entry, file)
        for entry, splits in sorted(twice.items()):
            kept = self._split[entry]
            text = f"{entry} stands in the lists of {' and '.join(sorted(splits))}."
            action = f"It counts as {kept} only."
            self.findings.append(Finding("in-two-splits", "warning", self._list[entry], text, action))

    def __bool__(self) -> bool:
        return bool(self._split)

    def of(self, file: str) -> SplitName | None:
        """The split of an image, given its path relative to the root."""
        parts = _without_suffix(composed(file)).split("/")
        for start in range(len(parts)):
            entry = "/".join(parts[start:])
            if entry in self._split:
                self._used.add(entry)
                return self._split[entry]
        return None

    def unused(self) -> list[Finding]:
        """A finding for every name in a list that :meth:`of` was never asked about."""
        findings = []
        for entry in sorted(set(self._split) - self._used):
            text = f"{entry} is listed, but there is no such labelled picture."
            place, action = self._list[entry], "The name is ignored."
            findings.append(Finding("listed-but-missing", "warning", place, text, action))
        return findings


def _without_suffix(name: str) -> str:
    # "dog.337" has no suffix: only those of images and annotations are taken off.
    known = is_image(name) or name.lower().endswith((".xml", ".txt"))
    return name.rpartition(".")[0] if known else name


def _entries(tree: Tree, file: str) -> list[str]:
    entries = []
    for line in text_of(tree.path(file)).splitlines():
        words = line.strip()
        # "2008_000002 -1": the lists of one class say whether it is there; a name may hold spaces.
        words = re.sub(r"\s+-?[01]$", "", words).replace("\\", "/").removeprefix("./")
        if words:
            entries.append(composed(_without_suffix(words)))
    return entries
