"""The end of a grouping as a tree: which regions became which, with a thumbnail of each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.images import resize, resize_to_fit
from foveal.proposals import Hierarchy
from foveal.report.figures import Axes, Figure
from foveal.report.figures.axes import name_axes, new_axes, say_instead
from foveal.report.figures.canvas import FULL_WIDTH, GRID, INK, MUTED, SERIES, TEXT_SIZE, new_figure

# Sides of thumbnails in pixels and in inches, how faintly a thumbnail shows what is around its region, and
# the height of one joining in inches.
_PIXELS = 72
_LEAF = 0.4
_NODE = 0.52
_AROUND = 0.13
_STEP = 0.3


def draw_dendrogram(image: NDArray[np.uint8], hierarchy: Hierarchy, *, leaves: int = 20) -> Figure:
    """The last joinings of a grouping, from so many regions to the whole image.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB: the one that the hierarchy belongs to.
    hierarchy : Hierarchy
    leaves : int, default=20
        How many regions to begin with; all, where the first segmentation has fewer.

    Returns
    -------
    matplotlib.figure.Figure
        The regions stand in a row below, each cut out of the image; above them time runs upwards, one step
        a joining, with the regions that were made where there is room, and the similarity at which they were,
        divided by the number of measures that it sums.

    Examples
    --------
    >>> from foveal.proposals import SelectiveSearch
    >>> image = np.full((20, 30, 3), 255 * (np.arange(30) >= 15)[:, None], np.uint8)
    >>> tree = SelectiveSearch("single", sigma=0).propose(image).hierarchy[0]
    >>> draw_dendrogram(image, tree).axes[0].get_ylabel()
    'regions left'
    """
    leaves = min(max(leaves, 1), hierarchy.number)
    joinings = leaves - 1
    if joinings == 0:
        return say_instead("There is one region: nothing was joined.", FULL_WIDTH, 1.4)
    figure = new_figure(FULL_WIDTH, 1.5 + _STEP * joinings)
    axes = new_axes(figure, grid=None)
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    across, up = _places(hierarchy, joinings)
    below = 0.75 / _STEP
    axes.set_xlim(-0.7, leaves - 0.3)
    axes.set_ylim(-below, joinings + 0.9)
    axes.set_xticks([])
    ticks = [n for n in range(leaves, 0, -1) if n in (leaves, 1) or (n % 5 == 0 and leaves - n > 1)]
    axes.set_yticks([leaves - n for n in ticks], [str(n) for n in ticks])
    for n in ticks:
        axes.axhline(leaves - n, color=GRID, linewidth=0.8, zorder=0)
    name_axes(axes, y="regions left")
    shape = hierarchy.labels.shape
    image = image if image.shape[:2] == shape else resize(image, shape)
    taken: list[tuple[float, float, float, float]] = []
    for region in across:
        if region < len(hierarchy) - joinings:
            _place(axes, _thumbnail(image, hierarchy, region), across[region], -below / 2, _LEAF)
    for i in range(len(hierarchy.joined) - joinings, len(hierarchy.joined)):
        made = hierarchy.number + i
        x, y = across[made], up[made]
        children = [int(r) for r in hierarchy.joined[i]]
        for child in children:
            foot = up[child] if up[child] > 0 else -0.12
            axes.plot([across[child]] * 2, [foot, y], color=MUTED, linewidth=1.3, zorder=1)
        axes.plot([across[c] for c in children], [y, y], color=SERIES[0], linewidth=1.8, zorder=1)
    # The last joinings first: of those that have no room beside each other they matter most.
    letters = len(hierarchy.strategy.similarities)
    wide, tall = leaves / (FULL_WIDTH - 0.8), 1 / _STEP
    for made in range(len(hierarchy) - 1, len(hierarchy) - 1 - joinings, -1):
        x, y = across[made], up[made]
        value = hierarchy.similarities[made - hierarchy.number] / letters
        end = max(across[int(r)] for r in hierarchy.joined[made - hierarchy.number])
        axes.text(
            end + 0.08 * wide, y, f"{value:.2f}", color=INK, fontsize=TEXT_SIZE - 2, va="center", zorder=3
        )
        space = (x - _NODE / 2 * wide, y - _NODE / 2 * tall, x + _NODE / 2 * wide, y + _NODE / 2 * tall)
        if space[1] > 0.1 and not any(_meet(space, other) for other in taken):
            taken.append(space)
            _place(axes, _thumbnail(image, hierarchy, made), x, y, _NODE)
    return figure


def _places(hierarchy: Hierarchy, joinings: int) -> tuple[dict[int, float], dict[int, float]]:
    """Where each region of the last joinings stands: across and up."""
    leaves = len(hierarchy) - joinings
    across: dict[int, float] = {}
    waiting = [len(hierarchy) - 1]
    while waiting:
        region = waiting.pop()
        if region < leaves:
            across[region] = float(len(across))
        else:
            a, b = (int(r) for r in hierarchy.joined[region - hierarchy.number])
            # The one further to the left in the image stands to the left.
            if hierarchy.boxes[a, [0, 2]].sum() > hierarchy.boxes[b, [0, 2]].sum():
                a, b = b, a
            waiting += [b, a]
    up = dict.fromkeys(across, 0.0)
    for made in range(leaves, len(hierarchy)):
        a, b = (int(r) for r in hierarchy.joined[made - hierarchy.number])
        across[made] = (across[a] + across[b]) / 2
        up[made] = float(made - leaves + 1)
    return across, up


def _thumbnail(image: NDArray[np.uint8], hierarchy: Hierarchy, region: int) -> NDArray[np.uint8]:
    """Red, green, blue and how opaque, at most 72 pixels a side; what lies around the region is faint."""
    parents = hierarchy.parents
    inside = np.zeros(len(hierarchy), np.bool_)
    inside[region] = True
    for r in range(region - 1, -1, -1):
        inside[r] = parents[r] >= 0 and inside[parents[r]]
    part = inside[hierarchy.labels]
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    margin = 1 + max(len(rows), len(columns)) // 12
    cut = (
        slice(max(rows[0] - margin, 0), rows[-1] + 1 + margin),
        slice(max(columns[0] - margin, 0), columns[-1] + 1 + margin),
    )
    alpha = np.where(part[cut], 255, round(255 * _AROUND)).astype(np.uint8)
    return np.asarray(resize_to_fit(np.dstack([image[cut], alpha]), _PIXELS)[0], np.uint8)


def _place(axes: Axes, pixels: NDArray[np.uint8], x: float, y: float, inches: float) -> None:
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    # An offset image is as large as its pixels at 72 to the inch.
    zoom = 72 * inches / max(pixels.shape[:2])
    box: Any = OffsetImage(pixels, zoom=zoom, dpi_cor=True)
    box.image.axes = axes
    axes.add_artist(AnnotationBbox(box, (x, y), frameon=False, pad=0, zorder=2))


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
