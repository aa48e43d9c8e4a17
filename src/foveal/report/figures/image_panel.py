"""An image on axes, measured in its own pixels, with boxes and words over it; and images in rows."""

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.images import resize_to_fit
from foveal.report.figures import Axes, Figure
from foveal.report.figures.axes import add_legend, name_axes, new_axes
from foveal.report.figures.canvas import INK, MUTED, PAPER, TEXT_SIZE

# The axes measure the image's own pixels, whatever is drawn of it.
_LONGEST_SIDE = 720
# Words over photographs lie on a plate, which is dark on light pages and light on dark ones: they are as the
# page.
_ON_A_PLATE = PAPER


def panel_height(shape: Sequence[float], width: float) -> float:
    """The height of a panel, in inches, that rows and columns of pixels of this width need, with a title."""
    return float(min(width * shape[0] / shape[1], 4.2) + 0.36)


def show_image(
    figure: Figure,
    position: tuple[int, int, int],
    image: NDArray[np.uint8],
    title: str = "",
    *,
    pale: float = 0.0,
    grey: bool = False,
) -> Axes:
    """Axes whose units are the image's pixels: a box is drawn at its own coordinates.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    position : tuple of three int
        Rows, columns, index.
    image : ndarray of shape (H, W, 3), uint8
    title : str
    pale : float
        How much of white is mixed in, from 0 to 1, so that what lies above stands out.
    grey : bool
        Without its colours, so that those above are the only ones.
    """
    axes = new_axes(figure, position, grid=None)
    height, width = image.shape[:2]
    shown = np.asarray(resize_to_fit(image, _LONGEST_SIDE)[0], np.float32)
    if grey:
        shown = np.repeat((shown @ np.array([0.299, 0.587, 0.114], np.float32))[..., None], 3, axis=2)
    shown = np.rint(shown + pale * (255 - shown)).astype(np.uint8)
    axes.imshow(shown, extent=(0, width, height, 0), interpolation="antialiased")
    look_at(axes, 0, 0, width, height)
    # Ticks cost time even where they are not seen.
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_axis_off()
    name_axes(axes, title=title)
    return axes


def show_pixels(
    figure: Figure,
    position: tuple[int, int, int],
    pixels: NDArray[Any],
    title: str = "",
    *,
    size: float = TEXT_SIZE,
    color: str = INK,
    pad: float = 6.0,
    interpolation: str = "antialiased",
    **look: Any,
) -> Axes:
    """Axes that are pixels and a title in their middle above, and nothing else.

    Parameters
    ----------
    figure, position
        As for :func:`show_image`.
    pixels : ndarray of shape (H, W), (H, W, 3) or (H, W, 4)
    title : str
    size : float
        Of the title's letters, in points.
    color : str
        Of the title.
    pad : float
        Between the title and the pixels, in points.
    interpolation : str
    **look
        How ``imshow`` colours what has one channel.
    """
    axes = new_axes(figure, position, grid=None)
    axes.imshow(pixels, interpolation=interpolation, **look)
    axes.set_axis_off()
    axes.set_title(title, color=color, fontsize=size, pad=pad, parse_math=False)
    return axes


def look_at(axes: Axes, left: float, top: float, right: float, bottom: float) -> None:
    """Show this part of an image, whatever else is drawn."""
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)


def arrange(number: int, columns: int) -> tuple[int, int]:
    """How many rows and columns so many panels need, no more columns than panels."""
    columns = max(1, min(columns, number))
    return max(1, -(-number // columns)), columns


def check_one_each(what: str, values: Sized, thing: str, number: int) -> None:
    """Refuse other than one value a thing."""
    if len(values) != number:
        raise ValueError(f"there must be one {what} a {thing}, not {len(values)} for {number}.")


def outline_boxes(
    axes: Axes,
    boxes: ArrayLike,
    colors: Any,
    *,
    width: float = 1.6,
    dashed: bool = False,
    halo: bool = True,
) -> None:
    """Draw boxes; the last ones lie above the others.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        In pixels.
    boxes : array-like of shape (N, 4)
    colors : color or sequence of colors
        One for all, or one for each.
    width : float
        Of the lines, in points.
    dashed : bool
    halo : bool
        Dark seams beside the lines, so that they stand out against every image.
    """
    from matplotlib.collections import PolyCollection

    rows = np.asarray(boxes, np.float64).reshape(-1, 4)
    if not len(rows):
        return
    # Axis-aligned, so a box's corners are its own numbers, taken in turns.
    corners: Any = rows[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    seam: Any = {"edgecolors": "#000000", "linewidths": width + 1.3, "alpha": 0.45}
    line: Any = {"edgecolors": colors, "linewidths": width, "alpha": 1.0}
    line["linestyles"] = [(0, (4, 2.2)) if dashed else "-"]
    for look in (seam, line) if halo else (line,):
        axes.add_collection(PolyCollection(corners, facecolors="none", **look), autolim=False)


def label_place(axes: Axes, text: str, x: float, y: float, color: str, *, below: bool = False) -> None:
    """White words on a plate of a colour, just above a place in the image, or just below it."""
    axes.annotate(
        text, (x, y), (1, -3 if below else 3), textcoords="offset points", color=_ON_A_PLATE,
        fontsize=TEXT_SIZE - 2, ha="left", va="top" if below else "bottom", parse_math=False,
        annotation_clip=True,
        bbox={"facecolor": color, "edgecolor": "none", "pad": 1.6, "alpha": 0.92},
    )  # fmt: skip


def add_color_bar(
    figure: Figure, panels: Sequence[Axes], colors: str, low: float, high: float, label: str, **where: Any
) -> None:
    """The scale of the panels' colours, beside them or below, with what it measures."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    scale = ScalarMappable(Normalize(low, high), colors)
    bar: Any = figure.colorbar(scale, ax=list(panels), **{"aspect": 28, "pad": 0.02, **where})
    bar.outline.set_visible(False)
    # As pixels: 256 little rectangles would be most of the file.
    bar.solids.set_rasterized(True)
    bar.ax.tick_params(colors=MUTED, labelcolor=MUTED, labelsize=TEXT_SIZE - 0.5, length=0, pad=4)
    bar.set_label(label, color=INK, fontsize=TEXT_SIZE)


def add_rows(figure: Figure, rows: Sequence[tuple[str, str, str]], *, columns: int = 1) -> None:
    """Below the panels, what colours and lines mean.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    rows : sequence of (color, line, words)
        The line as matplotlib names it: ``"-"`` or ``"--"``.
    columns : int
    """
    from matplotlib.lines import Line2D

    new_line: Any = Line2D
    handles = [new_line([], [], color=color, linewidth=2.0, linestyle=line) for color, line, _ in rows]
    add_legend(
        figure, handles, [words for *_, words in rows], columns=columns, location="outside lower left",
        framealpha=0.0, handlelength=2.2, borderpad=0.2,
    )  # fmt: skip
