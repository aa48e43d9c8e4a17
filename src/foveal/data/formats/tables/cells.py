"""What stands in a table's cells: numbers, boxes, classes."""

import re
from collections.abc import Sequence
from typing import Any

from foveal.data.file_tree import composed
from foveal.data.formats.records import is_number
from foveal.data.formats.tables.words import plain
from foveal.files import json_value

_ONLY_NUMBERS = re.compile(r"[\s\[\](){},;\"'0-9.eE+-]*\Z")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
#: What stands in a table where nothing stands.
NOTHING = frozenset({"", "nan", "null", "none", "n/a", "na", "-", "[]", "no finding", "no_box"})
_CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"), ("x1", "y1", "x2", "y2"), ("left", "top", "right", "bottom"),
    ("x0", "y0", "x1", "y1"),
)  # fmt: skip
YES = frozenset({"1", "1.0", "true", "yes"})


def number_of(text: str) -> float | None:
    """The number that a cell is, with a decimal comma too; None where it is none.

    Examples
    --------
    >>> number_of("10,5"), number_of(".5"), number_of("1_0"), number_of("cat")
    (10.5, 0.5, None, None)
    """
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        pass
    if text.count(",") == 1 and "." not in text:
        return number_of(text.replace(",", "."))
    return None


def boxes_in(text: str) -> list[tuple[str | None, list[float]]] | None:
    """The boxes that a cell holds, each with its class where it says so; None where it holds none.

    Examples
    --------
    >>> boxes_in("[834.0, 222, 56, 36]"), boxes_in("cat 1 2 3 4")
    ([(None, [834.0, 222.0, 56.0, 36.0])], [('cat', [1.0, 2.0, 3.0, 4.0])])
    >>> boxes_in("[{'x': 1, 'y': 2, 'width': 3, 'height': 4}]")
    [(None, [1.0, 2.0, 3.0, 4.0])]
    >>> boxes_in("cat") is boxes_in("1 2 3") is None
    True
    """
    if _ONLY_NUMBERS.match(text):
        numbers = [float(word) for word in _NUMBER.findall(text)]
        if len(numbers) < 4 or len(numbers) % 4:
            return None
        return [(None, numbers[i : i + 4]) for i in range(0, len(numbers), 4)]
    if text.startswith(("[{", "{")):
        return _objects_in(text)
    words = text.split()
    if len(words) < 5 or len(words) % 5:
        return None
    found: list[tuple[str | None, list[float]]] = []
    for i in range(0, len(words), 5):
        four = [number_of(word) for word in words[i + 1 : i + 5]]
        if None in four or number_of(words[i]) is not None:
            return None
        found.append((words[i], [n for n in four if n is not None]))
    return found


def _objects_in(text: str) -> list[tuple[str | None, list[float]]] | None:
    try:
        content: Any = json_value(text if '"' in text else text.replace("'", '"'))
    except ValueError:
        return None
    if isinstance(content, dict) and isinstance(content.get("bbox"), list):
        return _objects_by_key(content)
    found: list[tuple[str | None, list[float]]] = []
    for entry in content if isinstance(content, list) else [content]:
        if not isinstance(entry, dict):
            return None
        four = _sides_by_name(entry)
        name = entry.get("class", entry.get("label"))
        if isinstance(names := entry.get("rectanglelabels"), list):
            # Label Studio's are hundredths of the image's size.
            size = [_given(entry.get(key)) for key in ("original_width", "original_height")] * 2
            four = [None if n is None or s is None else n * s / 100 for n, s in zip(four, size, strict=True)]
            name = names[0] if names else None
        if None in four:
            return None
        found.append((name if isinstance(name, str) else None, [n for n in four if n is not None]))
    return found


def _sides_by_name(entry: dict[str, Any]) -> list[float | None]:
    """x, y, width and height of an object that names its sides, or its corners."""
    said = {plain(key): _given(value) for key, value in entry.items()}
    for left, top, right, bottom in _CORNERS:
        corners = [said.get(key) for key in (left, top, right, bottom)]
        x1, y1, x2, y2 = corners
        if x1 is not None and y1 is not None and x2 is not None and y2 is not None:
            return [x1, y1, x2 - x1, y2 - y1]
    keys = (("x", "left", "xmin"), ("y", "top", "ymin"), ("width", "w"), ("height", "h"))
    return [next((said[key] for key in some if key in said), None) for some in keys]


def _objects_by_key(content: dict[str, Any]) -> list[tuple[str | None, list[float]]] | None:
    """Hugging Face's objects: a list of boxes, and one of as many classes."""
    boxes = content["bbox"]
    lists = (content.get(key) for key in ("categories", "category", "labels", "label"))
    names = next((some for some in lists if isinstance(some, list)), [None] * len(boxes))
    if len(names) != len(boxes):
        return None
    found: list[tuple[str | None, list[float]]] = []
    for name, box in zip(names, boxes, strict=True):
        four = [_given(n) for n in box] if isinstance(box, list) and len(box) == 4 else [None]
        if None in four:
            return None
        found.append((None if name is None else class_name(str(name)), [n for n in four if n is not None]))
    return found


def _given(value: Any) -> float | None:
    return float(value) if is_number(value) else None


def outline_in(text: str) -> list[float] | None:
    """The box ``x1, y1, x2, y2`` around the points that a cell lists; None where it lists none."""
    numbers = [float(word) for word in _NUMBER.findall(text)]
    if len(numbers) < 6 or len(numbers) % 2 or not _ONLY_NUMBERS.match(re.sub(r"[A-Za-z]+", "", text)):
        return None
    xs, ys = numbers[::2], numbers[1::2]
    return [min(xs), min(ys), max(xs), max(ys)]


def thousands(texts: Sequence[str]) -> str | None:
    """A number with a comma that may part thousands as well as decimals, where no other number tells."""
    commas = [text for text in texts if "," in text]
    doubtful = [text for text in commas if re.fullmatch(r"-?[1-9]\d{0,2},\d{3}", text)]
    return doubtful[0] if doubtful and len(doubtful) == len(commas) else None


def class_name(text: str) -> str:
    """A class as a cell names it; numbers that a spreadsheet wrote with a decimal are whole ones.

    Examples
    --------
    >>> class_name("3.0"), class_name("cat"), class_name("NaN")
    ('3', 'cat', '')
    """
    if text.lower() in NOTHING:
        return ""
    return text[:-2] if text.endswith(".0") and text[:-2].isdecimal() else composed(text)


def names_in(text: str) -> list[str]:
    """The classes that one cell lists.

    Examples
    --------
    >>> names_in("['cat', 'big dog']"), names_in("cat dog"), names_in("cat,dog")
    (['cat', 'big dog'], ['cat', 'dog'], ['cat', 'dog'])
    """
    if text.startswith("["):
        return [word.strip() for word in re.findall(r"[^\[\]'\",]+", text) if word.strip()]
    return text.replace(",", " ").split()
