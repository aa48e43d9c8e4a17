"""Ground truth and results as arrays, checked: what every measure of detection starts from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import DataError

GroundTruth = Mapping[str, Any]
Results = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Objects:
    """The annotated objects, in the order of the file's ``annotations``.

    Attributes
    ----------
    images : ndarray of shape (G,), int64
        Positions in :attr:`Checked.image_ids`.
    labels : ndarray of shape (G,), int64
        Positions in :attr:`Checked.classes`.
    xywh : ndarray of shape (G, 4), float64
    areas : ndarray of shape (G,), float64
    crowd, difficult : ndarray of shape (G,), bool
    """

    images: NDArray[np.int64]
    labels: NDArray[np.int64]
    xywh: NDArray[np.float64]
    areas: NDArray[np.float64]
    crowd: NDArray[np.bool_]
    difficult: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, eq=False)
class Found:
    """The detections, in the order of the results: ``images``, ``labels``, ``xywh`` as in `Objects`."""

    images: NDArray[np.int64]
    labels: NDArray[np.int64]
    xywh: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, eq=False)
class Checked:
    """Ground truth and results that belong together.

    Attributes
    ----------
    image_ids : tuple
        Sorted, which is the order in which COCO's evaluator goes through the images.
    classes : tuple of str
        In the order of the file's ``categories``; a name that occurs twice has its id behind it.
    objects : Objects
    found : Found
    """

    image_ids: tuple[int | str, ...]
    classes: tuple[str, ...]
    objects: Objects
    found: Found


def check(ground_truth: GroundTruth, results: Results, source: str = "the results") -> Checked:
    """Turn a COCO ground truth and a COCO results list into arrays.

    Parameters
    ----------
    ground_truth : mapping
        The content of a COCO annotation file.
    results : sequence of mappings
        Entries with ``image_id``, ``category_id``, ``bbox`` and ``score``.
    source : str
        What error messages call the results.

    Returns
    -------
    Checked

    Raises
    ------
    DataError
        If either is malformed, or the results speak of images or categories which the ground truth
        does not have. Entries are numbered from 1 in the messages.
    """
    for key in ("images", "annotations", "categories"):
        if not isinstance(ground_truth, Mapping) or not isinstance(ground_truth.get(key), list | tuple):
            raise DataError(
                f"the ground truth has no list {key!r}: give the content of a COCO annotation file, "
                "or Dataset.to_coco()"
            )
    image_ids = tuple(sorted(_ids(ground_truth["images"], "images"), key=lambda i: (isinstance(i, str), i)))
    category_ids = _ids(ground_truth["categories"], "categories")
    images = {i: k for k, i in enumerate(image_ids)}
    categories = {i: k for k, i in enumerate(category_ids)}
    return Checked(
        image_ids,
        _class_names(ground_truth["categories"]),
        _objects(ground_truth["annotations"], images, categories),
        _found(results, images, categories, source),
    )


def _ids(entries: Sequence[Any], what: str) -> list[int | str]:
    ids: list[int | str] = []
    for number, entry in enumerate(entries, 1):
        id_ = entry.get("id") if isinstance(entry, Mapping) else None
        if isinstance(id_, bool) or not isinstance(id_, int | np.integer | str):
            raise DataError(
                f"entry {number} of the ground truth's {what} has no usable 'id': give each a number"
            )
        ids.append(id_ if isinstance(id_, str) else int(id_))
    if len(set(ids)) < len(ids):
        twice = next(i for i, count in Counter(ids).items() if count > 1)
        raise DataError(f"the ground truth's {what} have the id {twice!r} more than once: ids must be unique")
    return ids


def _class_names(categories: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    names = [str(c.get("name", c["id"])) for c in categories]
    count = Counter(names)
    return tuple(n if count[n] == 1 else f"{n} ({c['id']})" for n, c in zip(names, categories, strict=True))


def _objects(
    annotations: Sequence[Any], images: dict[int | str, int], categories: dict[int | str, int]
) -> Objects:
    rows = []
    for number, entry in enumerate(annotations, 1):
        where = f"annotation {number} of the ground truth"
        image, label, box = _common(entry, where, images, categories)
        area = entry.get("area")
        area = float(area) if _is_number(area) else box[2] * box[3]
        rows.append((image, label, *box, area, bool(entry.get("iscrowd")), bool(entry.get("difficult"))))
    table = np.array(rows, np.float64).reshape(-1, 9)
    return Objects(
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.int64),
        np.ascontiguousarray(table[:, 2:6]),
        table[:, 6],
        table[:, 7] > 0,
        table[:, 8] > 0,
    )


def _found(
    results: Results, images: dict[int | str, int], categories: dict[int | str, int], source: str
) -> Found:
    if isinstance(results, Mapping | str) or not isinstance(results, Sequence):
        raise DataError(f"{source} must be a list with one entry for each detection")
    rows = []
    for number, entry in enumerate(results, 1):
        where = f"entry {number} of {source}"
        image, label, box = _common(entry, where, images, categories)
        if "score" not in entry:
            raise DataError(f"{where} has no 'score': every detection needs one")
        if not _is_number(entry["score"]):
            raise DataError(f"{where} has the score {entry['score']!r}: give a finite number")
        rows.append((image, label, *box, float(entry["score"])))
    table = np.array(rows, np.float64).reshape(-1, 7)
    return Found(
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.int64),
        np.ascontiguousarray(table[:, 2:6]),
        table[:, 6],
    )


def _common(
    entry: Any, where: str, images: dict[int | str, int], categories: dict[int | str, int]
) -> tuple[int, int, tuple[float, float, float, float]]:
    """The image, the class and the box of an entry."""
    if not isinstance(entry, Mapping):
        raise DataError(f"{where} is {entry!r:.60}: give an object with image_id, category_id and bbox")
    for key in ("image_id", "category_id", "bbox"):
        if key not in entry:
            raise DataError(f"{where} has no {key!r}: every entry needs one")
    positions = []
    for key, known, what in (("image_id", images, "image"), ("category_id", categories, "category")):
        value = entry[key]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float | str | np.generic)
            or value not in known
        ):
            raise DataError(
                f"{where} names the {what} {value!r}, which the ground truth does not have ({_some(known)}): "
                + (
                    "results and ground truth are of different splits or data sets"
                    if what == "image"
                    else "use the ids of the ground truth's categories"
                )
            )
        positions.append(known[value])  # type: ignore[index]
    box = entry["bbox"]
    try:
        x, y, w, h = box
    except (TypeError, ValueError):
        raise DataError(f"{where} has the bbox {box!r:.60}: give x, y, width, height") from None
    if not (_is_number(x) and _is_number(y) and _is_number(w) and _is_number(h)):
        raise DataError(f"{where} has the bbox {box!r:.100}: give four finite numbers")
    if w < 0 or h < 0:
        raise DataError(
            f"{where} has the bbox {box!r:.100} of negative width or height: "
            "give x, y, width, height, not two corners"
        )
    return positions[0], positions[1], (float(x), float(y), float(w), float(h))


def _some(known: dict[int | str, int]) -> str:
    """The first of the known ids, for a message."""
    ids = list(known)
    return (
        "its ids: " + ", ".join(map(repr, ids[:5])) + (", …" if len(ids) > 5 else "")
        if ids
        else "it has none"
    )


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and isinstance(value, Real) and isfinite(value)
    except OverflowError:  # a whole number beyond float64
        return False
