"""What the classes are called that annotations number, or give by codes."""

from collections.abc import Iterator, Sequence
from typing import Any

from foveal.data.dataset import Finding
from foveal.data.documents import Documents, parse_json
from foveal.data.encodings import content_of, decoded
from foveal.data.file_tree import Tree, composed, natural
from foveal.data.formats.tables.cells import class_name
from foveal.data.formats.yolo.names import names_of
from foveal.data.yaml_parsing import LARGEST_YAML, yaml_value
from foveal.errors import DataError

# How deep the head of a README is looked into.
_DEEPEST = 20
# Bytes of a JSON file that may name classes.
_LARGEST = 1_000_000


def named_classes(
    tree: Tree,
    documents: Documents,
    used: set[str],
    findings: list[Finding],
    *,
    files: Sequence[str] = (),
    note: bool = False,
) -> tuple[dict[str, str], list[str]]:
    """What the classes of tables are called, and their order.

    Numbers and codes are named by a table of two columns (RetinaNet's ``cat,0``, Open Images'
    ``/m/01yrx,Cat``, ``ClassId,Name``), by the ``class_label`` in the head of a README (Hugging Face), or by
    a list as YOLO's ``classes.txt``.

    Parameters
    ----------
    used : set of str
        The classes as the rows call them.
    findings : list of Finding
    files : sequence of str
        The tables that speak of images: they name no classes.
    note : bool
        Whether numbers without names are but a note.

    Returns
    -------
    names : dict of str to str
        Of each class that is used.
    classes : list of str
        In the order of their numbers where they have some, else sorted.
    """
    same = {name: name for name in used}
    pairs = list(_pairs(documents, files))
    for numbers in pairs:
        if used and used <= numbers.keys() and all(_is_number(number) for number in numbers.values()):
            order = sorted(numbers, key=lambda name: (int(numbers[name]), name))
            return same, order
    coded = all(_is_number(name) or name.startswith("/m/") for name in used)
    if not used or not coded:
        return same, sorted(used, key=natural)
    for pair in pairs:
        if used <= pair.keys():
            found = {code: pair[code] for code in used}
            if all(_is_number(code) for code in used):
                return found, list(dict.fromkeys(found[code] for code in sorted(found, key=int)))
            return found, sorted(set(found.values()))
    labels = _class_labels(tree, findings) or _json_labels(tree, documents)
    if all(_is_number(name) and int(name) in labels for name in used):
        return {name: labels[int(name)] for name in used}, list(dict.fromkeys(labels.values()))
    numbers_used = {int(name) for name in used if _is_number(name)}
    names = names_of(tree, documents, [], []).names if len(numbers_used) == len(used) else {}
    if names and (start := _counted_from(names, numbers_used)) is not None:
        classes = {str(number + start): name for number, name in names.items() if name}
        found = {code: classes.get(str(int(code)), code) for code in used}
        return found, list(dict.fromkeys([*classes.values(), *found.values()]))
    what = "numbers" if numbers_used else "codes"
    text = f"No file names the classes, which are {what}."
    action = f"The classes are called by their {what}."
    findings.append(Finding("no-class-names", "note" if note else "warning", "", text, action))
    return same, sorted(used, key=natural)


def _is_number(text: str) -> bool:
    # No set has classes by the milliard; Python makes no number of thousands of digits.
    return text.isdecimal() and len(text) <= 9


def _counted_from(names: dict[int, str], used: set[int]) -> int | None:
    """What a list's numbers begin with, 0 or 1; None where it cannot name all that are used."""
    if used <= names.keys():
        return 0
    return 1 if used <= {number + 1 for number in names} else None


def _pairs(documents: Documents, but: Sequence[str]) -> Iterator[dict[str, str]]:
    """The tables of two columns as dictionaries, either way round."""
    kept = {**documents.of("labels"), **documents.of("csv")}
    for table in (sheet.table for file, sheet in kept.items() if file not in but):
        if len(table.columns) != 2:
            continue
        rows = [(class_name(row[0]), class_name(row[1])) for _, row in table.rows() if len(row) == 2]
        turned = [(b, a) for a, b in rows]
        for some in (rows, turned):
            for part in (some, some[1:]):
                if len({key for key, _ in part}) == len(part):
                    yield dict(part)


def _json_labels(tree: Tree, documents: Documents) -> dict[int, str]:
    """The names in the one JSON file that maps numbers to names, or names to numbers."""
    found = []
    for file in documents.strange:
        path = tree.path(file)
        if not file.lower().endswith(".json") or path.stat().st_size > _LARGEST:
            continue
        content = parse_json(path)
        if not isinstance(content, dict) or not content:
            continue
        pairs = [(str(key), str(value)) for key, value in content.items() if isinstance(value, str | int)]
        if len(pairs) < len(content):
            continue
        for some in (pairs, [(value, key) for key, value in pairs]):
            if all(_is_number(number) for number, _ in some) and len({n for n, _ in some}) == len(some):
                found.append({int(number): composed(name) for number, name in some})
                break
    return found[0] if len(found) == 1 else {}


def _class_labels(tree: Tree, findings: list[Finding]) -> dict[int, str]:
    """The names of the one ``class_label`` that the head of a README describes, by their numbers."""
    readme = next((name for name in tree.folders.get("", []) if name.lower() == "readme.md"), None)
    if readme is None:
        return {}
    try:
        text = decoded(content_of(tree.path(readme), largest=LARGEST_YAML))
    except DataError as error:
        action = "Names of classes that may stand in it are not used."
        findings.append(Finding("unreadable-file", "error", readme, str(error), action))
        return {}
    parts = text.replace("\r\n", "\n").removeprefix("\ufeff").split("---\n", 2)
    if len(parts) < 3 or parts[0].strip():
        return {}
    try:
        found = list(_named(yaml_value(parts[1].encode("utf-8", "replace"), parts[1], readme), 0))
    except DataError:
        return {}
    return found[0] if len(found) == 1 else {}


def _named(value: Any, depth: int) -> Iterator[dict[int, str]]:
    if depth > _DEEPEST or not isinstance(value, list | dict):
        return
    if isinstance(value, dict) and isinstance(names := value.get("names"), list | dict):
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        if all(_is_number(str(key)) and isinstance(name, str) for key, name in pairs):
            pairs = names.items() if isinstance(names, dict) else enumerate(names)
            yield {int(key): composed(name) for key, name in pairs}
            return
    for inner in value.values() if isinstance(value, dict) else value:
        yield from _named(inner, depth + 1)
