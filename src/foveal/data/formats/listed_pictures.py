"""What the names in ``train.txt`` and other lists of pictures mean."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from foveal.data.dataset import Finding
from foveal.data.documents import text_of
from foveal.data.file_tree import Tree, composed, is_image, shared_folders, spellings
from foveal.errors import DataError
from foveal.images import EXTENSIONS

#: What a list is of.
Kind = Literal["test", "val", "train", "trainval"]
# A picture's name and what comes behind it: its annotation, its class, its boxes.
_COLUMNS = re.compile(rf"(.+?(?:{'|'.join(re.escape(e) for e in sorted(EXTENSIONS))}))[\s,;]+(\S.*)$", re.I)
_GAP = re.compile(r"[\s,;]")
# Of a line from its end to its beginning.
_NUMBERS_BEHIND = re.compile(r"(?:\d+-?\s+)+")


@dataclass(frozen=True)
class PictureList:
    """One list.

    Attributes
    ----------
    file : str
    kind : {"test", "val", "train", "trainval"}
        What it is of.
    roots : tuple of str
        The folders whose pictures it may name: the first of them counts below which a name fits.
    far : tuple of str
        More of them, below which a name has to agree in a folder too.
    """

    file: str
    kind: Kind
    roots: tuple[str, ...]
    far: tuple[str, ...] = ()


class PictureNames:
    """The labelled pictures by their names."""

    def __init__(self, items: Sequence[tuple[str, ...]]) -> None:
        self._by_name: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._by_path: dict[str, int] = {}
        for number, paths in enumerate(items):
            for path in dict.fromkeys(paths):
                if path:
                    whole = composed(path)
                    self._by_name[_bare(path)].append((number, whole))
                    self._by_path.setdefault(whole, number)
        self._by_folded: dict[str, list[tuple[int, str]]] = {}
        self._items = items

    def __getitem__(self, number: int) -> str:
        return self._items[number][0]

    def meant(self, said: str, root: str, *, exactly: bool) -> tuple[list[int], bool]:
        """The pictures below a root that a name fits best, and whether a folder or the whole of it agrees."""
        if not exactly and not self._by_folded:
            for name, some in self._by_name.items():
                self._by_folded.setdefault(composed(name.casefold()), []).extend(some)
        start = f"{root}/" if root else ""
        for spelled in spellings(said):
            # Thousands of folders may hold pictures of the same names.
            whole = self._by_path.get(f"{start}{spelled}")
            if whole is not None:
                return [whole], True
            name = _bare(spelled)
            same = self._by_name.get(name) if exactly else self._by_folded.get(composed(name.casefold()))
            below = [(number, path) for number, path in same or () if path.startswith(start)]
            if below:
                return _best(below, spelled)
        return [], False


def _best(found: Sequence[tuple[int, str]], said: str) -> tuple[list[int], bool]:
    parents = [part for part in said.split("/")[-2::-1] if part not in (".", "")]
    rank = [(path.endswith(said.rpartition("/")[2]), shared_folders(parents, path)) for _, path in found]
    best = max(rank)
    numbers = {number for (number, _), r in zip(found, rank, strict=True) if r == best}
    return sorted(numbers), best[1] > 0 or not parents


@dataclass
class ListReading:
    """What a list's names mean.

    Attributes
    ----------
    source : PictureList
    total : int
        How many names there are.
    claims : list of (int, str, bool)
        The number of a picture, the name that means it, and whether more than the file's name agrees.
    unclear : list of (str, list of str)
        The names that fit several pictures, each with these.
    missing : list of str
        The names that fit none.
    """

    source: PictureList
    total: int = 0
    claims: list[tuple[int, str, bool]] = field(default_factory=list)
    unclear: list[tuple[str, list[str]]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, tree: Tree, one: PictureList, index: PictureNames, findings: list[Finding]) -> "ListReading":
        """Read a list; of its roots the first counts below which a name fits."""
        try:
            lines = [line.strip() for line in text_of(tree.path(one.file)).splitlines()]
        except DataError as error:
            finding = Finding("unreadable-file", "error", one.file, str(error), "The list is left out.")
            findings.append(finding)
            lines = []
        lines = [line for line in lines if line]
        # "2008_000002 -1": each name has its class behind it; a single name may end with a number.
        numbered = all(_without_numbers(line) != line for line in lines)
        reading = cls(one, len(lines))
        for root in (*one.roots, *one.far):
            reading = cls(one, len(lines))
            for line in lines:
                columns = list(dict.fromkeys(_columns(line, numbered)))
                reading._take(line, columns, index, root, far=root not in one.roots)
            if reading.claims or reading.unclear:
                break
        return reading

    def _take(self, line: str, columns: list[str], index: PictureNames, root: str, *, far: bool) -> None:
        for exactly in (True, False):
            for said in columns:
                numbers, agrees = index.meant(said, root, exactly=exactly)
                if far and not (agrees and "/" in said):
                    continue
                if len(numbers) == 1:
                    self.claims.append((numbers[0], said, agrees))
                    return
                if numbers:
                    self.unclear.append((said, [index[number] for number in numbers]))
                    return
        self.missing.append(columns[0] if columns else line)

    def told(self, tree: Tree) -> Iterator[Finding]:
        """What of the list does not fit."""
        if self.unclear:
            (said, fitting), many = self.unclear[0], len(self.unclear)
            text = f"The name {said} fits {' and '.join(fitting[:2])} equally well."
            if many > 1:
                text = f"{many} names fit several pictures, such as {said}: {' and '.join(fitting[:2])}."
            action = f"{'It is' if many == 1 else 'They are'} ignored: write the folder before the name."
            yield Finding("ambiguous-image", "warning", self.source.file, text, action)
        if not self.missing:
            return
        first, many = self.missing[0], len(self.missing)
        text, action = f"{first} is listed, but there is no such labelled picture.", "The name is ignored."
        if many == self.total > 1:
            text = f"None of the {many} listed names fits a labelled picture, such as {first}."
            action = "The list is ignored."
        elif many > 1:
            text = f"{many} of {self.total} listed names fit no labelled picture, such as {first}."
            action = "The names are ignored."
        there = sum(tree.image_named(entry, self.source.file).image is not None for entry in self.missing)
        if there:
            text += " The picture is there" if many == 1 else f" {there} of the pictures are there"
            text += ", but no annotation."
        yield Finding("listed-but-missing", "warning", self.source.file, text, action)


def _columns(line: str, numbered: bool) -> Iterator[str]:
    """What of a line may be a picture's name, the likeliest first."""
    line = line.replace("\\", "/")
    found = _COLUMNS.match(line) if _GAP.search(line) else None
    if found is not None:
        yield found[1].removeprefix("./")
        yield line.removeprefix("./")
        if found[2].lower().endswith((".xml", ".txt", ".json")):
            yield found[2].strip().removeprefix("./")
        return
    yield line.removeprefix("./")
    if numbered:
        yield _without_numbers(line).removeprefix("./")


def _without_numbers(line: str) -> str:
    """A line without the whole numbers behind its first word."""
    found = _NUMBERS_BEHIND.match(line[::-1])
    return line[: len(line) - found.end()] if found else line


def _bare(path: str) -> str:
    """A file's name without folder and suffix."""
    # "dog.337" has no suffix: only those of images and annotations are taken off.
    name = path.rpartition("/")[2]
    known = is_image(name) or name.lower().endswith((".xml", ".txt", ".json"))
    return composed(name.rpartition(".")[0] if known else name)
