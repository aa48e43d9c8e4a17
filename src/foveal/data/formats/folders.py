"""One folder a class."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from foveal.data.dataset import Finding, SplitName
from foveal.data.documents import Documents
from foveal.data.file_tree import IMAGE_FOLDERS, MASK_FOLDERS, Tree, composed
from foveal.data.formats.records import Reading, Record
from foveal.data.formats.sibling_folders import Named, of_siblings
from foveal.data.formats.split_lists import normalise, of_folder
from foveal.files import readable
from foveal.wording import count

_OF_ANNOTATIONS = {"annotation", "annotations", "annot", "groundtruth", "gt", "label", "labels"}
# So many images without a class in one folder are one finding.
_MANY = 4
_INNER = (
    "The inner folders' names are the classes; the outer ones' are not used. Call these train, val or test "
    "if they are splits; move the pictures up if they are the classes."
)


class _Folders:
    """The folders that lead to images."""

    def __init__(self, tree: Tree) -> None:
        self.own: dict[str, int] = defaultdict(int)
        self.all: dict[str, int] = defaultdict(int)
        children: dict[str, set[str]] = defaultdict(set)
        for file in tree.images:
            folder = file.rpartition("/")[0]
            self.own[folder] += 1
            while True:
                self.all[folder] += 1
                if not folder:
                    break
                above = folder.rpartition("/")[0]
                children[above].add(folder)
                folder = above
        self.children = {folder: sorted(below) for folder, below in children.items()}
        # pets_train beside pets_test, by their paths.
        self.beside = {
            f"{above}/{name}" if above else name: named
            for above, below in self.children.items()
            for name, named in of_siblings(map(_last, below)).items()
        }

    def below(self, folder: str) -> list[str]:
        """The folders directly below one."""
        return self.children.get(folder, [])

    def names_below(self, folder: str) -> set[str]:
        """Their names, as far as case, spelling and blanks around them do not tell."""
        return {_name(child).strip().casefold() for child in self.below(folder)}

    def top(self) -> str:
        """The folder which the class or split folders lie in: down while there is only one way.

        A few images on the way, such as a logo, do not matter.
        """
        folder = ""
        while True:
            below = self.below(folder)
            stray = self.own.get(folder, 0) < _MANY and 4 * self.own.get(folder, 0) <= self.all[folder]
            if not stray or len(below) != 1 or not self.below(below[0]):
                return folder
            if of_folder(_last(below[0])) is not None:
                return folder
            folder = below[0]

    def is_split(self, folder: str) -> bool:
        """Whether a folder is a split's: by its name, and since its images lie in folders of classes.

        A class may be called "train": its images lie in it.
        """
        inside = self.all[folder] - self.own.get(folder, 0)
        return self.split_of(folder) is not None and inside > self.own.get(folder, 0)

    def split_of(self, folder: str) -> SplitName | None:
        """The split that a folder is named after, by itself or beside the others."""
        beside = self.beside.get(folder)
        return of_folder(_last(folder)) or (beside.split if beside else None)

    def classes_of_split(self, folder: str) -> str:
        """Where a split's folders of classes are: train/train/cat, train/images/cat."""
        while len(below := self.below(folder)) == 1 and not self.own.get(folder) and self.below(below[0]):
            name = _last(below[0])
            if of_folder(name) != of_folder(_last(folder)) and name.lower() not in IMAGE_FOLDERS:
                break
            folder = below[0]
        return folder


def _last(folder: str) -> str:
    return folder.rpartition("/")[2]


def _name(folder: str) -> str:
    """A folder's name as that of a class."""
    return readable(composed(_last(folder)))


@dataclass
class _Layout:
    """Where the folders of the classes are: inside which folders, of which split; and what is odd there.

    ``splits`` are folders that are no classes, whatever they lie in. ``inside`` are the splits' folders where
    they lie in the classes' folders. ``named`` are folders whose names tell class and split.
    """

    places: dict[str, SplitName | None]
    splits: list[str] = field(default_factory=list)
    inside: Mapping[str, SplitName | None] = field(default_factory=dict)
    named: Mapping[str, Named] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def of(self, file: str) -> tuple[str | None, SplitName | None]:
        """The class and the split of an image."""
        folder = file.rpartition("/")[0]
        while folder:
            above, _, _ = folder.rpartition("/")
            if folder in self.named:
                return readable(composed(self.named[folder].rest)), self.named[folder].split
            if above in self.places and folder not in self.splits:
                if not self.inside:
                    return _name(folder), self.places[above]
                first = file[: file.find("/", len(folder) + 1)]
                return _name(folder), self.inside.get(first)
            folder = above
        return None, None


def _layout(folders: _Folders) -> _Layout:
    top = folders.top()
    tops = folders.below(top)
    splits = [folder for folder in tops if folders.is_split(folder)]
    if splits:
        return _of_splits(folders, top, splits)
    named = {folder: folders.beside[folder] for folder in tops if folder in folders.beside}
    named = {folder: told for folder, told in named.items() if not _is_usual(told.rest)}
    if named and all(2 * folders.own.get(folder, 0) >= folders.all[folder] for folder in named):
        # cats_train, cats_test, dogs_train, dogs_test
        return _Layout({top: None}, named=named)
    alike = _alike(folders, tops) if not folders.own.get(top) else set()
    inner = [folder for outer in tops for folder in folders.below(outer)]
    if len(tops) >= 2 and all(folders.below(outer) for outer in tops) and all(map(folders.split_of, inner)):
        deeper = {name for folder in inner for name in folders.names_below(folder)}
        if any(folders.own.get(folder) for folder in inner) or len(deeper) < 2:
            return _Layout({top: None}, inside={folder: folders.split_of(folder) for folder in inner})
        # fold1/train/cat
        alike = {_last(folder) for folder in inner}
        layout = _of_splits(folders, top, inner)
        layout.findings[:0] = [_same(top, tops, alike, _INNER.replace("inner", "innermost"))]
        return layout
    if alike:
        return _Layout(dict.fromkeys(tops), findings=[_same(top, tops, alike, _INNER)])
    return _with_groups(folders, top, tops)


def _with_groups(folders: _Folders, top: str, tops: list[str]) -> _Layout:
    """The plain layout; a folder of the same classes as those beside it, such as ``augmented/``, is none."""
    layout = _Layout({top: None})
    for folder in tops:
        names = folders.names_below(folder)
        common = names & {_name(other).strip().casefold() for other in tops if other != folder}
        if len(common) >= 2 and 2 * len(common) > len(names) and not folders.own.get(folder):
            layout.places[folder] = None
            layout.splits.append(folder)
            text = f"The folder holds folders of the same names as those beside it: {_listed(common)}."
            action = "Its pictures count as being of these classes. Move it away if they are copies."
            layout.findings.append(Finding("same-sub-folders", "warning", folder, text, action))
    return layout


def _of_splits(folders: _Folders, top: str, splits: list[str]) -> _Layout:
    names = {folder: folders.split_of(folder) for folder in splits}
    evaluation = [folder for folder in splits if "eval" in folder.lower()]
    if "test" not in names.values() and any(
        split == "val" and folder not in evaluation for folder, split in names.items()
    ):
        # Beside a folder for validation, one for evaluation is the test.
        names |= dict.fromkeys(evaluation, "test")
    places = {folders.classes_of_split(folder): split for folder, split in names.items()}
    for place, split in list(places.items()):
        below = folders.below(place)
        elsewhere = set().union(*(folders.names_below(other) for other in places if other != place))
        again = len(below) == 1 and (_last(below[0]) == _last(place) or folders.split_of(below[0]) == split)
        if again and elsewhere and _name(below[0]).strip().casefold() not in elsewhere:
            # test/test/*.jpg beside train/cat/*.jpg: these have no class.
            places[below[0]] = places.pop(place)
    layout = _Layout(dict(places), splits)
    groups = [folder for place in places for folder in folders.below(place)]
    alike = _alike(folders, groups)
    if alike:
        action = "The outer folders' names are the classes; what lies deeper is put together."
        layout.findings.append(_same("", sorted(set(map(_last, groups))), alike, action))
    classes = set().union(*(folders.names_below(place) for place in places))
    others = [f for f in folders.below(top) if not any(s == f or s.startswith(f"{f}/") for s in splits)]
    if others and {_name(folder).strip().casefold() for folder in others} <= classes:
        # cat/ and dog/ beside test/cat/ and test/dog/: they are what is not held out.
        layout.places[top] = None
        return layout
    for folder in others:
        if folders.names_below(folder) & classes:
            text = f"The folder holds folders of classes, but its name is that of no split: {_last(folder)}."
            pictures = count(folders.all[folder], "picture is", "pictures are")
            action = f"Its {pictures} left out: call it train, val or test."
            layout.findings.append(Finding("image-without-class", "warning", folder, text, action))
    return layout


def _alike(folders: _Folders, tops: list[str]) -> set[str]:
    """The names that the folders in all of these have in common, where most have."""
    inner = [folders.names_below(folder) for folder in tops if not folders.own.get(folder)]
    union = set().union(*inner) - IMAGE_FOLDERS
    if (
        len(inner) < max(2, len(tops))
        or len(union) < 2
        or any(2 * len(names & union) <= len(union) for names in inner)
    ):
        return set()
    return {name for name in union if sum(name in names for names in inner) >= 2}


def _listed(names: Iterable[str]) -> str:
    first = sorted(names)
    return ", ".join(first[:4]) + (", …" if len(first) > 4 else "")


def _same(top: str, tops: list[str], alike: set[str], action: str) -> Finding:
    text = f"The folders {_listed(map(_last, tops))} hold folders of the same names: {_listed(alike)}."
    return Finding("same-sub-folders", "warning", top, text, action)


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder with one folder of images for each class says; None where there are no such folders.

    ``<class>/*``, ``{train,val,test}/<class>/*`` and ``<class>/{train,val,test}/*`` are understood. The
    classes are sorted by name.
    """
    layout = _layout(_Folders(tree))
    places = [(file, *layout.of(file)) for file in tree.images]
    classes = sorted({label for _, label, _ in places if label is not None})
    if not classes:
        return None
    told = {finding.file for finding in layout.findings if finding.kind == "image-without-class"}
    without = [file for file, label, _ in places if label is None]
    findings = [*layout.findings, *_without_class(without, told), *_empty(tree)]
    records = [
        Record(file, file, split=split, label=label) for file, label, split in places if label is not None
    ]
    return Reading(records, classes, findings=[*findings, *_called_splits(records)])


def _called_splits(records: Sequence[Record]) -> Iterator[Finding]:
    """Folders taken for classes that are called after a split, beside some whose pictures lie in folders."""
    if any(record.split for record in records):
        return
    depths: dict[str, int] = {}
    for record in records:
        depth, label = record.named.count("/"), str(record.label)
        depths[label] = min(depth, depths.get(label, depth))
    deepest = max(depths.values())
    for label, depth in sorted(depths.items()):
        words = re.split(r"[^a-z0-9]+", label.lower())
        if depth < deepest and len(words) > 1 and any(map(of_folder, words)):
            text = (
                f"The folder {label} is called after a split, and those beside it hold folders of pictures."
            )
            action = "It counts as a class: call it train, val or test if it is none."
            yield Finding("split-as-class", "warning", label, text, action)


def _without_class(files: Iterable[str], told: set[str]) -> Iterator[Finding]:
    by_folder: dict[str, list[str]] = defaultdict(list)
    for file in files:
        by_folder[file.rpartition("/")[0]].append(file)
    for folder, names in sorted(by_folder.items()):
        if any(folder == other or folder.startswith(f"{other}/") for other in told):
            continue
        text, action = "The picture lies in no class's folder.", "The picture is left out."
        if len(names) >= _MANY:
            text, action = f"{len(names)} pictures lie in no class's folder.", "They are left out."
            names = [folder or names[0]]
        yield from (Finding("image-without-class", "warning", name, text, action) for name in names)


def _empty(tree: Tree) -> Iterator[Finding]:
    above = {folder.rpartition("/")[0] for folder in tree.folders if folder}
    filled = {file.rpartition("/")[0] for file in tree.images}
    for folder in tree.folders:
        if folder and folder not in above and folder not in filled:
            text = "The folder holds no picture."
            yield Finding("empty-folder", "warning", folder, text, "It is not a class.")


def sure(reading: Reading) -> bool:
    """Whether the folders are classes even if nobody says so: at least two, not all of them usual names."""
    # Images in images/train and images/test are of no class, those in images/ and masks/ neither.
    return len(reading.classes) >= 2 and not all(map(_is_usual, reading.classes))


def _is_usual(name: str) -> bool:
    """Whether a folder's name tells of a split, of images or of annotations: train, masks, val_labels."""
    words = [word for word in re.split(r"[\W_]+", name.lower()) if word]
    usual = IMAGE_FOLDERS | MASK_FOLDERS | _OF_ANNOTATIONS
    told = all(word in usual or normalise(word) is not None for word in words)
    return normalise(name) is not None or (bool(words) and told)
