"""YOLO's text files: one line an object, ``class cx cy width height`` in units of the picture's size."""

import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.data.dataset import Dataset, Finding, SplitName
from foveal.data.pictures import Tree, composed, join, stem_of
from foveal.data.records import Record, assemble
from foveal.data.split_lists import SplitLists, from_folders, normalise
from foveal.errors import DataError

_NAME_FILES = ("classes.txt", "obj.names", "names.txt", "classes.names", "coco.names", "voc.names")
_OTHER_TEXTS = {"readme", "license", "licence", "requirements", "notes", "source"}


@dataclass(frozen=True)
class Names:
    """The classes' names and what a ``data.yaml`` says of the splits."""

    names: dict[int, str]
    file: str
    places: tuple[tuple[SplitName, str], ...] = ()


def recognises(tree: Tree) -> bool:
    """Whether the folder holds label files of pictures."""
    return bool(label_folders(tree))


def label_folders(tree: Tree) -> list[str]:
    """The folders of label files, the most likely first: those called labels or annotations."""
    lists = set(SplitLists(tree).files)
    found, empty = [], []
    for folder, names in tree.folders.items():
        files = [join(folder, name) for name in names if _is_label(name)]
        files = [file for file in files if file not in lists and tree.picture_of(file)]
        if any(_looks_right(tree.path(file)) for file in files):
            found.append(folder)
        elif files and all(not tree.path(file).stat().st_size for file in files):
            empty.append(folder)
    # A split may hold background only; empty files by themselves are labels only where they are called so.
    found += [folder for folder in empty if found or _called_labels(folder)]
    return sorted(found, key=lambda folder: (not _called_labels(folder), folder))


def _called_labels(folder: str) -> bool:
    return any(word in folder.lower() for word in ("label", "annotation"))


def _is_label(name: str) -> bool:
    stem, dot, suffix = name.lower().rpartition(".")
    return bool(dot) and suffix == "txt" and stem not in _OTHER_TEXTS and name.lower() not in _NAME_FILES


def _looks_right(path: Path) -> bool:
    """Whether a line of the file is an object as YOLO writes it."""
    return any(_object(line) is not None for line in _lines(path))


def _lines(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8-sig", errors="replace").splitlines()


def _object(line: str) -> tuple[int, list[float]] | None:
    """The class's number and the relative ``x1, y1, x2, y2`` of a line; None where it is no such line."""
    try:
        number, *rest = (float(word) for word in line.split())
    except ValueError:
        return None
    if not all(math.isfinite(v) for v in (number, *rest)) or number != int(number) or number < 0:
        return None
    # Pixels are no fractions of a picture; small overshoots are defects that the doctor names.
    if any(abs(v) > 4 for v in rest):
        return None
    if len(rest) == 4:
        cx, cy, width, height = rest
        return int(number), [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2]
    # A polygon, as YOLO's segmentation labels have it: its bounding box.
    if len(rest) >= 6 and len(rest) % 2 == 0:
        xs, ys = rest[::2], rest[1::2]
        return int(number), [min(xs), min(ys), max(xs), max(ys)]
    return None


def names_of(
    tree: Tree, folders: list[str], findings: list[Finding], yaml: str | None = None
) -> Names | None:
    """The classes' names, from ``data.yaml``, ``classes.txt`` or ``obj.names``.

    Parameters
    ----------
    tree : Tree
    folders : list of str
        The folders of the label files: their names files are looked at before those of the root.
    findings : list of Finding
        Gets one for every broken YAML file, unless it is the one to take.
    yaml : str, optional
        The YAML file to take.

    Raises
    ------
    DataError
        If ``yaml`` is given and is broken or has no names.
    """
    yamls = [yaml] if yaml else [f for f in tree.with_suffix(".yaml", ".yml") if f.count("/") <= 1]
    for file in yamls:
        try:
            found = _from_yaml(tree, file)
        except DataError as error:
            if yaml:
                raise
            findings.append(Finding("broken-annotation", "error", file, str(error), "The file is not read."))
            continue
        if found is not None:
            return found
    if yaml:
        raise DataError(
            f"{tree.path(yaml)} does not list the classes: it needs a key `names`, a list or a mapping."
        )
    for folder in [*folders, ""]:
        files = tree.folders[folder]
        listed = [n for n in files if n.lower() in _NAME_FILES] or [
            n for n in files if n.lower().endswith(".names")
        ]
        if listed:
            file = join(folder, listed[0])
            lines = [composed(line.strip()) for line in _lines(tree.path(file))]
            while lines and not lines[-1]:
                lines.pop()
            return Names(dict(enumerate(lines)), file)
    return None


def _from_yaml(tree: Tree, file: str) -> Names | None:
    import yaml

    try:
        content = yaml.safe_load(tree.path(file).read_bytes())
    except (yaml.YAMLError, ValueError) as error:
        text = " ".join(str(error).split())
        raise DataError(f"{tree.path(file)} is not well-formed YAML ({text}).") from error
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(str(k).isdigit() for k in names):
        return None
    # Lists in lists, by YAML's references, can be too large to write out.
    if not all(isinstance(name, str | int | float) for name in names.values()):
        return None
    places: list[tuple[SplitName, str]] = []
    base = str(content.get("path") or "")
    for key in ("train", "val", "valid", "validation", "test"):
        split, value = normalise(key), content.get(key)
        for place in value if isinstance(value, list) else [value]:
            if isinstance(place, str) and place and split is not None:
                places.append((split, _inside(tree, file, base, place)))
    ordered = {int(k): composed(str(v)) for k, v in names.items()}
    return Names(dict(sorted(ordered.items())), file, tuple(places))


def _inside(tree: Tree, file: str, base: str, place: str) -> str:
    """A path of a YAML file relative to the data folder.

    Such paths are often those of another machine, or begin with ``../`` where the folder was moved; the
    longest end of the path that exists inside the data folder is meant.
    """
    known = set(tree.folders) | set(tree.files)
    home = file.rpartition("/")[0]
    parts = [p for p in f"{base}/{place}".replace("\\", "/").split("/") if p not in ("", ".", "..")]
    for start in range(len(parts)):
        for prefix in (home, ""):
            candidate = "/".join(([prefix] if prefix else []) + parts[start:])
            if candidate in known:
                return candidate
    return "/".join(parts)


def read(tree: Tree, yaml: str | None = None, folders: list[str] | None = None) -> Dataset:
    """Read a folder of YOLO label files.

    Parameters
    ----------
    tree : Tree
    yaml : str, optional
        The ``data.yaml`` to take, relative to the folder.
    folders : list of str, optional
        The folders of the label files; looked for by default.

    Returns
    -------
    Dataset
        The classes are in the order of their numbers.
    """
    findings: list[Finding] = []
    folders = label_folders(tree) if folders is None else folders
    found = names_of(tree, folders, findings, yaml)
    lists = SplitLists(tree)
    listed = set(lists.files)
    taken: dict[str, str] = {}
    records: list[Record] = []
    numbers: list[list[int]] = []
    skipped: dict[str, int] = defaultdict(int)
    for folder in folders:
        for name in tree.folders[folder]:
            file = join(folder, name)
            if not _is_label(name) or file in listed:
                continue
            picture = tree.picture_of(file)
            if picture is not None and taken.setdefault(picture, folder) != folder:
                skipped[folder] += 1
                continue
            boxes, classes, broken = _parse(tree.path(file))
            findings += [
                Finding("broken-object", "error", file, text, "The line is left out.") for text in broken
            ]
            records.append(Record(picture, stem_of(file), file, boxes=boxes, relative=True))
            numbers.append(classes)
    findings += [
        Finding(
            "several-annotation-files",
            "note",
            folder,
            f"{count} files describe pictures that files in {folders[0] or 'the root'} describe already.",
            "They are not read.",
        )
        for folder, count in sorted(skipped.items())
    ]
    names = found.names if found else {}
    if found is None:
        used = sorted({number for classes in numbers for number in classes})
        names = {number: str(number) for number in range(used[-1] + 1 if used else 0)}
        findings.append(
            Finding(
                "no-class-names",
                "warning",
                "",
                "No file names the classes (classes.txt, obj.names or data.yaml).",
                "The classes are called by their numbers.",
            )
        )
    label_of = {number: name for number, name in names.items() if name}
    for record, classes in zip(records, numbers, strict=True):
        _name(record, classes, label_of, found.file if found else "", findings)
    known = [record.picture for record in records if record.picture is not None]
    records += [Record(picture, picture, relative=True) for picture in tree.unannotated(known)]
    places = dict(_places(tree, found.places, findings)) if found else {}
    for record in records:
        place = record.picture or record.annotation or record.named
        record.split = places.get(place) or lists.of(place) or from_folders(place, record.annotation or "")
    findings += lists.findings + lists.unused()
    return assemble(tree, "yolo", "detection", records, list(dict.fromkeys(label_of.values())), findings)


def _parse(path: Path) -> tuple[list[list[float]], list[int], list[str]]:
    boxes, classes, broken = [], [], []
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        found = _object(line)
        if found is None:
            broken.append(f"Line {number} is not `class cx cy width height`: {line.strip()[:60]!r}.")
            continue
        classes.append(found[0])
        boxes.append(found[1])
    return boxes, classes, broken


def _name(
    record: Record, classes: list[int], label_of: dict[int, str], file: str, findings: list[Finding]
) -> None:
    """Give the record's objects their names, and leave out those whose number has none."""
    kept = [i for i, number in enumerate(classes) if number in label_of]
    findings += [
        Finding(
            "unknown-class",
            "error",
            record.annotation or record.named,
            f"Object {i + 1} has the class number {number}, which {file} does not name.",
            "The object is left out.",
        )
        for i, number in enumerate(classes)
        if number not in label_of
    ]
    record.boxes = [record.boxes[i] for i in kept]
    record.names = [label_of[classes[i]] for i in kept]


def _places(
    tree: Tree, places: tuple[tuple[SplitName, str], ...], findings: list[Finding]
) -> list[tuple[str, Any]]:
    """The split of every picture that a ``data.yaml`` puts in one; test before val before train."""
    found: list[tuple[str, Any]] = []
    for wanted in ("train", "val", "test"):
        for split, place in places:
            if split != wanted:
                continue
            if place in tree.folders:
                inside = [p for p in tree.pictures if p.startswith(f"{place}/") or place == ""]
            elif place in tree.files:
                named = [tree.picture_named(line.strip(), place) for line in _lines(tree.path(place))]
                inside = [picture for picture in named if picture is not None]
            else:
                findings.append(
                    Finding(
                        "listed-but-missing",
                        "warning",
                        place,
                        f"The YAML file calls this the {split} part, but it is not in the data set.",
                        "The name is ignored.",
                    )
                )
                continue
            found += [(picture, split) for picture in inside]
    return found
