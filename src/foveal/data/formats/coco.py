"""COCO's object detection JSON (Lin et al., 2014; cocodataset.org, "data format")."""

import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from foveal.data.dataset import Dataset, Finding, SplitName, relative_name
from foveal.data.file_tree import IMAGE_FOLDERS, Tree, composed
from foveal.data.formats.records import Record, assemble
from foveal.data.formats.split_lists import from_folders, normalise
from foveal.data.formats.writing import check_detection
from foveal.errors import DataError
from foveal.files import write_json


@dataclass
class COCOFile:
    """The content of one annotation file.

    Attributes
    ----------
    file : str
        Relative to the data folder.
    images, annotations, categories : list
        As in the file, not yet checked.
    split : {"train", "val", "test"} or None
        What the file's or its folder's name says.
    """

    file: str
    images: list[Any]
    annotations: list[Any]
    categories: list[Any]
    split: SplitName | None = None
    image_files: list[str | None] = field(default_factory=list)


def parse(path: Path, file: str = "") -> COCOFile | None:
    """Read one JSON file.

    Returns
    -------
    COCOFile or None
        None where the JSON is not a COCO ground truth: a list of results, detections with scores, or
        something else altogether.

    Raises
    ------
    DataError
        If the file is not JSON.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not well-formed JSON ({error}).") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error
    if not isinstance(content, dict):
        return None
    images, annotations = content.get("images"), content.get("annotations")
    categories = content.get("categories", [])
    if not isinstance(images, list) or not isinstance(annotations, list) or not isinstance(categories, list):
        return None
    # A ground truth has no scores: these are somebody's detections in the same clothes.
    if annotations and all(isinstance(a, dict) and "score" in a for a in annotations):
        return None
    file = file or path.name
    return COCOFile(file, images, annotations, categories, _split_of(file))


def _split_of(file: str) -> SplitName | None:
    for word in re.split(r"[^a-z0-9]+", file.rpartition("/")[2].lower()):
        if (split := normalise(word)) is not None:
            return split
    return from_folders(file)


def recognises(tree: Tree) -> bool:
    """Whether the folder holds a COCO file."""
    return bool(files_of(tree)[0])


def broken_files(tree: Tree) -> list[Finding]:
    """A finding for each file of the folder that is no JSON, though it is called so."""
    return files_of(tree)[1]


def files_of(tree: Tree) -> tuple[list[COCOFile], list[Finding]]:
    """The folder's COCO files in the order of their names, and a finding for each broken JSON."""
    found: list[COCOFile] = []
    findings: list[Finding] = []
    for file in tree.with_suffix(".json"):
        try:
            content = parse(tree.path(file), file)
        except DataError as error:
            findings.append(Finding("broken-annotation", "error", file, str(error), "The file is left out."))
            continue
        if content is not None:
            find_images(tree, content)
            found.append(content)
    return found, findings


def find_images(tree: Tree, content: COCOFile) -> None:
    """Look up the images that a file names, among those of the data folder."""
    content.image_files = [_image(tree, content, image) for image in content.images]


def _image(tree: Tree, content: COCOFile, image: Any) -> str | None:
    name = image.get("file_name") if isinstance(image, dict) else None
    return tree.image_named(name, near=_home(content)) if isinstance(name, str) and name else None


def _home(content: COCOFile) -> str:
    """A file whose nearest images are those of the annotation file.

    ``instances_train2017.json`` speaks of ``images/train2017``: of two images of the same name the one
    in the folder named after the split is meant.
    """
    words = re.split(r"[^A-Za-z0-9]+", content.file.rpartition("/")[2])
    named = next((word for word in words if normalise(word) is not None), None)
    if content.split is None or named is None or from_folders(content.file) is not None:
        return content.file
    return f"images/{named}/{content.file.rpartition('/')[2]}"


def originals(files: list[COCOFile]) -> tuple[list[COCOFile], list[Finding]]:
    """Of several files about the same images, the first by name; and a finding for each copy."""
    taken: set[str] = set()
    kept: list[COCOFile] = []
    findings: list[Finding] = []
    # A file without a split of its own may be the union of train and val.
    union = any(f.split is None for f in files) and any(f.split is not None for f in files)
    for content in sorted(files, key=lambda f: (f.split is None, f.file) if union else (False, f.file)):
        names = [
            image_file or str(image.get("file_name", "")) if isinstance(image, dict) else ""
            for image_file, image in zip(content.image_files, content.images, strict=True)
        ]
        if names and 2 * sum(name in taken for name in names) > len(names):
            text = f"The file describes pictures that {', '.join(k.file for k in kept)} describes already."
            action = "The file is not read."
            findings.append(Finding("several-annotation-files", "note", content.file, text, action))
            continue
        taken.update(names)
        kept.append(content)
    return sorted(kept, key=lambda f: f.file), findings


def read_folder(tree: Tree, asked: bool = False) -> Dataset | None:
    """Read all COCO files of a folder as one data set, copies left out; None where there are none."""
    files, findings = files_of(tree)
    if not files:
        return None
    files, copies = originals(files)
    return read(tree, files, findings + copies)


def read_file(path: Path) -> Dataset:
    """Read one COCO file, whose images may be absent.

    Raises
    ------
    DataError
        If it is not one.
    """
    root, file = path.parent, path.name
    if root.resolve().name.lower() in ("annotations", "annotation"):
        root = root if root.name else root.resolve()
        root, file = root.parent, f"{root.name}/{path.name}"
    # Only folders that images may be in: the file may lie in somebody's home.
    tree = Tree.scan(root, lambda name: name.lower() in IMAGE_FOLDERS or normalise(name) is not None)
    content = parse(path, file)
    if content is None:
        raise DataError(
            f"{path} is not a COCO annotation file: that is an object with `images` and `annotations`."
        )
    find_images(tree, content)
    return read(tree, [content], [])


def copies(tree: Tree, counts: bool) -> Iterator[tuple[str, Dataset]]:
    """Every file that is not read, where COCO counts, or every file, each read by itself."""
    files, _ = files_of(tree)
    kept = {content.file for content in originals(files)[0]} if counts else ()
    for content in files:
        if content.file not in kept:
            yield content.file, read(tree, [content], [])


def read(tree: Tree, files: list[COCOFile], findings: list[Finding]) -> Dataset:
    """Read COCO files as one data set.

    Several files are merged by the names of their categories; ids of images that are taken by an
    earlier file are counted on from the largest one.

    Parameters
    ----------
    tree : Tree
    files : list of COCOFile
    findings : list of Finding
        What was found on the way to the files.

    Returns
    -------
    Dataset
        The classes are in the order of their category ids.
    """
    findings = list(findings)
    categories: dict[str, int] = {}
    records: list[Record] = []
    taken: set[int] = set()
    for content in files:
        name_of = _categories(content, categories, findings)
        records += _records(content, name_of, taken, findings)
    names = sorted(categories, key=lambda name: categories[name])
    ids = [categories[name] for name in names]
    return assemble(tree, "coco", "detection", records, names, findings, ids)


def _categories(content: COCOFile, known: dict[str, int], findings: list[Finding]) -> dict[Any, str]:
    """The names of a file's category ids; new names are added to the known ones."""
    name_of: dict[Any, str] = {}
    for entry in content.categories:
        identity, name = (entry.get("id"), entry.get("name")) if isinstance(entry, dict) else (None, None)
        if not _whole(identity) or not isinstance(name, str) or identity in name_of:
            text = f"The category {json.dumps(entry)[:100]} has no id of its own or no name."
            action = "The category is left out."
            findings.append(Finding("broken-object", "error", content.file, text, action))
            continue
        number, name = int(identity), composed(name)
        if name in name_of.values():
            text, action = f"Two categories are called {name!r}.", "They count as one class."
            findings.append(Finding("category-named-twice", "warning", content.file, text, action))
        name_of[number] = name
        if name not in known:
            known[name] = number if number not in known.values() else max(known.values()) + 1
        elif known[name] != number and name not in list(name_of.values())[:-1]:
            text = f"The category {name!r} has the id {number} here and {known[name]} in another file."
            action = f"Classes are matched by name; {known[name]} counts."
            findings.append(Finding("category-ids-differ", "warning", content.file, text, action))
    return name_of


def _records(
    content: COCOFile, name_of: dict[Any, str], taken: set[int], findings: list[Finding]
) -> list[Record]:
    record_of: dict[int, Record] = {}
    shift = max(taken, default=-1) + 1
    clash = False
    swapped = 0

    def tell(kind: str, text: str, action: str) -> None:
        findings.append(Finding(kind, "error", content.file, text, action))

    for image, image_file in zip(content.images, content.image_files, strict=True):
        identity = image.get("id") if isinstance(image, dict) else None
        name = image.get("file_name") if isinstance(image, dict) else None
        if not _whole(identity) or not isinstance(name, str) or not name:
            entry = json.dumps(image)[:100]
            tell("broken-object", f"The image {entry} has no id or no file_name.", "The image is left out.")
            continue
        number = int(identity)
        if number in record_of:
            tell("broken-object", f"Two images have the id {number}.", "The second one is left out.")
            continue
        clash |= number in taken
        from_url = _split_of_url(image.get("coco_url"))
        swapped += from_url is not None and content.split is not None and from_url != content.split
        record_of[number] = Record(
            image_file,
            name,
            content.file,
            _number(image.get("width")),
            _number(image.get("height")),
            areas=[],
            xywh=[],
            split=content.split or from_folders(image_file or name),
            id=number,
        )
    for entry in content.annotations:
        _add(entry, record_of, name_of, tell)
    if swapped:
        text = (
            f"{swapped} of {len(record_of)} images of this {content.split} file come, by their coco_url, "
            "from another part of COCO: a model that was trained on COCO may know them."
        )
        findings.append(Finding("split-of-origin", "note", content.file, text, "The file's split counts."))
    if clash:
        for record in record_of.values():
            record.id = (record.id or 0) + shift
        text = "Image ids of this file are used by another file too."
        action = f"{shift} is added to the ids of this file."
        findings.append(Finding("image-ids-clash", "warning", content.file, text, action))
    taken.update(record.id for record in record_of.values() if record.id is not None)
    return list(record_of.values())


def _split_of_url(url: object) -> SplitName | None:
    return from_folders(url) if isinstance(url, str) else None


def _add(entry: Any, record_of: dict[int, Record], name_of: dict[Any, str], tell: Any) -> None:
    """Put one annotation into the record of its image, or tell why not."""
    if not isinstance(entry, dict):
        tell("broken-object", f"{json.dumps(entry)[:100]} is not an annotation.", "It is left out.")
        return
    called = f"Annotation {entry.get('id', '?')}"
    number = entry.get("image_id")
    record = record_of.get(int(number)) if _whole(number) else None
    if record is None:
        tell("unknown-image", f"{called} is of image {number!r}, which the file lacks.", "It is left out.")
        return
    category = entry.get("category_id")
    name = name_of.get(category) if _whole(category) else None
    if name is None:
        text = f"{called} ({record.named}) is of category {category!r}, which the file lacks."
        tell("unknown-class", text, "The object is left out.")
        return
    box = entry.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(_finite(v) for v in box):
        text = f"{called} ({record.named}) has {json.dumps(box)[:60]} for bbox."
        tell("broken-object", text, "The object is left out.")
        return
    x, y, width, height = (float(v) for v in box)
    area = entry.get("area")
    assert record.areas is not None
    assert record.xywh is not None
    record.boxes.append([x, y, x + width, y + height])
    record.xywh.append([x, y, width, height])
    record.areas.append(float(area) if area is not None and _finite(area) else max(width, 0) * max(height, 0))
    record.names.append(name)
    record.crowd.append(bool(_number(entry.get("iscrowd"))))
    record.difficult.append(bool(_number(entry.get("difficult")) or _number(entry.get("ignore"))))


def _finite(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: object) -> TypeGuard[float]:
    return _finite(value) and value == int(value)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, bool) or _finite(value) else 0.0


def write_coco(dataset: Dataset, path: str | os.PathLike[str]) -> None:
    """Write a detection data set as one COCO annotation file.

    Parameters
    ----------
    dataset : Dataset
    path : path-like
        The JSON file. ``file_name`` is relative to the data set's folder: a file that lies there finds
        its images.

    Raises
    ------
    DataError
        If there are classes of whole images in place of boxes.

    Notes
    -----
    A COCO file has no word for splits: write one for each, from ``dataset.part("train")`` and so on, and
    call it so: ``instances_train.json``. The key ``difficult`` (0 or 1) is an addition to COCO's.
    """
    check_detection(dataset, "COCO")
    content = dataset.to_coco()
    for image, sample in zip(content["images"], dataset, strict=True):
        name = relative_name(sample.path, dataset.root)
        image["file_name"] = sample.name if Path(name).is_absolute() else name
    write_json(path, content, indent=None)
