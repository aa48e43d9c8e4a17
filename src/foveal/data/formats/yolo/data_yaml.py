"""What a YOLO set's ``data.yaml`` says: names of classes, splits, shapes."""

import ast
import re
from typing import Any

from foveal.data.dataset import SplitName
from foveal.data.file_tree import Tree, composed, join
from foveal.data.formats.split_lists import normalise
from foveal.data.formats.yolo.name_files import Names, from_lines, is_name_file


def take(content: Any, file: str) -> dict[str, Any] | None:
    """A ``data.yaml``, given its content; None where it is none."""
    if not isinstance(content, dict):
        return None
    places = ("train" in content or "val" in content) and ("nc" in content or "path" in content)
    return content if "names" in content or "kpt_shape" in content or places else None


def from_yaml(tree: Tree, file: str, content: dict[str, Any]) -> Names:
    """What a ``data.yaml`` says, given its content."""
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
        "names" in content,
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
            return from_lines(tree, place).names
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
