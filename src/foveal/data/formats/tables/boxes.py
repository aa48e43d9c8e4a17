"""Boxes in tables: a row a box or an image, in all the shapes that tools and competitions write.

TensorFlow's object detection (``filename,width,height,class,xmin,ymin,xmax,ymax``), keras-retinanet's (no
first line; ``path,x1,y1,x2,y2,class``), Detecto's, Open Images', Google AutoML's, Roboflow's, Kaggle's with
``[x, y, w, h]`` in one column.
"""

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy

from foveal.data.dataset import Finding
from foveal.data.documents import Documents, Table, parse_table
from foveal.data.file_tree import Tree, is_image
from foveal.data.formats.records import FARTHEST, Reading, Record, union
from foveal.data.formats.tables.cells import (
    NOTHING,
    YES,
    boxes_in,
    class_name,
    names_in,
    number_of,
    outline_in,
    thousands,
)
from foveal.data.formats.tables.class_names import named_classes
from foveal.data.formats.tables.columns import Columns, columns_of
from foveal.data.formats.tables.layouts import Part, place, to_pixels
from foveal.data.formats.tables.rows import (
    Rows,
    Sheet,
    best_names,
    is_submission,
    left_out,
    sheets_of,
    without_missing,
)
from foveal.data.formats.text_lists import text_lists
from foveal.errors import DataError
from foveal.wording import be, count


def take(table: Table, file: str) -> Sheet | None:
    """A table of boxes; None where it is none."""
    if table.columns[:3] == ["file", "split", "source"]:
        return None  # the manifest of `foveal prepare`
    columns = columns_of(table)
    return Sheet(table, columns) if columns is not None and columns.has_boxes else None


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's tables of boxes say; None where there are none.

    The classes are sorted by name, those of a table that numbers them are in its order.

    Raises
    ------
    DataError
        If the columns' names do not say what the numbers are and two layouts fit all boxes, or if two tables
        contradict each other about an image.
    """
    sheets = {**sheets_of(documents, "csv"), **dict(_from_texts(tree))}
    reasons = [why for file, why in documents.broken.items() if file.lower().endswith((".csv", ".tsv"))]
    if not sheets and not reasons:
        return None
    reading = Reading(reasons=reasons)
    parts = []
    for file, sheet in sheets.items():
        part = _part(tree, file, sheet, reading)
        if part is not None:
            parts.append(part)
            reading.files.append(file)
    reading.findings += [
        Finding("broken-annotation", "error", file, why, "The file is left out.")
        for file, why in documents.broken.items()
        if file.lower().endswith((".csv", ".tsv"))
    ]
    for shape in dict.fromkeys(part.shape for part in parts):
        place(tree, [part for part in parts if part.shape == shape], reading.findings)
    if len({record.relative for part in parts for record in part.records if record.boxes}) > 1:
        for part in parts:
            to_pixels(tree, part.records)
    used = {name for part in parts for record in part.records for name in record.names}
    called, reading.classes = named_classes(tree, documents, used, reading.findings, files=reading.files)
    for part in parts:
        for record in part.records:
            record.names = [called[name] for name in record.names]
    _unite(parts, reading)
    _note_outlines(parts, reading.findings)
    return reading


def _from_texts(tree: Tree) -> Iterator[tuple[str, Sheet]]:
    """The text files that are tables of boxes (keras-frcnn's ``path,x1,y1,x2,y2,class``)."""
    for file, lines in text_lists(tree):
        cells = re.split("[,;\t]", next(line for line in lines if line))
        if len(cells) > 4 and any(is_image(cell.strip()) for cell in cells):
            sheet = take(parse_table(tree.path(file)), file)
            if sheet is not None:
                yield file, sheet


def _part(tree: Tree, file: str, sheet: Sheet, reading: Reading) -> Part | None:
    """The rows of one table; None, with the reason, where they are no truth about images that are here."""
    rows = Rows(tree, file, sheet, reading.findings)
    columns = rows.columns
    content = list(rows)
    reason = _no_truth(rows, content, file)
    if reason:
        reading.reasons.append(reason)
        if rows.matched:
            reading.findings.append(left_out(file, reason))
        return None
    if columns.box:
        cells = [row[i] for _, row in content for i in columns.box if "," in row[i]]
        if (text := thousands(cells)) is not None:
            raise DataError(
                f"{tree.path(file)} has numbers such as {text}, whose comma may part thousands or decimals: "
                "write them with a full stop or without a comma."
            )
    part = Part(file, columns)
    naming = best_names(rows, content)
    position: dict[str, int] = {}
    for line, row in content:
        name = row[columns.images[0]]
        if name.lower() in NOTHING:
            rows.tell(line, "names no picture")
            continue
        if name not in position:
            position[name] = len(part.records)
            match = rows.image(name)
            width, height = _size(columns, row)
            split = rows.split_in(row)
            part.records.append(
                Record(match.image, name, file, width, height, split=split, rivals=match.rivals)
            )
        _add(part, rows, line, row, naming, position[name])
    rows.close()
    if any("object" in record.names for record in part.records) and naming is None:
        text = "No column names the objects' classes."
        action = "All are of one class, 'object'; if a column does, call it 'class'."
        finding = Finding("no-class-names", "warning", file, text, action)
        reading.findings.append(finding)
    missing = without_missing(tree, file, [(n, rows.image(n)) for n in position], reading.findings)
    if missing:
        kept = [i for i, owner in enumerate(part.owners) if part.records[owner].named not in missing]
        new: dict[int, int] = {}
        for i, record in enumerate(part.records):
            if record.named not in missing:
                new[i] = len(new)
        part.records = [record for record in part.records if record.named not in missing]
        part.numbers = [part.numbers[i] for i in kept]
        part.owners = [new[part.owners[i]] for i in kept]
    return part


def _no_truth(rows: Rows, content: Sequence[tuple[int, list[str]]], file: str) -> str:
    """Why a table is no truth about images that are here; "" where it is."""
    columns = rows.columns
    if not content:
        return f"{file} has no rows."
    if is_submission(file):
        return f"{file} is called a submission: it holds no truth."
    if not rows.matched and rows.tree.images:
        named = content[0][1][columns.images[0]]
        return f"{file} names pictures that are not there, such as {named[:60]!r}."
    if columns.score is not None:
        scores = {number_of(row[columns.score]) for _, row in content}
        if not scores <= {0, 1, None}:
            return f"{file} has scores: they are detections, not the truth."
    return ""


def _size(columns: Columns, row: Sequence[str]) -> tuple[float, float]:
    if not columns.size:
        return 0.0, 0.0
    width, height = (number_of(row[i]) for i in columns.size)
    known = width is not None and height is not None and 0 < width < FARTHEST and 0 < height < FARTHEST
    return (width or 0.0, height or 0.0) if known else (0.0, 0.0)


def _add(part: Part, rows: Rows, line: int, row: list[str], naming: int | None, owner: int) -> None:
    """Put the objects of one row into its record, or tell why not."""
    columns, record = part.columns, part.records[owner]
    said = class_name(row[naming]) if naming is not None else "object"
    found = _objects(columns, row)
    if found is None:
        cells = row[columns.text] if columns.text is not None else ", ".join(row[i] for i in _cells(columns))
        rows.tell(line, f"has no box of four numbers: {cells[:60]!r}", "object")
        return
    names = names_in(said)
    # A list is one even where it holds one class; words may be one class of several words.
    listed = said.startswith("[") and said.endswith("]")
    several = len(names) == len(found) and (listed or len(found) > 1)
    if listed and not several and found:
        if len(names) != 1:
            both = f"{count(len(found), 'box', 'boxes')} and {count(len(names), 'class', 'classes')}"
            rows.tell(line, f"has {both}: {said[:60]!r}", "line")
            return
        said = names[0]
    for i, (name, numbers) in enumerate(found):
        if not all(abs(n) <= FARTHEST for n in numbers):
            rows.tell(line, f"has a box whose numbers cannot be: {numbers}", "object")
            continue
        name = name or (names[i] if several else said)
        if not name:
            rows.tell(line, "has a box and no class", "object")
            continue
        part.numbers.append(numbers)
        part.owners.append(owner)
        record.names.append(name)
        record.difficult.append(columns.difficult is not None and row[columns.difficult].lower() in YES)
        record.crowd.append(columns.crowd is not None and row[columns.crowd].lower() in YES)
        part.outlines += columns.outlined or (len(columns.outline) > 4 and columns.named)


def _cells(columns: Columns) -> tuple[int, ...]:
    return columns.box or columns.outline


def _objects(columns: Columns, row: Sequence[str]) -> list[tuple[str | None, list[float]]] | None:
    """The objects of a row: none where it is of background, None where it is broken."""
    if columns.text is not None:
        cell = row[columns.text]
        if cell.lower() in NOTHING:
            return []
        if columns.outlined:
            outline = outline_in(cell)
            return None if outline is None else [(None, outline)]
        return boxes_in(cell)
    cells = [row[i] for i in _cells(columns) if row[i].lower() not in NOTHING]
    numbers = [n for n in map(number_of, cells) if n is not None]
    if not cells:
        return []
    if len(numbers) != len(cells):
        return None
    if columns.outline:
        if len(numbers) < 4 or len(numbers) % 2:
            return None
        xs, ys = numbers[::2], numbers[1::2]
        return [(None, [min(xs), min(ys), max(xs), max(ys)])]
    return [(None, numbers)] if len(numbers) == 4 else None


# -- several tables -------------------------------------------------------------------------------------


def _unite(parts: Sequence[Part], reading: Reading) -> None:
    """Put the records of all tables together, an image once."""
    splits: dict[str, Record] = {}
    for part in parts:
        twice = []
        for record in part.records:
            first = splits.setdefault(record.image or record.named, record)
            if record.split is not None and first.split != record.split:
                twice.append((record.named, first.split, record.split))
        if twice:
            name, kept, other = twice[0]
            text = (
                f"{count(len(twice), 'picture')}, such as {name}, stand in the tables of {kept} and {other}."
            )
            if len(twice) == 1:
                text = f"{name} stands in the tables of {kept} and {other}."
            finding = Finding("in-two-splits", "warning", part.file, text, f"They count as {kept} only.")
            reading.findings.append(finding)
    reading.records, told_before = union([(part.file, part.records) for part in parts])
    for part in parts:
        if told := told_before.get(part.file):
            own = count(len(part.records), "picture")
            text = f"{told} of its {own} {be(told)} described by other files too."
            action = "What they say together counts."
            reading.findings.append(Finding("several-annotation-files", "note", part.file, text, action))
            reading.copies[part.file] = Reading(deepcopy(part.records), reading.classes)


def _note_outlines(parts: Sequence[Part], findings: list[Finding]) -> None:
    outlines = sum(part.outlines for part in parts)
    if outlines:
        text = f"{count(outlines, 'polygon is', 'polygons are')} taken by their bounding boxes."
        findings.append(
            Finding("bounding-boxes", "note", "", text, "What lies outside them in the boxes is learnt too.")
        )
