"""The merging of selective search as a film: pictures of the image parted into fewer and fewer regions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foveal.images import paint_regions, resize_to_fit

if TYPE_CHECKING:
    from foveal.proposals import Hierarchy

__all__ = ["merging_frames", "merging_numbers"]

# The last joinings are seen one by one.
_ONE_BY_ONE = 20


def merging_numbers(regions: int, frames: int = 44) -> list[int]:
    """Numbers of regions to show, from the first segmentation to the whole image.

    Parameters
    ----------
    regions : int
        How many regions the first segmentation has: ``hierarchy.number``.
    frames : int, default=44
        At most so many, at least 2.

    Returns
    -------
    list of int
        Falling from ``regions`` to 1: by about equal ratios first, one at a time in the end.

    Examples
    --------
    >>> merging_numbers(5)
    [5, 4, 3, 2, 1]
    >>> merging_numbers(1000, 8)
    [1000, 251, 63, 16, 4, 3, 2, 1]
    """
    if regions < 1 or frames < 2:
        raise ValueError(f"regions must be at least 1 and frames at least 2; got {regions} and {frames}.")
    if regions <= frames:
        return list(range(regions, 0, -1))
    last = min(_ONE_BY_ONE, frames // 2)
    ratios = np.geomspace(regions, last, frames - last + 1)
    return [*dict.fromkeys(int(n) for n in np.rint(ratios)), *range(last - 1, 0, -1)]


def merging_frames(
    image: NDArray[np.uint8],
    hierarchy: "Hierarchy",
    numbers: Sequence[int] | None = None,
    *,
    longest: int = 400,
    mark: bool = True,
) -> list[NDArray[np.uint8]]:
    """Paint the image parted into fewer and fewer regions, each region in its mean colour.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB: the one that the hierarchy belongs to.
    hierarchy : Hierarchy
    numbers : sequence of int, optional
        How many regions each frame shows; by default :func:`merging_numbers`.
    longest : int, default=400
        The longer side of a frame in pixels, if the working size is not smaller.
    mark : bool, default=True
        Whether the region that was made last is outlined in orange.

    Returns
    -------
    list of ndarray of shape (h, w, 3), uint8

    Examples
    --------
    >>> from foveal.proposals import SelectiveSearch
    >>> image = np.zeros((20, 30, 3), np.uint8)
    >>> image[:, 15:] = 255
    >>> tree = SelectiveSearch("single", sigma=0).propose(image).hierarchy[0]
    >>> [frame.shape for frame in merging_frames(image, tree)]
    [(20, 30, 3), (20, 30, 3)]
    """
    if numbers is None:
        numbers = merging_numbers(hierarchy.number)
    small = np.asarray(resize_to_fit(image, longest)[0])
    height, width = (min(a, b) for a, b in zip(small.shape[:2], hierarchy.labels.shape, strict=True))
    rows, columns = _samples(hierarchy.labels.shape[0], height), _samples(hierarchy.labels.shape[1], width)
    frames = []
    for number in numbers:
        labels = hierarchy.level(number)[rows[:, None], columns]
        joinings = hierarchy.number - min(number, hierarchy.number)
        marked = [hierarchy.number + joinings - 1] if mark and joinings else []
        frames.append(paint_regions(small, labels, marked=marked))
    return frames


def _samples(length: int, number: int) -> NDArray[np.intp]:
    """Which of so many rows stand for the fewer rows of a smaller picture: those at their centres."""
    return (np.arange(number) * 2 + 1) * length // (2 * number)
