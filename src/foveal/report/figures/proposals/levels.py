"""The grouping of selective search at several numbers of regions, side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foveal.report.figures.canvas import FULL_WIDTH, INK, TEXT_SIZE, new_axes, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foveal.proposals import Hierarchy


def draw_levels(
    image: NDArray[np.uint8],
    hierarchy: "Hierarchy",
    numbers: Sequence[int] = (64, 16, 8, 4, 2),
    *,
    columns: int = 3,
) -> "Figure":
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
    >>> image = np.zeros((20, 30, 3), np.uint8)
    >>> image[:, 15:] = 255
    >>> tree = SelectiveSearch("single", sigma=0).propose(image).hierarchy[0]
    >>> [axes.get_title() for axes in draw_levels(image, tree, numbers=[1]).axes]
    ['2 regions (the first segmentation)', '1 region']
    """
    from foveal.report.figures.proposals.merging import merging_frames

    shown = [hierarchy.number, *(n for n in numbers if 1 <= n < hierarchy.number)]
    frames = merging_frames(image, hierarchy, shown, longest=480, mark=False)
    rows = -(-len(shown) // columns)
    height, width = frames[0].shape[:2]
    panel = FULL_WIDTH / columns
    figure = new_figure(FULL_WIDTH, rows * (min(panel, panel * height / width) + 0.32))
    for i, (number, frame) in enumerate(zip(shown, frames, strict=True)):
        axes = new_axes(figure, (rows, columns, i + 1), grid=None)
        axes.imshow(frame, interpolation="antialiased")
        axes.set_axis_off()
        title = f"{number} region" + ("" if number == 1 else "s")
        if i == 0:
            title += " (the first segmentation)"
        axes.set_title(title, color=INK, fontsize=TEXT_SIZE)
    return figure
