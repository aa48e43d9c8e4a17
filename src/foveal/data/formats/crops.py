"""The crops that ``foveal prepare`` writes: ``manifest.csv``, ``positive/<class>/``, ``negative/``."""

import csv
import re
import unicodedata
from collections.abc import Iterable

from foveal.data.dataset import Dataset, Finding
from foveal.data.file_tree import Tree
from foveal.data.formats.records import Record, assemble
from foveal.data.formats.split_lists import normalise
from foveal.errors import DataError

#: The class of crops that show no object, and the folder that they are in.
NEGATIVE = "negative"


def recognises(tree: Tree) -> bool:
    """Whether the folder is what ``foveal prepare`` writes."""
    if "manifest.csv" not in tree.folders[""]:
        return False
    with tree.path("manifest.csv").open(encoding="utf-8", errors="replace") as file:
        return file.readline().strip().split(",")[:2] == ["file", "split"]


def read_folder(tree: Tree, asked: bool = False) -> Dataset | None:
    """Read the crops that ``foveal prepare`` wrote.

    Returns
    -------
    Dataset or None
        For classification; the classes are those of the objects, sorted, and ``negative``. An object's
        class is the manifest's ``label``, and the folder's name where there is none: folders cannot be
        called like every class. None where there is no manifest.
    """
    if not recognises(tree):
        return None
    known = {file: file for file in tree.images}
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
                text = f"Line {line} names {name!r}, which is in neither positive/<class>/ nor negative/."
                findings.append(
                    Finding("broken-object", "error", "manifest.csv", text, "The line is left out.")
                )
                continue
            split = normalise(row["split"] or "")
            records.append(Record(known.get(name), name, "manifest.csv", split=split, label=label))
    labels = sorted({r.label for r in records if r.label is not None} - {NEGATIVE})
    if any(record.label == NEGATIVE for record in records):
        labels.append(NEGATIVE)
    return assemble(tree, "crops", "classification", records, labels, findings)


def manifest_labels(classes: Iterable[str]) -> list[str]:
    """The classes' names in the manifest: their own, unless it is that of the negatives."""
    classes = list(classes)
    other = f"{NEGATIVE} (object)"
    while other in classes:
        other += "*"
    return [other if name == NEGATIVE else name for name in classes]


def safe_name(text: str) -> str:
    """A name that every file system and every shell takes, as like the text as can be.

    Examples
    --------
    >>> safe_name("café / #1=x"), safe_name("../.."), safe_name("猫")
    ('cafe_1_x', 'x', 'x')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", plain).strip("._- ")[:80].rstrip("._- ")
    # Names of devices on Windows.
    return f"{name}_" if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name) else name or "x"
