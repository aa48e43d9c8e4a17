"""The classes of a data set in another order, with others before or after them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from foveal.data.dataset import Dataset


def joined_classes(first: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Some classes, and behind them those of others that are not among them; each in its order.

    Examples
    --------
    >>> joined_classes(["dog", "cat"], ["bird", "cat"])
    ('dog', 'cat', 'bird')
    """
    return tuple(dict.fromkeys([*first, *others]))


def with_classes(dataset: Dataset, classes: Sequence[str]) -> Dataset:
    """The same data set with its classes in another order, and maybe further ones.

    Parameters
    ----------
    dataset : Dataset
    classes : sequence of str
        All of the data set's own, and any others, of which there is no object.

    Returns
    -------
    Dataset
        Category ids are kept; those of further classes are the next that are free.

    Raises
    ------
    ValueError
        If a class of the data set is not among them.
    """
    classes = tuple(classes)
    if classes == dataset.classes:
        return dataset
    if missing := [name for name in dataset.classes if name not in classes]:
        raise ValueError(f"The data set has the class {missing[0]!r}, which is not among those given.")
    places = np.array([classes.index(name) for name in dataset.classes], np.int64)
    known = dict(zip(dataset.classes, dataset.category_ids, strict=True))
    free = max(dataset.category_ids, default=0)
    for name in classes:
        if name not in known:
            free += 1
            known[name] = free
    samples = tuple(
        replace(
            sample,
            labels=places[sample.labels] if len(sample.labels) else sample.labels,
            label=None if sample.label is None else int(places[sample.label]),
        )
        for sample in dataset.samples
    )
    ids = tuple(known[name] for name in classes)
    return replace(dataset, classes=classes, samples=samples, category_ids=ids)


def only_classes(dataset: Dataset, classes: Sequence[str]) -> Dataset:
    """The same data set as it would be if only some classes were known.

    Parameters
    ----------
    dataset : Dataset
    classes : sequence of str
        Objects of others are left out, and their images stay; images that are of another class as a whole
        are left out.

    Returns
    -------
    Dataset
        With these classes, in this order.
    """
    if set(dataset.classes) <= set(classes):
        return with_classes(dataset, classes)
    places = {i: classes.index(name) for i, name in enumerate(dataset.classes) if name in classes}
    samples = []
    for sample in dataset.samples:
        if sample.label is not None and sample.label not in places:
            continue
        kept = np.isin(sample.labels, list(places))
        samples.append(
            replace(
                sample,
                boxes=sample.boxes[kept],
                labels=np.array([places[int(label)] for label in sample.labels[kept]], np.int64),
                difficult=sample.difficult[kept],
                crowd=sample.crowd[kept],
                areas=sample.areas[kept],
                xywh=None if sample.xywh is None else sample.xywh[kept],
                label=None if sample.label is None else places[sample.label],
            )
        )
    return replace(dataset, classes=tuple(classes), samples=tuple(samples), category_ids=())
