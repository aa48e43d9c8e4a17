"""WIDER FACE: lists of images with the boxes of their faces (Yang et al., 2016; its annotations' readme)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foveal.data.dataset import Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import Tree, is_image
from foveal.data.formats.records import FARTHEST, Reading, Record, record_of, union
from foveal.data.formats.tables.cells import number_of
from foveal.data.formats.tables.rows import image_in, split_of, without_missing
from foveal.data.formats.text_lists import text_lists

_CLASS = "face"
# Where the flag `invalid` stands behind x, y, width, height, blur, expression, illumination.
_INVALID = 7


@dataclass(frozen=True)
class _Image:
    """One image of a list: the number of its line, its path, the lines of its faces, how many are told."""

    line: int
    path: str
    faces: tuple[tuple[int, str], ...]
    announced: int | None = None


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's lists of faces say; None where there are none.

    A list has for each image its path, the number of faces, and for each face ``x y width height blur
    expression illumination invalid occlusion pose``, one zero row where there is none; or, as RetinaFace has
    it, ``# path`` and the faces. There is one class, ``face``; invalid faces count as difficult.

    Raises
    ------
    DataError
        If two lists contradict each other about an image.
    """
    reading = Reading(classes=[_CLASS])
    parts = []
    for file, lines in text_lists(tree):
        images = (
            list(_counted(lines)) if _is_counted(lines) else list(_marked(lines)) if _is_marked(lines) else []
        )
        if images:
            reading.files.append(file)
            parts.append((file, _records(tree, file, images, reading.findings)))
    if not parts:
        return None
    reading.records, told_before = union(parts)
    for file, count in told_before.items():
        text, action = f"{count} of its pictures are in other lists too.", "What they say together counts."
        reading.findings.append(Finding("several-annotation-files", "note", file, text, action))
    return reading


def _is_counted(lines: Sequence[str]) -> bool:
    filled = [line for line in lines if line][:2]
    return len(filled) == 2 and is_image(filled[0]) and filled[1].isdecimal()


def _is_marked(lines: Sequence[str]) -> bool:
    filled = [line for line in lines if line][:2]
    return (
        len(filled) == 2 and filled[0].startswith("#") and is_image(filled[0]) and _box(filled[1]) is not None
    )


def _counted(lines: Sequence[str]) -> Iterator[_Image]:
    """The images of a list with the number of faces before them."""
    found: list[tuple[int, str]] = []
    path, start = "", 0
    for number, line in enumerate(lines, 1):
        if is_image(line) and number_of(line.split()[0]) is None:
            if path:
                yield _Image(start, path, _faces(found), _announced(found))
            path, start, found = line, number, []
        elif line:
            found.append((number, line))
    if path:
        yield _Image(start, path, _faces(found), _announced(found))


def _faces(found: Sequence[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """The lines of faces behind the line with their number; a row of zeros behind a 0 is none."""
    if found and found[0][1] == "0":
        return tuple((n, line) for n, line in found[1:] if any(number_of(word) != 0 for word in line.split()))
    return tuple(found[1:] if found and found[0][1].isdecimal() else found)


def _announced(found: Sequence[tuple[int, str]]) -> int | None:
    """The number of faces that the line before them tells."""
    return int(found[0][1]) if found and found[0][1].isdecimal() and len(found[0][1]) < 9 else None


def _marked(lines: Sequence[str]) -> Iterator[_Image]:
    """The images of a list with a mark before their paths."""
    faces: list[tuple[int, str]] = []
    path, start = "", 0
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            if path:
                yield _Image(start, path, tuple(faces))
            path, start, faces = line.lstrip("# "), number, []
        elif line:
            faces.append((number, line))
    if path:
        yield _Image(start, path, tuple(faces))


def _box(line: str) -> list[float] | None:
    """The numbers of a face's line; None where it is no such line."""
    numbers = [number_of(word) for word in line.split()]
    found = [n for n in numbers if n is not None and abs(n) <= FARTHEST]
    return found if len(found) == len(numbers) >= 4 else None


def _records(tree: Tree, file: str, images: Sequence[_Image], findings: list[Finding]) -> list[Record]:
    split = split_of(file)
    matches = [image_in(tree, image.path, file) for image in images]
    missing = without_missing(tree, file, zip((i.path for i in images), matches, strict=True), findings)
    records: dict[str, Record] = {}
    for image, match in zip(images, matches, strict=True):
        if image.path in missing:
            continue
        record = records.setdefault(image.path, record_of(match, image.path, file, split=split))
        if image.announced is not None and image.announced != len(image.faces):
            text = (
                f"Line {image.line} announces {image.announced} faces of {image.path}; "
                f"{len(image.faces)} follow."
            )
            action = "Those that are there count: see whether the file was cut."
            findings.append(Finding("broken-annotation", "warning", file, text, action))
        for line, words in image.faces:
            numbers = _box(words)
            if numbers is None:
                text = f"Line {line} is no face `x y width height ...`: {words[:60]!r}."
                findings.append(Finding("broken-object", "error", file, text, "The face is left out."))
                continue
            x, y, width, height = numbers[:4]
            record.boxes.append([x, y, x + width, y + height])
            record.names.append(_CLASS)
            # RetinaFace's lines have points in place of flags.
            record.difficult.append(len(numbers) == 10 and numbers[_INVALID] == 1)
            record.crowd.append(False)
    return list(records.values())
