"""What a notebook shows of a data set: how much there is of what, and some of the images."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from foveal import notebook
from foveal.errors import ImageError
from foveal.wording import count

if TYPE_CHECKING:
    from foveal.data.dataset import Dataset

# Images on the sheet, their longer side, and classes that are listed.
_PICTURES, _LONGEST, _CLASSES = 12, 150, 12


def dataset_html(dataset: "Dataset") -> str:
    """A data set as HTML: facts, the commonest classes, and images spread over all of it."""
    parts = Counter(sample.split for sample in dataset if sample.split is not None)
    objects = sum(len(sample.boxes) for sample in dataset)
    facts = {
        "task": dataset.task,
        "format": dataset.format,
        "images": len(dataset),
        "objects": objects if dataset.task == "detection" else None,
        "classes": len(dataset.classes),
        "splits": ", ".join(f"{name} {number:,}" for name, number in sorted(parts.items())),
        "doctor": count(len(dataset.findings), "finding") + " while reading" if dataset.findings else "",
    }
    shown = _commonest(dataset)
    table = notebook.table(("class", "objects" if dataset.task == "detection" else "images"), shown)
    more = len(dataset.classes) - len(shown)
    return notebook.card(
        str(dataset.path),
        facts,
        table if shown else "",
        f"<div>… {count(more, 'more class', 'more classes')}</div>" if more else "",
        notebook.pictures(_thumbnails(dataset)),
    )


def _commonest(dataset: "Dataset") -> list[tuple[str, int]]:
    labels: Counter[int] = Counter()
    for sample in dataset:
        labels.update(sample.labels.tolist())
        if sample.label is not None:
            labels[sample.label] += 1
    # Of equals the first; a class without any is worth seeing, too.
    order = sorted(range(len(dataset.classes)), key=lambda label: -labels[label])
    return [(dataset.classes[label], labels[label]) for label in order[:_CLASSES]]


def _thumbnails(dataset: "Dataset") -> Iterator[tuple[str, str]]:
    from foveal.images import data_uri, draw_boxes, read, resize_to_fit

    number = min(_PICTURES, len(dataset))
    for place in np.linspace(0, len(dataset) - 1, number).round().astype(int).tolist():
        sample = dataset[place]
        try:
            image = read(sample.path)
        except ImageError:
            continue
        small, scale = resize_to_fit(image, _LONGEST)
        said = "" if sample.label is None else dataset.classes[sample.label]
        if len(sample.boxes):
            small = draw_boxes(small, sample.boxes * np.float32(scale), colors=sample.labels)
            names = Counter(dataset.classes[int(label)] for label in sample.labels)
            said = ", ".join(f"{name} ×{number}" if number > 1 else name for name, number in names.items())
        yield data_uri(small, _LONGEST), f"{sample.name}: {said}" if said else sample.name
