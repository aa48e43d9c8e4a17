"""Where copies of the annotations, in other files and formats, say something else than what counts."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from foveal.data.dataset import Dataset, Finding
from foveal.data.file_tree import stem_of
from foveal.data.formats.table import row_of
from foveal.wording import count


def compare_copies(dataset: Dataset, copies: Iterable[tuple[str, Dataset]]) -> Iterator[Finding]:
    """What copies say otherwise.

    Parameters
    ----------
    dataset : Dataset
        What counts.
    copies : iterable of (str, Dataset)
        Each with where it is.

    Yields
    ------
    Finding
    """
    numbers: dict[str, dict[str, int]] = {}
    for where, copy in copies:
        ids = range(len(copy.classes)) if row_of(copy).from_zero else copy.category_ids
        numbers[where] = dict(zip(copy.classes, ids, strict=True))
        yield from _compare(dataset, copy, where)
    yield from _numbering(numbers)


def _compare(dataset: Dataset, copy: Dataset, where: str) -> Iterator[Finding]:
    samples = {stem_of(sample.name): sample for sample in dataset}
    action = f"{where} is not read."
    shifts = []
    different: list[str] = []
    marked = 0
    for other in copy:
        sample = samples.get(stem_of(other.name))
        # Images that a copy says nothing of are no background there.
        if sample is None or other.annotation is None:
            continue
        marked += int(sample.difficult.sum()) - int(other.difficult.sum())
        rows = []
        for each, classes in ((sample, dataset.classes), (other, copy.classes)):
            names = [classes[int(label)] for label in each.labels]
            order = sorted(range(len(names)), key=lambda i: (names[i], *each.boxes[i].tolist()))
            rows.append(([names[i] for i in order], each.boxes[order].astype(np.float64)))
        (names_a, boxes_a), (names_b, boxes_b) = rows
        if names_a != names_b:
            different.append(sample.name)
        else:
            shifts.append(boxes_b - boxes_a)
    if different:
        text = f"{where} names other objects in {count(len(different), 'picture')}, such as {different[0]}."
        yield Finding("copy-differs", "warning", where, text, action)
    shift = np.concatenate(shifts) if shifts else np.zeros((0, 4))
    if len(shift):
        typical = np.median(shift, axis=0)
        if np.abs(typical - [1, 1, 0, 0]).max() < 0.1 and row_of(dataset).inclusive:
            text = (
                "The file uses VOC's numbers, which count from 1, without subtracting 1: its boxes begin "
                "one pixel further right and down than those of the XML, and are one pixel smaller."
            )
            # Tables that were made of XML files have their numbers, by custom.
            if row_of(copy).verbatim:
                yield Finding("copy-shifted", "note", where, text, action)
            else:
                yield Finding("copy-shifted", "warning", where, text, action)
        elif np.abs(shift).max() > 1:
            most = np.abs(shift).max()
            text = f"Boxes differ from the {row_of(dataset).title} ones by up to {most:.1f} pixels."
            yield Finding("copy-differs", "warning", where, text, action)
    if marked > 0:
        title = row_of(dataset).title
        text = (
            f"{count(marked, 'object that is', 'objects that are')} difficult in the {title} files "
            f"{'has' if marked == 1 else 'have'} no such mark."
        )
        yield Finding("copy-lacks-difficult", "warning", where, text, action)


def _numbering(numbers: dict[str, dict[str, int]]) -> Iterator[Finding]:
    places = list(numbers)
    for first, second in pairwise(places):
        a, b = numbers[first], numbers[second]
        unlike = [name for name in a if name in b and a[name] != b[name]]
        # YOLO counts from 0, COCO by custom from 1: a constant difference is no trap of its own.
        if len({b[name] - a[name] for name in a if name in b}) > 1:
            name = unlike[0]
            text = (
                f"The classes have other numbers than in {first}: {name} is {a[name]} there, {b[name]} here."
            )
            action = "Classes are matched by name, never by number."
            yield Finding("class-numbers-differ", "note", second, text, action)
