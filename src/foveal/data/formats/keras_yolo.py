"""Lists as keras-yolo3 and its kin train on: a line an image, ``path x1,y1,x2,y2,class x1,y1,...``."""

import re
from collections.abc import Sequence

from foveal.data.dataset import Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import Match, Tree, composed, is_image
from foveal.data.formats.records import FARTHEST, Reading, Record, record_of, union
from foveal.data.formats.tables.class_names import named_classes
from foveal.data.formats.tables.rows import image_in, split_of, without_missing
from foveal.data.formats.text_lists import text_lists

_NUMBER = r"-?\d{1,12}(?:\.\d{1,30})?"
_OBJECT = re.compile(rf"({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER}),([^\s,]+)")
# A path may hold blanks: the objects are the words at the end that look like some.
_LOOKED_AT = 20


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's lists of images with boxes say; None where there are none.

    A path alone is an image of background. Corners are kept as they are.

    Raises
    ------
    DataError
        If two lists contradict each other about an image.
    """
    reading, parts = Reading(), []
    for file, lines in text_lists(tree):
        if _is_list(lines):
            reading.files.append(file)
            parts.append((file, _records(tree, file, lines, reading.findings)))
    if not parts:
        return None
    # What is held out stays held out.
    order = ("test", "val", "train", None)
    parts.sort(key=lambda part: order.index(split_of(part[0])))
    used = {name for _, records in parts for record in records for name in record.names}
    called, reading.classes = named_classes(tree, documents, used, reading.findings)
    for _, records in parts:
        for record in records:
            record.names = [called[name] for name in record.names]
    reading.records, told_before = union(parts)
    for file, count in told_before.items():
        text, action = f"{count} of its pictures are in other lists too.", "What they say together counts."
        reading.findings.append(Finding("several-annotation-files", "note", file, text, action))
    return reading


def _is_list(lines: Sequence[str]) -> bool:
    head = [line for line in lines if line][:_LOOKED_AT]
    found = [_split(line) for line in head]
    return any(objects for _, objects in found) and all(is_image(path) for path, _ in found)


def _split(line: str) -> tuple[str, list[str]]:
    """The path and the objects of a line."""
    words = line.split()
    count = 0
    while count < len(words) - 1 and words[-1 - count].count(",") >= 4:
        count += 1
    objects = words[len(words) - count :]
    return (line.rsplit(None, count)[0] if count else line).strip(), objects


def _records(tree: Tree, file: str, lines: Sequence[str], findings: list[Finding]) -> list[Record]:
    split = split_of(file)
    records: dict[str, Record] = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        path, objects = _split(line)
        record = records.get(path)
        if record is None:
            record = records[path] = record_of(image_in(tree, path, file), path, file, split=split)
        for words in objects:
            match = _OBJECT.fullmatch(words)
            corners = [float(word) for word in match.groups()[:4]] if match else []
            if match is None or any(abs(corner) > FARTHEST for corner in corners):
                text = f"Line {number} has an object that is not `x1,y1,x2,y2,class`: {words[:60]!r}."
                findings.append(Finding("broken-object", "error", file, text, "The object is left out."))
                continue
            record.boxes.append(corners)
            record.names.append(composed(match[5]))
            record.difficult.append(False)
            record.crowd.append(False)
    missing = without_missing(
        tree, file, [(p, Match(r.image, r.rivals)) for p, r in records.items()], findings
    )
    return [record for path, record in records.items() if path not in missing]
