"""The files of a data folder, and which image belongs to which annotation."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from foveal.data.results import holds_more_than_own, is_own, is_run_of_others
from foveal.errors import DataError
from foveal.files.regular import is_of_the_system, what_else
from foveal.images import EXTENSIONS, unread

IMAGE_FOLDERS = frozenset({"images", "image", "imgs", "img", "jpegimages", "pictures", "photos"})
# KITTI's cameras.
IMAGE_FOLDERS |= {"image_0", "image_1", "image_2", "image_3", "image_00", "image_01", "image_02", "image_03"}
#: Folders of images whose colours stand for objects, in lower case.
MASK_FOLDERS = frozenset(
    {"mask", "masks", "segmentationclass", "segmentationobject", "segmentation", "segmentations", "semantic"}
)
# Folders of copies with something drawn on them, in lower case.
_DRAWN_FOLDERS = frozenset(
    {"annotated", "debug", "drawn", "output", "outputs", "overlay", "overlays", "predicted", "predictions"}
    | {"result", "results", "vis", "viz", "visualization", "visualizations", "visualised", "visualized"}
)
#: What systems and programs leave behind, in lower case; hidden folders are left out anyway.
LITTER = frozenset(
    {
        "__macosx",
        "__pycache__",
        "@eadir",
        "$recycle.bin",
        "recycler",
        "lost+found",
        "system volume information",
    }
    | {"thumbs", "thumbnails", "#recycle", "@recycle", "@tmp", "#snapshot", "@recently-snapshot", "found.000"}
    | {"wandb", "mlruns", "lightning_logs", "node_modules", "site-packages"}
)
# JPEG and its like lose detail, so that nobody keeps masks in them.
_PHOTOGRAPHS = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".heic", ".heif", ".hif", ".webp")
_HEIC = (".heic", ".heif", ".hif")
# Label Studio puts eight digits before the names of files that were uploaded.
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
# The page that hands out a file is asked for it: /data/local-files/?d=photos/a.jpg
_ASKED_FOR = re.compile(r"[?&](?:d|filepath|fileuri)=([^&#]+)")


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


def alike(said: str, file: str, *, suffix: bool = True) -> bool:
    r"""Whether a name in an annotation is a file's, apart from folders, case, spelling or a lacking suffix.

    Parameters
    ----------
    said, file : str
    suffix : bool, default=True
        Whether another suffix makes it another name.

    Examples
    --------
    >>> alike("C:\\pics\\A%20b.JPG", "images/a b.jpg"), alike("a", "a.jpg"), alike("a.png", "a.jpg")
    (True, True, False)
    """
    base, stem = _folded(_base(file)), _folded(stem_of(file))
    names = [_folded(spelling.rpartition("/")[2]) for spelling in spellings(said)]
    return any(name in (base, stem) or (not suffix and stem_of(name) == stem) for name in names)


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts numbers in names by their value: ``a2`` before ``a10``.

    Examples
    --------
    >>> sorted(["a10", "a2"], key=natural)
    ['a2', 'a10']
    """
    parts = re.split(r"([0-9]+)", name)
    # Python makes no number of more than some thousands of digits.
    return [
        (0, int(part), "") if part.isdecimal() and len(part) < 1000 else (1, 0, part.lower())
        for part in parts
        if part
    ]


@dataclass(frozen=True)
class Match:
    """The image that an annotation is about, as far as it can be told.

    Attributes
    ----------
    image : str or None
        Relative to the data folder; None where there is none, or where several fit equally well.
    rivals : tuple of str
        The others that fit, sorted.
    """

    image: str | None = None
    rivals: tuple[str, ...] = ()


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
    skipped : dict of str to str
        The folders that were not looked into, each with the reason: litter, Foveal's own results, links to a
        folder above.
    unreadable : dict of str to str
        Folders that may not be read, links that lead nowhere, and what is neither a file nor a folder, such
        as pipes and devices, by itself or behind a link; each with the reason.
    """

    root: Path
    folders: dict[str, list[str]]
    skipped: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    @classmethod
    def scan(cls, root: Path, enter: Callable[[str], bool] | None = None) -> "Tree":
        """List a folder; a folder that can be reached in two ways is listed twice.

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
        skipped: dict[str, str] = {}
        unreadable: dict[str, str] = {}
        above: tuple[tuple[int, int], ...] = ()
        waiting = [("", str(root), above)]
        while waiting:
            relative, absolute, above = waiting.pop()
            try:
                status = os.stat(absolute)  # noqa: PTH116
                entries = list(os.scandir(absolute))
            except OSError as error:
                if relative:
                    unreadable[relative] = str(error.strerror)
                    continue
                raise DataError(f"The folder {root} cannot be read ({error.strerror}).") from error
            here = (status.st_dev, status.st_ino)
            if here in above and status.st_ino:
                skipped[relative] = "it is a link to a folder above it"
                continue
            if relative and is_of_the_system(status):
                skipped[relative] = "it holds what the system makes up, and no files of anybody's"
                continue
            if relative and is_own(entries):
                also = ", though other pictures too" if holds_more_than_own(entries) else ""
                skipped[relative] = f"it holds results of Foveal{also}"
                continue
            if relative and is_run_of_others(relative.rpartition("/")[2], entries):
                skipped[relative] = "a program keeps its runs in it"
                continue
            names = []
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path = join(relative, entry.name)
                try:
                    is_file, is_folder = entry.is_file(), entry.is_dir()
                    other = "" if is_folder else _other(entry, is_file)
                except OSError as error:
                    unreadable[path] = str(error.strerror)
                    continue
                if other:
                    unreadable[path] = other
                elif is_file:
                    names.append(entry.name)
                elif is_folder and entry.name.lower() in LITTER:
                    skipped[path] = "folders of that name hold copies and litter"
                elif is_folder and (relative or enter is None or enter(entry.name)):
                    waiting.append((path, entry.path, (*above, here)))
            folders[relative] = sorted(names)
        return cls(
            root,
            dict(sorted(folders.items())),
            dict(sorted(skipped.items())),
            dict(sorted(unreadable.items())),
        )

    @cached_property
    def files(self) -> list[str]:
        """Every file's path relative to the root, with forward slashes."""
        return [join(folder, name) for folder, names in self.folders.items() for name in names]

    @cached_property
    def known(self) -> frozenset[str]:
        """Every folder and file, relative to the root."""
        return frozenset(self.folders) | frozenset(self.files)

    @cached_property
    def images(self) -> list[str]:
        """The files that are images by their suffix."""
        return [file for file in self.files if is_image(file)]

    @cached_property
    def unread(self) -> list[str]:
        """The files that show something and cannot be read, by their suffix: raw photographs, films.

        Those beside which an image of the same name lies, as cameras write it, are not among them.
        """
        shown = {file.rpartition(".")[0] for file in self.images}
        return [file for file in self.files if unread(file) and file.rpartition(".")[0] not in shown]

    @cached_property
    def _unread_by_stem(self) -> dict[str, str]:
        return {stem_of(file): file for file in reversed(self.unread)}

    def unread_named(self, name: str) -> str | None:
        """The file that cannot be read and is what an annotation names, or has the name of an annotation."""
        return self._unread_by_stem.get(stem_of(name.replace("\\", "/")))

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
    def _by_folded_stem(self) -> dict[str, list[str]]:
        index: dict[str, list[str]] = defaultdict(list)
        for stem, files in self._by_stem.items():
            index[_folded(stem)] += files
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

    def image_named(self, name: str, near: str = "") -> Match:
        """The image that an annotation file names.

        The longest common end of the two paths tells; then, where but one image fits, the name in another
        case, with another or no suffix, percent-encoded, with a query or blanks.

        Parameters
        ----------
        name : str
            As it stands in the annotation: a bare name, a relative path, a URL, a path of another machine.
        near : str
            The annotation file; a relative name is looked for from its folder first, and of images of one
            name the nearest is meant.
        """
        if not self.images:
            return Match()
        folder = near.rpartition("/")[0]
        for said in spellings(name):
            for start in dict.fromkeys((folder, "")):
                whole = os.path.normpath(join(start, said))
                if whole in self._by_path:
                    return Match(self._by_path[whole])
            base = said.rpartition("/")[2]
            same = [f for f in self._by_stem.get(stem_of(base), ()) if _base(f) == base]
            if same:
                return self._nearest(same, said, near)
        for said in spellings(name):
            base = said.rpartition("/")[2]
            # A name that has no suffix may have a full stop.
            for stem in dict.fromkeys((stem_of(base), base)):
                same = self._by_folded_stem.get(_folded(stem), [])
                alike = [f for f in same if _folded(_base(f)) == _folded(base)] or same
                if alike:
                    return self._nearest(alike, said, near)
        return Match()

    def image_of(self, annotation: str, said: str = "", folders: Iterable[str] = ()) -> Match:
        """The image that an annotation file is about, by its own name.

        The nearest image with the annotation's stem: in the same folder, then in a parallel folder
        (``annotations/train`` and ``images/train``), then in any.

        Parameters
        ----------
        annotation : str
            Relative to the data folder; ``a.jpg.txt`` and ``a.xml.xml`` are understood.
        said : str
            What the file itself calls the image: it decides between images of the same stem.
        folders : iterable of str
            Where the data set says that its images are: they come before all others.
        """
        same = self._with_name_of(annotation)
        wanted = composed(said.replace("\\", "/")).rpartition("/")[2]
        same = [file for file in same if _base(file) == wanted] or same
        places = tuple(f"{folder}/" if folder else "" for folder in folders)
        same = [file for file in same if file.startswith(places)] or same if places else same
        return self._nearest(same, "", annotation)

    def _with_name_of(self, annotation: str) -> list[str]:
        stem = stem_of(annotation)
        if is_image(stem):  # a.jpg.txt
            exact = [file for file in self._by_stem.get(stem_of(stem), ()) if _base(file) == stem]
            if exact:
                return exact
        for shorter in _stems(stem):
            same = self._by_stem.get(shorter) or self._by_folded_stem.get(_folded(shorter))
            if same:
                return same
        return []

    def _nearest(self, files: Iterable[str], named: str, near: str) -> Match:
        """Of images with one name that with most of the named path's last folders, then the nearest."""
        files = list(files)
        if len(files) == 1:
            return Match(files[0])
        parents = named.split("/")[-2::-1]
        rank = {file: (-shared_folders(parents, file), _distance(near, file)) for file in files}
        if not rank:
            return Match()
        best = min(rank.values())
        first = sorted(file for file in rank if rank[file] == best)
        if len(first) == 1:
            return Match(first[0])
        photographs = [file for file in first if file.lower().endswith(_PHOTOGRAPHS)]
        # Phones keep the same photograph as HEIC and as JPEG.
        photographs = [file for file in photographs if not file.lower().endswith(_HEIC)] or photographs
        for some in (photographs, [file for file in first if _is_original(file)]):
            if len(some) == 1:
                return Match(some[0], tuple(file for file in first if file != some[0]))
        return Match(None, tuple(first))

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


def _other(entry: "os.DirEntry[str]", is_file: bool) -> str:
    """What an entry is that is no folder and no regular file; ``""`` where it is one."""
    linked = entry.is_symlink()
    # Asking each file for more would be felt.
    if is_file and not linked:
        return ""
    try:
        what = what_else(entry.stat())
    except FileNotFoundError:
        # Of a folder, a label or a list as well.
        return "it is a link that leads nowhere"
    return what and f"it is {'a link to ' if linked else ''}{what}, and regular files alone are opened"


def _is_original(file: str) -> bool:
    """Whether no folder on the way says that its images were made out of others."""
    return not any(folder in MASK_FOLDERS | _DRAWN_FOLDERS for folder in file.lower().split("/")[:-1])


def _folded(name: str) -> str:
    return composed(name.casefold())


def _base(file: str) -> str:
    return composed(file.rpartition("/")[2])


def _without(name: str, suffixes: tuple[str, ...]) -> str:
    return name.rpartition(".")[0] if name.lower().endswith(suffixes) else name


def _stems(stem: str) -> Iterator[str]:
    """What the image of an annotation file with this stem may be called."""
    # Most names are right: what else they may be is not worked out before.
    yield stem
    yield _without(stem, (".xml", ".txt", ".json"))
    if is_image(stem):
        yield stem_of(stem)
    yield _UPLOADED.sub("", stem)


def spellings(name: str) -> Iterator[str]:
    """A name as it is, and what it may be meant to be."""
    name = composed(name.replace("\\", "/"))
    # Most names are right: what else they may be is not worked out before.
    if name:
        yield name
    asked = _ASKED_FOR.search(name)
    plain = asked.group(1) if asked else name.partition("?")[0].partition("#")[0] if "?" in name else name
    plain = unquote(plain) if "%" in plain else plain
    plain = composed(plain.replace("\\", "/")).strip()
    tidy = "/".join(part.strip() for part in plain.split("/")) if " " in plain else plain
    base = tidy.rpartition("/")[2]
    given = (plain, tidy, *((_UPLOADED.sub("", base),) if _UPLOADED.match(base) else ()))
    yield from (said for said in dict.fromkeys(given) if said and said != name)


def join(folder: str, name: str) -> str:
    """A relative path from a folder, which may be ``""``, and a name."""
    return f"{folder}/{name}" if folder else name


def shared_folders(parents: list[str], file: str) -> int:
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
