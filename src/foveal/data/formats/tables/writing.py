"""Writing tables: a row an object, or a row an image."""

import os
from pathlib import Path

from foveal.data.dataset import Dataset
from foveal.data.formats.writing import Pictures, check_detection, place_image, unique_names
from foveal.errors import DataError
from foveal.files import write_text
from foveal.files.tables import csv_text

_BOXES = (
    "filename",
    "width",
    "height",
    "class",
    "xmin",
    "ymin",
    "xmax",
    "ymax",
    "difficult",
    "iscrowd",
    "split",
)


def write_csv(dataset: Dataset, folder: str | os.PathLike[str], *, images: Pictures = True) -> None:
    """Write a detection data set as a table with a row an object.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``annotations.csv`` (TensorFlow's columns, then ``difficult``, ``iscrowd`` and ``split``) and
        ``images/`` (copies of the images that exist), with a folder for each part.
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.

    Raises
    ------
    DataError
        If the data set is for classification.

    Notes
    -----
    An image without objects has a row without class and box. Boxes are 0-based and half-open, and written
    with all their digits. The table has no words for ids, areas, the order of the classes and unused
    classes. Images with equal names get their id added.
    """
    check_detection(dataset, "CSV")
    folder = Path(folder)
    rows: list[tuple[object, ...]] = [_BOXES]
    for sample, name in zip(dataset, unique_names(dataset), strict=True):
        place = _place(sample.split, name)
        known = (place, sample.width or "", sample.height or "")
        if not len(sample.boxes):
            rows.append((*known, "", "", "", "", "", "", "", sample.split or ""))
        for box, label, difficult, crowd in zip(
            sample.boxes, sample.labels, sample.difficult, sample.crowd, strict=True
        ):
            numbers = (_digits(float(value)) for value in box)
            flags = (int(difficult), int(crowd), sample.split or "")
            rows.append((*known, dataset.classes[int(label)], *numbers, *flags))
        place_image(sample, folder / place, images)
    write_text(folder / "annotations.csv", csv_text(rows))


def write_labels(dataset: Dataset, folder: str | os.PathLike[str], *, images: Pictures = True) -> None:
    """Write a data set for classification as a table with a row an image.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``labels.csv`` (``filename,class,split``) and ``images/`` (copies of the images that exist),
        with a folder for each part.
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.

    Raises
    ------
    DataError
        If the data set has boxes.

    Notes
    -----
    The table has no words for ids, the order of the classes and unused classes. Images with equal names get
    their id added.
    """
    if dataset.task != "classification":
        raise DataError(f"{dataset.root} has boxes; a table of classes holds none: csv does.")
    folder = Path(folder)
    rows: list[tuple[object, ...]] = [("filename", "class", "split")]
    for sample, name in zip(dataset, unique_names(dataset), strict=True):
        place = _place(sample.split, name)
        rows.append(
            (place, "" if sample.label is None else dataset.classes[sample.label], sample.split or "")
        )
        place_image(sample, folder / place, images)
    write_text(folder / "labels.csv", csv_text(rows))


def _place(split: str | None, name: str) -> str:
    return "/".join(("images", *((split,) if split else ()), name))


def _digits(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
