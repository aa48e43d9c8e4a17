"""The crops that ``foveal prepare`` writes: ``manifest.csv``, ``positive/<class>/``, ``negative/``."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice

from foveal.data.dataset import Finding
from foveal.data.documents import Documents, Table
from foveal.data.file_tree import Tree
from foveal.data.formats.records import Reading, Record
from foveal.data.formats.split_lists import normalise

#: The class of crops that show no object, and the folder that they are in.
NEGATIVE = "negative"


def take(table: Table, file: str) -> Table | None:
    """The table of a manifest; None where it is none."""
    return table if file == "manifest.csv" and table.columns[:2] == ["file", "split"] else None


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What the manifest of crops that ``foveal prepare`` wrote says; None where there is none.

    The classes are those of the objects, sorted, and ``negative``. An object's class is the manifest's
    ``label``, and the folder's name where there is none: folders cannot be called like every class.
    """
    table: Table | None = documents.of("crops").get("manifest.csv")
    if table is None:
        return None
    known = {file: file for file in tree.images}
    reading = Reading(files=["manifest.csv"])
    for line, words in islice(table.exact_rows(), 1, None):
        row = dict(zip(table.columns, words, strict=False))
        name = row["file"].replace("\\", "/").removeprefix("./")
        parts = name.split("/")
        if len(parts) >= 2 and parts[0] == NEGATIVE:
            label = NEGATIVE
        elif len(parts) >= 3 and parts[0] == "positive":
            label = row.get("label") or parts[1]
            # In a manifest from elsewhere an object may have the name of no object.
            label = parts[1] if label == NEGATIVE else label
        else:
            text = f"Line {line} names {name!r}, which is in neither positive/<class>/ nor negative/."
            finding = Finding("broken-object", "error", "manifest.csv", text, "The line is left out.")
            reading.findings.append(finding)
            continue
        split = normalise(row.get("split", ""))
        reading.records.append(Record(known.get(name), name, "manifest.csv", split=split, label=label))
    labels = {record.label for record in reading.records if record.label is not None}
    reading.classes = [*sorted(labels - {NEGATIVE}), *sorted(labels & {NEGATIVE})]
    return reading


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
