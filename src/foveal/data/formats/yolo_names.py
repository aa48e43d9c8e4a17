"""What a YOLO set's classes are called, and what its ``data.yaml`` says besides."""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from foveal.data.dataset import Finding, SplitName
from foveal.data.documents import Documents, text_of
from foveal.data.file_tree import Tree, composed, join
from foveal.data.formats.split_lists import normalise
from foveal.errors import DataError

#: What files are called that hold a class's name a line.
NAME_FILES = (
    "classes.txt", "obj.names", "names.txt", "classes.names", "coco.names", "voc.names", "class.txt",
    "class_names.txt", "labels.txt", "label.txt", "predefined_classes.txt",
)  # fmt: skip
_SUFFIXES = (".names", ".labels")
_DATA_FILES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_NUMBERED = re.compile(r"(\d+)\s*[:=,;\s]\s*(\S.*)")


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
    """

    names: dict[int, str] = field(default_factory=dict)
    file: str = ""
    yaml: str = ""
    places: tuple[tuple[SplitName, str], ...] = ()
    shape: tuple[int, int] | None = None
    task: str = ""
    why: str = ""
    count: int | None = None


def take(content: Any, file: str) -> dict[str, Any] | None:
    """A ``data.yaml``, given its content; None where it is none."""
    if not isinstance(content, dict):
        return None
    places = ("train" in content or "val" in content) and ("nc" in content or "path" in content)
    return content if "names" in content or "kpt_shape" in content or places else None


def names_of(tree: Tree, documents: Documents, folders: Sequence[str], findings: list[Finding]) -> Names:
    """The classes' names, from ``data.yaml``, ``classes.txt`` or ``obj.names``.

    Parameters
    ----------
    tree : Tree
    documents : Documents
        Their YAML files are asked first. Of several the one counts whose folders are there, then the one
        that is called ``data.yaml`` or ``dataset.yaml``, then the one nearest to the root.
    folders : sequence of str
        The folders of the label files: their names files are looked at before those of the root.
    findings : list of Finding
        Gets one for every broken YAML file, and where files disagree.

    Raises
    ------
    DataError
        If files that there is no choosing between name the classes differently.
    """
    found = [_from_yaml(tree, file, content) for file, content in documents.of("yolo").items()]
    told = _foremost(tree, found, findings)
    listed = [_from_lines(tree, file) for file in _name_files(tree, folders)]
    listed = [names for names in listed if names.names or names.why]
    names = _best_list(listed, folders, findings) if listed else None
    broken = [file for file in documents.broken if _is_near_yaml(file)]
    needed = (told is None or not told.names) and (names is None or not names.names)
    for file in broken:
        why = documents.broken[file]
        kind: Literal["error", "warning"] = "error" if needed else "warning"
        findings.append(Finding("broken-annotation", kind, file, why, "The file is not read."))
    if told is None:
        why = f"The names of the classes may stand in {broken[0]}, which cannot be read." if broken else ""
        told = Names(yaml=broken[0] if broken else "", why=why)
    if not told.names and names is not None:
        if names.why:
            return replace(told, yaml=names.yaml, why=told.why or names.why)
        return replace(told, names=names.names, file=names.file, why="")
    if names is not None:
        _tell_apart(told, names, findings)
    return told


def _is_near_yaml(file: str) -> bool:
    return file.lower().endswith((".yaml", ".yml")) and file.count("/") <= 1


def _foremost(tree: Tree, found: Sequence[Names], findings: list[Finding]) -> Names | None:
    """Of several YAML files the one that is meant; told where another names classes otherwise."""
    if not found:
        return None

    def rank(names: Names) -> tuple[float, bool, bool, int]:
        there = [place for _, place in names.places if place in tree.folders or place in tree.files]
        share = len(there) / len(names.places) if names.places else 0.0
        called = names.yaml.rpartition("/")[2].lower() in _DATA_FILES
        return -share, not names.names, not called, names.yaml.count("/")

    first, *others = sorted(found, key=rank)
    for other in others:
        if not other.names or _contradiction(first.names, other.names) is None:
            continue
        if rank(other)[:3] == rank(first)[:3] and rank(other)[3] == rank(first)[3]:
            raise DataError(
                f"{first.yaml} and {other.yaml} name the classes differently, and nothing tells which is "
                "meant: keep "
                "one of them in the folder, or load one of them instead of the folder."
            )
        _tell_apart(first, other, findings)
    return first


def _best_list(listed: Sequence[Names], folders: Sequence[str], findings: list[Finding]) -> Names:
    """Of several names files the one beside the labels, or the longest of those that begin alike."""
    first = listed[0]
    level = first.file.rpartition("/")[0] in folders
    for other in listed[1:]:
        same_level = level and other.file.rpartition("/")[0] in folders
        if _contradiction(first.names, other.names) is None:
            first = other if same_level and len(other.names) > len(first.names) else first
        elif same_level and other.file.rpartition("/")[0] != first.file.rpartition("/")[0]:
            raise DataError(
                f"{first.file} and {other.file} name the classes differently: make them equal, or load the "
                "folders "
                "of labels one by one."
            )
        else:
            _tell_apart(first, other, findings)
    return first


def _contradiction(one: Mapping[int, str], other: Mapping[int, str]) -> int | None:
    """The first class number that two files name differently."""
    return next((number for number in one if number in other and one[number] != other[number]), None)


def _tell_apart(one: Names, other: Names, findings: list[Finding]) -> None:
    number = _contradiction(one.names, other.names)
    if number is None:
        return
    text = (
        f"{other.file} names the classes otherwise than {one.file}: {number} is {other.names[number]} here, "
        f"{one.names[number]} there."
    )
    findings.append(Finding("class-numbers-differ", "warning", other.file, text, f"{one.file} counts."))


# -- names files ------------------------------------------------------------------------------------------


def is_name_file(name: str) -> bool:
    """Whether a file's name is one of those that list classes."""
    name = name.lower()
    return name in NAME_FILES or name.endswith(_SUFFIXES)


def _name_files(tree: Tree, folders: Sequence[str]) -> Iterable[str]:
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
    from foveal.data.formats.yolo_lines import parse_lines

    return bool(parse_lines(file, text_of(tree.path(file))).rows)


def _from_lines(tree: Tree, file: str) -> Names:
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


# -- YAML -------------------------------------------------------------------------------------------------


def _from_yaml(tree: Tree, file: str, content: dict[str, Any]) -> Names:
    count = str(content.get("nc", ""))
    named = _named(tree, file, content.get("names"), int(count) if _whole(count) else None)
    names = {} if isinstance(named, str) else named
    why = named if isinstance(named, str) else ""
    if "names" not in content:
        why = "it has no `names`"
    places: list[tuple[SplitName, str]] = []
    base = content.get("path")
    for key in ("train", "val", "valid", "validation", "test"):
        split, value = normalise(key), content.get(key)
        for place in value if isinstance(value, list) else [value]:
            if isinstance(place, str) and place.strip() not in ("", "null", "~") and split is not None:
                places.append(
                    (split, _inside(tree, file, base if isinstance(base, str) else "", place.strip()))
                )
    ordered = {number: composed(name) for number, name in sorted(names.items())}
    task = str(content.get("task", "")).lower()
    return Names(
        ordered,
        file if ordered else "",
        file,
        tuple(places),
        _shape(content.get("kpt_shape")),
        task if task in ("detect", "segment", "obb", "pose") else "",
        f"{file} does not name the classes: {why}." if why else "",
        int(count) if _whole(count) else None,
    )


def _named(tree: Tree, file: str, names: Any, count: int | None) -> dict[int, str] | str:
    """``names`` of a YAML file as a dict of numbers to names; why it cannot be one otherwise."""
    if isinstance(names, str):
        return _from_text(tree, file, names.strip(), count)
    if isinstance(names, list):
        if names and all(isinstance(entry, dict) for entry in names):
            return _from_entries(names)
        if not all(isinstance(name, str) for name in names):
            return "`names` holds lists or mappings where names should be; write `names: [cat, dog]`"
        return dict(enumerate(names)) if names else "`names` is empty"
    if isinstance(names, dict):
        if not names:
            return "`names` is empty"
        # Lists in lists, by YAML's references, can be too large to write out.
        if not all(isinstance(key, str) and isinstance(name, str) for key, name in names.items()):
            return "`names` holds lists or mappings where names should be; write `names: [cat, dog]`"
        if all(_whole(key) for key in names):
            return {int(key): name for key, name in names.items()}
        if all(_whole(name) for name in names.values()) and len(set(names.values())) == len(names):
            return {int(number): name for name, number in names.items()}
        strange = next(str(key) for key in names if not _whole(key))
        return f"`names` is a mapping whose key {strange[:40]!r} is no number; write `0: {strange[:40]}`"
    return "`names` is neither a list nor a mapping of numbers to names"


def _whole(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) < 13


def _from_text(tree: Tree, file: str, text: str, count: int | None) -> dict[int, str] | str:
    """Names that are one string: ``cat``, ``cat, dog``, a list in quotes, or a file's name."""
    if text in ("", "null", "~", "Null", "NULL"):
        return "`names` is empty"
    for folder in (file.rpartition("/")[0], ""):
        place = _inside(tree, join(folder, "x"), "", text) if is_name_file(text) or "." in text else ""
        if place in tree.files:
            return _from_lines(tree, place).names
    if text[0] in "[({":
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            value = None
        if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
            return dict(enumerate(value))
        if isinstance(value, dict) and all(
            isinstance(k, int) and isinstance(v, str) for k, v in value.items()
        ):
            return value
        text = text.strip("[](){}")
    for separator in (r"\s*[,;\n]\s*", r"\s+"):
        parts = [part.strip("'\"") for part in re.split(separator, text) if part]
        if len(parts) == count or (count is None and separator[-1] == "*" and len(parts) > 1):
            return dict(enumerate(parts))
    return {0: text} if count in (None, 1) else f"`names` is the text {text[:40]!r}, and nc is {count}"


def _from_entries(entries: list[dict[Any, Any]]) -> dict[int, str] | str:
    """Names as a list of mappings: ``- 0: cat`` or ``- {id: 0, name: cat}``."""
    found: dict[int, str] = {}
    for position, entry in enumerate(entries):
        if isinstance(entry.get("name"), str):
            number, name = entry.get("id", str(position)), entry["name"]
        elif len(entry) == 1:
            ((number, name),) = entry.items()
        else:
            return "`names` is a list of mappings without `name`; write `names: [cat, dog]`"
        if not (isinstance(number, str) and _whole(number) and isinstance(name, str)):
            return "`names` is a list of mappings that are no numbers and names; write `names: [cat, dog]`"
        found[int(number)] = name
    return found


def _shape(value: Any) -> tuple[int, int] | None:
    """``kpt_shape``: how many keypoints of how many numbers."""
    words = re.findall(r"\d+", value) if isinstance(value, str) else value
    if not (
        isinstance(words, list) and len(words) == 2 and all(isinstance(w, str) and _whole(w) for w in words)
    ):
        return None
    points, size = int(words[0]), int(words[1])
    return (points, size) if points and size in (2, 3) else None


def _inside(tree: Tree, file: str, base: str, place: str) -> str:
    r"""A path of a YAML file relative to the data folder.

    Such paths are often those of another machine, or begin with ``../`` where the folder was moved; the
    longest end of the path that exists inside the data folder is meant. In double quotes YAML takes ``\t``
    for a tab: a path has none.
    """
    known = tree.known
    home = file.rpartition("/")[0]
    said = f"{base}/{place}".translate(
        {9: r"\t", 10: r"\n", 13: r"\r", 7: r"\a", 8: r"\b", 11: r"\v", 12: r"\f"}
    )
    parts = [p for p in said.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    while parts and "*" in parts[-1]:
        parts.pop()
    for start in range(len(parts)):
        for prefix in (home, ""):
            candidate = "/".join(([prefix] if prefix else []) + parts[start:])
            if candidate in known:
                return candidate
    # "path: ." and "train: ." are the YAML file's own folder.
    return "/".join(parts) if parts else home
