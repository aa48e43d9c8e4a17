"""The merging of selective search: the image parted into fewer and fewer regions, as a film or a figure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.images import paint_regions, resize_to_fit
from foveal.proposals import Hierarchy
from foveal.report.figures import Figure
from foveal.report.figures.canvas import FULL_WIDTH, new_figure
from foveal.report.figures.image_panel import arrange, show_pixels
from foveal.wording import count

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
    hierarchy: Hierarchy,
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
    >>> image = np.full((20, 30, 3), 255 * (np.arange(30) >= 15)[:, None], np.uint8)
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


def draw_levels(
    image: NDArray[np.uint8],
    hierarchy: Hierarchy,
    numbers: Sequence[int] = (64, 16, 8, 4, 2),
    *,
    columns: int = 3,
) -> Figure:
    """The first segmentation and what the grouping made of it, each region in its mean colour.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB: the one that the hierarchy belongs to.
    hierarchy : Hierarchy
    numbers : sequence of int, default=(64, 16, 8, 4, 2)
        How many regions each panel after the first shows; those that the first segmentation does not reach
        are left out.
    columns : int, default=3

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from foveal.proposals import SelectiveSearch
    >>> image = np.full((20, 30, 3), 255 * (np.arange(30) >= 15)[:, None], np.uint8)
    >>> tree = SelectiveSearch("single", sigma=0).propose(image).hierarchy[0]
    >>> [axes.get_title() for axes in draw_levels(image, tree, numbers=[1]).axes]
    ['2 regions (the first segmentation)', '1 region']
    """
    shown = [hierarchy.number, *(n for n in numbers if 1 <= n < hierarchy.number)]
    frames = merging_frames(image, hierarchy, shown, longest=480, mark=False)
    rows, _ = arrange(len(shown), columns)
    height, width = frames[0].shape[:2]
    panel = FULL_WIDTH / columns
    figure = new_figure(FULL_WIDTH, rows * (min(panel, panel * height / width) + 0.32))
    for i, (number, frame) in enumerate(zip(shown, frames, strict=True)):
        title = count(number, "region") + (" (the first segmentation)" if i == 0 else "")
        show_pixels(figure, (rows, columns, i + 1), frame, title)
    return figure


def _samples(length: int, number: int) -> NDArray[np.intp]:
    """Which of so many rows stand for the fewer rows of a smaller image: those at their centres."""
    return (np.arange(number) * 2 + 1) * length // (2 * number)
