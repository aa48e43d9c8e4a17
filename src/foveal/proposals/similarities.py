"""How alike two neighbouring regions are: the four measures of selective search, one function each."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from foveal.proposals.regions import Regions


def color_similarity(a: ArrayLike, b: ArrayLike) -> float:
    """Intersection of two colour histograms, the sum of ``min(a_k, b_k)`` over the bins.

    Uijlings et al. (2013), equation 1. Histograms have 25 bins a channel and a sum of 1, so that the
    similarity is 1 for equal histograms and 0 for those without a bin in common. A joined region's
    histogram is the mean of the two, weighted by their sizes (equation 2).

    Parameters
    ----------
    a, b : array-like of shape (D,)

    Returns
    -------
    float

    Examples
    --------
    >>> color_similarity([0.5, 0.5, 0], [0.25, 0.25, 0.5])
    0.5
    """
    return float(np.minimum(np.asarray(a, np.float64), np.asarray(b, np.float64)).sum())


def texture_similarity(a: ArrayLike, b: ArrayLike) -> float:
    """The same of two texture histograms, of shape (D,): Uijlings et al. (2013), equation 3.

    They have 10 bins for each of 8 directions of the Gaussian derivative (σ = 1) and each channel, and a sum
    of 1.

    Examples
    --------
    >>> texture_similarity([0.125, 0.875], [0.5, 0.5])
    0.625
    """
    return color_similarity(a, b)


def size_similarity(size_a: float, size_b: float, size_image: float) -> float:
    """One minus the share of the image that both regions take: small regions are joined first.

    Uijlings et al. (2013), equation 4.

    Parameters
    ----------
    size_a, size_b, size_image : float
        In pixels.

    Returns
    -------
    float

    Examples
    --------
    >>> size_similarity(10, 15, 100)
    0.75
    """
    return 1 - (size_a + size_b) / size_image


def fill_similarity(
    box_a: ArrayLike, box_b: ArrayLike, size_a: float, size_b: float, size_image: float
) -> float:
    """One minus the share of the image that the box around both regions leaves empty.

    Regions that fit into each other are joined, so that regions get no holes: Uijlings et al. (2013),
    equation 5.

    Parameters
    ----------
    box_a, box_b : array-like of shape (4,)
        ``x1, y1, x2, y2``, half-open.
    size_a, size_b, size_image
        As for :func:`size_similarity`.

    Returns
    -------
    float

    Examples
    --------
    Two squares of four pixels, corner to corner in an image of 10 by 10: half of the sixteen pixels of
    the box around them is empty.

    >>> fill_similarity([0, 0, 2, 2], [2, 2, 4, 4], 4, 4, 100)
    0.92
    """
    a, b = np.asarray(box_a, np.float64), np.asarray(box_b, np.float64)
    sides = np.maximum(a[2:], b[2:]) - np.minimum(a[:2], b[:2])
    return float(1 - (sides[0] * sides[1] - size_a - size_b) / size_image)


def similarity(regions: Regions, a: int, b: int, letters: str, size_image: float) -> float:
    """The sum of the similarities that ``letters`` name: Uijlings et al. (2013), equation 6.

    Parameters
    ----------
    regions : Regions
    a, b : int
        Two of them.
    letters : str
        Letters of ``"CTSF"`` for colour, texture, size and fill.
    size_image : float
        In pixels.

    Returns
    -------
    float
        From 0 to the number of letters.
    """
    pair = [a, b]
    color, texture = np.split(regions.histograms[pair], [regions.color_columns], axis=1)
    size_a, size_b = (float(size) for size in regions.sizes[pair])
    box_a, box_b = regions.boxes[pair]
    measures = {
        "C": lambda: color_similarity(color[0], color[1]),
        "T": lambda: texture_similarity(texture[0], texture[1]),
        "S": lambda: size_similarity(size_a, size_b, size_image),
        "F": lambda: fill_similarity(box_a, box_b, size_a, size_b, size_image),
    }
    return float(sum(measures[letter]() for letter in "CTSF" if letter in letters))
