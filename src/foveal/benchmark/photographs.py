"""The images that are measured on."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.errors import DataError, ImageError
from foveal.images import read, resize_to_fit


@dataclass(frozen=True, eq=False)
class Photograph:
    """An image and the objects that proposals should find in it.

    Attributes
    ----------
    name : str
    read : callable
        Gives the image, an ndarray of shape (H, W, 3), uint8, RGB.
    size : tuple of int
        Height and width of what ``read`` gives.
    boxes : ndarray of shape (N, 4), float32
        In pixels of what ``read`` gives.
    labels : ndarray of shape (N,), int64
    """

    name: str
    read: Callable[[], NDArray[np.uint8]]
    size: tuple[int, int]
    boxes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True)
class Photographs:
    """The chosen images.

    Attributes
    ----------
    source : str
        Where they are from, for people.
    chosen : tuple of Photograph
    unreadable : tuple of str
        A sentence for each image that was chosen and passed over.
    """

    source: str
    chosen: tuple[Photograph, ...]
    unreadable: tuple[str, ...] = ()


def choose_photographs(
    data: str | os.PathLike[str] | None = None,
    number: int = 100,
    *,
    longest: int = 640,
    format: str | None = None,
    random_state: int = 0,
) -> Photographs:
    """Draw images of a data set.

    Parameters
    ----------
    data : path-like, optional
        What :func:`foveal.data.load` reads. By default the two photographs that come with scikit-learn,
        which have no boxes.
    number : int, default=100
        At most so many, drawn at random and in random order, so that the first few are a fair sample too.
    longest : int, default=640
        A larger image is shrunk to this longer side before any method sees it.
    format : str, optional
        See :func:`foveal.data.load`.
    random_state : int, default=0

    Returns
    -------
    Photographs
        Objects that are difficult or a crowd are left out.

    Raises
    ------
    DataError
        If there is no data set, or no image of it can be read.

    Examples
    --------
    >>> [(p.name, p.size, len(p.boxes)) for p in choose_photographs().chosen]
    [('china.jpg', (427, 640), 0), ('flower.jpg', (427, 640), 0)]
    """
    if data is None:
        return _sample_photographs(number, longest)
    from foveal.data import load

    dataset = load(data, format=format)
    chosen: list[Photograph] = []
    unreadable: list[str] = []
    for i in np.random.default_rng(random_state).permutation(len(dataset)):
        if len(chosen) == number:
            break
        sample = dataset.samples[i]
        try:
            image, scale = resize_to_fit(read(sample.path), longest)
        except ImageError as error:
            unreadable.append(str(error))
            continue
        known = ~(sample.difficult | sample.crowd) if len(sample.boxes) else np.zeros(0, bool)
        chosen.append(
            Photograph(
                sample.name,
                partial(_read, sample.path, longest),
                image.shape[:2],
                (sample.boxes[known] * np.float32(scale)).astype(np.float32),
                sample.labels[known],
            )
        )
    if not chosen:
        raise DataError(f"{data} holds no picture that can be read.")
    return Photographs(os.fspath(data), tuple(chosen), tuple(unreadable))


def _read(path: Path, longest: int) -> NDArray[np.uint8]:
    return resize_to_fit(read(path), longest)[0]


def _sample_photographs(number: int, longest: int) -> Photographs:
    from sklearn.datasets import load_sample_image

    chosen = []
    for name in ("china.jpg", "flower.jpg")[:number]:
        image = np.asarray(resize_to_fit(load_sample_image(name), longest)[0], np.uint8)
        chosen.append(Photograph(name, lambda image=image: image, image.shape[:2]))  # type: ignore[misc]
    return Photographs("the photographs that come with scikit-learn", tuple(chosen))
