"""Damaged annotation files of every format: loaded, told of in a finding, or refused by a ``DataError``.

From the repository's root: ``python tests/fuzz/annotations.py --seconds 3600 --keep failures``.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import annotation_files
import harness
import text_mutations
from json_mutations import changed

from foveal.data import doctor, load
from foveal.errors import FovealError

_PICTURES = (".png",)
# Of so many changed folders one is looked at by the doctor, too, who decodes all pictures.
_DOCTORED = 4


def try_folder(folder: Path) -> str:
    """Load a data set; what comes of it."""
    try:
        dataset = load(folder)
    except FovealError as error:
        if "too little memory" in str(error):
            raise MemoryError(str(error)) from error
        raise
    findings = dataset.findings
    if int(folder.name.split("-")[0]) % _DOCTORED == 0:
        findings = tuple(doctor(dataset))
    for finding in findings:
        # What is said has to be printable.
        f"{finding.file} {finding.message} {finding.action}".encode("utf-8", "surrogateescape")
    for sample in dataset:
        if not np.isfinite(sample.boxes).all() or not np.isfinite(sample.areas).all():
            raise AssertionError(f"{sample.path} has boxes that are no numbers")
        if len(sample.labels) and not 0 <= sample.labels.min() <= sample.labels.max() < len(dataset.classes):
            raise AssertionError(f"{sample.path} has labels that are no classes")
    return "told" if any(f.severity == "error" for f in findings) else "used"


def make(rng: np.random.Generator, folder: Path) -> Iterator[tuple[Path, str]]:
    """Folders of every format in turn, each with changes in one of its files or in two."""
    number = 0
    while True:
        for format in annotation_files.WRITERS:
            counts = (int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(1, 4)))
            place = folder / f"{number}-{format}"
            annotation_files.write(format, annotation_files.dataset(*counts), place)
            files = sorted(p for p in place.rglob("*") if p.is_file() and p.suffix not in _PICTURES)
            said = []
            for _ in range(int(rng.choice([1, 1, 2]))):
                file = files[int(rng.integers(len(files)))]
                said.append(f"{file.relative_to(place)}: {change(file, rng)}")
            yield place, "; ".join(said)
            shutil.rmtree(place, ignore_errors=True)
            number += 1


def change(file: Path, rng: np.random.Generator) -> str:
    """Change a file as its kind allows, or as any file may be damaged."""
    content = file.read_bytes()
    kinds: list[Callable[[], tuple[bytes, str]]] = [
        lambda: text_mutations.bytes_changed(content, rng),
        lambda: text_mutations.text_changed(content.decode("utf-8", "replace"), rng),
    ]
    if file.suffix == ".json":
        kinds += [lambda: _json_changed(content, rng)] * 3
        kinds += [lambda: text_mutations.json_nested(content, rng)]
    elif file.suffix == ".jsonl":
        kinds += [lambda: _lines_changed(content, rng)] * 2
    elif file.suffix in (".yaml", ".md"):
        kinds += [lambda: text_mutations.yaml_changed(content.decode(), rng)] * 3
    elif file.suffix == ".xml":
        kinds += [lambda: text_mutations.xml_changed(content.decode(), rng)] * 3
    elif file.suffix == ".csv":
        kinds += [lambda: text_mutations.table_changed(content.decode(), rng)] * 3
    else:
        kinds += [lambda: text_mutations.words_changed(content.decode(), rng)] * 3
    try:
        new, said = kinds[int(rng.integers(len(kinds)))]()
    except Exception:
        # An earlier change has left something that is of the kind no more.
        new, said = text_mutations.bytes_changed(content, rng)
    file.write_bytes(new)
    return said


def _json_changed(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    value, said = changed(json.loads(content), rng)
    return json.dumps(value).encode(), said


def _lines_changed(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    lines: list[Any] = content.splitlines()
    place = int(rng.integers(len(lines)))
    lines[place], said = _json_changed(lines[place], rng)
    return b"\n".join(lines), f"line {place + 1}: {said}"


if __name__ == "__main__":
    sys.exit(harness.main(__file__, make, try_folder, FovealError))
