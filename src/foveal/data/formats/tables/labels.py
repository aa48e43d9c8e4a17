"""Classes of whole images in tables: a row an image, its class in one column or a column each class."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foveal.data.dataset import Finding
from foveal.data.documents import Documents, Table
from foveal.data.file_tree import Match, Tree, is_image
from foveal.data.formats.records import Reading, Record
from foveal.data.formats.split_lists import from_folders
from foveal.data.formats.tables.cells import NOTHING, class_name, number_of
from foveal.data.formats.tables.class_names import named_classes
from foveal.data.formats.tables.columns import Columns, columns_of
from foveal.data.formats.tables.rows import (
    Rows,
    Sheet,
    best_names,
    is_submission,
    left_out,
    sheets_of,
    without_missing,
)
from foveal.data.formats.tables.words import NAMES, plain
from foveal.data.formats.text_lists import text_lists
from foveal.wording import be, count

# Of so many different words for each image no classes are made: they are names or captions.
_DIFFERENT = 0.5
_FEW = 10
# A few images that are all of different classes need a column that is called so.
_LEAST = 3
# A table whose first line says nothing is one of classes where this share of its rows names images.
_KNOWN = 0.5


@dataclass
class _Labels:
    """What tables say of images, by the images' paths, else by what they are called."""

    records: dict[str, Record] = field(default_factory=dict)
    contradicted: dict[str, str] = field(default_factory=dict)
    repeated: dict[str, int] = field(default_factory=dict)

    def add(self, record: Record, findings: list[Finding]) -> None:
        """Take what a row says, unless another one said it."""
        key = record.image or record.named
        other = self.records.setdefault(key, record)
        if other is record:
            return
        file = record.annotation or ""
        if other.label != record.label:
            self.contradicted.setdefault(key, file)
        elif record.split not in (None, other.split):
            text = f"{record.named} is in the parts {other.split} and {record.split}."
            findings.append(
                Finding("in-two-splits", "warning", file, text, f"It counts as {other.split} only.")
            )
        if other.annotation != file:
            self.repeated[file] = self.repeated.get(file, 0) + 1


@dataclass(frozen=True)
class _Listed(Table):
    """JSON Lines as a table: a line a row, a key a column."""

    entries: tuple[Any, ...] = ()

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The keys, and the values of every line; what is no word and no number is empty."""
        yield 0, self.columns
        for line, entry in enumerate(self.entries, 1):
            if isinstance(entry, dict):
                yield line, [_word(entry.get(key)) for key in self.columns]


def _from_texts(tree: Tree) -> dict[str, Sheet]:
    """The text files whose lines are an image and its class, as Caffe's and ImageNet's lists are."""
    found = {}
    for file, lines in text_lists(tree):
        pairs = [_parted(line) for line in lines if line]
        fit = [pair for pair in pairs if pair is not None]
        if pairs and 10 * len(fit) >= 9 * len(pairs):
            table = _Pairs(tree.path(file), ["", ""], [list(pair) for pair in fit[:50]], " ", tuple(fit))
            found[file] = Sheet(table, Columns(False, (0,), (1,)))
    return found


def _parted(line: str) -> tuple[str, str] | None:
    """The image and the class of a line; None where it is none of these."""
    parts = re.split(r"\s*[,;\t]\s*", line)
    if len(parts) == 1:
        parts = line.rsplit(maxsplit=1)
    if len(parts) != 2 or not is_image(parts[0]) or re.search(r"[/\\]|\.\w{2,4}$|,", parts[1]):
        return None  # a mask or an annotation file in the second place is no class
    return parts[0], parts[1]


@dataclass(frozen=True)
class _Pairs(Table):
    """Lines of a text file as a table."""

    pairs: tuple[tuple[str, str], ...] = ()

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every pair; broken lines are not among them."""
        yield from ((line, list(pair)) for line, pair in enumerate(self.pairs, 1))


def _word(value: Any) -> str:
    # A list of labels is no class.
    return str(value).strip() if isinstance(value, str | int | float) else ""


def listed(content: list[Any]) -> Table | None:
    """JSON Lines as a table, such as Hugging Face's ``metadata.jsonl``; None where they name no file."""
    head = [entry for entry in content[:50] if isinstance(entry, dict)]
    if not head or not any(isinstance(entry.get("file_name"), str) for entry in head):
        return None
    columns = list(dict.fromkeys(str(key) for entry in head for key in entry))
    rows = [[_word(entry.get(key)) for key in columns] for entry in head]
    return _Listed(Path(), columns, [columns, *rows], ",", tuple(content))


def take(content: Any, file: str) -> Sheet | None:
    """A table of images with classes; None where it is none.

    One of two columns may be, and may also name the classes of another one: only the images tell.
    """
    if isinstance(content, list):
        content = listed(content)
    if not isinstance(content, Table) or content.columns[:3] == ["file", "split", "source"]:
        return None
    columns = columns_of(content)
    return Sheet(content, columns) if columns is not None and not columns.has_boxes else None


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's tables of images and classes say; None where there are none.

    An image has one class: those that several rows or columns give several are left out, with a finding.
    The classes are sorted by name, those of a table that numbers them are in its order.
    """
    sheets = {**sheets_of(documents, "labels"), **_from_texts(tree)}
    if not sheets:
        return None
    reading, labels = Reading(), _Labels()
    for file, sheet in sheets.items():
        _read(tree, file, sheet, reading, labels)
    for file, told in labels.repeated.items():
        text = f"{told} of its pictures {be(told)} described by other files too."
        action = "What they say together counts."
        reading.findings.append(Finding("several-annotation-files", "note", file, text, action))
    _leave_out(labels, reading.findings)
    if labels.contradicted and not labels.records:
        reading.reasons.append(f"{reading.files[0]} gives all pictures several classes; one has one class.")
    reading.records = list(labels.records.values())
    used = {record.label for record in reading.records if record.label is not None}
    called, reading.classes = named_classes(
        tree, documents, used, reading.findings, files=reading.files, note=True
    )
    for record in reading.records:
        record.label = called[record.label or ""]
    if reading.records:
        _note_unlabelled(tree, reading)
    return reading


def _read(tree: Tree, file: str, sheet: Sheet, reading: Reading, labels: _Labels) -> None:
    """Add what one table says."""
    findings: list[Finding] = []
    rows = Rows(tree, file, sheet, findings)
    columns = rows.columns
    content = list(rows)
    wanted = 0.0 if sheet.columns.header else _KNOWN
    reason = _no_truth(rows, content, file)
    if reason:
        reading.reasons.append(reason)
        if rows.matched > wanted:
            reading.findings.append(left_out(file, reason))
        return
    several = none = 0
    naming = best_names(rows, content)
    records = []
    for line, row in content:
        name = row[columns.images[0]]
        if name.lower() in NOTHING:
            rows.tell(line, "names no picture")
            continue
        if columns.score is not None and number_of(row[columns.score]) == 0:
            continue  # Open Images: people say that the class is not there
        label: str | None
        if columns.one_hot:
            ones = [i for i in columns.one_hot if number_of(row[i]) == 1]
            several += len(ones) > 1
            none += not ones
            label = sheet.table.columns[ones[0]] if len(ones) == 1 else None
        else:
            label = class_name(row[naming or 0]) or None
            none += label is None
        if label is None:
            reading.spoken_for.append(rows.image(name).image or "")
            continue
        records.append(_record(rows, name, label, file, row))
    rows.close()
    known = columns.named and plain(sheet.table.columns[naming or 0]) in NAMES
    what = "" if columns.one_hot else _no_classes(records, sure=known)
    if columns.one_hot and 2 * several > len(content):
        what = "gives most pictures several classes at once; one has one class"
    if what:
        what = f"{file} {what}."
        reading.reasons.append(what)
        reading.findings.append(left_out(file, what))
        return
    for number, what in ((several, "several classes"), (none, "no class")):
        if number:
            text = f"{count(number, 'row names', 'rows name')} {what}."
            action = "Their pictures are left out: one has one class."
            findings.append(Finding("image-without-class", "warning", file, text, action))
    missing = without_missing(tree, file, [(r.named, Match(r.image, r.rivals)) for r in records], findings)
    for record in records:
        if record.named not in missing:
            labels.add(record, findings)
    reading.findings += findings
    reading.files.append(file)


def _no_truth(rows: Rows, content: Sequence[tuple[int, list[str]]], file: str) -> str:
    """Why a table tells no classes of images that are here; "" where it does."""
    columns, words = rows.columns, rows.sheet.table.columns
    wanted = 0.0 if rows.sheet.columns.header else _KNOWN
    if is_submission(file):
        return f"{file} is called a submission: it holds no truth."
    if not content:
        return f"{file} has no rows."
    if rows.matched <= wanted and rows.tree.images:
        return f"{file} names pictures that are not there, such as {content[0][1][columns.images[0]][:60]!r}."
    if columns.masks:
        return f"{file} holds masks as run lengths: no classes and no boxes."
    scores = {number_of(row[columns.score]) for _, row in content} if columns.score is not None else set()
    if not scores <= {0, 1, None}:
        return f"{file} has scores: they are a model's answers, not the truth."
    if not columns.names and not columns.one_hot:
        others = [word for i, word in enumerate(words) if i not in (columns.images[0], columns.split)]
        return f"{file} does not say which column is the class ({', '.join(others)[:200]}): call it 'label'."
    return ""


def _record(rows: Rows, name: str, label: str, file: str, row: Sequence[str]) -> Record:
    match = rows.image(name)
    split = rows.split_in(row) or from_folders(match.image or name, file)
    return Record(match.image, name, file, split=split, label=label, rivals=match.rivals)


def _no_classes(records: Sequence[Record], *, sure: bool) -> str:
    """What speaks against a column's words being classes; "" where nothing does.

    ``sure`` is whether the column is called like one of classes.
    """
    different = {record.label for record in records if record.label is not None}
    many = len(records) > _FEW and len(different) > _DIFFERENT * len(records)
    if many or (not sure and _FEW >= len(records) == len(different) > _LEAST):
        return f"has {len(different)} different words in {len(records)} rows: these are no classes"
    values = [number_of(word) for word in different]
    if any(value is not None and value % 1 for value in values) and None not in values:
        return "has numbers with decimals in place of classes"
    return ""


def _leave_out(labels: _Labels, findings: list[Finding]) -> None:
    """Take away the images that have several classes."""
    for key, file in labels.contradicted.items():
        record = labels.records.pop(key)
        where = file if record.annotation == file else f"{record.annotation} and {file}"
        text = f"{where} gives the picture {record.named} several classes."
        findings.append(Finding("contradicting-annotations", "error", file, text, "The picture is left out."))


def _note_unlabelled(tree: Tree, reading: Reading) -> None:
    """Say how many images no table speaks of."""
    known = {*reading.images, *reading.spoken_for}
    known |= {rival for record in reading.records for rival in record.rivals}
    folders = {image.rpartition("/")[0] for image in reading.images}
    left = [image for image in tree.images if image not in known]
    beside = [image for image in left if image.rpartition("/")[0] in folders]
    for some, severity in ((beside, "warning"), ([i for i in left if i not in set(beside)], "note")):
        if some:
            text = f"{count(len(some), 'picture is', 'pictures are')} named by no row, such as {some[0]}."
            action = "They are left out: they have no class."
            finding = Finding("image-without-class", "warning", "", text, action)
            if severity == "note":
                finding = Finding("image-without-class", "note", "", text, action)
            reading.findings.append(finding)
