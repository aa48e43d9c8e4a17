"""Which part of a data set an image belongs to: from folders' names and from lists of names."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from foveal.data.dataset import Finding, SplitName
from foveal.data.documents import text_of
from foveal.data.file_tree import Tree, is_image, shared_folders
from foveal.data.formats.listed_pictures import Kind, ListReading, PictureList, PictureNames
from foveal.errors import DataError

_NAMES: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "eval": "val",
    "evaluation": "val",
    "test": "test",
    "testing": "test",
    "holdout": "test",
}
# What people write around these: seg_train, Train-Data, test_set, val_images, 01_train, train2017.
_FRAME = r"(?:data|dataset|sets?|images?|imgs?|pics?|pictures?|photos?|subset|split|folder)"
_BETWEEN = r"[-_. ]*"
# All digits that follow each other: in pieces they could be matched in more ways than can be tried.
_DIGITS = r"\d+(?!\d)"
# Letters of a name that may be a split's.
_LONGEST = 60
_WORD = re.compile(
    rf"(?:\d{{1,2}}[-_. ]+)?(?:(?:seg|{_FRAME}){_BETWEEN})*"
    rf"(?P<split>{'|'.join(sorted(_NAMES, key=len, reverse=True))})"
    rf"(?:{_BETWEEN}(?:{_DIGITS}|{_FRAME}))*"
)
_TRAIN_AND_VAL = re.compile(
    rf"train(?:ing)?(?:and|[-_.+& ])*val(?:id|idation)?(?:{_BETWEEN}(?:{_DIGITS}|{_FRAME}))*"
)


@cache
def normalise(name: str) -> SplitName | None:
    """The split that a word names, in whatever spelling; None where it names none.

    Examples
    --------
    >>> normalise("Validation"), normalise("train2017"), normalise("seg_test"), normalise("Train-Data")
    ('val', 'train', 'test', 'train')
    >>> normalise("cats"), normalise("trainer")
    (None, None)
    """
    match = _WORD.fullmatch(name.strip().lower()) if len(name) <= _LONGEST else None
    return _NAMES[match["split"]] if match else None


@cache
def of_folder(name: str) -> SplitName | None:
    """The split that a folder is named after; train and validation together are for training.

    Examples
    --------
    >>> of_folder("test_set"), of_folder("trainval"), of_folder("train_test_split")
    ('test', 'train', None)
    """
    split = normalise(name)
    if split is not None or len(name) > _LONGEST:
        return split
    return "train" if _TRAIN_AND_VAL.fullmatch(name.strip().lower()) else None


def from_folders(*files: str, siblings: Mapping[str, SplitName] = MappingProxyType({})) -> SplitName | None:
    """The split that a folder on the way to one of the files is named after.

    Parameters
    ----------
    *files : str
    siblings : mapping of str to {"train", "val", "test"}, optional
        What :func:`foveal.data.formats.sibling_folders.from_siblings` says: it counts where no folder
        tells by itself.

    Examples
    --------
    >>> from_folders("images/val2017/a.jpg")
    'val'
    """
    for file in files:
        for folder in reversed(file.split("/")[:-1]):
            split = of_folder(folder)
            if split is not None:
                return split
    for file in files if siblings else ():
        folder = file
        while folder := folder.rpartition("/")[0]:
            if folder in siblings:
                return siblings[folder]
    return None


def from_file_name(file: str) -> SplitName | None:
    """The split that a word in the name of an annotation file of many images names.

    Examples
    --------
    >>> from_file_name("a/instances_val2017.json"), from_file_name("train/a.json")
    ('val', None)
    """
    words = re.split(r"[^a-z0-9]+", file.rpartition("/")[2].lower())
    return next((split for split in map(normalise, words) if split is not None), None)


# Of a picture in several lists the first counts.
_KINDS: tuple[Kind, ...] = ("test", "val", "train", "trainval")
# Words around a split's name: train_list.txt, list_train.txt.
_AROUND = re.compile(r"^(?:list|files?)[-_ ]|[-_ ]?(?:list|lists|files|filenames|names|paths|images)$")


class SplitLists:
    """The files ``train.txt``, ``val.txt``, ``trainval.txt``, ``test.txt`` of a data set.

    They are looked for in ``ImageSets/Main/``, ``ImageSets/``, ``splits/``, at the root and where an
    ``obj.data`` of Darknet says; where there are none, anywhere, as long as they fit. Lists of one class
    (``dog_train.txt``) are ignored. A list is about the pictures below its own root, the folder that
    ``ImageSets`` lies in. ``trainval`` only fills in pictures that stand in neither ``train`` nor ``val``,
    and puts them in train. A picture in several lists counts for the first of test, val, train: what is held
    out stays held out.

    Parameters
    ----------
    tree : Tree

    Attributes
    ----------
    findings : list of Finding
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.findings: list[Finding] = []
        named = _named_by_darknet(tree, self.findings)
        at_home, elsewhere = [], []
        for file in tree.with_suffix(".txt"):
            kind = named.get(file) or _kind(file)
            if kind is None or (file not in named and _is_label(tree, file)):
                continue
            folder = file.rpartition("/")[0]
            above = [*(folder[: m.start()] for m in reversed(list(re.finditer("/", folder)))), ""]
            root = _root(folder)
            if file in named:
                at_home.append(PictureList(file, kind, (folder, above[0]), tuple(above[1:])))
            elif root is not None:
                at_home.append(PictureList(file, kind, (root,)))
            else:
                near: tuple[str, ...] = (folder, above[0])
                if near[1].lower().rpartition("/")[2] == "imagesets":
                    # VOC's lists for other tasks: ImageSets/Segmentation/train.txt
                    near = (above[1],)
                elsewhere.append(PictureList(file, kind, near, tuple(above[1:])))
        self._at_home, self._elsewhere = at_home, elsewhere

    @property
    def files(self) -> list[str]:
        """The lists, relative to the root."""
        return [one.file for one in self._at_home + self._elsewhere]

    def splits_of(self, items: Sequence[tuple[str, ...]]) -> list[SplitName | None]:
        """The splits that the lists put labelled pictures in.

        Names are matched as :meth:`foveal.data.file_tree.Tree.image_named` does, but among these pictures
        only. What does not fit is added to the findings.

        Parameters
        ----------
        items : sequence of tuple of str
            For each labelled picture the paths that it may be listed by, relative to the root: its own,
            that of its annotation.

        Returns
        -------
        list of {"train", "val", "test"} or None
        """
        if not (self._at_home or self._elsewhere):
            return [None] * len(items)
        index = PictureNames(items)
        readings = [ListReading.of(self._tree, one, index, self.findings) for one in self._at_home]
        if not readings:
            # Whatever is called train.txt somewhere is a list only where it names pictures.
            some = [ListReading.of(self._tree, one, index, self.findings) for one in self._elsewhere]
            readings = [reading for reading in some if reading.claims or reading.unclear]
        chosen: list[SplitName | None] = [None] * len(items)
        claims: dict[int, list[tuple[ListReading, str, bool]]] = defaultdict(list)
        for reading in sorted(readings, key=lambda reading: _KINDS.index(reading.source.kind)):
            for number, entry, agrees in reading.claims:
                claims[number].append((reading, entry, agrees))
        twice: dict[tuple[SplitName, ...], list[tuple[ListReading, str]]] = defaultdict(list)
        for number, some_claims in claims.items():
            # Who agrees on the name alone, in a folder that is not there, gives way.
            good = [claim for claim in some_claims if claim[2]] or some_claims
            for reading, entry, agrees in some_claims:
                if not agrees and good is not some_claims:
                    reading.missing.append(entry)
            kinds = list(dict.fromkeys(reading.source.kind for reading, _, _ in good))
            sure: list[SplitName] = [kind for kind in kinds if kind != "trainval"]
            chosen[number] = sure[0] if sure else "train"
            if len(sure) > 1:
                twice[tuple(sure)].append(good[0][:2])
        for splits, found in twice.items():
            self.findings.append(_twice(splits, found))
        for reading in readings:
            self.findings += reading.told(self._tree)
        return chosen


def _twice(splits: tuple[SplitName, ...], found: Sequence[tuple[ListReading, str]]) -> Finding:
    reading, entry = found[0]
    names = " and ".join(sorted(splits))
    text = f"{entry} stands in the lists of {names}."
    if len(found) > 1:
        text = f"{len(found)} pictures stand in the lists of {names}, such as {entry}."
    action = f"{'It counts' if len(found) == 1 else 'They count'} as {splits[0]} only."
    return Finding("in-two-splits", "warning", reading.source.file, text, action)


def _kind(file: str) -> Kind | None:
    stem = file.rpartition("/")[2].rpartition(".")[0].lower()
    if not any(word in stem for word in ("train", "val", "dev", "test")):
        return None
    word = _AROUND.sub("", _AROUND.sub("", stem)) or stem
    return "trainval" if word == "trainval" else normalise(word)


def _root(folder: str) -> str | None:
    """The root of a set, given the folder that its lists lie in; None where lists are not expected."""
    parts = folder.split("/") if folder else []
    lowered = [part.lower() for part in parts]
    for home in (["imagesets", "main"], ["imagesets"], ["splits"], []):
        if lowered[len(parts) - len(home) :] == home and (home or not parts):
            return "/".join(parts[: len(parts) - len(home)])
    return None


def _is_label(tree: Tree, file: str) -> bool:
    """Whether a text file is about the picture of its name: ``train.txt`` beside ``train.jpg``."""
    if tree.image_of(file).image is None:
        return False
    try:
        words = next((line.split() for line in text_of(tree.path(file)).splitlines() if line.strip()), None)
    except DataError:
        return False
    return words is None or (len(words) >= 5 and all(_is_number(word) for word in words))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _named_by_darknet(tree: Tree, findings: list[Finding]) -> dict[str, Kind]:
    """The lists that Darknet's ``obj.data`` names: lines ``train = data/train.txt``."""
    named: dict[str, Kind] = {}
    for file in tree.with_suffix(".data"):
        try:
            lines = text_of(tree.path(file)).splitlines()
        except DataError:
            continue
        said = {
            key.strip(): value.strip() for key, mark, value in (line.partition("=") for line in lines) if mark
        }
        if not {"train", "names"} <= {key.lower() for key in said}:
            continue
        for key, value in said.items():
            split = normalise(key)
            if split is None or not value:
                continue
            value = value.replace("\\", "/")
            found = _list_named(tree, value, file)
            if found is not None:
                named[found] = split
            elif value.lower().endswith(".txt"):
                text = f"{value} is called the {split} list, but it is not in the data set."
                findings.append(Finding("listed-but-missing", "warning", file, text, "The name is ignored."))
    return named


def _list_named(tree: Tree, value: str, near: str) -> str | None:
    """The file with the longest common end, then the nearest to the one that names it."""
    base, parents = value.rpartition("/")[2], value.split("/")[-2::-1]
    home = near.split("/")[:-1]
    same = [file for file in tree.files if file.rpartition("/")[2] == base and not is_image(file)]
    together = {
        file: Counter(a == b for a, b in zip(file.split("/")[:-1], home, strict=False))[True] for file in same
    }
    key = {file: (shared_folders(parents, file), together[file], -file.count("/")) for file in same}
    return max(same, key=lambda file: key[file], default=None)
