"""The objects that a data set knows in some images."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data import Sample, load
from foveal.errors import DataError, ImageError
from foveal.files import readable
from foveal.images import probe


@dataclass(frozen=True, eq=False)
class Objects:
    """The ground truth of one image.

    Attributes
    ----------
    boxes : ndarray of shape (M, 4), float32
    names : tuple of str
        What they are; of those that a measure passes over it says so.
    """

    boxes: NDArray[np.float32]
    names: tuple[str, ...]


def objects_of(
    files: Sequence[str | os.PathLike[str]], data: str | os.PathLike[str], format: str | None = None
) -> dict[Path, Objects]:
    """The objects that a data set knows in some images.

    Parameters
    ----------
    files : sequence of path-like
        An image belongs to the data set's image with the same path, or else to the only one with the same
        file name.
    data : path-like
        A boxed data set.
    format : str, optional
        See :func:`foveal.data.load`.

    Returns
    -------
    dict of pathlib.Path to Objects

    Raises
    ------
    DataError
        If the data set has no boxes, or an image that can be read is not in it, or several have its name.
    """
    dataset = load(data, format=format)
    if dataset.task != "detection":
        raise DataError(f"{data} has no boxes, and so no objects to be shown.")
    by_path = {sample.path.resolve(): sample for sample in dataset}
    by_name: dict[str, list[Sample]] = {}
    for sample in dataset:
        by_name.setdefault(sample.name, []).append(sample)
    found: dict[Path, Objects] = {}
    for file in map(Path, files):
        named = by_name.get(readable(file.name), [])
        match = by_path.get(file.resolve()) or (named[0] if len(named) == 1 else None)
        if match is not None:
            found[file] = _objects(match, dataset.classes)
        elif _can_be_opened(file):
            why = f"it is not in {data}"
            if named:
                why = f"{len(named)} pictures of that name are in {data}; name the one of the data set itself"
            raise DataError(f"The objects of {file} cannot be told: {why}.")
    return found


def _objects(sample: Sample, classes: Sequence[str]) -> Objects:
    names = []
    for label, difficult, crowd in zip(sample.labels, sample.difficult, sample.crowd, strict=True):
        passed_over = " (crowd)" if crowd else " (difficult)" if difficult else ""
        names.append(classes[int(label)] + passed_over)
    return Objects(sample.boxes, tuple(names))


def _can_be_opened(file: Path) -> bool:
    try:
        probe(file)
    except ImageError:
        return False
    return True
