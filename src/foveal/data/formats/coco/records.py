"""From the entries of a COCO file to records: ids of any kind, categories, annotations."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from foveal.data.dataset import Finding, SplitName
from foveal.data.file_tree import Tree, composed, stem_of
from foveal.data.formats.coco.masks import box_around
from foveal.data.formats.records import FARTHEST, Record, is_number
from foveal.data.formats.split_lists import from_folders
from foveal.files import readable
from foveal.wording import count

# Whole numbers that JSON's readers agree on.
_LARGEST = 2**53
_DIGITS = re.compile(r"-?[0-9]{1,15}")
# No file system has longer paths.
_LONGEST = 4096
_NUMBERS = frozenset({int, float})


@dataclass
class COCOFile:
    """The content of one annotation file.

    Attributes
    ----------
    file : str
        Relative to the data folder.
    images, annotations, categories : list
        As in the file, not yet checked.
    split : {"train", "val", "test"} or None
        What the file's or its folder's name says.
    """

    file: str
    images: list[Any]
    annotations: list[Any]
    categories: list[Any]
    split: SplitName | None = None


def ids_of(given: Sequence[Any]) -> tuple[dict[Any, int], str]:
    """The numbers of ids: of numbers and of numbers in quotes themselves, of words in the order of the file.

    Parameters
    ----------
    given : sequence
        The ids as they stand in the file.

    Returns
    -------
    numbers : dict
        By the ids as given, and by what they are as numbers. What can be no id is not among them.
    word : str
        The first word; ``""`` where there is none.

    Examples
    --------
    >>> ids_of([7, "12", "img_1"])
    ({7: 7, '12': 12, 12: 12, 'img_1': 13}, 'img_1')
    """
    numbers: dict[Any, int] = {}
    words: dict[str, None] = {}
    for value in given:
        number = _number_of(value)
        if number is not None:
            numbers[number if not isinstance(value, str) else value] = number
        elif (isinstance(value, str) and value) or type(value) is int:
            words[str(value)] = None
    if len(set(numbers.values())) < len(numbers):
        # "01" and "1" are two: then they are words.
        words = {value: None for value in given if isinstance(value, str) and value}
        numbers = {value: number for value, number in numbers.items() if not isinstance(value, str)}
    numbers |= {number: number for number in numbers.values()}
    free = max(numbers.values(), default=0) + 1
    numbers |= {word: free + place for place, word in enumerate(words)}
    return numbers, next(iter(words), "")


def _number_of(value: Any) -> int | None:
    if type(value) is int or (type(value) is float and value == value // 1):
        return int(value) if -_LARGEST <= value <= _LARGEST else None
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    return None


def _words(file: str, of: str, word: str, findings: list[Finding]) -> None:
    if word:
        text = f"The ids of {of} are words, such as {readable(word)[:40]!r}."
        action = "They get numbers in the order of the file."
        findings.append(Finding("word-ids", "note", file, text, action))


def categories_of(content: COCOFile, known: dict[str, int], findings: list[Finding]) -> dict[Any, str]:
    """The names of a file's category ids; new names are added to the known ones.

    Where the file lists no categories, the names that its annotations have in place of an id are some.
    """
    entries = content.categories or _named_in_annotations(content, findings)
    numbers, word = ids_of([entry.get("id") for entry in entries if isinstance(entry, dict)])
    _words(content.file, "categories", word, findings)
    name_of: dict[Any, str] = {}
    mine: set[str] = set()
    taken, largest = set(known.values()), max(known.values(), default=0)
    for entry in entries:
        identity, name = (entry.get("id"), entry.get("name")) if isinstance(entry, dict) else (None, None)
        name = str(name) if type(name) is int else name
        number = _looked_up(identity, numbers)
        wrong = (
            "has no id"
            if number is None
            else "has no name"
            if not isinstance(name, str) or not name.strip()
            else ""
        )
        if not wrong and identity in name_of:
            wrong = "has the id of another one"
        if wrong:
            text, action = f"The category {json.dumps(entry)[:100]} {wrong}.", "The category is left out."
            findings.append(Finding("broken-object", "error", content.file, text, action))
            continue
        assert number is not None
        name = readable(composed(str(name)))
        if name in mine:
            text, action = f"Two categories are called {name!r}.", "They count as one class."
            findings.append(Finding("category-named-twice", "warning", content.file, text, action))
        name_of[identity] = name
        if identity in numbers and _number_of(identity) == number:
            name_of[number] = name
        if name not in known:
            known[name] = number if number not in taken else largest + 1
            taken.add(known[name])
            largest = max(largest, known[name])
        elif known[name] != number and name not in mine:
            text = f"The category {name!r} has the id {number} here and {known[name]} in another file."
            action = f"Classes are matched by name; {known[name]} counts."
            findings.append(Finding("category-ids-differ", "warning", content.file, text, action))
        mine.add(name)
    return name_of


def _named_in_annotations(content: COCOFile, findings: list[Finding]) -> list[dict[str, Any]]:
    """Categories of a file that lists none: by the names in its annotations, or else by the numbers."""
    said = [_category(entry) for entry in content.annotations if isinstance(entry, dict)]
    numbers = {n for value in said if (n := _number_of(value)) is not None}
    names = {v.strip() for v in said if isinstance(v, str) and v.strip() and _number_of(v) is None}
    if numbers:
        text = "The file lists no categories."
        action = "The classes are called by their numbers."
        findings.append(Finding("no-class-names", "warning", content.file, text, action))
    free = max(numbers, default=0) + 1
    return [
        *({"id": number, "name": str(number)} for number in sorted(numbers)),
        *({"id": free + place, "name": name} for place, name in enumerate(sorted(names))),
    ]


def _category(entry: dict[str, Any]) -> Any:
    """What an annotation says of its category: the id, or where there is none the name."""
    for key in ("category_id", "category_name", "category"):
        if entry.get(key) is not None:
            return entry[key]
    return None


def _looked_up(value: Any, known: dict[Any, Any]) -> Any:
    """What is known of an id, whether it is a number, in quotes, or has blanks around it."""
    if isinstance(value, bool | list | dict) or value is None:
        return None
    if value in known:
        return known[value]
    number = _number_of(value)
    for spelling in (number, str(value).strip(), str(number)):
        if spelling in known:
            return known[spelling]
    return None


def records_of(
    tree: Tree, content: COCOFile, home: str, name_of: dict[Any, str], findings: list[Finding]
) -> tuple[list[Record], int]:
    """The images of a file with their objects.

    Parameters
    ----------
    tree : Tree
    content : COCOFile
    home : str
        A file whose nearest images are those of the annotation file.
    name_of : dict
        The classes by their category ids.
    findings : list of Finding
        Gets what could not be used.

    Returns
    -------
    records : list of Record
    outlines : int
        How many objects have the box of their segmentation, for want of one of their own.
    """

    def tell(kind: str, text: str, action: str) -> None:
        findings.append(Finding(kind, "error", content.file, text, action))

    record_of = _images(tree, content, home, findings, tell)
    records = list({id(record): record for record in record_of.values()}.values())
    outlines = _add_objects(content.annotations, record_of, name_of, tell)
    moved = sum(
        split is not None and content.split is not None and split != content.split
        for split in (_split_of_url(image) for image in content.images)
    )
    if moved:
        text = (
            f"{moved} of {count(len(records), 'image')} of this {content.split} file "
            f"{'comes, by its' if moved == 1 else 'come, by their'} coco_url, "
            "from another part of COCO: a model that was trained on COCO may know them."
        )
        findings.append(Finding("split-of-origin", "note", content.file, text, "The file's split counts."))
    return records, outlines


def _split_of_url(image: Any) -> SplitName | None:
    url = image.get("coco_url") if isinstance(image, dict) else None
    return from_folders(url) if isinstance(url, str) else None


def _images(
    tree: Tree, content: COCOFile, home: str, findings: list[Finding], tell: Callable[[str, str, str], None]
) -> dict[Any, Record]:
    """The records of a file's images by their ids, in all the ways in which annotations may spell these."""
    by_name = _refers_to_names(content)
    images = [image for image in content.images if isinstance(image, dict)]
    for image in (entry for entry in content.images if not isinstance(entry, dict)):
        tell("broken-object", f"{json.dumps(image)[:100]} is no image.", "It is left out.")
    numbers, word = ids_of([_id_of(image, by_name) for image in images])
    if not by_name:
        _words(content.file, "images", word, findings)
    record_of: dict[Any, Record] = {}
    taken: set[int] = set()
    for image in images:
        identity, name = _id_of(image, by_name), _name_of(image)
        number = numbers.get(identity) if isinstance(identity, int | float | str) else None
        if number is None or not name:
            wrong = "no file_name" if name is None or not name else "no id"
            if name and image.get("id") is not None:
                wrong = f"{json.dumps(image['id'])[:40]} for id, which is neither a whole number nor a text"
            text = f"The image {json.dumps(image)[:100]} has {wrong}."
            tell("broken-object", text, "The image is left out.")
            continue
        if number in taken:
            tell("broken-object", f"Two images have the id {identity!r}.", "The second one is left out.")
            continue
        taken.add(number)
        match = tree.image_named(name, near=home)
        record_of[identity] = record = Record(
            match.image,
            readable(name),
            content.file,
            _length(image.get("width")),
            _length(image.get("height")),
            areas=[],
            xywh=[],
            split=content.split or from_folders(match.image or name),
            id=number,
            rivals=match.rivals,
        )
        if numbers.get(number) == number:
            record_of[number] = record
    return record_of


def _refers_to_names(content: COCOFile) -> bool:
    """Whether the images have no ids, and the annotations name their files instead."""
    if any(isinstance(image, dict) and image.get("id") is not None for image in content.images):
        return False
    names = {_name_of(image) for image in content.images if isinstance(image, dict)}
    return any(isinstance(e, dict) and e.get("image_id") in names for e in _with_text(content.annotations))


def _with_text(annotations: Iterable[Any]) -> Iterable[Any]:
    return (e for e in annotations if isinstance(e, dict) and isinstance(e.get("image_id"), str))


def _id_of(image: dict[str, Any], by_name: bool) -> Any:
    return _name_of(image) if by_name else image.get("id")


def _name_of(image: dict[str, Any]) -> str | None:
    """The file's name; LVIS has none but the end of ``coco_url``."""
    for key in ("file_name", "coco_url"):
        name = image.get(key)
        if (isinstance(name, str) and name) or type(name) is int:
            return str(name)[:_LONGEST]
    return None


def _length(value: Any) -> float:
    return float(value) if is_number(value) and value > 0 else 0.0


def _add_objects(
    annotations: list[Any],
    record_of: dict[Any, Record],
    name_of: dict[Any, str],
    tell: Callable[[str, str, str], None],
) -> int:
    """Put every annotation into the record of its image, or tell why not; how many have their outline's box.

    The common kind is looked at first, and its numbers are taken as they are: there may be millions.
    """
    outlines = 0
    farthest = FARTHEST**2
    by_file: dict[str, Record] = {}
    classes: frozenset[str] = frozenset()
    rows: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for entry in annotations:
        try:
            image, category = entry["image_id"], entry["category_id"]
            record, name = record_of[image], name_of[category]
            x, y, width, height = box = entry["bbox"]
            usual = (
                _NUMBERS.issuperset(map(type, box))
                and 0 < x * x + y * y + width * width + height * height <= farthest
                and image is not True
                and category is not True
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            usual = False
        if not usual:
            by_file, classes = by_file or _by_file(record_of), classes or frozenset(name_of.values())
            found = _unusual(entry, record_of, by_file, name_of, classes, tell)
            if found is None:
                continue
            record, name, (x, y, width, height), outlined = found
            outlines += outlined
        area, crowd = entry.get("area"), entry.get("iscrowd")
        difficult = entry.get("difficult") or entry.get("ignore")
        if type(area) not in _NUMBERS or not 0 <= area <= farthest:
            area = max(width, 0) * max(height, 0)
        crowd, difficult = _flag(crowd) if crowd else False, _flag(difficult) if difficult else False
        rows[id(record)].append((x, y, width, height, name, area, crowd, difficult))
    for record in record_of.values():
        of_image = rows.pop(id(record), None)
        if of_image:
            record.boxes = [[x, y, x + width, y + height] for x, y, width, height, *_ in of_image]
            record.xywh = [list(row[:4]) for row in of_image]
            _, _, _, _, names, areas, crowds, difficults = zip(*of_image, strict=True)
            record.names, record.areas = list(names), list(areas)
            record.crowd, record.difficult = list(crowds), list(difficults)
    return outlines


def _by_file(record_of: dict[Any, Record]) -> dict[str, Record]:
    """The records by their files' names, with and without suffix, as far as these are of one image alone."""
    found: dict[str, Record | None] = {}
    for record in {id(record): record for record in record_of.values()}.values():
        for name in {record.named, record.named.rpartition("/")[2], stem_of(record.named)}:
            found[name] = None if name in found else record
    return {name: record for name, record in found.items() if record is not None}


def _unusual(
    entry: Any,
    record_of: dict[Any, Record],
    by_file: dict[str, Record],
    name_of: dict[Any, str],
    classes: frozenset[str],
    tell: Callable[[str, str, str], None],
) -> tuple[Record, str, tuple[float, float, float, float], bool] | None:
    """An annotation that is not as most are, made what it means; None where that was told."""
    if not isinstance(entry, dict):
        tell("broken-object", f"{json.dumps(entry)[:100]} is not an annotation.", "It is left out.")
        return None
    called = f"Annotation {str(entry.get('id', '?'))[:40]}"
    number = entry.get("image_id")
    record = _looked_up(number, record_of)
    if record is None and isinstance(number, str):
        record = by_file.get(number)
    if record is None:
        text = f"{called} is of image {_shown(number)}, which the file lacks."
        tell("unknown-image", text if number is not None else f"{called} has no image_id.", "It is left out.")
        return None
    called = f"{called} ({record.named})"
    category = _category(entry)
    name = _looked_up(category, name_of)
    if name is None and isinstance(category, str):
        said = readable(composed(category.strip()))
        name = said if said and said in classes else None
    if name is None:
        text = f"{called} is of category {_shown(category)}, which the file lacks."
        text = text if category is not None else f"{called} has no category_id."
        tell("unknown-class", text, "The object is left out.")
        return None
    box, outline = entry.get("bbox"), entry.get("segmentation")
    missing = not box or (isinstance(box, list) and all(v == 0 for v in box))
    try:
        if missing and outline:
            x1, y1, x2, y2 = box_around(outline)
            return record, name, (x1, y1, x2 - x1, y2 - y1), True
        if not box and not isinstance(box, list | int):
            raise ValueError("has neither bbox nor segmentation")
        if not isinstance(box, list) or len(box) != 4 or not all(is_number(v) for v in box):
            raise ValueError(f"has {json.dumps(box)[:60]} for bbox")
    except ValueError as error:
        tell("broken-object", f"{called} {error}.", "The object is left out.")
        return None
    return record, name, (box[0], box[1], box[2], box[3]), False


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _flag(value: Any) -> bool:
    return value in (1, "1", "true", "True") or (isinstance(value, int | float) and bool(value))
