"""Writing one folder a class."""

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from foveal.data.dataset import Dataset
from foveal.data.file_tree import IMAGE_FOLDERS, MASK_FOLDERS
from foveal.data.formats.crops import safe_name
from foveal.data.formats.writing import Pictures, place_image, unique_names
from foveal.errors import DataError
from foveal.files import unique_names as told_apart

# What no system has in a folder's name, and what readers take for something else.
_NO_NAME = re.compile(
    r'[\x00-\x1f\x7f/\\:*?"<>|]|^\.|[. ]$|^ |^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$', re.IGNORECASE
)


def class_folders(classes: Sequence[str]) -> list[str]:
    """The folders of classes: called like them where that is possible, all different.

    Examples
    --------
    >>> class_folders(["cat", "Cat", "a/b", "masks"])
    ['cat', 'Cat-2', 'a_b', 'class-masks']
    """
    names = []
    for name in classes:
        plain = safe_name(name) if _NO_NAME.search(name) or len(name.encode()) > 200 else name
        usual = plain.lower() in IMAGE_FOLDERS | MASK_FOLDERS
        names.append(f"class-{plain}" if usual else plain)
    return told_apart(names)


def write_folders(dataset: Dataset, folder: str | os.PathLike[str], *, images: Pictures = True) -> None:
    """Write a data set for classification as one folder of images for each class.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets the classes' folders with copies of the images; where the data set has splits, in ``train/``,
        ``val/`` and ``test/``.
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.

    Raises
    ------
    DataError
        If the data set has boxes.

    Notes
    -----
    Folders have no words for ids, the order of the classes and classes without images. A class whose name
    no folder can have, such as ``a/b``, is called otherwise. Images with equal
    names in one folder get their id added.
    """
    if dataset.task != "classification":
        raise DataError(
            f"{dataset.root} has boxes, which folders of classes do not hold: cut its objects out "
            "(--crop-objects), or name another format."
        )
    for sample, path in zip(dataset, paths_in_folders(dataset), strict=True):
        place_image(sample, Path(folder) / path, images)


def paths_in_folders(dataset: Dataset) -> list[str]:
    """Where the images of a data set for classification lie; names need only differ in one folder."""
    folders = class_folders(dataset.classes)
    members: dict[str, list[int]] = defaultdict(list)
    for place, sample in enumerate(dataset):
        members["/".join(filter(None, (sample.split, folders[sample.label or 0])))].append(place)
    paths = [""] * len(dataset)
    for folder, places in members.items():
        for place, name in zip(places, unique_names(dataset.select(places)), strict=True):
            paths[place] = f"{folder}/{name}"
    return paths
