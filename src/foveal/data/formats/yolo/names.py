"""What a YOLO set's classes are called: of several files that name them the one that is meant."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from foveal.data.dataset import Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import Tree
from foveal.data.formats.yolo.data_yaml import from_yaml
from foveal.data.formats.yolo.name_files import Names, from_lines, name_files
from foveal.errors import DataError
from foveal.wording import count

_DATA_FILES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")


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
    found = [from_yaml(tree, file, content) for file, content in documents.of("yolo").items()]
    told = _foremost(tree, found, findings)
    listed = [from_lines(tree, file) for file in name_files(tree, folders)]
    listed = [names for names in listed if names.names or names.why]
    names = _best_list(listed, folders, findings) if listed else None
    broken = [file for file in documents.broken if _is_near_yaml(file)]
    if told is not None and _is_of_others(tree, told):
        # Where there is something better, a YAML file that came with a program does not count.
        if names is not None:
            _tell_apart(names, told, findings)
        if names is not None or any(_is_called_data(file) for file in broken):
            told = None
    needed = (told is None or not told.names) and (names is None or not names.names)
    for file in broken:
        why = documents.broken[file]
        severity: Literal["error", "warning", "note"]
        severity = "error" if needed else "warning" if _is_called_data(file) else "note"
        findings.append(Finding("broken-annotation", severity, file, why, "The file is not read."))
    if told is None:
        why = f"The names of the classes may stand in {broken[0]}, which cannot be read." if broken else ""
        told = Names(yaml=broken[0] if broken else "", why=why)
    if not told.names and names is not None:
        if names.why:
            return replace(told, yaml=names.yaml, why=names.why, unusable=True)
        return replace(told, names=names.names, file=names.file, why="")
    if names is not None:
        _tell_apart(told, names, findings)
    return told


def names_used(found: Names, told: Iterable[str | int], findings: list[Finding]) -> dict[str | int, str]:
    """The name of each class by what the rows say: numbers or names.

    Where no file names the classes the numbers that are used are their names.
    """
    label_of: dict[str | int, str] = {number: name for number, name in found.names.items() if name}
    used = set(told)
    words = {word for word in used if isinstance(word, str)}
    if words:
        # The order of the names file; without one that of the alphabet.
        known = dict.fromkeys(found.names.values()) if found.names else dict.fromkeys(sorted(words))
        return {name: name for name in known if name}
    if found.names:
        findings += _of_names(found, {number for number in used if isinstance(number, int)})
        return label_of
    if found.why:
        action = "The classes are called by their numbers."
        severity: Literal["error", "warning"] = "error" if found.unusable else "warning"
        findings.append(Finding("no-class-names", severity, found.yaml, found.why, action))
    else:
        text = "No file names the classes (classes.txt, obj.names or data.yaml)."
        action = "The classes are called by their numbers."
        findings.append(Finding("no-class-names", "warning", "", text, action))
    return {number: str(number) for number in sorted(number for number in used if isinstance(number, int))}


def _of_names(found: Names, used: set[int]) -> Iterator[Finding]:
    """What is odd about the names of the classes, given the numbers that are used."""
    twice = [name for name, count in Counter(filter(None, found.names.values())).items() if count > 1]
    if twice:
        numbers = [str(number) for number, name in found.names.items() if name == twice[0]]
        text = f"The classes {' and '.join(numbers)} have one name, {twice[0]}."
        yield Finding("category-named-twice", "warning", found.file, text, "They are one class.")
    if found.count is not None and found.count != len(found.names):
        text = f"It says nc: {found.count}, and names {count(len(found.names), 'class', 'classes')}."
        yield Finding("class-numbers-differ", "note", found.yaml, text, "The names count.")
    numbers_named = set(found.names)
    if used - numbers_named and 0 in used and 0 not in numbers_named:
        text = "The names count from 1, the labels from 0."
        action = (
            "Nothing is shifted: correct the names, for example `0: " + found.names[min(numbers_named)] + "`."
        )
        yield Finding("class-numbers-differ", "error", found.file, text, action)
    elif used and used - numbers_named == {max(numbers_named) + 1} and 0 not in used and 0 in numbers_named:
        text = f"The labels seem to count from 1: they hold {max(used)} and no 0, the names go from 0."
        action = "Nothing is shifted: correct the labels or the names."
        yield Finding("class-numbers-differ", "error", found.file, text, action)


def _is_near_yaml(file: str) -> bool:
    return file.lower().endswith((".yaml", ".yml")) and file.count("/") <= 1


def _is_called_data(file: str) -> bool:
    return file.rpartition("/")[2].lower() in _DATA_FILES


def _is_of_others(tree: Tree, names: Names) -> bool:
    """Whether a YAML file is about another set: its places are not there, or it lies apart without any."""
    if _is_called_data(names.yaml) or any(place in tree.known for _, place in names.places):
        return False
    return bool(names.places) or "/" in names.yaml


def _foremost(tree: Tree, found: Sequence[Names], findings: list[Finding]) -> Names | None:
    """Of several YAML files the one that is meant; told where another names classes otherwise."""
    if not found:
        return None

    def rank(names: Names) -> tuple[float, bool, bool, int]:
        there = [place for _, place in names.places if place in tree.known]
        share = len(there) / len(names.places) if names.places else 0.0
        called = _is_called_data(names.yaml)
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
        elif (
            same_level and other.file.rpartition("/")[0] != first.file.rpartition("/")[0]
        ) or _of_other_labels(first.file, other.file, folders):
            raise DataError(
                f"{first.file} and {other.file} name the classes differently: make them equal, or load the "
                "folders "
                "of labels one by one."
            )
        else:
            _tell_apart(first, other, findings)
    return first


def _of_other_labels(one: str, other: str, folders: Sequence[str]) -> bool:
    """Whether two files of names lie above labels of their own: a/classes.txt and b/classes.txt."""
    homes = [f"{file.rpartition('/')[0]}/".removeprefix("/") for file in (one, other)]
    below, also = ({folder for folder in folders if f"{folder}/".startswith(home)} for home in homes)
    return bool(below) and bool(also) and below.isdisjoint(also)


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
