"""The lines of YOLO's label files as a first word and numbers, however they were written."""

import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

# Letters of a line that are kept: of a row to be quoted, of another to be told what it is.
_QUOTED, _KEPT = 61, 200
# Coordinates beyond this are no numbers of an image.
_HUGE = 1e7
# `tensor(0.)`, `tensor(3, device='cuda:0')`, `np.float64(0.5)`: what print() makes of numbers.
_PRINTED = re.compile(r"\b(?:tensor|array|(?:np|numpy)\.\w+)\(\s*([-+.\deE]+)\s*(?:,[^()]*)?\)")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
# Blanks without width, the byte-order mark among them.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), " ") | {ord("\u2212"): "-"}
_TO_BLANKS = str.maketrans("[](){}|\"'", " " * 9)
_HEADER = frozenset(
    {"class", "classid", "id", "cls", "label", "category", "name", "x", "y", "w", "h", "cx", "cy", "xc", "yc"}
    | {"xcenter", "ycenter", "centerx", "centery", "xcentre", "ycentre", "width", "height", "conf"}
    | {"confidence", "score"}
)
# x1 y1 x2 y2 x3 y3 x4 y4 class difficult
_DOTA = re.compile(r"(?:[-+.\d]+\s+){8}[^\d\s]\S*(?:\s+[012])?")


@dataclass(slots=True)
class Row:
    """A line that may be an object.

    Attributes
    ----------
    line : int
        Counted from 1.
    text : str
        The beginning of it, as it stands in the file.
    first : str
        What stands for the class.
    values : sequence of float
        The numbers behind it, at least four, all finite.
    """

    line: int
    text: str
    first: str
    values: Sequence[float]


@dataclass(slots=True)
class LabelFile:
    """A label file, before it is known what its numbers mean.

    Attributes
    ----------
    file : str
        Relative to the data folder.
    rows : list of Row
    broken : list of (int, str)
        Numbers and texts of the lines that are no objects.
    unusual : bool
        Whether a line had to be understood: commas, semicolons, decimal commas, printed tensors.
    """

    file: str
    rows: list[Row] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    unusual: bool = False


def parse_lines(file: str, text: str) -> LabelFile:
    r"""The rows of a label file, given its text.

    Empty lines, lines that begin with ``#``, and a first line that names the columns are passed over.

    Examples
    --------
    >>> found = parse_lines("a.txt", "0 0,5 0,5 0,25 0,125\ncat;.5;.5;.2;.1")
    >>> [(row.first, row.values) for row in found.rows], found.unusual
    ([('0', [0.5, 0.5, 0.25, 0.125]), ('cat', [0.5, 0.5, 0.2, 0.1])], True)
    """
    found = LabelFile(file)
    if "\0" in text:
        # A crash of the system leaves them at the end of a file.
        text = text.replace("\0", "")
    first_line = True
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0][0] == "#":
            continue
        row = None
        if len(words) > 4 and words[0].isdecimal():
            try:
                numbers = [float(word) for word in words[1:]]
            except ValueError:
                pass
            else:
                row = (words[0], numbers)
        if row is None:
            row = _understood(line)
            if row is None and first_line and _is_header(words):
                first_line = False
                continue
            found.unusual |= row is not None and any(sign in line for sign in ",;()[]")
        first_line = False
        if row is None or not all(-_HUGE < value < _HUGE for value in row[1]):
            found.broken.append((number, line.strip()[:_KEPT]))
        else:
            first, numbers = row
            # Millions of polygons' points would fill the memory.
            values = numbers if len(numbers) < 9 else array("d", numbers)
            found.rows.append(Row(number, line.strip()[:_QUOTED], first, values))
    return found


def _understood(line: str) -> tuple[str, list[float]] | None:
    """The first word and the numbers of a line that is not just words between blanks."""
    line = re.sub(r"\s[#%].*$|\s//.*$", "", line.translate(_INVISIBLE))
    if line[:1].isdecimal():
        # A non-breaking blank in an encoding that is not UTF-8.
        line = line.replace("\ufffd", " ")
    if "(" in line:
        line = _PRINTED.sub(r"\1", line)
    for attempt in dict.fromkeys((line, line.translate(_TO_BLANKS))):
        words = _words(attempt)
        start = 1
        if words and _number(words[0]) is None and words[0].lower() not in ("nan", "inf"):
            # Names of classes may hold blanks: the numbers at the end of the line are the coordinates.
            start = len(words)
            while start > 1 and _number(words[start - 1]) is not None:
                start -= 1
        values = [_number(word) for word in words[start:]]
        if len(values) >= 4 and None not in values:
            first = " ".join(words[:start]).strip("\"':")
            return first, [value for value in values if value is not None]
    return None


def _words(line: str) -> list[str]:
    """The words of a line, decimal commas as points."""
    if ";" in line:
        return [_with_point(word.strip()) for word in line.split(";") if word.strip()]
    words = line.split()
    if "," not in line:
        return words
    decimal = sum(_DECIMAL_COMMA.fullmatch(word) is not None for word in words)
    if (
        "." not in line
        and len(words) > 4
        and decimal
        and all("," not in w for w in words if not _is_decimal(w))
    ):
        return [_with_point(word) for word in words]
    separated = "\t" in line and all(_is_decimal(word) or "," not in word for word in line.split("\t"))
    return [word for word in (line.split("\t") if separated else re.split(r"\s*,\s*|\s+", line)) if word]


def _is_decimal(word: str) -> bool:
    return _DECIMAL_COMMA.fullmatch(word) is not None


def _with_point(word: str) -> str:
    return word.replace(",", ".") if _is_decimal(word) else word


def _number(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    # "nan" and "inf" may be a class's name, but are no coordinates.
    return value if math.isfinite(value) else None


def _is_header(words: list[str]) -> bool:
    tidy = [re.sub(r"[^a-z]", "", word.lower()) for word in re.split(r"[,;\s]+", " ".join(words))]
    return len(tidy) >= 3 and sum(word in _HEADER for word in tidy) >= 3


def class_number(first: str) -> int | None:
    """The number of a class, as ``3`` or ``3.0``; None where the word is no such number.

    Examples
    --------
    >>> class_number("3.0"), class_number("0.5"), class_number("-1"), class_number("cat")
    (3, None, None, None)
    """
    if first.isdecimal() and len(first) < 13:
        return int(first)
    value = _number(first)
    return int(value) if value is not None and value == int(value) and 0 <= value < 1e12 else None


def what_it_is(text: str) -> str:
    """What a line is that is no object of YOLO, as the end of a sentence."""
    words = text.split()
    if _DOTA.fullmatch(text) or text.startswith(("imagesource:", "gsd:")):
        return (
            "is DOTA's (four corners in pixels, class, difficult), not YOLO's: divide the corners by the "
            "picture's "
            "size and write `class x1 y1 x2 y2 x3 y3 x4 y4`"
        )
    if len(words) > 4 and any(word.lower().strip("+-") in ("nan", "inf", "infinity") for word in words[1:]):
        return "holds a number that is not finite"
    if words and len(words) > 4 and class_number(words[0]) is None and _number(words[0]) is not None:
        return f"has {words[0]} for a class number"
    return "is not `class cx cy width height`"
