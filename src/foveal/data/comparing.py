"""What of a data set is another one, such as what is read of it after it has been written."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset, Sample, relative_name
from foveal.data.findings import Finding, Severity
from foveal.errors import DataError
from foveal.wording import be, count

# Shares of an image's size, in all digits, come back as float32 so near.
_NEAR = 1e-3
_NEAR_OF_ALL = 1e-5


@dataclass
class _Compared:
    """What was counted."""

    lost_images: list[str] = field(default_factory=list)
    lost_objects: list[str] = field(default_factory=list)
    open_regions: int = 0
    turned: int = 0
    sizes: list[str] = field(default_factory=list)
    flags: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    ids: int = 0
    areas: int = 0
    called: dict[str, str] = field(default_factory=dict)


def compare(dataset: Dataset, names: Sequence[str], again: Dataset, title: str) -> list[Finding]:
    """What a format had no words for, counted.

    Parameters
    ----------
    dataset : Dataset
        What was to be written.
    names : sequence of str
        The files' names that its images were given, or their paths.
    again : Dataset
        What is read of it.
    title : str
        The format, as sentences call it.

    Returns
    -------
    list of Finding

    Raises
    ------
    DataError
        If an image or an object is missing, is of another class or lies elsewhere.
    """
    paths = any("/" in name for name in names)
    others = {relative_name(other.path, again.root) if paths else other.path.name: other for other in again}
    seen = _Compared()
    for sample, name in zip(dataset, names, strict=True):
        other = others.pop(name, None)
        where = relative_name(sample.path, dataset.root)
        if other is None:
            seen.lost_images.append(where)
        else:
            _compare(dataset, again, sample, other, where, seen)
    wrong = [
        *(f"without {name}" for name in seen.lost_images),
        *(f"with {name} in addition" for name in others),
        *(f"with other objects in {name}" for name in seen.lost_objects),
        *(f"with another size of {name}" for name in seen.sizes),
    ]
    if wrong:
        more = f" (and {len(wrong) - 1} more such)" if len(wrong) > 1 else ""
        raise DataError(
            f"{dataset.path} cannot be written as {title}: what was written is read {wrong[0]}{more}. "
            "Nothing was kept; name another format with --to."
        )
    return [
        *_of_objects(dataset, seen, title),
        *_of_classes(dataset, again, seen, title),
        *_of_ids(dataset, seen, title),
    ]


def _compare(
    dataset: Dataset, again: Dataset, sample: Sample, other: Sample, where: str, seen: _Compared
) -> None:
    if all((sample.width, sample.height, other.width, other.height)) and (sample.width, sample.height) != (
        other.width,
        other.height,
    ):
        seen.sizes.append(where)
    if sample.split != other.split:
        seen.flags["split" if other.split is None else "other split"] += 1
    seen.ids += sample.id != other.id
    if sample.label is not None:
        same = other.label is not None and _is_called(
            dataset.classes[sample.label], again.classes[other.label], seen
        )
        if not same:
            seen.lost_objects.append(where)
        return
    pairs = _pairs(dataset, again, sample, other, seen)
    if pairs is None:
        seen.lost_objects.append(where)
        return
    for i, j in pairs:
        if sample.crowd[i] and not other.crowd[j]:
            seen.flags["crowd as difficult" if other.difficult[j] else "crowd"] += 1
        elif sample.difficult[i] and not other.difficult[j]:
            seen.flags["difficult"] += 1
        seen.areas += bool(abs(sample.areas[i] - other.areas[j]) > 1e-3 * max(1.0, sample.areas[i]))


def _is_called(name: str, other: str, seen: _Compared) -> bool:
    """Whether a class is that one of the other data set, here and everywhere."""
    return seen.called.setdefault(name, other) == other


def _pairs(
    dataset: Dataset, again: Dataset, sample: Sample, other: Sample, seen: _Compared
) -> list[tuple[int, int]] | None:
    """Which object is which; None where one is missing, in addition, or another."""
    left = list(range(len(other.boxes)))
    pairs = []
    for i, box in enumerate(sample.boxes.astype(np.float64)):
        name = dataset.classes[int(sample.labels[i])]
        turned = np.array([*np.minimum(box[:2], box[2:]), *np.maximum(box[:2], box[2:])])
        j = next(
            (j for j in left if _same(box, turned, other, j) and _named(name, again, other, j, seen)), None
        )
        if j is None:
            # What KITTI leaves open has no class there.
            if not (sample.difficult[i] or sample.crowd[i]):
                return None
            seen.open_regions += 1
            continue
        left.remove(j)
        seen.turned += not _near(box, other.boxes[j])
        _is_called(name, again.classes[int(other.labels[j])], seen)
        pairs.append((i, j))
    return None if left else pairs


def _named(name: str, again: Dataset, other: Sample, j: int, seen: _Compared) -> bool:
    called = again.classes[int(other.labels[j])]
    return seen.called.get(name, name if name in again.classes else called) == called


def _same(box: NDArray[np.float64], turned: NDArray[np.float64], other: Sample, j: int) -> bool:
    return _near(box, other.boxes[j]) or _near(turned, other.boxes[j])


def _near(box: NDArray[np.float64], other: NDArray[np.float32]) -> bool:
    return bool(np.abs(box - other).max() <= _NEAR + _NEAR_OF_ALL * np.abs(box).max())


def _of_objects(dataset: Dataset, seen: _Compared, title: str) -> list[Finding]:
    total = sum(len(sample.boxes) for sample in dataset)
    objects = count(total, "object")
    flags = seen.flags
    findings = []

    def tell(kind: str, number: int, severity: Severity, text: str, action: str) -> None:
        if number:
            findings.append(Finding(kind, severity, "", text, action))

    n = flags["difficult"]
    text = f"{n} of {objects} {be(n)} marked as difficult, for which there is no word in {title}."
    tell("lost-difficult", n, "warning", text, "They are objects like any other there.")
    n = flags["crowd"]
    text = f"{n} of {objects} {be(n)} marked as crowd regions, for which there is no word in {title}."
    tell("lost-crowd", n, "warning", text, "They are objects like any other there.")
    n = flags["crowd as difficult"]
    text = f"{n} of {objects} {be(n)} marked as crowd regions, for which there is no word in {title}."
    tell("crowd-as-difficult", n, "note", text, "They are marked as difficult.")
    n = seen.open_regions
    text = (
        f"{n} of {objects} {be(n)} marked as difficult or crowd: {title} keeps such regions without a class."
    )
    tell("lost-objects", n, "warning", text, "They are no objects there.")
    n = seen.turned
    text = (
        f"{n} of {objects} {'has' if n == 1 else 'have'} corners that are swapped, which {title} cannot hold."
    )
    tell("corners-put-right", n, "note", text, "They are put right.")
    n = flags["split"]
    some = count(n, "picture is", "pictures are")
    text = f"{some} in parts (train, val, test), for which there is no word in {title}."
    tell("lost-splits", n, "warning", text, "They are in no part there.")
    n = flags["other split"]
    text = f"{count(n, 'picture is', 'pictures are')} read as of another part."
    tell("other-splits", n, "warning", text, "Divide all anew with --split.")
    return findings


def _of_classes(dataset: Dataset, again: Dataset, seen: _Compared, title: str) -> list[Finding]:
    findings = []
    called = [seen.called.get(name, name) for name in dataset.classes]
    for name, other in seen.called.items():
        if name != other:
            text = f"The class {name} cannot be called so in {title}."
            findings.append(Finding("renamed-class", "warning", "", text, f"It is called {other}."))
    joined = [name for name, other in seen.called.items() if list(seen.called.values()).count(other) > 1]
    if joined:
        raise DataError(
            f"{dataset.path} cannot be written as {title}, where the classes {', '.join(joined)} would be "
            "one: give them other names with --rename."
        )
    lost = [name for name, other in zip(dataset.classes, called, strict=True) if other not in again.classes]
    if lost:
        text = (
            f"{count(len(lost), 'class', 'classes')} without objects, for which there is no word in {title}: "
        )
        text += ", ".join(lost) + "."
        findings.append(Finding("lost-classes", "note", "", text, "They are not in it."))
    kept = [name for name in called if name in again.classes]
    if kept != [name for name in again.classes if name in kept]:
        text = f"The order of the classes is another one in {title}: {', '.join(again.classes)}."
        findings.append(Finding("class-order", "note", "", text, "A model's numbers of classes differ."))
    elif dataset.format == "coco" and not lost and dataset.category_ids != again.category_ids:
        text = f"The category ids are others in {title}."
        findings.append(Finding("category-ids", "note", "", text, "They count from 1."))
    return findings


def _of_ids(dataset: Dataset, seen: _Compared, title: str) -> list[Finding]:
    """What COCO alone has words for; numbers that were counted when a data set was read mean nothing."""
    if dataset.format != "coco":
        return []
    findings = []
    if seen.ids:
        some = count(seen.ids, "picture has an id", "pictures have ids")
        text = f"{some}, for which there is no word in {title}."
        action = "They count from 1 in the order of the files' names."
        findings.append(Finding("lost-ids", "note", "", text, action))
    outlined = sum(
        int((np.abs(_areas(s) - s.areas) > 1e-3 * np.maximum(_areas(s), 1)).sum()) for s in dataset
    )
    if outlined:
        text = f"{count(outlined, 'object has an outline', 'objects have outlines')}, by their areas."
        action = "The boxes alone are written" + (
            ", and take their areas." if seen.areas else ", with the areas."
        )
        findings.append(Finding("lost-outlines", "note", "", text, action))
    return findings


def _areas(sample: Sample) -> NDArray[np.float64]:
    boxes = sample.boxes.astype(np.float64)
    return np.asarray(np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(axis=1))
