"""Writing COCO: one annotation file, or a folder with a file for each part."""

import os
from pathlib import Path

from foveal.data.dataset import Dataset, relative_name
from foveal.data.formats.writing import Pictures, check_detection, place_image, unique_names
from foveal.files import write_json


def write_coco(dataset: Dataset, path: str | os.PathLike[str]) -> None:
    """Write a detection data set as one COCO annotation file.

    Parameters
    ----------
    dataset : Dataset
    path : path-like
        The JSON file. ``file_name`` is relative to the data set's folder: a file that lies there finds
        its images.

    Raises
    ------
    DataError
        If there are classes of whole images in place of boxes.

    Notes
    -----
    A COCO file has no word for splits: write one for each, from ``dataset.part("train")`` and so on, and
    call it so: ``instances_train.json``. The key ``difficult`` (0 or 1) is an addition to COCO's.
    """
    check_detection(dataset, "COCO")
    content = dataset.to_coco()
    for image, sample in zip(content["images"], dataset, strict=True):
        name = relative_name(sample.path, dataset.root)
        image["file_name"] = sample.name if Path(name).is_absolute() else name
    write_json(path, content, indent=None)


def write_coco_folder(dataset: Dataset, folder: str | os.PathLike[str], *, images: Pictures = True) -> None:
    """Write a detection data set as a folder of COCO.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``annotations/instances_train.json`` and so on, and ``images/train/`` and so on (copies of the
        images that exist); images that are in no part have ``annotations/instances.json`` and ``images/``.
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.

    Raises
    ------
    DataError
        If the data set is for classification.

    Notes
    -----
    Ids, areas, crowd regions and unused classes are kept, and difficult objects by the additional key
    ``difficult``. Images with equal names get their id added.
    """
    check_detection(dataset, "COCO")
    folder = Path(folder)
    names = dict(zip((sample.id for sample in dataset), unique_names(dataset), strict=True))
    for split in sorted({sample.split or "" for sample in dataset}) or [""]:
        part = dataset.select(i for i, sample in enumerate(dataset) if (sample.split or "") == split)
        content = part.to_coco()
        for image in content["images"]:
            image["file_name"] = names[image["id"]]
        file = f"instances_{split}.json" if split else "instances.json"
        write_json(folder / "annotations" / file, content, indent=None)
        for sample in part:
            place_image(sample, folder / "images" / split / names[sample.id], images)
