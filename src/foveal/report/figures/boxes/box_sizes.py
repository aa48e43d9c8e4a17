"""How large the boxes of a data set are, and where in their images they lie."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.report.figures import Figure
from foveal.report.figures.axes import add_legend, count_axis, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import HALF_WIDTH, INK, SERIES, new_figure
from foveal.report.figures.image_panel import add_color_bar, look_at, show_pixels

#: Where COCO's small boxes end and its large ones begin: the root of the area, in pixels.
SMALL, LARGE = 32.0, 96.0
# Cells along a side of the map of places, and how many boxes are added up at a time.
_CELLS = 48
_CHUNK = 4096


def draw_box_sizes(sides: ArrayLike) -> Figure:
    """Width and height of each box, a dot a box.

    Parameters
    ----------
    sides : array-like of shape (N, 2)
        Widths and heights in pixels; boxes without an area are left out.

    Returns
    -------
    matplotlib.figure.Figure
        On logarithmic axes, with the lines of equal area where COCO's small boxes end (32² pixels) and its
        large ones begin (96²).

    Examples
    --------
    >>> figure = draw_box_sizes([[20, 10], [300, 200]])
    >>> figure.axes[0].get_xscale(), len(figure.axes[0].collections)
    ('log', 1)
    """
    known = np.asarray(sides, np.float64).reshape(-1, 2)
    known = known[(known > 0).all(axis=1)]
    if not len(known):
        return say_instead("There is no box.", HALF_WIDTH, 3.4)
    from matplotlib.ticker import LogLocator, NullLocator

    figure = new_figure(HALF_WIDTH, 3.4)
    axes = new_axes(figure)
    axes.set_xscale("log")
    axes.set_yscale("log")
    # Many dots are paler: where they are dense is still seen.
    opaque = float(np.clip(25 / np.sqrt(len(known)), 0.08, 0.7))
    axes.scatter(
        known[:, 0], known[:, 1], s=14, color=SERIES[0], alpha=opaque, linewidths=0,
        rasterized=len(known) > 2000,
    )  # fmt: skip
    low, high = float(known.min()) / 1.25, float(known.max()) * 1.25
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    for side, words, style in ((SMALL, "small below 32²", ":"), (LARGE, "large from 96²", "--")):
        across = np.array([max(low, side**2 / high), min(high, side**2 / low)])
        if across[0] < across[1]:
            axes.plot(across, side**2 / across, style, color=INK, linewidth=1.0, label=words)
    add_legend(axes, location="upper left")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_minor_locator(NullLocator())
        count_axis(axis)
    name_axes(axes, "width (pixels, log scale)", "height (pixels, log scale)")
    return figure


def draw_box_places(boxes: ArrayLike) -> Figure:
    """The share of the boxes that cover each place of their images.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        As shares of the images' widths and heights, from 0 to 1; what lies outside is cut off.

    Returns
    -------
    matplotlib.figure.Figure
        A square, whatever the images' shapes, with its scale.

    Examples
    --------
    >>> figure = draw_box_places([[0, 0, 0.5, 1], [0, 0, 1, 1]])
    >>> figure.axes[0].images[0].get_array()[0, [0, -1]].tolist()
    [1.0, 0.5]
    """
    shares = np.clip(np.asarray(boxes, np.float64).reshape(-1, 4), 0, 1)
    if not len(shares):
        return say_instead("There is no box.", HALF_WIDTH, 3.4)
    covered = _coverage(shares)
    figure = new_figure(HALF_WIDTH, 3.4)
    axes = show_pixels(figure, (1, 1, 1), covered, cmap="viridis", vmin=0.0, vmax=1.0, extent=(0, 1, 1, 0))
    look_at(axes, 0, 1, 1, 0)
    axes.images[0].set_clim(0.0, float(covered.max()))
    add_color_bar(figure, [axes], "viridis", 0.0, float(covered.max()), "share of the boxes")
    return figure


def _coverage(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each cell, the share of the boxes that its middle lies in."""
    middles = (np.arange(_CELLS) + 0.5) / _CELLS
    total = np.zeros((_CELLS, _CELLS))
    for start in range(0, len(shares), _CHUNK):
        x1, y1, x2, y2 = shares[start : start + _CHUNK, :, None].transpose(1, 0, 2)
        across = ((x1 <= middles) & (middles < x2)).astype(np.float64)
        down = ((y1 <= middles) & (middles < y2)).astype(np.float64)
        total += down.T @ across
    return np.asarray(total / len(shares))
