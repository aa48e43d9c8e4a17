"""The files of a data folder, and which image belongs to which annotation."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from foveal.errors import DataError
from foveal.images import EXTENSIONS

IMAGE_FOLDERS = frozenset({"images", "image", "imgs", "img", "jpegimages", "pictures", "photos"})
_SKIPPED_FOLDERS = frozenset({"__MACOSX", "__pycache__"})


def is_image(name: str) -> bool:
    """Whether a file's name ends as those of images do, in either case.

    Examples
    --------
    >>> is_image("a.b/c d#1.JPG"), is_image("dog.337")
    (True, False)
    """
    return os.path.splitext(name)[1].lower() in EXTENSIONS  # noqa: PTH122 - a Path a file is too slow


def stem_of(name: str) -> str:
    """A file's name without its folder and its last suffix, in Unicode's composed form.

    macOS decomposes accents in file names, annotation files seldom do: the composed form makes them
    equal.
    """
    name = name.rpartition("/")[2]
    stem, dot, _ = name.rpartition(".")
    return composed(stem if dot and stem else name)


def composed(text: str) -> str:
    """Unicode's composed form (NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts numbers in names by their value: ``a2`` before ``a10``.

    Examples
    --------
    >>> sorted(["a10", "a2"], key=natural)
    ['a2', 'a10']
    """
    parts = re.split(r"([0-9]+)", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts if part]


@dataclass(frozen=True, eq=False)
class Tree:
    """What lies in a folder: every file, listed once.

    Readers look names up in it and nowhere else, so that no name in an annotation file can lead out of
    the folder.

    Attributes
    ----------
    root : pathlib.Path
    folders : dict of str to list of str
        For every folder, relative to the root with forward slashes (the root is ``""``), the sorted
        names of its files. Hidden files and folders are left out.
    """

    root: Path
    folders: dict[str, list[str]]

    @classmethod
    def scan(cls, root: Path, enter: Callable[[str], bool] | None = None) -> "Tree":
        """List a folder.

        Parameters
        ----------
        root : pathlib.Path
        enter : callable, optional
            Says of the name of a folder directly below the root whether to look into it.

        Raises
        ------
        DataError
            If the folder may not be read.
        """
        folders: dict[str, list[str]] = {}
        seen: set[tuple[int, int]] = set()
        waiting = [("", str(root))]
        while waiting:
            relative, absolute = waiting.pop()
            try:
                status = os.stat(absolute)  # noqa: PTH116
                entries = list(os.scandir(absolute))
            except OSError as error:
                if relative:
                    continue  # a folder that may not be read holds nothing for us
                raise DataError(f"The folder {root} cannot be read ({error.strerror}).") from error
            # A link to a folder above would never end.
            if (status.st_dev, status.st_ino) in seen and status.st_ino:
                continue
            seen.add((status.st_dev, status.st_ino))
            names = []
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_file():
                    names.append(entry.name)
                elif entry.is_dir() and entry.name not in _SKIPPED_FOLDERS:
                    if relative == "" and enter is not None and not enter(entry.name):
                        continue
                    waiting.append((join(relative, entry.name), entry.path))
            folders[relative] = sorted(names)
        return cls(root, dict(sorted(folders.items())))

    @cached_property
    def files(self) -> list[str]:
        """Every file's path relative to the root, with forward slashes."""
        return [join(folder, name) for folder, names in self.folders.items() for name in names]

    @cached_property
    def images(self) -> list[str]:
        """The files that are images by their suffix."""
        return [file for file in self.files if is_image(file)]

    @cached_property
    def image_folders(self) -> list[str]:
        """The folders that hold an image themselves."""
        return sorted({file.rpartition("/")[0] for file in self.images})

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        index = defaultdict(list)
        for file in self.images:
            index[stem_of(file)].append(file)
        return dict(index)

    @cached_property
    def _by_path(self) -> dict[str, str]:
        return {composed(file): file for file in self.images}

    def with_suffix(self, *suffixes: str) -> list[str]:
        """The files with one of the suffixes (lower case, with the dot), whatever their case."""
        return [file for file in self.files if file.lower().endswith(suffixes)]

    def path(self, file: str) -> Path:
        """The file's path."""
        return self.root / file

    def image_named(self, name: str, near: str = "") -> str | None:
        """The image that an annotation file names.

        Parameters
        ----------
        name : str
            As it stands in the annotation: a bare name, a relative path, or one of another machine.
        near : str
            The annotation file; a relative name is looked for from its folder first.

        Returns
        -------
        str or None
            Relative to the root; None when there is no such image inside the folder.
        """
        name = composed(name.replace("\\", "/"))
        folder = PurePosixPath(near).parent.as_posix()
        for start in (folder, ""):
            whole = os.path.normpath(f"{start}/{name}" if start not in ("", ".") else name)
            if whole in self._by_path:
                return self._by_path[whole]
        base = name.rpartition("/")[2]
        same = [file for file in self._by_stem.get(stem_of(base), ()) if composed(file).endswith(base)]
        same = [file for file in same if composed(file).rpartition("/")[2] == base]
        # Of several images of that name, the one with most of the named path's last folders.
        parents = name.split("/")[-2::-1]
        return min(same, key=lambda f: (-_shared(parents, f), _distance(near, f), f), default=None)

    def image_of(self, annotation: str, stem: str | None = None) -> str | None:
        """The image that an annotation file is about, by its stem.

        The nearest wins: the same folder, then a parallel folder (``annotations/train`` and
        ``images/train``), then any.
        """
        same = self._by_stem.get(stem_of(annotation) if stem is None else composed(stem), ())
        return min(same, key=lambda file: (_distance(annotation, file), file), default=None)

    def unannotated(self, annotated: Iterable[str], broken: Iterable[str] = ()) -> list[str]:
        """The images that lie in the folder of an annotated one and are not annotated.

        A second image with an annotated one's stem (``a.png`` beside ``a.jpg``) is not among them: it
        most likely shows the same.
        """
        taken = {file.rpartition(".")[0] for file in (*annotated, *broken)}
        folders = {file.rpartition("/")[0] for file in (*annotated, *broken)}
        return [
            file
            for folder in sorted(folders)
            for file in (join(folder, name) for name in self.folders[folder] if is_image(name))
            if file.rpartition(".")[0] not in taken
        ]


def join(folder: str, name: str) -> str:
    """A relative path from a folder, which may be ``""``, and a name."""
    return f"{folder}/{name}" if folder else name


def _shared(parents: list[str], file: str) -> int:
    """How many of the file's last folders are the parents, nearest first."""
    count = 0
    for named, real in zip(parents, file.split("/")[-2::-1], strict=False):
        if named != composed(real):
            break
        count += 1
    return count


def _distance(annotation: str, image: str) -> int:
    here, there = annotation.split("/")[:-1], image.split("/")[:-1]
    if here == there:
        return 0
    named = any(folder.lower() in IMAGE_FOLDERS for folder in there)
    # One folder's name differs, or one folder more: annotations/x and images/x, or labels beside x.
    parallel = len(here) == len(there) and sum(a != b for a, b in zip(here, there, strict=True)) == 1
    below = len(here) != len(there) and (_without_one(here, there) or _without_one(there, here))
    return (1 if named else 2) if parallel else (3 if named else 4) if below else (5 if named else 6)


def _without_one(longer: list[str], shorter: list[str]) -> bool:
    return len(longer) == len(shorter) + 1 and any(
        longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer))
    )
