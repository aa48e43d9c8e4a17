"""Partitions of images drawn as images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.images.arrays import check_image
from foveal.images.palette import PALETTE, Color
from foveal.images.resizing import resize

_WHITE: Color = (255, 255, 255)


def paint_regions(
    image: NDArray[np.uint8],
    labels: NDArray[np.integer],
    *,
    boundary: Color | None = _WHITE,
    strength: float = 0.6,
    marked: Sequence[int] = (),
    mark: Color = PALETTE[0],
) -> NDArray[np.uint8]:
    """Paint every region of an image in its mean colour, with thin boundaries between them.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB. It is not changed.
    labels : ndarray of shape (H', W'), integer
        The region of each pixel, numbers from 0, as :func:`foveal.proposals.segment` gives them. Where they
        have another size than the image, the image is scaled to it.
    boundary : (int, int, int) or None, default=white
        The colour of boundaries. A pixel belongs to one if its right or its lower neighbour lies in another
        region. ``None`` draws none.
    strength : float, default=0.6
        How opaque boundaries are, from 0 to 1.
    marked : sequence of int
        Regions whose outlines, two pixels wide, are drawn on top; numbers that no pixel has are passed over.
    mark : (int, int, int)
        The colour of these outlines.

    Returns
    -------
    ndarray of shape (H', W', 3), uint8

    Raises
    ------
    ValueError
        If the image is not (H, W, 3) uint8 with pixels, or labels are not whole numbers from 0 in two
        dimensions.

    Examples
    --------
    >>> image = np.zeros((2, 4, 3), np.uint8)
    >>> image[:, 1] = 100
    >>> labels = np.array([[0, 0, 1, 1], [0, 0, 1, 1]])
    >>> paint_regions(image, labels, boundary=None)[0, :, 0]
    array([50, 50,  0,  0], dtype=uint8)
    >>> paint_regions(image, labels, boundary=(255, 255, 255), strength=1)[0, :, 0]
    array([ 50, 255,   0,   0], dtype=uint8)
    """
    image, labels = check_image(image), np.asarray(labels)
    if labels.ndim != 2 or labels.size == 0 or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(
            f"labels must be whole numbers from 0 of shape (H, W), not {labels.dtype} of {labels.shape}."
        )
    if image.shape[:2] != labels.shape:
        height, width = labels.shape
        image = resize(image, (height, width))
    painted = _mean_colors(image, labels)
    if boundary is not None:
        edge = _edges(labels)
        mixed = (1 - strength) * painted[edge] + strength * np.array(boundary)
        painted[edge] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    for label in marked:
        inside = labels == label
        painted[_outline(inside)] = mark
    return painted


def _mean_colors(image: NDArray[np.uint8], labels: NDArray[np.integer]) -> NDArray[np.uint8]:
    flat = labels.ravel().astype(np.intp)
    if flat.max() > 4 * flat.size:
        flat = np.unique(flat, return_inverse=True)[1].reshape(-1)
    counts = np.maximum(np.bincount(flat), 1)
    sums = np.stack([np.bincount(flat, image[..., c].ravel()) for c in range(3)], axis=1)
    means = np.rint(sums / counts[:, None]).astype(np.uint8)
    painted: NDArray[np.uint8] = means[flat].reshape(image.shape)
    return painted


def _edges(labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    edge = np.zeros(labels.shape, np.bool_)
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    edge[:-1] |= labels[:-1] != labels[1:]
    return edge


def _outline(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The two outermost pixels of a region, along the border of the image too."""
    from scipy.ndimage import binary_erosion

    return np.asarray(inside & ~binary_erosion(inside, iterations=2))
