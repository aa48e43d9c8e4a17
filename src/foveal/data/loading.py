"""Reading a data set, whatever its format."""

import gc
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from foveal.data.choosing import choose, others, passed_over, why_no_boxes
from foveal.data.copies import compare_copies
from foveal.data.dataset import Dataset, Finding
from foveal.data.documents import Documents, parse_documents
from foveal.data.file_tree import IMAGE_FOLDERS, Tree
from foveal.data.formats import unread
from foveal.data.formats.records import Reading, assemble
from foveal.data.formats.split_lists import normalise
from foveal.data.formats.table import FORMATS, Format
from foveal.errors import DataError
from foveal.files import readable, what_else

# Sentences about what is known and not read, and reasons of formats, that a refusal has.
_NAMED = 3
# How the description of a document ends that another tool wrote, and the way out.
_OF_A_TOOL = ", as of "
_ANOTHER = ", which is not read: export the data set as COCO or Pascal VOC"


def load(path: str | os.PathLike[str], split: str | None = None, format: str | None = None) -> Dataset:
    """Read a data set.

    Parameters
    ----------
    path : path-like
        A folder, a COCO annotation file (whose images may be absent) or YOLO's ``data.yaml``.
    split : str, optional
        Only the images that the data set itself puts in this split: ``"train"``, ``"val"`` or
        ``"test"`` (``"valid"`` and ``"validation"`` are val). All by default.
    format : str, optional
        A name of ``foveal.data.formats.table.FORMATS``, such as ``"voc"``, ``"coco"`` or ``"folders"``.
        By default the one that explains most images and boxes; of copies in several formats the first of
        the table counts. Boxes count more than folders' names where a third of the images have some.

    Returns
    -------
    Dataset
        Broken files and objects among good ones are left out, and each is in ``findings``. Images
        without objects stay. Ids are COCO's, elsewhere they count from 1 in the order of file names
        (of equal names, the path decides).

    Raises
    ------
    DataError
        If the path does not exist, nothing is recognised in it, the named format is not there, the data
        set has no such split, the only file is broken, or annotations in two formats or files contradict
        each other.

    Notes
    -----
    The classes of Pascal VOC and of folders are sorted by name; those of COCO are in the order of their
    ids, those of YOLO in the order of their numbers. Images that lie beside annotated ones and have no
    annotation are background, images without objects; those in folders without any annotated
    image are not part of the data.

    Names in annotation files are only looked up among the files inside the data folder: none can lead
    out of it.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("cat", "dog"):
    ...     (root / name).mkdir()
    ...     Image.new("RGB", (8, 6)).save(root / name / "1.png")
    >>> dataset = load(root)
    >>> dataset.format, dataset.classes, [(s.name, s.label, s.width) for s in dataset]
    ('folders', ('cat', 'dog'), [('1.png', 0, 8), ('1.png', 1, 8)])
    """
    path = Path(path)
    if format is not None and format not in FORMATS:
        raise DataError(f"There is no format {format!r}; the formats are {', '.join(FORMATS)}.")
    try:
        what = what_else(path.stat())
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"There is no folder or file {path}.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{readable(str(path))} cannot be a folder or a file ({why}).") from error
    if what not in ("", "a folder"):
        raise DataError(f"{path} is {what}: data sets are folders or regular files.")
    try:
        with _without_collection():
            dataset = _load_folder(Tree.scan(path), format) if what else _load_file(path, format)
    except MemoryError:
        raise DataError(
            f"{path} cannot be read: there is too little memory for all that it says. Load a part of it."
        ) from None
    dataset = replace(dataset, source=path)
    return dataset if split is None else select_split(dataset, split)


@contextmanager
def _without_collection() -> Iterator[None]:
    """No search for cycles: large files make millions of objects, and none of them is in a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def select_split(dataset: Dataset, split: str) -> Dataset:
    """The images that the data set itself puts in a split, in whatever spelling of its name.

    Raises
    ------
    DataError
        If the data set has no such split.
    """
    name = normalise(split)
    if name is None or name not in dataset.splits:
        there = ", ".join(sorted(dataset.splits)) or "no splits"
        raise DataError(f"{dataset.root} has no split {split!r}; it has {there}.")
    return dataset.part(name)


def _load_folder(tree: Tree, format: str | None) -> Dataset:
    documents = parse_documents(tree, FORMATS.values())
    readings: dict[str, Reading] = {}
    failed: dict[str, DataError] = {}
    for row in FORMATS.values():
        try:
            reading = row.read(tree, documents)
        except DataError as error:
            failed[row.name] = error
        else:
            readings |= {} if reading is None else {row.name: reading}
    usable = {
        name: reading
        for name, reading in readings.items()
        if reading.records and (name == format or FORMATS[name].sure(reading))
    }
    rows = [row for row in FORMATS.values() if format in (None, row.name)]
    if not any(row.name in usable for row in rows):
        wrong = [failed[row.name] for row in rows if row.name in failed]
        raise wrong[0] if wrong else DataError(_refusal(tree, rows, readings, documents))
    if format is not None:
        best, findings = format, others(usable, format)
    else:
        best, findings = choose(tree, usable)
        if failed and 2 * len(usable[best].images) <= len(tree.images):
            raise next(iter(failed.values()))
        if FORMATS[best].task == "classification":
            unused = [reading for name, reading in readings.items() if name not in usable]
            if why := why_no_boxes(tree, documents, failed, unused):
                raise DataError(
                    f"{why} To take the classes instead ({FORMATS[best].title}): --format {best}."
                )
    findings += [
        Finding("broken-annotation", "error", "", str(error), f"{FORMATS[name].title} does not count.")
        for name, error in failed.items()
    ]
    # What names pictures that are here and cannot be used is not passed over.
    findings += [
        finding for reading in readings.values() if not reading.records for finding in reading.findings
    ]
    findings += passed_over(documents, [*findings, *usable[best].findings])
    findings += _left_out(tree) + unread.pictures(tree, usable[best], FORMATS[best].task)
    boxed = [reading for name, reading in usable.items() if FORMATS[name].task == "detection"]
    spoken_for = {image for reading in boxed for image in reading.images}
    dataset = _assembled(tree, best, usable[best], findings, spoken_for)
    if not dataset.samples:
        worst = sorted(dataset.findings, key=lambda finding: finding.severity != "error")
        first = worst[0].message if worst else "it is empty."
        first = f"{worst[0].file}: {first}" if worst and worst[0].file not in first else first
        raise DataError(f"{tree.root} holds no usable picture: {first}")
    if dataset.task == "detection":
        copies = list(_copies(tree, usable, best))
        dataset = replace(dataset, findings=(*dataset.findings, *compare_copies(dataset, copies)))
    return dataset


def _assembled(
    tree: Tree,
    name: str,
    reading: Reading,
    findings: Iterable[Finding] = (),
    spoken_for: Iterable[str] = (),
) -> Dataset:
    whole = replace(
        reading,
        findings=[*findings, *reading.findings],
        spoken_for=[*reading.spoken_for, *spoken_for],
    )
    return assemble(tree, name, FORMATS[name].task, whole)


def _copies(tree: Tree, usable: dict[str, Reading], best: str) -> Iterator[tuple[str, Dataset]]:
    """What else says something of the images, each with where it is."""
    for name, reading in usable.items():
        if FORMATS[name].task != "detection":
            continue
        if name != best:
            yield reading.where, _assembled(tree, name, reading)
        for where, copy in reading.copies.items():
            # Of what counts, a file whose other objects have been added is none.
            if name != best or copy.repeats(reading):
                yield where, _assembled(tree, name, copy)


def _left_out(tree: Tree) -> list[Finding]:
    """What was not looked at."""
    action = "What is in it is left out."
    findings = [
        Finding(
            "folder-left-out",
            # Somebody may have put data where results are.
            "warning" if "other pictures" in why else "note",
            name,
            f"The folder is not looked into: {why}.",
            action,
        )
        for name, why in tree.skipped.items()
    ]
    return findings + [
        Finding("unreadable-file", "error", name, f"It cannot be looked at: {why}.", "It is left out.")
        for name, why in tree.unreadable.items()
    ]


def _refusal(
    tree: Tree, rows: Sequence[Format], readings: Mapping[str, Reading], documents: Documents
) -> str:
    """Why a folder is no data set: what is known and what is wrong, what lies there, what was tried."""
    closed = [f"{name} cannot be looked at ({why})." for name, why in tree.unreadable.items()][:_NAMED]
    passed = [f"{name} is not looked into: {why}." for name, why in tree.skipped.items()][:_NAMED]
    if not tree.files:
        none = f"{tree.root} is not a data set that Foveal knows: it holds no file"
        return " ".join([f"{none} that can be read." if closed else f"{none}.", *closed, *passed])
    reasons = {row.name: why for row in rows if row.name in readings and (why := _reason(readings[row.name]))}
    strange = [
        f"{file} is {what}{_ANOTHER if _OF_A_TOOL in what else ', as no format has it'}."
        # What is known of a file tells more.
        for file, what in sorted(documents.strange.items(), key=lambda item: _OF_A_TOOL not in item[1])
    ]
    broken = list(documents.broken.values())
    wrong = [*dict.fromkeys(reasons.values()), *(broken[:1] if not reasons else ()), *strange[:1]]
    about = closed + unread.named(tree)[:_NAMED] + wrong[:_NAMED]
    if not about and len(rows) == 1:
        about = [f"Nothing in it is of the format {rows[0].name}: without naming one, Foveal finds it out."]
    about = about or [*unread.first_lines(tree)] or [*unread.bare_pictures(tree)]
    alike: dict[str, list[str]] = {}
    for row in rows:
        alike.setdefault(_lacking(tree, row, row.name in reasons), []).append(row.title)
    tried = "; ".join(f"{', '.join(titles)}{lacking}" for lacking, titles in alike.items())
    text = " ".join([*about, f"It holds {unread.inventory(tree)}.", f"Tried: {tried}.", *passed])
    return f"{tree.root} is not a data set that Foveal knows. {text.replace(f'{tree.root}{os.sep}', '')}"


def _reason(reading: Reading) -> str:
    """The first thing that is wrong with what a format found."""
    errors = (finding for finding in reading.findings if finding.severity == "error")
    said = next((f"{f.file}: {f.message}" if f.file else f.message for f in errors), "")
    return reading.reasons[0] if reading.reasons else said


def _lacking(tree: Tree, row: Format, reasoned: bool) -> str:
    """What of a format is not there, in brackets; ``""`` where that was said, or is not so simple."""
    if reasoned:
        return ""
    if row.lacking:
        return f" ({row.lacking})"
    none = bool(row.suffixes) and not tree.with_suffix(*row.suffixes)
    return f" (no {' or '.join(row.suffixes)})" if none else ""


def _load_file(path: Path, format: str | None) -> Dataset:
    rows = [row for row in FORMATS.values() if row.take and path.suffix.lower() in row.suffixes]
    rows = [row for row in rows if format in (None, row.name)]
    if not rows:
        known = [row for row in FORMATS.values() if row.take]
        suffixes = ", ".join(sorted({suffix for row in known for suffix in row.suffixes}))
        also = f" as {format}" if format else ""
        if what := unread.of_file(path.name):
            raise DataError(f"{path} is {what}.")
        raise DataError(f"{path} cannot be read{also}: data sets are folders, or files with {suffixes}.")
    root, file = path.parent, path.name
    if root.resolve().name.lower() in ("annotations", "annotation", "ann"):
        root = root if root.name else root.resolve()
        root, file = root.parent, f"{root.name}/{path.name}"
    named: set[str] = set()

    def enter(name: str) -> bool:
        # Only folders that images may be in: the file may lie in somebody's home.
        return name.lower() in IMAGE_FOLDERS or normalise(name) is not None or name in named

    # A data.yaml has label files beside it.
    everywhere = path.suffix.lower() in (".yaml", ".yml")
    tree = Tree.scan(root, None if everywhere else enter)
    documents = parse_documents(tree, rows, [file])
    if why := documents.broken.get(file):
        raise DataError(why)
    row = next((row for row in rows if documents.of(row.name)), None)
    if row is None:
        what = documents.strange.get(file, "it is empty")
        wanted = " nor ".join(row.looked_for for row in rows)
        raise DataError(f"{path} is {what}; it is no {wanted}.")
    reading = row.read(tree, documents)
    if reading is not None and reading.records and not reading.images and not everywhere:
        paths = (record.named.replace("\\", "/").split("/") for record in reading.records)
        said = {part for path in paths for part in path[:-1]}
        named |= {entry.name for entry in root.iterdir() if entry.name in said and not enter(entry.name)}
        if named:
            tree = Tree.scan(root, enter)
            reading = row.read(tree, documents)
    if reading is None:
        raise DataError(f"{path} says nothing of any picture.")
    if reading.reasons and not reading.records:
        raise DataError(reading.reasons[0])
    # Of a file of one image the others beside it have files of their own, which were not asked for.
    elsewhere = () if row.one_for_all or everywhere else tree.images
    dataset = _assembled(tree, row.name, reading, spoken_for=elsewhere)
    if reading.records and not dataset.samples:
        raise DataError(f"No picture that {path} speaks of is in {root}.")
    return dataset
