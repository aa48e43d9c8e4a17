"""One folder a class, and the crops that ``foveal prepare`` writes."""

import csv

from foveal.data.dataset import Dataset, Finding
from foveal.data.pictures import IMAGE_FOLDERS, Tree, is_picture
from foveal.data.records import Record, assemble
from foveal.data.split_lists import normalise
from foveal.errors import DataError

NEGATIVE = "negative"


def recognises(tree: Tree) -> bool:
    """Whether the pictures lie in the folders of at least two classes."""
    classes = classes_of(tree)
    # Pictures in images/train and images/test are of no class.
    return len(classes) >= 2 and any(
        normalise(name) is None and name.lower() not in IMAGE_FOLDERS for name in classes
    )


def classes_of(tree: Tree) -> list[str]:
    """The classes that the folders' names give, sorted."""
    return sorted({label for _, label, _ in _places(tree) if label is not None})


def _top(tree: Tree) -> str:
    """The folder which the class or split folders lie in: down while there is only one way."""
    top = ""
    while True:
        pictures, below = _content(tree, top)
        if pictures or len(below) != 1 or not _content(tree, below[0])[1]:
            return top
        if normalise(below[0].rpartition("/")[2]) is not None:
            return top
        top = below[0]


def _content(tree: Tree, folder: str) -> tuple[bool, list[str]]:
    pictures = any(is_picture(name) for name in tree.folders[folder])
    start = f"{folder}/" if folder else ""
    below = {
        start + other[len(start) :].split("/")[0]
        for other in tree.folders
        if other != folder and other.startswith(start)
    }
    return pictures, sorted(b for b in below if _filled(tree, b))


def _filled(tree: Tree, folder: str) -> bool:
    return any(f == folder or f.startswith(f"{folder}/") for f in tree.picture_folders)


def _places(tree: Tree) -> list[tuple[str, str | None, str | None]]:
    """Every picture with its class and the folder of its split; None where it has none."""
    top = _top(tree)
    start = len(top) + 1 if top else 0
    split_folders = set()
    for folder in _content(tree, top)[1]:
        pictures, below = _content(tree, folder)
        # A class may be called "train": a split's folder has folders in it and no pictures.
        if normalise(folder[start:]) is not None and below and not pictures:
            split_folders.add(folder[start:])
    places: list[tuple[str, str | None, str | None]] = []
    for file in tree.pictures:
        parts = file[start:].split("/")
        split = None
        if split_folders:
            if parts[0] not in split_folders:
                places.append((file, None, None))
                continue
            split = parts.pop(0)
        places.append((file, parts[0] if len(parts) > 1 else None, split))
    return places


def read(tree: Tree) -> Dataset:
    """Read a folder with one folder of pictures for each class.

    Both ``<class>/*`` and ``{train,val,test}/<class>/*`` are understood.

    Returns
    -------
    Dataset
        The classes are sorted by name.
    """
    places = _places(tree)
    classes = sorted({label for _, label, _ in places if label is not None})
    outside = [file for file, label, _ in places if label is None]
    findings = [
        Finding(
            "picture-without-class",
            "warning",
            file,
            "The picture lies in no class's folder.",
            "The picture is left out.",
        )
        for file in outside
    ]
    records = [
        Record(file, file, split=normalise(split) if split else None, label=label)
        for file, label, split in places
        if label is not None
    ]
    findings += [
        Finding("empty-folder", "warning", folder, "The folder holds no picture.", "It is not a class.")
        for folder, names in tree.folders.items()
        if folder
        and not _filled(tree, folder)
        and not any(other.startswith(f"{folder}/") for other in tree.folders)
    ]
    return assemble(tree, "folders", "classification", records, classes, findings)


def recognises_crops(tree: Tree) -> bool:
    """Whether the folder is what ``foveal prepare`` writes."""
    if "manifest.csv" not in tree.folders[""]:
        return False
    with tree.path("manifest.csv").open(encoding="utf-8", errors="replace") as file:
        return file.readline().strip().split(",")[:2] == ["file", "split"]


def read_crops(tree: Tree) -> Dataset:
    """Read the crops that ``foveal prepare`` wrote: ``manifest.csv``, ``positive/<class>/``, ``negative/``.

    Returns
    -------
    Dataset
        For classification; the classes are those of the objects, sorted, and ``negative``. An object's
        class is the manifest's ``label``, and the folder's name where there is none: folders cannot be
        called like every class.
    """
    known = {file: file for file in tree.pictures}
    findings: list[Finding] = []
    records: list[Record] = []
    with tree.path("manifest.csv").open(encoding="utf-8", errors="replace", newline="") as file:
        rows = csv.DictReader(file)
        if not {"file", "split"} <= set(rows.fieldnames or ()):
            raise DataError(f"{tree.path('manifest.csv')} lacks the columns file and split.")
        for line, row in enumerate(rows, 2):
            name = (row["file"] or "").replace("\\", "/").removeprefix("./")
            parts = name.split("/")
            if len(parts) >= 2 and parts[0] == NEGATIVE:
                label = NEGATIVE
            elif len(parts) >= 3 and parts[0] == "positive":
                label = row.get("label") or parts[1]
                # In a manifest from elsewhere an object may have the name of no object.
                label = parts[1] if label == NEGATIVE else label
            else:
                findings.append(
                    Finding(
                        "broken-object",
                        "error",
                        "manifest.csv",
                        f"Line {line} names {name!r}, which is in neither positive/<class>/ nor negative/.",
                        "The line is left out.",
                    )
                )
                continue
            split = normalise(row["split"] or "")
            records.append(Record(known.get(name), name, "manifest.csv", split=split, label=label))
    classes = sorted({r.label for r in records if r.label not in (None, NEGATIVE)}, key=str)
    labels = [str(name) for name in classes]
    if any(record.label == NEGATIVE for record in records):
        labels.append(NEGATIVE)
    return assemble(tree, "crops", "classification", records, labels, findings)
