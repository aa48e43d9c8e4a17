"""Maps over an image: what may be an object, and what the head of a detector looked at."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.images.arrays import check_image
from foveal.report.figures import Figure, image_panel
from foveal.report.figures.axes import say_instead
from foveal.report.figures.canvas import FULL_WIDTH, new_figure
from foveal.report.wording import shorten

_OBJECTNESS, _ATTENTION = "inferno", "coolwarm"


def draw_objectness(
    image: NDArray[np.uint8], maps: Sequence[ArrayLike], strides: Sequence[float], *, columns: int = 3
) -> Figure:
    """Objectness over an image, one panel a level of the pyramid, all on one scale of colours.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    maps : sequence of array-like of shape (h, w) or (h, w, A)
        The probability that there is an object, at each place of a level; of several anchors the highest
        is drawn.
    strides : sequence of float
        The side of a place on each level, in the image's pixels. Maps may reach beyond the image, where it
        was padded; what lies beyond is cut off.
    columns : int, default=3
        At most so many panels side by side.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there are not as many strides as maps, or a shape is another.

    Examples
    --------
    >>> image = np.zeros((64, 96, 3), np.uint8)
    >>> figure = draw_objectness(image, [np.full((8, 12, 3), 0.2), np.full((4, 6), 0.9)], [8, 16])
    >>> [axes.get_title(loc="left").splitlines()[1] for axes in figure.axes[:2]]
    ['8 × 12 places, at most 0.20', '4 × 6 places, at most 0.90']
    """
    image = check_image(image)
    image_panel.check_one_each("stride", strides, "level", len(maps))
    if not len(maps):
        return say_instead("There are no levels.", FULL_WIDTH, 2.0)
    from matplotlib import colormaps

    rows, columns = image_panel.arrange(len(maps), columns)
    each = (FULL_WIDTH - 0.7) / max(columns, 2)
    figure = new_figure(0.7 + columns * each, rows * (image_panel.panel_height(image.shape, each) + 0.2))
    panels = []
    for i, (values, stride) in enumerate(zip(maps, strides, strict=True)):
        level = np.asarray(values, np.float64)
        if level.ndim not in (2, 3) or level.size == 0:
            raise ValueError(f"maps must have the shape (h, w) or (h, w, A); number {i} has {level.shape}.")
        level = level if level.ndim == 2 else level.max(axis=2)
        high, wide = level.shape
        title = f"stride {stride:.3g} pixels\n{high} × {wide} places, at most {level.max():.2f}"
        axes = image_panel.show_image(figure, (rows, columns, i + 1), image, title, grey=True)
        colors = colormaps[_OBJECTNESS](np.clip(level, 0, 1))
        # The surer, the more opaque, so that the image is seen where nothing is claimed.
        colors[..., 3] = 0.35 + 0.5 * np.clip(level, 0, 1)
        axes.imshow(colors, extent=(0, wide * stride, high * stride, 0), interpolation="nearest")
        panels.append(axes)
    image_panel.add_color_bar(figure, panels, _OBJECTNESS, 0, 1, "probability of an object", fraction=0.03)
    return figure


def draw_attention(
    image: NDArray[np.uint8],
    boxes: ArrayLike,
    maps: Sequence[ArrayLike],
    *,
    names: Sequence[str] = (),
    label: str = "lost probability",
) -> Figure:
    """Regions of an image, and below each what its answer rests on, cell by cell of the region's grid.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    boxes : array-like of shape (N, 4)
        The regions.
    maps : sequence of array-like of shape (S, S)
        One for each region, over its grid; such as the probability that is lost where a cell is hidden. Red
        where a number is above 0, blue where it is below, all on one scale.
    names : sequence of str, of length N, optional
        Written above the regions, such as class and score.
    label : str
        What the numbers are, at the scale of colours.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there are not as many maps, or names, as boxes.

    Examples
    --------
    >>> image = np.zeros((60, 80, 3), np.uint8)
    >>> figure = draw_attention(image, [[10, 10, 40, 40]], [np.eye(7) / 2], names=["dog 0.93"])
    >>> [axes.get_title(loc="left") for axes in figure.axes[:2]]
    ['dog 0.93', 'most: 0.50']
    """
    image = check_image(image)
    rows = np.asarray(boxes, np.float64).reshape(-1, 4)
    image_panel.check_one_each("map", maps, "box", len(rows))
    image_panel.check_one_each("name", names or rows, "box", len(rows))
    if not len(rows):
        return say_instead("There are no regions.", FULL_WIDTH, 1.6)
    from matplotlib import colormaps

    strongest = max((float(np.abs(np.nan_to_num(m)).max(initial=0)) for m in maps), default=0.0) or 1.0
    each = min(2.1, (FULL_WIDTH - 0.8) / len(rows))
    figure = new_figure(len(rows) * each + 0.8, 2 * (each + 0.34))
    panels = []
    for i, (box, values) in enumerate(zip(rows, maps, strict=True)):
        numbers = np.nan_to_num(np.asarray(values, np.float64))
        if numbers.ndim != 2 or numbers.size == 0:
            raise ValueError(f"maps must have the shape (S, S); number {i} has {numbers.shape}.")
        x1, y1, x2, y2 = box
        centre, half = ((x1 + x2) / 2, (y1 + y2) / 2), 0.55 * max(x2 - x1, y2 - y1, 2.0)
        title = shorten(names[i], 20) if names else ""
        most = round(numbers.ravel()[np.abs(numbers).argmax()], 2) + 0.0
        for row, (words, grey) in enumerate(((title, False), (f"most: {most:.2f}".replace("-", "−"), True))):
            axes = image_panel.show_image(
                figure, (2, len(rows), row * len(rows) + i + 1), image, words, grey=grey
            )
            if row and x2 > x1 and y2 > y1:
                strength = np.clip(numbers / strongest, -1, 1)
                colors = colormaps[_ATTENTION](0.5 + 0.5 * strength)
                colors[..., 3] = 0.12 + 0.68 * np.abs(strength)
                axes.imshow(colors, extent=(x1, x2, y2, y1), interpolation="nearest", zorder=3)
            image_panel.outline_boxes(axes, box, "#ffffff", width=1.2)
            image_panel.look_at(axes, centre[0] - half, centre[1] - half, centre[0] + half, centre[1] + half)
            panels.append(axes)
    image_panel.add_color_bar(
        figure, panels, _ATTENTION, -strongest, strongest, label, fraction=0.04, shrink=0.8
    )
    return figure
