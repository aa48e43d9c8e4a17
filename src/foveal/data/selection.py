"""Some of a data set: of its images, its objects, its classes."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.findings import Finding
from foveal.errors import DataError, did_you_mean
from foveal.wording import be, count

if TYPE_CHECKING:
    from foveal.data.dataset import Dataset, Sample

# Classes that a finding names.
_NAMED = 8


def places(index: Sequence[int] | NDArray[Any], number: int) -> list[int]:
    """The places that a mask, or a list of places, means.

    Raises
    ------
    IndexError
        If a mask has another length, or a place is not there.
    TypeError
        If it is neither.
    """
    chosen = np.asarray(index)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "biu"):
        raise TypeError("a data set is indexed by a place, a slice, a mask or a list of places")
    if chosen.dtype.kind == "b":
        if len(chosen) != number:
            raise IndexError(f"the mask is of {len(chosen)} images, the data set has {number}")
        return np.flatnonzero(chosen).tolist()
    return [range(number)[int(place)] for place in chosen]


def with_objects(sample: "Sample", chosen: NDArray[Any]) -> "Sample":
    """An image with only some of its objects, given their places or a mask."""
    return replace(
        sample,
        boxes=sample.boxes[chosen],
        labels=sample.labels[chosen],
        difficult=sample.difficult[chosen],
        crowd=sample.crowd[chosen],
        areas=sample.areas[chosen],
        xywh=None if sample.xywh is None else sample.xywh[chosen],
    )


def where(dataset: "Dataset", predicate: "Callable[[Sample], bool]") -> "Dataset":
    """The images of which something holds."""
    kept = tuple(sample for sample in dataset if predicate(sample))
    less = len(dataset) - len(kept)
    return _told(replace(dataset, samples=kept), less, f"{count(less, 'picture')} did not fit the filter.")


def without_background(dataset: "Dataset") -> "Dataset":
    """The images that have objects; of a data set of whole images all."""
    if dataset.task != "detection":
        return dataset
    kept = tuple(sample for sample in dataset if len(sample.boxes))
    less = len(dataset) - len(kept)
    return _told(
        replace(dataset, samples=kept), less, f"{count(less, 'picture has', 'pictures have')} no object."
    )


def of_classes(dataset: "Dataset", classes: Iterable[str], *, background: bool = True) -> "Dataset":
    """Only some classes, see :meth:`foveal.data.Dataset.filter`."""
    wanted = list(dict.fromkeys([classes] if isinstance(classes, str) else classes))
    check_known(dataset, wanted)
    if not wanted:
        raise DataError("No class is named that is to stay.")
    kept = [label for label, name in enumerate(dataset.classes) if name in wanted]
    new = np.full(len(dataset.classes), -1)
    new[kept] = np.arange(len(kept))
    lost: Counter[str] = Counter()
    emptied = 0
    samples = []
    for sample in dataset:
        if sample.label is not None:
            if new[sample.label] < 0:
                lost[dataset.classes[sample.label]] += 1
                continue
            samples.append(replace(sample, label=int(new[sample.label])))
            continue
        stays = new[sample.labels] >= 0
        lost.update(dataset.classes[label] for label in sample.labels[~stays].tolist())
        emptied += bool(len(stays) and not stays.any())
        left = with_objects(sample, stays)
        samples.append(replace(left, labels=new[left.labels].astype(np.int64)))
    less = sum(lost.values())
    named = ", ".join(f"{name} {number}" for name, number in lost.most_common(_NAMED))
    named += f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    things = count(less, "object" if dataset.task == "detection" else "picture")
    result = replace(
        dataset,
        classes=tuple(dataset.classes[label] for label in kept),
        category_ids=tuple(dataset.category_ids[label] for label in kept),
        samples=tuple(samples),
    )
    result = _told(result, less, f"{things} of other classes {be(less)} left out: {named}.")
    if emptied and background:
        text = f"{count(emptied, 'picture shows', 'pictures show')} objects of other classes only."
        finding = Finding("background", "note", "", text, "They stay as background.")
        result = replace(result, findings=(*result.findings, finding))
    return result


def renamed(dataset: "Dataset", names: Mapping[str, str]) -> "Dataset":
    """Other names of classes, see :meth:`foveal.data.Dataset.rename`."""
    check_known(dataset, names)
    if empty := [old for old, new in names.items() if not new.strip()]:
        raise DataError(f"The class {empty[0]!r} needs a name that is not empty.")
    called = [names.get(name, name) for name in dataset.classes]
    classes = list(dict.fromkeys(called))
    new = np.array([classes.index(name) for name in called], np.int64)
    samples = tuple(
        replace(
            sample,
            labels=new[sample.labels],
            label=None if sample.label is None else int(new[sample.label]),
        )
        for sample in dataset
    )
    ids = tuple(dataset.category_ids[called.index(name)] for name in classes)
    result = replace(dataset, classes=tuple(classes), category_ids=ids, samples=samples)
    for name in classes:
        joined = [old for old, other in zip(dataset.classes, called, strict=True) if other == name]
        if len(joined) > 1:
            text = f"The classes {', '.join(joined)} are one now."
            finding = Finding("joined-classes", "note", "", text, f"They are called {name}.")
            result = replace(result, findings=(*result.findings, finding))
    return result


def check_known(dataset: "Dataset", names: Iterable[str]) -> None:
    """Refuse names of classes that there are not.

    Raises
    ------
    DataError
        If there is one.
    """
    for name in names:
        if name not in dataset.classes:
            near = did_you_mean(name, dataset.classes)
            there = ", ".join(dataset.classes[:_NAMED]) or "none"
            there += ", …" if len(dataset.classes) > _NAMED else ""
            raise DataError(f"{dataset.path} has no class {name!r}; its classes are {there}.{near}")


def _told(dataset: "Dataset", less: int, text: str) -> "Dataset":
    if not less:
        return dataset
    finding = Finding("left-out", "note", "", text, f"{'It is' if less == 1 else 'They are'} left out.")
    return replace(dataset, findings=(*dataset.findings, finding))
