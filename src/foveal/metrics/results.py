"""Detections in COCO's results format: read from a file, and made from what a detector says."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from foveal.data import Dataset, Detections
from foveal.errors import DataError
from foveal.files import json_value, read_regular
from foveal.metrics._checked import GroundTruth, check

# Bytes of a file; a thousand detections of each of COCO's 40,000 test images take a tenth of that.
_LARGEST = 4_000_000_000


def read_results(path: str | os.PathLike[str], ground_truth: GroundTruth) -> list[dict[str, Any]]:
    """Read the detections that any program wrote in COCO's format, and check them.

    Parameters
    ----------
    path : path-like
        A JSON file: a list of entries with ``image_id``, ``category_id``, ``bbox`` (``x, y, width,
        height``) and ``score``, or an object whose ``annotations`` is such a list. Where the object has
        ``images`` or ``categories`` of its own, its ids are translated to those of the ground truth by
        ``file_name`` and ``name``. An ``image_id`` that is a file's name, with or without suffix, is
        translated too (YOLO programs write such).
    ground_truth : dict
        The content of a COCO annotation file, or :meth:`foveal.data.Dataset.to_coco`.

    Returns
    -------
    list of dict
        ``image_id``, ``category_id``, ``bbox`` and ``score`` of each detection, in the order of the file.
        It is empty where the file's list is.

    Raises
    ------
    DataError
        If the file is missing or is not JSON; or an entry lacks a key, has numbers that are not
        finite or a negative width or height, or speaks of an image or a category which the ground
        truth does not have. The message has the entry's number, counted from 1.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "found.json"
    >>> _ = file.write_text('[{"image_id": "a", "category_id": 1, "bbox": [0, 0, 2, 2], "score": 0.5}]')
    >>> truth = {
    ...     "images": [{"id": 7, "file_name": "a.jpg"}],
    ...     "categories": [{"id": 1, "name": "cat"}],
    ...     "annotations": [],
    ... }
    >>> read_results(file, truth)
    [{'image_id': 7, 'category_id': 1, 'bbox': [0.0, 0.0, 2.0, 2.0], 'score': 0.5}]
    """
    path = Path(path)
    try:
        content = json_value(read_regular(path, largest=_LARGEST).decode("utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"there is no file {path}: name a JSON file of detections") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): name a JSON file of detections") from None
    except ValueError as error:
        raise DataError(f"{path} is not JSON ({error}): write it anew") from None
    own: Mapping[str, Any] = {}
    if isinstance(content, dict):
        own, content = content, content.get("annotations")
    if not isinstance(content, list):
        raise DataError(
            f"{path} holds no detections: it must be a list of them, or an object with the list 'annotations'"
        )
    check(ground_truth, [])
    entries = _translated(content, own, ground_truth, path)
    found = check(ground_truth, entries, source=str(path)).found
    return [
        {"image_id": e["image_id"], "category_id": e["category_id"], "bbox": box, "score": score}
        for e, box, score in zip(entries, found.xywh.tolist(), found.scores.tolist(), strict=True)
    ]


def to_results(dataset: Dataset, detections: Iterable[Detections]) -> list[dict[str, Any]]:
    """COCO's results list from what a detector says of each image of a data set.

    Parameters
    ----------
    dataset : Dataset
        Gives the image and category ids.
    detections : iterable of Detections
        One for each image, in the data set's order. Their classes may be in another order than the
        data set's, or fewer: they are matched by name.

    Returns
    -------
    list of dict

    Raises
    ------
    ValueError
        If there are not as many detections as images.
    DataError
        If a detection is of a class that the data set does not have.

    Examples
    --------
    >>> import numpy as np
    >>> from foveal.data import Dataset, Detections, Sample
    >>> dataset = Dataset(Path("."), "voc", "detection", ("cat", "dog"), (Sample(Path("a.jpg"), 7),))
    >>> found = Detections(np.float32([[1, 2, 4, 6]]), np.float32([0.5]), np.int64([0]), ("dog",))
    >>> to_results(dataset, [found])
    [{'image_id': 7, 'category_id': 2, 'bbox': [1.0, 2.0, 3.0, 4.0], 'score': 0.5}]
    """
    known = dict(zip(dataset.classes, dataset.category_ids, strict=True))
    results = []
    for sample, found in zip(dataset.samples, detections, strict=True):
        unknown = {found.classes[int(label)] for label in found.labels} - known.keys()
        if unknown:
            raise DataError(
                f"the detections on {sample.name} are of the class {min(unknown)!r}, which the data set does "
                f"not have: its classes are {', '.join(dataset.classes)}"
            )
        ids = [known.get(name, -1) for name in found.classes]
        results += found.to_coco(sample.id, ids)
    return results


def _translated(
    entries: Sequence[Any], own: Mapping[str, Any], ground_truth: GroundTruth, path: Path
) -> list[Any]:
    """The entries with the ids of the ground truth, where names say which they are."""
    images = _by_name(ground_truth["images"], "file_name")
    categories = _by_name(ground_truth["categories"], "name")
    known = {entry["id"] for entry in ground_truth["images"]}
    own_images = _names(own.get("images"), "file_name")
    own_categories = _names(own.get("categories"), "name")
    translated = []
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, dict):
            entry = dict(entry)
            for key, ids, names in (
                ("image_id", images, own_images),
                ("category_id", categories, own_categories),
            ):
                id_ = entry.get(key)
                if not isinstance(id_, int | str):
                    continue
                if ids and id_ in names:
                    name = names[id_]
                    form = name if name in ids else PurePosixPath(name).name
                    if form not in ids:
                        raise DataError(
                            f"entry {number} of {path} is of {name!r}, which is no {key[:-3]} of the ground "
                            "truth: results and ground truth are of different splits or data sets"
                        )
                    if ids[form] is not None:
                        entry[key] = ids[form]
                elif key == "image_id" and id_ not in known and ids.get(str(id_)) is not None:
                    entry[key] = ids[str(id_)]
        translated.append(entry)
    return translated


def _names(entries: Any, key: str) -> dict[int | str, str]:
    """The names by id that a list of a COCO file gives; none where it is no such list."""
    if not isinstance(entries, list):
        return {}
    return {
        e["id"]: e[key]
        for e in entries
        if isinstance(e, dict) and isinstance(e.get("id"), int | str) and isinstance(e.get(key), str)
    }


def _by_name(entries: Sequence[Mapping[str, Any]], key: str) -> dict[str, int | str | None]:
    """Ids by the ways to write a name: whole and, of files, without folders or suffix.

    A way of writing that two entries share stands for None.
    """
    whole: dict[str, int | str | None] = {}
    shorter: dict[str, int | str | None] = {}
    for entry in entries:
        name, id_ = entry.get(key), entry["id"]
        if isinstance(name, str):
            whole[name] = None if name in whole else id_
            if key == "file_name":
                file = PurePosixPath(name)
                for form in {file.name, file.stem, str(file.with_suffix(""))} if file.name else ():
                    shorter[form] = id_ if shorter.get(form, id_) == id_ else None
    return shorter | whole
