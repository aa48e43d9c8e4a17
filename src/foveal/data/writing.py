"""Writing a detection data set as Pascal VOC, COCO or YOLO.

Each writer gives back the same boxes, classes, flags and splits when the result is read again, as far as
the format has words for them; the docstrings say what each has none for.
"""

import os
import shutil
from collections import Counter
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from foveal.data.dataset import Dataset, Sample, relative_name
from foveal.errors import DataError
from foveal.files import replacing, write_json, write_text


def write_voc(dataset: Dataset, folder: str | os.PathLike[str], *, pictures: bool = True) -> None:
    """Write a detection data set as Pascal VOC XML.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``annotations/``, ``images/`` (copies of the pictures that exist) and, where the data set has
        splits, ``splits/``.
    pictures : bool, default=True
        Whether to copy the pictures.

    Raises
    ------
    DataError
        If the data set is for classification.

    Notes
    -----
    VOC has no words for crowd regions, ids, the order of the classes, areas and unused classes: crowd
    regions are written as difficult, so that they stay out of training. Pictures with equal names get
    their id added.
    """
    folder = _detection_folder(dataset, folder, "Pascal VOC")
    for sample, name in zip(dataset, _names(dataset), strict=True):
        root = Element("annotation")
        SubElement(root, "folder").text = "images"
        SubElement(root, "filename").text = name
        size = SubElement(root, "size")
        for tag, value in (("width", sample.width), ("height", sample.height), ("depth", 3)):
            SubElement(size, tag).text = str(value)
        for box, label, difficult, crowd in zip(
            sample.boxes.astype(np.float64), sample.labels, sample.difficult, sample.crowd, strict=True
        ):
            element = SubElement(root, "object")
            SubElement(element, "name").text = dataset.classes[int(label)]
            SubElement(element, "difficult").text = str(int(difficult or crowd))
            bndbox = SubElement(element, "bndbox")
            corners = (box[0] + 1, box[1] + 1, box[2], box[3])
            for tag, corner in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True):
                SubElement(bndbox, tag).text = _digits(float(corner))
        indent(root)
        text = tostring(root, encoding="unicode")
        write_text(folder / "annotations" / f"{_stem(name)}.xml", text + "\n")
        if pictures:
            _copy(sample, folder / "images" / name)
    for split in sorted(dataset.splits):
        names = [n for s, n in zip(dataset, _names(dataset), strict=True) if s.split == split]
        write_text(folder / "splits" / f"{split}.txt", "".join(f"{_stem(name)}\n" for name in names))


def write_coco(dataset: Dataset, path: str | os.PathLike[str]) -> None:
    """Write a detection data set as one COCO annotation file.

    Parameters
    ----------
    dataset : Dataset
    path : path-like
        The JSON file. ``file_name`` is relative to the data set's folder: a file that lies there finds
        its pictures.

    Raises
    ------
    DataError
        If the data set is for classification.

    Notes
    -----
    A COCO file has no word for splits: write one for each, from ``dataset.part("train")`` and so on, and
    call it so: ``instances_train.json``. The key ``difficult`` (0 or 1) is an addition to COCO's.
    """
    if dataset.task != "detection":
        raise DataError(f"{dataset.root} is a data set for classification; COCO files hold boxes.")
    content = dataset.to_coco()
    for image, sample in zip(content["images"], dataset, strict=True):
        name = relative_name(sample.path, dataset.root)
        image["file_name"] = sample.name if Path(name).is_absolute() else name
    write_json(path, content, indent=None)


def write_yolo(dataset: Dataset, folder: str | os.PathLike[str], *, pictures: bool = True) -> None:
    """Write a detection data set as YOLO text files with a ``data.yaml``.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``images/`` (copies of the pictures that exist), ``labels/`` and ``data.yaml``; where the data
        set has splits, ``images/train/``, ``labels/train/`` and so on.
    pictures : bool, default=True
        Whether to copy the pictures.

    Raises
    ------
    DataError
        If the data set is for classification, or an image's size is not known.

    Notes
    -----
    YOLO has no words for difficult, crowd, ids and areas: crowd regions and difficult objects become
    objects like any other. A picture without objects gets an empty file. Numbers are written with all
    their digits. Pictures with equal names get their id added.
    """
    import yaml

    folder = _detection_folder(dataset, folder, "YOLO")
    unknown = [s.name for s in dataset if not (s.width and s.height)]
    if unknown:
        raise DataError(f"The size of {unknown[0]} is not known; YOLO's boxes are shares of it.")
    for sample, name in zip(dataset, _names(dataset), strict=True):
        place = sample.split or ""
        size = np.array([sample.width, sample.height], np.float64)
        boxes = sample.boxes.astype(np.float64)
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / size
        sides = (boxes[:, 2:] - boxes[:, :2]) / size
        lines = [
            " ".join([str(int(label)), *(repr(float(v)) for v in (*centre, *side))])
            for label, centre, side in zip(sample.labels, centres, sides, strict=True)
        ]
        write_text(folder / "labels" / place / f"{_stem(name)}.txt", "".join(f"{line}\n" for line in lines))
        if pictures:
            _copy(sample, folder / "images" / place / name)
    content: dict[str, object] = {"path": "."}
    for split in ("train", "val", "test"):
        if split in dataset.splits:
            content[split] = f"images/{split}"
    content["names"] = dict(enumerate(dataset.classes))
    write_text(folder / "data.yaml", yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _detection_folder(dataset: Dataset, folder: str | os.PathLike[str], format: str) -> Path:
    if dataset.task != "detection":
        raise DataError(f"{dataset.root} is a data set for classification; {format} files hold boxes.")
    return Path(folder)


def _names(dataset: Dataset) -> list[str]:
    """The pictures' names, each with a stem of its own."""
    count = Counter(_stem(sample.name).lower() for sample in dataset)
    return [
        s.name if count[_stem(s.name).lower()] == 1 else f"{_stem(s.name)}-{s.id}{s.path.suffix}"
        for s in dataset
    ]


def _stem(name: str) -> str:
    return Path(name).stem


def _copy(sample: Sample, target: Path) -> None:
    if sample.path.is_file():
        with replacing(target) as temporary:
            shutil.copyfile(sample.path, temporary)


def _digits(value: float) -> str:
    """The shortest text of a number; whole ones without a point."""
    return str(int(value)) if value.is_integer() else repr(value)
