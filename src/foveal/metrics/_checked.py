"""Ground truth and results as arrays, checked: what every measure of detection starts from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import DataError, SettingError

GroundTruth = Mapping[str, Any]
Results = Sequence[Mapping[str, Any]]
# Positions by ids.
Places = dict[int | str, int]


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes of a class, each on an image.

    Attributes
    ----------
    images : ndarray of shape (G,), int64
        Positions in :attr:`Checked.image_ids`.
    labels : ndarray of shape (G,), int64
        Positions in :attr:`Checked.classes`.
    xywh : ndarray of shape (G, 4), float64
    """

    images: NDArray[np.int64]
    labels: NDArray[np.int64]
    xywh: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, eq=False)
class Objects(Boxes):
    """The annotated objects, in the order of the file's ``annotations``.

    Attributes
    ----------
    areas : ndarray of shape (G,), float64
    crowd, difficult : ndarray of shape (G,), bool
    """

    areas: NDArray[np.float64]
    crowd: NDArray[np.bool_]
    difficult: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Found(Boxes):
    """The detections, in the order of the results, with a score each."""

    scores: NDArray[np.float64]


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


def check(
    ground_truth: GroundTruth, results: Results, source: str = "the results", *, iou_threshold: float = 0.5
) -> Checked:
    """Turn a COCO ground truth and a COCO results list into arrays.

    Parameters
    ----------
    ground_truth : mapping
        The content of a COCO annotation file.
    results : sequence of mappings
        Entries with ``image_id``, ``category_id``, ``bbox`` and ``score``.
    source : str
        What error messages call the results.
    iou_threshold : float
        Of a measure that has one.

    Returns
    -------
    Checked

    Raises
    ------
    DataError
        If either is malformed, or the results speak of images or categories which the ground truth
        does not have. Entries are numbered from 1 in the messages.
    SettingError
        If the threshold is outside (0, 1].
    """
    if not 0 < iou_threshold <= 1:
        raise SettingError(f"the IoU threshold is {iou_threshold}: give a number above 0, at most 1")
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


def _objects(annotations: Sequence[Any], images: Places, categories: Places) -> Objects:
    rows = []
    for number, entry in enumerate(annotations, 1):
        known = _common(entry, f"annotation {number} of the ground truth", images, categories)
        area = entry.get("area")
        area = float(area) if _is_number(area) else known[4] * known[5]
        rows.append((*known, area, bool(entry.get("iscrowd")), bool(entry.get("difficult"))))
    common, (areas, crowd, difficult) = _columns(rows, 9)
    return Objects(*common, areas, crowd > 0, difficult > 0)


def _found(results: Results, images: Places, categories: Places, source: str) -> Found:
    if isinstance(results, Mapping | str) or not isinstance(results, Sequence):
        raise DataError(f"{source} must be a list with one entry for each detection")
    rows = []
    for number, entry in enumerate(results, 1):
        where = f"entry {number} of {source}"
        known = _common(entry, where, images, categories)
        if "score" not in entry:
            raise DataError(f"{where} has no 'score': every detection needs one")
        if not _is_number(entry["score"]):
            raise DataError(f"{where} has the score {entry['score']!r}: give a finite number")
        rows.append((*known, float(entry["score"])))
    common, (scores,) = _columns(rows, 7)
    return Found(*common, scores)


def _columns(
    rows: list[tuple[Any, ...]], number: int
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]], NDArray[np.float64]]:
    """Images, labels and boxes of rows of so many numbers; and the other columns."""
    table = np.array(rows, np.float64).reshape(-1, number)
    images, labels = table[:, :2].T.astype(np.int64)
    return (images, labels, np.ascontiguousarray(table[:, 2:6])), table[:, 6:].T


def _common(entry: Any, where: str, images: Places, categories: Places) -> tuple[float, ...]:
    """The image, the class and the box, ``x, y, width, height``, of an entry."""
    if not isinstance(entry, Mapping):
        raise DataError(f"{where} is {entry!r:.60}: give an object with image_id, category_id and bbox")
    for key in ("image_id", "category_id", "bbox"):
        if key not in entry:
            raise DataError(f"{where} has no {key!r}: every entry needs one")
    positions = []
    for known, what in ((images, "image"), (categories, "category")):
        value = entry[f"{what}_id"]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float | str | np.generic)
            or value not in known
        ):
            mend = "results and ground truth are of different splits or data sets"
            if what == "category":
                mend = "use the ids of the ground truth's categories"
            raise DataError(
                f"{where} names the {what} {value!r}, which the ground truth does not have ({_some(known)}): "
                + mend
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
    return *positions, float(x), float(y), float(w), float(h)


def _some(known: Places) -> str:
    """The first of the known ids, for a message."""
    ids = list(known)
    some = ", ".join(map(repr, ids[:5])) + (", …" if len(ids) > 5 else "")
    return f"its ids: {some}" if ids else "it has none"


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and isinstance(value, Real) and isfinite(value)
    except OverflowError:  # a whole number beyond float64
        return False


def coco_evaluator(checked: Checked) -> Any:
    """A ``hotcoco.COCOeval`` of the checked ground truth and results, not yet evaluated.

    Ids are counted anew from 1 in the same order: COCO's evaluator takes the annotation id 0 for
    "no match", and a user's ids may be repeated or no numbers at all. ``difficult`` is left out, so such
    objects count; so is ``ignore``, which COCO's evaluator overwrites with ``iscrowd``.
    """
    from hotcoco import COCO, COCOeval

    objects, found = checked.objects, checked.found
    columns = (objects.images + 1, objects.labels + 1, objects.xywh, objects.areas, objects.crowd.astype(int))
    annotations = zip(*(column.tolist() for column in columns), strict=True)
    ground_truth = COCO(
        {
            "images": [{"id": i, "width": 0, "height": 0} for i in range(1, len(checked.image_ids) + 1)],
            # Their own names may be no UTF-8; nothing is looked up by them.
            "categories": [{"id": k, "name": str(k)} for k in range(1, len(checked.classes) + 1)],
            "annotations": [
                {"id": number, "image_id": i, "category_id": k, "bbox": box, "area": area, "iscrowd": crowd}
                for number, (i, k, box, area, crowd) in enumerate(annotations, 1)
            ],
        }
    )
    rows = np.column_stack([found.images + 1, found.xywh, found.scores, found.labels + 1])
    return COCOeval(ground_truth, ground_truth.load_res(rows if len(rows) else []), "bbox")
