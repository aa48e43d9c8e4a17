"""A data set shown before anything is trained on it: its figures, and a page."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset, doctor, load
from foveal.data.dataset import Finding, Sample
from foveal.data.formats.table import row_of
from foveal.events import Callbacks, stage
from foveal.files import claimed, write_json
from foveal.report.figures.boxes.box_sizes import LARGE, SMALL
from foveal.report.records import DataRecord
from foveal.runs.training_views import training_views

#: The page of a data set, and its figures as JSON.
PAGE, FIGURES = "data.html", "data.json"
_PARTS = ("train", "val", "test", "in no part")


class Shown(NamedTuple):
    """What there is to say of a data set.

    Attributes
    ----------
    figures : dict
        As :func:`describe` gives them.
    folder : Path or None
        Where the page is.
    findings : list of Finding
        The doctor's, where there is a page.
    """

    figures: dict[str, Any]
    folder: Path | None
    findings: list[Finding]


def describe(dataset: Dataset) -> dict[str, Any]:
    """What a data set is, as far as its annotations tell: no image is opened.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    dict
        ``data`` (its path), ``format``, ``task`` and ``images``; of boxes ``objects``, ``difficult``,
        ``crowd`` and ``images_without_objects``, of class folders ``images_without_class``; ``parts``, the
        images of each (``"in no part"`` where the data set puts some in none); ``classes``, of each its
        ``objects`` and ``images``, and its examples in the ``parts``; ``widths``, ``heights`` and, of boxes,
        ``box_sides`` (the root of the area), each with ``least``, ``median`` and ``most`` in pixels, None
        where nothing is known; ``box_sizes``, how many are ``small``, ``medium`` and ``large`` as COCO
        divides them (below 32² pixels, from 96²).

    Examples
    --------
    >>> describe(Dataset(".", "voc", "detection", ("cat",), ()))["classes"]
    {'cat': {'objects': 0, 'images': 0, 'parts': {}}}
    """
    boxed = dataset.task == "detection"
    parts: Counter[str] = Counter()
    objects, images = np.zeros((2, len(dataset.classes)), np.int64)
    of_part: dict[str, NDArray[np.int64]] = {}
    for sample in dataset:
        part = sample.split or _PARTS[-1]
        parts[part] += 1
        labels = _labels(sample, boxed)
        own = np.bincount(labels, minlength=len(dataset.classes)).astype(np.int64)
        objects += own
        images += own > 0
        of_part[part] = of_part.get(part, np.zeros(len(dataset.classes), np.int64)) + own
    order = [part for part in _PARTS if parts[part]]
    figures: dict[str, Any] = {
        "data": str(dataset.path),
        "format": row_of(dataset).title,
        "task": dataset.task,
        "images": len(dataset),
    }
    if boxed:
        figures |= {
            "objects": int(objects.sum()),
            "difficult": int(sum(s.difficult.sum() for s in dataset)),
            "crowd": int(sum(s.crowd.sum() for s in dataset)),
            "images_without_objects": sum(not len(s.boxes) for s in dataset),
        }
    else:
        figures["images_without_class"] = sum(s.label is None for s in dataset)
    figures["parts"] = {part: parts[part] for part in order}
    figures["classes"] = {
        name: {
            **({"objects": int(objects[k])} if boxed else {}),
            "images": int(images[k]),
            "parts": {part: int(of_part[part][k]) for part in order},
        }
        for k, name in enumerate(dataset.classes)
    }
    figures["widths"] = _spread(s.width for s in dataset if s.width)
    figures["heights"] = _spread(s.height for s in dataset if s.height)
    if boxed:
        boxes = np.concatenate([np.zeros((0, 4)), *(s.boxes for s in dataset)])
        side = np.sqrt(np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1))
        figures["box_sides"] = _spread(side.tolist())
        small, large = int((side < SMALL).sum()), int((side >= LARGE).sum())
        figures["box_sizes"] = {"small": small, "medium": len(side) - small - large, "large": large}
    return figures


def show(
    data: Dataset | str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    format: str | None = None,
    seed: int = 0,
    callbacks: Callbacks = (),
) -> Shown:
    """Say what a data set is, and show it on a page.

    Parameters
    ----------
    data : Dataset or path-like
        Anything that :func:`foveal.data.load` reads, or what it gave.
    out : path-like, optional
        A new folder for the page, ``data.html``, and the figures, ``data.json``; without it nothing is
        written and no image is opened.
    format : str, optional
        See :func:`foveal.data.load`.
    seed : int, default=0
        Of the random changes that are shown.
    callbacks : sequence of callables
        Told of progress; see :mod:`foveal.events`.

    Returns
    -------
    Shown

    Raises
    ------
    FovealError
        If the data cannot be used, or ``out`` is not empty.

    Examples
    --------
    >>> import tempfile
    >>> from foveal.data import scenes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     show(scenes.write_scenes(folder, number=4, test=2)).figures["parts"]
    {'train': 4, 'test': 2}
    """
    dataset = data if isinstance(data, Dataset) else load(data, format=format)
    figures = describe(dataset)
    if out is None:
        return Shown(figures, None, [])
    asked = {"data": dataset.digest, "seed": seed}
    with claimed(out, "show", asked, leaves=(PAGE, FIGURES)) as folder:
        from foveal.report import write_data_page

        findings = doctor(dataset, callbacks=callbacks)
        with stage(callbacks, "page"):
            views, changes = training_views(dataset, seed)
            record = DataRecord(dataset, figures["format"], findings, views, changes)
            write_data_page(folder / PAGE, record)
            write_json(folder / FIGURES, figures)
    return Shown(figures, Path(out), findings)


def _labels(sample: Sample, boxed: bool) -> NDArray[np.int64]:
    if boxed:
        return sample.labels
    return np.array([] if sample.label is None else [sample.label], np.int64)


def _spread(values: Iterable[float]) -> dict[str, float] | None:
    known = np.fromiter(values, np.float64)
    if not len(known):
        return None
    return {
        "least": round(float(known.min()), 1),
        "median": round(float(np.median(known)), 1),
        "most": round(float(known.max()), 1),
    }
